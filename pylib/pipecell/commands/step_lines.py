"""How the first line of our cells is read: over several lines, and with no body below it.

IPython refuses a cell magic without a body, and knows no continued lines. A cell is rewritten before IPython
looks at it; for each line that was joined an empty one is put below, so that line numbers stay right.
"""

from __future__ import annotations

import re

_OURS = re.compile(r"%%(step|pipeline)(\s|$)")


def complete_step_cell(lines: list[str]) -> list[str]:
    """Return a cell's lines as IPython takes them; others' cells stay as they are."""
    if not lines or _OURS.match(lines[0]) is None:
        return lines
    first, rest = lines[0].rstrip("\n"), lines[1:]
    joined = 0
    while first.rstrip().endswith("\\") and rest:
        first = f"{first.rstrip()[:-1].rstrip()} {rest.pop(0).strip()}"
        joined += 1
    body = ["\n"] * joined + rest
    return [f"{first}\n", *(body or ["\n"])]
