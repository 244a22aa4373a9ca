"""Which fields a state may have, in which query language, and what their values may be.

Sources: the state types' pages in AWS's developer guide, and AWS's own diagnostics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.parse import JSONATA, JSONPATH
from pipecell.local.work.states.validation.diagnostic import Diagnostic, schema, unsupported

#: Where a field may stand: one of the two languages, or None for both.
Languages = Mapping[str, str | None]

_FLOW: Languages = {"Next": None, "End": None}
_DATA: Languages = {"InputPath": JSONPATH, "OutputPath": JSONPATH, "Output": JSONATA, "Assign": None}
_RESULT: Languages = {"ResultPath": JSONPATH, "ResultSelector": JSONPATH, "Retry": None, "Catch": None}
_MACHINE = ("Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version")
_GROUP = ("Comment", "ProcessorConfig", "StartAt", "States")

FIELDS: Mapping[str, Languages] = {
    "Pass": {**_FLOW, **_DATA, "Parameters": JSONPATH, "Result": None, "ResultPath": JSONPATH},
    "Task": {
        **_FLOW, **_DATA, **_RESULT, "Resource": None, "Parameters": JSONPATH, "Arguments": JSONATA,
        "Credentials": None, "TimeoutSeconds": None, "TimeoutSecondsPath": JSONPATH,
        "HeartbeatSeconds": None, "HeartbeatSecondsPath": JSONPATH,
    },
    "Choice": {**_DATA, "Choices": None, "Default": None},
    "Wait": {
        **_FLOW, **_DATA, "Seconds": None, "SecondsPath": JSONPATH, "Timestamp": None,
        "TimestampPath": JSONPATH,
    },
    "Succeed": _DATA,
    "Fail": {"Error": None, "ErrorPath": JSONPATH, "Cause": None, "CausePath": JSONPATH},
    "Parallel": {
        **_FLOW, **_DATA, **_RESULT, "Branches": None, "Parameters": JSONPATH, "Arguments": JSONATA,
    },
    "Map": {
        **_FLOW, **_DATA, **_RESULT, "ItemProcessor": None, "Iterator": None, "Items": JSONATA,
        "ItemsPath": JSONPATH, "ItemSelector": None, "Parameters": JSONPATH, "ItemReader": None,
        "ItemBatcher": None, "ResultWriter": None, "Label": None, "MaxConcurrency": None,
        "MaxConcurrencyPath": JSONPATH, "ToleratedFailureCount": None,
        "ToleratedFailureCountPath": JSONPATH, "ToleratedFailurePercentage": None,
        "ToleratedFailurePercentagePath": JSONPATH,
    },
}  # fmt: skip
_EVERYWHERE = frozenset({"Type", "Comment", "QueryLanguage"})


@dataclass(frozen=True)
class Number:
    """The bounds of a number.

    Attributes:
        least, most: both included.
        whole: whether it is an integer.
        fixed: whether no JSONata expression may give it.
        context: whether its path may read the context object (``$$``).
    """

    least: float
    most: float | None = None
    whole: bool = True
    fixed: bool = False
    context: bool = False


_SECONDS = 99_999_999
NUMBERS: Mapping[str, Number] = {
    "Seconds": Number(0, _SECONDS, context=True),
    "TimeoutSeconds": Number(1, _SECONDS, context=True),
    "HeartbeatSeconds": Number(1, _SECONDS, context=True),
    "MaxConcurrency": Number(0),
    "ToleratedFailureCount": Number(0),
    "ToleratedFailurePercentage": Number(0.0, 100.0, whole=False),
}
_READER: Mapping[str, Number] = {"MaxItems": Number(0, 100_000_000)}
_BATCHER: Mapping[str, Number] = {"MaxItemsPerBatch": Number(0), "MaxInputBytesPerBatch": Number(0)}
_RETRIER: Mapping[str, Number] = {
    "IntervalSeconds": Number(1, _SECONDS, fixed=True),
    "MaxAttempts": Number(0, _SECONDS, fixed=True),
    "MaxDelaySeconds": Number(1, 31_622_400, fixed=True),
    "BackoffRate": Number(1.0, whole=False, fixed=True),
}
_TEXTS = ("Error", "Cause")


def of_state(
    kind: str, body: Mapping[str, Any], language: str, place: str, *, mixed: bool
) -> Iterator[Diagnostic]:
    """Yield fields that a state cannot have, or not in its language.

    Args:
        kind: the state's type.
        body: its JSON.
        language: the one that holds in it.
        place: where it stands.
        mixed: whether it wrongly goes back to JSONPath; AWS then says nothing of the other language's fields.
    """
    table = FIELDS[kind]
    for field in body:
        if field in _EVERYWHERE:
            continue
        if field not in table:
            yield unsupported(field, place)
        elif table[field] not in (None, language) and not mixed:
            message = (
                f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the "
                f"'{table[field]}' QueryLanguage"
            )
            yield schema(message, place)


def of_group(group: Mapping[str, Any], place: str, *, outermost: bool) -> Iterator[Diagnostic]:
    """Yield fields that a machine, branch or processor cannot have."""
    known = _MACHINE if outermost else _GROUP
    for field in group:
        if field not in known:
            yield unsupported(field, place or "/")


def values(body: Mapping[str, Any], language: str, place: str) -> Iterator[Diagnostic]:
    """Yield values of a state's fields that AWS takes for none."""
    yield from numbers(body, NUMBERS, language, place)
    for name in _TEXTS:
        yield from _one_of(body, name, place)
    for field, table in (("ItemReader", _READER), ("ItemBatcher", _BATCHER)):
        holder, here = body.get(field), f"{place}/{field}"
        if field == "ItemReader" and isinstance(holder, dict):
            holder, here = holder.get("ReaderConfig"), f"{here}/ReaderConfig"
        if isinstance(holder, dict):
            yield from numbers(holder, table, language, here)
    retriers = body.get("Retry")
    for index, retrier in enumerate(retriers if isinstance(retriers, list) else ()):
        if isinstance(retrier, dict):
            here = f"{place}/Retry[{index}]"
            yield from numbers(retrier, _RETRIER, language, here)
            if retrier.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
                message = "Value should be one of the following: [FULL, NONE]"
                yield schema(message, f"{here}/JitterStrategy")


def numbers(
    holder: Mapping[str, Any], table: Mapping[str, Number], language: str, place: str
) -> Iterator[Diagnostic]:
    """Yield numbers out of bounds, given twice, or at a path that names no single node."""
    for name, bounds in table.items():
        yield from _one_of(holder, name, place)
        if name in holder:
            yield from _number(holder[name], bounds, language, f"{place}/{name}")
        path = holder.get(f"{name}Path")
        if path is not None and not _single_node(path, context=bounds.context):
            yield schema("Value is not a Reference Path", f"{place}/{name}Path")


def _one_of(holder: Mapping[str, Any], name: str, place: str) -> Iterator[Diagnostic]:
    if name in holder and f"{name}Path" in holder:
        yield schema(f"There should only be one of the following fields: [{name}, {name}Path]", place)


def _single_node(path: Any, *, context: bool) -> bool:
    if not isinstance(path, str) or not paths.is_path(path) or (path.startswith("$$") and not context):
        return False
    return "*" not in path and "?" not in path and ".." not in path and ":" not in path


def _number(value: Any, bounds: Number, language: str, place: str) -> Iterator[Diagnostic]:
    if language == JSONATA and not bounds.fixed and jsonata.expression(value) is not None:
        return
    wanted = int if bounds.whole else int | float
    if isinstance(value, bool) or not isinstance(value, wanted):
        yield schema(f"Expected value of type {'Integer' if bounds.whole else 'Number'}", place)
    elif value < bounds.least:
        yield schema(f"Minimum value is {bounds.least}", place)
    elif bounds.most is not None and value > bounds.most:
        yield schema(f"Maximum value is {bounds.most}", place)
