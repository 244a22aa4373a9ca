"""What comments in cells silence, and which cell a finding is shown under."""

from pipecell.declare.notebook import Notebook, compile_declaration
from pipecell.definition.checks import check
from pipecell.definition.notes import Notes

IMPORTS = """
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.parameters import ParameterString
from sagemaker.workflow.functions import Join
"""


def found(*cells: str) -> list[tuple[str, str | None, int | None]]:
    notebook = Notebook()
    namespace: dict[str, object] = {}
    for number, source in enumerate(cells, 1):
        declaration = notebook.declare("P", IMPORTS + source, namespace, cell=number, cell_id=str(number))
    document = compile_declaration(declaration).document
    return [(d.code, d.step, d.cell) for d in check(document) if d.severity == "error"]


WRONG = 'FailStep(name="{0} 1")'


def test_a_comment_is_about_the_steps_of_its_statement() -> None:
    both = "a = " + WRONG.format("A"), "b = " + WRONG.format("B")
    assert found(*both) == [("PC301", "A 1", 1), ("PC301", "B 1", 2)]
    one = both[0] + "  # pipecell: ignore PC301\n" + both[1]
    assert found(one) == [("PC301", "B 1", 1)]
    inside = 'a = FailStep(\n    # pipecell: ignore PC999, PC301\n    name="A 1",\n)'
    assert found(inside) == []


def test_a_comment_on_its_own_is_about_its_cell() -> None:
    silenced = "# pipecell: ignore PC301\na = " + WRONG.format("A") + "\nb = " + WRONG.format("B")
    assert found(silenced, "c = " + WRONG.format("C")) == [("PC301", "C 1", 2)]
    assert found("# pipecell: ignore PC302\na = " + WRONG.format("A")) == [("PC301", "A 1", 1)]


def test_a_parameter_at_fault_is_shown_under_its_own_cell() -> None:
    parameter = 'text = ParameterString("Text", default_value="x" * 1025)'
    use = 'a = FailStep(name="A", error_message=Join(on="", values=[text]))'
    assert found(parameter, use) == [("PC132", None, 1)]


def test_quotas_are_set_by_comments() -> None:
    notebook = Notebook()
    source = IMPORTS + "# pipecell: quota steps=3\na = FailStep(name='A')"
    notes = compile_declaration(notebook.declare("P", source, {})).document.notes
    assert notes.quotas == {"steps": 3}
    assert Notes.from_json(notes.to_json()) == notes
