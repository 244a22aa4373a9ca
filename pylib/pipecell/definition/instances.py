"""Instance types: which ones each kind of job takes, what they cost, and where a pipeline names one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pipecell.definition.data import load
from pipecell.definition.document import Document
from pipecell.definition.paths import format_path
from pipecell.definition.references import GET, JOIN, function_of, parse_get
from pipecell.definition.sagemaker import StepView, iterate_steps

JobKind = Literal["processing", "training", "transform", "endpoint"]
Setting = Literal["type", "count", "runtime"]

_NAME = re.compile(r"ml\.(?P<family>[a-z0-9-]+)\.(?P<size>[a-z0-9-]+)")
_ACCELERATED = re.compile(r"(p\d|g\d|trn|inf|dl)")
_ARM = re.compile(r"[a-z]+\d+g[a-z]*|p6e-gb\d+")

_STEP_KINDS: Mapping[str, JobKind] = {
    "Processing": "processing",
    "QualityCheck": "processing",
    "ClarifyCheck": "processing",
    "Training": "training",
    "Tuning": "training",
    "Transform": "transform",
    "EndpointConfig": "endpoint",
}
_HELPERS = frozenset({"DebugRuleConfigurations", "ProfilerRuleConfigurations"})
"""Arguments of a training job that describe processing jobs beside it."""
_LISTS: Mapping[str, JobKind] = {
    "SupportedTransformInstanceTypes": "transform",
    "SupportedRealtimeInferenceInstanceTypes": "endpoint",
}
_SETTINGS: Mapping[str, Setting] = {
    "InstanceType": "type",
    "InstanceCount": "count",
    "InitialInstanceCount": "count",
    "MaxRuntimeInSeconds": "runtime",
}


@dataclass(frozen=True)
class Use:
    """One place where a step says on what, on how many or for how long it runs.

    Attributes:
        step: the step.
        path: the place, for example ``Arguments.ResourceConfig.InstanceType``.
        setting: ``type``, ``count`` (instances) or ``runtime`` (seconds).
        kind: the kind of job; None where we do not know the step's type.
        value: what the definition says there: a literal or a function.
        parameter: the parameter that alone decides it, else None.
    """

    step: StepView
    path: str
    setting: Setting
    kind: JobKind | None
    value: Any
    parameter: str | None


def types_of(kind: JobKind) -> tuple[str, ...]:
    """Return the instance types that a kind of job takes, as botocore's model lists them."""
    return tuple(load("instances.json")["kinds"][kind])


@lru_cache(maxsize=1)
def all_types() -> frozenset[str]:
    """Return every instance type of any kind."""
    return frozenset(name for kind in load("instances.json")["kinds"].values() for name in kind)


@lru_cache(maxsize=1)
def families() -> frozenset[str]:
    """Return the families that we know: ``m5``, ``g4dn``…."""
    return frozenset(family(name) for name in all_types())


def price(name: str) -> float | None:
    """Return USD an hour in us-east-1 as of the date in the data file, None where we know none."""
    value = load("instances.json")["prices"]["of"].get(name)
    return None if value is None else float(value)


def family(name: str) -> str:
    """Return ``m5`` of ``ml.m5.large``, empty when it is no instance type."""
    found = _NAME.fullmatch(name)
    return found["family"] if found else ""


def architecture(name: str) -> Literal["x86_64", "arm64"]:
    """Return the processor architecture of an instance type."""
    return "arm64" if _ARM.fullmatch(family(name)) else "x86_64"


def accelerated(name: str) -> bool:
    """Tell whether an instance type has a GPU or another accelerator."""
    return _ACCELERATED.match(family(name)) is not None


def cheapest(
    kinds: Collection[JobKind], *, like: str, gpu: bool = False, among: Collection[str] | None = None
) -> str | None:
    """Return the cheapest instance type that every one of ``kinds`` takes.

    Args:
        kinds: the kinds of job that it must serve.
        like: its architecture is kept.
        gpu: choose among accelerated types; by default among those without.
        among: allowed types, where a parameter has an enumeration.

    Returns:
        The cheapest by known price; types without one come after all that have one. None when
        there is no such type.
    """
    if not kinds:
        return None
    shared = [name for name in types_of(min(kinds)) if all(name in types_of(kind) for kind in kinds)]
    fitting = [
        name
        for name in shared
        if accelerated(name) == gpu
        and architecture(name) == architecture(like)
        and (among is None or name in among)
    ]
    return min(fitting, key=_rank, default=None)


def _rank(name: str) -> tuple[float, int, str]:
    usd = price(name)
    found = _NAME.fullmatch(name)
    size = found["size"] if found else ""
    digits = size.removesuffix("xlarge")
    large = {"medium": 0, "large": 1, "xlarge": 2}.get(size, 2 + int(digits) if digits.isdecimal() else 999)
    return (float("inf") if usd is None else usd, large, name)


def uses(document: Document) -> Iterator[Use]:
    """Yield every place of a SageMaker definition that says on what, on how many, or how long a job runs."""
    for step in iterate_steps(document):
        arguments = step.arguments
        if step.type == "Condition":
            continue
        kind = _STEP_KINDS.get(step.type)
        for path, setting, place_kind, value in _walk(arguments, ["Arguments"], kind):
            yield Use(step, format_path(path), setting, place_kind, value, parameter_of(value))


def _walk(
    value: Any, trail: list[Any], kind: JobKind | None
) -> Iterator[tuple[list[Any], Setting, JobKind | None, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            here = [*trail, key]
            setting = _SETTINGS.get(key)
            if setting is not None and not isinstance(item, list):
                yield here, setting, kind, item
            elif key in _LISTS and isinstance(item, list):
                yield from (([*here, i], "type", _LISTS[key], entry) for i, entry in enumerate(item))
            elif isinstance(item, dict | list):
                yield from _walk(item, here, "processing" if key in _HELPERS else kind)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _walk(item, [*trail, index], kind)


def parameter_of(value: Any) -> str | None:
    """Return the parameter that alone decides a value: a Get, or a Join of nothing but one."""
    function = function_of(value)
    if function == JOIN:
        parts = value[JOIN].get("Values")
        return parameter_of(parts[0]) if isinstance(parts, list) and len(parts) == 1 else None
    if function == GET:
        kind, name, _ = parse_get(value[GET])
        return name if kind == "parameter" else None
    return None
