"""What a check says, and how a rule is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pipecell.definition.code.scripts import Script, archive, scripts_of
from pipecell.definition.document import Document
from pipecell.definition.parameters import Parameter, declared
from pipecell.definition.sagemaker import StepView, iterate_steps
from pipecell.errors import PipecellError

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True)
class Diagnostic:
    """One problem of a definition.

    Attributes:
        code: stable, ``PC`` and three digits.
        severity: ``error``: AWS refuses it or the run must fail; ``warning``: probably not meant;
            ``info``: could be better.
        step: name of the step or state at fault; None when it is the pipeline.
        path: where in the step, for example ``Arguments.ResourceConfig.InstanceType``; where in the
            definition when there is no step.
        message: what is wrong, one sentence.
        hint: the way out, one sentence; may be empty.
        cell: execution count of the cell that declared the step, where known.
    """

    code: str
    severity: Severity
    step: str | None
    path: str
    message: str
    hint: str = ""
    cell: int | None = None

    @classmethod
    def of(cls, error: PipecellError) -> Diagnostic:
        """Return an error that kept a definition from being read as a diagnostic."""
        return cls(error.code, "error", error.step, error.path or "", error.message, error.hint, error.cell)

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``check --json`` prints."""
        return {
            "code": self.code,
            "severity": self.severity,
            "step": self.step,
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
            "cell": self.cell,
        }

    def __str__(self) -> str:
        """Return the one line that people read."""
        where = " · ".join(part for part in (f"step {self.step}" if self.step else "", self.path) if part)
        line = f"{self.code} {self.severity}{f' · {where}' if where else ''} — {self.message}"
        if self.hint:
            line += f" {self.hint}"
        return f"{line} (cell {self.cell})" if self.cell is not None else line


@dataclass(frozen=True)
class Subject:
    """What the rules look at: one document, walked once, and what is known beside it.

    Attributes:
        document: the definition.
        steps: all its steps, those in branches too.
        by_name: step by name; the first of several of one name counts.
        parameters: declared parameter by name.
        files: content of the files that a run would upload, by S3 URI; empty where they are not known.
        quotas: soft limits of the account, by name (see ``quotas.DEFAULTS``).
    """

    document: Document
    steps: tuple[StepView, ...] = ()
    by_name: Mapping[str, StepView] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def scripts(self) -> Mapping[str, tuple[Script, ...]]:
        """The Python files that steps run, by step; steps that run none are left out."""
        found = {name: tuple(scripts_of(step, self.files)) for name, step in self.by_name.items()}
        return {name: scripts for name, scripts in found.items() if scripts}

    @classmethod
    def of(
        cls,
        document: Document,
        files: Mapping[str, bytes] | None = None,
        quotas: Mapping[str, int] | None = None,
    ) -> Subject:
        """Walk a document."""
        steps = iterate_steps(document)
        by_name: dict[str, StepView] = {}
        for step in steps:
            by_name.setdefault(step.name, step)
        parameters = {parameter.name: parameter for parameter in declared(document)}
        return cls(document, steps, by_name, parameters, files or {}, quotas or {})


@dataclass(frozen=True)
class Finding:
    """What a rule found: a diagnostic without what the rule itself says.

    ``severity`` replaces the rule's own where one rule finds better and worse cases; ``parameter``
    names the declared parameter whose cell is to be shown instead of the step's.
    """

    message: str
    hint: str = ""
    step: str | None = None
    path: str = ""
    severity: Severity | None = None
    parameter: str | None = None


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong.

    Attributes:
        code: stable; its first digit names the room (see ``pipecell.errors``).
        severity: of what it finds, unless a finding says otherwise.
        why: one line: what happens to somebody who ignores it.
        example: a smallest definition that it accuses.
        find: the rule itself.
        engine: which definitions it is for.
        example_name: the name of the pipeline in the example.
        example_files: text of the files that the example needs, by S3 URI; after a ``!``, by the name
            in the archive there.
    """

    code: str
    severity: Severity
    why: str
    example: Mapping[str, Any]
    find: Callable[[Subject], Iterator[Finding]]
    engine: Literal["sagemaker", "stepfunctions", "any"] = "sagemaker"
    example_name: str = "Example"
    example_files: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, bytes]:
        """Content of the files that the example needs, by S3 URI."""
        whole: dict[str, bytes] = {}
        for address, text in self.example_files.items():
            uri, _, name = address.partition("!")
            whole[uri] = archive({name: text.encode()}) if name else text.encode()
        return whole

    @property
    def title(self) -> str:
        """What it finds, a short phrase: the first line of what the rule says of itself."""
        words = (self.find.__doc__ or self.code).strip().splitlines()[0].rstrip(".").removeprefix("Find ")
        return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Family:
    """Rules about one thing; a section of the page in the docs.

    Attributes:
        title: what they are about.
        rules: the rules, in the order of the page.
    """

    title: str
    rules: tuple[Rule, ...]


def pipeline(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a smallest pipeline for a rule's example."""
    return {"Version": "2020-12-01", "Steps": list(steps), **more}


def a_step(name: str = "Train", step_type: str = "Training", **arguments: Any) -> dict[str, Any]:
    """Return a smallest step for a rule's example."""
    return {"Name": name, "Type": step_type, "Arguments": arguments}
