"""AWS's query protocol: parameters in a form, answers in XML."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from pipecell.local.wire import Request, Response
from pipecell.local.wire_errors import escape_text


def read_form(request: Request) -> dict[str, str]:
    """Return the parameters of a request in the query protocol; its body can be read again."""
    body = request.read_body()
    request.body = io.BytesIO(body)
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return {**request.query, **form}


def query_response(operation: str, result: Mapping[str, Any], namespace: str, request_id: str) -> Response:
    """Return an answer as the query protocol holds it."""
    body = (
        f'<{operation}Response xmlns="{namespace}"><{operation}Result>{_elements(result)}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Response(200, {"content-type": "text/xml"}, body.encode())


def _elements(members: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, Mapping) else escape_text(str(value))}</{name}>"
        for name, value in members.items()
    )
