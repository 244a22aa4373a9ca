"""What pipelines run in: their profiles, engines and executions, shared by one kernel or one command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipecell.engines.engine import Engine, ExecutionSummary
from pipecell.engines.monitor import Monitor
from pipecell.errors import ExecutionError, UsageError, did_you_mean
from pipecell.live import Screen
from pipecell.profiles import Profiles
from pipecell.targets import TARGETS, aws_environment, local_target

if TYPE_CHECKING:
    from pipecell.engines.connection import Connection
    from pipecell.execution import Execution

_ARN = re.compile(
    r"arn:[\w-]+:(?:sagemaker:(?P<region>[\w-]*):(?P<account>\d*):pipeline/[^/]+/execution/.+"
    r"|states:(?P<states_region>[\w-]*):(?P<states_account>\d*):execution:.+)$"
)


class Observer(Protocol):
    """Who wants to know what becomes of a session. It is told in the kernel's thread: be quick."""

    def declared(self, name: str) -> None:
        """A cell has declared this pipeline, and it is compiled."""

    def profiled(self, name: str) -> None:
        """Another profile, or other values, are in force for a pipeline."""

    def met(self, execution: Execution) -> None:
        """An execution was started, or asked for, for the first time."""

    def progressed(self, name: str, what: str, share: float) -> None:
        """Something before a run of a pipeline is this far; in any thread, at a share of 1 it is over."""


class Session:
    """The ways to run pipelines, and the executions that are known.

    Args:
        home: the local endpoint's home; None for the user's own.
    """

    def __init__(self, *, home: Path | None = None) -> None:
        self.home = home
        self.monitor = Monitor()
        self.screen = Screen()
        self.observers: list[Observer] = []
        self.profiles = Profiles(self._profiled)
        self._engines: dict[tuple[str, str, str], Engine] = {}
        self._executions: dict[str, Execution] = {}

    def progressed(self, name: str, what: str, share: float) -> None:
        """Tell who looks how far something is that happens before a run of a pipeline.

        Args:
            name: the pipeline's.
            what: in words.
            share: from 0 to 1; at 1 it is over.
        """
        self.screen.progressed(name, what, share)
        for observer in list(self.observers):
            observer.progressed(name, what, share)

    def _profiled(self, pipeline: str) -> None:
        for observer in list(self.observers):
            observer.profiled(pipeline)

    def connect(self, on: str, region: str = "", *, start: bool = True) -> Connection:
        """Find the way to a target.

        Args:
            on: ``local`` or ``aws``.
            region: the region; empty for the user's own.
            start: start the local endpoint if it is not running.

        Raises:
            UsageError: no such target (``PC914``).
            EndpointError: the local endpoint is not running and cannot, or was not to, be started.
        """
        from pipecell.engines.connection import Connection

        if on not in TARGETS:
            raise UsageError(f'There is no target "{on}".', code="PC914", hint=did_you_mean(on, TARGETS))
        if on == "local":
            found = local_target(self.home, start=start)
            return Connection(found.endpoint_url, region or found.region, found.access_key, found.secret_key)
        return Connection(None, region, environment=aws_environment())

    def engine(self, kind: str, on: str, region: str = "") -> Engine:
        """Return the engine of a kind in a place, one for all its executions."""
        key = (kind, on, region)
        if key not in self._engines:
            self._engines[key] = self._make_engine(kind, on, region)
        return self._engines[key]

    def _make_engine(self, kind: str, on: str, region: str) -> Engine:
        connected = False

        def connect() -> Connection:
            # Only the first use starts an endpoint: one that was stopped since was stopped on purpose.
            nonlocal connected
            connection = self.connect(on, region, start=not connected)
            connected = True
            return connection

        if kind == "sagemaker":
            from pipecell.engines.sagemaker import SageMaker

            return SageMaker(connect)
        from pipecell.engines.stepfunctions import StepFunctions

        return StepFunctions(connect)

    def execution(
        self,
        arn: str = "last",
        *,
        on: str | None = None,
        pipeline: str | None = None,
        engine: str | None = None,
    ) -> Execution:
        """Return an execution by ARN, or the newest one.

        Args:
            arn: the ARN, or ``last``.
            on: the target; without it an ARN tells, and ``last`` looks on this machine.
            pipeline: the pipeline whose newest execution is meant; without it, that of the pipelines
                declared here, and where they have none, of any.
            engine: that pipeline's engine, where it is known.

        Raises:
            UsageError: not an execution's ARN (``PC915``), or one on AWS without ``--on aws`` (``PC916``).
            ExecutionError: there is no execution (``PC712``).
        """
        if arn == "last":
            return self._last(on or "local", pipeline, engine)
        match = _ARN.match(arn)
        if match is None:
            raise UsageError(
                f'"{arn}" is not the ARN of an execution.',
                code="PC915",
                hint="`list` shows them; `last` is the newest.",
            )
        kind = "sagemaker" if ":sagemaker:" in arn else "stepfunctions"
        local = "0" * 12 in (match["account"], match["states_account"])
        if not local and on != "aws":
            raise UsageError("This execution is on AWS.", code="PC916", hint="Add --on aws to look there.")
        region = match["region"] or match["states_region"] or ""
        return self.remember(self.engine(kind, "local" if local else "aws", region), arn)

    def remember(self, engine: Engine, arn: str, *, profile: str = "") -> Execution:
        """Return the one Execution object of an ARN."""
        from pipecell.execution import Execution

        if arn not in self._executions:
            self._executions[arn] = Execution(
                engine, arn, monitor=self.monitor, screen=self.screen, profile=profile
            )
            for observer in list(self.observers):
                observer.met(self._executions[arn])
        return self._executions[arn]

    def executions(
        self, on: str, pipeline: str | None = None, limit: int = 20, *, engine: str | None = None
    ) -> list[ExecutionSummary]:
        """Return the newest executions in a place, of an engine or of all that may have some."""
        rows = [
            row
            for kind in ((engine,) if engine else self.engines_of(pipeline))
            for row in self.engine(kind, on).executions(pipeline, limit)
        ]
        return sorted(rows, key=_newest_first)[:limit]

    def engines_of(self, name: str | None) -> tuple[str, ...]:
        """Return the engines that may have executions of a pipeline."""
        return ("sagemaker", "stepfunctions")

    def deployed_names(self) -> list[str]:
        """Return the names that the pipelines here have, or will have, where they are deployed."""
        return []

    def _last(self, on: str, pipeline: str | None, engine: str | None) -> Execution:
        rows = self.executions(on, pipeline, 1, engine=engine) if pipeline else []
        if pipeline is None:
            ours = [row for name in self.deployed_names() for row in self.executions(on, name, 1)]
            rows = sorted(ours, key=_newest_first) or self.executions(on, None, 1)
        if not rows:
            of = f" of {pipeline}" if pipeline else ""
            raise ExecutionError(f"There is no execution{of} yet.", code="PC712", hint="`run` starts one.")
        return self.execution(rows[0].execution_arn, on=on)


def _newest_first(row: ExecutionSummary) -> float:
    return -(row.started or 0)
