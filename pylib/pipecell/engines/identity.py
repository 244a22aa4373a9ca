"""Who calls AWS, and the role that a pipeline may run under."""

from __future__ import annotations

import re

from pipecell.engines.connection import Connection, aws_errors
from pipecell.errors import ExecutionError


def execution_role(connection: Connection) -> str:
    """Return the ARN of the caller's own role, as the SDK's ``get_execution_role`` finds it.

    Raises:
        ExecutionError: the caller is a user, who has no role to hand on (``PC713``), or AWS refused.
    """
    with aws_errors("the caller's identity", connection=connection):
        caller = str(connection.client("sts").get_caller_identity()["Arn"])
        match = re.match(r"arn:[\w-]+:sts::\d+:assumed-role/([^/]+)/", caller)
        if match is None:
            raise ExecutionError(
                "The pipeline needs a role to run under, and the caller is not a role.",
                code="PC713",
                hint="Give one with --role ARN.",
            )
        # An assumed role's ARN leaves out the role's path, which pipelines need.
        return str(connection.client("iam").get_role(RoleName=match[1])["Role"]["Arn"])
