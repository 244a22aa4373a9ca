"""What verbs find, as text, as JSON and as MIME bundles, with everything of the user's escaped."""

from __future__ import annotations

import pytest

from pipecell.definition.checks import Diagnostic
from pipecell.errors import UsageError
from pipecell.graph import Graph, Node
from pipecell.reports import Diagnostics, Preview, ProfileTable, changed_values

ERROR = Diagnostic("PC203", "error", "Train", "Arguments.X", '"ml.m5.larg" is wrong.', "Did you mean?", 4)
WARNING = Diagnostic("PC502", "warning", None, "", "<b>odd</b>")


def test_errors_come_first() -> None:
    found = Diagnostics([WARNING, ERROR])
    assert list(found) == [ERROR, WARNING]
    assert found.errors == (ERROR,)
    assert str(found).splitlines() == [f"✕ {ERROR}", f"▲ {WARNING}"]
    assert found.to_json() == {"diagnostics": [ERROR.to_json(), WARNING.to_json()]}
    assert found[0] is ERROR


def test_nothing_found_is_said() -> None:
    found = Diagnostics([])
    assert str(found) == "No problems found."
    assert found.bundle() == {"text/plain": "No problems found."}
    assert not found.errors


def test_html_escapes_what_the_user_wrote() -> None:
    page = Diagnostics([ERROR, WARNING])._repr_mimebundle_()["text/html"]
    assert "&lt;b&gt;odd&lt;/b&gt;" in page
    assert "<b>odd" not in page
    assert "(cell 4)" in page


def test_a_preview_says_what_it_is_of() -> None:
    seen = Preview(Graph("P", "sagemaker", (Node("A", "A", "Fail"),)), ("smoke", "here"))
    assert str(seen).splitlines()[0] == "P  1 step  smoke  here"
    assert Preview(Graph("M", "stepfunctions")).to_text().startswith("M  0 states")
    assert "here" in seen.bundle([ERROR])["text/plain"]
    assert "PC203" in seen.bundle([ERROR])["text/plain"]
    with pytest.raises(UsageError, match='cannot write "sgv"'):
        seen.render("sgv")


def test_a_pipeline_without_parameters_has_a_table_too() -> None:
    assert (
        str(ProfileTable("P", "smoke", {"smoke": {}, "full": {}}))
        == "P: profile smoke. It has no parameters."
    )


def test_changed_values_say_from_what_to_what() -> None:
    assert changed_values({"A": 1, "B": "x", "C": 5}, {"A": 1, "B": "y"}) == "B y → x, C 5"
    assert changed_values({"A": 1}, {"A": 1}) == ""
