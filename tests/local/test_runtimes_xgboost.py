"""The built-in XGBoost algorithm as jobs: data, model forms, the container's words, stopping, going on."""

from __future__ import annotations

import io
import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
import xgboost

from pipecell.local.work.container import training_spec
from pipecell.local.work.jobs import JobStatus
from tests.local.container.requests import members
from tests.local.waiting import wait_until
from tests.local.workshop import BUCKET, ROLE, SANDBOXES, XGBOOST, Workshop, reason_of, workshop

OUT = f"s3://{BUCKET}/out"
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "num_round": "5",
    "max_depth": "3",
    "eval_metric": "logloss,auc",
}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Workshop]:
    with workshop(tmp_path / "home") as made:
        yield made


def data(rows: int, seed: int) -> pandas.DataFrame:
    """Return rows with the label first."""
    random = numpy.random.default_rng(seed)
    frame = pandas.DataFrame(random.normal(size=(rows, 4)).round(4), columns=list("abcd"))
    frame.insert(0, "label", (frame["a"] + 0.5 * random.normal(size=rows) > 0).astype(int))
    return frame


def as_csv(frame: pandas.DataFrame) -> str:
    return str(frame.to_csv(header=False, index=False))


def as_libsvm(frame: pandas.DataFrame) -> str:
    rows = frame.itertuples(index=False)
    return "".join(
        f"{row[0]} " + " ".join(f"{place}:{value}" for place, value in enumerate(row[1:])) + "\n"
        for row in rows
    )


def as_parquet(frame: pandas.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.to_parquet(content)
    return content.getvalue()


def channel(name: str, content_type: str | None = "text/csv") -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{name}/"}
    made: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": source}}
    return made | ({"ContentType": content_type} if content_type else {})


def request(
    name: str,
    *,
    version: str = "1.7-1",
    hyperparameters: dict[str, str] | None = None,
    channels: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": XGBOOST.format(version=version),
            "TrainingInputMode": "File",
        },
        "RoleArn": ROLE,
        "HyperParameters": HYPERPARAMETERS if hyperparameters is None else hyperparameters,
        "InputDataConfig": [channel("train"), channel("validation")] if channels is None else channels,
        "OutputDataConfig": {"S3OutputPath": OUT},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **fields,
    }


def put_csv(work: Workshop) -> None:
    # Several parts in several folders: one channel all the same.
    parts = data(300, 1)
    work.put("train/part-0.csv", as_csv(parts[:100]))
    work.put("train/part-1.csv", as_csv(parts[100:200]))
    work.put("train/more/part-2.csv", as_csv(parts[200:]))
    work.put("validation/data.csv", as_csv(data(100, 2)))


def train(work: Workshop, asked: dict[str, Any]) -> JobStatus:
    return work.run(training_spec(asked, work.home))


def model_of(work: Workshop, status: JobStatus, name: str = "xgboost-model") -> bytes:
    return members(work.get(status.outputs["model"]))[name]


def booster_of(content: bytes) -> xgboost.Booster:
    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    return booster


def accuracy(booster: xgboost.Booster) -> float:
    frame = data(200, 3)
    guess = booster.predict(xgboost.DMatrix(frame.iloc[:, 1:].to_numpy())) > 0.5
    return float((guess == frame["label"]).mean())


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_training_on_csv(sandbox: str, tmp_path: Path) -> None:
    with workshop(tmp_path / "home", sandbox) as work:
        put_csv(work)
        status = train(work, request("csv"))
        log = work.log("csv", "training")
        assert status.status == "Completed", log
        assert "Train matrix has 300 rows and 4 columns" in log
        assert "Validation matrix has 100 rows" in log
        assert "Determined delimiter of CSV input is ','" in log
        assert accuracy(booster_of(model_of(work, status))) > 0.7


def test_the_log_as_cloudwatch_shows_it(work: Workshop) -> None:
    put_csv(work)
    status = train(work, request("lines"))
    stream = work.jobs.streams("training", "lines")[0]
    rounds = [
        event.message
        for event in stream.events(finished=True)
        if event.message.startswith("[") and "#011" in event.message
    ]
    assert len(rounds) == 5
    number = r"\d\.\d{5}"
    metrics = ("train-logloss", "train-auc", "validation-logloss", "validation-auc")
    line = r"\[4\]" + "".join(f"#011{metric}:({number})" for metric in metrics)
    last = re.fullmatch(line, rounds[4])
    assert last, rounds[4]
    values = {each.name: each.value for each in status.metrics}
    assert values == {
        "train:logloss": float(last[1]),
        "train:auc": float(last[2]),
        "validation:logloss": float(last[3]),
        "validation:auc": float(last[4]),
    }


def test_the_users_metric_definitions(work: Workshop) -> None:
    put_csv(work)
    asked = request("metrics")
    asked["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "validation:auc", "Regex": ".*\\[[0-9]+\\].*#011validation-auc:(\\S+)"}
    ]
    names = [each.name for each in train(work, asked).metrics]
    assert names[0] == "validation:auc"
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("content_type", "write"),
    [("text/libsvm", as_libsvm), (None, as_libsvm), ("application/x-parquet", as_parquet)],
)
def test_other_forms_of_data(work: Workshop, content_type: str | None, write: Any) -> None:
    work.put("train/a", write(data(200, 1)))
    work.put("train/b", write(data(100, 4)))
    work.put("validation/data", write(data(100, 2)))
    channels = [channel("train", content_type), channel("validation", content_type)]
    status = train(work, request("form", channels=channels))
    log = work.log("form", "training")
    assert status.status == "Completed", log
    assert "Train matrix has 300 rows and 4 columns" in log
    assert accuracy(booster_of(model_of(work, status))) > 0.7


def test_the_same_data_gives_the_same_model(work: Workshop) -> None:
    """A bare xgboost.train and the job, to the last bit of every prediction."""
    put_csv(work)
    status = train(work, request("same", version="3.0-5", hyperparameters={**HYPERPARAMETERS, "seed": "7"}))
    frame = data(300, 1)
    bare = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3, "seed": 7},
        xgboost.DMatrix(frame.iloc[:, 1:].to_numpy(), label=frame["label"]),
        num_boost_round=5,
    )
    test = xgboost.DMatrix(data(200, 3).iloc[:, 1:].to_numpy())
    assert numpy.array_equal(booster_of(model_of(work, status)).predict(test), bare.predict(test))


def test_model_forms(work: Workshop) -> None:
    put_csv(work)
    pickled = model_of(work, train(work, request("old", version="1.0-1-cpu-py3")))
    assert accuracy(pickle.loads(pickled)) > 0.7
    binary = model_of(work, train(work, request("middle", version="1.5-1")))
    assert binary[:1] != b"{"
    assert accuracy(booster_of(binary)) > 0.7
    new = model_of(work, train(work, request("new", version="3.0-5")))
    assert new[:1] == b"{"
    assert accuracy(booster_of(new)) > 0.7


def test_weights_in_the_second_column(work: Workshop) -> None:
    frame = data(200, 1)
    frame.insert(1, "weight", 1.0)
    work.put("train/x.csv", as_csv(frame))
    asked = request(
        "weighted", channels=[channel("train")], hyperparameters={**HYPERPARAMETERS, "csv_weights": "1"}
    )
    assert train(work, asked).status == "Completed"
    assert "Train matrix has 200 rows and 4 columns" in work.log("weighted", "training")


def test_missing_values_are_missing(work: Workshop) -> None:
    frame = data(200, 1)
    frame.loc[::2, "b"] = None
    work.put("train/x.csv", as_csv(frame))
    assert train(work, request("gaps", channels=[channel("train")])).status == "Completed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_round": None}, "Missing required hyperparameter: num_round"),
        ({"num_round": "many"}, "Hyperparameter num_round: could not parse value"),
        ({"num_round": "0"}, "Hyperparameter num_round: 0 is not in [1, +inf)"),
        ({"eta": "2"}, "Hyperparameter eta: 2.0 is not in [0, 1]"),
        ({"nonsense": "1"}, "Extraneous hyperparameter found: nonsense"),
        ({"objective": "multi:softprob"}, "Require input for parameter 'num_class'"),
    ],
)
def test_wrong_hyperparameters(work: Workshop, change: dict[str, str | None], words: str) -> None:
    put_csv(work)
    merged = {name: value for name, value in {**HYPERPARAMETERS, **change}.items() if value is not None}
    status = train(work, request("wrong", hyperparameters=merged))
    assert (status.status, status.exit_code) == ("Failed", 1)
    assert reason_of(status).startswith("AlgorithmError: framework error: \n")
    assert words in reason_of(status)
    assert reason_of(status).endswith("exit code: 1")


def test_labels_out_of_range(work: Workshop) -> None:
    frame = data(100, 1)
    frame["label"] = 7
    work.put("train/x.csv", as_csv(frame))
    asked = {**HYPERPARAMETERS, "base_score": "0.5"}
    status = train(work, request("labels", channels=[channel("train")], hyperparameters=asked))
    assert "label must be in [0,1] for logistic regression" in reason_of(status)


@pytest.mark.parametrize(
    ("key", "content", "content_type", "words"),
    [
        ("train/x.csv", "", "text/csv", "No data in training channel path"),
        ("train/x.csv", "1,2\n", "text/plain", "text/plain is not an accepted ContentType"),
        ("train/x.csv", "1,2\n", "text/csv;label_size=2", "label_size must be equal to 1"),
        ("train/x.csv", "1,2\n", "application/x-recordio-protobuf", "recordio-protobuf cannot be read"),
        ("train/x.csv", "a,b,c\n", "text/libsvm", "is not 'LIBSVM' format"),
        ("train/x", "no parquet", "application/x-parquet", "Failed to load parquet data"),
        ("train/.hidden", "1,2\n", "text/csv", "Hidden file found in the data path"),
    ],
)
def test_wrong_data(work: Workshop, key: str, content: str, content_type: str, words: str) -> None:
    work.put(key, content)
    status = train(work, request("data", channels=[channel("train", content_type)]))
    assert status.status == "Failed"
    assert words in reason_of(status), status.failure_reason


def test_wrong_channels(work: Workshop) -> None:
    put_csv(work)
    status = train(work, request("none", channels=[channel("validation")]))
    assert "Missing required channel: train" in reason_of(status)
    work.put("test/x.csv", "1,2\n")
    status = train(work, request("extra", channels=[channel("train"), channel("test")]))
    assert "Extraneous channel found: test" in reason_of(status)


def test_a_header_is_pointed_out(work: Workshop) -> None:
    work.put("train/x.csv", data(50, 1).to_csv(index=False))
    train(work, request("header", channels=[channel("train")]))
    assert "CSV data must have no header" in work.log("header", "training")


def test_early_stopping(work: Workshop) -> None:
    put_csv(work)
    asked = {**HYPERPARAMETERS, "num_round": "500", "early_stopping_rounds": "3"}
    status = train(work, request("early", version="3.0-5", hyperparameters=asked))
    rounds = booster_of(model_of(work, status)).num_boosted_rounds()
    assert 0 < rounds < 500
    assert f"[{rounds + 2}]\t" in work.log("early", "training")


def test_the_containers_own_metrics(work: Workshop) -> None:
    put_csv(work)
    asked = {**HYPERPARAMETERS, "eval_metric": "accuracy,f1,logloss"}
    values = {each.name: each.value for each in train(work, request("own", hyperparameters=asked)).metrics}
    assert {"train:accuracy", "validation:accuracy", "validation:f1", "validation:logloss"} <= set(values)
    assert 0.5 < values["validation:accuracy"] <= 1


def test_cross_validation(work: Workshop) -> None:
    put_csv(work)
    asked = {**HYPERPARAMETERS, "_kfold": "3"}
    status = train(work, request("folds", version="3.0-5", hyperparameters=asked))
    log = work.log("folds", "training")
    assert status.status == "Completed", log
    assert all(
        accuracy(booster_of(model_of(work, status, f"xgboost-model-{fold}"))) > 0.6 for fold in range(3)
    )
    assert re.search(r"^\[5\]\ttrain-logloss:\d\.\d{5}\tvalidation-logloss:", log, re.MULTILINE)
    written = members(work.get(status.outputs["output"]))
    table = numpy.loadtxt(io.BytesIO(written["predictions.csv"]), delimiter=",")
    assert table.shape == (400, 3)
    assert (table[:, 0] == table[:, 2]).mean() > 0.6


def test_tuning_objective(work: Workshop) -> None:
    put_csv(work)
    asked = {**HYPERPARAMETERS, "eval_metric": "logloss", "_tuning_objective_metric": "validation:auc"}
    names = [each.name for each in train(work, request("tuned", hyperparameters=asked)).metrics]
    assert "validation:auc" in names


def test_checkpoints_are_gone_on_from(work: Workshop) -> None:
    put_csv(work)
    place = {"S3Uri": f"s3://{BUCKET}/checkpoints"}
    train(work, request("first", version="3.0-5", hyperparameters=HYPERPARAMETERS, CheckpointConfig=place))
    assert len(work.keys("checkpoints/")) == 5
    asked = {**HYPERPARAMETERS, "num_round": "8"}
    status = train(work, request("second", version="3.0-5", hyperparameters=asked, CheckpointConfig=place))
    log = work.log("second", "training")
    assert "Resuming from iteration 5" in log
    assert "[7]\t" in log
    assert "[0]\t" not in log
    assert booster_of(model_of(work, status)).num_boosted_rounds() == 8


def test_stopped_training_has_a_model(work: Workshop) -> None:
    put_csv(work)
    asked = {**HYPERPARAMETERS, "num_round": "1000000", "save_model_on_termination": "true"}
    work.jobs.launch(training_spec(request("stop", version="3.0-5", hyperparameters=asked), work.home))
    wait_until(lambda: "[3]\t" in work.log("stop", "training"), "some rounds")
    work.jobs.stop("training", "stop")
    status = work.wait("stop", "training")
    assert status.status == "Stopped"
    assert booster_of(model_of(work, status)).num_boosted_rounds() >= 3


def test_several_instances_train_as_one_and_say_so(work: Workshop) -> None:
    put_csv(work)
    asked = request("several")
    asked["ResourceConfig"]["InstanceCount"] = 3
    asked["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    status = train(work, asked)
    log = work.log("several", "training")
    assert status.status == "Completed", log
    assert log.splitlines()[0].startswith("pipecell: 3 instances were asked for.")
    assert "Train matrix has 300 rows" in log
    assert [stream.host for stream in work.jobs.streams("training", "several")] == ["algo-1"]


def test_python_of_the_job_is_the_users(work: Workshop) -> None:
    assert training_spec(request("which"), work.home).command[0] == sys.executable
