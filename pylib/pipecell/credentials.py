"""Whether AWS credentials are configured, seen from variables and files alone.

botocore would tell, but it takes tenths of a second to load and asks the network. So this looks
where botocore looks, in the same places, and never reads a secret further than its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_KEYS = (
    "aws_access_key_id",
    "credential_process",
    "role_arn",
    "sso_start_url",
    "sso_session",
    "web_identity_token_file",
    "login_session",
)
_SAGEMAKER = "/opt/ml/metadata/resource-metadata.json"
_EC2 = (
    "/sys/hypervisor/uuid",
    "/sys/devices/virtual/dmi/id/product_uuid",
    "/sys/devices/virtual/dmi/id/sys_vendor",
)


def configured(variables: Mapping[str, str], *, root: Path = Path("/")) -> bool:
    """Say whether there are credentials: variables, files, SageMaker, ECS or an EC2 machine.

    Args:
        variables: the environment.
        root: where the system's own files are.
    """
    if any(variables.get(name) for name in _VARIABLES):
        return True
    if any(_holds_credentials(path) for path in _files(variables)):
        return True
    if (root / _SAGEMAKER.lstrip("/")).exists():
        return True
    disabled = variables.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
    return not disabled and any(_says_ec2(root / path.lstrip("/")) for path in _EC2)


def _files(variables: Mapping[str, str]) -> tuple[Path, ...]:
    home = Path(variables.get("HOME") or "~").expanduser()
    named = (
        variables.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials",
        variables.get("AWS_CONFIG_FILE") or home / ".aws" / "config",
        variables.get("BOTO_CONFIG") or home / ".boto",
    )
    return tuple(Path(path).expanduser() for path in named)


def _holds_credentials(path: Path) -> bool:
    """Say whether a file in AWS's format has a line that gives credentials."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    pairs = (line.partition("=") for line in lines)
    return any(name.strip().lower() in _KEYS and value.strip() for name, _, value in pairs)


def _says_ec2(path: Path) -> bool:
    try:
        text = path.read_bytes()[:64].decode("ascii", "replace").strip().lower()
    except OSError:
        return False
    return text.startswith("ec2") or text == "amazon ec2"
