"""Act on a module when it is imported, without importing it.

pipecell has to reach into SDKs that take seconds to load and that a user may never load. So a hook
waits: if the module is there, it acts at once, else right after its import. While at least one
hook waits, one finder stands first in ``sys.meta_path``; it finds nothing itself, it only lets the
real loader tell it that it has finished.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType


@dataclass(frozen=True, eq=False)
class ImportHook:
    """A wish to act on one module; also the handle to cancel it.

    Attributes:
        module: full dotted name.
        after: called with the module once it is complete, in the thread that imports it.
        before: called just before the module's code runs; not called when it is loaded already.
    """

    module: str
    after: Callable[[ModuleType], None]
    before: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Stop waiting; what ``after`` did stays done."""
        _FINDER.remove(self)


def when_imported(
    module: str, after: Callable[[ModuleType], None], *, before: Callable[[], None] | None = None
) -> ImportHook:
    """Call ``after(module)`` now if the module is loaded, else when it will be.

    A module that another thread is loading right now is waited for.
    """
    hook = ImportHook(module, after, before)
    _FINDER.add(hook)
    if module in sys.modules:
        after(importlib.import_module(module))
    return hook


class _Finder:
    """A finder of ``sys.meta_path``; not a subclass of the abstract one, whose module is slow to load."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: list[ImportHook] = []
        self._searching = threading.local()

    def add(self, hook: ImportHook) -> None:
        with self._lock:
            self._hooks.append(hook)
            if self not in sys.meta_path:
                sys.meta_path.insert(0, self)

    def remove(self, hook: ImportHook) -> None:
        with self._lock:
            self._hooks = [other for other in self._hooks if other is not hook]
            if not self._hooks and self in sys.meta_path:
                sys.meta_path.remove(self)

    def hooks(self, module: str) -> list[ImportHook]:
        with self._lock:
            return [hook for hook in self._hooks if hook.module == module]

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if getattr(self._searching, "name", None) == fullname or not self.hooks(fullname):
            return None
        self._searching.name = fullname
        try:
            spec = self._search(fullname, path, target)
        finally:
            self._searching.name = None
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
        return spec

    def _search(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find is not None and finder is not self else None
            if spec is not None:
                return spec  # type: ignore[no-any-return]
        return None


class _Loader:
    """The real loader, but it tells the hooks; afterwards the module shows only the real one."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        hooks = _FINDER.hooks(module.__name__)
        for hook in hooks:
            if hook.before is not None:
                hook.before()
        self._loader.exec_module(module)
        for hook in hooks:
            hook.after(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


_FINDER = _Finder()
