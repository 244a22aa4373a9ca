"""The line about an upload: only for large ones, written over itself where that is possible."""

from __future__ import annotations

from pipecell.commands.progress import UploadLine

MB = 1_000_000


def line(*points: tuple[int, int], rewrite: bool = True) -> str:
    written: list[str] = []
    show = UploadLine(written.append, rewrite=rewrite)
    for done, total in points:
        show("s3://b/k", done, total)
    return "".join(written)


def test_small_uploads_are_silent() -> None:
    assert line((1000, 5 * MB), (5 * MB, 5 * MB)) == ""


def test_large_ones_are_written_over_and_end_with_a_line() -> None:
    text = line((10 * MB, 100 * MB), (50 * MB, 100 * MB), (100 * MB, 100 * MB))
    assert text.startswith("\rUploading 10 of 100 MB\rUploading 50 of 100 MB\rUploaded 100 MB.")
    assert text.endswith("\n")


def test_steps_too_small_to_see_are_left_out() -> None:
    assert line(*[(10 * MB + k, 100 * MB) for k in range(1000)]).count("\r") == 1


def test_where_nothing_can_be_written_over_only_the_end_is_said() -> None:
    text = line((10 * MB, 100 * MB), (100 * MB, 100 * MB), rewrite=False)
    assert text.rstrip() == "Uploaded 100 MB."
    assert "\r" not in text


def test_a_bar_is_told_the_words_and_the_share() -> None:
    told: list[tuple[str, float]] = []
    line = UploadLine(lambda _: None, rewrite=False, bar=lambda words, share: told.append((words, share)))
    for done in (0, 30_000_000, 30_100_000, 60_000_000, 120_000_000):
        line("s3://b/k", done, 120_000_000)
    assert told == [("Uploading 30 of 120 MB", 0.25), ("Uploading 60 of 120 MB", 0.5)]
