"""Mistakes that people make in cells: each found, at the right cell, by what the cells alone say."""

from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.notebook import Notebook
from pipecell.reports import Diagnostics
from pipecell.workspace import Workspace

SETUP = """
import sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThan
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep

session = PipelineSession()
role = sagemaker.get_execution_role(session)


def processor(instance_type="ml.m5.large", **more):
    return SKLearnProcessor(
        "1.2-1", role=role, instance_type=instance_type, instance_count=1, sagemaker_session=session, **more
    )


def output(name):
    return ProcessingOutput(output_name=name, source=f"/opt/ml/processing/{name}")
"""
EVALUATE = """
report = PropertyFile(name="Report", output_name="evaluation", path="evaluation.json")
evaluate = ProcessingStep(
    "Evaluate",
    step_args=processor().run(code="evaluate.py", outputs=[output("evaluation")]),
    property_files=[report],
)
"""
CONDITION = """
ConditionStep(
    "Good",
    conditions=[
        ConditionGreaterThan(
            left=JsonGet(step_name="Evaluate", property_file=report, json_path={path!r}), right=0.9
        )
    ],
    if_steps=[],
    else_steps=[FailStep("Weak", error_message="no")],
)
"""
PROPERTY = """
ProcessingStep(
    "Second",
    step_args=processor().run(
        code="prepare.py",
        inputs=[
            ProcessingInput(
                source=first.properties.ProcessingOutputConfig.Outputs[{name!r}].S3Output.S3Uri,
                destination="/opt/ml/processing/in",
            )
        ],
    ),
)
"""


def step(name: str, *, run: str = "", more: str = "", code: str = "prepare.py") -> str:
    return (
        f'{name.lower()} = ProcessingStep("{name}", step_args=processor({more}).run('
        f'code="{code}", outputs=[output("train")]{", " if run else ""}{run}))'
    )


ELEVEN = (
    'inputs=[ProcessingInput(source=f"s3://bucket/{n}", destination=f"/opt/ml/processing/i{n}", '
    'input_name=f"i{n}") for n in range(11)]'
)
SEEDED = [
    ([step("First", more='instance_type="ml.m5.larg"')], "PC203", 2, 'Did you mean "ml.m5.large"?'),
    ([step("First"), PROPERTY.format(name="trian")], "PC110", 3, 'Did you mean "train"?'),
    ([step("First", run=ELEVEN)], "PC224", 2, "has 12 items; AWS takes at most 10"),
    ([step("First"), step("Next", more='env={"A": "x" * 300}')], "PC224", 3, "has 300 characters"),
    ([EVALUATE, CONDITION.format(path="metrics.acuracy.value")], "PC420", 3, "metrics.accuracy.value"),
    (
        ['kind = ParameterString("Kind", default_value="ml.m5.larg")', step("F", more="kind")],
        "PC203",
        2,
        "ml.m5",
    ),
    ([step("First", code="broken.py")], "PC411", 2, "broken.py, line 1"),
    ([step("First", code="missing.py")], "PC620", 2, "missing.py"),
    ([step("First", more='env={"A": 3}')], "PC222", 2, 'Write "3".'),
    ([step("First"), 'FailStep("Two words")'], "PC301", 3, '"Two-words"'),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prepare.py").write_text("import pandas\n")
    (tmp_path / "broken.py").write_text("print(\n")
    (tmp_path / "evaluate.py").write_text(
        "import json\nreport = {'metrics': {'accuracy': {'value': 0.9}}}\n"
        "with open('/opt/ml/processing/evaluation/evaluation.json', 'w') as file:\n"
        "    json.dump(report, file)\n"
    )
    monkeypatch.chdir(tmp_path)


def checked(*cells: str) -> Diagnostics:
    notebook = Notebook()
    namespace: dict[str, Any] = {}
    for number, source in enumerate([SETUP, *cells], 1):
        notebook.declare("P", source, namespace, cell=number, cell_id=str(number))
    return Workspace(notebook).pipeline("P").check()


@pytest.mark.parametrize(("cells", "code", "cell", "says"), SEEDED, ids=lambda value: str(value)[:20])
def test_a_seeded_mistake_is_found_at_its_cell(cells: list[str], code: str, cell: int, says: str) -> None:
    errors = checked(*cells).errors
    assert [(each.code, each.cell) for each in errors] == [(code, cell)]
    assert says in str(errors[0])


def test_what_is_right_has_no_error() -> None:
    good = CONDITION.format(path="metrics.accuracy.value")
    assert checked(step("First"), PROPERTY.format(name="train"), EVALUATE, good).errors == ()
