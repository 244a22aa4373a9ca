"""The values that stand in a cell's text, each with its position, its name and the steps it can reach.

Two readers know positions: Python's own parser for code, and a split of the magic's line for its
options. What neither can read (a cell with a syntax error, a body of another language) has no values
here, and places fall back on words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_HEADER = re.compile(r"%%?(?:step|pipeline)\b[^\n]*(?:\\\n[^\n]*)*")
_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|\S)+"""
_OPTION = re.compile(rf"(?P<key>--?[A-Za-z][\w-]*)(?:[=\s]+(?P<value>(?!-){_WORD}))?|(?P<word>{_WORD})")
_SETTING = re.compile(r"^(?P<key>[\w.-]+)[ \t]*:[ \t]*(?P<value>[^\n#]*[^\s#])", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*[%!][^\n]*", re.MULTILINE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LEAST = 4
"""Letters of a name from which on it may be the beginning of another: ``image``, ``ImageUri``."""
NOTEBOOK = 2048
"""Cells that are read only once: all of a notebook, since a problem is looked for in one after another."""
_QUOTES = "\"'"
_SIGNS = re.compile(r"[^a-z0-9]")

Piece = tuple[int, int]
Reach = dict[str, list[list[Piece]]]


@dataclass(frozen=True)
class Value:
    """A value in a cell's text.

    Attributes:
        start, end: from where to where, in characters.
        value: what it is: a string without its quotes, or a number.
        key: the name that it is given to: of an argument, an option or an entry; empty for none.
        declares: whether it is the first argument of a call, where names of steps and parameters stand.
        call: name of the function that it is an argument of; empty for none.
    """

    start: int
    end: int
    value: Any
    key: str = ""
    declares: bool = False
    call: str = ""


@dataclass(frozen=True)
class Syntax:
    """What was read from one cell.

    Attributes:
        values: in the order of the text.
        reach: by step, the pieces of text that its values can come from: its own call, then what that
            is made of, and so on.
    """

    values: tuple[Value, ...] = ()
    reach: Reach = field(default_factory=dict)

    def choose(self, wanted: Sequence[Value], step: str | None, part: str) -> Value | None:
        """Return the one value that is meant; None where more than one may be, or none is.

        Args:
            wanted: values that hold the words at fault.
            step: the step at fault.
            part: what the value is called in the definition, for example ``InstanceType``.
        """
        for layer in self.reach.get(step or "", ()):
            near = [value for value in wanted if _holds(layer, value.start, value.end)]
            if near:
                return _only([value for value in near if names(value.key, part)]) or _only(near)
        if step in self.reach:
            return None  # it is made here, and of none of these
        return _only([value for value in wanted if names(value.key, part)]) or _only(wanted)

    def elsewhere(self, step: str | None, start: int, end: int) -> bool:
        """Return whether a piece of text belongs to other steps than this one, which is made here too."""
        owners = [
            name for name, layers in self.reach.items() if any(_holds(layer, start, end) for layer in layers)
        ]
        return bool(owners) and step in self.reach and step not in owners


def _holds(pieces: Sequence[Piece], start: int, end: int) -> bool:
    return any(first <= start and end <= last for first, last in pieces)


def _only(values: Sequence[Value]) -> Value | None:
    return values[0] if len(values) == 1 else None


def names(key: str, part: str) -> bool:
    """Return whether a name in code means a part of a definition: ``instance_type``, ``InstanceType``."""
    ours, theirs = (_SIGNS.sub("", text.lower()) for text in (key, part))
    return bool(ours) and (theirs == ours or (len(ours) >= _LEAST and theirs.startswith(ours)))


@lru_cache(maxsize=NOTEBOOK)
def read(source: str) -> Syntax:
    """Read a cell; one that cannot be read has no values."""
    header = _HEADER.match(source)
    options = list(_options(source, header)) if header else []
    step = _step_of(options) if source.startswith("%%step") else None
    body = _blank(source, header.end() if header else 0)
    try:
        tree = ast.parse(body)
    except (SyntaxError, ValueError, RecursionError):
        tree = None
    # `key: value` lines are annotations to Python where each value is a Python expression too.
    if tree is None or all(isinstance(line, ast.AnnAssign) and line.value is None for line in tree.body):
        return _with_step([*options, *_settings(body)], step, {}, len(source))
    code = _Code(body)
    values = sorted([*options, *code.values(tree)], key=lambda value: value.start)
    return _with_step(values, step, code.reaches(tree), len(source))


def _with_step(values: list[Value], step: str | None, reach: Reach, size: int) -> Syntax:
    return Syntax(tuple(values), {step: [[(0, size)]]} if step is not None else reach)


def _options(source: str, header: re.Match[str]) -> Iterator[Value]:
    """Yield the words of a magic's line, each under the option that it follows."""
    begin = source.find(" ", 0, header.end())
    for found in _OPTION.finditer(source, begin if begin >= 0 else header.end(), header.end()):
        if found["word"] is not None:
            yield _word(source, *found.span("word"))
            continue
        yield Value(*found.span("key"), found["key"])
        if found["value"] is not None:
            key = found["key"].lstrip("-")
            start, end = found.span("value")
            yield _word(source, start, end, key)
            name, equals, _ = found["value"].partition("=")
            if equals:
                yield _word(source, start, start + len(name), key)
                yield _word(source, start + len(name) + 1, end, name)


def _word(source: str, start: int, end: int, key: str = "") -> Value:
    """Return a word of a magic's line, without the quotes around it."""
    if end - start > 1 and source[start] == source[end - 1] and source[start] in _QUOTES:
        start, end = start + 1, end - 1
    return Value(start, end, source[start:end], key)


def _step_of(options: list[Value]) -> str | None:
    words = [option.value for option in options if not option.key]
    return str(words[1]) if len(words) > 1 else None


def _settings(body: str) -> Iterator[Value]:
    """Yield the values of ``key: value`` lines."""
    for found in _SETTING.finditer(body):
        yield Value(*found.span("value"), found["value"].strip("'\""), found["key"])


def _blank(source: str, end: int) -> str:
    """Return the text with magics as blanks, so that every position stays what it is."""
    start = _spaces(source[:end])
    return start + _MAGIC.sub(lambda found: _spaces(found.group()), source[end:])


def _spaces(text: str) -> str:
    return "".join("\n" if sign == "\n" else " " for sign in text)


class _Code:
    """Positions in Python code, in characters rather than lines and bytes."""

    def __init__(self, text: str) -> None:
        self._lines = _LINE.findall(text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def values(self, tree: ast.AST) -> Iterator[Value]:
        """Yield the constants, with the names that they are given to."""
        for node in ast.walk(tree):
            match node:
                case ast.Call():
                    called = _name(node.func)
                    for index, argument in enumerate(node.args):
                        yield from self._value(argument, "", declares=index == 0, call=called)
                    for keyword in node.keywords:
                        yield from self._value(keyword.value, keyword.arg or "", call=called)
                case ast.Dict():
                    for key, held in zip(node.keys, node.values, strict=True):
                        yield from self._value(held, key.value if isinstance(key, ast.Constant) else "")
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    if node.value is not None:
                        yield from self._value(node.value, name)
                case ast.List() | ast.Tuple():
                    for element in node.elts:
                        yield from self._value(element, "")

    def reaches(self, tree: ast.Module) -> Reach:
        """Return, by the name of a step, where it is made and what that is made of."""
        made = {name: node for node in tree.body for name in _bound(node)}
        found: Reach = {}
        for statement in tree.body:
            for call in (node for node in ast.walk(statement) if isinstance(node, ast.Call)):
                for step in _step_names(call):
                    known = found.setdefault(step, [])
                    known.extend(
                        [self._span(node) for node in layer] for layer in _made_of(call, statement, made)
                    )
        return found

    def _value(
        self, node: ast.AST, key: object, *, declares: bool = False, call: str = ""
    ) -> Iterator[Value]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
            yield Value(*self._inner(node), node.value, str(key), declares, call)

    def _inner(self, node: ast.Constant) -> tuple[int, int]:
        """Return where a constant stands, without the quotes of a plain string."""
        start, end = self._span(node)
        if isinstance(node.value, str) and end - start == len(node.value) + 2:
            return start + 1, end - 1
        return start, end

    def _span(self, node: Any) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _at(self, line: int, column: int) -> int:
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        return self._starts[line - 1] + len(text.encode()[:column].decode(errors="ignore"))


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))


def _step_names(call: ast.Call) -> Iterator[str]:
    """Yield what may be the name of a step that a call makes."""
    named = [keyword.value for keyword in call.keywords if keyword.arg in ("name", "state_id")]
    for value in [*call.args[:1], *named]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def _made_of(call: ast.Call, statement: ast.stmt, made: dict[str, ast.stmt]) -> Iterator[list[ast.AST]]:
    """Yield a call; then what binds the names that it needs; then what binds theirs, and so on."""
    layer: list[ast.AST] = [call]
    seen: set[int] = {id(statement)}
    while layer:
        yield layer
        names_needed = [
            node.id
            for piece in layer
            for node in ast.walk(piece)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        ]
        needed = {id(made[name]): made[name] for name in names_needed if name in made}
        layer = [piece for key, piece in needed.items() if key not in seen]
        seen |= needed.keys()
