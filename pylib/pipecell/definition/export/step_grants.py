"""What each kind of step needs its role to be allowed, with resources as narrow as the definition tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.document import Document
from pipecell.definition.export.grants import (
    Grant,
    Surroundings,
    ecr_pull,
    fixed_prefix,
    job_logs,
    kms,
    network,
    pass_role,
    s3_read,
    s3_write,
)
from pipecell.definition.foreknown import BeforeTheRun, known
from pipecell.definition.references import JSON_GET
from pipecell.definition.sagemaker import StepView, iterate_steps

_NAMED = 16  # characters of a step's name that its jobs' names are sure to have
_READ_KEYS = frozenset({"S3Uri", "ModelDataUrl", "ModelDataSource", "sagemaker_submit_directory"})
_WRITE_KEYS = frozenset({"S3OutputPath"})
_OUTPUTS = frozenset(
    {
        "S3Output",
        "OutputDataConfig",
        "CheckpointConfig",
        "DebugHookConfig",
        "ProfilerConfig",
        "TransformOutput",
    }
)
_IMAGES = frozenset({"ImageUri", "TrainingImage", "Image"})
_KEYS = frozenset({"KmsKeyId", "VolumeKmsKeyId", "S3KmsKeyId"})
_ROLES = frozenset({"RoleArn", "ExecutionRoleArn"})


@dataclass(frozen=True)
class _Step:
    """A step and what is known of it before a run."""

    view: StepView
    values: Mapping[str, Any]
    here: Surroundings

    def text(self, *path: str) -> str:
        """Return how a text of the Arguments begins."""
        value: Any = self.view.arguments
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return fixed_prefix(value, self.values)

    def setting(self, key: str) -> str:
        """Return how a text of the step itself begins."""
        return fixed_prefix(self.view.body.get(key), self.values)


def step_grants(document: Document, values: Mapping[str, Any], here: Surroundings) -> Iterator[Grant]:
    """Yield every permission that the role of a SageMaker pipeline needs.

    Args:
        document: the pipeline.
        values: the parameters' values.
        here: account, region and role.

    Source: SageMaker developer guide, "How to use SageMaker AI execution roles", and the service
    authorization reference of each service.
    """
    experiment = document.body.get("PipelineExperimentConfig")
    if experiment:
        yield from _experiment(experiment, values, here)
    for view in iterate_steps(document):
        step = _Step(view, values, here)
        make = _OF.get(view.type)
        if make is not None:
            yield from make(step)
        if view.type != "Condition":
            yield from _uses(step, view.arguments)
        yield from _files(step, view.body)


def uses(arguments: Mapping[str, Any], values: Mapping[str, Any], here: Surroundings) -> Iterator[Grant]:
    """Yield what a job needs whose request is known but for some values: data, images, keys, networks.

    Args:
        arguments: the request.
        values: the parameters' values.
        here: account, region and role.
    """
    view = StepView("", "", arguments, (), None, None, "", {})
    yield from _uses(_Step(view, values, here), arguments)


def _jobs(kind: str, word: str, group: str, prefix_key: str) -> Callable[[_Step], Iterator[Grant]]:
    """Return what makes the grants of a step that runs a job.

    Args:
        kind: the kind in the job's ARN.
        word: the word in the operations' names.
        group: the log group below ``/aws/sagemaker``.
        prefix_key: the argument that gives its name's beginning.
    """

    def make(step: _Step) -> Iterator[Grant]:
        for name in _job_names(step, prefix_key):
            arn = step.here.arn("sagemaker", f"{kind}/{name}")
            for action in (f"Create{word}", f"Describe{word}", f"Stop{word}", "AddTags"):
                yield Grant(f"sagemaker:{action}", arn)
        yield from job_logs(step.here, group)

    return make


def _job_names(step: _Step, prefix_key: str) -> list[str]:
    """Return patterns of the names of a step's jobs; ARNs hold them in lower case, requests as they are."""
    given = step.text(prefix_key) if prefix_key in step.view.arguments else ""
    name = f"{given}*" if given else f"pipelines-*-{step.view.name[:_NAMED]}*"
    return list(dict.fromkeys((name, name.lower())))


def _tuning(step: _Step) -> Iterator[Grant]:
    yield from _jobs("hyper-parameter-tuning-job", "HyperParameterTuningJob", "TrainingJobs", "")(step)
    names = [
        step.here.arn("sagemaker", f"hyper-parameter-tuning-job/{name}") for name in _job_names(step, "")
    ]
    for arn in names:
        yield Grant("sagemaker:ListTrainingJobsForHyperParameterTuningJob", arn)
    # The tuner names its training jobs after itself, and AWS does not say how.
    for action in ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob"):
        yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", "training-job/*"))


def _check(step: _Step) -> Iterator[Grant]:
    yield from _jobs("processing-job", "ProcessingJob", "ProcessingJobs", "ProcessingJobName")(step)
    group = step.setting("ModelPackageGroupName").rpartition("/")[2]
    for action in ("DescribeModelPackage", "ListModelPackages"):
        yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", f"model-package/{group or '*'}/*"))
    for key in ("SuppliedBaselineConstraints", "SuppliedBaselineStatistics"):
        yield from s3_read(step.setting(key))


def _model(step: _Step) -> Iterator[Grant]:
    for name in _job_names(step, "ModelName"):
        for action in ("CreateModel", "DescribeModel", "AddTags"):
            yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", f"model/{name}"))


def _register(step: _Step) -> Iterator[Grant]:
    group = step.text("ModelPackageGroupName").rpartition("/")[2] or "*"
    for word in dict.fromkeys((group, group.lower())):
        for action in ("CreateModelPackageGroup", "DescribeModelPackageGroup", "AddTags"):
            yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", f"model-package-group/{word}"))
        for action in ("CreateModelPackage", "DescribeModelPackage", "AddTags"):
            yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", f"model-package/{word}/*"))


def _lambda(step: _Step) -> Iterator[Grant]:
    arn = step.setting("FunctionArn")
    yield Grant("lambda:InvokeFunction", arn or step.here.arn("lambda", "function:*"))


def _callback(step: _Step) -> Iterator[Grant]:
    parts = step.setting("SqsQueueUrl").split("/")
    known_queue = len(parts) > 4 and parts[0].startswith("http")  # noqa: PLR2004 - https://HOST/ACCOUNT/NAME
    arn = (
        f"arn:aws:sqs:{step.here.region}:{parts[3]}:{parts[4]}" if known_queue else step.here.arn("sqs", "*")
    )
    yield Grant("sqs:SendMessage", arn)


def _emr(step: _Step) -> Iterator[Grant]:
    cluster = step.text("ClusterId")
    arn = step.here.arn("elasticmapreduce", f"cluster/{cluster or '*'}")
    for action in ("AddJobFlowSteps", "CancelSteps", "DescribeCluster", "DescribeStep"):
        yield Grant(f"elasticmapreduce:{action}", arn)
    if not cluster:
        for action in ("RunJobFlow", "TerminateJobFlows", "ListSteps"):
            yield Grant(f"elasticmapreduce:{action}", "*" if action == "RunJobFlow" else arn)
    rule = step.here.arn("events", "rule/SageMakerPipelineExecutionEMR*")
    for action in ("DescribeRule", "PutRule", "PutTargets"):
        yield Grant(f"events:{action}", rule)


def _auto_ml(step: _Step) -> Iterator[Grant]:
    for action in (
        "CreateAutoMLJob",
        "DescribeAutoMLJob",
        "StopAutoMLJob",
        "ListCandidatesForAutoMLJob",
        "AddTags",
    ):
        yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", "automl-job/*"))


def _endpoint(kind: str, word: str) -> Callable[[_Step], Iterator[Grant]]:
    def make(step: _Step) -> Iterator[Grant]:
        for action in (f"Create{word}", f"Describe{word}", f"Update{word}", "AddTags"):
            yield Grant(f"sagemaker:{action}", step.here.arn("sagemaker", f"{kind}/*"))

    return make


_OF: Mapping[str, Callable[[_Step], Iterator[Grant]]] = {
    "Processing": _jobs("processing-job", "ProcessingJob", "ProcessingJobs", "ProcessingJobName"),
    "Training": _jobs("training-job", "TrainingJob", "TrainingJobs", "TrainingJobName"),
    "Transform": _jobs("transform-job", "TransformJob", "TransformJobs", "TransformJobName"),
    "Tuning": _tuning,
    "QualityCheck": _check,
    "ClarifyCheck": _check,
    "Model": _model,
    "RegisterModel": _register,
    "Lambda": _lambda,
    "Callback": _callback,
    "EMR": _emr,
    "AutoML": _auto_ml,
    "EndpointConfig": _endpoint("endpoint-config", "EndpointConfig"),
    "Endpoint": _endpoint("endpoint", "Endpoint"),
}


def _uses(step: _Step, value: Any, *, writes: bool = False) -> Iterator[Grant]:
    """Yield what the places of a step's arguments need: data, images, keys, roles and networks."""
    if isinstance(value, list):
        for item in value:
            yield from _uses(step, item, writes=writes)
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if key in _ROLES:
            yield pass_role(known(item, BeforeTheRun(step.values)), step.here)
        elif key in _IMAGES:
            yield from ecr_pull(fixed_prefix(item, step.values))
        elif key in _KEYS:
            yield from kms(known(item, BeforeTheRun(step.values)), step.here)
        elif key in ("VpcConfig",):
            yield from network(item)
        elif key in _WRITE_KEYS or (writes and key == "S3Uri"):
            uri = fixed_prefix(item, step.values)
            yield from s3_write(uri)
            yield from s3_read(uri)  # steps behind this one, and conditions, read it
        elif (
            key in _READ_KEYS
            and not isinstance(item, list)
            and (not isinstance(item, Mapping) or len(item) == 1)
        ):
            yield from s3_read(fixed_prefix(item, step.values).strip('"'))
        else:
            yield from _uses(step, item, writes=writes or key in _OUTPUTS)


def _files(step: _Step, value: Any) -> Iterator[Grant]:
    """Yield what reading JSON objects needs that a step names by their address."""
    if isinstance(value, list):
        for item in value:
            yield from _files(step, item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key in ("IfSteps", "ElseSteps"):
                continue
            if key == JSON_GET and isinstance(item, Mapping) and item.get("S3Uri") is not None:
                yield from s3_read(fixed_prefix(item["S3Uri"], step.values))
            yield from _files(step, item)


def _experiment(experiment: Any, values: Mapping[str, Any], here: Surroundings) -> Iterator[Grant]:
    name = fixed_prefix(experiment.get("ExperimentName"), values) if isinstance(experiment, Mapping) else ""
    for kind, words in (
        (f"experiment/{name}*" if name else "experiment/*", ("CreateExperiment", "DescribeExperiment")),
        ("experiment-trial/*", ("CreateTrial", "DescribeTrial", "AssociateTrialComponent")),
        (
            "experiment-trial-component/*",
            (
                "CreateTrialComponent",
                "DescribeTrialComponent",
                "UpdateTrialComponent",
                "AssociateTrialComponent",
            ),
        ),
    ):
        for word in (*words, "AddTags"):
            yield Grant(f"sagemaker:{word}", here.arn("sagemaker", kind))
