"""The cost of one run, before it runs: a range for each step, their sum, and what is not in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.cost.hours import Hours, from_limit
from pipecell.definition.cost.prices import CURRENCY, PriceTable
from pipecell.definition.cost.rentals import Need, Rental, needs
from pipecell.definition.document import Document

NOT_COUNTED = "S3, EBS volumes, logs and data transfer are not counted."
"""What every job uses beside its instances."""

_HOUR = 3600.0
_CENT = 0.01
_WHOLE_DOLLARS = 1000.0  # from here on, cents say nothing


@dataclass(frozen=True)
class StepCost:
    """What one step costs.

    Attributes:
        step: its name.
        instances: what it rents, in words: ``ml.m5.xlarge × 2``; empty when nothing.
        hours: how long it takes, in seconds; None where it rents nothing.
        low, high: USD; None where they are not known.
        hourly: USD an hour for all its instances together; None where it is not known.
    """

    step: str
    instances: str
    hours: Hours | None
    low: float | None
    high: float | None
    hourly: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the step as ``plan --json`` prints it; times in seconds, money in USD."""
        return {
            "step": self.step,
            "instances": self.instances,
            "seconds_low": self.hours.low if self.hours else None,
            "seconds_high": self.hours.high if self.hours else None,
            "hourly": self.hourly,
            "low": self.low,
            "high": self.high,
            "basis": self.hours.basis if self.hours else "",
        }


@dataclass(frozen=True)
class Cost:
    """What a run costs on AWS.

    Attributes:
        region: the region whose prices were taken.
        as_of: the date of those prices, ISO 8601; empty where there are none of the region.
        source: where they come from.
        low, high: USD, the sums of all that is known.
        steps: every step that costs money, in the definition's order.
        unknown: what the sums leave out, one sentence each.
        open: whether ``unknown`` names instances: the sum has no upper bound.
    """

    region: str
    as_of: str
    source: str
    low: float
    high: float
    steps: tuple[StepCost, ...]
    unknown: tuple[str, ...]
    open: bool

    def of(self, step: str) -> StepCost | None:
        """Return what a step costs, None for one that costs nothing."""
        return next((each for each in self.steps if each.step == step), None)

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``cost`` object."""
        return {
            "currency": CURRENCY,
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "steps": [step.to_json() for step in self.steps],
            "unknown": list(self.unknown),
        }


def estimate(
    document: Document,
    values: Mapping[str, Any],
    *,
    prices: PriceTable,
    region: str,
    hours: Mapping[str, Hours] | None = None,
    skipped: Collection[str] = (),
) -> Cost:
    """Estimate what a run costs: instances × hours × price, step by step.

    Args:
        document: the pipeline or state machine.
        values: the parameters' values of the run.
        prices: what instances cost.
        region: where it runs.
        hours: how long steps took before, by name; the others are bounded by their own limits.
        skipped: steps that will not run, since their results are reused or their branch is not taken.
    """
    steps: list[StepCost] = []
    unknown: list[str] = []
    unbounded = False
    for need in needs(document, values):
        if need.step in skipped:
            continue
        if need.beyond:
            unknown.append(f"{need.step}: {need.beyond}.")
        if not need.rentals:
            continue
        cost, reasons = _step(need, (hours or {}).get(need.step), prices, region)
        steps.append(cost)
        unknown += [f"{need.step}: {reason}" for reason in reasons]
        unbounded = unbounded or bool(reasons)
    if steps:
        unknown.append(NOT_COUNTED)
    known = prices.regions.get(region)
    return Cost(
        region=region,
        as_of=known.as_of if known else "",
        source=known.source if known else "",
        low=sum(step.low or 0.0 for step in steps),
        high=sum(step.high or 0.0 for step in steps),
        steps=tuple(steps),
        unknown=tuple(unknown),
        open=unbounded,
    )


def _step(need: Need, past: Hours | None, prices: PriceTable, region: str) -> tuple[StepCost, list[str]]:
    """Return what a step costs, and a sentence for each thing that bounds it no more."""
    reasons: list[str] = []
    spans = [past or from_limit(rental.longest) for rental in need.rentals]
    low = high = hourly = 0.0
    for rental, span in zip(need.rentals, spans, strict=True):
        usd = prices.price(rental.instance_type, region, rental.kind) if rental.instance_type else None
        reason = _missing(rental, span, usd, region)
        if reason and reason not in reasons:
            reasons.append(reason)
        if usd is None or rental.count is None:
            continue
        each = usd * rental.count
        hourly += each * rental.parallel
        # One job after the other, or all that may run at once: the step's time is the same for both.
        least = 1 if past else rental.jobs
        low += each * span.low / _HOUR * least * rental.cheapest
        if span.high is not None:
            most = span.high * rental.parallel if past else (rental.limit or 0.0) * rental.jobs
            high += each * (most + rental.idle * rental.parallel) / _HOUR
    priced = all(_priced(rental, prices, region) for rental in need.rentals)
    bounded = all(span.high is not None for span in spans)
    return (
        StepCost(
            need.step,
            " + ".join(dict.fromkeys(rental.label for rental in need.rentals)),
            _together(spans),
            low if priced else None,
            high if priced and bounded else None,
            hourly if priced else None,
        ),
        reasons,
    )


def _priced(rental: Rental, prices: PriceTable, region: str) -> bool:
    known = rental.instance_type and prices.price(rental.instance_type, region, rental.kind) is not None
    return bool(known) and rental.count is not None


def _missing(rental: Rental, span: Hours, usd: float | None, region: str) -> str:
    """Return what is not known of a rental, a sentence; empty when all is."""
    if rental.instance_type is None:
        return "its instance type is known only in the run."
    if rental.count is None:
        return "how many instances it takes is known only in the run."
    if usd is None:
        return f"the price of {rental.instance_type} in {region} is not known; --refresh-prices asks AWS."
    if span.high is None:
        return "nothing limits how long it runs, and it has not run yet."
    return ""


def _together(spans: list[Hours]) -> Hours:
    """Return the time of a step whose groups of instances run side by side."""
    highs = [span.high for span in spans]
    return Hours(
        max(span.low for span in spans),
        max(high for high in highs if high is not None) if None not in highs else None,
        spans[0].basis,
    )


def money(usd: float) -> str:
    """Return an amount for people: ``$0.38``, ``$1,204``; ``< $0.01`` for a little, ``$0.00`` for nothing."""
    if _is_little(usd):
        return "< $0.01"
    return f"${usd:,.2f}" if usd < _WHOLE_DOLLARS else f"${usd:,.0f}"


def money_range(low: float | None, high: float | None) -> str:
    """Return a range of money for people: ``$0.38–0.57``, ``from $0.38``, ``not known``."""
    if low is None:
        return "not known"
    if high is None:
        return f"from {money(low)}"
    first, last = money(low), money(high)
    return first if first == last else f"{first}–{last.removeprefix('$')}"


def money_in_words(low: float | None, high: float | None) -> str:
    """Return a range of money as a sentence says it: ``less than $0.01``, ``up to $3.60``."""
    if low is None or not _is_little(low):
        return money_range(low, high)
    little = f"less than {money(_CENT)}"
    if high is None:
        return f"from {little}"
    return little if _is_little(high) else f"up to {money(high)}"


def _is_little(usd: float) -> bool:
    return 0 < usd < _CENT / 2
