"""Lambda: a function is invoked and what it returns are the step's outputs."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Mapping

from pipecell.definition.references import resolve
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, StepRun
from pipecell.local.work.pipelines.outputs import as_listed, read_outputs, read_payload

_log = logging.getLogger(__name__)
_MAX_REASON = 800


class Function(Handler):
    """Invokes the step's function, in a thread of its own, and waits for its answer.

    An invocation that a crash cut off is made again, as Lambda's own clients would.
    """

    types = ("Lambda",)

    def begin(self, run: StepRun, connection: sqlite3.Connection) -> Began | Ended:
        """Resolve what the function gets."""
        return Began({"Lambda": {"Arn": _function(run)}})

    def act(self, run: StepRun) -> None:
        """Invoke the function; its answer ends the step."""
        threading.Thread(
            target=self._invoke, args=(run,), name=f"lambda-{run.view.name}", daemon=True
        ).start()

    def act_again(self, run: StepRun) -> Ended | None:
        """Invoke the function again, unless nobody wants its answer any more."""
        if run.record.status == "Stopping":
            return Ended("Stopped")
        self.act(run)
        return None

    @staticmethod
    def _invoke(run: StepRun) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            client = run.platform.client("lambda", run.region)
            answer = client.invoke(FunctionName=_function(run), Payload=json.dumps(run.arguments).encode())
            ended = _read(run, answer.get("FunctionError"), answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            ended = Ended("Failed", failure_reason=f"ClientError: {error}")
        except Exception as error:
            _log.exception("the function of step %s", run.view.name)
            ended = Ended("Failed", failure_reason=f"InternalServerError: {error}")
        run.platform.finish(run.execution.id, run.view.name, ended)


def _read(run: StepRun, function_error: str | None, payload: bytes) -> Ended:
    answer = read_payload(payload)
    if function_error:
        words = payload.decode("utf-8", "replace")[:_MAX_REASON]
        return Ended("Failed", failure_reason=f"ClientError: The function failed ({function_error}): {words}")
    try:
        outputs = read_outputs(run.view.body, answer if isinstance(answer, Mapping) else {})
    except ServiceError as error:
        return Ended("Failed", failure_reason=f"ClientError: {error.message}")
    metadata = {"Lambda": {"Arn": _function(run), "OutputParameters": as_listed(outputs)}}
    return Ended("Succeeded", metadata, {"OutputParameters": outputs})


def _function(run: StepRun) -> str:
    return str(resolve(run.view.body.get("FunctionArn") or "", run.scope))
