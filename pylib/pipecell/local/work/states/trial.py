"""One state tried on its own, without a store and without running what it calls: TestState's core."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.local.home import ACCOUNT_ID
from pipecell.local.work.states import choice, groups, simple
from pipecell.local.work.states.clock import format_timestamp
from pipecell.local.work.states.evaluate import Environment, dumps
from pipecell.local.work.states.failure import EXCEED_TOLERATED_FAILURE_THRESHOLD, RUNTIME, Failure
from pipecell.local.work.states.flow import Activation
from pipecell.local.work.states.parse import State
from pipecell.local.work.states.retry import catcher, delay, matches

Call = Callable[[Activation, Any], Any]


@dataclass
class Trial:
    """What is tried.

    Attributes:
        state: the state.
        input: its raw input.
        context: the context object.
        variables: workflow variables.
        result: gives the result.
        mocked: the mocked result, where there is one.
        failure: the mocked error.
        retried: attempts that the retrier in question has made.
        failed_items: items of a Map that are said to have failed.
        reader_data: items that an ItemReader is said to have read.
        inner_error: whether the mocked error is said to come from a state inside.
    """

    state: State
    input: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    result: Call | None = None
    mocked: Any = None
    failure: Failure | None = None
    retried: int = 0
    failed_items: int | None = None
    reader_data: list[Any] | None = None
    inner_error: bool = False


@dataclass
class Verdict:
    """What came of it; members are TestState's."""

    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    inspection: dict[str, Any] = field(default_factory=dict)


class ItemCountError(Exception):
    """More items are said to have failed than there are."""


def default_context(kind: str, data: Any, role: str | None, region: str) -> dict[str, Any]:
    """Return the context object of a trial for which none was given."""
    machine, execution, now = str(uuid.uuid4()), str(uuid.uuid4()), format_timestamp(time.time())
    place = f"arn:aws:states:{region}:{ACCOUNT_ID}"
    about = {
        "Id": f"{place}:express:{machine}:{execution}",
        "Input": data,
        "Name": execution,
        "RoleArn": role,
        "StartTime": now,
    }
    facts: dict[str, Any] = {"Name": "StateName", "EnteredTime": now}
    if kind in ("Task", "Map", "Parallel"):
        facts["RetryCount"] = 0
    return {
        "Execution": about,
        "StateMachine": {"Id": f"{place}:stateMachine:{machine}", "Name": machine},
        "State": facts,
    }


def run(trial: Trial) -> Verdict:
    """Try the state."""
    work = Activation(trial.state, trial.input, Environment(trial.context, trial.variables))
    seen: dict[str, Any] = work.trace
    seen["input"] = trial.input
    try:
        output, assigned, following = _RUN[trial.state.type](trial, work)
        verdict = Verdict("SUCCEEDED", dumps(output), next_state=following)
        if assigned:
            seen["variables"] = {**trial.variables, **assigned}
    except Failure as failure:
        verdict = _failed(trial, work, failure)
    verdict.inspection = seen
    return verdict


def _failed(trial: Trial, work: Activation, failure: Failure) -> Verdict:
    body, details = work.body, work.trace.setdefault("errorDetails", {})
    if failure.error == RUNTIME:
        work.trace.pop("errorDetails")
        return Verdict("FAILED", error=failure.error, cause=failure.cause)
    for index, retrier in enumerate(body.get("Retry", ())):
        if not matches(retrier["ErrorEquals"], failure.error):
            continue
        details["retryIndex"] = index
        if trial.retried < retrier.get("MaxAttempts", 3):
            details["retryBackoffIntervalSeconds"] = int(delay(retrier, trial.retried))
            return Verdict("RETRIABLE", error=failure.error, cause=failure.cause)
        break
    found = catcher(body.get("Catch", ()), failure.error)
    if found is not None:
        details["catchIndex"] = found[0]
        output, assigned = work.caught(found[1], found[0], failure)
        if assigned:
            work.trace["variables"] = {**trial.variables, **assigned}
        return Verdict("CAUGHT_ERROR", dumps(output), failure.error, failure.cause, found[1]["Next"])
    if not details:
        work.trace.pop("errorDetails")
    return Verdict("FAILED", error=failure.error, cause=failure.cause)


Outcome = tuple[Any, dict[str, Any], str | None]


def _pass(_trial: Trial, work: Activation) -> Outcome:
    if work.state.jsonata:
        output, assigned = work.jsonata_output(work.body, {"input": work.input}, work.input)
    elif "Result" in work.body:
        work.trace["result"] = work.body["Result"]
        output, assigned = work.output_of(work.body["Result"], selector=False)
    else:
        output, assigned = work.output_of(work.arguments(), selector=False)
    return output, assigned, work.state.next


def _succeed(_trial: Trial, work: Activation) -> Outcome:
    output, assigned = work.plain_output(work.effective_input())
    return output, assigned, None


def _fail(_trial: Trial, work: Activation) -> Outcome:
    raise simple.fail_of(work)


def _choice(trial: Trial, work: Activation) -> Outcome:
    data = work.effective_input()
    rule, following = choice.choose(work.body, trial.state.language, data, work.environment)
    output, assigned = simple.choice_output(work, rule, data)
    return output, assigned, following


def _wait(_trial: Trial, work: Activation) -> Outcome:
    simple.until(work, time.time())
    output, assigned = work.plain_output(work.effective_input())
    return output, assigned, work.state.next


def _task(trial: Trial, work: Activation) -> Outcome:
    arguments = work.arguments()
    for name in ("TimeoutSeconds", "HeartbeatSeconds"):
        work.number(name)
    return _with_result(trial, work, arguments)


def _parallel(trial: Trial, work: Activation) -> Outcome:
    return _with_result(trial, work, work.arguments())


def _map(trial: Trial, work: Activation) -> Outcome:
    items = trial.reader_data
    if "ItemReader" not in work.body:
        items = groups.items_of(work)
    work.trace["maxConcurrency"] = int(work.number("MaxConcurrency") or 0)
    count, percentage = groups.tolerance(work)
    if count is not None:
        work.trace["toleratedFailureCount"] = int(count)
    if percentage is not None:
        work.trace["toleratedFailurePercentage"] = percentage
    total = len(trial.mocked if isinstance(trial.mocked, list) else items or [])
    if trial.failed_items is not None:
        if trial.failed_items > total:
            raise ItemCountError
        tolerated: dict[str, Any] = {"failed": trial.failed_items, "total": total}
        tolerated |= {"tolerated_count": count, "tolerated_percentage": percentage}
        if (
            (count is not None or percentage is not None)
            and groups.exceeded(tolerated)
            and trial.failure is None
        ):
            cause = "The specified tolerated failure threshold was exceeded"
            raise Failure(EXCEED_TOLERATED_FAILURE_THRESHOLD, cause)
    return _with_result(trial, work, items)


def _with_result(trial: Trial, work: Activation, arguments: Any) -> Outcome:
    if trial.failure is not None:
        raise trial.failure
    assert trial.result is not None  # noqa: S101 - the service asked for a mock or made a call
    result = trial.result(work, arguments)
    work.trace["result"] = result
    output, assigned = work.output_of(result)
    return output, assigned, work.state.next


_RUN: dict[str, Callable[[Trial, Activation], Outcome]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": _parallel,
    "Map": _map,
}
