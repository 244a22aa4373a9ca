"""What check found, below a drawing and below its text."""

from pipecell.definition.checks import Diagnostic
from pipecell.definition.checks.diagnostic import Severity
from pipecell.view.problems import SHOWN, draw_problems, problem_lines


def problem(code: str, severity: Severity = "error", message: str = "It is wrong.") -> Diagnostic:
    return Diagnostic(code, severity, "Train", "Arguments.X", message, "Mend it.")


def test_the_worst_comes_first() -> None:
    lines = problem_lines([problem("PC501", "info"), problem("PC104", "warning"), problem("PC102")])
    assert [line.split()[0] for line in lines] == ["✕", "▲", "·"]
    assert lines[0] == "✕ PC102 error · step Train · Arguments.X — It is wrong. Mend it."


def test_the_step_is_named_once() -> None:
    _, lines = draw_problems([problem("PC1"), problem("PC2", message="Train is wrong.")], 900, 0)
    assert ">Train: It is wrong. Mend it.<" in "".join(lines)
    assert ">Train is wrong. Mend it.<" in "".join(lines)


def test_nothing_found_takes_no_room() -> None:
    assert draw_problems([], 900, 55) == (55, [])


def test_many_are_counted() -> None:
    _, lines = draw_problems([problem("PC1")] * (SHOWN + 3), 900, 0)
    assert any("and 3 more" in line for line in lines)


def test_markup_in_messages_is_inert() -> None:
    _, lines = draw_problems([problem("PC1", message="<script>alert(1)</script>")], 900, 0)
    assert "<script>" not in "".join(lines)
