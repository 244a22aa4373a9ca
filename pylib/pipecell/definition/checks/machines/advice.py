"""Practice: what AWS takes and what people regret. Source: "Best practices for Step Functions"."""

from __future__ import annotations

import re
from collections.abc import Iterator

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


RULES = (
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
