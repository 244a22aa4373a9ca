"""``sagemaker:create…Job.sync``: a real local job, looked after until it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecell.definition.asl.resources import Resource
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import TASK_FAILED, Failure
from pipecell.local.work.states.integrations import services, shapes
from pipecell.local.work.states.integrations.clients import Client


@dataclass(frozen=True)
class Kind:
    """A kind of SageMaker job.

    Attributes:
        name: member that names the job, such as ``TrainingJobName``.
        status: member of the description that holds its status.
        noun: what operations call it, such as ``TrainingJob``.
    """

    name: str
    status: str
    noun: str

    @property
    def describe(self) -> str:
        """Name of the operation that describes it."""
        return f"Describe{self.noun}"

    @property
    def stop(self) -> str:
        """Name of the operation that stops it."""
        return f"Stop{self.noun}"


KINDS = {
    "createTrainingJob": Kind("TrainingJobName", "TrainingJobStatus", "TrainingJob"),
    "createProcessingJob": Kind("ProcessingJobName", "ProcessingJobStatus", "ProcessingJob"),
    "createTransformJob": Kind("TransformJobName", "TransformJobStatus", "TransformJob"),
    "createHyperParameterTuningJob": Kind(
        "HyperParameterTuningJobName", "HyperParameterTuningJobStatus", "HyperParameterTuningJob"
    ),
}
_ENDED_WELL, _ENDED_BADLY = frozenset({"Completed"}), frozenset({"Failed", "Stopped", "DeleteFailed"})


def start(client: Client, resource: Resource, request: TaskRequest) -> Submitted:
    """Create the job; a job of that name that an earlier process of this attempt created is taken as ours."""
    kind = KINDS[resource.action]
    name = str((request.arguments or {}).get(kind.name, ""))
    job = {"action": resource.action, "name": name}
    try:
        result = services.send(client, resource, request.arguments)["result"]
    except Failure as failure:
        if not request.again or ("already" not in str(failure.cause) and "InUse" not in str(failure.error)):
            raise
        result = {f"{kind.noun}Arn": _describe(client, kind, name).get(f"{kind.noun}Arn")}
    return Submitted(result, job)


def _describe(client: Client, kind: Kind, name: str) -> dict[str, Any]:
    made = client("sagemaker")
    found: dict[str, Any] = getattr(made, _snake(made, kind.describe))(**{kind.name: name})
    return found


def _snake(made: Any, operation: str) -> str:
    found: str = next(name for name, api in made.meta.method_to_api_mapping.items() if api == operation)
    return found


def poll(client: Client, request: TaskRequest) -> Done | None:
    """Return the job's description once it is complete, None while it runs.

    Raises:
        Failure: ``States.TaskFailed`` with the description as cause, as on AWS.
    """
    kind = KINDS[request.job["action"]]
    found = _describe(client, kind, request.job["name"])
    status = found[kind.status]
    if status not in _ENDED_WELL | _ENDED_BADLY:
        return None
    text = dumps(shapes.to_result(found, shapes.milliseconds, capitals=False))
    if status in _ENDED_BADLY:
        raise Failure(TASK_FAILED, text)
    return Done(text)


def stop(client: Client, request: TaskRequest) -> None:
    """Stop the job; one that has ended is left alone."""
    import botocore.exceptions

    kind = KINDS[request.job["action"]]
    made = client("sagemaker")
    try:
        getattr(made, _snake(made, kind.stop))(**{kind.name: request.job["name"]})
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
