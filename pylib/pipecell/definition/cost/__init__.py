"""What a run costs before it runs: instances × hours × price, and what nobody can know."""

from __future__ import annotations

from pipecell.definition.cost.estimate import Cost, StepCost, estimate
from pipecell.definition.cost.hours import Hours
from pipecell.definition.cost.prices import PriceTable, RegionPrices, packaged

__all__ = ["Cost", "Hours", "PriceTable", "RegionPrices", "StepCost", "estimate", "packaged"]
