"""Failure reasons in AWS's words, with what people look for: the exit code and the last lines."""

from __future__ import annotations

from collections.abc import Sequence

MAX_CHARACTERS = 1024
NOTE = "pipecell: "
"""How the supervisor's own lines in a log begin; they explain nothing about a script's failure."""


def failure_reason(
    style: str, exit_code: int, lines: Sequence[str], *, written: str = "", command: str = ""
) -> str:
    """Return AWS's ``FailureReason`` of a job whose process failed.

    Args:
        style: ``processing``, ``algorithm`` (built-in or own image) or ``script`` (framework images).
        exit_code: 128 + N for signal N.
        lines: the end of the log, oldest first.
        written: content of ``/opt/ml/output/failure``; the job's own explanation goes first.
        command: what the user's script was called with, for ``script``.
    """
    ending = f", exit code: {exit_code}"
    if written and style != "processing":
        return "AlgorithmError: " + written.strip()[: MAX_CHARACTERS - 16 - len(ending)] + ending
    own = [line for line in lines if not line.startswith(NOTE)]
    if style == "script":
        head = f'AlgorithmError: ExecuteUserScriptError:\nExitCode {exit_code}\nErrorMessage "'
        tail = f'"\nCommand "{_shortened(command, 200)}"{ending}'
    else:
        head = f"AlgorithmError: See job logs for more information{ending}"
        tail = ""
        if own:
            head += "\n"
    return head + _last(own, MAX_CHARACTERS - len(head) - len(tail)) + tail


def _last(lines: Sequence[str], room: int) -> str:
    """Return as many of the last lines as fit; of one that is too long by itself, its end."""
    kept: list[str] = []
    for line in reversed(lines):
        if sum(map(len, kept)) + len(kept) + len(line) > room:
            break
        kept.append(line)
    if not kept and lines:
        return "…" + lines[-1][-(room - 1) :]
    return "\n".join(reversed(kept))


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
