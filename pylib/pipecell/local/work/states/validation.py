"""Is a definition sound? Diagnostics with AWS's codes, messages and locations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.definition.asl.intrinsics import is_call
from pipecell.definition.asl.resources import parse_resource
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.choice import COMBINATIONS, OPERATORS
from pipecell.local.work.states.clock import parse_timestamp
from pipecell.local.work.states.json_text import describe_error
from pipecell.local.work.states.parse import JSONATA, JSONPATH

SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
INVALID_JSON = "INVALID_JSON_DESCRIPTION"
#: Bytes; the largest definition.
DEFINITION_LIMIT = 1_048_576
TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")

_NAME_LIMIT, _LABEL_LIMIT = 80, 40
_LABEL_FORBIDDEN = set(' ?*<>{}[]:;,\\|^~$#%&`"') | {chr(c) for c in [*range(0x20), *range(0x7F, 0xA0)]}
_PATH_FIELDS = ("InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath")
_JSONPATH_ONLY = (
    "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath", "SecondsPath",
    "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath", "ErrorPath",
    "CausePath",
)  # fmt: skip
_JSONATA_ONLY = ("Arguments", "Output", "Items")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign")


@dataclass(frozen=True)
class Diagnostic:
    """One problem of a definition, as ValidateStateMachineDefinition reports it."""

    code: str
    message: str
    location: str | None = None
    severity: str = "ERROR"

    def to_json(self) -> dict[str, str]:
        """Return the member of the API's list."""
        made = {"severity": self.severity, "code": self.code, "message": self.message}
        return made if self.location is None else {**made, "location": self.location}

    def __str__(self) -> str:
        """Return the text inside CreateStateMachine's InvalidDefinition."""
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location else "")


def validate(text: str, *, express: bool = False) -> list[Diagnostic]:
    """Return every problem of a definition's text; none means that it can run.

    Args:
        text: the definition.
        express: whether the machine is an express one, which has fewer task patterns.
    """
    if not text.strip():
        return [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    if len(text.encode("utf-8", "surrogatepass")) > DEFINITION_LIMIT:
        return [Diagnostic(SCHEMA, f"The definition is larger than {DEFINITION_LIMIT} bytes", "/")]
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        message, place = describe_error(text, error)
        return [Diagnostic(INVALID_JSON, f"{message}\n at {place}", place)]
    if not isinstance(body, dict):
        return [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    language = body.get("QueryLanguage", JSONPATH)
    if language not in (JSONPATH, JSONATA):
        return [
            Diagnostic(
                SCHEMA,
                "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]",
                "/QueryLanguage",
            )
        ]
    found = list(_Checker(express, language).group(body, "", language))
    found.extend(_duplicates(body, "", {}))
    return found


def _duplicates(group: Mapping[str, Any], place: str, seen: dict[str, str]) -> Iterator[Diagnostic]:
    """Names are unique in the whole machine."""
    for path, inner in _groups(group, place):
        for name in inner.get("States", {}) if isinstance(inner.get("States"), dict) else ():
            here = f"{path}/States/{name}"
            if name in seen:
                yield Diagnostic("DUPLICATE_STATE_NAME", f"Duplicate state name: {name}", here)
            seen[name] = here


def _groups(group: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield place, group
    states = group.get("States")
    for name, body in states.items() if isinstance(states, dict) else ():
        if not isinstance(body, dict):
            continue
        here = f"{place}/States/{name}"
        for key in ("ItemProcessor", "Iterator"):
            if isinstance(body.get(key), dict):
                yield from _groups(body[key], f"{here}/{key}")
        for index, branch in enumerate(
            body.get("Branches") or () if isinstance(body.get("Branches"), list) else ()
        ):
            if isinstance(branch, dict):
                yield from _groups(branch, f"{here}/Branches[{index}]")


class _Checker:
    """Walks a definition.

    Args:
        express: whether it is for an express machine.
        language: the whole machine's query language.
    """

    def __init__(self, express: bool, language: str) -> None:
        self._express, self._language = express, language

    def group(self, group: Mapping[str, Any], place: str, language: str) -> Iterator[Diagnostic]:
        """Yield the problems of a group of states."""
        missing = [name for name in ("States", "StartAt") if name not in group]
        if missing:
            yield Diagnostic(SCHEMA, f"These fields are required: [{', '.join(missing)}]", place or "/")
            return
        states = group["States"]
        if not isinstance(states, dict):
            yield Diagnostic(SCHEMA, "Expected value of type Object", f"{place}/States")
            return
        if not states:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{place}/States")
            return
        if group["StartAt"] not in states:
            yield Diagnostic(
                MISSING_TARGET, f"Missing 'StartAt' target: {group['StartAt']}", f"{place}/StartAt"
            )
        for name, body in states.items():
            yield from self.state(name, body, f"{place}/States/{name}", language, states)
        yield from self._unreachable(group, states, place)

    def _unreachable(
        self, group: Mapping[str, Any], states: Mapping[str, Any], place: str
    ) -> Iterator[Diagnostic]:
        reached, todo = set(), [group["StartAt"]]
        while todo:
            name = todo.pop()
            if name in reached or not isinstance(states.get(name), dict):
                continue
            reached.add(name)
            todo.extend(target for _, target in _targets(states[name]) if isinstance(target, str))
        for name in states:
            if name not in reached and group["StartAt"] in states:
                yield Diagnostic(
                    MISSING_TARGET, f'State "{name}" is not reachable.', f"{place}/States/{name}"
                )

    def state(
        self, name: str, body: Any, place: str, language: str, states: Mapping[str, Any]
    ) -> Iterator[Diagnostic]:
        """Yield the problems of one state."""
        if not isinstance(body, dict):
            yield Diagnostic(SCHEMA, "Expected value of type Object", place)
            return
        if len(name) > _NAME_LIMIT:
            yield Diagnostic(SCHEMA, f"State name '{name}' exceeds {_NAME_LIMIT} characters", place)
        kind = body.get("Type")
        if kind is None:
            yield Diagnostic(SCHEMA, "These fields are required: [Type]", place)
            return
        if kind not in TYPES:
            yield Diagnostic(
                SCHEMA,
                f"The field 'Type' should have one of these values: [{', '.join(TYPES)}]",
                f"{place}/Type",
            )
            return
        own = body.get("QueryLanguage", language)
        if own not in (JSONPATH, JSONATA):
            message = "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]"
            yield Diagnostic(SCHEMA, message, f"{place}/QueryLanguage")
            return
        if own == JSONPATH and self._language == JSONATA:
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            yield Diagnostic(SCHEMA, message, place)
        yield from self._transitions(body, kind, place, states)
        yield from self._fields(body, own, place)
        yield from _KINDS[kind](self, body, own, place)
        yield from self._rules(body, place)

    def _transitions(
        self, body: Mapping[str, Any], kind: str, place: str, states: Mapping[str, Any]
    ) -> Iterator[Diagnostic]:
        if kind not in ("Succeed", "Fail", "Choice") and "Next" not in body and body.get("End") is not True:
            yield Diagnostic(SCHEMA, "These fields are required: [Next]", place)
        if "Next" in body and body.get("End") is True:
            yield Diagnostic(SCHEMA, "A state must not have both 'Next' and 'End'", place)
        for where, target in _targets(body):
            if not isinstance(target, str) or target not in states:
                field = where.rsplit("/", 1)[-1]
                yield Diagnostic(MISSING_TARGET, f"Missing '{field}' target: {target}", f"{place}/{where}")

    def _fields(self, body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
        wrong = _JSONPATH_ONLY if language == JSONATA else _JSONATA_ONLY
        for field in wrong:
            if field in body:
                message = f"The field '{field}' is not supported with the '{language}' query language"
                yield Diagnostic(SCHEMA, message, f"{place}/{field}")
        if language == JSONATA:
            yield from _expressions(body, place)
            return
        for field in _PATH_FIELDS:
            value = body.get(field)
            if value is not None and not (paths.is_path(value) or is_call(value)):
                yield Diagnostic(SCHEMA, "Value is not a valid JSONPath", f"{place}/{field}")
        for field in ("ResultPath",):
            value = body.get(field)
            if value is not None and not paths.is_reference_path(value):
                yield Diagnostic(
                    SCHEMA, "Value is not a Reference Path: Illegal use of character", f"{place}/{field}"
                )
        for field in _TEMPLATES:
            if field in body:
                yield from _template(body[field], f"{place}/{field}")

    def _rules(self, body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
        for field in ("Retry", "Catch"):
            rules = body.get(field, [])
            for index, rule in enumerate(rules if isinstance(rules, list) else ()):
                if not rule.get("ErrorEquals"):
                    here = f"{place}/{field}[{index}]"
                    yield Diagnostic(SCHEMA, "These fields are required: [ErrorEquals]", here)

    # -------------------------------------------------------------------------------- by type
    def task(self, body: Mapping[str, Any], _language: str, place: str) -> Iterator[Diagnostic]:
        """Yield the problems that only a Task can have."""
        arn = body.get("Resource")
        if arn is None:
            yield Diagnostic(SCHEMA, "These fields are required: [Resource]", place)
            return
        credentials = body.get("Credentials")
        if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & set(credentials):
            yield Diagnostic(
                SCHEMA, "The field 'RoleArn' is required but was missing", f"{place}/Credentials"
            )
        resource = parse_resource(arn) if isinstance(arn, str) else None
        if resource is None or not _known_action(resource):
            message = (
                f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or"
                " the resource is not available in this region."
            )
            yield Diagnostic(SCHEMA, message, f"{place}/Resource")
            return
        if self._express:
            message = ""
            if resource.kind == "activity":
                message = "Express state machine does not support Activity ARN"
            elif resource.waits_for_token:
                message = "Express state machine does not support '.waitForTaskToken' service integration "
            elif resource.sync:
                message = f"Express state machine does not support '.{resource.pattern}' service integration"
            if message:
                yield Diagnostic(SCHEMA, message, f"{place}/Resource")

    def wait(self, body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
        """Yield the problems that only a Wait can have."""
        given = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in body]
        if len(given) != 1:
            message = (
                "A Wait state must contain exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath]"
            )
            yield Diagnostic(SCHEMA, message, place)
            return
        value = body[given[0]]
        if given == ["Timestamp"] and not (language == JSONATA and jsonata.expression(value) is not None):
            if parse_timestamp(value) is None:
                yield Diagnostic(SCHEMA, "String does not match RFC3339 timestamp", f"{place}/Timestamp")
        elif given == ["Seconds"] and not isinstance(value, str) and not _is_count(value):
            yield Diagnostic(SCHEMA, "Value must be a non-negative integer", f"{place}/Seconds")

    def choice(self, body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
        """Yield the problems that only a Choice can have."""
        rules = body.get("Choices")
        if rules is None:
            yield Diagnostic(SCHEMA, "These fields are required: [Choices]", place)
            return
        if not isinstance(rules, list) or not rules:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{place}/Choices")
            return
        for index, rule in enumerate(rules):
            here = f"{place}/Choices[{index}]"
            if "Next" not in rule:
                yield Diagnostic(SCHEMA, "These fields are required: [Next]", here)
            if language == JSONATA:
                if "Condition" not in rule:
                    yield Diagnostic(SCHEMA, "These fields are required: [Condition]", here)
            else:
                yield from _rule(rule, here)

    def parallel(self, body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
        """Yield the problems of a Parallel and its branches."""
        branches = body.get("Branches")
        if branches is None:
            yield Diagnostic(SCHEMA, "These fields are required: [Branches]", place)
        elif not isinstance(branches, list) or not branches:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{place}/Branches")
        else:
            for index, branch in enumerate(branches):
                yield from self.group(branch, f"{place}/Branches[{index}]", language)

    def map(self, body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
        """Yield the problems of a Map and its processor."""
        key = "ItemProcessor" if "ItemProcessor" in body else "Iterator"
        processor = body.get(key)
        if not isinstance(processor, dict):
            yield Diagnostic(SCHEMA, "These fields are required: [ItemProcessor]", place)
            return
        label = body.get("Label")
        if label is not None:
            yield from _label(label, f"{place}/Label")
        mode = processor.get("ProcessorConfig", {}).get("Mode", "INLINE")
        if mode not in ("INLINE", "DISTRIBUTED"):
            where = f"{place}/{key}/ProcessorConfig/Mode"
            yield Diagnostic(
                SCHEMA, "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]", where
            )
        if mode != "DISTRIBUTED":
            for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
                if field in body:
                    yield Diagnostic(
                        SCHEMA, f"The field '{field}' requires a 'DISTRIBUTED' Map", f"{place}/{field}"
                    )
        yield from self.group(processor, f"{place}/{key}", language)

    def plain(self, _body: Mapping[str, Any], _language: str, _place: str) -> Iterator[Diagnostic]:
        """Pass, Succeed and Fail have nothing more that could be wrong."""
        yield from ()


_KINDS = {
    "Task": _Checker.task,
    "Wait": _Checker.wait,
    "Choice": _Checker.choice,
    "Parallel": _Checker.parallel,
    "Map": _Checker.map,
    "Pass": _Checker.plain,
    "Succeed": _Checker.plain,
    "Fail": _Checker.plain,
}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _known_action(resource: Any) -> bool:
    from pipecell.definition.asl.integrations import ACTIONS

    if resource.kind != "service" or resource.sdk:
        return True
    actions = ACTIONS.get(resource.service)
    return actions is None or resource.action in actions


def _targets(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if body.get("Next") is not None and body.get("Type") not in ("Choice", "Succeed", "Fail"):
        yield "Next", body["Next"]
    if body.get("Default") is not None:
        yield "Default", body["Default"]
    for field in ("Choices", "Catch"):
        rules = body.get(field)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and "Next" in rule:
                yield f"{field}[{index}]/Next", rule["Next"]


def _rule(rule: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    combined = [name for name in COMBINATIONS if name in rule]
    if combined:
        inner = rule[combined[0]]
        for index, one in enumerate(inner if isinstance(inner, list) else [inner]):
            suffix = f"[{index}]" if isinstance(inner, list) else ""
            yield from _rule(one, f"{place}/{combined[0]}{suffix}")
        return
    if "Variable" not in rule:
        yield Diagnostic(SCHEMA, "These fields are required: [Variable]", place)
    elif not paths.is_path(rule["Variable"]):
        yield Diagnostic(SCHEMA, "Value is not a valid JSONPath", f"{place}/Variable")
    if not any(name in OPERATORS for name in rule):
        yield Diagnostic(SCHEMA, "A choice rule must have a comparison operator", place)


def _template(template: Any, place: str) -> Iterator[Diagnostic]:
    if isinstance(template, Mapping):
        for key, value in template.items():
            if key.endswith(".$"):
                if not (paths.is_path(value) or is_call(value)):
                    message = (
                        f"The value for the field '{key}' must be a valid JSONPath"
                        " or a valid intrinsic function call"
                    )
                    yield Diagnostic(SCHEMA, message, place)
            else:
                yield from _template(value, f"{place}/{key}")
    elif isinstance(template, list):
        for index, item in enumerate(template):
            yield from _template(item, f"{place}[{index}]")


def _expressions(value: Any, place: str) -> Iterator[Diagnostic]:
    """Every JSONata expression of a state must parse; groups of states inside it are checked as such."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in ("ItemProcessor", "Iterator", "Branches", "Comment"):
                yield from _expressions(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(item, f"{place}[{index}]")
    else:
        text = jsonata.expression(value)
        problem = jsonata.syntax_error(text) if text is not None else None
        if problem:
            yield Diagnostic(SCHEMA, f"The JSONata expression '{text}' cannot be parsed. {problem}", place)


def _label(label: Any, place: str) -> Iterator[Diagnostic]:
    if not isinstance(label, str) or not label:
        yield Diagnostic(SCHEMA, "Label cannot be empty", place)
    elif len(label) > _LABEL_LIMIT:
        yield Diagnostic(SCHEMA, f"Label cannot exceed {_LABEL_LIMIT} characters", place)
    else:
        bad = next((character for character in label if character in _LABEL_FORBIDDEN), None)
        if bad is not None:
            yield Diagnostic(SCHEMA, f"Label contains invalid character: {bad!r}", place)
