"""What the requests of all kinds of jobs share on their way into a container."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local import runtimes
from pipecell.local.home import Home
from pipecell.local.runtimes import Runtime

DEFAULT_MAX_RUNTIME_SECONDS = 86_400

_MEANINGLESS = {
    "network isolation": ("EnableNetworkIsolation", "NetworkConfig.EnableNetworkIsolation"),
    "VPC": ("VpcConfig", "NetworkConfig.VpcConfig"),
    "encryption keys": (
        "OutputDataConfig.KmsKeyId",
        "ResourceConfig.VolumeKmsKeyId",
        "ProcessingOutputConfig.KmsKeyId",
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
        "EnableInterContainerTrafficEncryption",
        "NetworkConfig.EnableInterContainerTrafficEncryption",
    ),
    "spot instances": ("EnableManagedSpotTraining",),
    "warm pools": ("ResourceConfig.KeepAlivePeriodInSeconds",),
    "debugger and profiler rules": ("DebugRuleConfigurations", "ProfilerRuleConfigurations"),
    "shuffling": ("ShuffleConfig",),
}


def runtime_of(image: str, kind: str, home: Home, python: str, path: str) -> Runtime:
    """Return what stands in for an image.

    Args:
        image: its URI.
        kind: ``training`` or ``processing``.
        home: holds the user's mappings.
        python: the user's interpreter.
        path: the request's field, for the error.

    Raises:
        EndpointError: PC831 nothing does, or it lacks a package.
    """
    reason = runtimes.check_image(image, kind, home, python=python)
    runtime = runtimes.find(image, home, python=python)
    if reason is not None or runtime is None:
        raise EndpointError(reason or f"No program stands in for {image!r}.", code="PC831", path=path)
    return runtime


def refuse(message: str, path: str) -> EndpointError:
    """Return the error of a field that cannot be honoured on this machine."""
    return EndpointError(f"{message}.", code="PC832", path=path)


def host_names(count: int) -> list[str]:
    """Return AWS's names of a job's instances."""
    return [f"algo-{number}" for number in range(1, count + 1)]


def local_path(path: str, field: str) -> str:
    """Return a path of the job in its plain form.

    Raises:
        EndpointError: PC832 it is not below ``/opt/ml``, or it is this package's own place there.
    """
    normal = posixpath.normpath(path)
    if not normal.startswith("/opt/ml/") or normal.split("/")[3] == ".pipecell":
        raise refuse(f"{path!r} is not below /opt/ml", field)
    return normal


def checked_uri(uri: str, path: str) -> str:
    """Return an S3 URI as it is.

    Raises:
        EndpointError: PC832 it is something else.
    """
    if not re.match(r"s3://[^/]", uri):
        raise refuse(f"{uri!r} is not an s3:// URI", path)
    return uri


def notes_of(request: Mapping[str, Any]) -> list[str]:
    """Return lines for the log: the request's fields that mean nothing on this machine."""
    ignored = [what for what, paths in _MEANINGLESS.items() if any(_lookup(request, path) for path in paths)]
    return [f"Ignored on this machine: {', '.join(ignored)}."] if ignored else []


def _lookup(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def common_environment(request: Mapping[str, Any], region: str) -> dict[str, str]:
    """Return the region's variables and the request's own."""
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **{name: str(value) for name, value in (request.get("Environment") or {}).items()},
    }
