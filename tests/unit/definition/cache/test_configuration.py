"""A step's CacheConfig, in every way that AWS writes a duration."""

from typing import Any

import pytest

from pipecell.definition.cache.configuration import Configuration, configuration_of, duration_seconds
from pipecell.errors import DefinitionError


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, Configuration()),
        ({"Enabled": False, "ExpireAfter": "P1D"}, Configuration()),
        ({"Enabled": True}, Configuration(True)),
        ({"Enabled": True, "ExpireAfter": "PT1H"}, Configuration(True, 3600.0)),
    ],
)
def test_a_cache_config(config: dict[str, Any] | None, expected: Configuration) -> None:
    assert configuration_of({"CacheConfig": config}) == expected


def test_a_result_expires() -> None:
    hour = Configuration(True, 3600.0)
    assert hour.expired(ended=0.0, now=3601.0)
    assert not hour.expired(ended=0.0, now=3599.0)
    assert not Configuration(True).expired(ended=0.0, now=1e12)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT1H", 3600),
        ("P30D", 30 * 86400),
        ("30d", 30 * 86400),
        ("T16m", 960),
        ("30dT5h", 30 * 86400 + 5 * 3600),
        ("P1Y2M", 425 * 86400),
        ("P2W", 14 * 86400),
        ("pt90s", 90),
    ],
)
def test_durations_are_read_as_aws_writes_them(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1 hour", "30", "T"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="not an ISO 8601 duration"):
        duration_seconds(text)
