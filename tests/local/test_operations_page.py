"""The page about every operation: it is up to date, and what it says is refused is refused."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts import make_operations_page
from tests.local.conftest import Clients
from tests.local.test_conformance import Shapes

REFUSALS = {"s3": "NotImplemented", "lambda": "UnknownOperationException"}


def test_the_page_is_up_to_date() -> None:
    """A newer botocore knows more operations that are refused: that alone makes no page wrong."""
    written = make_operations_page.PAGE.read_text(encoding="utf-8")
    assert _what_is_done(written) == _what_is_done(make_operations_page.page()), (
        "run scripts/make_operations_page.py"
    )


def _what_is_done(page: str) -> list[str]:
    """Return the page's paragraphs without those that count or list what botocore knows and nobody does."""
    paragraphs = page.split("\n\n")
    return [
        paragraph
        for before, paragraph in itertools.pairwise(["", *paragraphs])
        if not re.match(r"\d+ operations|\*\*Refused\*\*", paragraph) and not before.startswith("**Refused**")
    ]


def test_every_operation_of_the_model_stands_on_it_once() -> None:
    with make_operations_page.services() as made:
        for service in make_operations_page.TITLES:
            assert make_operations_page.sort_operations(service, made).all() == sorted(
                make_operations_page.model_of(service)
            )


@pytest.mark.parametrize("service", REFUSALS)
def test_what_it_calls_refused_is_refused(service: str, client: Clients) -> None:
    """The services with JSON protocols are walked in test_conformance."""
    shapes, caller = Shapes(service), client(service)
    with make_operations_page.services() as made:
        refused = make_operations_page.sort_operations(service, made).refused
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
