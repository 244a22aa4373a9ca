"""What the rest of a pipeline says about one ``%%step`` cell: all else that its SDK objects depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.declare.compiled import Missing
from pipecell.declare.jobs.facts import StepFacts


@dataclass(frozen=True)
class Problem:
    """Something wrong between cells: shown under the cell, and in the way of a launch.

    Attributes:
        code, message, hint: as of a diagnostic.
        severity: ``error`` or ``warning``.
    """

    code: str
    message: str
    hint: str = ""
    severity: str = "error"


@dataclass(frozen=True, eq=False)
class Scope:
    """The surroundings that a cell's objects are made in.

    Attributes:
        pipeline: the pipeline's name.
        facts: of every step that the cell names; None for one that no cell declares.
        things: the SDK objects of those steps.
        files: JSON files in its outputs that other cells read: (output, file).
        parameters: parameters that the pipeline's cells declare, by name.
        problems: filled by the making.
        missing: filled by the making.
    """

    pipeline: str
    facts: Mapping[str, StepFacts | None] = field(default_factory=dict)
    things: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[tuple[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
