"""The kinds of SageMaker's jobs, and the words in which AWS speaks of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Words of one kind of job.

    Attributes:
        prefix: what its fields begin with: ``TrainingJob`` for TrainingJobName, TrainingJobArn and
            TrainingJobStatus.
        resource: the type in its ARN.
        time_prefix: what its start and end times begin with.
        metadata: its member of a step's Metadata.
        log_group: where its log is; None when it has none of its own.
        taken_text: what AWS says when a name is taken; ``{arn}`` stands for the other job.
        missing_text: what AWS says when there is none of a name.
        missing_code: with which error code.
    """

    prefix: str
    resource: str
    time_prefix: str
    metadata: str
    log_group: str | None
    taken_text: str
    missing_text: str
    missing_code: str = "ValidationException"

    @property
    def is_process(self) -> bool:
        """Whether the job is a process of this machine."""
        return self.log_group is not None

    @property
    def name_key(self) -> str:
        """The field with the job's name."""
        return f"{self.prefix}Name"

    @property
    def arn_key(self) -> str:
        """The field with the job's ARN."""
        return f"{self.prefix}Arn"

    @property
    def status_key(self) -> str:
        """The field with the job's status."""
        return f"{self.prefix}Status"

    @property
    def create_operation(self) -> str:
        """The operation that creates one."""
        return f"Create{self.prefix}"

    def taken(self, arn: str) -> str:
        """Return AWS's sentence for a name that is in use."""
        return self.taken_text.format(arn=arn)


KINDS = {
    "training": Kind(
        prefix="TrainingJob",
        resource="training-job",
        time_prefix="Training",
        metadata="TrainingJob",
        log_group="/aws/sagemaker/TrainingJobs",
        taken_text="Training job names must be unique within an AWS account and region, and a training job"
        " with this name already exists ({arn})",
        missing_text="Requested resource not found.",
    ),
    "processing": Kind(
        prefix="ProcessingJob",
        resource="processing-job",
        time_prefix="Processing",
        metadata="ProcessingJob",
        log_group="/aws/sagemaker/ProcessingJobs",
        taken_text="Job name must be unique within an AWS account and region, and a job with this name"
        " already exists ({arn})",
        missing_text="Could not find requested job with name: {name}",
    ),
    "transform": Kind(
        prefix="TransformJob",
        resource="transform-job",
        time_prefix="Transform",
        metadata="TransformJob",
        log_group="/aws/sagemaker/TransformJobs",
        taken_text="Job name must be unique within an AWS account and region, and a job with this name"
        " already exists ({arn})",
        missing_text="Could not find requested job with name: {name}",
    ),
    "tuning": Kind(
        prefix="HyperParameterTuningJob",
        resource="hyper-parameter-tuning-job",
        time_prefix="HyperParameterTuning",
        metadata="TuningJob",
        log_group=None,
        taken_text="Hyperparameter tuning job names must be unique within an AWS account and region, and a"
        " tuning job with this name already exists ({arn})",
        missing_text="Amazon SageMaker can't find a tuning job with the name {name} in this account.",
        missing_code="ResourceNotFound",
    ),
}
"""By the word that records, job folders and steps use."""
