"""Arguments as rows: as declared, under a profile, and where that differs from full."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipecell.definition.arguments import Argument, arguments, written

BODY = {
    "ResourceConfig": {"InstanceType": {"Get": "Parameters.Type"}, "InstanceCount": 1},
    "InputDataConfig": [{"Uri": {"Std:Join": {"On": "/", "Values": ["s3:/", {"Get": "Parameters.Bucket"}]}}}],
    "Model": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
    "Empty": {},
}


def test_each_value_is_a_row_with_what_differs_from_full() -> None:
    values, full = {"Type": "ml.t3.medium", "Bucket": "b"}, {"Type": "ml.c5.9xlarge", "Bucket": "b"}
    rows = {row.path: row for row in arguments(BODY, values, full)}
    assert rows["ResourceConfig.InstanceType"] == Argument(
        "ResourceConfig.InstanceType", "{Parameters.Type}", "ml.t3.medium", "ml.c5.9xlarge"
    )
    assert rows["ResourceConfig.InstanceCount"].full is None
    assert rows["InputDataConfig[0].Uri"].value == "s3://b"
    assert rows["Model"].value == "{Steps.Train.ModelArtifacts.S3ModelArtifacts}"


def test_steps_inside_have_rows_of_their_own() -> None:
    assert arguments({"Conditions": [], "IfSteps": [{"Name": "A"}]}, {}, {})[0].path == "Conditions"
    assert len(arguments({"Conditions": [], "IfSteps": [{"Name": "A"}]}, {}, {})) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_whatever_stands_there_can_be_written(value: Any) -> None:
    assert isinstance(written(value), str)
    assert all(isinstance(row.value, str) for row in arguments({"Outer": value}, {}, {}))
