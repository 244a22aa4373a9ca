"""Metrics that the container adds to XGBoost's own: accuracy, F1, precision, recall and others.

XGBoost hands them what a model of the objective predicts: probabilities, classes,
margins or numbers. (The container of XGBoost 3.0 takes probabilities for margins, so
that its accuracy is the share of positives; that is not followed.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipecell.definition.xgboost import UserError

CUSTOM = frozenset(
    {
        *("accuracy", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "mae", "mse", "rmse", "r2"),
        *("precision", "precision_macro", "precision_micro", "recall", "recall_macro", "recall_micro"),
    }
)

Evaluation = Callable[[Any, Any], list[tuple[str, float]]]


def split_metrics(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return XGBoost's own metrics and the container's, in the order given."""
    own = list(names)
    return [name for name in own if name not in CUSTOM], [name for name in own if name in CUSTOM]


def evaluation(names: list[str], objective: str) -> Evaluation | None:
    """Return the function that ``xgboost.train`` calls for the container's metrics, None without any.

    Args:
        names: of the container's metrics.
        objective: what is trained for.

    Raises:
        UserError: scikit-learn, which computes them, is not installed.
    """
    if not names:
        return None
    try:
        from sklearn import metrics
    except ImportError as error:
        raise UserError(
            f"The metrics {', '.join(names)} need scikit-learn: pip install scikit-learn"
        ) from error
    import numpy

    def classes_of(guess: Any) -> Any:
        if guess.ndim > 1:
            return numpy.argmax(guess, axis=-1)
        if objective == "multi:softmax":
            return guess
        return (guess > (0.0 if objective == "binary:logitraw" else 0.5)).astype(int)

    def evaluate(guess: Any, data: Any) -> list[tuple[str, float]]:
        labels = data.get_label()
        classes = classes_of(guess)
        scores: dict[str, Callable[[], float]] = {
            "accuracy": lambda: metrics.accuracy_score(labels, classes),
            "balanced_accuracy": lambda: metrics.balanced_accuracy_score(labels, classes),
            "f1": lambda: metrics.f1_score(labels, classes, average="macro"),
            "f1_binary": lambda: metrics.f1_score(labels, classes, average="binary"),
            "f1_macro": lambda: metrics.f1_score(labels, classes, average="macro"),
            "mae": lambda: metrics.mean_absolute_error(labels, guess),
            "mse": lambda: metrics.mean_squared_error(labels, guess),
            "rmse": lambda: metrics.mean_squared_error(labels, guess) ** 0.5,
            "r2": lambda: metrics.r2_score(labels, guess),
            "precision": lambda: metrics.precision_score(labels, classes),
            "precision_macro": lambda: metrics.precision_score(labels, classes, average="macro"),
            "precision_micro": lambda: metrics.precision_score(labels, classes, average="micro"),
            "recall": lambda: metrics.recall_score(labels, classes),
            "recall_macro": lambda: metrics.recall_score(labels, classes, average="macro"),
            "recall_micro": lambda: metrics.recall_score(labels, classes, average="micro"),
        }
        return [(name, float(scores[name]())) for name in names]

    return evaluate
