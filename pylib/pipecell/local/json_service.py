"""A service that speaks AWS's JSON protocols: POST, ``X-Amz-Target``, errors as ``__type``."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from pipecell.local import service_model
from pipecell.local.service_model import ServiceModel
from pipecell.local.wire import Request, RequestContext, Response, ServiceError

Operation = Callable[[dict[str, Any], RequestContext], Mapping[str, Any] | None]
"""Takes a checked input and returns the output; a `ServiceError` is AWS's error."""


class JsonService:
    """Dispatches requests to operations, checking each against AWS's own description.

    Args:
        service_name: botocore's name of the service: ``sagemaker``, ``stepfunctions``, ``logs``.
        operations: by AWS's name of the operation, for example ``CreatePipeline``.

    An operation that AWS has and ``operations`` does not hold is a 400 UnknownOperationException.
    """

    def __init__(self, service_name: str, operations: Mapping[str, Operation]) -> None:
        self.service_name = service_name
        self.operations = dict(operations)
        self._model: ServiceModel | None = None
        self._model_lock = threading.Lock()

    @property
    def model(self) -> ServiceModel:
        """AWS's description of the operations, read at the first use."""
        with self._model_lock:
            if self._model is None:
                self._model = service_model.load(self.service_name, self.operations)
            return self._model

    def warm(self) -> None:
        """Read the description now, so that the first request need not."""
        _ = self.model

    def handle(self, request: Request) -> Response:
        """Answer one request; errors are raised as ServiceError, for the server to render."""
        name = self._operation_name(request)
        value = self._read(request)
        context = RequestContext(
            service=request.service or self.service_name,
            operation=name,
            region=request.region,
            access_key=request.access_key,
            request_id=request.request_id,
            base_url=request.base_url,
        )
        output = self.call(name, value, context)
        body = json.dumps(output, separators=(",", ":")).encode()
        return Response(200, {"content-type": f"application/x-amz-json-{self.model.json_version}"}, body)

    def call(self, name: str, value: Any, context: RequestContext) -> dict[str, Any]:
        """Check an input as sent, run its operation and return the output as it is sent."""
        operation = self.operations.get(name)
        if operation is None:
            raise unknown_operation(self.service_name, name)
        result: dict[str, Any] = to_wire(operation(self.model.read_input(name, value), context) or {})
        return result

    def _operation_name(self, request: Request) -> str:
        target = request.headers.get("x-amz-target", "")
        prefix, _, name = target.rpartition(".")
        if not name or request.method != "POST":
            raise ServiceError(
                "UnknownOperationException",
                f"{request.method} {request.path} names no operation of {self.service_name} in X-Amz-Target.",
            )
        if prefix and prefix != self.model.target_prefix:
            raise unknown_operation(self.service_name, target)
        return name

    @staticmethod
    def _read(request: Request) -> Any:
        body = request.read_body()
        try:
            return json.loads(body) if body.strip() else {}
        except (ValueError, RecursionError) as error:
            raise ServiceError("SerializationException", f"The body is not JSON: {error}.") from None


def unknown_operation(service: str, operation: str) -> ServiceError:
    """Return the error for what nobody here implements."""
    return ServiceError(
        "UnknownOperationException",
        f"The local endpoint does not implement {operation} of {service}.",
    )


def error_response(error: ServiceError, json_version: str = "1.1") -> Response:
    """Return an error as the JSON protocols hold it."""
    # Shapes of errors write the member both ways; clients read the one they know.
    document = {"__type": error.code, "message": error.message, "Message": error.message, **error.fields}
    headers = {"content-type": f"application/x-amz-json-{json_version}", "x-amzn-errortype": error.code}
    return Response(error.status, headers, json.dumps(to_wire(document)).encode())


def to_wire(value: Any) -> Any:  # noqa: PLR0911 -- one for each type
    """Return a value as AWS's JSON holds it: times as epoch seconds, bytes as base64, no nulls in objects.

    Raises:
        TypeError: a value that JSON cannot hold.
    """
    if isinstance(value, Mapping):
        return {str(key): to_wire(item) for key, item in value.items() if item is not None}
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc).timestamp()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (Sequence, set, frozenset)):
        return [to_wire(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
