from __future__ import annotations

import sys
import threading
import traceback

import pytest

from pipecell.declare.counting import counting
from pipecell.declare.declaration import Declaration
from pipecell.declare.notebook import Notebook
from pipecell.declare.sagemaker_v2 import compile as compile_pipeline
from pipecell.errors import DeclarationError, UsageError
from tests.unit.declare.conftest import Declare

IMPORTS = """
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionEquals
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.parameters import *
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.step_collections import StepCollection
"""
CONDITION = "ConditionStep('Check', conditions=[ConditionEquals(1, 1)], if_steps=[{0}], else_steps=[{1}])"


def steps(*names: str) -> str:
    return IMPORTS + "\n".join(f"step_{name} = FailStep('{name}')" for name in names)


def names(declaration: Declaration) -> list[str]:
    return [step.name for step in declaration.steps]


def document_names(declaration: Declaration) -> list[str]:
    return [step["Name"] for step in compile_pipeline(declaration).document.body["Steps"]]


# Running and running again


def test_cells_add_up_in_order(cell: Declare) -> None:
    cell(steps("A", "B"), "1", 1)
    declaration = cell(steps("C"), "2", 2)
    assert names(declaration) == document_names(declaration) == ["A", "B", "C"]
    assert declaration.cells == {"A": 1, "B": 1, "C": 2}


def test_running_again_replaces_and_never_duplicates(cell: Declare, notebook: Notebook) -> None:
    for number in range(1, 4):
        declaration = cell(steps("A", "B"), "1", number)
    assert document_names(declaration) == ["A", "B"]
    assert declaration.cells == {"A": 3, "B": 3}
    assert notebook.get("Census") is declaration


def test_a_renamed_step_leaves_no_ghost(cell: Declare) -> None:
    cell(steps("A", "B"), "1")
    cell(steps("C"), "2")
    assert names(cell(steps("A", "Renamed"), "1")) == ["A", "Renamed", "C"]


def test_a_cell_that_declares_nothing_any_more(cell: Declare) -> None:
    cell(steps("A"), "1")
    cell(steps("B"), "2")
    assert names(cell("nothing = 1", "1")) == ["B"]


def test_a_name_in_two_cells_belongs_to_the_later(cell: Declare) -> None:
    cell(steps("A", "Shared", "B"), "1", 1)
    declaration = cell(steps("Shared", "C"), "2", 2)
    assert names(declaration) == ["A", "Shared", "C", "B"]
    assert declaration.cells["Shared"] == 2
    again = cell(steps("C"), "2", 3)
    assert names(again) == ["A", "Shared", "C", "B"]  # the older cell still declares it
    assert again.cells["Shared"] == 1


def test_a_new_step_comes_where_its_cell_has_it(cell: Declare) -> None:
    cell(steps("A", "C"), "1")
    cell(steps("D"), "2")
    assert names(cell(steps("A", "B", "C"), "1")) == ["A", "B", "C", "D"]


def test_without_cell_ids_names_decide(cell: Declare) -> None:
    cell(steps("A", "B"), None, 1)
    cell(steps("C"), None, 2)
    declaration = cell(steps("A", "B") + "\nedited = True", None, 3)
    assert names(declaration) == ["A", "B", "C"]
    assert declaration.cells == {"A": 3, "B": 3, "C": 2}
    assert len(declaration.runs) == 2


def test_without_cell_ids_the_same_body_is_the_same_cell(cell: Declare) -> None:
    body = IMPORTS + "import itertools\nname = f'Run{len(names)}'\nnames.append(1)\nFailStep(name)"
    cell.namespace["names"] = []
    cell(body)
    assert names(cell(body)) == ["Run1"]


def test_a_deleted_cell_can_be_forgotten(cell: Declare, notebook: Notebook) -> None:
    cell(steps("A"), "1")
    cell(steps("B"), "2")
    notebook.forget("1")
    assert names(notebook.get()) == ["B"]
    notebook.forget("2")
    assert notebook.declarations == {}
    notebook.forget("never seen")


def test_a_cell_moves_to_another_pipeline(cell: Declare, notebook: Notebook) -> None:
    cell(steps("A"), "1", name="First")
    cell(steps("B"), "2", name="First")
    cell(steps("A"), "1", name="Second")
    assert names(notebook.get("First")) == ["B"]
    assert names(notebook.get("Second")) == ["A"]


def test_clear_drops_a_pipeline(cell: Declare, notebook: Notebook) -> None:
    cell(steps("A"), "1")
    notebook.clear("Census")
    assert notebook.declarations == {}
    with pytest.raises(UsageError):
        notebook.clear("Census")


# The same step in two cells


def copies(declaration: Declaration) -> list[tuple[str | None, int | None]]:
    return [(found.step, found.cell) for found in declaration.diagnostics if found.code == "PC612"]


def test_a_copied_cell_is_told_at_its_steps(cell: Declare) -> None:
    assert copies(cell(steps("A", "B"), "1", 1)) == []
    declaration = cell(steps("B", "C"), "2", 2)
    (found,) = declaration.diagnostics
    assert (found.code, found.severity, found.step, found.cell) == ("PC612", "warning", "B", 2)
    assert "declared by cell 1, too" in found.message


def test_a_cell_is_told_of_its_copy_when_it_runs_again(cell: Declare) -> None:
    cell(steps("A"), "1", 1)
    cell(steps("A"), "2", 2)
    again = cell(steps("A"), "1", 3)
    assert copies(again) == [("A", 3)]
    assert again.cells == {"A": 3}


def test_a_copy_is_told_until_it_is_settled(cell: Declare) -> None:
    cell(steps("A"), "1", 1)
    cell(steps("A"), "2", 2)
    assert copies(cell(steps("Other"), "3", 3)) == [("A", 2)]
    assert copies(cell(steps("Renamed"), "1", 4)) == []


def test_the_same_cell_again_is_no_copy(cell: Declare) -> None:
    for number in (1, 2):
        declaration = cell(steps("A"), "1", number)
    assert copies(declaration) == []


def test_without_cell_ids_nobody_knows_a_copy(cell: Declare) -> None:
    cell(steps("A"), None, 1)
    assert copies(cell(steps("A") + "\nedited = True", None, 2)) == []


def test_a_deleted_cell_has_no_copy(cell: Declare, notebook: Notebook) -> None:
    cell(steps("A"), "1", 1)
    cell(steps("A"), "2", 2)
    assert notebook.forget("1") == ["Census"]
    assert copies(notebook.get()) == []
    cell(steps("A"), "3", 3)
    notebook.forget("3")
    assert notebook.get().cells == {"A": 2}  # the cell that it hid counts again
    assert copies(notebook.get()) == []


def test_what_an_edited_cell_declares_nobody_knows(cell: Declare, notebook: Notebook) -> None:
    cell(steps("A", "B"), "1", 1)
    notebook.edited("1", True)  # split: it is B's now, and another cell A's
    assert copies(cell(steps("A"), "2", 2)) == []
    assert notebook.edited("1", False) == ["Census"]
    assert copies(notebook.get()) == [("A", 2)]
    assert notebook.edited("1", True) == ["Census"]
    assert copies(cell(steps("A", "B"), "1", 3)) == [("A", 3)]  # it ran as it is
    assert notebook.edited("1", False) == []


def test_steps_of_two_pipelines_are_no_copies(cell: Declare) -> None:
    cell(steps("A"), "1", 1, name="First")
    assert copies(cell(steps("A"), "2", 2, name="Second")) == []


# Conditions and collections


def test_inner_steps_are_not_top_level(cell: Declare) -> None:
    source = steps("Yes", "No", "Other") + "\n" + CONDITION.format("step_Yes", "step_No")
    declaration = cell(source, "1")
    assert names(declaration) == ["Other", "Check"]
    assert set(declaration.cells) == set()  # no execution count was given


def test_nested_conditions_and_collections(cell: Declare) -> None:
    source = (
        steps("Deep", "Alone")
        + "\ninner = StepCollection('Group', [FailStep('Member')])\n"
        + CONDITION.format("inner", "step_Deep").replace("Check", "Nested")
        + "\n"
        + CONDITION.format("step_Alone", "")
    )
    assert names(cell(source, "1")) == ["Nested", "Check"]


def test_a_new_child_takes_its_place_in_a_condition_of_another_cell(cell: Declare) -> None:
    cell(steps("Yes") + "\nstep_Yes.error_message = 'old'", "1", 1)
    cell(CONDITION.format("step_Yes", ""), "2", 2)
    declaration = cell(steps("Yes") + "\nstep_Yes.error_message = 'new'", "1", 3)
    assert names(declaration) == ["Check"]
    document = compile_pipeline(declaration).document
    (child,) = document.body["Steps"][0]["Arguments"]["IfSteps"]
    assert child["Arguments"] == {"ErrorMessage": "new"}
    assert document.cells == {"Yes": 3, "Check": 2}


def test_a_condition_that_holds_a_lost_step_is_reported(cell: Declare) -> None:
    cell(steps("Yes"), "1", 1)
    cell(CONDITION.format("step_Yes", ""), "2", 2)
    declaration = cell(steps("Renamed"), "1", 3)
    (problem,) = declaration.diagnostics
    assert (problem.code, problem.severity, problem.step, problem.cell) == ("PC603", "warning", "Check", 2)
    assert cell(CONDITION.format("step_Renamed", ""), "2", 4).diagnostics == ()


def test_two_steps_of_one_name_in_one_cell(cell: Declare) -> None:
    cell(steps("A"), "1", 1)
    with pytest.raises(DeclarationError) as caught:
        cell(steps("A", "B", "A"), "1", 2)
    assert (caught.value.code, caught.value.step, caught.value.cell) == ("PC602", "A", 2)


# Failing bodies


def test_an_exception_leaves_the_pipeline_as_it_was(cell: Declare, notebook: Notebook) -> None:
    before = cell(steps("A"), "1", 1)
    with pytest.raises(ZeroDivisionError):
        cell(steps("New") + "\nleft = 'there'\n1 / 0", "1", 2)
    assert notebook.get("Census") is before
    assert names(before) == ["A"]
    assert cell.namespace["left"] == "there"


def test_the_traceback_shows_the_users_line(cell: Declare) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        cell("first = 1\nsecond = first / 0\n")
    shown = "".join(traceback.format_exception(caught.value))
    assert "second = first / 0" in shown
    assert "line 2" in shown


def test_a_syntax_error_and_an_interrupt(cell: Declare, notebook: Notebook) -> None:
    with pytest.raises(SyntaxError):
        cell("def")
    with pytest.raises(KeyboardInterrupt):
        cell("raise KeyboardInterrupt")
    assert notebook.declarations == {}


def test_a_failing_cell_puts_the_sdk_back(cell: Declare) -> None:
    cell("import sagemaker")
    from sagemaker.session import Session

    before = Session.default_bucket
    with pytest.raises(ZeroDivisionError):
        cell("1 / 0")
    assert Session.default_bucket is before


# An explicit Pipeline


def test_an_explicit_pipeline_is_adopted_as_it_is(cell: Declare) -> None:
    declaration = cell(
        steps("A", "B")
        + "\np = ParameterString('Unused', default_value='x')"
        + "\nPipeline('Census', parameters=[p], steps=[step_B, step_A])",
        "1",
        1,
    )
    compiled = compile_pipeline(declaration)
    assert [step["Name"] for step in compiled.document.body["Steps"]] == ["B", "A"]
    assert [parameter["Name"] for parameter in compiled.document.body["Parameters"]] == ["Unused"]
    assert declaration.diagnostics == compiled.diagnostics == ()


def test_its_own_name_wins_and_both_names_find_it(cell: Declare, notebook: Notebook) -> None:
    declaration = cell(steps("A") + "\nPipeline('Own', steps=[step_A])", "1", 4)
    assert declaration.deployed_name == "Own"
    assert compile_pipeline(declaration).document.name == "Own"
    assert notebook.get("Own") is notebook.get("Census") is declaration
    (note,) = declaration.diagnostics
    assert (note.code, note.severity, note.cell) == ("PC606", "info", 4)


def test_steps_that_it_leaves_out_are_reported(cell: Declare) -> None:
    cell(steps("A") + "\nPipeline('Census', steps=[step_A])", "1", 1)
    declaration = cell(steps("Later"), "2", 2)
    assert document_names(declaration) == ["A"]
    (problem,) = compile_pipeline(declaration).diagnostics
    assert (problem.code, problem.severity, problem.step, problem.cell) == ("PC605", "warning", "Later", 2)


def test_steps_of_other_cells_that_ran_again_are_the_new_ones(cell: Declare) -> None:
    cell(steps("A"), "1")
    cell("Pipeline('Census', steps=[step_A])", "2")
    declaration = cell(steps("A") + "\nstep_A.error_message = 'new'", "1")
    (step,) = compile_pipeline(declaration).document.body["Steps"]
    assert step["Arguments"] == {"ErrorMessage": "new"}


def test_a_handle_on_a_pipeline_that_exists_is_not_adopted(cell: Declare) -> None:
    declaration = cell(steps("A") + "\nhandle = Pipeline('Existing')", "1")
    assert document_names(declaration) == ["A"]
    assert declaration.deployed_name == "Census"


def test_plain_values_among_its_parameters_are_passed_over(cell: Declare) -> None:
    declaration = cell(
        steps("A") + "\nPipeline('Census', parameters=['ml.m5.large', 1], steps=[step_A])", "1"
    )
    assert compile_pipeline(declaration).document.body["Parameters"] == []


def test_of_several_pipelines_the_one_of_this_name_else_the_latest(cell: Declare) -> None:
    pipelines = [
        f"Pipeline('{name}', steps=[step_{step}])" for name, step in (("Census", "A"), ("Other", "B"))
    ]
    declaration = cell(steps("A", "B") + "\n" + "\n".join(pipelines), "1")
    assert document_names(declaration) == ["A"]
    (problem,) = declaration.diagnostics
    assert (problem.code, problem.severity) == ("PC611", "warning")
    assert "only 'Census' is used, not 'Other'" in problem.message
    assert document_names(cell(steps("A", "B") + "\n" + "\n".join(pipelines), "1", name="Neither")) == ["B"]


def test_launches_are_held_back(cell: Declare) -> None:
    declaration = cell(
        steps("A") + "\npipeline = Pipeline('Census', steps=[step_A])\n"
        "answer = pipeline.upsert(role_arn='arn:aws:iam::123456789012:role/Mine',"
        " tags=[{'Key': 'team', 'Value': 'ml'}], parallelism_config={'MaxParallelExecutionSteps': 2})\n"
        "execution = pipeline.start()\nexecution.wait()\nsteps = execution.list_steps()\n",
        "1",
        1,
    )
    assert cell.namespace["answer"] == {
        "PipelineArn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/Census"
    }
    assert cell.namespace["steps"] == []
    execution = cell.namespace["execution"]
    assert execution.describe()["PipelineExecutionStatus"] == "NotStarted"
    with pytest.raises(DeclarationError):
        execution.result("A")
    compiled = compile_pipeline(declaration)
    assert compiled.role == "arn:aws:iam::123456789012:role/Mine"
    assert compiled.tags == ({"Key": "team", "Value": "ml"},)
    assert compiled.parallelism == {"MaxParallelExecutionSteps": 2}
    (note,) = declaration.diagnostics
    assert (note.code, note.severity, note.cell) == ("PC604", "info", 1)
    assert "upsert(), start()" in note.message


# The rest


def test_get(cell: Declare, notebook: Notebook) -> None:
    with pytest.raises(UsageError, match="no pipeline yet"):
        notebook.get()
    cell(steps("A"), "1", name="Census")
    cell(steps("A"), "2", name="Churn")
    assert notebook.get().name == "Churn"
    with pytest.raises(UsageError, match='Did you mean "Census"'):
        notebook.get("Cenus")


def test_a_callback_runs_the_body(cell: Declare) -> None:
    ran: list[str] = []
    cell("x = 1", run=lambda source, namespace: ran.append(source))
    assert ran == ["x = 1"]


def test_engines_of_one_pipeline_agree(cell: Declare) -> None:
    cell(steps("A"), "1", engine="sagemaker")
    with pytest.raises(DeclarationError, match="two engines"):
        cell("x = 1", "2", engine="stepfunctions")


def test_two_notebooks_in_two_threads_do_not_mix() -> None:
    results: dict[str, list[str]] = {}
    barrier = threading.Barrier(2, timeout=60)

    def work(name: str) -> None:
        notebook = Notebook()
        source = steps(*(f"{name}{number}" for number in range(20)))
        for _ in range(5):
            barrier.wait()
            declaration = notebook.declare(name, source, {}, cell_id="1")
            document_names(declaration)
        results[name] = names(declaration)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("Left", "Right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == {name: [f"{name}{number}" for number in range(20)] for name in ("Left", "Right")}


def test_importing_loads_no_sdk() -> None:
    import subprocess

    code = (
        "import sys, pipecell.declare.notebook, pipecell.declare.sagemaker_v2, pipecell.targets\n"
        "print([name for name in ('boto3', 'botocore', 'sagemaker', 'stepfunctions', 'IPython') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_compiled_step_is_told_with_how_many_there_are(cell: Declare) -> None:
    cell(steps("A", "B"), "1", 1)
    declaration = cell(steps("C"), "2", 2)
    told: list[tuple[int, int]] = []
    with counting(lambda done, total: told.append((done, total))):
        compile_pipeline(declaration)
    assert told == [(1, 3), (2, 3), (3, 3)]
