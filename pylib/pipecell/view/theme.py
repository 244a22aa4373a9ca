"""Colours and signs: one hue for each kind of step, one colour and one sign for each state.

Every colour has a dark twin; the style sheet carries both, so that a picture inside an <img>
follows the reader's theme. State is never colour alone: the sign says it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Literal

from pipecell.graph import NodeState

Theme = Literal["auto", "light", "dark"]

_BASE = {
    "bg": ("#ffffff", "#15181e"),
    "panel": ("#f7f8fa", "#1c2028"),
    "line": ("#d9dde3", "#343b47"),
    "text": ("#1d2430", "#e6e9ef"),
    "dim": ("#667085", "#98a2b3"),
    "wash": ("#fdf1f1", "#2a1a1c"),
}
STATE_INK = {
    "ok": ("#16803c", "#4ade80"),
    "run": ("#2563eb", "#7aa2ff"),
    "fail": ("#c0262d", "#ff7b72"),
    "wait": ("#98a2b3", "#667085"),
    "stop": ("#b54708", "#ffb86b"),
    "cache": ("#7c3aed", "#c4a7ff"),
}
KIND_INK = {
    "processing": ("#0e7490", "#22b8cf"),
    "training": ("#6d28d9", "#b197fc"),
    "tuning": ("#a21caf", "#e599f7"),
    "model": ("#4338ca", "#91a7ff"),
    "register": ("#1d4ed8", "#74a7ff"),
    "transform": ("#0f766e", "#38d9a9"),
    "condition": ("#a16207", "#e6b450"),
    "fail-step": ("#b42318", "#ff8787"),
    "function": ("#c2410c", "#ffa94d"),
    "waiting": ("#9d174d", "#faa2c1"),
    "quality": ("#3f6212", "#a9e34b"),
    "endpoint": ("#0369a1", "#74c0fc"),
    "nested": ("#334155", "#ced4da"),
    "other": ("#64748b", "#adb5bd"),
}
_KINDS = {
    "Processing": "processing",
    "Training": "training",
    "Trial": "training",
    "Tuning": "tuning",
    "AutoML": "tuning",
    "Model": "model",
    "RegisterModel": "register",
    "Transform": "transform",
    "Condition": "condition",
    "Choice": "condition",
    "Fail": "fail-step",
    "Lambda": "function",
    "Task": "function",
    "Callback": "waiting",
    "Wait": "waiting",
    "QualityCheck": "quality",
    "ClarifyCheck": "quality",
    "Succeed": "quality",
    "EndpointConfig": "endpoint",
    "Endpoint": "endpoint",
    "InferenceComponent": "endpoint",
    "Parallel": "nested",
    "Map": "nested",
    "ForEach": "nested",
}
DECISIONS = frozenset({"Condition", "Choice"})
"""Types that are drawn as diamonds."""


def kind_of(step_type: str) -> str:
    """Return the colour family of a step or state type."""
    return _KINDS.get(step_type, "other")


@dataclass(frozen=True)
class Mark:
    """How a state looks: its sign, its colour and the word beside it."""

    sign: str
    ink: str
    word: str = ""


_MARKS = {
    "": Mark("○", "wait"),
    "Starting": Mark("◔", "run", "starting"),
    "Executing": Mark("●", "run", "running"),
    "Running": Mark("●", "run", "running"),
    "Succeeded": Mark("✓", "ok", "succeeded"),
    "Completed": Mark("✓", "ok", "succeeded"),
    "CompletedWithFailures": Mark("✕", "fail", "failed in part"),
    "Failed": Mark("✕", "fail", "failed"),
    "TimedOut": Mark("✕", "fail", "timed out"),
    "Stopping": Mark("◼", "stop", "stopping"),
    "Stopped": Mark("■", "stop", "stopped"),
    "Aborted": Mark("■", "stop", "aborted"),
    "NotTaken": Mark("–", "wait", "not taken"),
    # Step Functions' words for an execution.
    "RUNNING": Mark("●", "run", "running"),
    "PENDING_REDRIVE": Mark("●", "run", "about to go on"),
    "SUCCEEDED": Mark("✓", "ok", "succeeded"),
    "FAILED": Mark("✕", "fail", "failed"),
    "TIMED_OUT": Mark("✕", "fail", "timed out"),
    "ABORTED": Mark("■", "stop", "aborted"),
}
_REUSED = Mark("↺", "cache", "reused")

SEVERITIES = {
    "error": Mark("✕", "fail", "error"),
    "warning": Mark("▲", "condition", "warning"),
    "info": Mark("·", "wait", "info"),
}
"""The mark of each severity of a problem, the worst first."""


def mark_of(state: NodeState) -> Mark:
    """Return the sign, colour and word of a node's state."""
    return _REUSED if state.cached else mark_of_status(state.status)


def all_marks() -> dict[str, Mark]:
    """Return the mark of each status word that is known, and of ``reused``."""
    return {**_MARKS, "reused": _REUSED}


def mark_of_status(status: str) -> Mark:
    """Return the sign, colour and word of AWS's status word; unknown words get a neutral sign."""
    return _MARKS.get(status) or Mark("•", "wait", status)


def ink_of(name: str, theme: Literal["light", "dark"]) -> str:
    """Return the hexadecimal colour of a family in one theme."""
    return (_BASE | STATE_INK | KIND_INK)[name][theme == "dark"]


FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif'
_SHAPES = f"""\
.pc text{{font:12px {FONT}}}
.pc .b{{font-weight:600}} .pc .h{{font-size:14px;font-weight:600}} .pc .dim{{font-size:11px}}
.pc .label{{font-size:10.5px;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}}
.pc .rule{{fill:none}} .pc .group{{stroke-dasharray:2 3}} .pc .off{{opacity:.45}}
.pc .edge{{fill:none;stroke-width:1.3}} .pc .ctl{{stroke-dasharray:4 3}} .pc .strong{{stroke-width:2}}"""
_COLOURS = Template("""\
.pc text{fill:$text} .pc .dim{fill:$dim} .pc .label{fill:$dim;stroke:$bg}
.pc .bg{fill:$bg} .pc .panel{fill:$panel} .pc .wash{fill:$wash} .pc .rule{stroke:$line}
.pc .card{fill:$bg;stroke:$line} .pc .group{fill:$panel;stroke:$line}
.pc .edge{stroke:$dim} .pc .tip{fill:$dim}""")


def stylesheet(theme: Theme = "auto") -> str:
    """Return the CSS of a drawing: one theme, or light with dark for readers who prefer it."""
    if theme == "auto":
        dark = f"@media (prefers-color-scheme:dark){{\n{_colours('dark')}\n}}"
        return "\n".join([_SHAPES, _colours("light"), dark])
    return "\n".join([_SHAPES, _colours(theme)])


def _colours(theme: Literal["light", "dark"]) -> str:
    """Return the rules of one theme; ``f-`` classes fill with a colour, ``l-`` classes draw lines in it."""
    column = int(theme == "dark")
    rules = _COLOURS.substitute({name: pair[column] for name, pair in _BASE.items()})
    inks = " ".join(
        f".pc .f-{name}{{fill:{pair[column]}}} .pc .l-{name}{{stroke:{pair[column]}}}"
        for name, pair in (STATE_INK | KIND_INK).items()
    )
    return f"{rules}\n{inks}"
