"""SageMaker's built-in XGBoost algorithm, in the user's Python.

It reads what the container reads (``/opt/ml/input/config``, the channels ``train`` and
``validation``), checks as it checks, prints as it prints and writes ``xgboost-model``
as it does. Runs in the job's process; needs xgboost and numpy, pyarrow for parquet, and
scikit-learn for cross validation and the container's own metrics.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

from pipecell.definition.xgboost import MAXIMIZED, UserError, validate
from pipecell.local.runtimes.xgboost_container import Container, Data
from pipecell.local.runtimes.xgboost_data import check_channels, data_files, has_header, load
from pipecell.local.runtimes.xgboost_folds import cross_validate
from pipecell.local.runtimes.xgboost_library import xgboost_library
from pipecell.local.runtimes.xgboost_metrics import evaluation, split_metrics
from pipecell.local.runtimes.xgboost_model import MODEL_NAME, write_model
from pipecell.local.runtimes.xgboost_rounds import AfterRound, Results, after_each_round, round_line

CHECKPOINT_NAME = "xgboost-checkpoint"
KEPT_CHECKPOINTS = 5

CUSTOMER_ERRORS = (
    "label must be in [0,1] for logistic regression",
    "label must be in [0, num_class)",
    "Target is multiclass but average='binary'",
    "feature_names mismatch",
    "Check failed: preds.size() == info.labels_.size()",
    "the dataset only contains pos or neg samples",
    "base_score must be in (0,1) for logistic loss",
    "label must be nonnegative",
    "Parameter reg_lambda should be greater equal to 0",
)
"""Complaints of XGBoost that are about the user's data."""


def main(version: str) -> None:
    """Train, in a job's process; exit 0, or 1 with the reason in ``/opt/ml/output/failure``.

    Args:
        version: of the image, for example ``1.7.1``.
    """
    log(f"Running XGBoost Sagemaker in algorithm mode, with xgboost {xgboost_library().__version__}")
    try:
        train(Container(os.environ), tuple(int(part) for part in version.split(".") if part))
    except UserError as error:
        _fail(f"sagemaker_algorithm_toolkit.exceptions.UserError: {error}")
    except xgboost_library().core.XGBoostError as error:
        words = str(error).partition("\nStack trace:")[0]
        kind = "UserError" if any(known in words for known in CUSTOMER_ERRORS) else "AlgorithmError"
        _fail(
            f"sagemaker_algorithm_toolkit.exceptions.{kind}: XGB train call failed with exception:\n {words}"
        )
    log("Reporting training SUCCESS")


def train(container: Container, version: tuple[int, ...]) -> None:
    """Train on the channels and write the model.

    Args:
        container: what to train on and where to write.
        version: of the image; decides the model's form.

    Raises:
        UserError: hyperparameters, channels or data are not what the algorithm takes.
    """
    parameters = validate(container.hyperparameters)
    form = check_channels(container.channels)
    if "updater" in parameters:
        parameters["updater"] = ",".join(parameters["updater"])
    weights = bool(parameters.pop("csv_weights", 0))
    parameters.pop("use_dask_gpu_training", None)
    _warn_of_headers(container, form)
    data = _load(container, form, weights=weights)
    log("Single node training.")
    log(f"Train matrix has {data.training.num_row()} rows and {data.training.num_col()} columns")
    if data.validation is not None:
        log(f"Validation matrix has {data.validation.num_row()} rows")
    Training(container, version, parameters, data).run()


def _load(container: Container, form: str, *, weights: bool) -> Data:
    matrices: dict[str, Any] = {}
    for name, called in (("train", "training"), ("validation", "validation")):
        if name in container.data:
            matrices[name] = load([container.data[name]], form, log, weights=weights)
            if matrices[name] is None:
                raise UserError(f"No data in {called} channel path {container.data[name]}")
    return Data(matrices["train"], matrices.get("validation"), form, weights)


class Training:
    """One training with parameters and data that are known to be right.

    Args:
        container: as in `train`.
        version: as in `train`.
        parameters: validated.
        data: loaded.
    """

    def __init__(
        self, container: Container, version: tuple[int, ...], parameters: dict[str, Any], data: Data
    ) -> None:
        self.container = container
        self.version = version
        self.data = data
        self.rounds = parameters.pop("num_round")
        self.folds = parameters.pop("_kfold", None)
        self.repeats = parameters.pop("_num_cv_round", 1)
        self._save_often = parameters.pop("save_model_on_termination", "false") == "true"
        self._stop_after = parameters.pop("early_stopping_rounds", None)
        tuned = parameters.pop("_tuning_objective_metric", None)
        self._metrics = list(parameters.pop("eval_metric", []))
        self._tuned = tuned.partition(":")[2] if tuned else None
        if self._tuned and self._tuned not in self._metrics:
            self._metrics = sorted({*self._metrics, self._tuned})
        own, custom = split_metrics(self._metrics)
        if own:
            parameters["eval_metric"] = own
        self._evaluation = evaluation(custom, parameters.get("objective", "reg:squarederror"))
        self.parameters = parameters

    def run(self) -> None:
        """Train and write the model, or one model for each fold."""
        if self.folds is None:
            self.write(self.fit(self.data.training), MODEL_NAME)
            return
        for number, booster in enumerate(cross_validate(self, log)):
            self.write(booster, f"{MODEL_NAME}-{number}")

    def fit(self, data: Any, *, fold: int | None = None, results: dict[str, Any] | None = None) -> Any:
        """Return a booster trained on ``data``, watched on both channels.

        Args:
            data: a DMatrix.
            fold: number of the fold; its checkpoints and models carry it.
            results: filled with the metrics of every round.
        """
        watched = [(self.data.training, "train")]
        if self.data.validation is not None:
            watched.append((self.data.validation, "validation"))
        name = MODEL_NAME if fold is None else f"{MODEL_NAME}-{fold}"
        earlier, done = self._checkpoint()
        return xgboost_library().train(
            self.parameters,
            data,
            num_boost_round=self.rounds - done,
            evals=watched,
            custom_metric=self._evaluation,
            evals_result=results,
            callbacks=[after_each_round(self._steps(name, done), self._stopping())],
            xgb_model=earlier,
            verbose_eval=False,
        )

    def write(self, booster: Any, name: str) -> None:
        """Write a model into the model folder."""
        self.container.model.mkdir(parents=True, exist_ok=True)
        write_model(booster, self.container.model / name, self.version, log)

    def _steps(self, name: str, done: int) -> list[AfterRound]:
        """Return what is done after each round; ``done`` rounds were in the checkpoint."""

        def report(_: Any, epoch: int, results: Results) -> None:
            print(round_line(done + epoch, results), flush=True)  # noqa: T201 - this is the job's log

        steps: list[AfterRound] = [report]
        if self.container.checkpoints is not None and self.folds is None:
            steps.append(lambda model, epoch, _: self._write_checkpoint(model, done + epoch))
        if self._save_often:
            steps.append(lambda model, *_: self._write_intermediate(model, name))
            signal.signal(signal.SIGTERM, self._leave)
        return steps

    def _stopping(self) -> Any:
        metric = self._tuned or (self._metrics[-1] if self._metrics else None)
        if not (self._stop_after and metric and self.data.validation is not None):
            return None
        return xgboost_library().callback.EarlyStopping(
            rounds=self._stop_after,
            data_name="validation",
            metric_name=metric,
            maximize=metric.partition("@")[0] in MAXIMIZED,
            save_best=True,
        )

    def _write_intermediate(self, model: Any, name: str) -> None:
        """Write the model after a round, so that a stopped job has one."""
        temporary = self.container.model / f".{name}.part"
        self.container.model.mkdir(parents=True, exist_ok=True)
        write_model(model, temporary, self.version, lambda line: None)
        temporary.replace(self.container.model / name)

    def _leave(self, number: int, frame: object) -> None:
        for path in self.container.model.iterdir():
            if path.is_file() and not path.name.startswith(MODEL_NAME):
                path.unlink()
        os._exit(0)

    def _checkpoint(self) -> tuple[str | None, int]:
        """Return the newest checkpoint and how many rounds it holds."""
        found = _numbered_checkpoints(self.container.checkpoints)
        if not found or self.folds is not None:
            return None, 0
        number, path = found[-1]
        log(f"Checkpoint loaded from {path}")
        log(f"Resuming from iteration {number + 1}")
        return str(path), min(number + 1, self.rounds)

    def _write_checkpoint(self, model: Any, number: int) -> None:
        folder = self.container.checkpoints
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f"{CHECKPOINT_NAME}.part"
        temporary.write_bytes(bytes(model.save_raw("ubj")))
        temporary.replace(folder / f"{CHECKPOINT_NAME}.{number}")
        for _, path in _numbered_checkpoints(folder)[:-KEPT_CHECKPOINTS]:
            path.unlink()


def log(line: str) -> None:
    """Print a line as the container's logger does."""
    print(time.strftime("[%Y-%m-%d:%H:%M:%S:INFO]"), line, flush=True)  # noqa: T201 - this is the job's log


def _warn_of_headers(container: Container, form: str) -> None:
    if form != "csv":
        return
    for name, folder in container.data.items():
        if name == "code":
            continue
        titled = [path for path in data_files(folder) if Path(path).stat().st_size and has_header(path)]
        if titled:
            log(
                f"WARNING: {Path(titled[0]).name} in channel {name} starts with a line that holds no number: "
                "CSV data must have no header, and the label in the first column. "
                "The line is read as a row of data."
            )


def _numbered_checkpoints(folder: Path | None) -> list[tuple[int, Path]]:
    """Return the checkpoints of a folder, oldest first."""
    if folder is None or not folder.is_dir():
        return []
    pattern = re.compile(rf"{CHECKPOINT_NAME}\.(\d+)")
    named = [(pattern.fullmatch(path.name), path) for path in folder.iterdir()]
    return sorted((int(match[1]), path) for match, path in named if match)


def _fail(reason: str) -> None:
    folder = Path(os.environ["SM_OUTPUT_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(f"framework error: \n{reason}")
    log("Reporting training FAILURE")
    print(reason, file=sys.stderr, flush=True)  # noqa: T201 - this is the job's log
    sys.exit(1)
