"""Numbers worth a plot: what a job logs as it trains, its trials, what it evaluated against the threshold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST_SERIES = 6
MOST_BARS = 8
_XGBOOST_ROUND = re.compile(r"^(?:\[[\d:.\- ]+\])?\s*\[(?P<round>\d+)\](?P<rest>.*)$")
_XGBOOST_VALUE = re.compile(r"(?P<name>[\w@.\-]+-[\w@.\-]+):(?P<value>[-+\d.eE]+|nan|inf)")


def curves(lines: Iterable[str], definitions: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return `Plot` of the numbers in a log: XGBoost's rounds, and what metric definitions match.

    Args:
        lines: the log.
        definitions: the job's MetricDefinitions; the first group of ``Regex`` is the number.
    """
    patterns = [(each["Name"], pattern) for each in definitions if (pattern := _compiled(each)) is not None]
    rounds: dict[str, list[list[float]]] = {}
    matched: dict[str, list[list[float]]] = {}
    for line in lines:
        found = _XGBOOST_ROUND.match(line.replace("#011", "\t"))
        if found is not None:
            for each in _XGBOOST_VALUE.finditer(found["rest"]):
                _add(rounds, each["name"], each["value"], float(found["round"]))
        for name, pattern in patterns:
            for match in pattern.finditer(line):
                text = match.group(1) if pattern.groups else match.group()
                _add(matched, name, (text or "").partition("#011")[0], None)
    plots = _by_metric(rounds)
    shown = {_bare(name) for name in rounds}
    rest = {name: points for name, points in matched.items() if _bare(name) not in shown}
    return plots + [_plot(name, "step", {name: points}) for name, points in list(rest.items())[:MOST_SERIES]]


def trials(reached: Sequence[float | None], metric: str) -> list[dict[str, Any]]:
    """Return `Plot` of what each trial of a tuning job reached; None of one that has not."""
    points = [[float(number), value] for number, value in enumerate(reached, 1) if value is not None]
    return [_plot(metric or "objective", "trial", {metric or "objective": points})] if points else []


def evaluation(report: Any, limits: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return `Plot` of an evaluation report, what a condition judges beside its threshold.

    Args:
        report: the parsed JSON.
        limits: what conditions compare with, by JSON path.
    """
    numbers = dict(_numbers(report, ""))
    plots = []
    for path, limit in limits.items():
        value = numbers.get(path)
        if value is not None:
            plots.append(_bars(_short(path), {_short(path): value}, limit))
    judged = {_short(path) for path in limits}
    rest = {_short(name): value for name, value in numbers.items() if _short(name) not in judged}
    shown = {name: value for name, value in rest.items() if abs(value) <= 1}
    if shown:
        plots.append(_bars("evaluation", dict(list(shown.items())[:MOST_BARS]), None))
    return plots


def _compiled(definition: Mapping[str, str]) -> re.Pattern[str] | None:
    try:
        return re.compile(definition["Regex"])
    except (re.error, KeyError, TypeError):
        return None  # what cannot be read matches nothing on AWS either


def _add(series: dict[str, list[list[float]]], name: str, text: str, at: float | None) -> None:
    try:
        value = float(text)
    except ValueError:
        return
    points = series.setdefault(name, [])
    if math.isfinite(value):
        points.append([float(len(points)) if at is None else at, value])


def _bare(name: str) -> str:
    return name.replace(":", "-")


def _by_metric(rounds: Mapping[str, list[list[float]]]) -> list[dict[str, Any]]:
    """Return a plot for each metric: train and validation share their axes."""
    metrics: dict[str, dict[str, list[list[float]]]] = {}
    for name, points in rounds.items():
        data, _, metric = name.partition("-")
        metrics.setdefault(metric, {})[data] = points
    return [
        _plot(metric, "round", dict(list(series.items())[:MOST_SERIES])) for metric, series in metrics.items()
    ]


def _plot(title: str, axis: str, series: Mapping[str, list[list[float]]]) -> dict[str, Any]:
    return {
        "title": title,
        "axis": axis,
        "series": [{"name": name, "points": points} for name, points in series.items() if points],
        "threshold": None,
        "form": "line",
    }


def _bars(title: str, values: Mapping[str, float], threshold: float | None) -> dict[str, Any]:
    return {
        "title": title,
        "axis": "",
        "series": [{"name": name, "points": [[0.0, value]]} for name, value in values.items()],
        "threshold": threshold,
        "form": "bar",
    }


def _numbers(value: Any, path: str) -> Iterable[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, int | float) and not isinstance(value, bool) and path:
        yield path, float(value)


def _short(path: str) -> str:
    names = [part for part in path.split(".") if part not in ("value", "Value")]
    return names[-1] if names else path
