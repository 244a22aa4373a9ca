"""References of a SageMaker definition as JSONata.

Each step's result is a workflow variable; the pipeline's parameters are one, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pipecell.definition.paths import Key, Segment, parse_property_path
from pipecell.definition.references import GET, JOIN, function_of, parse_get
from pipecell.errors import DefinitionError

PARAMETERS = "parameters"

_EXECUTION = {
    "PipelineExecutionId": "$states.context.Execution.Name",
    "PipelineExecutionArn": "$states.context.Execution.Id",
    "PipelineName": "$states.context.StateMachine.Name",
    "PipelineArn": "$states.context.StateMachine.Id",
    "StartDateTime": "$states.context.Execution.StartTime",
    "CurrentDateTime": "$now()",
}
_KEYED = {
    "Outputs": "OutputName",
    "ProcessingInputs": "InputName",
    "InputDataConfig": "ChannelName",
    "FinalMetricDataList": "MetricName",
}
"""Lists of AWS's answers whose items a definition names by a key, and the member that holds the name."""

_COMPARISONS = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}


def variable(step: str) -> str:
    """Return the name of the variable that holds a step's result, without ``$``."""
    plain = re.sub(r"\W", "_", step)
    return f"step_{plain}"[:80]


def render(value: Any) -> Any:
    """Return arguments with every reference as a JSONata expression in ``{% %}``."""
    if function_of(value) is not None:
        return f"{{% {expression(value)} %}}"
    if isinstance(value, Mapping):
        return {key: render(item) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item) for item in value]
    return value


def expression(value: Any) -> str:
    """Return a value of a definition as JSONata, without ``{% %}``.

    Raises:
        DefinitionError: ``PC630``, a reference that has no counterpart.
    """
    function = function_of(value)
    if function is None:
        return json.dumps(value, ensure_ascii=False)
    if function == GET:
        return _get(value[GET])
    argument = value[function]
    if function == JOIN:
        parts = ", ".join(f"$string({expression(part)})" for part in argument.get("Values", ()))
        return f"$join([{parts}], {json.dumps(argument.get('On', ''))})"
    return _json_get(argument)


def condition(body: Mapping[str, Any]) -> str:
    """Return one condition of a Condition step as JSONata."""
    kind = body.get("Type")
    if kind == "Not":
        return f"$not({condition(body['Expression'])})"
    if kind == "Or":
        return " or ".join(f"({condition(part)})" for part in body["Conditions"])
    if kind == "In":
        listed = ", ".join(expression(each) for each in body["Values"])
        return f"{expression(body['QueryValue'])} in [{listed}]"
    if kind not in _COMPARISONS:
        raise DefinitionError(f"A condition of type {kind} has no counterpart.", code="PC630")
    return f"{expression(body['LeftValue'])} {_COMPARISONS[kind]} {expression(body['RightValue'])}"


def file_of(reference: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (step, property file) that a ``Std:JsonGet`` reads; None for one that reads a URI."""
    place = reference.get("PropertyFile")
    if function_of(place) != GET or not isinstance(place, Mapping):
        return None
    _, step, way = parse_get(place[GET])
    return step, way.removeprefix("PropertyFiles.")


def _json_get(argument: Mapping[str, Any]) -> str:
    found = file_of(argument)
    if found is None:
        raise DefinitionError(
            "Std:JsonGet of a URI has no counterpart.", code="PC630", hint="Read a property file of the step."
        )
    step, name = found
    path = parse_property_path(str(argument.get("Path", "")))
    return f"${variable(step)}.PropertyFiles" + "".join(map(_segment, (Key(name), *path)))


def _get(text: str) -> str:
    kind, name, way = parse_get(text)
    if kind == "parameter":
        return f"${PARAMETERS}{_segment(Key(name))}"
    if kind == "execution" and name in _EXECUTION:
        return _EXECUTION[name]
    if kind != "step":
        raise DefinitionError(f'"{text}" has no counterpart in a state machine.', code="PC630")
    return f"${variable(name)}{_way(parse_property_path(way))}"


def _way(segments: tuple[Segment, ...]) -> str:
    written, before = "", ""
    for segment in segments:
        member = _KEYED.get(before) if isinstance(segment, Key) else None
        written += f"[{member} = {json.dumps(str(segment))}]" if member else _segment(segment)
        before = str(segment)
    return written


def _segment(segment: Segment) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    return f".{segment}" if segment.isidentifier() else f".`{segment}`"
