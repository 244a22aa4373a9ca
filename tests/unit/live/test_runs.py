"""A run on the stage tells only what changed, in order, and never makes a message wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pipecell.engines.engine import StepSnapshot
from pipecell.engines.monitor import Monitor
from pipecell.execution import Execution
from pipecell.live import Screen
from pipecell.live.runs import RunStage, console_url, failure_of
from tests.unit.engines.fakes import FakeEngine, snapshot

DEADLINE = 60.0


class Page:
    """Stands where the widget goes: keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []
        self.changed = threading.Condition()

    def tell(self, event: Mapping[str, Any]) -> None:
        with self.changed:
            self.told.append(event)
            self.changed.notify_all()

    def wait_for(self, kind: str, **fields: Any) -> Mapping[str, Any]:
        def found() -> list[Mapping[str, Any]]:
            return [
                event
                for event in self.told
                if event["type"] == kind
                and all((event.get("run") or {}).get(name) == value for name, value in fields.items())
            ]

        with self.changed:
            assert self.changed.wait_for(lambda: bool(found()), DEADLINE), self.told
            return found()[-1]


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


def staged(monitor: Monitor, monkeypatch: pytest.MonkeyPatch, *looks: Any) -> tuple[RunStage, Page]:
    page = Page()
    monkeypatch.setattr(RunStage, "tell", lambda _, event: page.tell(event))
    screen = Screen()
    execution = Execution(FakeEngine(*looks), "arn", monitor=monitor, screen=screen)
    return screen.stage(execution), page


def test_the_end_of_a_run_is_told_as_a_delta(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    done = StepSnapshot("Prepare", "Processing", "Succeeded", 1.0, 3.0)
    stage, page = staged(
        monitor, monkeypatch, snapshot("Executing"), snapshot("Succeeded", ended=4.0, steps=(done,))
    )
    event = page.wait_for("delta", status="Succeeded")
    assert event["run"]["ended"] == 3.0
    assert [0, "Succeeded", 0.0, 2.0] in event["steps"]
    stage.close()


def test_a_page_that_says_hello_gets_the_whole_document(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, page = staged(monitor, monkeypatch, snapshot("Succeeded", ended=4.0))
    stage.asked({"type": "hello"})
    document = page.wait_for("document")["document"]
    assert [node["id"] for node in document["scene"]["nodes"]] == ["Prepare", "Train"]
    stage.close()


def test_a_request_that_nobody_knows_is_ignored(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, page = staged(monitor, monkeypatch, snapshot("Succeeded", ended=4.0))
    stage.asked({"type": "explode"})
    stage.asked({"type": "hello"})
    page.wait_for("document")
    stage.close()


def test_stop_is_done_and_said(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, page = staged(monitor, monkeypatch, snapshot("Executing"))
    stage.asked({"type": "act", "action": "stop"})
    assert page.wait_for("said")["text"] == "Stopping."
    page.wait_for("delta", status="Stopped")
    stage.close()


def test_the_failed_step_says_why_a_run_failed() -> None:
    why = "AlgorithmError\nKeyError: 'x'"
    step = StepSnapshot("Train", "Training", "Failed", 1.0, 2.0, failure_reason=why)
    failed = snapshot("Failed", steps=(step,), failure_reason="Step failure")
    assert failure_of(failed) == "Train: KeyError: 'x'"
    assert failure_of(snapshot("Failed", steps=(), failure_reason="Step failure")) == "Step failure"


@pytest.mark.parametrize(
    ("arn", "begins"),
    [
        (
            "arn:aws:states:eu-west-1:123456789012:execution:m:e",
            "https://eu-west-1.console.aws.amazon.com/states/",
        ),
        (
            "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/e",
            "https://us-east-1.console.aws.amazon.com/sagemaker/",
        ),
        ("arn:aws:states:evil.example/:123456789012:execution:m:e", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_only_aws_s_own_console_is_linked(arn: str, begins: str) -> None:
    assert console_url(arn).startswith(begins)
    assert bool(console_url(arn)) == bool(begins)
