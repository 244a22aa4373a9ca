"""The panel of profiles in a notebook: choose one, change its values, see what a run costs, run it.

It is made of ipywidgets and says in text what it shows, so that a notebook without a front end, or one
that is opened later, reads the same. Whatever people type reaches the page as text, never as HTML.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipecell.definition.forms import Field, describe_type, form
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pipecell.execution import Execution
    from pipecell.pipelines import Pipeline
    from pipecell.reports import ProfileTable

_STYLE = """<style>
.pipecell-panel { border: 1px solid var(--jp-border-color2, #ddd); border-radius: 8px; padding: 10px 14px; }
.pipecell-panel .pc-title { font-weight: 600; }
.pipecell-panel .pc-cost { opacity: .65; margin: 0 0 0 14px; }
.pipecell-panel .pc-cost.pc-chosen { opacity: 1; font-weight: 600; }
.pipecell-panel .pc-quiet { opacity: .65; font-size: 12px; }
.pipecell-panel .pc-changed { color: #a16207; font-size: 12px; }
.pipecell-panel .pc-error { color: #b91c1c; }
.pipecell-panel .widget-label { text-align: left; }
</style>"""


class ProfilePanel:
    """The panel of one pipeline.

    Args:
        pipeline: gives the pipeline as its cells declare it now.
        show: shows an execution that was started.
    """

    def __init__(self, pipeline: Callable[[], Pipeline], show: Callable[[Execution], None]) -> None:
        import ipywidgets

        self._w: Any = ipywidgets
        self._pipeline = pipeline
        self._show = show
        self._filling = False
        table = pipeline().profiles()
        self._name = table.pipeline
        self._rows = {field.parameter.name: _Row(self, field) for field in form(pipeline().document)}
        self.profiles = ipywidgets.ToggleButtons(options=list(table.values), value=table.in_force)
        self.profiles.style.button_width = "auto"
        self._costs = ipywidgets.HTML()
        self._error = ipywidgets.HTML()
        self.run = ipywidgets.Button(description="Run on this machine", button_style="primary", icon="play")
        self.run.layout.width = "auto"
        self._output = ipywidgets.Output()
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HTML(f'{_STYLE}<span class="pc-title">{html.escape(table.pipeline)}</span>'),
                ipywidgets.HBox([self.profiles, self._costs]),
                *(row.box for row in self._rows.values()),
                ipywidgets.HBox([self.run, self._error]),
                self._output,
            ]
        )
        self.box.add_class("pipecell-panel")
        self._fill(table)
        self.profiles.observe(self._choose, "value")
        self.run.on_click(self._run)

    @property
    def fields(self) -> dict[str, Any]:
        """The widget of each parameter."""
        return {name: row.input for name, row in self._rows.items()}

    @property
    def complaint(self) -> str:
        """What the panel says is wrong; empty when nothing is."""
        return html.unescape(self._error.value.partition(">")[2].rpartition("<")[0])

    def bundle(self) -> dict[str, Any]:
        """Return the widget and the same as text, in one MIME bundle."""
        widget: dict[str, Any] = self.box._repr_mimebundle_() or {}
        return {**widget, "text/plain": str(self._pipeline().profiles())}

    def change(self, name: str, value: Any) -> None:
        """Set a value on top of the profile in force."""
        if not self._filling:
            self._attempt(lambda: self._pipeline().use_profile(self.profiles.value, **{name: value}))

    def profiled(self, name: str) -> None:
        """Take in that a profile was put in force elsewhere: by a cell, or in JupyterLab's toolbar."""
        if name == self._name and not self._filling:
            self._attempt(lambda: self._pipeline().profiles())

    def declared(self, name: str) -> None:
        """Take in that a cell has declared the pipeline anew; its own fields stay as they are."""
        self.profiled(name)

    def met(self, execution: Execution) -> None:
        """An execution is nothing to a panel."""

    def progressed(self, name: str, what: str, share: float) -> None:
        """What happens before a run is shown elsewhere."""

    def _choose(self, change: Any) -> None:
        if not self._filling:
            self._attempt(lambda: self._pipeline().use_profile(change["new"]))

    def _attempt(self, act: Callable[[], ProfileTable]) -> None:
        try:
            table = act()
        except PipecellError as error:
            self._complain(error)
            return
        self._error.value = ""
        self._fill(table)

    def _run(self, _: Any) -> None:
        self.run.disabled = True
        try:
            self._output.clear_output()
            with self._output:
                self._show(self._pipeline().run(profile=self.profiles.value))
            self._error.value = ""
        except PipecellError as error:
            self._complain(error)
        finally:
            self.run.disabled = False

    def _complain(self, error: PipecellError) -> None:
        self._error.value = f'<span class="pc-error">{html.escape(str(error))}</span>'

    def _fill(self, table: ProfileTable) -> None:
        """Show a table: its values, what differs from full, and what each profile costs."""
        self._filling = True  # what is written here is not what a person changed
        try:
            self.profiles.options = list(table.values)
            self.profiles.value = table.in_force
            chosen, full = table.values[table.in_force], table.values.get("full", {})
            for name, row in self._rows.items():
                row.fill(chosen.get(name), full.get(name))
            self._costs.value = "".join(_cost(name, cost, table) for name, cost in table.costs.items())
        finally:
            self._filling = False


def _cost(name: str, cost: str, table: ProfileTable) -> str:
    chosen = " pc-chosen" if name == table.in_force else ""
    words = cost or "nothing that is priced"
    return f'<span class="pc-cost{chosen}">{html.escape(name)} {html.escape(words)}</span>'


class _Row:
    """One parameter: its name, the field that sets it, and what else there is to say."""

    def __init__(self, panel: ProfilePanel, field: Field) -> None:
        widgets = panel._w
        self._field = field
        self._note = widgets.HTML()
        self.input: Any = _widget(widgets, field)
        name = field.parameter.name
        self.input.observe(lambda change: panel.change(name, self._read(change["new"])), "value")
        label = widgets.Label(name, layout=widgets.Layout(width="220px"))
        self.box = widgets.HBox([label, self.input, self._note])

    def _read(self, value: Any) -> Any:
        # A chosen instance type comes with what is said of it.
        return value.split(" ", 1)[0] if self._field.kind == "instance" else value

    def fill(self, value: Any, full: Any) -> None:
        """Show a value, and the full profile's where that is another."""
        shown = value if value is not None else _empty(self._field)
        self.input.value = shown
        notes = []
        if self._field.kind == "instance" and isinstance(value, str):
            notes.append(f'<span class="pc-quiet">{html.escape(describe_type(value))}</span>')
        if value != full:
            usual = "not set" if full is None else str(full)
            notes.append(f'<span class="pc-changed">full: <s>{html.escape(usual)}</s></span>')
        self._note.value = " &nbsp; ".join(notes)


def _widget(widgets: Any, field: Field) -> Any:
    """Return the field of a kind; those for text report when the person is done with them."""
    wide = widgets.Layout(width="260px")
    if field.kind == "boolean":
        return widgets.Checkbox(indent=False, layout=wide)
    if field.kind == "integer":
        return widgets.IntText(continuous_update=False, layout=wide)
    if field.kind == "number":
        return widgets.FloatText(continuous_update=False, layout=wide)
    if field.kind == "choice":
        return widgets.Dropdown(options=list(field.choices), layout=wide)
    if field.kind == "instance":
        listed = [f"{name}  {describe_type(name)}".rstrip() for name in field.choices]
        return widgets.Combobox(options=listed, continuous_update=False, layout=wide)
    return widgets.Text(continuous_update=False, layout=wide)


def _empty(field: Field) -> Any:
    return {"boolean": False, "integer": 0, "number": 0.0, "choice": None}.get(field.kind, "")
