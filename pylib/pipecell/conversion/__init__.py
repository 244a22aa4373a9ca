"""Cells converted, shown only if the definition stays the same: ``%%step`` cells to SDK code, and back."""

from pipecell.conversion.cells import Conversion
from pipecell.conversion.to_sdk import to_sdk
from pipecell.conversion.to_steps import to_steps

__all__ = ["Conversion", "to_sdk", "to_steps"]
