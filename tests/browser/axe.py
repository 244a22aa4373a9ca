"""What axe-core says of a part of a page, once nothing in it changes its colour any more."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.distributions import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"

# Colours fade in; what moves for ever, as the bar of a running step does, changes no colour.
_STILL = """where => [...document.querySelectorAll(where)].every(part =>
    part.getAnimations({ subtree: true }).every(({ playState, effect }) =>
        playState !== 'running' || effect.getComputedTiming().endTime === Infinity))"""


def violations(page: Page, where: str) -> list[str]:
    """Return what axe-core finds wrong in the parts that a selector names."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.wait_for_function(_STILL, arg=where)
    found: list[dict[str, Any]] = page.evaluate("async where => (await axe.run(where)).violations", where)
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]
