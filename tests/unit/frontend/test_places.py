"""Problems are found in the text of a cell where that is certain, and only there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.checks import Diagnostic
from pipecell.definition.document import read_document
from pipecell.frontend.places import find

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
    source = 'a = "ml.m5.larg"\nb = "ml.m5.larg"\nTrainingStep("Train", a)\n'
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


@given(st.text(max_size=20), st.text(max_size=20))
def test_offsets_count_as_browsers_do(before: str, after: str) -> None:
    source = f"{before}\n ml.m5.larg {after}"
    found = find(source, problem('"ml.m5.larg" is not an instance type.', step=None), None)
    units = source.encode("utf-16-le", "surrogatepass")
    assert found is None or units[2 * found.start : 2 * found.end].decode("utf-16-le") == "ml.m5.larg"
