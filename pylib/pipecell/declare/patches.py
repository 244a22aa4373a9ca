"""Replace functions of modules for a while, and put back the very same objects.

A set of patches counts its holders: the first one installs it, the last one removes it. Other
threads go on working meanwhile, so a replacement must look for itself whether it is meant (a
context variable says so) and else call the original.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipecell.declare.imports import ImportHook, when_imported

if TYPE_CHECKING:
    from types import ModuleType


@dataclass(frozen=True)
class Patch:
    """One attribute to replace.

    Attributes:
        module: full dotted name of the module; patched when it is imported, if it is not yet.
        attribute: name in the module, or ``Class.name``.
        make: given the original, as it stands in its holder's ``__dict__``, returns the replacement.
    """

    module: str
    attribute: str
    make: Callable[[Any], Any]


@dataclass(frozen=True)
class _Applied:
    patch: Patch
    holder: Any
    name: str
    original: Any
    replacement: Any


class PatchSet:
    """Patches that come and go together."""

    def __init__(self, patches: Iterable[Patch]) -> None:
        self.patches = tuple(patches)
        self._lock = threading.RLock()
        self._holders = 0
        self._hooks: list[ImportHook] = []
        self._applied: list[_Applied] = []

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the patches in place during the block."""
        self.install()
        try:
            yield
        finally:
            self.remove()

    def install(self) -> None:
        """Put the patches in place, unless another holder has."""
        with self._lock:
            self._holders += 1
        # Outside the lock: a hook may wait for another thread's import, which may wait for the lock.
        # Later holders do the same, for the first one may not have finished.
        hooks = [
            when_imported(name, self._apply) for name in dict.fromkeys(patch.module for patch in self.patches)
        ]
        with self._lock:
            self._hooks += hooks

    def remove(self) -> None:
        """Put back what was, if this was the last holder."""
        with self._lock:
            self._holders -= 1
            if self._holders > 0:
                return
            self._holders = 0
            for hook in self._hooks:
                hook.cancel()
            self._hooks.clear()
            for applied in reversed(self._applied):
                if vars(applied.holder).get(applied.name) is applied.replacement:
                    setattr(applied.holder, applied.name, applied.original)
            self._applied.clear()

    def missing(self) -> tuple[Patch, ...]:
        """Return the patches that found no such attribute in the modules loaded now."""
        with self._lock:
            found = {id(applied.patch) for applied in self._applied}
        return tuple(patch for patch in self.patches if id(patch) not in found)

    def _apply(self, module: ModuleType) -> None:
        with self._lock:
            if self._holders == 0:
                return
            for patch in self.patches:
                if patch.module == module.__name__:
                    self._replace(patch, module)

    def _replace(self, patch: Patch, module: ModuleType) -> None:
        *outer, name = patch.attribute.split(".")
        holder: Any = module
        for part in outer:
            holder = getattr(holder, part, None)
        if holder is None or name not in vars(holder):
            return
        original = vars(holder)[name]
        if any(done.holder is holder and done.name == name for done in self._applied):
            return
        replacement = patch.make(original)
        setattr(holder, name, replacement)
        self._applied.append(_Applied(patch, holder, name, original, replacement))
