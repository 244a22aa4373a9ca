"""The built-in XGBoost's hyperparameters, channels and metrics: what is taken, what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import xgboost

from pipecell.definition.xgboost import UserError, validate
from pipecell.local.runtimes.xgboost_data import check_channels, content_format, data_files
from pipecell.local.runtimes.xgboost_metrics import CUSTOM, evaluation, split_metrics
from pipecell.local.runtimes.xgboost_model import model_form
from pipecell.local.runtimes.xgboost_rounds import Results, round_line


def test_types() -> None:
    given = {
        "num_round": "10",
        "eta": "0.3",
        "objective": "binary:logistic",
        "eval_metric": "auc,error@0.4",
        "tree_method": "hist",
        "monotone_constraints": "(1, 0, -1)",
        "interaction_constraints": "[[0, 1], [2, 3]]",
        "sagemaker_region": '"us-east-1"',
    }
    assert validate(given) == {
        "num_round": 10,
        "eta": 0.3,
        "objective": "binary:logistic",
        "eval_metric": ["auc", "error@0.4"],
        "tree_method": "hist",
        "monotone_constraints": (1, 0, -1),
        "interaction_constraints": [[0, 1], [2, 3]],
    }


def test_aliases() -> None:
    given = {
        "num_round": "1",
        "learning_rate": "0.1",
        "min_split_loss": "2",
        "reg_lambda": "3",
        "reg_alpha": "4",
    }
    assert validate(given) == {"num_round": 1, "eta": 0.1, "gamma": 2.0, "lambda": 3.0, "alpha": 4.0}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({"num_round": "1.5"}, "Hyperparameter num_round: could not parse value"),
        ({"num_round": "-1"}, "Hyperparameter num_round: -1 is not in [1, +inf)"),
        ({"num_round": "1", "colour": "red"}, "Extraneous hyperparameter found: colour"),
        ({"num_round": "1", "subsample": "0"}, "Hyperparameter subsample: 0.0 is not in (0, 1]"),
        ({"num_round": "1", "subsample": "1.1"}, "Hyperparameter subsample: 1.1 is not in (0, 1]"),
        ({"num_round": "1", "tweedie_variance_power": "2"}, "2.0 is not in (1, 2)"),
        ({"num_round": "1", "booster": "tree"}, "tree is not in ['gbtree', 'gblinear', 'dart']"),
        (
            {"num_round": "1", "objective": "binary:logit"},
            "Hyperparameter objective: binary:logit is not in [",
        ),
        ({"num_round": "1", "objective": "multi:softmax"}, "Require input for parameter 'num_class'"),
        ({"num_round": "1", "eval_metric": "acc"}, "Hyperparameter eval_metric: value acc not in range ["),
        ({"num_round": "1", "eval_metric": "auc@0.5"}, "Metric 'auc@0.5' is not supported."),
        (
            {"num_round": "1", "eval_metric": "error@half"},
            "Threshold value 't' in 'error@t' expects float input.",
        ),
        (
            {"num_round": "1", "objective": "reg:squarederror", "eval_metric": "auc"},
            "Metric 'auc' can only be applied for classification and ranking problems.",
        ),
        (
            {"num_round": "1", "objective": "reg:squarederror", "eval_metric": "aft-nloglik"},
            "Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.",
        ),
        (
            {"num_round": "1", "monotone_constraints": "(1,)"},
            "monotone_constraints can be used only when the tree_method",
        ),
        (
            {"num_round": "1", "tree_method": "hist", "monotone_constraints": "(2,)"},
            "value (2,) not in range",
        ),
        ({"num_round": "1", "tree_method": "hist", "monotone_constraints": "(1,"}, "could not parse value"),
        ({"num_round": "1", "monotone_constraints": "__import__('os')"}, "could not parse value"),
        ({"num_round": "1", "booster": "gblinear", "updater": "prune"}, "Linear updater should be one of"),
        (
            {"num_round": "1", "process_type": "update", "updater": "sync"},
            "can only be used with updater 'refresh'",
        ),
        ({"num_round": "1", "seed": str(2**31)}, "Hyperparameter seed"),
    ],
)
def test_refusals(given: dict[str, str], words: str) -> None:
    with pytest.raises(UserError) as caught:
        validate(given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        (None, "libsvm"),
        ("text/csv", "csv"),
        ("CSV", "csv"),
        ("text/csv; label_size=1; charset=utf8", "csv"),
        ("text/libsvm ;charset=utf8", "libsvm"),
        ("text/x-libsvm", "libsvm"),
        ("application/x-parquet", "parquet"),
        ("parquet", "parquet"),
    ],
)
def test_content_types(content_type: str | None, form: str) -> None:
    assert content_format(content_type) == form


@pytest.mark.parametrize("content_type", ["text/plain", "", "csv2", "text/csv;label_size=0", "image/png"])
def test_other_content_types(content_type: str) -> None:
    with pytest.raises(UserError, match="is not an accepted"):
        content_format(content_type)


def test_recordio_is_refused_in_every_channel() -> None:
    channels = {"train": {"ContentType": "csv"}, "validation": {"ContentType": "recordio-protobuf"}}
    with pytest.raises(UserError, match="recordio-protobuf cannot be read"):
        check_channels(channels)


def test_data_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "_SUCCESS", "one/c.csv", "one/two/d.csv", "one/two/three/e.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [Path(path).relative_to(tmp_path).as_posix() for path in data_files(str(tmp_path))]
    assert found == ["a.csv", "b.csv", "one/c.csv", "one/two/d.csv"]
    (tmp_path / "one/.hidden").touch()
    with pytest.raises(UserError, match="Hidden file"):
        data_files(str(tmp_path))


@pytest.mark.parametrize(
    ("version", "form"),
    [
        ((1,), "pickle"),
        ((0, 90, 2), "pickle"),
        ((1, 0, 1), "pickle"),
        ((1, 2, 2), "pickle"),
        ((1, 3, 1), "deprecated"),
        ((1, 5, 1), "deprecated"),
        ((1, 7, 1), "deprecated"),
        ((3, 0, 5), "ubj"),
        ((), "ubj"),
    ],
)
def test_model_forms(version: tuple[int, ...], form: str) -> None:
    assert model_form(version) == form


def test_round_lines() -> None:
    results: Results = {"train": {"logloss": [0.5, 0.25]}, "validation": {"logloss": [0.5, (0.125, 0.01)]}}
    assert round_line(7, results) == "[7]\ttrain-logloss:0.25000\tvalidation-logloss:0.12500"


def test_split_metrics() -> None:
    assert split_metrics(["auc", "f1", "logloss", "accuracy"]) == (["auc", "logloss"], ["f1", "accuracy"])
    assert evaluation([], "binary:logistic") is None


@pytest.mark.parametrize(
    ("objective", "guess", "right"),
    [
        ("binary:logistic", [0.2, 0.9, 0.6, 0.4], 0.75),
        ("binary:logitraw", [-1.0, 2.0, 0.1, -0.1], 0.75),
        ("multi:softmax", [0.0, 1.0, 1.0, 0.0], 0.75),
        ("multi:softprob", [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]], 0.75),
    ],
)
def test_accuracy_of_every_objective(objective: str, guess: list[object], right: float) -> None:
    data = xgboost.DMatrix(numpy.zeros((4, 1)), label=[0, 1, 0, 0])
    evaluate = evaluation(["accuracy"], objective)
    assert evaluate is not None
    assert evaluate(numpy.array(guess), data) == [("accuracy", right)]


def test_every_metric_of_the_container_is_computed() -> None:
    data = xgboost.DMatrix(numpy.zeros((4, 1)), label=[0, 1, 0, 1])
    evaluate = evaluation(sorted(CUSTOM), "binary:logistic")
    assert evaluate is not None
    found = dict(evaluate(numpy.array([0.1, 0.9, 0.8, 0.7]), data))
    assert set(found) == CUSTOM
    assert found["recall"] == 1.0
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["rmse"] ** 2 == pytest.approx(found["mse"])
