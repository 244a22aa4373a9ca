"""Compile a step of a ``%%step`` cell once: its objects never change, so neither does what they compile to.

A step that is compiled again gives its request, and what it uploaded meanwhile, from memory; so a cell that
runs again costs its own step, not all steps of its pipeline. Steps of ``%%pipeline`` cells are the user's
objects, which any cell may change: they are compiled each time.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pipecell.declare.capture import Capture
from pipecell.declare.cells import CellRun
from pipecell.declare.counting import one_more
from pipecell.declare.sagemaker_v2.context import Offline, current, entered

_CAPTURES: ContextVar[dict[int, Capture]] = ContextVar("pipecell_kept_steps")


@dataclass(frozen=True, eq=False)
class _Kept:
    """A compiled step and what the SDK did meanwhile."""

    request: dict[str, Any]
    offline: Offline


@contextmanager
def keeping_steps_of(runs: Iterable[CellRun]) -> Iterator[None]:
    """Keep, during the block, what the steps of ``%%step`` cells among the runs compile to."""
    steps = {
        id(thing): run.capture for run in runs if run.job is not None for _, thing in run.capture.created
    }
    token = _CAPTURES.set(steps)
    try:
        yield
    finally:
        _CAPTURES.reset(token)


def keeping(original: Any) -> Any:
    """Make the patch of the SDK's compiler that compiles one step."""

    @functools.wraps(original)
    def _build_step(compiler: Any, step: Any) -> Any:
        one_more()
        offline = current()
        capture = _CAPTURES.get({}).get(id(step))
        if offline is None or capture is None:
            return original(compiler, step)
        key = (id(step), str(compiler.pipeline_name), str(compiler.sagemaker_session.boto_region_name))
        if key not in capture.kept:
            capture.kept[key] = _compiled(original, compiler, step, offline)
        kept: _Kept = capture.kept[key]
        offline.recorder.add_all(kept.offline.recorder.uploads)
        offline.functions += kept.offline.functions
        offline.tokens += kept.offline.tokens
        from sagemaker.workflow._steps_compiler import CompiledStep

        return CompiledStep(_copied(kept.request))

    return _build_step


def _compiled(original: Any, compiler: Any, step: Any, outer: Offline) -> _Kept:
    inner = Offline(compiling=True, owner=outer.owner)
    try:
        with entered(inner):
            made = original(compiler, step)
    except Exception:
        outer.owner = inner.owner  # it names the step at fault
        raise
    return _Kept(_copied(made.to_request()), inner)


def _copied(value: Any) -> Any:
    """Copy dictionaries and lists: the SDK shares them with the step, which is put back afterwards."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
