"""A drawing's looks as attributes besides its style sheet, for hosts that take style sheets out.

GitHub and nbviewer put a notebook's SVG into their page without its ``<style>``: every shape would be
black. An attribute such as ``fill`` is what CSS calls a presentation attribute: any rule of a style
sheet wins over it, so that where the sheet is honoured nothing changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pipecell.view.theme import KIND_INK, STATE_INK, ink_of

_TAG = re.compile(r"<(path|rect|text|g)((?: [\w-]+=\"[^\"]*\")*)(/?)>")
_NAMES = re.compile(r" ([\w-]+)=\"")
_CLASS = re.compile(r' class="([^"]*)"')


def painted(svg: str, theme: Literal["light", "dark"]) -> str:
    """Return a drawing whose elements also carry what their classes mean in one theme.

    Args:
        svg: what `to_svg` writes: whatever people wrote in it is escaped, so a tag is always a tag.
        theme: whose colours.
    """

    def with_looks(match: re.Match[str]) -> str:
        name, attributes, end = match.groups()
        found = _CLASS.search(attributes)
        looks = _looks(name, found[1] if found else "", theme)
        own = set(_NAMES.findall(attributes))
        more = "".join(f' {key}="{value}"' for key, value in looks.items() if key not in own)
        return f"<{name}{attributes}{more}{end}>"

    return _TAG.sub(with_looks, svg)


@lru_cache(maxsize=1024)
def _looks(name: str, classes: str, theme: Literal["light", "dark"]) -> Mapping[str, str]:
    """Return the presentation attributes of an element; later rules win, as in the style sheet."""
    words = classes.split()
    looks = {"fill": ink_of("text", theme)} if name == "text" else {}
    for word, rule in _rules(theme).items():
        if word in words:
            looks |= rule
    return looks


@lru_cache(maxsize=2)
def _rules(theme: Literal["light", "dark"]) -> Mapping[str, Mapping[str, str]]:
    """Return what each class means, in the style sheet's order."""
    ink = {name: ink_of(name, theme) for name in ("bg", "panel", "line", "text", "dim", "wash")}
    halo = {"paint-order": "stroke", "stroke-width": "4", "stroke-linejoin": "round", "stroke": ink["bg"]}
    rules = {
        "b": {"font-weight": "600"},
        "h": {"font-size": "14", "font-weight": "600"},
        "dim": {"font-size": "11", "fill": ink["dim"]},
        "label": {"font-size": "10.5", "fill": ink["dim"], **halo},
        "rule": {"fill": "none", "stroke": ink["line"]},
        "bg": {"fill": ink["bg"]},
        "panel": {"fill": ink["panel"]},
        "wash": {"fill": ink["wash"]},
        "card": {"fill": ink["bg"], "stroke": ink["line"]},
        "group": {"fill": ink["panel"], "stroke": ink["line"], "stroke-dasharray": "2 3"},
        "edge": {"fill": "none", "stroke": ink["dim"], "stroke-width": "1.3"},
        "tip": {"fill": ink["dim"]},
        "ctl": {"stroke-dasharray": "4 3"},
        "strong": {"stroke-width": "2"},
        "off": {"opacity": ".45"},
    }
    for name in STATE_INK | KIND_INK:
        rules[f"f-{name}"] = {"fill": ink_of(name, theme)}
        rules[f"l-{name}"] = {"stroke": ink_of(name, theme)}
    return rules
