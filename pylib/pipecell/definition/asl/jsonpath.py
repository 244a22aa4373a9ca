"""JSONPath as Step Functions reads it, and reference paths as it writes them.

A definite path (names and indices) is walked here, because AWS's error text names the part that is
missing; wildcards, slices, filters and descendants are left to python-jsonpath, and always give a list.
``jayway`` turns AWS's own spellings into the library's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pipecell.definition.asl import jayway

Part = str | int

_PART = re.compile(
    r"""\.(?P<name>[^.\[\]()*\s'"?@,:]+)
      | \.?\[\s*(?P<index>-?\d+)\s*\]
      | \.?\[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]
      | \.?\[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]""",
    re.VERBOSE,
)
_FUNCTION = re.compile(r"\.(length|size|min|max|avg|sum|keys)\(\)$")


class PathNotFoundError(Exception):
    """A path leads nowhere; the message is AWS's."""


class InvalidPathError(Exception):
    """A text that is no path."""


@lru_cache(maxsize=4096)
def parts(path: str) -> tuple[Part, ...] | None:
    """Return the names and indices of a definite path such as ``$.a['b'][0]``; None if it is not one."""
    if not path.startswith("$"):
        return None
    position = 1
    found: list[Part] = []
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            return None
        if match["index"] is not None:
            found.append(int(match["index"]))
        elif match["name"] is not None:
            found.append(match["name"])
        else:
            found.append(
                re.sub(
                    r"\\(['\\])", r"\1", match["single"] if match["single"] is not None else match["double"]
                )
            )
        position = match.end()
    return tuple(found)


@lru_cache(maxsize=1024)
def _compiled(path: str) -> Any:
    import jsonpath

    try:
        return jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        raise InvalidPathError(str(error)) from error


def is_path(text: Any) -> bool:
    """Tell whether ``text`` is a JSONPath, definite or not (``$$`` and ``$name`` included)."""
    if not isinstance(text, str) or not text.startswith("$"):
        return False
    plain = text[1:] if text.startswith("$$") else re.sub(r"^\$[A-Za-z_]\w*", "$", text)
    plain = _FUNCTION.sub("", plain)
    if parts(plain) is not None:
        return True
    try:
        _check(jayway.respelled(plain))
    except InvalidPathError:
        return False
    return True


def _check(path: str) -> None:
    """Raise `InvalidPathError` where a respelled path cannot be read."""
    split = jayway.split_at_names(path)
    for part in (path,) if split is None else (split[0], split[2]):
        if parts(part) is None:
            _compiled(part) if split is None else _check(part)


def is_reference_path(text: Any) -> bool:
    """Tell whether ``text`` names one node that can be written, as ResultPath must."""
    return isinstance(text, str) and parts(text) is not None


def read(path: str, data: Any) -> Any:
    """Return what ``path`` selects in ``data``.

    Raises:
        PathNotFoundError: a definite path that is not there.
        InvalidPathError: not a path.
    """
    definite = parts(path)
    if definite is not None:
        return _walk(definite, data)
    function = _FUNCTION.search(path)
    if function:
        return _apply(function[1], read(path[: function.start()], data))
    return _select(jayway.respelled(path), data)


def _select(path: str, data: Any) -> Any:
    """Return what a respelled path selects: a list, unless it is definite but for lists of names."""
    definite = parts(path)
    if definite is not None:
        return _walk(definite, data)
    split = jayway.split_at_names(path)
    if split is None:
        return _compiled(path).findall(data)
    before, names, after = split
    found = _select(before, data)
    if parts(before) is not None:
        return _select(after, _only(names, found))
    return [_select(after, _only(names, each)) for each in found if isinstance(each, Mapping)]


def _only(names: list[str], value: Any) -> dict[str, Any]:
    """Return an object with some of a value's members."""
    if not isinstance(value, Mapping):
        raise PathNotFoundError(f"Expected to find an object with the properties {names}")
    return {name: value[name] for name in names if name in value}


def _holds(value: Any, part: Part) -> bool:
    if isinstance(part, str):
        return isinstance(value, Mapping) and part in value
    return isinstance(value, list) and -len(value) <= part < len(value)


def _walk(definite: tuple[Part, ...], data: Any) -> Any:
    value = data
    for depth, part in enumerate(definite):
        if _holds(value, part):
            value = value[part]
        elif depth == len(definite) - 1:
            raise PathNotFoundError(f"No results for path: {spelled(definite)}")
        else:
            raise PathNotFoundError(f"Missing property in path {spelled(definite[: depth + 1])}")
    return value


def _apply(name: str, value: Any) -> Any:
    functions: dict[str, Callable[[Any], Any]] = {
        "length": len,
        "size": len,
        "min": min,
        "max": max,
        "avg": lambda numbers: sum(numbers) / len(numbers),
        "sum": sum,
        "keys": list,
    }
    try:
        return functions[name](value)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise PathNotFoundError(
            f"Aggregation function attempted to calculate value using {value!r}"
        ) from error


def spelled(definite: tuple[Part, ...]) -> str:
    """Return a definite path in the bracket form of AWS's messages."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f"['{part}']" for part in definite)


def write(path: str | None, data: Any, value: Any) -> Any:
    """Return ``data`` with ``value`` at the reference path: ResultPath's rule.

    ``$`` replaces everything and None (JSON null) discards ``value``. Missing names are created.

    Raises:
        PathNotFoundError: the path crosses something that cannot hold it.
    """
    if path is None:
        return data
    definite = parts(path)
    if definite is None:
        raise PathNotFoundError(f"Invalid reference path '{path}'")
    return _put(definite, data, value, path)


def _put(definite: tuple[Part, ...], data: Any, value: Any, path: str) -> Any:
    if not definite:
        return value
    part, rest = definite[0], definite[1:]
    if isinstance(part, str):
        if data is not None and not isinstance(data, Mapping):
            raise PathNotFoundError(f"Unable to apply ReferencePath {path} to input {data!r}")
        changed = dict(data or {})
        changed[part] = _put(rest, changed.get(part), value, path)
        return changed
    if not isinstance(data, list) or not -len(data) <= part < len(data):
        raise PathNotFoundError(f"Unable to apply ReferencePath {path} to input {data!r}")
    items = list(data)
    items[part] = _put(rest, items[part], value, path)
    return items
