"""A step's CacheConfig: whether it asks for reuse, and how old a result may be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.junk import mapping
from pipecell.errors import DefinitionError

_DURATION = re.compile(
    r"P?(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.IGNORECASE,
)
_SECONDS = {
    "years": 365 * 86400,
    "months": 30 * 86400,
    "weeks": 7 * 86400,
    "days": 86400,
    "hours": 3600,
    "minutes": 60,
    "seconds": 1,
}


@dataclass(frozen=True)
class Configuration:
    """What a step's CacheConfig says.

    Attributes:
        enabled: whether the step asks for reuse.
        expires: seconds for which a result may be reused; None for ever.
    """

    enabled: bool = False
    expires: float | None = None

    def expired(self, ended: float, now: float) -> bool:
        """Tell whether a result of a step that ended then is too old now, both in epoch seconds."""
        return self.expires is not None and ended < now - self.expires


def configuration_of(body: Mapping[str, Any]) -> Configuration:
    """Read the CacheConfig of a step.

    Raises:
        DefinitionError: ``PC117``, ``ExpireAfter`` is no duration.
    """
    found = mapping(body.get("CacheConfig"))
    if found.get("Enabled") is not True:
        return Configuration()
    expiry = found.get("ExpireAfter")
    return Configuration(True, duration_seconds(str(expiry)) if expiry else None)


def duration_seconds(text: str) -> float:
    """Return the seconds of an ISO 8601 duration; AWS's own examples leave the ``P`` out (``30dT5h``).

    Raises:
        DefinitionError: ``PC117``, it is none.
    """
    found = _DURATION.fullmatch(text.strip())
    parts = {unit: int(number) for unit, number in found.groupdict().items() if number} if found else {}
    if not parts:
        raise DefinitionError(
            f'"{text}" is not an ISO 8601 duration.', code="PC117", hint="Try P30D or PT1H."
        )
    return float(sum(_SECONDS[unit] * number for unit, number in parts.items()))
