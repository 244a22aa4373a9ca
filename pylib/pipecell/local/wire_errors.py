"""Errors in the shape of the protocol that the client speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipecell.local.json_service import error_response as json_error
from pipecell.local.wire import Response, ServiceError

_SPECIAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff&<>]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")

# What JSON services call the errors that `signature` names as S3 does.
_JSON_CODES = {
    "AccessDenied": "MissingAuthenticationTokenException",
    "InvalidAccessKeyId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
    "AuthorizationHeaderMalformed": "IncompleteSignatureException",
    "AuthorizationQueryParametersError": "IncompleteSignatureException",
}


def render(error: ServiceError, service: str, headers: Mapping[str, str], request_id: str) -> Response:
    """Return an error as a client of a service expects it.

    Args:
        error: what went wrong.
        service: signing name; "" when it is not known.
        headers: of the request, in lower case.
        request_id: shown in the error where the protocol has a place for it.
    """
    content_type = headers.get("content-type", "")
    if service in {"", "s3"} and "x-amz-target" not in headers and "json" not in content_type:
        if not service and "x-www-form-urlencoded" in content_type:
            return query_error(error, request_id)
        return s3_error(error, request_id)
    if "x-amz-target" not in headers and "x-www-form-urlencoded" in content_type:
        return query_error(error, request_id)
    return json_error(_renamed(error))


def s3_error(error: ServiceError, request_id: str) -> Response:
    """Return an error as S3 holds it."""
    members = {"Code": error.code, "Message": error.message, **error.fields, "RequestId": request_id}
    inner = "".join(f"<{name}>{escape_text(str(value))}</{name}>" for name, value in members.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    return Response(error.status, {"content-type": "application/xml"}, body.encode(errors="replace"))


def query_error(error: ServiceError, request_id: str) -> Response:
    """Return an error as the query protocol (iam, sts, sns, …) holds it."""
    kind = "Receiver" if error.status >= 500 else "Sender"  # noqa: PLR2004
    body = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape_text(error.code)}</Code>"
        f"<Message>{escape_text(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(error.status, {"content-type": "text/xml"}, body.encode(errors="replace"))


def escape_text(text: str) -> str:
    """Return text as XML holds it; what XML 1.0 cannot hold becomes references, as S3 sends it."""
    if not _SPECIAL.search(text):
        return text
    # As xml.sax.saxutils.escape, whose module loads an HTTP client.
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _CONTROL.sub(lambda found: f"&#{ord(found[0])};", escaped)


def _renamed(error: ServiceError) -> ServiceError:
    return ServiceError(
        _JSON_CODES.get(error.code, error.code), error.message, error.status, **_json_fields(error)
    )


def _json_fields(error: ServiceError) -> dict[str, object]:
    return {} if error.code in _JSON_CODES else dict(error.fields)
