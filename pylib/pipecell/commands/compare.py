"""The verb that compares: two definitions, wherever they are."""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.commands.context import Context
from pipecell.commands.verb import Result
from pipecell.declare.files import read_file
from pipecell.errors import UsageError
from pipecell.targets import local_target

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.diff.code import ReadCode
    from pipecell.definition.document import Document

_REVISION = re.compile(r"(?P<revision>[^:\s]+):(?P<path>[^:]+\.(?:ipynb|json))")


@dataclass(frozen=True)
class _Side:
    """One of two things that are compared."""

    name: str
    document: Document
    code: ReadCode


def diff(context: Context, values: argparse.Namespace) -> Result:
    """Compare two definitions by step and path, code by content."""
    from pipecell.definition.diff import compare
    from pipecell.view.changes import to_html, to_text

    with ExitStack() as stack:
        before, after = (_side(context, values, word, stack) for word in (values.before, values.after))
        changes = compare(before.document, after.document, code_before=before.code, code_after=after.code)
    text = to_text(before.name, after.name, changes)
    html = to_html(before.name, after.name, changes)
    return Result(
        data={"changes": [change.to_json() for change in changes]},
        text=text,
        bundle={"text/html": html, "text/plain": text} if context.face == "notebook" else None,
    )


def _side(context: Context, values: argparse.Namespace, word: str, stack: ExitStack) -> _Side:
    if word.startswith("arn:"):
        return _execution(context, values, word)
    if word in context.workspace.names():
        return _compiled(word, context.workspace.pipeline(word).compiled)
    path = Path(word)
    revision = _REVISION.fullmatch(word)
    if revision is not None and not path.exists():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pipecell-")))
        path = _checked_out(revision["revision"], revision["path"], folder)
    return _compiled(word, _read(context, path, values.pipeline, stack))


def _compiled(name: str, compiled: Compiled) -> _Side:
    from pipecell.engines.objects import S3Objects

    return _Side(name, compiled.document, S3Objects(None, compiled.uploads).code)


def _execution(context: Context, values: argparse.Namespace, arn: str) -> _Side:
    """Return what an execution ran, with its values as the defaults of its parameters."""
    from pipecell.engines.objects import S3Objects

    execution = context.workspace.execution(arn, on=values.on)
    document = execution.valued_document
    region = arn.split(":")[3]
    connection = context.workspace.connect(execution.target, region)
    return _Side(arn.rpartition("/")[2].rpartition(":")[2], document, S3Objects(connection).code)


def _read(context: Context, path: Path, pipeline: str | None, stack: ExitStack) -> Compiled:
    if path.suffix != ".ipynb":
        return read_file(path, pipeline)
    from pipecell import targets
    from pipecell.commands.notebook import read_notebook

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pipecell-")))
    environment: dict[str, Any] = {
        **dict.fromkeys(targets.in_the_way()),
        **targets.environment(local_target(context.workspace.home)),
    }
    return read_notebook(path, pipeline, folder=folder, environment=environment, say=context.say)[0]


def _checked_out(revision: str, path: str, folder: Path) -> Path:
    """Put a git revision into a folder, for a notebook needs the files beside it; return the file there.

    Raises:
        UsageError: no such revision or file (``PC917``), or no git here.
    """
    try:
        top = _git("rev-parse", "--show-toplevel").decode().strip()
        prefix = _git("rev-parse", "--show-prefix").decode().strip()
        archive = _git("-C", top, "archive", "--format=tar", revision)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise UsageError("git is needed to read a revision.", code="PC917") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise UsageError(
            f"{revision} cannot be read: {said[-1] if said else 'git failed'}.", code="PC917"
        ) from error
    found = folder / prefix / path
    if not found.is_file():
        raise UsageError(f"{revision} has no file {path}.", code="PC917")
    return found


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], check=True, capture_output=True).stdout
