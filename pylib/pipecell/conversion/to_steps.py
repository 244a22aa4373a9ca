"""SDK code in ``%%pipeline`` cells to ``%%step`` cells, shown only if the definition stays the same.

Each step's cell is proposed from the definition and compiled with all others in a notebook of its own. What
its words cannot say is said with ``--set``; what then still differs is named, and nothing is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.conversion.cells import Conversion
from pipecell.conversion.differences import (
    Difference,
    differences,
    made_up_names,
    places,
    uploads_that_differ,
)
from pipecell.conversion.files import local_files, say_file
from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.cell_writing.wording import Preamble, Wording
from pipecell.declare.cells import members, name_of
from pipecell.declare.jobs.fields import Field, field_text
from pipecell.declare.sagemaker_v2.jobs.making import from_here
from pipecell.definition.sagemaker import iterate_steps
from pipecell.errors import DeclarationError, PipecellError, UsageError

if TYPE_CHECKING:
    from pipecell.declare.cells import CellRun
    from pipecell.declare.compiled import Compiled
    from pipecell.declare.declaration import Declaration
    from pipecell.declare.notebook import Notebook

_ROUNDS = 3
_FIRST = "# The %%step cells below are its steps."
_CLASSES = {"String": "ParameterString", "Integer": "ParameterInteger", "Float": "ParameterFloat"}
_PARAMETERS = "sagemaker.workflow.parameters"
_ON_CONDITIONS = frozenset({"DisplayName", "Description"})


def to_steps(declaration: Declaration, namespace: Mapping[str, Any]) -> Conversion:
    """Convert the ``%%pipeline`` cells of a pipeline.

    Args:
        declaration: the pipeline.
        namespace: the notebook's variables, which new cells may name.

    Raises:
        UsageError: ``PC925``, no ``%%pipeline`` cell declares a step, or a step is still missing.
        DeclarationError: ``PC657``, a step has something that no cell says; ``PC658``, the cells would give
            another definition. Both name the step and the field.
    """
    from pipecell.declare.notebook import compile_declaration

    if declaration.engine != "sagemaker":
        raise UsageError(
            f"{declaration.name} is a state machine.", code="PC925", hint="%%step writes SageMaker steps."
        )
    if all(unit.run.job is not None for unit in declaration.held.values()):
        raise UsageError(f"No %%pipeline cell of {declaration.name} declares a step.", code="PC925")
    if declaration.missing:
        names = ", ".join(dict.fromkeys(missed.name for missed in declaration.missing))
        raise UsageError(f"No cell declares {names} yet.", code="PC925", hint="Run its cell first.")
    return _Conversion(declaration, namespace, compile_declaration(declaration)).run()


@dataclass
class _Conversion:
    """One pipeline on its way."""

    declaration: Declaration
    namespace: Mapping[str, Any]
    wanted: Compiled
    texts: dict[str, CellText] = field(default_factory=dict)
    preambles: dict[str, Preamble] = field(default_factory=dict)

    @property
    def pipeline(self) -> str:
        return self.declaration.deployed_name

    def run(self) -> Conversion:
        self._write()
        for _ in range(_ROUNDS):
            compiled = self._compile()
            left = differences(self.wanted, compiled)
            if not left:
                break
            self._say(left)
        self._find_files(self._compile())
        compiled = self._compile()
        self._hold(compiled)
        before = tuple(
            run.source if run.job is not None else f"%%pipeline {self.declaration.name}\n{run.source.strip()}"
            for run in self.declaration.runs
        )
        cells = tuple(tuple(self._cells(run)) for run in self.declaration.runs)
        return Conversion(self.pipeline, before, cells, tuple(made_up_names(self.wanted, compiled)))

    # What is written

    def _write(self) -> None:
        from pipecell.declare.cell_writing.kinds import write_cell

        views = {view.name: view.body for view in iterate_steps(self.wanted.document)}
        owners = {
            name: [name_of(step) for step in members(unit.thing)] or [name]
            for name, unit in self.declaration.held.items()
        }
        cells = {steps[-1]: self._cell_name(name) for name, steps in owners.items()}
        inner = {step: self._cell_name(name) for name, steps in owners.items() for step in steps[:-1]}
        parameters = self._parameters()
        taken = {*self.namespace, *parameters.values()}
        wording = Wording(views, cells, inner, parameters, taken, self._short_image)
        declared: set[str] = set()
        for run in self.declaration.runs:
            wording.preamble = self.preambles[run.key] = Preamble()
            self._declare_parameters(run, wording, declared)
            for name, unit in self.declaration.held.items():
                step = owners[name][-1]
                if unit.run is run and run.job is None and step in views:
                    self.texts[name] = write_cell(wording, self._cell_name(name), views[step], unit.thing)
        self._keep_handle(wording.parameters)

    def _short_image(self, uri: str, instance_type: str, scope: str | None) -> str:
        from pipecell.declare import sagemaker_v2

        return sagemaker_v2.short_image(uri, self.wanted.region, instance_type, scope)

    def _cell_name(self, name: str) -> str:
        unit = self.declaration.held[name]
        made = "CreateModelStep" in type(unit.thing).__name__
        return name.removesuffix("-CreateModel") if made else name

    def _parameters(self) -> dict[str, str]:
        """Return the variable of each parameter of the definition: the notebook's own, else a new one."""
        found: dict[str, str] = {}
        taken = set(self.namespace)
        for parameter in self.wanted.document.body.get("Parameters") or ():
            name = parameter["Name"]
            own = [
                variable
                for variable, value in self.namespace.items()
                if hasattr(value, "default_value")
                and getattr(value, "name", None) == name
                and variable[0] != "_"
            ]
            found[name] = own[-1] if own else Wording({}, {}, taken=taken).unused(name)
            taken.add(found[name])
        return found

    def _declare_parameters(self, run: CellRun, wording: Wording, declared: set[str]) -> None:
        if run.job is not None:
            return
        mine = {parameter.name for parameter in run.capture.of("parameter")}
        everywhere = {
            parameter.name for each in self.declaration.runs for parameter in each.capture.of("parameter")
        }
        for request in self.wanted.document.body.get("Parameters") or ():
            name = request["Name"]
            variable = wording.parameters[name]
            is_free = name not in everywhere and variable not in self.namespace
            if name in declared or not (name in mine or is_free):
                continue
            declared.add(name)
            kind = _CLASSES.get(request["Type"], f"Parameter{request['Type']}")
            wording.preamble.use(_PARAMETERS, kind)
            words = [repr(name)]
            if "DefaultValue" in request:
                words.append(f"default_value={request['DefaultValue']!r}")
            if request.get("EnumValues"):
                words.append(f"enum_values={request['EnumValues']!r}")
            wording.preamble.lines.append(f"{variable} = {kind}({', '.join(words)})")

    def _keep_handle(self, parameters: Mapping[str, str]) -> None:
        """Keep what a pipeline of the cells' own said: unused parameters, and role, tags and parallelism."""
        from pipecell.declare.compiled import PLACEHOLDER_ROLE

        text = json.dumps(self.wanted.document.body["Steps"])
        names = [each["Name"] for each in self.wanted.document.body.get("Parameters") or ()]
        unused = [parameters[name] for name in names if json.dumps(f"Parameters.{name}") not in text]

        wanted = self.wanted
        words = [f"role_arn={wanted.role!r}"]
        if wanted.tags:
            words.append(f"tags={list(wanted.tags)!r}")
        if wanted.parallelism is not None:
            words.append(f"parallelism_config={dict(wanted.parallelism)!r}")
        launches = len(words) > 1 or wanted.role != PLACEHOLDER_ROLE
        if not launches and not unused:
            return
        last = next(run for run in reversed(self.declaration.runs) if run.job is None)
        preamble = self.preambles[last.key]
        preamble.use("sagemaker.workflow.pipeline", "Pipeline")
        listed = f", parameters=[{', '.join(unused)}]" if unused else ""
        call = f".upsert({', '.join(words)})" if launches else ""
        preamble.lines.append(f"Pipeline({self.pipeline!r}{listed}){call}")

    def _preamble(self, run: CellRun) -> str:
        """Return the code that a cell keeps; the first one at least names the pipeline."""
        text = str(self.preambles[run.key])
        return text or (_FIRST if run is self.declaration.runs[0] else "")

    def _cells(self, run: CellRun) -> Iterable[str]:
        if run.job is not None:
            yield run.source
            return
        preamble = self._preamble(run)
        if preamble:
            yield f"%%pipeline {self.pipeline}\n{preamble}"
        for name, text in self.texts.items():
            if self.declaration.held[name].run is run:
                yield str(text)

    # What it compiles to

    def _compile(self) -> Compiled:
        from pipecell.declare.notebook import Notebook, compile_declaration

        scratch, space = Notebook(), dict(self.namespace)
        for run in self.declaration.runs:
            if run.job is not None:
                line, _, body = run.source.removeprefix("%%step ").partition("\n")
                self._declare(scratch, line, body, space, run.key)
                continue
            preamble = self._preamble(run)
            if preamble:
                scratch.declare(self.pipeline, preamble, space, cell_id=run.key)
            for name, text in self.texts.items():
                if self.declaration.held[name].run is run:
                    self._declare(scratch, text.line, text.body, space, f"{run.key}/{name}")
        made = scratch.get(self.pipeline)
        problems = [found for found in made.diagnostics if found.severity == "error"]
        if problems:
            first = problems[0]
            raise DeclarationError(
                f"The cell of {first.step} would not hold: {first.message}", code="PC658", step=first.step
            )
        return compile_declaration(made)

    def _declare(
        self, scratch: Notebook, line: str, body: str, space: MutableMapping[str, Any], key: str
    ) -> None:
        from pipecell.commands.step_table import STEP
        from pipecell.commands.verb import parse, split_words

        call = parse(STEP, split_words(line), face="notebook", program="%%step")
        options = {**vars(call.values), "pipeline": self.pipeline}
        try:
            scratch.declare_step(call.verb.name, options, body, space, line=line, cell_id=key)
        except PipecellError as error:
            raise DeclarationError(
                f"The cell of {call.values.name} would not be taken: {error.message}",
                code="PC658",
                step=call.values.name,
                hint="Keep this step's %%pipeline cell.",
            ) from error

    def _find_files(self, compiled: Compiled) -> None:
        """Say where the files are that the old cells uploaded themselves: they name them in their code."""
        left = set(uploads_that_differ(self.wanted, compiled))
        missing = [upload for upload in self.wanted.uploads if upload.uri in left]
        if not missing:
            return
        files = local_files(run.source for run in self.declaration.runs)
        for upload in missing:
            path = from_here(upload.source) if isinstance(upload.source, Path) else files.get(upload.digest)
            user = next((text for text in self.texts.values() if _reads(text, upload.uri)), None)
            if path is None or user is None:
                continue
            say_file(user, self.pipeline, path, upload.uri)

    def _say(self, left: Iterable[Difference]) -> None:
        """Say with ``--set`` what no other word said."""
        for found in left:
            text = self._text_of(found.step)
            if text is None or not found.path:
                continue
            of_step = found.path[0] != "Arguments"
            if of_step and found.path[0] in ("Name", "Type"):
                continue
            if text.kind == "condition" and (not of_step or found.path[0] not in _ON_CONDITIONS):
                continue
            path = found.path if of_step else found.path[1:]
            word = field_text(Field(path, of_step, found.wanted)) if path else None
            text.words = [group for group in text.words if not _same_field(group, word)]
            text.add("--set", word)

    def _text_of(self, step: str) -> CellText | None:
        for name, unit in self.declaration.held.items():
            inner = [name_of(each) for each in members(unit.thing)] or [name]
            if step == inner[-1]:
                return self.texts.get(name)
        return None

    def _hold(self, compiled: Compiled) -> None:
        """Refuse cells that do not make the same pipeline.

        Raises:
            DeclarationError: ``PC658``, with each field that differs.
        """
        left = [str(found) for found in differences(self.wanted, compiled)]
        left += [f"the upload {uri}" for uri in uploads_that_differ(self.wanted, compiled)]
        for key in ("functions", "tags", "parallelism", "role"):
            if getattr(self.wanted, key) != getattr(compiled, key):
                left.append(key)
        if left:
            step = left[0].partition(":")[0]
            raise DeclarationError(
                f"The cells of {self.pipeline} would give another definition, so they are not shown. "
                f"It differs in {'; '.join(left)}.",
                code="PC658",
                step=step if step in self.declaration.held else None,
                hint="Keep the %%pipeline cells of these steps.",
            )


def _reads(text: CellText, uri: str) -> bool:
    """Say whether a cell's words name a file's place, or a folder's above it."""
    words = " ".join(word for group in text.words for word in group)
    return any(place in words for place in places(uri))


def _same_field(group: tuple[str, ...], word: str | None) -> bool:
    return word is not None and group[0] == "--set" and group[1].partition("=")[0] == word.partition("=")[0]
