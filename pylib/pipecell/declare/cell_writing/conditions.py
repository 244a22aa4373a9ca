"""A condition step as Python's ``if``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipecell.declare.cell_writing.common import add_step_words, cannot
from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Wording

_OPERATORS: Mapping[str, str] = {
    "Equals": "==",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}


def write_condition(wording: Wording, name: str, step: Mapping[str, Any]) -> CellText:
    """Return the cell of a condition; its branches name the cells of their steps.

    Raises:
        DeclarationError: ``PC657``, it asks something that ``if`` cannot say.
    """
    arguments = step["Arguments"]
    tests = [_test(wording, name, condition) for condition in arguments["Conditions"]]
    if not tests:
        raise cannot(name, "Conditions", "it asks nothing")
    text = tests[0] if len(tests) == 1 else " and ".join(map(_inner, tests))
    lines = [f"if {text}:", *_branch(wording, arguments.get("IfSteps") or ())]
    if arguments.get("ElseSteps"):
        lines += ["else:", *_branch(wording, arguments["ElseSteps"])]
    cell = CellText("condition", name, [], "\n".join(lines))
    add_step_words(cell, wording, step)
    return cell


def _branch(wording: Wording, steps: Any) -> list[str]:
    names = dict.fromkeys(wording.cell_of(step["Name"]) for step in steps)
    return [f"    {name if name.isidentifier() else repr(name)}" for name in names] or ["    pass"]


def _test(wording: Wording, step: str, condition: Mapping[str, Any]) -> str:
    kind = condition["Type"]
    if kind == "Not":
        return f"not {_inner(_test(wording, step, condition['Condition']))}"
    if kind == "Or":
        parts = [_inner(_test(wording, step, part)) for part in condition["Conditions"]]
        if len(parts) < 2:  # noqa: PLR2004 - `or` stands between two
            raise cannot(step, "Conditions", "an Or of one condition")
        return " or ".join(parts)
    if kind == "In":
        choices = [_operand(wording, step, value) for value in condition["Values"]]
        return f"{_operand(wording, step, condition['QueryValue'])} in [{', '.join(choices)}]"
    if kind not in _OPERATORS:
        raise cannot(step, "Conditions", f"a condition of type {kind}")
    left, right = (_operand(wording, step, condition[side]) for side in ("LeftValue", "RightValue"))
    return f"{left} {_OPERATORS[kind]} {right}"


def _inner(text: str) -> str:
    """Put what is joined, or turned round, into parentheses."""
    return f"({text})" if " or " in text or text.startswith("not ") or " in " in text else text


def _operand(wording: Wording, step: str, value: Any) -> str:
    text = wording.operand(value)
    if text is None:
        raise cannot(step, "Conditions", f"the value {value}")
    return text
