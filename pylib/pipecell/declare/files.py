"""Definition files: SageMaker's JSON, or a state machine's JSON or YAML, whoever made them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from pipecell.declare.compiled import Compiled
from pipecell.definition.document import read_document
from pipecell.errors import UsageError, nearest


def read_file(path: Path, name: str | None = None) -> Compiled:
    """Read a definition file.

    Raises:
        UsageError: there is no such file (``PC917``).
        DefinitionError: it is not a definition.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}.",
            code="PC917",
            hint=_nearest_file(path) if isinstance(error, FileNotFoundError) else "",
        ) from error
    if path.suffix in (".yaml", ".yml"):
        from pipecell.declare.stepfunctions import read_machine

        body = read_machine(content.decode("utf-8", "replace"))
        return Compiled(read_document(body, name=name, origin=str(path)), region="")
    return Compiled(read_document(content, name=name, origin=str(path)), region="")


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    close = nearest(path.name, (entry.name for entry in islice(path.parent.iterdir(), 500)))
    return f'Did you mean "{path.with_name(close)}"?' if close else ""
