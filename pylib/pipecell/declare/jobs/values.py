"""What a word of a ``%%step`` line means: ``$name``, ``Step.output``, ``s3://…``, a local path, or text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipecell.errors import DeclarationError, nearest

_DOLLAR = re.compile(r"\$(\$|[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
_STEP = re.compile(r"(?P<step>[A-Za-z0-9][\w-]*)\.(?P<output>[A-Za-z_][\w-]*)(?P<rest>\[.+\])?", re.DOTALL)
_PROPERTY = re.compile(
    r"(?P<step>[A-Za-z0-9][\w-]*)\.(?P<path>[A-Z]\w*((\.[A-Za-z]\w*|\[\d+\]|\['[^']+'\]))*(\.[A-Z]\w*|\[\d+\]|\['[^']+'\]))"
)
_DATA_FILE = re.compile(
    r"\.(csv|tsv|txt|json|jsonl|parquet|gz|zip|tar|libsvm|npy|npz|pkl|joblib|xlsx?|feather|ipynb|py)$", re.I
)


@dataclass(frozen=True)
class StepOutput:
    """What another step leaves behind.

    Attributes:
        step: that step's name; its cell may not have run yet.
        output: one of its outputs, or the path of one of its properties.
        path: where to look inside the output's JSON file; empty for the output itself.
        file: the JSON file; empty for ``output.json`` where ``output`` is the output's name.
        text: what was typed, where it may as well be plain text: it is, unless there is such a step.
    """

    step: str
    output: str
    path: str = ""
    file: str = ""
    text: str = ""

    @property
    def json_file(self) -> str:
        """Name of the JSON file that ``path`` looks into."""
        return self.file or f"{self.output}.json"

    def __str__(self) -> str:
        if not self.path:
            return f"{self.step}.{self.output}"
        inside = f"{self.file}:{self.path}" if self.file else self.path
        return f'{self.step}.{self.output}["{inside}"]'


@dataclass(frozen=True)
class LocalPath:
    """A file or folder of this machine that a job reads."""

    path: Path


@dataclass(frozen=True)
class Text:
    """Text with values inside, to be joined when the pipeline runs.

    Attributes:
        parts: plain texts and values of the notebook, in order.
    """

    parts: tuple[Any, ...]


Value = Any
"""A `StepOutput`, a `LocalPath`, a `Text`, a plain Python value or one of the SDK's pipeline variables."""


def read_text(text: str, namespace: Mapping[str, Any]) -> Value:
    """Put the notebook's values in place of ``$name``; ``$$`` is a dollar sign.

    Returns:
        The value itself when the text is one ``$name``; text, when all values are plain; else a `Text`.

    Raises:
        DeclarationError: ``PC641``, there is no such variable.
    """
    whole = _DOLLAR.fullmatch(text)
    if whole is not None and whole[1] != "$":
        return _variable(whole[1], namespace)
    parts: list[Any] = []
    end = 0
    for found in _DOLLAR.finditer(text):
        parts.append(text[end : found.start()])
        parts.append("$" if found[1] == "$" else _variable(found[1], namespace))
        end = found.end()
    parts.append(text[end:])
    if all(is_plain(part) for part in parts):
        return "".join(str(part) for part in parts)
    return Text(tuple(part for part in parts if part != ""))


def read_source(text: str, namespace: Mapping[str, Any], steps: Iterable[str] = ()) -> Value:
    """Read the right side of ``-i name=…``.

    Args:
        text: what was typed.
        namespace: the notebook's variables.
        steps: names of steps that are known already.

    Raises:
        DeclarationError: ``PC641``, no such variable; ``PC642``, no such file.
    """
    value = read_text(text, namespace)
    if isinstance(value, Path):
        return _local(value)
    if not isinstance(value, str) or value.startswith(("s3://", "https://s3")):
        return value
    output = read_output(value)
    if output is not None and (output.step in set(steps) or not Path(value).exists()):
        if output.step not in set(steps) and _DATA_FILE.search(value) and not output.path:
            return _local(Path(value))
        return output
    return _local(Path(value.removeprefix("file://")))


def read_output(text: str) -> StepOutput | None:
    """Read ``Step.output``, ``Step.output["a.b"]`` or ``Step.Property.Path['x']``; None for other text."""
    deep = _PROPERTY.fullmatch(text.strip())
    if deep is not None and "." in deep["path"]:
        return StepOutput(deep["step"], deep["path"])
    found = _STEP.fullmatch(text.strip())
    if found is None:
        return None
    if found["rest"] is None:
        return StepOutput(found["step"], found["output"])
    return output_at(found["step"], found["output"], found["rest"][1:-1].strip().strip("\"'"))


def output_at(step: str, output: str, inside: str) -> StepOutput:
    """Return what ``Step.output[inside]`` means: a path, or ``file.json:path``."""
    file, colon, path = inside.partition(":")
    if colon and file.endswith(".json"):
        return StepOutput(step, output, path, file)
    return StepOutput(step, output, inside)


def is_plain(value: Any) -> bool:
    """Say whether a value is a plain text, number or boolean."""
    return isinstance(value, str | int | float | bool) and not is_variable(value)


def is_variable(value: Any) -> bool:
    """Say whether a value is one of the SDK's, known only when the pipeline runs."""
    return hasattr(type(value), "expr")


def outputs_in(value: Value) -> list[StepOutput]:
    """Return the step outputs in a value."""
    if isinstance(value, StepOutput):
        return [value]
    return [part for part in value.parts if isinstance(part, StepOutput)] if isinstance(value, Text) else []


def _variable(name: str, namespace: Mapping[str, Any]) -> Any:
    name = name.strip("{}")
    if name not in namespace:
        close = nearest(name, (known for known in namespace if not known.startswith("_")))
        raise DeclarationError(
            f"There is no variable {name} in this notebook.",
            code="PC641",
            hint=f'Did you mean "${close}"?' if close else "Run the cell that sets it first.",
        )
    return namespace[name]


def _local(path: Path) -> LocalPath:
    path = path.expanduser()
    if not path.exists():
        folder = path.parent if path.parent.is_dir() else None
        close = nearest(path.name, (entry.name for entry in folder.iterdir())) if folder else None
        raise DeclarationError(
            f"There is no file or folder {path}.",
            code="PC642",
            hint=f'Did you mean "{path.with_name(close)}"?'
            if close
            else "Give a path, s3://…, $name or Step.output.",
        )
    return LocalPath(path.absolute())
