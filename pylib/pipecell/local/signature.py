"""AWS's signatures: who sent a request, and that it is what was signed.

Signature version 4 in headers and in presigned URLs, and version 2 in presigned
S3 URLs, which boto3 still makes by default. The algorithms are AWS's, from
"Authenticating Requests (AWS Signature Version 4)" and "Signing and
Authenticating REST Requests" of the S3 documentation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, unquote_plus

from pipecell.local.home import DEFAULT_REGION
from pipecell.local.wire import ServiceError

MAX_SKEW_SECONDS = 15 * 60
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_SECRET_PATTERN = re.compile(r"[0-9a-f]{64}")

# The parts of a query that S3's version 2 signs, from its documentation.
_V2_SUBRESOURCES = frozenset(
    (
        *(
            "acl",
            "cors",
            "delete",
            "lifecycle",
            "location",
            "logging",
            "notification",
            "partNumber",
            "policy",
        ),
        *(
            "requestPayment",
            "restore",
            "tagging",
            "torrent",
            "uploadId",
            "uploads",
            "versionId",
            "versioning",
        ),
        *("versions", "website", "response-cache-control", "response-content-disposition"),
        *("response-content-encoding", "response-content-language", "response-content-type"),
        "response-expires",
    )
)


@dataclass(frozen=True)
class Incoming:
    """The parts of a request that are signed.

    Args:
        method: ``GET``, …
        path: as sent, percent-encoded.
        query: as sent, without the question mark.
        headers: names in lower case.
        bucket: the one in the Host header, when it is there.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    bucket: str = ""


@dataclass(frozen=True)
class Signed:
    """A request whose signature holds.

    Args:
        access_key: who signed.
        region: from the credential scope.
        service: from the credential scope.
        payload: the declared hash of the body, or one of AWS's words for how it is signed.
        seed: what chunk signatures continue from; None where chunks cannot be signed.
    """

    access_key: str
    region: str
    service: str
    payload: str
    seed: ChunkSeed | None = None


@dataclass(frozen=True)
class ChunkSeed:
    """What the signature of a chunk is made with.

    Args:
        key: the signing key.
        signature: of the headers, which the first chunk's continues.
        timestamp: of the request.
        scope: the credential scope.
    """

    key: bytes
    signature: str
    timestamp: str
    scope: str

    def sign(self, kind: str, previous: str, *hashes: str) -> str:
        """Return the signature of a chunk (``PAYLOAD``) or of the trailers (``TRAILER``)."""
        text = "\n".join([f"{_ALGORITHM}-{kind}", self.timestamp, self.scope, previous, *hashes])
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


SecretOf = Callable[[str, str], "str | None"]
"""Returns the secret key of (access key, session token), or None."""


def verify(request: Incoming, secret_of: SecretOf, now: float, body_hash: Callable[[], str]) -> Signed:
    """Check a request's signature.

    Args:
        request: as it came.
        secret_of: see `SecretOf`.
        now: seconds since the epoch.
        body_hash: reads the body and returns its SHA-256; called only where the client declares none.

    Raises:
        ServiceError: 403, with S3's code: AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch,
            RequestTimeTooSkewed, or 400 AuthorizationQueryParametersError, AuthorizationHeaderMalformed.
    """
    authorization = request.headers.get("authorization", "")
    parameters = parse_query(request.query)
    if authorization.startswith(_ALGORITHM):
        return _verify_header(request, authorization, secret_of, now, body_hash)
    if "X-Amz-Signature" in parameters:
        return _verify_presigned(request, parameters, secret_of, now)
    if "Signature" in parameters and "AWSAccessKeyId" in parameters:
        return _verify_version_2(request, parameters, secret_of, now)
    if authorization:
        raise ServiceError(
            "InvalidRequest", "The authorization mechanism you have provided is not supported.", status=403
        )
    raise ServiceError("AccessDenied", "Access Denied: the request carries no signature.", status=403)


def parse_query(query: str) -> dict[str, str]:
    """Return a query's decoded parameters; one without ``=`` is ``""``, and the last of equals counts."""
    parameters = {}
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            parameters[unquote_plus(name, errors="surrogateescape")] = unquote_plus(
                value, errors="surrogateescape"
            )
    return parameters


def _verify_header(
    request: Incoming, authorization: str, secret_of: SecretOf, now: float, body_hash: Callable[[], str]
) -> Signed:
    fields = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]*)", authorization))
    if len(fields) != 3:  # noqa: PLR2004 -- the three in the pattern
        raise _malformed("The authorization header is malformed.")
    scope = _Scope.parse(fields["Credential"])
    timestamp = _timestamp(request.headers)
    if abs(_seconds(timestamp) - now) > MAX_SKEW_SECONDS:
        raise ServiceError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            status=403,
        )
    if timestamp[:8] != scope.date:
        raise _malformed("The date of the credential scope is not that of the request.")
    signed_headers = fields["SignedHeaders"].split(";")
    _require_signed(request, signed_headers, scope.service)
    payload = request.headers.get("x-amz-content-sha256") or body_hash()
    secret = _secret(secret_of, scope.access_key, request.headers.get("x-amz-security-token", ""))
    seed = _match(
        request, request.query, signed_headers, payload, timestamp, scope, secret, fields["Signature"]
    )
    return Signed(scope.access_key, scope.region, scope.service, payload, seed)


def _verify_presigned(
    request: Incoming, parameters: Mapping[str, str], secret_of: SecretOf, now: float
) -> Signed:
    try:
        expires = int(parameters["X-Amz-Expires"])
        timestamp = parameters["X-Amz-Date"]
        scope = _Scope.parse(parameters["X-Amz-Credential"])
        signed_headers = parameters["X-Amz-SignedHeaders"].split(";")
        started = _seconds(timestamp)
    except (KeyError, ValueError):
        raise _bad_query(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
            "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        ) from None
    if parameters.get("X-Amz-Algorithm") != _ALGORITHM:
        raise _bad_query(f'X-Amz-Algorithm only supports "{_ALGORITHM}"')
    if not 0 <= expires <= MAX_PRESIGNED_SECONDS:
        raise _bad_query("X-Amz-Expires must be less than a week (in seconds); that is, it must be 0-604800")
    if started - now > MAX_SKEW_SECONDS or timestamp[:8] != scope.date:
        raise ServiceError("AccessDenied", "Request is not yet valid", status=403)
    if now > started + expires:
        raise ServiceError("AccessDenied", "Request has expired", status=403)
    _require_signed(request, signed_headers, scope.service)
    payload = request.headers.get("x-amz-content-sha256") or parameters.get("X-Amz-Content-Sha256")
    if payload is None:
        payload = UNSIGNED_PAYLOAD if scope.service == "s3" else EMPTY_SHA256
    kept = "&".join(item for item in request.query.split("&") if not item.startswith("X-Amz-Signature="))
    token = parameters.get("X-Amz-Security-Token", "")
    secret = _secret(secret_of, scope.access_key, token)
    _match(request, kept, signed_headers, payload, timestamp, scope, secret, parameters["X-Amz-Signature"])
    return Signed(scope.access_key, scope.region, scope.service, payload)


def verify_form(fields: Mapping[str, str], secret_of: SecretOf) -> None:
    """Check the signature of an upload form's policy, version 4 or 2.

    Args:
        fields: of the form, names in lower case.
        secret_of: see `SecretOf`.

    Raises:
        ServiceError: 403 as for `verify`.
    """
    policy, token = fields.get("policy", "").encode(), fields.get("x-amz-security-token", "")
    if fields.get("x-amz-algorithm") == _ALGORITHM and "x-amz-signature" in fields:
        scope = _Scope.parse(fields.get("x-amz-credential", ""))
        key = _signing_key(_secret(secret_of, scope.access_key, token), scope)
        expected, given = hmac.new(key, policy, hashlib.sha256).hexdigest(), fields["x-amz-signature"]
    elif "awsaccesskeyid" in fields and "signature" in fields:
        secret = _secret(secret_of, fields["awsaccesskeyid"], token)
        digest = hmac.new(secret.encode(), policy, hashlib.sha1).digest()
        expected, given = base64.b64encode(digest).decode(), fields["signature"]
    else:
        raise ServiceError("AccessDenied", "Access Denied: the form carries no signature.", status=403)
    if not hmac.compare_digest(expected.encode(), given.encode(errors="replace")):
        raise _does_not_match()


def _verify_version_2(
    request: Incoming, parameters: Mapping[str, str], secret_of: SecretOf, now: float
) -> Signed:
    access_key = parameters["AWSAccessKeyId"]
    expires = parameters.get("Expires", "")
    if not expires.isdecimal():
        raise ServiceError(
            "AccessDenied", "Query-string authentication requires the Expires parameter", status=403
        )
    if now > int(expires):
        raise ServiceError("AccessDenied", "Request has expired", status=403)
    token = parameters.get("x-amz-security-token", request.headers.get("x-amz-security-token", ""))
    secret = _secret(secret_of, access_key, token)
    amazon = {name: value for name, value in request.headers.items() if name.startswith("x-amz-")}
    amazon.update({name: value for name, value in parameters.items() if name.startswith("x-amz-")})
    resource = (f"/{request.bucket}" if request.bucket else "") + request.path
    signed = sorted(_V2_SUBRESOURCES & parameters.keys())
    if signed:
        resource += "?" + "&".join(
            f"{name}={parameters[name]}" if parameters[name] else name for name in signed
        )
    text = "\n".join(
        [
            request.method,
            request.headers.get("content-md5", ""),
            request.headers.get("content-type", ""),
            expires,
            *(f"{name}:{amazon[name].strip()}" for name in sorted(amazon)),
            resource,
        ]
    )
    digest = hmac.new(secret.encode(), text.encode(errors="surrogateescape"), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(digest), parameters["Signature"].encode(errors="replace")):
        raise _does_not_match()
    return Signed(access_key, DEFAULT_REGION, "s3", UNSIGNED_PAYLOAD)


@dataclass(frozen=True)
class _Scope:
    access_key: str
    date: str
    region: str
    service: str

    @classmethod
    def parse(cls, credential: str) -> _Scope:
        parts = credential.rsplit("/", 4)
        if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):  # noqa: PLR2004
            raise _malformed(
                'The Credential is malformed; expecting "<access-key>/YYYYMMDD/REGION/SERVICE/aws4_request".'
            )
        return cls(parts[0], parts[1], parts[2], parts[3].lower())

    def text(self, service: str) -> str:
        return f"{self.date}/{self.region}/{service}/aws4_request"


def _match(  # noqa: PLR0917 -- all that a signature covers
    request: Incoming,
    query: str,
    signed_headers: list[str],
    payload: str,
    timestamp: str,
    scope: _Scope,
    secret: str,
    signature: str,
) -> ChunkSeed:
    scope_text = scope.text(scope.service)
    key = _signing_key(secret, scope)
    for path in _canonical_paths(request.path, scope.service):
        canonical = "\n".join(
            [
                request.method,
                path,
                _canonical_query(query),
                *(f"{name}:{_canonical_header(request, name)}" for name in signed_headers),
                "",
                ";".join(signed_headers),
                payload,
            ]
        )
        hashed = hashlib.sha256(canonical.encode(errors="surrogateescape")).hexdigest()
        text = "\n".join([_ALGORITHM, timestamp, scope_text, hashed])
        expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            return ChunkSeed(key, expected, timestamp, scope_text)
    raise _does_not_match()


def _signing_key(secret: str, scope: _Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(errors="surrogateescape"), hashlib.sha256).digest()
    return key


def _canonical_paths(path: str, service: str) -> list[str]:
    """Return the forms of the path that clients sign: all say the same path.

    S3's is encoded once, as sent or as AWS would encode it; other services encode what was sent again.
    """
    normal = quote(unquote(path, errors="surrogateescape"), safe="/-_.~", errors="surrogateescape")
    twice = quote(path, safe="/-_.~", errors="surrogateescape")
    forms = [path, normal] if service.startswith("s3") else [twice, path]
    return list(dict.fromkeys(forms))


def _canonical_query(query: str) -> str:
    pairs = []
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            pairs.append((_reencoded(name), _reencoded(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _reencoded(text: str) -> str:
    decoded = unquote(text.replace("+", "%20"), errors="surrogateescape")
    return quote(decoded, safe="-_.~", errors="surrogateescape")


def _canonical_header(request: Incoming, name: str) -> str:
    return " ".join(request.headers.get(name, "").split())


def _require_signed(request: Incoming, signed_headers: list[str], service: str) -> None:
    if "host" not in signed_headers:
        raise _malformed("The host header must be signed.")
    if service != "s3":
        return
    for name in request.headers:
        if name.startswith("x-amz-") and name != "x-amz-user-agent" and name not in signed_headers:
            raise ServiceError(
                "AccessDenied",
                f"There were headers present in the request which were not signed: {name}",
                status=403,
                HeadersNotSigned=name,
            )


def _secret(secret_of: SecretOf, access_key: str, session_token: str) -> str:
    secret = secret_of(access_key, session_token)
    if secret is None:
        raise ServiceError(
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            status=403,
            AWSAccessKeyId=access_key,
        )
    return secret


def _timestamp(headers: Mapping[str, str]) -> str:
    if stamp := headers.get("x-amz-date"):
        return stamp
    try:
        date = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError, TypeError):
        raise ServiceError(
            "AccessDenied",
            "AWS authentication requires a valid Date or x-amz-date header",
            status=403,
        ) from None
    return date.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def _seconds(stamp: str) -> float:
    try:
        parsed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise _malformed(f"{stamp[:40]!r} is not a time in the form YYYYMMDD'T'HHMMSS'Z'.") from None
    return parsed.timestamp()


def is_content_hash(payload: str) -> bool:
    """Whether a declared payload is the SHA-256 of the body."""
    return _SECRET_PATTERN.fullmatch(payload) is not None


def is_chunked(payload: str) -> bool:
    """Whether a declared payload says that the body comes in AWS's chunks."""
    return payload.startswith("STREAMING-")


def _does_not_match() -> ServiceError:
    return ServiceError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        status=403,
    )


def _malformed(message: str) -> ServiceError:
    return ServiceError("AuthorizationHeaderMalformed", message, status=400)


def _bad_query(message: str) -> ServiceError:
    return ServiceError("AuthorizationQueryParametersError", message, status=400)
