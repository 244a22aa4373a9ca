"""Differences between definitions, in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from pipecell.definition.cache.reasons import show
from pipecell.definition.diff.change import Change
from pipecell.view.html import Raw, tag

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "code": "~", "noise": "·"}
_LONGEST_CODE = 40  # lines of a change that are shown


def to_text(before: str, after: str, changes: Sequence[Change]) -> str:
    """Return what differs between two sides, code with its lines.

    Args:
        before: what the one side is called.
        after: what the other side is called.
        changes: the differences.
    """
    meant = [change for change in changes if change.kind != "noise"]
    noise = [change for change in changes if change.kind == "noise"]
    head = f"{before} → {after}: "
    lines = [head + (count(len(meant), "change") if meant else "no difference") + "."]
    for change in meant:
        lines.append(f"  {line(change)}")
        lines += [f"      {sign} {text}" for sign, text in _code_lines(change)]
    if noise:
        lines.append(f"Set aside: {noise_words(noise)}.")
    return "\n".join(lines)


def to_html(before: str, after: str, changes: Sequence[Change]) -> str:
    """Return the same as HTML that needs no style sheet."""
    meant = [change for change in changes if change.kind != "noise"]
    noise = [change for change in changes if change.kind == "noise"]
    words = count(len(meant), "change") if meant else "no difference"
    items = [html_change(change) for change in meant]
    if noise:
        items.append(tag("div", f"Set aside: {noise_words(noise)}.", style="opacity:.65"))
    title = tag("div", tag("b", before), " → ", tag("b", after), f": {words}.", style="margin:4px 0")
    return str(tag("div", title, *items, **{"class": "pipecell-diff"}, style="font-size:13px"))


def count(number: int, noun: str) -> str:
    """Return ``1 change``, ``2 changes``."""
    return f"{number} {noun}{'s' * (number != 1)}"


def line(change: Change) -> str:
    """Return one difference in one line."""
    return f"{_SIGNS[change.kind]} {_words(change)}"


def noise_words(noise: Sequence[Change]) -> str:
    """Return what differs and means nothing, each with its reason."""
    return "; ".join(f"{change.step or ''} {change.path} ({change.note})".strip() for change in noise)


def html_change(change: Change) -> Raw:
    """Return one difference; of code, the lines that were and that are."""
    head = tag("div", line(change))
    if change.kind != "code":
        return head
    inks = {"-": "#c0262d", "+": "#16803c"}
    lines = [
        tag("span", f"{sign} {text}\n", style=f"color:{inks[sign]}") for sign, text in _code_lines(change)
    ]
    code = tag("pre", *lines, style="margin:2px 0 6px 14px;padding:4px 8px;background:rgba(127,127,127,.08)")
    return tag("div", head, code)


def _code_lines(change: Change) -> list[tuple[str, str]]:
    if change.kind != "code":
        return []
    return [
        (sign, text)
        for sign, block in (("-", change.before), ("+", change.after))
        for text in str(block or "").splitlines()[:_LONGEST_CODE]
    ]


def _words(change: Change) -> str:
    where = " ".join(part for part in (change.step or "", change.path) if part)
    if change.kind == "code":
        return f"{where} {change.note}"
    if not change.path:
        return f"{where} ({change.after if change.kind == 'added' else change.before})"
    if change.kind == "added":
        return f"{where} {show(change.after)}"
    if change.kind == "removed":
        return f"{where} {show(change.before)}"
    return f"{where} {show(change.before)} → {show(change.after)}"
