"""``key: value`` lines: hyperparameters of a built-in algorithm, and the ranges of a tuning."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipecell.declare.jobs.free_names import place
from pipecell.declare.jobs.values import Value, read_text
from pipecell.errors import DeclarationError

_LINE = re.compile(r"\s*(?P<key>[A-Za-z_][\w.-]*)\s*:\s*(?P<value>\S.*?)\s*$")
_COMMENT = re.compile(r"(^|\s)#.*$")
_RANGE = re.compile(r"(?P<low>[-+\w.$]*?[\w])\s*\.\.\s*(?P<high>[-+\w.$]+)(?:\s+(?P<scale>\w+))?")
Scale = Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]
SCALES: Mapping[str, Scale] = {
    "auto": "Auto",
    "linear": "Linear",
    "log": "Logarithmic",
    "reverse": "ReverseLogarithmic",
}


@dataclass(frozen=True)
class Range:
    """What a tuning tries for one hyperparameter.

    Attributes:
        low, high: the bounds; None for a list of choices. Integers give an integer range.
        scale: how it is searched.
        choices: the values of a categorical one.
    """

    low: Value = None
    high: Value = None
    scale: Scale = "Auto"
    choices: tuple[Value, ...] = ()


def looks_like_settings(body: str) -> bool:
    """Say whether a body is meant as ``key: value`` lines, not as a script."""
    lines = [text for _, text in _content(body)]
    matching = sum(_LINE.match(line) is not None for line in lines)
    if matching == len(lines):
        return True
    try:
        tree = ast.parse(body)
    except SyntaxError:
        return matching * 2 >= len(lines)
    # `eta = 0.3` alone is no script either.
    return all(isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) for node in tree.body)


def setting_places(body: str) -> dict[str, str]:
    """Return the place of each ``key: value`` line, by its key."""
    lines = ((number, _LINE.match(text)) for number, text in _content(body))
    return {match["key"]: place(number, 0) for number, match in lines if match is not None}


def read_settings(body: str, namespace: Mapping[str, Any], step: str) -> dict[str, Value]:
    """Read ``key: value`` lines; ``#`` starts a comment, ``$name`` is the notebook's value.

    Raises:
        DeclarationError: ``PC645``, a line that is none, or a key twice; ``PC641``, no such variable.
    """
    found: dict[str, Value] = {}
    for number, text in _content(body):
        match = _LINE.match(text)
        if match is None:
            assigned = re.match(r"\s*([\w.-]+)\s*=\s*(.+)", text)
            raise DeclarationError(
                f"`{text.strip()}` is not `name: value`.",
                code="PC645",
                step=step,
                path=place(number, 0),
                hint=f"Write `{assigned[1]}: {assigned[2]}`." if assigned else "One hyperparameter a line.",
            )
        if match["key"] in found:
            raise DeclarationError(
                f"{match['key']} is set twice.",
                code="PC645",
                step=step,
                path=place(number, 0),
                hint="Keep one of the lines.",
            )
        try:
            found[match["key"]] = read_text(_unquoted(match["value"]), namespace)
        except DeclarationError as error:
            error.path = place(number, 0)
            raise
    return found


def read_ranges(
    body: str, namespace: Mapping[str, Any], step: str
) -> tuple[dict[str, Range], dict[str, Value]]:
    """Read the body of a tuning: ranges, and hyperparameters that stay fixed.

    ``eta: 0.05..0.5 log`` is a range, ``objective: [a, b]`` a list of choices, anything else fixed.

    Raises:
        DeclarationError: ``PC645``, a line that is none of these.
    """
    ranges: dict[str, Range] = {}
    fixed: dict[str, Value] = {}
    places = setting_places(body)
    for key, value in read_settings(body, namespace, step).items():
        try:
            read = _range(key, value, namespace, step) if isinstance(value, str) else None
        except DeclarationError as error:
            error.path = places[key]
            raise
        if read is None:
            fixed[key] = value
        else:
            ranges[key] = read
    return ranges, fixed


def _range(key: str, text: str, namespace: Mapping[str, Any], step: str) -> Range | None:
    if text.startswith("[") and text.endswith("]"):
        words = [_unquoted(word.strip()) for word in text[1:-1].split(",")]
        if not all(words):
            raise DeclarationError(f"{key}: an empty choice.", code="PC645", step=step, hint="Write [a, b].")
        return Range(choices=tuple(read_text(word, namespace) for word in words))
    match = _RANGE.fullmatch(text)
    if match is None:
        if ".." in text and not text.startswith("s3://"):
            raise DeclarationError(
                f"{key}: `{text}` is not a range.",
                code="PC645",
                step=step,
                hint="Write 3..10, 0.05..0.5 or 0.001..1 log.",
            )
        return None
    low, high = (_bound(key, match[side], namespace, step) for side in ("low", "high"))
    if isinstance(low, float) != isinstance(high, float) and not (_is_other(low) or _is_other(high)):
        low, high = float(low), float(high)
    if not _is_other(low) and not _is_other(high) and low >= high:
        raise DeclarationError(
            f"{key}: the range {low}..{high} is empty.",
            code="PC645",
            step=step,
            hint="The lower bound comes first.",
        )
    scale = (match["scale"] or "auto").lower()
    if scale not in SCALES:
        raise DeclarationError(
            f"{key}: {match['scale']} is not a scale.",
            code="PC645",
            step=step,
            hint=f"Known: {', '.join(SCALES)}.",
        )
    return Range(low, high, SCALES[scale])


def _is_other(value: Any) -> bool:
    return not isinstance(value, int | float)


def _bound(key: str, word: str, namespace: Mapping[str, Any], step: str) -> Any:
    value = read_text(word, namespace)
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        raise DeclarationError(
            f"{key}: {word} is not a number.", code="PC645", step=step, hint="Write 3..10 or 0.05..0.5."
        ) from None


def _content(body: str) -> list[tuple[int, str]]:
    """Return the lines that say something, with their numbers in the body."""
    lines = ((number, _COMMENT.sub("", line)) for number, line in enumerate(body.splitlines(), 1))
    return [(number, line) for number, line in lines if line.strip()]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
