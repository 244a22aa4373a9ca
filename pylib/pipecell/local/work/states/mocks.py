"""Is a mocked result one that the service could have given? TestState's field validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipecell.definition.asl.resources import Resource
from pipecell.local.work.states.clock import parse_timestamp
from pipecell.local.work.states.sdk_names import model, operation_name

_BOTOCORE = {"states": "stepfunctions"}
_NUMBERS = frozenset({"integer", "long", "float", "double"})


def problem(resource: Resource, result: Any, mode: str) -> str | None:
    """Return why a mocked result does not fit the API's output, or None.

    Args:
        resource: the task's service integration.
        result: the mocked result.
        mode: STRICT also asks for required members; PRESENT checks what is there.
    """
    if resource.kind != "service":
        return None
    found = operation_name(_BOTOCORE.get(resource.service, resource.service), resource.action)
    if found is None:
        return None
    shape = model(found[0]).operation_model(found[1]).output_shape
    if shape is None or not isinstance(result, Mapping):
        return None
    wrong = next(_walk(shape, result, "", strict=mode != "PRESENT", payload=_payload(resource)), None)
    return f"Mock result schema validation error: {wrong}" if wrong else None


def _payload(resource: Resource) -> frozenset[str]:
    """Members that an optimized integration parses, so that any JSON may stand there."""
    return frozenset({"Payload"}) if resource.service == "lambda" and not resource.sdk else frozenset()


def _walk(  # noqa: PLR0912 -- one branch for each type of shape
    shape: Any, value: Any, name: str, *, strict: bool, payload: frozenset[str]
) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, Mapping):
            yield f"Field '{name}' must be an object"
            return
        members = {f"{member[:1].upper()}{member[1:]}": member for member in shape.members}
        if strict:
            for member in shape.required_members:
                spelled = f"{member[:1].upper()}{member[1:]}"
                if spelled not in value:
                    yield f"Required field '{spelled}' is missing"
        for key, item in value.items():
            if key in members and key not in payload and item is not None:
                yield from _walk(shape.members[members[key]], item, key, strict=strict, payload=payload)
    elif kind == "list":
        if not isinstance(value, list):
            yield f"Field '{name}' must be an array"
            return
        for item in value:
            yield from _walk(shape.member, item, name, strict=strict, payload=payload)
    elif kind == "map":
        if not isinstance(value, Mapping):
            yield f"Field '{name}' must be an object"
            return
        for item in value.values():
            yield from _walk(shape.value, item, name, strict=strict, payload=payload)
    else:
        yield from _scalar(shape, value, name)


def _scalar(shape: Any, value: Any, name: str) -> Iterator[str]:
    kind, limits = shape.type_name, shape.metadata
    if kind in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"Field '{name}' must be a number"
        elif "min" in limits and value < limits["min"]:
            yield f"Field '{name}' is less than the minimum value"
        elif "max" in limits and value > limits["max"]:
            yield f"Field '{name}' exceeds the maximum value"
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield f"Field '{name}' must be a boolean"
    elif not isinstance(value, str):
        yield f"Field '{name}' must be a string"
    elif kind == "timestamp":
        if parse_timestamp(value) is None and not value:
            yield f"Field '{name}' must be a timestamp"
    elif limits.get("enum") and value not in limits["enum"]:
        yield f"Field '{name}' is not an expected value"
    elif "min" in limits and len(value) < limits["min"]:
        yield f"Field '{name}' is smaller than the minimum length"
    elif "max" in limits and len(value) > limits["max"]:
        yield f"Field '{name}' exceeds the maximum length"
