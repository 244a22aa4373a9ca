"""What axe-core says of the panel, the badges and the viewer, in JupyterLab's light and dark theme."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.lab import RUN_SECONDS, Lab

DECLARE = """%%pipeline NAME --engine stepfunctions
from stepfunctions.steps import Chain, Fail, Pass
Chain([Pass("First"), Pass("Second"), Fail("Last", error="Weak", cause="Too weak.")])"""
BROKEN = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}}


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing(lab: Lab, page: Page, theme: str) -> None:
    (lab.folder / "spoken.asl.json").write_text(json.dumps(BROKEN))
    lab.write(
        f"spoken-{theme}.ipynb",
        "%load_ext pipecell",
        DECLARE.replace("NAME", f"Spoken{theme}"),
        "%pipeline run --wait",
    )
    notebook = lab.open(page, f"spoken-{theme}.ipynb")
    notebook.wait_for_kernel()
    change = (
        "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${name}` })"
    )
    page.evaluate(change, theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "Light").lower())
    try:
        page.evaluate("window.jupyterapp.commands.execute('pipecell:show', { step: 'Last' })")
        for index in range(3):
            notebook.run(index)
        shown = page.get_by_role("region", name="Pipelines")
        expect(shown.get_by_role("listitem").first).to_contain_text("FAILED")
        assert [*violations(page, ".pc-Panel"), *violations(page, ".pc-Badge")] == []
        page.evaluate(
            "void window.jupyterapp.commands.execute('docmanager:open', { path: 'spoken.asl.json' })",
        )
        expect(page.locator(".pc-Viewer-side")).to_contain_text("Nowhere", timeout=RUN_SECONDS * 1000)
        assert violations(page, ".pc-Viewer") == []
    finally:
        page.evaluate(change, "Light")
