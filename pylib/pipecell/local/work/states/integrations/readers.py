"""What ItemReader finds in objects: text formats, Parquet, ORC, and manifests that name further objects."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from pipecell.local.work.states import items

Read = Callable[[str, str], bytes]
"""Returns an object's content by bucket and key."""

#: Formats by columns, which pyarrow reads: InputType's and the manifest's word, and the name for people.
_COLUMNS = {"PARQUET": "Parquet", "ORC": "ORC"}
_GZIP = b"\x1f\x8b"


def read(fetch: Read, bucket: str, key: str, config: Mapping[str, Any]) -> list[Any]:
    """Return the items of an object.

    Args:
        fetch: reads objects.
        bucket: of the object, or of the manifest.
        key: its name.
        config: ReaderConfig; ``InputType`` MANIFEST, or a ``ManifestType``, says that it is a manifest.

    Raises:
        Failure: ``States.ItemReaderFailed``.
        ServiceError: an object is not there.
        UnicodeDecodeError: a text is not UTF-8.
    """
    kind, manifest = config.get("InputType", "JSON"), config.get("ManifestType")
    if manifest == "ATHENA_DATA":
        return _athena(fetch, bucket, key, config)
    if kind == "MANIFEST" or manifest == "S3_INVENTORY":
        return _inventory(fetch, bucket, key)
    return _content(fetch(bucket, key), config)


def _content(content: bytes, config: Mapping[str, Any]) -> list[Any]:
    kind = config.get("InputType")
    if kind in _COLUMNS:
        return _columns(content, kind)
    return items.parse_items(_text(content), config)


def _text(content: bytes) -> str:
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise items.failed(f"An object cannot be decompressed: {error}") from error
    return content.decode("utf-8-sig")


def _inventory(fetch: Read, bucket: str, key: str) -> list[Any]:
    """Return the rows of an S3 inventory: its CSV files have no header, the manifest has their columns."""
    try:
        manifest = json.loads(_text(fetch(bucket, key)))
        kind, files = str(manifest["fileFormat"]), [str(each["key"]) for each in manifest["files"]]
        columns = [name.strip() for name in str(manifest["fileSchema"]).split(",")]
        source = str(manifest["destinationBucket"]).removeprefix("arn:aws:s3:::")
    except (ValueError, KeyError, TypeError) as error:
        raise items.failed(f"{key} is no manifest of an S3 inventory: {error}") from error
    if kind.upper() not in ("CSV", *_COLUMNS):
        raise items.failed(f"An inventory in the format {kind} cannot be read; CSV, ORC and Parquet can.")
    config = {"InputType": kind.upper(), "CSVHeaderLocation": "GIVEN", "CSVHeaders": columns}
    return [item for file in files for item in _content(fetch(source, file), config)]


def _athena(fetch: Read, bucket: str, key: str, config: Mapping[str, Any]) -> list[Any]:
    """Return the items of every object that the manifest of an Athena query names, one URI in a line."""
    found: list[Any] = []
    for line in _text(fetch(bucket, key)).splitlines():
        uri = line.strip().strip('"')
        if uri:
            there, _, name = uri.removeprefix("s3://").partition("/")
            found += _content(fetch(there, name), config)
    return found


def _columns(content: bytes, kind: str) -> list[Any]:
    """Return the rows of a Parquet or ORC file as JSON: times and decimals as text."""
    try:
        import pyarrow
        from pyarrow import orc, parquet
    except ImportError as error:
        raise items.failed(f"To read {_COLUMNS[kind]}, install pyarrow: pip install pyarrow") from error
    read_table = parquet.read_table if kind == "PARQUET" else orc.read_table
    try:
        rows = read_table(io.BytesIO(content)).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise items.failed(f"Attempting to parse the input as {kind} failed: {error}") from error
    plain: list[Any] = json.loads(json.dumps(rows, default=_as_text))
    return plain


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
