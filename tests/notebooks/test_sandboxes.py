"""The census runs under every kind of sandbox that the machine can do, with the same result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.work.sandbox import KINDS, candidates, works

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01-census.ipynb"
STEPS = ["CensusProcess", "CensusTrain", "CensusEval", "CheckAccuracy", "CensusRegister-RegisterModel"]


def pipecell(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pipecell.cli", *arguments],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_census_succeeds(kind: str, env: dict[str, str]) -> None:
    if not any(works(sandbox) for sandbox in candidates(kind)):
        pytest.skip(f"this machine cannot do {kind}")
    env["PIPECELL_SANDBOX"] = kind
    run: dict[str, Any] = json.loads(pipecell(env, "run", str(NOTEBOOK), "--wait", "--json"))
    assert run["status"] == "Succeeded"
    assert [step["name"] for step in run["steps"]] == STEPS
    assert {step["status"] for step in run["steps"]} == {"Succeeded"}
    log = pipecell(env, "logs", run["execution_arn"], "CensusEval")
    assert "accuracy: 0.95" in log
    assert ("/opt/ml is replaced" in log) is (kind == "rewrite")
