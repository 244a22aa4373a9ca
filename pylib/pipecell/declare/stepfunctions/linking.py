"""States of cells that ran again, put where the ones stood that they replace.

The SDK ties states to each other as objects: a Chain in one cell holds the very objects of another.
When that other cell runs again, names say what belongs together, as they do for SageMaker's steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipecell.declare.cells import name_of

if TYPE_CHECKING:
    from pipecell.declare.declaration import Declaration


def relink(declaration: Declaration) -> None:
    """Tie the states that are declared now to each other, where one leads to an object of an older run."""
    links = _Links(declaration)
    for chain in (thing for run in declaration.runs for thing in run.capture.of("chain")):
        links.follow(chain)
    for state in links.held.values():
        links.mend(state)


def start_of(declaration: Declaration, branch: Any) -> Any:
    """Return the state or chain that a workflow starts with, as it is declared now."""
    return _Links(declaration).now(branch)


class _Links:
    def __init__(self, declaration: Declaration) -> None:
        self.held = {name: unit.thing for name, unit in declaration.held.items()}
        self._is_superseded = declaration.is_superseded

    def now(self, target: Any) -> Any:
        """Return what a state or chain stands for now: itself, or the state that replaced its first one."""
        first = _first(target)
        if first is None or not self._is_superseded(first):
            return target
        return self.held.get(name_of(first), target)

    def follow(self, chain: Any) -> None:
        """Give the states that replaced some of a chain the order that the chain gives."""
        for before, after in pairwise(chain.steps):
            state, following = self.now(before), self.now(after)
            if state is before and following is after:
                continue
            if state.type == "Choice":
                state.default = following if state.default is None else state.default
            elif state.next_step is None or state.next_step is after:
                state.next_step = following

    def mend(self, state: Any) -> None:
        """Replace every way out of a state that leads to an object of an older run."""
        fields = vars(state)
        for key in ("next_step", "default"):
            if fields.get(key) is not None:
                fields[key] = self.now(fields[key])
        for catch in fields.get("catches", ()):
            catch.next_step = self.now(catch.next_step)
        for choice in fields.get("choices") or ():
            choice[1] = self.now(choice[1])
        inner = fields.get("branches")
        if isinstance(inner, list):
            inner[:] = [self.now(branch) for branch in inner]
        for holder in _iterators(state):
            holder["iterator"] = self.now(holder["iterator"])


def _iterators(state: Any) -> Iterator[dict[str, Any]]:
    for holder in (vars(state), vars(state).get("fields", {})):
        if holder.get("iterator") is not None:
            yield holder


def _first(target: Any) -> Any:
    if type(target).__name__ == "Chain":
        return target.steps[0] if target.steps else None
    return target
