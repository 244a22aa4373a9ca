"""What a run costs on AWS so far, or would: the time of its steps at the price of their instances."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipecell.definition.cost.estimate import estimate, money
from pipecell.definition.cost.prices import packaged

if TYPE_CHECKING:
    from pipecell.definition.document import Document
    from pipecell.engines.engine import StepSnapshot


@dataclass(frozen=True)
class Spending:
    """What the steps of one run cost.

    Attributes:
        hourly: USD an hour that each step's instances cost together, by the step's name.
        billed: whether AWS bills it; else it is what AWS would bill.
    """

    hourly: Mapping[str, float]
    billed: bool

    def so_far(self, steps: Iterable[StepSnapshot]) -> str:
        """Return what steps cost together so far, for people; empty where nobody knows."""
        known = [usd for step in steps if (usd := self._usd(step)) is not None]
        return self._words(sum(known)) if known else ""

    def of(self, step: StepSnapshot) -> str:
        """Return what a step costs so far, for people; empty where nobody knows."""
        usd = self._usd(step)
        return self._words(usd) if usd is not None else ""

    def _usd(self, step: StepSnapshot) -> float | None:
        hourly = self.hourly.get(step.name)
        if hourly is None or step.started is None or step.cached:
            return None
        return hourly * max(0.0, (step.ended or time.time()) - step.started) / 3600

    def _words(self, usd: float) -> str:
        text = money(usd)
        about = "" if text.startswith("<") else "≈ "
        return f"{about}{text}{'' if self.billed else ' on AWS'}"


def spending(document: Document, parameters: Mapping[str, Any], region: str, *, billed: bool) -> Spending:
    """Return what the steps of a run cost.

    Args:
        document: what it runs.
        parameters: the values that it runs with.
        region: where; prices differ.
        billed: whether AWS bills it.
    """
    found = estimate(document, parameters, prices=packaged(), region=region)
    return Spending({cost.step: cost.hourly for cost in found.steps if cost.hourly is not None}, billed)
