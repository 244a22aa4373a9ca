"""Prices asked of the AWS Price List, here answered by a server of the test's own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipecell.definition.cost.prices import packaged
from pipecell.engines.prices import fetch, kept, refresh
from pipecell.errors import DefinitionError, ExecutionError

OFFER = {
    "publicationDate": "2026-11-20T10:00:00Z",
    "products": {"S": {"attributes": {"instanceName": "ml.m5.large", "component": "Training"}}},
    "terms": {
        "OnDemand": {"S": {"T": {"priceDimensions": {"D": {"unit": "Hrs", "pricePerUnit": {"USD": "7"}}}}}}
    },
}


class _PriceList(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/offers/v1.0/aws/AmazonSageMaker/current/eu-central-1/index.json"
        content = json.dumps(OFFER).encode() if found else b"<html>"
        self.send_response(200 if found or "junk" in self.path else 404)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def price_list() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _PriceList) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_prices_are_kept_once_they_were_asked_for(price_list: str, tmp_path: Path) -> None:
    assert kept(tmp_path) == packaged()
    asked = refresh(tmp_path, ["eu-central-1"], base=price_list)
    assert asked.price("ml.m5.large", "eu-central-1") == 7.0
    assert kept(tmp_path) == asked
    assert kept(tmp_path).price("ml.m5.xlarge", "us-east-1") == 0.23


@pytest.mark.parametrize("region", ["nowhere-1", "junk-1"])
def test_what_is_no_price_list_changes_nothing(price_list: str, tmp_path: Path, region: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        refresh(tmp_path, [region], base=price_list)
    assert caught.value.code == "PC714"
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_out_of_reach_is_one_error() -> None:
    with pytest.raises(ExecutionError) as caught:
        fetch("eu-west-1", base="http://127.0.0.1:9")
    assert caught.value.code == "PC714"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text("{")
    with pytest.raises(DefinitionError) as caught:
        kept(tmp_path)
    assert caught.value.code == "PC006"
