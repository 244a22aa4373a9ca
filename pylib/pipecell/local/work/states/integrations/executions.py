"""``states:startExecution`` in its four patterns."""

from __future__ import annotations

import uuid
from typing import Any

from pipecell.definition.asl.resources import Resource, parse_resource
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import TASK_FAILED, Failure
from pipecell.local.work.states.integrations import services, shapes
from pipecell.local.work.states.integrations.clients import Client


def start(client: Client, resource: Resource, request: TaskRequest) -> Done | Submitted:
    """Start an execution; without a name of its own it is named by the token, the same after a crash."""
    arguments = dict(request.arguments or {})
    if arguments.get("Name") is None:
        arguments["Name"] = str(uuid.UUID(hex=request.token[:32]))
    try:
        result = services.send(client, resource, arguments)["result"]
    except Failure as failure:
        if not (request.again and failure.error == "StepFunctions.ExecutionAlreadyExistsException"):
            raise
        machine = str(arguments["StateMachineArn"])
        prefix = ":".join(machine.replace(":stateMachine:", ":execution:").split(":")[:7])
        result = {"ExecutionArn": f"{prefix}:{arguments['Name']}"}
    if resource.sync:
        return Submitted(result, {"execution": result["ExecutionArn"]}, result["ExecutionArn"])
    return Submitted(result) if resource.waits_for_token else Done(dumps(result))


def stop(client: Client, request: TaskRequest) -> None:
    """Stop the execution that a ``.sync`` task waits for."""
    arn = (request.job or {}).get("execution")
    if arn:
        client("stepfunctions").stop_execution(executionArn=arn)


def result(resource: str, described: dict[str, Any]) -> Done:
    """Return the result of a ``.sync`` task from DescribeExecution's answer.

    Raises:
        Failure: ``States.TaskFailed``, where the execution did not succeed.
    """
    found = parse_resource(resource)
    parse = found is not None and found.pattern == "sync:2"
    made: dict[str, Any] = {
        "ExecutionArn": described["executionArn"],
        "Input": described["input"],
        "InputDetails": {"Included": True},
        "Name": described["name"],
        "StartDate": int(described["startDate"] * 1000),
        "StateMachineArn": described["stateMachineArn"],
        "Status": described["status"],
        "StopDate": int((described["stopDate"] or 0) * 1000),
    }
    if described.get("output") is not None:
        made |= {"Output": described["output"], "OutputDetails": {"Included": True}}
    for key in ("error", "cause"):
        if described.get(key) is not None:
            made[key.capitalize()] = described[key]
    if parse:
        for key in ("Input", "Output"):
            if key in made:
                made[key] = shapes.parsed(made[key])
    ordered = {key: made[key] for key in sorted(made)}
    if described["status"] != "SUCCEEDED":
        raise Failure(TASK_FAILED, dumps(ordered))
    return Done(dumps(ordered))
