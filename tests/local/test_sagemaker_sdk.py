"""The unmodified SageMaker SDK, version 2, against a real endpoint."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.daemon import EndpointInfo
from tests.local.container.requests import members
from tests.local.pipeline_parts import BUCKET, ROLE, fresh

sagemaker = pytest.importorskip("sagemaker")

# The SDK's own warnings are not what is tested here.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::{category}")
    for category in ("UserWarning", "DeprecationWarning", "FutureWarning", "SyntaxWarning", "ResourceWarning")
]

PREPARE = """
import pathlib
rows = ["%d,%d" % (i % 2, i) for i in range(100)]
for name, part in (("train", rows[:80]), ("test", rows[80:])):
    folder = pathlib.Path("/opt/ml/processing") / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.csv").write_text("\\n".join(part) + "\\n")
print("prepared", len(rows))
"""

TRAIN = """
import argparse, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
arguments, _ = parser.parse_known_args()
rows = (pathlib.Path(arguments.train) / "data.csv").read_text().splitlines()
model = {"rows": len(rows), "depth": arguments.depth}
(pathlib.Path(arguments.model_dir) / "model.json").write_text(json.dumps(model))
print("train:accuracy=0.75;")
"""

EVALUATE = """
import json, pathlib, tarfile
with tarfile.open("/opt/ml/processing/model/model.tar.gz") as archive:
    model = json.load(archive.extractfile("model.json"))
report = {"metrics": {"accuracy": {"value": model["rows"] / 100}}}
target = pathlib.Path("/opt/ml/processing/evaluation")
target.mkdir(parents=True, exist_ok=True)
(target / "evaluation.json").write_text(json.dumps(report))
"""


@pytest.fixture
def sdk(endpoint: EndpointInfo, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Settings of a user's shell, and the SDK's sessions made from them."""
    import boto3
    from sagemaker.workflow.pipeline_context import PipelineSession

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", endpoint.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", endpoint.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    # It parses botocore's endpoints again for every image: 94 % of the time that steps take to build.
    monkeypatch.setattr(
        sagemaker.utils, "_botocore_resolver", lru_cache(maxsize=1)(sagemaker.utils._botocore_resolver)
    )
    boto = boto3.session.Session(region_name="us-east-1")
    boto.client("s3").create_bucket(Bucket=BUCKET)
    # On some calls the SDK sends a web request of its own, past any endpoint setting.
    monkeypatch.setattr(sagemaker.telemetry.telemetry_logging, "_requests_helper", lambda url, timeout: None)
    return {
        "boto": boto,
        "session": sagemaker.Session(boto, default_bucket=BUCKET),
        "pipeline_session": PipelineSession(boto, default_bucket=BUCKET),
    }


def script(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def make_pipeline(session: Any, folder: Path, group: str) -> Any:
    """Process → train → evaluate → condition → register, the way notebooks write it."""
    from sagemaker.inputs import TrainingInput
    from sagemaker.processing import ProcessingInput, ProcessingOutput
    from sagemaker.sklearn.estimator import SKLearn
    from sagemaker.sklearn.model import SKLearnModel
    from sagemaker.sklearn.processing import SKLearnProcessor
    from sagemaker.workflow.condition_step import ConditionStep
    from sagemaker.workflow.conditions import ConditionGreaterThanOrEqualTo
    from sagemaker.workflow.fail_step import FailStep
    from sagemaker.workflow.functions import Join, JsonGet
    from sagemaker.workflow.model_step import ModelStep
    from sagemaker.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.properties import PropertyFile
    from sagemaker.workflow.steps import ProcessingStep, TrainingStep

    instance_type = ParameterString("InstanceType", default_value="ml.m5.large")
    threshold = ParameterFloat("Threshold", default_value=0.7)
    depth = ParameterInteger("Depth", default_value=3)
    processor = SKLearnProcessor(
        framework_version="1.2-1",
        role=ROLE,
        instance_type=instance_type,
        instance_count=1,
        sagemaker_session=session,
    )
    process = ProcessingStep(
        name="Process",
        step_args=processor.run(
            outputs=[
                ProcessingOutput(output_name="train", source="/opt/ml/processing/train"),
                ProcessingOutput(output_name="test", source="/opt/ml/processing/test"),
            ],
            code=script(folder, "prepare.py", PREPARE),
        ),
    )
    estimator = SKLearn(
        entry_point=script(folder, "train.py", TRAIN),
        framework_version="1.2-1",
        role=ROLE,
        instance_type="ml.m5.large",
        hyperparameters={"depth": depth},
        metric_definitions=[{"Name": "accuracy", "Regex": "train:accuracy=([0-9.]+);"}],
        sagemaker_session=session,
    )
    outputs = process.properties.ProcessingOutputConfig.Outputs
    train = TrainingStep(
        name="Train",
        step_args=estimator.fit(
            {"train": TrainingInput(outputs["train"].S3Output.S3Uri, content_type="text/csv")}
        ),
    )
    report = PropertyFile(name="Report", output_name="evaluation", path="evaluation.json")
    evaluate = ProcessingStep(
        name="Evaluate",
        step_args=processor.run(
            inputs=[
                ProcessingInput(
                    source=train.properties.ModelArtifacts.S3ModelArtifacts,
                    destination="/opt/ml/processing/model",
                )
            ],
            outputs=[ProcessingOutput(output_name="evaluation", source="/opt/ml/processing/evaluation")],
            code=script(folder, "evaluate.py", EVALUATE),
        ),
        property_files=[report],
    )
    model = SKLearnModel(
        model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
        role=ROLE,
        entry_point=script(folder, "inference.py", "def model_fn(path): return None\n"),
        framework_version="1.2-1",
        sagemaker_session=session,
    )
    register = ModelStep(
        name="Register",
        step_args=model.register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=["ml.m5.large"],
            transform_instances=["ml.m5.large"],
            model_package_group_name=group,
            approval_status="PendingManualApproval",
        ),
    )
    condition = ConditionStep(
        name="Check",
        conditions=[
            ConditionGreaterThanOrEqualTo(
                left=JsonGet(step_name="Evaluate", property_file=report, json_path="metrics.accuracy.value"),
                right=threshold,
            )
        ],
        if_steps=[register],
        else_steps=[FailStep(name="TooWeak", error_message=Join(on=" ", values=["Below", threshold]))],
    )
    return Pipeline(
        name=fresh("sdk-pipeline"),
        parameters=[instance_type, threshold, depth],
        steps=[process, train, evaluate, condition],
        sagemaker_session=session,
    )


def test_process_train_evaluate_condition_register(sdk: dict[str, Any], tmp_path: Path) -> None:
    from botocore.exceptions import WaiterError

    group = fresh("group")
    pipeline = make_pipeline(sdk["pipeline_session"], tmp_path, group)
    pipeline.upsert(role_arn=ROLE, tags=[{"Key": "team", "Value": "census"}])
    assert pipeline.upsert(role_arn=ROLE)["PipelineVersionId"] == 2
    execution = pipeline.start()
    execution.wait(delay=0.2, max_attempts=3000)
    assert execution.describe()["PipelineExecutionStatus"] == "Succeeded"
    steps = {step["StepName"]: step for step in execution.list_steps()}
    assert set(steps) == {
        "Process",
        "Train",
        "Evaluate",
        "Check",
        "Register-RegisterModel",
    }
    client = sdk["boto"].client("sagemaker")
    package = client.describe_model_package(
        ModelPackageName=steps["Register-RegisterModel"]["Metadata"]["RegisterModel"]["Arn"]
    )
    assert package["ModelPackageGroupName"] == group
    assert package["ModelPackageVersion"] == 1
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    job = client.describe_training_job(
        TrainingJobName=steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    )
    assert job["HyperParameters"]["depth"] == "3"
    assert job["FinalMetricDataList"][0]["MetricName"] == "accuracy"
    assert job["FinalMetricDataList"][0]["Value"] == pytest.approx(0.75)
    assert [each["Status"] for each in job["SecondaryStatusTransitions"]][-1] == "Completed"
    assert job["BillableTimeInSeconds"] >= 1
    parameters = {each["Name"]: each["Value"] for each in execution.list_parameters()["PipelineParameters"]}
    assert parameters == {"InstanceType": "ml.m5.large", "Threshold": "0.7", "Depth": "3"}

    weak = pipeline.start(parameters={"Threshold": 0.99, "Depth": 5})
    with pytest.raises(WaiterError):
        weak.wait(delay=0.2, max_attempts=3000)
    failed = next(step for step in weak.list_steps() if step["StepStatus"] == "Failed")
    assert (failed["StepName"], failed["FailureReason"]) == ("TooWeak", "Below 0.99")
    assert len(pipeline.list_executions()["PipelineExecutionSummaries"]) == 2


def test_fit_and_run_directly_follow_the_logs(
    sdk: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sagemaker.processing import ProcessingOutput
    from sagemaker.sklearn.estimator import SKLearn
    from sagemaker.sklearn.processing import SKLearnProcessor

    quick_logs(monkeypatch)
    processor = SKLearnProcessor(
        framework_version="1.2-1",
        role=ROLE,
        instance_type="ml.m5.large",
        instance_count=1,
        sagemaker_session=sdk["session"],
    )
    processor.run(
        code=script(tmp_path, "prepare.py", PREPARE),
        outputs=[ProcessingOutput(output_name="train", source="/opt/ml/processing/train")],
        wait=True,
        logs=True,
    )
    assert "prepared 100" in capsys.readouterr().out
    data = processor.latest_job.describe()["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    estimator = SKLearn(
        entry_point=script(tmp_path, "train.py", TRAIN),
        framework_version="1.2-1",
        role=ROLE,
        instance_type="ml.m5.large",
        hyperparameters={"depth": 4},
        sagemaker_session=sdk["session"],
    )
    estimator.fit({"train": data}, wait=True, logs="All")
    printed = capsys.readouterr().out
    assert "train:accuracy=0.75;" in printed
    assert "Training seconds:" in printed
    assert estimator.model_data.endswith("/output/model.tar.gz")


def test_a_failing_script_raises_in_the_sdk_with_its_reason(
    sdk: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sagemaker.exceptions import UnexpectedStatusException
    from sagemaker.sklearn.estimator import SKLearn

    quick_logs(monkeypatch)
    estimator = SKLearn(
        entry_point=script(tmp_path, "train.py", "raise ValueError('no such column')\n"),
        framework_version="1.2-1",
        role=ROLE,
        instance_type="ml.m5.large",
        sagemaker_session=sdk["session"],
    )
    with pytest.raises(UnexpectedStatusException, match="no such column"):
        estimator.fit(wait=True, logs="All")


def test_functions_with_the_step_decorator_really_run(sdk: dict[str, Any]) -> None:
    from sagemaker.workflow.function_step import step
    from sagemaker.workflow.pipeline import Pipeline

    image = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python-310:1.0"
    settings = {"instance_type": "ml.m5.large", "image_uri": image, "role": ROLE}

    def load() -> int:
        return 21

    def double(number: int) -> int:
        return number * 2

    last = step(double, name="Double", **settings)(step(load, name="Load", **settings)())
    pipeline = Pipeline(name=fresh("functions"), steps=[last], sagemaker_session=sdk["session"])
    pipeline.upsert(role_arn=ROLE)
    execution = pipeline.start()
    execution.wait(delay=0.2, max_attempts=3000)
    assert {each["StepName"]: each["StepStatus"] for each in execution.list_steps()} == {
        "Load": "Succeeded",
        "Double": "Succeeded",
    }
    assert execution.result("Double") == 42


def test_a_notebook_job_runs_its_notebook(sdk: dict[str, Any], tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    from sagemaker.workflow.notebook_job_step import NotebookJobStep
    from sagemaker.workflow.pipeline import Pipeline

    notebook = nbformat.v4.new_notebook()
    default = nbformat.v4.new_code_cell("rows = 1", metadata={"tags": ["parameters"]})
    notebook.cells = [default, nbformat.v4.new_code_cell("print('rows are', rows)")]
    path = tmp_path / "report.ipynb"
    nbformat.write(notebook, path)
    step = NotebookJobStep(
        name="Report",
        input_notebook=str(path),
        image_uri="885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:1-cpu",
        kernel_name="python3",
        role=ROLE,
        instance_type="ml.m5.large",
        s3_root_uri=f"s3://{BUCKET}/{fresh('notebooks')}",
        parameters={"rows": "99"},
    )
    pipeline = Pipeline(name=fresh("notebook"), steps=[step], sagemaker_session=sdk["session"])
    pipeline.upsert(role_arn=ROLE)
    execution = pipeline.start()
    execution.wait(delay=0.2, max_attempts=3000)
    arn = execution.list_steps()[0]["Metadata"]["TrainingJob"]["Arn"]
    job = sdk["boto"].client("sagemaker").describe_training_job(TrainingJobName=arn.rpartition("/")[2])
    bucket, _, prefix = job["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://").partition("/")
    key = f"{prefix}/{job['TrainingJobName']}/output/output.tar.gz"
    content = sdk["boto"].client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    (notebook,) = [each for name, each in members(content).items() if name.endswith(".ipynb")]
    executed = nbformat.reads(notebook.decode(), as_version=4)
    assert executed.cells[2].outputs[0].text == "rows are 99\n"


def quick_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK's follower of logs look every 50 ms instead of every 10 s, and at the status each time."""
    import sagemaker.session as module

    class Clock:
        """The module's ``time``, in which an hour passes between two calls."""

        def __init__(self) -> None:
            self.now = 0.0

        def time(self) -> float:
            self.now += 3600
            return self.now

        @staticmethod
        def sleep(seconds: float) -> None:
            import time

            time.sleep(min(seconds, 0.05))

    monkeypatch.setattr(module, "time", Clock())
    assert os.environ["AWS_ENDPOINT_URL"]
