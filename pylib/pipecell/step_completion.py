"""Completion of a ``%%step`` line: kinds, options, steps and their outputs, values, images, instances."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.commands.step_table import STEP_KINDS
from pipecell.commands.verb import Option, Verb
from pipecell.declare.jobs.facts import StepFacts, of_cell, of_object
from pipecell.declare.jobs.image_names import image_names, image_versions
from pipecell.declare.jobs.values import is_plain, is_variable
from pipecell.definition.instances import JobKind, types_of
from pipecell.errors import UsageError

if TYPE_CHECKING:
    from pipecell.declare.declaration import Declaration
    from pipecell.workspace import Workspace

_LINE = re.compile(r"^\s*%%step(?P<rest>\s.*)$", re.DOTALL)
_CACHES = ("1d", "7d", "30d", "off")
_JOBS: Mapping[str, JobKind] = {
    "processing": "processing",
    "training": "training",
    "tuning": "training",
    "transform": "transform",
    "notebook": "training",
    "quality-check": "processing",
    "clarify-check": "processing",
}
_SERVING: Mapping[str, JobKind] = {"--inference-instance": "endpoint", "--transform-instance": "transform"}
_MADE_BY: Mapping[str, tuple[str, ...]] = {
    "transform": ("model", "training", "tuning"),
    "register": ("training", "tuning"),
    "model": ("training", "tuning"),
    "clarify-check": ("model",),
    "tuning": ("training",),
}
"""Which kinds of step ``--model`` and ``--training`` name."""
_MOST_FILES = 200


def step_candidates(
    line: str, workspace: Workspace, namespace: Mapping[str, Any] | None = None
) -> tuple[str, list[str]] | None:
    """Return what may stand at the end of a ``%%step`` line.

    Args:
        line: the line up to the cursor.
        workspace: knows pipelines, steps and their outputs.
        namespace: the notebook's variables, for ``$name``.

    Returns:
        The word begun at the cursor and every word that may replace it; None when it is another line.
    """
    match = _LINE.match(line)
    if match is None:
        return None
    words = match["rest"].split()
    begun = "" if match["rest"][-1:].isspace() or not words else words.pop()
    if not words:
        return begun, _starting(begun, (verb.name for verb in STEP_KINDS))
    verb = next((verb for verb in STEP_KINDS if verb.name == words[0]), None)
    if verb is None:
        return begun, []
    place = _Place(verb, words[1:], begun, workspace, namespace or {})
    return begun, _starting(begun, place.candidates())


def _starting(begun: str, words: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.startswith(begun)]


class _Place:
    """The place of the cursor behind a kind.

    Args:
        verb: the kind.
        words: the words between the kind and the one that is begun.
        begun: the word at the cursor.
        workspace: the notebook's pipelines.
        namespace: its variables.
    """

    def __init__(
        self, verb: Verb, words: list[str], begun: str, workspace: Workspace, namespace: Mapping[str, Any]
    ) -> None:
        self._verb = verb
        self._words = words
        self._begun = begun
        self._workspace = workspace
        self._namespace = namespace

    def candidates(self) -> list[str]:
        options = self._verb.options
        by_name = {name: option for option in options for name in (option.name, option.short) if name}
        last = by_name.get(self._words[-1]) if self._words else None
        if last is not None and not last.flag and not last.positional:
            return self._values(last)
        if not self._words:
            return self._names()
        used = set(self._words)
        offered = [option for option in options if not option.positional]
        fresh = [o for o in offered if o.repeat or not used & {o.name, o.short}]
        return [name for o in fresh for name in ((o.short, o.name) if o.short else (o.name,))]

    def _values(self, option: Option) -> list[str]:
        if option.choices:
            return list(option.choices)
        if option.kind == "instance":
            job = _SERVING.get(option.name) or _JOBS.get(self._verb.name)
            return [*(types_of(job) if job is not None else ()), *self._variables()]
        if option.kind == "step":
            return self._steps(option)
        simple: dict[str, Callable[[], list[str]]] = {
            "image": self._images,
            "cache": lambda: list(_CACHES),
            "pipeline": self._workspace.names,
            "source": lambda: self._after_name(self._sources),
            "value": lambda: self._after_name(self._passed),
            "file": lambda: _files(self._begun),
        }
        return simple[option.kind]() if option.kind in simple else []

    def _steps(self, option: Option) -> list[str]:
        facts = self._facts()
        made = _MADE_BY.get(self._verb.name) if option.name in ("--model", "--training") else None
        kinds = ("training",) if option.name == "--training" else made
        return [name for name, known in facts.items() if kinds is None or known.kind in kinds]

    def _images(self) -> list[str]:
        name, colon, _ = self._begun.partition(":")
        return [f"{name}:{version}" for version in image_versions(name)] if colon else list(image_names())

    def _after_name(self, values: Callable[[str], list[str]]) -> list[str]:
        name, equals, typed = self._begun.partition("=")
        if not equals:
            return values("") if self._verb.name == "register" else []
        return [f"{name}={value}" for value in values(typed)]

    def _sources(self, typed: str) -> list[str]:
        outputs = [
            f"{name}.{output}" for name, known in self._facts().items() for output in known.outputs or ()
        ]
        return [*outputs, *self._variables(), *(_files(typed) if typed else ["s3://"])]

    def _passed(self, _typed: str) -> list[str]:
        return self._variables()

    def _variables(self) -> list[str]:
        return [
            f"${name}"
            for name, value in self._namespace.items()
            if not name.startswith("_") and (is_variable(value) or is_plain(value) or isinstance(value, Path))
        ]

    def _names(self) -> list[str]:
        """Return steps that are named and have no cell yet: what this cell may be meant for."""
        declaration = self._declaration()
        return list(dict.fromkeys(missed.name for missed in declaration.missing)) if declaration else []

    def _facts(self) -> dict[str, StepFacts]:
        declaration = self._declaration()
        if declaration is None:
            return {}
        own = self._words[0] if self._words else ""
        found = {}
        for name, unit in declaration.held.items():
            job = unit.run.job
            if name != own:
                found[name] = of_cell(job) if job is not None and job.name == name else of_object(unit.thing)
        return found

    def _declaration(self) -> Declaration | None:
        notebook = self._workspace.notebook
        if notebook is None:
            return None
        asked = [
            after for word, after in zip(self._words, self._words[1:], strict=False) if word == "--pipeline"
        ]
        try:
            return notebook.get(asked[0] if asked else None)
        except UsageError:
            return None


def _files(typed: str) -> list[str]:
    """Return files and folders that a path may become."""
    folder = Path(typed if typed.endswith("/") else Path(typed).parent)
    try:
        entries = sorted(folder.iterdir())[:_MOST_FILES]
    except OSError:
        return []
    prefix = typed[: typed.rfind("/") + 1]
    return [
        f"{prefix}{entry.name}{'/' if entry.is_dir() else ''}" for entry in entries if entry.name[0] != "."
    ]
