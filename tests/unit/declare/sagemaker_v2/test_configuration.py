from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipecell.declare.sagemaker_v2.configuration import write_configuration


def _read(path: Path) -> Any:
    content = yaml.safe_load(path.read_text())
    return content["SageMaker"]["PythonSDK"]["Modules"], content


def test_our_two_settings(tmp_path: Path) -> None:
    modules, content = _read(write_configuration(tmp_path / "cache", "eu-west-1", {}))
    assert modules == {
        "TelemetryOptOut": True,
        "Session": {"DefaultS3Bucket": "sagemaker-eu-west-1-000000000000"},
    }
    assert content["SchemaVersion"] == "1.0"


def test_the_users_own_settings_stay(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(
        "SchemaVersion: '1.0'\nSageMaker:\n  Pipeline:\n    Tags: [{Key: a, Value: b}]\n  PythonSDK:\n"
        "    Modules:\n      Session: {DefaultS3Bucket: theirs, DefaultS3ObjectKeyPrefix: team}\n"
    )
    for named in (own, tmp_path):
        if named is tmp_path:
            own.rename(tmp_path / "config.yaml")
        modules, content = _read(
            write_configuration(
                tmp_path / "cache", "us-east-1", {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(named)}
            )
        )
        assert content["SageMaker"]["Pipeline"] == {"Tags": [{"Key": "a", "Value": "b"}]}
        assert modules["Session"] == {
            "DefaultS3Bucket": "sagemaker-us-east-1-000000000000",
            "DefaultS3ObjectKeyPrefix": "team",
        }


@pytest.mark.parametrize("content", ["- a list", "{broken", "text"])
def test_a_broken_file_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.yaml").write_text(content)
    variables = {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(tmp_path / "mine.yaml")}
    modules, _ = _read(write_configuration(tmp_path / "cache", "us-east-1", variables))
    assert modules["TelemetryOptOut"] is True


def test_the_name_says_the_content(tmp_path: Path) -> None:
    first = write_configuration(tmp_path, "us-east-1", {})
    assert write_configuration(tmp_path, "us-east-1", {}) == first
    assert write_configuration(tmp_path, "eu-west-1", {}) != first
    assert write_configuration(tmp_path, "us-east-1", {"SAGEMAKER_USER_CONFIG_OVERRIDE": "s3://b/c"}) == first


def test_the_sdk_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    path = write_configuration(tmp_path, "us-east-1", {})
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(path))
    from sagemaker.config import load_sagemaker_config, validate_sagemaker_config

    validate_sagemaker_config(load_sagemaker_config())
