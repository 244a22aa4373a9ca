"""A cell's body, run as IPython runs a cell."""

from __future__ import annotations

import ast
from collections.abc import MutableMapping
from typing import Any


def cell_number(shell: Any) -> int:
    """Return the running cell's number, as In[n] has it.

    The shell's own ``execution_count`` is one ahead in newer versions of IPython, which count
    before the cell runs; what numbers the outputs is right in all.
    """
    return int(shell.displayhook.prompt_count)


class BodyRunner:
    """Runs a cell's body as IPython runs a cell, and shows its last expression.

    Args:
        shell: the IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.file = ""

    def __call__(self, source: str, namespace: MutableMapping[str, Any]) -> None:
        """Run ``source`` in ``namespace``; its exception comes out."""
        shell = self._shell
        # One line further down, where the front end shows the body: the magic is the cell's first line.
        code = "\n" + shell.transform_cell(source)
        self.file = shell.compile.cache(code, cell_number(shell), raw_code=code)
        tree = shell.compile.ast_parse(code, self.file)
        tree = shell.transform_ast(tree)
        last: list[ast.Expr] = []
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
            last = [tree.body.pop()]
        space: Any = namespace
        exec(shell.compile(tree, self.file, "exec"), space)  # noqa: S102 - running the user's cell is the point
        for expression in last:
            single = ast.Interactive([expression])
            exec(shell.compile(single, self.file, "single"), space)  # noqa: S102
