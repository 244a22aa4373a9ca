"""Lambda and callback: steps that call out, and wait for an answer of named values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.words import count
from pipecell.declare.sagemaker_v2.jobs.making import made
from pipecell.errors import did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.jobs.cell import Script
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_RUNTIME = "python3.12"
_LONGEST_NAME = 64
_TYPES = ("String", "Integer", "Float", "Boolean")


def make_lambda(making: Making) -> Any:
    """Return a LambdaStep; its function is created or updated when the pipeline is deployed."""
    from sagemaker.lambda_helper import Lambda
    from sagemaker.workflow.lambda_step import LambdaStep

    cell = making.cell
    if cell.script is None:
        function = made(Lambda, function_arn=str(making.setting("function")), session=making.session)
        return made(LambdaStep, lambda_func=function, **_values(making), **making.step(retry=False))
    name = str(making.setting("function", f"{making.scope.pipeline}-{cell.name}"))[:_LONGEST_NAME]
    path = making.script()
    function = made(
        Lambda,
        function_name=name,
        execution_role_arn=making.role,
        script=path,
        handler=_handler(making, cell.script),
        timeout=count(cell.settings.get("timeout"), "--timeout", 120),
        memory_size=count(cell.settings.get("memory"), "--memory", 128),
        runtime=str(making.setting("runtime", _RUNTIME)),
        session=making.session,
    )
    return made(
        LambdaStep,
        lambda_func=function,
        **_values(making),
        **making.step(retry=False),
    )


def _values(making: Making) -> dict[str, Any]:
    from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum

    return {
        "inputs": {key: making.value(value) for key, value in making.cell.inputs.items()},
        "outputs": [
            LambdaOutput(output_name=key, output_type=LambdaOutputTypeEnum[kind])
            for key, kind in _outputs(making)
        ],
    }


def _handler(making: Making, script: Script) -> str:
    asked = making.setting("handler")
    if asked is not None:
        return str(asked)
    if script.own:
        return f"{script.path.stem}.handler"
    return f"{making.cell.name}.{script.entry}"


def make_callback(making: Making) -> Any:
    """Return a CallbackStep."""
    from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep

    return made(
        CallbackStep,
        sqs_queue_url=making.needed("queue", "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"),
        inputs={key: making.value(value) for key, value in making.cell.inputs.items()},
        outputs=[
            CallbackOutput(output_name=key, output_type=CallbackOutputTypeEnum[kind])
            for key, kind in _outputs(making)
        ],
        **making.step(retry=False),
    )


def _outputs(making: Making) -> list[tuple[str, str]]:
    found = []
    for word in making.cell.outputs:
        name, _, kind = word.partition(":")
        kind = kind or "String"
        if kind not in _TYPES:
            making.refuse(f"-o {word}: {kind} is not a type.", did_you_mean(kind, _TYPES))
        found.append((name, kind))
    return found
