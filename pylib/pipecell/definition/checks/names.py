"""Names: unique, and within AWS's limits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.data import load

_RUN_LIMIT = 200
"""Parameters that one execution takes."""


def duplicate_steps(subject: Subject) -> Iterator[Finding]:
    """Find step names that occur more than once, whatever the branch."""
    counts = Counter(step.name for step in subject.steps)
    seen: set[str] = set()
    for step in subject.steps:
        if counts[step.name] > 1 and step.name in seen:
            first = subject.by_name[step.name]
            yield Finding(
                f'Two steps are called "{step.name}": {first.path} and {step.path}.',
                "Step names are unique in a pipeline, across its branches too.",
                step.name,
                "Name",
            )
        seen.add(step.name)


def step_names(subject: Subject) -> Iterator[Finding]:
    """Find step names that AWS refuses."""
    for step in subject.steps:
        fault = _fault(step.name, "step_name")
        if fault:
            yield Finding(f'The step name "{_short(step.name)}" {fault[0]}.', fault[1], step.name, "Name")


def pipeline_name(subject: Subject) -> Iterator[Finding]:
    """Find a pipeline name that AWS refuses."""
    fault = _fault(subject.document.name, "pipeline_name")
    if fault:
        yield Finding(f'The pipeline name "{_short(subject.document.name)}" {fault[0]}.', fault[1])


def parameter_names(subject: Subject) -> Iterator[Finding]:
    """Find parameter names that AWS refuses or that occur twice, and too many parameters."""
    entries = subject.document.body.get("Parameters")
    entries = entries if isinstance(entries, list) else []
    names = [entry.get("Name") if isinstance(entry, dict) else None for entry in entries]
    for index, name in enumerate(names):
        path = f"Parameters[{index}].Name"
        if not isinstance(name, str):
            yield Finding("A parameter has no name.", "", None, path)
            continue
        fault = _fault(name, "parameter_name")
        if fault:
            yield Finding(
                f'The parameter name "{_short(name)}" {fault[0]}.', fault[1], None, path, parameter=name
            )
        if name in names[:index]:
            yield Finding(f'Two parameters are called "{name}".', "", None, path, parameter=name)
    if len(names) > _RUN_LIMIT:
        yield Finding(
            f"The pipeline has {len(names)} parameters; an execution takes {_RUN_LIMIT}.",
            "",
            None,
            "Parameters",
        )


def _fault(name: str, limit: str) -> tuple[str, str] | None:
    """Return what is wrong with a name and the way out, None when nothing is."""
    limits = load("shapes.json")["limits"][limit]
    if not name:
        return "is empty", ""
    if len(name) > limits["max"]:
        return f"has {len(name)} characters", f"AWS takes {limits['max']}."
    pattern = re.compile(limits["pattern"])
    if pattern.fullmatch(name):
        return None
    strange = sorted({character for character in name if not re.fullmatch(r"[A-Za-z0-9_-]", character)})
    if strange:
        shown = " ".join(
            repr(character).strip("'") if character != " " else "a space" for character in strange[:5]
        )
        return f"has characters that AWS refuses: {shown}", _spelling(limit, name)
    return "is not as AWS wants it", _spelling(limit, name)


def _spelling(limit: str, name: str) -> str:
    underscore = "" if limit == "pipeline_name" else "_"
    proposal = re.sub(rf"[^A-Za-z0-9{underscore}-]+", "-", name).strip("-" if not underscore else "")
    allowed = "letters, digits and hyphens" if not underscore else "letters, digits, hyphens and underscores"
    return f'Use {allowed}: "{_short(proposal)}".' if proposal.strip("-") else f"Use {allowed}."


def _short(name: str) -> str:
    return name if len(name) <= 80 else name[:79] + "…"  # noqa: PLR2004 (for people)


def _many(count: int) -> list[dict[str, Any]]:
    return [{"Name": f"P{index}", "Type": "String", "DefaultValue": ""} for index in range(count)]


RULES = (
    Rule(
        "PC101",
        "error",
        "AWS refuses the definition, or a reference finds the wrong one.",
        pipeline(a_step("Train"), a_step("Train")),
        duplicate_steps,
    ),
    Rule("PC301", "error", "AWS refuses the definition.", pipeline(a_step("my step")), step_names),
    Rule(
        "PC302",
        "error",
        "AWS refuses to create the pipeline.",
        pipeline(),
        pipeline_name,
        example_name="not_a_name",
    ),
    Rule(
        "PC303",
        "error",
        "AWS refuses the definition, or the start of an execution.",
        pipeline(Parameters=_many(_RUN_LIMIT + 1)),
        parameter_names,
    ),
)
