"""Machines to check, as short as they can be."""

from __future__ import annotations

from typing import Any

from pipecell.definition import Document, read_document
from pipecell.definition.checks import Diagnostic, check

LAMBDA = "arn:aws:states:::lambda:invoke"
DONE = {"Type": "Succeed"}


def machine(states: dict[str, Any], **body: Any) -> Document:
    return read_document({"StartAt": next(iter(states)), "States": states, **body}, name="M")


def one(kind: str = "Pass", /, **body: Any) -> Document:
    ends = {} if kind in ("Succeed", "Fail", "Choice") or "Next" in body else {"End": True}
    return machine({"A": {"Type": kind, **ends, **body}})


def task(resource: str = LAMBDA, **body: Any) -> Document:
    return one("Task", Resource=resource, **body)


def found(document: Document, code: str = "") -> list[Diagnostic]:
    return [
        problem
        for problem in check(document)
        if code == problem.code or (not code and problem.severity != "info")
    ]


def only(document: Document, code: str) -> Diagnostic:
    problems = found(document)
    assert [problem.code for problem in problems] == [code], problems
    return problems[0]
