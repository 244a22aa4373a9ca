"""Determinism: what decides whether an earlier result may be reused is the same the next time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipecell.definition.cache.configuration import configuration_of
from pipecell.definition.cache.identity import cacheable, identity, settings_of
from pipecell.definition.checks.code import running
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.document import CONTAINERS
from pipecell.definition.paths import Key, format_path
from pipecell.definition.references import find_references
from pipecell.definition.sagemaker import StepView
from pipecell.errors import DefinitionError

_STAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2}-\d{3}"  # the SDK's name_from_base
    r"|\d{4}-\d{2}-\d{2}[T-]\d{2}[:-]\d{2}"
    r"|(?<![0-9A-Za-z])1[5-9]\d{8}(?![0-9A-Za-z])"  # seconds since 1970
)
_OUTPUTS = frozenset({"DebugHookConfig", "CheckpointConfig"})
"""Arguments that also say where something is put, which the SDK itself does with the execution's id."""
_ALWAYS_NEW = frozenset({"StartDateTime", "CurrentDateTime", "PipelineExecutionId", "PipelineExecutionArn"})


def time_stamps(subject: Subject) -> Iterator[Finding]:
    """Find time stamps in what a cached step's result is found by: the next compilation has another."""
    for step in _cached(subject):
        for path, text in _texts(_deciding(step)):
            found = _STAMP.search(text)
            if found is not None:
                yield Finding(
                    f"{found[0]} is a time stamp: the next compilation finds nothing in the cache.",
                    _other_way(text),
                    step.name,
                    path,
                )


def always_new(subject: Subject) -> Iterator[Finding]:
    """Find execution variables that are new in every run, in what a cached step's result is found by."""
    for step in _cached(subject):
        for key, value in _deciding(step).items():
            if key in _OUTPUTS:
                continue
            for reference in find_references(value, f"Arguments.{key}"):
                if reference.kind == "execution" and reference.name in _ALWAYS_NEW:
                    yield Finding(
                        f"Execution.{reference.name} differs in every run: the cache never hits.",
                        "Leave it out, or switch caching off for this step.",
                        step.name,
                        reference.path,
                    )


def malformed_expiry(subject: Subject) -> Iterator[Finding]:
    """Find cache settings whose ExpireAfter is no duration."""
    for step in subject.steps:
        try:
            _configured(step)
        except DefinitionError as error:
            yield Finding(error.message, error.hint, step.name, "CacheConfig.ExpireAfter")


def _configured(step: StepView) -> bool:
    configuration = step.body.get("CacheConfig")
    if not isinstance(configuration, dict) or not isinstance(configuration.get("ExpireAfter", ""), str):
        return False
    return configuration_of(step.body).enabled


def _cached(subject: Subject) -> Iterator[StepView]:
    for step in subject.steps:
        try:
            if cacheable(step.type) and _configured(step):
                yield step
        except DefinitionError:
            continue  # PC441 says so


def _deciding(step: StepView) -> dict[str, Any]:
    try:
        return dict(identity(step.type, step.arguments, settings_of(step.type, step.body)) or {})
    except AttributeError:
        return {}  # arguments of another form than any step has; PC222 says so


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every text in arguments."""
    ahead: list[tuple[list[Any], Any]] = [(["Arguments"], value)]
    while ahead:
        trail, value = ahead.pop()
        if isinstance(value, str):
            yield format_path(trail), value
        elif isinstance(value, CONTAINERS):
            items = value.items() if isinstance(value, dict) else enumerate(value)
            ahead += [([*trail, Key(k) if trail[-1] in _MAPS else k], item) for k, item in items]


_MAPS = frozenset({"Environment", "HyperParameters", "StaticHyperParameters"})


def _other_way(text: str) -> str:
    if "/input/code/" in text or "/input/entrypoint/" in text:
        return "Build the step with step_args=processor.run(...): its upload's key depends on the code alone."
    if text.strip('"').endswith("sourcedir.tar.gz"):
        return "Build the step with step_args=estimator.fit(...) and a PipelineSession."
    return "Make it a pipeline parameter, or leave it out."


def _cache(step: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**step, "CacheConfig": {"Enabled": True, "ExpireAfter": "P30D", **more}}


RULES = (
    Rule(
        "PC430",
        "warning",
        "The step runs, and is paid for, though nothing has changed.",
        pipeline(
            _cache(running("train.py", "s3://bucket/job-2026-11-25-19-50-43-933/input/code/train.py")),
        ),
        time_stamps,
    ),
    Rule(
        "PC431",
        "warning",
        "The step runs, and is paid for, though nothing has changed.",
        pipeline(
            _cache(a_step("Train", "Training", Environment={"RUN": {"Get": "Execution.PipelineExecutionId"}}))
        ),
        always_new,
    ),
    Rule(
        "PC441",
        "error",
        "AWS refuses the definition.",
        pipeline(_cache(a_step("Train"), ExpireAfter="30 days")),
        malformed_expiry,
    ),
)
