from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.compiled import PLACEHOLDER_ROLE, Compiled, LambdaFunction, Upload
from pipecell.declare.sagemaker_v2 import substitute
from pipecell.definition.document import Document
from pipecell.errors import DefinitionError

BUCKET = "sagemaker-us-east-1-000000000000"
REAL = {"account": "123456789012", "bucket": "my-own-bucket", "role": "arn:aws:iam::123456789012:role/Mine"}


def _compiled(*uploads: Upload, **more: Any) -> Compiled:
    body = {
        "Version": "2020-12-01",
        "Steps": [
            {
                "Name": "Train",
                "Type": "Training",
                "Arguments": {
                    "RoleArn": PLACEHOLDER_ROLE,
                    "Output": f"s3://{BUCKET}/models",
                    "Other": "s3://sagemaker-eu-west-1-000000000000/x",
                    "Named": "arn:aws:iam::000000000000:role/Other",
                    "Kept": [
                        "00000000-0000-0000-0000-000000000000",
                        "x000000000000",
                        "s3://theirs/000000000000x",
                    ],
                },
            }
        ],
    }
    return Compiled(Document("Census", "sagemaker", body, {"Train": 1}), uploads, **more)


def _upload(content: bytes, key: str = "code.py") -> Upload:
    return Upload(content, BUCKET, key, hashlib.sha256(content).hexdigest())


def test_the_definition_and_what_goes_with_it() -> None:
    function = LambdaFunction(
        "f", "arn:aws:lambda:us-east-1:000000000000:function:f", b"zip", settings={"Role": PLACEHOLDER_ROLE}
    )
    real = substitute(
        _compiled(_upload(b"x"), functions=(function,), tags=({"Key": "role", "Value": PLACEHOLDER_ROLE},)),
        **REAL,
    )
    assert real.document.body["Steps"][0]["Arguments"] == {
        "RoleArn": REAL["role"],
        "Output": "s3://my-own-bucket/models",
        "Other": "s3://sagemaker-eu-west-1-123456789012/x",
        "Named": "arn:aws:iam::123456789012:role/Other",
        "Kept": ["00000000-0000-0000-0000-000000000000", "x000000000000", "s3://theirs/000000000000x"],
    }
    assert real.document.cells == {"Train": 1}
    assert (real.uploads[0].bucket, real.role) == ("my-own-bucket", REAL["role"])
    assert real.functions[0].arn == "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert real.functions[0].settings == {"Role": REAL["role"]}
    assert real.tags == ({"Key": "role", "Value": REAL["role"]},)


def test_text_files_are_rewritten_and_others_kept() -> None:
    text, binary = _upload(f"s3://{BUCKET}/x".encode()), _upload(b"\x00\xff", "binary")
    real = substitute(_compiled(text, binary), **REAL)
    assert real.uploads[0].source == b"s3://my-own-bucket/x"
    assert real.uploads[0].digest == hashlib.sha256(b"s3://my-own-bucket/x").hexdigest()
    assert real.uploads[1].source == b"\x00\xff"


def test_a_path_is_not_read(tmp_path: Path) -> None:
    upload = Upload(tmp_path / "not there", BUCKET, "large", "00" * 32)
    assert substitute(_compiled(upload), **REAL).uploads[0].source == upload.source


def test_a_pickle_with_its_digest() -> None:
    payload = pickle.dumps((f"s3://{BUCKET}/data", b"\xff"))
    metadata = json.dumps({"sha256_hash": hashlib.sha256(payload).hexdigest(), "version": "1"}).encode()
    uploads = (_upload(payload, "arguments/payload.pkl"), _upload(metadata, "arguments/metadata.json"))
    default = {**REAL, "bucket": "sagemaker-us-east-1-123456789012"}
    new_payload, new_metadata = substitute(_compiled(*uploads), **default).uploads
    assert isinstance(new_payload.source, bytes)
    assert isinstance(new_metadata.source, bytes)
    assert pickle.loads(new_payload.source)[0] == "s3://sagemaker-us-east-1-123456789012/data"
    facts = json.loads(new_metadata.source)
    assert facts == {"sha256_hash": hashlib.sha256(new_payload.source).hexdigest(), "version": "1"}


def test_a_pickle_that_cannot_be_rewritten() -> None:
    upload = _upload(pickle.dumps((f"s3://{BUCKET}/data", b"\xff")), "arguments/payload.pkl")
    with pytest.raises(DefinitionError) as caught:
        substitute(_compiled(upload), **REAL)
    assert caught.value.code == "PC623"
