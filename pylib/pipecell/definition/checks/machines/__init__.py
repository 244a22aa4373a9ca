"""What can be wrong with a state machine: structure, fields, expressions, calls, data and limits."""

from __future__ import annotations

from pipecell.definition.checks.machines import (
    advice,
    arguments,
    calls,
    choices,
    data,
    fields,
    languages,
    limits,
    retries,
    structure,
    variables,
)

RULES = (
    *structure.RULES,
    *fields.RULES,
    *retries.RULES,
    *choices.RULES,
    *languages.RULES,
    *variables.RULES,
    *calls.RULES,
    *arguments.RULES,
    *data.RULES,
    *limits.RULES,
    *advice.RULES,
)
