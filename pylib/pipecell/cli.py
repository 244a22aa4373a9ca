"""``pipecell VERB FILE``: the verbs of pipecell in a shell.

Results go to standard output, everything said on the way to standard error, so that ``--json``
prints nothing but JSON. Exit code 0: it holds; 1: the pipeline is at fault; 2: the command is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipecell.commands.context import Context, nobody_to_ask, says_yes
from pipecell.commands.progress import UploadLine
from pipecell.commands.table import VERBS
from pipecell.commands.verb import Call, Result, find, overview, parse
from pipecell.declare.files import read_file
from pipecell.errors import (
    CheckFailedError,
    DeclarationError,
    DefinitionError,
    ExecutionError,
    PipecellError,
)
from pipecell.targets import local_target
from pipecell.workspace import Workspace

if TYPE_CHECKING:
    from pipecell.engines.engine import Progress
    from pipecell.execution import Execution
    from pipecell.pipelines import Pipeline

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

UNREAD = 141
"""Exit code when nobody reads the output any more: what a shell says of a program that SIGPIPE ended."""

_PIPELINES_FAULT = (CheckFailedError, DeclarationError, DefinitionError)


class ShellContext(Context):
    """The verbs' view of a shell.

    Args:
        out: where results go.
        err: where everything else goes.
        as_json: results are JSON.
    """

    face = "shell"

    def __init__(self, out: TextIO, err: TextIO, *, as_json: bool = False) -> None:
        self.workspace = Workspace()
        self._out = out
        self._err = err
        self._json = as_json
        self._files = ExitStack()

    def pipeline(self, values: argparse.Namespace) -> Pipeline:
        """Return the pipeline of the file that a verb names."""
        path = Path(values.file)
        if path.suffix != ".ipynb":
            return self.workspace.add(read_file(path, values.pipeline))
        from pipecell.commands.notebook import read_notebook

        compiled, diagnostics, profiles = read_notebook(
            path,
            values.pipeline,
            folder=self._private_folder(),
            environment=self._kernel_environment(getattr(values, "on", None) or "local"),
            say=self.say,
        )
        return self.workspace.add(compiled, diagnostics, profiles)

    def say(self, line: str) -> None:
        """Write a line to standard error."""
        self._err.write(line + "\n")
        self._err.flush()

    def row(self, text: str, data: Any) -> None:
        """Write a row to standard output: text, or one line of JSON."""
        self._out.write((json.dumps(data, ensure_ascii=False) if self._json else text) + "\n")
        self._out.flush()

    def show(self, execution: Execution) -> None:
        """Write an execution's tree, and how to see it again."""
        if self._json:
            return
        self._out.write(execution.text(width=self.width, color=self.color) + "\n")
        self._out.flush()
        if execution.last_seen.running:
            self.say(f"`pipecell watch {execution.execution_arn}` follows it.")

    def follow(self, execution: Execution, caption: str) -> None:
        """Show an execution until it has ended: drawn over itself in a terminal, else line by line."""
        from pipecell.terminal import follow

        self.say(caption)
        stream = self._err if self._json else self._out
        try:
            follow(execution, stream, color=_colored(stream))
        except KeyboardInterrupt:
            self.say(
                f"\nStopped watching; {execution.pipeline} goes on.\n"
                f"`pipecell watch {execution.execution_arn}` shows it again."
            )
            raise

    def report(self, bundle: Mapping[str, str]) -> None:
        """Write a result to standard error: standard output is for the last one."""
        self.say(bundle["text/plain"])

    def confirm(self, question: str) -> bool:
        """Ask in the terminal."""
        if not sys.stdin.isatty():
            raise nobody_to_ask()
        self._err.write(f"{question} [y/N] ")
        self._err.flush()
        return says_yes(sys.stdin.readline())

    @property
    def progress(self) -> Progress:
        """What writes how far a large upload is to standard error."""
        return UploadLine(self._err.write, rewrite=self._err.isatty())

    @property
    def width(self) -> int:
        """Columns to write in."""
        return max(40, shutil.get_terminal_size((100, 24)).columns) if self._out.isatty() else 100

    @property
    def color(self) -> bool:
        """Whether results may have colours."""
        return _colored(self._out)

    def present(self, result: Result) -> int:
        """Write what a verb found; return the exit code."""
        if self._json:
            if result.data is not None:
                self._out.write(json.dumps(result.data, indent=2, ensure_ascii=False) + "\n")
        elif result.text and result.aside:
            self.say(result.text)
        elif result.text:
            self._out.write(result.text + "\n")
        self._out.flush()
        if result.error is not None and not self._json:
            self.say(str(result.error))
        return result.exit_code

    def close(self) -> None:
        """Remove the private folders."""
        self._files.close()

    def _private_folder(self) -> Path:
        return Path(self._files.enter_context(tempfile.TemporaryDirectory(prefix="pipecell-")))

    def _kernel_environment(self, on: str) -> dict[str, str | None]:
        """Return the variables of a notebook's kernel: its cells reach AWS only when the user said so."""
        from pipecell import targets

        if on == "aws":
            return {}
        return {
            **dict.fromkeys(targets.in_the_way()),
            **targets.environment(local_target(self.workspace.home)),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words, sys.stdout, sys.stderr)
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nowhere()
        return UNREAD
    return code


def _run(words: Sequence[str], out: TextIO, err: TextIO) -> int:
    if not words or words[0] in ("-h", "--help"):
        out.write(overview(VERBS, "shell", "pipecell") + "\n")
        return 0
    if words[0] in ("-V", "--version"):
        import pipecell

        out.write(f"pipecell {pipecell.__version__}\n")
        return 0
    context = ShellContext(out, err, as_json="--json" in words)
    try:
        verb = find(words[0], VERBS, "shell")
        call = parse(verb, words[1:], face="shell", program=f"pipecell {verb.name}")
        return _do(context, call)
    except PipecellError as error:
        _report(error, err)
        return _exit_code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        context.close()


def _write_nowhere() -> None:
    """Let what is still buffered for a reader that has gone, as in ``pipecell logs … | head``, go quietly."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _do(context: ShellContext, call: Call) -> int:
    if call.help or call.verb.handler is None:
        return context.present(Result(text=call.help.rstrip("\n")))
    return context.present(call.verb.handler(context, call.values))


def _report(error: PipecellError, err: TextIO) -> None:
    """Write an error: one line, or the user's own traceback where a cell of a notebook raised."""
    trace = getattr(error, "trace", "")
    if trace:
        err.write(f"Cell {error.cell} failed:\n{trace if _colored(err) else _plain(trace)}\n")
    else:
        err.write(f"{error}\n")


def _exit_code(error: PipecellError) -> int:
    ended_badly = isinstance(error, ExecutionError) and error.code == ExecutionError.code
    return 1 if ended_badly or isinstance(error, _PIPELINES_FAULT) else 2


def _colored(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


if __name__ == "__main__":
    sys.exit(main())
