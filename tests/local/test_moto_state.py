"""What moto holds outlives the endpoint: queues, topics, tables and rules, and whoever waits for them."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import defaultdict
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pipecell.local import daemon
from pipecell.local.home import Home
from pipecell.local.services import moto_state
from pipecell.local.store import Store
from tests.local.conftest import Clients
from tests.local.waiting import PATIENCE, wait_until

QUEUE = "arn:aws:sqs:us-east-1:000000000000:asks"
ROLE = "arn:aws:iam::000000000000:role/r"
MACHINE = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl.$": "$.queue", "MessageBody": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
    },
}


@pytest.mark.parametrize(
    ("method", "operation", "expected"),
    [
        ("POST", "ReceiveMessage", True),
        ("POST", "GetQueueUrl", False),
        ("POST", "ListTopics", False),
        ("POST", "PutItem", True),
        ("GET", "", False),
        ("PUT", "", True),
        ("DELETE", "", True),
    ],
)
def test_which_requests_change_something(method: str, operation: str, expected: bool) -> None:
    assert moto_state.changes(method, operation) is expected


class Named(defaultdict[str, list[int]]):
    """A dictionary as moto's are: it wants arguments."""

    def __init__(self, name: str) -> None:
        super().__init__(list)
        self.name = name


def test_what_pickle_alone_cannot_keep() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    named = Named("n")
    named["a"].append(1)
    held = {"lock": threading.RLock(), "key": key, "named": named, "function": lambda: 5}
    again = moto_state.loaded(moto_state.dumped(held))
    assert again["lock"].acquire(blocking=False)
    assert again["key"].private_numbers() == key.private_numbers()
    assert (again["named"].name, again["named"]["a"], again["named"]["new"]) == ("n", [1], [])
    assert again["function"]() == 5


def test_what_is_large_is_written_a_moment_later(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(home)
    state = moto_state.MotoState(store)
    written: list[str] = []
    monkeypatch.setattr(moto_state, "_REST", 1e6)

    def write(service: str) -> int:
        written.append(service)
        time.sleep(0.001)
        return 100 * 1024 * 1024

    monkeypatch.setattr(state, "_write_changed", write)
    for _ in range(100):
        state.save("sqs")
    assert written == ["sqs"]
    state.close()
    assert written == ["sqs", "sqs"]
    store.close()


def _after_a_kill(home: Home, client: Clients) -> Clients:
    """Kill the endpoint as no handler notices, start it again and return clients of it."""
    os.kill(client.info.pid, signal.SIGKILL)
    client.close()
    deadline = time.monotonic() + PATIENCE
    while daemon.find(home) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return Clients(daemon.start(home))


def test_all_of_it_is_there_after_three_kills_and_a_machine_that_waited_goes_on(home: Home) -> None:
    client = Clients(daemon.start(home))
    try:
        execution, queue = _ask(client)
        topic = _furnish(client)
        client = _after_a_kill(home, client)
        [message] = wait_until(
            lambda: client("sqs").receive_message(QueueUrl=queue, VisibilityTimeout=600).get("Messages"),
            "the question is there",
        )
        client = _after_a_kill(home, client)
        client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        client = _after_a_kill(home, client)
        client("stepfunctions").send_task_success(
            taskToken=json.loads(message["Body"])["token"], output='{"answer": 42}'
        )
        described = _ended(client, execution)
        assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", {"answer": 42})
        # The event goes out after the end can be seen.
        told = wait_until(lambda: _told(_received(client, queue)), "the end is told")
        assert told == ["SUCCEEDED"]
        history = client("stepfunctions").get_execution_history(executionArn=execution)["events"]
        assert [event["type"] for event in history].count("TaskSubmitted") == 1
        assert _messages(client, queue) == ("0", "0")
        _use(client, queue, topic)
    finally:
        client.close()
        daemon.stop(home)


def _ask(client: Clients) -> tuple[str, str]:
    """Start a machine that asks through a queue; return execution and queue."""
    queue = client("sqs").create_queue(QueueName="asks")["QueueUrl"]
    states = client("stepfunctions")
    machine = states.create_state_machine(name="m", roleArn=ROLE, definition=json.dumps(MACHINE))
    started = states.start_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps({"queue": queue})
    )
    wait_until(lambda: _messages(client, queue)[0] != "0", "the question is there")
    return started["executionArn"], queue


def _furnish(client: Clients) -> str:
    """Make one of everything; return the topic."""
    sns, events = client("sns"), client("events")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    events.put_rule(Name="mine", EventPattern='{"source": ["me", "aws.states"]}')
    events.put_targets(Rule="mine", Targets=[{"Id": "1", "Arn": QUEUE}])
    client("secretsmanager").create_secret(Name="secret", SecretString="x")
    client("dynamodb").create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    client("dynamodb").put_item(TableName="t", Item={"id": {"S": "1"}, "n": {"N": "5"}})
    return str(topic)


def _use(client: Clients, queue: str, topic: str) -> None:
    client("sns").publish(TopicArn=topic, Message="by a topic")
    client("events").put_events(Entries=[{"Source": "me", "DetailType": "by a rule", "Detail": "{}"}])
    bodies = _received(client, queue)
    assert sorted(body.get("Message") or body["detail-type"] for body in bodies) == [
        "by a rule",
        "by a topic",
    ]
    item = client("dynamodb").get_item(TableName="t", Key={"id": {"S": "1"}})["Item"]
    assert item["n"] == {"N": "5"}
    assert client("secretsmanager").get_secret_value(SecretId="secret")["SecretString"] == "x"


def _told(events: list[dict[str, Any]]) -> list[str]:
    """Return the statuses of executions that events tell."""
    return [event["detail"]["status"] for event in events if "detail" in event]


def _received(client: Clients, queue: str) -> list[dict[str, Any]]:
    """Take every message out of a queue and return the bodies."""
    found = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def _messages(client: Clients, queue: str) -> tuple[str, str]:
    """Return how many messages wait, and how many are being worked on."""
    found = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]


def _ended(client: Clients, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        described: dict[str, Any] = client("stepfunctions").describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        assert time.monotonic() < deadline
        time.sleep(0.05)
