"""Connections: one client a service, the right environment while it is made, AWS's errors in our words."""

from __future__ import annotations

import os

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from pipecell.engines.connection import Connection, aws_errors, error_code
from pipecell.engines.identity import execution_role
from pipecell.errors import EndpointError, ExecutionError
from tests.unit.engines.fakes import FakeClient, client_error

LOCAL = Connection("http://127.0.0.1:9", "us-east-1", "AKIA", "secret")


def test_a_local_client_ignores_the_users_profiles_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    client = LOCAL.client("sts")
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client.meta.region_name == "us-east-1"
    assert client.meta.config.proxies == {}
    assert LOCAL.client("sts") is client
    assert LOCAL.target == "local"


def test_an_aws_client_is_made_with_the_environment_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPIPECELL")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    before = {
        "AWS_ENDPOINT_URL": None,
        "AWS_ACCESS_KEY_ID": "AKIAUSER",
        "AWS_SECRET_ACCESS_KEY": "users",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    connection = Connection(None, environment=before)
    client = connection.client("sts")
    assert "127.0.0.1" not in client.meta.endpoint_url
    assert connection.region_name() == "eu-west-1"
    assert connection.target == "aws"
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
    assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAPIPECELL"
    assert "AWS_DEFAULT_REGION" not in os.environ


def test_no_region_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ExecutionError, match=r"PC704 — No AWS client can be made: .*region"):
        Connection(None).client("sagemaker")


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(LOCAL)


def test_equal_connections_are_the_same_place() -> None:
    assert Connection("http://127.0.0.1:9", "us-east-1", "AKIA", "secret") == LOCAL


@pytest.mark.parametrize(
    ("connection", "who"), [(LOCAL, "The local endpoint"), (Connection(None, "us-east-1"), "AWS")]
)
def test_a_refusal_names_who_what_and_why(connection: Connection, who: str) -> None:
    with pytest.raises(ExecutionError) as caught, aws_errors("the start of p", connection=connection):
        raise client_error("AccessDeniedException", "User is not authorized.")
    line = f"PC702 — {who} refused the start of p: AccessDeniedException: User is not authorized."
    assert str(caught.value) == line


def test_an_endpoint_that_does_not_answer_says_how_to_start_it() -> None:
    with pytest.raises(EndpointError, match="pipecell local start"), aws_errors("a look", connection=LOCAL):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    aws = Connection(None, "us-east-1")
    with (
        pytest.raises(ExecutionError, match="PC703 — AWS cannot be reached"),
        aws_errors("a look", connection=aws),
    ):
        raise EndpointConnectionError(endpoint_url="https://sagemaker")


def test_missing_credentials_are_said() -> None:
    with (
        pytest.raises(ExecutionError, match="PC704 — There are no AWS credentials here"),
        aws_errors("the caller's identity", connection=Connection(None, "us-east-1")),
    ):
        raise NoCredentialsError


def test_error_code_of_anything() -> None:
    assert error_code(client_error("X")) == "X"
    assert error_code(ValueError("x")) == ""


def connection_as(caller: str) -> Connection:
    connection = Connection(None, "us-east-1")
    roles = {"Studio": {"Role": {"Arn": "arn:aws:iam::123456789012:role/service-role/Studio"}}}
    connection._clients["sts"] = FakeClient(get_caller_identity=lambda: {"Arn": caller})
    connection._clients["iam"] = FakeClient(get_role=lambda **request: roles[request["RoleName"]])
    return connection


def test_a_role_hands_itself_on_with_its_path() -> None:
    caller = "arn:aws:sts::123456789012:assumed-role/Studio/SageMaker"
    assert execution_role(connection_as(caller)) == "arn:aws:iam::123456789012:role/service-role/Studio"


def test_a_user_has_no_role_to_hand_on() -> None:
    with pytest.raises(ExecutionError, match=r"PC713 .* Give one with --role ARN\."):
        execution_role(connection_as("arn:aws:iam::123456789012:user/me"))
