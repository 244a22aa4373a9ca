"""SDK code in ``%%pipeline`` cells becomes ``%%step`` cells with the same definition, or is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipecell.conversion import Conversion, to_steps
from pipecell.conversion.differences import canonical, differences, uploads_that_differ
from pipecell.errors import DeclarationError, UsageError
from tests.unit.declare import chapter
from tests.unit.declare.jobs.conftest import Cells
from tests.unit.declare.sagemaker_v2.kinds import KINDS, PRELUDE, REGISTER

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "01-census.ipynb"

XGBOOST = "image = sagemaker.image_uris.retrieve('xgboost', 'us-east-1', '1.7-1')\n"
PROCESSOR = """
from sagemaker.workflow.conditions import *
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.properties import PropertyFile
from sagemaker.sklearn.processing import SKLearnProcessor
session = PipelineSession()
processor = SKLearnProcessor(framework_version="1.2-1", instance_type="ml.m5.large", instance_count=1,
                             role=role, sagemaker_session=session)
report = PropertyFile(name="Report", output_name="out", path="r.json")
def prepare(name, **more):
    return ProcessingStep(name, step_args=processor.run(
        code="code/preprocessing.py",
        outputs=[ProcessingOutput(output_name="out", source="/opt/ml/processing/out")],
    ), property_files=[report], **more)
first = prepare("First")
def value(path):
    return JsonGet(step_name="First", property_file=report, json_path=path)
"""
OTHERS = {
    "a network, a key, no cache, retries of its own, a name to show": """
from sagemaker.network import NetworkConfig
from sagemaker.workflow.retry import *
other = SKLearnProcessor(
    framework_version="1.2-1", instance_type="ml.m5.large", instance_count=2, role=role,
    volume_size_in_gb=100,
    volume_kms_key="key", max_runtime_in_seconds=90, env={"A": "b $c"}, sagemaker_session=session,
    network_config=NetworkConfig(enable_network_isolation=True, subnets=["s-1"], security_group_ids=["sg-1"]),
)
ProcessingStep("Other", step_args=other.run(code="code/evaluation.py", arguments=["--x", "a b", "it's"],
    inputs=[ProcessingInput(source=first.properties.ProcessingOutputConfig.Outputs["out"].S3Output.S3Uri,
                            destination="/opt/ml/processing/in put",
                            s3_data_distribution_type="ShardedByS3Key")]),
    cache_config=CacheConfig(enable_caching=False), display_name="Another one", description="of two\\nlines",
    retry_policies=[StepRetryPolicy([StepExceptionTypeEnum.THROTTLING], max_attempts=7, backoff_rate=1.5)],
    depends_on=["First"])
""",
    "conditions": """
low = ParameterFloat("Low", default_value=0.1)
kind = ParameterString("Kind", default_value="a")
ConditionStep("Judge", conditions=[
    ConditionOr([ConditionGreaterThan(value("a.b"), low),
                 ConditionNot(ConditionIn(kind, ["a", "b"])),
                 ConditionEquals(ExecutionVariables.PIPELINE_NAME, "it's")]),
    ConditionLessThanOrEqualTo(value("c"), 5),
    ConditionNot(ConditionOr([ConditionEquals(kind, "z"), ConditionLessThan(low, 0.5)])),
], if_steps=[prepare("Second")], else_steps=[
    FailStep("Weak-one", error_message=Join(on="", values=["below ", low, " in ", kind, "s"])),
    prepare("Third"),
])
""",
    "algorithms": f"""{XGBOOST}
depth = ParameterInteger("Depth", default_value=3)
uri = first.properties.ProcessingOutputConfig.Outputs["out"].S3Output.S3Uri
e = Estimator(image_uri=image, instance_type="ml.m5.large", instance_count=1, role=role,
              use_spot_instances=True, max_run=600, max_wait=700, sagemaker_session=session,
              environment={{"A": "1"}},
              hyperparameters={{"num_round": 5, "max_depth": depth, "objective": "binary:logistic"}})
TrainingStep("Fit", step_args=e.fit({{
    "train": TrainingInput(uri,
                           "FullyReplicated", content_type="text/csv"),
    "validation": TrainingInput("s3://bucket/v", content_type="text/libsvm", input_mode="Pipe")}}))
""",
    "models, by their best and by their plain name": f"""{XGBOOST}
from sagemaker.inputs import CreateModelInput
from sagemaker.model import Model
from sagemaker.transformer import Transformer
from sagemaker.tuner import *
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.steps import CreateModelStep
e = Estimator(image_uri=image, instance_type="ml.m5.large", instance_count=1, role=role,
              output_path="s3://b/p", sagemaker_session=session,
              hyperparameters={{"num_round": 5, "objective": "binary:logistic"}})
tuner = HyperparameterTuner(e, "validation:auc", {{
    "eta": ContinuousParameter(0, 1, scaling_type="Linear"), "max_depth": IntegerParameter(2, 9),
    "booster": CategoricalParameter(["gbtree", "dart"])}},
    max_jobs=ParameterInteger("Jobs", default_value=4), max_parallel_jobs=2, early_stopping_type="Auto")
channel = TrainingInput("s3://b/t", content_type="text/csv")
tune = TuningStep("Tune", step_args=tuner.fit({{"train": channel}}))
best = Model(image_uri=image, model_data=tune.get_top_model_s3_uri(top_k=1, s3_bucket="b", prefix="p"),
             sagemaker_session=session, role=role)
ModelStep("Second", step_args=best.{REGISTER})
made = CreateModelStep("Plain", model=best, inputs=CreateModelInput(instance_type="ml.m5.large"))
transformer = Transformer(model_name=made.properties.ModelName, instance_type="ml.m5.xlarge",
                          instance_count=1, output_path="s3://b/out", sagemaker_session=session)
TransformStep("Score", transformer=transformer,
              inputs=TransformInput(data=ParameterString("Batch", default_value="s3://b/batch")))
""",
    "folders, files of the cell's own, joined places": """
prefix = ParameterString("Prefix", default_value="p")
one = ProcessingStep("A-1", step_args=processor.run(
    code="code/preprocessing.py",
    arguments=["--n", ParameterInteger("N", default_value=3).to_string(), "$HOME"],
    inputs=[ProcessingInput(source="source", destination="/opt/ml/processing/in", input_name="folder"),
            ProcessingInput(source=session.upload_data("data.csv", key_prefix="mine"),
                            destination="/opt/ml/processing/data")],
    outputs=[ProcessingOutput(output_name="o ut", source="/opt/ml/processing/o",
                              destination=Join(on="/", values=["s3://b", prefix, "x"]))]))
folder = one.properties.ProcessingOutputConfig.Outputs["o ut"].S3Output.S3Uri
ProcessingStep("B", depends_on=[one], step_args=processor.run(code="code/evaluation.py", inputs=[
    ProcessingInput(source=Join(on="/", values=[folder, "file.csv"]), destination="/opt/ml/processing/x")]))
""",
    "a script's values, a cluster, a check": """
from sagemaker.model_monitor import DatasetFormat
from sagemaker.sklearn.estimator import SKLearn
from sagemaker.workflow.emr_step import EMRStep, EMRStepConfig
from sagemaker.workflow.quality_check_step import DataQualityCheckConfig, QualityCheckStep
e = SKLearn(entry_point="train.py", source_dir="source", framework_version="1.2-1",
            instance_type="ml.m5.large", role=role, sagemaker_session=session,
            hyperparameters={"trees": 5, "name": "x y", "lr": 0.1, "flag": True, "many": [1, 2]})
TrainingStep("Fit", step_args=e.fit({"train": "s3://b/t"}))
groups = [{"Name": "Main", "InstanceCount": 1, "InstanceRole": "MASTER", "InstanceType": "m5.xlarge"}]
EMRStep("Spark", display_name="d", description="x", cluster_id=None,
        step_config=EMRStepConfig(jar="s3://b/j.jar", args=["a", "-b"],
                                  properties=[{"Key": "k", "Value": "v"}]),
        cluster_config={"Instances": {"InstanceGroups": groups}, "ReleaseLabel": "emr-6.6.0"})
config = CheckJobConfig(role=role, instance_count=1, instance_type="ml.c5.xlarge", volume_size_in_gb=120,
                        sagemaker_session=session)
QualityCheckStep("Quality", check_job_config=config, skip_check=ParameterBoolean("Skip", default_value=True),
    quality_check_config=DataQualityCheckConfig(
        baseline_dataset="s3://b/x.csv", dataset_format=DatasetFormat.csv(header=False),
        output_s3_uri=Join(on="/", values=["s3:/", "b", ExecutionVariables.PIPELINE_EXECUTION_ID, "q"])),
    supplied_baseline_statistics=ParameterString("Statistics", default_value=""),
    model_package_group_name="G")
""",
}


def assert_the_same(cells: Cells, made: Conversion) -> None:
    again = Cells()
    again.namespace |= {name: cells.namespace[name] for name in ("sagemaker",) if name in cells.namespace}
    for cell in made.after:
        again.run(cell)
    assert differences(cells.compiled(), again.compiled()) == []
    assert made.renamed or canonical(again.body()) == canonical(cells.body())
    assert uploads_that_differ(cells.compiled(), again.compiled()) == []


def declared(cells: Cells, sources: Iterable[str], name: str = "P") -> Cells:
    for number, source in enumerate(sources):
        cells.pipeline(name, source, cell_id=f"cell {number}")
    return cells


@pytest.mark.parametrize("own", [(), (chapter.PIPELINE,)], ids=["collected", "its own Pipeline"])
def test_the_chapter(cells: Cells, own: tuple[str, ...]) -> None:
    declared(cells, (*chapter.CELLS, *own), "CensusPipeline")
    made = to_steps(cells.notebook.get(), cells.namespace)
    assert "--set" not in "".join(made.after)
    assert_the_same(cells, made)


def test_the_first_notebook(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NOTEBOOK.parent)
    cells.pipeline(
        "CensusPipeline", "import sagemaker\ninput_data = 's3://bucket/census.csv.gz'", cell_id="0"
    )
    for number, cell in enumerate(json.loads(NOTEBOOK.read_text())["cells"], 1):
        first, _, body = "".join(cell["source"]).partition("\n")
        if first.startswith("%%pipeline"):
            cells.pipeline("CensusPipeline", body, cell_id=str(number))
    made = to_steps(cells.notebook.get(), cells.namespace)
    assert "--set" not in "".join(made.after)
    assert "if CensusEval.evaluation[" in "".join(made.after)
    assert_the_same(cells, made)


CONVERTED = (
    "processing by step_args",
    "processing by processor, default session",
    "framework processor",
    "framework estimator",
    "framework estimator, default session",
    "tuning and transform",
    "model step, register and create",
    "conditions and failing",
    "lambda, callback and EMR",
    "clarify check",
    "notebook job",
)
REFUSED = {
    "spark processor": r"the upload .*configuration\.json",
    "estimator by step_args": r"Train would not be taken: Missing required hyperparameter: num_round",
    "register collection with repacking": r"Register-RepackModel",
    "quality check": r"the upload .*evaluation\.py",
    "automl": r"Auto: Type: no %%step cell says a step of type AutoML",
    "step functions of Python": r"prepare: Type: no %%step cell says a function with @step",
    "the cell's own uploads": r"the upload s3://other/text\.txt",
}


def test_every_kind_is_known_to_convert_or_not() -> None:
    assert set(CONVERTED) | set(REFUSED) | {"local pipeline session"} == set(KINDS)


@pytest.mark.parametrize("kind", CONVERTED)
def test_a_kind_of_the_sdk(cells: Cells, kind: str) -> None:
    declared(cells, (PRELUDE, KINDS[kind].source))
    assert_the_same(cells, to_steps(cells.notebook.get(), cells.namespace))


def test_a_folder_of_code_that_the_sdk_names_by_the_clock_may_get_another_name(cells: Cells) -> None:
    declared(cells, (PRELUDE, KINDS["model step, register and create"].source))
    made = to_steps(cells.notebook.get(), cells.namespace)
    assert "--inference-script inference.py --source source" in "".join(made.after)
    assert all(name.startswith("sagemaker-xgboost-") for name in made.renamed)
    assert made.promise.startswith(
        "the same definition, but for names that the SDK makes up: sagemaker-xgboost-"
    )


@pytest.mark.parametrize("kind", OTHERS)
def test_a_pipeline_as_users_write_it(cells: Cells, kind: str) -> None:
    declared(cells, (PRELUDE, PROCESSOR, OTHERS[kind]))
    assert_the_same(cells, to_steps(cells.notebook.get(), cells.namespace))


@pytest.mark.parametrize("kind", REFUSED)
def test_what_no_cell_says_is_refused_by_name(cells: Cells, kind: str) -> None:
    declared(cells, (PRELUDE, KINDS[kind].source))
    with pytest.raises(DeclarationError, match=REFUSED[kind]) as caught:
        to_steps(cells.notebook.get(), cells.namespace)
    assert caught.value.code in ("PC657", "PC658")


def test_launch_settings_stay(cells: Cells) -> None:
    declared(cells, (PRELUDE, PROCESSOR))
    cells.pipeline(
        "P",
        "from sagemaker.workflow.pipeline import Pipeline\n"
        "Pipeline('P', steps=[first]).upsert(role_arn='arn:aws:iam::123456789012:role/own',"
        " tags=[{'Key': 'a', 'Value': 'b'}], parallelism_config={'MaxParallelExecutionSteps': 2})",
        cell_id="launch",
    )
    made = to_steps(cells.notebook.get(), cells.namespace)
    again = Cells()
    for cell in made.after:
        again.run(cell)
    compiled, wanted = again.compiled(), cells.compiled()
    assert (compiled.role, compiled.tags, compiled.parallelism) == (
        wanted.role,
        wanted.tags,
        wanted.parallelism,
    )
    assert compiled.parallelism == {"MaxParallelExecutionSteps": 2}


def test_parameters_that_no_step_names_stay_where_a_pipeline_lists_them(cells: Cells) -> None:
    declared(cells, (PRELUDE, PROCESSOR))
    cells.pipeline(
        "P",
        "from sagemaker.workflow.pipeline import Pipeline\n"
        "Pipeline('P', parameters=[ParameterInteger('Never', default_value=1)], steps=[first])",
        cell_id="own",
    )
    assert [each["Name"] for each in cells.body()["Parameters"]] == ["Never"]
    assert_the_same(cells, to_steps(cells.notebook.get(), cells.namespace))


def test_an_experiment_of_its_own_is_refused_by_name(cells: Cells) -> None:
    declared(cells, (PRELUDE, PROCESSOR))
    cells.pipeline(
        "P",
        "from sagemaker.workflow.pipeline import Pipeline\n"
        "Pipeline('P', steps=[first], pipeline_experiment_config=None)",
        cell_id="own",
    )
    with pytest.raises(DeclarationError, match="differs in PipelineExperimentConfig"):
        to_steps(cells.notebook.get(), cells.namespace)


def test_the_diff_is_of_each_old_cell(cells: Cells) -> None:
    declared(cells, (PRELUDE, PROCESSOR))
    diff = to_steps(cells.notebook.get(), cells.namespace).diff()
    assert "-first = prepare" in diff
    assert "+%%step processing First --script code/preprocessing.py --image sklearn:1.2-1" in diff


def test_a_pipeline_of_cells_that_are_jobs_has_nothing_to_convert(cells: Cells) -> None:
    cells.step("processing A --script own.py")
    with pytest.raises(UsageError, match=r"No %%pipeline cell of Pipeline declares a step"):
        to_steps(cells.notebook.get(), cells.namespace)
