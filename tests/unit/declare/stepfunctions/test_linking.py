"""A cell that runs again replaces its states wherever others lead to them."""

from __future__ import annotations

from typing import Any

from pipecell.declare.notebook import compile_declaration
from tests.unit.declare.conftest import Declare

IMPORTS = "from stepfunctions.steps import *\nfrom stepfunctions.workflow import Workflow\n"


def body(declaration: Any) -> dict[str, Any]:
    return dict(compile_declaration(declaration).document.body)


def test_a_chain_in_another_cell(cell: Declare) -> None:
    cell(IMPORTS + "a = Pass('A')", "1")
    cell("b = Pass('B')", "2")
    cell("Chain([a, b, Succeed('End')])", "3")
    again = body(cell("a = Pass('A', comment='new')", "1"))
    assert again["States"]["A"] == {"Type": "Pass", "Comment": "new", "Next": "B"}
    assert body(cell("b = Pass('B', comment='new')", "2"))["States"]["B"]["Next"] == "End"
    assert list(again["States"]) == ["A", "B", "End"]


def test_outcomes_catches_branches_and_iterators(cell: Declare) -> None:
    cell(IMPORTS + "yes, no, sorry = Pass('Yes'), Fail('No'), Fail('Sorry')", "1")
    cell("left, each = Pass('Left'), Pass('Each')", "2")
    cell(
        "c = Choice('C')\nc.add_choice(ChoiceRule.IsNull('$.x', True), yes)\nc.default_choice(no)\n"
        "p = Parallel('P'); p.add_branch(left)\n"
        "p.add_catch(Catch(error_equals=['States.ALL'], next_step=sorry))\n"
        "m = Map('M', iterator=each)\nChain([p, m, c])",
        "3",
    )
    cell(
        "yes, no, sorry = Pass('Yes', comment='new'), Fail('No', cause='new'), Fail('Sorry', cause='new')",
        "1",
    )
    states = body(cell("left, each = Pass('Left', comment='new'), Pass('Each', comment='new')", "2"))[
        "States"
    ]
    assert states["Yes"]["Comment"] == states["No"]["Cause"] == states["Sorry"]["Cause"] == "new"
    assert states["P"]["Branches"][0]["States"]["Left"]["Comment"] == "new"
    assert states["M"]["Iterator"]["States"]["Each"]["Comment"] == "new"


def test_a_workflow_in_another_cell(cell: Declare) -> None:
    cell(IMPORTS + "a = Pass('A')", "1")
    cell("w = Workflow(name='Flow', definition=Chain([a, Pass('B')]), role='r', comment='kept')", "2")
    again = body(cell("a = Pass('A', comment='new')", "1"))
    assert again["Comment"] == "kept"
    assert again["States"]["A"] == {"Type": "Pass", "Comment": "new", "Next": "B"}


def test_states_that_nobody_replaced_stay_as_they_are(cell: Declare) -> None:
    declaration = cell(IMPORTS + "a, b = Pass('A'), Pass('B')\nChain([a, b])", "1")
    assert body(declaration) == body(declaration)
    assert cell.namespace["a"].next_step is cell.namespace["b"]
