"""What a job finds of its inputs: prefixes, manifests, keys of every kind."""

from __future__ import annotations

import json

import pytest

from tests.local.container.requests import (
    channel,
    process,
    processing,
    s3_input,
    scripted,
    train,
)
from tests.local.workshop import BUCKET, Workshop, reason_of


def test_missing_input(work: Workshop) -> None:
    status = process(work, processing("absent", f"s3://{BUCKET}/nothing/here.py"))
    assert status.status == "Failed"
    assert reason_of(status).startswith("ClientError: ")
    assert f'No S3 objects found under S3 URL "s3://{BUCKET}/nothing/here.py"' in reason_of(status)
    assert status.started is None


def test_missing_bucket(work: Workshop) -> None:
    status = process(work, processing("absent", "s3://nobodys-bucket/here.py"))
    assert "The specified bucket does not exist" in reason_of(status)


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("in/", ["a.csv", "deep/b.csv", "deep/er/c.csv"]),
        ("in", ["a.csv", "deep/b.csv", "deep/er/c.csv"]),
        ("in/deep", ["b.csv", "er/c.csv"]),
        ("in/a.csv", ["a.csv"]),
        ("in/de", ["deep/b.csv", "deep/er/c.csv"]),
        ("in/deep/er/c.csv", ["c.csv"]),
    ],
)
def test_s3_prefixes(work: Workshop, uri: str, found: list[str]) -> None:
    for key in ("in/a.csv", "in/deep/b.csv", "in/deep/er/c.csv", "in/empty/"):
        work.put(key, "x" if not key.endswith("/") else "")
    script = work.put("code/run.py", LISTING)
    inputs = [
        s3_input("code", script, "/opt/ml/processing/input/code"),
        s3_input("data", f"s3://{BUCKET}/{uri}", "/opt/ml/processing/input/data"),
    ]
    process(work, processing("lists", script, ProcessingInputs=inputs))
    assert json.loads(work.log("lists").splitlines()[-1]) == found


LISTING = (
    "import json, pathlib\n"
    "root = pathlib.Path('/opt/ml/processing/input/data')\n"
    "print(json.dumps(sorted(p.relative_to(root).as_posix() for p in root.rglob('*') if p.is_file())))\n"
)


def test_manifest(work: Workshop) -> None:
    for key in ("in/a.csv", "in/deep/b.csv", "in/deep/c.csv", "in/other.csv"):
        work.put(key, "x")
    manifest = work.put("m.json", json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, "a.csv", "deep/"]))
    script = work.put("code/run.py", LISTING)
    inputs = [
        s3_input("code", script, "/opt/ml/processing/input/code"),
        s3_input("data", manifest, "/opt/ml/processing/input/data", S3DataType="ManifestFile"),
    ]
    process(work, processing("manifest", script, ProcessingInputs=inputs))
    assert json.loads(work.log("manifest").splitlines()[-1]) == ["a.csv", "deep/b.csv", "deep/c.csv"]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("no json", "is not JSON"),
        ("{}", "must be a JSON array"),
        (json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, "missing.csv"]), "No S3 objects found"),
        (json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, 3]), "not a string"),
    ],
)
def test_bad_manifests(work: Workshop, manifest: str, reason: str) -> None:
    uri = work.put("m.json", manifest)
    script = work.put("code/run.py", "pass")
    inputs = [s3_input("data", uri, "/opt/ml/processing/input/data", S3DataType="ManifestFile")]
    status = process(work, processing("bad", script, ProcessingInputs=inputs))
    assert (status.status, reason in reason_of(status)) == ("Failed", True), status.failure_reason


@pytest.mark.parametrize("key", ["in/../../../escape", "in/..", "in/./x", "in/" + "n" * 300])
def test_keys_that_are_no_paths(work: Workshop, key: str) -> None:
    work.put(key, "x")
    script = work.put("code/run.py", "pass")
    inputs = [s3_input("data", f"s3://{BUCKET}/in/", "/opt/ml/processing/input/data")]
    status = process(work, processing("odd", script, ProcessingInputs=inputs))
    assert status.status == "Failed"
    assert "ClientError" in reason_of(status)
    assert not list(work.home.root.rglob("escape"))


def test_a_key_that_is_file_and_folder(work: Workshop) -> None:
    work.put("in/x", "file")
    work.put("in/x/y", "below")
    script = work.put("code/run.py", "pass")
    inputs = [s3_input("data", f"s3://{BUCKET}/in/", "/opt/ml/processing/input/data")]
    status = process(work, processing("both", script, ProcessingInputs=inputs))
    assert "both a file and a folder" in reason_of(status)


def test_odd_but_legal_keys(work: Workshop) -> None:
    keys = ["in/ü ñ/日本.csv", "in/a b&c?d#e.csv", "in/-rf", "in/..hidden", "in/$(touch x)", "in//double"]
    for key in keys:
        work.put(key, "x")
    script = work.put("code/run.py", LISTING)
    inputs = [
        s3_input("code", script, "/opt/ml/processing/input/code"),
        s3_input("data", f"s3://{BUCKET}/in/", "/opt/ml/processing/input/data"),
    ]
    status = process(work, processing("odd", script, ProcessingInputs=inputs))
    assert status.status == "Completed", status.failure_reason
    found = json.loads(work.log("odd").splitlines()[-1])
    assert found == sorted(key.removeprefix("in/").lstrip("/") for key in keys)


def test_fast_file_mode_is_files(work: Workshop) -> None:
    work.put("train/x", "x")
    request = scripted(
        work,
        "fast",
        {"train.py": "print(open('/opt/ml/input/data/train/x').read())"},
        InputDataConfig=[{**channel("train", f"s3://{BUCKET}/train"), "InputMode": "FastFile"}],
    )
    assert train(work, request).status == "Completed"
