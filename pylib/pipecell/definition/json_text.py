"""What is wrong with a text that should be JSON, in words that lead to the mend."""

from __future__ import annotations

import json
from typing import Any

from pipecell.errors import DefinitionError

_COMMENTS = ("//", "/*", "#")


def once(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return an object of JSON or YAML, each of whose names stands in it once.

    Raises:
        DefinitionError: ``PC006``, a name is there twice. AWS refuses such a state machine, and readers
            of JSON lose the first of them without a word.
    """
    made = {str(key): value for key, value in pairs}
    if len(made) != len(pairs):
        names = [str(key) for key, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        raise DefinitionError(
            f'"{name}" stands twice in one object.',
            code="PC006",
            hint="The first of them would be lost: rename one.",
        )
    return made


def not_json(error: json.JSONDecodeError, what: str) -> DefinitionError:
    """Return the error (``PC001``) for a text that is not JSON, with its line and column.

    Args:
        error: why it is none.
        what: ``definition`` or ``machine``.
    """
    if not error.doc.strip():
        return DefinitionError(f"The {what} is empty.", code="PC001")
    return DefinitionError(
        f"The {what} is not JSON: {error.msg}.",
        code="PC001",
        path=f"line {error.lineno}, column {error.colno}",
        hint=_way_out(error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()),
    )


def _way_out(before: str, after: str) -> str:
    """Return what to do about the commonest habits of other languages; empty for anything else."""
    if after.startswith(_COMMENTS):
        return "JSON has no comments: take it out."
    if after.startswith("'"):
        return "Texts and names stand in double quotes."
    # Python 3.13 points to the comma, those before it to what follows.
    comma, rest = after.startswith(","), after.removeprefix(",").lstrip()
    if (comma or before.endswith(",")) and rest.startswith(("}", "]")):
        return "A comma stands before the end of an object or list: take it out."
    return ""
