"""A plan, made: what a run would change on its target, reuse and cost. Nothing is changed by making it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.definition import read_graph
from pipecell.definition.cache.foresee import Foresight, Target, Will, foresee, in_order
from pipecell.definition.cost.estimate import Cost, estimate, money
from pipecell.definition.cost.hours import Hours, from_runs, never_ran, words
from pipecell.definition.cost.prices import PriceTable
from pipecell.definition.cost.rentals import Need, needs
from pipecell.definition.diff import compare
from pipecell.definition.diff.code import compare_files, describe
from pipecell.definition.document import Document
from pipecell.definition.instances import uses
from pipecell.definition.plan import Place, Plan
from pipecell.definition.sagemaker import dependencies, iterate_steps
from pipecell.engines.objects import S3Objects
from pipecell.engines.past import PastRuns, Took
from pipecell.engines.uploads import account
from pipecell.errors import ExecutionError

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.engines.connection import Connection
    from pipecell.engines.engine import Deployed, Engine

_DAY = 86400.0


@dataclass(frozen=True)
class PlanReport:
    """A plan, ready to be shown.

    Attributes:
        plan: the plan.
    """

    plan: Plan

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``plan`` object."""
        return self.plan.to_json()

    def bundle(self) -> dict[str, str]:
        """Return the table as HTML and text in one MIME bundle."""
        from pipecell.view.plan import to_html, to_text

        return {"text/html": to_html(self.plan), "text/plain": to_text(self.plan)}

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """Return the table as text."""
        from pipecell.view.plan import to_text

        return to_text(self.plan, width=width, color=color)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.bundle()


@dataclass(frozen=True)
class Planner:
    """All that a plan is made of.

    Attributes:
        compiled: the pipeline as it would be deployed.
        values: its parameters' values.
        profile: name of the profile; empty for a pipeline without parameters.
        changed: the values that differ from the defaults, in words.
        engine: where it would run.
        connection: the way there.
        prices: what instances cost.
        other: name and parameter values of the profile to compare the cost with; None for none.
        now: epoch seconds.
        problems: how many errors the checks found, for which a run would be refused.
    """

    compiled: Compiled
    values: Mapping[str, Any]
    profile: str
    changed: str
    engine: Engine
    connection: Connection
    prices: PriceTable
    other: tuple[str, Mapping[str, Any]] | None
    now: float
    problems: int = 0

    def plan(self) -> PlanReport:
        """Make the plan.

        Raises:
            ExecutionError: AWS refused to be looked at.
            EndpointError: the local endpoint does not answer.
            DefinitionError: the definition cannot be read, or an ``ExpireAfter`` is no duration.
        """
        document = self.compiled.document
        region = self.connection.region_name()
        there = S3Objects(self.connection)
        coming = S3Objects(self.connection, self.compiled.uploads)
        deployed = self.engine.deployed(document.name)
        past = PastRuns(self.connection, document.name, there) if document.engine == "sagemaker" else None
        steps = self._steps(document, past, there, coming, deployed)
        left_out = {step.step for step in steps if step.will in ("reuse", "skip")}
        cost = self._cost(document, self.values, past, region, left_out)
        return PlanReport(
            Plan(
                pipeline=document.name,
                engine=document.engine,
                place=Place(self.connection.target, region, account(self.connection)),
                profile=self.profile,
                parameters=self.values,
                changed=self.changed,
                deployed=None if deployed is None else self._ago(deployed.modified),
                changes=compare(
                    deployed.document if deployed else None,
                    document,
                    code_before=there.code,
                    code_after=coming.code,
                ),
                steps=steps,
                cost=cost,
                other=None
                if self.other is None
                else (self.other[0], self._cost(document, self.other[1], past, region, ())),
                notes=(
                    *_refusal(self.problems),
                    *_stale_inputs(steps, past, {upload.uri for upload in self.compiled.uploads}),
                ),
                elapsed=_elapsed(document, cost),
            )
        )

    def _steps(
        self,
        document: Document,
        past: PastRuns | None,
        there: S3Objects,
        coming: S3Objects,
        deployed: Deployed | None,
    ) -> tuple[Foresight, ...]:
        if past is None:
            return tuple(_state(node.name, node.type) for node in read_graph(document).nodes)
        target = Target(
            past=past,
            content=_content(coming) if past.local else _as_it_is,
            code_words=code_words(there, coming, by_address=not past.local),
            day=lambda moment: day(moment, self.now),
            now=self.now,
            pipeline_arn=deployed.arn if deployed else "",
        )
        return foresee(document, self.values, target)

    def _cost(
        self,
        document: Document,
        values: Mapping[str, Any],
        past: PastRuns | None,
        region: str,
        left_out: Any,
    ) -> Cost:
        hours: dict[str, Hours] = {}
        if past is not None:
            wanted = [need for need in needs(document, values) if need.rentals and need.step not in left_out]
            reaching = _reaching(document)
            hours = {
                need.step: found
                for need in wanted
                if (found := _hours(need, values, past, reaching[need.step]))
            }
        return estimate(document, values, prices=self.prices, region=region, hours=hours, skipped=left_out)

    def _ago(self, moment: float | None) -> str:
        if moment is None:
            return ""
        seconds = max(0.0, self.now - moment)
        days = int(seconds // _DAY)
        return f"{days} day{'s' * (days != 1)} ago" if days else f"{words(seconds)} ago"


def day(moment: float, now: float) -> str:
    """Return a time for people: ``20 Nov``, or ``14:05 today``."""
    then, today = datetime.fromtimestamp(moment), datetime.fromtimestamp(now)
    if then.date() == today.date():
        return f"{then:%H:%M} today"
    return f"{then.day} {then:%b}" if then.year == today.year else f"{then.day} {then:%b %Y}"


def _state(name: str, state_type: str) -> Foresight:
    will: Will = "decide" if state_type == "Choice" else "run"
    reason = "a state machine reuses nothing" if state_type == "Task" else ""
    return Foresight(name, state_type, will, "off", reason)


def _content(objects: S3Objects) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    from pipecell.definition.cache.content import Fingerprints

    return Fingerprints(objects).with_code_by_content


def _as_it_is(identifying: Mapping[str, Any]) -> Mapping[str, Any]:
    return identifying


def code_words(there: S3Objects, coming: S3Objects, *, by_address: bool) -> Callable[[str, str], str]:
    """Return what says how code differs.

    Args:
        there: S3 as it is.
        coming: S3 as it will be.
        by_address: whether the target takes the same code at another address for other code.
    """

    def words_of(before: str, after: str) -> str:
        old, new = there.code(before), coming.code(after)
        changes = list(compare_files(old, new))
        if not old or not new:
            return "" if before == after else f"code {before} → {after}"
        if changes:
            return describe(changes)
        return "the same code was uploaded to another address" if by_address and before != after else ""

    return words_of


def _hours(need: Need, values: Mapping[str, Any], past: PastRuns, behind: Collection[str]) -> Hours | None:
    """Return how long a step took in runs like the one to come, None when there were none.

    Like it are runs with the same values of the parameters that reach the step or what it waits for,
    and on AWS on the same instances; on this machine instance types say nothing.

    Args:
        need: the step and what it rents.
        values: the parameters' values of the run to come.
        past: the earlier executions.
        behind: the parameters that reach the step or what it waits for.
    """
    rented = [rental.label for rental in need.rentals]
    took = [
        each.seconds
        for each in past.times(need.step)
        if all(each.parameters.get(name) == values.get(name) for name in behind)
        and (past.local or _instances(each, need.step) == rented)
    ]
    return from_runs(took)


def _reaching(document: Document) -> dict[str, set[str]]:
    """Return, for each step, the parameters that reach it or a step that it waits for, but for instances."""
    instances = {use.parameter for use in uses(document) if use.parameter is not None}
    waits = dependencies(document)
    found: dict[str, set[str]] = {}
    own = {
        step.name: {each.name for each in step.references if each.kind == "parameter"} - instances
        for step in iterate_steps(document)
    }
    for name in in_order(waits):
        found[name] = own[name].union(*(found.get(need, set()) for need in waits[name]))
    return found


def _instances(took: Took, step: str) -> list[str]:
    found = [need for need in needs(took.document, took.parameters) if need.step == step]
    return [rental.label for need in found for rental in need.rentals]


def _refusal(problems: int) -> list[str]:
    if not problems:
        return []
    found = f"{problems} errors" if problems > 1 else "an error"
    return [f"`check` finds {found}: a run would be refused."]


def _elapsed(document: Document, cost: Cost) -> Hours | None:
    """Return how long the run takes: the longest way through its steps; None where one never ran."""
    times = {step.step: step.hours for step in cost.steps if step.hours is not None}
    if not times or any(never_ran(hours) for hours in times.values()):
        return None
    waits = dependencies(document)
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for name in in_order(waits):
        took = times.get(name)
        before = [need for need in waits[name] if need in low]
        low[name] = max((low[need] for need in before), default=0.0) + (took.low if took else 0.0)
        longest = took.high if took and took.high is not None else 0.0
        high[name] = max((high[need] for need in before), default=0.0) + longest
    return Hours(max(low.values()), max(high.values()), "the longest way through the steps")


def _stale_inputs(steps: Sequence[Foresight], past: PastRuns | None, coming: Collection[str]) -> list[str]:
    """Return a warning for each input that changed under a result that will be reused all the same.

    Args:
        steps: what will happen with each step.
        past: the earlier executions.
        coming: the URIs of what a deployment puts in place, which is not there yet.
    """
    found: list[str] = []
    for step in steps:
        if past is None or step.will != "reuse":
            continue
        run = past.run(step.source).step(step.step, step.type)
        for uri in run.changed_inputs if run is not None else ():
            if uri not in coming:
                found.append(
                    f"{step.step} will reuse a result though {uri} was changed since: the cache goes by "
                    "the address of data, not by what is there."
                )
    return found


def prices(home: Path | None, region: str, *, refresh: bool = False) -> PriceTable:
    """Return what instances cost, as far as anybody has asked.

    Args:
        home: the local endpoint's home, where prices are kept that were asked for; None for the user's.
        region: the region to ask about.
        refresh: ask AWS first.

    Raises:
        ExecutionError: the AWS Price List cannot be read (``PC714``).
    """
    from pipecell.engines import prices as known_prices
    from pipecell.local.home import Home

    place = Home(home) if home is not None else Home.default()
    if refresh:
        return known_prices.refresh(place.create().root, [region])
    return known_prices.kept(place.root)


def require_approval(
    report: PlanReport, max_cost: float | None, approve: Callable[[PlanReport], bool] | None
) -> None:
    """Refuse a run that may cost too much, or that nobody approves.

    Args:
        report: the plan.
        max_cost: USD; None for no limit.
        approve: asked where given.

    Raises:
        ExecutionError: ``PC715``, it may cost more than the limit; ``PC716``, it was not approved.
    """
    cost = report.plan.cost
    if max_cost is not None and (cost.open or cost.high > max_cost):
        most = "an amount that nobody can bound" if cost.open else money(cost.high)
        raise ExecutionError(
            f"{report.plan.pipeline} may cost {most}, more than {money(max_cost)}; it was not started.",
            code="PC715",
            hint="`plan` shows what costs how much: shorten a step's MaxRuntimeInSeconds, or allow more.",
        )
    if approve is not None and not approve(report):
        raise ExecutionError(f"{report.plan.pipeline} was not started.", code="PC716")


def now() -> float:
    """Return the time, epoch seconds."""
    return time.time()


def cost_words(document: Document, values: Mapping[str, Any], region: str) -> str:
    """Return what a run costs on AWS, for people; empty where it rents nothing, or that is not known.

    Args:
        document: the pipeline.
        values: the run's parameter values.
        region: the region it runs in; empty for the local endpoint's own.
    """
    from pipecell.definition.cost.estimate import estimate, money_in_words
    from pipecell.definition.cost.prices import packaged
    from pipecell.local.home import DEFAULT_REGION

    cost = estimate(document, values, prices=packaged(), region=region or DEFAULT_REGION)
    if not any(step.low is not None for step in cost.steps):
        return ""
    return money_in_words(cost.low, None if cost.open else cost.high)
