"""Twenty state machines for crash tests, in both query languages: definition, output and number of tasks."""

from __future__ import annotations

from typing import Any

from tests.unit.states.machines import TASK

#: Input of every execution.
INPUT: dict[str, Any] = {"l": [1, 2], "n": 3}

Machine = tuple[dict[str, Any], Any, int]

DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
JOB = "arn:aws:states:::sagemaker:createTrainingJob.sync"
READER = {"Resource": "arn:aws:states:::s3:getObject"}
WRITER = {"Resource": "arn:aws:states:::s3:putObject"}
BUCKET = {"Bucket": "b"}


def group(state: dict[str, Any], name: str = "Inner") -> dict[str, Any]:
    """Return a machine, branch or processor of one state."""
    return {"StartAt": name, "States": {name: state}}


def chain(**states: dict[str, Any]) -> dict[str, Any]:
    """Return states that follow each other."""
    names = list(states)
    made = {
        name: {**body, "Next": after} if "Next" not in body and "End" not in body else body
        for (name, body), after in zip(states.items(), [*names[1:], ""], strict=True)
        if after
    }
    last = states[names[-1]]
    ends = last if last["Type"] in ("Succeed", "Fail") else {**last, "End": True}
    return {"StartAt": names[0], "States": {**made, names[-1]: ends}}


def task(**arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": TASK, "Parameters": arguments, "End": True}


def asks(arguments: Any, **more: Any) -> dict[str, Any]:
    """Return a JSONata task."""
    return {"Type": "Task", "Resource": TASK, "Arguments": arguments, **more, "End": True}


def jsonata(machine: dict[str, Any]) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", **machine}


RETRIED: dict[str, Any] = {
    "Retry": [{"ErrorEquals": ["Boom"], "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["Boom"], "Next": "C"}],
}
CAUGHT: dict[str, Any] = {"Type": "Pass", "Result": "caught", "End": True}
ITERATE: dict[str, Any] = {"Type": "Map", "ItemsPath": "$.l", "MaxConcurrency": 1, "End": True}

JSONPATH: dict[str, Machine] = {
    "pass": (group({"Type": "Pass", "Result": 1, "End": True}), 1, 0),
    "wait": (group({"Type": "Wait", "Seconds": 0, "End": True}), INPUT, 0),
    "task": (group(task(a=1)), {"a": 1}, 1),
    "job": (
        group({"Type": "Task", "Resource": JOB, "Parameters": {"do": "job"}, "End": True}),
        "job done",
        1,
    ),
    "retry and catch": (
        {"StartAt": "T", "States": {"T": {**task(do="fail"), **RETRIED}, "C": CAUGHT}},
        "caught",
        3,
    ),
    "parallel": (
        group({
            "Type": "Parallel", "End": True,
            "Branches": [group(task(a=1), "X"), group(task(a=2), "Y")],
        }),
        [{"a": 1}, {"a": 2}],
        2,
    ),
    "map": (group({**ITERATE, "ItemProcessor": group(task(a=1), "T")}), [{"a": 1}, {"a": 1}], 2),
    "distributed map": (
        group({
            "Type": "Map",
            "ItemReader": {**READER, "Parameters": BUCKET},
            "ItemProcessor": {**group(task(a=1), "T"), **DISTRIBUTED},
            "ResultWriter": {**WRITER, "Parameters": BUCKET},
            "ResultSelector": {"n.$": "$.ResultWriterDetails.Key"},
            "End": True,
        }),
        {"n": "3"},
        3,
    ),
    "choice": (
        {
            "StartAt": "C",
            "States": {
                "C": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.n", "NumericEquals": 3, "Next": "T"}],
                    "Default": "F",
                },
                "T": task(a=1),
                "F": {"Type": "Fail"},
            },
        },
        {"a": 1},
        1,
    ),
    "assign": (
        chain(
            A={"Type": "Pass", "Assign": {"x.$": "$.n"}},
            T={"Type": "Task", "Resource": TASK, "Parameters": {"x.$": "$x"}},
        ),
        {"x": 3},
        1,
    ),
    "map in a parallel": (
        group({
            "Type": "Parallel", "End": True,
            "Branches": [
                group({**ITERATE, "ItemProcessor": group(task(a=1), "T")}, "M"),
                group({"Type": "Pass", "Result": 0, "End": True}, "P"),
            ],
        }),
        [[{"a": 1}, {"a": 1}], 0],
        2,
    ),
    "map that fails and is caught": (
        {
            "StartAt": "M",
            "States": {
                "M": {
                    **ITERATE, "ItemProcessor": group(task(do="fail"), "T"),
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}],
                },
                "C": CAUGHT,
            },
        },
        "caught",
        1,
    ),
}  # fmt: skip

JSONATA: dict[str, Machine] = {
    "pass in JSONata": (
        jsonata(group({"Type": "Pass", "Output": "{% $sum($states.input.l) %}", "End": True})),
        3,
        0,
    ),
    "wait in JSONata": (
        jsonata(chain(
            W={"Type": "Wait", "Seconds": "{% $states.input.n - 3 %}", "Assign": {"x": 1}},
            P={"Type": "Pass", "Output": "{% $x %}"},
        )),
        1,
        0,
    ),
    "task in JSONata": (
        jsonata(group(asks({"a": "{% $states.input.n %}"}, Output="{% $states.result.a + 1 %}"))),
        4,
        1,
    ),
    "job in JSONata": (
        jsonata(group({
            "Type": "Task", "Resource": JOB, "Arguments": {"do": "job"},
            "Output": {"said": "{% $states.result %}"}, "End": True,
        })),
        {"said": "job done"},
        1,
    ),
    "retry and catch in JSONata": (
        jsonata({
            "StartAt": "T",
            "States": {
                "T": {**asks({"do": "fail"}), **RETRIED},
                "C": {"Type": "Pass", "Output": "{% $states.input.Error %}", "End": True},
            },
        }),
        "Boom",
        3,
    ),
    "parallel in JSONata": (
        jsonata(group({
            "Type": "Parallel",
            "Arguments": "{% $states.input.n %}",
            "Output": "{% $sum($states.result.a) %}",
            "Branches": [group(asks({"a": "{% $states.input %}"}), f"T{n}") for n in (1, 2)], "End": True,
        })),
        6,
        2,
    ),
    "map in JSONata": (
        jsonata(group({
            "Type": "Map", "Items": "{% $states.input.l %}", "MaxConcurrency": 1, "End": True,
            "ItemProcessor": group(asks({"a": "{% $states.input %}"}), "T"),
        })),
        [{"a": 1}, {"a": 2}],
        2,
    ),
    "distributed map in JSONata": (
        jsonata(group({
            "Type": "Map",
            "ItemReader": {**READER, "Arguments": BUCKET},
            "ItemBatcher": {"MaxItemsPerBatch": 2},
            "ItemProcessor": {**group(asks("{% $states.input %}"), "T"), **DISTRIBUTED},
            "Output": "{% $states.result.Items %}",
            "End": True,
        })),
        [1, 2, 3],
        2,
    ),
}  # fmt: skip

MACHINES: dict[str, Machine] = {**JSONPATH, **JSONATA}
