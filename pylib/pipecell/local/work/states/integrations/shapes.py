"""Between the JSON of a state and the shapes of botocore: names, texts, times and bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pipecell.local.work.states.clock import format_timestamp
from pipecell.local.work.states.evaluate import dumps

Stamp = Callable[[datetime], Any]


def iso(moment: datetime) -> str:
    """Return a time as ``aws-sdk`` integrations show it."""
    return format_timestamp(moment.timestamp())


def milliseconds(moment: datetime) -> int:
    """Return a time as optimized integrations show it."""
    return int(moment.timestamp() * 1000)


def _epoch(moment: datetime) -> float:
    return moment.timestamp()


def to_request(shape: Any, value: Any) -> Any:  # noqa: PLR0911 -- one for each type of shape
    """Return arguments as botocore takes them: members in its spelling, objects for texts as JSON."""
    if shape is None or value is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        if getattr(shape, "is_document_type", False):
            return value
        known = {name.lower(): name for name in shape.members}
        made = {}
        for key, item in value.items():
            name = known.get(key.lower(), key)
            if item is not None or name not in shape.members:
                made[name] = to_request(shape.members.get(name), item)
        return made
    if kind == "list" and isinstance(value, list):
        return [to_request(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        return {key: to_request(shape.value, item) for key, item in value.items()}
    if kind == "string" and not isinstance(value, str):
        return dumps(value)
    if kind == "blob" and not isinstance(value, bytes):
        return value.encode() if isinstance(value, str) else dumps(value).encode()
    return value


def to_result(value: Any, stamp: Stamp, *, capitals: bool = True) -> Any:
    """Return botocore's answer as a state's result: Pascal case, plain JSON, no ResponseMetadata."""
    if isinstance(value, Mapping):
        return {
            _pascal(key) if capitals else key: to_result(item, stamp, capitals=capitals)
            for key, item in value.items()
            if key != "ResponseMetadata"
        }
    if isinstance(value, list):
        return [to_result(item, stamp, capitals=capitals) for item in value]
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bytes):
        return _text(value)
    if hasattr(value, "read"):
        return _text(value.read())
    return value


def shaped_result(shape: Any, value: Any, stamp: Stamp) -> Any:
    """Return an answer with the members of structures in Pascal case and the keys of maps as they are."""
    if shape is None:
        return to_result(value, stamp)
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {
            _pascal(key): shaped_result(shape.members.get(key), item, stamp)
            for key, item in value.items()
            if key != "ResponseMetadata"
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [shaped_result(shape.member, item, stamp) for item in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: shaped_result(shape.value, item, stamp) for key, item in value.items()}
    return to_result(value, stamp, capitals=False)


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return base64.b64encode(content).decode()


def metadata(answer: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """Return ``SdkHttpMetadata`` and ``SdkResponseMetadata``, which optimized integrations add."""
    about = answer.get("ResponseMetadata", {})
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": dict(headers),
            "HttpStatusCode": about.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": about.get("RequestId", "")},
    }


def http_headers(answer: Mapping[str, Any], service: str = "") -> dict[str, str]:
    """Return the headers that an AWS service sends, of a response.

    The length is that of AWS's own body: JSON without blanks and without what only the local service says.
    """
    about = answer.get("ResponseMetadata", {})
    sent = about.get("HTTPHeaders", {})
    length = sent.get("content-length", "0")
    if "json" in sent.get("content-type", "") and length != "0":
        body = {name: item for name, item in answer.items() if name != "ResponseMetadata"}
        length = str(len(dumps(to_result(body, _epoch, capitals=False)).encode()))
    if service == "dynamodb":
        return {
            "Server": "Server",
            "Connection": "keep-alive",
            "x-amzn-RequestId": about.get("RequestId", ""),
            "x-amz-crc32": sent.get("x-amz-crc32", "0"),
            "Content-Length": length,
            "Date": sent.get("date", ""),
            "Content-Type": "application/x-amz-json-1.0",
        }
    return {
        "x-amzn-RequestId": about.get("RequestId", ""),
        "connection": "keep-alive",
        "Content-Length": length,
        "Date": sent.get("date", ""),
        "Content-Type": sent.get("content-type", "application/x-amz-json-1.0"),
    }


def parsed(text: str) -> Any:
    """Return the value of a JSON text, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
