"""A notebook whose cells are jobs: ``step(line, body)`` runs one, as the magic does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipecell.commands.step_lines import complete_step_cell
from pipecell.commands.step_table import STEP
from pipecell.commands.verb import parse, split_words
from pipecell.declare.compiled import Compiled
from pipecell.declare.declaration import Declaration
from pipecell.declare.notebook import Notebook, compile_declaration

Step = Callable[..., Declaration]


class Cells:
    """The cells of one kernel."""

    def __init__(self) -> None:
        self.notebook = Notebook()
        self.namespace: dict[str, Any] = {"__name__": "__main__"}
        self.count = 0

    def step(self, line: str, body: str = "", cell_id: str | None = None) -> Declaration:
        """Run a ``%%step`` cell."""
        call = parse(STEP, split_words(line), face="notebook", program="%%step")
        self.count += 1
        return self.notebook.declare_step(
            call.verb.name,
            vars(call.values),
            body,
            self.namespace,
            line=line,
            cell_id=cell_id,
            cell=self.count,
        )

    def pipeline(self, name: str, body: str = "", cell_id: str | None = None) -> Declaration:
        """Run a ``%%pipeline`` cell."""
        self.count += 1
        return self.notebook.declare(name, body, self.namespace, cell_id=cell_id, cell=self.count)

    def run(self, text: str) -> Declaration:
        """Run a cell as it stands in a notebook, ``%%step`` or ``%%pipeline``."""
        first, *rest = complete_step_cell([f"{line}\n" for line in text.splitlines()])
        magic, _, line = first.strip().partition(" ")
        return (self.step if magic == "%%step" else self.pipeline)(line, "".join(rest))

    def compiled(self, name: str | None = None) -> Compiled:
        """Compile a pipeline."""
        return compile_declaration(self.notebook.get(name))

    def body(self, name: str | None = None) -> dict[str, Any]:
        """Return a pipeline's definition."""
        return dict(self.compiled(name).document.body)

    def steps(self, name: str | None = None) -> dict[str, Any]:
        """Return a definition's steps by name, those in branches too."""
        found: dict[str, Any] = {}

        def collect(steps: list[dict[str, Any]]) -> None:
            for step in steps:
                found[step["Name"]] = step
                if step["Type"] == "Condition":
                    collect([*step["Arguments"]["IfSteps"], *step["Arguments"]["ElseSteps"]])

        collect(self.body(name)["Steps"])
        return found

    def problems(self, name: str | None = None) -> list[tuple[str, str | None]]:
        """Return what is wrong between cells: code and step."""
        return [(found.code, found.step) for found in self.notebook.get(name).diagnostics]

    def text(self, name: str | None = None) -> str:
        """Return a definition byte for byte."""
        return json.dumps(self.body(name))


@pytest.fixture
def cells(tmp_path: Path) -> Cells:
    (tmp_path / "data.csv").write_text("y,x\n1,2\n")
    return Cells()
