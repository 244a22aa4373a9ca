"""Lambda functions: the ARN form and ``lambda:invoke``."""

from __future__ import annotations

import json
from typing import Any

from pipecell.definition.asl.resources import Resource
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import Failure
from pipecell.local.work.states.integrations import services, shapes
from pipecell.local.work.states.integrations.clients import Client

#: Header that names an invocation, so that one begun before a crash is taken up and not begun again.
INVOCATION_HEADER = "x-pipecell-invocation"


def invoke_arn(client: Client, request: TaskRequest) -> Done:
    """Run a Task whose Resource is a function's ARN: input in, result out."""
    resource = Resource(request.resource, "service", "lambda", "invoke")
    arguments = {"FunctionName": request.resource, "Payload": dumps(request.arguments)}
    return Done(_invoke(client, resource, arguments, request.token)["text"] or "null")


def invoke(client: Client, resource: Resource, request: TaskRequest) -> Done | Submitted:
    """Run ``lambda:invoke``: its result holds the payload parsed, beside the response's facts."""
    arguments = dict(request.arguments or {})
    arguments["Payload"] = payload_text(arguments.get("Payload"))
    answer = _invoke(client, resource, arguments, request.token)
    raw, headers = answer["raw"], _headers(answer["raw"], answer["text"])
    result: dict[str, Any] = {"ExecutedVersion": raw.get("ExecutedVersion", "$LATEST")}
    if raw.get("LogResult"):
        result["LogResult"] = raw["LogResult"]
    result["Payload"] = shapes.parsed(answer["text"]) if answer["text"] else {}
    result |= {**shapes.metadata(raw, headers), "StatusCode": raw["StatusCode"]}
    if resource.waits_for_token:
        return Submitted(result)
    return Done(dumps(result))


def payload_text(payload: Any) -> str:
    """Return what the function gets: nothing is an empty object, and a text that is JSON is taken as JSON."""
    if isinstance(payload, str) and shapes.parsed(payload) is not payload:
        return payload
    return dumps({} if payload is None else payload)


def _headers(raw: dict[str, Any], text: str) -> dict[str, str]:
    plain = shapes.http_headers(raw)
    made = {
        "X-Amz-Executed-Version": raw.get("ExecutedVersion", "$LATEST"),
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": plain["x-amzn-RequestId"],
        "Content-Length": str(len(text.encode())),
        "Date": plain["Date"],
        "X-Amzn-Trace-Id": f"root=1-{plain['x-amzn-RequestId'].replace('-', '')[:32]};sampled=0",
        "Content-Type": "application/json",
    }
    if raw.get("LogResult"):
        made["X-Amz-Log-Result"] = raw["LogResult"]
    return made


def _invoke(client: Client, resource: Resource, arguments: dict[str, Any], token: str) -> dict[str, Any]:
    import botocore.exceptions

    arguments = {key: value for key, value in arguments.items() if value is not None}
    made = client("lambda")
    _name_invocations(made)
    # botocore's hooks see no caller; the name rides in a parameter that the hook takes out again.
    context = {**arguments, "ClientContext": f"{_MARK}{token}:{arguments.get('ClientContext', '')}"}
    try:
        raw = made.invoke(**context)
    except botocore.exceptions.ClientError as error:
        raise services.service_failure(resource, made, error) from error
    except botocore.exceptions.ParamValidationError as error:
        raise Failure("Lambda.AWSLambdaException", str(error)) from error
    except botocore.exceptions.BotoCoreError as error:
        raise Failure("Lambda.SdkClientException", f"Unable to execute HTTP request: {error}") from error
    text = raw["Payload"].read().decode() if raw.get("Payload") else ""
    if raw.get("FunctionError"):
        raise Failure(_error_name(text), text)
    return {"raw": raw, "text": text}


_MARK = "pipecell-invocation:"


def _name_invocations(made: Any) -> None:
    """Turn the marked ClientContext of each request into a header, before it is signed."""

    def hook(params: dict[str, Any], **_: Any) -> None:
        headers = params["headers"]
        marked = headers.get("X-Amz-Client-Context", "")
        if marked.startswith(_MARK):
            token, _colon, context = marked.removeprefix(_MARK).partition(":")
            del headers["X-Amz-Client-Context"]
            if context:
                headers["X-Amz-Client-Context"] = context
            headers[INVOCATION_HEADER] = token

    made.meta.events.register("before-call.lambda.Invoke", hook, unique_id="pipecell-invocation")


def _error_name(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return "Lambda.Unknown"
    if not isinstance(found, dict):
        return "Lambda.Unknown"
    return str(found.get("errorType") or "Lambda.Unknown")
