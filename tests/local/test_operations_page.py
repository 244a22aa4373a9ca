"""The page about every operation: it is up to date, and what it says is refused is refused."""

from __future__ import annotations

import importlib.util
import itertools
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import Clients
from tests.local.test_conformance import Shapes

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = {"s3": "NotImplemented", "lambda": "UnknownOperationException"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "scripts" / "make_operations_page.py"
    spec = importlib.util.spec_from_file_location("make_operations_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script: ModuleType) -> None:
    """A newer botocore knows more operations that are refused: that alone makes no page wrong."""
    written, now = (_what_is_done(text) for text in (script.PAGE.read_text(encoding="utf-8"), script.page()))
    assert written == now, "run scripts/make_operations_page.py"


def _what_is_done(page: str) -> list[str]:
    """Return the page's paragraphs without those that count or list what botocore knows and nobody does."""
    paragraphs = page.split("\n\n")
    return [
        paragraph
        for before, paragraph in itertools.pairwise(["", *paragraphs])
        if not re.match(r"\d+ operations|\*\*Refused\*\*", paragraph) and not before.startswith("**Refused**")
    ]


def test_every_operation_of_the_model_stands_on_it_once(script: ModuleType) -> None:
    with script.services() as made:
        for service in script.TITLES:
            assert script.sort_operations(service, made).all() == sorted(script.model_of(service))


@pytest.mark.parametrize("service", REFUSALS)
def test_what_it_calls_refused_is_refused(service: str, script: ModuleType, client: Clients) -> None:
    """The services with JSON protocols are walked in test_conformance."""
    shapes, caller = Shapes(service), client(service)
    with script.services() as made:
        refused = script.sort_operations(service, made).refused
    assert refused
    for operation in refused:
        name = shapes.input_of(operation)
        with pytest.raises(ClientError) as caught:
            caller._make_api_call(operation, _smallest(shapes, name) if name else {})
        assert caught.value.response["Error"]["Code"] == REFUSALS[service], operation
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def _smallest(shapes: Shapes, name: str) -> Any:
    sample = shapes.sample(name)
    return sample | {"Bucket": "some-bucket"} if "Bucket" in sample else sample
