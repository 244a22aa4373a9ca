"""Instance types: which ones each kind of job takes, what they cost, and where a pipeline names one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pipecell.definition.cost.prices import packaged
from pipecell.definition.data import load
from pipecell.definition.document import CONTAINERS, Document
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
_NO_SETTINGS = frozenset({"HyperParameters", "Environment", "ProcessingInputs", "InputDataConfig", "Tags"})
"""Long arguments in which nothing is ever set."""
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
    """Return USD an hour in us-east-1 by the table that pipecell ships, None where it has none."""
    return packaged().price(name, "us-east-1")


@dataclass(frozen=True)
class Machine:
    """What an instance type is.

    Attributes:
        vcpus: virtual processors.
        memory: GiB.
        accelerators: how many GPUs or other accelerators.
        accelerator: what they are called, for example ``T4``; empty when there are none.
    """

    vcpus: int
    memory: float
    accelerators: int = 0
    accelerator: str = ""

    def __str__(self) -> str:
        """Return it in a few words."""
        words = f"{self.vcpus} vCPU · {self.memory:g} GiB"
        return f"{words} · {self.accelerators} × {self.accelerator}" if self.accelerators else words


def machine(name: str) -> Machine | None:
    """Return what an instance type is, None where we do not know; EC2 describes the same machines."""
    found = load("instances.json")["machines"].get(name)
    return Machine(*found) if found else None


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


def uses(document: Document) -> tuple[Use, ...]:
    """Return every place of a SageMaker definition that says on what, on how many, or how long a job runs."""
    if "uses" not in document.memo:
        document.memo["uses"] = tuple(
            use for step in iterate_steps(document) if step.type != "Condition" for use in _uses_of(step)
        )
    known: tuple[Use, ...] = document.memo["uses"]
    return known


def _uses_of(step: StepView) -> list[Use]:
    found: list[Use] = []
    trail: list[Any] = ["Arguments"]

    def add(setting: Setting, kind: JobKind | None, value: Any) -> None:
        found.append(Use(step, format_path(trail), setting, kind, value, parameter_of(value)))

    def walk(value: Any, kind: JobKind | None) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, CONTAINERS):
                    trail.append(index)
                    walk(item, kind)
                    trail.pop()
            return
        for key, item in value.items():
            if key in _SETTINGS and not isinstance(item, list):
                trail.append(key)
                add(_SETTINGS[key], kind, item)
                trail.pop()
            elif isinstance(item, CONTAINERS) and key not in _NO_SETTINGS:
                trail.append(key)
                if key in _LISTS:
                    walk_types(item, _LISTS[key])
                else:
                    walk(item, "processing" if key in _HELPERS else kind)
                trail.pop()

    def walk_types(value: Any, kind: JobKind) -> None:
        for index, entry in enumerate(value if isinstance(value, list) else ()):
            trail.append(index)
            add("type", kind, entry)
            trail.pop()

    walk(step.arguments, _STEP_KINDS.get(step.type))
    return found


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
