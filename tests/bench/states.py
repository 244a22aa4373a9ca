"""State machines: a chain, a Map and a Parallel from start to end, beside moto's interpreter.

moto's needs ``moto[stepfunctions]``; without it, ours are measured alone.
"""

from __future__ import annotations

import importlib.util
import json
import time
import urllib.request
import uuid
from typing import Any

from tests.bench.endpoint import Endpoint, running
from tests.bench.objects import moto
from tests.bench.row import Row, median_seconds

ROLE = "arn:aws:iam::000000000000:role/bench"
PASS = {"Type": "Pass", "End": True}
DEADLINE_SECONDS = 120.0


def chain() -> dict[str, Any]:
    """Return a hundred Pass states, one after the other."""
    states = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(99)}
    return {"StartAt": "S0", "States": {**states, "S99": PASS}}


def items() -> dict[str, Any]:
    """Return a Map over its input."""
    processor = {"StartAt": "P", "States": {"P": PASS}}
    return {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}


def branches() -> dict[str, Any]:
    """Return a Parallel of a hundred branches."""
    made = [{"StartAt": f"P{number}", "States": {f"P{number}": PASS}} for number in range(100)]
    return {"StartAt": "B", "States": {"B": {"Type": "Parallel", "Branches": made, "End": True}}}


WORK = (
    ("state machine: 100 Pass states in a chain", chain, "{}", 0.15),
    ("state machine: Map over 1,000 items", items, json.dumps(list(range(1000))), 1.5),
    ("state machine: Parallel of 100 branches", branches, "{}", 0.5),
)


def seconds(endpoint: Endpoint, definition: dict[str, Any], data: str) -> float:
    """Return the median seconds from start to end of an execution."""
    client = endpoint.client("stepfunctions")
    name = f"bench-{uuid.uuid4().hex[:8]}"
    arn = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)[
        "stateMachineArn"
    ]

    def run() -> None:
        execution = client.start_execution(stateMachineArn=arn, name=uuid.uuid4().hex, input=data)[
            "executionArn"
        ]
        end = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < end:
            status = client.describe_execution(executionArn=execution)["status"]
            if status == "SUCCEEDED":
                return
            if status != "RUNNING":
                raise RuntimeError(f"{name} ended {status}")
            time.sleep(0.005)
        raise RuntimeError(f"{name} did not end")

    return median_seconds(run, 3)


def moto_seconds() -> list[float | None]:
    """Return what moto's interpreter takes; nothing where it is not installed."""
    if importlib.util.find_spec("antlr4") is None:
        return [None for _ in WORK]
    with moto() as endpoint:
        settings = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
        request = urllib.request.Request(f"{endpoint.url}/moto-api/config", settings, method="POST")
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as answer:
            answer.read()
        return [seconds(endpoint, make(), data) for _, make, data, _ in WORK]


def measure() -> list[Row]:
    """Run each machine on ours, then on moto's."""
    with running() as endpoint:
        ours = [seconds(endpoint, make(), data) for _, make, data, _ in WORK]
    theirs = moto_seconds()
    return [
        Row(what, mine, budget, "" if other is None else "moto's interpreter", other)
        for (what, _, _, budget), mine, other in zip(WORK, ours, theirs, strict=True)
    ]
