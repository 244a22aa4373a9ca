"""SageMaker's operations over AWS's shapes; every answer is checked against its output shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.local.wire import RequestContext, ServiceError
from tests.unit.local.bench_top import (
    IMAGE,
    ROLE,
    Bench,
    World,
    processing,
    started,
    status_of,
)

TOKEN = "t" * 32


def refusal(bench: Bench, operation: str, **request: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        bench.call(operation, **request)
    return caught.value.code, caught.value.message


def training_request(name: str, **more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://data/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"depth": "3"},
        **more,
    }


# Pipelines


def test_a_pipeline_is_created_described_updated_and_deleted(bench: Bench) -> None:
    bench.create([processing("a")])
    first = bench.call("DescribePipeline", PipelineName="p")
    assert first["PipelineArn"] == "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p"
    assert first["PipelineStatus"] == "Active"
    assert json.loads(first["PipelineDefinition"])["Steps"][0]["Name"] == "a"
    text = json.dumps({"Version": "2020-12-01", "Steps": [processing("b")]})
    bench.call("UpdatePipeline", PipelineName="p", PipelineDefinition=text, PipelineDescription="new")
    second = bench.call("DescribePipeline", PipelineName=first["PipelineArn"])
    assert (second["PipelineDefinition"], second["PipelineDescription"]) == (text, "new")
    assert second["LastModifiedTime"] > first["LastModifiedTime"]
    old = bench.call("DescribePipeline", PipelineName="p", PipelineVersionId=1)
    assert old["PipelineDefinition"] == first["PipelineDefinition"]
    versions = bench.call("ListPipelineVersions", PipelineName="p")["PipelineVersionSummaries"]
    assert [each["PipelineVersionId"] for each in versions] == [2, 1]
    bench.call("DeletePipeline", PipelineName="p", ClientRequestToken=TOKEN)
    assert refusal(bench, "DescribePipeline", PipelineName="p") == (
        "ResourceNotFound",
        "Pipeline 'arn:aws:sagemaker:us-east-1:000000000000:pipeline/p' does not exist.",
    )


def test_a_name_that_is_taken_is_refused_in_the_words_that_the_sdk_looks_for(bench: Bench) -> None:
    bench.create([processing("a")])
    text = json.dumps({"Version": "2020-12-01", "Steps": [processing("b")]})
    request = {"PipelineName": "p", "PipelineDefinition": text, "RoleArn": ROLE, "ClientRequestToken": TOKEN}
    code, message = refusal(bench, "CreatePipeline", **request)
    assert code == "ValidationException"
    assert "already exists" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("{}", "Neither a SageMaker pipeline"),
        ('{"Version": "2020-12-01", "Steps": [{"Name": "a"}]}', "Type is missing"),
        ('{"StartAt": "a", "States": {"a": {"Type": "Pass"}}}', "state machine's"),
        (json.dumps({"Version": "1", "Steps": [processing("a"), processing("a")]}), "Two steps"),
        (json.dumps({"Version": "1", "Steps": [processing("a", "ghost")]}), 'no step "ghost"'),
        (
            json.dumps({"Version": "1", "Steps": [processing("a", "b"), processing("b", "a")]}),
            "wait for each",
        ),
    ],
)
def test_a_definition_that_cannot_run_is_refused_when_it_is_stored(
    bench: Bench, text: str, words: str
) -> None:
    code, message = refusal(
        bench,
        "CreatePipeline",
        PipelineName="p",
        PipelineDefinition=text,
        RoleArn=ROLE,
        ClientRequestToken=TOKEN,
    )
    assert code == "ValidationException"
    assert message.startswith("Unable to parse pipeline definition")
    assert words in message


def test_a_running_pipeline_is_not_deleted(bench: Bench, world: World) -> None:
    world.decide = lambda job: None
    arn = bench.start([processing("a")])
    code, _ = refusal(bench, "DeletePipeline", PipelineName="p", ClientRequestToken=TOKEN)
    assert code == "ConflictException"
    bench.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
    bench.wait(arn)
    bench.call("DeletePipeline", PipelineName="p", ClientRequestToken=TOKEN)
    assert refusal(bench, "DescribePipelineExecution", PipelineExecutionArn=arn)[0] == "ResourceNotFound"


def test_pipelines_are_listed_by_pages_prefix_and_order(bench: Bench) -> None:
    for name in ("alpha-1", "alpha-2", "beta-1"):
        bench.create([processing("a")], name)
    by_name = bench.call("ListPipelines", SortBy="Name", SortOrder="Ascending", MaxResults=2)
    assert [each["PipelineName"] for each in by_name["PipelineSummaries"]] == ["alpha-1", "alpha-2"]
    rest = bench.call(
        "ListPipelines", SortBy="Name", SortOrder="Ascending", MaxResults=2, NextToken=by_name["NextToken"]
    )
    assert [each["PipelineName"] for each in rest["PipelineSummaries"]] == ["beta-1"]
    assert "NextToken" not in rest
    newest = bench.call("ListPipelines", PipelineNamePrefix="alpha")["PipelineSummaries"]
    assert [each["PipelineName"] for each in newest] == ["alpha-2", "alpha-1"]
    code, _ = refusal(bench, "ListPipelines", NextToken="never ours")
    assert code == "ValidationException"


def test_aliases_name_versions(bench: Bench) -> None:
    bench.create([processing("a")])
    arn = bench.call("DescribePipeline", PipelineName="p")["PipelineArn"]
    bench.call(
        "UpdatePipelineVersion",
        PipelineArn=arn,
        PipelineVersionId=1,
        PipelineVersionDisplayName="first",
        PipelineVersionAliasOperations={"Add": ["champion"]},
    )
    found = bench.call("DescribePipeline", PipelineName="p", PipelineVersionAlias="champion")
    assert (found["PipelineVersionDisplayName"], found["PipelineVersionAliases"]) == ("first", ["champion"])
    assert refusal(bench, "DescribePipeline", PipelineName="p", PipelineVersionAlias="none")[0] == (
        "ResourceNotFound"
    )


# Executions


def test_parameters_are_bound_listed_and_checked(bench: Bench) -> None:
    parameters = [
        {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
        {"Name": "Mode", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
    ]
    bench.create([processing("a")], Parameters=parameters)
    given = [{"Name": "Count", "Value": "3"}]
    answer = bench.call("StartPipelineExecution", **started("p"), PipelineParameters=given)
    listed = bench.call("ListPipelineParametersForExecution", **answer)["PipelineParameters"]
    assert listed == [
        {"Name": "Count", "Value": "3"},
        {"Name": "Mode", "Value": "a"},
        {"Name": "Rate", "Value": "0.5"},
    ]
    bench.wait(answer["PipelineExecutionArn"])
    for name, value, words in (
        ("Cuont", "3", 'Did you mean "Count"?'),
        ("Count", "many", "takes an integer"),
        ("Mode", "c", "It is one of a, b"),
    ):
        code, message = refusal(
            bench,
            "StartPipelineExecution",
            **started("p"),
            PipelineParameters=[{"Name": name, "Value": value}],
        )
        assert code == "ValidationException"
        assert words in message


def test_executions_are_listed_newest_first_and_by_time(bench: Bench) -> None:
    arns = [bench.start([processing("a")])]
    for _ in range(2):
        bench.wait(arns[-1])
        arns.append(bench.call("StartPipelineExecution", **started("p"))["PipelineExecutionArn"])
    bench.wait(arns[-1])
    listed = bench.call("ListPipelineExecutions", PipelineName="p")["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionArn"] for each in listed] == arns[::-1]
    middle = listed[1]["StartTime"]
    later = bench.call("ListPipelineExecutions", PipelineName="p", CreatedAfter=middle)
    assert [each["PipelineExecutionArn"] for each in later["PipelineExecutionSummaries"]] == arns[2:]
    first = bench.call("ListPipelineExecutions", PipelineName="p", SortOrder="Ascending", MaxResults=1)
    assert first["PipelineExecutionSummaries"][0]["PipelineExecutionArn"] == arns[0]


def test_words_of_an_execution_can_be_changed(bench: Bench) -> None:
    bench.create([processing("a")])
    answer = bench.call(
        "StartPipelineExecution",
        **started("p"),
        PipelineExecutionDisplayName="nightly",
        PipelineExecutionDescription="of Monday",
    )
    found = bench.wait(answer["PipelineExecutionArn"])
    assert found["PipelineExecutionDisplayName"] == "nightly"
    assert found["PipelineExecutionDescription"] == "of Monday"
    bench.call("UpdatePipelineExecution", **answer, PipelineExecutionDescription="of Tuesday")
    found = bench.call("DescribePipelineExecution", **answer)
    assert found["PipelineExecutionDescription"] == "of Tuesday"
    assert found["PipelineExecutionDisplayName"] == "nightly"


def test_steps_are_listed_by_pages(bench: Bench) -> None:
    arn = bench.start([processing("a"), processing("b", "a"), processing("c", "b")])
    bench.wait(arn)
    page = bench.call("ListPipelineExecutionSteps", PipelineExecutionArn=arn, MaxResults=2)
    assert [each["StepName"] for each in page["PipelineExecutionSteps"]] == ["c", "b"]
    rest = bench.call(
        "ListPipelineExecutionSteps", PipelineExecutionArn=arn, MaxResults=2, NextToken=page["NextToken"]
    )
    assert [each["StepName"] for each in rest["PipelineExecutionSteps"]] == ["a"]


def test_what_does_not_exist_is_said_in_awss_words(bench: Bench) -> None:
    arn = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p/execution/nothere"
    assert refusal(bench, "DescribePipelineExecution", PipelineExecutionArn=arn) == (
        "ResourceNotFound",
        f"Pipeline execution with ARN {arn} does not exist.",
    )
    assert refusal(bench, "StartPipelineExecution", **started("ghost"))[0] == "ResourceNotFound"
    assert refusal(bench, "DescribeTrainingJob", TrainingJobName="x") == (
        "ValidationException",
        "Requested resource not found.",
    )
    assert refusal(bench, "DescribeProcessingJob", ProcessingJobName="x") == (
        "ValidationException",
        "Could not find requested job with name: x",
    )
    assert "Could not find model" in refusal(bench, "DescribeModel", ModelName="x")[1]
    assert "does not exist" in refusal(bench, "DescribeModelPackage", ModelPackageName="g/1")[1]
    assert refusal(bench, "ListTags", ResourceArn=arn)[0] == "ResourceNotFound"


# Jobs


def test_a_training_job_is_described_with_what_became_of_it(bench: Bench, world: World) -> None:
    world.decide = lambda job: None
    bench.call("CreateTrainingJob", **training_request("t", Tags=[{"Key": "a", "Value": "b"}]))
    running = bench.call("DescribeTrainingJob", TrainingJobName="t")
    assert (running["TrainingJobStatus"], running["SecondaryStatus"]) == ("InProgress", "Training")
    bench.processes.end(
        "training",
        "t",
        status_of(
            "Completed", billable_seconds=4, outputs={"model": "s3://data/models/t/output/model.tar.gz"}
        ),
    )
    ended = bench.call("DescribeTrainingJob", TrainingJobName="t")
    assert ended["TrainingJobStatus"] == ended["SecondaryStatus"] == "Completed"
    assert ended["ModelArtifacts"] == {"S3ModelArtifacts": "s3://data/models/t/output/model.tar.gz"}
    assert ended["BillableTimeInSeconds"] == 4
    assert ended["HyperParameters"] == {"depth": "3"}
    assert "Tags" not in ended
    assert bench.call("ListTags", ResourceArn=ended["TrainingJobArn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    assert refusal(bench, "CreateTrainingJob", **training_request("t"))[0] == "ResourceInUse"
    assert refusal(bench, "StopTrainingJob", TrainingJobName="t")[0] == "ValidationException"


def test_jobs_are_stopped_and_listed_by_status_name_and_time(bench: Bench, world: World) -> None:
    for name in ("one-a", "one-b"):
        bench.call("CreateTrainingJob", **training_request(name))
    world.decide = lambda job: None
    bench.call("CreateTrainingJob", **training_request("two"))
    bench.call("StopTrainingJob", TrainingJobName="two")
    stopped = bench.call("DescribeTrainingJob", TrainingJobName="two")
    assert stopped["TrainingJobStatus"] == stopped["SecondaryStatus"] == "Stopped"

    def names(**request: Any) -> list[str]:
        found = bench.call("ListTrainingJobs", **request)["TrainingJobSummaries"]
        return [each["TrainingJobName"] for each in found]

    assert names() == ["two", "one-b", "one-a"]
    assert names(StatusEquals="Completed", SortBy="Name", SortOrder="Ascending") == ["one-a", "one-b"]
    assert names(NameContains="ONE", MaxResults=1) == ["one-b"]
    assert bench.call("ListProcessingJobs")["ProcessingJobSummaries"] == []


def test_a_job_of_a_pipeline_is_a_job_like_any_other(bench: Bench) -> None:
    arn = bench.start([processing("a")])
    bench.wait(arn)
    listed = bench.call("ListProcessingJobs")["ProcessingJobSummaries"]
    assert [each["ProcessingJobName"] for each in listed] == [bench.job_of(arn, "a")]


# Models and packages


def model_request(name: str, **more: Any) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": "s3://data/model.tar.gz"}
    return {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE, **more}


def test_a_model_needs_its_artifact(bench: Bench) -> None:
    assert refusal(bench, "CreateModel", **model_request("m")) == (
        "ValidationException",
        "Could not find model data at s3://data/model.tar.gz.",
    )
    bench.objects.put("data", "model.tar.gz", b"x")
    bench.call("CreateModel", **model_request("m"))
    assert bench.call("DescribeModel", ModelName="m")["PrimaryContainer"]["Image"] == IMAGE
    assert "Cannot create already existing model" in refusal(bench, "CreateModel", **model_request("m"))[1]
    assert [each["ModelName"] for each in bench.call("ListModels")["Models"]] == ["m"]
    bench.call("DeleteModel", ModelName="m")
    assert bench.call("ListModels")["Models"] == []


def package_request(group: str = "g", **more: Any) -> dict[str, Any]:
    specification = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://data/model.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    return {"ModelPackageGroupName": group, "InferenceSpecification": specification, **more}


def test_packages_are_numbered_in_their_group_and_approved(bench: Bench) -> None:
    bench.objects.put("data", "model.tar.gz", b"x")
    assert "does not exist" in refusal(bench, "CreateModelPackage", **package_request())[1]
    bench.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    assert "already exists" in refusal(bench, "CreateModelPackageGroup", ModelPackageGroupName="g")[1]
    arns = [bench.call("CreateModelPackage", **package_request())["ModelPackageArn"] for _ in range(3)]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2", "3"]
    bench.call("DeleteModelPackage", ModelPackageName=arns[2])
    again = bench.call("CreateModelPackage", **package_request())["ModelPackageArn"]
    assert again.endswith("/4"), "a number is never given twice"
    bench.call(
        "UpdateModelPackage",
        ModelPackageArn=arns[0],
        ModelApprovalStatus="Approved",
        ApprovalDescription="good",
        CustomerMetadataProperties={"auc": "0.9"},
    )
    found = bench.call("DescribeModelPackage", ModelPackageName="g/1")
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "good")
    assert found["CustomerMetadataProperties"] == {"auc": "0.9"}
    listed = bench.call("ListModelPackages", ModelPackageGroupName="g", ModelApprovalStatus="Approved")
    assert [each["ModelPackageArn"] for each in listed["ModelPackageSummaryList"]] == [arns[0]]
    assert refusal(bench, "DeleteModelPackageGroup", ModelPackageGroupName="g")[0] == "ConflictException"


def test_a_step_registers_a_model_and_makes_its_group(bench: Bench, world: World) -> None:
    bench.objects.put("data", "model.tar.gz", b"x")
    request = package_request("new-group", ModelApprovalStatus="Approved")
    steps = [
        {"Name": "register", "Type": "RegisterModel", "Arguments": request},
        {"Name": "model", "Type": "Model", "Arguments": {k: v for k, v in model_request("").items() if v}},
    ]
    arn = bench.start(steps)
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    found = bench.steps(arn)
    package = found["register"]["Metadata"]["RegisterModel"]["Arn"]
    assert package.endswith(":model-package/new-group/1")
    assert bench.call("DescribeModelPackage", ModelPackageName=package)["ModelApprovalStatus"] == "Approved"
    model = found["model"]["Metadata"]["Model"]["Arn"].rpartition("/")[2]
    assert model.startswith(f"pipelines-{arn.rpartition('/')[2]}-model-")
    group = bench.call("DescribeModelPackageGroup", ModelPackageGroupName="new-group")
    tags = bench.call("ListTags", ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert {"Key": "sagemaker:pipeline-step-name", "Value": "register"} in tags


def test_a_model_without_its_artifact_fails_the_step_in_pipelines_words(bench: Bench) -> None:
    arn = bench.start([{"Name": "register", "Type": "RegisterModel", "Arguments": package_request()}])
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Failed"
    assert bench.steps(arn)["register"]["FailureReason"] == (
        "ClientError: Failed to invoke sagemaker:CreateModelPackage."
        " Error Details: Could not find model data at s3://data/model.tar.gz."
    )


# Tags and experiments


def test_tags_are_added_listed_and_deleted(bench: Bench) -> None:
    bench.create([processing("a")])
    arn = bench.call("DescribePipeline", PipelineName="p")["PipelineArn"]
    bench.call("AddTags", ResourceArn=arn, Tags=[{"Key": k, "Value": "1"} for k in ("x", "y")])
    bench.call("AddTags", ResourceArn=arn, Tags=[{"Key": "x", "Value": "2"}])
    bench.call("DeleteTags", ResourceArn=arn, TagKeys=["y"])
    assert bench.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "x", "Value": "2"}]
    many = [{"Key": f"k{index}", "Value": ""} for index in range(50)]
    assert refusal(bench, "AddTags", ResourceArn=arn, Tags=many)[0] == "ValidationException"
    assert bench.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "x", "Value": "2"}]


def test_experiments_hold_trials(bench: Bench) -> None:
    bench.call("CreateExperiment", ExperimentName="e")
    bench.call("CreateTrial", TrialName="t", ExperimentName="e")
    assert bench.call("DescribeTrial", TrialName="t")["ExperimentName"] == "e"
    listed = bench.call("ListTrials", ExperimentName="e")["TrialSummaries"]
    assert [each["TrialName"] for each in listed] == ["t"]
    assert refusal(bench, "DeleteExperiment", ExperimentName="e")[0] == "ValidationException"
    assert refusal(bench, "CreateTrial", TrialName="u", ExperimentName="none")[0] == "ResourceNotFound"
    bench.call("DeleteTrial", TrialName="t")
    bench.call("DeleteExperiment", ExperimentName="e")
    assert bench.call("ListExperiments")["ExperimentSummaries"] == []


# Shapes


def test_every_operation_refuses_an_unknown_key_and_a_wrong_type(bench: Bench) -> None:
    model = bench.service.model
    for operation in bench.service.operations:
        context = RequestContext("sagemaker", operation)
        with pytest.raises(ServiceError) as caught:
            bench.service.call(operation, {"NoSuchKey": 1}, context)
        assert caught.value.code == "ValidationException", operation
        members = model.shapes[model.operations[operation]["input"]["shape"]]["members"]
        name = next(iter(members))
        with pytest.raises(ServiceError) as caught:
            bench.service.call(operation, {name: [{"wrong": {}}]}, context)
        assert caught.value.code in ("ValidationException", "SerializationException"), operation


def test_every_operation_says_what_it_does(bench: Bench) -> None:
    for name, operation in bench.service.operations.items():
        assert callable(operation)
        assert name in bench.service.model.known
