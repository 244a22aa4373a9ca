"""What the verbs find, ready to be shown: in a terminal, in a notebook, as JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipecell.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.definition.checks import Diagnostic
    from pipecell.graph import Graph
    from pipecell.view.header import Header

PREVIEW_FORMATS = ("text", "svg", "dot", "mermaid", "json")
"""What a preview can be written as."""

_COLORS = {"error": "#b91c1c", "warning": "#a16207", "info": "#64748b"}


@dataclass(frozen=True)
class Preview:
    """The DAG of a pipeline, before it runs.

    Attributes:
        graph: the DAG.
        facts: what the line above it says beside the name and the size.
    """

    graph: Graph
    facts: tuple[str, ...] = ()

    def bundle(self, diagnostics: Sequence[Diagnostic] = ()) -> dict[str, str]:
        """Return SVG and text in one MIME bundle, with what ``check`` found below."""
        from pipecell.view.bundle import mimebundle

        return mimebundle(self.graph, header=self._header(), diagnostics=diagnostics)

    def to_text(self, *, width: int = 100, color: bool = False) -> str:
        """Return the DAG as a tree of text."""
        from pipecell.view.text import to_text

        return to_text(self.graph, header=self._header(), width=width, color=color)

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``preview`` object."""
        return self.graph.to_json()

    def render(self, format: str) -> str:  # noqa: A002 - the option's own name
        """Return the DAG as ``text``, ``svg``, ``dot``, ``mermaid`` or ``json``.

        Raises:
            UsageError: another format (``PC911``).
        """
        if format == "text":
            return self.to_text()
        if format == "json":
            return json.dumps(self.to_json(), indent=2, ensure_ascii=False)
        if format == "svg":
            from pipecell.view.svg import to_svg

            return to_svg(self.graph, header=self._header())
        if format == "dot":
            from pipecell.view.dot import to_dot

            return to_dot(self.graph)
        if format == "mermaid":
            from pipecell.view.mermaid import to_mermaid

            return to_mermaid(self.graph)
        raise UsageError(
            f'preview cannot write "{format}".', code="PC911", hint=did_you_mean(format, PREVIEW_FORMATS)
        )

    @property
    def chips(self) -> tuple[str, ...]:
        """What the line above it says: the size, then the facts."""
        return (self.graph.size, *self.facts)

    def _header(self) -> Header:
        from pipecell.view.header import Header

        return Header(self.graph.pipeline, chips=self.chips)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.bundle()


class Diagnostics(Sequence["Diagnostic"]):
    """Every problem found, errors first, in the order of the definition."""

    def __init__(self, found: Iterable[Diagnostic]) -> None:
        rank = {"error": 0, "warning": 1, "info": 2}
        self._found = tuple(sorted(found, key=lambda diagnostic: rank.get(diagnostic.severity, 3)))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Those that refuse a launch."""
        return tuple(diagnostic for diagnostic in self._found if diagnostic.severity == "error")

    def to_json(self) -> dict[str, Any]:
        """Return DESIGN's ``check`` object."""
        return {"diagnostics": [diagnostic.to_json() for diagnostic in self._found]}

    def bundle(self) -> dict[str, str]:
        """Return lines for people: HTML and text in one MIME bundle."""
        rows = "".join(_diagnostic_row(diagnostic) for diagnostic in self._found)
        if not rows:
            return {"text/plain": str(self)}
        table = f'<table class="pipecell-diagnostics" style="border:0;text-align:left">{rows}</table>'
        return {"text/plain": str(self), "text/html": table}

    def __getitem__(self, index: Any) -> Any:
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __str__(self) -> str:
        if not self._found:
            return "No problems found."
        from pipecell.view.theme import SEVERITIES

        return "\n".join(f"{SEVERITIES[found.severity].sign} {found}" for found in self._found)

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.bundle()


@dataclass(frozen=True)
class ProfileTable:
    """The parameter values of each profile, side by side.

    Attributes:
        pipeline: the pipeline's name.
        in_force: the profile that a run takes when it names none.
        values: profile name to parameter name to value.
        costs: profile name to what a run costs on AWS, in words; empty where that is not known.
    """

    pipeline: str
    in_force: str
    values: Mapping[str, Mapping[str, Any]]
    costs: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return ``{pipeline, profile, profiles, costs}``."""
        return {
            "pipeline": self.pipeline,
            "profile": self.in_force,
            "profiles": {name: dict(values) for name, values in self.values.items()},
            "costs": dict(self.costs),
        }

    def __str__(self) -> str:
        chosen, full = self.values[self.in_force], self.values.get("full", {})
        if not full and not chosen:
            return f"{self.pipeline}: profile {self.in_force}. It has no parameters."
        names = list(dict.fromkeys([*full, *chosen]))
        width = max(len(name) for name in names)
        lines = [f"{self.pipeline}: profile {self.in_force}"]
        for name in names:
            value, usual = chosen.get(name), full.get(name)
            note = f"   (full: {_show(usual)})" if value != usual else ""
            lines.append(f"  {name:<{width}}  {_show(value)}{note}")
        costs = " · ".join(f"{name} {cost}" for name, cost in self.costs.items() if cost)
        return "\n".join([*lines, *([f"A run on AWS costs: {costs}"] if costs else [])])

    def __repr__(self) -> str:
        return str(self)


def changed_values(values: Mapping[str, Any], full: Mapping[str, Any]) -> str:
    """Return what differs from the declared defaults, in a few words; empty when nothing does."""
    return ", ".join(
        f"{name} {_show(full[name])} → {_show(value)}" if name in full else f"{name} {_show(value)}"
        for name, value in values.items()
        if value != full.get(name)
    )


def _show(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _diagnostic_row(found: Diagnostic) -> str:
    from pipecell.view.theme import SEVERITIES

    color, sign = _COLORS[found.severity], SEVERITIES[found.severity].sign
    where = " · ".join(part for part in (found.step or "", found.path or "") if part)
    cell = f" (cell {found.cell})" if found.cell is not None else ""
    return (
        f'<tr style="background:none">'
        f'<td style="color:{color};padding:2px 8px">{sign}</td>'
        f'<td style="padding:2px 8px"><code>{html.escape(found.code)}</code></td>'
        f'<td style="text-align:left;padding:2px 8px">{html.escape(found.message)} '
        f'<span style="opacity:.7">{html.escape(found.hint)}</span><br>'
        f'<small style="opacity:.6">{html.escape(where + cell)}</small></td></tr>'
    )
