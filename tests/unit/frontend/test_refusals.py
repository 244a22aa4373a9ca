"""What kept cells from declaring anything."""

from __future__ import annotations

import linecache

import pytest

from pipecell.errors import CheckFailedError, DeclarationError, ExecutionError, UsageError
from pipecell.frontend.refusals import Refusals

CELL = "%%pipeline Front\né = 1\nstep = ProcessingStep('É', prok)\n"


def failed(source: str) -> Exception:
    """Run the body of a cell as the magic does, one line further down; return what it raised."""
    body = "\n" + source.partition("\n")[2]
    linecache.cache["a cell"] = (len(body), None, body.splitlines(keepends=True), "a cell")
    try:
        exec(compile(body, "a cell", "exec"), {"ProcessingStep": print})
    except Exception as error:
        return error
    raise AssertionError("the cell did not fail")


def test_an_error_of_python_is_a_problem_of_a_cell_of_ours_at_the_place_where_it_was_raised() -> None:
    refusals = Refusals()
    assert refusals.ran("c", CELL, failed(CELL))
    problem = refusals.of("c")
    assert problem is not None
    assert (problem["code"], problem["message"]) == ("NameError", "name 'prok' is not defined")
    place = problem["place"]
    assert "prok" in place["text"]
    assert CELL[place["from"] : place["to"]] == place["text"]


def test_an_error_of_python_in_any_other_cell_is_the_users_own() -> None:
    refusals = Refusals()
    assert not refusals.ran("c", "1 / 0", ZeroDivisionError())
    assert list(refusals) == []


def test_a_problem_goes_when_its_cell_ran_or_was_deleted() -> None:
    refusals = Refusals()
    error = DeclarationError('There is no "x".')
    assert refusals.ran("c", "%pipeline run x", error)
    assert not refusals.ran("c", "%pipeline run x", error)
    assert refusals.ran("c", "%pipeline run", None)
    assert refusals.ran("c", "%pipeline run x", error)
    assert refusals.forget("c")
    assert not refusals.forget("c")
    assert list(refusals) == []


def test_a_run_that_failed_is_no_problem_of_its_cell() -> None:
    refusals = Refusals()
    assert not refusals.ran("c", "%pipeline run --wait", ExecutionError("It failed."))


def test_what_the_checks_found_is_told_of_its_own_cells() -> None:
    assert not Refusals().ran("c", "%pipeline check", CheckFailedError("P has 1 error."))


def test_what_is_wrong_with_another_cell_of_the_pipeline_is_that_one_s() -> None:
    refusals = Refusals()
    error = DeclarationError("There is no script.", step="Prepare", cell=4)
    assert refusals.ran("its own", "%%pipeline Front", error, 4)
    assert not refusals.ran("the next", "%%pipeline Front", error, 5)


@pytest.mark.parametrize(
    ("cell", "message", "text"),
    [
        ("x = 1\n%pipeline run --bogus 3", "run has no option --bogus.", "--bogus"),
        ("%pipeline run --on", "--on needs a value.", "--on"),
        ("# all\n  %pipeline logs\n", "Missing: STEP.", "%pipeline logs"),
        ("seen = %pipeline logs", "Missing: STEP.", "seen = %pipeline logs"),
        ("%pipeline check\n%pipeline run --bogus", "run has no option --bogus.", "--bogus"),
        ("%pipeline check\n%pipeline logs", "Missing: STEP.", None),
        ("%pipeline run --on local\n%pipeline watch --on", "--on needs a value.", None),
    ],
)
def test_a_wrong_command_is_told_shortly_at_its_place(cell: str, message: str, text: str | None) -> None:
    refusals = Refusals()
    refusals.ran("c", cell, UsageError(message, code="PC911", hint="-h says more.", usage="%pipeline …"))
    problem = refusals.of("c")
    assert problem is not None
    assert (problem["message"], problem["hint"]) == (message, "-h says more.")
    assert (problem["place"] or {}).get("text") == text
