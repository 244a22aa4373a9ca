"""AWS's shapes: what a step's arguments may be, and what can be read from a step that has ended.

The shapes are botocore's, cut to what steps reach (``data/shapes.json``). `walk` holds arguments
against one; whatever is a reference is taken as a value of its own, to be judged by who knows more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any, Literal

from pipecell.definition.data import load
from pipecell.definition.paths import Key, Segment, format_path
from pipecell.definition.references import function_of
from pipecell.errors import did_you_mean, nearest

FaultKind = Literal["unknown", "missing", "type", "enum", "length", "pattern", "range", "union"]

_SHOWN = 60  # characters of a wrong value that a message repeats
_LISTED = 12  # allowed values that a hint lists
WORDS = {
    "string": "a string",
    "integer": "an integer",
    "long": "an integer",
    "float": "a number",
    "double": "a number",
    "boolean": "true or false",
    "structure": "an object",
    "map": "an object",
    "list": "a list",
}
_CHECK_LIKE_PROCESSING = frozenset({"QualityCheck", "ClarifyCheck"})


class Shape:
    """One shape of AWS's service model, its members resolved when they are asked for.

    Args:
        name: AWS's name of it.
        body: its description in the data file.
    """

    def __init__(self, name: str, body: Mapping[str, Any]) -> None:
        self.name = name
        self.type: str = body["type"]
        self.required: tuple[str, ...] = tuple(body.get("required", ()))
        self.min = body.get("min")
        self.max = body.get("max")
        self.enum = frozenset(body.get("enum", ()))
        self.union: bool = body.get("union", False)
        self.only_ascii: bool = body.get("ascii", False)
        self._body = body

    @cached_property
    def members(self) -> Mapping[str, Shape]:
        """Members of a structure by name."""
        return {key: shape(name) for key, name in self._body.get("members", {}).items()}

    @cached_property
    def member(self) -> Shape:
        """What a list holds, and what the values of a map are."""
        return shape(self._body["member" if self.type == "list" else "value"])

    @cached_property
    def key(self) -> Shape:
        """What the keys of a map are."""
        return shape(self._body["key"])

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        """What a string must match as a whole."""
        text = self._body.get("pattern")
        return re.compile(text, re.ASCII) if text else None

    @cached_property
    def free(self) -> bool:
        """Whether any string will do."""
        return not (self.enum or self.min or self.max or "pattern" in self._body)


@cache  # as many as the data file has
def shape(name: str) -> Shape:
    """Return a shape by AWS's name."""
    return Shape(name, load("shapes.json")["shapes"][name])


def request_of(step_type: str, arguments: Mapping[str, Any]) -> tuple[Shape, str] | None:
    """Return the shape of a step's arguments and the member that names the job; None where AWS gives none."""
    table = load("shapes.json")["requests"]
    if step_type in _CHECK_LIKE_PROCESSING:
        step_type = "Processing"
    if step_type == "AutoML" and "AutoMLJobInputDataConfig" in arguments:
        step_type = "AutoMLV2"
    entry = table.get(step_type)
    return (shape(entry["shape"]), entry["name"]) if entry else None


@lru_cache(maxsize=64)
def properties_of(step_type: str) -> Mapping[str, Shape | None] | None:
    """Return what can be read from a step that has ended, by name; None where AWS does not say.

    A property whose own shape is not documented has None.
    """
    data = load("shapes.json")
    name = data["answers"].get(step_type)
    more: Mapping[str, str | None] = data["more_properties"].get(step_type, {})
    if name is None and not more:
        return None
    known: dict[str, Shape | None] = dict(shape(name).members) if name else {}
    return known | {key: shape(value) if value else None for key, value in more.items()}


def below(wanted: Shape, segment: Segment) -> Shape | None:
    """Return the shape of what one segment of a property path names; None when there is no such thing.

    A list is entered by index or, as AWS keys ``Outputs['train']``, by a name in quotes.
    """
    if wanted.type == "structure":
        return wanted.members.get(str(segment))
    if wanted.type == "map":
        return wanted.member
    if wanted.type == "list" and (isinstance(segment, int | Key) or segment.isdecimal()):
        return wanted.member
    return None


@dataclass(frozen=True)
class Fault:
    """One way in which a value is not of its shape.

    Attributes:
        kind: what is wrong with it.
        path: where it stands.
        message: what is wrong, one sentence.
        hint: the way out; may be empty.
    """

    kind: FaultKind
    path: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Placeholder:
    """A reference, where a value of a shape is wanted."""

    shape: Shape
    value: Mapping[str, Any]
    trail: tuple[Segment, ...]

    @property
    def path(self) -> str:
        """Where it stands; written out when it is asked for, since most never are."""
        return format_path(self.trail)


@dataclass
class Walk:
    """What a walk along a shape found."""

    faults: list[Fault] = field(default_factory=list)
    placeholders: list[Placeholder] = field(default_factory=list)
    trail: list[Segment] = field(default_factory=list)

    def walk(self, wanted: Shape, value: Any, optional: str = "") -> None:
        """Hold a value against a shape.

        Args:
            wanted: the shape.
            value: a part of a definition; null is as good as absent.
            optional: a member that AWS requires and may be missing here: a job's name.
        """
        if isinstance(value, str):
            if wanted.type == "string":
                if not wanted.free:
                    self._string(wanted, value)
            elif wanted.type != "timestamp":
                self._wrong_type(wanted, value)
        elif isinstance(value, dict):
            if len(value) == 1 and function_of(value) is not None:
                self.placeholders.append(Placeholder(wanted, value, tuple(self.trail)))
            elif wanted.type == "structure":
                self._structure(wanted, value, optional)
            elif wanted.type == "map":
                self._map(wanted, value)
            else:
                self._wrong_type(wanted, value)
        elif isinstance(value, list):
            self._list(wanted, value)
        elif value is not None:
            self._scalar(wanted, value)

    def _structure(self, wanted: Shape, value: Mapping[str, Any], optional: str) -> None:
        members, trail = wanted.members, self.trail
        for key, item in value.items():
            member = members.get(key)
            trail.append(key)
            if member is None:
                self._add("unknown", f"There is no {key} here.", did_you_mean(key, members))
            else:
                self.walk(member, item)
            trail.pop()
        for key in wanted.required:
            if value.get(key) is None and key != optional:
                trail.append(key)
                self._add("missing", f"{key} is missing.", _needs(members[key]))
                trail.pop()
        if wanted.union and len(value) != 1:
            names = ", ".join(members)
            self._add("union", f"Exactly one of {names} must be set; here it is {len(value)}.")

    def _map(self, wanted: Shape, value: Mapping[str, Any]) -> None:
        self._count(wanted, len(value), "entries")
        member, key_shape, trail = wanted.member, wanted.key, self.trail
        for key, item in value.items():
            trail.append(Key(key))
            if not key_shape.free:
                self._string(key_shape, key)
            self.walk(member, item)
            trail.pop()

    def _list(self, wanted: Shape, value: list[Any]) -> None:
        if wanted.type != "list":
            self._wrong_type(wanted, value)
            return
        self._count(wanted, len(value), "items")
        member, trail = wanted.member, self.trail
        for index, item in enumerate(value):
            trail.append(index)
            self.walk(member, item)
            trail.pop()

    def _string(self, wanted: Shape, value: str) -> None:
        if wanted.enum:
            if value not in wanted.enum:
                self._enum(wanted, value)
            return
        size = len(value)
        if wanted.max is not None and size > wanted.max:
            self._add("length", f"{self._last()} has {size:,} characters; AWS takes at most {wanted.max:,}.")
        elif wanted.min and size < wanted.min:
            said = f"has {size:,} characters" if size else "is empty"
            self._add("length", f"{self._last()} {said}; AWS wants at least {wanted.min:,}.")
        elif (
            wanted.pattern
            and not wanted.pattern.fullmatch(value)
            and (value.isascii() or not wanted.only_ascii)
        ):
            self._add("pattern", f"{_show(value)} is not as AWS wants it.", _form(wanted, value))

    def _enum(self, wanted: Shape, value: str) -> None:
        known = sorted(wanted.enum)
        listed = f"It is one of {', '.join(known[:_LISTED])}{'…' if len(known) > _LISTED else ''}."
        match = nearest(value, known)
        hint = f'Did you mean "{match}"?' if match else listed
        self._add("enum", f"{_show(value)} is not a value of {wanted.name}.", hint)

    def _scalar(self, wanted: Shape, value: float) -> None:
        if isinstance(value, bool):
            fits = wanted.type == "boolean"
        elif wanted.type in ("integer", "long"):
            fits = isinstance(value, int) or value.is_integer()
        else:
            fits = wanted.type in ("float", "double", "timestamp")
        if not fits:
            self._wrong_type(wanted, value)
        elif wanted.max is not None and value > wanted.max:
            self._add("range", f"{value:,} is too much; AWS takes at most {wanted.max:,}.")
        elif wanted.min is not None and value < wanted.min:
            self._add("range", f"{value:,} is too little; AWS wants at least {wanted.min:,}.")

    def _count(self, wanted: Shape, size: int, what: str) -> None:
        if wanted.max is not None and size > wanted.max:
            self._add("length", f"{self._last()} has {size:,} {what}; AWS takes at most {wanted.max:,}.")
        elif wanted.min and size < wanted.min:
            self._add("length", f"{self._last()} has {size:,} {what}; AWS wants at least {wanted.min:,}.")

    def _last(self) -> str:
        """Return the last name on the way here, for messages."""
        name = next((part for part in reversed(self.trail) if isinstance(part, str)), "It")
        return name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"

    def _wrong_type(self, wanted: Shape, value: Any) -> None:
        self._add("type", f"{_show(value)} is not {WORDS.get(wanted.type, wanted.type)}.", _as(wanted, value))

    def _add(self, kind: FaultKind, message: str, hint: str = "") -> None:
        self.faults.append(Fault(kind, format_path(self.trail), message, hint))


def _show(value: Any) -> str:
    text = (
        f'"{value}"'
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else repr(value)
    )
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _as(wanted: Shape, value: Any) -> str:
    """Return how a value would be written in the right type."""
    if wanted.type == "string" and isinstance(value, bool | int | float):
        return f'Write "{str(value).lower() if isinstance(value, bool) else value}".'
    if wanted.type in ("integer", "long", "float", "double") and isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return ""
        return f"Write {value}, without quotes."
    return ""


def _form(wanted: Shape, value: str) -> str:
    """Return what a string should look like, for the forms that people know by name."""
    pattern = wanted.pattern.pattern if wanted.pattern else ""
    gap = re.search(r"<[\w .-]+>", value)
    if gap:
        return f"Put your own value in place of {gap[0]}."
    if "s3" in pattern and "://" in pattern:
        if value.startswith("/"):
            return f"An S3 URI begins with s3://bucket/: s3://BUCKET{value}."
        return "An S3 URI is s3://bucket/key."
    if ":iam::" in pattern:
        return "A role is arn:aws:iam::ACCOUNT:role/NAME, with the 12 digits of an account."
    if pattern.startswith("arn:"):
        return f"It is an ARN such as {_example_arn(pattern)}."
    return f"It must match {pattern}"


def _example_arn(pattern: str) -> str:
    service = next((part for part in pattern.split(":")[2:3] if re.fullmatch("[a-z0-9-]+", part)), "SERVICE")
    return f"arn:aws:{service}:REGION:ACCOUNT:…"


def _needs(wanted: Shape) -> str:
    if wanted.type == "structure" and wanted.required:
        return f"It holds {', '.join(wanted.required)}."
    if wanted.enum and len(wanted.enum) <= _LISTED:
        return f"It is one of {', '.join(sorted(wanted.enum))}."
    return ""
