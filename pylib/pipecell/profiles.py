"""Profiles: named sets of parameter values, which pipelines have them, and which is in force."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pipecell.definition.parameters import bind, coerce, declared
from pipecell.definition.profiles import PROFILES, profile_values
from pipecell.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.definition.document import Document

_NAME = re.compile(r"[A-Za-z][\w-]{0,63}")


@dataclass(frozen=True)
class Profile:
    """A named set of parameter values.

    Attributes:
        name: ``smoke``, ``full``, or a name of the user's own.
        values: what the user set on top of it.
        base: ``smoke`` or ``full``: what a profile of the user's own stands on; empty for those two.
    """

    name: str = PROFILES[0]
    values: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""

    def values_in(self, document: Document, over: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the parameter values of a pipeline, with others on top."""
        return profile_values(document, self.base or self.name, {**self.values, **(over or {})})

    def known_in(self, document: Document) -> dict[str, Any]:
        """Return its values, each of its type, as far as it has any: a parameter may have no default."""
        return _typed(document, self.values_in(document))

    def refined(self, document: Document, values: Mapping[str, Any]) -> Profile:
        """Return it with more values of a pipeline set.

        Raises:
            UsageError: there is no such parameter, or a value is of the wrong type.
        """
        if not values.keys() <= {parameter.name for parameter in declared(document)}:
            bind(document, values)  # refuses the unknown name
        return replace(self, values={**self.values, **_typed(document, values)})


def _typed(document: Document, values: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {parameter.name: parameter for parameter in declared(document)}
    return {name: coerce(parameters[name], value) for name, value in values.items()}


class Profiles:
    """The profiles of each pipeline of one kernel, or of one shell command.

    Args:
        changed: told the name of a pipeline for which another profile, or other values, are in force.
    """

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._tell_changed = changed
        self._set: dict[tuple[str, str], Profile] = {}  # by pipeline and name
        self._in_force: dict[str, str] = {}
        self._default = PROFILES[0]

    def get(self, pipeline: str, name: str | None = None) -> Profile:
        """Return a profile of a pipeline with the values set for it; without a name the one in force.

        Raises:
            UsageError: there is no such profile (``PC913``).
        """
        chosen = name or self._in_force.get(pipeline, self._default)
        known = self.names(pipeline)
        if chosen not in known:
            raise UsageError(
                f'There is no profile "{chosen}".', code="PC913", hint=did_you_mean(chosen, known)
            )
        return self._set.get((pipeline, chosen), Profile(chosen))

    def names(self, pipeline: str) -> list[str]:
        """Return the profiles that a pipeline has: smoke, full, and the user's own in their order."""
        own = [name for owner, name in self._set if owner == pipeline and name not in PROFILES]
        return [*PROFILES, *own]

    def changed(self, pipeline: str) -> list[Profile]:
        """Return the profiles for which the user set something."""
        return [profile for (owner, _), profile in self._set.items() if owner == pipeline]

    def take(self, pipeline: str, profiles: Iterable[Profile]) -> None:
        """Take in what was set elsewhere; none of it is put in force."""
        self._set |= {(pipeline, profile.name): profile for profile in profiles}

    def find_or_make(self, pipeline: str, name: str, like: str | None, values: Mapping[str, Any]) -> Profile:
        """Return the profile that is to be put in force.

        A name that there is none of makes a new one, where values are given or a profile to begin with.

        Raises:
            UsageError: there is no such profile (``PC913``), or none can have that name (``PC927``).
        """
        exists = not name or name in self.names(pipeline)
        if exists and like is not None:
            raise UsageError(
                f"{name or 'The profile in force'} exists already.",
                code="PC927",
                hint="--like is for a new profile.",
            )
        if exists or not (values or like):
            return self.get(pipeline, name or None)
        if not _NAME.fullmatch(name):
            raise UsageError(
                f'"{name}" cannot be the name of a profile.',
                code="PC927",
                hint="Use letters, digits, hyphens and underscores.",
            )
        base = self.get(pipeline, like or "full")
        return Profile(name, dict(base.values), base.base or base.name)

    def put_in_force(self, pipeline: str, profile: Profile) -> None:
        """Put a profile in force, with its values."""
        self._set[pipeline, profile.name] = profile
        self._in_force[pipeline] = profile.name
        self._tell_changed(pipeline)

    def use_default(self, name: str, pipelines: Iterable[str]) -> None:
        """Choose the profile of all pipelines for which none was put in force.

        Args:
            name: ``smoke`` or ``full``.
            pipelines: the pipelines that there are.

        Raises:
            UsageError: it is not one of those that every pipeline has (``PC913``).
        """
        if name not in PROFILES:
            raise UsageError(
                f'"{name}" is not a profile of every pipeline.',
                code="PC913",
                hint=did_you_mean(name, PROFILES),
            )
        if name != self._default:
            self._default = name
            for pipeline in pipelines:
                if pipeline not in self._in_force:
                    self._tell_changed(pipeline)
