"""``%%pipeline`` and ``%pipeline``: the verbs of pipecell in a notebook.

The magics read their words with the one table of verbs and present what a verb returns: they
display, print, return or raise. What fails raises, so that a notebook run as a test fails; an
error of ours is one line, and the user's own exception keeps the user's own traceback.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from pipecell import targets
from pipecell.activation import Activation
from pipecell.commands import handoff
from pipecell.commands.context import Context
from pipecell.commands.progress import UploadLine
from pipecell.commands.table import CELL, VERBS
from pipecell.commands.verb import Call, Result, find, overview, parse, split_words
from pipecell.completion import matcher
from pipecell.declare.notebook import Notebook
from pipecell.errors import PipecellError, UsageError, did_you_mean
from pipecell.workspace import Workspace

if TYPE_CHECKING:
    from pipecell.declare.notebook import Declaration
    from pipecell.engines.engine import Progress
    from pipecell.execution import Execution
    from pipecell.pipeline import Pipeline

_NAME = re.compile(r"\$(\$|[A-Za-z_]\w*)|\{([A-Za-z_]\w*)\}")
_WORTH_SAYING = ("error", "warning")


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

    def pipeline(self, values: argparse.Namespace) -> Pipeline:
        """Return the named pipeline, else the one declared last."""
        return self.workspace.pipeline(values.pipeline)

    def say(self, line: str) -> None:
        """Print a line."""
        sys.stdout.write(line + "\n")

    def row(self, text: str, data: Any) -> None:
        """Print a row as soon as it is there."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def show(self, execution: Execution) -> None:
        """Show an execution, live while it runs."""
        self.workspace.screen.show(execution)

    def follow(self, execution: Execution) -> None:
        """Show an execution until it has ended; an interrupt stops the looking, not the run."""
        self.show(execution)
        try:
            execution.wait(raise_on_failure=False)
        except KeyboardInterrupt as interrupt:
            _render_as(
                interrupt,
                f"Stopped waiting; {execution.pipeline} goes on. "
                "`%pipeline watch last` shows it again, `%pipeline stop` stops it.",
            )
            raise
        finally:
            self.workspace.screen.finish(execution)

    def progress(self) -> Progress:
        """Print how far a large upload is."""
        return UploadLine(sys.stdout.write, rewrite=True)

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
            known = [known for known in namespace if not known.startswith("_")]
            raise UsageError(f'There is no variable "{name}".', code="PC923", hint=did_you_mean(name, known))
        value = namespace[name]
        if not isinstance(value, str | int | float):
            raise UsageError(
                f"{name} is a {type(value).__name__}, not text, a number or a boolean.", code="PC923"
            )
        return value


@magics_class
class PipelineMagics(Magics):
    """The two magics and what they keep: the kernel's workspace.

    Args:
        shell: the IPython shell.
        workspace: the kernel's pipelines.
    """

    def __init__(self, shell: Any, workspace: Workspace) -> None:
        super().__init__(shell)
        self._shell: Any = shell
        self.workspace = workspace
        self.context = NotebookContext(shell, workspace)
        self.activation: Activation | None = None
        self.matcher = matcher(workspace)

    @no_var_expand
    @line_magic("pipeline")  # type: ignore[arg-type]
    def line(self, line: str) -> Any:
        """Do a verb: ``%pipeline run --profile full``. ``%pipeline -h`` lists the verbs."""
        with _one_line_errors():
            words = split_words(line)
            if not words or words[0] in ("-h", "--help"):
                self.context.say(overview(VERBS, "notebook", "%pipeline"))
                return None
            verb = find(words[0], VERBS, "notebook")
            call = parse(verb, words[1:], face="notebook", program=f"%pipeline {verb.name}")
            return self._do(call)

    @no_var_expand
    @cell_magic("pipeline")  # type: ignore[arg-type]
    def cell(self, line: str, body: str) -> None:
        """Run the cell and take what it declares into a pipeline: ``%%pipeline NAME``."""
        with _one_line_errors():
            call = parse(CELL, split_words(line), face="notebook", program="%%pipeline")
            if call.help:
                self.context.say(call.help)
                return
            declaration = self._declare(call.values, body)
            self._show_declared(declaration)

    def settle(self, *_: Any) -> None:
        """Wait for the target that was being chosen; IPython calls it before the next cell."""
        activation, self.activation = self.activation, None
        if activation is not None:
            self._shell.events.unregister("pre_run_cell", self.settle)
            activation.settle()

    def _do(self, call: Call) -> Any:
        if call.help:
            self.context.say(call.help.rstrip("\n"))
            return None
        if call.verb.launches and handoff.reading():
            self.context.say(f"Left out: {call.verb.name}, because this notebook is only read.")
            return None
        if call.verb.handler is None:
            raise UsageError(f"{call.verb.name} does nothing by itself.", code="PC909")
        return self._present(call.verb.handler(self.context, call.values))

    def _present(self, result: Result) -> Any:
        if result.bundle is not None:
            display(dict(result.bundle), raw=True)  # type: ignore[no-untyped-call]
        elif result.text:
            self.context.say(result.text)
        if result.error is not None:
            raise result.error
        return result.value

    def _declare(self, values: argparse.Namespace, body: str) -> Declaration:
        notebook = self.workspace.notebook
        if notebook is None:
            raise UsageError("Cells cannot declare pipelines here.", code="PC919")
        runner = _BodyRunner(self._shell)
        try:
            return notebook.declare(
                values.name,
                body,
                self._shell.user_ns,
                engine=values.engine,
                cell_id=_cell_id(self._shell),
                cell=self._shell.execution_count,
                run=runner,
            )
        except PipecellError:
            raise
        except SyntaxError as error:
            raise _shown_syntax_error(self._shell, error, runner.file) from error
        except Exception as error:
            _hide_frames_before(self._shell, error, runner.file)
            raise

    def _show_declared(self, declaration: Declaration) -> None:
        from pipecell.view.bundle import mimebundle

        pipeline = self.workspace.pipeline(declaration.name)
        found = [problem for problem in pipeline.check() if problem.severity in _WORTH_SAYING]
        bundle = mimebundle(pipeline.graph, diagnostics=tuple(found))
        display(dict(bundle), raw=True)  # type: ignore[no-untyped-call]


class _BodyRunner:
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
        self.file = shell.compile.cache(code, shell.execution_count, raw_code=code)
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


def load(shell: Any) -> None:
    """Add the magics, their completion and, where no AWS credentials are, the local target."""
    if loaded(shell) is not None:
        return
    magics = PipelineMagics(shell, Workspace(Notebook()))
    shell.register_magics(magics)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(magics.matcher)
    if targets.aws_configured():
        magics.context.say(targets.one_line())
        return
    magics.activation = Activation(None, _tell)
    shell.events.register("pre_run_cell", magics.settle)
    magics.activation.begin()
    magics.context.say(targets.one_line("local"))


def unload(shell: Any) -> None:
    """Take away what `load` added, and send AWS calls where they went before."""
    magics = loaded(shell)
    if magics is None:
        return
    magics.settle()
    targets.activate_aws()
    magics.workspace.monitor.close()
    if shell.Completer is not None and magics.matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(magics.matcher)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("pipeline", None)
    shell.magics_manager.registry.pop(PipelineMagics.__name__, None)


def loaded(shell: Any) -> PipelineMagics | None:
    """Return the magics that `load` added to a shell, if it did."""
    found = shell.magics_manager.registry.get(PipelineMagics.__name__) if shell is not None else None
    return found if isinstance(found, PipelineMagics) else None


def workspace_of_this_kernel() -> Workspace:
    """Return what the magics of this kernel work on.

    Raises:
        UsageError: pipecell is not loaded here (``PC919``).
    """
    magics = loaded(get_ipython())
    if magics is None:
        raise UsageError(
            "No notebook has loaded pipecell here.",
            code="PC919",
            hint="Run %load_ext pipecell, or read a file with pipecell.Pipeline.read.",
        )
    return magics.workspace


def _cell_id(shell: Any) -> str | None:
    """Return the front end's id of the running cell, where it gives one."""
    kernel = getattr(shell, "kernel", None)
    found = kernel.get_parent().get("metadata", {}).get("cellId") if kernel is not None else None
    return str(found) if found else None


def _tell(error: PipecellError) -> None:
    sys.stderr.write(f"pipecell: {error}\n")


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Have IPython show an error of ours as its one line, without the frames that raised it."""
    try:
        yield
    except PipecellError as error:
        _render_as(error, str(error))
        raise


def _render_as(error: BaseException, text: str) -> None:
    # IPython asks an exception for its own rendering before it walks the frames.
    error._render_traceback_ = text.splitlines  # type: ignore[attr-defined]


def _hide_frames_before(shell: Any, error: BaseException, file: str) -> None:
    """Have IPython show the frames of the user's cell and those below, not ours above."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != file:
        trace = trace.tb_next
    if trace is None:
        return
    shown = trace

    def render() -> list[str]:
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, shown, tb_offset=0)
        return lines

    try:
        error._render_traceback_ = render  # type: ignore[attr-defined]
    except AttributeError:
        return  # an exception with slots: IPython shows all frames, ours too


def _shown_syntax_error(shell: Any, error: SyntaxError, file: str) -> Exception:
    """Return what to raise for a body that does not parse.

    IPython shows every frame of a SyntaxError raised while code runs, and asks for no other
    rendering; so this one only has its name and shows what a plain cell would.
    """
    if not file or error.filename != file:
        return error  # raised by code that ran, not by the body itself
    lines = shell.SyntaxTB.structured_traceback(type(error), error, [])
    kind = type(type(error).__name__, (Exception,), {"_render_traceback_": lambda _: lines})
    shown: Exception = kind(str(error))
    return shown
