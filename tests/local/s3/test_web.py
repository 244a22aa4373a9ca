"""S3 without boto3: presigned URLs, forms of browsers, hosts named like buckets."""

from __future__ import annotations

import base64
import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

from tests.local.conftest import Clients
from tests.local.waiting import PATIENCE


def fetch(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", data)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("version", ["s3v4", "s3", None])
def test_presigned_urls(client: Clients, bucket: str, version: str | None) -> None:
    s3 = client("s3", config=Config(signature_version=version)) if version else client("s3")
    target = {"Bucket": bucket, "Key": "a b/ü+&.txt"}
    put = s3.generate_presigned_url("put_object", target)
    assert fetch(put, "PUT", b"content") == (200, b"")
    get = s3.generate_presigned_url(
        "get_object",
        {**target, "ResponseContentType": "text/plain", "ResponseContentDisposition": "inline; x"},
    )
    assert fetch(get) == (200, b"content")
    assert fetch(get, "PUT", b"other")[0] == 403
    assert fetch(get.replace("a%20b", "other"))[0] == 403
    assert fetch(s3.generate_presigned_url("get_object", target, ExpiresIn=-1))[0] in {400, 403}
    status, body = fetch(s3.generate_presigned_url("get_object", {**target, "Key": "no"}))
    assert (status, b"<Code>NoSuchKey</Code>" in body) == (404, True)


def post_form(form: dict[str, Any], content: bytes, **fields: str) -> tuple[int, bytes]:
    """Send a form as a browser does; return status and body of the answer."""
    parts = [
        f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**form["fields"], **fields}.items()
    ]
    head = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="data.csv"\r\n\r\n'
    body = b"".join([*parts, head, content, b"\r\n--xyz--\r\n"])
    address = urlsplit(form["url"])
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("POST", address.path, body, {"Content-Type": "multipart/form-data; boundary=xyz"})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("content", [b"", b"\r\n--xy\r\n", bytes(range(256)) * 1000])
def test_uploads_by_form(client: Clients, s3: Any, bucket: str, version: str, content: bytes) -> None:
    form = client("s3", config=Config(signature_version=version)).generate_presigned_post(
        bucket,
        "posted/${filename}",
        Fields={"x-amz-meta-by": "form", "Content-Type": "text/csv"},
        Conditions=[{"x-amz-meta-by": "form"}, {"Content-Type": "text/csv"}],
    )
    assert post_form(form, content) == (204, b"")
    found = s3.get_object(Bucket=bucket, Key="posted/data.csv")
    assert found["Body"].read() == content
    assert (found["Metadata"], found["ContentType"]) == ({"by": "form"}, "text/csv")


@pytest.mark.parametrize(
    ("fields", "size", "code"),
    [
        ({}, 11, b"EntityTooLarge"),
        ({}, 1, b"EntityTooSmall"),
        ({"key": "elsewhere"}, 5, b"AccessDenied"),
        ({"acl": "private"}, 5, b"AccessDenied"),
        ({"policy": base64.b64encode(b"{}").decode()}, 5, b"SignatureDoesNotMatch"),
        ({"AWSAccessKeyId": "AKIANOBODY"}, 5, b"InvalidAccessKeyId"),
    ],
)
def test_forms_that_their_policy_forbids(
    s3: Any, bucket: str, fields: dict[str, str], size: int, code: bytes
) -> None:
    form = s3.generate_presigned_post(bucket, "posted", Conditions=[["content-length-range", 2, 10]])
    status, body = post_form(form, b"x" * size, **fields)
    assert status in {400, 403}
    assert code in body
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_forms_that_are_late_or_nobodys(s3: Any, bucket: str) -> None:
    form = s3.generate_presigned_post(bucket, "posted", ExpiresIn=-1)
    assert b"Policy expired" in post_form(form, b"x")[1]
    form["fields"] = {"key": "posted"}
    assert b"no signature" in post_form(form, b"x")[1]


def test_virtual_host_style(client: Clients, bucket: str, endpoint: Any) -> None:
    settings_ = Config(s3={"addressing_style": "virtual"})
    s3 = client("s3", endpoint_url=f"http://localhost:{endpoint.port}", config=settings_)
    seen: list[str] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: seen.append(request.url))

    def route(request: Any, **_: Any) -> None:
        # Names below localhost are this machine by RFC 6761, but not every resolver knows.
        request.headers["Host"] = f"{bucket}.localhost:{endpoint.port}"
        request.url = request.url.replace(f"{bucket}.localhost", "localhost")

    s3.meta.events.register("before-send.s3", route)
    for key in ("k", "/leading", "a//b", "ü"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert seen[0].startswith(f"http://{bucket}.localhost")
    assert len(s3.list_objects_v2(Bucket=bucket)["Contents"]) == 4
