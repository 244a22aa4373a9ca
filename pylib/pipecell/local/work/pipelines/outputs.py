"""The outputs that Callback and Lambda steps declare, read from what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pipecell.definition.parameters import Parameter, coerce
from pipecell.definition.references import to_text
from pipecell.errors import UsageError
from pipecell.local.wire import ServiceError


def read_outputs(body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value of the declared type for each of a step's OutputParameters.

    Args:
        body: the step in the definition.
        values: what came back, by name; text is converted.

    Raises:
        ServiceError: ``ValidationException``, an output is missing or of the wrong type.
    """
    outputs: dict[str, Any] = {}
    for declared in body.get("OutputParameters") or ():
        name = declared["OutputName"]
        if values.get(name) is None:
            raise ServiceError("ValidationException", f"Output parameter {name} is missing.")
        parameter = Parameter(name, declared.get("OutputType") or "String")
        try:
            outputs[name] = coerce(parameter, values[name])
        except UsageError as error:
            raise ServiceError("ValidationException", error.message) from error
    return outputs


def as_listed(outputs: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return outputs as a step's Metadata gives them: text, at most 1,024 characters each."""
    return [{"Name": name, "Value": to_text(value)[:1024]} for name, value in outputs.items()]


def read_payload(payload: bytes) -> Any:
    """Return what a function answered, None when it is not JSON."""
    try:
        return json.loads(payload)
    except ValueError:
        return None
