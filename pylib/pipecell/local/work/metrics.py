"""Numbers that a job prints: AWS's metric definitions applied to its log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipecell.local.work.joblog import LogStream


def final_metrics(definitions: Sequence[Mapping[str, str]], log: str, index: str) -> list[dict[str, Any]]:
    """Return the last value of every metric that was logged, in the definitions' order.

    Args:
        definitions: `MetricDefinition` as JSON; the first group of the expression is the number.
        log: the log file.
        index: its time stamps.

    Returns:
        name, value, and timestamp in epoch seconds.
    """
    patterns = [(each["name"], re.compile(each["regex"])) for each in definitions]
    last: dict[str, dict[str, Any]] = {}
    if not patterns:
        return []
    for event in LogStream("", Path(log), Path(index), escaped=True).read(finished=True):
        for name, pattern in patterns:
            for match in pattern.finditer(event.message):
                value = _number(match)
                if value is not None:
                    last[name] = {"name": name, "value": value, "timestamp": event.timestamp / 1000}
    return [last[name] for name, _ in patterns if name in last]


def _number(match: re.Match[str]) -> float | None:
    text = match.group(1) if match.re.groups else match.group()
    try:
        # "(\S+)", as in XGBoost's documented expressions, also takes the tab's "#011" and what follows it.
        return float((text or "").partition("#011")[0])
    except ValueError:
        return None  # it matched something that is no number: AWS takes no metric from it either
