"""Comments in cells that are meant for pipecell.

``# pipecell: ignore PC203`` passes a finding over, ``# pipecell: quota steps=100`` sets a soft limit.
A comment at the end of a statement's line, or inside the statement, is about the steps that the
statement declares; any other is about all that the cell declares.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from pipecell.declare.cells import CellRun, Unit, members, name_of
from pipecell.declare.declaration import Declaration
from pipecell.definition.notes import Notes

_COMMENT = re.compile(r"#\s*pipecell:\s*(?P<verb>ignore|quota)\b(?P<words>[^#\n]*)")
_CODE = re.compile(r"PC\d{3}")
_QUOTA = re.compile(r"(?P<name>[\w-]+)\s*=\s*(?P<number>\d+)")


def notes_of(declaration: Declaration) -> Notes:
    """Return what the cells of a pipeline say beside the definition."""
    ignored: dict[str, dict[str, None]] = {}
    quotas: dict[str, int] = {}
    for run in declaration.runs:
        if "pipecell:" not in run.source:
            continue
        steps = _steps_of(run, declaration.held)
        for line, verb, words in _comments(run.source):
            if verb == "quota":
                quotas |= {found["name"]: int(found["number"]) for found in _QUOTA.finditer(words)}
                continue
            codes = dict.fromkeys(_CODE.findall(words))
            for step in _declared_at(line, run.source, steps) or [*steps, ""]:
                ignored.setdefault(step, {}).update(codes)
    cells = {parameter.name: cell for parameter, cell in declaration.parameters if cell is not None}
    return Notes(cells, {step: tuple(codes) for step, codes in ignored.items()}, quotas)


def _comments(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, verb, the words after it) of each comment that is meant for us."""
    for number, line in enumerate(source.splitlines(), 1):
        found = _COMMENT.search(line)
        if found is not None:
            yield number, found["verb"], found["words"]


def _steps_of(run: CellRun, held: Mapping[str, Unit]) -> list[str]:
    """Return the names of the steps that a run declares, those inside its collections included."""
    return [
        name
        for key, unit in held.items()
        if unit.run is run
        for name in [key, *(name_of(inner) for inner in members(unit.thing))]
    ]


def _declared_at(line: int, source: str, steps: Iterable[str]) -> list[str]:
    """Return the steps that the statement on a line declares; none where it declares none."""
    try:
        statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    except (SyntaxError, ValueError):
        return []  # a cell with magics: the comment is about all of it
    around = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
    innermost = min(around, key=lambda node: (node.end_lineno or node.lineno) - node.lineno, default=None)
    if innermost is None:
        return []
    texts = {
        node.value
        for node in ast.walk(innermost)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    # A ModelStep named X declares X-RegisterModel and the like.
    return [step for step in steps if step in texts or step.rpartition("-")[0] in texts - {""}]
