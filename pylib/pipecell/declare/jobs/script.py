"""A step's script as a real file: two lines that bind ``inputs``, ``outputs`` and ``params``, then the body.

In a job the paths are the container's. Run alone, ``python steps/Census/Clean.py`` reads local inputs where
they are, other steps' outputs where their scripts left them when they ran alone, and writes below ``out``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pipecell.declare.jobs.values import LocalPath, StepOutput, Value, is_variable

BOUND = frozenset({"inputs", "outputs", "params"})
"""What the preamble binds for the body."""

PROCESSING = "/opt/ml/processing"
TRAINING = "/opt/ml/input"

_SKIP = "  # fmt: skip"
_IMPORT = (
    "import os, pathlib; _at = lambda job, alone: pathlib.Path(job if os.path.isdir({root!r}) "
    "else os.path.join(os.path.dirname(os.path.abspath(__file__)), alone))"
)
_FOLDERS = "; [_folder.mkdir(parents=True, exist_ok=True) for _folder in outputs.values()]"


def input_path(kind: str, name: str) -> str:
    """Return where the container has an input: a processing input or a training channel."""
    return f"/opt/ml/input/data/{name}" if kind == "training" else f"{PROCESSING}/input/{name}"


def output_path(kind: str, name: str) -> str:
    """Return where the container collects an output."""
    return "/opt/ml/model" if kind == "training" else f"{PROCESSING}/output/{name}"


def parameter_variable(name: str) -> str:
    """Return the environment variable that holds a ``--param``, named as SageMaker's toolkit names it."""
    return f"SM_HP_{name.upper()}"


def script_text(
    kind: str,
    step: str,
    body: str,
    *,
    path: Path,
    inputs: Mapping[str, Value],
    outputs: tuple[str, ...],
    params: Mapping[str, Value],
    helpers: tuple[Path, ...] = (),
    places: Mapping[str, str] | None = None,
    output_places: Mapping[str, str] | None = None,
) -> str:
    """Return the whole file of a processing or training step.

    Args:
        kind: ``processing`` or ``training``.
        step: the step's name.
        body: the cell's body.
        path: where the file will be.
        inputs: what it reads.
        outputs: what it writes.
        params: values for ``params``.
        helpers: modules that must be importable.
        places: paths in the container of inputs, where they are not the usual ones.
        output_places: the same for outputs.
    """
    root = TRAINING if kind == "training" else PROCESSING
    place_of = {name: (places or {}).get(name) or input_path(kind, name) for name in inputs}
    left_at = {name: (output_places or {}).get(name) or output_path(kind, name) for name in outputs}
    read = ", ".join(
        f"{_text(name)}: _at({_text(place_of[name])}, {_text(_alone(place_of[name], value, path))})"
        for name, value in inputs.items()
    )
    written = ", ".join(
        f"{_text(name)}: _at({_text(left_at[name])}, {_text(f'out/{step}/{name}')})" for name in outputs
    )
    given = ", ".join(f"{_text(name)}: {_parameter(name, value)}" for name, value in params.items())
    lines = [
        _IMPORT.format(root=root).replace("'", '"') + _SKIP,
        f"inputs, outputs, params = {{{read}}}, {{{written}}}, {{{given}}}"
        + (_FOLDERS if outputs else "")
        + _SKIP,
    ]
    if helpers:
        folders = dict.fromkeys(_relative(helper.parent, path) for helper in helpers)
        added = ", ".join(f"str(_at({_text(root)}, {_text(folder)}))" for folder in folders)
        lines.append(f"import sys; sys.path += [{added}]{_SKIP}")
    return "\n".join([*lines, "", body.strip("\n").rstrip(), ""])


def write(path: Path, text: str) -> None:
    """Write a script, unless the file has this content already."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def remove(path: Path, text: str) -> None:
    """Remove the script of a step that is gone, unless somebody changed the file since."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        path.unlink()


def _alone(place: str, value: Value, path: Path) -> str:
    """Return where an input is when the script runs alone, seen from the script's folder."""
    if isinstance(value, LocalPath):
        return _relative(value.path if value.path.is_dir() else value.path.parent, path)
    if isinstance(value, StepOutput):
        return f"out/{value.step}/{value.output}"
    return place


def _relative(target: Path, script: Path) -> str:
    return PurePosixPath(os.path.relpath(target, script.parent)).as_posix()


def _parameter(name: str, value: Value) -> str:
    variable = _text(parameter_variable(name))
    default = getattr(value, "default_value", "") if is_variable(value) else value
    if is_variable(value):
        kind = type(value).__name__
        typed = {"ParameterInteger": int, "ParameterFloat": float, "ParameterBoolean": bool}.get(kind, str)
        default = typed(default) if default is not None else typed()
    if isinstance(default, bool):
        return f'os.getenv({variable}, {_text(str(default).lower())}).lower() == "true"'
    if isinstance(default, int | float):
        return f"{type(default).__name__}(os.getenv({variable}, {default!r}))"
    return f"os.getenv({variable}, {_text(str(default) if isinstance(default, str) else '')})"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
