"""The code of a training job: its archive, its program and what it requires."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.local.container.requests import (
    scripted,
    train,
    training,
)
from tests.local.workshop import Workshop, reason_of


def test_shell_and_package_programs(work: Workshop) -> None:
    shell = {"go.sh": "#!/bin/sh\necho shell $*\npython -c 'import sys; print(sys.executable)'\n"}
    assert (
        train(work, scripted(work, "shell", shell, "go.sh", HyperParameters={"n": "1"})).status == "Completed"
    )
    assert work.log("shell", "training").splitlines() == ["shell -n 1", sys.executable]
    package = {"setup.py": "", "tool.py": "print('as module', __name__)"}
    assert train(work, scripted(work, "package", package, "tool.py")).status == "Completed"
    assert "as module __main__" in work.log("package", "training")


def test_requirements_never_touch_the_users_environment(work: Workshop) -> None:
    files = {"train.py": "print('trained')", "requirements.txt": "# what it needs\nnumpy>=1.0\npandas\n"}
    assert train(work, scripted(work, "needs", files)).status == "Completed"
    lines = work.log("needs", "training").splitlines()
    assert lines == ["pipecell: Nothing to install, this Python has it all: numpy>=1.0, pandas.", "trained"]


def test_what_is_missing_is_installed_into_the_job(
    each_sandbox: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = each_sandbox
    write_wheel(tmp_path / "wheels", "pipecell_test_only", "1.5")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    files = {
        "train.py": "import subprocess, sys\n"
        "import pipecell_test_only\n"
        "print('version', pipecell_test_only.VERSION)\n"
        "subprocess.check_call([sys.executable, '-m', 'pip', 'uninstall', '-y', 'numpy'])\n"
        "import numpy\n",
        "requirements.txt": "numpy\npipecell_test_only>=1\n",
    }
    status = train(work, scripted(work, "installs", files))
    assert status.status == "Completed", work.log("installs", "training")
    assert "version 1.5" in work.log("installs", "training")
    assert importlib.util.find_spec("pipecell_test_only") is None


def write_wheel(folder: Path, name: str, version: str) -> None:
    """Write a wheel of one module, as an index would serve it."""
    folder.mkdir()
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{information}/RECORD", "")


def test_requirements_that_nobody_has(work: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    files = {"train.py": "print('never')", "requirements.txt": "no-such-package-anywhere\n"}
    status = train(work, scripted(work, "lacks", files))
    assert status.status == "Failed"
    assert "no-such-package-anywhere" in reason_of(status)


def test_source_archives_cannot_write_outside(work: Workshop, tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../../../escape.py")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"pass"))
    uri = work.put("evil/sourcedir.tar.gz", content.getvalue())
    request = training(
        "evil",
        HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)},
    )
    status = train(work, request)
    assert status.status == "Failed"
    assert "escape.py" in reason_of(status)
    assert not list(tmp_path.rglob("escape.py"))


@pytest.mark.parametrize(
    "links",
    [
        [("up", "..", tarfile.SYMTYPE)],
        [("passwd", "/etc/passwd", tarfile.SYMTYPE)],
        [("hard", "../../x", tarfile.LNKTYPE)],
        [("here", ".", tarfile.SYMTYPE), ("here/../up", "..", tarfile.SYMTYPE)],
        [("null", "", tarfile.CHRTYPE)],
        [("/absolute", "", tarfile.REGTYPE)],
        [("fifo", "", tarfile.FIFOTYPE)],
    ],
    ids=["link up", "absolute link", "hard link", "link through a link", "device", "absolute", "pipe"],
)
def test_dangerous_members(work: Workshop, links: list[tuple[str, str, bytes]]) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, target, kind in links:
            _link(archive, name, target, kind)
    uri = work.put("evil/sourcedir.tar.gz", content.getvalue())
    request = training(
        "evil",
        HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)},
    )
    assert "is refused" in reason_of(train(work, request))


def _link(archive: tarfile.TarFile, name: str, target: str, kind: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    archive.addfile(member)


def test_a_source_that_is_no_archive(work: Workshop) -> None:
    uri = work.put("source.tar.gz", "not a tar")
    request = training(
        "broken",
        HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)},
    )
    assert "cannot be extracted" in reason_of(train(work, request))
