"""Lambda functions that a pipeline's steps call, created or updated before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipecell.engines.connection import Connection, aws_errors, error_code

_CONFIGURED = ("Runtime", "Handler", "Role", "Timeout", "MemorySize", "VpcConfig", "Environment", "Layers")


class Deployable(Protocol):
    """A function to be there before a run."""

    @property
    def name(self) -> str:
        """The function's name."""

    @property
    def code(self) -> bytes | None:
        """The zip archive; None when it is in S3."""

    @property
    def bucket(self) -> str:
        """Where the archive is in S3."""

    @property
    def key(self) -> str:
        """Its key there."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The other members of CreateFunction's request."""


def put(connection: Connection, functions: Sequence[Deployable]) -> None:
    """Create functions, or give those that exist their code and settings, and wait until they can be called.

    Args:
        connection: where to.
        functions: what.

    Raises:
        ExecutionError: AWS refused.
    """
    for function in functions:
        client = connection.client("lambda")
        code = _code(function)
        settings = {key: value for key, value in function.settings.items() if value is not None}
        with aws_errors(f"the Lambda function {function.name}", connection=connection):
            try:
                client.create_function(FunctionName=function.name, Code=code, **settings)
            except client.exceptions.ClientError as error:
                if error_code(error) != "ResourceConflictException":
                    raise
                _update(client, function.name, code, settings)
            client.get_waiter("function_active_v2").wait(FunctionName=function.name)


def _update(client: Any, name: str, code: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    known = {key: settings[key] for key in _CONFIGURED if key in settings}
    client.update_function_code(FunctionName=name, **code)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
    client.update_function_configuration(FunctionName=name, **known)
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


def _code(function: Deployable) -> dict[str, Any]:
    if function.code is not None:
        return {"ZipFile": function.code}
    return {"S3Bucket": function.bucket, "S3Key": function.key}
