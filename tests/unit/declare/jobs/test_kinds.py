"""Each kind of cell becomes the step that the SDK makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipecell.errors import DeclarationError, PipecellError, UsageError
from tests.unit.declare.jobs.conftest import Cells

TRAIN = "objective: binary:logistic\nnum_round: 5"


def request(cells: Cells, line: str, body: str = "", name: str | None = None) -> dict[str, Any]:
    cells.step(line, body)
    found: dict[str, Any] = cells.steps()[name or line.split()[1]]
    return found


def test_processing_says_all_that_its_line_says(cells: Cells) -> None:
    cells.pipeline(
        "P",
        "from sagemaker.workflow.parameters import *\n"
        "size = ParameterString('Size', default_value='ml.m5.large')",
    )
    step = request(
        cells,
        "processing Clean -i raw=s3://bucket/raw -o out --image xgboost:1.7-1 --instance $size*2 --param a=1"
        " --env B=2 --arg=--fast --max-runtime 2h --cache 30d --retry 3 --tag team=x",
        "print(params)",
    )
    arguments = step["Arguments"]
    assert arguments["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "s3://bucket/raw"
    assert arguments["AppSpecification"]["ImageUri"].endswith("sagemaker-xgboost:1.7-1")
    assert arguments["AppSpecification"]["ContainerArguments"] == ["--fast"]
    assert arguments["ProcessingResources"]["ClusterConfig"]["InstanceType"] == {"Get": "Parameters.Size"}
    assert arguments["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 2
    assert arguments["Environment"] == {"B": "2", "SM_HP_A": "1"}
    assert arguments["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200}
    assert arguments["Tags"] == [{"Key": "team", "Value": "x"}]
    assert step["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}
    assert [policy["MaxAttempts"] for policy in step["RetryPolicies"]] == [3, 3]


def test_a_local_file_is_named_by_its_content(cells: Cells, tmp_path: Path) -> None:
    def uri() -> str:
        step = request(cells, "processing Clean -i raw=data.csv", "print(inputs)")
        return str(step["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"])

    first = uri()
    (tmp_path / "data.csv").touch()
    assert uri() == first
    (tmp_path / "data.csv").write_text("other\n")
    assert uri() != first
    assert [upload.key.endswith("data.csv") for upload in cells.compiled().uploads] == [True, False]


def test_an_instance_type_is_a_parameter_by_default_and_the_users_own_wins(cells: Cells) -> None:
    cells.step("processing Clean -o out", "print(outputs)")
    assert cells.body()["Parameters"] == [
        {"Name": "ProcessingInstanceType", "Type": "String", "DefaultValue": "ml.m5.xlarge"}
    ]
    cells.pipeline(
        "Mine",
        "from sagemaker.workflow.parameters import ParameterString\n"
        "own = ParameterString('ProcessingInstanceType', default_value='ml.c5.large')",
    )
    assert cells.body("Mine")["Parameters"][0]["DefaultValue"] == "ml.c5.large"


def test_training_with_an_algorithm(cells: Cells) -> None:
    step = request(cells, "training Train -i train=s3://b/train", TRAIN)
    assert step["Arguments"]["HyperParameters"] == {"objective": "binary:logistic", "num_round": "5"}
    assert step["Arguments"]["InputDataConfig"][0]["ContentType"] == "text/csv"


def test_training_with_a_script(cells: Cells) -> None:
    step = request(
        cells,
        "training Fit --image sklearn:1.2-1 -i train=s3://b/t --param trees=5",
        "print(params, outputs)",
    )
    assert step["Arguments"]["HyperParameters"]["trees"] == "5"
    assert step["Arguments"]["HyperParameters"]["sagemaker_program"] == '"Fit.py"'


def test_tuning_over_a_training_step(cells: Cells) -> None:
    cells.step("training Train -i train=s3://b/t -i validation=s3://b/v", TRAIN + "\neval_metric: auc")
    step = request(
        cells,
        "tuning Search --training Train --jobs 4",
        "eta: 0.05..0.5 log\nmax_depth: 3..10\nbooster: [gbtree, dart]",
    )
    config = step["Arguments"]["HyperParameterTuningJobConfig"]
    ranges = config["ParameterRanges"]
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "validation:auc"}
    assert config["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 4
    assert ranges["ContinuousParameterRanges"][0]["ScalingType"] == "Logarithmic"
    assert (
        ranges["IntegerParameterRanges"][0]["MinValue"],
        ranges["IntegerParameterRanges"][0]["MaxValue"],
    ) == ("3", "10")
    assert ranges["CategoricalParameterRanges"][0]["Values"] == ["gbtree", "dart"]
    static = step["Arguments"]["TrainingJobDefinition"]["StaticHyperParameters"]
    assert static["objective"] == "binary:logistic"


def test_model_and_transform(cells: Cells) -> None:
    cells.step("training Train -i train=s3://b/t", TRAIN)
    cells.step("model Best --model Train")
    step = request(cells, "transform Predict --model Best -i data=s3://b/x")
    assert step["Arguments"]["ModelName"] == {"Get": "Steps.Best-CreateModel.ModelName"}
    cells.step("processing Read -i p=Predict.predictions", "print(inputs)")
    read = cells.steps()["Read"]["Arguments"]["ProcessingInputs"][0]["S3Input"]["S3Uri"]
    assert read == {"Get": "Steps.Predict.TransformOutput.S3OutputPath"}


def test_transform_of_a_training_step_makes_its_model(cells: Cells) -> None:
    cells.step("training Train -i train=s3://b/t", TRAIN)
    cells.step("transform Predict --model Train -i data=s3://b/x")
    assert sorted(cells.steps()) == ["Predict", "Predict-Model-CreateModel", "Train"]


def test_register_with_metrics(cells: Cells) -> None:
    cells.step("training Train -i train=s3://b/t", TRAIN)
    cells.step("processing Eval -o report", "print(outputs)")
    step = request(
        cells, "register Keep --model Train --group G --metrics Eval.report", name="Keep-RegisterModel"
    )
    assert step["Arguments"]["ModelPackageGroupName"] == "G"
    statistics = step["Arguments"]["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]["Std:Join"][
        "Values"
    ]
    assert statistics[1] == "report.json"


def test_fail_joins_values(cells: Cells) -> None:
    cells.pipeline(
        "P", "from sagemaker.workflow.parameters import *\nlow = ParameterFloat('Low', default_value=0.5)"
    )
    step = request(cells, "fail Weak", "below $low,\nwhich costs 5 $$")
    assert step["Arguments"]["ErrorMessage"]["Std:Join"]["Values"] == [
        "below ",
        {"Get": "Parameters.Low"},
        ", which costs 5 ",
        "$",
    ]


def test_lambda_calls_the_cells_function(cells: Cells) -> None:
    step = request(
        cells,
        "lambda Tell -i who=world -i n=2 -o text -o sure:Boolean",
        "def handler(event, context):\n    return {}",
    )
    assert step["Arguments"] == {"who": "world", "n": 2}
    assert [output["OutputType"] for output in step["OutputParameters"]] == ["String", "Boolean"]
    (function,) = cells.compiled().functions
    assert (function.name, function.settings["Handler"]) == ("Pipeline-Tell", "Tell.handler")


def test_callback_notebook_and_emr(cells: Cells) -> None:
    assert request(cells, "callback Ask --queue https://sqs/q -i a=1 -o b")["SqsQueueUrl"] == "https://sqs/q"
    assert request(cells, "notebook Paper --param a=1", "a = 0\nprint(a)")["Type"] == "Training"
    step = request(cells, "emr Spark --cluster j-1 --arg x", "print(1)")
    assert step["Arguments"]["StepConfig"]["HadoopJarStep"]["Args"][0] == "spark-submit"


def test_checks(cells: Cells) -> None:
    quality = request(cells, "quality-check Quality -i data=s3://b/x.csv --skip", "header: false")
    assert (quality["Type"], quality["SkipCheck"]) == ("QualityCheck", True)
    bias = request(
        cells,
        "clarify-check Bias -i data=s3://b/x.csv",
        "label: y\nfacet_name: sex\nlabel_values_or_threshold: 1",
    )
    assert bias["Type"] == "ClarifyCheck"


@pytest.mark.parametrize(
    ("line", "body", "code"),
    [
        ("processing bad!name -o a", "print(1)", "PC640"),
        ("processing A -i raw=$nowhere", "print(1)", "PC641"),
        ("processing A -i raw=dat.csv", "print(1)", "PC642"),
        ("processing A -i raw=./folder/x", "print(1)", "PC642"),
        ("processing A -o a", "", "PC649"),
        ("register A --model B", "text", "PC649"),
        ("fail A", " ", "PC649"),
        ("processing A --max-runtime soon", "print(1)", "PC650"),
        ("processing A --cache forever", "print(1)", "PC650"),
        ("processing A --instance ml.m5.large*x", "print(1)", "PC650"),
        ("processing A -i raw", "print(1)", "PC650"),
        ("processing A -i raw=A.out", "print(1)", "PC652"),
        ("training A -o weights", TRAIN, "PC650"),
        ("processing A --image sklaern:1.2-1", "print(1)", "PC651"),
        ("processing A --image xgboost:99", "print(1)", "PC651"),
        ("lambda A", "x = 1", "PC654"),
        ("training A -i train=s3://b/t", "num_rounds: 5", "PC645"),
        ("training A -i train=s3://b/t", "num_round: 5\neta: 7", "PC645"),
        ("training A -i train=s3://b/t", "eta = 0.5\nnum_round = 3", "PC645"),
        ("training A -i train=s3://b/t", "num_round: 5\nnum_round: 6", "PC645"),
        ("training A -i train=s3://b/t", "eta: 0.5", "PC645"),
        ("training A --image kmeans -i train=s3://b/t", "k: 3\nfeature_dims: 2", "PC645"),
        ("training A --image kmeans -i train=s3://b/t", "k: zero", "PC645"),
        ("tuning A -i train=s3://b/t", "num_round: 5", "PC649"),
        ("tuning A -i train=s3://b/t", "num_round: 5\neta: 0.5..0.1", "PC645"),
        ("tuning A -i train=s3://b/t", "num_round: 5\nmax_dept: 3..9", "PC645"),
        ("tuning A -i train=s3://b/t --metric acuracy", "num_round: 5\neta: 0.1..0.2", "PC650"),
        ("register A", "", "PC650"),
        ("callback A", "", "PC650"),
        ("clarify-check A -i data=s3://b/x", "label: y", "PC650"),
    ],
)
def test_a_broken_cell_says_what_is_wrong_and_where(cells: Cells, line: str, body: str, code: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        cells.step(line, body)
    assert caught.value.code == code
    assert caught.value.step == line.split()[1]
    assert cells.notebook.declarations == {}


@pytest.mark.parametrize("line", ["procesing A", "processing", "processing A --imag x", "processing A B"])
def test_a_broken_line_is_refused_as_any_verb(cells: Cells, line: str) -> None:
    with pytest.raises(UsageError):
        cells.step(line, "print(1)")


def test_wrong_kinds_are_told_between_cells(cells: Cells) -> None:
    cells.step("processing Clean -o a", "print(1)")
    cells.step("register Keep --model Clean")
    assert ("PC653", "Keep") in cells.problems()


def test_an_error_names_step_cell_and_way_out(cells: Cells) -> None:
    with pytest.raises(PipecellError, match=r"PC651 · step A — There is no image.*Did you mean"):
        cells.step("processing A --image sklaern:1.2-1", "print(1)")


@pytest.mark.parametrize(
    ("line", "body", "place"),
    [
        ("training A -i train=s3://b/t", "num_round: 5\n\n# a comment\neta: 7", "line 5, column 1"),
        ("training A -i train=s3://b/t", "num_round: 5\nnum_rounds: 6", "line 3, column 1"),
        ("training A --image kmeans -i train=s3://b/t", "feature_dim: 2\nk: zero", "line 3, column 1"),
        ("training A -i train=s3://b/t", "num_round: 5\neta: $nowhere", "line 3, column 1"),
        ("tuning A -i train=s3://b/t", "num_round: 5\neta: 0.5..0.1", "line 3, column 1"),
        ("tuning A -i train=s3://b/t", "num_round: 5\neta: 0.1..7.5", "line 3, column 1"),
        ("quality-check A -i data=s3://b/t", "header: true\nheadr: false", "line 3, column 1"),
    ],
)
def test_a_wrong_setting_is_found_in_its_line(cells: Cells, line: str, body: str, place: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        cells.step(line, body)
    assert caught.value.path == place


def test_set_reaches_any_field_of_the_request(cells: Cells) -> None:
    cells.pipeline("P", "role = 'arn:aws:iam::123456789012:role/own'")
    step = request(
        cells,
        "processing Clean -i raw=s3://b/raw -o out --set RoleArn=$role --set .DisplayName='Clean it'"
        " --set NetworkConfig.EnableNetworkIsolation=true --set ProcessingInputs[0].S3Input.S3InputMode=Pipe"
        " --set Environment={} --set StoppingCondition.MaxRuntimeInSeconds=60"
        " --set AppSpecification.ImageUri=",
        "print(inputs, outputs)",
    )
    arguments = step["Arguments"]
    assert step["DisplayName"] == "Clean it"
    assert arguments["RoleArn"] == "arn:aws:iam::123456789012:role/own"
    assert arguments["NetworkConfig"] == {"EnableNetworkIsolation": True}
    assert arguments["ProcessingInputs"][0]["S3Input"]["S3InputMode"] == "Pipe"
    assert (arguments["Environment"], arguments["StoppingCondition"]) == ({}, {"MaxRuntimeInSeconds": 60})
    assert "ImageUri" not in arguments["AppSpecification"]


@pytest.mark.parametrize(
    ("line", "body", "code"),
    [
        ("processing A --set x", "print(1)", "PC650"),
        ("processing A --set [0]=x", "print(1)", "PC650"),
        ("processing A --set .Name=x", "print(1)", "PC650"),
        ("processing A --set RoleArn=$nowhere", "print(1)", "PC641"),
        ("condition A --set Conditions=[]", "if low > 1:\n    pass", "PC650"),
        ("processing A --upload nothing=s3://b/k", "print(1)", "PC642"),
        ("processing A --upload data.csv=b/k", "print(1)", "PC650"),
        ("processing A --property-file R=out", "print(1)", "PC650"),
        ("processing A -o out=there", "print(1)", "PC650"),
        ("processing A --script nothing.py", "", "PC642"),
        ("processing A --script data.csv", "print(1)", "PC649"),
        ("processing A --no-script", "print(1)", "PC649"),
        ("training A -i train=s3://b/t@/opt/ml/in", TRAIN, "PC650"),
        ("processing A --source .", "print(1)", "PC650"),
    ],
)
def test_what_a_line_cannot_say_is_refused(cells: Cells, line: str, body: str, code: str) -> None:
    cells.namespace["low"] = 0
    cells.pipeline(
        "P", "from sagemaker.workflow.parameters import *\nlow = ParameterFloat('Low', default_value=0.5)"
    )
    with pytest.raises(DeclarationError) as caught:
        cells.step(line, body)
    assert caught.value.code == code


def test_a_set_that_leads_nowhere_is_found_when_the_pipeline_is_compiled(cells: Cells) -> None:
    cells.step("processing A --set RoleArn.x.y=1", "print(1)")
    with pytest.raises(DeclarationError, match="nothing at x"):
        cells.body()


def test_a_script_of_ones_own_is_never_written_nor_removed(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("print('mine')\n")
    cells.step("processing A --script own.py", cell_id="a")
    cells.step("processing B --script own.py", cell_id="a")
    cells.notebook.forget("a")
    assert (tmp_path / "own.py").read_text() == "print('mine')\n"
