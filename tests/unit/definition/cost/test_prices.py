"""The table of prices: dated, by region, and silent about what it does not know."""

import json
from datetime import date
from typing import Any

import pytest

from pipecell.definition.cost.prices import PriceTable, RegionPrices, from_price_list, packaged, read_table
from pipecell.definition.instances import all_types
from pipecell.errors import DefinitionError

Entry = dict[str, Any]
"""A part of AWS's price lists."""


def product(name: str, component: str, usd: str, unit: str = "Hrs") -> tuple[Entry, Entry]:
    """One product of an offer file and its terms, shaped as AWS writes them."""
    return (
        {"productFamily": "ML Instance", "attributes": {"instanceName": name, "component": component}},
        {"T": {"priceDimensions": {"D": {"unit": unit, "pricePerUnit": {"USD": usd}}}}},
    )


def offer(*products: tuple[Entry, Entry]) -> Entry:
    return {
        "publicationDate": "2026-11-20T10:00:00Z",
        "products": {f"SKU{index}": described for index, (described, _) in enumerate(products)},
        "terms": {"OnDemand": {f"SKU{index}": terms for index, (_, terms) in enumerate(products)}},
    }


def test_every_region_says_when_and_where_from() -> None:
    for prices in packaged().regions.values():
        assert date.fromisoformat(f"{prices.as_of}-01"[:10]) >= date(2023, 1, 1)
        assert prices.source


def test_every_type_of_the_table_exists() -> None:
    named = {name for prices in packaged().regions.values() for name in prices.of}
    assert named <= all_types()


@pytest.mark.parametrize(
    ("name", "region", "usd"),
    [
        ("ml.m5.xlarge", "us-east-1", 0.23),
        ("ml.m5.xlarge", "eu-west-1", 0.257),
        ("ml.m5.2xlarge", "eu-west-1", None),
        ("ml.m5.xlarge", "ap-south-2", None),
        ("ml.nothing.large", "us-east-1", None),
    ],
)
def test_a_price_is_the_regions_own_or_unknown(name: str, region: str, usd: float | None) -> None:
    assert packaged().price(name, region) == usd


def test_the_price_list_is_read_by_component() -> None:
    prices = from_price_list(
        offer(
            product("ml.m5.large", "Training", "0.1150000000"),
            product("ml.m5.large", "Processing", "0.1150000000"),
            product("ml.m5.large", "Studio Notebook", "0.9"),
            product("ml.m5.large", "", "13.57", "Quantity"),
            product("ml.p4d.24xlarge", "Hosting", "25.25"),
            product("ml.p4d.24xlarge", "Batch Transform", "27"),
        ),
        "eu-central-1",
    )
    assert prices.of == {"ml.m5.large": 0.115, "ml.p4d.24xlarge": {"endpoint": 25.25, "transform": 27.0}}
    assert prices.as_of == "2026-11-20"
    assert PriceTable({"eu-central-1": prices}).price("ml.p4d.24xlarge", "eu-central-1", "transform") == 27.0
    assert PriceTable({"eu-central-1": prices}).price("ml.p4d.24xlarge", "eu-central-1") == 27.0


@pytest.mark.parametrize(
    "junk", [{}, {"products": {}}, offer(product("ml.m5.large", "Training", "1", "Qty"))]
)
def test_a_price_list_without_instances_is_refused(junk: Entry) -> None:
    with pytest.raises(DefinitionError) as caught:
        from_price_list(junk, "nowhere-1")
    assert caught.value.code == "PC006"


def test_a_table_is_read_as_it_was_written() -> None:
    assert read_table(json.loads(json.dumps(packaged().to_json()))) == packaged()


@pytest.mark.parametrize("junk", [None, [], {}, {"regions": {}}, {"currency": "EUR", "regions": {}}])
def test_what_is_no_table_is_refused(junk: object) -> None:
    with pytest.raises(DefinitionError):
        read_table(junk)


def test_newer_prices_of_a_region_take_the_place_of_older_ones() -> None:
    new = PriceTable({"eu-west-1": RegionPrices("eu-west-1", "2026-11-01", "test", {"ml.m5.large": 9.0})})
    both = new.over(packaged())
    assert both.price("ml.m5.large", "eu-west-1") == 9.0
    assert both.price("ml.m5.xlarge", "eu-west-1") is None
    assert both.price("ml.m5.xlarge", "us-east-1") == 0.23
