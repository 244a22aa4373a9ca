from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipecell.declare.sagemaker_v2 import point_sdk_at, restore_sdk
from tests.unit.declare.conftest import Declare


@pytest.fixture(autouse=True)
def sdk(cell: Declare) -> Iterator[None]:
    cell("import sagemaker")
    yield
    restore_sdk()


def test_points_and_restores_the_same_functions() -> None:
    from sagemaker import session, utils

    before = (session.sts_regional_endpoint, utils.sts_regional_endpoint)
    point_sdk_at("http://127.0.0.1:1")
    assert session.sts_regional_endpoint("us-east-1") == "http://127.0.0.1:1"
    point_sdk_at("http://127.0.0.1:2")
    assert session.sts_regional_endpoint("eu-west-1") == "http://127.0.0.1:2"
    restore_sdk()
    assert (session.sts_regional_endpoint, utils.sts_regional_endpoint) == before
    assert session.sts_regional_endpoint("us-east-1") == "https://sts.us-east-1.amazonaws.com"
    restore_sdk()


def test_no_telemetry_while_pointed() -> None:
    from sagemaker.telemetry import telemetry_logging

    before = telemetry_logging._send_telemetry_request
    point_sdk_at("http://127.0.0.1:1")
    assert telemetry_logging._send_telemetry_request(1, [1], None) is None
    restore_sdk()
    assert telemetry_logging._send_telemetry_request is before
