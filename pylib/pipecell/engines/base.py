"""What the engines share: one connection, found again when the endpoint moves, and a step's log."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

from pipecell.engines.connection import Connect, Connection, aws_errors
from pipecell.engines.engine import ExecutionSnapshot, LogLine, StepSnapshot
from pipecell.engines.logs import LogSource, read_batches, read_log, source_of
from pipecell.engines.tuning import look_at_trials, tuning_arn
from pipecell.errors import EndpointError, ExecutionError


class AwsEngine(ABC):
    """An engine reached over AWS's APIs.

    Args:
        connect: finds the way there; asked again by `reconnect`.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None

    @property
    def connection(self) -> Connection:
        """The connection in use."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    @property
    def target(self) -> str:
        """``local`` or ``aws``."""
        return self.connection.target

    @property
    def poll_seconds(self) -> tuple[float, float]:
        """The shortest and the longest time between two looks, in seconds."""
        return (0.2, 1.0) if self.target == "local" else (2.0, 15.0)

    def reconnect(self) -> bool:
        """Look again for the endpoint; tell whether it moved."""
        try:
            found = self._connect()
        except EndpointError:
            return False  # still away; the next look says so again
        moved = found != self._connection
        if moved:
            self._connection = found
        return moved

    @abstractmethod
    def describe(self, execution_arn: str) -> ExecutionSnapshot:
        """Look once at an execution."""

    def logs(self, execution_arn: str, step: str, *, follow: bool = False) -> Iterator[LogLine]:
        """Yield a step's log lines, oldest first.

        Args:
            execution_arn: the execution.
            step: the step's name; ``STEP/JOB`` for one trial of a tuning step.
            follow: go on until the step's job has ended.

        Raises:
            ExecutionError: the step has not started (``PC706``) or has no job that logs (``PC707``).
        """
        pause = self.poll_seconds[0]
        source = self._log_source(execution_arn, step, follow, pause)

        def ended() -> bool:
            now = self._entry(self.describe(execution_arn), step)
            return now is None or now.ended is not None

        with self.errors(f"the log of {step}", step=step):
            yield from read_log(self.connection.client("logs"), source, pause, ended if follow else None)

    def tail(self, execution_arn: str, step: str) -> Iterator[list[LogLine]]:
        """Yield the new lines of a step's log after each look, none too, until its job has ended.

        It also waits for a step that has not started; whoever reads may stop after any look.

        Raises:
            ExecutionError: the step will not start (``PC706``) or has no job that logs (``PC707``).
        """
        pause = self.poll_seconds[0]
        while (source := self._source_now(execution_arn, step, wait=True)) is None:
            yield []
            time.sleep(pause)

        def ended() -> bool:
            now = self._entry(self.describe(execution_arn), step)
            return now is None or now.ended is not None

        with self.errors(f"the log of {step}", step=step):
            yield from read_batches(self.connection.client("logs"), source, pause, ended)

    def errors(self, doing: str, step: str | None = None) -> AbstractContextManager[None]:
        """Turn botocore's errors into ours while something is being done."""
        return aws_errors(doing, connection=self.connection, step=step)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service."""
        return self.connection.client(service)

    def _log_source(self, execution_arn: str, step: str, follow: bool, pause: float) -> LogSource:
        """Return where the log is, waiting for the step's job where it is to be followed."""
        while True:
            source = self._source_now(execution_arn, step, wait=follow)
            if source is not None:
                return source
            time.sleep(pause)

    def _entry(self, found: ExecutionSnapshot, step: str) -> StepSnapshot | None:
        """Return a step, or the trial of one: ``Tune/trial-job-001``."""
        entry = found.step(step)
        holder, _, name = step.rpartition("/")
        around = found.step(holder) if entry is None else None
        arn = tuning_arn(around.metadata) if around is not None else ""
        if not arn:
            return entry
        trials = look_at_trials(self.connection, arn, (holder,), found.engine).steps
        return next((trial for trial in trials if trial.name == name), None)

    def _source_now(self, execution_arn: str, step: str, *, wait: bool) -> LogSource | None:
        """Return where the log is; None where that is worth waiting for."""
        found = self.describe(execution_arn)
        entry = self._entry(found, step)
        source = source_of(entry) if entry is not None else None
        if source is not None:
            return source
        if entry is not None and (entry.ended is not None or not wait):
            raise ExecutionError(_no_log(entry), code="PC707", step=step)
        if entry is None and (not wait or not found.running):
            raise ExecutionError(
                f"It has not started in this execution, which is {found.status}.", code="PC706", step=step
            )
        return None


def _no_log(step: StepSnapshot) -> str:
    if step.failure_reason:
        return f"It wrote no log, for it ended {step.status}: {step.failure_reason.rstrip('.')}."
    return f"A {step.type or 'step of this kind'} step writes no log."
