"""Instance types: real ones, of the right kind of job, and not carved in stone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipecell.definition.checks.diagnostic import Finding, Rule, Severity, Subject, a_step, pipeline
from pipecell.definition.instances import (
    JobKind,
    Use,
    accelerated,
    all_types,
    families,
    family,
    price,
    types_of,
    uses,
)
from pipecell.errors import nearest

_NOUN: dict[JobKind, str] = {
    "processing": "a processing instance type",
    "training": "a training instance type",
    "transform": "a batch transform instance type",
    "endpoint": "an endpoint instance type",
}
_PARAMETER = {
    "processing": "processing_instance_type",
    "training": "training_instance_type",
    "transform": "transform_instance_type",
    "endpoint": "endpoint_instance_type",
}
_DEAR = 1.0
"""USD an hour from which an instance type that cannot be changed is worth a warning."""


def unknown_types(subject: Subject) -> Iterator[Finding]:
    """Find instance types that the kind of job does not take."""
    told: set[tuple[str, JobKind]] = set()
    for use in _types(subject):
        name, origin = _literal(use, subject)
        if use.kind is None or not name or name in types_of(use.kind):
            continue
        if origin:
            if (origin, use.kind) in told:
                continue
            told.add((origin, use.kind))
        said = f' (the default of parameter "{origin}")' if origin else ""
        yield Finding(
            f'"{name}"{said} is not {_NOUN[use.kind]}.',
            _hint(name, use.kind),
            use.step.name,
            use.path,
            severity=_severity(name),
            parameter=origin or None,
        )


def _severity(name: str) -> Severity:
    """Return how sure we are: a family that we never heard of may be newer than our list."""
    return "warning" if family(name) and family(name) not in families() else "error"


def _hint(name: str, kind: JobKind) -> str:
    if _severity(name) == "warning":
        return "It may be newer than the list that pipecell knows."
    match = _nearest(name, kind)
    hint = f'Did you mean "{match}"?' if match else ""
    if name in all_types():
        others = [_NOUN[other].split(" ", 1)[1] for other in _NOUN if name in types_of(other)]
        return f"It is {_NOUN[kind].split(' ', 1)[0]} {' and '.join(others)}. {hint}".strip()
    return hint


def _nearest(name: str, kind: JobKind) -> str | None:
    """Return the type that was meant: the one without ``ml.``, of the same family, or of like spelling."""
    known = types_of(kind)
    if f"ml.{name}" in known:
        return f"ml.{name}"
    relatives = [other for other in known if family(other) == family(name)]
    return nearest(name, relatives or known)


def hard_coded(subject: Subject) -> Iterator[Finding]:
    """Find instance types that no parameter decides, so that no profile can change them."""
    deciding = {use.kind: use.parameter for use in _types(subject) if use.parameter}
    for use in _types(subject):
        if use.kind is None or not isinstance(use.value, str) or "Supported" in use.path:
            continue
        usd = price(use.value)
        dear = accelerated(use.value) or (usd is not None and usd >= _DEAR)
        cost = f" (${usd:.2f} an hour)" if usd is not None and dear else ""
        yield Finding(
            f"{use.value}{cost} is fixed: smoke and full cannot differ.",
            _mending(use, subject, deciding),
            use.step.name,
            use.path,
            severity="warning" if dear else "info",
        )


def _mending(use: Use, subject: Subject, deciding: Mapping[JobKind | None, str]) -> str:
    """Return the code that makes an instance type a parameter, ready to paste."""
    variable = _PARAMETER[use.kind] if use.kind else "instance_type"
    if use.kind in deciding:
        own = deciding[use.kind]
        return f"The parameter {own} decides it for others: {_written(_variable(own))}."
    name = re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), variable)
    if name in subject.parameters:
        name, variable = f"{name}2", f"{variable}_2"
    return (
        f'Paste {variable} = ParameterString("{name}", default_value="{use.value}") above, '
        f"and write {_written(variable)}."
    )


def _written(variable: str) -> str:
    """Return how a step takes its instance type from a variable: in SDK code, and in a line of ours."""
    return f"instance_type={variable} (in a %%step line, --instance ${variable})"


def _variable(parameter: str) -> str:
    """Return what a parameter's Python variable is likely to be called."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parameter).lower()


def _types(subject: Subject) -> Iterator[Use]:
    return (use for use in uses(subject.document) if use.setting == "type")


def _literal(use: Use, subject: Subject) -> tuple[str, str]:
    """Return the instance type that is written down, and the parameter whose default it is."""
    if isinstance(use.value, str):
        return use.value, ""
    parameter = subject.parameters.get(use.parameter or "")
    if parameter is not None and isinstance(parameter.default, str):
        return parameter.default, parameter.name
    return "", ""


RULES = (
    Rule(
        "PC203",
        "error",
        "AWS refuses the job when its step starts, after all the steps before it have been paid for.",
        pipeline(a_step("Train", "Training", ResourceConfig={"InstanceType": "ml.m5.larg"})),
        unknown_types,
    ),
    Rule(
        "PC501",
        "info",
        "Every trial run costs as much as the real one.",
        pipeline(a_step("Train", "Training", ResourceConfig={"InstanceType": "ml.p3.2xlarge"})),
        hard_coded,
    ),
)
