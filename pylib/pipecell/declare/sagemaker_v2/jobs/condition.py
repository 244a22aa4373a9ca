"""Conditions: ``if`` into ConditionStep; ``elif`` and inner ifs into ConditionSteps of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.declare.compiled import Missing
from pipecell.declare.jobs.conditions import Both, Branching, Comparison, Either, Membership, Negation, Test

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_CLASSES: Mapping[str, str] = {
    "==": "ConditionEquals",
    "!=": "ConditionEquals",
    "<": "ConditionLessThan",
    "<=": "ConditionLessThanOrEqualTo",
    ">": "ConditionGreaterThan",
    ">=": "ConditionGreaterThanOrEqualTo",
}


def make_condition(making: Making) -> Any:
    """Return a ConditionStep, with the inner ones among its children."""
    branching = making.cell.branching
    assert branching is not None  # noqa: S101 - a condition cell has one
    return _Conditions(making).step(branching, outermost=True)


class _Conditions:
    """Makes the steps of one condition cell and numbers the inner ones."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._count = 1
        self._taken: set[str] = set()

    def step(self, branching: Branching, *, outermost: bool = False) -> Any:
        from sagemaker.workflow.condition_step import ConditionStep

        name = self._making.cell.name
        if not outermost:
            self._count += 1
            name = f"{name}-{self._count}"
        return ConditionStep(
            name=name,
            conditions=self.conditions(branching.test),
            if_steps=self._children(branching.then, "true"),
            else_steps=self._children(branching.otherwise, "false"),
            depends_on=(self._making.depends() or None) if outermost else None,
        )

    def _children(self, items: tuple[str | Branching, ...], branch: str) -> list[Any]:
        making, found = self._making, []
        for item in items:
            if isinstance(item, Branching):
                found.append(self.step(item))
            elif item in self._taken:
                making.refuse(
                    f"{item} stands in two branches.", "A step can follow one answer only.", "PC652"
                )
            elif item == making.cell.name:
                making.refuse(f"{item} stands in its own branch.", "Name another step.", "PC652")
            elif (thing := making.scope.things.get(item)) is None:
                if making.scope.facts.get(item) is None:
                    making.scope.missing.append(Missing(item, making.cell.name, "branch", branch))
                self._taken.add(item)
            else:
                self._taken.add(item)
                found.append(thing)
        return found

    def conditions(self, test: Test) -> list[Any]:
        """Return the conditions that must all hold."""
        if isinstance(test, Both):
            return [condition for part in test.parts for condition in self.conditions(part)]
        return [self._one(test)]

    def _one(self, test: Test) -> Any:
        from sagemaker.workflow import conditions as sdk

        if isinstance(test, Both):  # SageMaker has no And: all hold unless one of them does not
            return sdk.ConditionNot(sdk.ConditionOr([self._not(part) for part in test.parts]))
        if isinstance(test, Either):
            return sdk.ConditionOr([self._one(part) for part in test.parts])
        if isinstance(test, Negation):
            return self._not(test.part)
        if isinstance(test, Membership):
            choices = [self._making.value(choice) for choice in test.choices]
            return sdk.ConditionIn(self._making.value(test.value), choices)
        return self._comparison(test)

    def _not(self, test: Test) -> Any:
        from sagemaker.workflow import conditions as sdk

        if isinstance(test, Negation):
            return self._one(test.part)
        if isinstance(test, Both):
            return sdk.ConditionOr([self._not(part) for part in test.parts])
        return sdk.ConditionNot(self._one(test))

    def _comparison(self, test: Comparison) -> Any:
        from sagemaker.workflow import conditions as sdk

        made = getattr(sdk, _CLASSES[test.operator])(
            left=self._making.value(test.left), right=self._making.value(test.right)
        )
        return sdk.ConditionNot(made) if test.operator == "!=" else made
