"""The two query languages: never mixed in one state, and each text one that can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl import expressions, intrinsics, jsonpath
from pipecell.definition.asl.machine import NESTED, State, states, texts
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import passing
from pipecell.errors import did_you_mean

JSONPATH_FIELDS = {
    "InputPath": "Arguments or Output",
    "OutputPath": "Output",
    "ResultPath": "Output or Assign",
    "Parameters": "Arguments",
    "ResultSelector": "Output",
    "ItemsPath": "Items",
    "SecondsPath": "Seconds",
    "TimestampPath": "Timestamp",
    "TimeoutSecondsPath": "TimeoutSeconds",
    "HeartbeatSecondsPath": "HeartbeatSeconds",
    "MaxConcurrencyPath": "MaxConcurrency",
    "ToleratedFailureCountPath": "ToleratedFailureCount",
    "ToleratedFailurePercentagePath": "ToleratedFailurePercentage",
    "ErrorPath": "Error",
    "CausePath": "Cause",
}
"""Fields of JSONPath states, and what a JSONata state has instead."""

JSONATA_FIELDS = {"Arguments": "Parameters", "Output": "ResultSelector and OutputPath", "Items": "ItemsPath"}
"""Fields of JSONata states, and what a JSONPath state has instead."""

_READ_PATHS = (
    "InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath",
    "HeartbeatSecondsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath", "ErrorPath", "CausePath",
)  # fmt: skip
_TEMPLATES = (
    "Parameters",
    "ResultSelector",
    "ItemSelector",
    "Assign",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Credentials",
)
_WITHOUT_VALUE = frozenset({"Result", "Comment", *NESTED})


def mixed(subject: Subject) -> Iterator[Finding]:
    """Find fields and texts of the other query language."""
    whole = subject.document.body.get("QueryLanguage", "JSONPath")
    for state in states(subject.document):
        if whole == "JSONata" and state.body.get("QueryLanguage") == "JSONPath":
            yield Finding(
                "A state of a JSONata machine cannot be JSONPath.",
                "Leave QueryLanguage out here.",
                state.name,
                "QueryLanguage",
            )
            continue
        for key, instead in (JSONPATH_FIELDS if state.jsonata else JSONATA_FIELDS).items():
            if key in state.body:
                other = "" if state.jsonata else ', or set "QueryLanguage": "JSONata"'
                yield Finding(
                    f"A {state.language} state has no {key}.", f"Use {instead}{other}.", state.name, key
                )
        if state.jsonata:
            yield from _paths_in_jsonata(state)
        else:
            yield from _expressions_in_jsonpath(state)


def bad_paths(subject: Subject) -> Iterator[Finding]:
    """Find texts that stand for a JSONPath and are none."""
    for state in states(subject.document):
        if state.jsonata:
            continue
        for path, text in path_texts(state):
            if not isinstance(text, str):
                yield Finding(
                    f"{text!r} is not a JSONPath.", "A path is text that begins with $.", state.name, path
                )
            elif text.startswith("States.") or "${" in text:
                continue
            elif not jsonpath.is_path(text):
                hint = "A path begins with $." if not text.startswith("$") else ""
                yield Finding(f'"{text}" is not a JSONPath.', hint, state.name, path)
        yield from _places(state)


def bad_calls(subject: Subject) -> Iterator[Finding]:
    """Find calls of intrinsic functions that cannot be read."""
    for state in states(subject.document):
        if state.jsonata:
            continue
        for path, text in path_texts(state):
            if isinstance(text, str) and text.startswith("States.") and "${" not in text:
                problem, hint = call_problem(text)
                if problem:
                    yield Finding(problem, hint, state.name, path)


def bad_expressions(subject: Subject) -> Iterator[Finding]:
    """Find JSONata that cannot be parsed, or calls what Step Functions does not have."""
    for state in states(subject.document):
        if not state.jsonata:
            continue
        for path, _, text in texts(state.body):
            stripped = text.strip()
            expression = expressions.expression(text)
            if expression is None:
                if stripped.startswith("{%") or stripped.endswith("%}"):
                    hint = "Write {% at its very begin and %} at its very end, with nothing around them."
                    yield Finding(
                        f'"{_short(text)}" is not an expression, but plain text.',
                        hint,
                        state.name,
                        path,
                        "warning",
                    )
                continue
            problem = expressions.problem(expression)
            if problem:
                yield Finding(
                    f"The JSONata cannot be parsed: {problem.rstrip('.')}.",
                    f"It says: {_short(expression)}",
                    state.name,
                    path,
                )
                continue
            for name in sorted(expressions.names(expression).functions - expressions.FUNCTIONS):
                if name == "eval":
                    yield Finding("Step Functions has no $eval.", "$parse reads JSON text.", state.name, path)
                else:
                    hint = did_you_mean(f"${name}", [f"${known}" for known in sorted(expressions.FUNCTIONS)])
                    yield Finding(f"There is no function ${name}.", hint, state.name, path, "warning")


def call_problem(text: str) -> tuple[str, str]:
    """Return what is wrong with an intrinsic call, and the way out; two empty texts where nothing is."""
    try:
        call = intrinsics.parse(text)
    except intrinsics.IntrinsicSyntaxError:
        name = text.removeprefix("States.").split("(", 1)[0].strip()
        if name not in intrinsics.ARGUMENTS:
            known = [f"States.{each}" for each in intrinsics.ARGUMENTS]
            return f"There is no function States.{name}.", did_you_mean(f"States.{name}", known)
        hint = (
            "Text stands in single quotes; paths begin with $; ' and \\ inside text are written \\' and \\\\."
        )
        return f'"{_short(text)}" cannot be read as a call.', hint
    return _arguments_problem(call), ""


def _arguments_problem(call: intrinsics.Call) -> str:
    least, most = intrinsics.ARGUMENTS[call.name]
    count = len(call.arguments)
    if count < least or (most is not None and count > most):
        wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
        return f"States.{call.name} takes {wanted} arguments, not {count}."
    first = call.arguments[0] if call.arguments else None
    if call.name == "Format" and isinstance(first, intrinsics.Literal) and isinstance(first.value, str):
        holes = first.value.replace("\\{", "").replace("\\}", "").count("{}")
        if holes != count - 1:
            return f"States.Format has {holes} places {{}} for {count - 1} values."
    for argument in call.arguments:
        if isinstance(argument, intrinsics.Call):
            problem = _arguments_problem(argument)
            if problem:
                return problem
    return ""


def path_texts(state: State) -> Iterator[tuple[str, Any]]:
    """Yield (path, text) of every text of a JSONPath state that stands for a path or a call."""
    for key in _READ_PATHS:
        if state.body.get(key) is not None:
            yield key, state.body[key]
    for key in _TEMPLATES:
        if key in state.body:
            yield from _dollar_keys(state.body[key], key)
    for path, rule in state.objects("Choices"):
        yield from _rule_paths(rule, path)
        if "Assign" in rule:
            yield from _dollar_keys(rule["Assign"], f"{path}.Assign")
    for path, rule in state.objects("Catch"):
        if "Assign" in rule:
            yield from _dollar_keys(rule["Assign"], f"{path}.Assign")


def _dollar_keys(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = f"{path}.{key}"
            if str(key).endswith(".$"):
                yield here, item
            else:
                yield from _dollar_keys(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dollar_keys(item, f"{path}[{index}]")


def _rule_paths(rule: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for key, value in rule.items():
        if key == "Variable" or (key.endswith("Path") and key != "ResultPath"):
            yield f"{path}.{key}", value
        elif key in ("And", "Or") and isinstance(value, list):
            for index, part in enumerate(value):
                if isinstance(part, Mapping):
                    yield from _rule_paths(part, f"{path}.{key}[{index}]")
        elif key == "Not" and isinstance(value, Mapping):
            yield from _rule_paths(value, f"{path}.Not")


def _places(state: State) -> Iterator[Finding]:
    """Find ResultPaths that do not name one place."""
    rules = [("", state.body), *((f"{path}.", rule) for path, rule in state.objects("Catch"))]
    for prefix, rule in rules:
        place = rule.get("ResultPath")
        if place is None or (isinstance(place, str) and "${" in place):
            continue
        if not jsonpath.is_reference_path(place) or (isinstance(place, str) and place.startswith("$$")):
            hint = 'It is "$", null, or names and indices such as $.report.accuracy.'
            yield Finding(
                f"{place!r} is not one place that can be written.", hint, state.name, f"{prefix}ResultPath"
            )


def _paths_in_jsonata(state: State) -> Iterator[Finding]:
    for path, _ in _dollar_keys({key: value for key, value in state.body.items() if key not in NESTED}, ""):
        key = path.rsplit(".$", 1)[0].rsplit(".", 1)[-1]
        hint = f'Write "{key}": "{{% $states.input… %}}".'
        where = path.removeprefix(".")
        yield Finding(
            "In a JSONata state a key that ends in .$ is only a name.", hint, state.name, where, "warning"
        )


def _expressions_in_jsonpath(state: State) -> Iterator[Finding]:
    for path, _, text in texts(
        {key: value for key, value in state.body.items() if key not in _WITHOUT_VALUE}
    ):
        if expressions.expression(text) is not None:
            yield Finding(
                "This is JSONata in a JSONPath state: it stays text.",
                'Set "QueryLanguage": "JSONata" in this state or in the machine.',
                state.name,
                path,
                "warning",
            )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"  # noqa: PLR2004 - a line's length


_REFUSES = "AWS refuses the state machine."

RULES = (
    Rule("PC163", "error", _REFUSES, passing(Output="{% 1 %}"), mixed, "stepfunctions"),
    Rule("PC164", "error", _REFUSES, passing(InputPath="$.a["), bad_paths, "stepfunctions"),
    Rule(
        "PC165",
        "error",
        _REFUSES,
        passing(Parameters={"a.$": "States.Formt('{}', $.x)"}),
        bad_calls,
        "stepfunctions",
    ),
    Rule(
        "PC166",
        "error",
        _REFUSES,
        passing(QueryLanguage="JSONata", Output="{% 1 + %}"),
        bad_expressions,
        "stepfunctions",
    ),
)
