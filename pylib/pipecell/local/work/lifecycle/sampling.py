"""Hyperparameters for the training jobs of a tuning job: which values the n-th one gets.

Values depend on the tuning job's seed and the number only, so that a crash changes none of them.
``Bayesian`` and ``Hyperband`` are sampled at random like ``Random``: their models of the objective
are AWS's own, what they promise (values inside the ranges) holds.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def seed_of(name: str, configuration: Mapping[str, Any]) -> int:
    """Return the seed that a tuning job asks for, else one made of its name."""
    seed = configuration.get("RandomSeed")
    return (
        int(seed) if seed is not None else int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    )


def values_of(strategy: str, ranges: Mapping[str, Any], seed: int, number: int) -> dict[str, str] | None:
    """Return the tuned hyperparameters of one training job.

    Args:
        strategy: AWS's word.
        ranges: the ParameterRanges.
        seed: from `seed_of`.
        number: which training job, from 0.

    Returns:
        The values as text, as training jobs get them; None when a grid has no further point.
    """
    if strategy == "Grid":
        return next(itertools.islice(_grid(ranges), number, None), None)
    draw = random.Random(f"{seed}/{number}")  # noqa: S311 - not for secrets
    values: dict[str, str] = {}
    for each in ranges.get("ContinuousParameterRanges") or ():
        values[each["Name"]] = repr(_between(draw, float(each["MinValue"]), float(each["MaxValue"]), each))
    for each in ranges.get("IntegerParameterRanges") or ():
        low, high = int(float(each["MinValue"])), int(float(each["MaxValue"]))
        values[each["Name"]] = str(min(high, max(low, round(_between(draw, low - 0.5, high + 0.5, each)))))
    for each in ranges.get("CategoricalParameterRanges") or ():
        values[each["Name"]] = draw.choice(each["Values"])
    for each in ranges.get("AutoParameters") or ():
        values[each["Name"]] = each["ValueHint"]
    return values


def grid_size(ranges: Mapping[str, Any]) -> int:
    """Return how many points a grid of categorical ranges has."""
    return math.prod(len(each["Values"]) for each in ranges.get("CategoricalParameterRanges") or ())


def _grid(ranges: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    entries: Sequence[Mapping[str, Any]] = ranges.get("CategoricalParameterRanges") or ()
    for point in itertools.product(*(each["Values"] for each in entries)):
        yield {each["Name"]: value for each, value in zip(entries, point, strict=True)}


def _between(draw: random.Random, low: float, high: float, each: Mapping[str, Any]) -> float:
    scale = each.get("ScalingType", "Auto")
    if scale == "Logarithmic" and low > 0:
        return math.exp(draw.uniform(math.log(low), math.log(high)))
    if scale == "ReverseLogarithmic" and high < 1:
        return 1 - math.exp(draw.uniform(math.log(1 - high), math.log(1 - low)))
    return draw.uniform(low, high)
