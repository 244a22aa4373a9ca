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
