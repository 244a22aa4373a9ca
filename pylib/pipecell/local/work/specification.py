"""What a job is asked to do and what became of it: the shapes that cross the job folder as JSON.

A `JobSpec` is complete: the supervisor that runs it needs nothing else but the
home. Paths in it are those that the job sees (``/opt/ml/…``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["InProgress", "Stopping", "Completed", "Failed", "Stopped"]
FINAL_STATUSES = frozenset({"Completed", "Failed", "Stopped"})
GRACE_SECONDS = 30.0


@dataclass(frozen=True)
class S3Input:
    """Objects that are copied into the job before it starts.

    Args:
        name: channel or input name.
        uri: ``s3://bucket/prefix``; an object, a prefix or a manifest.
        path: folder that the job sees, below ``/opt/ml``.
        data_type: ``S3Prefix`` or ``ManifestFile``.
        distribution: ``FullyReplicated``, or ``ShardedByS3Key``: every host gets its share of the objects.
        optional: an empty prefix is no error (checkpoints).
    """

    name: str
    uri: str
    path: str
    data_type: str = "S3Prefix"
    distribution: str = "FullyReplicated"
    optional: bool = False


@dataclass(frozen=True)
class S3Output:
    """A folder of the job that is copied to S3.

    Args:
        name: output name.
        path: folder that the job sees, below ``/opt/ml``.
        uri: ``s3://bucket/prefix`` for files, or the whole object's URI with ``archive``.
        upload_mode: ``EndOfJob``, or ``Continuous``: what changed is uploaded while the job runs too.
        archive: write one ``.tar.gz`` object of the folder's content.
        upload_on: the ends of the job at which it is uploaded.
        allow_empty: an archive of an empty folder is written too.
        exclude: names directly below ``path`` that are left out.
    """

    name: str
    path: str
    uri: str
    upload_mode: str = "EndOfJob"
    archive: bool = False
    upload_on: tuple[str, ...] = ("Completed",)
    allow_empty: bool = False
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Host:
    """One instance of the job: a process with an ``/opt/ml`` of its own.

    Args:
        name: ``algo-1``, ``algo-2``, …
        environment: variables of this host's process.
        files: path that the job sees → JSON value written there before the start.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Script:
    """A user's script in an archive on S3 (script mode of the framework images).

    Args:
        archive: ``s3://…/sourcedir.tar.gz``; empty when ``path`` is there already.
        program: the entry point, relative to ``path``.
        arguments: its command line.
        path: where the archive is extracted and the program starts.
    """

    archive: str
    program: str
    arguments: tuple[str, ...] = ()
    path: str = "/opt/ml/code"


@dataclass(frozen=True)
class MetricDefinition:
    """A number that is read from the log: the last match of ``regex``'s first group."""

    name: str
    regex: str


@dataclass(frozen=True)
class JobSpec:
    """Everything that a supervisor needs to run a job.

    Args:
        kind: ``training``, ``processing``, ``transform``; lower case, part of a path.
        name: the job's name as AWS allows it, part of a path.
        python: the user's interpreter; stands for ``python`` and ``python3``.
        command: program and arguments; empty when ``script`` says what runs.
        hosts: one process each, all started together.
        script: script mode instead of a command.
        inputs: copied in before the start.
        outputs: copied out at the end.
        working_directory: where the command starts; a folder that the job sees.
        failure_style: whose words a failure reason uses: ``processing``, ``algorithm`` or ``script``.
        metrics: read from the log of the first host.
        max_runtime_seconds: the job is stopped after so long; None is for ever.
        grace_seconds: between SIGTERM and SIGKILL when it is stopped.
        notes: lines for the top of the log, for example fields that mean nothing here.
        tags: kept for the reader of the folder; nothing depends on them.
    """

    kind: str
    name: str
    python: str
    command: tuple[str, ...] = ()
    hosts: tuple[Host, ...] = (Host("algo-1"),)
    script: Script | None = None
    inputs: tuple[S3Input, ...] = ()
    outputs: tuple[S3Output, ...] = ()
    working_directory: str = "/opt/ml"
    failure_style: Literal["processing", "algorithm", "script"] = "processing"
    metrics: tuple[MetricDefinition, ...] = ()
    max_runtime_seconds: int | None = None
    grace_seconds: float = GRACE_SECONDS
    notes: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-able mapping that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> JobSpec:
        """Read what `to_json` wrote."""
        fields = dict(document)
        script = fields.get("script")
        fields |= {
            "command": tuple(fields["command"]),
            "hosts": tuple(Host(**host) for host in fields["hosts"]),
            "script": None
            if script is None
            else Script(**script | {"arguments": tuple(script["arguments"])}),
            "inputs": tuple(S3Input(**each) for each in fields["inputs"]),
            "outputs": tuple(
                S3Output(**each | {name: tuple(each[name]) for name in ("upload_on", "exclude")})
                for each in fields["outputs"]
            ),
            "metrics": tuple(MetricDefinition(**each) for each in fields["metrics"]),
            "notes": tuple(fields["notes"]),
        }
        return cls(**fields)


@dataclass(frozen=True)
class Transition:
    """One secondary status and when it held; times are epoch seconds."""

    status: str
    started: float
    ended: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Metric:
    """The last value of a metric and when it was logged (epoch seconds)."""

    name: str
    value: float
    timestamp: float


@dataclass(frozen=True)
class JobStatus:
    """What became of a job so far. Times are epoch seconds.

    Args:
        status: AWS's word for the job.
        secondary: AWS's ``SecondaryStatus``: Starting, Downloading, Training, Uploading, Stopping, Completed,
            Failed, Stopped, MaxRuntimeExceeded.
        created: when it was launched.
        started: when the command started (``TrainingStartTime``, ``ProcessingStartTime``).
        ended: when everything was uploaded.
        exit_code: of the host that failed first, else 0; 128 + N for signal N.
        failure_reason: AWS's ``FailureReason``, at most 1,024 characters.
        exit_message: what the job wrote to ``/opt/ml/output/message``.
        transitions: AWS's ``SecondaryStatusTransitions``.
        metrics: AWS's ``FinalMetricDataList``.
        billable_seconds: run time × instances, as AWS would bill it.
        outputs: S3 URI of every output that was uploaded, by its name; ``model`` is the model's artifact.
        attempt: 1, or more when a supervisor was killed.
    """

    status: Status
    secondary: str
    created: float
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    failure_reason: str | None = None
    exit_message: str | None = None
    transitions: tuple[Transition, ...] = ()
    metrics: tuple[Metric, ...] = ()
    billable_seconds: int | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1

    @property
    def is_final(self) -> bool:
        """Whether the job has ended."""
        return self.status in FINAL_STATUSES

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> JobStatus:
        """Read what the supervisor wrote to ``state.json``."""
        fields = dict(document)
        fields |= {
            "transitions": tuple(Transition(**each) for each in fields.get("transitions", ())),
            "metrics": tuple(Metric(**each) for each in fields.get("metrics", ())),
        }
        return cls(**fields)
