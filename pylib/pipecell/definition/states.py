"""A state machine in Amazon States Language as a graph.

States inside Parallel and Map are nodes whose parent is that state; their ids carry the way to
them (``Prepare[0]/Clean``), since two machines may use one name. Loops are legal here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.asl.references import data_references
from pipecell.definition.document import Document, inner_machines
from pipecell.definition.paths import Key, format_path, parse_property_path
from pipecell.definition.summaries import summarise
from pipecell.errors import DefinitionError
from pipecell.graph import Edge, EdgeKind, Graph, Node

_COMPARISONS = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanEquals": "≥",
    "LessThan": "<",
    "LessThanEquals": "≤",
    "Matches": "~",
}
_COMPARISON = re.compile(
    r"(?:String|Numeric|Boolean|Timestamp)(?P<operator>" + "|".join(_COMPARISONS) + r")(?:Path)?"
)
_TESTS = {
    "IsPresent": "present",
    "IsNull": "null",
    "IsString": "a string",
    "IsNumeric": "a number",
    "IsBoolean": "a boolean",
    "IsTimestamp": "a timestamp",
}
_JSONATA = re.compile(r"\s*\{%\s*(.*?)\s*%\}\s*", re.DOTALL)


def read_graph(document: Document) -> Graph:
    """Return the states of a document and how each one leads to the next.

    ``Next`` is a control edge; an outcome of a Choice, and the way into a Parallel or Map, is a
    branch edge; a Catch is a control edge labelled ``catch`` and its errors. A name that is no
    state gets no edge. Variables and places in the data that a state reads are ``references``.
    """
    drawing = _Drawing(document)
    drawing.add_machine(document.body, None, "")
    return Graph(
        document.name,
        document.engine,
        tuple(drawing.nodes),
        tuple(drawing.edges),
        tuple(_references(document, drawing.bodies)),
    )


def _references(document: Document, bodies: Mapping[str, Mapping[str, Any]]) -> Iterator[Edge]:
    """Yield a data edge for each pair of states of which one reads what the other left."""
    ids = {id(body): node_id for node_id, body in bodies.items()}
    labels: dict[tuple[str, str], dict[str, None]] = {}
    for reference in data_references(document):
        pair = ids[id(reference.source.body)], ids[id(reference.target.body)]
        labels.setdefault(pair, {})[reference.label] = None
    for (source, target), words in labels.items():
        yield Edge(source, target, "data", ", ".join(words))


def state_bodies(document: Document) -> dict[str, Mapping[str, Any]]:
    """Return each state by the id that `read_graph` gives it."""
    drawing = _Drawing(document)
    drawing.add_machine(document.body, None, "")
    return drawing.bodies


@dataclass
class _Drawing:
    """The graph while it grows."""

    document: Document
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    bodies: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def add_machine(self, machine: Mapping[str, Any], parent: str | None, prefix: str) -> dict[str, str]:
        """Add the states of one machine; returns their ids by name."""
        ids = {name: self._new_id(prefix + name) for name in machine["States"]}
        for name, state in machine["States"].items():
            self.bodies[ids[name]] = state
            self.nodes.append(
                Node(
                    id=ids[name],
                    name=name,
                    type=state["Type"],
                    parent=parent,
                    cell=self.document.cells.get(name),
                    summary=summarise_state(state),
                )
            )
            self._add_inner(ids[name], state)
        for name, state in machine["States"].items():
            self._add_edges(ids[name], state, ids)
        return ids

    def _add_inner(self, node_id: str, state: Mapping[str, Any]) -> None:
        parallel = state["Type"] == "Parallel"
        for index, (_, machine) in enumerate(inner_machines(state)):
            prefix = f"{node_id}[{index}]/" if parallel else f"{node_id}/"
            ids = self.add_machine(machine, node_id, prefix)
            first = ids.get(machine["StartAt"])
            if first is not None:
                self.edges.append(Edge(node_id, first, "branch", "" if parallel else "each"))

    def _add_edges(self, source: str, state: Mapping[str, Any], ids: Mapping[str, str]) -> None:
        labels: dict[tuple[str, EdgeKind], dict[str, None]] = {}
        for target, kind, label in exits(state):
            if target in ids:
                labels.setdefault((ids[target], kind), {})[label] = None
        for (target, kind), words in labels.items():
            self.edges.append(Edge(source, target, kind, " or ".join(filter(None, words))))

    def _new_id(self, wish: str) -> str:
        node_id, count = wish, 1
        while node_id in self.taken:
            count += 1
            node_id = f"{wish}#{count}"
        self.taken.add(node_id)
        return node_id


def exits(state: Mapping[str, Any]) -> Iterator[tuple[str, EdgeKind, str]]:
    """Yield (next state, kind of edge, label) for each way out of a state."""
    if isinstance(state.get("Next"), str):
        yield state["Next"], "control", ""
    for rule in _objects(state.get("Choices")):
        if isinstance(rule.get("Next"), str):
            yield rule["Next"], "branch", describe_rule(rule)
    if isinstance(state.get("Default"), str):
        yield state["Default"], "branch", "else"
    for catcher in _objects(state.get("Catch")):
        if isinstance(catcher.get("Next"), str):
            errors = catcher.get("ErrorEquals")
            names = [str(name).removeprefix("States.") for name in errors] if isinstance(errors, list) else []
            yield catcher["Next"], "control", f"catch {', '.join(names)}".strip()


def describe_rule(rule: Mapping[str, Any]) -> str:
    """Return a Choice rule in words: ``TrainingJobStatus = Completed``, or its JSONata expression."""
    if isinstance(rule.get("Condition"), str):
        return _expression(rule["Condition"])
    for key, word in (("And", " and "), ("Or", " or ")):
        if isinstance(rule.get(key), list):
            parts = [describe_rule(part) for part in _objects(rule[key])]
            return f"({word.join(parts)})" if "Next" not in rule and len(parts) > 1 else word.join(parts)
    if isinstance(rule.get("Not"), Mapping):
        return f"not {describe_rule(rule['Not'])}"
    variable = _variable(rule.get("Variable"))
    for key, value in rule.items():
        found = _COMPARISON.fullmatch(key)
        if found is not None:
            return f"{variable} {_COMPARISONS[found['operator']]} {_operand(key, value)}"
        if key in _TESTS:
            return f"{variable} is {'' if value is True else 'not '}{_TESTS[key]}"
    return variable


def _operand(key: str, value: Any) -> str:
    if key.endswith("Path"):
        return _variable(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _variable(path: Any) -> str:
    """Return a JSONPath as people say it: ``$['Payload'][0].Value`` is ``Payload[0].Value``."""
    if not isinstance(path, str):
        return "?"
    try:
        segments = parse_property_path(path)
    except DefinitionError:  # JSONPath has more forms: filters, slices, functions
        return path
    return format_path(str(s) if isinstance(s, Key) and s.isidentifier() else s for s in segments) or path


def _expression(text: str) -> str:
    """Return a JSONata expression without its ``{% %}``, on one line."""
    found = _JSONATA.fullmatch(text)
    return " ".join((found[1] if found else text).split())


def summarise_state(state: Mapping[str, Any]) -> str:
    """Return one short line about a state: what a Task calls, how long a Wait is, why a Fail fails."""
    kind = state["Type"]
    if kind == "Task":
        return _task(state)
    if kind == "Wait":
        return _wait(state)
    if kind == "Fail":
        words = (state.get("Error") or state.get("ErrorPath"), state.get("Cause") or state.get("CausePath"))
        return ": ".join(_scalar(word) for word in words if word)
    if kind == "Map":
        items = state.get("ItemsPath") or state.get("Items") or state.get("ItemReader")
        return f"each of {_scalar(items)}" if isinstance(items, str) else ""
    return _scalar(state.get("Comment") or "") if kind == "Pass" else ""


def _wait(state: Mapping[str, Any]) -> str:
    for key, words in (("Seconds", "{} s"), ("Timestamp", "until {}")):
        for name in (key, f"{key}Path"):
            if state.get(name) is not None:
                return words.format(_scalar(state[name]))
    return ""


def _scalar(value: Any) -> str:
    """Return a text as it is, a path or an expression without its marks, a number as text."""
    if not isinstance(value, str):
        return str(value)
    return _variable(value) if value.startswith("$") else _expression(value)


def _task(state: Mapping[str, Any]) -> str:
    """Return ``sagemaker createTrainingJob · ml.m5.large``, or the name of the function or activity."""
    resource = str(state.get("Resource") or "")
    arguments = state.get("Parameters") or state.get("Arguments")
    parts = resource.split(":", 5)
    call = parts[5] if len(parts) > 5 and parts[2] == "states" else ""  # noqa: PLR2004 (an ARN's sixth field)
    if not call or call.startswith("activity"):
        return resource.rsplit(":", 1)[-1]
    words = call.removeprefix("aws-sdk:").replace(":", " ")
    if isinstance(arguments, Mapping):
        if words.startswith("lambda"):
            return _scalar(_either(arguments, "FunctionName")).rsplit(":", 1)[-1] or words
        detail = summarise("", {"Arguments": _plain(arguments)}, {})
        return f"{words} · {detail}" if detail else words
    return words


def _either(arguments: Mapping[str, Any], key: str) -> Any:
    return arguments.get(key) or arguments.get(f"{key}.$") or ""


def _plain(value: Any) -> Any:
    """Return arguments with JSONPath's ``Key.$`` read as ``Key``, for the words of a summary."""
    if isinstance(value, Mapping):
        return {str(key).removesuffix(".$"): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _scalar(value) if isinstance(value, str) else value


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
