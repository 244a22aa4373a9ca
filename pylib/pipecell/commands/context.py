"""What a verb may ask of the face that it was typed in."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipecell.commands.verb import Face
from pipecell.errors import UsageError

if TYPE_CHECKING:
    from pipecell.engines.engine import Progress
    from pipecell.execution import Execution
    from pipecell.pipeline import Pipeline
    from pipecell.workspace import Workspace


class Context(ABC):
    """A notebook or a shell, as verbs see it."""

    face: Face
    workspace: Workspace

    @abstractmethod
    def pipeline(self, values: argparse.Namespace) -> Pipeline:
        """Return the pipeline that a verb's words mean."""

    @abstractmethod
    def say(self, line: str) -> None:
        """Tell people something now: where calls go, how far an upload is."""

    @abstractmethod
    def row(self, text: str, data: Any) -> None:
        """Give out one row of a result that comes in rows, such as a log, as soon as it is there."""

    @abstractmethod
    def show(self, execution: Execution) -> None:
        """Show an execution and go on."""

    @abstractmethod
    def follow(self, execution: Execution, caption: str) -> None:
        """Show an execution until it has ended; it goes on when people stop looking.

        Args:
            execution: what to show.
            caption: what it is, in one line.

        Raises:
            EndpointError: the local endpoint went away and did not come back.
            ExecutionError: the execution does not exist, or AWS cannot be reached.
        """

    @abstractmethod
    def progress(self) -> Progress | None:
        """Return what shows how far an upload is; None for nothing."""

    def value(self, text: str) -> Any:
        """Return what a value that was typed means here."""
        return text

    def assignments(self, words: Iterable[str]) -> dict[str, Any]:
        """Read ``NAME=VALUE`` words.

        Raises:
            UsageError: a word without ``=`` (``PC920``).
        """
        values: dict[str, Any] = {}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or not name:
                raise UsageError(f'"{word}" is not NAME=VALUE.', code="PC920")
            values[name] = self.value(value)
        return values
