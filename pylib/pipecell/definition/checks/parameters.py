"""Parameters: declared, of a known type, with defaults that they themselves accept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.parameters import MAX_VALUE, TYPES, declared, fits
from pipecell.errors import did_you_mean, nearest


def undeclared(subject: Subject) -> Iterator[Finding]:
    """Find references to parameters that the pipeline does not declare."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "parameter" and reference.name not in subject.parameters:
                yield Finding(
                    f'The pipeline declares no parameter "{reference.name}".',
                    did_you_mean(reference.name, subject.parameters) or "It declares none.",
                    step.name,
                    reference.path,
                )


def unknown_types(subject: Subject) -> Iterator[Finding]:
    """Find parameter types that AWS does not have."""
    for index, parameter in enumerate(declared(subject.document)):
        if parameter.type not in TYPES:
            yield Finding(
                f'"{parameter.type}" is not a parameter type ({parameter.name}).',
                did_you_mean(parameter.type, TYPES),
                None,
                f"Parameters[{index}].Type",
                severity="error" if nearest(parameter.type, TYPES) else "warning",
                parameter=parameter.name,
            )


def wrong_defaults(subject: Subject) -> Iterator[Finding]:
    """Find defaults of another type than the parameter's, outside its enumeration, or too long."""
    for index, parameter in enumerate(declared(subject.document)):
        default, path = parameter.default, f"Parameters[{index}].DefaultValue"
        if default is None or parameter.type not in TYPES:
            continue
        if not fits(parameter.type, default):
            yield Finding(
                f"The default of {parameter.name} is {default!r}, which is not of type {parameter.type}.",
                "",
                None,
                path,
                parameter=parameter.name,
            )
        elif parameter.enum and default not in parameter.enum:
            yield Finding(
                f"The default of {parameter.name} is {default!r}, which its enumeration does not have.",
                f"It is one of {', '.join(map(str, parameter.enum))}.",
                None,
                path,
                parameter=parameter.name,
            )
        elif isinstance(default, str) and len(default) > MAX_VALUE:
            yield Finding(
                f"The default of {parameter.name} has {len(default):,} characters; AWS takes {MAX_VALUE:,}.",
                "Keep long values in a file on S3.",
                None,
                path,
                parameter=parameter.name,
            )


def _parameter(**fields: Any) -> dict[str, Any]:
    return pipeline(Parameters=[{"Name": "Rounds", **fields}])


RULES = (
    Rule(
        "PC130",
        "error",
        "AWS refuses the definition.",
        pipeline(a_step("Train", "Training", RoleArn={"Get": "Parameters.Role"})),
        undeclared,
    ),
    Rule("PC131", "error", "AWS refuses the definition.", _parameter(Type="Strin"), unknown_types),
    Rule(
        "PC132",
        "error",
        "AWS refuses the definition, or every run that keeps the default.",
        _parameter(Type="Integer", DefaultValue="many"),
        wrong_defaults,
    ),
)
