"""The parameters that a pipeline declares, and the values that a run gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.asl.inputs import execution_inputs, flat, merged
from pipecell.definition.document import Document
from pipecell.errors import UsageError, did_you_mean

TYPES = ("String", "Integer", "Float", "Boolean")
MAX_VALUE = 1024
"""Characters that AWS accepts in one parameter value."""

_SHOWN = 60  # characters of a wrong value that a message repeats
_ARTICLE = {"String": "a string", "Integer": "an integer", "Float": "a number", "Boolean": "true or false"}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Attributes:
        name: as ``Get: Parameters.name`` refers to it.
        type: ``String``, ``Integer``, ``Float`` or ``Boolean``; ``Json`` for an input of a state machine
            of which nothing is known.
        default: None when the run must give a value.
        enum: the allowed values; empty when all are.
        optional: a run may go without a value and without a default.
    """

    name: str
    type: str
    default: Any = None
    enum: tuple[Any, ...] = ()
    optional: bool = False


def declared(document: Document) -> tuple[Parameter, ...]:
    """Return the parameters in the definition's order; those of a state machine are its input's names."""
    if document.engine == "stepfunctions":
        return tuple(Parameter(*entry) for entry in execution_inputs(document))
    entries = document.body.get("Parameters")
    if not isinstance(entries, list):
        return ()
    return tuple(
        Parameter(
            entry["Name"],
            str(entry.get("Type") or "String"),
            entry.get("DefaultValue"),
            tuple(enum) if isinstance(enum := entry.get("EnumValues"), list) else (),
        )
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(entry.get("Name"), str)
    )


def defaults(document: Document) -> dict[str, Any]:
    """Return the default of each parameter that has one: the values of profile ``full``."""
    return {p.name: p.default for p in declared(document) if p.default is not None}


def bind(document: Document, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value of the right type for every declared parameter.

    Args:
        document: the pipeline.
        values: what the run sets; text is converted, so ``{"Count": "2"}`` gives the integer 2.

    Raises:
        UsageError: an unknown name (``PC902``), a value of the wrong type (``PC903``), outside its
            enumeration (``PC904``) or too long (``PC905``), or none where there is no default (``PC906``).
    """
    parameters = {parameter.name: parameter for parameter in declared(document)}
    for name in values:
        if name not in parameters:
            raise UsageError(
                f'{document.name} has no parameter "{name}".',
                code="PC902",
                hint=did_you_mean(name, parameters) or "It declares none.",
            )
    bound = {
        name: coerce(parameter, values.get(name, parameter.default))
        for name, parameter in parameters.items()
        if values.get(name, parameter.default) is not None
    }
    missing = [name for name in parameters if name not in bound and not parameters[name].optional]
    if missing:
        raise UsageError(
            f"{_list(missing)} {'have' if len(missing) > 1 else 'has'} no default and no value.",
            code="PC906",
            hint=f"Set {missing[0]}=… for this run.",
        )
    return bound


def bind_input(document: Document, base: Any, values: Mapping[str, Any]) -> Any:
    """Return the input of a state machine's execution.

    Args:
        document: the state machine.
        base: the input as a whole; None for none.
        values: what is set by name on top of it; an inner name is ``Outer.Inner``.

    Raises:
        UsageError: as in `bind`; or names are set and the input has none (``PC911``).
    """
    if base is not None and not isinstance(base, Mapping):
        if values:
            raise UsageError(
                "This input has no names to set.", code="PC911", hint="Give an object with --input."
            )
        return base
    known = flat(base or {}, [parameter.name for parameter in declared(document)])
    return merged(base or {}, bind(document, {**known, **values}))


def coerce(parameter: Parameter, value: Any) -> Any:
    """Return ``value`` as the parameter's type.

    Raises:
        UsageError: ``PC903``, ``PC904`` or ``PC905`` as in `bind`.
    """
    converted = _convert(parameter.type, value)
    if converted is None:
        raise UsageError(
            f"{parameter.name} takes {_ARTICLE.get(parameter.type, parameter.type)}, not {_show(value)}.",
            code="PC903",
        )
    if parameter.enum and converted not in parameter.enum:
        raise UsageError(
            f"{parameter.name} cannot be {_show(converted)}.",
            code="PC904",
            hint=f"It is one of {', '.join(map(str, parameter.enum))}.",
        )
    if isinstance(converted, str) and len(converted) > MAX_VALUE:
        raise UsageError(
            f"The value of {parameter.name} has {len(converted):,} characters; AWS takes {MAX_VALUE:,}.",
            code="PC905",
        )
    return converted


def fits(type_name: str, value: Any) -> bool:
    """Tell whether a JSON value already is of a parameter type, without converting text."""
    if type_name == "Json":
        return True
    if isinstance(value, bool):
        return type_name == "Boolean"
    if isinstance(value, str):
        return type_name == "String"
    if isinstance(value, int):
        return type_name in ("Integer", "Float")
    return isinstance(value, float) and (
        type_name == "Float" or (type_name == "Integer" and value.is_integer())
    )


def _convert(type_name: str, value: Any) -> Any:
    """Return the value as a type of AWS, None when it is not one."""
    if type_name == "Json":
        return _read_json(value) if isinstance(value, str) else value
    if type_name == "String":
        if isinstance(value, str):
            return value
        return json.dumps(value) if isinstance(value, bool | int | float) else None
    if isinstance(value, str):
        value = _read(type_name, value.strip())
    if type_name == "Boolean" or isinstance(value, bool):
        return value if fits(type_name, value) else None
    if not isinstance(value, int | float) or not fits(type_name, value):
        return None
    return int(value) if type_name == "Integer" else float(value)


def _read(type_name: str, text: str) -> Any:
    """Read a number or a boolean from text as a person types it."""
    if type_name == "Boolean":
        return {"true": True, "false": False}.get(text.lower())
    try:
        number: float = int(text) if type_name == "Integer" else float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _read_json(text: str) -> Any:
    """Return what a text is as JSON, and the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _show(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
