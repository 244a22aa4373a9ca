"""Diagnostics as SARIF 2.1.0: what code review tools read.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from pipecell.definition.checks import RULES, Diagnostic
from pipecell.errors import DefinitionError

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def to_sarif(found: Iterable[Diagnostic], *, file: PurePath, text: str, version: str) -> dict[str, Any]:
    """Return a SARIF log of one run of ``check``.

    Args:
        found: what it found.
        file: the notebook or definition that was checked, relative to the repository where it can be.
        text: its content, to find lines in.
        version: pipecell's.
    """
    found = list(found)
    lines = _Lines(text, file.suffix)
    titles = {rule.code: (rule.title, rule.why, rule.severity) for rule in RULES}
    codes = list(dict.fromkeys(each.code for each in found))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pipecell",
                        "version": version,
                        "rules": [
                            _rule(code, *titles[code]) if code in titles else {"id": code} for code in codes
                        ],
                    }
                },
                "results": [_result(each, codes.index(each.code), file, lines) for each in found],
            }
        ],
    }


def _rule(code: str, title: str, why: str, severity: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(each: Diagnostic, rule: int, file: PurePath, lines: _Lines) -> dict[str, Any]:
    where = ".".join(part for part in (each.step, each.path) if part)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": lines.of(each)},
        }
    }
    if where:
        location["logicalLocations"] = [{"fullyQualifiedName": where}]
    result: dict[str, Any] = {
        "ruleId": each.code,
        "ruleIndex": rule,
        "level": _LEVELS[each.severity],
        "message": {"text": " ".join(part for part in (each.message, each.hint) if part)},
        "locations": [location],
    }
    if each.cell is not None:
        result["properties"] = {"cell": each.cell}
    return result


def _uri(file: PurePath) -> str:
    return file.as_uri() if file.is_absolute() else PurePath(file).as_posix().replace(" ", "%20")


class _Lines:
    """Which line of the checked file a diagnostic is about; the first where that cannot be told."""

    def __init__(self, text: str, suffix: str) -> None:
        self._lines = text.splitlines()
        self._cells = dict(self._code_cells(text)) if suffix == ".ipynb" else {}

    def of(self, each: Diagnostic) -> int:
        """Return a line, from 1."""
        start, end = self._cells.get(each.cell or 0, (1, len(self._lines)))
        if self._cells and each.cell is None:
            return 1
        names = [json.dumps(each.step)] if each.step else []
        if self._cells and each.step:
            # In a notebook the step's name stands in a line of code, which is a text of JSON itself.
            spellings = {json.dumps(each.step, ensure_ascii=only)[1:-1] for only in (True, False)}
            names = [form.format(name) for name in spellings for form in ('\\"{}\\"', "'{}'", " {}")]
        for name in names:
            for number in range(start, min(end, len(self._lines)) + 1):
                if name in self._lines[number - 1]:
                    return number
        return start

    def _code_cells(self, text: str) -> Iterator[tuple[int, tuple[int, int]]]:
        """Yield (execution count, first and last line) of each code cell that a run from the top executes."""
        try:
            cells = json.loads(text).get("cells", [])
        except (ValueError, AttributeError) as error:
            raise DefinitionError("The notebook is not JSON.", code="PC005") from error
        at, count = 0, 0
        for cell in cells:
            source = cell.get("source") if isinstance(cell, Mapping) else None
            rows = source if isinstance(source, list) else str(source or "").splitlines(keepends=True)
            if not rows:
                continue
            first = self._find(rows[0], at)
            last = first
            for row in rows[1:]:
                last = self._find(row, last)
            at = last
            if cell.get("cell_type") == "code" and "".join(rows).strip():
                count += 1
                yield count, (first + 1, last + 1)

    def _find(self, row: str, start: int) -> int:
        """Return the index of the first line from ``start`` on that holds a line of a cell."""
        spellings = (json.dumps(row, ensure_ascii=False), json.dumps(row))
        for index in range(start, len(self._lines)):
            if any(spelling in self._lines[index] for spelling in spellings):
                return index
        return start
