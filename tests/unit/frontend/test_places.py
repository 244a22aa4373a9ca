"""Problems are found in the text of a cell where that is certain, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.checks import Diagnostic
from pipecell.definition.document import read_document
from pipecell.frontend import syntax
from pipecell.frontend.places import find, piece

TRAIN = read_document(
    {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Kind", "Type": "String", "DefaultValue": "ml.m5.larg"}],
        "Steps": [
            {
                "Name": "Train",
                "Type": "Training",
                "Arguments": {
                    "ResourceConfig": {"InstanceType": {"Get": "Parameters.Kind"}, "VolumeSizeInGB": 30}
                },
            }
        ],
    }
)


def problem(message: str, path: str = "", step: str | None = "Train") -> Diagnostic:
    return Diagnostic("PC203", "error", step, path, message)


def test_the_quoted_words_are_the_place() -> None:
    source = "%%step training Train --instance ml.m5.larg\n"
    found = find(source, problem('"ml.m5.larg" is not an instance type.'), None)
    assert found is not None
    assert (source[found.start : found.end], found.exact) == ("ml.m5.larg", True)


def test_the_value_at_the_path_is_the_place_where_the_message_quotes_nothing() -> None:
    found = find("volume = 30\n", problem("Too small.", "Arguments.ResourceConfig.VolumeSizeInGB"), TRAIN)
    assert found is not None
    assert found.text == "30"


def test_a_parameter_is_found_by_its_name() -> None:
    source = 'kind = ParameterString("Kind", default_value=default)\n'
    found = find(source, problem("Not a type.", "Arguments.ResourceConfig.InstanceType"), TRAIN)
    assert found is not None
    assert found.text == "Kind"


def test_words_that_stand_twice_give_the_step_and_say_so() -> None:
    source = 'a = "ml.m5.larg"\nb = "ml.m5.larg"\nTrainingStep("Train", pick(a, b))\n'
    found = find(source, problem('"ml.m5.larg" is not an instance type.'), None)
    assert found is not None
    assert (found.text, found.exact) == ("Train", False)


def test_comments_and_longer_words_do_not_count() -> None:
    source = '# Train is slow\nTrainingStep("Train-2")\nTrainingStep("Train")\n'
    found = find(source, problem("It is slow."), None)
    assert found is not None
    assert source[: found.start].count("\n") == 2


def test_what_is_not_in_the_text_has_no_place() -> None:
    assert find("x = 1\n", problem('"y" is missing.'), None) is None


TWICE = """%%pipeline Demo
def processor(kind): return Processor(role, "image", 1, kind)
first = ProcessingStep("First", processor=processor("ml.m5.larg"))
tall = TrainingStep(
    name="Train", depends_on=[first],
    estimator=Estimator(instance_type="ml.m5.larg", instance_count=0, volume_size=0),
)
"""


def test_of_two_equal_values_the_step_s_own_is_the_place() -> None:
    said = '"ml.m5.larg" is not an instance type.'
    places = [find(TWICE, problem(said, step=step), None) for step in ("First", "Train")]
    at = [place.start for place in places if place is not None and place.exact]
    assert at == [TWICE.index("ml.m5.larg"), TWICE.rindex("ml.m5.larg")]


def test_of_two_equal_values_of_a_step_the_one_under_the_path_s_name_is_the_place() -> None:
    arguments = {"ResourceConfig": {"InstanceCount": 0, "VolumeSizeInGB": 0}}
    step = {"Name": "Train", "Type": "Training", "Arguments": arguments}
    body = {"Version": "2020-12-01", "Steps": [step]}
    for part, key in (("InstanceCount", "instance_count="), ("VolumeSizeInGB", "volume_size=")):
        found = find(TWICE, problem("Too small.", f"Arguments.ResourceConfig.{part}"), read_document(body))
        assert found is not None
        assert (found.start, found.text, found.exact) == (TWICE.index(key) + len(key), "0", True)


def test_a_value_is_followed_to_where_its_name_is_bound() -> None:
    source = 'kind = "ml.m5.larg"\nother = "ml.m5.larg"\nTrainingStep("Train", Estimator(kind))\n'
    found = find(source, problem('"ml.m5.larg" is not an instance type.'), None)
    assert found is not None
    assert (found.start, found.exact) == (source.index("ml.m5.larg"), True)


def test_what_another_step_says_once_is_not_the_place() -> None:
    source = 'ProcessingStep("First", "ml.m5.larg")\nTrainingStep("Train", kind)\n'
    found = find(source, problem('"ml.m5.larg" is not an instance type.'), None)
    assert found is not None
    assert (found.text, found.exact) == ("Train", False)


def test_a_parameter_is_declared_in_one_place_and_used_in_others() -> None:
    source = 'kind = ParameterString(name="Other")\nkind = ParameterString("Kind", "x")\nlabel("Kind")\n'
    found = find(source, problem("Not a type.", "Arguments.ResourceConfig.InstanceType"), TRAIN)
    assert found is not None
    assert (found.start, found.exact) == (source.index('"Kind"') + 1, True)


def test_the_options_of_a_step_s_line_have_places_of_their_own() -> None:
    source = "%%step training Train --image big --instance big -i big=s3://b/k\nprint('big')\n"
    said = problem('"big" is not an instance type.', "Arguments.ResourceConfig.InstanceType")
    found = find(source, said, None)
    assert found is not None
    assert (found.start, found.exact) == (source.index("--instance big") + 11, True)


def test_a_setting_of_a_body_that_is_no_python_has_its_place() -> None:
    source = "%%step training Train --image xgboost\nnum_round: 10\nmax_depth: 10 # deep\n"
    said = problem('"10" is too deep.', "Arguments.HyperParameters.max_depth")
    found = find(source, said, None)
    assert found is not None
    assert (found.start, found.text) == (source.rindex("10"), "10")


def test_magics_in_a_body_move_nothing() -> None:
    source = '%%pipeline Demo\n!pip list\nx = "é"\nTrainingStep("Train", "ml.m5.larg", "ml.m5.larg2")\n'
    found = find(source, problem('"ml.m5.larg" is not an instance type.'), None)
    assert found is not None
    assert source[found.start : found.end] == "ml.m5.larg"


@given(st.text(max_size=20), st.text(max_size=20))
def test_offsets_count_as_browsers_do(before: str, after: str) -> None:
    source = f"{before}\n ml.m5.larg {after}"
    found = find(source, problem('"ml.m5.larg" is not an instance type.', step=None), None)
    units = source.encode("utf-16-le", "surrogatepass")
    assert found is None or units[2 * found.start : 2 * found.end].decode("utf-16-le") == "ml.m5.larg"


def test_a_line_and_a_column_are_the_place_where_a_problem_knows_them() -> None:
    source = "%%step training Train --image xgboost:1.7-1\nmax_depth: 3\nmax_dept: 4\n"
    found = find(source, problem("There is no max_dept.", "line 3, column 1"), None)
    assert found is not None
    assert (found.text, found.start, found.exact) == ("max_dept", source.index("max_dept:"), True)


def test_a_text_that_a_message_repeats_without_quotes_is_the_place() -> None:
    source = 'ProcessingStep("Train", code="missing_script.py")\n'
    found = find(source, problem("code missing_script.py was not found."), None)
    assert found is not None
    assert (found.text, found.exact) == ("missing_script.py", True)


def test_an_option_that_a_message_names_is_the_place() -> None:
    source = "%%step processing Prepare --imag sklearn:1.2-1\n"
    found = find(source, problem("processing has no option --imag.", step=None), None)
    assert found is not None
    assert found.text == "--imag"


def test_an_option_of_a_line_that_launches() -> None:
    found = find("%pipeline run --nope", problem("run has no option --nope.", step=None), None)
    assert found is not None
    assert (found.text, found.exact) == ("--nope", True)


def test_what_is_missing_at_the_end_is_missing_in_the_last_line() -> None:
    source = '%%pipeline Machine\n{"States": {}\n'
    found = find(source, problem("The machine is not JSON.", "line 3, column 1", step=None), None)
    assert found is not None
    assert found.text == '{"States": {}'


@given(st.text(alphabet="ab .\n(é😀"), st.integers(-1, 5), st.none() | st.integers(-1, 9))
def test_a_piece_is_always_in_its_text(source: str, line: int, column: int | None) -> None:
    found = piece(source, line, column)
    if found is not None:
        units = source.encode("utf-16-le")
        assert units[2 * found.start : 2 * found.end].decode("utf-16-le") == found.text
        assert found.text.strip()


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("end", ["", " -o out", " --image sklearn"])
def test_a_name_in_quotes_is_one_word_of_the_line(quote: str, end: str) -> None:
    source = f"%%step processing {quote}Has space{quote}{end}\nprint(1)\n"
    found = find(source, problem('"Has space" cannot be a step\'s name.', step="Has space"), None)
    assert found is not None
    assert found.text == "Has space"


@pytest.mark.parametrize("given", ['--image "no image"', "--image='no image'", '--set Image="no image"'])
def test_a_value_in_quotes_is_found_whole_where_its_words_stand_in_the_body_too(given: str) -> None:
    source = f"%%step training Train {given}\n# no image\nprint('no image')\n"
    found = find(source, problem('There is no "no image".', "Arguments.Image", step="Train"), None)
    assert found is not None
    assert source.index(given) < found.start < source.index("\n")
    assert found.text == "no image"


def test_a_quote_that_never_ends_keeps_nothing_from_being_found() -> None:
    source = '%%step training Train --image "xgboost --instance ml.m5.larg\n'
    found = find(source, problem('"ml.m5.larg" is not an instance type.'), None)
    assert found is not None
    assert found.text == "ml.m5.larg"


def test_each_cell_of_a_long_notebook_is_read_once_however_many_problems_are_looked_for() -> None:
    cells = [f"%%step processing Step{number} -o out\nprint({number})" for number in range(300)]
    before = syntax.read.cache_info().misses
    for number in range(3):
        for cell in cells:
            find(cell, problem(f'"absent{number}" is not an instance type.', step=None), None)
    assert syntax.read.cache_info().misses - before == len(cells)
