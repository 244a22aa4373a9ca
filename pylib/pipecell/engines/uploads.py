"""What a definition refers to, put in S3 before it runs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipecell.engines.connection import LOCAL_ACCOUNT, Connection, aws_errors, error_code
from pipecell.engines.engine import Progress, Uploadable
from pipecell.errors import ExecutionError

_AT_ONCE = 8 * 1024 * 1024
"""Content of fewer bytes goes in one request; of more, it is told how much has gone."""


def put(connection: Connection, objects: Sequence[Uploadable], progress: Progress | None = None) -> None:
    """Upload objects in order; buckets of the SDK's own naming are made if they are not there.

    Args:
        connection: where to.
        objects: what.
        progress: told (what, bytes so far, bytes in all) as the upload goes.

    Raises:
        ExecutionError: a file is gone (``PC708``) or AWS refused.
    """
    total = sum(map(size_of, objects))
    client = connection.client("s3")
    done = 0
    for bucket in dict.fromkeys(item.bucket for item in objects):
        ensure_bucket(connection, bucket)
    for item in objects:
        base, label = done, f"s3://{item.bucket}/{item.key}"
        sent = 0

        def report(count: int, base: int = base, label: str = label) -> None:
            nonlocal sent
            sent += count
            if progress is not None:
                progress(label, base + sent, total)

        with aws_errors(f"the upload of {label}", connection=connection):
            _send(client, item, report)
        done += size_of(item)


def put_bytes(connection: Connection, content: bytes, bucket: str, key: str) -> None:
    """Put one object made by ourselves."""
    ensure_bucket(connection, bucket)
    with aws_errors(f"the upload of s3://{bucket}/{key}", connection=connection):
        connection.client("s3").put_object(
            Bucket=bucket, Key=key, Body=content, ContentType="application/json"
        )


def default_bucket(connection: Connection) -> str:
    """Return the bucket that the SDK would use: ``sagemaker-REGION-ACCOUNT``."""
    return f"sagemaker-{connection.region_name()}-{account(connection)}"


def account(connection: Connection) -> str:
    """Return the account that calls are made in."""
    if connection.endpoint_url:
        return LOCAL_ACCOUNT
    with aws_errors("the account", connection=connection):
        return str(connection.client("sts").get_caller_identity()["Account"])


def ensure_bucket(connection: Connection, bucket: str) -> None:
    """Make a bucket that the SDK would have made; one with a name of the user's must exist.

    On this machine every bucket is made: it is an empty folder, and a definition from elsewhere
    names buckets that only exist there.
    """
    client = connection.client("s3")
    with aws_errors(f"a look at bucket {bucket}", connection=connection):
        try:
            client.head_bucket(Bucket=bucket)
        except client.exceptions.ClientError as error:
            if error_code(error) not in ("404", "NoSuchBucket", "NotFound"):
                raise
        else:
            return
    if not connection.endpoint_url and not bucket.startswith("sagemaker-"):
        raise ExecutionError(
            f"Bucket {bucket} does not exist.", code="PC709", hint="Create it, or name another one."
        )
    region = connection.region_name()
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with aws_errors(f"creating bucket {bucket}", connection=connection):
        try:
            client.create_bucket(Bucket=bucket, **place)
        except client.exceptions.ClientError as error:
            if error_code(error) != "BucketAlreadyOwnedByYou":  # another run was as quick
                raise


def _send(client: Any, item: Uploadable, report: Any) -> None:
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": item.kms_key} if item.kms_key else {}
    if isinstance(item.source, bytes) and len(item.source) < _AT_ONCE:
        client.put_object(Bucket=item.bucket, Key=item.key, Body=item.source, **encryption)
        report(len(item.source))
        return
    arguments = {"ExtraArgs": encryption or None, "Callback": report}
    if isinstance(item.source, bytes):
        client.upload_fileobj(io.BytesIO(item.source), item.bucket, item.key, **arguments)
        return
    client.upload_file(str(item.source), item.bucket, item.key, **arguments)


def size_of(item: Uploadable) -> int:
    """Return the bytes of what is to be uploaded.

    Raises:
        ExecutionError: ``PC708``, its file is gone.
    """
    if isinstance(item.source, bytes):
        return len(item.source)
    try:
        return Path(item.source).stat().st_size
    except OSError as error:
        raise ExecutionError(
            f"The file {item.source} cannot be read: {error.strerror or error}.",
            code="PC708",
            hint="Run the declaring cell again.",
        ) from error
