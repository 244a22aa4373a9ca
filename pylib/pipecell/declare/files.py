"""Definition files: SageMaker's JSON, or a state machine's JSON or YAML, whoever made them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from pipecell.declare.compiled import Compiled
from pipecell.definition.document import Document, read_document
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
    return Compiled(read_content(content, path, name), region="")


def read_content(content: bytes, path: Path, name: str | None = None) -> Document:
    """Read what a definition file holds; a state machine in a ``.yaml`` or ``.yml`` is YAML.

    Raises:
        DefinitionError: it is not a definition.
    """
    if path.suffix in (".yaml", ".yml"):
        from pipecell.declare.stepfunctions import read_machine

        return read_document(read_machine(content.decode("utf-8", "replace")), name=name, origin=str(path))
    return read_document(content, name=name, origin=str(path))


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    close = nearest(path.name, (entry.name for entry in islice(path.parent.iterdir(), 500)))
    return f'Did you mean "{path.with_name(close)}"?' if close else ""
