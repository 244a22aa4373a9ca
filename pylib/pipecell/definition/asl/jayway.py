"""Spellings of JSONPath that AWS's library takes and python-jsonpath does not, turned into those it takes.

AWS reads paths with Jayway's JsonPath. Published machines rely on its leniency: a dot before a bracket
(``$.[0].a``), a word without quotes in a filter (``[?(@.code==es)]``), ``nin`` and ``.length()`` in filters,
and a list of names that selects a smaller object (``$['a','b']``) where RFC 9535 selects the values.
"""

from __future__ import annotations

import re

_QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_OPERAND = rf"[@$](?:\.[\w-]+|\[(?:\d+|{_QUOTED})\])*"
_LONELY_DOT = re.compile(rf"{_QUOTED}|(?<!\.)\.(?=\[)")
_BARE_WORD = re.compile(
    rf"{_QUOTED}|(?P<operator>==|!=|<=|>=|<|>)(?P<space>\s*)"
    r"(?!(?:true|false|null)\b)(?P<word>[A-Za-z_][\w-]*)(?=\s*(?:\)|\]|&&|\|\|))"
)
_NOT_IN = re.compile(rf"(?P<left>{_OPERAND})\s+nin\s+(?P<right>\[[^\]]*\]|{_OPERAND})")
_LENGTH = re.compile(rf"(?P<of>{_OPERAND}?)\.(?:length|size)\(\)")
_FILTER = re.compile(rf"\[\?(?:{_QUOTED}|\[(?:{_QUOTED}|[^\[\]])*\]|[^\[\]])*\]")
_NAMES = re.compile(rf"\[\s*((?:{_QUOTED})(?:\s*,\s*(?:{_QUOTED}))+)\s*\]")


def respelled(path: str) -> str:
    """Return ``path`` in the library's own spelling; what it takes already is left as it is."""
    plain = _LONELY_DOT.sub(lambda found: "" if found[0] == "." else found[0], path)
    return _FILTER.sub(lambda found: _filter(found[0]), plain)


def _filter(text: str) -> str:
    text = _BARE_WORD.sub(
        lambda found: f"{found['operator']}{found['space']}'{found['word']}'" if found["word"] else found[0],
        text,
    )
    text = _LENGTH.sub(lambda found: f"length({found['of']})", text)
    return _NOT_IN.sub(lambda found: f"!({found['left']} in {found['right']})", text)


def split_at_names(path: str) -> tuple[str, list[str], str] | None:
    """Return what is before, in and after the first list of names of a path; None where it has none.

    ``$.a['b','c'].d`` gives ``("$.a", ["b", "c"], "$.d")``. Not meant are lists in a filter or after ``..``.
    """
    filters = [found.span() for found in _FILTER.finditer(path)]
    for found in _NAMES.finditer(path):
        inside = any(start < found.start() < end for start, end in filters)
        if not inside and not path[: found.start()].endswith(".."):
            names = [re.sub(r"\\(.)", r"\1", quoted[1:-1]) for quoted in re.findall(_QUOTED, found[1])]
            return path[: found.start()], names, "$" + path[found.end() :]
    return None
