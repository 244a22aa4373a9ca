"""Every test here works without a network: one that tries to connect fails."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.declaration import Declaration
from pipecell.declare.notebook import Notebook, Run
from pipecell.definition.document import EngineName

SDK_WARNINGS = (
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore:Running within a PipelineSession",
    "ignore:Lambda function won't be updated",
    "ignore:pkg_resources is deprecated",
    "ignore::SyntaxWarning",
)


def let_sdks_warn(items: list[pytest.Item], folder: Path) -> None:
    """The SDKs warn of their own age; what we warn of is checked where it matters."""
    for item in items:
        if folder in item.path.parents:
            for warning in SDK_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    let_sdks_warn(items, Path(__file__).parent)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    attempts: list[Any] = []

    def refuse(*args: Any) -> Any:
        attempts.append(args[1:])
        raise OSError("a test of declaring tried to reach the network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    assert not attempts


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, no region, no configuration; the current folder is the test's own."""
    import boto3

    # The default session keeps the credentials that an earlier test, or another room's, gave it.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


class Declare:
    """Runs cells: ``cell(source, id, number=1)``; all share a namespace and a pipeline."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.namespace: dict[str, Any] = {"__name__": "__main__"}

    def __call__(
        self,
        source: str,
        cell_id: str | None = None,
        number: int | None = None,
        *,
        name: str = "Census",
        engine: EngineName | None = None,
        run: Run | None = None,
    ) -> Declaration:
        return self.notebook.declare(
            name, source, self.namespace, engine=engine, cell_id=cell_id, cell=number, run=run
        )


@pytest.fixture
def cell(notebook: Notebook) -> Declare:
    return Declare(notebook)
