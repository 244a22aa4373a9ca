from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecell import targets
from pipecell.errors import EndpointError
from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import EXECUTION_ROLE_ARN, Home

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def _environment() -> dict[bytes, bytes]:
    return {name: value for name, value in os.environb.items() if name != b"PYTEST_CURRENT_TEST"}


@pytest.fixture(autouse=True)
def before(
    endpoint: EndpointInfo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[bytes, bytes]]:
    """A developer's environment, put back byte for byte whatever the test does."""
    (tmp_path / "config").write_text("[profile work]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example.org")
    os.environb[b"AWS_CONTAINER_AUTHORIZATION_TOKEN"] = b"\xff not text"
    environment = _environment()
    yield environment
    targets.activate_aws()
    assert _environment() == environment
    del os.environb[b"AWS_CONTAINER_AUTHORIZATION_TOKEN"]


def test_there_and_back(endpoint: EndpointInfo, before: dict[bytes, bytes]) -> None:
    target = targets.activate_local(endpoint.home)
    assert (target.name, target.endpoint_url, target.region) == ("local", endpoint.endpoint, "us-east-1")
    assert targets.current() == target
    assert os.environ["AWS_ENDPOINT_URL"] == endpoint.endpoint
    assert "AWS_PROFILE" not in os.environ
    assert "AWS_ENDPOINT_URL_S3" not in os.environ
    assert "local endpoint" in targets.one_line()
    assert targets.activate_aws().name == "aws"
    assert _environment() == before
    assert "profile work" in targets.one_line()


def test_several_times(endpoint: EndpointInfo, before: dict[bytes, bytes]) -> None:
    first = targets.activate_local(endpoint.home)
    assert targets.activate_local(endpoint.home) == first
    targets.activate_aws()
    targets.activate_aws()
    assert _environment() == before
    assert targets.activate_local(endpoint.home) == first


def test_variables_that_the_user_sets_meanwhile_stay(endpoint: EndpointInfo) -> None:
    targets.activate_local(endpoint.home)
    os.environ["MY_OWN"] = "value"
    targets.activate_aws()
    assert os.environ.pop("MY_OWN") == "value"


def test_two_homes_one_after_the_other(
    endpoint: EndpointInfo, own_endpoint: EndpointInfo, before: dict[bytes, bytes]
) -> None:
    targets.activate_local(endpoint.home)
    targets.activate_local(own_endpoint.home)
    assert os.environ["AWS_ENDPOINT_URL"] == own_endpoint.endpoint
    targets.activate_aws()
    assert _environment() == before


def test_an_environment_that_names_the_endpoint_already(endpoint: EndpointInfo) -> None:
    inherited = {name: os.environ.get(name) for name in targets.environment(_target(endpoint))}
    os.environ.update(targets.environment(_target(endpoint)))
    try:
        environment = _environment()
        targets.activate_local(endpoint.home)
        assert not targets.aws_configured()
        assert targets.activate_aws().endpoint_url == endpoint.endpoint  # and says so
        assert _environment() == environment
        assert targets.aws_environment()["AWS_ACCESS_KEY_ID"] is None
    finally:
        for name, value in inherited.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _target(endpoint: EndpointInfo) -> targets.Target:
    return targets.Target(
        "local", endpoint.endpoint, "us-east-1", endpoint.access_key, endpoint.secret_key, endpoint.home
    )


def test_the_way_to_aws_while_local_is_chosen(endpoint: EndpointInfo) -> None:
    targets.activate_local(endpoint.home)
    way = targets.aws_environment()
    assert way["AWS_PROFILE"] == "work"
    assert way["AWS_ENDPOINT_URL"] is None
    assert targets.aws_configured()


def test_an_endpoint_that_cannot_start_changes_nothing(tmp_path: Path, before: dict[bytes, bytes]) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("not ours")
    with pytest.raises(EndpointError):
        targets.activate_local(foreign)
    assert _environment() == before
    assert targets.current().name == "aws"


def test_boto3_reaches_the_endpoint_and_has_its_default_session_back(endpoint: EndpointInfo) -> None:
    import boto3

    boto3.DEFAULT_SESSION = mine = boto3.Session.__new__(boto3.Session)
    try:
        targets.activate_local(endpoint.home)
        client = boto3.client("s3")
        client.create_bucket(Bucket="from-default-session")
        names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        client.close()
        assert "from-default-session" in names
        assert boto3.DEFAULT_SESSION is not mine
        targets.activate_aws()
        assert boto3.DEFAULT_SESSION is mine
    finally:
        boto3.DEFAULT_SESSION = None


def test_the_unmodified_sagemaker_sdk(endpoint: EndpointInfo) -> None:
    import sagemaker
    from sagemaker import session as module

    original = module.sts_regional_endpoint
    targets.activate_local(endpoint.home)
    session = sagemaker.Session()
    assert session.default_bucket() == "sagemaker-us-east-1-000000000000"
    assert sagemaker.get_execution_role() == EXECUTION_ROLE_ARN
    assert session.account_id() == "000000000000"
    assert session.upload_string_as_file_body("text", session.default_bucket(), "a/b.txt")
    assert session.read_s3_file(session.default_bucket(), "a/b.txt") == "text"
    assert session.sagemaker_config["SageMaker"]["PythonSDK"]["Modules"]["TelemetryOptOut"] is True
    targets.activate_aws()
    assert module.sts_regional_endpoint is original


def test_an_sdk_that_is_imported_later(endpoint: EndpointInfo) -> None:
    """In a process of its own, where nothing is loaded yet; another thread chooses."""
    code = (
        "import threading, sys\n"
        "from pipecell import targets\n"
        "worker = threading.Thread(target=targets.activate_local); worker.start(); worker.join()\n"
        "assert 'boto3' not in sys.modules and 'sagemaker' not in sys.modules\n"
        "import sagemaker\n"
        "print(sagemaker.Session().default_bucket(), sagemaker.get_execution_role())\n"
    )
    environment = {**os.environ, "PIPECELL_HOME": str(endpoint.home), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-2:] == ["sagemaker-us-east-1-000000000000", EXECUTION_ROLE_ARN]


def test_the_environment_for_a_child_process(endpoint: EndpointInfo) -> None:
    """What ``eval "$(pipecell local env)"`` gives a shell that loads no pipecell."""
    variables = {name: value for name, value in os.environ.items() if name not in targets.in_the_way()}
    code = (
        "import boto3, sagemaker\n"
        "session = sagemaker.Session()\n"
        "print(session.default_bucket(), boto3.client('sts').get_caller_identity()['Account'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**variables, **targets.environment(_target(endpoint))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-2:] == ["sagemaker-us-east-1-000000000000", "000000000000"]


def test_threads_that_choose_at_once(endpoint: EndpointInfo, before: dict[bytes, bytes]) -> None:
    failures: list[BaseException] = []

    def choose() -> None:
        try:
            for _ in range(3):
                targets.activate_local(endpoint.home)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=choose) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    targets.activate_aws()
    assert _environment() == before


def test_a_restarted_endpoint_is_found_again(home: Home) -> None:
    targets.activate_local(home.root)
    first = os.environ["AWS_ENDPOINT_URL"]
    daemon.stop(home)
    again = targets.activate_local(home.root)
    try:
        assert os.environ["AWS_ENDPOINT_URL"] == again.endpoint_url
        assert first
    finally:
        daemon.stop(home)
