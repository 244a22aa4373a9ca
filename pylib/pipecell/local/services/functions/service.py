"""The Lambda API: a small table of routes over records and runner."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import os
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

from pipecell.local.credentials import Credentials
from pipecell.local.home import ACCOUNT_ID, Home
from pipecell.local.objects import ObjectStore
from pipecell.local.services.functions.records import Facts, Records
from pipecell.local.services.functions.runner import Invocation, Runner, invalid
from pipecell.local.store import Store
from pipecell.local.wire import Request, Response, ServiceError

INVOCATION_HEADER = "x-pipecell-invocation"
_NAME = re.compile(
    r"(?:arn:aws[\w-]*:lambda:[^:]+:\d+:function:|(?:\d+:)?function:)?([\w-]{1,64})(?::([\w$-]+))?"
)
_LARGEST_PAYLOAD = 6 * 1024 * 1024
_LARGEST_ZIP = 50 * 1024 * 1024
_BODY_LIMIT = 80 * 1024 * 1024
_LONGEST = 900
_LOG_TAIL = 4096

Route = Callable[[Request, "re.Match[str]"], Response]


def _not_found(arn: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", f"Function not found: {arn}", 404, Type="User")


class FunctionsService:
    """Lambda behind the port.

    Args:
        home: where code is extracted and results are kept.
        store: the endpoint's state.
        objects: S3, from which code may come.
    """

    def __init__(self, home: Home, store: Store, objects: ObjectStore) -> None:
        self._records, self._objects, self._home = Records(store), objects, home
        self._runner = Runner(home, self._environment)
        self._address: str | None = None
        function = r"/2015-03-31/functions/([^/]+)"
        self._routes: list[tuple[str, re.Pattern[str], Route]] = [
            (method, re.compile(pattern), route)
            for method, pattern, route in (
                ("POST", r"/2015-03-31/functions/?", self._create),
                ("GET", r"/2015-03-31/functions/?", self._list),
                ("GET", function, self._get),
                ("DELETE", function, self._delete),
                ("GET", f"{function}/configuration", self._configuration),
                ("PUT", f"{function}/configuration", self._configure),
                ("PUT", f"{function}/code", self._change_code),
                ("POST", f"{function}/invocations", self._invoke),
                ("POST", f"{function}/policy", self._add_permission),
                ("GET", r"/2017-03-31/tags/(.+)", self._tags),
            )
        ]

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self._address = request.base_url
        path = unquote(request.path)
        for method, pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match is not None and method == request.method:
                return route(request, match)
        raise ServiceError(
            "UnknownOperationException",
            f"The local endpoint does not implement {request.method} {path} of lambda.",
        )

    def resume(self) -> None:
        """Forget results that nobody came back for."""
        self._runner.sweep()

    def close(self) -> None:
        """Let workers end."""
        self._runner.close()

    # ------------------------------------------------------------------------------------ write
    def _create(self, request: Request, _match: re.Match[str]) -> Response:
        body = _body(request)
        name = str(body.get("FunctionName", ""))
        match = _NAME.fullmatch(name)
        if match is None:
            raise invalid(f"Invalid function name: {name!r}")
        arn = f"arn:aws:lambda:{request.region}:{ACCOUNT_ID}:function:{match[1]}"
        if self._records.get(arn) is not None:
            raise ServiceError(
                "ResourceConflictException", f"Function already exist: {match[1]}", 409, Type="User"
            )
        if body.get("PackageType", "Zip") != "Zip":
            raise invalid("Functions in container images do not run locally; give the code as a zip file.")
        code = self._code(body.get("Code") or {})
        facts: Facts = {
            "arn": arn,
            "name": match[1],
            "region": request.region,
            "role": body.get("Role", ""),
            "tags": body.get("Tags") or {},
            "description": "",
            "timeout": 3,
            "memory": 128,
            "environment": {},
        }
        facts |= _settings({"Runtime": "", "Handler": "", **body})
        facts |= _code_facts(code)
        self._records.put(facts, code)
        return _json(_described(facts), 201)

    def _configure(self, request: Request, match: re.Match[str]) -> Response:
        facts = self._function(request, match)
        facts |= _settings(_body(request))
        facts |= {"revision": str(uuid.uuid4()), "modified": _now()}
        self._records.put(facts)
        self._runner.forget(facts["name"])
        return _json(_described(facts))

    def _change_code(self, request: Request, match: re.Match[str]) -> Response:
        facts, body = self._function(request, match), _body(request)
        code = self._code(body)
        facts |= _code_facts(code)
        if not body.get("DryRun"):
            self._records.put(facts, code)
            self._runner.forget(facts["name"])
        return _json(_described(facts))

    def _delete(self, request: Request, match: re.Match[str]) -> Response:
        facts = self._function(request, match)
        self._records.delete(facts["arn"])
        self._runner.forget(facts["name"])
        return Response(204)

    def _add_permission(self, request: Request, match: re.Match[str]) -> Response:
        facts, body = self._function(request, match), _body(request)
        statement = {
            "Sid": body.get("StatementId"),
            "Effect": "Allow",
            "Principal": {"Service": body.get("Principal")},
            "Action": body.get("Action"),
            "Resource": facts["arn"],
        }
        return _json({"Statement": json.dumps(statement)}, 201)

    def _code(self, body: Mapping[str, Any]) -> bytes:
        if body.get("ZipFile"):
            try:
                content = base64.b64decode(body["ZipFile"], validate=True)
            except (binascii.Error, TypeError) as error:
                raise invalid("ZipFile is not base64.") from error
        elif body.get("S3Bucket"):
            content = self._objects.read(body["S3Bucket"], body["S3Key"])
        else:
            raise invalid("Please provide a source for function code.")
        if len(content) > _LARGEST_ZIP:
            raise ServiceError("RequestEntityTooLargeException", "The zip file is larger than 50 MB.", 413)
        return content

    # ------------------------------------------------------------------------------------- read
    def _list(self, request: Request, _match: re.Match[str]) -> Response:
        found = [_described(facts) for facts in self._records.every() if facts["region"] == request.region]
        return _json({"Functions": found})

    def _get(self, request: Request, match: re.Match[str]) -> Response:
        facts = self._function(request, match)
        answer = {"Configuration": _described(facts), "Code": {"RepositoryType": "S3", "Location": ""}}
        return _json({**answer, "Tags": facts["tags"]} if facts["tags"] else answer)

    def _configuration(self, request: Request, match: re.Match[str]) -> Response:
        return _json(_described(self._function(request, match)))

    def _tags(self, _request: Request, match: re.Match[str]) -> Response:
        facts = self._records.get(match[1])
        if facts is None:
            raise _not_found(match[1])
        return _json({"Tags": facts["tags"]})

    def _function(self, request: Request, match: re.Match[str]) -> Facts:
        found = _NAME.fullmatch(match[1])
        arn = f"arn:aws:lambda:{request.region}:{ACCOUNT_ID}:function:{found[1] if found else match[1]}"
        facts = self._records.get(arn)
        version = found[2] if found else None
        if facts is None or version not in (None, "$LATEST"):
            raise _not_found(f"{arn}:{version or request.query.get('Qualifier') or '$LATEST'}")
        return facts

    # ----------------------------------------------------------------------------------- invoke
    def _invoke(self, request: Request, match: re.Match[str]) -> Response:
        facts = self._function(request, match)
        payload = request.read_body(_LARGEST_PAYLOAD).decode("utf-8", "replace") or "{}"
        try:
            json.loads(payload)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise ServiceError("InvalidRequestContentException", message, Type="User") from error
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return Response(204)
        identity = request.headers.get(INVOCATION_HEADER)
        if kind == "Event":
            threading.Thread(target=self._run, args=(facts, payload, identity), daemon=True).start()
            return Response(202)
        started = time.monotonic()
        found = self._run(facts, payload, identity)
        headers = {"content-type": "application/json", "x-amz-executed-version": "$LATEST"}
        if found.error:
            headers["x-amz-function-error"] = found.error
        if request.headers.get("x-amz-log-type") == "Tail":
            lines = _log_of(found.log, request.request_id, time.monotonic() - started, facts["memory"])
            headers["x-amz-log-result"] = base64.b64encode(lines[-_LOG_TAIL:]).decode()
        return Response(200, headers, found.payload.encode())

    def _run(self, facts: Facts, payload: str, identity: str | None) -> Invocation:
        return self._runner.invoke(facts, payload, lambda: self._records.code(facts["arn"]), identity)

    def _environment(self, region: str) -> dict[str, str]:
        pair = Credentials.load(self._home).pair
        return {
            "AWS_ENDPOINT_URL": self._address or "",
            "AWS_ACCESS_KEY_ID": pair.access_key,
            "AWS_SECRET_ACCESS_KEY": pair.secret_key,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TZ": os.environ.get("TZ", ":UTC"),
        }


def _body(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.read_body(_BODY_LIMIT) or b"{}")
    except ValueError as error:
        raise ServiceError("InvalidRequestContentException", f"The body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ServiceError("InvalidRequestContentException", "The body is not a JSON object")
    return found


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a request gives, checked."""
    names = {"Runtime": "runtime", "Handler": "handler", "Timeout": "timeout", "MemorySize": "memory"}
    names |= {"Role": "role", "Description": "description"}
    made = {names[key]: body[key] for key in names if body.get(key) is not None}
    if "runtime" in made and not str(made["runtime"]).startswith("python3"):
        raise invalid(
            f"Value {made['runtime']} at 'runtime' does not run locally:"
            " functions run in this machine's Python."
        )
    if "handler" in made and "." not in made["handler"]:
        raise invalid(f"Bad handler '{made['handler']}': not enough values to unpack (expected 2, got 1)")
    if "timeout" in made and not 1 <= made["timeout"] <= _LONGEST:
        raise invalid(f"Timeout must be between 1 and {_LONGEST} seconds")
    if body.get("Environment") is not None:
        made["environment"] = body["Environment"].get("Variables") or {}
    return made


def _code_facts(code: bytes) -> dict[str, Any]:
    digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
    return {"code_hash": digest, "code_size": len(code), "revision": str(uuid.uuid4()), "modified": _now()}


def _now() -> str:
    moment = datetime.fromtimestamp(time.time(), timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def _described(facts: Facts) -> dict[str, Any]:
    answer = {
        "FunctionName": facts["name"],
        "FunctionArn": facts["arn"],
        "Runtime": facts["runtime"],
        "Role": facts["role"],
        "Handler": facts["handler"],
        "CodeSize": facts["code_size"],
        "Description": facts["description"],
        "Timeout": facts["timeout"],
        "MemorySize": facts["memory"],
        "LastModified": facts["modified"],
        "CodeSha256": facts["code_hash"],
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": facts["revision"],
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
    }
    if facts["environment"]:
        answer["Environment"] = {"Variables": facts["environment"]}
    return answer


def _log_of(printed: bytes, request: str, seconds: float, memory: int) -> bytes:
    """Return the log of one invocation: what it printed between the lines that Lambda itself writes."""
    took = seconds * 1000
    if printed and not printed.endswith(b"\n"):
        printed += b"\n"
    report = (
        f"END RequestId: {request}\nREPORT RequestId: {request}\tDuration: {took:.2f} ms\t"
        f"Billed Duration: {math.ceil(took)} ms\tMemory Size: {memory} MB\n"
    )
    return f"START RequestId: {request} Version: $LATEST\n".encode() + printed + report.encode()


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())
