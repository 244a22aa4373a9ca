"""Which operations the endpoint has: asked of its own tables, and of moto's classes for the rest."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pipecell.local.json_service import JsonService
from pipecell.local.services.others import Others
from pipecell.local.wire import Handler, Request

#: Ours, for which the page of operations says what becomes of each; a state machine may call any.
_WHOLE = frozenset({"lambda", "s3"})


class Coverage:
    """Answers for the services of one endpoint.

    Args:
        services: by signing name.
        others: moto.
    """

    def __init__(self, services: Mapping[str, Handler], others: Others) -> None:
        self._services, self._others = services, others

    def implements(self, service: str, operation: str) -> bool:
        """Tell whether an operation is implemented.

        Args:
            service: botocore's name.
            operation: AWS's name of the operation, such as ``CreateQueue``.
        """
        request = _request(service, operation)
        signing = request.service
        if signing in _WHOLE:
            return True
        own = self._services.get(signing)
        table = own if isinstance(own, JsonService) else getattr(own, "table", None)
        if isinstance(table, JsonService):
            if operation in table.operations:
                return True
            if not getattr(own, "shared", False):
                return False
        backend = self._others.backend_of(request)
        return backend is not None and _moto_has(backend, operation)


@lru_cache(maxsize=1024)
def _request(service: str, operation: str) -> Request:
    """Return a request for an operation, as far as it says which service is meant."""
    import botocore.session

    model = botocore.session.get_session().get_service_model(service)
    http = model.operation_model(operation).http
    path = re.sub(r"\{[^}]+\}", "x", http["requestUri"].partition("?")[0])
    prefix = model.metadata.get("targetPrefix")
    headers = {"x-amz-target": f"{prefix}.{operation}"} if prefix else {}
    return Request(http["method"], path, headers=headers, service=model.signing_name)


@lru_cache(maxsize=1024)
def _moto_has(backend: str, operation: str) -> bool:
    """Tell whether a class of moto's answers to an operation; a service that lacks its packages has none."""
    from moto.core.responses import BaseResponse
    from moto.core.utils import camelcase_to_underscores

    try:
        module: Any = importlib.import_module(f"moto.{backend}.responses")
    except ImportError:
        return False
    name = camelcase_to_underscores(operation)
    classes = [found for _, found in inspect.getmembers(module, inspect.isclass)]
    return any(issubclass(found, BaseResponse) and hasattr(found, name) for found in classes)
