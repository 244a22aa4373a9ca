"""What a verb may ask of the face that it was typed in."""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.commands.faces import Face
from pipecell.errors import UsageError

if TYPE_CHECKING:
    from pipecell.engines.engine import Progress
    from pipecell.execution import Execution
    from pipecell.pipelines import Pipeline
    from pipecell.workspace import Workspace


class Context(ABC):
    """A notebook or a shell, as verbs see it."""

    face: Face
    workspace: Workspace

    @property
    def width(self) -> int:
        """Columns to write in."""
        return 100

    @property
    def color(self) -> bool:
        """Whether text may have colours."""
        return False

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
    def report(self, bundle: Mapping[str, str]) -> None:
        """Show a result on the way to another, in a notebook's and a shell's own way."""

    @abstractmethod
    def confirm(self, question: str) -> bool:
        """Ask for a yes.

        Raises:
            UsageError: nobody is there to ask (``PC925``).
        """

    @property
    @abstractmethod
    def progress(self) -> Progress | None:
        """What says in lines how far uploads are; None for nothing."""

    def panel(self, pipeline: Pipeline) -> Mapping[str, Any] | None:
        """Return the panel of a pipeline's profiles as a MIME bundle; None where nobody could use one."""
        return None

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


def says_yes(answer: str) -> bool:
    """Tell whether an answer is a yes; everything else is a no."""
    return answer.strip().lower() in ("y", "yes")


def nobody_to_ask() -> UsageError:
    """Return the error for a question that nobody can answer."""
    return UsageError(
        "There is nobody to ask whether this may run on AWS.",
        code="PC925",
        hint="Add --yes to say so before.",
    )
