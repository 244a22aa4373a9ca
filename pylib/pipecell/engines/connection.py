"""The way to one AWS, real or local: an address, a region, credentials, and clients made of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pipecell.errors import EndpointError, ExecutionError, MissingDependencyError

LOCAL_ACCOUNT = "000000000000"
"""The account number in every ARN of the local endpoint."""

_making_clients = threading.Lock()
"""boto3 sessions are not thread-safe while they make clients; clients are thread-safe afterwards."""


_NO_SETTINGS: dict[str, tuple[None, None, str | None, None]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""botocore's session variables, of which (configuration key, environment variable, default, conversion)
are such that the user's profiles and files have no say in what concerns this machine's endpoint alone."""


@dataclass(frozen=True)
class Connection:
    """Where calls go and who makes them.

    Attributes:
        endpoint_url: the local endpoint; None for AWS itself.
        region: the region; empty to take it from the user's AWS configuration.
        access_key, secret_key: credentials; empty to take the user's own chain.
        environment: variables to have in place while clients are made, None meaning absent; this is
            how calls reach AWS from a process whose environment points at the local endpoint.
    """

    endpoint_url: str | None
    region: str = ""
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    environment: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def target(self) -> str:
        """``local`` or ``aws``."""
        return "local" if self.endpoint_url else "aws"

    def client(self, service: str) -> Any:
        """Return boto3's client of a service, made at its first use."""
        client = self._clients.get(service)
        if client is None:
            with _making_clients, _environment(self.environment):
                client = self._clients.get(service) or self._make(service)
                self._clients[service] = client
        return client

    def region_name(self) -> str:
        """Return the region that calls go to.

        Raises:
            ExecutionError: none is configured (``PC704``).
        """
        return str(self.client("sts").meta.region_name)

    def _make(self, service: str) -> Any:
        try:
            import boto3
            import botocore.session
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError as error:
            raise MissingDependencyError(
                "boto3 is needed to run pipelines.", hint="pip install boto3"
            ) from error
        core = botocore.session.Session(session_vars=_NO_SETTINGS if self.endpoint_url else None)
        options: dict[str, Any] = {"retries": {"mode": "standard", "max_attempts": 5}}
        if self.endpoint_url:
            options = {
                "retries": {"mode": "standard", "max_attempts": 2},
                "proxies": {},  # the user's proxy cannot reach this machine's endpoint
                "s3": {"addressing_style": "path"},
                "inject_host_prefix": False,  # sync-127.0.0.1 is no host; AWS has hosts of such names
            }
        try:
            session = boto3.Session(
                aws_access_key_id=self.access_key or None,
                aws_secret_access_key=self.secret_key or None,
                region_name=self.region or None,
                botocore_session=core,
            )
            # Asked for now, while the right environment is in place; botocore refreshes them later.
            session.get_credentials()
            return session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.endpoint_url,
                config=Config(connect_timeout=5, read_timeout=60, user_agent_extra="pipecell", **options),
            )
        except BotoCoreError as error:
            raise ExecutionError(
                f"No AWS client can be made: {error}",
                code="PC704",
                hint="Configure a region and credentials (aws configure), or run on this machine.",
            ) from error


@contextmanager
def aws_errors(doing: str, *, connection: Connection, step: str | None = None) -> Iterator[None]:
    """Turn botocore's errors into ours: what was being done, AWS's code and words, the way out.

    Raises:
        ExecutionError: AWS refused (``PC702``) or credentials are missing (``PC704``).
        EndpointError: the local endpoint does not answer (``PC890``).
    """
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        _raise_refused(doing, error, step, "The local endpoint" if connection.endpoint_url else "AWS")
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        if connection.endpoint_url:
            raise EndpointError(
                f"The local endpoint at {connection.endpoint_url} does not answer.",
                code="PC890",
                hint="`pipecell local start` starts it again; nothing is lost.",
            ) from error
        raise ExecutionError(
            f"AWS cannot be reached while {doing}: {error}", code="PC703", step=step
        ) from error
    except exceptions.NoCredentialsError as error:
        raise ExecutionError(
            "There are no AWS credentials here.",
            code="PC704",
            hint="Configure them (aws configure), or run on this machine.",
            step=step,
        ) from error
    except exceptions.BotoCoreError as error:
        raise ExecutionError(f"{doing.capitalize()} failed: {error}", code="PC704", step=step) from error


def error_code(error: Exception) -> str:
    """Return AWS's error code of a botocore ClientError, else an empty string."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _raise_refused(doing: str, error: Any, step: str | None, who: str) -> NoReturn:
    details = error.response.get("Error", {})
    code, message = details.get("Code", "Error"), details.get("Message", "") or "no reason given"
    raise ExecutionError(
        f"{who} refused {doing}: {code}: {message.rstrip('.')}.", code="PC702", step=step
    ) from error


@contextmanager
def _environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Have variables in place for a moment; None removes one."""
    before = {name: os.environ.get(name) for name in variables}
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


Connect = Callable[[], Connection]
"""Finds the way anew each time: the local endpoint may have been started again elsewhere."""
