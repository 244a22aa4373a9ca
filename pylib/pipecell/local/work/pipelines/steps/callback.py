"""Callback: a message with a token goes to a queue, and the step waits for the token to come back.

Source: SageMaker developer guide, "Callback step".
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.definition.references import resolve
from pipecell.local.records import names
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun
from pipecell.local.work.pipelines.outputs import read_outputs

TIMEOUT_SECONDS = 7 * 86400.0
"""AWS gives up a token after seven days."""


class Callback(Handler):
    """Sends the step's arguments to its SQS queue and waits."""

    types = ("Callback",)
    acts_once = True

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Decide the token."""
        token = names.random_suffix()
        metadata = {"Callback": {"CallbackToken": token, "SqsQueueUrl": _queue_url(run)}}
        return Began(metadata, token=token, due=time.time() + TIMEOUT_SECONDS)

    def act(self, run: StepRun) -> None:
        """Send the message."""
        self._send(run, "Executing")

    def act_again(self, run: StepRun) -> Ended | None:
        """Send it once more: queues of this endpoint live in memory and are empty after a restart."""
        if run.record.status == "Executing":
            self._send(run, "Executing", make_queue=True)
        return None

    def look(self, run: StepRun) -> Ended | None:
        """Give up after AWS's time; what comes back in time ends the step by itself."""
        if time.time() < run.record.started + TIMEOUT_SECONDS:
            return None
        return Ended("Failed", failure_reason="ClientError: The callback step timed out.")

    def stop(self, run: StepRun) -> Ended | None:
        """Tell the receiver, whose answer ends the step, as on AWS."""
        self._send(run, "Stopping", make_queue=True)
        return None

    @staticmethod
    def _send(run: StepRun, status: str, *, make_queue: bool = False) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        body = {
            "token": run.record.token,
            "pipelineExecutionArn": run.execution.arn,
            "arguments": run.arguments,
            "status": status,
        }
        url = _queue_url(run)
        try:
            client = run.platform.client("sqs", run.region)
            if make_queue:
                client.create_queue(QueueName=url.rstrip("/").rpartition("/")[2])
            client.send_message(QueueUrl=url, MessageBody=json.dumps(body))
        except (ClientError, BotoCoreError) as error:
            raise ServiceError("ValidationException", f"No message can be sent to {url}: {error}") from error


def succeeded(
    metadata: Mapping[str, Any], body: Mapping[str, Any], given: Sequence[Mapping[str, Any]]
) -> Ended:
    """Return how a Callback step ends whose receiver reported success.

    Args:
        metadata: the step's metadata so far.
        body: the step in the definition.
        given: the OutputParameters that came back.

    Raises:
        ServiceError: an output is missing, unknown or of the wrong type.
    """
    values = {each["Name"]: each["Value"] for each in given}
    outputs = read_outputs(body, values)
    shown = {"Callback": {**metadata.get("Callback", {}), "OutputParameters": list(given)}}
    return Ended("Succeeded", shown, {"OutputParameters": outputs})


def _queue_url(run: StepRun) -> str:
    return str(resolve(run.view.body.get("SqsQueueUrl") or "", run.scope))
