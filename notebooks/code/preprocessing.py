"""Split the census into train, validation and test, and turn its words into numbers.

SageMaker runs this with the data in ``/opt/ml/processing/input``; for a try-out of your own:

    python code/preprocessing.py --base /tmp/census     # reads /tmp/census/input/*.csv.gz

Writes ``train/train.csv``, ``validation/validation.csv`` and ``test/test.csv`` as SageMaker's built-in
XGBoost wants them (no header; label, survey weight, features) and ``encoder/features.json``, which says
what each column is.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OrdinalEncoder

LABEL, POSITIVE = "income", "50000+."
WEIGHT = "instance_weight"
# The survey's wave (94 or 95) says nothing about people whom a model will see later.
LEFT_OUT = [LABEL, WEIGHT, "year"]
NUMBERS = [
    "age",
    "wage_per_hour",
    "capital_gains",
    "capital_losses",
    "dividends_from_stocks",
    "num_persons_worked_for_employer",
    "weeks_worked_in_year",
]
SHARES = {"train": 0.70, "validation": 0.15, "test": 0.15}


def read(folder):
    """Read every ``.csv`` or ``.csv.gz`` of a folder; values stay text, because "NA" is an answer here."""
    files = sorted(path for path in folder.iterdir() if path.name.endswith((".csv", ".csv.gz")))
    if not files:
        raise SystemExit(f"no .csv or .csv.gz in {folder}")
    return pd.concat([pd.read_csv(path, dtype=object, keep_default_na=False) for path in files])


def split_by_answers(answers):
    """Return each row's split, drawn from its answers alone.

    More than one row in five repeats another's answers to every question. The answers decide the split, so
    repeated rows stay together and no row of test was seen in training; nor does a row move when the data
    grows.
    """
    drawn = pd.util.hash_pandas_object(answers, index=False).to_numpy() / 2.0**64
    borders = np.cumsum(list(SHARES.values()))[:-1]
    return np.array(list(SHARES))[np.searchsorted(borders, drawn, side="right")]


def main():
    """Read, split, fit on train only, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base

    data = read(base / "input")
    features = [column for column in data.columns if column not in LEFT_OUT]
    words = [column for column in features if column not in NUMBERS]
    label = (data[LABEL] == POSITIVE).astype(int).to_numpy()
    weight = data[WEIGHT].astype(float).to_numpy()
    split = split_by_answers(data[features])
    data[NUMBERS] = data[NUMBERS].apply(pd.to_numeric, errors="coerce")
    in_train = split == "train"

    encoder = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), NUMBERS),
            # A word that training never saw becomes -1; "?" (not asked) is an answer like any other.
            ("words", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), words),
        ]
    ).fit(data.loc[in_train, features])
    # A mean of 1 keeps the meaning of XGBoost's gamma and min_child_weight.
    unit = weight[in_train].mean()

    repeated = int(data.duplicated(features).sum())
    print(f"{len(data):,} rows, {len(features)} features; {repeated:,} rows repeat another's answers")
    for name in SHARES:
        rows = split == name
        values = pd.DataFrame(encoder.transform(data.loc[rows, features]))
        table = values.apply(pd.to_numeric, downcast="integer")  # "38", not "38.0": half the bytes
        table.insert(0, WEIGHT, (weight[rows] / unit).round(6))
        table.insert(0, LABEL, label[rows])
        (base / name).mkdir(parents=True, exist_ok=True)
        table.to_csv(base / name / f"{name}.csv", header=False, index=False)
        share = np.average(label[rows], weights=weight[rows])
        print(f"{name}: {int(rows.sum()):,} rows; {share:.1%} of their people earn over 50,000 $")

    medians = encoder.named_transformers_["numbers"].statistics_.tolist()
    known = [categories.tolist() for categories in encoder.named_transformers_["words"].categories_]
    learned = {
        "columns": NUMBERS + words,
        "medians": dict(zip(NUMBERS, medians)),
        "words": dict(zip(words, known)),
    }
    (base / "encoder").mkdir(parents=True, exist_ok=True)
    (base / "encoder" / "features.json").write_text(json.dumps(learned, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
