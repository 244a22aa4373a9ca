"""TestState: one state, with what it calls mocked or really called."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from pipecell.definition.asl.resources import parse_resource
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.states import json_text, mocks, trial
from pipecell.local.work.states.contracts import Integrations, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.parse import JSONPATH, Machine, State, build
from pipecell.local.work.states.validation import MISSING_END, MISSING_TARGET, validate

_NAME = "StateName"
_GROUPS = ("Map", "Parallel")
_MOCKED = frozenset({"Task", "Map", "Parallel"})
_TEXT = (
    "input", "afterInputPath", "afterParameters", "afterArguments", "result", "afterResultSelector",
    "afterResultPath", "afterItemsPath", "afterItemSelector", "afterItemsPointer", "variables",
)  # fmt: skip
_OTHER = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage", "errorDetails")
_CONTEXT = {
    "Execution": ("Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"),
    "State": ("EnteredTime", "Name", "RetryCount"),
    "StateMachine": ("Id", "Name"),
    "Task": ("Token",),
}


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


class Inspection:
    """The TestState operation.

    Args:
        integrations: what carries a task out that is not mocked.
    """

    def __init__(self, integrations: Integrations) -> None:
        self._integrations = integrations

    def test_state(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """Try a state, alone or of a machine."""
        state, mock = _state_of(request), request.get("mock")
        _check_mock(request, state, mock)
        data = _parsed(request.get("input") or "{}", "input")
        about = _context(request, state, data, context)
        attempt = trial.Trial(state, data, about, _parsed(request.get("variables") or "{}", "variables"))
        configuration = request.get("stateConfiguration", {})
        attempt.retried = configuration.get("retrierRetryCount", 0)
        attempt.failed_items = configuration.get("mapIterationFailureCount")
        if configuration.get("mapItemReaderData") is not None:
            attempt.reader_data = _parsed(configuration["mapItemReaderData"], "mapItemReaderData")
        if mock is not None and mock.get("errorOutput") is not None:
            error = mock["errorOutput"]
            attempt.failure = Failure(error.get("error"), error.get("cause"))
        elif mock is not None:
            attempt.mocked = result = json_text.parse(mock["result"])
            attempt.result = lambda _work, _arguments: result
        else:
            attempt.result = lambda _work, arguments: self._call(state, arguments, context)
        try:
            verdict = trial.run(attempt)
        except trial.ItemCountError as error:
            raise _invalid(
                "Map iteration failure count must be less than or equal to the number of Map iterations"
            ) from error
        return _answer(verdict, request.get("inspectionLevel", "INFO"))

    def _call(self, state: State, arguments: Any, context: RequestContext) -> Any:
        arn = f"arn:aws:states:{context.region}:{context.account_id}:express:TestState:{context.request_id}"
        answer = self._integrations.perform(
            TaskRequest(arn, state.body["Resource"], arguments, uuid.uuid4().hex * 2)
        )
        return answer.output if isinstance(answer, Submitted) else json.loads(answer.output)


def _state_of(request: dict[str, Any]) -> State:
    """Return the state that is meant, of a sound definition."""
    try:
        body = json_text.parse(request["definition"])
    except json_text.InvalidJsonError as error:
        raise ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'") from error
    if isinstance(body, dict) and "States" in body and "Type" not in body:
        _raise(validate(request["definition"]))
        name = request.get("stateName")
        if name is None:
            raise _invalid("StateName must be specified when the definition is a state machine")
        return _find(build(body), name)
    wrapped = {"StartAt": _NAME, "States": {_NAME: body}}
    if isinstance(body, dict) and "QueryLanguage" in body:
        wrapped["QueryLanguage"] = body["QueryLanguage"]
    # A state on its own leads to states that are not here.
    elsewhere = (MISSING_TARGET, MISSING_END)
    outside = [problem for problem in validate(dumps(wrapped)) if problem.code not in elsewhere]
    _raise(outside)
    return State(_NAME, body["Type"], body, body.get("QueryLanguage", JSONPATH), ())


def _raise(problems: list[Any]) -> None:
    if problems:
        listed = ", ".join(str(problem) for problem in problems)
        raise ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")


def _find(machine: Machine, name: str) -> State:
    found = next((state for state in machine.every_state() if state.name == name), None)
    if found is None:
        raise _invalid("State not found in definition")
    return found


def _check_mock(request: dict[str, Any], state: State, mock: Mapping[str, Any] | None) -> None:
    configuration = request.get("stateConfiguration", {})
    if mock is None:
        if configuration.get("mapIterationFailureCount") is not None:
            raise _invalid(
                "TestState does not support MapIterationFailureCount when a mock is not specified."
            )
        if state.type in _GROUPS:
            raise ServiceError(
                "InvalidDefinition",
                "TestState API does not support Map or Parallel states. "
                "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
            )
        if state.type == "Task" and not request.get("roleArn"):
            raise _invalid("RoleArn must be specified when testing a Task state")
        return
    if mock.get("result") is not None and mock.get("errorOutput") is not None:
        raise _invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if request.get("revealSecrets"):
        raise _invalid("TestState does not support RevealSecrets when a mock is specified.")
    if state.type not in _MOCKED:
        raise _invalid(f"State type '{state.type}' is not supported when a mock is specified")
    if mock.get("result") is None:
        if mock.get("errorOutput") is None:
            raise _invalid("A test mock must have one of the following fields: [result, errorOutput].")
        return
    try:
        result = json_text.parse(mock["result"])
    except json_text.InvalidJsonError as error:
        raise _invalid("Mocked result must be valid JSON") from error
    _check_result(state, result, mock.get("fieldValidationMode", "STRICT"))


def _check_result(state: State, result: Any, mode: str) -> None:
    if state.type == "Map":
        if "ResultWriter" in state.body:
            if not isinstance(result, dict):
                raise _invalid("Mocked result must be a JSON object.")
        elif not isinstance(result, list):
            raise _invalid("Mocked result must be an array.")
    elif state.type == "Parallel":
        if not isinstance(result, list):
            raise _invalid("Mocked result must be an array.")
        if len(result) != len(state.body["Branches"]):
            raise _invalid(
                "Mocked result must contain the same number of items as number of Parallel branches."
            )
    elif mode != "NONE":
        resource = parse_resource(state.body["Resource"])
        # A task that ends by its token gives whatever the token brought.
        wrong = (
            None if resource is None or resource.waits_for_token else mocks.problem(resource, result, mode)
        )
        if wrong:
            raise _invalid(wrong)


def _context(request: dict[str, Any], state: State, data: Any, context: RequestContext) -> dict[str, Any]:
    text = request.get("context")
    if text is None:
        return trial.default_context(state.type, data, request.get("roleArn"), context.region)
    given = _parsed(text, "context")
    if not isinstance(given, dict):
        raise _invalid("Invalid Context object provided: Context object must be a JSON object")
    if "Map" in given:
        raise _invalid(
            "Invalid Context object provided: 'Map' field is not supported when mocking a Context object"
        )
    for name, facts in given.items():
        if name not in _CONTEXT:
            raise _invalid(f"Invalid Context object provided: Field '{name}' is not allowed")
        for key, value in facts.items() if isinstance(facts, dict) else ():
            if key not in _CONTEXT[name]:
                raise _invalid(f"Invalid Context object provided: Field '{key}' is not allowed")
            if key not in ("Input", "RetryCount", "RedriveCount") and not isinstance(value, str):
                raise _invalid(f"Invalid Context object provided: {name}.{key} must be a string")
    resource = parse_resource(state.body.get("Resource", "")) if state.type == "Task" else None
    if "Task" in given and not (resource and (resource.sync or resource.waits_for_token)):
        raise _invalid(
            "Invalid Context object provided: Context object contains 'Task' when state is not a Task state"
            " with a '.sync' or '.waitForTaskToken' service integration pattern"
        )
    return given


def _parsed(text: str, name: str) -> Any:
    try:
        return json_text.parse(text)
    except json_text.InvalidJsonError as error:
        if name == "input":
            raise ServiceError(
                "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
            ) from error
        raise _invalid(f"Invalid JSON in '{name}': {error}") from error


def _answer(verdict: trial.Verdict, level: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "status": verdict.status,
        "output": verdict.output,
        "error": verdict.error,
        "cause": verdict.cause,
        "nextState": verdict.next_state,
    }
    if level != "INFO":
        seen = verdict.inspection
        shown = {name: dumps(seen[name]) for name in _TEXT if name in seen}
        shown |= {name: seen[name] for name in _OTHER if name in seen}
        answer["inspectionData"] = shown
    return answer
