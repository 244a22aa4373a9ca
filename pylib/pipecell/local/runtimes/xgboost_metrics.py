"""Metrics that the container adds to XGBoost's own: accuracy, F1, precision, recall and others.

They see raw margins, as in the container from version 1.2 on: a class is the sign of
a margin, or the largest of several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipecell.local.runtimes.xgboost_hyperparameters import UserError

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


def evaluation(names: list[str]) -> Evaluation | None:
    """Return the function that ``xgboost.train`` calls for the container's metrics, None without any.

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

    def evaluate(margins: Any, data: Any) -> list[tuple[str, float]]:
        labels = data.get_label()
        several = margins.ndim > 1
        classes = numpy.argmax(margins, axis=-1) if several else (margins > 0.0).astype(int)
        scores: dict[str, Callable[[], float]] = {
            "accuracy": lambda: metrics.accuracy_score(labels, classes),
            "balanced_accuracy": lambda: metrics.balanced_accuracy_score(labels, classes),
            "f1": lambda: metrics.f1_score(labels, classes, average="macro"),
            "f1_binary": lambda: metrics.f1_score(labels, classes, average="binary"),
            "f1_macro": lambda: metrics.f1_score(labels, classes, average="macro"),
            "mae": lambda: metrics.mean_absolute_error(labels, margins),
            "mse": lambda: metrics.mean_squared_error(labels, margins),
            "rmse": lambda: metrics.mean_squared_error(labels, margins) ** 0.5,
            "r2": lambda: metrics.r2_score(labels, margins),
            "precision": lambda: metrics.precision_score(labels, classes),
            "precision_macro": lambda: metrics.precision_score(labels, classes, average="macro"),
            "precision_micro": lambda: metrics.precision_score(labels, classes, average="micro"),
            "recall": lambda: metrics.recall_score(labels, classes),
            "recall_macro": lambda: metrics.recall_score(labels, classes, average="macro"),
            "recall_micro": lambda: metrics.recall_score(labels, classes, average="micro"),
        }
        return [(name, float(scores[name]())) for name in names]

    return evaluate
