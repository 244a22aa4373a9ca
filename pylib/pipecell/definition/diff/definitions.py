"""Two definitions compared: steps by name, arguments by path, code by content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.code.places import code_places
from pipecell.definition.diff.change import Change, ChangeKind
from pipecell.definition.diff.code import ReadCode, compare_files
from pipecell.definition.diff.noise import name_noise
from pipecell.definition.diff.values import ABSENT, Difference, differences
from pipecell.definition.document import Document, inner_machines
from pipecell.definition.junk import mapping
from pipecell.definition.paths import Segment, format_path
from pipecell.definition.sagemaker import StepView, iterate_steps

_BRANCHES = ("IfSteps", "ElseSteps")
_NESTED = ("Branches", "ItemProcessor", "Iterator")
_UNORDERED = ("DependsOn",)


def compare(
    before: Document | None,
    after: Document,
    *,
    code_before: ReadCode | None = None,
    code_after: ReadCode | None = None,
) -> tuple[Change, ...]:
    """Return what differs, in the order of the newer definition.

    Args:
        before: the older definition; None where there is none, so that every step is added.
        after: the newer one.
        code_before: reads the code that the older definition names.
        code_after: reads the code that the newer one names; without both, code is compared by address.
    """
    read = (code_before, code_after) if code_before and code_after else None
    old = before.body if before is not None and before.engine == after.engine else {}
    outer = differences(_outside(old), _outside(after.body)) if old else ()
    found = [_change(None, difference) for difference in outer]
    old_steps, new_steps = _steps(before) if old else {}, _steps(after)
    for name, new in new_steps.items():
        if name in old_steps:
            found += _compare_step(name, old_steps[name], new, read)
        else:
            found.append(Change("added", name, "", None, new.get("Type")))
    found += [
        Change("removed", name, "", gone.get("Type"), None)
        for name, gone in old_steps.items()
        if name not in new_steps
    ]
    return tuple(found)


def _outside(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition without its steps or states; empty Metadata, which the SDK writes, is none."""
    left = {key: value for key, value in body.items() if key not in ("Steps", "States")}
    if not left.get("Metadata"):
        left.pop("Metadata", None)
    return left


def _steps(document: Document | None) -> dict[str, Mapping[str, Any]]:
    """Return each step or state by name, without those inside it; where it is becomes part of it."""
    if document is None:
        return {}
    if document.engine == "stepfunctions":
        return dict(_states(document.body, ""))
    return {step.name: _flat(step) for step in iterate_steps(document)}


def _flat(step: StepView) -> dict[str, Any]:
    arguments = {key: value for key, value in step.arguments.items() if key not in _BRANCHES}
    body = {key: value for key, value in step.body.items() if key not in ("Name", "Arguments")}
    for key in _UNORDERED:
        if isinstance(body.get(key), list):
            body[key] = sorted(map(str, body[key]))
    if arguments or step.arguments:
        body["Arguments"] = arguments if step.type == "Condition" else dict(step.arguments)
    if step.parent is not None:
        body["branch of"] = f"{step.parent}, if {step.branch}"
    return body


def _states(machine: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield f"{where}{name}", {key: value for key, value in state.items() if key not in _NESTED}
        for index, inner in enumerate(_inner(state)):
            at = f"{where}{name}[{index}]/" if state.get("Type") == "Parallel" else f"{where}{name}/"
            yield from _states(inner, at)


def _inner(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [machine for _, machine in inner_machines(state)]


def _compare_step(
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    read: tuple[ReadCode, ReadCode] | None,
) -> list[Change]:
    found: list[Change] = []
    if read is not None:
        old, new = json.loads(json.dumps(before)), json.loads(json.dumps(after))
        found = list(_take_code(name, old, new, read))
        before, after = old, new
    return [*(_change(name, difference) for difference in differences(before, after)), *found]


def _take_code(
    name: str, before: dict[str, Any], after: dict[str, Any], read: tuple[ReadCode, ReadCode]
) -> Iterator[Change]:
    """Compare the code that both name by content, and take its addresses out of the comparison."""
    old = {place.label: place for place in code_places(mapping(before.get("Arguments")))}
    for place in code_places(mapping(after.get("Arguments"))):
        other = old.get(place.label)
        if other is None or other.uri is None or place.uri is None:
            continue
        files_before, files_after = read[0](other.uri), read[1](place.uri)
        if not files_before or not files_after:
            continue  # one of them cannot be read: their addresses are all there is to compare
        path = format_path(_path_to(after, place.holder, place.key))
        changes = list(compare_files(files_before, files_after))
        if not changes and other.uri != place.uri:
            yield Change("noise", name, path, other.uri, place.uri, "the same code at another address")
        for change in changes:
            yield Change("code", name, change.name, change.before, change.after, change.words)
        other.holder[other.key] = place.holder[place.key] = "code"


def _path_to(value: Any, holder: dict[str, Any], key: str) -> tuple[Segment, ...]:
    """Return the path of a member of one object that is known by identity."""
    trail: list[Segment] = []

    def walk(item: Any) -> bool:
        if item is holder:
            return True
        pairs: Any = ()
        if isinstance(item, dict | list):
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
        for segment, inner in pairs:
            trail.append(segment)
            if walk(inner):
                return True
            trail.pop()
        return False

    walk(value)
    return (*trail, key)


def _change(step: str | None, difference: Difference) -> Change:
    before, after = (None if value is ABSENT else value for value in (difference.before, difference.after))
    noise = name_noise(before, after)
    if noise:
        return Change("noise", step, difference.text, before, after, noise)
    kind: ChangeKind = "added" if before is None else "removed" if after is None else "changed"
    return Change(kind, step, difference.text, before, after)
