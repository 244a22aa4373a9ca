"""JSONata states: ``{% … %}`` evaluated by jsonata-python, with AWS's functions and AWS's error texts."""

from __future__ import annotations

import hashlib
import json
import math
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pipecell.local.work.states.failure import Failure, evaluation

_TIMEOUT_MILLISECONDS = 10_000
_MAX_DEPTH = 400
_CACHE_SIZE = 2048
_MAX_RANGE = 1000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}

_local = threading.local()


class Undefined:
    """The type of ``UNDEFINED``: the expression returned nothing."""


UNDEFINED = Undefined()


def expression(text: Any) -> str | None:
    """Return what stands between ``{%`` and ``%}``; None when ``text`` is no expression."""
    if isinstance(text, str) and text.startswith("{%") and text.endswith("%}") and len(text) >= len("{%%}"):
        return text[2:-2].strip()
    return None


def syntax_error(text: str) -> str | None:
    """Return why the expression cannot be parsed, or None."""
    try:
        _compiled(text)
    except Exception as error:
        return describe(error)
    return None


def describe(error: BaseException) -> str:
    """Return ``T1006: Attempted to invoke a non-function`` for an error of the library."""
    code = getattr(error, "error", None)
    return f"{code}: {error}" if code else str(error) or type(error).__name__


def evaluate(text: str, bindings: Mapping[str, Any], location: str) -> Any:
    """Return the value of one expression (without its ``{% %}``).

    Args:
        text: the expression.
        bindings: variables by name without ``$``; ``states`` among them.
        location: the field, for messages, such as ``Output/result``.

    Raises:
        Failure: ``States.QueryEvaluationError``.
    """
    value = _value(text, bindings, location)
    if value is UNDEFINED:
        raise evaluation(
            f"The JSONata expression '{text}' specified for the field '{location}'"
            " returned nothing (undefined).",
            location,
        )
    return value


def _value(text: str, bindings: Mapping[str, Any], location: str) -> Any:
    where = f"The JSONata expression '{text}' specified for the field '{location}'"
    null = _null()
    try:
        compiled = _compiled(text)
        bound = {name: null if value is None else value for name, value in bindings.items()}
        # The clock of the bounds starts when they are set.
        compiled.environment.set_runtime_bounds(_TIMEOUT_MILLISECONDS, _MAX_DEPTH)
        raw = compiled.evaluate(None, bound)
    except Failure:
        raise
    except (TypeError, AttributeError) as error:
        raise evaluation(f"{where} returned an unsupported result type.", location) from error
    except Exception as error:
        raise evaluation(f"{where} threw an error during evaluation. {describe(error)}", location) from error
    if raw is None:
        return UNDEFINED
    try:
        return plain(raw)
    except TypeError as error:
        raise evaluation(f"{where} returned an unsupported result type.", location) from error


def plain(value: Any) -> Any:
    """Return a result of the library as plain JSON data; whole floats become integers.

    Raises:
        TypeError: a function, a regular expression or a number that JSON has not.
    """
    if value is None or value is _null():
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(str(value))
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, list):
        return [plain(value[index]) for index in range(len(value))]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    raise TypeError(type(value).__name__)


def render(template: Any, bindings: Mapping[str, Any], location: str) -> Any:
    """Return ``template`` with every expression in it evaluated."""
    if isinstance(template, str):
        text = expression(template)
        return template if text is None else evaluate(text, bindings, location)
    if isinstance(template, Mapping):
        return {key: render(value, bindings, f"{location}/{key}") for key, value in template.items()}
    if isinstance(template, list):
        return [render(value, bindings, f"{location}[{index}]") for index, value in enumerate(template)]
    return template


def kind(value: Any) -> str:
    """Return the type's name in AWS's messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def expect(value: Any, expected: str, template: Any, location: str) -> Any:
    """Return ``value`` if it is of the type; else fail as AWS does for a field of a fixed type."""
    actual = kind(value)
    if actual == expected or (expected == "integer" and actual == "number" and isinstance(value, int)):
        return value
    shown = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    raise evaluation(
        f"The JSONata expression '{expression(template)}' specified for the field '{location}' returned an "
        f"unexpected result type. Expected '{expected}', but was '{actual}' for value: {shown}",
        location,
    )


def _null() -> Any:
    from jsonata.utils import Utils

    return Utils.NULL_VALUE


def _compiled(text: str) -> Any:
    """Return the compiled expression; the library's objects belong to one thread each."""
    cache: dict[str, Any] = _local.__dict__.setdefault("cache", {})
    found = cache.get(text)
    if found is None:
        from jsonata import Jsonata

        found = Jsonata(text)
        found.set_output_convert_nulls(False)
        found.set_validate_input(False)
        for name, function in _functions().items():
            found.register_lambda(name, function)
        if len(cache) >= _CACHE_SIZE:
            cache.clear()
        cache[text] = found
    return found


def _partition(items: Any, size: Any = None) -> Any:
    if items is None:
        return None
    listed = items if isinstance(items, list) else [items]
    width = math.floor(size)
    if width < 1:
        raise ValueError("the chunk size must be positive")
    return [listed[start : start + width] for start in range(0, len(listed), width)]


def _range(first: Any, last: Any, step: Any) -> list[Any]:
    if step == 0:
        raise ValueError("the delta must not be 0")
    count = math.floor((last - first) / step) + 1
    if count > _MAX_RANGE:
        raise ValueError(f"the range has more than {_MAX_RANGE} elements")
    from jsonata.utils import Utils

    # A sequence: JSONata makes one value of a range of one.
    made: list[Any] = Utils.create_sequence_from_iter(
        [first + step * index for index in range(max(count, 0))]
    )
    return made


def _hash(value: Any, algorithm: Any = "SHA-256") -> str:
    text = value if isinstance(value, str) else json.dumps(plain(value), separators=(",", ":"))
    return hashlib.new(_HASHES[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: Any = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()  # noqa: S311 - not for secrets


def _uuid() -> str:
    return str(uuid.uuid4())


def _parse(text: Any) -> Any:
    if text is None:
        return None
    value = json.loads(text)
    return _null() if value is None else value


def _functions() -> dict[str, Callable[..., Any]]:
    return {
        "partition": _partition,
        "range": _range,
        "hash": _hash,
        "random": _random,
        "uuid": _uuid,
        "parse": _parse,
    }
