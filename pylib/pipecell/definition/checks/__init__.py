"""Rules that find what is wrong in a definition before it is launched.

Each family of rules is a module with a tuple ``RULES``; each rule is one small function that
yields what it finds, with a stable code, a reason and an example that triggers it.
"""

from __future__ import annotations

from pipecell.definition.checks import (
    conditions,
    cycles,
    instances,
    machines,
    names,
    parameters,
    references,
    size,
)
from pipecell.definition.checks.diagnostic import SEVERITIES, Diagnostic, Finding, Rule, Severity, Subject
from pipecell.definition.document import Document

__all__ = ["RULES", "Diagnostic", "Finding", "Rule", "Severity", "Subject", "check"]

RULES: tuple[Rule, ...] = (
    *names.RULES,
    *references.RULES,
    *cycles.RULES,
    *parameters.RULES,
    *conditions.RULES,
    *instances.RULES,
    *size.RULES,
    *machines.RULES,
)


def check(document: Document) -> list[Diagnostic]:
    """Return everything that the rules find: errors first, then in the definition's order."""
    subject = Subject.of(document)
    order = {name: index for index, name in enumerate(subject.by_name)}
    found = [
        _diagnostic(rule, finding, document)
        for rule in RULES
        if rule.engine in (document.engine, "any")
        for finding in rule.find(subject)
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
        cell=document.cells.get(finding.step) if finding.step is not None else None,
    )
