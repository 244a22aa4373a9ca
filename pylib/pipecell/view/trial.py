"""A state that was tried, stage by stage: a table of text, and one of HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from pipecell.view.html import Raw, tag

_LINE = 76  # characters of JSON that stand on one line
_SIGNS = {"SUCCEEDED": "✓", "FAILED": "✕", "CAUGHT_ERROR": "↷", "RETRIABLE": "↻"}
_WORDS = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CAUGHT_ERROR": "failed, and the error was caught",
    "RETRIABLE": "failed, and would be tried again",
}
_SAME = "unchanged"


class StageView(Protocol):
    """What is needed of a stage."""

    @property
    def name(self) -> str:
        """The field that made it."""

    @property
    def value(self) -> Any:
        """The data."""

    @property
    def changed(self) -> bool:
        """Whether it differs from the stage before."""


class TrialView(Protocol):
    """What is needed of a trial."""

    @property
    def state(self) -> str:
        """The state."""

    @property
    def status(self) -> str:
        """TestState's word."""

    @property
    def next_state(self) -> str | None:
        """Where the machine would go on."""

    @property
    def error(self) -> str:
        """The error."""

    @property
    def cause(self) -> str:
        """Its cause."""

    @property
    def mocked(self) -> bool:
        """Whether the call was mocked."""

    @property
    def stages(self) -> Sequence[StageView]:
        """The data on its way."""


def to_text(trial: TrialView) -> str:
    """Return a trial as text: a line that says how it went, then each stage with its data."""
    width = max((len(stage.name) for stage in trial.stages), default=0)
    lines = [headline(trial)]
    for stage in trial.stages:
        shown = written(stage.value) if stage.changed else _SAME
        first, *rest = shown.splitlines() or [""]
        lines.append(f"  {stage.name:<{width}}  {first}")
        lines += [f"  {'':<{width}}  {line}" for line in rest]
    return "\n".join(lines)


def to_html(trial: TrialView) -> str:
    """Return a trial as an HTML table."""
    rows = [
        tag(
            "tr",
            tag(
                "th",
                stage.name,
                style="text-align:left;vertical-align:top;font-weight:600;padding:4px 16px 4px 0",
            ),
            tag("td", _shown(stage), style="text-align:left;padding:4px 0"),
        )
        for stage in trial.stages
    ]
    style = "font-family:system-ui,sans-serif;font-size:13px;line-height:1.5"
    head = tag("div", headline(trial), style="font-weight:600;margin-bottom:4px")
    return tag("div", head, tag("table", *rows, style="border-collapse:collapse"), style=style)


def headline(trial: TrialView) -> str:
    """Return how it went in one line: ``✓ Score succeeded → Decide``."""
    parts = [
        f"{_SIGNS.get(trial.status, '·')} {trial.state} {_WORDS.get(trial.status, trial.status.lower())}"
    ]
    if trial.next_state:
        parts.append(f"→ {trial.next_state}")
    reason = ": ".join(part for part in (trial.error, trial.cause) if part)
    if reason:
        parts.append(f"({reason})")
    if trial.mocked:
        parts.append("· mocked")
    return " ".join(parts)


def written(value: Any) -> str:
    """Return data as JSON: on one line where it fits, else spread out."""
    value = _without_envelopes(value)
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= _LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _without_envelopes(value: Any) -> Any:
    """Return data with the HTTP headers of a call left out: they are the same every time."""
    if isinstance(value, dict):
        return {
            key: "…" if key in ("SdkHttpMetadata", "SdkResponseMetadata") else _without_envelopes(item)
            for key, item in value.items()
        }
    return [_without_envelopes(item) for item in value] if isinstance(value, list) else value


def _shown(stage: StageView) -> Raw:
    if not stage.changed:
        return tag("span", _SAME, style="opacity:.55")
    return tag("pre", written(stage.value), style="margin:0;white-space:pre-wrap;font-size:12px")
