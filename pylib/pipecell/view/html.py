"""Writing HTML: elements whose text is always escaped."""

from __future__ import annotations

from html import escape

VOID = frozenset({"br", "img"})
"""Elements that have no content and no end."""


class Raw(str):
    """HTML that was written by `tag`; any other text is escaped before it becomes part of it."""

    __slots__ = ()


def tag(name: str, *content: str, **attributes: str) -> Raw:
    """Return an element.

    Args:
        name: for example ``td``.
        content: what is in it: HTML from `tag` as it is, text escaped.
        attributes: its attributes.
    """
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    if name in VOID:
        return Raw(f"<{name}{written}>")
    inner = "".join(item if isinstance(item, Raw) else escape(item) for item in content)
    return Raw(f"<{name}{written}>{inner}</{name}>")
