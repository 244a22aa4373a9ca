"""What cannot run here is refused before anything runs, with the step, the reason and the way out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pipecell.definition.foreknown import BeforeTheRun, known
from pipecell.local.work.pipelines.plan import Steps
from pipecell.local.work.pipelines.steps import Handlers

_MANAGED = {
    "EMR": "Amazon EMR",
    "EMRServerless": "Amazon EMR Serverless",
    "AutoML": "SageMaker Autopilot",
    "Endpoint": "SageMaker hosting",
    "EndpointConfig": "SageMaker hosting",
    "InferenceComponent": "SageMaker hosting",
    "Lineage": "SageMaker ML Lineage Tracking",
    "Athena": "Amazon Athena",
    "HubContent": "SageMaker JumpStart",
    "BedrockCustomModel": "Amazon Bedrock",
    "BedrockCustomModelDeployment": "Amazon Bedrock",
    "BedrockProvisionedModelThroughput": "Amazon Bedrock",
    "BedrockModelImport": "Amazon Bedrock",
}


def refusals(
    steps: Steps, names: Collection[str], parameters: Mapping[str, Any], handlers: Handlers
) -> list[str]:
    """Return a sentence for each step that cannot run here.

    Args:
        steps: the definition's steps.
        names: those that may run.
        parameters: the bound values.
        handlers: what runs here.
    """
    scope = BeforeTheRun(parameters)

    def arguments_of(name: str) -> Mapping[str, Any]:
        found: Any = known(steps.views[name].arguments, scope) if name in steps.views else {}
        return dict(found)

    found: list[str] = []
    for name, view in steps.views.items():
        if name not in names:
            continue
        handler = handlers.get(view.type)
        if handler is None:
            service = _MANAGED.get(view.type)
            reason = (
                f"{view.type} steps need {service}, which is not on this machine."
                if service
                else f"there is nothing here that runs steps of type {view.type}."
            )
            found.append(f"Step {name} cannot run on the local endpoint: {reason}")
            continue
        refusal = handler.refusal(view, arguments_of(name), arguments_of)
        if refusal is not None:
            found.append(f"Step {name} cannot run on the local endpoint: {refusal}")
    return found
