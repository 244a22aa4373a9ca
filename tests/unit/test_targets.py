"""What needs no endpoint; the rest is in ``tests/local/test_targets.py``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipecell import targets
from pipecell.errors import EndpointError, UsageError
from pipecell.targets import Target, local_target


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_"))]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def local(tmp_path: Path) -> Target:
    return Target("local", "http://127.0.0.1:4001", "eu-west-1", "AKIAPIPECELLX", "s3cr3t", tmp_path / "home")


def test_the_environment_of_a_shell(local: Target) -> None:
    variables = targets.environment(local)
    config = variables.pop("SAGEMAKER_USER_CONFIG_OVERRIDE")
    assert "sagemaker-eu-west-1-000000000000" in Path(config).read_text()
    assert variables == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4001",
        "AWS_ACCESS_KEY_ID": "AKIAPIPECELLX",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    assert targets.environment(Target("aws", None, "")) == {}


def test_a_proxy_is_gone_around(local: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "example.org,localhost")
    variables = targets.environment(local)
    assert variables["no_proxy"] == variables["NO_PROXY"] == "example.org,localhost,127.0.0.1"


def test_what_is_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.setenv(name, "x")
    assert targets.in_the_way() == ("AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN")
    assert targets.in_the_way({"AWS_ROLE_ARN": "x", "PATH": "y"}) == ("AWS_ROLE_ARN",)


def test_the_secret_is_not_shown(local: Target) -> None:
    assert "s3cr3t" not in repr(local)


def test_aws_is_where_calls_go_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert targets.current() == Target("aws", None, "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert targets.current().region == "eu-west-1"
    assert "go to AWS (profile work, eu-west-1)" in targets.one_line()
    assert "local endpoint" in targets.one_line("local")
    assert "\n" not in targets.one_line()


def test_an_environment_that_names_the_local_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4001")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    assert not targets.names_local(os.environ)  # somebody else's endpoint
    assert targets.aws_configured()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPIPECELLX")
    assert targets.current().endpoint_url == "http://127.0.0.1:4001"
    assert not targets.aws_configured()
    assert targets.aws_environment()["AWS_ENDPOINT_URL"] is None


def test_activating_aws_without_more_ado_changes_nothing() -> None:
    before = dict(os.environ)
    assert targets.activate_aws().name == "aws"
    assert dict(os.environ) == before
    assert targets.aws_environment() == {}


def test_an_unknown_target() -> None:
    with pytest.raises(UsageError, match='Did you mean "local"'):
        targets.activate("locl")


def test_an_endpoint_that_does_not_run_is_not_started_by_looking(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="PC891"):
        local_target(tmp_path / "home", start=False)
    assert not (tmp_path / "home").exists()
