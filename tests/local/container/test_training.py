"""The container contract of training jobs, with real jobs."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pipecell.errors import EndpointError
from pipecell.local.runtimes import map_image
from pipecell.local.work.container import training_spec
from tests.local.container.requests import (
    OUT,
    channel,
    members,
    scripted,
    train,
    training,
)
from tests.local.workshop import BUCKET, SKLEARN, XGBOOST, Workshop, reason_of


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
    reason = reason_of(status)
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
    assert caught.value.path is not None
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
