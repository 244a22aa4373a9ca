"""The census pipeline through the local endpoint, beside its scripts run bare one after another."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.bench import fresh
from tests.bench.row import Row

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

# What the built-in XGBoost is asked to do, without anything around it.
TRAIN = """
import io, sys, tarfile
from pathlib import Path
import numpy, pandas, xgboost
base = Path(sys.argv[1])
def matrix(name):
    table = pandas.read_csv(base / name / f"{name}.csv", header=None).to_numpy()
    return xgboost.DMatrix(table[:, 2:], table[:, 0], weight=table[:, 1])
settings = dict(objective="binary:logistic", eval_metric=["logloss", "auc"], max_depth=5, eta=0.2, gamma=4,
                min_child_weight=6, subsample=0.8)
train, validation = matrix("train"), matrix("validation")
watched = [(train, "train"), (validation, "validation")]
booster = xgboost.train(settings, train, 50, watched, verbose_eval=False)
content = bytes(booster.save_raw("ubj"))
entry = tarfile.TarInfo("xgboost-model")
entry.size = len(content)
(base / "model").mkdir()
with tarfile.open(base / "model" / "model.tar.gz", "w:gz") as tar:
    tar.addfile(entry, io.BytesIO(content))
"""


def bare(base: Path) -> float:
    """Run the three scripts as plain processes and return their seconds."""
    (base / "input").mkdir()
    shutil.copy(NOTEBOOKS / "data" / "census.csv.gz", base / "input")
    code = NOTEBOOKS / "code"
    started = time.perf_counter()
    for arguments in (
        [str(code / "preprocessing.py"), "--base", str(base)],
        ["-c", TRAIN, str(base)],
        [str(code / "evaluation.py"), "--base", str(base)],
    ):
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def through_the_endpoint(home: Path) -> float:
    """Run the notebook's pipeline as a shell would; return the seconds from its first step to its end.

    Raises:
        RuntimeError: it did not succeed.
    """
    env = fresh.environment(home)
    pipecell = [sys.executable, "-m", "pipecell.cli"]
    command = [*pipecell, "run", str(NOTEBOOKS / "01-census.ipynb"), "--wait", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    subprocess.run([*pipecell, "local", "stop"], env=env, check=True, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stderr)
    steps = json.loads(done.stdout)["steps"]
    started = min(datetime.fromisoformat(step["started"]) for step in steps)
    ended = max(datetime.fromisoformat(step["ended"]) for step in steps)
    return (ended - started).total_seconds()


def measure() -> list[Row]:
    """Run the pipeline once, then its scripts once."""
    with tempfile.TemporaryDirectory() as folder:
        ours = through_the_endpoint(Path(folder) / "home")
        base = Path(folder) / "bare"
        base.mkdir()
        theirs = bare(base)
    return [
        Row("census pipeline, 120,000 rows", ours, None, "its scripts, bare", theirs),
        Row("census pipeline, to its scripts run bare", ours / theirs, 1.2, unit="×"),
    ]
