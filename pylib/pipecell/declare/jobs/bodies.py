"""The body of a ``%%step`` cell, read as its kind means it: script, settings, condition or message."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecell.declare.jobs import free_names
from pipecell.declare.jobs.cell import STEPS_FOLDER, Script
from pipecell.declare.jobs.conditions import read_condition
from pipecell.declare.jobs.hyperparameters import (
    looks_like_settings,
    read_ranges,
    read_settings,
    setting_places,
)
from pipecell.declare.jobs.script import BOUND, script_text
from pipecell.declare.jobs.values import read_text
from pipecell.errors import DeclarationError

_HANDLERS = ("handler", "lambda_handler")


@dataclass(frozen=True)
class Surroundings:
    """What a cell is read among.

    Attributes:
        namespace: the notebook's variables.
        folder: the notebook's folder, absolute.
        pipeline: the pipeline that the step belongs to.
        steps: names of its other steps, as far as their cells have run.
        cell: execution count.
    """

    namespace: Mapping[str, Any]
    folder: Path
    pipeline: str
    steps: Collection[str] = field(default_factory=tuple)
    cell: int | None = None


@dataclass(frozen=True)
class OwnScript:
    """The words of ``--script`` and ``--source``; empty where they are not given."""

    file: str = ""
    folder: str = ""


@dataclass(frozen=True)
class Written:
    """A cell whose line is read.

    Attributes:
        kind, name: of the step.
        body: the cell below its first line.
        fields: what the line gave, by the field of `StepCell`.
        helpers: the words of ``--with``.
        around: where the cell stands.
        own: a script that is a file of its own.
    """

    kind: str
    name: str
    body: str
    fields: Mapping[str, Any]
    helpers: tuple[str, ...]
    around: Surroundings
    own: OwnScript = OwnScript()


def read_body(cell: Written) -> dict[str, Any]:
    """Return what a body gives, by the field of `StepCell` that holds it.

    Raises:
        DeclarationError: the body is not what its kind takes.
    """
    return _READERS[cell.kind](cell)


def _nothing(cell: Written) -> dict[str, Any]:
    if cell.body.strip():
        raise DeclarationError(
            f"A {cell.kind} step has no body.",
            code="PC649",
            hint=f"`%%step {cell.kind} -h` lists its options.",
        )
    return {}


def _condition(cell: Written) -> dict[str, Any]:
    around = cell.around
    return {"branching": read_condition(cell.body, around.namespace, cell.name, around.steps)}


def _message(cell: Written) -> dict[str, Any]:
    if not cell.body.strip():
        raise DeclarationError(
            "A fail step needs a message.", code="PC649", hint="Write it as the cell's body."
        )
    return {"message": read_text(" ".join(cell.body.split()), cell.around.namespace)}


def _ranges(cell: Written) -> dict[str, Any]:
    ranges, fixed = read_ranges(cell.body, cell.around.namespace, cell.name)
    if not ranges:
        raise DeclarationError(
            "A tuning step needs a range.", code="PC649", hint="Write a line such as `max_depth: 3..10`."
        )
    own = _own_script(cell) if cell.own.file else {}
    return {
        "ranges": ranges,
        "hyperparameters": fixed,
        "setting_places": setting_places(cell.body),
        **own,
    }


def _settings(cell: Written) -> dict[str, Any]:
    found = read_settings(cell.body, cell.around.namespace, cell.name)
    return {"hyperparameters": found, "setting_places": setting_places(cell.body)}


def _training(cell: Written) -> dict[str, Any]:
    if not cell.own.file and (not cell.body.strip() or looks_like_settings(cell.body)):
        return _settings(cell)
    return _script(cell)


def _processing(cell: Written) -> dict[str, Any]:
    settings = cell.fields["settings"]
    if settings.get("entrypoint") or settings.get("no_script"):
        _refuse_body(cell, "--entrypoint" if settings.get("entrypoint") else "--no-script")
        return {}
    return _script(cell)


def _lambda(cell: Written) -> dict[str, Any]:
    if not cell.body.strip() and str(cell.fields["settings"].get("function", "")).startswith("arn:"):
        return {}
    return _script(cell)


def _refuse_body(cell: Written, option: str) -> None:
    if cell.body.strip():
        raise DeclarationError(
            f"{option} leaves no place for a script in the cell.", code="PC649", hint="Keep one of the two."
        )


def _own_script(cell: Written) -> dict[str, Any]:
    """Return the script that ``--script`` names, as it is.

    Raises:
        DeclarationError: ``PC642``, there is no such file or folder; ``PC649``, the cell has a body too.
    """
    if cell.kind != "tuning":
        _refuse_body(cell, f"--script {cell.own.file}")
    base = cell.around.folder
    helpers = tuple(_helper(word, base) for word in cell.helpers)
    if cell.own.file.startswith("s3://"):
        return {"script": Script("", Path(cell.own.file), helpers, own=cell.own.file)}
    folder = base / Path(cell.own.folder).expanduser() if cell.own.folder else base
    if cell.own.folder and not cell.own.folder.startswith("s3://") and not folder.is_dir():
        raise DeclarationError(
            f"There is no folder {cell.own.folder}.", code="PC642", hint="--source takes a folder."
        )
    file = folder / Path(cell.own.file).expanduser()
    if not file.is_file() and not cell.own.folder.startswith("s3://"):
        below = f" in {cell.own.folder}" if cell.own.folder else ""
        raise DeclarationError(
            f"There is no file {cell.own.file}{below}.", code="PC642", hint="--script takes a .py file."
        )
    return {"script": Script("", file, helpers, own=cell.own.file, folder=cell.own.folder)}


def _script(cell: Written) -> dict[str, Any]:
    if cell.own.file:
        return _own_script(cell)
    if cell.own.folder:
        raise DeclarationError(
            "--source needs --script, the file in it that is run.", code="PC650", hint="Add --script FILE."
        )
    if not cell.body.strip():
        raise DeclarationError(
            f"A {cell.kind} step needs a script.", code="PC649", hint="Write it as the cell's body."
        )
    bound = BOUND if cell.kind in ("processing", "training") else frozenset()
    tree = free_names.check(cell.body, bound, cell.around.namespace, cell.name)
    path = cell.around.folder / STEPS_FOLDER / cell.around.pipeline / f"{cell.name}.py"
    modules = tuple(_helper(word, cell.around.folder) for word in cell.helpers)
    if not bound:
        entry = _entry(tree, cell.name) if cell.kind == "lambda" else ""
        return {"script": Script(cell.body.strip("\n").rstrip() + "\n", path, modules, entry)}
    text = script_text(
        cell.kind,
        cell.name,
        cell.body,
        path=path,
        inputs=cell.fields["inputs"],
        outputs=cell.fields["outputs"] or (("model",) if cell.kind == "training" else ()),
        params=cell.fields["params"],
        helpers=modules,
        places=cell.fields["places"],
        output_places=cell.fields["output_places"],
    )
    return {"script": Script(text, path, modules)}


def _script_or_nothing(cell: Written) -> dict[str, Any]:
    return _script(cell) if cell.body.strip() or cell.own.file else {}


_READERS: Mapping[str, Callable[[Written], dict[str, Any]]] = {
    "processing": _processing,
    "training": _training,
    "tuning": _ranges,
    "model": _nothing,
    "register": _nothing,
    "transform": _nothing,
    "condition": _condition,
    "fail": _message,
    "lambda": _lambda,
    "callback": _nothing,
    "notebook": _script_or_nothing,
    "quality-check": _settings,
    "clarify-check": _settings,
    "emr": _script_or_nothing,
}


def _entry(tree: ast.Module, step: str) -> str:
    """Return the function that Lambda calls: ``handler``, ``lambda_handler``, or the only one.

    Raises:
        DeclarationError: ``PC654``, it is open which.
    """
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    for name in _HANDLERS:
        if name in functions:
            return name
    if len(functions) == 1:
        return functions[0]
    raise DeclarationError(
        "The cell defines no function that Lambda could call."
        if not functions
        else f"It is open which function Lambda calls: {', '.join(functions)}.",
        code="PC654",
        step=step,
        hint="Call it handler: `def handler(event, context):`.",
    )


def _helper(word: str, folder: Path) -> Path:
    path = (folder / Path(word).expanduser()).resolve()
    if not path.exists():
        raise DeclarationError(
            f"There is no file or package {word}.", code="PC642", hint="--with takes a .py file or a folder."
        )
    return path
