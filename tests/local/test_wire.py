"""AWS's JSON protocols: dispatch, checks in AWS's words, and what is sent back."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from pipecell.local import wire_errors
from pipecell.local.json_service import JsonService, error_response, to_wire
from pipecell.local.wire import Request, RequestContext, Response, ServiceError

SEEN: list[tuple[dict[str, Any], RequestContext]] = []


def remember(value: dict[str, Any], context: RequestContext) -> Mapping[str, Any]:
    SEEN.append((value, context))
    return {"PipelineArn": "arn", "Ignored": None}


def refuse(_value: dict[str, Any], _context: RequestContext) -> Mapping[str, Any]:
    raise ServiceError("ResourceNotFound", "There is no such pipeline.")


@pytest.fixture(scope="module")
def service() -> JsonService:
    return JsonService(
        "sagemaker", {"DescribePipeline": remember, "DeletePipeline": refuse, "AddTags": remember}
    )


def request(operation: str, body: Any = None, **fields: Any) -> Request:
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return Request(
        "POST",
        headers={"x-amz-target": operation, "host": "127.0.0.1:4566"},
        body=io.BytesIO(content),
        service="sagemaker",
        region="eu-west-1",
        access_key="AKIA",
        **fields,
    )


def body_of(response: Response) -> Any:
    """Return the JSON of an answer that is sent in one piece."""
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def test_an_operation_gets_its_input_and_context(service: JsonService) -> None:
    response = service.handle(request("SageMaker.DescribePipeline", {"PipelineName": "p"}, request_id="r-1"))
    assert body_of(response) == {"PipelineArn": "arn"}
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    value, context = SEEN.pop()
    assert value == {"PipelineName": "p"}
    assert context == RequestContext(
        service="sagemaker",
        operation="DescribePipeline",
        region="eu-west-1",
        account_id="000000000000",
        access_key="AKIA",
        request_id="r-1",
        base_url="http://127.0.0.1:4566",
    )


@pytest.mark.parametrize(
    "target", ["SageMaker.CreateAutoMLJob", "SageMaker.Nonsense", "Other.DescribePipeline", "", "X."]
)
def test_what_nobody_implements_is_named(service: JsonService, target: str) -> None:
    with pytest.raises(ServiceError) as caught:
        service.handle(request(target))
    assert (caught.value.code, caught.value.status) == ("UnknownOperationException", 400)
    assert target.rpartition(".")[2] in caught.value.message


def test_a_get_is_no_operation(service: JsonService) -> None:
    with pytest.raises(ServiceError, match="UnknownOperationException"):
        service.handle(Request("GET", path="/endpoints/x", service="sagemaker"))


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_what_is_not_json(service: JsonService, body: bytes) -> None:
    with pytest.raises(ServiceError, match="SerializationException"):
        service.handle(request("SageMaker.DescribePipeline", body))


def test_an_empty_body_is_an_empty_input(service: JsonService) -> None:
    with pytest.raises(
        ServiceError, match="'pipelineName' failed to satisfy constraint: Member must not be null"
    ):
        service.handle(request("SageMaker.DescribePipeline", b""))


def test_errors_pass_through(service: JsonService) -> None:
    with pytest.raises(ServiceError, match="ResourceNotFound"):
        service.handle(
            request("SageMaker.DeletePipeline", {"PipelineName": "p", "ClientRequestToken": "t" * 32})
        )


def test_an_operation_that_aws_does_not_have_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="Invented"):
        JsonService("sagemaker", {"Invented": remember}).warm()


def test_errors_as_json_clients_read_them() -> None:
    response = error_response(ServiceError("ConflictException", "Twice.", status=409, Resource="arn"))
    assert (response.status, response.headers["x-amzn-errortype"]) == (409, "ConflictException")
    document = body_of(response)
    assert document == {
        "__type": "ConflictException",
        "message": "Twice.",
        "Message": "Twice.",
        "Resource": "arn",
    }


def test_values_on_the_wire() -> None:
    when = datetime(2026, 1, 1, tzinfo=timezone.utc)
    value = {
        "t": when,
        "b": b"\x00",
        "n": None,
        "d": Decimal("1.5"),
        "l": (1, None, {"x": None}),
        "m": Decimal(3),
    }
    assert to_wire(value) == {"t": when.timestamp(), "b": "AA==", "d": 1.5, "l": [1, None, {}], "m": 3}
    with pytest.raises(TypeError):
        to_wire({"x": object()})


def test_a_body_has_a_limit() -> None:
    assert Request("POST", body=io.BytesIO(b"x" * 10)).read_body(10) == b"x" * 10
    with pytest.raises(ServiceError) as caught:
        Request("POST", body=io.BytesIO(b"x" * 11)).read_body(10)
    assert caught.value.status == 413


def test_paths_are_decoded_as_utf_8() -> None:
    assert Request("GET", path="/a%20b/%C3%BC%2F%ff").decoded_path == "/a b/ü/\udcff"


@pytest.mark.parametrize(
    ("service", "headers", "content_type", "words"),
    [
        ("s3", {}, "application/xml", b"<Code>NoSuch</Code>"),
        (
            "s3",
            {"content-type": "application/x-www-form-urlencoded"},
            "application/xml",
            b"<Code>NoSuch</Code>",
        ),
        ("", {}, "application/xml", b"<Code>NoSuch</Code>"),
        ("sagemaker", {}, "application/x-amz-json-1.1", b'"__type": "NoSuch"'),
        ("lambda", {"content-type": "application/json"}, "application/x-amz-json-1.1", b'"NoSuch"'),
        (
            "sts",
            {"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
            "text/xml",
            b"<Type>Sender</Type>",
        ),
        ("", {"x-amz-target": "A.B"}, "application/x-amz-json-1.1", b"NoSuch"),
    ],
)
def test_errors_in_each_protocols_shape(
    service: str, headers: dict[str, str], content_type: str, words: bytes
) -> None:
    response = wire_errors.render(ServiceError("NoSuch", "<&>", Key="k"), service, headers, "id-1")
    assert response.headers["content-type"] == content_type
    assert isinstance(response.body, bytes)
    assert words in response.body
    assert b"<&>" not in response.body or content_type.endswith("json-1.1")


def test_what_xml_cannot_hold_is_a_reference() -> None:
    assert wire_errors.escape_text("a\x01\r\n<&>\uffff") == "a&#1;&#13;\n&lt;&amp;&gt;&#65535;"
