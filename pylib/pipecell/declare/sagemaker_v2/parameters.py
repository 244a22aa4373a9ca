"""Which parameters a pipeline has: those that its steps refer to, so that nobody lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from pipecell.declare.declaration import Declaration
from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.context import current
from pipecell.errors import DeclarationError

_REFERENCE = re.compile(r'"Get": ("Parameters\.(?:[^"\\]|\\.)+")')


def referenced_names(definition: str) -> list[str]:
    """Return the names of the parameters that a definition's text refers to, in its order."""
    found = (json.loads(name).removeprefix("Parameters.") for name in _REFERENCE.findall(definition))
    return list(dict.fromkeys(found))


def implicit(declaration: Declaration, referenced: Iterable[Any], definition: str) -> list[dict[str, Any]]:
    """Return the parameters of a pipeline that pipecell builds, in the order of their first reference.

    Args:
        declaration: the cells' pipeline.
        referenced: the SDK's parameter objects that its steps hold.
        definition: the compiled definition's text.

    Raises:
        DeclarationError: ``PC601``, two parameters of one name differ.
    """
    referenced = list(referenced)
    names = dict.fromkeys([*referenced_names(definition), *_listed(declaration)])
    chosen = {name: _choose(declaration, name, referenced) for name in names}
    return [parameter.to_request() for parameter in chosen.values() if parameter is not None]


def _listed(declaration: Declaration) -> list[str]:
    """Return the parameters that a ``Pipeline(name, parameters=[…])`` without steps lists."""
    handles = (thing for run in declaration.runs for thing in run.capture.of("pipeline") if not thing.steps)
    return [
        parameter.name
        for handle in handles
        if handle.name == declaration.name
        for parameter in handle.parameters or ()
        if hasattr(parameter, "to_request")
    ]


def explicit(declaration: Declaration, listed: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the parameters of an adopted pipeline: its own list, each as its cell declares it now.

    Raises:
        DeclarationError: ``PC601``, two parameters of one name differ.
    """
    requests = []
    for parameter in listed:
        if not hasattr(parameter, "to_request"):  # a plain value: the SDK passes over it, too
            continue
        chosen = _choose(declaration, parameter.name, [parameter])
        requests.append((chosen if chosen is not None else parameter).to_request())
    return requests


def _choose(declaration: Declaration, name: str, referenced: Iterable[Any]) -> Any:
    """Return the parameter that is meant by a name.

    One that a cell declares now wins over objects from earlier runs of ``%%pipeline`` cells, which steps
    of cells that were not run again still hold. All others must agree.
    """
    candidates: list[tuple[Any, int | None]] = [
        (parameter, cell) for parameter, cell in declaration.parameters if parameter.name == name
    ]
    known = {id(parameter) for parameter, _ in candidates}
    candidates += [
        (parameter, None)
        for parameter in referenced
        if parameter.name == name
        and id(parameter) not in known
        and not (candidates and declaration.is_superseded(parameter))
    ]
    if not candidates:
        return None
    first, first_cell = candidates[0]
    for other, cell in candidates[1:]:
        if other.to_request() != first.to_request():
            raise DeclarationError(
                f"Two different parameters are named {name}: "
                f"{_describe(first, first_cell)} and {_describe(other, cell)}.",
                code="PC601",
                cell=cell if cell is not None else first_cell,
                hint="Keep one of them, or give one another name and run the cells that use it again.",
            )
    return candidates[-1][0]


def _describe(parameter: Any, cell: int | None) -> str:
    request = parameter.to_request()
    facts = [request["Type"]]
    if "DefaultValue" in request:
        facts.append(f"default {request['DefaultValue']!r}")
    if request.get("EnumValues"):
        facts.append(f"one of {', '.join(map(str, request['EnumValues']))}")
    where = f" in cell {cell}" if cell is not None else ""
    return f"{', '.join(facts)}{where}"


def _noting_expr(original: Any) -> Any:
    """Note each Parameter that becomes a ``Get``: every place that can hold one asks for its ``expr``."""
    getter: Callable[[Any], Any] = original.fget

    def expr(self: Any) -> Any:
        offline = current()
        known: set[int] = offline.shared("parameters", set) if offline is not None else set()
        if offline is not None and id(self) not in known:
            known.add(id(self))
            offline.parameters.append(self)
        return getter(self)

    return property(expr, doc=original.__doc__)


PATCHES = (Patch("sagemaker.workflow.parameters", "Parameter.expr", _noting_expr),)
