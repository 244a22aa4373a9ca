from __future__ import annotations

import hashlib
from pathlib import Path

from pipecell.declare.compiled import Upload
from pipecell.declare.sagemaker_v2.naming import Token, final_names, next_token


def _upload(key: str, content: bytes = b"code") -> Upload:
    return Upload(content, "bucket", key, hashlib.sha256(content).hexdigest())


def _name(token: Token, *uploads: Upload, pipeline: str = "Census") -> str:
    return final_names(pipeline, [token], uploads).text(token.timestamp)


def test_every_form_of_a_token_becomes_one_name() -> None:
    token = next_token("Train", 0)
    renaming = final_names("Census", [token], [])
    names = {renaming.text(f"job-{form}/x") for form in token.forms}
    assert len(token.forms) == 4
    assert len(names) == 1


def test_a_name_depends_on_the_content_not_on_the_token() -> None:
    one, other = next_token("Train", 0), next_token("Train", 0)
    key = "job-{}/source/code.tar.gz"
    first = _name(one, _upload(key.format(one.timestamp)))
    assert _name(other, _upload(key.format(other.timestamp))) == first
    assert _name(other, _upload(key.format(other.timestamp), b"changed")) != first


def test_without_content_the_owner_and_its_turn_decide() -> None:
    names = {
        _name(Token(number, owner, turn)) for number, owner, turn in [(1, "A", 0), (2, "A", 1), (3, "B", 0)]
    }
    assert len(names) == 3
    assert _name(Token(7, "A", 0)) == _name(Token(8, "A", 0))
    assert _name(Token(7, "A", 0)) != _name(Token(7, "A", 0), pipeline="Churn")


def test_what_looks_like_a_token_and_is_none_stays() -> None:
    token = next_token("Train", 0)
    renaming = final_names("Census", [token], [])
    for text in ("2024-11-05-12-30-01-123", "946684800", "2000-01-01-00-00-00-125", "000101-0000", "9"):
        assert renaming.text(text) == text


def test_digits_around_a_token_do_not_break_it() -> None:
    token = Token(5, "Train", 0)
    assert final_names("Census", [token], []).text(f"1{token.forms[2]}") == f"1{token.forms[2]}"


def test_content_that_names_another_upload_is_rewritten() -> None:
    code, config = next_token("Train", 0), next_token("Train", 1)
    uploads = [
        _upload(f"code-{code.timestamp}/x.py"),
        _upload(f"config-{config.timestamp}.json", f"s3://b/code-{code.timestamp}/x.py".encode()),
    ]
    renaming = final_names("Census", [code, config], uploads)
    renamed = [renaming.upload(upload) for upload in uploads]
    assert isinstance(renamed[1].source, bytes)
    assert renamed[1].source.decode() == f"s3://b/{renamed[0].key}"
    assert renamed[1].digest == hashlib.sha256(renamed[1].source).hexdigest()


def test_a_path_is_never_read(tmp_path: Path) -> None:
    token = next_token("Train", 0)
    upload = Upload(tmp_path / "large", "bucket", f"job-{token.timestamp}/large", "00" * 32)
    renamed = final_names("Census", [token], [upload]).upload(upload)
    assert renamed.source == upload.source
    assert token.timestamp not in renamed.key
