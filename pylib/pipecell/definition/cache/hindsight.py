"""Why a step that has begun was reused or ran: its cache verdict, told afterwards.

While it runs, what a step works with is known, so the reason is exact where a plan must leave some of it
open. AWS tells that a result was reused and from where, never why none was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pipecell.definition.cache.configuration import configuration_of
from pipecell.definition.cache.identity import cacheable
from pipecell.definition.cache.past import PastStep
from pipecell.definition.cache.reasons import CodeWords, differing, shorten
from pipecell.definition.sagemaker import StepView


class Begun(Protocol):
    """A step that has begun: what its result will be found by, and what that is made of."""

    @property
    def key(self) -> str | None:
        """What its result is found by; None where it is not."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What identifies its work."""


@dataclass(frozen=True)
class Verdict:
    """What the cache said of a step.

    Attributes:
        verdict: ``hit``, ``miss``, or ``off`` where it was not asked.
        reason: why, a phrase for people.
        source: ARN of the execution that was reused, or that it differs from; empty without one.
    """

    verdict: Literal["hit", "miss", "off"]
    reason: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"


def look_back(
    view: StepView,
    begun: Begun,
    started: float,
    earlier: Iterable[PastStep],
    *,
    code_words: CodeWords,
    name: Callable[[PastStep], str],
) -> Verdict | None:
    """Return why a step was not reused; None of a step that never is.

    Args:
        view: the step.
        begun: the step in its execution.
        started: when it began, epoch seconds.
        earlier: its successes by own work in executions that began before, newest first.
        code_words: says how code differs.
        name: names the execution of an earlier success, and its day.

    Raises:
        DefinitionError: ``PC117``, an ``ExpireAfter`` is no duration.
    """
    if not cacheable(view.type):
        return None
    configuration = configuration_of(view.body)
    if not configuration.enabled:
        return Verdict(
            "off", "CacheConfig is not enabled" if "CacheConfig" in view.body else "no CacheConfig"
        )
    nearest: PastStep | None = None
    for run in earlier:
        if run.ended > started:
            continue  # it was still at work then
        if run.key != begun.key:
            nearest = nearest or run
            continue
        if configuration.expired(run.ended, started):
            expiry = view.body["CacheConfig"]["ExpireAfter"]
            return Verdict("miss", f"the result of {name(run)} had expired ({expiry})", run.execution_arn)
        return Verdict("miss", f"what {name(run)} left in S3 was gone or had been changed", run.execution_arn)
    if nearest is None:
        return Verdict("miss", "it had not succeeded here before")
    phrases = differing(nearest.identity, begun.identity, code_words, lambda _: "")
    difference = shorten(phrases) or "something that is not kept differs"
    return Verdict("miss", f"{difference}, since {name(nearest)}", nearest.execution_arn)
