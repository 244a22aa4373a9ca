"""Notebooks of strangers, kernels without pipecell, settings and languages, in a real JupyterLab."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Lab
from tests.browser.watch import Watch

Keep = Callable[[Page, str], None]

MIME = "application/vnd.pipecell.view+json"
BAIT = "<img src=x onerror=alert(1)><script>alert(2)</script>"
SVG = "http://www.w3.org/2000/svg"
LINK = "javascript:alert(3)"


def scene() -> dict[str, Any]:
    node: dict[str, Any] = {
        "id": BAIT,
        "name": BAIT,
        "title": BAIT,
        "type": BAIT,
        "kind": BAIT,
        "summary": BAIT,
        "shape": "card",
    }
    node |= {
        "x": 0,
        "y": 0,
        "width": 180,
        "height": 50,
        "cell": None,
        "parent": None,
        "hidden": 0,
        "fold": None,
    }
    points = [[0, 0], [9, 9], [9, 9], [20, 20]]
    wire: dict[str, Any] = {"source": BAIT, "targets": [BAIT], "points": points, "says": BAIT}
    wire |= {"straight": False, "dashed": False, "arrow": True, "label": [BAIT], "labelAt": [5, 5]}
    return {"width": 200, "height": 80, "nodes": [node], "wires": [wire], "groups": []}


def forged() -> dict[str, Any]:
    """A record as pipecell writes it, with bait in every text and a script where a link belongs."""
    run = {"status": BAIT, "running": False, "reason": BAIT, "started": 0, "ended": 1, "expected": None}
    return {
        "pipeline": BAIT,
        "engine": BAIT,
        "facts": [BAIT],
        "scene": scene(),
        "marks": {},
        "steps": [[0, BAIT, 0, 1, {"reason": BAIT, "value": BAIT}]],
        "run": {**run, "cost": BAIT, "count": BAIT, "trouble": BAIT},
        "epoch": 0,
        "target": "aws",
        "place": BAIT,
        "profile": BAIT,
        "execution": '"; import os; os.abort() #',
        "console": LINK,
        "problems": [{"code": BAIT, "severity": "error", "step": BAIT, "message": BAIT, "hint": BAIT}],
    }


def odd_records() -> list[Any]:
    """Records that are none: of other versions, of odd types, with parts missing, and a large one."""
    whole = forged()
    many = [{**whole["scene"]["nodes"][0], "id": str(n), "x": 200 * n} for n in range(2000)]
    return [
        {"version": 99, "model_id": "x", "document": whole},
        {"version": 1, "model_id": "x", "document": None},
        {"version": 1, "model_id": {"a": 1}, "document": []},
        {"version": 1, "model_id": "y", "document": {"pipeline": 7, "scene": "no"}},
        {"version": 1, "model_id": "z", "document": {**whole, "scene": None}},
        {"version": 1, "model_id": "v", "document": {**whole, "steps": [None, 3], "marks": None}},
        {"version": 1, "model_id": "w", "document": {**whole, "scene": {**whole["scene"], "nodes": many}}},
        [BAIT],
        BAIT,
        None,
    ]


def write(lab: Lab, name: str, records: list[Any]) -> None:
    outputs = [
        nbformat.v4.new_output(
            "display_data",
            data={
                MIME: record,
                "text/html": BAIT,
                "application/javascript": "alert(4)",
                "image/svg+xml": f'<svg xmlns="{SVG}"><script>alert(5)</script><a href="{LINK}"/></svg>',
                "text/plain": "as text",
            },
        )
        for record in records
    ]
    cells = [nbformat.v4.new_code_cell("# %pipeline", outputs=[output]) for output in outputs]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), lab.folder / name)


def test_outputs_of_a_stranger_s_notebook_stay_text(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    write(lab, "stranger.ipynb", [{"version": 1, "model_id": "m", "document": forged()}, *odd_records()])
    notebook = lab.open(page, "stranger.ipynb")
    notebook.wait_for_kernel()
    drawn = page.locator(".pc-Output .pcdag").first
    expect(drawn).to_contain_text("<script>alert(2)</script>")
    screenshot(page, "extension-stranger")
    drawn.locator(".pc-node").press("Enter")
    expect(drawn).to_contain_text("Its details were not saved. Watch again brings them back.")
    for index in range(1, 11):
        page.evaluate("at => window.jupyterapp.shell.currentWidget.content.scrollToItem(at)", index)
    expect(page.locator(".jp-OutputArea-output").filter(has_text="as text").first).to_be_attached()
    bait = ".pc-Output img[src=x], .pc-Output script, .pc-Output iframe, .pc-Output [onerror]"
    assert page.locator(bait).count() == 0
    assert page.locator('[href^="javascript"], [src^="javascript"]').count() == 0


def test_bodies_of_steps_are_highlighted_in_their_own_language(lab: Lab, page: Page, watched: Watch) -> None:
    python = "%%step processing Prepare --image sklearn:1.2-1\nimport json\nfor name in [1]: pass"
    yaml = "%%step training Train --image xgboost:1.7-1\nnum_round: 10\nobjective: binary:logistic"
    lab.write("languages.ipynb", python, yaml, "%%step fail Weak\nfor everybody: this is prose")
    lab.open(page, "languages.ipynb").wait_for_kernel()
    expect(page.locator(".jp-Cell").nth(0).locator('.cm-line span:text-is("import")')).to_have_count(1)
    kinds = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.mimeType)"""
    page.wait_for_function(
        f"wanted => JSON.stringify(({kinds})()) === JSON.stringify(wanted)",
        arg=["text/x-ipython", "text/x-yaml", "text/plain"],
    )

    def token(cell: int, word: str) -> Locator:
        return page.locator(".jp-Cell").nth(cell).locator(f'.cm-line span:text-is("{word}")').first

    def colour(part: Locator) -> str:
        return str(part.evaluate("part => getComputedStyle(part).color"))

    # Editors learn their language, and draw in its colours, some time after their cells do.
    plain = page.locator(".jp-Cell").nth(2).locator(".cm-line").nth(1)
    expect(plain.locator("span")).to_have_count(0)
    expect(token(0, "for")).to_have_css("color", colour(token(0, "import")))
    expect(token(1, "num_round")).not_to_have_css("color", colour(plain))
    expect(page.locator(".pc-Header")).to_have_count(3)


def test_the_theme_is_what_people_set(lab: Lab, page: Page, setting: Callable[..., None]) -> None:
    write(lab, "themes.ipynb", [{"version": 1, "model_id": "t", "document": forged()}])
    drawn = page.locator(".pc-Output .pcdag")
    grounds = {"dark": "rgb(21, 24, 30)", "light": "rgb(255, 255, 255)"}
    for theme, seen in (("dark", "dark"), ("jupyterlab", "light")):
        setting(theme=theme)
        lab.open(page, "themes.ipynb")
        expect(drawn).to_have_attribute("data-theme", seen)
        expect(drawn).to_have_css("background-color", grounds[seen])


def test_a_definition_without_pipecell_in_the_kernel_is_explained_calmly(
    lab: Lab, page: Page, watched: Watch, screenshot: Keep
) -> None:
    (lab.folder / "lonely.asl.json").write_text(
        json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    )
    # The viewer's kernel as one without pipecell: what it evaluates raises as the import there does.
    page.add_init_script(
        """(() => {
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (data) { return send.call(this, hide(data)); };
            const hide = data => {
                if (!(data instanceof ArrayBuffer || ArrayBuffer.isView(data))) return data;
                const bytes = new Uint8Array(data.buffer ?? data);
                const name = new TextEncoder().encode('pipecell.frontend.files');
                for (let at = 0; at + name.length <= bytes.length; at++) {
                    const found = name.every((byte, index) => bytes[at + index] === byte);
                    if (found) bytes[at] = 'q'.charCodeAt(0);
                }
                return data;
            };
        })();"""
    )
    page.goto(f"{lab.url}/lab/workspaces/lonely/tree/lonely.asl.json?token={lab.token}&reset")
    expect(page.locator(".pc-Viewer")).to_contain_text("has no pipecell")
    screenshot(page, "extension-lonely")
