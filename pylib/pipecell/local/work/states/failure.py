"""What can go wrong inside a state: an error name and a cause, as the language gives them."""

from __future__ import annotations

from typing import Any

ALL = "States.ALL"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
RUNTIME = "States.Runtime"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
ITEM_READER_FAILED = "States.ItemReaderFailed"
RESULT_WRITER_FAILED = "States.ResultWriterFailed"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"

#: Errors that no retrier and no catcher takes.
TERMINAL = frozenset({RUNTIME})


class Failure(Exception):  # noqa: N818 - a failed state is an outcome of the language, not a bug
    """A state failed.

    Args:
        error: error name, such as ``States.TaskFailed``; None where a Fail state names none.
        cause: human text or JSON text; None where there is none.
        located: True when the cause still lacks AWS's sentence that names the state and its event.
        location: field of a failed JSONata evaluation, for example ``Output/result``; empty for a failed
            evaluation of no field; None for any other failure.
    """

    def __init__(
        self,
        error: str | None,
        cause: str | None = None,
        *,
        located: bool = False,
        location: str | None = None,
    ) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.located = located
        self.location = location

    def at(self, state: str, entered_id: int) -> Failure:
        """Return this failure with the sentence that says where it happened, once."""
        if not self.located:
            return self
        where = (
            f"An error occurred while executing the state '{state}' (entered at the event id #{entered_id})."
        )
        return Failure(self.error, f"{where} {self.cause}", location=self.location)

    def output(self) -> dict[str, Any]:
        """Return what a catcher sees as ``$`` or ``$states.errorOutput``."""
        return {"Error": self.error, "Cause": self.cause}


def runtime(cause: str) -> Failure:
    """Return a ``States.Runtime`` failure whose place is filled in by the machine."""
    return Failure(RUNTIME, cause, located=True)


def evaluation(cause: str, location: str) -> Failure:
    """Return a failed JSONata evaluation of the field at ``location``."""
    return Failure(QUERY_EVALUATION_ERROR, cause, located=True, location=location)
