"""A form for the parameters of a pipeline: for each the kind of field, and what may be chosen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from pipecell.definition.document import Document
from pipecell.definition.instances import JobKind, family, machine, price, types_of, uses
from pipecell.definition.parameters import Parameter, declared

FieldKind = Literal["text", "integer", "number", "boolean", "choice", "instance"]

_KINDS: dict[str, FieldKind] = {"Integer": "integer", "Float": "number", "Boolean": "boolean"}


@dataclass(frozen=True)
class Field:
    """One field of the form.

    Attributes:
        parameter: the parameter that it sets.
        kind: ``choice`` has an enumeration, ``instance`` is an instance type.
        choices: the allowed values of a choice; for an instance type those that all of its jobs take.
    """

    parameter: Parameter
    kind: FieldKind
    choices: tuple[str, ...] = ()


def form(document: Document) -> tuple[Field, ...]:
    """Return a field for each declared parameter, in the definition's order."""
    reached: dict[str, set[JobKind]] = defaultdict(set)
    for use in uses(document):
        if use.setting == "type" and use.parameter is not None and use.kind is not None:
            reached[use.parameter].add(use.kind)
    return tuple(_field(parameter, reached.get(parameter.name, set())) for parameter in declared(document))


def _field(parameter: Parameter, kinds: set[JobKind]) -> Field:
    enum = tuple(map(str, parameter.enum))
    if kinds:
        shared = set.intersection(*(set(types_of(kind)) for kind in kinds))
        fitting = [name for name in types_of(min(kinds)) if name in shared and (not enum or name in enum)]
        return Field(parameter, "instance", tuple(sorted(fitting, key=_cheap_first)))
    if enum:
        return Field(parameter, "choice", enum)
    return Field(parameter, _KINDS.get(parameter.type, "text"))


def _cheap_first(name: str) -> tuple[float, str]:
    usd = price(name)
    return (float("inf") if usd is None else usd, family(name))


def describe_type(name: str) -> str:
    """Return what an instance type is and costs in a few words; empty where we do not know it."""
    found, usd = machine(name), price(name)
    words = [str(found)] if found is not None else []
    if usd is not None:
        words.append(f"${usd:,.3f} an hour" if usd < 1 else f"${usd:,.2f} an hour")
    return " · ".join(words)
