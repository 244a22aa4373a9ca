"""A plan as a compact table: in a notebook and in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from pipecell.definition.cache.foresee import Foresight
from pipecell.definition.cost.estimate import Cost, money_range
from pipecell.definition.cost.hours import Hours, never_ran, words
from pipecell.definition.plan import Plan
from pipecell.view.changes import count, html_change, line, noise_words
from pipecell.view.html import Raw, tag

WHERE = {"local": "this machine", "aws": "AWS"}
_SIGNS = {"reuse": "↺", "run": "●", "decide": "◆", "skip": "–"}
_COLORS = {"reuse": "#7c3aed", "run": "inherit", "decide": "inherit", "skip": "#98a2b3"}
_ANSI = {"reuse": "35", "run": "1", "skip": "2"}
_CELL = "padding:5px 14px 5px 0;text-align:left;vertical-align:top;background:none"
_NUMBER = "padding:5px 0 5px 14px;text-align:right;white-space:nowrap;vertical-align:top;background:none"
_LINE = "border-bottom:1px solid rgba(127,127,127,.22)"
_DIM = "opacity:.65"
_TIME_COLUMNS, _COST_COLUMNS = 9, 13  # what most plans need, so that tables of two runs stand alike
_NARROW = 24  # columns that a reason needs at least
_MANY = 12  # changes that a terminal shows


@dataclass(frozen=True)
class _Row:
    """One line of the table, in words."""

    step: str
    will: str
    word: str
    reason: str
    time: str
    cost: str


def to_text(plan: Plan, *, width: int = 100, color: bool = False) -> str:
    """Return the plan for a terminal.

    Args:
        plan: the plan.
        width: columns to write in.
        color: whether colours may be used.
    """
    rows = [_row(plan, step) for step in plan.steps]
    total = _total(plan)
    names = max([len(row.step) for row in rows] + [5])
    wills = max([len(row.word) for row in rows] + [4])
    times = max([len(row.time) for row in [*rows, total]] + [_TIME_COLUMNS])
    costs = max([len(row.cost) for row in [*rows, total]] + [_COST_COLUMNS])
    room = max(_NARROW, width - names - wills - times - costs - 8)
    lines = [*textwrap.wrap(_headline(plan), width), _standing(plan), ""]
    for row in [_Row("Step", "", "Will", "Because", "Time", "Cost"), *rows, total]:
        if row is total:
            lines.append("─" * (names + wills + room + times + costs + 8))
        because = textwrap.wrap(row.reason, room) or [""]
        word = f"{row.word:<{wills}}"
        if color and row.will in _ANSI:
            word = f"\x1b[{_ANSI[row.will]}m{word}\x1b[0m"
        numbers = f"{row.time:>{times}}  {row.cost:>{costs}}"
        lines.append(f"{row.step:<{names}}  {word}  {because[0]:<{room}}  {numbers}".rstrip())
        lines += [f"{'':<{names + wills + 4}}{more}" for more in because[1:]]
    lines += [line for line in ["", *_changes_text(plan)] if line or plan.meant or plan.noise]
    lines += [part for line in _foot(plan) for part in textwrap.wrap(line, width, subsequent_indent="  ")]
    return "\n".join(lines).rstrip()


def to_html(plan: Plan) -> str:
    """Return the plan as HTML that needs no style sheet and no script."""
    words_above = ("Step", "Will", "Because", "Time", "Cost")
    head = tag("tr", *(_th(word, number=word in ("Time", "Cost")) for word in words_above))
    rows = [_html_row(_row(plan, step)) for step in plan.steps]
    table = tag(
        "table",
        tag("thead", head),
        tag("tbody", *rows, _html_total(_total(plan))),
        style="width:100%;border-collapse:collapse;margin:8px 0;table-layout:auto;font-size:13px",
    )
    feet = [tag("div", line, style=f"{_DIM};margin:2px 0") for line in _foot(plan)]
    return str(
        tag(
            "div",
            tag(
                "div",
                *_html_headline(plan),
                " ",
                tag("span", _standing(plan), style=_DIM),
                style="margin:4px 0",
            ),
            table,
            *_html_changes(plan),
            *feet,
            **{"class": "pipecell-plan"},
            style="max-width:1000px;font-size:13px",
        )
    )


def _headline(plan: Plan) -> str:
    return "".join(part for part, _ in _headline_parts(plan))


def _headline_parts(plan: Plan) -> Iterator[tuple[str, bool]]:
    """Yield the words above the table, and which of them matter most."""
    yield plan.pipeline, True
    if plan.profile:
        yield ", profile ", False
        yield plan.profile, True
        if plan.changed:
            yield f" ({plan.changed})", False
    yield ", on ", False
    yield WHERE[plan.place.target], True
    if plan.place.target == "aws":
        yield f" {plan.place.region}, account {_account(plan.place.account)}", False
    yield ".", False


def _standing(plan: Plan) -> str:
    """Return how things stand on the target."""
    if plan.deployed is None:
        return "Not deployed yet. Nothing has been changed yet."
    return f"{f'Deployed {plan.deployed}. ' if plan.deployed else ''}Nothing has been changed yet."


def _account(number: str) -> str:
    return f"{number[:4]}…{number[-4:]}" if len(number) == 12 else number  # noqa: PLR2004 - AWS's account numbers


def _row(plan: Plan, step: Foresight) -> _Row:
    cost = plan.cost_of(step.step)
    branch = f" {step.branch}" if step.branch and step.will == "run" else ""
    word = f"{_SIGNS[step.will]} {step.will}{branch}"
    time, usd = "", ""
    if step.will == "reuse":
        time, usd = "0 s", "$0.00"
    elif cost is not None:
        time, usd = _time(cost.hours), money_range(cost.low, cost.high)
    return _Row(step.step, step.will, word, step.reason, time, usd)


def _total(plan: Plan) -> _Row:
    return _Row("Total", "", "", _about(plan), _time(plan.elapsed), _sum(plan.cost))


def _sum(cost: Cost) -> str:
    return money_range(cost.low, None if cost.open else cost.high)


def _about(plan: Plan) -> str:
    """Return what the total means."""
    cost = plan.cost
    facts = []
    if not plan.billed:
        facts.append(f"nothing is billed here; on AWS in {cost.region} it would be")
    if plan.other is not None:
        facts.append(f"{plan.other[0]} would cost {_sum(plan.other[1])}")
    facts.append(f"prices of {cost.as_of}" if cost.as_of else f"no price of {cost.region} is known")
    return "; ".join(facts)


def _time(hours: Hours | None) -> str:
    if hours is None:
        return ""
    if hours.high is None:
        return f"from {words(hours.low)}"
    if never_ran(hours):
        return f"≤ {words(hours.high)}"
    low, high = words(hours.low), words(hours.high)
    if low == high:
        return high
    number, _, unit = low.partition(" ")
    return f"{number}–{high}" if high.endswith(f" {unit}") and " " not in unit else f"{low}–{high}"


def _foot(plan: Plan) -> list[str]:
    """Return the sentences below the table: warnings, and what is not in the sum."""
    unknown = list(plan.cost.unknown)
    lines = [f"▲ {note}" for note in plan.notes]
    if unknown:
        lines.append(f"Not in the total: {' '.join(unknown)}")
    if plan.cost.source:
        lines.append(f"Prices: {plan.cost.source}.")
    return lines


def _changes_text(plan: Plan) -> Iterator[str]:
    meant, noise = plan.meant, plan.noise
    if plan.deployed is None:
        return
    if not meant:
        yield "Deploying changes nothing."
    else:
        yield f"Deploying makes {count(len(meant), 'change')}:"
        yield from (f"  {line(change)}" for change in meant[:_MANY])
        if len(meant) > _MANY:
            yield f"  … and {len(meant) - _MANY} more"
    if noise:
        yield f"Set aside: {noise_words(noise)}."
    yield ""


# HTML


def _html_headline(plan: Plan) -> Iterator[Raw | str]:
    for part, strong in _headline_parts(plan):
        yield tag("b", part) if strong else part


def _th(word: str, *, number: bool) -> Raw:
    style = _NUMBER if number else _CELL
    return tag("th", word, style=f"{style};{_LINE};{_DIM};font-weight:normal")


def _html_row(row: _Row) -> Raw:
    weight = "600" if row.will in ("reuse", "run") else "normal"
    ink = f"font-weight:{weight};color:{_COLORS[row.will]}"
    return tag(
        "tr",
        tag("td", row.step, style=f"{_CELL};{_LINE};white-space:nowrap"),
        tag("td", row.word, style=f"{_CELL};{_LINE};white-space:nowrap;{ink}"),
        tag("td", row.reason, style=f"{_CELL};{_LINE};width:60%"),
        tag("td", row.time, style=f"{_NUMBER};{_LINE}"),
        tag("td", row.cost, style=f"{_NUMBER};{_LINE}"),
        style="background:none",
    )


def _html_total(row: _Row) -> Raw:
    return tag(
        "tr",
        tag("td", tag("b", row.step), style=_CELL),
        tag("td", row.reason, colspan="2", style=f"{_CELL};{_DIM}"),
        tag("td", tag("b", row.time), style=_NUMBER),
        tag("td", tag("b", row.cost), style=_NUMBER),
        style="background:none",
    )


def _html_changes(plan: Plan) -> Iterator[Raw]:
    meant, noise = plan.meant, plan.noise
    if plan.deployed is None:
        return
    title = "Deploying changes nothing." if not meant else f"Deploying makes {count(len(meant), 'change')}."
    items = [html_change(change) for change in meant]
    if noise:
        items.append(tag("div", f"Set aside: {noise_words(noise)}.", style=_DIM))
    if not items:
        yield tag("div", title, style="margin:2px 0")
        return
    yield tag(
        "details",
        tag("summary", title, style="cursor:pointer"),
        tag("div", *items, style="margin:4px 0 4px 14px"),
        style="margin:2px 0",
    )
