"""Is a definition sound? Diagnostics with AWS's codes, messages and locations."""

from __future__ import annotations

import json
from typing import Any

from pipecell.local.work.states.json_text import describe_error
from pipecell.local.work.states.parse import JSONPATH
from pipecell.local.work.states.validation import graph
from pipecell.local.work.states.validation.diagnostic import (
    INVALID_JSON,
    MISSING_END,
    MISSING_TARGET,
    Diagnostic,
    schema,
)
from pipecell.local.work.states.validation.states import Walk, language_of, language_problems

__all__ = ["MISSING_END", "MISSING_TARGET", "Diagnostic", "validate"]

#: Bytes; the largest definition.
DEFINITION_LIMIT = 1_048_576


class _DuplicateError(ValueError):
    """An object of the definition has a name twice."""


def validate(text: str, *, express: bool = False) -> list[Diagnostic]:
    """Return every problem of a definition's text; none means that it can run.

    Args:
        text: the definition.
        express: whether the machine is an express one, which has fewer task patterns.
    """
    if not text.strip():
        return [schema("Definition must be a valid JSON object", None)]
    if len(text.encode("utf-8", "surrogatepass")) > DEFINITION_LIMIT:
        return [schema(f"The definition is larger than {DEFINITION_LIMIT} bytes", "/")]
    try:
        body = json.loads(text, object_pairs_hook=_unique)
    except _DuplicateError as error:
        return [Diagnostic(INVALID_JSON, str(error))]
    except (ValueError, RecursionError) as error:
        message, place = describe_error(text, error)
        return [Diagnostic(INVALID_JSON, f"{message}\n at {place}", place)]
    if not isinstance(body, dict):
        return [schema("Definition must be a valid JSON object", None)]
    walk = Walk(language_of(body, JSONPATH), express=express)
    return [*language_problems(body, ""), *walk.group(body, ""), *graph.duplicates(body)]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _DuplicateError(f"Duplicate field '{twice}'")
    return made
