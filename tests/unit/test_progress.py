"""What takes long before a run is shown while it lasts, and no bar outlives it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from pipecell.declare.counting import expect, one_more
from pipecell.progress import compiling, upload_bar, uploading

MB = 1_000_000


@dataclass(frozen=True)
class Content:
    """As much of an upload as its size needs."""

    source: bytes


class Told(list[tuple[str, float]]):
    """A bar that keeps what it is told."""

    def __call__(self, what: str, share: float) -> None:
        self.append((what, share))


def test_a_bar_is_told_the_words_and_the_share() -> None:
    told = Told()
    tell = upload_bar(told)
    for done in (0, 30 * MB, 30 * MB + 1, 60 * MB, 120 * MB):
        tell("s3://b/k", done, 120 * MB)
    assert told == [("Uploading 30 of 120 MB", 0.25), ("Uploading 60 of 120 MB", 0.5)]


def test_an_upload_that_fails_leaves_no_bar() -> None:
    told = Told()
    begun: list[bool] = []
    pieces: list[int] = []
    uploads: Any = [Content(bytes(9 * MB))]

    def upload() -> None:
        shown = uploading(
            uploads,
            told,
            begin=lambda: begun.append(True),
            also=lambda what, done, total: pieces.append(done),
        )
        with shown as tell:
            tell("s3://b/k", 3 * MB, 9 * MB)
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        upload()
    assert told == [("Uploading 3 of 9 MB", pytest.approx(1 / 3)), ("", 1.0)]
    assert (begun, pieces) == ([True], [3 * MB])


def test_small_uploads_show_nothing_before_the_run() -> None:
    told = Told()
    begun: list[bool] = []
    uploads: Any = [Content(bytes(10))]
    with uploading(uploads, told, begin=lambda: begun.append(True), also=None) as tell:
        tell("s3://b/k", 5, 10)
    assert (begun, told) == ([], [("", 1.0)])


def compiled(monkeypatch: pytest.MonkeyPatch, seconds_a_step: float, steps: int) -> Told:
    """Compile steps that take some time each; return what a bar was told."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    told = Told()
    with compiling(told):
        expect(steps)
        for _ in range(steps):
            now[0] += seconds_a_step
            one_more()
    return told


def test_a_slow_compilation_counts_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled(monkeypatch, 0.25, 4) == [
        ("Compiling step 2 of 4", 0.5),
        ("Compiling step 3 of 4", 0.75),
        ("Compiling step 4 of 4", 0.99),
        ("", 1.0),
    ]


def test_a_quick_one_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled(monkeypatch, 0.001, 100) == []


def test_a_bar_is_not_told_of_each_of_very_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 5 <= len(compiled(monkeypatch, 0.01, 200)) <= 17


def test_outside_of_a_counted_compilation_nobody_is_told() -> None:
    expect(3)
    one_more()
