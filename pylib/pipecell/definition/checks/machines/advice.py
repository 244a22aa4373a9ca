"""Practice: what AWS takes and what people regret. Source: "Best practices for Step Functions"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipecell.definition.asl.expressions import expression
from pipecell.definition.asl.machine import State, states, texts
from pipecell.definition.asl.resources import parse_resource
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import passing, task

_PLACEHOLDER = re.compile(r"\$\{[A-Za-z_][\w.]*\}")
_LAMBDA_ERRORS = "Lambda.ServiceException, Lambda.AWSLambdaException and Lambda.SdkClientException"


def unguarded(subject: Subject) -> Iterator[Finding]:
    """Find tasks that may wait for ever, or fail for a hiccup."""
    for state in states(subject.document):
        if state.type == "Task":
            advice = list(_advice(state))
            if advice:
                yield Finding(
                    " ".join(message for message, _ in advice), " ".join(way for _, way in advice), state.name
                )


def fixed_names(subject: Subject) -> Iterator[Finding]:
    """Find jobs and models whose name is the same in each execution: there can be one of a name."""
    for state in states(subject.document):
        resource = (
            parse_resource(state.body["Resource"]) if isinstance(state.body.get("Resource"), str) else None
        )
        given = state.body.get("Arguments" if state.jsonata else "Parameters")
        if resource is None or resource.service != "sagemaker" or not isinstance(given, Mapping):
            continue
        for key, made in _ONE_OF_A_NAME.items():
            name = given.get(key)
            fixed = isinstance(name, str) and "${" not in name and expression(name) is None
            if fixed and resource.action == made:
                yield Finding(
                    f'Each execution asks for the name "{name}", and only the first one gets it.',
                    "Take it from the execution: $$.Execution.Name, or an input of its own.",
                    state.name,
                    f"{'Arguments' if state.jsonata else 'Parameters'}.{key}",
                )


def placeholders(subject: Subject) -> Iterator[Finding]:
    """Find what only CloudFormation or SAM fills in."""
    for state in states(subject.document):
        found = [
            (path, hit[0])
            for path, _, text in texts(state.body)
            for hit in [_PLACEHOLDER.search(text)]
            if hit
        ]
        if found:
            path, name = found[0]
            yield Finding(
                f"{name} is filled in by CloudFormation or SAM; a run from here passes it on as it is.",
                "",
                state.name,
                path,
            )


def _advice(state: State) -> Iterator[tuple[str, str]]:
    body = state.body
    resource = parse_resource(body["Resource"]) if isinstance(body.get("Resource"), str) else None
    limited = any(key in body for key in ("TimeoutSeconds", "TimeoutSecondsPath"))
    beats = any(key in body for key in ("HeartbeatSeconds", "HeartbeatSecondsPath"))
    waits = resource is not None and (resource.waits_for_token or resource.kind == "activity")
    if waits and not beats and not limited:
        yield "It may wait a year for its answer.", "Add HeartbeatSeconds or TimeoutSeconds."
    elif not limited and not (resource is not None and resource.sdk):
        yield "It has no time-out.", "Add TimeoutSeconds."
    if "Retry" not in body and resource is not None and resource.kind != "activity":
        if resource.service == "lambda":
            yield "It has no Retry.", f"Lambda fails now and then: retry on {_LAMBDA_ERRORS}."
        else:
            yield "It has no Retry.", "A throttled call fails the execution: add a Retry."


_ONE_OF_A_NAME = {
    "TrainingJobName": "createTrainingJob",
    "ProcessingJobName": "createProcessingJob",
    "TransformJobName": "createTransformJob",
    "HyperParameterTuningJobName": "createHyperParameterTuningJob",
    "LabelingJobName": "createLabelingJob",
    "ModelName": "createModel",
    "EndpointConfigName": "createEndpointConfig",
}

RULES = (
    Rule(
        "PC533",
        "warning",
        "The second execution fails: the name is taken.",
        task(
            "arn:aws:states:::sagemaker:createModel",
            Parameters={"ModelName": "census", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"},
        ),
        fixed_names,
        "stepfunctions",
    ),
    Rule(
        "PC531",
        "info",
        "One lost answer holds or fails a whole execution.",
        task(),
        unguarded,
        "stepfunctions",
    ),
    Rule(
        "PC532",
        "info",
        "AWS refuses the placeholder, or takes it for text.",
        passing(Result="${Table}"),
        placeholders,
        "stepfunctions",
    ),
)
