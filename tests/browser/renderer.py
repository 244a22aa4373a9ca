"""The renderer in a page of its own: the built bundle, a document, and a stand-in for anywidget's model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

from pipecell.view.renderer import STATIC

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>renderer</title></head>
<body><main id="place"></main></body></html>"""

# What anywidget gives to `render`, and no more.
_MODEL = """
async ([code, css, traits]) => {
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  const listeners = {};
  const asked = [];
  const model = {
    get: name => traits[name],
    set: (name, value) => { traits[name] = value; },
    save_changes: () => {},
    send: request => asked.push(request),
    on: (event, callback) => (listeners[event] ??= []).push(callback),
    off: (event, callback) => { listeners[event] = (listeners[event] ?? []).filter(one => one !== callback); }
  };
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const { default: widget } = await import(url);
  const began = performance.now();
  const dispose = widget.render({ model, el: document.getElementById('place') });
  window.pipecell = {
    asked, traits, dispose, model,
    tell: event => (listeners['msg:custom'] ?? []).forEach(callback => callback(event)),
    changed: name => (listeners['change:' + name] ?? []).forEach(callback => callback())
  };
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return performance.now() - began;
}
"""


def show(page: Page, document: Mapping[str, Any], *, dark: bool = False) -> float:
    """Show a document in an empty page; return the milliseconds from the call to the picture."""
    page.set_content(_PAGE)
    if dark:
        page.evaluate("() => document.body.setAttribute('data-jp-theme-light', 'false')")
        page.add_style_tag(
            content="body{background:#111;--jp-layout-color0:#111;--jp-layout-color1:#15181e;"
            "--jp-layout-color2:#1c2028;--jp-border-color1:#343b47;--jp-border-color2:#343b47;"
            "--jp-content-font-color1:#e6e9ef}"
        )
    code = (STATIC / "dag.js").read_text(encoding="utf-8")
    css = (STATIC / "dag.css").read_text(encoding="utf-8")
    traits = {"document": json.loads(json.dumps(document)), "selection": "", "filter": "", "status": ""}
    return float(page.evaluate(_MODEL, [code, css, traits]))


def tell(page: Page, event: Mapping[str, Any]) -> None:
    """Send the renderer an event, as the kernel does."""
    page.evaluate("event => window.pipecell.tell(event)", dict(event))


def asked(page: Page) -> list[dict[str, Any]]:
    """Return what the renderer has asked its host so far."""
    return list(page.evaluate("() => window.pipecell.asked"))
