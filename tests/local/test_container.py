"""The container contract with real jobs: what a container finds, and what becomes of what it writes."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.errors import EndpointError
from pipecell.local.runtimes import map_image
from pipecell.local.work.container import processing_spec, training_spec
from pipecell.local.work.jobs import JobStatus
from tests.local.workshop import BUCKET, ROLE, SANDBOXES, SKLEARN, XGBOOST, Workshop, wait_until, workshop

OUT = f"s3://{BUCKET}/out"


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home") as made:
        yield made


@pytest.fixture(params=SANDBOXES)
def each_sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home", request.param) as made:
        yield made


def processing(name: str, script: str, **fields: Any) -> dict[str, Any]:
    """Return a CreateProcessingJob request as the SDK's ScriptProcessor makes it."""
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
        },
        "AppSpecification": {
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/run.py"],
        },
        "ProcessingInputs": [s3_input("code", script, "/opt/ml/processing/input/code")],
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "RoleArn": ROLE,
        **fields,
    }


def s3_input(name: str, uri: str, path: str, **fields: Any) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **fields}
    return {"InputName": name, "S3Input": source}


def s3_output(name: str, path: str, uri: str, mode: str = "EndOfJob") -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


def training(name: str, **fields: Any) -> dict[str, Any]:
    """Return a CreateTrainingJob request."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": OUT},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **fields,
    }


def channel(name: str, uri: str, **fields: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated", **fields}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "ContentType": "text/csv"}


def source_archive(work: Workshop, files: dict[str, str], key: str = "source/sourcedir.tar.gz") -> str:
    """Store a source archive and return its URI."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return work.put(key, content.getvalue())


def scripted(
    work: Workshop, name: str, files: dict[str, str], program: str = "train.py", **fields: Any
) -> dict[str, Any]:
    """Return a training request in script mode."""
    hyperparameters = {
        "sagemaker_program": json.dumps(program),
        "sagemaker_submit_directory": json.dumps(source_archive(work, files)),
        "sagemaker_container_log_level": "20",
        "sagemaker_region": '"us-east-1"',
        **fields.pop("HyperParameters", {}),
    }
    return training(name, HyperParameters=hyperparameters, **fields)


def process(work: Workshop, request: dict[str, Any]) -> JobStatus:
    return work.run(processing_spec(request, work.home))


def train(work: Workshop, request: dict[str, Any]) -> JobStatus:
    return work.run(training_spec(request, work.home))


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}


# Processing


def test_processing_reads_and_writes(each_sandbox: Workshop) -> None:
    work = each_sandbox
    script = work.put(
        "code/run.py",
        "import json, pathlib, sys\n"
        "print(sys.argv[1:], sys.executable)\n"
        "data = sorted(p.relative_to('/opt/ml/processing/input/data').as_posix()\n"
        "    for p in pathlib.Path('/opt/ml/processing/input/data').rglob('*') if p.is_file())\n"
        "out = pathlib.Path('/opt/ml/processing/output')\n"
        "(out / 'deep/er').mkdir(parents=True)\n"
        "(out / 'deep/er/list.json').write_text(json.dumps(data))\n"
        "(out / 'a b ü.txt').write_text('x')\n",
    )
    work.put("data/a.csv", "1")
    work.put("data/sub/b.csv", "2")
    work.put("data-not/c.csv", "3")
    request = processing(
        "reads",
        script,
        ProcessingInputs=[
            s3_input("code", script, "/opt/ml/processing/input/code"),
            s3_input("data", f"s3://{BUCKET}/data/", "/opt/ml/processing/input/data"),
        ],
        ProcessingOutputConfig={"Outputs": [s3_output("result", "/opt/ml/processing/output", f"{OUT}/p")]},
    )
    request["AppSpecification"]["ContainerArguments"] = ["--rows", "5"]
    status = process(work, request)
    assert status.status == "Completed", work.log("reads")
    assert f"['--rows', '5'] {sys.executable}" in work.log("reads")
    assert work.keys("out/p/") == ["out/p/a b ü.txt", "out/p/deep/er/list.json"]
    assert json.loads(work.get(f"{OUT}/p/deep/er/list.json")) == ["a.csv", "sub/b.csv"]
    assert status.outputs == {"result": f"{OUT}/p"}


def test_processing_configuration(work: Workshop) -> None:
    script = work.put(
        "code/run.py",
        "import json, os\n"
        "config = json.load(open('/opt/ml/config/processingjobconfig.json'))\n"
        "assert config['ProcessingJobName'] == 'configured', config\n"
        "assert config['ProcessingJobArn'].endswith(':processing-job/configured')\n"
        "assert config['AppSpecification']['ContainerEntrypoint'][0] == 'python3'\n"
        "assert config['Environment'] == {'COLOUR': 'red', 'EMPTY': ''}\n"
        "resources = json.load(open('/opt/ml/config/resourceconfig.json'))\n"
        "assert resources == {'current_host': 'algo-1', 'hosts': ['algo-1']}\n"
        "assert os.environ['COLOUR'] == 'red' and os.environ['EMPTY'] == ''\n"
        "assert os.environ['AWS_REGION'] == 'eu-west-1'\n"
        "open('/opt/ml/output/message', 'w').write('all well')\n",
    )
    request = processing("configured", script, Environment={"COLOUR": "red", "EMPTY": ""})
    status = work.run(processing_spec(request, work.home, region="eu-west-1"))
    assert status.status == "Completed", work.log("configured")
    assert status.exit_message == "all well"


def test_job_sees_none_of_the_users_other_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    monkeypatch.setenv("PYTHONPATH", "/somewhere/else")
    with workshop(tmp_path / "home") as work:
        work.jobs.close()
        work.environment = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "key"}
        work.jobs = work.new_jobs()
        work.run_code("clean", "import os; print(dict(os.environ))")
        log = work.log("clean")
    assert "hunter2" not in log
    assert "/somewhere/else" not in log
    assert "'AWS_ENDPOINT_URL': 'http://127.0.0.1:1'" in log


def test_missing_input(work: Workshop) -> None:
    status = process(work, processing("absent", f"s3://{BUCKET}/nothing/here.py"))
    assert status.status == "Failed"
    assert status.failure_reason.startswith("ClientError: ")
    assert f'No S3 objects found under S3 URL "s3://{BUCKET}/nothing/here.py"' in status.failure_reason
    assert status.started is None


def test_missing_bucket(work: Workshop) -> None:
    status = process(work, processing("absent", "s3://nobodys-bucket/here.py"))
    assert "The specified bucket does not exist" in status.failure_reason


def test_output_into_a_missing_bucket(work: Workshop) -> None:
    script = work.put("code/run.py", "open('/opt/ml/processing/output/x', 'w').write('x')")
    outputs = {"Outputs": [s3_output("o", "/opt/ml/processing/output", "s3://nobodys-bucket/o")]}
    status = process(work, processing("lost", script, ProcessingOutputConfig=outputs))
    assert status.status == "Failed"
    assert "NoSuchBucket" in status.failure_reason


def test_failed_processing_uploads_nothing(work: Workshop) -> None:
    script = work.put(
        "code/run.py", "open('/opt/ml/processing/output/half', 'w').write('x')\nraise SystemExit(2)"
    )
    outputs = {"Outputs": [s3_output("o", "/opt/ml/processing/output", f"{OUT}/o")]}
    assert process(work, processing("half", script, ProcessingOutputConfig=outputs)).exit_code == 2
    assert work.keys("out/") == []


def test_continuous_output_is_there_while_the_job_runs(work: Workshop, tmp_path: Path) -> None:
    release = tmp_path / "release"
    script = work.put(
        "code/run.py",
        "import os, time\n"
        "open('/opt/ml/processing/output/early', 'w').write('early')\n"
        f"while not os.path.exists({str(release)!r}): time.sleep(0.05)\n"
        "open('/opt/ml/processing/output/late', 'w').write('late')\n",
    )
    outputs = {"Outputs": [s3_output("o", "/opt/ml/processing/output", f"{OUT}/o", "Continuous")]}
    work.jobs.launch(processing_spec(processing("live", script, ProcessingOutputConfig=outputs), work.home))
    wait_until(lambda: work.keys("out/o/") == ["out/o/early"], "the early file arrives")
    release.touch()
    assert work.wait("live").status == "Completed"
    assert work.keys("out/o/") == ["out/o/early", "out/o/late"]


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("in/", ["a.csv", "deep/b.csv", "deep/er/c.csv"]),
        ("in", ["a.csv", "deep/b.csv", "deep/er/c.csv"]),
        ("in/deep", ["b.csv", "er/c.csv"]),
        ("in/a.csv", ["a.csv"]),
        ("in/de", ["deep/b.csv", "deep/er/c.csv"]),
        ("in/deep/er/c.csv", ["c.csv"]),
    ],
)
def test_s3_prefixes(work: Workshop, uri: str, found: list[str]) -> None:
    for key in ("in/a.csv", "in/deep/b.csv", "in/deep/er/c.csv", "in/empty/"):
        work.put(key, "x" if not key.endswith("/") else "")
    script = work.put("code/run.py", LISTING)
    inputs = [
        s3_input("code", script, "/opt/ml/processing/input/code"),
        s3_input("data", f"s3://{BUCKET}/{uri}", "/opt/ml/processing/input/data"),
    ]
    process(work, processing("lists", script, ProcessingInputs=inputs))
    assert json.loads(work.log("lists").splitlines()[-1]) == found


LISTING = (
    "import json, pathlib\n"
    "root = pathlib.Path('/opt/ml/processing/input/data')\n"
    "print(json.dumps(sorted(p.relative_to(root).as_posix() for p in root.rglob('*') if p.is_file())))\n"
)


def test_manifest(work: Workshop) -> None:
    for key in ("in/a.csv", "in/deep/b.csv", "in/deep/c.csv", "in/other.csv"):
        work.put(key, "x")
    manifest = work.put("m.json", json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, "a.csv", "deep/"]))
    script = work.put("code/run.py", LISTING)
    inputs = [
        s3_input("code", script, "/opt/ml/processing/input/code"),
        s3_input("data", manifest, "/opt/ml/processing/input/data", S3DataType="ManifestFile"),
    ]
    process(work, processing("manifest", script, ProcessingInputs=inputs))
    assert json.loads(work.log("manifest").splitlines()[-1]) == ["a.csv", "deep/b.csv", "deep/c.csv"]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("no json", "is not JSON"),
        ("{}", "must be a JSON array"),
        (json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, "missing.csv"]), "No S3 objects found"),
        (json.dumps([{"prefix": f"s3://{BUCKET}/in/"}, 3]), "not a string"),
    ],
)
def test_bad_manifests(work: Workshop, manifest: str, reason: str) -> None:
    uri = work.put("m.json", manifest)
    script = work.put("code/run.py", "pass")
    inputs = [s3_input("data", uri, "/opt/ml/processing/input/data", S3DataType="ManifestFile")]
    status = process(work, processing("bad", script, ProcessingInputs=inputs))
    assert (status.status, reason in status.failure_reason) == ("Failed", True), status.failure_reason


@pytest.mark.parametrize("key", ["in/../../../escape", "in/..", "in/./x", "in/" + "n" * 300])
def test_keys_that_are_no_paths(work: Workshop, key: str) -> None:
    work.put(key, "x")
    script = work.put("code/run.py", "pass")
    inputs = [s3_input("data", f"s3://{BUCKET}/in/", "/opt/ml/processing/input/data")]
    status = process(work, processing("odd", script, ProcessingInputs=inputs))
    assert status.status == "Failed"
    assert "ClientError" in status.failure_reason
    assert not list(work.home.root.rglob("escape"))


def test_a_key_that_is_file_and_folder(work: Workshop) -> None:
    work.put("in/x", "file")
    work.put("in/x/y", "below")
    script = work.put("code/run.py", "pass")
    inputs = [s3_input("data", f"s3://{BUCKET}/in/", "/opt/ml/processing/input/data")]
    status = process(work, processing("both", script, ProcessingInputs=inputs))
    assert "both a file and a folder" in status.failure_reason


def test_odd_but_legal_keys(work: Workshop) -> None:
    keys = ["in/ü ñ/日本.csv", "in/a b&c?d#e.csv", "in/-rf", "in/..hidden", "in/$(touch x)", "in//double"]
    for key in keys:
        work.put(key, "x")
    script = work.put("code/run.py", LISTING)
    inputs = [
        s3_input("code", script, "/opt/ml/processing/input/code"),
        s3_input("data", f"s3://{BUCKET}/in/", "/opt/ml/processing/input/data"),
    ]
    status = process(work, processing("odd", script, ProcessingInputs=inputs))
    assert status.status == "Completed", status.failure_reason
    found = json.loads(work.log("odd").splitlines()[-1])
    assert found == sorted(key.removeprefix("in/").lstrip("/") for key in keys)


def test_several_instances_with_shards(work: Workshop) -> None:
    for number in range(5):
        work.put(f"in/{number}.csv", str(number))
    script = work.put(
        "code/run.py",
        "import json, os, pathlib\n"
        "config = json.load(open('/opt/ml/config/resourceconfig.json'))\n"
        "host = config['current_host']\n"
        "assert config['hosts'] == ['algo-1', 'algo-2'] == json.loads(os.environ['SM_HOSTS'])\n"
        "data = sorted(p.name for p in pathlib.Path('/opt/ml/processing/input/data').iterdir())\n"
        "both = sorted(p.name for p in pathlib.Path('/opt/ml/processing/input/all').iterdir())\n"
        "assert len(both) == 5\n"
        "pathlib.Path('/opt/ml/processing/output/' + host).write_text(json.dumps(data))\n"
        "print('I am', host)\n",
    )
    data = f"s3://{BUCKET}/in/"
    request = processing(
        "sharded",
        script,
        ProcessingInputs=[
            s3_input("code", script, "/opt/ml/processing/input/code"),
            s3_input("data", data, "/opt/ml/processing/input/data", S3DataDistributionType="ShardedByS3Key"),
            s3_input("all", data, "/opt/ml/processing/input/all"),
        ],
        ProcessingOutputConfig={"Outputs": [s3_output("o", "/opt/ml/processing/output", f"{OUT}/o")]},
    )
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    status = process(work, request)
    assert status.status == "Completed", status.failure_reason
    assert json.loads(work.get(f"{OUT}/o/algo-1")) == ["0.csv", "2.csv", "4.csv"]
    assert json.loads(work.get(f"{OUT}/o/algo-2")) == ["1.csv", "3.csv"]
    assert [stream.host for stream in work.jobs.streams("processing", "sharded")] == ["algo-1", "algo-2"]
    assert work.log("sharded", host="algo-2") == "I am algo-2\n"
    assert status.billable_seconds >= 2


def test_one_failing_instance_fails_the_job(work: Workshop) -> None:
    script = work.put(
        "code/run.py",
        "import os, sys, time\n"
        "if os.environ['SM_CURRENT_HOST'] == 'algo-2': sys.exit('the second one fails')\n"
        "time.sleep(60)\n",
    )
    request = processing("partly", script)
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    status = process(work, request)
    assert (status.status, status.exit_code) == ("Failed", 1)
    assert status.failure_reason.endswith("the second one fails")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            {"ProcessingInputs": [s3_input("x", f"s3://{BUCKET}/x", "/etc")]},
            "ProcessingInputs[0].S3Input.LocalPath",
        ),
        ({"ProcessingInputs": [s3_input("x", f"s3://{BUCKET}/x", "/opt/ml/../../etc")]}, "LocalPath"),
        ({"ProcessingInputs": [s3_input("x", f"s3://{BUCKET}/x", "/opt/ml/.pipecell/bin")]}, "LocalPath"),
        ({"ProcessingInputs": [s3_input("x", "https://x/y", "/opt/ml/processing/x")]}, "S3Uri"),
        (
            {"ProcessingInputs": [s3_input("x", f"s3://{BUCKET}/x", "/opt/ml/p", S3InputMode="Pipe")]},
            "S3InputMode",
        ),
        ({"ProcessingInputs": [{"InputName": "x", "DatasetDefinition": {}}]}, "DatasetDefinition"),
        ({"ProcessingOutputConfig": {"Outputs": [s3_output("x", "/home", OUT)]}}, "LocalPath"),
        (
            {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "x", "FeatureStoreOutput": {}}]}},
            "FeatureStoreOutput",
        ),
    ],
)
def test_what_processing_cannot_do_here(work: Workshop, change: dict[str, Any], path: str) -> None:
    with pytest.raises(EndpointError) as caught:
        processing_spec(processing("no", f"s3://{BUCKET}/x", **change), work.home)
    assert caught.value.code == "PC832"
    assert path in caught.value.path


def test_framework_processor(each_sandbox: Workshop) -> None:
    """The SDK's runproc.sh: a shell script that unpacks the source, calls pip and then python."""
    work = each_sandbox
    source = source_archive(
        work,
        {
            "main.py": "import helper, os, sys\n"
            "assert os.path.isdir('/opt/ml/processing')\nprint(helper.WORD, sys.argv[1:])",
            "helper.py": "WORD = 'helped'",
            "requirements.txt": "numpy\n",
        },
    )
    runproc = work.put(
        "code/runproc.sh",
        "#!/bin/bash\n\ncd /opt/ml/processing/input/code/\ntar -xzf sourcedir.tar.gz\n\nset -e\n\n"
        "if [[ -f 'requirements.txt' ]]; then\n    pip uninstall --yes typing\n\n"
        '    python -m pip install -r requirements.txt\nfi\n\npython main.py "$@"\n',
    )
    request = processing(
        "framework",
        runproc,
        ProcessingInputs=[
            s3_input("code", source, "/opt/ml/processing/input/code"),
            s3_input("entrypoint", runproc, "/opt/ml/processing/input/entrypoint"),
        ],
    )
    request["AppSpecification"]["ContainerEntrypoint"] = [
        "/bin/bash",
        "/opt/ml/processing/input/entrypoint/runproc.sh",
    ]
    request["AppSpecification"]["ContainerArguments"] = ["--n", "1"]
    status = process(work, request)
    log = work.log("framework")
    assert status.status == "Completed", log
    assert "helped ['--n', '1']" in log
    assert "pip uninstall does nothing here" in log
    assert "Nothing to install" in log


# Training


def test_script_mode(each_sandbox: Workshop) -> None:
    work = each_sandbox
    work.put("train/part-0.csv", "1,2\n")
    script = (
        "import argparse, json, os, helper\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--kernel'); parser.add_argument('--depth', type=int)\n"
        "parser.add_argument('--model-dir', default=os.environ['SM_MODEL_DIR'])\n"
        "parser.add_argument('--train', default=os.environ['SM_CHANNEL_TRAIN'])\n"
        "args = parser.parse_args()\n"
        "assert (args.kernel, args.depth) == ('rbf', 5), args\n"
        "assert os.listdir(args.train) == ['part-0.csv']\n"
        "assert os.environ['SM_HP_KERNEL'] == 'rbf'\n"
        "assert json.loads(os.environ['SM_HPS']) == {'kernel': 'rbf', 'depth': 5}\n"
        "assert json.loads(os.environ['SM_CHANNELS']) == ['train']\n"
        "assert os.environ['SM_MODULE_NAME'] == 'train' and os.environ['SM_USER_ENTRY_POINT'] == 'train.py'\n"
        "assert json.loads(os.environ['SM_USER_ARGS']) == ['--depth', '5', '--kernel', 'rbf']\n"
        "assert json.loads(os.environ['SM_TRAINING_ENV'])['hyperparameters']['depth'] == 5\n"
        "assert int(os.environ['SM_NUM_CPUS']) > 0 and os.environ['SM_NUM_GPUS'].isdigit()\n"
        "assert os.environ['TRAINING_JOB_NAME'] == 'scripted'\n"
        "config = json.load(open('/opt/ml/input/config/hyperparameters.json'))\n"
        "assert config['kernel'] == '\"rbf\"', config\n"
        "channel = json.load(open('/opt/ml/input/config/inputdataconfig.json'))['train']\n"
        "assert channel == {'ContentType': 'text/csv', 'TrainingInputMode': 'File',\n"
        "    'S3DistributionType': 'FullyReplicated', 'RecordWrapperType': 'None'}, channel\n"
        "resources = json.load(open('/opt/ml/input/config/resourceconfig.json'))\n"
        "assert resources['current_instance_type'] == 'ml.m5.xlarge' and resources['hosts'] == ['algo-1']\n"
        "open(args.model_dir + '/model.txt', 'w').write(helper.WORD)\n"
        "open(os.environ['SM_OUTPUT_DATA_DIR'] + '/plot.txt', 'w').write('plot')\n"
        "print('loss=0.5;'); print('loss=0.25;')\n"
    )
    request = scripted(
        work,
        "scripted",
        {"train.py": script, "helper.py": "WORD = 'trained'"},
        HyperParameters={"kernel": '"rbf"', "depth": "5"},
        InputDataConfig=[channel("train", f"s3://{BUCKET}/train/")],
    )
    request["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "loss=(.*?);"},
        {"Name": "never", "Regex": "never=(.*?);"},
    ]
    status = train(work, request)
    assert status.status == "Completed", work.log("scripted", "training")
    assert [each.status for each in status.transitions] == [
        *("Starting", "Downloading", "Training", "Uploading", "Completed"),
    ]
    assert status.outputs["model"] == f"{OUT}/scripted/output/model.tar.gz"
    assert members(work.get(status.outputs["model"])) == {"model.txt": b"trained"}
    assert members(work.get(status.outputs["output"])) == {"plot.txt": b"plot"}
    assert [(each.name, each.value) for each in status.metrics] == [("loss", 0.25)]


def test_failing_script_mode(work: Workshop) -> None:
    request = scripted(work, "fails", {"train.py": "print('epoch 1')\nraise KeyError('label')"})
    status = train(work, request)
    reason = status.failure_reason
    assert reason.startswith('AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "')
    assert "KeyError: 'label'\"\nCommand \"" in reason
    assert reason.endswith("exit code: 1")
    assert len(reason) <= 1024
    assert "model" not in status.outputs


def test_failure_file(work: Workshop) -> None:
    script = "open('/opt/ml/output/failure', 'w').write('the label column is empty')\nraise SystemExit(4)"
    status = train(work, scripted(work, "explains", {"train.py": script}))
    assert status.failure_reason == "AlgorithmError: the label column is empty, exit code: 4"


def test_failed_training_still_gives_its_output_data(work: Workshop) -> None:
    script = (
        "import os\nopen(os.environ['SM_OUTPUT_DATA_DIR'] + '/trace', 'w').write('t')\nraise SystemExit(1)"
    )
    status = train(work, scripted(work, "half", {"train.py": script}))
    assert status.outputs == {"output": f"{OUT}/half/output/output.tar.gz"}


def test_shell_and_package_programs(work: Workshop) -> None:
    shell = {"go.sh": "#!/bin/sh\necho shell $*\npython -c 'import sys; print(sys.executable)'\n"}
    assert (
        train(work, scripted(work, "shell", shell, "go.sh", HyperParameters={"n": "1"})).status == "Completed"
    )
    assert work.log("shell", "training").splitlines() == ["shell -n 1", sys.executable]
    package = {"setup.py": "", "tool.py": "print('as module', __name__)"}
    assert train(work, scripted(work, "package", package, "tool.py")).status == "Completed"
    assert "as module __main__" in work.log("package", "training")


def test_requirements_never_touch_the_users_environment(work: Workshop) -> None:
    files = {"train.py": "print('trained')", "requirements.txt": "# what it needs\nnumpy>=1.0\npandas\n"}
    assert train(work, scripted(work, "needs", files)).status == "Completed"
    lines = work.log("needs", "training").splitlines()
    assert lines == ["pipecell: Nothing to install, this Python has it all: numpy>=1.0, pandas.", "trained"]


def test_what_is_missing_is_installed_into_the_job(
    each_sandbox: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = each_sandbox
    write_wheel(tmp_path / "wheels", "pipecell_test_only", "1.5")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    files = {
        "train.py": "import subprocess, sys\n"
        "import pipecell_test_only\n"
        "print('version', pipecell_test_only.VERSION)\n"
        "subprocess.check_call([sys.executable, '-m', 'pip', 'uninstall', '-y', 'numpy'])\n"
        "import numpy\n",
        "requirements.txt": "numpy\npipecell_test_only>=1\n",
    }
    status = train(work, scripted(work, "installs", files))
    assert status.status == "Completed", work.log("installs", "training")
    assert "version 1.5" in work.log("installs", "training")
    assert importlib.util.find_spec("pipecell_test_only") is None


def write_wheel(folder: Path, name: str, version: str) -> None:
    """Write a wheel of one module, as an index would serve it."""
    folder.mkdir()
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        wheel.writestr(
            f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{information}/RECORD", "")


def test_requirements_that_nobody_has(work: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    files = {"train.py": "print('never')", "requirements.txt": "no-such-package-anywhere\n"}
    status = train(work, scripted(work, "lacks", files))
    assert status.status == "Failed"
    assert "no-such-package-anywhere" in status.failure_reason


def test_source_archives_cannot_write_outside(work: Workshop, tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../../../escape.py")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"pass"))
    uri = work.put("evil/sourcedir.tar.gz", content.getvalue())
    request = training(
        "evil",
        HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)},
    )
    status = train(work, request)
    assert status.status == "Failed"
    assert "escape.py" in status.failure_reason
    assert not list(tmp_path.rglob("escape.py"))


# What an archive must not hold.


@pytest.mark.parametrize(
    "build",
    [
        lambda a: _link(a, "up", "..", tarfile.SYMTYPE),
        lambda a: _link(a, "passwd", "/etc/passwd", tarfile.SYMTYPE),
        lambda a: _link(a, "hard", "../../x", tarfile.LNKTYPE),
        lambda a: (_link(a, "here", ".", tarfile.SYMTYPE), _link(a, "here/../up", "..", tarfile.SYMTYPE)),
        lambda a: _link(a, "null", "", tarfile.CHRTYPE),
        lambda a: _link(a, "/absolute", "", tarfile.REGTYPE),
        lambda a: _link(a, "fifo", "", tarfile.FIFOTYPE),
    ],
    ids=["link up", "absolute link", "hard link", "link through a link", "device", "absolute", "pipe"],
)
def test_dangerous_members(work: Workshop, build: Any) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        build(archive)
    uri = work.put("evil/sourcedir.tar.gz", content.getvalue())
    request = training(
        "evil",
        HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)},
    )
    assert "is refused" in train(work, request).failure_reason


def _link(archive: tarfile.TarFile, name: str, target: str, kind: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    archive.addfile(member)


def test_a_source_that_is_no_archive(work: Workshop) -> None:
    uri = work.put("source.tar.gz", "not a tar")
    request = training(
        "broken",
        HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": json.dumps(uri)},
    )
    assert "cannot be extracted" in train(work, request).failure_reason


def test_container_entrypoint_in_training(work: Workshop) -> None:
    request = training(
        "entry", InputDataConfig=[channel("code", work.put("c/run.sh", 'echo "$@" > /opt/ml/model/said'))]
    )
    request["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/code/run.sh"],
        "ContainerArguments": ["one", "two words"],
    }
    status = train(work, request)
    assert members(work.get(status.outputs["model"])) == {"said": b"one two words\n"}


def test_checkpoints_come_and_go(work: Workshop) -> None:
    work.put("checkpoints/epoch-1", "one")
    script = (
        "import os\nassert open('/opt/ml/checkpoints/epoch-1').read() == 'one'\n"
        "assert os.path.exists('/opt/ml/input/config/checkpointconfig.json')\n"
        "open('/opt/ml/checkpoints/epoch-2', 'w').write('two')\nraise SystemExit(1)"
    )
    request = scripted(
        work, "resumes", {"train.py": script}, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints"}
    )
    assert train(work, request).status == "Failed"
    assert work.get(f"s3://{BUCKET}/checkpoints/epoch-2") == b"two"


def test_no_checkpoints_yet(work: Workshop) -> None:
    request = scripted(work, "fresh", {"train.py": "pass"}, CheckpointConfig={"S3Uri": f"s3://{BUCKET}/none"})
    assert train(work, request).status == "Completed"


def test_stopped_training_keeps_its_model(work: Workshop) -> None:
    script = (
        "import signal, sys, time\n"
        "def save(*_):\n    open('/opt/ml/model/partial', 'w').write('p'); sys.exit(0)\n"
        "signal.signal(15, save)\nprint('up', flush=True)\ntime.sleep(60)"
    )
    work.jobs.launch(training_spec(scripted(work, "stopped", {"train.py": script}), work.home))
    work.wait_for_line("stopped", "up", "training")
    work.jobs.stop("training", "stopped")
    status = work.wait("stopped", "training")
    assert status.status == "Stopped"
    assert members(work.get(status.outputs["model"])) == {"partial": b"p"}


def test_models_of_all_hosts_are_one_archive(work: Workshop) -> None:
    script = "import os\nopen('/opt/ml/model/' + os.environ['SM_CURRENT_HOST'], 'w').write('m')"
    request = scripted(work, "two", {"train.py": script})
    request["ResourceConfig"]["InstanceCount"] = 2
    status = train(work, request)
    assert sorted(members(work.get(status.outputs["model"]))) == ["algo-1", "algo-2"]


def test_uncompressed_model(work: Workshop) -> None:
    request = scripted(work, "plain", {"train.py": "open('/opt/ml/model/m', 'w').write('m')"})
    request["OutputDataConfig"]["CompressionType"] = "NONE"
    train(work, request)
    assert work.keys("out/plain/") == ["out/plain/output/model/m"]


def test_fast_file_mode_is_files(work: Workshop) -> None:
    work.put("train/x", "x")
    request = scripted(
        work,
        "fast",
        {"train.py": "print(open('/opt/ml/input/data/train/x').read())"},
        InputDataConfig=[{**channel("train", f"s3://{BUCKET}/train"), "InputMode": "FastFile"}],
    )
    assert train(work, request).status == "Completed"


def test_fields_without_meaning_are_noted_once(work: Workshop) -> None:
    request = scripted(
        work,
        "noted",
        {"train.py": "pass"},
        VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        EnableManagedSpotTraining=True,
        EnableNetworkIsolation=False,
    )
    train(work, request)
    assert work.log("noted", "training") == "pipecell: Ignored on this machine: VPC, spot instances.\n"


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "1.dkr.ecr.x.amazonaws.com/own:1",
                    "TrainingInputMode": "File",
                }
            },
            "PC831",
            "TrainingImage",
        ),
        (
            {"AlgorithmSpecification": {"AlgorithmName": "vendor", "TrainingInputMode": "File"}},
            "PC832",
            "AlgorithmName",
        ),
        (
            {
                "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "Pipe"},
                "InputDataConfig": [channel("train", OUT)],
            },
            "PC832",
            "InputMode",
        ),
        ({"InputDataConfig": [channel("..", OUT)]}, "PC832", "ChannelName"),
        ({"InputDataConfig": [channel("a", OUT, S3DataType="AugmentedManifestFile")]}, "PC832", "S3DataType"),
        (
            {"InputDataConfig": [{"ChannelName": "a", "DataSource": {"FileSystemDataSource": {}}}]},
            "PC832",
            "DataSource",
        ),
        ({"HyperParameters": {"sagemaker_program": '"../x.py"'}}, "PC832", "sagemaker_program"),
        (
            {"HyperParameters": {"sagemaker_program": '"x.py"', "sagemaker_submit_directory": '"/etc"'}},
            "PC832",
            "submit_directory",
        ),
        ({}, "PC832", "HyperParameters"),
    ],
)
def test_what_training_cannot_do_here(work: Workshop, change: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(EndpointError) as caught:
        training_spec(training("no", **change), work.home)
    assert caught.value.code == code
    assert path in caught.value.path


def test_a_metric_that_is_no_expression(work: Workshop) -> None:
    request = scripted(work, "metric", {"train.py": "pass"})
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "x", "Regex": "("}]
    with pytest.raises(EndpointError, match="no regular expression"):
        training_spec(request, work.home)


def test_mapped_image(work: Workshop) -> None:
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/own/fraud:3"
    map_image(work.home, "fraud:*", f"{sys.executable} -c \"open('/opt/ml/model/m', 'w').write('mapped')\"")
    request = training("mapped")
    request["AlgorithmSpecification"]["TrainingImage"] = image
    status = train(work, request)
    assert members(work.get(status.outputs["model"])) == {"m": b"mapped"}


def test_xgboost_image_in_script_mode(work: Workshop) -> None:
    request = scripted(work, "script-xgb", {"train.py": "import xgboost; print(xgboost.__name__)"})
    request["AlgorithmSpecification"]["TrainingImage"] = XGBOOST.format(version="1.7-1")
    assert train(work, request).status == "Completed"
    assert work.log("script-xgb", "training") == "xgboost\n"
