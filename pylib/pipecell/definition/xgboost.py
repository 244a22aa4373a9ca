"""The hyperparameters of SageMaker's built-in XGBoost: names, types, ranges, and what is said of wrong ones.

Names, ranges and messages are those of sagemaker-xgboost-container, so that what is
refused here is refused by AWS, in the same words.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAXIMIZED = frozenset(
    {
        *(
            "accuracy",
            "auc",
            "aucpr",
            "balanced_accuracy",
            "f1",
            "f1_binary",
            "f1_macro",
            "map",
            "ndcg",
            "r2",
        ),
        *("precision", "precision_macro", "precision_micro", "recall", "recall_macro", "recall_micro"),
    }
)
MINIMIZED = frozenset(
    {
        *(
            "aft-nloglik",
            "cox-nloglik",
            "error",
            "gamma-deviance",
            "gamma-nloglik",
            "interval-regression-accuracy",
        ),
        *("logloss", "mae", "mape", "merror", "mlogloss", "mphe", "mse", "poisson-nloglik", "rmse", "rmsle"),
        "tweedie-nloglik",
    }
)
"""Metrics that training can report, by their good direction."""

ALIASES = {"learning_rate": "eta", "min_split_loss": "gamma", "reg_lambda": "lambda", "reg_alpha": "alpha"}


class UserError(Exception):
    """What the user asked for cannot be trained; the container's exception of this name."""


@dataclass(frozen=True)
class Interval:
    """Numbers between two bounds; each may be open, closed or missing."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: Any) -> bool:
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return not (self.high is not None and (value > self.high or (self.high_open and value == self.high)))

    def __str__(self) -> str:
        low = "(-inf" if self.low is None else f"{'(' if self.low_open else '['}{self.low}"
        high = "+inf)" if self.high is None else f"{self.high}{')' if self.high_open else ']'}"
        return f"{low}, {high}"


class Categories(tuple[Any, ...]):
    """Values to choose from, shown as a list."""

    def __str__(self) -> str:
        return str(list(self))


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter.

    Args:
        parse: from the request's string; ValueError says that it cannot be.
        accepted: what contains its values.
        each: the value is a list, and every element must be accepted.
    """

    parse: Callable[[str], Any]
    accepted: Interval | Categories
    each: bool = False


def _integer(low: float | None = None, high: float | None = None, **bounds: bool) -> Hyperparameter:
    return Hyperparameter(int, Interval(low, high, **bounds))


def _number(low: float | None = None, high: float | None = None, **bounds: bool) -> Hyperparameter:
    return Hyperparameter(float, Interval(low, high, **bounds))


def _choice(*values: str) -> Hyperparameter:
    return Hyperparameter(str, Categories(values))


def _list_of(*values: str) -> Hyperparameter:
    return Hyperparameter(lambda text: text.split(","), Categories(values), each=True)


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except SyntaxError as error:
        raise ValueError(str(error)) from error


_BOOLEAN = _choice("true", "false")

HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "num_round": _integer(1),
    "csv_weights": _integer(0, 1),
    "early_stopping_rounds": _integer(1),
    "booster": _choice("gbtree", "gblinear", "dart"),
    "verbosity": _integer(0, 3),
    "nthread": _integer(1),
    "eta": _number(0, 1),
    "gamma": _number(0),
    "max_depth": _integer(0),
    "min_child_weight": _number(0),
    "max_delta_step": _number(0),
    "subsample": _number(0, 1, low_open=True),
    "colsample_bytree": _number(0, 1, low_open=True),
    "colsample_bylevel": _number(0, 1, low_open=True),
    "colsample_bynode": _number(0, 1, low_open=True),
    "lambda": _number(0),
    "alpha": _number(0),
    "tree_method": _choice("auto", "exact", "approx", "hist", "gpu_hist"),
    "sketch_eps": _number(0, 1, low_open=True, high_open=True),
    "scale_pos_weight": _number(0, low_open=True),
    "updater": _list_of(
        *("grow_colmaker", "distcol", "grow_histmaker", "grow_skmaker", "grow_quantile_histmaker"),
        *("sync", "refresh", "prune", "shotgun", "coord_descent"),
    ),
    "dsplit": _choice("row", "col"),
    "refresh_leaf": _integer(0, 1),
    "process_type": _choice("default", "update"),
    "grow_policy": _choice("depthwise", "lossguide"),
    "max_leaves": _integer(0),
    "max_bin": _integer(0),
    "predictor": _choice("auto", "cpu_predictor", "gpu_predictor"),
    "monotone_constraints": Hyperparameter(_literal, Categories((-1, 0, 1)), each=True),
    "interaction_constraints": Hyperparameter(_literal, Interval(0)),
    "sample_type": _choice("uniform", "weighted"),
    "normalize_type": _choice("tree", "forest"),
    "rate_drop": _number(0, 1),
    "one_drop": _integer(0, 1),
    "skip_drop": _number(0, 1),
    "lambda_bias": _number(0, 1),
    "tweedie_variance_power": _number(1, 2, low_open=True, high_open=True),
    "objective": _choice(
        *("aft_loss_distribution", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson"),
        *("multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map", "reg:linear"),
        *("reg:squarederror", "reg:logistic", "reg:gamma", "reg:pseudohubererror", "reg:squaredlogerror"),
        *("reg:absoluteerror", "reg:tweedie", "survival:aft", "survival:cox"),
    ),
    "num_class": _integer(2),
    "base_score": _number(0),
    "_kfold": _integer(2),
    "_num_cv_round": _integer(1),
    "_tuning_objective_metric": _choice(*(f"validation:{name}" for name in sorted(MAXIMIZED | MINIMIZED))),
    "eval_metric": _list_of(*sorted(MAXIMIZED | MINIMIZED)),
    "seed": _integer(-(2**31), 2**31 - 1, low_open=True, high_open=True),
    "num_parallel_tree": _integer(1),
    "save_model_on_termination": _BOOLEAN,
    "aft_loss_distribution": _choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _number(0),
    "deterministic_histogram": _BOOLEAN,
    "sampling_method": _choice("uniform", "gradient_based"),
    "prob_buffer_row": _integer(1, low_open=True),
    "use_dask_gpu_training": _BOOLEAN,
}

REQUIRED = ("num_round",)


def validate(given: Mapping[str, str]) -> dict[str, Any]:
    """Return hyperparameters with their types, aliases resolved.

    Args:
        given: the request's strings. The toolkit's own (``sagemaker_…``) are left out.

    Raises:
        UserError: one is missing, unknown, of the wrong type, out of its range, or against another.
    """
    own = {
        ALIASES.get(name, name): value for name, value in given.items() if not name.startswith("sagemaker_")
    }
    for name in REQUIRED:
        if name not in own:
            raise UserError(f"Missing required hyperparameter: {name}")
    values = {name: _parsed(name, text) for name, text in own.items()}
    for name, value in values.items():
        _check_range(name, value)
    _check_together(values)
    return values


def _parsed(name: str, text: str) -> Any:
    if name not in HYPERPARAMETERS:
        raise UserError(f"Extraneous hyperparameter found: {name}")
    try:
        return HYPERPARAMETERS[name].parse(text)
    except ValueError as error:
        raise UserError(f"Hyperparameter {name}: could not parse value (caused by ValueError)") from error


def _check_range(name: str, value: Any) -> None:
    accepted = HYPERPARAMETERS[name].accepted
    if name == "eval_metric":
        for metric in value:
            _check_metric(metric)
    elif name == "interaction_constraints":
        if any(element not in accepted for outer in value for element in outer):
            raise UserError(f"Hyperparameter {name}: value {value} not in range {accepted}")
    elif HYPERPARAMETERS[name].each:
        if any(element not in accepted for element in value):
            raise UserError(f"Hyperparameter {name}: value {value} not in range {accepted}")
    elif value not in accepted:
        raise UserError(f"Hyperparameter {name}: {value} is not in {accepted}")


def _check_metric(metric: str) -> None:
    name, at, threshold = metric.partition("@")
    if not at:
        if metric not in MAXIMIZED | MINIMIZED:
            known = Categories(sorted(MAXIMIZED | MINIMIZED))
            raise UserError(f"Hyperparameter eval_metric: value {metric} not in range {known}")
        return
    if name.strip() not in {"error", "ndcg", "map"}:
        raise UserError(
            f"Metric '{metric}' is not supported. Parameter 'eval_metric' with customized threshold should "
            "be one of these options: 'error', 'ndcg', 'map'."
        )
    try:
        float(threshold)
    except ValueError as error:
        raise UserError(f"Threshold value 't' in '{name}@t' expects float input.") from error


def _check_together(values: Mapping[str, Any]) -> None:
    objective = values.get("objective")
    if objective in {"multi:softmax", "multi:softprob"} and "num_class" not in values:
        raise UserError("Require input for parameter 'num_class' for multi-classification")
    metrics = values.get("eval_metric", ())
    if objective is not None:
        if "auc" in metrics and not objective.startswith(("binary:", "rank:")):
            raise UserError("Metric 'auc' can only be applied for classification and ranking problems.")
        if "aft-nloglik" in metrics and objective != "survival:aft":
            raise UserError("Metric 'aft-nloglik' can only be applied for 'survival:aft' objective.")
    method = values.get("tree_method")
    if "monotone_constraints" in values and method not in {"exact", "hist"}:
        raise UserError(
            "monotone_constraints can be used only when the tree_method parameter is set to "
            "either 'exact' or 'hist'."
        )
    if "interaction_constraints" in values and method not in {"exact", "hist", "approx"}:
        raise UserError(
            "interaction_constraints can be used only when the tree_method parameter is set to "
            "either 'exact', 'hist' or 'approx'."
        )
    updater = values.get("updater", [])
    if values.get("booster") == "gblinear" and updater not in ([], ["shotgun"], ["coord_descent"]):
        raise UserError("Linear updater should be one of these options: 'shotgun', 'coord_descent'.")
    if values.get("process_type") == "update" and not set(updater) <= {"refresh", "prune"}:
        raise UserError("process_type 'update' can only be used with updater 'refresh' and 'prune'")
