"""How far the items of a Map are, in a few words."""

from __future__ import annotations

from pipecell.graph import NodeState

_WORDS = (("Succeeded", "done"), ("Failed", "failed"), ("Stopped", "stopped"))


def items(state: NodeState) -> str:
    """Return ``3 of 5 done, 1 failed`` for a Map or a state inside one; empty for any other state."""
    counts = state.metadata.get("Iterations")
    if not isinstance(counts, dict):
        return ""
    total = counts.get("Total", counts.get("Entered", 0))
    parts = [f"{counts.get('Succeeded', 0)} of {total} done"]
    parts += [f"{counts[key]} {word}" for key, word in _WORDS[1:] if counts.get(key)]
    return ", ".join(parts)
