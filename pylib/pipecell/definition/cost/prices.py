"""What an instance costs an hour: a dated table, by region, that says where each price comes from.

A price that the table does not have is unknown. It is never derived from another region's, or from
another size's, however regular AWS's prices are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pipecell.definition.data import load
from pipecell.errors import DefinitionError

CURRENCY = "USD"

_COMPONENTS: Mapping[str, str] = {
    "processing": "processing",
    "training": "training",
    "batchtransform": "transform",
    "hosting": "endpoint",
}
"""The price list's word for what an instance is used for, without spaces, to our kinds of job."""

Price = float | Mapping[str, float]
"""USD an hour: one number for every kind of job, or one for each kind."""


@dataclass(frozen=True)
class RegionPrices:
    """On-demand prices of one region.

    Attributes:
        region: AWS's name of the region, for example ``eu-west-1``.
        as_of: the day or month that the prices are of, ISO 8601.
        source: where they come from, in words for people.
        of: instance type to USD an hour.
    """

    region: str
    as_of: str
    source: str
    of: Mapping[str, Price] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the region as the files hold it."""
        return {"as_of": self.as_of, "source": self.source, "of": dict(self.of)}


@dataclass(frozen=True)
class PriceTable:
    """Prices of several regions."""

    regions: Mapping[str, RegionPrices]

    def price(self, instance_type: str, region: str, kind: str | None = None) -> float | None:
        """Return USD an hour, None where it is not known.

        Args:
            instance_type: for example ``ml.m5.xlarge``.
            region: for example ``eu-west-1``.
            kind: the kind of job; without one, the dearest of its kinds.
        """
        found = self.regions[region].of.get(instance_type) if region in self.regions else None
        if isinstance(found, Mapping):
            return found.get(kind) if kind is not None else max(found.values(), default=None)
        return found

    def with_region(self, prices: RegionPrices) -> PriceTable:
        """Return the table with one region's prices put in the place of those it had."""
        return PriceTable({**self.regions, prices.region: prices})

    def over(self, older: PriceTable) -> PriceTable:
        """Return this table, with the regions that only ``older`` has."""
        return PriceTable({**older.regions, **self.regions})

    def to_json(self) -> dict[str, Any]:
        """Return the table as the files hold it."""
        return {
            "currency": CURRENCY,
            "unit": "hour",
            "regions": {name: prices.to_json() for name, prices in sorted(self.regions.items())},
        }


def read_table(data: Any) -> PriceTable:
    """Read a table from the JSON that `PriceTable.to_json` writes.

    Raises:
        DefinitionError: ``PC006``, it is not such a table.
    """
    regions = data.get("regions") if isinstance(data, Mapping) else None
    if not isinstance(regions, Mapping) or data.get("currency") != CURRENCY:
        raise DefinitionError(
            "This is not a table of prices.", code="PC006", hint="`--refresh-prices` writes it anew."
        )
    return PriceTable(
        {
            name: RegionPrices(name, str(entry["as_of"]), str(entry["source"]), entry["of"])
            for name, entry in regions.items()
        }
    )


@lru_cache(maxsize=1)
def packaged() -> PriceTable:
    """Return the table that pipecell ships."""
    return read_table(load("prices.json"))


def from_price_list(offer: Mapping[str, Any], region: str) -> RegionPrices:
    """Read one region's offer file of the AWS Price List: on-demand hours of SageMaker instances.

    Args:
        offer: the file ``AmazonSageMaker/current/REGION/index.json`` as parsed JSON.
        region: the region that it is of.

    Raises:
        DefinitionError: ``PC006``, the file is no such offer or has no price of an instance.

    Source: AWS Price List user guide, "Reading the service price list file".
    """
    kinds: dict[str, dict[str, float]] = {}
    for instance_type, kind, usd in _entries(offer):
        kinds.setdefault(instance_type, {})[kind] = usd
    if not kinds:
        raise DefinitionError(
            f"The price list has no price of a SageMaker instance in {region}.",
            code="PC006",
            hint="Is it the name of a region?",
        )
    of = {
        name: next(iter(by_kind.values())) if len(set(by_kind.values())) == 1 else by_kind
        for name, by_kind in sorted(kinds.items())
    }
    as_of = str(offer.get("publicationDate") or "")[:10]
    return RegionPrices(region, as_of, f"AWS Price List, AmazonSageMaker, {region}", of)


def _entries(offer: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield (instance type, kind of job, USD an hour)."""
    terms = (offer.get("terms") or {}).get("OnDemand") or {}
    for sku, product in (offer.get("products") or {}).items():
        attributes = product.get("attributes") or {}
        kind = _COMPONENTS.get(str(attributes.get("component") or "").replace(" ", "").lower())
        name = str(attributes.get("instanceName") or "")
        if kind is None or not name.startswith("ml."):
            continue
        for term in (terms.get(sku) or {}).values():
            for dimension in (term.get("priceDimensions") or {}).values():
                usd = (dimension.get("pricePerUnit") or {}).get(CURRENCY)
                if str(dimension.get("unit")).lower() in ("hrs", "hours", "hour") and usd is not None:
                    yield name, kind, float(usd)
