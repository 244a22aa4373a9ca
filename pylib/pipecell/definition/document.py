"""One compiled definition, read and made safe to walk.

Everything else in this package takes a `Document`. Reading is strict about the skeleton (an
object with steps or states, each with a name and a type), so that no later walk has to doubt it,
and lenient about everything else: unknown step types, keys and arguments are AWS's to add.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal, NoReturn

from pipecell.definition.json_text import load, not_json
from pipecell.definition.notes import Notes
from pipecell.definition.paths import format_path
from pipecell.errors import DefinitionError

EngineName = Literal["sagemaker", "stepfunctions"]

MAX_BYTES = 1024 * 1024
"""AWS's limit on a definition: 1 MiB of UTF-8, for SageMaker Pipelines and for Step Functions."""

MAX_DEPTH = 100
"""JSON nested deeper than this is refused: no pipeline needs it, and every walk here is recursive."""

CONTAINERS = (dict, list)
"""What JSON nests; a tuple, since walks over a thousand steps feel the price of ``Mapping | list``."""

_PARSE_LIMIT = 16 * MAX_BYTES  # white space may be dropped before AWS sees it, but not without end


@dataclass(frozen=True)
class Document:
    """A compiled pipeline, as AWS would receive it.

    Attributes:
        name: the pipeline's or state machine's name; definitions do not hold one themselves.
        engine: ``sagemaker`` (SageMaker Pipelines) or ``stepfunctions`` (Amazon States Language).
        body: the definition JSON; not to be changed.
        cells: step name to the execution count of the notebook cell that declared it.
        inputs: type of each input that a state machine's execution takes, by name, where it was declared:
            ``String``, ``Integer``, ``Float``, ``Boolean`` or ``Json``.
        origin: the file it came from, for messages; empty when there is none.
        notes: what the cells say about it that is not part of it.
        memo: what has been worked out about the body once, since it never changes.
    """

    name: str
    engine: EngineName
    body: Mapping[str, Any]
    cells: Mapping[str, int] = field(default_factory=dict)
    origin: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


def read_document(
    text: str | bytes | Mapping[str, Any],
    *,
    name: str | None = None,
    origin: str = "",
    cells: Mapping[str, int] | None = None,
    inputs: Mapping[str, str] | None = None,
    notes: Notes | None = None,
) -> Document:
    """Read a SageMaker definition or a state machine.

    Args:
        text: JSON as text or UTF-8 bytes, or the already parsed object.
        name: the pipeline's name; by default made of the stem of ``origin``, else ``pipeline``.
        origin: file name, for messages.
        cells: step name to cell, where the definition was declared in a notebook.
        inputs: type of each declared input of an execution, by name.
        notes: what the cells say about it beside that.

    Returns:
        The document, its engine recognised by ``Steps`` or by ``StartAt`` and ``States``.

    Raises:
        DefinitionError: not JSON (``PC001``, path is line and column), over 1 MiB (``PC002``),
            neither kind of definition or a missing key (``PC003``), a malformed one (``PC004``), or a
            name twice in one object (``PC006``, path is line and column too).
    """
    body = _parse(text) if isinstance(text, str | bytes) else _plain(text)
    if not isinstance(body, Mapping):
        raise DefinitionError(f"A definition is a JSON object, not {_kind(body)}.", code="PC003")
    _check_depth(body)
    engine = _recognise(body)
    if engine == "sagemaker":
        _check_steps(body["Steps"], "Steps")
    else:
        try:
            _check_machine(body, "")
        except DefinitionError as error:
            error.cell = (cells or {}).get(error.step or "")
            raise
    document = Document(
        name or _name_from(origin, engine),
        engine,
        body,
        dict(cells or {}),
        origin,
        dict(inputs or {}),
        notes or Notes(),
    )
    if isinstance(text, str | bytes):
        document.memo["size_checked"] = True
    return document


def too_big(document: Document) -> bool:
    """Tell whether AWS would refuse a document for its size; one that was read from text is not."""
    if "size_checked" not in document.memo:
        document.memo["size_checked"] = compact_size(document.body) <= MAX_BYTES
    return not document.memo["size_checked"]


def compact_size(body: Mapping[str, Any]) -> int:
    """Return how many bytes of UTF-8 AWS would receive for this definition."""
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _plain(value: Any) -> Any:
    """Return parsed JSON whose objects are dicts, as all walks expect; the same object where it is."""
    if isinstance(value, Mapping) and not isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _parse(text: str | bytes) -> Any:
    size = len(text)
    if size > _PARSE_LIMIT:
        _too_big(size)
    try:
        source = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        body = load(source, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise DefinitionError(
            "The definition is not UTF-8 text.", code="PC001", path=f"byte {error.start}"
        ) from error
    except json.JSONDecodeError as error:
        raise not_json(error, "definition") from error
    except RecursionError as error:
        raise DefinitionError("The definition is nested too deeply.", code="PC004") from error
    # Text shorter than the limit is under it whatever its characters, unless they need several bytes.
    if isinstance(body, Mapping) and size * (1 if isinstance(text, bytes) else 4) > MAX_BYTES:
        size = compact_size(body)
        if size > MAX_BYTES:
            _too_big(size)
    return body


def _refuse_constant(word: str) -> NoReturn:
    raise DefinitionError(f"The definition is not JSON: {word} is not a JSON number.", code="PC001")


def _too_big(size: int) -> NoReturn:
    raise DefinitionError(
        f"The definition has {size:,} bytes; AWS takes at most {MAX_BYTES:,}.",
        code="PC002",
        hint="Split the pipeline, or move long arguments into files on S3.",
    )


def _check_depth(body: Any) -> None:
    """Refuse nesting that would exhaust the stack of a recursive walk."""
    level: list[Any] = [body]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            children = value if isinstance(value, list) else value.values()
            below += [child for child in children if isinstance(child, CONTAINERS)]
        if not below:
            return
        level = below
    raise DefinitionError(f"The definition is nested deeper than {MAX_DEPTH} levels.", code="PC004")


def _recognise(body: Mapping[str, Any]) -> EngineName:
    if "Steps" in body:
        if "Version" not in body:
            raise DefinitionError(
                "A SageMaker pipeline definition needs a Version.",
                code="PC003",
                path="Version",
                hint='Add "Version": "2020-12-01".',
            )
        return "sagemaker"
    if "States" in body or "StartAt" in body:
        return "stepfunctions"
    raise DefinitionError(
        "Neither a SageMaker pipeline definition (Version, Steps) nor a state machine (StartAt, States).",
        code="PC003",
        path="Steps",
        hint=f"Its keys are {', '.join(map(str, list(body)[:6]))}." if body else "The object is empty.",
    )


def _check_steps(steps: Any, path: str) -> None:
    """Check the skeleton of a list of steps, branches included."""
    if not isinstance(steps, list):
        _malformed("must be a list of steps", steps, path)
    for index, step in enumerate(steps):
        here = f"{path}[{index}]"
        if not isinstance(step, Mapping):
            _malformed("must be an object", step, here)
        for key in ("Name", "Type"):
            if not isinstance(step.get(key), str):
                _need(step, key, here)
        _expect(step, "Arguments", Mapping, "an object", here)
        _expect(step, "DependsOn", list, "a list of step names", here)
        for branch in ("IfSteps", "ElseSteps"):
            inner = (step.get("Arguments") or {}).get(branch)
            if inner is not None and step["Type"] == "Condition":
                _check_steps(inner, f"{here}.Arguments.{branch}")


def _check_machine(machine: Any, path: str) -> None:
    """Check the skeleton of a state machine, those inside Parallel and Map included."""
    if not isinstance(machine, Mapping):
        _malformed("must be an object with StartAt and States", machine, path)
    for key, kind in (("StartAt", str), ("States", Mapping)):
        if not isinstance(machine.get(key), kind):
            _need(machine, key, path)
    for name, state in machine["States"].items():
        here = format_path([*([path] if path else []), "States", name])
        try:
            _check_state(state, here)
        except DefinitionError as error:
            error.step = error.step or name
            raise


def _check_state(state: Any, here: str) -> None:
    if not isinstance(state, Mapping):
        _malformed("must be an object", state, here)
    if not isinstance(state.get("Type"), str):
        _need(state, "Type", here)
    for inner_path, inner in inner_machines(state):
        _check_machine(inner, f"{here}.{inner_path}")


def inner_machines(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (path, machine) for the state machines inside a Parallel or Map state."""
    branches = state.get("Branches")
    if state["Type"] == "Parallel" and isinstance(branches, list):
        for index, branch in enumerate(branches):
            yield f"Branches[{index}]", branch
    if state["Type"] == "Map":
        for key in ("ItemProcessor", "Iterator"):
            if state.get(key) is not None:
                yield key, state[key]
                return


def _expect(step: Mapping[str, Any], key: str, kind: type, words: str, path: str) -> None:
    value = step.get(key)
    if value is not None and not isinstance(value, kind):
        _malformed(f"must be {words}", value, f"{path}.{key}")


def _need(holder: Mapping[str, Any], key: str, path: str) -> NoReturn:
    here = f"{path}.{key}" if path else key
    if key in holder:
        _malformed("has the wrong type", holder[key], here)
    raise DefinitionError(f"{key} is missing.", code="PC003", path=here)


def _malformed(words: str, value: Any, path: str) -> NoReturn:
    last = path.rsplit(".", 1)[-1] or "The definition"
    raise DefinitionError(f"{last} {words}; here it is {_kind(value)}.", code="PC004", path=path)


def _kind(value: Any) -> str:
    """Return what JSON calls the type of a value."""
    if value is None:
        return "null"
    for kind, word in ((bool, "a boolean"), (str, "a string"), (int | float, "a number"), (list, "a list")):
        if isinstance(value, kind):
            return word
    return "an object"


def _name_from(origin: str, engine: EngineName) -> str:
    """Return a name that AWS takes, made of the file's name."""
    stem = PurePath(origin).stem.removesuffix(".asl") if origin else ""
    allowed = r"[^A-Za-z0-9-]+" if engine == "sagemaker" else r"[^A-Za-z0-9_-]+"
    return re.sub(allowed, "-", stem).strip("-")[:80] or "pipeline"
