"""``%%pipeline``, ``%%step`` and ``%pipeline``: the verbs of pipecell in a notebook.

The magics read their words with the one table of verbs and present what a verb returns: they
display, print, return or raise. What fails raises, so that a notebook run as a test fails; an
error of ours is one line, and the user's own exception keeps the user's own traceback. All that
a magic needs is imported when it is used: loading pipecell costs a notebook next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from pipecell import targets
from pipecell.activation import Activation
from pipecell.commands.step_lines import complete_step_cell
from pipecell.errors import PipecellError
from pipecell.frontend import Frontends
from pipecell.kernel.cells import cell_id
from pipecell.loaded import MAGICS, loaded

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from pipecell.commands.in_notebook import NotebookContext
    from pipecell.commands.verb import Call, Result
    from pipecell.declare.declaration import Declaration
    from pipecell.workspace import Workspace

_WORTH_SAYING = ("error", "warning")


@magics_class
class PipelineMagics(Magics):
    """The two magics and what they keep: the kernel's workspace.

    Args:
        shell: the IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell: Any = shell
        self.activation: Activation | None = None
        self.frontends = Frontends(shell, lambda: self.workspace)

    @cached_property
    def workspace(self) -> Workspace:
        """The kernel's pipelines and executions."""
        from pipecell.declare.notebook import Notebook
        from pipecell.workspace import Workspace

        return Workspace(Notebook())

    @cached_property
    def context(self) -> NotebookContext:
        """What verbs see of this notebook."""
        from pipecell.commands.in_notebook import NotebookContext

        return NotebookContext(self._shell, self.workspace)

    @cached_property
    def matcher(self) -> Any:
        """Completion of our lines, as IPython asks for it."""
        from IPython.core.completer import SimpleCompletion, context_matcher

        @context_matcher()  # type: ignore[untyped-decorator]
        def pipecell_matcher(context: CompletionContext) -> SimpleMatcherResult:
            found = self._candidates(context)
            begun, words = found or ("", [])
            return {
                "completions": [SimpleCompletion(word, type="magic") for word in words],
                "matched_fragment": begun,
                "ordered": True,
                "suppress": found is not None,
                "do_not_suppress": set(),
            }

        return pipecell_matcher

    @no_var_expand
    @line_magic("pipeline")  # type: ignore[arg-type]
    def line(self, line: str) -> Any:
        """Do a verb: ``%pipeline run --profile full``. ``%pipeline -h`` lists the verbs."""
        from pipecell.commands.table import VERBS
        from pipecell.commands.verb import find, overview, parse, split_words

        with _shown_errors(self._shell):
            words = split_words(line)
            if not words or words[0] in ("-h", "--help"):
                self.context.say(overview(VERBS, "notebook", "%pipeline"))
                return None
            verb = find(words[0], VERBS, "notebook")
            return self._do(parse(verb, words[1:], face="notebook", program=f"%pipeline {verb.name}"))

    @no_var_expand
    @cell_magic("pipeline")  # type: ignore[arg-type]
    def cell(self, line: str, body: str) -> None:
        """Run the cell and take what it declares into a pipeline: ``%%pipeline NAME``."""
        from pipecell.commands.table import CELL
        from pipecell.commands.verb import parse, split_words

        with _shown_errors(self._shell):
            call = parse(CELL, split_words(line), face="notebook", program="%%pipeline")
            if call.help:
                self.context.say(call.help.rstrip("\n"))
                return
            self._show_declared(self._declare(call.values.name, call.values.engine, body))

    @no_var_expand
    @cell_magic("step")  # type: ignore[arg-type]
    def step(self, line: str, body: str) -> None:
        """Take the cell as a step's job: ``%%step KIND NAME``. ``%%step -h`` lists the kinds."""
        from pipecell.commands.step_table import STEP
        from pipecell.commands.verb import parse, split_words

        with _shown_errors(self._shell):
            call = parse(STEP, split_words(line), face="notebook", program="%%step")
            if call.help:
                self.context.say(call.help.rstrip("\n"))
                return
            declaration = self._declare_step(line, call.verb.name, vars(call.values), body)
            self._show_declared(declaration)
            if getattr(call.values, "try", False):
                from pipecell.commands.job_trial import try_step

                try_step(self.context, declaration.name, call.values.name)

    def settle(self, *_: Any) -> None:
        """Wait for the target that was being chosen; IPython calls it before the next cell."""
        if self.activation is not None:
            self.activation.settle()  # kept until then: others ask whether a target is being chosen
            self.activation = None
            self._shell.events.unregister("pre_run_cell", self.settle)

    def _candidates(self, context: CompletionContext) -> tuple[str, list[str]] | None:
        line = context.text_until_cursor
        if ("%pipeline" not in line and "%%step" not in line) or (
            context.cursor_line > 0 and line.lstrip().startswith("%%")
        ):
            return None  # a cell magic is the first line of its cell
        from pipecell.completion import candidates

        return candidates(line, self.workspace, self._shell.user_ns)

    def _do(self, call: Call) -> Any:
        from pipecell.commands import handoff

        if call.help or call.verb.handler is None:
            self.context.say(call.help.rstrip("\n"))
            return None
        if call.verb.launches and handoff.reading():
            self.context.say(f"Left out: {call.verb.name}, because this notebook is only read.")
            return None
        return self._present(call.verb.handler(self.context, call.values))

    def _present(self, result: Result) -> Any:
        if result.bundle is not None:
            self.workspace.screen.waiting.place(result.bundle)
        elif result.text:
            self.context.say(result.text)
        if result.error is not None:
            raise result.error
        return result.value

    def _declare(self, name: str, engine: Any, body: str) -> Declaration:
        from pipecell.commands.body import BodyRunner, cell_number
        from pipecell.commands.tracebacks import hide_frames_before, shown_syntax_error

        notebook = self.workspace.notebook
        assert notebook is not None  # noqa: S101 - a kernel's workspace has one
        runner = BodyRunner(self._shell)
        try:
            return notebook.declare(
                name,
                body,
                self._shell.user_ns,
                engine=engine,
                cell_id=cell_id(self._shell),
                cell=cell_number(self._shell),
                run=runner,
            )
        except PipecellError:
            raise
        except SyntaxError as error:
            raise shown_syntax_error(self._shell, error, runner.file) from None
        except (Exception, KeyboardInterrupt) as error:
            hide_frames_before(self._shell, error, runner.file)
            raise

    def _declare_step(self, line: str, kind: str, options: dict[str, Any], body: str) -> Declaration:
        from pipecell.commands.body import cell_number

        notebook = self.workspace.notebook
        assert notebook is not None  # noqa: S101 - a kernel's workspace has one
        return notebook.declare_step(
            kind,
            options,
            body,
            self._shell.user_ns,
            line=line,
            cell_id=cell_id(self._shell),
            cell=cell_number(self._shell),
        )

    def _show_declared(self, declaration: Declaration) -> None:
        pipeline = self.workspace.pipeline(declaration.name)
        found = [problem for problem in pipeline.check() if problem.severity in _WORTH_SAYING]
        screen = self.workspace.screen
        screen.waiting.place(screen.preview(pipeline, pipeline.preview().bundle(found), found))
        self.workspace.declared(pipeline)


def load(shell: Any) -> None:
    """Add the magics, their completion and, where no AWS credentials are, the local target."""
    if loaded(shell) is not None:
        return
    magics = PipelineMagics(shell)
    shell.register_magics(magics)
    shell.input_transformers_cleanup.append(complete_step_cell)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(magics.matcher)
    if targets.aws_configured():
        _say(targets.one_line())
    else:
        magics.activation = Activation(None, _tell)
        shell.events.register("pre_run_cell", magics.settle)
        magics.activation.begin()
        _say(targets.one_line("local"))
    magics.frontends.listen()


def unload(shell: Any) -> None:
    """Take away what `load` added, and send AWS calls where they went before."""
    magics = loaded(shell)
    if not isinstance(magics, PipelineMagics):
        return
    from pipecell.commands.tracebacks import forget_rendering

    magics.settle()
    targets.activate_aws()
    if complete_step_cell in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(complete_step_cell)
    forget_rendering(shell)
    magics.frontends.close()
    magics.workspace.monitor.close()
    if shell.Completer is not None and magics.matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(magics.matcher)
    for kind in ("line", "cell"):
        for name in ("pipeline", "step"):
            shell.magics_manager.magics[kind].pop(name, None)
    shell.magics_manager.registry.pop(MAGICS, None)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _tell(error: PipecellError) -> None:
    sys.stderr.write(f"pipecell: {error}\n")


@contextmanager
def _shown_errors(shell: Any) -> Iterator[None]:
    """Have IPython show an error of ours as its one line, and any other as it brings itself."""
    from pipecell.commands.tracebacks import honour_rendering, render_as

    try:
        yield
    except BaseException as error:
        if isinstance(error, PipecellError):
            render_as(error, str(error))
        elif isinstance(error, KeyboardInterrupt) and not hasattr(error, "_render_traceback_"):
            render_as(error, "Interrupted.")
        honour_rendering(shell)
        raise
