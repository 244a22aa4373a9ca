"""One ``%%step`` cell, read: nothing in it is an SDK's but the values of the user's own variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.values import StepOutput, Value, outputs_in

if TYPE_CHECKING:
    from pipecell.declare.jobs.conditions import Branching
    from pipecell.declare.jobs.fields import Field
    from pipecell.declare.jobs.hyperparameters import Range

STEPS_FOLDER = "steps"
"""Where the scripts of ``%%step`` cells are kept, below the notebook's folder."""


@dataclass(frozen=True)
class Instance:
    """On what a job runs.

    Attributes:
        type: an instance type, a pipeline variable, or None for the kind's default.
        count: how many.
    """

    type: Value = None
    count: Value = 1


@dataclass(frozen=True)
class Script:
    """A step's script.

    Attributes:
        text: the whole file, preamble and body.
        path: where it is kept.
        helpers: files and packages that it imports, from ``--with``.
        entry: the function that a Lambda step calls; empty elsewhere.
        own: what ``--script`` names: a file of the user's, which is never written, or an S3 URI; empty
            where the cell's body is the script.
        folder: what ``--source`` names: the folder that goes to the job, with the script inside.
    """

    text: str
    path: Path
    helpers: tuple[Path, ...] = ()
    entry: str = ""
    own: str = ""
    folder: str = ""


@dataclass(frozen=True, eq=False)
class StepCell:
    """A ``%%step`` cell.

    Attributes:
        kind: the first word after ``%%step``.
        name: the step's name.
        inputs: what it reads, by the name in ``-i``.
        outputs: the names in ``-o``.
        places: paths in the container of those inputs for which the line gives one.
        output_places: the same for outputs.
        destinations: where in S3 outputs go, for those of which the line says so.
        image: ``name:version``, an image's URI, a pipeline variable, or None for the kind's default.
        instance: on what it runs.
        params: ``--param``, the values that its script finds in ``params``.
        env: ``--env``, environment variables.
        arguments: ``--arg``, words on the script's command line.
        cache: ISO 8601 duration for which results may be reused; empty for never.
        fields: ``--set``, fields of the step's own request.
        files: ``--property-file``, JSON files that conditions read: (name, output, file).
        uploads: ``--upload``, files and folders to put at an S3 URI before a run.
        source: ``--source``, a folder of code, for the kinds without a script of their own.
        retries: how often a failed attempt is made again.
        depends: names of steps to wait for besides those that it reads.
        tags: of the job.
        max_runtime: seconds, or a pipeline variable; None for AWS's default.
        settings: the other options of its kind, by name.
        script: the file that its job runs; None for a kind without.
        hyperparameters: fixed ones, in the body of a built-in algorithm.
        ranges: those to be tuned.
        setting_places: of their lines in the cell, by name.
        branching: a condition's body.
        message: the body of ``fail``, or another body that is plain text.
        where: execution count of the cell.
    """

    kind: str
    name: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    output_places: Mapping[str, str] = field(default_factory=dict)
    destinations: Mapping[str, Value] = field(default_factory=dict)
    image: Value = None
    instance: Instance = field(default_factory=Instance)
    params: Mapping[str, Value] = field(default_factory=dict)
    env: Mapping[str, Value] = field(default_factory=dict)
    arguments: tuple[Value, ...] = ()
    cache: str = ""
    fields: tuple[Field, ...] = ()
    files: tuple[tuple[str, str, str], ...] = ()
    uploads: tuple[tuple[Path, str], ...] = ()
    source: str = ""
    retries: int = 0
    depends: tuple[str, ...] = ()
    tags: Mapping[str, Value] = field(default_factory=dict)
    max_runtime: Value = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    script: Script | None = None
    hyperparameters: Mapping[str, Value] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    setting_places: Mapping[str, str] = field(default_factory=dict)
    branching: Branching | None = None
    message: Value = ""
    where: int | None = None

    def outputs_read(self) -> Iterator[StepOutput]:
        """Yield every output of another step that the cell names."""
        given_by_name = (self.inputs, self.params, self.env, self.hyperparameters, self.tags)
        for values in (*given_by_name, self.destinations):
            for value in values.values():
                yield from outputs_in(value)
        for value in (*self.arguments, self.message, *self.settings.values()):
            yield from outputs_in(value)
        for given in self.fields:
            yield from outputs_in(given.value)
        if self.branching is not None:
            yield from self.branching.outputs_read()

    def steps_read(self) -> set[str]:
        """Return the names of the steps that this one waits for or is made from, in whatever way."""
        given = (self.settings.get(key) for key in ("model", "training"))
        named = {str(name) for name in given if _names_step(name)}
        return named | {output.step for output in self.outputs_read()} | set(self.depends)

    def steps_named(self) -> set[str]:
        """Return the names of all other steps that the cell mentions, those in its branches too."""
        return self.steps_read() | set(self.branching.steps() if self.branching is not None else ())


def _names_step(value: Any) -> bool:
    return isinstance(value, str) and not value.startswith("s3://")
