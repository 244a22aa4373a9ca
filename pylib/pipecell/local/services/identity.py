"""Who the caller is: sts, and the one role that exists from the start.

These are what every notebook asks first. Answering here spares loading moto,
which takes seconds, until a service is asked for that only moto has.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from pipecell.local.credentials import Credentials, Session
from pipecell.local.home import ACCOUNT_ID, EXECUTION_ROLE_ARN, EXECUTION_ROLE_NAME
from pipecell.local.services.execution_role import ROLE_CREATED, ROLE_ID, ROLE_PATH, TRUST_POLICY
from pipecell.local.services.others import Others
from pipecell.local.services.query_protocol import query_response, read_form
from pipecell.local.wire import Handler, Request, Response, ServiceError

SESSION_NAME = "pipecell"
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"
_IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


class Sts:
    """The Security Token Service of one account with one user.

    Args:
        credentials: of the home; sessions are derived from them.
        clock: seconds since the epoch.
        others: answers the operations that are not here.
    """

    def __init__(
        self, credentials: Credentials, others: Handler, clock: Callable[[], float] = time.time
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._others = others
        self._operations = {
            "GetCallerIdentity": self._get_caller_identity,
            "AssumeRole": self._assume_role,
            "GetSessionToken": self._get_session_token,
            "GetAccessKeyInfo": self._get_access_key_info,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        form = read_form(request)
        operation = self._operations.get(form.get("Action", ""))
        if operation is None:
            return self._others.handle(request)
        return query_response(form["Action"], operation(request, form), _STS, request.request_id)

    def _get_caller_identity(self, request: Request, _form: Mapping[str, str]) -> dict[str, Any]:
        session = self._credentials.session(
            request.access_key, request.headers.get("x-amz-security-token", "")
        )
        role, name = (session.role_arn, session.name) if session else (EXECUTION_ROLE_ARN, SESSION_NAME)
        return {
            "Arn": _assumed_role_arn(role, name),
            "UserId": f"{_role_id(role)}:{name}",
            "Account": ACCOUNT_ID,
        }

    def _assume_role(self, _request: Request, form: Mapping[str, str]) -> dict[str, Any]:
        role = form.get("RoleArn", "")
        name = form.get("RoleSessionName", "")
        seconds = form.get("DurationSeconds", "3600")
        for member, value, pattern in (
            ("roleArn", role, _ROLE_ARN),
            ("roleSessionName", name, _SESSION_NAME),
        ):
            if not pattern.fullmatch(value):
                raise ServiceError(
                    "ValidationError",
                    f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
                    f"constraint: Member must satisfy regular expression pattern: {pattern.pattern}",
                )
        if not seconds.isdecimal() or not 900 <= int(seconds) <= 43_200:  # noqa: PLR2004 -- AWS's limits
            raise ServiceError(
                "ValidationError",
                f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy "
                "constraint: Member must have value between 900 and 43200",
            )
        if role.split(":")[4] != ACCOUNT_ID:
            raise ServiceError(
                "AccessDenied",
                f"User: {_assumed_role_arn(EXECUTION_ROLE_ARN, SESSION_NAME)} is not authorized to perform: "
                f"sts:AssumeRole on resource: {role}",
                status=403,
            )
        return {
            "Credentials": self._session(Session(role, name, self._clock() + int(seconds))),
            "AssumedRoleUser": {
                "AssumedRoleId": f"{_role_id(role)}:{name}",
                "Arn": _assumed_role_arn(role, name),
            },
            "PackedPolicySize": 0,
        }

    def _get_session_token(self, _request: Request, form: Mapping[str, str]) -> dict[str, Any]:
        seconds = form.get("DurationSeconds", "43200")
        expires = self._clock() + (int(seconds) if seconds.isdecimal() else 43_200)
        return {"Credentials": self._session(Session(EXECUTION_ROLE_ARN, SESSION_NAME, expires))}

    @staticmethod
    def _get_access_key_info(_request: Request, _form: Mapping[str, str]) -> dict[str, Any]:
        return {"Account": ACCOUNT_ID}

    def _session(self, session: Session) -> dict[str, str]:
        pair = self._credentials.new_session(session)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.expires))
        return {
            "AccessKeyId": pair.access_key,
            "SecretAccessKey": pair.secret_key,
            "SessionToken": pair.session_token,
            "Expiration": expires,
        }


class Iam:
    """Answers for the execution role until moto, which also has it, has been loaded.

    Args:
        others: moto.
    """

    def __init__(self, others: Others) -> None:
        self._others = others

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if not self._others.loaded:
            form = read_form(request)
            if (form.get("Action"), form.get("RoleName")) == ("GetRole", EXECUTION_ROLE_NAME):
                return query_response("GetRole", {"Role": _role()}, _IAM, request.request_id)
        return self._others.handle(request)


def _role() -> dict[str, Any]:
    return {
        "Path": ROLE_PATH,
        "RoleName": EXECUTION_ROLE_NAME,
        "RoleId": ROLE_ID,
        "Arn": EXECUTION_ROLE_ARN,
        "CreateDate": ROLE_CREATED,
        "AssumeRolePolicyDocument": quote(TRUST_POLICY),
        "Description": "What jobs of the local endpoint run as",
        "MaxSessionDuration": 3600,
    }


def _assumed_role_arn(role_arn: str, session_name: str) -> str:
    role_name = role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{role_name}/{session_name}"


def _role_id(role_arn: str) -> str:
    if role_arn == EXECUTION_ROLE_ARN:
        return ROLE_ID
    import hashlib

    return "AROA" + hashlib.sha256(role_arn.encode()).hexdigest()[:17].upper()
