"""The states that need nobody else: Pass, Succeed, Fail, Choice and Wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.local.work.states import choice, jsonata
from pipecell.local.work.states.clock import parse_timestamp
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import QUERY_EVALUATION_ERROR, Failure, evaluation, runtime
from pipecell.local.work.states.flow import Activation

if TYPE_CHECKING:
    from pipecell.local.work.states.frames import Frame
    from pipecell.local.work.states.machine import Turn

#: Longest wait in seconds; AWS's own limit.
LONGEST_WAIT = 99_999_999


def run_pass(turn: Turn, frame: Frame) -> None:
    """Run a Pass state."""
    work = turn.activation(frame)
    if work.state.jsonata:
        output, assigned = work.jsonata_output(work.body, {"input": frame.input}, frame.input)
    elif "Result" in work.body:
        # Parameters are still evaluated: a broken path in them fails the state on AWS too.
        work.arguments()
        work.trace["result"] = work.body["Result"]
        output, assigned = work.output_of(work.body["Result"], selector=False)
    else:
        output, assigned = work.output_of(work.arguments(), selector=False)
    turn.exit(frame, output, assigned, work.state.next)


def run_succeed(turn: Turn, frame: Frame) -> None:
    """Run a Succeed state."""
    work = turn.activation(frame)
    output, assigned = work.plain_output(work.effective_input())
    turn.exit(frame, output, assigned, None)


def run_fail(turn: Turn, frame: Frame) -> None:
    """Run a Fail state: it always fails, with the error and cause it names."""
    raise fail_of(turn.activation(frame))


def fail_of(work: Activation) -> Failure:
    """Return the failure that a Fail state names."""
    return Failure(_fail_text(work, "Error"), _fail_text(work, "Cause"))


def _fail_text(work: Activation, name: str) -> str | None:
    body = work.body
    if work.state.jsonata:
        if body.get(name) is None:
            return None
        value = work.environment.render(body[name], name, input=work.input)
        return str(jsonata.expect(value, "string", body[name], name))
    work.trace.setdefault("afterInputPath", work.input)
    if f"{name}Path" not in body:
        return body.get(name)
    path = body[f"{name}Path"]
    value = work.environment.value(path, work.input, f"{name}Path")
    if not isinstance(value, str):
        raise runtime(f"The {name}Path parameter does not reference a string: {path} == {dumps(value)}")
    return value


def run_choice(turn: Turn, frame: Frame) -> None:
    """Run a Choice state."""
    work = turn.activation(frame)
    data = work.effective_input()
    rule, following = choice.choose(work.body, work.state.language, data, work.environment)
    output, assigned = choice_output(work, rule, data)
    turn.exit(frame, output, assigned, following)


def choice_output(work: Activation, rule: Mapping[str, Any] | None, data: Any) -> tuple[Any, dict[str, Any]]:
    """Return output and variables of a Choice: a matched rule's Assign stands for the state's own."""
    if rule is None:
        return work.plain_output(data)
    return work.plain_output(data, assign_from={**_without_assign(work), **rule})


def _without_assign(work: Activation) -> dict[str, Any]:
    """Return the state's members that a matched rule leaves in force: its Assign is for the default."""
    return {key: value for key, value in work.body.items() if key != "Assign"}


def run_wait(turn: Turn, frame: Frame) -> None:
    """Begin a Wait state, or end it at once when its time is past."""
    work = turn.activation(frame)
    ends = until(work, turn.now)
    if ends > turn.now + LONGEST_WAIT:
        raise runtime("Wait state delay is too long.")
    if ends <= turn.now:
        wait_over(turn, frame)
        return
    frame.phase, frame.wake = "wait", ends
    turn.touch(frame)


def wait_over(turn: Turn, frame: Frame) -> None:
    """Leave a Wait state."""
    work = turn.activation(frame)
    output, assigned = work.plain_output(work.effective_input())
    turn.exit(frame, output, assigned, work.state.next)


def until(work: Activation, now: float) -> float:
    """Return the epoch seconds at which a Wait ends."""
    body = work.body
    if "Timestamp" in body:
        text = body["Timestamp"]
        if work.state.jsonata:
            text = work.environment.render(text, "Timestamp", input=work.input)
        moment = parse_timestamp(text)
        if moment is None:
            raise Failure(
                QUERY_EVALUATION_ERROR,
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string:"
                f" {text}",
                located=True,
                location="Timestamp",
            )
        return moment
    if "TimestampPath" in body:
        path = body["TimestampPath"]
        value = work.environment.path(path, work.effective_input())
        moment = parse_timestamp(value)
        if moment is None:
            raise runtime(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
                f"date-time format string: {path} == {value if isinstance(value, str) else dumps(value)}"
            )
        return moment
    return now + _seconds(work)


def _seconds(work: Activation) -> float:
    body = work.body
    if "SecondsPath" not in body:
        value = body["Seconds"]
        if isinstance(value, str):
            value = jsonata.expect(
                work.environment.render(value, "Seconds", input=work.input), "integer", value, "Seconds"
            )
        if value < 0:
            raise evaluation("The Seconds field cannot be negative.", "Seconds")
        return float(value)
    path = body["SecondsPath"]
    value = work.environment.path(path, work.effective_input())
    shown = value if isinstance(value, str) else dumps(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise runtime(f"The SecondsPath parameter cannot be parsed as a long value: {path} == {shown}")
    if value < 0:
        raise runtime(f"The SecondsPath parameter references a negative value: {path} == {shown}")
    return float(value)
