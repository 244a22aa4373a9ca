"""What one kernel, or one shell command, works on: pipelines of cells and files, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipecell.errors import UsageError, did_you_mean
from pipecell.session import Session

if TYPE_CHECKING:
    from pipecell.declare.compiled import Compiled
    from pipecell.declare.notebook import Notebook
    from pipecell.definition.checks import Diagnostic
    from pipecell.pipelines import Pipeline
    from pipecell.profiles import Profile


class Workspace(Session):
    """Pipelines by name, and the ways to run them.

    Args:
        notebook: the pipelines that cells declare; None in a shell.
        home: the local endpoint's home; None for the user's own.
    """

    def __init__(self, notebook: Notebook | None = None, *, home: Path | None = None) -> None:
        super().__init__(home=home)
        self.notebook = notebook
        self.last_declared: dict[str, Pipeline] = {}
        self._compiled: dict[str, Compiled] = {}
        self._diagnostics: dict[str, tuple[Diagnostic, ...]] = {}

    def add(
        self,
        compiled: Compiled,
        diagnostics: tuple[Diagnostic, ...] = (),
        profiles: Iterable[Profile] = (),
    ) -> Pipeline:
        """Take in a pipeline that was compiled elsewhere: read from a file, or by another kernel.

        Args:
            compiled: the pipeline.
            diagnostics: what declaring it found there.
            profiles: what was set for its profiles there; none of them is put in force.
        """
        self._compiled[compiled.document.name] = compiled
        self.profiles.take(compiled.document.name, profiles)
        self._diagnostics[compiled.document.name] = diagnostics
        return self.pipeline(compiled.document.name)

    def names(self) -> list[str]:
        """Return the names of the pipelines here, in the order of their declaration."""
        declared = list(self.notebook.declarations) if self.notebook is not None else []
        return [*declared, *self._compiled]

    def pipeline(self, name: str | None = None) -> Pipeline:
        """Return a pipeline by name; without one the only one, or the one declared last.

        Raises:
            UsageError: there is none of that name, or none at all.
        """
        from pipecell.pipelines import Pipeline, Source

        chosen = self._choose(name)
        source = Source(
            self._compiler(chosen),
            diagnostics=lambda: self.declared_diagnostics(chosen),
            several=lambda: len(self.names()) > 1,
            in_notebook=self.notebook is not None,
        )
        return Pipeline(chosen, source, self)

    def declared(self, pipeline: Pipeline) -> None:
        """Take note of a pipeline that a cell has just declared and compiled, and tell who observes."""
        self.last_declared[pipeline.name] = pipeline
        for observer in list(self.observers):
            observer.declared(pipeline.name)

    def forget_cell(self, key: str) -> None:
        """Drop what a cell declared that is no longer there, and tell who watches."""
        assert self.notebook is not None  # noqa: S101 - cells are in a notebook
        for name in self.notebook.forget(key):
            if name in self.names():
                self.declared(self.pipeline(name))
            else:
                self.last_declared.pop(name, None)

    def edit_cell(self, key: str, is_edited: bool) -> None:
        """Take in whether a cell reads otherwise than when it ran, and tell who watches if that matters."""
        assert self.notebook is not None  # noqa: S101 - cells are in a notebook
        for name in self.notebook.edited(key, is_edited):
            self.declared(self.pipeline(name))

    def declared_diagnostics(self, name: str) -> tuple[Diagnostic, ...]:
        """Return what declaring the pipeline found; nothing for one that came from a definition file."""
        if self.notebook is None or name in self._compiled:
            return self._diagnostics.get(name, ())
        return tuple(self.notebook.get(name).diagnostics)

    def _choose(self, name: str | None) -> str:
        names = self.names()
        if name is None and self.notebook is not None and not self._compiled:
            return self.notebook.get(None).name
        if name is None and len(names) == 1:
            return names[0]
        if name is None:
            raise UsageError(
                f"There are {len(names)} pipelines." if names else "No pipeline is declared.",
                code="PC912",
                hint=f"Choose with --pipeline: {', '.join(names)}." if names else "",
            )
        if name not in names:
            raise UsageError(f'There is no pipeline "{name}".', code="PC912", hint=did_you_mean(name, names))
        return name

    def _compiler(self, name: str) -> Callable[[], Compiled]:
        compiled = self._compiled.get(name)
        if compiled is not None:
            return lambda: compiled
        notebook = self.notebook
        if notebook is None:
            raise UsageError(f'There is no pipeline "{name}".', code="PC912")

        def compile_now() -> Compiled:
            from pipecell.declare.notebook import compile_declaration

            return compile_declaration(notebook.get(name))

        return compile_now

    def use_default_profile(self, name: str) -> None:
        """Choose the profile of all pipelines for which none was put in force.

        Raises:
            UsageError: it is not one of those that every pipeline has (``PC913``).
        """
        self.profiles.use_default(name, self.names())

    def engines_of(self, name: str | None) -> tuple[str, ...]:
        """Return the engines that may have executions of a pipeline."""
        declared = self.notebook.declarations.values() if self.notebook is not None else ()
        for declaration in declared:
            if name in (declaration.name, declaration.deployed_name):
                return (declaration.engine,)
        if name in self._compiled:
            return (self._compiled[name].document.engine,)
        return ("sagemaker", "stepfunctions")

    def deployed_names(self) -> list[str]:
        """Return the names that the pipelines here have, or will have, where they are deployed."""
        declared = self.notebook.declarations.values() if self.notebook is not None else ()
        return [*(declaration.deployed_name for declaration in declared), *self._compiled]
