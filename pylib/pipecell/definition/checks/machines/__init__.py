"""What can be wrong with a state machine: structure, fields, expressions, calls, data and limits."""

from __future__ import annotations

from pipecell.definition.checks.diagnostic import Family
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

FAMILIES = (
    Family("State machines: structure", (*structure.RULES, *fields.RULES, *retries.RULES, *choices.RULES)),
    Family("State machines: query languages", (*languages.RULES, *variables.RULES)),
    Family("State machines: calls and data", (*calls.RULES, *arguments.RULES, *data.RULES)),
    Family("State machines: limits and practice", (*limits.RULES, *advice.RULES)),
)
"""Rules about state machines, in the order of the page in the docs."""
