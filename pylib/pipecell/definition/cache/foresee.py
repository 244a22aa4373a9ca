"""What a run will do with each step: reuse, run, decide or leave out, and why.

The steps are walked in the order in which they wait for each other, as a run does. A step whose
result will be reused lends its properties to those behind it; one that will run lends what its
arguments already tell, such as the address of an output, and leaves the rest unknown. Unknown values
never identify earlier work, for on both targets what a running step makes gets a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipecell.definition.cache.ahead import Ahead, Unknown
from pipecell.definition.cache.configuration import Configuration, configuration_of
from pipecell.definition.cache.identity import cacheable, identity, key_of, settings_of
from pipecell.definition.cache.past import Past, PastStep
from pipecell.definition.cache.reasons import WILL_RUN, CodeWords, differing, shorten
from pipecell.definition.conditions import describe, evaluate
from pipecell.definition.cost.hours import words
from pipecell.definition.document import Document
from pipecell.definition.foreknown import known, without_nulls
from pipecell.definition.junk import mapping, objects
from pipecell.definition.paths import Segment, format_path
from pipecell.definition.sagemaker import StepView, dependencies, iterate_steps
from pipecell.errors import DefinitionError

Verdict = Literal["hit", "miss", "off"]
Will = Literal["reuse", "run", "decide", "skip"]


@dataclass(frozen=True)
class Foresight:
    """What a run will do with one step.

    Attributes:
        step, type: as the definition has them.
        will: ``reuse`` an earlier result, ``run``, ``decide`` (a Condition) or ``skip`` (its branch is
            known not to be taken).
        verdict: the cache's: ``hit``, ``miss``, or ``off`` where it is not asked.
        reason: why, a phrase for people.
        branch: what must hold for the step to run at all, for example ``if true``; empty when nothing.
        source: ARN of the execution whose result is reused; empty when none is.
    """

    step: str
    type: str
    will: Will
    verdict: Verdict
    reason: str
    branch: str = ""
    source: str = ""


@dataclass(frozen=True)
class Target:
    """How the target decides.

    Attributes:
        past: the earlier executions there.
        content: puts digests of code in the place of its addresses, where the target does.
        code_words: says how the code at one address differs from that at another.
        day: writes a time, epoch seconds, as people do.
        now: epoch seconds.
        pipeline_arn: the deployed pipeline's ARN; empty when there is none.
    """

    past: Past
    content: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    code_words: CodeWords
    day: Callable[[float], str]
    now: float
    pipeline_arn: str = ""


def foresee(document: Document, parameters: Mapping[str, Any], target: Target) -> tuple[Foresight, ...]:
    """Return what a run will do with each step, in the definition's order.

    Args:
        document: the pipeline.
        parameters: the bound values of the run.
        target: how the target decides.

    Raises:
        DefinitionError: ``PC117``, an ``ExpireAfter`` is no duration.
    """
    views = {step.name: step for step in iterate_steps(document)}
    scope = Ahead(parameters, views, target.past, document.name, target.pipeline_arn)
    waits = dependencies(document)
    found = {
        name: _Foreseeing(document.name, views[name], waits[name], scope, target).foresight()
        for name in in_order(waits)
    }
    return tuple(found[name] for name in views)


def in_order(waits: Mapping[str, set[str]]) -> list[str]:
    """Return the names so that each comes after those it waits for; cycles, which cannot run, at the end."""
    ordered: dict[str, None] = {}
    left = list(waits)
    while left:
        ready = [name for name in left if waits[name] <= ordered.keys()]
        for name in ready or left:
            ordered[name] = None
        left = [name for name in left if name not in ordered]
    return list(ordered)


@dataclass(frozen=True)
class _Foreseeing:
    """One step while it is foreseen."""

    pipeline: str
    view: StepView
    waits: set[str]
    scope: Ahead
    target: Target

    def foresight(self) -> Foresight:
        """Return what will happen with the step, and let the steps behind it know."""
        view, scope = self.view, self.scope
        reason = self._left_out()
        if reason:
            scope.skipped.add(view.name)
            return Foresight(view.name, view.type, "skip", "off", reason)
        if view.type == "Condition":
            return self._decided()
        arguments = known(view.arguments, scope, _unknown)
        configuration = configuration_of(view.body)
        if not cacheable(view.type) or not configuration.enabled:
            reason = "caching off" if cacheable(view.type) else _never_reused(view.type, mapping(arguments))
            scope.arguments[view.name] = arguments
            return Foresight(view.name, view.type, "run", "off", reason, self._branch())
        settings = known(settings_of(view.type, view.body), scope, _unknown)
        identifying = identity(view.type, without_nulls(arguments), without_nulls(settings)) or {}
        unknowns = list(_unknowns(identifying))
        hit, reason = (
            (None, self._unknown_reason(identifying, unknowns))
            if unknowns
            else (self._look_up(identifying, configuration))
        )
        if hit is None:
            scope.arguments[view.name] = arguments
            return Foresight(view.name, view.type, "run", "miss", reason, self._branch())
        scope.reused[view.name] = hit
        return Foresight(
            view.name, view.type, "reuse", "hit", reason, self._branch(), source=hit.execution_arn
        )

    def _look_up(
        self, identifying: Mapping[str, Any], configuration: Configuration
    ) -> tuple[PastStep | None, str]:
        """Return the earlier run whose result will be reused, and why it, or why none."""
        key = key_of(self.pipeline, self.view.name, self.view.type, self.target.content(identifying))
        nearest: PastStep | None = None
        broken: PastStep | None = None
        for run in self.target.past.steps(self.view.name, self.view.type):
            if run.key != key:
                nearest = nearest or run
            elif configuration.expired(run.ended, self.target.now):
                ago = self.target.now - run.ended - (configuration.expires or 0.0)
                return None, f"expired {_ago(ago)} ago"
            elif run.intact:
                return run, self._hit_reason(run)
            else:
                broken = broken or run
        if broken is not None:
            day = self.target.day(broken.ended)
            return None, f"what the run of {day} left in S3 is gone or was changed since"
        if nearest is None:
            return None, "has not succeeded here yet"
        return None, self._difference(nearest, identifying)

    def _difference(self, nearest: PastStep, identifying: Mapping[str, Any]) -> str:
        phrases = differing(nearest.identity, identifying, self.target.code_words, self.scope.writer_of)
        return shorten(phrases) or f"it differs from the run of {self.target.day(nearest.ended)}"

    def _unknown_reason(self, identifying: Mapping[str, Any], unknowns: list[str]) -> str:
        """Return why the step runs whose arguments are not all known; with what else has changed."""
        nearest = next(self.target.past.steps(self.view.name, self.view.type), None)
        phrases = list(dict.fromkeys(unknowns))
        if nearest is not None:
            marked = _without_unknowns(identifying)
            before, plain = _same_shape(nearest.identity, marked), _pruned(marked)
            phrases += [
                words
                for words in differing(before, plain, self.target.code_words, self.scope.writer_of)
                if words not in phrases
            ]
        return shorten(phrases)

    def _hit_reason(self, run: PastStep) -> str:
        reason = f"same code, inputs and arguments as run of {self.target.day(run.ended)}"
        runs = [name for name in sorted(self.waits) if name in self.scope.arguments]
        data = [each.name for each in self.view.references if each.kind == "step" and each.name in runs]
        if data:
            names = ", ".join(dict.fromkeys(data))
            reason += f"; {names} will run, but what it hands on has the same address"
        return reason

    def _decided(self) -> Foresight:
        """Return the outcome of a Condition, where all it looks at is known."""
        view, scope = self.view, self.scope
        conditions = objects(view.arguments.get("Conditions"))
        text = describe(conditions, scope.parameters)
        try:
            outcome = evaluate(conditions, scope)
        except DefinitionError:
            return Foresight(view.name, view.type, "decide", "off", text, self._branch())
        scope.outcomes[view.name] = outcome
        word = "true" if outcome else "false"
        return Foresight(view.name, view.type, "decide", "off", f"{text}: {word}", self._branch())

    def _left_out(self) -> str:
        """Return why the step is known not to run; empty when it may."""
        view = self.view
        if view.parent in self.scope.outcomes:
            outcome = "true" if self.scope.outcomes[str(view.parent)] else "false"
            if outcome != view.branch:
                return f"{view.parent} is {outcome}"
        gone = sorted(self.waits & self.scope.skipped)
        return f"{gone[0]} will not run" if gone else ""

    def _branch(self) -> str:
        view = self.view
        return f"if {view.branch}" if view.parent and view.parent not in self.scope.outcomes else ""


def _never_reused(step_type: str, arguments: Mapping[str, Any]) -> str:
    """Return what a step does whose type is never reused."""
    if step_type == "RegisterModel":
        group = arguments.get("ModelPackageGroupName")
        where = f" in {str(group).rpartition('/')[2]}" if isinstance(group, str) else ""
        pending = arguments.get("ModelApprovalStatus", "PendingManualApproval") == "PendingManualApproval"
        return f"registers a new version{where}{', pending approval' if pending else ''}"
    if step_type == "Fail":
        return "ends the run as Failed"
    return f"a {step_type} step is never reused"


def _unknown(error: DefinitionError) -> Unknown:
    return Unknown(error.message)


def _unknowns(value: Any, *trail: Segment) -> Iterator[str]:
    """Yield why each unknown value is not known, with its place unless another step is the reason."""
    if isinstance(value, Unknown):
        will_run = value.reason.endswith(WILL_RUN)
        yield value.reason if will_run else f"{format_path(trail)}: {value.reason}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unknowns(item, *trail, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknowns(item, *trail, index)


def _without_unknowns(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_unknowns(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_unknowns(item) for item in value]
    return None if isinstance(value, Unknown) else value


def _pruned(value: Any) -> Any:
    """Return a value without its nulls, and without objects that held nothing else."""
    if isinstance(value, Mapping):
        kept = {key: _pruned(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in kept.items() if item != {} or value[key] == {}}
    return [_pruned(item) for item in value] if isinstance(value, list) else value


def _same_shape(before: Any, after: Any) -> Any:
    """Return the older value without what the newer one does not know."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return {
            key: _same_shape(item, after[key]) if key in after else item
            for key, item in before.items()
            if key not in after or after[key] is not None
        }
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_same_shape(old, new) for old, new in zip(before, after, strict=True)]
    return before


def _ago(seconds: float) -> str:
    days = int(seconds // 86400)
    return f"{days} day{'s' * (days != 1)}" if days else words(seconds)
