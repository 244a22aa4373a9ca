"""Cross validation of the built-in XGBoost algorithm (``_kfold``, ``_num_cv_round``).

Training and validation data are read together and split; each fold gives one model,
and every row's prediction by the models that did not see it goes to
``predictions.csv`` in the job's output data: label, prediction, and for
classification probability and majority class.
"""

from __future__ import annotations

from typing import Any, Protocol

from pipecell.definition.xgboost import UserError
from pipecell.local.runtimes.xgboost_container import Container, Data
from pipecell.local.runtimes.xgboost_data import Log, load

PREDICTIONS = "predictions.csv"


class Training(Protocol):
    """What is trained once for each fold.

    Attributes:
        container: where predictions go.
        data: all of what is trained on.
        parameters: XGBoost's own, validated.
        rounds: of boosting.
        folds: parts that the data is cut into.
        repeats: how often it is cut.
    """

    container: Container
    data: Data
    parameters: dict[str, Any]
    rounds: int
    folds: Any
    repeats: int

    def fit(self, data: Any, *, fold: int | None = None, results: dict[str, Any] | None = None) -> Any:
        """Return a booster trained on ``data``."""


def cross_validate(training: Training, log: Log) -> list[Any]:
    """Return the boosters of all folds of all rounds.

    Raises:
        UserError: scikit-learn, which makes the folds, is not installed.
    """
    try:
        from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold
    except ImportError as error:
        raise UserError("Cross validation needs scikit-learn: pip install scikit-learn") from error
    import numpy

    data = _all_data(training, log)
    rows = data.num_row()
    labels = data.get_label()
    objective = training.parameters.get("objective", "")
    classes = "num_class" in training.parameters or objective.startswith("binary:")
    log(f"Run {training.repeats}-round of {training.folds}-fold cross validation with {rows} rows")
    splitter = RepeatedStratifiedKFold if classes else RepeatedKFold
    folds = splitter(n_splits=training.folds, n_repeats=training.repeats)
    predictions = numpy.zeros((rows, training.repeats))
    chosen = numpy.zeros((rows, training.repeats))
    boosters: list[Any] = []
    results: list[dict[str, Any]] = []
    for seen, unseen in folds.split(X=numpy.zeros(rows), y=labels if classes else None):
        repeat, fold = divmod(len(boosters), training.folds)
        log(f"Train cross validation fold {fold + 1}")
        history: dict[str, Any] = {}
        booster = training.fit(data.slice(seen), fold=len(boosters), results=history)
        guess = booster.predict(data.slice(unseen))
        if guess.ndim > 1:
            chosen[unseen, repeat] = numpy.argmax(guess, axis=-1)
            guess = guess.max(axis=-1)
        else:
            chosen[unseen, repeat] = guess > 0.5  # noqa: PLR2004 - the container's threshold
        predictions[unseen, repeat] = guess
        boosters.append(booster)
        results.append(history)
        if fold + 1 == training.folds:
            log(f"The metrics of round {repeat + 1} cross validation")
            print(mean_line(training.rounds, results[-training.folds :]), flush=True)  # noqa: T201 - the job's log
    if training.repeats > 1:
        log(f"The overall metrics of {training.repeats}-round cross validation")
        print(mean_line(training.rounds, results), flush=True)  # noqa: T201 - the job's log
    columns = [labels, predictions.mean(axis=1)]
    if classes:
        columns.append(_majority(chosen))
    training.container.output.mkdir(parents=True, exist_ok=True)
    path = training.container.output / PREDICTIONS
    log(f"Storing predictions on validation set(s) in {path}")
    numpy.savetxt(path, numpy.vstack(columns).T, delimiter=",", fmt="%f")
    return boosters


def mean_line(rounds: int, results: list[dict[str, Any]]) -> str:
    """Return the line of the metrics' means over folds."""
    parts = [f"[{rounds}]"]
    for metric in results[0]["train"]:
        for data in results[0]:
            values = [history[data][metric][-1] for history in results]
            parts.append(f"{data}-{metric}:{sum(values) / len(values):.5f}")
    return "\t".join(parts)


def _all_data(training: Training, log: Log) -> Any:
    folders = [
        training.container.data[name] for name in ("train", "validation") if name in training.container.data
    ]
    return load(folders, training.data.form, log, weights=training.data.weights)


def _majority(chosen: Any) -> Any:
    import numpy

    return numpy.array([numpy.bincount(row.astype(int)).argmax() for row in chosen], dtype=float)
