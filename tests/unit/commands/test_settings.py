"""Cells that are gone, taken out by hand."""

from __future__ import annotations

import argparse

import pytest

from pipecell.commands.in_notebook import NotebookContext
from pipecell.commands.settings import forget
from pipecell.errors import UsageError
from pipecell.workspace import Workspace
from tests.unit.declare.jobs.conftest import Cells


def forgotten(cells: Cells, step: str) -> str:
    context = NotebookContext(None, Workspace(cells.notebook))
    return forget(context, argparse.Namespace(step=step, pipeline=None)).text


def test_a_renamed_cell_without_an_id_is_forgotten_by_its_old_name() -> None:
    cells = Cells()
    cells.step("fail Old", "no")
    cells.step("fail New", "no")
    assert forgotten(cells, "Old") == "Pipeline: forgot Old."
    assert list(cells.notebook.get().held) == ["New"]


def test_a_name_that_no_cell_has_is_refused_with_the_nearest() -> None:
    cells = Cells()
    cells.step("fail TooWeak", "no")
    with pytest.raises(UsageError, match="Did you mean"):
        forgotten(cells, "ToWeak")
