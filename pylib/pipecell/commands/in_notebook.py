"""The verbs' view of a notebook."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipecell.commands.context import Context, nobody_to_ask, says_yes
from pipecell.commands.progress import UploadLine
from pipecell.commands.tracebacks import render_as
from pipecell.errors import UsageError, nearest
from pipecell.kernel.cells import is_watched
from pipecell.workspace import Workspace

if TYPE_CHECKING:
    from pipecell.engines.engine import Progress
    from pipecell.execution import Execution
    from pipecell.panel import ProfilePanel
    from pipecell.pipelines import Pipeline

_NAME = re.compile(r"\$(\$|[A-Za-z_]\w*)|\{([A-Za-z_]\w*)\}")


class NotebookContext(Context):
    """The verbs' view of a notebook.

    Args:
        shell: the IPython shell.
        workspace: the kernel's pipelines.
    """

    face = "notebook"

    def __init__(self, shell: Any, workspace: Workspace) -> None:
        self.shell = shell
        self.workspace = workspace
        self._panels: dict[str, ProfilePanel] = {}

    def pipeline(self, values: argparse.Namespace) -> Pipeline:
        """Return the named pipeline, else the one declared last."""
        return self.workspace.pipeline(values.pipeline)

    def say(self, line: str) -> None:
        """Print a line."""
        sys.stdout.write(line + "\n")

    def row(self, text: str, data: Any) -> None:
        """Print a row; the kernel sends what was printed five times a second."""
        sys.stdout.write(text + "\n")

    def show(self, execution: Execution) -> None:
        """Show an execution, live while it runs."""
        self.workspace.screen.show(execution)

    def follow(self, execution: Execution, caption: str) -> None:
        """Show an execution until it has ended; an interrupt stops the looking, not the run."""
        try:
            self.workspace.screen.show(execution, caption=caption)
            execution.wait(raise_on_failure=False)
        except KeyboardInterrupt as interrupt:
            self.workspace.screen.release(execution)
            render_as(
                interrupt,
                f"Stopped waiting; {execution.pipeline} goes on. "
                "`%pipeline watch last` shows it again, `%pipeline stop` stops it.",
            )
            raise
        self.workspace.screen.finish(execution)

    def report(self, bundle: Mapping[str, str]) -> None:
        """Display a result."""
        from IPython.display import display

        display(dict(bundle), raw=True)  # type: ignore[no-untyped-call]

    def confirm(self, question: str) -> bool:
        """Ask below the cell."""
        from IPython.core.error import StdinNotImplementedError

        try:
            return says_yes(input(f"{question} [y/N] "))
        except (StdinNotImplementedError, EOFError) as error:
            raise nobody_to_ask() from error

    @property
    def progress(self) -> Progress | None:
        """Print how far a large upload is; where people watch, bars show it."""
        return None if is_watched() else UploadLine(sys.stdout.write, rewrite=True)

    def panel(self, pipeline: Pipeline) -> Mapping[str, Any] | None:
        """Return the panel of a pipeline's profiles where a front end watches."""
        if not is_watched():
            return None
        from pipecell.panel import ProfilePanel

        name, screen = pipeline.name, self.workspace.screen
        panel = ProfilePanel(
            lambda: self.workspace.pipeline(name), lambda execution: screen.show(execution, watched=True)
        )
        # The newest panel of a pipeline alone hears of changes: older ones may have left the page.
        observers, before = self.workspace.observers, self._panels.get(name)
        observers[:] = [*(each for each in observers if each is not before), panel]
        self._panels[name] = panel
        return panel.bundle()

    def value(self, text: str) -> Any:
        """Put the user's variables in place of ``$name`` and ``{name}``; ``$$`` is a dollar sign.

        Raises:
            UsageError: no such variable (``PC923``), or one that is not text, a number or a boolean.
        """
        whole = _NAME.fullmatch(text)
        if whole is not None and whole[1] != "$":
            return self._variable(whole[1] or whole[2])
        return _NAME.sub(lambda m: "$" if m[1] == "$" else str(self._variable(m[1] or m[2])), text)

    def _variable(self, name: str) -> Any:
        namespace = self.shell.user_ns
        if name not in namespace:
            close = nearest(name, (known for known in namespace if not known.startswith("_")))
            hint = f'Did you mean "{close}"?' if close else ""
            raise UsageError(f'There is no variable "{name}".', code="PC923", hint=hint)
        value = namespace[name]
        if not isinstance(value, str | int | float):
            raise UsageError(
                f"{name} is a {type(value).__name__}, not text, a number or a boolean.", code="PC923"
            )
        return value
