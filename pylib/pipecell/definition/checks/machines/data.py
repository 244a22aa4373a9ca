"""The data that flows: a path that no state before can have produced."""

from __future__ import annotations

from collections.abc import Iterator

from pipecell.definition.asl.flow import missing_paths
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject
from pipecell.definition.checks.machines.examples import machine
from pipecell.errors import did_you_mean


def unproduced(subject: Subject) -> Iterator[Finding]:
    """Find paths into data that no run can have."""
    for missing in missing_paths(subject.document):
        last = missing.text.rstrip("']").replace("['", ".").rsplit(".", 1)[-1]
        known = [key for key in missing.known if not key.startswith("Sdk")]
        hint = did_you_mean(last, known)
        where = f" in {missing.where}" if missing.where else ""
        yield Finding(f"No state before gives {missing.text}{where}.", hint, missing.state.name, missing.path)


RULES = (
    Rule(
        "PC170",
        "error",
        "The execution fails where it reads the path.",
        machine(
            A={"Type": "Pass", "Parameters": {"count": 1}, "Next": "B"},
            B={"Type": "Pass", "InputPath": "$.number", "End": True},
        ),
        unproduced,
        "stepfunctions",
    ),
)
