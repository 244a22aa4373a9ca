"""The SDK's Session without AWS: it answers from the placeholders and records what it would upload.

Replaced are the few methods through which all of the SDK reaches STS, IAM and S3, and, below them,
two of botocore's: credentials are looked up only when a request needs them (a search of the chain
may ask the network), and a process without a region has one.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipecell.declare.compiled import PLACEHOLDER_ACCOUNT, PLACEHOLDER_ROLE, placeholder_bucket
from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.archives import IGNORED, write_tar
from pipecell.declare.sagemaker_v2.context import Offline, fallback_region, offline_answer
from pipecell.declare.sagemaker_v2.failure import not_asked
from pipecell.errors import DeclarationError


def _initialize(
    offline: Offline, original: Any, session: Any, boto_session: Any = None, *args: Any, **kwargs: Any
) -> None:
    """Initialize a Session whose clients are made when something asks them.

    A Session makes six clients, each from a large service model, and cells make many Sessions: every
    processor and estimator without one makes its own.
    """
    import boto3

    real = boto_session or boto3.DEFAULT_SESSION or offline.shared("boto3", boto3.Session)
    original(session, _LateSession(real), *args, **kwargs)
    session.boto_session = real


class _LateSession:
    """A boto3 session whose clients and resources are made late."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def client(self, *args: Any, **kwargs: Any) -> LateClient:
        return LateClient(lambda: self._real.client(*args, **kwargs))

    def resource(self, *args: Any, **kwargs: Any) -> LateClient:
        return LateClient(lambda: self._real.resource(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class LateClient:
    """A boto3 client or resource that is made at its first use, and is that client from then on."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def _client(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._client(), name)

    def __dir__(self) -> list[str]:
        return dir(self._client())

    def __repr__(self) -> str:
        return repr(self._client())


def _configuration(offline: Offline, original: Any, *args: Any, **kwargs: Any) -> Any:
    """Read the SDK's configuration files once for a cell: validating them is slow."""
    if args or set(kwargs) - {"s3_resource"}:
        return original(*args, **kwargs)
    return copy.deepcopy(offline.shared("configuration", lambda: original(**kwargs)))


def _default_bucket(offline: Offline, original: Any, session: Any) -> str:
    """Answer the bucket that the user or their SDK configuration names, else the placeholder."""
    del offline, original
    return session._default_bucket_name_override or placeholder_bucket(session.boto_region_name)


def _bucket_name(offline: Offline, original: Any, boto_session: Any) -> str:
    del offline, original
    return placeholder_bucket(boto_session.region_name or fallback_region())


def _account_id(offline: Offline, original: Any, session: Any) -> str:
    del offline, original, session
    return PLACEHOLDER_ACCOUNT


def _caller_identity(offline: Offline, original: Any, session: Any) -> str:
    del offline, original, session
    return PLACEHOLDER_ROLE


def _expand_role(offline: Offline, original: Any, session: Any, role: str) -> str:
    """Return an ARN as it is, and a role's name as an ARN of the placeholder account."""
    del offline, original
    if "/" in role:
        return role
    return f"arn:{_partition(session.boto_region_name)}:iam::{PLACEHOLDER_ACCOUNT}:role/{role}"


def _partition(region: str) -> str:
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")


def _upload_data(  # noqa: PLR0917 - the SDK's own signature
    offline: Offline,
    original: Any,
    session: Any,
    path: Any,
    bucket: str | None = None,
    key_prefix: str = "data",
    callback: Any = None,
    extra_args: dict[str, Any] | None = None,
) -> str:
    del original, callback
    from sagemaker.s3_utils import determine_bucket_and_prefix

    bucket, key_prefix = determine_bucket_and_prefix(
        bucket=bucket, key_prefix=key_prefix, sagemaker_session=session
    )
    return offline.recorder.put_path(_local_path(path), bucket, key_prefix, _kms_key(extra_args))


def _local_path(path: Any) -> Path:
    text = os.fspath(path)
    return Path(text.removeprefix("file://"))


def _kms_key(extra_args: dict[str, Any] | None) -> str | None:
    return (extra_args or {}).get("SSEKMSKeyId")


def _upload_string(  # noqa: PLR0917 - the SDK's own signature
    offline: Offline,
    original: Any,
    session: Any,
    body: Any,
    bucket: str,
    key: str,
    kms_key: str | None = None,
) -> str:
    del original, session
    content = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else body.read()
    return offline.recorder.put(content, bucket, key, kms_key)


def _upload_bytes(  # noqa: PLR0917 - the SDK's own signature
    offline: Offline,
    original: Any,
    b: Any,
    s3_uri: str,
    kms_key: str | None = None,
    sagemaker_session: Any = None,
) -> str:
    del original, sagemaker_session
    bucket, _, key = s3_uri.removeprefix("s3://").partition("/")
    return offline.recorder.put(
        bytes(b) if isinstance(b, bytes | bytearray) else b.read(), bucket, key, kms_key
    )


def _tar_and_upload(  # noqa: PLR0917 - the SDK's own signature
    offline: Offline,
    original: Any,
    session: Any,
    bucket: str,
    s3_key_prefix: str,
    script: Any,
    directory: Any = None,
    dependencies: list[str] | None = None,
    kms_key: str | None = None,
    s3_resource: Any = None,
    settings: Any = None,
    expected_bucket_owner: str | None = None,
) -> Any:
    """Pack code as ``fw_utils.tar_and_upload_dir`` does, into an archive that depends on it alone."""
    del s3_resource
    recording = _RecordingS3(offline)
    return original(
        session,
        bucket,
        s3_key_prefix,
        script,
        directory=directory,
        dependencies=dependencies,
        kms_key=kms_key,
        s3_resource=recording,
        settings=settings,
        expected_bucket_owner=expected_bucket_owner,
    )


class _RecordingS3:
    """What ``tar_and_upload_dir`` needs of a boto3 S3 resource."""

    def __init__(self, offline: Offline) -> None:
        self._offline = offline

    def Object(self, bucket: str, key: str) -> _RecordingObject:  # noqa: N802 - boto3's name
        return _RecordingObject(self._offline, bucket, key)


class _RecordingObject:
    def __init__(self, offline: Offline, bucket: str, key: str) -> None:
        self._offline = offline
        self._where = bucket, key

    def upload_file(self, path: str, ExtraArgs: dict[str, Any] | None = None) -> None:  # noqa: N803
        self._offline.recorder.put_file(path, *self._where, _kms_key(ExtraArgs))


def _save_model(
    offline: Offline, original: Any, repacked_model_uri: str, tmp_model_path: str, *args: Any, **kwargs: Any
) -> None:
    if not repacked_model_uri.lower().startswith("s3://"):
        original(repacked_model_uri, tmp_model_path, *args, **kwargs)
        return
    bucket, _, key = repacked_model_uri[len("s3://") :].partition("/")
    offline.recorder.put_file(tmp_model_path, bucket, key, kwargs.get("kms_key"))


def _create_tar(offline: Offline, original: Any, source_files: list[str], target: str | None = None) -> str:
    del offline
    if target is None:
        return str(original(source_files))
    write_tar(source_files, target)
    return target


def _hash_folder(offline: Offline, original: Any, directory: Any, sha256: Any) -> Any:
    """Digest a source folder as the SDK does, but without byte code and notebook checkpoints."""
    del offline, original
    from sagemaker.workflow.utilities import _hash_dir, _hash_file

    folder = Path(directory)
    if not folder.is_dir():
        raise ValueError(f"{directory} is not a valid directory")
    for path in sorted(folder.iterdir()):
        if path.name in IGNORED:
            continue
        sha256.update(path.name.encode())
        if path.is_file():
            sha256 = _hash_file(path, sha256)
        elif path.is_dir():
            sha256 = _hash_dir(path, sha256)
    return sha256


def _start_job(  # noqa: PLR0917 - the SDK's own signature
    offline: Offline, original: Any, session: Any, request: Any, create: Any, func_name: str | None = None
) -> Any:
    """Refuse to start a job from a cell that declares a pipeline."""
    del offline, original, session, request, create
    raise DeclarationError(
        f"{_CALLS.get(func_name or '', func_name or 'This')} would start a job now, with this session.",
        code="PC607",
        hint="Give it sagemaker_session=PipelineSession(), so that its result becomes a step's step_args; "
        "or run it in a cell without %%pipeline.",
    )


_CALLS = {
    "train": "Estimator.fit()",
    "process": "Processor.run()",
    "transform": "Transformer.transform()",
    "create_tuning_job": "HyperparameterTuner.fit()",
    "create_model": "Model.create()",
    "create_model_package_from_containers": "Model.register()",
    "auto_ml": "AutoML.fit()",
}


def _region(offline: Offline, original: Any, session: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    del offline
    value = original(session, name, *args, **kwargs)
    return fallback_region() if value is None and name == "region" else value


def _credentials(offline: Offline, original: Any, session: Any) -> Any:
    del offline
    if session._credentials is not None or _has_key_in_environment(session):
        return original(session)
    return LateCredentials(session)


def _has_key_in_environment(session: Any) -> bool:
    return bool(os.environ.get("AWS_ACCESS_KEY_ID")) and session.instance_variables().get("profile") is None


class LateCredentials:
    """Credentials that are looked up at the first request, as the client's own session would.

    Clients made in a ``%%pipeline`` cell live on; what they do later is theirs.
    """

    method = "late"

    def __init__(self, session: Any) -> None:
        self._session = session
        self._found: Any = None

    def _find(self) -> Any:
        if self._found is None:
            self._found = self._session.get_component("credential_provider").load_credentials()
        if self._found is None:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        return self._found

    def get_frozen_credentials(self) -> Any:
        """Return access key, secret key and token for one request."""
        return self._find().get_frozen_credentials()

    def get_deferred_property(self, name: str) -> Any:
        """Return a function that looks up one property, such as the account, when a request needs it."""
        return lambda: getattr(self._find(), name, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._find(), name)


def _api_call(offline: Offline, original: Any, client: Any, operation: str, parameters: Any) -> Any:
    """Answer, while compiling, that nothing exists: where the SDK can do without, it does."""
    if not offline.compiling:
        return original(client, operation, parameters)
    raise not_asked(client.meta.service_model.service_name, operation)


def _no_image(offline: Offline, original: Any, transformer: Any) -> None:
    """Do not look up the model's image: it only names the job, which a pipeline names itself."""
    del offline, original, transformer


_RESOLVER: list[Any] = []


def _resolver(offline: Offline, original: Any) -> Any:
    """Parse botocore's endpoints once: the SDK does it again for every image URI, 94 % of its time."""
    del offline
    if not _RESOLVER:
        _RESOLVER.append(original())
    return _RESOLVER[0]


_VALIDATED: set[str] = set()


def _validate(offline: Offline, original: Any, sagemaker_config: Any = None) -> None:
    """Validate a configuration once: the SDK does it again for each setting that it looks up, 0.2 s each."""
    del offline
    content = json.dumps(sagemaker_config, sort_keys=True, default=str)
    if content not in _VALIDATED:
        original(sagemaker_config)
        _VALIDATED.add(content)


PATCHES = (
    Patch("sagemaker.session", "Session._initialize", offline_answer(_initialize)),
    Patch("sagemaker.session", "load_sagemaker_config", offline_answer(_configuration)),
    Patch("sagemaker.session", "Session.default_bucket", offline_answer(_default_bucket)),
    Patch("sagemaker.session", "Session.account_id", offline_answer(_account_id)),
    Patch("sagemaker.session", "Session.get_caller_identity_arn", offline_answer(_caller_identity)),
    Patch("sagemaker.session", "Session.expand_role", offline_answer(_expand_role)),
    Patch("sagemaker.session", "Session.upload_data", offline_answer(_upload_data)),
    Patch("sagemaker.session", "Session.upload_string_as_file_body", offline_answer(_upload_string)),
    Patch("sagemaker.session", "Session._intercept_create_request", offline_answer(_start_job)),
    Patch("sagemaker.session", "generate_default_sagemaker_bucket_name", offline_answer(_bucket_name)),
    Patch("sagemaker.s3", "S3Uploader.upload_bytes", offline_answer(_upload_bytes)),
    Patch("sagemaker.fw_utils", "tar_and_upload_dir", offline_answer(_tar_and_upload)),
    Patch("sagemaker.estimator", "tar_and_upload_dir", offline_answer(_tar_and_upload)),
    Patch("sagemaker.transformer", "Transformer._retrieve_image_uri", offline_answer(_no_image)),
    Patch("sagemaker.utils", "create_tar_file", offline_answer(_create_tar)),
    Patch("sagemaker.utils", "_save_model", offline_answer(_save_model)),
    Patch("sagemaker.workflow.utilities", "_hash_dir", offline_answer(_hash_folder)),
    Patch("sagemaker.workflow._utils", "_save_model", offline_answer(_save_model)),
    Patch("sagemaker.utils", "_botocore_resolver", offline_answer(_resolver)),
    Patch("sagemaker.utils", "validate_sagemaker_config", offline_answer(_validate)),
    Patch("sagemaker.session", "validate_sagemaker_config", offline_answer(_validate)),
    Patch("sagemaker.config.config", "validate_sagemaker_config", offline_answer(_validate)),
    Patch("botocore.session", "Session.get_config_variable", offline_answer(_region)),
    Patch("botocore.session", "Session.get_credentials", offline_answer(_credentials)),
    Patch("botocore.client", "BaseClient._make_api_call", offline_answer(_api_call)),
)
