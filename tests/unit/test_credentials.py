from __future__ import annotations

from pathlib import Path

import pytest

from pipecell.credentials import configured


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    return tmp_path / "home"


def _configured(home: Path, **variables: str) -> bool:
    return configured({"HOME": str(home), **variables}, root=home.parent)


def test_nothing_is_configured(home: Path) -> None:
    (home / ".aws" / "config").write_text("[default]\nregion = eu-west-1\noutput = json\n")
    assert not _configured(home)
    assert not _configured(home, AWS_DEFAULT_REGION="us-east-1", AWS_ACCESS_KEY_ID="")


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ],
)
def test_a_variable(home: Path, name: str) -> None:
    assert _configured(home, **{name: "x"})


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("credentials", "[default]\naws_access_key_id = AKIA\naws_secret_access_key=x\n", True),
        ("credentials", "[default]\naws_access_key_id =\n", False),
        ("credentials", "# aws_access_key_id = AKIA\n", False),
        ("config", "[profile work]\nsso_session = corp\n", True),
        ("config", "[profile work]\n  role_arn=arn:aws:iam::1:role/x\n", True),
        ("config", "[default]\ncredential_process = /bin/creds\n", True),
        ("config", "\x00\xff garbage = ", False),
    ],
)
def test_a_file(home: Path, file: str, content: str, expected: bool) -> None:
    (home / ".aws" / file).write_text(content, encoding="latin-1")
    assert _configured(home) is expected


def test_files_that_variables_name(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("[default]\naws_access_key_id = AKIA\n")
    assert _configured(home, AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "elsewhere"))
    assert not _configured(home, AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("sys/devices/virtual/dmi/id/sys_vendor", "Amazon EC2\n", True),
        ("sys/devices/virtual/dmi/id/sys_vendor", "QEMU\n", False),
        ("sys/hypervisor/uuid", "ec2e1916-9099-7caf-fd21-012345abcdef\n", True),
        ("sys/hypervisor/uuid", "00000000-0000\n", False),
        ("opt/ml/metadata/resource-metadata.json", "{}", True),
    ],
)
def test_a_machine_of_aws(home: Path, tmp_path: Path, path: str, content: str, expected: bool) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(content)
    assert _configured(home) is expected


def test_a_machine_that_must_not_ask_for_its_role(home: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "sys/devices/virtual/dmi/id/sys_vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("Amazon EC2\n")
    assert not _configured(home, AWS_EC2_METADATA_DISABLED="true")
