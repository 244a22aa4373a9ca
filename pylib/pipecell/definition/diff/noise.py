"""What differs each time a pipeline is compiled and means nothing: times and ids in names and addresses."""

from __future__ import annotations

import re
from typing import Any

_NOISE = (
    ("a time stamp", re.compile(r"\d{4}-\d\d-\d\d[-T_]\d\d[-:]\d\d[-:]\d\d(?:[-.:]\d{1,6})?Z?")),
    ("a time stamp", re.compile(r"(?<!\d)20\d{6}[-T_]?\d{6}(?!\d)")),
    ("a time stamp", re.compile(r"(?<!\d)1[5-9]\d{8}(?:\d{3})?(?!\d)")),
    ("an id", re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")),
)
_DIGEST = re.compile(r"(?<![0-9a-z])[0-9a-f]{32,64}(?![0-9a-z])")


def name_noise(before: Any, after: Any) -> str:
    """Return what alone makes two values differ, ``a time stamp in it``; empty when more does.

    A digest of content is no noise: where it differs, the content does.
    """
    if not isinstance(before, str) or not isinstance(after, str):
        return ""
    for words, pattern in _NOISE:
        old, new = pattern.sub("…", before), pattern.sub("…", after)
        if old == new and old != before:
            return f"{words} in it"
    return ""


def without_digests(text: str) -> str:
    """Return an address with its digests of content left out, so that uploads of one file compare."""
    for _, pattern in _NOISE:
        text = pattern.sub("…", text)
    return _DIGEST.sub("…", text)
