from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from pipecell.declare.patches import Patch, PatchSet


class _Target:
    def method(self) -> str:
        return "original"

    @staticmethod
    def static() -> str:
        return "original"


def _other() -> str:
    return "somebody else's"


@pytest.fixture
def target() -> Iterator[ModuleType]:
    module = ModuleType("patch_target")
    vars(module).update(function=lambda: "original", Target=type("Target", (), dict(vars(_Target))))
    sys.modules["patch_target"] = module
    yield module
    del sys.modules["patch_target"]


def _replaced(original: Any) -> Any:
    if isinstance(original, staticmethod):
        return staticmethod(lambda: "replaced")

    @functools.wraps(original)
    def replacement(*_: Any) -> str:
        return "replaced"

    return replacement


PATCHES = tuple(
    Patch("patch_target", name, _replaced) for name in ("function", "Target.method", "Target.static")
)


def test_patches_for_the_block_and_puts_back_the_same_objects(target: ModuleType) -> None:
    before = (target.function, vars(target.Target)["method"], vars(target.Target)["static"])
    with PatchSet(PATCHES).held():
        assert target.function() == target.Target().method() == target.Target.static() == "replaced"
    after = (target.function, vars(target.Target)["method"], vars(target.Target)["static"])
    assert all(old is new for old, new in zip(before, after, strict=True))


def test_the_last_holder_removes(target: ModuleType) -> None:
    patches = PatchSet(PATCHES)
    with patches.held():
        with patches.held():
            pass
        assert target.function() == "replaced"
    assert target.function() == "original"


def test_removes_after_an_exception(target: ModuleType) -> None:
    with pytest.raises(KeyError), PatchSet(PATCHES).held():
        raise KeyError
    assert target.function() == "original"


def test_leaves_what_somebody_else_put_on_top(target: ModuleType) -> None:
    patches = PatchSet(PATCHES)
    with patches.held():
        vars(target)["function"] = _other
    assert target.function is _other


def test_a_missing_attribute_is_reported_and_does_no_harm(target: ModuleType) -> None:
    patches = PatchSet(
        [*PATCHES, Patch("patch_target", "gone", _replaced), Patch("patch_target", "No.way", _replaced)]
    )
    with patches.held():
        assert [patch.attribute for patch in patches.missing()] == ["gone", "No.way"]


def test_holders_in_many_threads(target: ModuleType) -> None:
    patches = PatchSet(PATCHES)
    wrong: list[str] = []

    def hold() -> None:
        for _ in range(200):
            with patches.held():
                if target.function() != "replaced":
                    wrong.append("not in place")

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert target.function() == "original"
