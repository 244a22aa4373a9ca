"""Exported policies, held to the calls that a real run made and to what its jobs read and wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell import targets
from pipecell.declare.compiled import Compiled, Upload
from pipecell.definition.diff import compare
from pipecell.definition.document import read_document
from pipecell.engines.connection import Connection
from pipecell.local.daemon import EndpointInfo
from pipecell.targets import local_target
from pipecell.workspace import Workspace
from tests.local.conftest import Clients
from tests.local.pipeline_parts import BUCKET, ROLE, Traces, fresh, processing
from tests.unit.definition.export.iam import allows

REGION, ACCOUNT = "us-east-1", "000000000000"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker"
Call = tuple[str, str, dict[str, Any]]
S3_ACTIONS = {"HeadBucket": "ListBucket", "HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}
NEEDS_NO_PERMISSION = {("sts", "GetCallerIdentity")}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Every call that the product makes through its own clients: service, operation, parameters."""
    made: list[tuple[str, str, dict[str, Any]]] = []
    make = Connection._make

    def recorded(self: Connection, service: str) -> Any:
        client = make(self, service)

        def remember(params: dict[str, Any], model: Any, **_: Any) -> None:
            made.append((service, model.name, dict(params)))

        client.meta.events.register("provide-client-params", remember)
        return client

    monkeypatch.setattr(Connection, "_make", recorded)
    return made


def asked(service: str, operation: str, params: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Return the action, resource and context that IAM would be asked about for a call."""
    if service == "s3":
        action = S3_ACTIONS.get(operation, operation)
        on_bucket = action in ("ListBucket", "CreateBucket")
        key = "" if on_bucket else f"/{params['Key']}"
        context = {"s3:prefix": params["Prefix"]} if "Prefix" in params else {}
        return f"s3:{action}", f"arn:aws:s3:::{params['Bucket']}{key}", context
    if service == "logs":
        return f"logs:{operation}", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{params['logGroupName']}:", {}
    if "PipelineExecutionArn" in params:
        return f"sagemaker:{operation}", params["PipelineExecutionArn"], {}
    return f"sagemaker:{operation}", f"{SAGEMAKER}:pipeline/{params['PipelineName']}", {}


class Ran:
    """A pipeline of two jobs and a condition, as it was run."""

    def __init__(self, home: Path, folder: Path, clients: Clients) -> None:
        self.name = fresh("policy")
        self.s3, self.sagemaker = clients("s3"), clients("sagemaker")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key=f"{self.name}/raw/x.csv", Body=b"1,2")
        traces = Traces(folder)
        writes = "pathlib.Path('/opt/ml/processing/data/x.txt').write_text('x')"
        report = "pathlib.Path('/opt/ml/processing/report/metrics.json').write_text('{\"auc\": 0.9}')"
        uploads = [
            Upload(content.encode(), BUCKET, f"{self.name}/code/{step}/script.py", step)
            for step, content in (
                ("Prepare", traces.code("Prepare", writes)),
                ("Score", traces.code("Score", report)),
            )
        ]
        prepare = processing(
            "Prepare", uploads[0].uri, inputs={"raw": {"Get": "Parameters.Input"}}, outputs=["data"]
        )
        made = {"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['data'].S3Output.S3Uri"}
        score = processing(
            "Score",
            uploads[1].uri,
            inputs={"data": made},
            outputs=["report"],
            property_files={"Report": "metrics.json"},
        )
        metric = {"PropertyFile": {"Get": "Steps.Score.PropertyFiles.Report"}, "Path": "auc"}
        check = {
            "Name": "Check",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "LessThan", "LeftValue": {"Std:JsonGet": metric}, "RightValue": 0.5}],
                "IfSteps": [{"Name": "Weak", "Type": "Fail", "Arguments": {"ErrorMessage": "weak"}}],
                "ElseSteps": [],
            },
        }
        body = {
            "Version": "2020-12-01",
            "Parameters": [
                {"Name": "Input", "Type": "String", "DefaultValue": f"s3://{BUCKET}/{self.name}/raw"}
            ],
            "Steps": [prepare, score, check],
        }
        self.workspace = Workspace(home=home)
        compiled = Compiled(read_document(json.dumps(body), name=self.name), tuple(uploads))
        self.pipeline = self.workspace.add(compiled)
        self.policies = json.loads(self.pipeline.export("policy"))
        self.execution = self.pipeline.run(wait=True)
        self.log = self.execution.logs("Prepare")

    def jobs(self) -> Iterator[dict[str, Any]]:
        """Yield the description of each job that ran."""
        for step in self.execution.steps:
            if "ProcessingJob" in step.metadata:
                name = step.metadata["ProcessingJob"]["Arn"].rpartition("/")[2]
                yield self.sagemaker.describe_processing_job(ProcessingJobName=name)

    def objects(self, uri: str) -> list[str]:
        """Return the ARNs of the objects at or below a URI."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
        return [f"arn:aws:s3:::{bucket}/{entry['Key']}" for entry in listed]


@pytest.fixture
def ran(calls: list[Any], endpoint: EndpointInfo, tmp_path: Path, client: Clients) -> Ran:
    return Ran(endpoint.home, tmp_path / "traces", client)


def test_the_policies_allow_what_a_real_run_did(
    ran: Ran, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    caller, role = ran.policies["caller"], ran.policies["role"]
    made = [call for call in calls if call[:2] not in NEEDS_NO_PERMISSION]
    assert {service for service, _, _ in made} == {"s3", "sagemaker", "logs"}
    refused = [question for call in made if not allows(caller, *(question := asked(*call)))]
    assert refused == []

    wanted: list[tuple[str, str]] = []
    for job in ran.jobs():
        wanted += [
            (f"sagemaker:{word}ProcessingJob", job["ProcessingJobArn"]) for word in ("Create", "Describe")
        ]
        wanted.append(("sagemaker:AddTags", job["ProcessingJobArn"]))
        for each in job["ProcessingInputs"]:
            read = ran.objects(each["S3Input"]["S3Uri"])
            assert read
            wanted += [("s3:GetObject", arn) for arn in read]
        for each in job["ProcessingOutputConfig"]["Outputs"]:
            written = ran.objects(each["S3Output"]["S3Uri"])
            assert written
            wanted += [("s3:PutObject", arn) for arn in written]
            wanted += [("s3:GetObject", arn) for arn in written]
        name = job["ProcessingJobArn"].rpartition("/")[2]
        stream = f"{LOGS}/ProcessingJobs:log-stream:{name}/algo-1"
        wanted += [("logs:PutLogEvents", stream), ("logs:CreateLogStream", stream)]
    assert len(wanted) > 10
    assert [question for question in wanted if not allows(role, *question)] == []
    assert allows(role, "iam:PassRole", ROLE, {"iam:PassedToService": "sagemaker.amazonaws.com"})


def test_the_caller_needs_nothing_of_what_only_the_role_does(ran: Ran) -> None:
    caller, role = ran.policies["caller"], ran.policies["role"]
    job = next(ran.jobs())["ProcessingJobArn"]
    assert not allows(caller, "sagemaker:CreateProcessingJob", job)
    assert not allows(role, "sagemaker:UpdatePipeline", f"{SAGEMAKER}:pipeline/{ran.name}")
    assert not allows(role, "s3:PutObject", f"arn:aws:s3:::{BUCKET}/{ran.name}/raw/x.csv")
    assert not allows(role, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/somebody/else.csv")


def test_the_exported_script_deploys_and_runs_without_pipecell(
    ran: Ran, tmp_path: Path, endpoint: EndpointInfo
) -> None:
    ran.sagemaker.delete_pipeline(PipelineName=ran.name)
    script = tmp_path / "alone.py"
    script.write_text(f"import sys\nsys.modules['pipecell'] = None\n{ran.pipeline.export('python')}")
    environment = {**os.environ, **targets.environment(local_target(endpoint.home))}
    words = [sys.executable, str(script), "--deploy", ROLE, "--start"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    arn = next(line for line in done.stdout.splitlines() if line.startswith("arn:"))
    execution = ran.workspace.execution(arn)
    assert execution.wait(300).status == "Succeeded"
    assert compare(ran.pipeline.document, execution.document) == ()
