"""Measure the model on the test people, beside the answer that needs no model.

SageMaker runs this with the model in ``/opt/ml/processing/model`` and the test set in
``/opt/ml/processing/test``; for a try-out of your own:

    python code/evaluation.py --base /tmp/census

Writes ``evaluation/evaluation.json`` in the form that SageMaker's model registry shows. Every number counts
each row with its survey weight: it speaks of the population, not of the sample.
"""

import argparse
import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

RESAMPLES = 30


def load_model(archive):
    """Return the booster in SageMaker's ``model.tar.gz``."""
    with tarfile.open(archive) as tar:
        content = tar.extractfile("xgboost-model").read()
    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    return booster


def measure(label, probability, weight):
    """Return the metrics of one set of rows."""
    positive_share = np.average(label, weights=weight)
    return {
        "accuracy": accuracy_score(label, probability >= 0.5, sample_weight=weight),
        "auc": roc_auc_score(label, probability, sample_weight=weight),
        "average_precision": average_precision_score(label, probability, sample_weight=weight),
        # What "nobody earns over 50,000 $" scores: accuracy says something only above it.
        "majority_class_accuracy": max(positive_share, 1 - positive_share),
    }


def main():
    """Load, predict, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base

    test = pd.read_csv(base / "test" / "test.csv", header=None).to_numpy()
    label, weight, features = test[:, 0].astype(int), test[:, 1], test[:, 2:]
    probability = load_model(base / "model" / "model.tar.gz").predict(xgboost.DMatrix(features))

    # How much would each number move with another sample of people? (bootstrap)
    draw = np.random.RandomState(0)
    resampled = [
        measure(label[rows], probability[rows], weight[rows])
        for rows in (draw.randint(0, len(label), len(label)) for _ in range(RESAMPLES))
    ]
    metrics = {}
    for name, value in measure(label, probability, weight).items():
        deviation = float(np.std([sample[name] for sample in resampled]))
        metrics[name] = {"value": round(float(value), 6), "standard_deviation": round(deviation, 6)}
    (base / "evaluation").mkdir(parents=True, exist_ok=True)
    report = json.dumps({"binary_classification_metrics": metrics}, indent=2)
    (base / "evaluation" / "evaluation.json").write_text(report, encoding="utf-8")
    for name, metric in metrics.items():
        print(f"{name}: {metric['value']:.4f} ± {metric['standard_deviation']:.4f}")


if __name__ == "__main__":
    main()
