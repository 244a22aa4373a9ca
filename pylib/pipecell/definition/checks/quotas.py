"""Quotas: soft limits of an account, which AWS raises on request.

AWS's own pages differ on them, so what goes beyond one is a warning. A notebook sets its account's
own with a comment: ``# pipecell: quota steps=100``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.checks.properties import declared_files

DEFAULTS: Mapping[str, int] = {
    "steps": 50,
    "branch-steps": 20,
    "conditions": 200,
    "property-files": 10,
    "json-gets": 200,
}
"""Source: SageMaker developer guide, "Quotas" and "Pipelines: troubleshooting", November 2026."""
CALLBACK_OUTPUTS = 50


def soft_limits(subject: Subject) -> Iterator[Finding]:
    """Find more steps, branches, property files or JsonGets than an account takes unless AWS raises it."""
    limits = {**DEFAULTS, **subject.quotas}
    for name, count, words, step in _counts(subject):
        if count > limits[name]:
            yield Finding(
                f"{words}: {count:,}; AWS takes {limits[name]:,} unless your account's quota is raised.",
                f"If it is: # pipecell: quota {name}={count}.",
                step,
                "Steps" if step is None else "",
            )


def _counts(subject: Subject) -> Iterator[tuple[str, int, str, str | None]]:
    """Yield (limit, count, what is counted, step) of all that is limited."""
    yield "steps", len(subject.steps), "Steps in this pipeline", None
    branches = Counter((step.parent, step.branch) for step in subject.steps if step.parent is not None)
    for (parent, branch), count in branches.items():
        side = "IfSteps" if branch == "true" else "ElseSteps"
        yield "branch-steps", count, f"Steps in {side}", parent
    gets = 0
    for step in subject.steps:
        yield "property-files", len(declared_files(step)), "Property files of a step", step.name
        gets += sum(reference.json_path is not None for reference in step.references)
        conditions = step.arguments.get("Conditions") if step.type == "Condition" else None
        if isinstance(conditions, list):
            yield "conditions", len(conditions), "Conditions of a step", step.name
    yield "json-gets", gets, "Std:JsonGet in this pipeline", None


def callback_outputs(subject: Subject) -> Iterator[Finding]:
    """Find callback steps with more outputs than AWS takes."""
    for step in subject.steps:
        outputs = step.body.get("OutputParameters")
        if step.type == "Callback" and isinstance(outputs, list) and len(outputs) > CALLBACK_OUTPUTS:
            yield Finding(
                f"The callback has {len(outputs)} outputs; AWS takes at most {CALLBACK_OUTPUTS}.",
                "",
                step.name,
                "OutputParameters",
            )


def _many(count: int) -> list[dict[str, Any]]:
    return [a_step(f"Fail{index}", "Fail", ErrorMessage="") for index in range(count)]


RULES = (
    Rule(
        "PC320",
        "warning",
        "AWS refuses the definition if the account's quota is the usual one.",
        pipeline(*_many(DEFAULTS["steps"] + 1)),
        soft_limits,
    ),
    Rule(
        "PC321",
        "error",
        "AWS refuses the definition.",
        pipeline(
            {
                **a_step("Wait", "Callback"),
                "OutputParameters": [{"OutputName": f"o{index}"} for index in range(CALLBACK_OUTPUTS + 1)],
            }
        ),
        callback_outputs,
    ),
)
