"""A notebook, read by running it: cell by cell, in a kernel of its own."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.commands import handoff
from pipecell.errors import DeclarationError, DefinitionError, MissingDependencyError, UsageError

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.definition.checks import Diagnostic
    from pipecell.profiles import Profile

KERNEL_SECONDS = 300
"""How long a kernel may take to start, or to tell the last of what a cell did: a busy machine is slow."""

_LONGEST_PATH = 90
"""Bytes; a socket's own name is a little longer, and macOS takes 103 of it."""

_DECLARES = re.compile(r"^\s*%%(pipeline|step)\b")
_LAUNCHES = re.compile(r"^[^#\n]*%pipeline\s+(plan|diff|run|try|watch|logs|stop|retry|list)\b", re.MULTILINE)


class NotebookCellError(DeclarationError):
    """A cell that raised while a notebook was read.

    Args:
        message: the exception in one line.
        trace: the user's own traceback, as the notebook would show it.
        cell: the cell's execution count.
    """

    code = "PC690"

    def __init__(self, message: str, *, trace: str, cell: int | None) -> None:
        super().__init__(message, cell=cell)
        self.trace = trace


def read_notebook(
    path: Path,
    name: str | None,
    *,
    folder: Path,
    environment: Mapping[str, str | None],
    say: Callable[[str], None],
) -> tuple[Compiled, tuple[Diagnostic, ...], tuple[Profile, ...]]:
    """Run a notebook's cells, its launching verbs left out, and take one pipeline that it declares.

    A cell that fails ends it, unless it comes after a verb that was left out and declares nothing:
    such a cell looks at a run that has not happened.

    Args:
        path: the ``.ipynb`` file; the kernel works in its folder.
        name: the pipeline to take; None for the only one.
        folder: an empty private folder, to be kept for as long as the result is used.
        environment: variables on top of this process's own; None removes one.
        say: told which cells were left out.

    Raises:
        UsageError: no such file, or no such pipeline.
        DefinitionError: the file is not a notebook (``PC005``).
        NotebookCellError: a cell failed.
        MissingDependencyError: nbclient is not installed.
    """
    try:
        import nbformat
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import KernelManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
    except ImportError as error:
        raise MissingDependencyError(
            "nbclient and ipykernel are needed to read a notebook.", hint="pip install 'pipecell[lab]'"
        ) from error

    class ThisPython(KernelSpecManager):
        """The interpreter that runs pipecell, whatever kernel the notebook was saved with."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name=kernel_name, language="python")

    content = _read(path, nbformat)
    manager = KernelManager(kernel_spec_manager=ThisPython(), **_place(folder))
    client = NotebookClient(
        content,
        km=manager,
        timeout=None,
        startup_timeout=KERNEL_SECONDS,
        iopub_timeout=KERNEL_SECONDS,
        resources={"metadata": {"path": str(path.absolute().parent)}},
    )
    variables = {**os.environ, handoff.READING: "1"}
    for variable, value in environment.items():
        variables.pop(variable, None)
        if value is not None:
            variables[variable] = value
    noise = os.open(folder / "kernel.log", os.O_WRONLY | os.O_CREAT, 0o600)
    with _closing(noise), client.setup_kernel(env=variables, stdout=noise, stderr=noise):
        launched = False
        for index, cell in enumerate(content.cells):
            if cell.cell_type != "code":
                continue
            try:
                client.execute_cell(cell, index)
            except CellExecutionError as error:
                if not launched or _DECLARES.match(cell.source):
                    raise _failed(cell, error) from error
                say(
                    f"Cell {cell.execution_count} was left out: it looks at a run, and this one is only read."
                )
            except DeadKernelError as error:
                raise DeclarationError("The kernel died.", code="PC691") from error
            launched = launched or bool(_LAUNCHES.search(cell.source))
        last = nbformat.v4.new_code_cell(
            f"__import__('pipecell.commands.handoff').commands.handoff.write({str(folder)!r}, {name!r})"
        )
        content.cells.append(last)
        try:
            client.execute_cell(last, len(content.cells) - 1, store_history=False)
        except CellExecutionError as error:
            raise _failed(last, error) from error
    return handoff.read(folder)


def _place(folder: Path) -> dict[str, Any]:
    """Return where a kernel is reached: by sockets in its private folder, where their names fit.

    A port that was free when it was chosen may be somebody else's when the kernel takes it.
    """
    file = folder / "kernel.json"
    if os.name != "posix" or len(os.fsencode(file)) > _LONGEST_PATH:
        return {}
    return {"transport": "ipc", "connection_file": str(file)}


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    """Close a file descriptor at the end of the block."""
    try:
        yield
    finally:
        os.close(descriptor)


def _read(path: Path, nbformat: Any) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", code="PC917") from error
    except UnicodeDecodeError as error:
        raise DefinitionError(
            f"{path.name} is not a notebook: it is not UTF-8 text.", code="PC005"
        ) from error
    try:
        return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises its own, json's and jsonschema's errors alike
        sentence = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DefinitionError(f"{path.name} is not a notebook: {sentence}.", code="PC005") from error


def _failed(cell: Any, error: Any) -> NotebookCellError:
    shown = [out for out in cell.outputs if out.output_type == "error"]
    trace = "\n".join(shown[-1].traceback) if shown else str(error)
    name, value = (shown[-1].ename, shown[-1].evalue) if shown else (type(error).__name__, "")
    return NotebookCellError(f"{name}: {value}", trace=trace, cell=cell.execution_count)
