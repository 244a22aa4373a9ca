"""AWS's own description of a service, and whether a request satisfies it.

The shapes come from the data that botocore ships, so they are never retyped.
Errors are in the words that AWS's services use.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import Any

from pipecell.local.wire import ServiceError

_SHOWN_VALUE_CHARACTERS = 1000
_MAX_DEPTH = 64


@dataclass(frozen=True)
class ServiceModel:
    """The part of a service's description that some operations need.

    Args:
        name: botocore's name of the service, for example ``stepfunctions``.
        target_prefix: what stands before the operation in ``X-Amz-Target``.
        json_version: ``1.0`` or ``1.1``.
        operations: botocore's description of each operation.
        shapes: those that the operations reach.
        known: the names of all operations of the service.
    """

    name: str
    target_prefix: str
    json_version: str
    operations: Mapping[str, Mapping[str, Any]]
    shapes: Mapping[str, Mapping[str, Any]]
    known: frozenset[str]

    def read_input(self, operation: str, value: Any) -> dict[str, Any]:
        """Check an operation's input and return it with times and binary values in Python's types.

        Raises:
            ServiceError: SerializationException for a wrong JSON type, ValidationException for the rest.
        """
        shape = self.operations[operation].get("input", {}).get("shape")
        if shape is None:
            return {}
        problems: list[str] = []
        read = _Reader(self.shapes, problems).read(shape, value, "")
        if problems:
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
            raise ServiceError("ValidationException", count + "; ".join(problems))
        result: dict[str, Any] = read
        return result

    def output_problems(self, operation: str, output: Mapping[str, Any]) -> list[str]:
        """Return how an answer, as sent, differs from the operation's output shape."""
        shape = self.operations[operation].get("output", {}).get("shape")
        if shape is None:
            return [f"{operation} has no output"] if output else []
        problems: list[str] = []
        try:
            _Reader(self.shapes, problems).read(shape, output, "")
        except ServiceError as error:
            problems.append(error.message)
        return problems

    def error_members(self, code: str) -> Collection[str]:
        """Return the members of a modelled error's shape."""
        members: Mapping[str, Any] = self.shapes.get(code, {}).get("members", {})
        return members.keys()


def load(service_name: str, operations: Collection[str] = ()) -> ServiceModel:
    """Read a service's description, cut to what some operations need: all of SageMaker's takes 60 MB.

    Args:
        service_name: botocore's name.
        operations: which ones; all when empty.

    Raises:
        ValueError: an operation that the service does not have.
    """
    from botocore.loaders import Loader

    data = Loader().load_service_model(service_name, "service-2")
    unknown = set(operations) - set(data["operations"])
    if unknown:
        raise ValueError(f"{service_name} has no operation {sorted(unknown)}")
    wanted = {
        name: {key: value for key, value in body.items() if key != "documentation"}
        for name, body in data["operations"].items()
        if not operations or name in operations
    }
    roots = []
    for body in wanted.values():
        roots += [body[side]["shape"] for side in ("input", "output") if side in body]
        roots += [error["shape"] for error in body.get("errors", ())]
    metadata = data["metadata"]
    return ServiceModel(
        name=service_name,
        target_prefix=metadata.get("targetPrefix", ""),
        json_version=metadata.get("jsonVersion", "1.1"),
        operations=wanted,
        shapes=dict(_reachable(data["shapes"], roots)),
        known=frozenset(data["operations"]),
    )


def _reachable(
    shapes: Mapping[str, Mapping[str, Any]], roots: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    seen: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        yield name, _without_documentation(shape)
        pending += [member["shape"] for member in shape.get("members", {}).values()]
        pending += [shape[side]["shape"] for side in ("member", "key", "value") if side in shape]


def _without_documentation(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {key: value for key, value in shape.items() if key != "documentation"}
    if "members" in kept:
        kept["members"] = {
            name: {key: value for key, value in member.items() if key != "documentation"}
            for name, member in kept["members"].items()
        }
    return kept


class _Reader:
    """Walks a value along its shape, collecting what AWS would complain of."""

    def __init__(self, shapes: Mapping[str, Mapping[str, Any]], problems: list[str]) -> None:
        self._shapes = shapes
        self._problems = problems
        self._depth = 0

    def read(self, name: str, value: Any, path: str) -> Any:
        shape = self._shapes[name]
        read: Callable[[Mapping[str, Any], Any, str], Any] = getattr(self, f"_read_{shape['type']}")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _serialization("The structure is nested too deeply")
        try:
            return read(shape, value, path)
        finally:
            self._depth -= 1

    def _read_structure(self, shape: Mapping[str, Any], value: Any, path: str) -> Any:
        if shape.get("document"):
            return value
        if not isinstance(value, Mapping):
            raise _serialization("Unexpected token found where a structure was expected", path)
        members = shape.get("members", {})
        given = {key: member for key, member in value.items() if member is not None}
        for key in given:
            if key not in members:
                known = ", ".join(sorted(members))
                self._problems.append(
                    f'Unknown parameter in {path or "input"}: "{key}", must be one of: {known}'
                )
        for key in shape.get("required", ()):
            if key not in given:
                self._complain(None, _child(path, key), "Member must not be null")
        if shape.get("union") and len(given) != 1:
            self._complain(value, path, "Exactly one member of the union must be set")
        return {
            key: self.read(members[key]["shape"], member, _child(path, key))
            for key, member in given.items()
            if key in members
        }

    def _read_list(self, shape: Mapping[str, Any], value: Any, path: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise _serialization("Unexpected token found where a list was expected", path)
        self._check_length(shape, value, path)
        member = self._shapes[shape["member"]["shape"]]
        if not _is_simple(member):
            return [
                self.read(shape["member"]["shape"], item, f"{path}.{position}.member")
                for position, item in enumerate(value, start=1)
            ]
        # AWS reports simple members together, at the list.
        inner: list[str] = []
        read = [
            _Reader(self._shapes, inner).read(shape["member"]["shape"], item, path)
            for item in value
            if item is not None
        ]
        if inner:
            self._complain(value, path, f"Member must satisfy constraint: [{_constraints(member)}]")
        return read

    def _read_map(self, shape: Mapping[str, Any], value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _serialization("Unexpected token found where a map was expected", path)
        self._check_length(shape, value, path)
        result = {}
        sides: dict[str, list[str]] = {"keys": [], "value": []}
        member = self._shapes[shape["value"]["shape"]]
        for key, item in value.items():
            if item is None:
                continue
            name = _Reader(self._shapes, sides["keys"]).read(shape["key"]["shape"], key, path)
            if _is_simple(member):
                result[name] = _Reader(self._shapes, sides["value"]).read(shape["value"]["shape"], item, path)
            else:
                result[name] = self.read(shape["value"]["shape"], item, f"{path}.{key}.member")
        for side, problems in sides.items():
            if problems:
                simple = self._shapes[shape["key" if side == "keys" else "value"]["shape"]]
                self._complain(value, path, f"Map {side} must satisfy constraint: [{_constraints(simple)}]")
        return result

    def _read_string(self, shape: Mapping[str, Any], value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise _serialization(f"{_token(value)} can not be converted to a String", path)
        enum = shape.get("enum")
        if enum and value not in enum:
            self._complain(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
        self._check_length(shape, value, path)
        pattern = shape.get("pattern")
        if pattern:
            compiled = compile_pattern(pattern, ascii_only=value.isascii())
            if compiled is not None and not compiled.fullmatch(value):
                self._complain(value, path, f"Member must satisfy regular expression pattern: {pattern}")
        return value

    def _read_integer(self, shape: Mapping[str, Any], value: Any, path: str) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise _serialization(f"{_token(value)} can not be converted to an Integer", path)
        number = int(value)
        self._check_value(shape, number, path)
        return number

    _read_long = _read_integer

    def _read_double(self, shape: Mapping[str, Any], value: Any, path: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _serialization(f"{_token(value)} can not be converted to a Double", path)
        self._check_value(shape, value, path)
        return value

    _read_float = _read_double

    @staticmethod
    def _read_boolean(_shape: Mapping[str, Any], value: Any, path: str) -> bool:
        if not isinstance(value, bool):
            raise _serialization(f"{_token(value)} can not be converted to a Boolean", path)
        return value

    @staticmethod
    def _read_timestamp(_shape: Mapping[str, Any], value: Any, path: str) -> datetime:
        try:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, timezone.utc)
            if isinstance(value, str):
                return _parse_time(value)
        except (ValueError, OverflowError, OSError):
            pass
        raise _serialization(f"{_token(value)} can not be converted to milliseconds since epoch", path)

    def _read_blob(self, shape: Mapping[str, Any], value: Any, path: str) -> bytes:
        if not isinstance(value, str):
            raise _serialization(f"{_token(value)} can not be converted to a Blob", path)
        try:
            content = base64.b64decode(value, validate=True)
        except binascii.Error:
            raise _serialization("The value is not base64", path) from None
        self._check_length(shape, content, path)
        return content

    def _check_length(self, shape: Mapping[str, Any], value: Any, path: str) -> None:
        for constraint in _range(shape, len(value), "length"):
            self._complain(value, path, constraint)

    def _check_value(self, shape: Mapping[str, Any], value: float, path: str) -> None:
        for constraint in _range(shape, value, "value"):
            self._complain(value, path, constraint)

    def _complain(self, value: Any, path: str, constraint: str) -> None:
        shown = "null" if value is None else f"'{_shown(value)[:_SHOWN_VALUE_CHARACTERS]}'"
        self._problems.append(f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}")


def _range(shape: Mapping[str, Any], measured: float, what: str) -> Iterator[str]:
    if "max" in shape and measured > shape["max"]:
        yield f"Member must have {what} less than or equal to {_number(shape['max'])}"
    if "min" in shape and measured < shape["min"]:
        yield f"Member must have {what} greater than or equal to {_number(shape['min'])}"


def _constraints(shape: Mapping[str, Any]) -> str:
    what = "length" if shape["type"] in {"string", "blob"} else "value"
    words = []
    if "max" in shape:
        words.append(f"Member must have {what} less than or equal to {_number(shape['max'])}")
    if "min" in shape:
        words.append(f"Member must have {what} greater than or equal to {_number(shape['min'])}")
    if "pattern" in shape:
        words.append(f"Member must satisfy regular expression pattern: {shape['pattern']}")
    if "enum" in shape:
        words.append(f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    return ", ".join(words)


def _is_simple(shape: Mapping[str, Any]) -> bool:
    return shape["type"] not in {"structure", "list", "map"}


def _child(path: str, member: str) -> str:
    name = member[:1].lower() + member[1:]
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    """Return a value as Java prints it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, (int, float)):
        return "NUMBER_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "START_OBJECT" if isinstance(value, Mapping) else "START_ARRAY"


def _serialization(message: str, path: str = "") -> ServiceError:
    return ServiceError("SerializationException", f"{message} (at '{path}')" if path else message)


def _parse_time(text: str) -> datetime:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), timezone.utc)
    # Python 3.10 does not read the Z.
    parsed = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)


@cache
def compile_pattern(pattern: str, *, ascii_only: bool = False) -> re.Pattern[str] | None:
    r"""Compile a pattern of AWS's, which is in Java's dialect; None when Python cannot express it.

    Java's ``\w`` is ASCII, ``\p{L}`` is a Unicode category, and a dash after a class is a dash.

    Args:
        pattern: as AWS gives it.
        ascii_only: the text to match is ASCII; spares the walk over all of Unicode.
    """
    text = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\\U00010000-\\U0010FFFF")
    text = re.sub(r"\$\{\d+(,\d*)?\}$", "$", text)
    text = re.sub(r"(\\[wds])-(?!\])", r"\1\\-", text)
    try:
        return re.compile(_expand_categories(text, 0x7F if ascii_only else sys.maxunicode), re.ASCII)
    except (re.error, KeyError):
        return None


def _expand_categories(pattern: str, last: int) -> str:
    r"""Write ``\p{L}`` and its like as ranges up to a code point, in brackets where they stand alone."""
    category = re.compile(r"\\p\{(\w+)\}")
    out = []
    in_class = False
    position = 0
    while position < len(pattern):
        found = category.match(pattern, position)
        if found:
            ranges = _POSIX_CLASSES.get(found[1]) or _category_ranges(found[1], last)
            out.append(ranges if in_class else f"[{ranges}]")
            position = found.end()
            continue
        character = pattern[position]
        if character == "\\":
            out.append(pattern[position : position + 2])
            position += 2
            continue
        if character == "[" and not in_class:
            in_class = True
        elif character == "]":
            in_class = False
        out.append(character)
        position += 1
    return "".join(out)


_CATEGORY = re.compile(r"C[cfnos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?")
_POSIX_CLASSES = {"Alnum": "a-zA-Z0-9", "Alpha": "a-zA-Z", "Digit": "0-9", "ASCII": "\\x00-\\x7f"}


@cache
def _category_ranges(category: str, last: int) -> str:
    if not _CATEGORY.fullmatch(category):
        raise KeyError(category)
    ranges = [
        f"\\U{start:08x}-\\U{min(end, last):08x}"
        for name, start, end in _runs(last)
        if name.startswith(category)
    ]
    # ASCII has no character of some categories: a range that matches nothing there.
    return "".join(ranges) or "\\U0010ffff"


@cache
def _runs(last: int) -> tuple[tuple[str, int, int], ...]:
    """Return (category, first, last) of every run of code points of one category."""
    runs = []
    start = 0
    for name, group in itertools.groupby(map(unicodedata.category, map(chr, range(last + 1)))):
        length = sum(1 for _ in group)
        runs.append((name, start, start + length - 1))
        start += length
    return tuple(runs)
