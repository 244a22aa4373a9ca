"""Writing SVG: numbers, attributes and text, escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from pipecell.view.metrics import clean


def number(value: float) -> str:
    """Return a coordinate with at most one decimal: a tenth of a pixel is finer than any screen."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(name: str, attributes: Mapping[str, str], text: str) -> str:
    """Return an element around escaped text."""
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{escape(text)}</{name}>"


def text_at(x: float, y: float, text: str, style: str, *, anchor: str = "start", full: str = "") -> str:
    """Return a line of text.

    Args:
        x: where it is anchored, in pixels.
        y: its baseline.
        text: already cleaned and shortened.
        style: classes of the style sheet.
        anchor: ``start``, ``middle`` or ``end``.
        full: the whole text, shown as a tooltip where it had to be shortened.
    """
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    whole = clean(full)
    tip = element("title", {}, whole) if whole and whole != text else ""
    return f'<text class="{style}" x="{number(x)}" y="{number(y)}"{anchored}>{tip}{escape(text)}</text>'


def titled(markup: str, title: str) -> str:
    """Return markup in a group with a tooltip."""
    return f"<g>{element('title', {}, title)}{markup}</g>"
