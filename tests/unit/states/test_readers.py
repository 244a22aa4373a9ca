"""What ItemReader finds in objects."""

from __future__ import annotations

import gzip
import io
import json
from datetime import datetime
from typing import Any

import pytest

from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.integrations import readers


def read(objects: dict[str, bytes], key: str, **config: Any) -> list[Any]:
    return readers.read(lambda bucket, name: objects[f"{bucket}/{name}"], "b", key, config)


def inventory(**more: Any) -> bytes:
    manifest = {
        "sourceBucket": "source",
        "destinationBucket": "arn:aws:s3:::reports",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz"}, {"key": "data/2.csv"}],
        **more,
    }
    return json.dumps(manifest).encode()


def test_an_inventory_gives_the_rows_of_all_its_files() -> None:
    objects = {
        "b/manifest.json": inventory(),
        "reports/data/1.csv.gz": gzip.compress(b'"source","a%20b","1"\n'),
        "reports/data/2.csv": b'"source","c","2"\n',
    }
    found = read(objects, "manifest.json", InputType="MANIFEST")
    assert found == [
        {"Bucket": "source", "Key": "a%20b", "Size": "1"},
        {"Bucket": "source", "Key": "c", "Size": "2"},
    ]
    assert read(objects, "manifest.json", InputType="CSV", ManifestType="S3_INVENTORY") == found


@pytest.mark.parametrize(
    ("manifest", "words"),
    [(b"{}", "no manifest"), (b"no", "no manifest"), (inventory(fileFormat="AVRO"), "AVRO")],
)
def test_what_is_no_inventory_fails_the_reader(manifest: bytes, words: str) -> None:
    with pytest.raises(Failure, match=words) as error:
        read({"b/m": manifest}, "m", InputType="MANIFEST")
    assert error.value.error == "States.ItemReaderFailed"


def test_an_athena_manifest_names_objects() -> None:
    objects = {"b/m.csv": b"s3://o/1\ns3://o/2\n", "o/1": b'{"a": 1}\n', "o/2": b'{"a": 2}\n{"a": 3}\n'}
    found = read(objects, "m.csv", InputType="JSONL", ManifestType="ATHENA_DATA")
    assert found == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_parquet_rows_are_json() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"n": [1, None], "at": [datetime(2026, 1, 2), None]}), file)
    found = read({"b/t.parquet": file.getvalue()}, "t.parquet", InputType="PARQUET")
    assert found == [{"n": 1, "at": "2026-01-02T00:00:00"}, {"n": None, "at": None}]
    with pytest.raises(Failure, match="PARQUET"):
        read({"b/t": b"no"}, "t", InputType="PARQUET")


def test_an_inventory_in_orc() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import orc

    file = io.BytesIO()
    orc.write_table(pyarrow.table({"bucket": ["s"], "key": ["a"], "size": [5]}), file)
    manifest = inventory(fileFormat="ORC", fileSchema="struct<bucket:string,key:string,size:bigint>")
    objects = {
        "b/m": manifest,
        "reports/data/1.csv.gz": file.getvalue(),
        "reports/data/2.csv": file.getvalue(),
    }
    assert read(objects, "m", InputType="MANIFEST") == [{"bucket": "s", "key": "a", "size": 5}] * 2
