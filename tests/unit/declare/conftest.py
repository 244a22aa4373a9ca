"""Every test here works without a network: one that tries to connect fails."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.declaration import Declaration
from pipecell.declare.notebook import Notebook

SDK_WARNINGS = (
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore:Running within a PipelineSession",
    "ignore:Lambda function won't be updated",
    "ignore:pkg_resources is deprecated",
    "ignore::SyntaxWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDKs warn of their own age; what we warn of is checked where it matters."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in SDK_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


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


Declare = Callable[..., Declaration]


@pytest.fixture
def cell(notebook: Notebook) -> Declare:
    """Run a cell: ``cell(source, id, number=1)``; all cells share a namespace and a pipeline."""
    namespace: dict[str, Any] = {"__name__": "__main__"}

    def run(source: str, cell_id: str | None = None, number: int | None = None, **more: Any) -> Declaration:
        return notebook.declare(
            more.pop("name", "Census"), source, namespace, cell_id=cell_id, cell=number, **more
        )

    run.namespace = namespace  # type: ignore[attr-defined]
    return run
