"""What stands above a drawing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """The strip above a drawing.

    Attributes:
        title: the pipeline's name.
        status: AWS's status word of the execution; empty for a preview.
        elapsed: how long it has run, for example ``0:22``; empty when unknown.
        chips: further short facts, for example ``2 of 5 steps, 1 reused``.
    """

    title: str
    status: str = ""
    elapsed: str = ""
    chips: tuple[str, ...] = ()
