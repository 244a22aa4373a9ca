"""One cell for each kind of step of the SDK, written as its users write it, and what it compiles to."""

from __future__ import annotations

from dataclasses import dataclass

PRELUDE = """
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput, TransformInput
from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput
from sagemaker.workflow.check_job_config import CheckJobConfig
from sagemaker.workflow.functions import Join
from sagemaker.workflow.parameters import *
from sagemaker.workflow.pipeline_context import LocalPipelineSession, PipelineSession
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TransformStep, TuningStep
role = sagemaker.get_execution_role()
IMAGE = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:3-cpu"
"""

FILES = {
    "code/preprocessing.py": "print('prepare')\n",
    "code/evaluation.py": "print('evaluate')\n",
    "source/train.py": "import helper\n",
    "source/inference.py": "pass\n",
    "source/helper.py": "pass\n",
    "function.py": "def handler(event, context): return {}\n",
    "notebook.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
    "data.csv": "a,b\n1,2\n",
}


@dataclass(frozen=True)
class Kind:
    """A cell and what it compiles to.

    Attributes:
        source: the cell, after PRELUDE.
        types: type of each top-level step, by name.
        parameters: names, in order.
        uploads: the last part of each key, in order.
    """

    source: str
    types: dict[str, str]
    parameters: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()


REGISTER = (
    "register(content_types=['text/csv'], response_types=['text/csv'], inference_instances=['ml.m5.large'],"
    " transform_instances=['ml.m5.large'], model_package_group_name='Group')"
)

KINDS = {
    "processing by step_args": Kind(
        """
from sagemaker.sklearn.processing import SKLearnProcessor
count = ParameterInteger("Count", default_value=1)
p = SKLearnProcessor(framework_version="1.2-1", instance_type="ml.m5.large", instance_count=count,
                     role="MyRole", sagemaker_session=PipelineSession())
ProcessingStep("Prepare", step_args=p.run(
    code="code/preprocessing.py", arguments=["--x", "1"],
    inputs=[ProcessingInput(source="data.csv", destination="/opt/ml/processing/input")],
    outputs=[ProcessingOutput(output_name="out", source="/opt/ml/processing/out")],
), cache_config=CacheConfig(enable_caching=True, expire_after="P30D"))
""",
        {"Prepare": "Processing"},
        ("Count",),
        ("preprocessing.py", "data.csv"),
    ),
    "processing by processor, default session": Kind(
        """
from sagemaker.sklearn.processing import SKLearnProcessor
p = SKLearnProcessor(framework_version="1.2-1", instance_type="ml.m5.large", instance_count=1, role=role)
ProcessingStep("Prepare", processor=p, code="code/preprocessing.py")
ProcessingStep("Evaluate", processor=p, code="code/evaluation.py")
""",
        {"Prepare": "Processing", "Evaluate": "Processing"},
        (),
        ("preprocessing.py", "evaluation.py"),
    ),
    "framework processor": Kind(
        """
from sagemaker.sklearn.estimator import SKLearn
p = FrameworkProcessor(estimator_cls=SKLearn, framework_version="1.2-1", instance_type="ml.m5.large",
                       instance_count=1, role=role, sagemaker_session=PipelineSession())
ProcessingStep("Prepare", step_args=p.run(code="train.py", source_dir="source"))
""",
        {"Prepare": "Processing"},
        (),
        ("sourcedir.tar.gz", "runproc.sh"),
    ),
    "spark processor": Kind(
        """
from sagemaker.spark.processing import PySparkProcessor
p = PySparkProcessor(base_job_name="spark", framework_version="3.1", role=role, instance_count=1,
                     instance_type="ml.m5.large", sagemaker_session=PipelineSession())
ProcessingStep("Spark", step_args=p.run(submit_app="code/preprocessing.py", configuration=[
    {"Classification": "spark-defaults", "Properties": {"a": "b"}}]))
""",
        {"Spark": "Processing"},
        (),
        ("configuration.json", "preprocessing.py"),
    ),
    "estimator by step_args": Kind(
        """
image = sagemaker.image_uris.retrieve("xgboost", "us-east-1", "1.5-1")
e = Estimator(image_uri=image, instance_type="ml.m5.large", instance_count=1, role=role,
              sagemaker_session=PipelineSession())
TrainingStep("Train", step_args=e.fit({"train": TrainingInput("s3://bucket/train")}))
""",
        {"Train": "Training"},
    ),
    "framework estimator": Kind(
        """
from sagemaker.xgboost.estimator import XGBoost
e = XGBoost(entry_point="train.py", source_dir="source", framework_version="1.7-1",
            instance_type="ml.m5.large", instance_count=1, role=role, sagemaker_session=PipelineSession())
TrainingStep("Train", step_args=e.fit({"train": TrainingInput("s3://bucket/train")}))
""",
        {"Train": "Training"},
        (),
        ("sourcedir.tar.gz",),
    ),
    "framework estimator, default session": Kind(
        """
from sagemaker.xgboost.estimator import XGBoost
e = XGBoost(entry_point="train.py", source_dir="source", framework_version="1.7-1",
            instance_type="ml.m5.large", instance_count=1, role=role)
TrainingStep("Train", estimator=e, inputs={"train": TrainingInput("s3://bucket/train")})
""",
        {"Train": "Training"},
        (),
        ("sourcedir.tar.gz",),
    ),
    "local pipeline session": Kind(
        """
session = LocalPipelineSession()
e = Estimator(image_uri="image:1", instance_type="ml.m5.large", instance_count=1, role=role,
              sagemaker_session=session)
TrainingStep("Train", step_args=e.fit({"train": "s3://bucket/train"}))
""",
        {"Train": "Training"},
    ),
    "tuning and transform": Kind(
        """
from sagemaker.transformer import Transformer
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
session = PipelineSession()
e = Estimator(image_uri="image:1", instance_type="ml.m5.large", instance_count=1, role=role,
              sagemaker_session=session)
tuner = HyperparameterTuner(e, "validation:auc", {"eta": ContinuousParameter(0.1, 0.5)},
                            metric_definitions=[{"Name": "validation:auc", "Regex": "auc=(.*)"}], max_jobs=2)
TuningStep("Tune", step_args=tuner.fit({"train": "s3://bucket/train"}))
transformer = Transformer(model_name="model", instance_type="ml.m5.large", instance_count=1,
                          sagemaker_session=session)
TransformStep("Score", step_args=transformer.transform("s3://bucket/in", content_type="text/csv"))
""",
        {"Tune": "Tuning", "Score": "Transform"},
    ),
    "model step, register and create": Kind(
        f"""
from sagemaker.workflow.model_step import ModelStep
from sagemaker.xgboost.model import XGBoostModel
m = XGBoostModel(model_data="s3://bucket/model.tar.gz", entry_point="inference.py", source_dir="source",
                 framework_version="1.7-1", role=role, sagemaker_session=PipelineSession())
ModelStep("Register", step_args=m.{REGISTER})
ModelStep("Create", step_args=m.create(instance_type="ml.m5.large"))
""",
        {"Register-RegisterModel": "RegisterModel", "Create-CreateModel": "Model"},
        (),
        ("sourcedir.tar.gz", "sourcedir.tar.gz"),
    ),
    "register collection with repacking": Kind(
        """
from sagemaker.workflow.step_collections import RegisterModel
e = Estimator(image_uri="image:1", instance_type="ml.m5.large", instance_count=1, role=role)
status = ParameterString("Status", default_value="PendingManualApproval")
RegisterModel(name="Register", estimator=e, model_data="s3://bucket/model.tar.gz", content_types=["text/csv"],
              response_types=["text/csv"], inference_instances=["ml.m5.large"],
              transform_instances=["ml.m5.large"], model_package_group_name="Group", approval_status=status,
              entry_point="source/inference.py")
""",
        {"Register-RepackModel": "Training", "Register-RegisterModel": "RegisterModel"},
        ("Status",),
        ("sourcedir.tar.gz",),
    ),
    "conditions and failing": Kind(
        """
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import *
from sagemaker.workflow.fail_step import FailStep
threshold = ParameterFloat("Threshold", default_value=0.8)
strict = ParameterBoolean("Strict", default_value=True)
limit = ParameterFloat("Limit", default_value=0.5)
inner = ConditionStep("Inner", conditions=[
    ConditionOr([ConditionEquals(strict, True), ConditionNot(ConditionIn(threshold, [0.1, limit]))])
], if_steps=[FailStep("Low", error_message=Join(on=" ", values=["low:", threshold]))], else_steps=[])
ConditionStep("Outer", conditions=[ConditionGreaterThan(threshold, limit)], if_steps=[inner],
              else_steps=[FailStep("No")])
""",
        {"Outer": "Condition"},
        ("Threshold", "Limit", "Strict"),
    ),
    "lambda, callback and EMR": Kind(
        """
from sagemaker.lambda_helper import Lambda
from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from sagemaker.workflow.emr_step import EMRStep, EMRStepConfig
from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
made = Lambda(function_name="made", execution_role_arn=role, script="function.py", handler="function.handler")
given = Lambda(function_arn="arn:aws:lambda:us-east-1:123456789012:function:given")
first = LambdaStep("Made", lambda_func=made, inputs={"n": ParameterInteger("N", default_value=3)},
                   outputs=[LambdaOutput("o", LambdaOutputTypeEnum.String)])
LambdaStep("Given", lambda_func=given, inputs={"o": first.properties.Outputs["o"]})
CallbackStep("Ask", sqs_queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/queue", inputs={"x": 1},
             outputs=[CallbackOutput("answer", CallbackOutputTypeEnum.String)])
EMRStep("Cluster", display_name="EMR", description="", cluster_id="j-1",
        step_config=EMRStepConfig(jar="s3://bucket/job.jar"))
""",
        {"Made": "Lambda", "Given": "Lambda", "Ask": "Callback", "Cluster": "EMR"},
        ("N",),
    ),
    "quality check": Kind(
        """
from sagemaker.model_monitor import DatasetFormat
from sagemaker.workflow.quality_check_step import DataQualityCheckConfig, QualityCheckStep
config = CheckJobConfig(role=role, instance_count=1, instance_type="ml.m5.large",
                        sagemaker_session=PipelineSession())
QualityCheckStep("Quality", check_job_config=config, model_package_group_name="Group",
                 skip_check=ParameterBoolean("Skip", default_value=False),
                 quality_check_config=DataQualityCheckConfig(
                     baseline_dataset="s3://bucket/base.csv", dataset_format=DatasetFormat.csv(header=True),
                     post_analytics_processor_script="code/evaluation.py"))
""",
        {"Quality": "QualityCheck"},
        ("Skip",),
        ("evaluation.py",),
    ),
    "clarify check": Kind(
        """
from sagemaker.clarify import BiasConfig, DataConfig
from sagemaker.workflow.clarify_check_step import ClarifyCheckStep, DataBiasCheckConfig
config = CheckJobConfig(role=role, instance_count=1, instance_type="ml.m5.large",
                        sagemaker_session=PipelineSession())
data = DataConfig(s3_data_input_path="s3://bucket/data.csv", s3_output_path="s3://bucket/out", label=0,
                  dataset_type="text/csv", s3_analysis_config_output_path="s3://bucket/config")
ClarifyCheckStep("Bias", check_job_config=config, model_package_group_name="Group",
                 clarify_check_config=DataBiasCheckConfig(
                     data_config=data,
                     data_bias_config=BiasConfig(label_values_or_threshold=[1], facet_name=[1])))
""",
        {"Bias": "ClarifyCheck"},
        (),
        ("analysis_config.json", "analysis_config.json"),
    ),
    "notebook job": Kind(
        """
from sagemaker.workflow.notebook_job_step import NotebookJobStep
NotebookJobStep(name="Report", notebook_job_name="report", input_notebook="notebook.ipynb", image_uri=IMAGE,
                kernel_name="python3", instance_type="ml.m5.large", role=role)
""",
        {"Report": "Training"},
        (),
        ("notebook.ipynb",),
    ),
    "automl": Kind(
        """
from sagemaker.automl.automl import AutoML, AutoMLInput
from sagemaker.workflow.automl_step import AutoMLStep
automl = AutoML(role=role, target_attribute_name="y", sagemaker_session=PipelineSession(), mode="ENSEMBLING")
AutoMLStep("Auto", step_args=automl.fit(inputs=[
    AutoMLInput(inputs="s3://bucket/x", target_attribute_name="y", channel_type="training")]))
""",
        {"Auto": "AutoML"},
    ),
    "step functions of Python": Kind(
        """
from sagemaker.workflow.function_step import step
rows = ParameterInteger("Rows", default_value=3)

@step(image_uri=IMAGE, instance_type="ml.m5.large", role=role)
def prepare(rows):
    return {"rows": rows}

@step(image_uri=IMAGE, instance_type="ml.m5.large", role=role, name="fit")
def train(data):
    return 1

train(prepare(rows))
prepare(4)
""",
        {"prepare": "Training", "fit": "Training", "prepare-2": "Training"},
        ("Rows",),
        (
            *("payload.pkl", "metadata.json", "payload.pkl", "metadata.json"),
            "bootstrap_runtime_environment.py",
            "job_driver.sh",
            "mpi_utils_remote.py",
            "runtime_environment_manager.py",
            "sagemaker_requirements.txt",
            *("payload.pkl", "metadata.json", "payload.pkl", "metadata.json", "sagemaker_requirements.txt"),
            *("payload.pkl", "metadata.json", "payload.pkl", "metadata.json", "sagemaker_requirements.txt"),
        ),
    ),
    "the cell's own uploads": Kind(
        """
session = sagemaker.Session()
uri = session.upload_data("data.csv", key_prefix="mine")
sagemaker.s3.S3Uploader.upload("code", "s3://other/prefix")
sagemaker.s3.S3Uploader.upload_string_as_file_body("text", "s3://other/text.txt")
e = Estimator(image_uri="image:1", instance_type="ml.m5.large", instance_count=1, role=role,
              sagemaker_session=PipelineSession())
TrainingStep("Train", step_args=e.fit({"train": ParameterString("Input", default_value=uri)}))
""",
        {"Train": "Training"},
        ("Input",),
        ("data.csv", "evaluation.py", "preprocessing.py", "text.txt"),
    ),
}
