from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from pipecell.declare.declaration import Declaration
from pipecell.declare.notebook import compile_declaration
from pipecell.errors import DeclarationError, DefinitionError
from tests.unit.declare.conftest import Declare

IMPORTS = "from stepfunctions.steps import *\nfrom stepfunctions.workflow import Workflow\n"


@pytest.fixture(autouse=True)
def root_level() -> Iterator[None]:
    before = logging.getLogger().level
    yield
    assert logging.getLogger().level == before


def _states(declaration: Declaration) -> list[str]:
    return list(compile_declaration(declaration).document.body["States"])


def test_states_of_a_chain(cell: Declare) -> None:
    declaration = cell(IMPORTS + "Chain([Pass('A'), Pass('B')])", "1", 4)
    compiled = compile_declaration(declaration)
    assert declaration.engine == compiled.document.engine == "stepfunctions"
    assert compiled.document.body == {
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}},
    }
    assert compiled.document.cells == {"A": 4, "B": 4}


def test_every_way_from_state_to_state(cell: Declare) -> None:
    declaration = cell(
        IMPORTS + "from stepfunctions.steps.choice_rule import ChoiceRule\n"
        "c = Choice('C')\nrule = ChoiceRule.StringEquals('$.x', 'y')\n"
        "c.add_choice(rule, Chain([Pass('Yes'), Pass('Then')]))\n"
        "c.default_choice(Fail('No'))\n"
        "p = Parallel('P')\np.add_branch(Chain([Pass('P1'), Pass('P2')]))\n"
        "m = Map('M', iterator=Pass('Each'))\n"
        "t = Task('T', resource='arn:aws:states:::lambda:invoke')\n"
        "t.add_catch(Catch(error_equals=['States.ALL'], next_step=Fail('Caught')))\n"
        "Chain([t, p, m, c])\n",
        "1",
    )
    assert set(_states(declaration)) == {"T", "Caught", "P", "M", "C", "Yes", "Then", "No"}


def test_a_workflow_is_adopted(cell: Declare) -> None:
    declaration = cell(
        IMPORTS + "w = Workflow(name='Flow', definition=Chain([Pass('A'), Pass('B')]),"
        " role='arn:aws:iam::123456789012:role/Mine', tags=[{'key': 'team', 'value': 'ml'}])\n"
        "w.create()\nexecution = w.execute(inputs={})\noutput = execution.get_output(wait=True)\n",
        "1",
    )
    compiled = compile_declaration(declaration)
    assert compiled.document.name == "Flow"
    assert compiled.role == "arn:aws:iam::123456789012:role/Mine"
    assert compiled.tags == ({"Key": "team", "Value": "ml"},)
    assert [note.code for note in declaration.diagnostics] == ["PC606", "PC604"]
    assert "not started" in repr(cell.namespace["execution"])


def test_a_state_that_next_dropped_is_reported(cell: Declare) -> None:
    declaration = cell(
        IMPORTS + "a, b = Pass('A'), Pass('B')\nWorkflow(name='Census', definition=a.next(b), role='r')",
        "1",
        2,
    )
    (problem,) = compile_declaration(declaration).diagnostics
    assert (problem.code, problem.step, problem.cell) == ("PC605", "A", 2)
    assert "Chain([a, b])" in problem.hint


def test_states_without_order(cell: Declare) -> None:
    with pytest.raises(DeclarationError, match="A, B follow no other"):
        compile_declaration(cell(IMPORTS + "Pass('A'); Pass('B')", "1"))


def test_running_again_replaces(cell: Declare) -> None:
    cell(IMPORTS + "Chain([Pass('A'), Pass('B')])", "1")
    assert _states(cell(IMPORTS + "Chain([Pass('A'), Pass('Renamed')])", "1")) == ["A", "Renamed"]


def test_both_engines_in_one_pipeline(cell: Declare) -> None:
    source = (
        IMPORTS + "from sagemaker.workflow.fail_step import FailStep\nFailStep('Stop')\n"
        "Workflow(name='Flow', definition=Pass('A'), role='r')\n"
    )
    with pytest.raises(DeclarationError, match="--engine"):
        cell(source, "1")
    assert _states(cell(source, "1", engine="stepfunctions")) == ["A"]


def test_a_pipeline_parameter_in_a_state(cell: Declare) -> None:
    declaration = cell(
        IMPORTS + "from sagemaker.workflow.parameters import ParameterString\n"
        "Task('T', resource='arn:x', parameters={'x': {'y': ParameterString('P')}})",
        "1",
        8,
    )
    with pytest.raises(DefinitionError, match="gives it no value") as caught:
        compile_declaration(declaration)
    assert (caught.value.step, caught.value.path, caught.value.cell) == ("T", "Parameters.x.y", 8)
    assert caught.value.hint == "Use ExecutionInput(schema={'P': str})['P']."


def test_a_training_state_with_the_sagemaker_sdk(cell: Declare) -> None:
    declaration = cell(
        IMPORTS + "from sagemaker.estimator import Estimator\n"
        "e = Estimator(image_uri='image:1', instance_type='ml.m5.large', instance_count=1,"
        " role='arn:aws:iam::1:role/r', output_path='s3://bucket/out')\n"
        "TrainingStep('Train', estimator=e, data={'train': 's3://bucket/x'}, job_name='job')",
        "1",
    )
    body = compile_declaration(declaration).document.body
    assert body["States"]["Train"]["Resource"] == "arn:aws:states:::sagemaker:createTrainingJob.sync"
    assert json.dumps(body) == json.dumps(compile_declaration(declaration).document.body)
