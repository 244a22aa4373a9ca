"""Where AWS calls of this process go: the local endpoint or AWS itself.

Choosing ``local`` changes the process so that the user's own unmodified SDK and boto3 code reaches the
local endpoint: environment variables, boto3's default session, the SageMaker SDK's configuration and
the one address that it hard-codes. Choosing ``aws`` puts back exactly what was.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipecell.errors import EndpointError, UsageError, did_you_mean

TargetName = Literal["local", "aws"]

TARGETS = ("local", "aws")
"""Where a pipeline can run."""

PLACES = {"local": "on this machine", "aws": "on AWS"}
"""Where a target runs, in words for people."""

CALLS = {"local": "AWS calls stay on this machine", "aws": "AWS calls go to AWS"}
"""Where the AWS calls of a notebook go, in words for people."""

_DEFAULT_REGION = "us-east-1"
_OUR_KEYS = ("AKIAPIPECELL", "ASIAPIPECELL")

# What would lead clients past the endpoint, or sign with somebody else's keys.
_IN_THE_WAY = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
_PER_SERVICE = "AWS_ENDPOINT_URL_"
_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@dataclass(frozen=True)
class Target:
    """A place that speaks AWS's protocols.

    Attributes:
        name: ``local`` or ``aws``.
        endpoint_url: the local endpoint's URL; None on AWS, where each service has its own.
        region: region that clients use; empty where AWS's configuration names none.
        access_key, secret_key: the local endpoint's key pair; empty on AWS, whose
            credential chain is the user's own business.
        home: the local endpoint's folder; None for the user's own.
    """

    name: TargetName
    endpoint_url: str | None
    region: str
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    home: Path | None = None


@dataclass(frozen=True)
class _Before:
    """What ``activate_local`` changed: variables as they were (None: absent) and boto3's default session."""

    variables: Mapping[str, str | None]
    default_session: Any


class _State:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.target: Target | None = None
        self.before: _Before | None = None


_STATE = _State()


def local_target(home: Path | None = None, *, start: bool = True) -> Target:
    """Return where the local endpoint is.

    Args:
        home: its home; None for the user's own.
        start: start it if it is not running.

    Raises:
        EndpointError: it is not running (``PC891``), or cannot be started.
    """
    from pipecell.local import daemon
    from pipecell.local.home import Home

    place = Home(home) if home is not None else Home.default()
    found = daemon.start(place) if start else daemon.find(place)
    if found is None:
        raise EndpointError(
            "The local endpoint is not running.",
            code="PC891",
            hint="`pipecell local start` starts it; nothing is lost.",
        )
    return Target("local", found.endpoint, _region(), found.access_key, found.secret_key, found.home)


def activate_local(home: Path | None = None) -> Target:
    """Start the local endpoint if needed and point this process at it.

    Doing it again finds the endpoint anew, should it have been started elsewhere meanwhile; what is
    put back later stays what was before the first time.

    Args:
        home: the endpoint's folder; the user's own by default.

    Raises:
        EndpointError: the endpoint cannot be started; nothing was changed.
        MissingDependencyError: the packages of ``pipecell[local]`` are not installed.
    """
    from pipecell.declare.sagemaker_v2 import point_sdk_at
    from pipecell.local import daemon
    from pipecell.local.home import Home

    info = daemon.start(Home(home) if home is not None else None)
    with _STATE.lock:
        target = Target("local", info.endpoint, _region(), info.access_key, info.secret_key, info.home)
        wanted = _wanted(target, _original())
        _keep(wanted)
        _set(wanted)
        _reset_default_session(None)
        point_sdk_at(info.endpoint)
        _STATE.target = target
    return target


def activate_aws() -> Target:
    """Put back exactly what was before :func:`activate_local`; changes nothing otherwise.

    Returns:
        Where calls go now: the local endpoint still, if this process was started with an environment that
        names it.
    """
    with _STATE.lock:
        before, _STATE.before, _STATE.target = _STATE.before, None, None
        if before is not None:
            from pipecell.declare.sagemaker_v2 import restore_sdk

            _set(before.variables)
            _reset_default_session(before.default_session)
            restore_sdk()
        return current()


def current() -> Target:
    """Return where calls go now: what was chosen, else what the environment says."""
    with _STATE.lock:
        if _STATE.target is not None:
            return _STATE.target
    if names_local(os.environ):
        return Target(
            "local",
            os.environ["AWS_ENDPOINT_URL"],
            _region(),
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
        )
    return Target("aws", None, os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "")


def activate(name: str) -> Target:
    """Choose a target by name.

    Raises:
        UsageError: there is no such target.
        EndpointError: the local endpoint cannot be started.
    """
    if name == "local":
        return activate_local()
    if name == "aws":
        return activate_aws()
    raise UsageError(f'There is no target "{name}".', code="PC914", hint=did_you_mean(name, TARGETS))


def environment(target: Target) -> dict[str, str]:
    """Return the variables that point a shell, or a child process, at ``target``.

    For the local endpoint this writes the SageMaker SDK's configuration file into the endpoint's home.
    Variables of :func:`in_the_way` have to be removed as well.
    """
    if target.name == "aws":
        return {}
    return {name: value for name, value in _wanted(target, _original()).items() if value is not None}


def in_the_way(variables: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the variables that would lead clients past the local endpoint: profiles, tokens, overrides.

    Args:
        variables: an environment; this process's own by default.
    """
    variables = os.environ if variables is None else variables
    return tuple(sorted(name for name in variables if name in _IN_THE_WAY or name.startswith(_PER_SERVICE)))


def aws_environment() -> dict[str, str | None]:
    """Return the variables to have in place to reach AWS from here, None meaning absent."""
    with _STATE.lock:
        before = dict(_STATE.before.variables) if _STATE.before is not None else {}
    if names_local({**os.environ, **{name: value or "" for name, value in before.items()}}):
        # This process was started with them.
        before |= dict.fromkeys(
            (
                "AWS_ENDPOINT_URL",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_EC2_METADATA_DISABLED",
                "SAGEMAKER_USER_CONFIG_OVERRIDE",
            )
        )
    return before


def names_local(variables: Mapping[str, str]) -> bool:
    """Say whether an environment points at a local endpoint of pipecell, running or not."""
    return bool(variables.get("AWS_ENDPOINT_URL")) and variables.get("AWS_ACCESS_KEY_ID", "").startswith(
        _OUR_KEYS
    )


def aws_configured() -> bool:
    """Say whether this process has AWS credentials from anywhere, without asking the network.

    Not if its environment names the local endpoint. On a machine of EC2 the answer is yes, for only the
    network knows whether the machine has a role.
    """
    from pipecell.credentials import configured

    with _STATE.lock:
        before = _STATE.before.variables if _STATE.before is not None else {}
    variables = {name: value for name, value in {**os.environ, **before}.items() if value is not None}
    return not names_local(variables) and configured(variables)


def one_line(name: TargetName | None = None) -> str:
    """Say in one line where calls go, for previews and runs.

    Args:
        name: a target that is being chosen; by default the current one.
    """
    target = current()
    if (name or target.name) == "local":
        return "AWS calls from here go to the local endpoint on this machine; AWS itself is not called."
    facts = [f"profile {os.environ['AWS_PROFILE']}"] if os.environ.get("AWS_PROFILE") else []
    facts += [target.region] if target.region else []
    where = f" ({', '.join(facts)})" if facts else ""
    return f"AWS calls from here go to AWS{where}; pipelines run on this machine unless you say --on aws."


def _original() -> dict[str, str]:
    """Return the environment as it was before the local target was chosen."""
    before = _STATE.before.variables if _STATE.before is not None else {}
    merged: dict[str, str | None] = {**os.environ, **before}
    return {name: value for name, value in merged.items() if value is not None}


def _wanted(target: Target, original: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables to set for the local target, None for those to remove."""
    from pipecell.declare.sagemaker_v2.configuration import write_configuration
    from pipecell.local.home import Home

    home = Home(target.home) if target.home is not None else Home.default()
    wanted: dict[str, str | None] = dict.fromkeys(in_the_way(original))
    wanted |= {
        "AWS_ENDPOINT_URL": target.endpoint_url,
        "AWS_ACCESS_KEY_ID": target.access_key,
        "AWS_SECRET_ACCESS_KEY": target.secret_key,
        "AWS_DEFAULT_REGION": target.region,
        "AWS_REGION": target.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(
            write_configuration(home.cache_folder, target.region, original)
        ),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    if any(original.get(name) for name in _PROXIES):
        hosts = original.get("no_proxy") or original.get("NO_PROXY") or ""
        around = ",".join(dict.fromkeys([*filter(None, hosts.split(",")), "127.0.0.1", "localhost"]))
        wanted |= {"NO_PROXY": around, "no_proxy": around}
    return wanted


def _keep(wanted: Mapping[str, str | None]) -> None:
    """Remember how the variables were that are about to change, unless they are remembered already."""
    kept = dict(_STATE.before.variables) if _STATE.before is not None else {}
    kept |= {name: os.environ.get(name) for name in wanted if name not in kept}
    session = _STATE.before.default_session if _STATE.before is not None else _default_session()
    _STATE.before = _Before(kept, session)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _default_session() -> Any:
    return getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)


def _reset_default_session(session: Any) -> None:
    """Give boto3 a default session; None for one that it makes itself from the environment."""
    boto3 = sys.modules.get("boto3")
    if boto3 is not None:
        boto3.DEFAULT_SESSION = session  # type: ignore[attr-defined]


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _DEFAULT_REGION
