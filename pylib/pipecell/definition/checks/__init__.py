"""Rules that find what is wrong in a definition before it is launched.

Each family of rules is a module with a tuple ``RULES``; each rule is one small function that
yields what it finds, with a stable code, a reason and an example that triggers it. A new module
joins `FAMILIES`, and from there ``check``, the page in the docs, SARIF and the tests.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipecell.definition.asl.machine import states
from pipecell.definition.checks import (
    code,
    conditions,
    constants,
    cycles,
    determinism,
    instances,
    locations,
    machines,
    names,
    parameters,
    practice,
    properties,
    quotas,
    references,
    reports,
    shapes,
    size,
    types,
)
from pipecell.definition.checks.diagnostic import (
    SEVERITIES,
    Diagnostic,
    Family,
    Finding,
    Rule,
    Severity,
    Subject,
)
from pipecell.definition.document import Document

__all__ = ["FAMILIES", "RULES", "Diagnostic", "Family", "Finding", "Rule", "Severity", "Subject", "check"]

FAMILIES: tuple[Family, ...] = (
    Family("Names", names.RULES),
    Family("References and cycles", (*references.RULES, *properties.RULES, *cycles.RULES)),
    Family("Parameters", parameters.RULES),
    Family("Conditions", (*conditions.RULES, *constants.RULES)),
    Family("Arguments", (*shapes.RULES, *types.RULES, *locations.RULES)),
    Family("Instances", instances.RULES),
    Family("Code", (*code.RULES, *reports.RULES, *determinism.RULES)),
    Family("Limits", (*size.RULES, *quotas.RULES)),
    Family("Practice", practice.RULES),
    *machines.FAMILIES,
)

RULES: tuple[Rule, ...] = tuple(rule for family in FAMILIES for rule in family.rules)


def check(
    document: Document,
    files: Mapping[str, bytes] | None = None,
    quotas: Mapping[str, int] | None = None,
) -> list[Diagnostic]:
    """Return everything that the rules find: errors first, then in the definition's order.

    Args:
        document: the definition.
        files: content of the files that a run would upload, by S3 URI; without them the rules about
            code find nothing.
        quotas: soft limits that differ from AWS's defaults, by name; they go before those of the cells.
    """
    subject = Subject.of(document, files, {**document.notes.quotas, **(quotas or {})})
    names = subject.by_name or (state.name for state in states(document))
    order = {name: index for index, name in enumerate(names)}
    found = [
        _diagnostic(rule, finding, document)
        for rule in RULES
        if rule.engine in (document.engine, "any")
        for finding in rule.find(subject)
        if not document.notes.passes_over(rule.code, finding.step)
    ]
    return sorted(found, key=lambda d: (SEVERITIES.index(d.severity), order.get(d.step or "", -1)))


def _diagnostic(rule: Rule, finding: Finding, document: Document) -> Diagnostic:
    return Diagnostic(
        code=rule.code,
        severity=finding.severity or rule.severity,
        step=finding.step,
        path=finding.path,
        message=finding.message,
        hint=finding.hint,
        cell=_cell(finding, document),
    )


def _cell(finding: Finding, document: Document) -> int | None:
    """Return the cell to mend: the parameter's where a parameter is at fault, else the step's."""
    cell = document.notes.parameter_cells.get(finding.parameter or "")
    return document.cells.get(finding.step or "") if cell is None else cell
