"""Names of the AWS SDK: which operation ``aws-sdk:service:action`` is, and how its errors are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pipecell.definition.asl.models import ALIASES

_MOST_MODELS = 32


@lru_cache(maxsize=1)
def _services() -> Mapping[str, str]:
    """Return botocore's services by their names without hyphens."""
    import botocore.session

    return {name.replace("-", ""): name for name in botocore.session.get_session().get_available_services()}


def service_name(service: str) -> str | None:
    """Return botocore's name of a service, or None."""
    plain = service.lower().replace("-", "")
    return ALIASES.get(plain) or _services().get(plain)


@lru_cache(maxsize=_MOST_MODELS)
def model(service: str) -> Any:
    """Return botocore's model of a service, by botocore's name."""
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def operation_name(service: str, action: str) -> tuple[str, str] | None:
    """Return botocore's service and operation of ``aws-sdk:service:action``, or None."""
    name = service_name(service)
    if name is None:
        return None
    wanted = action.lower()
    found = next(
        (operation for operation in model(name).operation_names if operation.lower() == wanted), None
    )
    return (name, found) if found else None


def class_name(service_id: str) -> str:
    """Return the Java SDK's name of a service: ``DynamoDB`` is ``DynamoDb``, ``SFN`` is ``Sfn``."""
    words = re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", service_id)
    return "".join(word[0].upper() + word[1:].lower() for word in words)
