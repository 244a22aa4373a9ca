"""``--set PATH=VALUE``: a field of a step's own request, for what no other option says.

A path names a field of the step's arguments, as AWS's request has it: ``RoleArn``,
``ProcessingInputs[0].S3Input.S3DataType``, ``HyperParameters['a.b']``. With a dot in front it names one of
the step itself: ``.DisplayName``. A value is JSON, ``$name``, ``Step.output`` or text; without one the field
is taken away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.declare.jobs.values import Value, outputs_in, read_output, read_text
from pipecell.errors import DeclarationError

_PART = re.compile(r"\.?(?P<name>[^.\[\]=\s'\"]+)|\[(?P<index>\d+)\]|\['(?P<quoted>[^']+)'\]")
_PLAIN = re.compile(r"[^.\[\]=\s'\"]+")


class _Absent:
    """Stands for a field that is taken away."""


ABSENT = _Absent()


@dataclass(frozen=True)
class Field:
    """One field of a request.

    Attributes:
        path: names and indexes from the arguments, or from the step, downwards.
        of_step: whether it begins at the step.
        value: what it is; `ABSENT` to take it away.
    """

    path: tuple[str | int, ...]
    of_step: bool
    value: Value

    def __str__(self) -> str:
        return path_text(self.path, of_step=self.of_step)


def read_fields(words: Iterable[str], namespace: Mapping[str, Any]) -> tuple[Field, ...]:
    """Read the words of ``--set``.

    Raises:
        DeclarationError: ``PC650``, a word without a path or without ``=``; ``PC641``, no such variable.
    """
    return tuple(_read(word, namespace) for word in words)


def _read(word: str, namespace: Mapping[str, Any]) -> Field:
    path: list[str | int] = []
    end = 0
    while (found := _PART.match(word, end)) is not None:
        path.append(int(found["index"]) if found["index"] else found["name"] or found["quoted"])
        end = found.end()
    if not path or isinstance(path[0], int) or word[end : end + 1] != "=":
        raise DeclarationError(
            f'--set "{word}" is not PATH=VALUE.',
            code="PC650",
            hint="For example --set StoppingCondition.MaxRuntimeInSeconds=600.",
        )
    return Field(tuple(path), word.startswith("."), _value(word[end + 1 :], namespace))


def _value(text: str, namespace: Mapping[str, Any]) -> Value:
    if not text:
        return ABSENT
    try:
        return json.loads(text)
    except ValueError:
        pass
    value = read_text(text, namespace)
    return (read_output(value) or value) if isinstance(value, str) else value


def path_text(path: Iterable[str | int], *, of_step: bool = False) -> str:
    """Return a path as ``--set`` takes it."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}"
        else:
            text += f"['{part}']"
    return text if of_step else text.removeprefix(".")


def field_text(field: Field) -> str:
    """Return the word after ``--set`` for a field whose value is plain JSON."""
    if isinstance(field.value, _Absent):
        return f"{field}="
    return f"{field}={json.dumps(field.value, ensure_ascii=False)}"


def outputs_set(fields: Iterable[Field]) -> list[Any]:
    """Return the step outputs that fields name."""
    return [output for field in fields for output in outputs_in(field.value)]


def put(request: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy of a request with a field set, or taken away where the value is `ABSENT`.

    Raises:
        LookupError: there is nothing to put it into; with the part of the path that is wrong.
    """
    if not path:
        return value
    part, *rest = path
    if isinstance(part, int):
        if not isinstance(request, list) or part > len(request):
            raise LookupError(f"[{part}]")
        items = list(request)
        if value is ABSENT and not rest:
            return items[:part] + items[part + 1 :]
        inner = items[part] if part < len(items) else None
        return [*items[:part], put(inner, tuple(rest), value), *items[part + 1 :]]
    if request is not None and not isinstance(request, Mapping):
        raise LookupError(part)
    copied = dict(request or {})
    if value is ABSENT and not rest:
        copied.pop(part, None)
        return copied
    inner = copied.get(part)
    if inner is None and rest and isinstance(rest[0], int):
        inner = []
    copied[part] = put(inner, tuple(rest), value)
    return copied
