from __future__ import annotations

import logging
import random
import threading
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.sagemaker_v2 import compile as compile_pipeline
from pipecell.errors import DeclarationError, DefinitionError
from tests.unit.declare.conftest import Declare

ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonSageMaker-ExecutionRole-pipecell"
ESTIMATOR = (
    "from sagemaker.estimator import Estimator\n"
    "e = Estimator(image_uri='image:1', instance_type='ml.m5.large', instance_count=1, role='Role'{0})\n"
)


def _after(cell: Declare, source: str) -> dict[str, Any]:
    cell(source)
    return cell.namespace


@pytest.mark.parametrize(
    "make",
    ["sagemaker.Session()", "PipelineSession()", "LocalPipelineSession()", "sagemaker.local.LocalSession()"],
)
def test_every_session_answers_from_the_placeholders(cell: Declare, make: str) -> None:
    space = _after(
        cell,
        "import sagemaker, sagemaker.local\n"
        "from sagemaker.workflow.pipeline_context import LocalPipelineSession, PipelineSession\n"
        f"s = {make}\n"
        "answers = [s.default_bucket(), s.account_id(), s.get_caller_identity_arn(),"
        " sagemaker.get_execution_role(s), s.expand_role('Mine'), s.expand_role('arn:aws:iam::1:role/x'),"
        " s.boto_region_name]\n",
    )
    assert space["answers"] == [
        "sagemaker-us-east-1-000000000000",
        "000000000000",
        ROLE,
        ROLE,
        "arn:aws:iam::000000000000:role/Mine",
        "arn:aws:iam::1:role/x",
        "us-east-1",
    ]


def test_the_region_of_the_environment_counts(cell: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    space = _after(
        cell,
        "import sagemaker\ns = sagemaker.Session()\n"
        "bucket, role = s.default_bucket(), s.expand_role('Mine')\n",
    )
    assert space["bucket"] == "sagemaker-cn-north-1-000000000000"
    assert space["role"] == "arn:aws-cn:iam::000000000000:role/Mine"


def test_a_bucket_that_the_user_names_is_theirs(cell: Declare, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("pass")
    declaration = cell(
        "from sagemaker.processing import ScriptProcessor\n"
        "from sagemaker.workflow.pipeline_context import PipelineSession\n"
        "from sagemaker.workflow.steps import ProcessingStep\n"
        "s = PipelineSession(default_bucket='theirs', default_bucket_prefix='team')\n"
        "p = ScriptProcessor(image_uri='i:1', command=['python3'], instance_type='ml.m5.large',"
        " instance_count=1, role='Role', sagemaker_session=s)\n"
        "ProcessingStep('Prepare', step_args=p.run(code='a.py'))\n"
    )
    (upload,) = compile_pipeline(declaration).uploads
    assert upload.bucket == "theirs"
    assert upload.key.startswith("team/Census/code/")


def test_a_job_is_not_started_by_accident(cell: Declare) -> None:
    with pytest.raises(DeclarationError, match=r"Estimator\.fit\(\) would start a job") as caught:
        cell(ESTIMATOR.format("") + "e.fit({'train': 's3://bucket/x'})")
    assert "PipelineSession()" in caught.value.hint


def test_other_threads_see_the_users_own_sdk(cell: Declare) -> None:
    cell("import sagemaker")
    from sagemaker.s3 import S3Uploader

    seen: list[Any] = []

    class Session:
        """Not offline: the original asks the session for its S3."""

        @property
        def s3_resource(self) -> Any:
            seen.append("the original ran")
            raise ConnectionError

        settings = default_bucket_prefix = None

        def _get_account_id_if_default_bucket(self, bucket: str) -> None: ...

    def elsewhere() -> None:
        with pytest.raises(Exception):  # noqa: B017, PT011 - the original fails somehow; that it ran counts
            S3Uploader.upload_bytes(b"x", "s3://bucket/key", sagemaker_session=Session())

    def body(source: str, namespace: Any) -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(60)

    declaration = cell("", run=body)
    assert seen == ["the original ran"]
    assert declaration.runs[0].offline.recorder.uploads == ()


def test_a_client_made_in_a_cell_works_later_with_the_credentials_of_then(
    cell: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = _after(cell, "import sagemaker, boto3\ns = sagemaker.Session()\nc = boto3.client('s3')\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for client in (space["c"], space["s"].s3_client, space["s"].s3_resource.meta.client):
        url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
        assert "key" in url
    assert "S3" in repr(space["s"].s3_client)
    assert "put_object" in dir(space["s"].s3_client)


def test_without_credentials_a_request_says_so(cell: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import NoCredentialsError

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = _after(cell, "import boto3\nc = boto3.client('s3')\n")["c"]
    with pytest.raises(NoCredentialsError):
        client.list_buckets()


def test_the_users_dice_are_left_alone(cell: Declare) -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    cell(
        "from sagemaker.workflow.function_step import step\n"
        "@step(name=None, image_uri='i:1', instance_type='ml.m5.large')\ndef f(): ...\nf()\n"
    )
    assert random.random() == expected


def test_a_name_that_the_cell_itself_asks_for_has_the_real_time(cell: Declare) -> None:
    space = _after(cell, "from sagemaker.utils import name_from_base\nname = name_from_base('mine')\n")
    assert not space["name"].startswith("mine-200")


def test_a_cell_that_prints_its_definition_uploads_once(cell: Declare, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a\n")
    (tmp_path / "a.py").write_text("pass")
    declaration = cell(
        "from sagemaker.processing import ProcessingInput, ScriptProcessor\n"
        "from sagemaker.workflow.pipeline import Pipeline\n"
        "from sagemaker.workflow.pipeline_context import PipelineSession\n"
        "from sagemaker.workflow.steps import ProcessingStep\n"
        "p = ScriptProcessor(image_uri='i:1', command=['python3'], instance_type='ml.m5.large',"
        " instance_count=1, role='Role', sagemaker_session=PipelineSession())\n"
        "run = p.run(code='a.py', inputs=[ProcessingInput('data.csv', '/x')])\n"
        "s = ProcessingStep('Prepare', step_args=run)\n"
        "print(Pipeline('Census', steps=[s]).definition()[:1])\n"
    )
    assert declaration.runs[0].offline.recorder.uploads == ()
    uploads = compile_pipeline(declaration).uploads
    assert [upload.key.rpartition("/")[2] for upload in uploads] == ["a.py", "data.csv"]


def test_the_sdks_chatter_is_left_out_and_the_users_log_is_not(
    cell: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        declaration = cell(
            "import logging, sagemaker\n"
            "from sagemaker.workflow.parameters import ParameterString\n"
            "from sagemaker.workflow.pipeline_context import PipelineSession\n"
            "from sagemaker.workflow.steps import TrainingStep\n"
            "from sagemaker.inputs import TrainingInput\n"
            "logging.getLogger('mine').info('the user says')\n"
            + ESTIMATOR.format(", sagemaker_session=PipelineSession()")
            + "TrainingStep('Train', step_args=e.fit({'train': TrainingInput('s3://bucket/x')}))\n"
        )
        compile_pipeline(declaration)
    assert [record.message for record in caplog.records] == ["the user says"]


# What the SDK refuses


def _train(arguments: str) -> str:
    return (
        "from sagemaker.workflow.pipeline_context import PipelineSession\n"
        "from sagemaker.processing import ScriptProcessor\n"
        "from sagemaker.workflow.steps import ProcessingStep\n"
        "p = ScriptProcessor(image_uri='i:1', command=['python3'], instance_type='ml.m5.large',"
        " instance_count=1, role='Role', sagemaker_session=PipelineSession())\n"
        f"ProcessingStep('Prepare', step_args=p.run({arguments}))\n"
    )


def test_a_missing_script(cell: Declare, tmp_path: Path) -> None:
    declaration = cell(_train("code='missing.py'"), "1", 6)
    with pytest.raises(DefinitionError, match=r"missing\.py") as caught:
        compile_pipeline(declaration)
    error = caught.value
    assert (error.code, error.step, error.cell) == ("PC620", "Prepare", 6)
    assert str(tmp_path) in error.hint
    (tmp_path / "missing.py").write_text("now it is there")
    assert compile_pipeline(declaration).uploads[0].source == b"now it is there"


def test_duplicate_names_in_a_condition(cell: Declare) -> None:
    declaration = cell(
        "from sagemaker.workflow.fail_step import FailStep\n"
        "from sagemaker.workflow.pipeline import Pipeline\n"
        "a, b = FailStep('Same'), FailStep('Same')\nPipeline('Census', steps=[a, b])\n"
    )
    with pytest.raises(DefinitionError, match="duplicate names"):
        compile_pipeline(declaration)


def test_a_step_that_needs_aws(cell: Declare) -> None:
    declaration = cell(
        "from sagemaker.estimator import Estimator\n"
        "from sagemaker.workflow.steps import Step, StepTypeEnum\n"
        "import boto3\n"
        "class Asking(Step):\n"
        "    def __init__(self): super().__init__('Ask', step_type=StepTypeEnum.TRAINING)\n"
        "    properties = None\n"
        "    @property\n"
        "    def arguments(self): return boto3.client('sagemaker').describe_model(ModelName='m')\n"
        "Asking()\n",
        "1",
        3,
    )
    with pytest.raises(DefinitionError) as caught:
        compile_pipeline(declaration)
    error = caught.value
    assert (error.code, error.step, error.cell) == ("PC621", "Ask", 3)
    assert "sagemaker:DescribeModel" in error.message


def test_two_files_under_one_key_are_reported(cell: Declare, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.csv").write_text(name)
    declaration = cell(
        "import sagemaker\nfrom sagemaker.workflow.fail_step import FailStep\n"
        "s = sagemaker.Session()\n"
        "s.upload_data('one/data.csv')\ns.upload_data('two/data.csv')\nFailStep('Stop')\n"
    )
    compiled = compile_pipeline(declaration)
    assert [upload.source for upload in compiled.uploads] == [b"two"]
    assert [problem.code for problem in compiled.diagnostics] == ["PC609"]
