"""What a Task calls: an integration that exists, with a pattern that it has.

Source of the list: "Integrating services with Step Functions" in AWS's developer guide.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from pipecell.definition.asl import models
from pipecell.definition.asl.integrations import ACTIONS, SYNC, SYNC2, TOKEN
from pipecell.definition.asl.machine import Group, State, states
from pipecell.definition.asl.resources import Resource, parse_resource
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import DISTRIBUTED, machine, task
from pipecell.errors import did_you_mean

_START_PIPELINE = (
    "Call aws-sdk:sagemaker:startPipelineExecution, then poll describePipelineExecution"
    " with a Wait and a Choice."
)
_ENDPOINT = "Poll aws-sdk:sagemaker:describeEndpoint with a Wait and a Choice until it is InService."
_OPENS = "arn:aws:states:::"
_STORES = {"ItemReader": ("s3:getObject", "s3:listObjectsV2"), "ResultWriter": ("s3:putObject",)}
_OTHER_ARN = re.compile(r"arn:[\w-]+:states:[^:]*:[^:]*:(stateMachine|execution):")


def calls(subject: Subject) -> Iterator[Finding]:
    """Find Resources that no Task can have."""
    for state in states(subject.document):
        arn = state.body.get("Resource")
        if state.type != "Task" or not isinstance(arn, str) or "${" in arn:
            continue
        resource = None if _OTHER_ARN.match(arn) else parse_resource(arn)
        if resource is None:
            yield Finding(f'"{arn}" is not what a Task can call.', _shape(arn), state.name, "Resource")
        elif resource.kind == "service":
            problem = _sdk(resource) if resource.sdk else _optimized(resource)
            if problem:
                # A service that resembles none may be newer than the models here, or retired.
                doubtful = problem[0].startswith("There is no service") and not problem[1]
                yield Finding(*problem, state.name, "Resource", "warning" if doubtful else None)
            else:
                yield from _where(state, resource)


def readers(subject: Subject) -> Iterator[Finding]:
    """Find what a distributed Map cannot read its items from, or write its results to."""
    for state in states(subject.document):
        for key, known in _STORES.items():
            place = state.body.get(key)
            arn = place.get("Resource") if isinstance(place, Mapping) else None
            if place is None or (isinstance(arn, str) and "${" in arn):
                continue
            if not isinstance(arn, str) or arn.rsplit(":::", 1)[-1] not in known:
                names = " or ".join(f'"{_OPENS}{name}"' for name in known)
                yield Finding(f"The Resource of {key} is {names}.", "", state.name, f"{key}.Resource")


def _shape(arn: str) -> str:
    if arn.startswith("arn:") and ":lambda:" in arn:
        return "A function's ARN is arn:aws:lambda:REGION:ACCOUNT:function:NAME."
    if _OTHER_ARN.match(arn):
        return (
            f'Start it with "{_OPENS}states:startExecution.sync:2" and its ARN in Parameters.StateMachineArn.'
        )
    if arn.startswith("arn:"):
        return f"Write {_OPENS}SERVICE:ACTION, {_OPENS}aws-sdk:SERVICE:ACTION, or a function's ARN."
    if re.fullmatch(r"[\w-]+(:[\w-]+)*(\.\w+(:2)?)?", arn) and ":" in arn:
        return f'Write "{_OPENS}{arn}".'
    return f"It is an ARN, such as {_OPENS}lambda:invoke."


def _optimized(resource: Resource) -> tuple[str, str] | None:
    service, action = resource.service, resource.action
    known = ACTIONS.get(service)
    name = f"{service}:{action}"
    if known is None:
        if models.service_name(service):
            return (
                f"Step Functions has no optimized integration with {service}.",
                _sdk_hint(service, action),
            )
        return _no_service(service)
    if action not in known:
        if name == "sagemaker:startPipelineExecution":
            return f"Step Functions has no integration {name}.", _START_PIPELINE
        close = did_you_mean(action, known)
        exists = _operation(service, action)
        hint = _sdk_hint(service, action) if exists else close
        return f"Step Functions has no integration {name}.", hint
    if resource.pattern and resource.pattern not in known[action]:
        return _pattern(resource, known[action])
    return None


def _pattern(resource: Resource, patterns: frozenset[str]) -> tuple[str, str]:
    name = f"{resource.service}:{resource.action}"
    if resource.pattern not in (SYNC, SYNC2, TOKEN):
        return f'"{resource.pattern}" is not a pattern of a call.', did_you_mean(
            resource.pattern, (SYNC, SYNC2, TOKEN)
        )
    if name in ("sagemaker:createEndpoint", "sagemaker:updateEndpoint"):
        return f"{name} has no .{resource.pattern}.", _ENDPOINT
    if resource.sync and resource.action.startswith(("createModel", "createEndpointConfig")):
        return (
            f"{name} has no .{resource.pattern}: it is done when the call returns.",
            f'Write "{_OPENS}{name}".',
        )
    can = " or ".join(f".{pattern}" for pattern in sorted(patterns))
    hint = (
        f'It has {can}, and can be called without: "{_OPENS}{name}".' if can else f'Write "{_OPENS}{name}".'
    )
    return f"{name} has no .{resource.pattern}.", hint


def _sdk(resource: Resource) -> tuple[str, str] | None:
    if not models.available():
        return None
    service = models.service_name(resource.service)
    if service is None:
        return _no_service(resource.service)
    if resource.sync:
        same = ACTIONS.get(resource.service, {}).get(resource.action, frozenset())
        name = f"{resource.service}:{resource.action}.{resource.pattern}"
        hint = "Call it without, then poll its status with a Wait and a Choice."
        if resource.pattern in same:
            hint = f'Write "{_OPENS}{name}".'
        return f"An aws-sdk call has no .{resource.pattern}.", hint
    return _sdk_operation(resource, models.operations(service))


def _no_service(name: str) -> tuple[str, str]:
    close = difflib.get_close_matches(name, [*ACTIONS, *models.service_names()], 1, 0.8)
    return f'There is no service "{name}".', f'Did you mean "{close[0]}"?' if close else ""


def _sdk_operation(resource: Resource, known: Mapping[str, str]) -> tuple[str, str] | None:
    exact = next((name for name in known if name.lower() == resource.action.lower()), None)
    if exact is None:
        return f"{resource.service} has no operation {resource.action}.", did_you_mean(resource.action, known)
    if resource.action[:1].isupper():
        return f"{resource.action} begins with a capital letter.", f"Write {exact}."
    return None  # the Java SDK spells some names with fewer capitals inside


def _where(state: State, resource: Resource) -> Iterator[Finding]:
    """Find patterns that an express execution cannot have."""
    group: Group | None = state.group
    while group is not None:
        if group.express and (resource.sync or resource.waits_for_token):
            yield Finding(
                f"An express execution cannot wait for .{resource.pattern}.",
                'Set the ExecutionType of the Map to "STANDARD".',
                state.name,
                "Resource",
            )
        group = group.parent.group if group.parent is not None else None


def _operation(service: str, action: str) -> bool:
    found = models.service_name(service)
    return found is not None and models.operation(found, action) is not None


def _sdk_hint(service: str, action: str) -> str:
    return f'Write "{_OPENS}aws-sdk:{service}:{action}".' if _operation(service, action) else ""


RULES = (
    Rule(
        "PC210",
        "error",
        "AWS refuses the state machine.",
        task("arn:aws:states:::sagemaker:startPipelineExecution.sync"),
        calls,
        "stepfunctions",
    ),
    Rule(
        "PC211",
        "error",
        "AWS refuses the state machine.",
        machine(
            A={"Type": "Map", "End": True, "ItemReader": {"Resource": f"{_OPENS}s3:read"}, **DISTRIBUTED}
        ),
        readers,
        "stepfunctions",
    ),
)
