"""What the cells of a notebook say about a definition without being part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Notes:
    """Where parameters were declared, which findings are to be passed over, and the account's limits.

    Attributes:
        parameter_cells: parameter name to the execution count of the cell that declares it.
        ignored: codes that comments such as ``# pipecell: ignore PC203`` silence, by step name; under
            ``""`` those of findings about no step.
        quotas: soft limits that comments such as ``# pipecell: quota steps=100`` set, by name.
    """

    parameter_cells: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)

    def passes_over(self, code: str, step: str | None) -> bool:
        """Tell whether a finding about a step, or about the whole, is to be passed over."""
        return code in self.ignored.get(step or "", ())

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "parameter_cells": dict(self.parameter_cells),
            "ignored": {step: list(codes) for step, codes in self.ignored.items()},
            "quotas": dict(self.quotas),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Notes:
        """Return what `to_json` wrote."""
        ignored = {step: tuple(codes) for step, codes in content["ignored"].items()}
        return cls(content["parameter_cells"], ignored, content["quotas"])
