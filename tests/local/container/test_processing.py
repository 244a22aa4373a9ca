"""The container contract of processing jobs, with real jobs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pipecell.errors import EndpointError
from pipecell.local.work.container import processing_spec
from tests.local.container.requests import (
    OUT,
    process,
    processing,
    s3_input,
    s3_output,
    source_archive,
)
from tests.local.waiting import wait_until
from tests.local.workshop import BUCKET, Workshop, reason_of, workshop


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


def test_output_into_a_missing_bucket(work: Workshop) -> None:
    script = work.put("code/run.py", "open('/opt/ml/processing/output/x', 'w').write('x')")
    outputs = {"Outputs": [s3_output("o", "/opt/ml/processing/output", "s3://nobodys-bucket/o")]}
    status = process(work, processing("lost", script, ProcessingOutputConfig=outputs))
    assert status.status == "Failed"
    assert "NoSuchBucket" in reason_of(status)


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
    assert status.billable_seconds is not None
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
    assert reason_of(status).endswith("the second one fails")


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
    assert caught.value.path is not None
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
