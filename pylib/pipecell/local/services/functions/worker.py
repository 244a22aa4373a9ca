"""Runs one Lambda function in a process of its own, one invocation after the other.

It is run as a script, in the function's folder, and imports nothing of ours. Each line on standard input
names an invocation; its request is in ``<name>.request``. The result goes to ``<name>.result`` before it is
acknowledged on the descriptor that the first argument names, so that it outlives the endpoint, and
``<name>.lock`` is held meanwhile, so that an endpoint started anew knows that somebody is at work. The
time-out is kept here for the same reason.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from types import FrameType
from typing import Any

_TASK_ROOT = "/var/task"
#: Seconds without an invocation after which the process ends.
_PATIENCE = 120.0


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, request: dict[str, Any], deadline: float) -> None:
        self.aws_request_id = request["id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.invoked_function_arn = request["arn"]
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = request["id"]
        self.identity = self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run."""
        return max(0, int((self._deadline - time.time()) * 1000))


def load(handler: str) -> Any:
    """Return the handler that ``module.name`` names; the error that Lambda gives where there is none."""
    module, _, name = handler.rpartition(".")
    try:
        found = importlib.import_module(module.replace("/", "."))
    except SyntaxError as error:
        raise HandlerError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}"
        ) from error
    except ImportError as error:
        raise HandlerError(
            "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
        ) from error
    if not hasattr(found, name):
        raise HandlerError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    return getattr(found, name)


class HandlerError(Exception):
    """A handler that cannot be loaded."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def failure(error: BaseException, request_id: str) -> dict[str, Any]:
    """Return an exception as Lambda's Python runtime reports it."""
    if isinstance(error, HandlerError):
        return {
            "errorMessage": str(error),
            "errorType": error.kind,
            "requestId": request_id,
            "stackTrace": [],
        }
    frames = traceback.extract_tb(error.__traceback__)
    own = os.path.realpath(__file__)
    here = os.getcwd()  # noqa: PTH109 -- a worker starts light
    kept = [frame for frame in frames if os.path.realpath(frame.filename) != own]
    lines = [line.replace(here, _TASK_ROOT) for line in traceback.format_list(kept)]
    kind = type(error).__name__
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": lines}


def write(path: str, value: dict[str, Any]) -> None:
    """Write a result so that readers see all of it or nothing."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:  # noqa: PTH123 -- a worker starts light
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)  # noqa: PTH105


def run(name: str, seconds: float) -> None:
    """Run one invocation."""
    import fcntl

    with open(f"{name}.lock", "a") as lock:  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(f"{name}.request", encoding="utf-8") as file:  # noqa: PTH123
            request = json.load(file)

        def over(_signal: int, _frame: FrameType | None) -> None:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            message = f"{stamp} {request['id']} Task timed out after {seconds:.2f} seconds"
            payload = json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {message}"})
            write(f"{name}.result", {"payload": payload, "error": "Unhandled"})
            tell(b"\n")
            os._exit(1)

        tell(b".")
        signal.signal(signal.SIGALRM, over)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        result = outcome(request, time.time() + seconds)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.flush()
        write(f"{name}.result", result)


def outcome(request: dict[str, Any], deadline: float) -> dict[str, Any]:
    """Return what the handler gave, or how it failed."""
    try:
        value = load(os.environ["_HANDLER"])(json.loads(request["payload"]), Context(request, deadline))
    except (Exception, SystemExit) as error:
        return {
            "payload": json.dumps(failure(error, request["id"]), separators=(",", ":")),
            "error": "Unhandled",
        }
    if isinstance(value, bytes):  # is the response as it stands, as in Lambda's own runtime
        return {"payload": value.decode("utf-8", "replace")}
    try:
        return {"payload": json.dumps(value)}
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        payload = {"errorMessage": message, "errorType": "Runtime.MarshalError", "requestId": request["id"]}
        return {"payload": json.dumps({**payload, "stackTrace": []}), "error": "Unhandled"}


def tell(word: bytes) -> None:
    """Tell the endpoint, if it is still there, that an invocation begins (``.``) or its result is written."""
    try:
        os.write(int(sys.argv[1]), word)
    except OSError:
        sys.exit(0)


def main() -> None:
    """Serve until standard input ends."""
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 -- a worker starts light
    # The handler may read standard input: it must not get our lines.
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    while select.select([lines], [], [], _PATIENCE)[0]:
        line = lines.readline()
        if not line:
            return
        task = json.loads(line)
        run(task["name"], task["seconds"])
        tell(b"\n")


if __name__ == "__main__":
    main()
