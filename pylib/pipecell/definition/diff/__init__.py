"""What differs between two definitions, by step and path, with noise set aside."""

from __future__ import annotations

from pipecell.definition.diff.change import Change
from pipecell.definition.diff.definitions import compare

__all__ = ["Change", "compare"]
