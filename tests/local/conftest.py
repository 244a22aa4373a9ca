"""Shared fixtures: a home, a running endpoint of its own, and clients for it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _no_aws_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own AWS settings, and the network, out of the tests."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that nobody else uses."""
    return Home(tmp_path / "home").create()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointInfo]:
    """A running endpoint that the tests of a session share; use names of your own on it."""
    shared = Home(tmp_path_factory.mktemp("endpoint") / "home")
    yield daemon.start(shared)
    daemon.stop(shared)


@pytest.fixture
def own_endpoint(home: Home) -> Iterator[EndpointInfo]:
    """A running endpoint of this test alone, on `home`; the test may kill it."""
    yield daemon.start(home)
    daemon.stop(home)


class Clients:
    """Makes boto3 clients of one endpoint and closes them at the end."""

    def __init__(self, info: EndpointInfo) -> None:
        self.info = info
        self._open: list[Any] = []

    def __call__(self, service: str, region: str = "us-east-1", **settings: Any) -> Any:
        """Return a client of a service."""
        import boto3

        made = boto3.session.Session().client(  # type: ignore[call-overload] # the stubs know literal names
            service,
            **{
                "region_name": region,
                "endpoint_url": self.info.endpoint,
                "aws_access_key_id": self.info.access_key,
                "aws_secret_access_key": self.info.secret_key,
                **settings,
            },
        )
        self._open.append(made)
        return made

    def close(self) -> None:
        """Close all that were made."""
        for made in self._open:
            made.close()


@pytest.fixture
def client(endpoint: EndpointInfo) -> Iterator[Clients]:
    """Makes clients of the shared endpoint: ``client("s3")``."""
    clients = Clients(endpoint)
    yield clients
    clients.close()


@pytest.fixture
def own_client(own_endpoint: EndpointInfo) -> Iterator[Clients]:
    """Makes clients of this test's own endpoint."""
    clients = Clients(own_endpoint)
    yield clients
    clients.close()


@pytest.fixture
def s3(client: Clients) -> Any:
    """An S3 client of the shared endpoint."""
    return client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A new bucket on the shared endpoint."""
    name = f"bucket-{os.getpid()}-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return name
