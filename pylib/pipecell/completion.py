"""Completion of our lines: verbs, options, their values, steps, parameters, pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecell.commands.table import CELL, VERBS
from pipecell.commands.verb import Option, Verb
from pipecell.definition.parameters import declared
from pipecell.definition.profiles import PROFILES
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pipecell.workspace import Workspace

_LINE = re.compile(r"^(?P<start>.*?)(?P<magic>%%?pipeline)(?P<rest>\s.*)$", re.DOTALL)


def candidates(
    line: str, workspace: Workspace, namespace: Mapping[str, Any] | None = None
) -> tuple[str, list[str]] | None:
    """Return what may stand at the end of a line.

    Args:
        line: the line up to the cursor.
        workspace: knows pipelines, steps and parameters.
        namespace: the notebook's variables, for ``$name`` on a ``%%step`` line.

    Returns:
        The word begun at the cursor and every word that may replace it; None when the line is
        not one of ours.
    """
    if line.lstrip().startswith("%%step"):
        from pipecell.step_completion import step_candidates

        return step_candidates(line, workspace, namespace)
    match = _LINE.match(line)
    if match is None or (match["magic"] == "%%pipeline" and match["start"].strip()):
        return None
    words = match["rest"].split()
    begun = "" if match["rest"][-1:].isspace() or not words else words.pop()
    verb: Verb | None = CELL
    verbs: Sequence[Verb] = ()
    if match["magic"] == "%pipeline":
        verb, words, verbs = _verb_of(words)
    if verb is None:
        return begun, [each.name for each in verbs if each.name.startswith(begun)]
    return begun, [word for word in _words(verb, words, begun, workspace) if word.startswith(begun)]


def _verb_of(words: list[str]) -> tuple[Verb | None, list[str], Sequence[Verb]]:
    """Return the verb that is typed already, the words after it, and else the verbs to choose from."""
    verbs: Sequence[Verb] = [verb for verb in VERBS if "notebook" in verb.faces]
    found: Verb | None = None
    while words and (found is None or found.verbs):
        found = next((verb for verb in verbs if verb.name == words[0]), None)
        if found is None:
            return None, words, ()
        words, verbs = words[1:], found.verbs
    return (None, words, verbs) if found is None or found.verbs else (found, words, ())


def _words(verb: Verb, words: list[str], begun: str, workspace: Workspace) -> list[str]:
    options = verb.options_of("notebook")
    by_name = {name: option for option in options for name in (option.name, option.short) if name}
    last = by_name.get(words[-1]) if words else None
    if last is not None and not last.flag and not last.positional:
        return _values(last, begun, words, workspace)
    if begun.startswith("-"):
        used = set(words)
        return [o.name for o in options if not o.positional and (o.repeat or o.name not in used)]
    positional = [option for option in options if option.positional]
    place = min(_count_positional(words, by_name), len(positional) - 1)
    return (
        _values(positional[place], begun, words, workspace)
        if positional
        else [option.name for option in options if not option.positional]
    )


def _count_positional(words: list[str], by_name: dict[str, Option]) -> int:
    count, skip = 0, False
    for word in words:
        if skip:
            skip = False
        elif word in by_name:
            skip = not by_name[word].flag
        else:
            count += 1
    return count


def _values(option: Option, begun: str, words: list[str], workspace: Workspace) -> list[str]:
    """Return the values of an option: its choices, or the names it means."""
    if option.choices:
        return list(option.choices)
    if option.kind in ("step", "parameter"):
        return _names_in_pipeline(option.kind, begun, _after("--pipeline", words), workspace)
    if option.kind == "profile":
        return _profiles(_after("--pipeline", words), workspace)
    simple = {"execution": ["last"], "pipeline": workspace.names()}
    return simple.get(option.kind, [])


def _profiles(pipeline: str | None, workspace: Workspace) -> list[str]:
    try:
        return workspace.profiles.names(workspace.pipeline(pipeline).name)
    except PipecellError:
        return list(PROFILES)  # nothing declared yet


def _names_in_pipeline(kind: str, begun: str, pipeline: str | None, workspace: Workspace) -> list[str]:
    try:
        found = workspace.pipeline(pipeline)
        if kind == "parameter":
            return [f"{parameter.name}=" for parameter in declared(found.document)]
        done = begun.rpartition(",")[0]
        return [f"{done},{node.name}" if done else node.name for node in found.graph.nodes]
    except PipecellError:
        return []  # nothing declared yet, or it does not compile: nothing to offer


def _after(name: str, words: list[str]) -> str | None:
    return words[words.index(name) + 1] if name in words[:-1] else None
