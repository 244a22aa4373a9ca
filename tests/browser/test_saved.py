"""A saved notebook where there is no kernel and no extension: converted, printed, or opened elsewhere."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from nbconvert import HTMLExporter, LatexExporter
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.browser.definitions import BREAK, job, judged, write
from tests.browser.lab import PATIENCE, Lab
from tests.browser.releases import NEWEST

Keep = Callable[[Page, str], None]

NAME = "Kept"
CELLS = (
    f"import pipecell; from IPython.display import display; p = pipecell.Pipeline.read('{NAME}.json')",
    "p._session.connect('local', 'us-east-1').client('s3')"
    ".create_bucket(Bucket='sagemaker-us-east-1-000000000000'); p",
    "e = p.run(); display(e); e.wait(raise_on_failure=False)",
)
STATES = {"Report": "✓ succeeded", "Judge": "✓ succeeded", "Break": "✕ failed", "TooWeak": "– not taken"}


@pytest.fixture(scope="module")
def saved(lab_of: Callable[[str], Lab], browser: Browser) -> Path:
    """A notebook with a preview and a run that failed, saved by JupyterLab; its kernel is gone."""
    lab = lab_of(NEWEST)
    write(lab.folder, NAME, judged(job("Break", BREAK)))
    path = lab.write(f"{NAME}.ipynb", *CELLS)
    page = browser.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    notebook = lab.open(page, path.name)
    notebook.wait_for_kernel()
    for index in range(len(CELLS)):
        notebook.run(index)
    notebook.wait_until_kept(2, "✕ Failed")
    notebook.save()
    notebook.shut_down_kernel()
    page.close()
    return path


def check_steps(page: Page) -> None:
    """Look for the picture and the table of the run, and for nothing that is missing."""
    table = page.locator("table").filter(has_text="Status")
    for name, state in STATES.items():
        row = table.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))
        expect(row).to_contain_text(state)
    expect(table).to_contain_text("ZeroDivisionError")
    expect(page.locator("body")).not_to_contain_text("not found")


def check_pictures(page: Page) -> None:
    """Look for the pictures of the preview and of the run: both are loaded."""
    pictures = page.get_by_role("img", name=NAME)
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", value=True)
    assert pictures.evaluate_all("all => all.every(each => each.naturalWidth > 300)")


def test_as_a_web_page(saved: Path, page: Page, screenshot: Keep) -> None:
    html, _ = HTMLExporter().from_filename(str(saved))
    page.set_content(html)
    check_steps(page)
    check_pictures(page)
    expect(page.locator("body")).to_contain_text("%pipeline watch arn:aws:sagemaker:")
    page.get_by_role("img", name=NAME).last.scroll_into_view_if_needed()
    screenshot(page, "saved-html")


def test_on_paper(saved: Path, page: Page) -> None:
    html, _ = HTMLExporter(template_name="webpdf").from_filename(str(saved))
    page.set_content(html)
    page.emulate_media(media="print")
    reader = PdfReader(io.BytesIO(page.pdf(print_background=True)))
    words = "\n".join(each.extract_text() for each in reader.pages)
    for name, state in STATES.items():
        assert name in words
        assert state.split(" ", 1)[1] in words
    assert "ZeroDivisionError" in words


def test_as_latex_without_a_program_that_converts_pictures(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    latex, resources = LatexExporter().from_filename(str(saved))
    papers = [name for name in resources["outputs"] if name.endswith(".pdf")]
    assert len(papers) == len(re.findall(r"\\adjustimage\{.*?\}\{[^}]*\.pdf\}", latex)) == 2
    words = PdfReader(io.BytesIO(resources["outputs"][papers[-1]])).pages[0].extract_text()
    for name, state in STATES.items():
        assert name in words
        assert state.split(" ", 1)[1] in words


def test_in_a_jupyterlab_without_the_extension_and_the_kernel_that_ran_it(
    saved: Path, lab: Lab, page: Page, screenshot: Keep
) -> None:
    page.route("**/extensions/pipecell-labextension/**", lambda route: route.abort())
    other = saved.with_name("Elsewhere.ipynb")
    shutil.copy(saved, other)
    lab.open(page, other.name)
    check_pictures(page)
    check_steps(page)
    page.locator("table").last.scroll_into_view_if_needed()
    screenshot(page, "saved-elsewhere")
