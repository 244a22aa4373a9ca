"""Numbers in logs and reports become plots; what is no number does not."""

from __future__ import annotations

from typing import Any

from pipecell.live.metrics import curves, evaluation, trials


def names(plot: dict[str, Any]) -> list[str]:
    return [series["name"] for series in plot["series"]]


def test_xgboost_s_rounds_share_the_axes_of_a_metric() -> None:
    log = [f"[{n}]#011train-logloss:{1 / (n + 1)}#011validation-logloss:{2 / (n + 1)}" for n in range(3)]
    (plot,) = curves(["starting", *log], [])
    assert (plot["title"], names(plot)) == ("logloss", ["train", "validation"])
    assert plot["series"][0]["points"] == [[0.0, 1.0], [1.0, 0.5], [2.0, 1 / 3]]


def test_metric_definitions_find_what_a_script_prints() -> None:
    (plot,) = curves(["loss=0.5", "loss=0.25", "loss=nan"], [{"Name": "loss", "Regex": r"loss=(\S+)"}])
    assert plot["series"] == [{"name": "loss", "points": [[0.0, 0.5], [1.0, 0.25]]}]


def test_a_metric_definition_that_is_no_expression_finds_nothing() -> None:
    assert curves(["loss=0.5"], [{"Name": "loss", "Regex": "("}]) == []


def test_a_trial_without_a_result_has_no_point() -> None:
    (plot,) = trials([0.9, None, 0.9], "auc")
    assert plot["series"][0]["points"] == [[1.0, 0.9], [3.0, 0.9]]
    assert trials([None], "auc") == []


def test_a_judged_number_stands_beside_its_threshold_and_the_others_together() -> None:
    report = {"metrics": {"accuracy": {"value": 0.9}, "auc": {"value": 0.8}, "rows": 5000, "ok": True}}
    judged, rest = evaluation(report, {"metrics.accuracy.value": 0.85})
    assert (judged["title"], judged["threshold"]) == ("accuracy", 0.85)
    assert names(rest) == ["auc"]
