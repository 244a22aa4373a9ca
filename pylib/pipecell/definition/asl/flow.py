"""What can be in the data at each state of a machine.

The input of an execution can be anything. From there each state is followed: what its Parameters, its
result, its ResultSelector, ResultPath, OutputPath, Output and Catch make of what comes in. Where several
ways lead to a state, its input is what either of them may bring; a loop is followed until nothing new
comes. A path that leads to no such value cannot be produced by any run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.asl import expressions, intrinsics, jsonpath
from pipecell.definition.asl.machine import Group, State, groups
from pipecell.definition.asl.resources import parse_resource
from pipecell.definition.asl.results import result_of
from pipecell.definition.asl.values import (
    ANYTHING,
    OPEN,
    SCALAR,
    Items,
    Object,
    Value,
    at,
    join,
    join_all,
    keys_of,
    of_json,
    put,
    shallow,
)
from pipecell.definition.document import Document

_ROUNDS = 6  # visits of one state after which its input is anything: loops must come to an end
_CONTEXT = ANYTHING
_ERROR = Object({"Error": SCALAR, "Cause": SCALAR})


@dataclass(frozen=True)
class Missing:
    """A path that leads nowhere.

    Attributes:
        state: who reads it.
        path: where in the state it is written.
        text: the path as written.
        known: the keys that there are at the last part that can be reached.
        where: that part, empty for the whole value.
    """

    state: State
    path: str
    text: str
    known: tuple[str, ...]
    where: str


@dataclass
class _Pass:
    """One look at a machine: inputs known so far, and, in the last look, what is missing."""

    inputs: dict[int, Value] = field(default_factory=dict)
    visits: dict[int, int] = field(default_factory=dict)
    missing: dict[tuple[int, str, str], Missing] = field(default_factory=dict)


def missing_paths(document: Document) -> list[Missing]:
    """Return the paths of a machine that no run can produce, in the order of the definition."""
    whole = groups(document)
    by_parent: dict[int, list[Group]] = {}
    for group in whole:
        if group.parent is not None:
            by_parent.setdefault(id(group.parent), []).append(group)
    look = _Pass()
    _Follower(by_parent, look).group(whole[0], OPEN)
    return list(look.missing.values())


class _Follower:
    def __init__(self, inner: Mapping[int, list[Group]], look: _Pass) -> None:
        self._inner, self._look = inner, look

    def group(self, group: Group, data: Value) -> Value:
        """Follow the data through a group of states; return what it may end with."""
        inputs: dict[str, Value] = {group.start: data}
        visits: dict[str, int] = {}
        outcomes: dict[str, Value] = {}
        waiting = [group.start]
        while waiting:
            name = waiting.pop(0)
            state = group.states.get(name)
            if state is None:
                continue
            visits[name] = visits.get(name, 0) + 1
            if visits[name] > _ROUNDS:
                inputs[name] = ANYTHING
            output, leaving = self._state(state, inputs[name])
            if state.ends:
                outcomes[name] = output
            for target, value in leaving:
                seen = inputs.get(target)
                # Only what comes a second time can have gone round a loop.
                merged = value if seen is None else shallow(join(seen, value))
                if merged != seen and visits.get(target, 0) <= _ROUNDS:
                    inputs[target] = merged
                    if target not in waiting:
                        waiting.append(target)
        return join_all(outcomes.values())

    def _state(self, state: State, data: Value) -> tuple[Value, list[tuple[str, Value]]]:
        """Return what a state puts out, and (target, data) for each way out of it."""
        for key in [key for key in self._look.missing if key[0] == id(state)]:
            del self._look.missing[key]  # a later look knows more ways in, and may find it after all
        output, caught = _Reader(self, state, data).outcome()
        leaving = [
            (rule["Next"], output)
            for _, rule in state.objects("Choices")
            if isinstance(rule.get("Next"), str)
        ]
        leaving += [
            (state.body[key], output) for key in ("Next", "Default") if isinstance(state.body.get(key), str)
        ]
        return output, leaving + caught

    def inside(self, state: State, data: Value) -> list[Value]:
        """Return what each machine inside a Parallel or Map may end with."""
        return [self.group(group, data) for group in self._inner.get(id(state), ())]

    def report(self, missing: Missing) -> None:
        self._look.missing[id(missing.state), missing.path, missing.text] = missing


@dataclass
class _Reader:
    """One state with one input: reads its paths, and says what comes out."""

    follower: _Follower
    state: State
    raw: Value

    def outcome(self) -> tuple[Value, list[tuple[str, Value]]]:
        return self._jsonata() if self.state.jsonata else self._jsonpath()

    # ------------------------------------------------------------------------------- JSONPath
    def _jsonpath(self) -> tuple[Value, list[tuple[str, Value]]]:
        body, kind = self.state.body, self.state.type
        data = self._selected("InputPath", self.raw)
        if kind == "Choice":
            for path, rule in self.state.objects("Choices"):
                self._rule(rule, path, data)
            return self._selected("OutputPath", data), []
        if kind == "Wait":
            for key in ("SecondsPath", "TimestampPath"):
                self._read(body.get(key), key, data)
            return self._selected("OutputPath", data), []
        if kind in ("Succeed", "Fail"):
            return self._selected("OutputPath", data), []
        result = self._result(data)
        if "ResultSelector" in body and kind != "Pass":
            result = self._template(body["ResultSelector"], "ResultSelector", result)
        output = self._selected("OutputPath", self._placed(body, result))
        return output, self._caught()

    def _result(self, data: Value) -> Value:
        body, kind = self.state.body, self.state.type
        for key in ("TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath"):
            self._read(body.get(key), key, data)
        if kind == "Map":
            return self._map(data)
        arguments = self._template(body["Parameters"], "Parameters", data) if "Parameters" in body else data
        if kind == "Parallel":
            return Items(tuple(self.follower.inside(self.state, arguments)))
        if kind == "Task":
            return self._task()
        return of_json(body["Result"]) if "Result" in body else arguments

    def _task(self) -> Value:
        resource = self.state.body.get("Resource")
        return result_of(parse_resource(resource)) if isinstance(resource, str) else ANYTHING

    def _map(self, data: Value) -> Value:
        body = self.state.body
        items = self._read(body.get("ItemsPath"), "ItemsPath", data) if "ItemReader" not in body else ANYTHING
        item = _one_of(items)
        key = "ItemSelector" if "ItemSelector" in body else "Parameters"
        if key in body:
            item = self._template(body[key], key, data)
        if "ItemBatcher" in body:
            item = ANYTHING
        outputs = self.follower.inside(self.state, item)
        return ANYTHING if "ResultWriter" in body else Items(other=join_all(outputs))

    def _placed(self, rule: Mapping[str, Any], result: Value) -> Value:
        """Return the state's input with a result at ResultPath."""
        if "ResultPath" not in rule:
            return result
        place = rule["ResultPath"]
        if place is None:
            return self.raw if self.state.body.get("InputPath", "$") == "$" else ANYTHING
        parts = jsonpath.parts(place) if isinstance(place, str) else None
        if parts is None:
            return ANYTHING
        base = self._selected("InputPath", self.raw, quiet=True)
        return put(base, parts, result)

    def _selected(self, key: str, data: Value, *, quiet: bool = False) -> Value:
        if key not in self.state.body:
            return data
        path = self.state.body[key]
        return Object() if path is None else self._read(path, key, data, quiet=quiet)

    def _caught(self) -> list[tuple[str, Value]]:
        found = []
        for _, catcher in self.state.objects("Catch"):
            if isinstance(catcher.get("Next"), str):
                if self.state.jsonata:
                    value: Value = ANYTHING if "Output" in catcher else _ERROR
                else:
                    value = self._placed(catcher, _ERROR)
                found.append((catcher["Next"], value))
        return found

    def _rule(self, rule: Mapping[str, Any], path: str, data: Value) -> None:
        """Read a Choice rule; one that asks whether a value is there may ask in vain."""
        for key in ("And", "Or"):
            parts = rule.get(key)
            if isinstance(parts, list):
                if any(isinstance(part, Mapping) and "IsPresent" in part for part in parts):
                    return  # the other parts are guarded by that question
                for index, part in enumerate(parts):
                    if isinstance(part, Mapping):
                        self._rule(part, f"{path}.{key}[{index}]", data)
        if isinstance(rule.get("Not"), Mapping):
            self._rule(rule["Not"], f"{path}.Not", data)
        if not any(key.startswith("Is") for key in rule):
            self._read(rule.get("Variable"), f"{path}.Variable", data)

    def _template(self, template: Any, path: str, data: Value) -> Value:
        if isinstance(template, Mapping):
            fields: dict[str, Value] = {}
            for key, value in template.items():
                if str(key).endswith(".$"):
                    fields[str(key)[:-2]] = self._read(value, f"{path}.{key}", data)
                else:
                    fields[str(key)] = self._template(value, f"{path}.{key}", data)
            return Object(fields)
        if isinstance(template, list):
            return Items(tuple(self._template(item, f"{path}[{n}]", data) for n, item in enumerate(template)))
        return of_json(template)

    def _read(self, text: Any, path: str, data: Value, *, quiet: bool = False) -> Value:
        if text is None:
            return data
        if not isinstance(text, str):
            return ANYTHING
        if text.startswith("States."):
            return self._call(text, path, data, quiet)
        parts = jsonpath.parts(text)
        if parts is None or text.startswith("$$"):
            return ANYTHING
        return self._at(data, parts, path, text, quiet)

    def _call(self, text: str, path: str, data: Value, quiet: bool) -> Value:
        try:
            call = intrinsics.parse(text)
        except intrinsics.IntrinsicSyntaxError:
            return ANYTHING
        for inner in intrinsics.paths_in(call):
            self._read(inner, path, data, quiet=quiet)
        return ANYTHING

    def _at(self, data: Value, parts: tuple[str | int, ...], path: str, text: str, quiet: bool) -> Value:
        found = at(data, parts)
        if found is not None:
            return found
        if not quiet:
            known, where = _last_known(data, parts)
            self.follower.report(Missing(self.state, path, text, known, where))
        return ANYTHING

    # -------------------------------------------------------------------------------- JSONata
    def _jsonata(self) -> tuple[Value, list[tuple[str, Value]]]:
        body, kind = self.state.body, self.state.type
        about = {"input": self.raw}
        arguments = self._render(body["Arguments"], "Arguments", about) if "Arguments" in body else self.raw
        if kind == "Task":
            about["result"] = self._task()
        elif kind == "Parallel":
            about["result"] = Items(tuple(self.follower.inside(self.state, arguments)))
        elif kind == "Map":
            item = (
                self._render(body["ItemSelector"], "ItemSelector", about)
                if "ItemSelector" in body
                else _one_of(self._render(body["Items"], "Items", about))
                if "Items" in body
                else _one_of(self.raw)
                if "ItemReader" not in body
                else ANYTHING
            )
            outputs = self.follower.inside(self.state, ANYTHING if "ItemBatcher" in body else item)
            about["result"] = ANYTHING if "ResultWriter" in body else Items(other=join_all(outputs))
        for path, rule in self.state.objects("Choices"):
            self._render(rule.get("Condition"), f"{path}.Condition", about)
        if "Assign" in body:
            self._render(body["Assign"], "Assign", about)
        default = about.get("result", self.raw)
        output = self._render(body["Output"], "Output", about) if "Output" in body else default
        leaving = [
            (rule["Next"], self._render(rule["Output"], f"{path}.Output", about))
            for path, rule in self.state.objects("Choices")
            if "Output" in rule and isinstance(rule.get("Next"), str)
        ]
        return output, leaving + self._caught()

    def _render(self, template: Any, path: str, about: Mapping[str, Value]) -> Value:
        if isinstance(template, Mapping):
            return Object(
                {str(key): self._render(value, f"{path}.{key}", about) for key, value in template.items()}
            )
        if isinstance(template, list):
            return Items(tuple(self._render(item, f"{path}[{n}]", about) for n, item in enumerate(template)))
        text = expressions.expression(template)
        if text is None:
            return of_json(template)
        way = expressions.plain_path(text)
        if way is None or way[0] not in about:
            return ANYTHING
        return self._named(about[way[0]], way[1], path, text)

    def _named(self, value: Value, names: tuple[str, ...], path: str, text: str) -> Value:
        """Follow names as JSONata does, which maps a name over a list: only an object can lack a key."""
        for count, name in enumerate(names):
            if not isinstance(value, Object):
                return ANYTHING
            found = at(value, (name,))
            if found is None:
                where = ".".join(names[:count])
                self.follower.report(Missing(self.state, path, text, tuple(keys_of(value)), where))
                return ANYTHING
            value = found
        return value


def _one_of(items: Value) -> Value:
    if isinstance(items, Items):
        return join_all([*items.each, *([items.other] if items.other is not None else [])])
    return ANYTHING


def _last_known(data: Value, parts: tuple[str | int, ...]) -> tuple[tuple[str, ...], str]:
    """Return the keys of the last value on a path that can be there, and the way to it."""
    for count in range(len(parts) - 1, -1, -1):
        value = at(data, parts[:count])
        if value is not None:
            return tuple(keys_of(value)), jsonpath.spelled(parts[:count]) if count else ""
    return (), ""
