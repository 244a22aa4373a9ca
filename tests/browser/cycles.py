"""What people do with a notebook from opening to closing it, for what looks for leaks to do many times."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.lab import RUN_SECONDS, Lab

_SAID = "counted to one"
_PIPELINE = f"""%%pipeline NAME
StartAt: Begin
States:
  Begin: {{Type: Pass, Next: Count}}
  Count:
    Type: Task
    Resource: arn:aws:states:::sagemaker:createProcessingJob.sync
    Parameters:
      ProcessingJobName.$: $$.Execution.Name
      RoleArn: arn:aws:iam::000000000000:role/r
      AppSpecification:
        ImageUri: 683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3
        ContainerEntrypoint: [python3, -c, "print('{_SAID}')"]
      ProcessingResources:
        ClusterConfig: {{InstanceType: ml.m5.large, InstanceCount: 1, VolumeSizeInGB: 30}}
    End: true
"""

_IN_TIME = """async ([code, argument, seconds]) => Promise.race([
    eval(code)(argument),
    new Promise((_, fail) => setTimeout(() => fail(new Error(`JupyterLab hangs in ${code}`)), 1000 * seconds))
])"""
_OPEN = """async path => {
    const { commands, shell } = window.jupyterapp;
    await commands.execute('docmanager:open', { path, factory: 'Notebook' });
    await shell.currentWidget.context.ready;
    await shell.currentWidget.sessionContext.ready;
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 60)));
}"""
_OPEN_FILE = """async path => {
    const { commands } = window.jupyterapp;
    const factory = commands.hasCommand('pipecell:show') ? 'Pipeline DAG' : 'JSON';
    await (await commands.execute('docmanager:open', { path, factory })).context.ready;
}"""
_OPEN_TEXT = """async path => {
    const { commands } = window.jupyterapp;
    await (await commands.execute('docmanager:open', { path, factory: 'Editor' })).context.ready;
}"""
_CLOSE = """async () => {
    window.jupyterapp.shell.currentWidget.dispose();
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 30)));
}"""
_RESTART = """async () => {
    const { session } = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.kernel.info;
    await session.kernel.restart();
    await session.kernel.info;
}"""
_SHUT_DOWN = "async () => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
_RUN = """async count => {
    const { content } = window.jupyterapp.shell.currentWidget;
    for (let index = 0; index < count; index += 1) {
        content.activeCellIndex = index;
        content.deselectAll();
        await window.jupyterapp.commands.execute('notebook:run-cell');
    }
}"""
_THEME = "async theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
_SHOW = "async () => window.jupyterapp.commands.execute('pipecell:show')"
_HIDE = "async () => window.jupyterapp.shell.collapseRight()"
_SET = """async settings => {
    const { pluginRegistry } = window.jupyterapp;
    const token = [...pluginRegistry._services.keys()].find(each => each.name.includes('ISettingRegistry'));
    const registry = await pluginRegistry.resolveRequiredService(token);
    for (const [name, value] of Object.entries(settings)) {
        await registry.set('pipecell-labextension:settings', name, value);
    }
}"""
_LINKED = """() => {
    const said = document.querySelector('.pc-Panel')?.textContent ?? '';
    return !/One moment|has not loaded pipecell|No kernel|No notebook/.test(said);
}"""
ACTS = 5
"""What can be done in a cycle, by number: run and read a log, a file, theme, settings, the kernel's end."""


@dataclass(frozen=True)
class Cycles:
    """What is done in a page of JupyterLab.

    Attributes:
        page: it shows JupyterLab, and no notebook.
        name: of the notebook, its pipeline, and the file with a definition.
        linked: whether the extension is on.
        live: whether the notebook is run to its end, with a live widget, which ipywidgets' extension draws.
    """

    page: Page
    name: str
    linked: bool = True
    live: bool = False

    def write(self, lab: Lab) -> None:
        """Write the notebook and the file."""
        lab.write(
            self._notebook, "%load_ext pipecell", _PIPELINE.replace("NAME", self.name), "%pipeline run --wait"
        )
        machine = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}}}
        (lab.folder / self._file).write_text(json.dumps(machine))

    def begin(self) -> None:
        """Open the panel, and the definition's text, which keeps the file when its drawing is closed."""
        self.do(_OPEN_TEXT, self._file)
        if self.linked:
            self.show_panel()

    def once(self, turns: Collection[int] = range(ACTS)) -> None:
        """Open the notebook, restart its kernel, do everything whose turn it is, and close it."""
        self.open()
        self.do(_RESTART)
        self.run(3 if self.live else 2 if 0 in turns else 1)
        if self.linked:
            self.wait_for_link()
        if 0 in turns and self.linked:
            self.run_and_read_log()
        if 1 in turns:
            self.look_at_file()
        if 2 in turns:
            for theme in ("JupyterLab Dark", "JupyterLab Light"):
                self.do(_THEME, theme)
        if 3 in turns and self.linked:
            self.do(_HIDE)
            for wanted in (False, True):
                self.do(_SET, {"badges": wanted, "underlines": wanted})
            self.show_panel()
        if 4 in turns:
            self.do(_SHUT_DOWN)
        self.close()

    def open(self) -> None:
        self.do(_OPEN, self._notebook)

    def wait_for_link(self) -> None:
        """Wait until the panel knows what the kernel has."""
        self.page.wait_for_function(_LINKED)

    def run(self, count: int) -> None:
        """Run the first cells."""
        self.do(_RUN, count)

    def close(self) -> None:
        """Close what is looked at."""
        self.do(_CLOSE)

    def show_panel(self) -> None:
        self.do(_SHOW)

    def run_and_read_log(self) -> None:
        """Start the pipeline in the panel, and open and close a step's log."""
        panel = self.page.locator(".pc-Panel")
        panel.locator(".pc-mod-primary").click()
        panel.locator(".pc-Row-status").first.get_by_text("Succeeded").wait_for()
        panel.locator(".pc-Overview").get_by_role("button", name="Count").click()
        panel.get_by_role("button", name="Open log of Count").click()
        panel.get_by_role("log").get_by_text(_SAID).wait_for()
        panel.get_by_role("button", name="Close the log").click()

    def look_at_file(self) -> None:
        """Open and close the file with a definition."""
        self.do(_OPEN_FILE, self._file)
        if self.linked:
            self.page.locator(".pc-Viewer .pc-node").first.wait_for()
        self.close()

    def do(self, code: str, argument: object = None) -> None:
        """Do something in the page, and wait for its end, but not for ever."""
        self.page.evaluate(_IN_TIME, [code, argument, RUN_SECONDS])

    @property
    def _notebook(self) -> str:
        return f"{self.name}.ipynb"

    @property
    def _file(self) -> str:
        return f"{self.name}.asl.json"
