from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipecell.declare.imports import when_imported


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "late_module.py").write_text("import logging\nvalue = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "late_module", raising=False)
    yield "late_module"
    sys.modules.pop("late_module", None)


def test_acts_after_the_import(module: str) -> None:
    seen: list[int] = []
    hook = when_imported(module, lambda loaded: seen.append(loaded.value))
    assert seen == []
    importlib.import_module(module)
    assert seen == [1]
    hook.cancel()


def test_acts_at_once_on_a_loaded_module(module: str) -> None:
    importlib.import_module(module)
    seen: list[ModuleType] = []
    when_imported(module, seen.append).cancel()
    assert seen == [sys.modules[module]]


def test_acts_before_the_modules_code(module: str) -> None:
    order: list[str] = []
    hook = when_imported(module, lambda _: order.append("after"), before=lambda: order.append("before"))
    importlib.import_module(module)
    hook.cancel()
    assert order == ["before", "after"]


def test_a_cancelled_hook_does_nothing_and_leaves_no_finder(module: str) -> None:
    before = list(sys.meta_path)
    hook = when_imported(module, lambda _: pytest.fail("cancelled"))
    assert sys.meta_path != before
    hook.cancel()
    assert sys.meta_path == before
    importlib.import_module(module)


def test_the_module_shows_its_real_loader(module: str) -> None:
    hook = when_imported(module, lambda _: None)
    loaded = importlib.import_module(module)
    hook.cancel()
    assert type(loaded.__loader__).__name__ == "SourceFileLoader"
    assert loaded.__spec__ is not None
    assert loaded.__spec__.loader is loaded.__loader__


def test_a_module_that_does_not_exist_stays_missing() -> None:
    hook = when_imported("no_such_module_at_all", lambda _: pytest.fail("there is none"))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module_at_all")
    hook.cancel()


def test_waits_for_a_module_that_another_thread_is_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "slow_module_events", (started, go_on), raising=False)
    (tmp_path / "slow_module.py").write_text(
        "import threading\na, b = threading.slow_module_events\na.set()\nb.wait(60)\nvalue = 2\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    loading = threading.Thread(target=importlib.import_module, args=("slow_module",))
    loading.start()
    try:
        assert started.wait(60)
        threading.Timer(0.05, go_on.set).start()
        seen: list[int] = []
        when_imported("slow_module", lambda loaded: seen.append(loaded.value)).cancel()
        assert seen == [2]
    finally:
        go_on.set()
        loading.join(60)
        sys.modules.pop("slow_module", None)
