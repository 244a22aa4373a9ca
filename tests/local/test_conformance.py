"""Every operation of the JSON services against botocore's model: what AWS's shapes refuse is refused here.

The walk knows the shapes from botocore's files alone. For each operation it builds the smallest request that
satisfies them and then breaks it in one place at a time, at every member that can be reached.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from botocore.loaders import Loader

from pipecell.local.home import Home
from pipecell.local.json_service import JsonService
from pipecell.local.objects import ObjectStore
from pipecell.local.service_model import compile_pattern
from pipecell.local.services import registry
from pipecell.local.store import Store
from pipecell.local.wire import Handler, RequestContext, ServiceError

SERVICES = {"sagemaker": "sagemaker", "logs": "logs", "stepfunctions": "states"}

# Strings that between them satisfy the patterns of the operations that the endpoint has.
CANDIDATES = (
    *(
        "a",
        "1",
        "A",
        "a-1",
        "0.5",
        "s3://bucket/key",
        "https://host/path",
        "/opt/ml/x",
        "ml.m5.large",
        "12345678",
    ),
    *("arn:aws:sagemaker:us-east-1:000000000000:pipeline/p", "arn:aws:iam::000000000000:role/r"),
    *("arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/abcdefghijkl", "2026-01-01T00:00:00Z"),
    *("arn:aws:states:us-east-1:000000000000:stateMachine:m", "sg-1", "subnet-1", "000000000000", "{}"),
    *("arn:aws:sagemaker:us-east-1:000000000000:model-package/g/1", "1.0", "v1", "text/csv", "P30D"),
    *("arn:aws:sagemaker:us-east-1:000000000000:experiment/e", "arn:aws:s3:::bucket", "a/b", "a@b"),
    *("arn:aws:kms:us-east-1:000000000000:key/k", "arn:aws:lambda:us-east-1:000000000000:function:f"),
    *("arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/m", "us-east-1", "host:1", "sha256:1"),
    *("lambda:GetLayerVersion", "arn:aws:lambda:us-east-1:000000000000:layer:l:1"),
    *("arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-" + "0" * 17, "lambda:InvokeFunction"),
    "arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/a/b",
)


class Shapes:
    """botocore's shapes of one service."""

    def __init__(self, service: str) -> None:
        data = Loader().load_service_model(service, "service-2")
        self.shapes: Mapping[str, Mapping[str, Any]] = data["shapes"]
        self.operations: Mapping[str, Mapping[str, Any]] = data["operations"]

    def input_of(self, operation: str) -> str:
        return str(self.operations[operation].get("input", {}).get("shape", ""))

    def sample(self, name: str) -> Any:
        """Return the smallest value that satisfies a shape; `LookupError` where no candidate does."""
        shape = self.shapes[name]
        kind = shape["type"]
        if kind == "structure":
            members = shape.get("members", {})
            wanted = list(members)[:1] if shape.get("union") else shape.get("required", ())
            return {member: self.sample(members[member]["shape"]) for member in wanted}
        if kind == "list":
            return [self.sample(shape["member"]["shape"]) for _ in range(shape.get("min", 0))]
        if kind == "map":
            key, value = shape["key"]["shape"], shape["value"]["shape"]
            return {self.sample(key): self.sample(value)} if shape.get("min", 0) else {}
        if kind == "string":
            return self._text(name, shape)
        if kind in ("integer", "long", "float", "double"):
            return max(shape.get("min", 1), 0)
        return {"boolean": True, "timestamp": 1.0, "blob": "YQ=="}[kind]

    def _text(self, name: str, shape: Mapping[str, Any]) -> str:
        if "enum" in shape:
            return str(shape["enum"][0])
        least, most = shape.get("min", 0), shape.get("max", 10**9)
        pattern = compile_pattern(shape["pattern"]) if "pattern" in shape else None
        for candidate in CANDIDATES:
            text: str = candidate + "a" * (least - len(candidate))
            if len(text) <= most and (pattern is None or pattern.fullmatch(text)):
                return text
        raise LookupError(f"no candidate satisfies {name}: {shape}")


Break = tuple[str, str]
"""What is broken in the walk's request just now, and the code that it must be refused with."""


@contextlib.contextmanager
def changed(holder: Any, key: Any, value: Any) -> Iterator[None]:
    """Set a member for a while."""
    had = not isinstance(holder, dict) or key in holder
    before = holder[key] if had else None
    holder[key] = value
    try:
        yield
    finally:
        if had:
            holder[key] = before
        else:
            del holder[key]


class Walk:
    """Breaks a request in one place at a time.

    Args:
        shapes: the service's.
        operation: whose request.
    """

    def __init__(self, shapes: Shapes, operation: str) -> None:
        self._shapes = shapes
        self._root = shapes.input_of(operation)
        self.request = shapes.sample(self._root)
        self._seen: set[str] = set()

    def breaks(self) -> Iterator[Break]:
        """Break `request` in every place; it is broken until the next one is asked for."""
        yield from self._structure(self._root, self.request, "")

    def _structure(self, name: str, holder: dict[str, Any], path: str) -> Iterator[Break]:
        shape = self._shapes.shapes[name]
        if name in self._seen or shape.get("document"):
            return
        self._seen.add(name)
        with changed(holder, "NoSuchKey", 1):
            yield f"{path}: unknown key", "ValidationException"
        for member in shape.get("required", ()):
            with changed(holder, member, None):
                yield f"{path}.{member}: missing", "ValidationException"
        for member, about in shape.get("members", {}).items():
            if member in holder or not shape.get("union"):
                yield from self._member(about["shape"], holder, member, f"{path}.{member}")

    def _member(self, name: str, holder: Any, key: Any, path: str) -> Iterator[Break]:
        shape = self._shapes.shapes[name]
        for what, value, code in self._wrong_values(shape):
            with changed(holder, key, value):
                yield f"{path}: {what}", code
        try:
            if shape["type"] == "structure":
                sample = self._shapes.sample(name)
                with changed(holder, key, sample):
                    yield from self._structure(name, sample, path)
            elif shape["type"] == "list":
                inner = shape["member"]["shape"]
                items = [self._shapes.sample(inner) for _ in range(max(1, shape.get("min", 1)))]
                with changed(holder, key, items):
                    yield from self._member(inner, items, 0, f"{path}[]")
            elif shape["type"] == "map":
                inner = shape["value"]["shape"]
                values = {self._shapes.sample(shape["key"]["shape"]): self._shapes.sample(inner)}
                with changed(holder, key, values):
                    yield from self._member(inner, values, next(iter(values)), f"{path}{{}}")
        except LookupError:
            return  # what nobody can build a right value for cannot be broken on purpose

    def _wrong_values(self, shape: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
        kind = shape["type"]
        if not shape.get("document"):
            yield (
                "wrong type",
                {"a": [1]} if kind not in ("structure", "map") else [[1]],
                "SerializationException",
            )
        if kind == "string":
            yield from self._wrong_texts(shape)
        if kind in ("integer", "long", "float", "double"):
            if "min" in shape:
                yield "too small", shape["min"] - 1, "ValidationException"
            if "max" in shape:
                yield "too large", shape["max"] + 1, "ValidationException"
        if kind == "list" and "max" in shape and shape["max"] <= 1000:
            try:
                element = self._shapes.sample(shape["member"]["shape"])
            except LookupError:
                return
            yield "too many", [element] * (shape["max"] + 1), "ValidationException"
        if kind == "list" and shape.get("min", 0) > 0:
            yield "too few", [], "ValidationException"

    @staticmethod
    def _wrong_texts(shape: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
        if "enum" in shape:
            yield "no value of the enum", "no such value", "ValidationException"
            return
        if shape.get("min", 0) > 0:
            yield "too short", "", "ValidationException"
        if "max" in shape and shape["max"] <= 20_000:
            yield "too long", "a" * (shape["max"] + 1), "ValidationException"
        pattern = compile_pattern(shape["pattern"]) if "pattern" in shape else None
        for text in ("\x00", "é ⁠\n!", " "):
            if pattern is not None and not pattern.fullmatch(text):
                yield "against the pattern", text * max(1, shape.get("min", 1)), "ValidationException"
                return


def _table_of(service: Handler) -> JsonService:
    table = getattr(service, "table", service)
    assert isinstance(table, JsonService)
    return table


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, JsonService]]:
    home = Home(tmp_path_factory.mktemp("conformance") / "home").create()
    store, objects = Store(home), ObjectStore(home)
    made = registry(home, store, objects)
    yield {name: _table_of(made[signing]) for name, signing in SERVICES.items()}
    for service in made.values():
        getattr(service, "close", lambda: None)()
    objects.close()
    store.close()


def refusal(service: JsonService, operation: str, request: Any) -> tuple[str, str]:
    """Return code and message of a refused request; it must not reach the operation."""
    try:
        service.model.read_input(operation, request)
    except ServiceError as error:
        return error.code, error.message
    return "", "accepted"


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_takes_the_smallest_request(name: str, services: Mapping[str, JsonService]) -> None:
    shapes = Shapes(name)
    for operation in services[name].operations:
        if shapes.input_of(operation):
            request = shapes.sample(shapes.input_of(operation))
            assert refusal(services[name], operation, request) == ("", "accepted"), operation


@pytest.mark.parametrize("name", SERVICES)
def test_what_the_shapes_refuse_is_refused(name: str, services: Mapping[str, JsonService]) -> None:
    shapes, count = Shapes(name), 0
    for operation in services[name].operations:
        if not shapes.input_of(operation):
            continue
        walk = Walk(shapes, operation)
        for what, code in walk.breaks():
            found, message = refusal(services[name], operation, walk.request)
            assert found == code, f"{operation}{what}: {found} {message} for {walk.request}"
            if code == "ValidationException":
                assert re.match(r"\d+ validation errors? detected: ", message), (
                    f"{operation}{what}: {message}"
                )
            count += 1
    # So that a walk which finds nothing to break does not pass.
    assert count > {"sagemaker": 2000, "logs": 30, "stepfunctions": 300}[name]


@pytest.mark.parametrize("name", SERVICES)
def test_a_refused_request_never_reaches_its_operation(
    name: str, services: Mapping[str, JsonService]
) -> None:
    shapes = Shapes(name)
    reached: list[str] = []

    def reach(operation: str, *_: object) -> dict[str, Any]:
        reached.append(operation)
        return {}

    watched = JsonService(
        name, {operation: partial(reach, operation) for operation in services[name].operations}
    )
    for operation in watched.operations:
        if shapes.input_of(operation):
            with pytest.raises(ServiceError):
                watched.call(operation, {"NoSuchKey": 1}, RequestContext(name, operation))
    assert reached == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_other_operation_is_refused_by_name(name: str, services: Mapping[str, JsonService]) -> None:
    for operation in sorted(set(Shapes(name).operations) - set(services[name].operations)):
        with pytest.raises(ServiceError, match=operation) as caught:
            services[name].call(operation, {}, RequestContext(name, operation))
        assert (caught.value.code, caught.value.status) == ("UnknownOperationException", 400)
