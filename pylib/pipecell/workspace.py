"""What one kernel, or one shell command, works on: its pipelines, profiles, engines and executions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pipecell.engines.engine import Engine, ExecutionSummary
from pipecell.engines.monitor import Monitor
from pipecell.errors import EndpointError, ExecutionError, UsageError, did_you_mean, nearest
from pipecell.live import Screen

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.declare.notebook import Notebook
    from pipecell.definition.checks import Diagnostic
    from pipecell.engines.connection import Connection
    from pipecell.execution import Execution
    from pipecell.pipeline import Pipeline
    from pipecell.targets import Target

PROFILES = ("smoke", "full")
"""The profiles that every pipeline has."""

_PROFILE_NAME = re.compile(r"[A-Za-z][\w-]{0,63}")

TARGETS = ("local", "aws")
"""Where a pipeline can run."""

_ARN = re.compile(
    r"arn:[\w-]+:(?:sagemaker:(?P<region>[\w-]*):(?P<account>\d*):pipeline/[^/]+/execution/.+"
    r"|states:(?P<states_region>[\w-]*):(?P<states_account>\d*):execution:.+)$"
)


@dataclass(frozen=True)
class Profile:
    """A named set of parameter values.

    Attributes:
        name: ``smoke``, ``full``, or a name of the user's own.
        values: what the user set on top of it.
        base: ``smoke`` or ``full``: what a profile of the user's own stands on; empty for those two.
    """

    name: str = "smoke"
    values: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""


class Observer(Protocol):
    """Who wants to know what becomes of a workspace. It is told in the kernel's thread: be quick."""

    def declared(self, pipeline: Pipeline) -> None:
        """A cell has declared this, and it is compiled."""

    def profiled(self, name: str) -> None:
        """Another profile, or other values, are in force for a pipeline."""

    def met(self, execution: Execution) -> None:
        """An execution was started, or asked for, for the first time."""

    def progressed(self, name: str, what: str, share: float) -> None:
        """Something before a run of a pipeline is this far; in any thread, at a share of 1 it is over."""


class Workspace:
    """Pipelines by name and the ways to run them.

    Args:
        notebook: the pipelines that cells declare; None in a shell.
        home: the local endpoint's home; None for the user's own.
    """

    def __init__(self, notebook: Notebook | None = None, *, home: Path | None = None) -> None:
        self.notebook = notebook
        self.home = home
        self.monitor = Monitor()
        self.screen = Screen()
        self.observers: list[Observer] = []
        self.last_declared: dict[str, Pipeline] = {}
        self._compiled: dict[str, Compiled] = {}
        self._diagnostics: dict[str, tuple[Diagnostic, ...]] = {}
        self._profiles: dict[tuple[str, str], Profile] = {}
        self._in_force: dict[str, str] = {}
        self._default_profile = PROFILES[0]
        self._engines: dict[tuple[str, str, str], Engine] = {}
        self._executions: dict[str, Execution] = {}

    # Pipelines

    def add(
        self,
        compiled: Compiled,
        diagnostics: tuple[Diagnostic, ...] = (),
        profiles: Iterable[Profile] = (),
    ) -> Pipeline:
        """Take in a pipeline that was compiled elsewhere: read from a file, or by another kernel.

        Args:
            compiled: the pipeline.
            diagnostics: what declaring it found there.
            profiles: what was set for its profiles there; none of them is put in force.
        """
        self._compiled[compiled.document.name] = compiled
        self._profiles |= {(compiled.document.name, profile.name): profile for profile in profiles}
        self._diagnostics[compiled.document.name] = diagnostics
        return self.pipeline(compiled.document.name)

    def names(self) -> list[str]:
        """Return the names of the pipelines here, in the order of their declaration."""
        declared = list(self.notebook.declarations) if self.notebook is not None else []
        return [*declared, *self._compiled]

    def pipeline(self, name: str | None = None) -> Pipeline:
        """Return a pipeline by name; without one the only one, or the one declared last.

        Raises:
            UsageError: there is none of that name, or none at all.
        """
        from pipecell.pipeline import Pipeline

        chosen = self._choose(name)
        return Pipeline(chosen, self._source(chosen), self)

    def declared(self, pipeline: Pipeline) -> None:
        """Take note of a pipeline that a cell has just declared and compiled, and tell who observes."""
        self.last_declared[pipeline.name] = pipeline
        for observer in list(self.observers):
            observer.declared(pipeline)

    def forget_cell(self, key: str) -> None:
        """Drop what a cell declared that is no longer there, and tell who watches."""
        assert self.notebook is not None  # noqa: S101 - cells are in a notebook
        for name in self.notebook.forget(key):
            if name in self.names():
                self.declared(self.pipeline(name))
            else:
                self.last_declared.pop(name, None)

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

    def declared_diagnostics(self, name: str) -> tuple[Diagnostic, ...]:
        """Return what declaring the pipeline found; nothing for one that came from a definition file."""
        if self.notebook is None or name in self._compiled:
            return self._diagnostics.get(name, ())
        return tuple(self.notebook.get(name).diagnostics)

    def _choose(self, name: str | None) -> str:
        names = self.names()
        if name is None and self.notebook is not None and not self._compiled:
            return self.notebook.get(None).name
        if name is None and len(names) == 1:
            return names[0]
        if name is None:
            raise UsageError(
                f"There are {len(names)} pipelines." if names else "No pipeline is declared.",
                code="PC912",
                hint=f"Choose with --pipeline: {', '.join(names)}." if names else "",
            )
        if name not in names:
            raise UsageError(f'There is no pipeline "{name}".', code="PC912", hint=did_you_mean(name, names))
        return name

    def _source(self, name: str) -> Callable[[], Compiled]:
        compiled = self._compiled.get(name)
        if compiled is not None:
            return lambda: compiled
        notebook = self.notebook
        if notebook is None:
            raise UsageError(f'There is no pipeline "{name}".', code="PC912")

        def compile_now() -> Compiled:
            from pipecell.declare.notebook import compile_declaration

            return compile_declaration(notebook.get(name))

        return compile_now

    # Profiles

    def profile(self, pipeline: str, name: str | None = None) -> Profile:
        """Return a profile of a pipeline with the values set for it; without a name the one in force.

        Raises:
            UsageError: there is no such profile (``PC913``).
        """
        chosen = name or self._in_force.get(pipeline, self._default_profile)
        known = self.profile_names(pipeline)
        if chosen not in known:
            raise UsageError(
                f'There is no profile "{chosen}".', code="PC913", hint=did_you_mean(chosen, known)
            )
        return self._profiles.get((pipeline, chosen), Profile(chosen))

    def profile_names(self, pipeline: str) -> list[str]:
        """Return the profiles that a pipeline has: smoke, full, and the user's own in their order."""
        own = [name for owner, name in self._profiles if owner == pipeline and name not in PROFILES]
        return [*PROFILES, *own]

    def changed_profiles(self, pipeline: str) -> list[Profile]:
        """Return the profiles for which the user set something."""
        return [profile for (owner, _), profile in self._profiles.items() if owner == pipeline]

    def profile_to_use(
        self, pipeline: str, name: str, like: str | None, values: Mapping[str, Any]
    ) -> Profile:
        """Return the profile that is to be put in force.

        A name that there is none of makes a new one, where values are given or a profile to begin with.

        Raises:
            UsageError: there is no such profile (``PC913``), or none can have that name (``PC927``).
        """
        exists = not name or name in self.profile_names(pipeline)
        if exists and like is not None:
            raise UsageError(
                f"{name or 'The profile in force'} exists already.",
                code="PC927",
                hint="--like is for a new profile.",
            )
        if exists or not (values or like):
            return self.profile(pipeline, name or None)
        if not _PROFILE_NAME.fullmatch(name):
            raise UsageError(
                f'"{name}" cannot be the name of a profile.',
                code="PC927",
                hint="Use letters, digits, hyphens and underscores.",
            )
        base = self.profile(pipeline, like or "full")
        return Profile(name, dict(base.values), base.base or base.name)

    def set_profile(self, pipeline: str, profile: Profile) -> None:
        """Put a profile in force, with its values."""
        self._profiles[pipeline, profile.name] = profile
        self._in_force[pipeline] = profile.name
        for observer in list(self.observers):
            observer.profiled(pipeline)

    def use_default_profile(self, name: str) -> None:
        """Choose the profile of all pipelines for which none was put in force.

        Raises:
            UsageError: it is not one of those that every pipeline has (``PC913``).
        """
        if name not in PROFILES:
            raise UsageError(
                f'"{name}" is not a profile of every pipeline.',
                code="PC913",
                hint=did_you_mean(name, PROFILES),
            )
        if name != self._default_profile:
            self._default_profile = name
            for pipeline in [each for each in self.names() if each not in self._in_force]:
                for observer in list(self.observers):
                    observer.profiled(pipeline)

    # Engines and executions

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
        from pipecell import targets

        return Connection(None, region, environment=targets.aws_environment())

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
        self, arn: str = "last", *, on: str | None = None, pipeline: str | None = None
    ) -> Execution:
        """Return an execution by ARN, or the newest one.

        Args:
            arn: the ARN, or ``last``.
            on: the target; without it an ARN tells, and ``last`` looks on this machine.
            pipeline: the pipeline whose newest execution is meant; without it, that of the pipelines
                declared here, and where they have none, of any.

        Raises:
            UsageError: not an execution's ARN (``PC915``), or one on AWS without ``--on aws`` (``PC916``).
            ExecutionError: there is no execution (``PC712``).
        """
        if arn == "last":
            return self._last(on or "local", pipeline)
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

    def executions(self, on: str, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        """Return the newest executions of both engines in a place."""
        rows = [
            row
            for kind in self._engines_of(pipeline)
            for row in self.engine(kind, on).executions(pipeline, limit)
        ]
        return sorted(rows, key=_newest_first)[:limit]

    def _engines_of(self, name: str | None) -> tuple[str, ...]:
        """Return the engines that may have executions of a pipeline."""
        declared = self.notebook.declarations.values() if self.notebook is not None else ()
        for declaration in declared:
            if name in (declaration.name, declaration.deployed_name):
                return (declaration.engine,)
        if name in self._compiled:
            return (self._compiled[name].document.engine,)
        return ("sagemaker", "stepfunctions")

    def _deployed_names(self) -> list[str]:
        """Return the names that the pipelines here have, or will have, where they are deployed."""
        declared = self.notebook.declarations.values() if self.notebook is not None else ()
        return [*(declaration.deployed_name for declaration in declared), *self._compiled]

    def _last(self, on: str, pipeline: str | None) -> Execution:
        rows = self.executions(on, pipeline, 1) if pipeline else []
        if pipeline is None:
            ours = [row for name in self._deployed_names() for row in self.executions(on, name, 1)]
            rows = sorted(ours, key=_newest_first) or self.executions(on, None, 1)
        if not rows:
            of = f" of {pipeline}" if pipeline else ""
            raise ExecutionError(f"There is no execution{of} yet.", code="PC712", hint="`run` starts one.")
        return self.execution(rows[0].execution_arn, on=on)


def _newest_first(row: ExecutionSummary) -> float:
    return -(row.started or 0)


def local_target(home: Path | None = None, *, start: bool = True) -> Target:
    """Return where the local endpoint is.

    Args:
        home: its home; None for the user's own.
        start: start it if it is not running.

    Raises:
        EndpointError: it is not running (``PC891``), or cannot be started.
    """
    from pipecell.local import daemon
    from pipecell.local.home import DEFAULT_REGION, Home
    from pipecell.targets import Target

    place = Home(home) if home is not None else Home.default()
    found = daemon.start(place) if start else daemon.find(place)
    if found is None:
        raise EndpointError(
            "The local endpoint is not running.",
            code="PC891",
            hint="`pipecell local start` starts it; nothing is lost.",
        )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    return Target("local", found.endpoint, region, found.access_key, found.secret_key, found.home)


def read_file(path: Path, name: str | None = None) -> Compiled:
    """Read a definition file, SageMaker's or a state machine's, whoever made it.

    Raises:
        UsageError: there is no such file (``PC917``).
        DefinitionError: it is not a definition.
    """
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.document import read_document

    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}.",
            code="PC917",
            hint=_nearest_file(path) if isinstance(error, FileNotFoundError) else "",
        ) from error
    if path.suffix in (".yaml", ".yml"):
        from pipecell.declare.stepfunctions import read_machine

        body = read_machine(content.decode("utf-8", "replace"))
        return Compiled(read_document(body, name=name, origin=str(path)), region="")
    return Compiled(read_document(content, name=name, origin=str(path)), region="")


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    close = nearest(path.name, (entry.name for entry in islice(path.parent.iterdir(), 500)))
    return f'Did you mean "{path.with_name(close)}"?' if close else ""
