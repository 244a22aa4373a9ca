"""Property and JSON paths: parsing, printing, reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.paths import Key, Segment, format_path, parse_property_path, read_path
from pipecell.errors import DefinitionError

NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Zs", "Zl", "Zp", "Cc"), blacklist_characters=".[]'\"$"),
    min_size=1,
)
SEGMENTS = st.lists(
    st.one_of(NAMES, st.integers(0, 10**6), st.text(st.characters(codec="utf-8")).map(Key)), min_size=1
)


@given(SEGMENTS)
def test_printing_and_parsing_round_trip(segments: list[Segment]) -> None:
    parsed = parse_property_path(format_path(segments))
    assert parsed == tuple(segments)
    assert [type(p) for p in parsed] == [type(s) for s in segments]


@given(st.text())
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        segments = parse_property_path(text)
    except DefinitionError:
        return
    assert parse_property_path(format_path(segments)) == segments or text.startswith("$")


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        (
            "ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri",
            ("ProcessingOutputConfig", "Outputs", Key("train"), "S3Output", "S3Uri"),
        ),
        ("TrainingJobSummaries[0].TrainingJobName", ("TrainingJobSummaries", 0, "TrainingJobName")),
        ("Result['rmse']", ("Result", Key("rmse"))),
        ('Environment["a.b"]', ("Environment", Key("a.b"))),
        ("$.metrics.f1-score", ("metrics", "f1-score")),
        ("$['Payload'][0]['Value']", (Key("Payload"), 0, Key("Value"))),
        ("", ()),
    ],
)
def test_paths_that_aws_writes(text: str, segments: tuple[Segment, ...]) -> None:
    assert parse_property_path(text) == segments


@pytest.mark.parametrize(
    "text", [".a", "a.", "a..b", "a[", "a['b]", "a['b'", "a[b]", "a['k']b", "a.[0]", "$a"]
)
def test_broken_paths_are_refused(text: str) -> None:
    if text == "$a":  # a name may begin with a dollar
        assert parse_property_path(text) == ("$a",)
        return
    with pytest.raises(DefinitionError, match="PC112"):
        parse_property_path(text)


DESCRIBED = {
    "ProcessingOutputConfig": {"Outputs": [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}}]},
    "Items": [{"x": 1}, {"x": 2}],
    "Environment": {"a.b": "c"},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri", "s3://b/train"),
        ("ProcessingOutputConfig.Outputs[0].OutputName", "train"),
        ("Items[1].x", 2),
        ("Items['1'].x", 2),
        ("Environment['a.b']", "c"),
        ("", DESCRIBED),
    ],
)
def test_reading(path: str, value: object) -> None:
    assert read_path(DESCRIBED, path) == value


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("ProcessingOutputConfig.Outputs['trane']", "ProcessingOutputConfig.Outputs has train."),
        ("Items[7]", "Items has 2 items."),
        ("Nope", "It has ProcessingOutputConfig, Items, Environment."),
        ("Environment['a.b'].c", "Environment['a.b'] is a single value."),
    ],
)
def test_reading_what_is_not_there_says_what_is(path: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_path(DESCRIBED, path)
    assert (caught.value.code, caught.value.hint) == ("PC113", hint)
