"""The walk over the states of a definition, and the rules of each type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl.integrations import ACTIONS
from pipecell.definition.asl.resources import Resource, parse_resource
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.clock import parse_timestamp
from pipecell.local.work.states.parse import JSONATA, JSONPATH
from pipecell.local.work.states.validation import expressions, fields, graph
from pipecell.local.work.states.validation.choices import jsonpath_rule
from pipecell.local.work.states.validation.diagnostic import Diagnostic, required, schema

TYPES = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
_NAME_LIMIT, _LABEL_LIMIT = 80, 40
_LABEL_FORBIDDEN = set(' ?*<>{}[]:;,\\|^~$#%&`"') | {chr(c) for c in [*range(0x20), *range(0x7F, 0xA0)]}
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def language_of(body: Mapping[str, Any], inherited: str) -> str:
    """Return the query language that holds: only its exact name is JSONPath, any other text is JSONata."""
    if "QueryLanguage" not in body:
        return inherited
    return JSONPATH if body["QueryLanguage"] == JSONPATH else JSONATA


def language_problems(body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    """Yield the problem of a query language that there is not."""
    chosen = body.get("QueryLanguage", JSONPATH)
    if not isinstance(chosen, str):
        yield schema("Expected value of type [STRING]", f"{place}/QueryLanguage")
    elif chosen not in (JSONPATH, JSONATA):
        message = "Value should be one of the following: [JSONPath, JSONata]"
        yield schema(message, f"{place}/QueryLanguage")


class Walk:
    """Walks a definition.

    Args:
        language: the whole machine's query language; what a Map or Parallel sets does not reach into it.
        express: whether it is for an express machine.
    """

    def __init__(self, language: str, *, express: bool) -> None:
        self._language, self._express = language, express

    def group(self, group: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
        """Yield the problems of a group of states: the machine, a branch or a processor."""
        yield from fields.of_group(group, place, outermost=not place)
        missing = [name for name in ("States", "StartAt") if name not in group]
        if missing:
            yield required(missing, place or "/")
            return
        states = group["States"]
        if not isinstance(states, dict):
            yield schema("Expected value of type Object", f"{place}/States")
            return
        if not states:
            yield schema("Value cannot be empty", f"{place}/States")
            return
        yield from graph.missing(group["StartAt"], states, f"{place}/StartAt")
        for name, body in states.items():
            yield from self._state(name, body, f"{place}/States/{name}", states)
        if not place and graph.never_ends(states):
            yield graph.no_end()
        else:
            yield from graph.unreachable(group["StartAt"], states, place)

    def _state(self, name: str, body: Any, place: str, states: Mapping[str, Any]) -> Iterator[Diagnostic]:
        if not isinstance(body, dict):
            yield schema("Expected value of type Object", place)
            return
        if len(name) > _NAME_LIMIT:
            yield schema(f"State name '{name}' exceeds {_NAME_LIMIT} characters", place)
        kind = body.get("Type")
        if kind is None:
            yield required(["Type"], place)
            return
        if kind not in TYPES:
            message = f"The field 'Type' should have one of these values: [{', '.join(TYPES)}]"
            yield schema(message, f"{place}/Type")
            return
        language = language_of(body, self._language)
        mixed = language == JSONPATH and self._language == JSONATA
        if mixed:
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            yield schema(message, place)
        yield from fields.of_state(kind, body, language, place, mixed=mixed)
        yield from language_problems(body, place)
        yield from fields.values(body, language, place)
        yield from _transitions(body, kind, place, states)
        if language == JSONATA:
            yield from expressions.of_jsonata(body, place)
        else:
            yield from expressions.of_jsonpath(body, place)
        yield from self._rules(kind, body, language, place)
        yield from _error_rules(body, place)

    def _rules(self, kind: str, body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
        if kind == "Task":
            yield from self._task(body, place)
        elif kind == "Wait":
            yield from _wait(body, language, place)
        elif kind == "Choice":
            yield from _choice(body, language, place)
        elif kind == "Parallel":
            yield from self._parallel(body, place)
        elif kind == "Map":
            yield from self._map(body, place)

    def _task(self, body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
        arn = body.get("Resource")
        if arn is None:
            yield required(["Resource"], place)
            return
        credentials = body.get("Credentials")
        if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & set(credentials):
            yield schema("The field 'RoleArn' is required but was missing", f"{place}/Credentials")
        resource = parse_resource(arn) if isinstance(arn, str) else None
        if resource is None or not _known_action(resource):
            message = (
                f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or"
                " the resource is not available in this region."
            )
            yield schema(message, f"{place}/Resource")
        elif self._express:
            yield from _in_express(resource, f"{place}/Resource")

    def _parallel(self, body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
        branches = body.get("Branches")
        if branches is None:
            yield required(["Branches"], place)
        elif not isinstance(branches, list) or not branches:
            yield schema("Value cannot be empty", f"{place}/Branches")
        else:
            for index, branch in enumerate(branches):
                yield from self._inner(branch, f"{place}/Branches[{index}]")

    def _map(self, body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
        key = "ItemProcessor" if "ItemProcessor" in body else "Iterator"
        processor = body.get(key)
        if not isinstance(processor, dict):
            yield required(["ItemProcessor"], place)
            return
        if body.get("Label") is not None:
            yield from _label(body["Label"], f"{place}/Label")
        mode = processor.get("ProcessorConfig", {}).get("Mode", "INLINE")
        if mode not in ("INLINE", "DISTRIBUTED"):
            where = f"{place}/{key}/ProcessorConfig/Mode"
            yield schema("The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]", where)
        if mode != "DISTRIBUTED":
            for field in ("ItemReader", "ItemBatcher", "ResultWriter"):
                if field in body:
                    message = f"The field '{field}' requires a 'DISTRIBUTED' Map"
                    yield schema(message, f"{place}/{field}")
        yield from self._inner(processor, f"{place}/{key}")

    def _inner(self, group: Any, place: str) -> Iterator[Diagnostic]:
        if isinstance(group, dict):
            yield from self.group(group, place)
        else:
            yield schema("Expected value of type Object", place)


def _transitions(
    body: Mapping[str, Any], kind: str, place: str, states: Mapping[str, Any]
) -> Iterator[Diagnostic]:
    if kind not in ("Succeed", "Fail", "Choice") and "Next" not in body and body.get("End") is not True:
        yield required(["Next"], place)
    if "Next" in body and body.get("End") is True and kind not in ("Succeed", "Fail", "Choice"):
        yield schema("A state must not have both 'Next' and 'End'", place)
    for where, target in graph.targets(body):
        yield from graph.missing(target, states, f"{place}/{where}")


def _error_rules(body: Mapping[str, Any], place: str) -> Iterator[Diagnostic]:
    for field in ("Retry", "Catch"):
        rules = body.get(field, [])
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            here = f"{place}/{field}[{index}]"
            if not isinstance(rule, dict):
                yield schema("Expected value of type Object", here)
                continue
            wanted = ["ErrorEquals"] if field == "Retry" else ["ErrorEquals", "Next"]
            missing = [name for name in wanted if not rule.get(name)]
            if missing:
                yield required(missing, here)
                continue
            alone = rule["ErrorEquals"] == ["States.ALL"] and index == len(rules) - 1
            if "States.ALL" in rule["ErrorEquals"] and not alone:
                message = f"'States.ALL' must stand alone, in the last {field[:5]} rule"
                yield schema(message, f"{here}/ErrorEquals")


def _in_express(resource: Resource, place: str) -> Iterator[Diagnostic]:
    if resource.kind == "activity":
        yield schema("Express state machine does not support Activity ARN", place)
    elif resource.waits_for_token:
        message = "Express state machine does not support '.waitForTaskToken' service integration "
        yield schema(message, place)
    elif resource.sync:
        message = f"Express state machine does not support '.{resource.pattern}' service integration"
        yield schema(message, place)


def _known_action(resource: Resource) -> bool:
    if resource.kind != "service" or resource.sdk:
        return True
    actions = ACTIONS.get(resource.service)
    return actions is None or resource.action in actions


def _wait(body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
    given = [name for name in _WAITS if name in body]
    if len(given) > 1:
        yield schema(f"There should only be one of the following fields: [{', '.join(_WAITS)}]", place)
    elif not given:
        yield schema(f"A Wait state must contain exactly one of [{', '.join(_WAITS)}]", place)
    elif given == ["Timestamp"]:
        value = body["Timestamp"]
        expression = language == JSONATA and jsonata.expression(value) is not None
        if not expression and parse_timestamp(value) is None:
            yield schema("String does not match RFC3339 timestamp", f"{place}/Timestamp")


def _choice(body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
    rules = body.get("Choices")
    if rules is None:
        yield required(["Choices"], place)
        return
    if not isinstance(rules, list) or not rules:
        yield schema("Value cannot be empty", f"{place}/Choices")
        return
    for index, rule in enumerate(rules):
        here = f"{place}/Choices[{index}]"
        if not isinstance(rule, dict):
            yield schema("Expected value of type Object", here)
            continue
        wanted = ["Next"] if language == JSONPATH else ["Condition", "Next"]
        missing = [name for name in wanted if name not in rule]
        if missing:
            yield required(missing, here)
        if language == JSONPATH:
            yield from jsonpath_rule(rule, here)


def _label(label: Any, place: str) -> Iterator[Diagnostic]:
    if not isinstance(label, str) or not label:
        yield schema("Label cannot be empty", place)
    elif len(label) > _LABEL_LIMIT:
        yield schema(f"Label cannot exceed {_LABEL_LIMIT} characters", place)
    else:
        bad = next((character for character in label if character in _LABEL_FORBIDDEN), None)
        if bad is not None:
            yield schema(f"Label contains invalid character: {bad!r}", place)
