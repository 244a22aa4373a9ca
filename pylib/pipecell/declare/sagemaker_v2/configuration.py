"""The SageMaker SDK's own configuration file, for a process that works on the local endpoint.

The user's settings stay, with two of ours over them: no telemetry, whose request goes past any
endpoint setting, and the local default bucket, which the SDK would ask STS for at an address that it
hard-codes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipecell.declare.compiled import placeholder_bucket

_VARIABLE = "SAGEMAKER_USER_CONFIG_OVERRIDE"


def write_configuration(folder: Path, region: str, variables: Mapping[str, str]) -> Path:
    """Write the file, unless it is there, and return its path.

    The name holds a digest of the content, so processes with other settings have files of their own.

    Args:
        folder: where to write it.
        region: region of the default bucket.
        variables: the user's environment, which may name their own file.
    """
    content = json.dumps(_with_ours(_read(_own_path(variables)), region), indent=2, sort_keys=True)
    path = folder / f"sagemaker-sdk-{hashlib.sha256(content.encode()).hexdigest()[:12]}.yaml"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(content)  # JSON is YAML, which the SDK reads
        unfinished.replace(path)
    return path


def _own_path(variables: Mapping[str, str]) -> Path | None:
    """Return the user's own file, where the SDK would look for it; None if it is on S3."""
    named = variables.get(_VARIABLE, "")
    if named.startswith("s3://"):
        return None
    if not named:
        import platformdirs

        named = os.path.join(platformdirs.user_config_dir("sagemaker"), "config.yaml")  # noqa: PTH118
    path = Path(named)
    return path / "config.yaml" if path.is_dir() else path


def _read(path: Path | None) -> dict[str, Any]:
    if path is None or not path.is_file():
        return {}
    try:
        import yaml
    except ImportError:
        return {}  # then the SDK is not there either
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}  # the SDK itself reports a broken file as soon as the user works with AWS
    return content if isinstance(content, dict) else {}


def _with_ours(content: dict[str, Any], region: str) -> dict[str, Any]:
    merged = {"SchemaVersion": "1.0", **content}
    modules = _inner(_inner(_inner(merged, "SageMaker"), "PythonSDK"), "Modules")
    modules["TelemetryOptOut"] = True
    _inner(modules, "Session")["DefaultS3Bucket"] = placeholder_bucket(region)
    return merged


def _inner(holder: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(holder.get(name), dict):
        holder[name] = {}
    inner: dict[str, Any] = holder[name]
    return inner
