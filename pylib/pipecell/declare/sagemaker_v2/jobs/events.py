"""Lambda and callback: steps that call out, and wait for an answer of named values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.words import count
from pipecell.errors import did_you_mean

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_RUNTIME = "python3.12"
_LONGEST_NAME = 64
_TYPES = ("String", "Integer", "Float", "Boolean")


def make_lambda(making: Making) -> Any:
    """Return a LambdaStep; its function is created or updated when the pipeline is deployed."""
    from sagemaker.lambda_helper import Lambda
    from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep

    cell = making.cell
    assert cell.script is not None  # noqa: S101 - a lambda cell has a body
    name = str(making.setting("function", f"{making.scope.pipeline}-{cell.name}"))[:_LONGEST_NAME]
    path = making.script()
    function = Lambda(
        function_name=name,
        execution_role_arn=making.role,
        script=path,
        handler=f"{cell.name}.{cell.script.entry}",
        timeout=count(cell.settings.get("timeout"), "--timeout", 120),
        memory_size=count(cell.settings.get("memory"), "--memory", 128),
        runtime=_RUNTIME,
        session=making.session,
    )
    return LambdaStep(
        lambda_func=function,
        inputs={key: making.value(value) for key, value in cell.inputs.items()},
        outputs=[LambdaOutput(key, LambdaOutputTypeEnum[kind]) for key, kind in _outputs(making)],
        **making.step(retry=False),
    )


def make_callback(making: Making) -> Any:
    """Return a CallbackStep."""
    from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep

    return CallbackStep(
        sqs_queue_url=making.needed("queue", "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"),
        inputs={key: making.value(value) for key, value in making.cell.inputs.items()},
        outputs=[CallbackOutput(key, CallbackOutputTypeEnum[kind]) for key, kind in _outputs(making)],
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
