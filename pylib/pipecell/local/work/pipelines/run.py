"""One running execution: what is known of it, and the effects of what the walk decides."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pipecell.definition.cache.content import Fingerprints
from pipecell.definition.document import Document, read_document
from pipecell.errors import EndpointError, PipecellError
from pipecell.local.records import executions, now, pipelines, within
from pipecell.local.records.executions import ExecutionRecord, StepRecord
from pipecell.local.wire import ServiceError
from pipecell.local.work.pipelines import cache, retry
from pipecell.local.work.pipelines.handler import Began, Ended, Handler, Platform, StepRun
from pipecell.local.work.pipelines.plan import Steps, read_steps, selected, whole
from pipecell.local.work.pipelines.scope import RunScope
from pipecell.local.work.pipelines.walk import ACTIVE, Finish, Progress, Start, advance

_log = logging.getLogger(__name__)

STEPS_FAILED = "Step failure: One or multiple steps failed."
"""AWS's words for an execution that failed."""

_LONGEST_REASON = 1024


class Run:
    """A running execution.

    Args:
        platform: what its steps are carried out with.
        record: what the store says of it.
        document: the definition that it runs.
        steps: its steps that have begun.
        default_parallelism: steps at once where neither pipeline nor start request says.
    """

    def __init__(
        self,
        platform: Platform,
        record: ExecutionRecord,
        document: Document,
        steps: Iterable[StepRecord],
        default_parallelism: int,
    ) -> None:
        self._platform = platform
        self._record = record
        self._definition: Steps = read_steps(document)
        self._steps = {step.name: step for step in steps}
        self._plan = _plan(self._definition, record, self._steps)
        self._scope = RunScope(record, self._definition.views, self._steps, platform.objects)
        self._fingerprints = Fingerprints(cache.StoredObjects(platform.objects))
        self._default_parallelism = default_parallelism
        self._lock = threading.RLock()

    @property
    def is_running(self) -> bool:
        """Whether the execution has not ended."""
        return self._record.status in executions.RUNNING

    def take_up(self) -> list[str]:
        """Do again, after a crash, what running steps had been about to do; return their names."""
        with self._lock:
            active = [step for step in self._steps.values() if step.status in ACTIVE and not _waits(step)]
            for step in active:
                self._act(step, again=True)
            return [step.name for step in active]

    def request_stop(self) -> None:
        """Record that somebody asked for a stop; the next look acts on it."""
        with self._lock:
            if self.is_running and not self._record.stopping:
                self._set_status("Stopping", stopping=True)

    def set_parallelism(self, limit: int | None) -> None:
        """Take over a limit of steps at once that was stored meanwhile."""
        with self._lock:
            self._record = replace(self._record, parallelism=limit)

    def finish_step(self, name: str, ended: Ended) -> bool:
        """End a running step by what somebody outside reported; False when it does not run."""
        with self._lock:
            step = self._steps.get(name)
            if step is None or step.status not in ACTIVE or _waits(step):
                return False
            self._end(step, ended)
            return True

    def advance(self, ended: Collection[str], moment: float = 0.0) -> float | None:
        """Take the execution as far as it goes now.

        Args:
            ended: steps that may have ended.
            moment: the time that has come, epoch seconds, where the clock may say an earlier one.

        Returns:
            When a step is due for another look, epoch seconds.
        """
        with self._lock:
            if not self.is_running:
                return None
            self._look_at(ended)
            self._begin_due(max(now(), moment))
            while self.is_running:
                actions = advance(
                    self._plan,
                    self._progress(),
                    limit=self._record.parallelism or self._default_parallelism,
                    stopping=self._record.stopping,
                )
                if not actions:
                    break
                for action in actions:
                    if isinstance(action, Start):
                        self._begin(self._new(action.step))
                    elif isinstance(action, Finish):
                        reason = STEPS_FAILED if action.status == "Failed" else None
                        self._set_status(action.status, failure_reason=reason)
                    else:
                        self._stop(self._steps[action.step])
            return min((step.due for step in self._steps.values() if step.due is not None), default=None)

    # Beginning

    def _new(self, name: str) -> StepRecord:
        begun = now()
        return StepRecord(
            execution=self._record.id,
            name=name,
            type=self._definition.views[name].type,
            status="Starting",
            place=len(self._steps),
            begun=begun,
            started=begun,
        )

    def _begin(self, step: StepRecord) -> None:
        """Begin a step, or take its result from the cache: one transaction, then the act."""
        run, handler = self._at(step)
        try:
            with self._platform.store.transaction() as connection:
                begun = self._begin_within(run, handler, connection)
        except EndpointError:
            raise  # the store itself: nothing can be said of the step, the whole look is repeated
        except Exception as error:
            self._end(step, _failure(error, run))
            return
        self._steps[step.name] = begun
        if begun.status in ACTIVE:
            self._act(begun)
        if handler.at_once:
            self._look_at([step.name])

    def _begin_within(self, run: StepRun, handler: Handler, connection: sqlite3.Connection) -> StepRecord:
        step = run.record
        key = cache.key_of_run(run, self._fingerprints)
        if key is not None:
            hit = cache.find_hit(run, key, within(connection), self._fingerprints)
            if hit is not None:
                earlier, source = hit
                step = replace(
                    step,
                    status="Succeeded",
                    ended=now(),
                    metadata=earlier.metadata,
                    properties=earlier.properties,
                    outcome=earlier.outcome,
                    cache_source=source,
                )
                executions.save_step(connection, step)
                return step
        step = replace(step, cache_key=key)
        result = handler.begin(replace(run, record=step), connection)
        if isinstance(result, Ended):
            step = _ended(step, result)
        else:
            step = _began(step, result, acts_once=handler.acts_once)
        executions.save_step(connection, step)
        return step

    def _act(self, step: StepRecord, *, again: bool = False) -> None:
        run, handler = self._at(step)
        try:
            if again and step.status != "Starting":
                ended = handler.act_again(run)
                if ended is not None:
                    self._end(step, ended)
                elif step.status == "Stopping":
                    self._stop(step)
                return
            handler.act(run)
            if step.status == "Starting":
                self._save(replace(step, status="Executing"))
        except Exception as error:
            self._end(step, _failure(error, run))

    def _begin_due(self, moment: float) -> None:
        """Begin the steps again whose retry is due, and look at those that are due otherwise."""
        for step in list(self._steps.values()):
            if step.due is None or step.due > moment or self._record.stopping:
                continue
            if _waits(step):
                self._begin(
                    replace(
                        step,
                        status="Starting",
                        attempt=step.attempt + 1,
                        started=moment,
                        failure_reason=None,
                        metadata={},
                        due=None,
                    )
                )
            else:
                self._save(replace(step, due=None))
                self._look_at([step.name])

    # Ending

    def _look_at(self, names: Iterable[str]) -> None:
        for name in names:
            step = self._steps.get(name)
            if step is None or step.status not in ACTIVE or _waits(step):
                continue
            run, handler = self._at(step)
            try:
                ended = handler.look(run)
            except Exception as error:
                ended = _failure(error, run)
            if ended is not None:
                self._end(step, ended)

    def _end(self, step: StepRecord, ended: Ended) -> None:
        again = self._again(step, ended)
        if again is not None:
            used = {**step.retries, again.policy: step.retries.get(again.policy, 0) + 1}
            step = replace(
                step,
                status="Starting",
                job_kind=None,
                job_name=None,
                token=None,
                failure_reason=ended.failure_reason,
                retries=used,
                due=time.time() + again.delay,
            )
        else:
            step = _ended(step, ended)
            if step.status == "Succeeded" and step.cache_key is not None:
                step = replace(step, artifacts=self._fingerprints.of_artifacts(step.properties))
        self._save(step)

    def _again(self, step: StepRecord, ended: Ended) -> retry.Again | None:
        if ended.status != "Failed" or self._record.stopping or step.type not in retry.RETRIED_TYPES:
            return None
        policies = self._definition.views[step.name].body.get("RetryPolicies") or ()
        return retry.decide(policies, ended.fault, used=step.retries, elapsed=time.time() - step.begun)

    # Stopping

    def _stop(self, step: StepRecord) -> None:
        if _waits(step):
            self._end(step, Ended("Stopped", step.metadata))
            return
        if step.status != "Stopping":
            step = replace(step, status="Stopping")
            self._save(step)
        run, handler = self._at(step)
        try:
            ended = handler.stop(run) or handler.look(run)
        except Exception as error:
            ended = _failure(error, run)
        if ended is not None:
            self._end(step, ended)

    # Looking

    def _at(self, step: StepRecord) -> tuple[StepRun, Handler]:
        view = self._definition.views[step.name]
        return StepRun(self._platform, self._record, view, step, self._scope), self._platform.handlers[
            view.type
        ]

    def _progress(self) -> dict[str, Progress]:
        return {
            name: Progress(step.status, step.outcome)  # type: ignore[arg-type]  # rows hold AWS's words only
            for name, step in self._steps.items()
        }

    def _save(self, step: StepRecord) -> None:
        job = None
        if step.status == "Succeeded" and step.cache_key is not None and step.job_kind is not None:
            job = self._platform.lifecycle.find(step.job_kind, str(step.job_name))
        inputs = self._fingerprints.of_inputs(job.request) if job is not None else []
        with self._platform.store.transaction() as connection:
            executions.save_step(connection, step)
            if job is not None:
                cache.tell(connection, job, step, inputs)
        self._steps[step.name] = step

    def _set_status(self, status: str, *, failure_reason: str | None = None, stopping: bool = False) -> None:
        with self._platform.store.transaction() as connection:
            executions.set_status(
                connection, self._record.id, status, failure_reason=failure_reason, stopping=stopping
            )
        self._record = replace(self._record, status=status, failure_reason=failure_reason, stopping=stopping)


def load(platform: Platform, execution_id: str, default_parallelism: int) -> Run | None:
    """Read an execution that has not ended from the store; None when there is none."""
    query = platform.store.query
    record = executions.find(query, execution_id)
    if record is None or record.status not in executions.RUNNING:
        return None
    version = pipelines.find_version(query, record.pipeline, record.version)
    if version is None:
        return None
    document = read_document(version.definition, name=record.pipeline)
    return Run(platform, record, document, executions.steps(query, execution_id), default_parallelism)


def _plan(definition: Steps, record: ExecutionRecord, steps: Mapping[str, StepRecord]) -> Any:
    if not record.selection:
        return whole(definition)
    chosen = {each["StepName"] for each in record.selection["SelectedSteps"]}
    reused = {name for name, step in steps.items() if step.selection_source is not None}
    return selected(definition, chosen, reused)


def _waits(step: StepRecord) -> bool:
    """Tell whether a step waits for its next attempt."""
    return step.status == "Starting" and step.due is not None


def _began(step: StepRecord, began: Began, *, acts_once: bool) -> StepRecord:
    kind, name = began.job or (None, None)
    return replace(
        step,
        status="Starting" if acts_once else "Executing",
        metadata=began.metadata,
        job_kind=kind,
        job_name=name,
        token=began.token,
        due=began.due,
    )


def _ended(step: StepRecord, ended: Ended) -> StepRecord:
    reason = ended.failure_reason
    return replace(
        step,
        status=ended.status,
        ended=now(),
        failure_reason=reason[:_LONGEST_REASON] if reason else None,
        metadata=ended.metadata or step.metadata,
        properties=ended.properties,
        outcome=ended.outcome,
        due=None,
    )


def _failure(error: Exception, run: StepRun) -> Ended:
    """Return how a step ends that could not be begun, looked at or stopped."""
    if isinstance(error, ServiceError):
        faults = {"ThrottlingException": retry.THROTTLING, "ResourceLimitExceeded": retry.RESOURCE_LIMIT}
        return Ended("Failed", failure_reason=f"ClientError: {error.message}", fault=faults.get(error.code))
    if isinstance(error, PipecellError):
        hint = f" {error.hint}" if error.hint else ""
        return Ended("Failed", failure_reason=f"ClientError: {error.message}{hint}")
    _log.error("step %s of %s", run.view.name, run.execution.arn, exc_info=error)
    words = f"InternalServerError: {type(error).__name__}: {error}"
    return Ended("Failed", failure_reason=words, fault=retry.SERVICE_FAULT)
