"""What happens after each round of boosting, in a fixed order, and the line that it prints.

``xgboost.train`` keeps its callbacks in a set: which of them runs after the one that
stops the training is chance. So there is one callback here, and it calls in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipecell.local.runtimes.xgboost_library import xgboost_library

Value = float | tuple[float, float]
"""Of a metric; of cross-validation its mean and standard deviation."""

Results = Mapping[str, Mapping[str, Sequence[Value]]]
"""Channel → metric → its value after each round."""

AfterRound = Callable[[Any, int, Results], None]


def after_each_round(steps: Sequence[AfterRound], stopping: Any = None) -> Any:
    """Return a callback that calls every step with model, round and results so far.

    Args:
        steps: called in this order.
        stopping: an ``xgboost.callback.EarlyStopping`` that decides last, or None.
    """
    base: Any = xgboost_library().callback.TrainingCallback

    class AfterEachRound(base):  # type: ignore[misc]
        def before_training(self, model: Any) -> Any:
            return model if stopping is None else stopping.before_training(model)

        def after_iteration(self, model: Any, epoch: int, evals_log: Results) -> bool:
            for step in steps:
                step(model, epoch, evals_log)
            return stopping is not None and bool(stopping.after_iteration(model, epoch, evals_log))

        def after_training(self, model: Any) -> Any:
            return model if stopping is None else stopping.after_training(model)

    return AfterEachRound()


def round_line(number: int, results: Results) -> str:
    """Return the line of one round: the newest value of each metric on each channel."""
    parts = [
        f"{data}-{name}:{_last(values):.5f}"
        for data, metrics in results.items()
        for name, values in metrics.items()
    ]
    return "\t".join([f"[{number}]", *parts])


def _last(values: Sequence[Value]) -> float:
    newest = values[-1]
    return float(newest[0] if isinstance(newest, tuple) else newest)
