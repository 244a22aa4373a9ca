"""Step Functions' engine, where a real endpoint cannot show it: looks from several threads at once."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from pipecell.engines.connection import Connection
from pipecell.engines.stepfunctions import StepFunctions

DEADLINE = 60.0
ARN = "arn:aws:states:us-east-1:000000000000:execution:Machine:one"


class Client:
    """Answers a history of one state; a second reader that comes while the first one reads is noticed."""

    def __init__(self) -> None:
        self.reading = 0
        self.most = 0
        self.begun = threading.Event()
        self.go = threading.Event()

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return {
            "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:Machine",
            "status": "RUNNING",
        }

    def get_execution_history(self, **_: Any) -> dict[str, Any]:
        self.reading += 1
        self.most = max(self.most, self.reading)
        self.begun.set()
        self.go.wait(DEADLINE)
        self.reading -= 1
        entered = {
            "id": 1,
            "type": "PassStateEntered",
            "timestamp": 1.0,
            "stateEnteredEventDetails": {"name": "A"},
        }
        left = {"id": 2, "previousEventId": 1, "type": "PassStateExited", "timestamp": 2.0}
        return {"events": [entered, {**left, "stateExitedEventDetails": {"name": "A"}}]}


class Engine(StepFunctions):
    def __init__(self, client: Client) -> None:
        super().__init__(lambda: Connection("http://127.0.0.1"))
        self._client = client

    def client(self, service: str) -> Any:
        return self._client

    def errors(self, doing: str, step: str | None = None) -> AbstractContextManager[None]:
        return nullcontext()


def test_two_threads_read_one_history_one_after_the_other() -> None:
    client = Client()
    engine = Engine(client)
    seen: list[list[str]] = []

    def look() -> None:
        seen.append([step.status for step in engine.describe(ARN).steps])

    threads = [threading.Thread(target=look) for _ in range(2)]
    threads[0].start()
    assert client.begun.wait(DEADLINE)
    threads[1].start()
    threads[1].join(0.2)  # where both may read, it does so now
    client.go.set()
    for thread in threads:
        thread.join(DEADLINE)
    assert client.most == 1
    assert seen == [["Succeeded"], ["Succeeded"]]
