"""Where AWS calls of this process go: the local endpoint or AWS itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Target:
    """A place that speaks AWS's protocols.

    Attributes:
        name: ``local`` or ``aws``.
        endpoint_url: the local endpoint's URL; None on AWS, where each service has its own.
        region: region that clients use.
        access_key, secret_key: the local endpoint's key pair; empty on AWS, whose
            credential chain is the user's own business.
    """

    name: Literal["local", "aws"]
    endpoint_url: str | None
    region: str
    access_key: str = ""
    secret_key: str = ""


def aws_configured() -> bool:
    """Say whether this process has AWS credentials from anywhere, without asking the network."""
    raise NotImplementedError


def activate_local(home: Path | None = None) -> Target:
    """Start the local endpoint if needed and point this process at it."""
    raise NotImplementedError


def activate_aws() -> Target:
    """Put back exactly what was before :func:`activate_local`."""
    raise NotImplementedError


def current() -> Target:
    """Return where calls go now."""
    raise NotImplementedError


def environment(target: Target) -> dict[str, str]:
    """Return the variables that point a shell at ``target``, for ``local env``."""
    raise NotImplementedError


def one_line() -> str:
    """Say where calls go, for previews and runs."""
    raise NotImplementedError
