"""Any condition of the SDK becomes an ``if`` that makes the same condition, or is refused by name."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.conversion import Conversion, to_steps
from pipecell.conversion.differences import canonical
from pipecell.errors import DeclarationError
from tests.unit.declare.jobs.conftest import Cells

PRELUDE = """
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import *
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join
from sagemaker.workflow.parameters import *
low = ParameterFloat("Low", default_value=0.1)
kind = ParameterString("Kind", default_value="a")
"""
VALUES = ("low", "kind", "ExecutionVariables.PIPELINE_NAME", "Join(on='-', values=[kind, 'x', low])")
CONSTANTS = st.one_of(st.integers(-5, 5), st.floats(-2, 2), st.text(max_size=4)).map(repr)
ORDERED = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
NUMBERS = st.one_of(st.integers(-5, 5), st.floats(-2, 2)).map(repr)

COMPARISONS = st.one_of(
    st.builds("ConditionEquals({}, {})".format, st.sampled_from(VALUES), CONSTANTS),
    st.builds("Condition{}(low, {})".format, st.sampled_from(ORDERED), st.one_of(NUMBERS, st.just("low"))),
    st.builds(
        "ConditionIn({}, [{}])".format,
        st.sampled_from(VALUES),
        st.lists(CONSTANTS, min_size=1, max_size=3).map(", ".join),
    ),
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map("ConditionNot({})".format),
        st.lists(inner, min_size=1, max_size=3).map(", ".join).map("ConditionOr([{}])".format),
    ),
    max_leaves=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(conditions=st.lists(CONDITIONS, min_size=1, max_size=3))
def test_conditions_stay_the_same(conditions: list[str]) -> None:
    cells = Cells()
    cells.pipeline("P", PRELUDE, cell_id="prelude")
    cells.pipeline(
        "P",
        f"ConditionStep('Judge', conditions=[{', '.join(conditions)}],"
        " if_steps=[FailStep('A-1', 'a')], else_steps=[FailStep('B', 'b')])",
        cell_id="code",
    )
    made, refusal = converted(cells)
    if made is None:
        assert "Or of one condition" in refusal or twice_negated(cells.body())
        return
    again = Cells()
    for cell in made.after:
        again.run(cell)
    assert canonical(again.body()) == canonical(cells.body())


def converted(cells: Cells) -> tuple[Conversion | None, str]:
    try:
        return to_steps(cells.notebook.get(), cells.namespace), ""
    except DeclarationError as error:
        return None, error.message


def twice_negated(value: Any) -> bool:
    """Say whether a Not stands in a Not: Python's reader takes both away, which decides the same."""
    if isinstance(value, dict):
        inner = value.get("Condition")
        twice = value.get("Type") == "Not" and isinstance(inner, dict) and inner.get("Type") == "Not"
        return twice or any(map(twice_negated, value.values()))
    return isinstance(value, list) and any(map(twice_negated, value))
