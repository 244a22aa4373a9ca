"""The census scripts, run bare: no leak between the splits, honest numbers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SPLITS = ("train", "validation", "test")
ROWS = 6_000


def run(script: str, base: Path) -> str:
    command = [sys.executable, str(NOTEBOOKS / "code" / script), "--base", str(base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sample(lines: int) -> list[list[str]]:
    """Return the header and the first rows of the shipped data."""
    with gzip.open(NOTEBOOKS / "data" / "census.csv.gz", "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        return [next(reader) for _ in range(lines + 1)]


def write(base: Path, table: list[list[str]]) -> None:
    (base / "input").mkdir(parents=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    (base / "input" / "census.csv.gz").write_bytes(gzip.compress(text.getvalue().encode()))


def read(base: Path, split: str) -> list[list[float]]:
    with (base / split / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        return [[float(value) for value in row] for row in csv.reader(file)]


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("census")
    write(base, sample(ROWS))
    run("preprocessing.py", base)
    return base


def test_every_row_is_in_one_split(processed: Path) -> None:
    sizes = {split: len(read(processed, split)) for split in SPLITS}
    assert sum(sizes.values()) == ROWS
    assert sizes["train"] > sizes["validation"] > 0
    assert sizes["test"] > 0


def test_no_answers_are_in_two_splits(processed: Path) -> None:
    seen = {split: {tuple(row[2:]) for row in read(processed, split)} for split in SPLITS}
    # Words that training never saw share the code -1, so only rows without one can be told apart here.
    known = {split: {row for row in rows if -1 not in row} for split, rows in seen.items()}
    assert known["train"] & known["test"] == set()
    assert known["train"] & known["validation"] == set()
    assert known["validation"] & known["test"] == set()


def test_the_label_comes_first_then_the_weight_and_neither_again(processed: Path) -> None:
    table = sample(ROWS)
    columns = json.loads((processed / "encoder" / "features.json").read_text(encoding="utf-8"))["columns"]
    assert set(table[0]) - set(columns) == {"income", "instance_weight", "year"}
    rows = [row for split in SPLITS for row in read(processed, split)]
    assert {len(row) for row in rows} == {2 + len(columns)}
    assert {row[0] for row in rows} == {0.0, 1.0}
    train = [row[1] for row in read(processed, "train")]
    assert sum(train) / len(train) == pytest.approx(1, abs=1e-4)


def test_words_are_learned_from_train_alone(processed: Path) -> None:
    learned = json.loads((processed / "encoder" / "features.json").read_text(encoding="utf-8"))
    column = learned["columns"].index("state_of_previous_residence") + 2
    known = len(learned["words"]["state_of_previous_residence"])
    assert {row[column] for row in read(processed, "train")} == set(map(float, range(known)))


def test_the_order_of_the_rows_does_not_move_them_between_splits(processed: Path, tmp_path: Path) -> None:
    header, *rows = sample(ROWS)
    random.Random(1).shuffle(rows)
    write(tmp_path, [header, *rows])
    run("preprocessing.py", tmp_path)
    for split in SPLITS:
        assert sorted(read(tmp_path, split)) == sorted(read(processed, split))


def test_no_data_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    command = [sys.executable, str(NOTEBOOKS / "code" / "preprocessing.py"), "--base", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("no .csv or .csv.gz in ")


def train(base: Path) -> None:
    """Fit a small model, and pack it as SageMaker does."""
    xgboost = pytest.importorskip("xgboost")
    numpy = pytest.importorskip("numpy")
    table = numpy.array(read(base, "train"))
    matrix = xgboost.DMatrix(table[:, 2:], table[:, 0], weight=table[:, 1])
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 4}, matrix, 20)
    (base / "model").mkdir(exist_ok=True)
    content = bytes(booster.save_raw("ubj"))
    entry = tarfile.TarInfo("xgboost-model")
    entry.size = len(content)
    with tarfile.open(base / "model" / "model.tar.gz", "w:gz") as tar:
        tar.addfile(entry, io.BytesIO(content))


def test_evaluation_reports_the_metrics_beside_the_baseline(processed: Path) -> None:
    train(processed)
    printed = run("evaluation.py", processed)
    report = json.loads((processed / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))
    metrics = report["binary_classification_metrics"]
    assert set(metrics) == {"accuracy", "auc", "average_precision", "majority_class_accuracy"}
    assert set(metrics) == {line.split(":")[0] for line in printed.splitlines()}
    rows = read(processed, "test")
    negatives = sum(row[1] for row in rows if row[0] == 0) / sum(row[1] for row in rows)
    assert metrics["majority_class_accuracy"]["value"] == pytest.approx(negatives, abs=1e-6)
    assert metrics["auc"]["value"] > 0.85
    assert metrics["average_precision"]["value"] > 3 * (1 - negatives)
    assert all(0 < metric["standard_deviation"] < 0.1 for metric in metrics.values())
