"""Finding and resolving Get, Std:Join and Std:JsonGet."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.references import Reference, find_references, resolve, to_text
from pipecell.errors import DefinitionError

OUTPUT = "ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri"


class Recorder:
    """A scope that answers every question with the question."""

    def parameter(self, name: str) -> Any:
        return {"Count": 3, "Ratio": 0.5, "Flag": True}.get(name, f"<{name}>")

    def step_property(self, step: str, property_path: str) -> Any:
        return f"<{step}:{property_path}>"

    def execution(self, variable: str) -> Any:
        return f"<execution {variable}>"

    def property_file(self, step: str, file_name: str, json_path: str) -> Any:
        return f"<{step} {file_name} {json_path}>"

    def s3_json(self, uri: str, json_path: str) -> Any:
        return f"<{uri} {json_path}>"


def test_every_kind_is_found_with_its_place() -> None:
    arguments = {
        "InputDataConfig": [{"S3Uri": {"Get": f"Steps.Process.{OUTPUT}"}}],
        "Instance": {"Get": "Parameters.InstanceType"},
        "Environment": {"my.key": {"Get": "Execution.PipelineExecutionId"}},
    }
    assert list(find_references(arguments, "Arguments")) == [
        Reference("step", "Process", OUTPUT, "Arguments.InputDataConfig[0].S3Uri"),
        Reference("parameter", "InstanceType", "", "Arguments.Instance"),
        Reference("execution", "PipelineExecutionId", "", "Arguments.Environment['my.key']"),
    ]


def test_functions_nest() -> None:
    uri = {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Steps.train.OutputDataConfig.S3OutputPath"}]}}
    value = {
        "Std:Join": {"On": "", "Values": ["x", {"Std:JsonGet": {"S3Uri": uri, "Path": "Result['rmse']"}}]}
    }
    (found,) = find_references(value, "Arguments.Text")
    assert found == Reference(
        "step",
        "train",
        "OutputDataConfig.S3OutputPath",
        "Arguments.Text.Std:Join.Values[1].Std:JsonGet.S3Uri.Std:Join.Values[1]",
        json_path="Result['rmse']",
    )
    scope = Recorder()
    assert resolve(value, scope) == ("x<s3://<train:OutputDataConfig.S3OutputPath> Result['rmse']>")


def test_property_file() -> None:
    value = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Eval.PropertyFiles.Report"},
            "Path": "metrics.accuracy.value",
        }
    }
    (found,) = find_references(value, "LeftValue")
    assert found == Reference(
        "step",
        "Eval",
        "PropertyFiles.Report",
        "LeftValue",
        property_file="Report",
        json_path="metrics.accuracy.value",
    )
    assert resolve(value, Recorder()) == "<Eval Report metrics.accuracy.value>"


@pytest.mark.parametrize(
    ("text", "name", "tail"),
    [
        ("Steps.Lambda.OutputParameters['code']", "Lambda", "OutputParameters['code']"),
        ("Steps.X-RepackModel-0.ModelArtifacts", "X-RepackModel-0", "ModelArtifacts"),
        ("Steps.Odd['Key']", "Odd", "['Key']"),
        ("Steps.Whole", "Whole", ""),
    ],
)
def test_step_and_property_are_split(text: str, name: str, tail: str) -> None:
    (found,) = find_references({"Get": text})
    assert (found.kind, found.name, found.property) == ("step", name, tail)


@pytest.mark.parametrize("text", ["Parameter.X", "Steps.", "nonsense", "Steps", ""])
def test_unknown_gets_are_kept_and_refused_at_run_time(text: str) -> None:
    (found,) = find_references({"Get": text})
    assert (found.kind, found.name) == ("unknown", text)
    with pytest.raises(DefinitionError, match="PC111"):
        resolve({"Get": text}, Recorder())


def test_look_alikes_are_data() -> None:
    data = {"Get": 5, "Environment": {"Get": "x", "Other": "y"}, "Std:Join": "text"}
    assert list(find_references(data)) == []
    assert resolve(data, Recorder()) == data


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([{"Get": "Parameters.Count"}], "3"),
        ([{"Get": "Parameters.Ratio"}, {"Get": "Parameters.Flag"}], "0.5-true"),
        (["", "a", None, 1.0], "-a-null-1.0"),
        ([], ""),
    ],
)
def test_join_makes_text_of_every_value(values: list[Any], text: str) -> None:
    assert resolve({"Std:Join": {"On": "-", "Values": values}}, Recorder()) == text


def test_json_get_of_nothing_is_refused() -> None:
    with pytest.raises(DefinitionError, match="PC111"):
        resolve({"Std:JsonGet": {"Path": "a"}}, Recorder())


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
GETS = st.sampled_from(
    ["Parameters.P", "Steps.S.A['b'].C", "Execution.PipelineName"],
).map(lambda text: {"Get": text})
VALUES = st.recursive(
    LEAVES | GETS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=6), inner, max_size=4),
        st.fixed_dictionaries({"On": st.text(max_size=2), "Values": st.lists(inner, max_size=3)}).map(
            lambda call: {"Std:Join": call}
        ),
        st.fixed_dictionaries({"S3Uri": inner, "Path": st.just("a.b")}).map(
            lambda call: {"Std:JsonGet": call}
        ),
    ),
    max_leaves=20,
)


@given(VALUES)
def test_resolving_is_total_and_leaves_no_function(value: Any) -> None:
    before = json.dumps(value)
    try:
        resolved = resolve(value, Recorder())
    except DefinitionError:  # a JsonGet of null, or {"Get": …} made of random text
        resolved = None
    assert not list(find_references(resolved))
    assert json.dumps(value) == before


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_text_of_a_scalar_is_its_json(value: Any) -> None:
    assert json.loads(to_text(value)) == value
