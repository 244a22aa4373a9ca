"""``%%step`` cells on a real endpoint: one job tried, and a callback answered."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecell.cli import ShellContext
from pipecell.commands.job_trial import try_step
from pipecell.errors import ExecutionError
from pipecell.local.daemon import EndpointInfo
from pipecell.pipelines import Pipeline
from pipecell.workspace import Workspace
from tests.local.conftest import Clients
from tests.local.pipeline_parts import fresh
from tests.local.test_pipelines_outside import receive
from tests.unit.declare.jobs.conftest import Cells

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Running within a PipelineSession"),
]


class Desk(Cells):
    """Cells whose pipeline runs on an endpoint."""

    def __init__(self, endpoint: EndpointInfo) -> None:
        super().__init__()
        self.workspace = Workspace(notebook=self.notebook, home=endpoint.home)
        self.name = fresh("cells")
        self.pipeline(self.name)

    @property
    def made(self) -> Pipeline:
        return self.workspace.pipeline(self.name)


@pytest.fixture
def desk(endpoint: EndpointInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    made = Desk(endpoint)
    yield made
    made.workspace.monitor.close()


def tried(desk: Desk, step: str) -> tuple[str, list[str]]:
    """Try a step; return what was said, and its log."""
    said: list[str] = []
    execution = desk.made.try_job(step, say=said.append)
    lines = [line.message for line in execution.follow(step)]
    execution.wait()
    return said[0], lines


def test_a_step_is_tried_with_what_the_others_left(desk: Desk) -> None:
    write = "import time\n(outputs['data'] / 'when.txt').write_text(str(time.time_ns()))"
    desk.step("processing Make -o data", write)
    desk.step("processing Read -i data=Make.data", "print('made', (inputs['data'] / 'when.txt').read_text())")
    said, first = tried(desk, "Read")
    assert said.startswith("Read: Make first, which never ran; ")
    said, second = tried(desk, "Read")
    assert said.startswith("Read: latest outputs of Make; ")
    assert [line for line in second if line.startswith("made ")]
    assert first == second  # Make did not run again


def test_the_magic_prints_the_log_of_a_trial_that_fails_and_raises_its_words(desk: Desk) -> None:
    desk.step("processing Broken -o data", "print('reading')\nraise ValueError('no such column')")
    out = io.StringIO()
    context = ShellContext(out, io.StringIO())
    context.workspace = desk.workspace
    with pytest.raises(ExecutionError, match=r"no such column"):
        try_step(context, desk.name, "Broken")
    assert out.getvalue().splitlines()[0] == "reading"


def test_a_callback_cell_waits_for_its_token_and_hands_on_the_answer(desk: Desk, client: Clients) -> None:
    url = client("sqs").create_queue(QueueName=fresh("queue"))["QueueUrl"]
    desk.namespace["url"] = url
    desk.step("callback Ask --queue $url -i question=how-many -o answer:Integer")
    desk.step("processing Use --param answer=Ask.answer -o data", "print('answer', params['answer'])")
    execution = desk.made.run(wait=False)
    message = receive(client("sqs"), url)
    assert message["arguments"] == {"question": "how-many"}
    client("sagemaker").send_pipeline_execution_step_success(
        CallbackToken=message["token"], OutputParameters=[{"Name": "answer", "Value": "42"}]
    )
    execution.wait()
    assert [line.message for line in execution.follow("Use")] == ["answer 42"], json.dumps(message)
