"""Seeing a pipeline or a run in a notebook, live while something changes.

``screen`` owns what cells show and keeps it right; ``output`` speaks IPython's display; ``stage`` is a
widget on a page and what can be asked of it, ``runs`` and ``previews`` are its two kinds; ``details``
finds what the drawer shows, with ``code``, ``metrics``, ``data`` and ``comparisons`` for its parts.

What a notebook stores is never the widget itself but a static picture, a page of HTML with the
picture and a table of steps, and text, beside a small record of our own MIME type. The JupyterLab
extension draws the live widget from that record while its kernel lives, and the recorded document
when it does not; everything else shows the page. So a saved notebook is right as of the last event
wherever it is opened.
"""

from __future__ import annotations

from pipecell.live.screen import Screen

__all__ = ["Screen"]
