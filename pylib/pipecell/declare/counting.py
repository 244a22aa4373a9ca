"""How many steps of a pipeline are compiled, told while a compiler works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

Tell = Callable[[int, int], None]
"""Told (steps compiled so far, steps in all as far as that is known)."""


@dataclass
class _Count:
    tell: Tell
    total: int = 0
    done: int = 0


_COUNT: ContextVar[_Count | None] = ContextVar("pipecell_compiled_steps", default=None)


@contextmanager
def counting(tell: Tell) -> Iterator[None]:
    """Have somebody told of each step that is compiled during the block."""
    token = _COUNT.set(_Count(tell))
    try:
        yield
    finally:
        _COUNT.reset(token)


def expect(total: int) -> None:
    """Say how many steps there are to compile."""
    count = _COUNT.get()
    if count is not None:
        count.total = total


def one_more() -> None:
    """Say that one more step is compiled."""
    count = _COUNT.get()
    if count is not None:
        count.done += 1
        count.tell(count.done, max(count.total, count.done))
