"""What stands around the drawing: the header above, the times of the steps below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipecell.graph import Graph, NodeState
from pipecell.view.durations import duration, elapsed
from pipecell.view.header import Header
from pipecell.view.markup import element, number, text_at
from pipecell.view.metrics import clean, elide, text_width, wrap
from pipecell.view.theme import DECISIONS, kind_of, mark_of, mark_of_status

STRIP = 40.0
_PAD = 14.0
_CHIP_PAD = 9.0
_CHIP_GAP = 8.0
_CHIP_HEIGHT = 22.0
_TITLE = 14.0
_TITLE_ROOM = 420.0
_CHIP_ROOM = 260.0
_REASON_LINE = 17.0
_LEGEND_MARK = 9.0


@dataclass(frozen=True)
class _Chip:
    text: str
    ink: str = ""

    @property
    def width(self) -> float:
        return text_width(self.text, 12, bold=bool(self.ink)) + 2 * _CHIP_PAD


def _chips(header: Header) -> list[_Chip]:
    chips: list[_Chip] = []
    if header.status:
        mark = mark_of_status(header.status)
        chips.append(_Chip(clean(f"{mark.sign} {header.status} {header.elapsed}"), mark.ink))
    elif header.elapsed:
        chips.append(_Chip(clean(header.elapsed)))
    return [*chips, *(_Chip(elide(clean(text), _CHIP_ROOM)) for text in header.chips if clean(text))]


def _title(header: Header) -> str:
    return elide(clean(header.title), _TITLE_ROOM, _TITLE, bold=True, middle=True)


def header_width(header: Header) -> float:
    """Return the width in pixels that the strip needs."""
    title = text_width(_title(header), _TITLE, bold=True)
    return 2 * _PAD + title + sum(_CHIP_GAP + chip.width for chip in _chips(header))


def draw_header(
    header: Header, width: float, graph: Graph, states: Mapping[str, NodeState] | None
) -> tuple[float, list[str]]:
    """Return the height of everything above the drawing, and its elements."""
    lines = [
        f'<path class="panel" d="M1 {number(STRIP)}V8a7 7 0 0 1 7-7H{number(width - 8)}'
        f'a7 7 0 0 1 7 7V{number(STRIP)}z"/>',
        f'<path class="rule" d="M1 {number(STRIP + 0.5)}H{number(width - 1)}"/>',
        text_at(_PAD, 25.5, _title(header), "h", full=header.title),
    ]
    x = _PAD + text_width(_title(header), _TITLE, bold=True)
    for chip in _chips(header):
        x += _CHIP_GAP
        lines += _draw_chip(chip, x)
        x += chip.width
    if states is None:
        lines += _legend(graph, x + 2 * _CHIP_GAP, width)
    reasons = list(_reasons(graph, states or {}, width))
    if not reasons:
        return STRIP, lines
    height = _REASON_LINE * len(reasons) + 12
    lines.append(
        f'<rect class="wash" x="1" y="{number(STRIP + 1)}" width="{number(width - 2)}" '
        f'height="{number(height)}"/>'
    )
    for index, (text, full) in enumerate(reasons):
        lines.append(text_at(_PAD, STRIP + 18 + index * _REASON_LINE, text, "f-fail", full=full))
    return STRIP + height, lines


def _draw_chip(chip: _Chip, x: float) -> Iterator[str]:
    y = (STRIP - _CHIP_HEIGHT) / 2
    line = f"bg l-{chip.ink}" if chip.ink else "card"
    yield (
        f'<rect class="{line}" x="{number(x)}" y="{number(y)}" width="{number(chip.width)}" '
        f'height="{number(_CHIP_HEIGHT)}" rx="11"/>'
    )
    style = f"b f-{chip.ink}" if chip.ink else ""
    yield text_at(x + _CHIP_PAD, y + 15.5, chip.text, style)


def _legend(graph: Graph, left: float, width: float) -> Iterator[str]:
    """Yield the kinds of step with their colours, at the right of a preview's header, if there is room."""
    types = list(dict.fromkeys(clean(node.type) for node in graph.nodes if node.type not in DECISIONS))
    room = width - _PAD
    sizes = [text_width(name, 11) + _LEGEND_MARK + 5 + _PAD for name in types]
    if sum(sizes) > room - left:
        return
    x = room - sum(sizes) + _PAD
    for name, size in zip(types, sizes, strict=True):
        yield f'<rect class="f-{kind_of(name)}" x="{number(x)}" y="15.5" width="9" height="9" rx="2"/>'
        yield text_at(x + _LEGEND_MARK + 5, 24, name, "dim")
        x += size


def _reasons(graph: Graph, states: Mapping[str, NodeState], width: float) -> Iterator[tuple[str, str]]:
    """Yield (line, whole text) for why the run failed: the first failed step that says so, in two lines."""
    for node in graph.nodes:
        state = states.get(node.id)
        if state is not None and state.status == "Failed" and clean(state.failure_reason):
            words = clean(f"✕ {node.name} — {state.failure_reason}")
            for line in wrap(words, width - 2 * _PAD, 12):
                yield line, words
            return


_ROW = 16.0
_ROWS = 14
_BAR = 9.0
_NAME_ROOM = 190.0


def draw_times(
    graph: Graph,
    states: Mapping[str, NodeState] | None,
    width: float,
    top: float,
    now: float | None,
) -> tuple[float, list[str]]:
    """Return the lower end of the picture and the elements of the small chart of times, if there are any.

    Args:
        graph: gives names and order.
        states: started and ended of each node, in epoch seconds.
        width: of the whole picture.
        top: where the chart begins.
        now: epoch seconds, for what still runs.
    """
    timed = [
        (node, state)
        for node in graph.nodes
        if node.type not in DECISIONS
        and (state := (states or {}).get(node.id)) is not None
        and state.started is not None
    ]
    if not timed:
        return top, []
    timed.sort(key=lambda pair: pair[1].started or 0.0)
    start = timed[0][1].started or 0.0
    ends = [state.ended if state.ended is not None else (now or state.started or start) for _, state in timed]
    total = max(max(ends) - start, 1.0)
    rows = timed[:_ROWS]
    names = [elide(clean(node.name), _NAME_ROOM, 11, middle=True) for node, _ in rows]
    left = _PAD + max(text_width(name, 11) for name in names) + 12
    right = width - _PAD - text_width(duration(total), 11) - 12
    lines = [f'<path class="rule" d="M1 {number(top + 0.5)}H{number(width - 1)}"/>']
    y = top + 9
    for (node, state), name in zip(rows, names, strict=True):
        begin = left + (right - left) * ((state.started or start) - start) / total
        size = max(3.0, (right - left) * (elapsed(state, now) or 0.0) / total)
        lines.append(text_at(_PAD, y + 9, name, "dim", full=node.name))
        bar = (
            f'<rect class="f-{mark_of(state).ink}" x="{number(min(begin, right - 3))}" y="{number(y + 1)}" '
            f'width="{number(size)}" height="{number(_BAR)}" rx="2">'
        )
        lines.append(
            bar + element("title", {}, clean(f"{node.name} {duration(elapsed(state, now) or 0)}")) + "</rect>"
        )
        y += _ROW
    lines.append(text_at(width - _PAD, y - 7, duration(total), "dim tabular", anchor="end"))
    if len(timed) > _ROWS:
        lines.append(text_at(_PAD, y + 9, f"and {len(timed) - _ROWS} more", "dim"))
        y += _ROW
    return y + 7, lines
