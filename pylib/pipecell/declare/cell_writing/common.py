"""What the cells of all kinds say alike: cache, retries, tags, environment, what to wait for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Wording
from pipecell.declare.jobs.fields import Field, field_text
from pipecell.errors import DeclarationError

_PERIOD = re.compile(r"P(?:(?P<days>\d+[DW])|T(?P<hours>\d+[HM]))")


def add_common(cell: CellText, wording: Wording, step: Mapping[str, Any], *, runtime: int | None) -> None:
    """Add what most jobs say.

    Args:
        cell: being written.
        wording: says values.
        step: the step of the definition.
        runtime: the run time that needs no word, in seconds.
    """
    arguments = step.get("Arguments") or {}
    for key, value in (arguments.get("Environment") or {}).items():
        cell.add("--env", pair(key, wording.word(value, key)))
    longest = page(arguments, "StoppingCondition").get("MaxRuntimeInSeconds")
    if longest is not None and longest != runtime:
        cell.add("--max-runtime", wording.word(longest, "max_runtime"))
    for tag in arguments.get("Tags") or ():
        cell.add("--tag", pair(tag["Key"], wording.word(tag["Value"])))
    add_step_words(cell, wording, step)


_SCOPES = {"training": "training", "tuning": "training", "model": "inference", "register": "inference"}
_DEFAULT_INSTANCE = "ml.m5.xlarge"


def add_image(
    cell: CellText, wording: Wording, image: Any, *path: str | int, instance: Any = _DEFAULT_INSTANCE
) -> None:
    """Add an image: a URI or a variable as a word, and another text, which would be looked up, as the field.

    Args:
        cell: being written.
        wording: says values.
        image: the image.
        path: where the step's arguments have it.
        instance: what it runs on, which an image may depend on.
    """
    word = wording.word(image, "image")
    if isinstance(image, str) and "/" in image:
        kind = instance if isinstance(instance, str) else _DEFAULT_INSTANCE
        cell.add("--image", wording.short_image(image, kind, _SCOPES.get(cell.kind)))
        return
    if word is not None and (word.startswith("$") or "/" in word):
        cell.add("--image", word)
    elif isinstance(image, str):
        cell.add("--set", field_text(Field(path, of_step=False, value=image)))


def add_step_words(cell: CellText, wording: Wording, step: Mapping[str, Any]) -> None:
    """Add what a step says beside its job: cache, retries, what to wait for."""
    cache = step.get("CacheConfig") or {}
    found = _PERIOD.fullmatch(str(cache.get("ExpireAfter", "")))
    if cache.get("Enabled") is True and found is not None:
        cell.add("--cache", (found["days"] or found["hours"]).lower())
    policies = step.get("RetryPolicies") or ()
    attempts = {policy.get("MaxAttempts") for policy in policies}
    if len(attempts) == 1 and isinstance(next(iter(attempts)), int):
        cell.add("--retry", str(next(iter(attempts))))
    for name in dict.fromkeys(wording.cell_of(str(name)) for name in step.get("DependsOn") or ()):
        cell.add("--depends", name)


def page(value: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """Return a mapping inside others; an empty one where there is none."""
    for key in path:
        inner = value.get(key)
        value = inner if isinstance(inner, Mapping) else {}
    return value


def pair(key: str, value: str | None) -> str | None:
    """Return ``key=value``; None where the value has no word."""
    return f"{key}={value}" if value else None


def cannot(step: str, field: str, what: str) -> DeclarationError:
    """Return that no cell says something, with the step and the field that has it."""
    return DeclarationError(
        f"{step}: {field}: no %%step cell says {what}.",
        code="PC657",
        step=step,
        hint="Keep this step's %%pipeline cell.",
    )
