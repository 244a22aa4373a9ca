"""Whether the SDK is offline in this thread, and what it did meanwhile.

Every replacement of an SDK function asks :func:`current`. None means that this code is not ours to
change: another thread, or a cell that is no ``%%pipeline`` cell.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from pipecell.declare.compiled import LambdaFunction
from pipecell.declare.sagemaker_v2.naming import Token, next_token
from pipecell.declare.sagemaker_v2.uploads import Recorder

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class HeldCall:
    """A launch that a cell asked for and that was held back.

    Attributes:
        method: name of the method of ``Pipeline``.
        pipeline: the Pipeline's name.
        arguments: what it was called with, by parameter name.
    """

    method: str
    pipeline: str
    arguments: dict[str, Any]


@dataclass(eq=False)
class Offline:
    """One stretch of offline work: the body of a cell, or one compilation.

    Attributes:
        compiling: AWS calls are refused altogether; a cell's body may make its own.
        owner: whose names the SDK makes up now: a step while compiling, else the cell.
        taken_names: step names that other cells of the pipeline hold.
        recorder: what was uploaded.
        held: launches that were held back.
        functions: Lambda functions to deploy.
        parameters: Parameter objects that were referenced, in order.
        tokens: readings of the clock that the SDK was given.
        names: step names made up so far.
        cleanup: called when the stretch ends, in reverse order.
    """

    compiling: bool = False
    owner: str = ""
    taken_names: frozenset[str] = frozenset()
    recorder: Recorder = field(default_factory=Recorder)
    held: list[HeldCall] = field(default_factory=list)
    functions: list[LambdaFunction] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    cleanup: list[Callable[[], None]] = field(default_factory=list)
    _shared: dict[str, Any] = field(default_factory=dict)

    def shared(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what ``make`` gave the first time this stretch asked for ``name``."""
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    def read_clock(self) -> Token:
        """Return a new reading for the current owner."""
        turn = sum(token.owner == self.owner for token in self.tokens)
        token = next_token(self.owner, turn)
        self.tokens.append(token)
        return token


_CURRENT: ContextVar[Offline | None] = ContextVar("pipecell_offline", default=None)


def current() -> Offline | None:
    """Return this thread's offline stretch; None when the SDK is the user's own."""
    return _CURRENT.get()


@contextmanager
def entered(offline: Offline) -> Iterator[Offline]:
    """Make ``offline`` current for this thread during the block."""
    token = _CURRENT.set(offline)
    try:
        yield offline
    finally:
        _CURRENT.reset(token)
        for undo in reversed(offline.cleanup):
            undo()
        offline.cleanup.clear()


def offline_answer(answer: Callable[..., Any]) -> Callable[[Any], Any]:
    """Make a patch of a function: offline, ``answer(offline, original, *args, **kwargs)`` replies."""

    def make(original: Any) -> Any:
        function = original.__func__ if isinstance(original, staticmethod) else original

        @functools.wraps(function)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            offline = _CURRENT.get()
            if offline is None:
                return function(*args, **kwargs)
            return answer(offline, function, *args, **kwargs)

        return staticmethod(replacement) if isinstance(original, staticmethod) else replacement

    return make


def fallback_region() -> str:
    """Return the region for a process where boto3 finds none: ``AWS_REGION``, else us-east-1."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
