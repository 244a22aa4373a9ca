from __future__ import annotations

import os
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

from pipecell.declare.sagemaker_v2.archives import write_tar, zip_script


def _tree(root: Path) -> list[Path]:
    for name in ("train.py", "package/__init__.py", "package/data.json", "__pycache__/train.pyc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o700)
    return list(root.iterdir())


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    archives = []
    for turn in ("one", "two"):
        sources = _tree(tmp_path / turn)
        os.utime(tmp_path / turn / "train.py", (len(turn), len(turn) * 1000))
        write_tar(reversed(sources), tmp_path / f"{turn}.tar.gz")
        archives.append((tmp_path / f"{turn}.tar.gz").read_bytes())
    assert archives[0] == archives[1]


def test_holds_what_the_sdk_would_pack(tmp_path: Path) -> None:
    write_tar(_tree(tmp_path / "source"), tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as archive:
        members = {member.name: member for member in archive.getmembers()}
        assert sorted(members) == [
            "package",
            "package/__init__.py",
            "package/data.json",
            "run.sh",
            "train.py",
        ]
        assert members["run.sh"].mode == 0o755
        assert members["train.py"].mode == 0o644
        content = archive.extractfile("package/data.json")
        assert content is not None
        assert content.read() == b"package/data.json"


def test_links_are_packed_as_what_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("real")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "link.py").symlink_to(tmp_path / "real.py")
    write_tar([tmp_path / "source" / "link.py"], tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as archive:
        (member,) = archive.getmembers()
        assert member.isreg()
        content = archive.extractfile(member)
        assert content is not None
        assert content.read() == b"real"


def test_a_zipped_script(tmp_path: Path) -> None:
    script = tmp_path / "function.py"
    script.write_text("def handler(event, context): ...\n")
    first = zip_script(script)
    os.utime(script, (1, 1))
    assert zip_script(script) == first
    assert zipfile.ZipFile(BytesIO(first)).namelist() == ["function.py"]
