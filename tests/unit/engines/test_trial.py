from __future__ import annotations

import json
from typing import Any

import pytest

from pipecell.engines.trial import Trial, read_trial
from pipecell.view.trial import to_html, to_text


def trial(answer: dict[str, Any], **more: Any) -> Trial:
    return read_trial(
        answer,
        **{"state": "Ask", "kind": "Task", "target": "local", "mocked": False, "given": {"q": 1}, **more},
    )


SEEN = {
    "input": '{"q": 1}',
    "afterInputPath": '{"q": 1}',
    "afterParameters": '{"p": 1}',
    "result": '{"r": 2}',
    "afterResultPath": '{"q": 1, "r": 2}',
    "variables": '{"v": 3}',
}
GOOD = {"status": "SUCCEEDED", "nextState": "Next", "output": '{"q": 1, "r": 2}', "inspectionData": SEEN}


def test_stages_in_the_order_of_the_data() -> None:
    found = trial(GOOD)
    assert [(stage.name, stage.changed) for stage in found.stages] == [
        ("input", True), ("InputPath", False), ("Parameters", True), ("result", True), ("ResultPath", True),
        ("output", False), ("variables", True),
    ]  # fmt: skip
    assert (found.output, found.next_state) == ({"q": 1, "r": 2}, "Next")
    assert json.loads(json.dumps(found.to_json()))["stages"][0] == {"name": "input", "value": {"q": 1}}


def test_text_says_first_how_it_went() -> None:
    lines = to_text(trial(GOOD)).splitlines()
    assert lines[:3] == ["✓ Ask succeeded → Next", '  input       {"q": 1}', "  InputPath   unchanged"]


def test_the_headers_of_a_call_are_left_out() -> None:
    answer = {**GOOD, "output": json.dumps({"Payload": 1, "SdkHttpMetadata": {"HttpStatusCode": 200}})}
    assert '{"Payload": 1, "SdkHttpMetadata": "…"}' in to_text(trial(answer))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("FAILED", "✕ Ask failed (E: why) · mocked"),
        ("CAUGHT_ERROR", "↷ Ask failed, and the error was caught (E: why) · mocked"),
        ("RETRIABLE", "↻ Ask failed, and would be tried again (E: why) · mocked"),
    ],
)
def test_failures(status: str, words: str) -> None:
    found = trial({"status": status, "error": "E", "cause": "why"}, mocked=True)
    assert to_text(found).splitlines() == [words, '  input  {"q": 1}']


def test_text_of_users_never_becomes_html() -> None:
    answer = {**GOOD, "output": json.dumps({"<b>": "</pre><script>"}), "nextState": "<i>"}
    assert "<script>" not in to_html(trial(answer))
    assert "&lt;i&gt;" in to_html(trial(answer))
