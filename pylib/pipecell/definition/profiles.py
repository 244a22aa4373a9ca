"""Profiles: named sets of parameter values. ``full`` is the defaults; ``smoke`` is derived from them.

Smoke answers one question cheaply: does the pipeline work at all? Every parameter that reaches an
instance type becomes the cheapest type that all of its jobs take, without a GPU and of the same
processor architecture; instance counts become 1; run-time limits shrink to an hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pipecell.definition.document import Document
from pipecell.definition.instances import JobKind, Use, accelerated, cheapest, price, uses
from pipecell.definition.parameters import Parameter, coerce, declared, defaults
from pipecell.definition.summaries import image_name
from pipecell.errors import UsageError, did_you_mean

PROFILES = ("smoke", "full")
SMOKE_RUNTIME = 3600
"""Seconds that a job of a smoke run may take."""

GPU_ONLY = frozenset({"image-classification", "object-detection", "semantic-segmentation"})
"""Built-in algorithms that AWS trains on GPUs alone."""


def smoke(document: Document) -> dict[str, Any]:
    """Return the parameter values of a smoke run that differ from the defaults."""
    parameters = {parameter.name: parameter for parameter in declared(document)}
    reached: dict[str, list[Use]] = defaultdict(list)
    for use in uses(document):
        if use.parameter in parameters:
            reached[str(use.parameter)].append(use)
    values = {name: _smoke_value(parameters[name], places) for name, places in reached.items()}
    return {
        name: values[name]
        for name, parameter in parameters.items()
        if values.get(name) is not None and values[name] != parameter.default
    }


def profile_values(
    document: Document, profile: str, overrides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the parameter values of a run: the profile's, with the user's own over them.

    Args:
        document: the pipeline.
        profile: ``full`` or ``smoke``.
        overrides: values that the user sets; checked by `parameters.bind` when the run is bound.

    Returns:
        Values for the parameters that have one; those without default and override are left out.

    Raises:
        UsageError: ``PC907``, no such profile.
    """
    if profile not in PROFILES:
        raise UsageError(f'"{profile}" is not a profile.', code="PC907", hint=did_you_mean(profile, PROFILES))
    values = defaults(document)
    if profile == "smoke":
        values |= smoke(document)
    return values | dict(overrides or {})


def _smoke_value(parameter: Parameter, places: Iterable[Use]) -> Any:
    """Return the smoke value of one parameter, None where it should stay as it is."""
    settings = {use.setting for use in places}
    if settings == {"type"}:
        return _smoke_type(parameter, list(places))
    if settings == {"count"}:
        return _allowed(parameter, 1)
    if settings == {"runtime"} and isinstance(parameter.default, int | float):
        return _allowed(parameter, min(int(parameter.default), SMOKE_RUNTIME))
    return None  # it decides several things at once: only the user knows


def _smoke_type(parameter: Parameter, places: list[Use]) -> str | None:
    if not isinstance(parameter.default, str) or any(use.kind is None for use in places):
        return None
    kinds: list[JobKind] = sorted({use.kind for use in places if use.kind is not None})
    gpu = any(_needs_gpu(use) for use in places)
    among = {str(value) for value in parameter.enum} or None
    choice = cheapest(kinds, like=parameter.default, gpu=gpu, among=among)
    if choice is None or _cheaper(parameter.default, choice, gpu=gpu):
        return None
    return choice


def _cheaper(default: str, choice: str, *, gpu: bool) -> bool:
    """Tell whether the default already is what smoke wants: no dearer than the choice."""
    usd, best = price(default), price(choice)
    return accelerated(default) == gpu and usd is not None and (best is None or usd <= best)


def _needs_gpu(use: Use) -> bool:
    """Tell whether the step trains an algorithm that AWS offers on GPUs alone."""
    definition = use.step.arguments.get("TrainingJobDefinition") or use.step.arguments
    algorithm = definition.get("AlgorithmSpecification") if isinstance(definition, Mapping) else None
    image = algorithm.get("TrainingImage") if isinstance(algorithm, Mapping) else None
    return isinstance(image, str) and image_name(image).split(" ")[0] in GPU_ONLY


def _allowed(parameter: Parameter, value: Any) -> Any:
    """Return a value as the parameter takes it, None where its enumeration forbids it."""
    try:
        return coerce(parameter, value)
    except UsageError:
        return None
