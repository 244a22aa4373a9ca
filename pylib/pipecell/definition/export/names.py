"""Names of Python variables for the names of a definition."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|[0-9]+")


def variables(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return a variable for each name: ``CensusTrain`` is ``census_train``, each of its own.

    Args:
        names: the names, each once.
        taken: names that the script uses itself.
    """
    used = set(taken)
    found: dict[str, str] = {}
    for name in names:
        base = "_".join(word.lower() for word in _WORDS.findall(name)) or "step"
        base = f"step_{base}" if base[0].isdigit() or keyword.iskeyword(base) else base
        wish, count = base, 1
        while wish in used:
            count += 1
            wish = f"{base}_{count}"
        used.add(wish)
        found[name] = wish
    return found
