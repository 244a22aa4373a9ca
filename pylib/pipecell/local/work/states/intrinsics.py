"""The values of intrinsic functions: a call, parsed by the definition's own reader, and its arguments."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from pipecell.definition.asl.intrinsics import Call, IntrinsicSyntaxError, Path, parse
from pipecell.local.work.states.failure import INTRINSIC_FAILURE, Failure

_MAX_ARRAY = 1000


def evaluate(text: str, read: Callable[[str], Any]) -> Any:
    """Return the value of a call; ``read`` gives the value of a path.

    Raises:
        Failure: ``States.IntrinsicFailure``, or what ``read`` raises.
    """
    try:
        call = parse(text)
    except IntrinsicSyntaxError as error:
        raise Failure(
            INTRINSIC_FAILURE, f"The value '{text}' is not a valid intrinsic function call", located=True
        ) from error
    return _evaluate(call, read)


def _evaluate(call: Call, read: Callable[[str], Any]) -> Any:
    values = []
    for argument in call.arguments:
        if isinstance(argument, Call):
            values.append(_evaluate(argument, read))
        elif isinstance(argument, Path):
            values.append(read(argument.text))
        else:
            plain = isinstance(argument.value, str) and call.name != "Format"
            values.append(re.sub(r"\\([{}])", r"\1", argument.value) if plain else argument.value)
    try:
        return FUNCTIONS[call.name](*values)
    except Failure:
        raise
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, binascii.Error) as error:
        raise Failure(
            INTRINSIC_FAILURE,
            f"The function 'States.{call.name}' had an invalid argument: {error}",
            located=True,
        ) from error


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def shown(value: Any) -> str:
    """Return ``value`` as States.Format writes it: AWS prints containers in Java's way."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    return json.dumps(value)


def _format(template: str, *values: Any) -> str:
    _need(isinstance(template, str), "the template must be a string")
    rest = list(values)

    def fill(match: re.Match[str]) -> str:
        if match[0] != "{}":
            return match[0][1]
        _need(bool(rest), "number of arguments do not match the occurrences of {}")
        return shown(rest.pop(0))

    text = re.sub(r"\\[{}]|\{\}", fill, template)
    _need(not rest, "number of arguments do not match the occurrences of {}")
    return text


def _string_to_json(text: str) -> Any:
    _need(isinstance(text, str), "a string is needed")
    return json.loads(text) if text.strip() else None


def _array_partition(items: list[Any], size: float) -> list[Any]:
    _need(isinstance(items, list) and size >= 1, "an array and a positive size are needed")
    width = int(size)
    return [items[start : start + width] for start in range(0, len(items), width)]


def _array_range(first: float, last: float, step: float) -> list[int]:
    first, last, step = _rounded(first), _rounded(last), _rounded(step)
    _need(step != 0, "the increment must not be 0")
    values = list(range(first, last + (1 if step > 0 else -1), step))
    _need(len(values) <= _MAX_ARRAY, f"the array must not have more than {_MAX_ARRAY} elements")
    return values


def _array_unique(items: list[Any]) -> list[Any]:
    seen: dict[str, Any] = {}
    for item in items:
        seen.setdefault(json.dumps(item, sort_keys=True), item)
    return list(seen.values())


def _array_contains(items: list[Any], value: Any) -> bool:
    _need(isinstance(items, list), "an array is needed")
    wanted = json.dumps(value, sort_keys=True)
    return any(json.dumps(item, sort_keys=True) == wanted for item in items)


def _array_get_item(items: list[Any], index: int) -> Any:
    _need(isinstance(items, list) and index >= 0, "an array and an index are needed")
    return items[index]


def _hash(value: Any, algorithm: str) -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    _need(algorithm in names, f"the algorithm must be one of {', '.join(names)}")
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(names[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _json_merge(first: dict[str, Any], second: dict[str, Any], deep: bool) -> dict[str, Any]:
    _need(isinstance(first, dict) and isinstance(second, dict), "two objects are needed")
    _need(deep is False, "only the shallow merging mode is supported")
    return {**first, **second}


def _rounded(number: float) -> int:
    _need(isinstance(number, int | float) and not isinstance(number, bool), "a number is needed")
    return math.floor(number + 0.5)


def _math_random(start: float, end: float, seed: Any = None) -> int:
    first, last = _rounded(start), _rounded(end)
    _need(first < last, "the start must be smaller than the end")
    source = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311 - a seed is asked for
    return source.randrange(first, last)


def _string_split(text: str, separators: str) -> list[str]:
    _need(isinstance(text, str) and isinstance(separators, str), "two strings are needed")
    if not separators:
        return [text]
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _base64_encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _base64_decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def _json_to_string(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _array(*values: Any) -> list[Any]:
    return list(values)


def _array_length(items: Sequence[Any]) -> int:
    _need(isinstance(items, list), "an array is needed")
    return len(items)


def _math_add(first: float, second: float) -> int:
    return _rounded(first) + _rounded(second)


def _uuid() -> str:
    return str(uuid.uuid4())


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Array": _array,
    "ArrayPartition": _array_partition,
    "ArrayContains": _array_contains,
    "ArrayRange": _array_range,
    "ArrayGetItem": _array_get_item,
    "ArrayLength": _array_length,
    "ArrayUnique": _array_unique,
    "Base64Encode": _base64_encode,
    "Base64Decode": _base64_decode,
    "Format": _format,
    "Hash": _hash,
    "JsonMerge": _json_merge,
    "JsonToString": _json_to_string,
    "MathAdd": _math_add,
    "MathRandom": _math_random,
    "StringSplit": _string_split,
    "StringToJson": _string_to_json,
    "UUID": _uuid,
}
