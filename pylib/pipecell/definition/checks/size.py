"""Size: what AWS takes in one definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.document import MAX_BYTES, compact_size, too_big


def definition_size(subject: Subject) -> Iterator[Finding]:
    """Find a definition that is too big, and say what in it is big."""
    if not too_big(subject.document):
        return
    size = compact_size(subject.document.body)
    bodies: list[tuple[str, Any]] = [(step.name, step.body) for step in subject.steps if step.parent is None]
    largest = max(bodies, key=lambda pair: compact_size(pair[1]), default=None)
    hint = f"Its largest step is {largest[0]} with {compact_size(largest[1]):,}." if largest else ""
    yield Finding(f"The definition has {size:,} bytes; AWS takes at most {MAX_BYTES:,}.", hint)


RULES = (
    Rule(
        "PC310",
        "error",
        "AWS refuses the definition.",
        pipeline(a_step("Train", "Training", HyperParameters={"big": "x" * MAX_BYTES})),
        definition_size,
        "any",
    ),
)
