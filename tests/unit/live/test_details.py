"""Why a step failed is told with the script's own line."""

from __future__ import annotations

from pipecell.live.details import failure

LOG = [
    "reading",
    "Traceback (most recent call last):",
    '  File "/opt/ml/code/train.py", line 7, in <module>',
    "    fit(rows)",
    '  File "/opt/ml/code/train.py", line 3, in fit',
    "    return rows / 0",
    "ZeroDivisionError: division by zero",
]


def test_the_error_comes_first_then_the_place() -> None:
    assert failure(LOG, "AlgorithmError: See job logs, exit code: 1") == {
        "reason": "ZeroDivisionError: division by zero",
        "line": 'File "/opt/ml/code/train.py", line 3, in fit\nreturn rows / 0',
    }


def test_a_reason_that_holds_the_traceback_is_enough() -> None:
    assert failure([], "AlgorithmError\n" + "\n".join(LOG))["reason"] == "ZeroDivisionError: division by zero"


def test_without_a_traceback_aws_s_reason_stands_alone() -> None:
    assert failure(["some line"], "ClientError: no such image") == {
        "reason": "ClientError: no such image",
        "line": "",
    }
