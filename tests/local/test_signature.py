"""Signatures: AWS's published examples, botocore's own signers, and everything that must be refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipecell.local import signature
from pipecell.local.signature import Incoming, Signed
from pipecell.local.wire import ServiceError

# The key pair of AWS's documentation, for its published examples.
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXAMPLE_TIME = datetime(2013, 5, 24, tzinfo=timezone.utc).timestamp()


def secret_of(access_key: str, token: str) -> str | None:
    if access_key == ACCESS_KEY and token in {"", "a-token"}:
        return SECRET_KEY
    return None


def no_body() -> str:
    raise AssertionError("the body was read")


def verify(request: Incoming, now: float = EXAMPLE_TIME, body: Callable[[], str] = no_body) -> Signed:
    return signature.verify(request, secret_of, now, body)


def refused(request: Incoming, now: float = EXAMPLE_TIME) -> tuple[str, int]:
    with pytest.raises(ServiceError) as caught:
        verify(request, now, lambda: hashlib.sha256(b"").hexdigest())
    return caught.value.code, caught.value.status


# AWS's published examples ("Signature Calculations for the Authorization Header", "… Query Parameters")

EXAMPLE_SCOPE = f"{ACCESS_KEY}/20130524/us-east-1/s3/aws4_request"
GET_EXAMPLE = Incoming(
    "GET",
    "/test.txt",
    "",
    {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": signature.EMPTY_SHA256,
        "x-amz-date": "20130524T000000Z",
        "authorization": f"AWS4-HMAC-SHA256 Credential={EXAMPLE_SCOPE},"
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
)
PRESIGNED_EXAMPLE = Incoming(
    "GET",
    "/test.txt",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    {"host": "examplebucket.s3.amazonaws.com"},
)


def test_the_published_header_example() -> None:
    signed = verify(GET_EXAMPLE)
    assert (signed.access_key, signed.region, signed.service) == (ACCESS_KEY, "us-east-1", "s3")
    assert signed.payload == signature.EMPTY_SHA256


def test_the_published_presigned_example() -> None:
    assert verify(PRESIGNED_EXAMPLE).payload == signature.UNSIGNED_PAYLOAD


def changed(request: Incoming, **headers: str) -> Incoming:
    merged = {**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Incoming(request.method, request.path, request.query, merged)


@pytest.mark.parametrize(
    "request_",
    [
        Incoming("PUT", "/test.txt", "", GET_EXAMPLE.headers),
        Incoming("GET", "/test.txT", "", GET_EXAMPLE.headers),
        Incoming("GET", "/test.txt", "acl", GET_EXAMPLE.headers),
        changed(GET_EXAMPLE, range="bytes=0-10"),
        changed(GET_EXAMPLE, host="other.s3.amazonaws.com"),
        changed(GET_EXAMPLE, x_amz_content_sha256="UNSIGNED-PAYLOAD"),
        changed(GET_EXAMPLE, authorization=GET_EXAMPLE.headers["authorization"][:-1] + "2"),
        changed(GET_EXAMPLE, authorization=GET_EXAMPLE.headers["authorization"][:-64] + "é"),
        Incoming("PUT", PRESIGNED_EXAMPLE.path, PRESIGNED_EXAMPLE.query, PRESIGNED_EXAMPLE.headers),
        Incoming("GET", "/other", PRESIGNED_EXAMPLE.query, PRESIGNED_EXAMPLE.headers),
        Incoming("GET", "/test.txt", PRESIGNED_EXAMPLE.query + "&acl=", PRESIGNED_EXAMPLE.headers),
    ],
)
def test_any_change_is_noticed(request_: Incoming) -> None:
    assert refused(request_) == ("SignatureDoesNotMatch", 403)


def test_nobody_and_strangers() -> None:
    assert refused(Incoming("GET", "/", "", {"host": "localhost"})) == ("AccessDenied", 403)
    other = GET_EXAMPLE.headers["authorization"].replace(ACCESS_KEY, "AKIAOTHER")
    assert refused(changed(GET_EXAMPLE, authorization=other)) == ("InvalidAccessKeyId", 403)
    assert refused(changed(GET_EXAMPLE, authorization="Bearer x")) == ("InvalidRequest", 403)
    assert refused(changed(GET_EXAMPLE, authorization="AWS AKIA:x"))[1] == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a, Signature=b",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=b",
        f"AWS4-HMAC-SHA256 Credential={EXAMPLE_SCOPE}x, SignedHeaders=host, Signature=b",
        f"AWS4-HMAC-SHA256 Credential={EXAMPLE_SCOPE}, SignedHeaders=x-amz-date, Signature=b",
        f"AWS4-HMAC-SHA256 Credential={EXAMPLE_SCOPE.replace('20130524', '20130525')}, SignedHeaders=host, "
        "Signature=b",
    ],
)
def test_malformed_authorization(authorization: str) -> None:
    code, status = refused(changed(GET_EXAMPLE, authorization=authorization))
    assert (code, status) == ("AuthorizationHeaderMalformed", 400)


def test_headers_for_amazon_must_be_signed() -> None:
    assert refused(changed(GET_EXAMPLE, x_amz_acl="public-read")) == ("AccessDenied", 403)


@pytest.mark.parametrize(("seconds", "holds"), [(899, True), (-899, True), (901, False), (-901, False)])
def test_clocks_may_differ_by_fifteen_minutes(seconds: int, holds: bool) -> None:
    if holds:
        verify(GET_EXAMPLE, EXAMPLE_TIME + seconds)
    else:
        assert refused(GET_EXAMPLE, EXAMPLE_TIME + seconds) == ("RequestTimeTooSkewed", 403)


def test_a_request_needs_a_time() -> None:
    headers = {name: value for name, value in GET_EXAMPLE.headers.items() if name != "x-amz-date"}
    assert refused(Incoming("GET", "/test.txt", "", headers)) == ("AccessDenied", 403)
    assert refused(changed(GET_EXAMPLE, x_amz_date="yesterday"))[1] == 400


def test_presigned_urls_expire() -> None:
    verify(PRESIGNED_EXAMPLE, EXAMPLE_TIME + 86_399)
    assert refused(PRESIGNED_EXAMPLE, EXAMPLE_TIME + 86_401) == ("AccessDenied", 403)
    assert refused(PRESIGNED_EXAMPLE, EXAMPLE_TIME - 1000) == ("AccessDenied", 403)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Expires=86400", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=86400", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=86400", "X-Amz-Expires=soon"),
        ("X-Amz-Expires=86400&", ""),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=NONE"),
    ],
)
def test_malformed_presigned_urls(old: str, new: str) -> None:
    query = PRESIGNED_EXAMPLE.query.replace(old, new)
    assert refused(Incoming("GET", "/test.txt", query, PRESIGNED_EXAMPLE.headers)) == (
        "AuthorizationQueryParametersError",
        400,
    )


# botocore's own signers


def signed_by(
    signer: str,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    service: str = "s3",
    token: str | None = None,
    **extra: Any,
) -> Incoming:
    """Let botocore sign a request and return what arrives."""
    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials(ACCESS_KEY, SECRET_KEY, token)
    request = AWSRequest(method=method, url=url, data=body, headers=extra.pop("headers", {}))
    kind = getattr(auth, signer)
    made = (
        kind(credentials, **extra)
        if signer == "HmacV1QueryAuth"
        else kind(credentials, service, "eu-west-1", **extra)
    )
    made.add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = {name.lower(): _text(value) for name, value in prepared.headers.items()}
    headers.setdefault("host", parts.netloc)
    return Incoming(method, parts.path or "/", parts.query, headers)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def now() -> float:
    return datetime.now(timezone.utc).timestamp()


@pytest.mark.parametrize(
    "path",
    [
        "/bucket/key",
        "/bucket/a%20b%2Bc",
        "/bucket//a//",
        "/bucket/%C3%BC/..%2F..",
        "/bucket/../x",
        "/bucket/a=b~c",
    ],
)
def test_keys_that_botocore_signs(path: str) -> None:
    signed = verify(
        signed_by("S3SigV4Auth", "GET", f"http://127.0.0.1:1234{path}?x=a%20b&list-type=2"), now()
    )
    assert (signed.region, signed.service) == ("eu-west-1", "s3")


def test_a_key_that_another_client_encodes_less() -> None:
    strict = signed_by("S3SigV4Auth", "GET", "http://127.0.0.1:1234/bucket/a%3Db%40c")
    lax = Incoming("GET", "/bucket/a=b@c", "", strict.headers)
    assert verify(lax, now()).access_key == ACCESS_KEY


def test_a_body_without_declared_hash_is_read_and_hashed() -> None:
    body = b'{"PipelineName": "p"}'
    request = signed_by("SigV4Auth", "POST", "http://127.0.0.1:1/", body=body, service="sagemaker")
    signed = verify(request, now(), lambda: hashlib.sha256(body).hexdigest())
    assert signed.service == "sagemaker"
    with pytest.raises(ServiceError, match="SignatureDoesNotMatch"):
        verify(request, now(), lambda: hashlib.sha256(b"other").hexdigest())


def test_paths_of_other_services_are_encoded_twice() -> None:
    request = signed_by(
        "SigV4Auth", "POST", "http://127.0.0.1:1/functions/arn%3Aaws%3Alambda/invocations", service="lambda"
    )
    assert verify(request, now(), lambda: signature.EMPTY_SHA256).service == "lambda"


def test_presigned_by_botocore() -> None:
    request = signed_by(
        "S3SigV4QueryAuth", "GET", "http://127.0.0.1:1/bucket/k%20y?versionId=null", expires=60
    )
    assert verify(request, now()).payload == signature.UNSIGNED_PAYLOAD
    assert refused(request, now() + 61) == ("AccessDenied", 403)


def test_presigned_by_version_2() -> None:
    request = signed_by(
        "HmacV1QueryAuth", "GET", "http://127.0.0.1:1/bucket/k%20y?uploadId=a%2Bb&x=1", expires=60
    )
    assert verify(request, now()).access_key == ACCESS_KEY
    assert refused(request, now() + 61) == ("AccessDenied", 403)
    other = Incoming("GET", "/bucket/other", request.query, request.headers)
    assert refused(other, now()) == ("SignatureDoesNotMatch", 403)
    spoilt = Incoming("GET", request.path, request.query.replace("Expires=", "Expires=x"), request.headers)
    assert refused(spoilt, now()) == ("AccessDenied", 403)


def test_version_2_covers_the_bucket_in_the_host() -> None:
    request = signed_by("HmacV1QueryAuth", "GET", "http://127.0.0.1:1/bucket/key", expires=60)
    hosted = Incoming("GET", "/key", request.query, request.headers, bucket="bucket")
    assert verify(hosted, now()).service == "s3"


@pytest.mark.parametrize("signer", ["S3SigV4Auth", "S3SigV4QueryAuth", "HmacV1QueryAuth"])
def test_session_tokens_are_part_of_it(signer: str) -> None:
    assert verify(signed_by(signer, "GET", "http://127.0.0.1:1/b/k", token="a-token"), now()).service == "s3"
    assert refused(signed_by(signer, "GET", "http://127.0.0.1:1/b/k", token="forged"), now()) == (
        "InvalidAccessKeyId",
        403,
    )


def test_parse_query_decodes_once() -> None:
    assert signature.parse_query("a=1%2B1&b&c=x+y&&d==") == {"a": "1+1", "b": "", "c": "x y", "d": "="}
