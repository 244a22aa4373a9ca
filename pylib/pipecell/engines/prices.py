"""Today's prices from the AWS Price List API, and where they are kept once they were asked for."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from pipecell.definition.cost.prices import PriceTable, RegionPrices, from_price_list, packaged, read_table
from pipecell.errors import ExecutionError, PipecellError

PRICE_LIST = "https://pricing.us-east-1.amazonaws.com"
"""The public endpoint of the price list; it needs no account and no credentials."""

_FILE = "prices.json"
_SECONDS = 60


def fetch(region: str, *, base: str = PRICE_LIST) -> RegionPrices:
    """Ask AWS for the on-demand prices of one region.

    Args:
        region: for example ``eu-west-1``.
        base: the endpoint, without a final slash.

    Raises:
        ExecutionError: the endpoint cannot be reached, or answers with something else (``PC714``).
    """
    url = f"{base}/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.json"
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - https, or a test's own
            offer = json.load(answer)
        return from_price_list(offer, region)
    except (OSError, ValueError, AttributeError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise ExecutionError(
            f"The AWS Price List cannot be read for {region}: {error}.",
            code="PC714",
            hint="Prices stay as they were; leave out --refresh-prices.",
        ) from error
    except PipecellError as error:
        raise ExecutionError(error.message, code="PC714", hint=error.hint) from error


def kept(folder: Path) -> PriceTable:
    """Return the newest prices known here: those that were asked for, over those that pipecell ships.

    Args:
        folder: where `refresh` keeps them.

    Raises:
        DefinitionError: the file there is broken (``PC006``).
    """
    file = folder / _FILE
    if not file.is_file():
        return packaged()
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        data = None
    return read_table(data).over(packaged())


def refresh(folder: Path, regions: Iterable[str], *, base: str = PRICE_LIST) -> PriceTable:
    """Ask AWS for the prices of these regions and keep them; return all that is known then.

    Raises:
        ExecutionError: the price list cannot be read (``PC714``); nothing is changed.
    """
    fetched = [fetch(region, base=base) for region in regions]
    file = folder / _FILE
    try:
        table = read_table(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, PipecellError):
        table = PriceTable({})
    for prices in fetched:
        table = table.with_region(prices)
    folder.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(table.to_json(), indent=1) + "\n", encoding="utf-8")
    new.replace(file)
    return table.over(packaged())
