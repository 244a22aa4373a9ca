"""Shapes: every argument is one that AWS's operation takes, in the form that it takes.

One walk over each step's arguments finds everything; the rules part it by kind, since people look
a code up, not a walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.data import load
from pipecell.definition.sagemaker import StepView
from pipecell.definition.shapes import Fault, FaultKind, Placeholder, Walk, request_of, shape

_SETTLED_ELSEWHERE = frozenset({"Arguments.StepConfig.Name", "Arguments.ClusterConfig.Name"})
"""What the pipelines service names itself, though AWS's operation needs it."""


@dataclass(frozen=True)
class Walked:
    """What walking all steps of a definition found, with the step of each."""

    faults: tuple[tuple[StepView, Fault], ...]
    placeholders: tuple[tuple[StepView, Placeholder], ...]


def walked(subject: Subject) -> Walked:
    """Return what a walk over all arguments finds; once for a document."""
    memo = subject.document.memo
    if "walked" not in memo:
        faults: list[tuple[StepView, Fault]] = []
        placeholders: list[tuple[StepView, Placeholder]] = []
        for step in subject.steps:
            walk = _walk(step)
            faults += [(step, fault) for fault in walk.faults if fault.path not in _SETTLED_ELSEWHERE]
            placeholders += [(step, placeholder) for placeholder in walk.placeholders]
        memo["walked"] = Walked(tuple(faults), tuple(placeholders))
    known: Walked = memo["walked"]
    return known


def _walk(step: StepView) -> Walk:
    walk = Walk(trail=["Arguments"])
    if step.type == "EMR":
        for key, name in load("shapes.json")["emr"].items():
            if step.arguments.get(key) is not None:
                walk.trail.append(key)
                walk.walk(shape(name), step.arguments[key])
                walk.trail.pop()
        return walk
    request = request_of(step.type, step.arguments)
    if request is not None:
        walk.walk(request[0], dict(step.arguments), optional=request[1])
    return walk


def _of(kind: FaultKind) -> Callable[[Subject], Iterator[Finding]]:
    def find(subject: Subject) -> Iterator[Finding]:
        for step, fault in walked(subject).faults:
            if fault.kind == kind:
                yield Finding(fault.message, fault.hint, step.name, fault.path)

    find.__doc__ = _FINDS[kind]
    return find


_FINDS: Mapping[FaultKind, str] = {
    "unknown": "Find arguments that AWS's operation does not have.",
    "missing": "Find arguments that AWS's operation needs and the step does not give.",
    "type": "Find arguments of another JSON type than AWS's operation takes.",
    "enum": "Find words that are not among those that AWS's operation takes.",
    "length": "Find texts, lists and maps that are too long or too short.",
    "pattern": "Find texts that are not in the form that AWS's operation takes.",
    "range": "Find numbers that are too large or too small.",
    "union": "Find choices of one where none or several are given.",
}


def _rule(code: str, kind: FaultKind, example: Mapping[str, Any]) -> Rule:
    return Rule(code, "error", "AWS refuses the job when its step starts.", pipeline(example), _of(kind))


def _training(**arguments: Any) -> dict[str, Any]:
    return a_step("Train", "Training", **arguments)


RULES = (
    _rule("PC220", "unknown", _training(OutputDataConfig={"S3OutputPth": "s3://bucket/models"})),
    _rule("PC221", "missing", a_step("Process", "Processing", RoleArn="arn:aws:iam::111122223333:role/Run")),
    _rule("PC222", "type", _training(ResourceConfig={"VolumeSizeInGB": "30"})),
    _rule("PC223", "enum", _training(AlgorithmSpecification={"TrainingInputMode": "Files"})),
    _rule("PC224", "length", a_step("Process", "Processing", Environment={"QUERY": "x" * 300})),
    _rule("PC225", "pattern", _training(OutputDataConfig={"S3OutputPath": "/models"})),
    _rule("PC226", "range", _training(StoppingCondition={"MaxRuntimeInSeconds": 0})),
    _rule(
        "PC227",
        "union",
        a_step("Auto", "AutoML", AutoMLJobInputDataConfig=[], AutoMLProblemTypeConfig={}),
    ),
)
