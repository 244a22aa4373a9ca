"""Pipeline: what users hold. It ties declaring, reading, seeing and running together.

``pipecell.pipeline("NAME")`` is how a notebook gets one. The module is named otherwise than that function:
a module of its name would take its place in the package as soon as it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.errors import (
    CheckFailedError,
    DeclarationError,
    DefinitionError,
)
from pipecell.graph import with_missing
from pipecell.reports import Diagnostics, Preview, ProfileTable, changed_values

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.checks import Diagnostic
    from pipecell.definition.document import Document
    from pipecell.engines.connection import Connection
    from pipecell.engines.engine import Progress
    from pipecell.execution import Execution
    from pipecell.graph import Graph
    from pipecell.live import Screen
    from pipecell.planning import PlanReport
    from pipecell.session import Session
    from pipecell.state_trials import TrialReport


@dataclass(frozen=True)
class Source:
    """Where a pipeline comes from: cells, or a file.

    Attributes:
        compile: gives the compiled definition of this moment.
        diagnostics: gives what declaring it found; nothing for a definition file.
        several: tells whether other pipelines are there too.
        in_notebook: whether it is a notebook that is open now.
    """

    compile: Callable[[], Compiled]
    diagnostics: Callable[[], tuple[Diagnostic, ...]] = tuple
    several: Callable[[], bool] = bool
    in_notebook: bool = False


class Pipeline:
    """One pipeline, as its cells or its file declare it now.

    Get one with ``pipecell.pipeline("NAME")`` in a notebook, or `Pipeline.read` from a file.

    Args:
        name: the name it is declared under.
        source: where it comes from.
        session: what it runs in.
    """

    def __init__(self, name: str, source: Source, session: Session) -> None:
        self.name = name
        self._source = source
        self._session = session
        self._profiles = session.profiles

    @classmethod
    def read(cls, path: str | Path, *, name: str | None = None) -> Pipeline:
        """Read a pipeline from a SageMaker definition ``.json`` or a state machine ``.asl.json``."""
        from pipecell.declare.files import read_file
        from pipecell.session import Session

        compiled = read_file(Path(path), name)
        return cls(compiled.document.name, Source(lambda: compiled), Session())

    @cached_property
    def compiled(self) -> Compiled:
        """The definition and the files it needs, compiled once for this object.

        Raises:
            DefinitionError: the declared steps do not compile.
        """
        from pipecell.progress import compiling

        with compiling(partial(self._session.progressed, self.name)):
            return self._source.compile()

    @property
    def screen(self) -> Screen:
        """What shows it in a notebook."""
        return self._session.screen

    @property
    def document(self) -> Document:
        """The official definition."""
        return self.compiled.document

    @property
    def engine(self) -> str:
        """``sagemaker`` or ``stepfunctions``."""
        return self.document.engine

    @cached_property
    def graph(self) -> Graph:
        """The DAG."""
        from pipecell.definition import read_graph

        graph = read_graph(self.document)
        return with_missing(graph, self.compiled.missing) if self.compiled.missing else graph

    def preview(self) -> Preview:
        """Return the DAG, to display or to convert to SVG, text, DOT, Mermaid or JSON."""
        if not self._source.in_notebook:
            return Preview(self.graph)
        from pipecell import targets
        from pipecell.definition.parameters import declared

        calls = targets.CALLS[targets.current().name]
        profile = self._profiles.get(self.name).name
        shown = self.engine == "sagemaker" and declared(self.document)
        return Preview(self.graph, (profile, calls) if shown else (calls,))

    def check(self) -> Diagnostics:
        """Return every problem that can be found before a launch. Needs no network."""
        from pipecell.declare.findings import unsaid
        from pipecell.definition.checks import Diagnostic, check

        declared = self._source.diagnostics()
        try:
            compiled = self.compiled
        except (DefinitionError, DeclarationError) as error:
            return Diagnostics((*declared, Diagnostic.of(error)))
        document = compiled.document
        ruled = unsaid(declared, check(document, compiled.files))
        found = (*declared, *compiled.diagnostics, *ruled)
        return Diagnostics(each for each in found if not document.notes.passes_over(each.code, each.step))

    def profiles(self) -> ProfileTable:
        """Return the parameter values of each profile, what it costs on AWS, and which is in force."""
        from pipecell.planning import cost_words

        names = self._profiles.names(self.name)
        values = {name: self._profiles.get(self.name, name).values_in(self.document) for name in names}
        return ProfileTable(
            pipeline=self.name,
            in_force=self._profiles.get(self.name).name,
            values=values,
            costs={
                name: cost_words(self.document, each, self.compiled.region) for name, each in values.items()
            },
        )

    def use_profile(self, profile: str = "", *, like: str | None = None, **values: Any) -> ProfileTable:
        """Put a profile in force and set values on top of it.

        Args:
            profile: ``smoke``, ``full``, or a name of your own, which makes a new profile when values are
                given; by default the one in force.
            like: the profile that a new one begins with; ``full`` by default.
            values: parameter values.

        Raises:
            UsageError: no such profile or parameter, a name that is none, or a value of the wrong type.
        """
        chosen = self._profiles.find_or_make(self.name, profile, like, values)
        self._profiles.put_in_force(self.name, chosen.refined(self.document, values))
        return self.profiles()

    def export(self, format: str = "json", *, on: str = "local", file: str = "") -> str:  # noqa: A002
        """Return the pipeline without pipecell.

        Args:
            format: ``json``, the official definition; ``cloudformation``, a template; ``python``, a script
                of the SageMaker SDK alone; ``github-actions``, a workflow that checks, plans and runs it;
                ``policy``, the least IAM policies of its role and of its caller.
            on: ``aws`` puts the caller's account, bucket and role in the place of the placeholders that a
                definition compiled offline has.
            file: the notebook or definition, as a workflow should name it.

        Raises:
            UsageError: a format that does not exist (``PC911``), or that there is none of (``PC926``).
        """
        from pipecell.exporting import export, require_format

        require_format(format)
        ready = self._compiled_for(on, must=False)
        return export(ready, format, file=file or f"{self.name}.ipynb", several=self._source.several())

    def translated(self, engine: str | None) -> Pipeline:
        """Return this pipeline for an engine: a SageMaker pipeline as a state machine.

        Raises:
            UsageError: it is a state machine and is to become a pipeline (``PC918``).
            DefinitionError: some step has no counterpart (``PC630``).
        """
        from pipecell.translation import translated

        compiled = translated(self.compiled, engine)
        if compiled is self.compiled:
            return self
        return Pipeline(self.name, replace(self._source, compile=lambda: compiled), self._session)

    def plan(
        self,
        *,
        profile: str | None = None,
        on: str = "local",
        engine: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        role: str | None = None,
        refresh_prices: bool = False,
    ) -> PlanReport:
        """Say what a run would change on its target, reuse and cost; change nothing.

        Args:
            profile: ``smoke``, ``full`` or one of your own; by default the one in force.
            on: ``local`` or ``aws``.
            engine: ``stepfunctions`` plans a SageMaker pipeline as the state machine that does the same.
            parameters: values on top of the profile's.
            role: role that the pipeline would run under on AWS.
            refresh_prices: ask the AWS Price List for today's prices first, and keep them.

        Raises:
            UsageError: an unknown profile, target or parameter.
            ExecutionError: AWS refused to be looked at.
        """
        from pipecell.definition.parameters import bind, declared, defaults
        from pipecell.planning import Planner, now, prices

        chosen = self._profiles.get(self.name, profile)
        if engine not in (None, self.engine):
            return self.translated(engine).plan(
                on=on,
                parameters=bind(self.document, chosen.values_in(self.document, parameters)),
                role=role,
                refresh_prices=refresh_prices,
            )
        profiled = bool(declared(self.document)) and self.engine == "sagemaker"
        values = (
            bind(self.document, chosen.values_in(self.document, parameters))
            if self.engine == "sagemaker"
            else dict(parameters or {})
        )
        place = self._session.engine(self.engine, on, self.compiled.region)
        connection = self._session.connect(on, self.compiled.region)
        other = "full" if chosen.name == "smoke" else "smoke"
        return Planner(
            compiled=self._compiled_for(on, role, must=False),
            values=values,
            profile=chosen.name if profiled else "",
            changed=changed_values(values, defaults(self.document)),
            engine=place,
            connection=connection,
            prices=prices(self._session.home, connection.region_name(), refresh=refresh_prices),
            other=(other, self._profiles.get(self.name, other).known_in(self.document)) if profiled else None,
            now=now(),
            problems=len(self.check().errors),
        ).plan()

    def run(
        self,
        *,
        profile: str | None = None,
        on: str = "local",
        engine: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        input: Any = None,  # noqa: A002 - a state machine's own word
        only: Sequence[str] = (),
        start_from: str | None = None,
        role: str | None = None,
        max_cost: float | None = None,
        approve: Callable[[PlanReport], bool] | None = None,
        wait: bool = False,
        say: Callable[[str], None] | None = None,
        progress: Progress | None = None,
    ) -> Execution:
        """Check, deploy and start; return at once unless told to wait.

        Args:
            profile: ``smoke``, ``full`` or one of your own; by default the one in force.
            on: ``local`` or ``aws``. Nothing reaches AWS unless this says so.
            engine: ``stepfunctions`` runs a SageMaker pipeline as the state machine that does the same.
            parameters: values on top of the profile's.
            input: a state machine's input; by default what a held-back ``execute(inputs=…)`` named.
                ``parameters`` are written over it by name.
            only: run these steps and reuse the others from the newest earlier execution.
            start_from: run this step and all that wait for it, reuse the others.
            role: role that the pipeline runs under on AWS; by default the one it was declared with,
                else the one of the caller.
            max_cost: USD; what the plan says may cost more on AWS is not started.
            approve: shown the plan of a run on AWS; it is started only if the answer is yes.
            wait: block until it has ended, and raise if it failed.
            say: told in one line what is about to be started, with which values, and where.
            progress: told how far the uploads are.

        Raises:
            CheckFailedError: the checks found errors; nothing was deployed.
            UsageError: an unknown profile, target, parameter or step.
            ExecutionError: AWS refused, the plan was too dear (``PC715``) or not approved (``PC716``), or
                with ``wait`` the run failed.
        """
        from pipecell.definition.parameters import bind, bind_input, declared, defaults
        from pipecell.launching import launch, launch_line, selected_steps

        chosen = self._profiles.get(self.name, profile)
        if engine not in (None, self.engine):
            return self.translated(engine).run(
                profile=profile,
                on=on,
                parameters=bind(self.document, chosen.values_in(self.document, parameters)),
                role=role,
                max_cost=max_cost,
                approve=approve,
                wait=wait,
                say=say,
                progress=progress,
            )
        machine = self.engine == "stepfunctions"
        values = {} if machine else bind(self.document, chosen.values_in(self.document, parameters))
        selected = selected_steps(self.document, only, start_from)
        self._refuse_errors()
        place = self._session.engine(self.engine, on, self.compiled.region)
        if on == "aws" and (max_cost is not None or approve is not None):
            from pipecell.planning import require_approval

            plan = self.plan(profile=profile, on=on, parameters=parameters, role=role)
            require_approval(plan, max_cost, approve)
        ready = self._compiled_for(on, role)
        if machine:
            input = bind_input(  # noqa: A001 - a state machine's own word
                self.document,
                ready.input if input is None else input,
                {**chosen.values, **(parameters or {})},
            )
        # A profile of no values says nothing.
        profiled = chosen.name if not machine and declared(self.document) else ""
        if say is not None:
            aws = self._connect_to_aws() if on == "aws" else None
            say(launch_line(self.name, profiled, values, defaults(self.document), aws))
        uploading = self._uploading(ready, progress)
        arn = launch(place, ready, uploading, parameters=values, input=input, steps=selected)
        execution = self._session.remember(place, arn, profile=profiled)
        return execution.wait() if wait else execution

    def try_job(
        self, step: str, *, say: Callable[[str], None] | None = None, progress: Progress | None = None
    ) -> Execution:
        """Run one step's job now, on this machine, with the latest outputs of the steps that it reads.

        Args:
            step: the step's name in the definition.
            say: told in one line what runs first and what is reused.
            progress: told how far the uploads are.

        Returns:
            The execution, which has just started.

        Raises:
            UsageError: there is no such step (``PC924``).
            CheckFailedError: the step itself has errors; nothing was started.
            ExecutionError: the local endpoint refused.
        """
        from pipecell.job_trials import plan_trial
        from pipecell.launching import launch

        place = self._session.engine(self.engine, "local", self.compiled.region)
        trial = plan_trial(self.document, step, place, partial(self._session.remember, place))
        involved = {step, *trial.first}
        wrong = [found for found in self.check().errors if found.step in involved]
        if wrong:
            raise CheckFailedError(f"{step} was not tried.", diagnostics=wrong)
        if say is not None:
            say(trial.line)
        chosen = self._profiles.get(self.name)
        ready, values = trial.compiled(self.compiled), trial.values(chosen.values_in(self.document))
        arn = launch(place, ready, self._uploading(ready, progress), parameters=values)
        return self._session.remember(place, arn, profile=chosen.name)

    def try_state(
        self,
        state: str,
        input: Any = None,  # noqa: A002 - a state's own word
        *,
        mock: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        on: str = "local",
        role: str | None = None,
    ) -> TrialReport:
        """Try one state of a state machine by itself and return its data stage by stage.

        Args:
            state: its name.
            input: what it is given; ``last`` for what it was given in the newest execution.
            mock: ``{"result": …}`` or ``{"error": …, "cause": …}`` instead of what it calls.
            variables: workflow variables that it may read.
            context: the context object that it may read.
            on: ``local`` or ``aws``.
            role: role that a call is made with on AWS; as in `run` by default.

        Raises:
            UsageError: there is no such state, or it was not entered in the newest execution.
            ExecutionError: AWS refused.
        """
        from pipecell.engines.stepfunctions import StepFunctions
        from pipecell.state_trials import LAST, TrialReport, find_state, last_input

        body = find_state(self.document, state)
        if input == LAST:
            newest = self._session.execution(LAST, on=on, pipeline=self.document.name, engine=self.engine)
            input = last_input(newest.snapshot, state)  # noqa: A001 - a state's own word
        place = self._session.engine(self.engine, on, self.compiled.region)
        assert isinstance(place, StepFunctions)  # noqa: S101 - `find_state` refuses other engines
        ready = self._compiled_for(on, role)
        trial = place.try_state(
            ready.document,
            state,
            kind=body["Type"],
            input={} if input is None else input,
            mock=mock,
            variables=variables,
            context=context,
            role=ready.role,
        )
        return TrialReport(trial)

    def _uploading(self, ready: Compiled, also: Progress | None) -> AbstractContextManager[Progress]:
        """Show how far the uploads of a compiled pipeline are while the block lasts; ``also`` is told too."""
        from pipecell.progress import uploading

        bar = partial(self._session.progressed, self.name)
        return uploading(ready.uploads, bar, begin=lambda: self.screen.await_run(self), also=also)

    def _refuse_errors(self) -> None:
        errors = self.check().errors
        if errors:
            count = f"{len(errors)} errors" if len(errors) > 1 else "an error"
            raise CheckFailedError(f"{self.name} has {count} and was not started.", diagnostics=errors)

    def _compiled_for(self, on: str, role: str | None = None, *, must: bool = True) -> Compiled:
        """Return what is deployed in a place; ``must`` and ``role`` as in `launching.for_account`."""
        if on == "local":
            return self.compiled
        from pipecell.launching import for_account

        return for_account(self.compiled, self._connect_to_aws(), role, must=must)

    def _connect_to_aws(self) -> Connection:
        return self._session.connect("aws", self.compiled.region)

    def __repr__(self) -> str:
        return f"<Pipeline {self.name}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self._session.screen.preview(self, self.preview().bundle())
