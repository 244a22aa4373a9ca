"""The SDK's step objects while they are compiled: put back afterwards, and the newest of each name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipecell.declare.cells import Unit, branches, members, name_of, step_of

_ARGUMENTS = frozenset({"_func_args", "_func_kwargs", "_converted_func_args", "_converted_func_kwargs"})


@contextmanager
def as_they_were(steps: Iterable[Any]) -> Iterator[None]:
    """Undo, after the block, whatever the SDK writes into the steps and the job objects behind them.

    The SDK replaces a local input path by the S3 path it uploaded to, so that a second compilation would
    upload nothing; it also gives estimators an output path and job names.
    """
    saved = list(_snapshots(steps))
    try:
        yield
    finally:
        for holder, content in saved:
            if isinstance(holder, list):
                holder[:] = content
            else:
                holder.clear()
                holder.update(content)


def _snapshots(steps: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield (mutable mapping or list, shallow copy) for all that compiling can change."""
    from sagemaker.session import Session
    from sagemaker.workflow.entities import PipelineVariable

    seen: set[int] = set()
    waiting: list[Any] = list(steps)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, Session | type):
            continue
        seen.add(id(thing))
        if isinstance(thing, PipelineVariable):
            # The SDK compiles the steps that a variable comes from, whether they are listed or not.
            waiting += thing._referenced_steps
        elif isinstance(thing, dict):
            yield thing, dict(thing)
            waiting += thing.values()
        elif isinstance(thing, list):
            yield thing, list(thing)
            waiting += thing
        elif isinstance(thing, tuple):
            waiting += thing
        elif type(thing).__module__.partition(".")[0] == "sagemaker" and hasattr(thing, "__dict__"):
            yield thing.__dict__, dict(thing.__dict__)
            waiting += [value for name, value in vars(thing).items() if name not in _ARGUMENTS]
            waiting += [value for value in _arguments(thing) if isinstance(value, PipelineVariable)]


def _arguments(step: Any) -> list[Any]:
    """Return the arguments of a ``@step`` function's step: values of the user's own, perhaps large."""
    return [*getattr(step, "_func_args", ()), *getattr(step, "_func_kwargs", {}).values()]


@contextmanager
def rewired(held: Mapping[str, Unit]) -> Iterator[None]:
    """Let conditions hold, during the block, the newest step of each name among their children."""
    saved: list[tuple[Any, list[Any], list[Any]]] = []
    for unit in held.values():
        if branches(unit.thing):
            saved.append((unit.thing, unit.thing.if_steps, unit.thing.else_steps))
            unit.thing.if_steps = newest(unit.thing.if_steps, held)
            unit.thing.else_steps = newest(unit.thing.else_steps, held)
    try:
        yield
    finally:
        for condition, if_steps, else_steps in saved:
            condition.if_steps, condition.else_steps = if_steps, else_steps


def newest(steps: Iterable[Any], held: Mapping[str, Unit]) -> list[Any]:
    """Return the steps, each replaced by the one that holds its name now."""
    return [held[name].thing if (name := name_of(step_of(item))) in held else item for item in steps]


def by_name(held: Mapping[str, Unit]) -> dict[str, Any]:
    """Return the newest step of each name, the inner steps of collections included."""
    found = {name: unit.thing for name, unit in held.items()}
    for unit in held.values():
        for inner in members(unit.thing):
            found.setdefault(name_of(inner), inner)
    return found
