"""A whole machine in a cell, as Amazon States Language in JSON or YAML.

``${Name}`` stands for the value of the notebook's variable ``Name``, as it stands for a definition
substitution in CloudFormation and SAM; a name that is no variable stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from pipecell.declare.capture import Capture
from pipecell.definition.document import MAX_BYTES, inner_machines
from pipecell.definition.json_text import load, not_json, once
from pipecell.errors import DefinitionError

_YAML = re.compile(
    r"(?:^(?:#.*|---)?[ \t]*\n)*(?:Comment|StartAt|States|QueryLanguage|Version|TimeoutSeconds):(?:\s|$)",
    re.M,
)
_SUBSTITUTION = re.compile(r"\$\{([A-Za-z_]\w*)\}")
_PLAIN = (str, int, float, bool, list, dict)
_MOST_VALUES = MAX_BYTES // 2
"""A value takes two bytes at least of what AWS takes."""


class TextState:
    """One state of a machine that was written as text: what a cell declares by name."""

    def __init__(self, name: str, body: Mapping[str, Any]) -> None:
        self.state_id = name
        self.fields = body

    def to_dict(self) -> Mapping[str, Any]:
        """Return the state as it was written."""
        return self.fields


class TextMachine:
    """A machine that was written as text; it stands where a cell's ``Workflow`` would.

    Attributes:
        body: the machine.
        name: none of its own; it is called as the cell calls it.
    """

    name = ""
    role = None
    tags = ()

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body

    @property
    def definition(self) -> TextMachine:
        """Itself: it is its own definition."""
        return self

    def to_json(self) -> str:
        """Return the machine as JSON."""
        return json.dumps(self.body, ensure_ascii=False)


def is_machine(source: str, engine: str | None) -> bool:
    """Tell whether a cell's body is a machine and not Python.

    Args:
        source: the body.
        engine: what the cell names; with ``stepfunctions`` a body that begins with ``{`` is a machine,
            however broken.
    """
    text = source.lstrip()
    if text.startswith("{"):
        return engine == "stepfunctions" or re.search(r'"StartAt"\s*:', text) is not None
    return _YAML.match(source.lstrip("\n")) is not None


def machine_runner(
    capture: Capture, cell: int | None = None
) -> Callable[[str, MutableMapping[str, Any]], None]:
    """Return what reads a body as a machine, where else it would be run as Python.

    Args:
        capture: what the cell creates.
        cell: its execution count, for errors.
    """

    def run(source: str, namespace: MutableMapping[str, Any]) -> None:
        try:
            # One line further down, where people see it: the magic is the cell's first line.
            body = _substituted(read_machine(f"\n{source}"), namespace)
        except DefinitionError as error:
            error.cell = cell
            raise
        capture.created.append(("workflow", TextMachine(body)))
        capture.created += [("state", TextState(name, state)) for name, state in _states(body)]

    return run


def read_machine(text: str) -> dict[str, Any]:
    """Read a machine from JSON or YAML.

    Raises:
        DefinitionError: ``PC001``, it cannot be read, with line and column; ``PC006``, a name twice in
            one object, with those of the second one; ``PC004``, it is no object.
    """
    body = _read_json(text) if text.lstrip().startswith("{") else _read_yaml(text)
    if not isinstance(body, dict):
        raise DefinitionError("A state machine is an object with StartAt and States.", code="PC004")
    return body


def _read_json(text: str) -> Any:
    try:
        return load(text)
    except json.JSONDecodeError as error:
        raise not_json(error, "machine") from error


def _read_yaml(text: str) -> Any:
    import yaml

    try:
        loader = _loader()(text)
        node = loader.get_single_node()
        if node is None:
            return None
        if _count(node, {}) > _MOST_VALUES:
            raise DefinitionError("Its aliases (*name) stand for more than AWS takes.", code="PC002")
        return loader.construct_document(node)
    except RecursionError as error:
        raise DefinitionError("The machine is nested too deeply.", code="PC004") from error
    except yaml.reader.ReaderError as error:
        raise DefinitionError(f"The machine is not YAML: {error.reason}.", code="PC001") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        words = error.problem or error.context or ""
        if words.startswith("but "):  # the end of a sentence that its context begins
            words = f"{error.context}, {words}"
        raise DefinitionError(
            f"The machine is not YAML: {words}.",
            code="PC001",
            path=f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "",
        ) from error


def _count(node: Any, known: dict[int, int]) -> int:
    """Return how many values a node is once each alias in it is what it stands for.

    Raises:
        DefinitionError: ``PC004``, it holds itself.
    """
    if id(node) not in known:
        known[id(node)] = -1  # until it is counted
        inner = node.value if isinstance(node.value, list) else []
        parts = [part for each in inner for part in (each if isinstance(each, tuple) else (each,))]
        known[id(node)] = 1 + sum(_count(part, known) for part in parts)
    if known[id(node)] < 0:
        raise DefinitionError("An alias (*name) stands for what it is in.", code="PC004")
    return known[id(node)]


def _loader() -> Any:
    """Return a loader of YAML that reads what JSON has and nothing else: no times, no ``yes`` for true."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Safe, with JSON's types."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            pairs = [
                (self.construct_object(key, deep=True), self.construct_object(value, deep=True))
                for key, value in node.value
            ]
            marks = [key.start_mark for key, _ in node.value]
            return once(
                pairs, lambda index: f"line {marks[index].line + 1}, column {marks[index].column + 1}"
            )

    def mapping(loader: Loader, node: Any) -> Any:
        return loader.construct_mapping(node, deep=True)

    Loader.yaml_constructors = {
        tag: constructor
        for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.rsplit(":", 1)[-1] in ("str", "int", "float", "bool", "null", "seq")
    }
    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] in ("int", "float", "null")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF")
    )
    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return Loader


def _substituted(value: Any, namespace: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _substituted(item, namespace) for key, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, namespace) for item in value]
    if not isinstance(value, str):
        return value
    whole = _SUBSTITUTION.fullmatch(value)
    if whole is not None and isinstance(namespace.get(whole[1]), _PLAIN):
        return namespace[whole[1]]

    def fill(found: re.Match[str]) -> str:
        given = namespace.get(found[1])
        return str(given) if isinstance(given, str | int | float) else found[0]

    return _SUBSTITUTION.sub(fill, value)


def _states(machine: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    states = machine.get("States") if isinstance(machine, Mapping) else None
    for name, state in states.items() if isinstance(states, Mapping) else ():
        if isinstance(state, Mapping):
            yield name, state
            for _, inner in inner_machines({"Type": "", **state}):
                yield from _states(inner)
