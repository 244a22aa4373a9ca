"""What compiling gives: a definition, the files it needs, and whose role it runs under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecell.definition.checks.diagnostic import Diagnostic
    from pipecell.definition.document import Document

PLACEHOLDER_ACCOUNT = "000000000000"
"""The account of every definition compiled offline, and the local endpoint's own."""

PLACEHOLDER_ROLE = (
    f"arn:aws:iam::{PLACEHOLDER_ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole-pipecell"
)
"""What ``get_execution_role()`` answers offline, and the local endpoint's own role."""


def placeholder_bucket(region: str) -> str:
    """Return what ``default_bucket()`` answers offline: the SDK's own pattern."""
    return f"sagemaker-{region}-{PLACEHOLDER_ACCOUNT}"


@dataclass(frozen=True)
class Upload:
    """One object that must be in S3 before the definition can run.

    Attributes:
        source: the bytes themselves, or the path of a file too large to hold in memory.
        bucket, key: where the definition expects it.
        digest: SHA-256 of the content in hexadecimal; for a file kept as a path, of its
            path, size and modification time, since reading it would make every cell slow.
        kms_key: the key that the SDK was asked to encrypt it with; empty when none.
    """

    source: Path | bytes
    bucket: str
    key: str
    digest: str
    kms_key: str = ""

    @property
    def uri(self) -> str:
        """The object's S3 URI."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class LambdaFunction:
    """A Lambda function that a pipeline creates or updates when it is deployed, for its ``LambdaStep``.

    Attributes:
        name: function name.
        arn: ARN with the placeholder account, as the definition holds it.
        code: the zip archive; None when it is the upload at ``bucket`` and ``key``.
        bucket, key: where the archive is among the uploads; empty when ``code`` holds it.
        settings: the other members of botocore's ``CreateFunctionRequest``.
    """

    name: str
    arn: str
    code: bytes | None
    bucket: str = ""
    key: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """A step that a cell names and no cell declares.

    Attributes:
        name: the step that is not there.
        user: the step that names it.
        kind: what for: ``data``, ``control`` or ``branch``.
        label: the output that is read, or ``true`` or ``false`` of a branch.
    """

    name: str
    user: str
    kind: str
    label: str = ""


@dataclass(frozen=True)
class Compiled:
    """A pipeline as the product knows it: official JSON and what it refers to.

    Attributes:
        document: the definition; its ``cells`` name the cell of each step.
        uploads: files to put in S3 before a run, in the order the SDK asked for them.
        tags: tags of the pipeline itself, ``{"Key": …, "Value": …}``, from a held-back ``upsert(tags=…)``.
        role: role that the pipeline runs under: the one a held-back ``upsert(role_arn=…)`` named,
            else the placeholder.
        region: region that images and the default bucket were resolved for.
        parallelism: AWS's ``ParallelismConfiguration`` of a held-back ``upsert``; None when not asked for.
        functions: Lambda functions to create or update before a run.
        input: input of an execution that a held-back ``workflow.execute(inputs=…)`` named; None without.
        diagnostics: what compiling found; the checks of the definition itself come on top.
        missing: steps that the cells name and no cell declares.
    """

    document: Document
    uploads: tuple[Upload, ...] = ()
    tags: tuple[dict[str, str], ...] = ()
    role: str = PLACEHOLDER_ROLE
    region: str = "us-east-1"
    parallelism: Mapping[str, Any] | None = None
    functions: tuple[LambdaFunction, ...] = ()
    input: Any = None
    diagnostics: tuple[Diagnostic, ...] = ()
    missing: tuple[Missing, ...] = ()

    @property
    def files(self) -> dict[str, bytes]:
        """Content of the uploads that are small enough to be held in memory, by S3 URI: all code is."""
        return {upload.uri: upload.source for upload in self.uploads if isinstance(upload.source, bytes)}
