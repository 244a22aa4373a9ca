"""References: each one can be read, and what it names exists."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.checks.properties import MODEL_STEPS
from pipecell.definition.paths import parse_property_path
from pipecell.errors import DefinitionError, did_you_mean, nearest

EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)
_parse = lru_cache(maxsize=4096)(parse_property_path)


def dangling_steps(subject: Subject) -> Iterator[Finding]:
    """Find references to steps that do not exist."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "step" and reference.name not in subject.by_name:
                yield Finding(
                    f'There is no step "{reference.name}".',
                    _which_step(reference.name, subject),
                    step.name,
                    reference.path,
                )


def dangling_depends_on(subject: Subject) -> Iterator[Finding]:
    """Find DependsOn names that are no step."""
    for step in subject.steps:
        for index, name in enumerate(step.depends_on):
            if name not in subject.by_name:
                yield Finding(
                    f'There is no step "{name}" to wait for.',
                    _which_step(name, subject),
                    step.name,
                    f"DependsOn[{index}]",
                )


def _which_step(name: str, subject: Subject) -> str:
    """Return a hint: what the SDK's ModelStep made of the name, else the nearest name."""
    made = [f"{name}-{added}" for added in MODEL_STEPS if f"{name}-{added}" in subject.by_name]
    if made:
        return f"ModelStep {name} compiles to {' and '.join(made)}."
    return did_you_mean(name, subject.by_name)


def malformed(subject: Subject) -> Iterator[Finding]:
    """Find references that have no known form, or whose path cannot be read."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "unknown":
                yield Finding(
                    f'"{reference.name}" is not a reference.',
                    "A Get begins with Parameters., Steps. or Execution.",
                    step.name,
                    reference.path,
                )
            try:
                _parse(reference.property)
                _parse(reference.json_path or "")
            except DefinitionError as error:
                yield Finding(error.message, "", step.name, reference.path)


def execution_variables(subject: Subject) -> Iterator[Finding]:
    """Find execution variables that AWS does not have."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "execution" and reference.name not in EXECUTION_VARIABLES:
                yield Finding(
                    f'There is no execution variable "{reference.name}".',
                    did_you_mean(reference.name, EXECUTION_VARIABLES),
                    step.name,
                    reference.path,
                    # A name far from all that we know may be one that AWS has added.
                    severity="error" if nearest(reference.name, EXECUTION_VARIABLES) else "warning",
                )


def _reading(text: str) -> dict[str, Any]:
    return a_step("Train", "Training", InputDataConfig=[{"S3Uri": {"Get": text}}])


RULES = (
    Rule(
        "PC102",
        "error",
        "AWS refuses the definition.",
        pipeline(a_step("Process", "Processing"), _reading("Steps.Proces.ProcessingJobArn")),
        dangling_steps,
    ),
    Rule(
        "PC103",
        "error",
        "AWS refuses the definition.",
        pipeline({**a_step("Train"), "DependsOn": ["Process"]}),
        dangling_depends_on,
    ),
    Rule(
        "PC112",
        "error",
        "AWS refuses the definition, or the step fails when the value is needed.",
        pipeline(_reading("Parameter.Typo")),
        malformed,
    ),
    Rule(
        "PC104",
        "error",
        "AWS refuses the definition.",
        pipeline(_reading("Execution.PipelineExecutionID")),
        execution_variables,
    ),
)
