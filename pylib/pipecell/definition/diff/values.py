"""Where two JSON values differ; lists whose items have names are compared by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipecell.definition.paths import Key, Segment, format_path
from pipecell.definition.references import function_of

ABSENT = object()
"""What stands for a value that is not there; None is a value of JSON."""

_NAMES = (
    *("Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "VariantName"),
    *("InstanceGroupName", "MetricName", "ContainerHostname", "RuleConfigurationName", "Key"),
)
"""The members by which items of AWS's lists are known."""


@dataclass(frozen=True)
class Difference:
    """One place where two values differ.

    Attributes:
        path: the place, its segments as `format_path` takes them.
        before, after: the values; `ABSENT` where there is none.
    """

    path: tuple[Segment, ...]
    before: Any
    after: Any

    @property
    def text(self) -> str:
        """The path as text."""
        return format_path(self.path)


def differences(before: Any, after: Any, path: tuple[Segment, ...] = ()) -> Iterator[Difference]:
    """Yield each place where two JSON values differ, in the order of the newer one.

    A function of a definition (``Get``, ``Std:Join``) is one value. ``1`` and ``1.0`` are the same;
    ``1`` and ``true`` are not. What is null is absent, as AWS sees it.
    """
    if before is None or after is None:
        before, after = (ABSENT if value is None else value for value in (before, after))
    if function_of(before) or function_of(after):
        if before != after:
            yield Difference(path, before, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _members(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        keyed = _key_of(before, after)
        if keyed is None:
            yield from _items(before, after, path)
        else:
            old, new = ({Key(item[keyed]): item for item in items} for items in (before, after))
            yield from _members(old, new, path)
    elif before is not after and not _same(before, after):
        yield Difference(path, before, after)


def _members(
    before: Mapping[Any, Any], after: Mapping[Any, Any], path: tuple[Segment, ...]
) -> Iterator[Difference]:
    for name in [*after, *(name for name in before if name not in after)]:
        yield from differences(before.get(name), after.get(name), (*path, name))


def _items(before: Sequence[Any], after: Sequence[Any], path: tuple[Segment, ...]) -> Iterator[Difference]:
    for index in range(max(len(before), len(after))):
        old = before[index] if index < len(before) else None
        new = after[index] if index < len(after) else None
        yield from differences(old, new, (*path, index))


def _key_of(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    """Return the member that names the items of both lists, each differently; None when none does."""
    items = [*before, *after]
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for name in _NAMES:
        if all(isinstance(item.get(name), str) for item in items):
            unique = all(len({item[name] for item in side}) == len(side) for side in (before, after))
            return name if unique else None
    return None


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    return bool(before == after)
