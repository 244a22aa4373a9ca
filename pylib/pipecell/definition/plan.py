"""What a run would change, reuse and cost: the plan, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.cache.foresee import Foresight
from pipecell.definition.cost.estimate import Cost, StepCost
from pipecell.definition.cost.hours import Hours
from pipecell.definition.diff.change import Change


@dataclass(frozen=True)
class Place:
    """Where the run would go.

    Attributes:
        target: ``local`` or ``aws``.
        region: AWS's name of the region.
        account: the account's number.
    """

    target: str
    region: str
    account: str = ""


@dataclass(frozen=True)
class Plan:
    """What a run would do. Making it changes nothing.

    Attributes:
        pipeline: the pipeline's name.
        engine: ``sagemaker`` or ``stepfunctions``.
        place: where the run would go.
        profile: name of the profile; empty for a pipeline without parameters.
        parameters: the values of the run.
        changed: the values that differ from the declared defaults, in words; empty when none does.
        deployed: how long ago what is deployed was deployed, in words; None when nothing is.
        changes: what deploying would change.
        steps: what the run would do with each step, in the definition's order.
        cost: what it would cost on AWS.
        other: name and cost of the profile to compare with; None when there is none.
        elapsed: how long the run takes; None where a step never ran.
        notes: what else people should know, one sentence each.
    """

    pipeline: str
    engine: str
    place: Place
    profile: str
    parameters: Mapping[str, Any]
    changed: str
    deployed: str | None
    changes: tuple[Change, ...]
    steps: tuple[Foresight, ...]
    cost: Cost
    other: tuple[str, Cost] | None = None
    notes: tuple[str, ...] = ()
    elapsed: Hours | None = None

    @property
    def billed(self) -> bool:
        """Whether the run would cost money: nothing on this machine does."""
        return self.place.target == "aws"

    @property
    def noise(self) -> tuple[Change, ...]:
        """The changes that mean nothing."""
        return tuple(change for change in self.changes if change.kind == "noise")

    @property
    def meant(self) -> tuple[Change, ...]:
        """The changes that mean something."""
        return tuple(change for change in self.changes if change.kind != "noise")

    def cost_of(self, step: str) -> StepCost | None:
        """Return what a step would cost, None for one that costs nothing."""
        return self.cost.of(step)

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``plan`` object."""
        return {
            "parameters": dict(self.parameters),
            "changes": [change.to_json() for change in self.changes],
            "cache": [
                {"step": step.step, "verdict": step.verdict, "reason": step.reason}
                for step in self.steps
                if step.will in ("reuse", "run")
            ],
            "cost": self.cost.to_json(),
        }
