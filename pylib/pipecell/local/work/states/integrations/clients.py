"""boto3 clients of this endpoint, with its own credentials."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipecell.errors import EndpointError

if TYPE_CHECKING:
    from pipecell.local.home import Home

#: Seconds; longer than any function may run.
_READ_TIMEOUT = 960
_CONNECTIONS = 40
#: Seconds that a task waits for the address after a start.
_PATIENCE = 15.0

Client = Callable[[str], Any]
"""Returns the client of a service, by botocore's name."""


class Clients:
    """Makes each client once.

    Args:
        home: where the endpoint says its address and keeps its secret.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None
        #: Address that a request named; else the endpoint's file is read.
        self.address: str | None = None

    def know(self, address: str) -> None:
        """Take note of the endpoint's address."""
        self.address = address

    def region(self, arn: str) -> Client:
        """Return the maker of clients for the region of an execution."""
        region = arn.split(":")[3]
        return lambda service: self._client(service, region)

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            found = self._made.get((service, region))
            if found is None:
                found = self._made[service, region] = self._make(service, region)
            return found

    def _make(self, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.session.Session()
        access_key, secret_key = self._secret()
        config = Config(
            retries={"max_attempts": 0, "mode": "standard"},
            read_timeout=_READ_TIMEOUT,
            max_pool_connections=_CONNECTIONS,
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
            parameter_validation=True,
            response_checksum_validation="when_required",
        )
        return self._session.client(
            service,
            region_name=region,
            endpoint_url=self._address(),
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=config,
        )

    def _address(self) -> str:
        """Return where this process listens; right after a start it may not have said so yet."""
        end = time.monotonic() + _PATIENCE
        while self.address is None:
            found = self._announced()
            if found is not None:
                return found
            if time.monotonic() > end:
                raise EndpointError("The local endpoint has not said where it listens.", code="PC804")
            time.sleep(0.05)
        return self.address

    def _announced(self) -> str | None:
        try:
            found = json.loads(self._home.endpoint_file.read_bytes())
        except (OSError, ValueError):
            return None
        return str(found["endpoint"]) if found.get("pid") == os.getpid() else None

    def _secret(self) -> tuple[str, str]:
        from pipecell.local.credentials import Credentials

        pair = Credentials.load(self._home).pair
        return pair.access_key, pair.secret_key
