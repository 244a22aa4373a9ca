"""A real kernel tells a front end of pipelines and executions, and does what it is asked for."""

from __future__ import annotations

import os
import queue
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipecell.local import daemon
from pipecell.local.home import Home
from tests.local.kernels import SECONDS, Kernel

DECLARE = """%%pipeline Front
from sagemaker.processing import ScriptProcessor
from sagemaker.workflow.steps import ProcessingStep
from pathlib import Path
Path("job.py").write_text("print('prepared')")
processor = ScriptProcessor(
    image_uri="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
    command=["python3"], instance_type="ml.m5.large", instance_count=1,
    role="arn:aws:iam::000000000000:role/r")
ProcessingStep("Prepare", processor=processor, code="job.py")
"""


class Page:
    """A front end: its comm, and all that it was told."""

    def __init__(self, kernel: Kernel, *, subshell: bool = False) -> None:
        self._client = kernel.client
        self._comm = uuid.uuid4().hex
        self._subshell: str | None = None
        if subshell:
            answer = self._control("create_subshell_request")
            self._subshell = answer["subshell_id"]
        self._send("comm_open", {"comm_id": self._comm, "target_name": "pipecell", "data": {}})

    def ask(self, number: int, **request: Any) -> None:
        """Send a request."""
        self._send("comm_msg", {"comm_id": self._comm, "data": {"id": number, **request}})

    def leave(self) -> None:
        """Close the comm and end its subshell at the same time, as a notebook that is closed does."""
        self._send("comm_close", {"comm_id": self._comm, "data": {"bye": True}})
        self._control("delete_subshell_request", {"subshell_id": self._subshell})

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first message from now on that is as wanted."""
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=SECONDS)
            except queue.Empty:
                pytest.fail("the kernel told nothing more")
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == self._comm:
                data: dict[str, Any] = content["data"]
                if wanted(data):
                    return data

    def run_cell(self, code: str, cell_id: str = "cell-1") -> None:
        """Begin to run a cell; do not wait for it.

        It runs also where the cell before it failed: a kernel drops what is queued
        behind a failure, and what we are told comes before the kernel's own reply.
        """
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": False}
        message = self._client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id}
        self._client.shell_channel.send(message)

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        message = self._client.session.msg(kind, content)
        if self._subshell is not None:
            message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)

    def _control(self, kind: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
        message = self._client.session.msg(kind, dict(asked or {}))
        self._client.control_channel.send(message)
        while True:
            answer = self._client.get_control_msg(timeout=SECONDS)
            if answer["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                content: dict[str, Any] = answer["content"]
                return content


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that has loaded pipecell and declared a pipeline."""
    home = Home(tmp_path_factory.mktemp("frontend") / "home").create()
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("AWS_")}
    ours |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": str(home.root / "none")}
    ours |= {"AWS_SHARED_CREDENTIALS_FILE": str(home.root / "none"), "PIPECELL_HOME": str(home.root)}
    made = Kernel(ours, str(tmp_path_factory.mktemp("work")))
    assert made.run("%load_ext pipecell").status == "ok"
    cell = made.run(DECLARE, cell_id="cell-1")
    assert cell.status == "ok", cell.error
    yield made
    made.close()
    daemon.stop(home)


def test_a_page_that_comes_late_is_told_all_there_is(kernel: Kernel) -> None:
    page = Page(kernel)
    assert page.until(lambda told: True) == {"type": "welcome", "protocol": 1}
    told = page.until(lambda told: told["type"] == "pipeline")["pipeline"]
    assert (told["name"], told["cells"][0]["id"]) == ("Front", "cell-1")
    assert told["cells"][0]["source"] == DECLARE.rstrip("\n")
    assert [(step["name"], step["cell"]) for step in told["steps"]] == [("Prepare", "cell-1")]


def test_a_page_that_says_good_bye_is_forgotten_though_its_subshell_ends_too(kernel: Kernel) -> None:
    pages = "len(get_ipython().kernel.comm_manager.comms)"
    before = kernel.value(pages)
    page = Page(kernel, subshell=True)
    page.until(lambda told: told["type"] == "pipeline")
    page.leave()
    assert kernel.value(pages) == before


def test_a_cell_that_runs_again_is_told_with_its_problems_and_their_places(kernel: Kernel) -> None:
    page = Page(kernel)
    page.run_cell(DECLARE.replace("ml.m5.large", "ml.m5.larg"))
    told = page.until(
        lambda told: told["type"] == "pipeline" and 'm5.larg"' in told["pipeline"]["cells"][0]["source"]
    )
    problem = next(found for found in told["pipeline"]["problems"] if found["code"] == "PC203")
    assert problem["cell"] == "cell-1"
    assert problem["place"]["text"] == "ml.m5.larg"
    page.run_cell(DECLARE)
    page.until(
        lambda told: (
            told["type"] == "pipeline"
            and all(found["code"] != "PC203" for found in told["pipeline"]["problems"])
        )
    )


def test_an_error_of_ours_is_a_problem_of_its_cell_until_it_runs_again(kernel: Kernel) -> None:
    page = Page(kernel)
    page.run_cell("%pipeline prewiew", "cell-9")
    assert page.until(refusal("cell-9"))["problem"]["code"] == "PC909"
    page.run_cell("pass", "cell-9")
    page.until(refusal("cell-9", gone=True))


def refusal(cell: str, *, gone: bool = False) -> Callable[[dict[str, Any]], bool]:
    """Return what tells the message of a cell's problem, or of its end; one may be told twice."""
    return lambda told: (
        told["type"] == "refused" and told["cell"] == cell and (told["problem"] is None) == gone
    )


def is_success(arn: str, told: dict[str, Any]) -> bool:
    """Return whether a message says that an execution has succeeded: another test's may end meanwhile."""
    ours = told["type"] == "delta" and told["arn"] == arn
    return bool(ours and told["row"].get("status") == "Succeeded")


def test_a_run_is_told_from_its_start_to_its_end(kernel: Kernel) -> None:
    page = Page(kernel)
    page.ask(1, type="run", pipeline="Front")
    answer = page.until(lambda told: told["type"] == "answer" and told["id"] == 1)
    assert answer["ok"], answer
    arn = answer["result"]["arn"]
    whole = page.until(lambda told: told["type"] == "execution" and told["arn"] == arn)
    if whole["row"]["running"]:
        page.until(partial(is_success, arn))
    page.ask(2, type="attach", arn=arn)
    after = page.until(lambda told: told["type"] == "execution" and told["arn"] == arn)
    assert after["steps"]["Prepare"]["status"] == "Succeeded"
    page.ask(3, type="log", arn=arn, step="Prepare", stream="s")
    page.until(lambda told: told["type"] == "log" and "prepared" in told["lines"])
    page.until(lambda told: told["type"] == "log" and told["over"])


def test_a_request_is_answered_while_a_cell_runs(kernel: Kernel, tmp_path: Path) -> None:
    page = Page(kernel, subshell=True)
    page.until(lambda told: told["type"] == "welcome")
    door = tmp_path / "open"
    page.run_cell(f"import time\nwhile not Path({str(door)!r}).exists(): time.sleep(0.02)", "cell-2")
    try:
        page.ask(7, type="complete", line="%pipeline prev")
        answer = page.until(lambda told: told["type"] == "answer" and told["id"] == 7)
        assert answer["result"] == {"begun": "prev", "words": ["preview"]}
        page.ask(8, type="profile", pipeline="Front", profile="full")
        page.until(lambda told: told["type"] == "pipeline" and told["pipeline"]["profile"] == "full")
    finally:
        door.touch()


def test_a_page_may_set_the_profile_that_pipelines_begin_with(kernel: Kernel) -> None:
    page = Page(kernel)
    page.ask(11, type="defaults", profile="full")
    page.until(lambda told: told["type"] == "pipeline" and told["pipeline"]["profile"] == "full")
    page.ask(12, type="profile", pipeline="Front", profile="smoke")
    page.until(lambda told: told["type"] == "pipeline" and told["pipeline"]["profile"] == "smoke")


def test_completion_knows_the_notebooks_variables(kernel: Kernel) -> None:
    page = Page(kernel)
    page.run_cell("row_limit = 5", "cell-3")
    page.ask(9, type="complete", line="%%step processing Clean --param rows=$row_l")
    answer = page.until(lambda told: told["type"] == "answer" and told["id"] == 9)
    assert answer["result"]["words"] == ["rows=$row_limit"]


def test_a_deleted_cell_leaves_nothing(kernel: Kernel) -> None:
    page = Page(kernel)
    page.run_cell("%%step fail Late --pipeline Front\ntoo late", "cell-4")
    page.until(lambda told: told["type"] == "pipeline" and len(told["pipeline"]["steps"]) == 2)
    page.ask(10, type="forget", cell="cell-4")
    # What the cell before it made may be told once more first.
    page.until(
        lambda told: (
            told["type"] == "pipeline" and [step["name"] for step in told["pipeline"]["steps"]] == ["Prepare"]
        )
    )


def test_a_copied_cell_is_told_until_the_first_is_edited_or_gone(kernel: Kernel) -> None:
    def told_of_copy(wanted: bool) -> Callable[[dict[str, Any]], bool]:
        def is_told(told: dict[str, Any]) -> bool:
            if told["type"] != "pipeline" or told["pipeline"]["name"] != "Copied":
                return False
            codes = [problem["code"] for problem in told["pipeline"]["problems"]]
            return len(told["pipeline"]["cells"]) == 2 and ("PC612" in codes) == wanted

        return is_told

    page = Page(kernel)
    code = "%%pipeline Copied\nfrom sagemaker.workflow.fail_step import FailStep\nlast = FailStep('Twice')"
    page.run_cell(code, "cell-60")
    page.run_cell(code, "cell-61")
    told = page.until(told_of_copy(True))["pipeline"]
    assert {cell["id"]: cell["source"] for cell in told["cells"]} == {"cell-60": code, "cell-61": code}
    assert {cell["id"]: cell["outdone"] for cell in told["cells"]} == {"cell-60": True, "cell-61": False}
    (problem,) = [problem for problem in told["problems"] if problem["code"] == "PC612"]
    assert (problem["cell"], problem["place"]["text"]) == ("cell-61", "Twice")
    page.ask(70, type="edited", cell="cell-60", edited=True)
    page.until(told_of_copy(False))
    page.ask(71, type="edited", cell="cell-60", edited=False)
    page.until(told_of_copy(True))
    page.ask(72, type="forget", cell="cell-60")
    page.until(lambda told: told["type"] == "pipeline" and len(told["pipeline"]["cells"]) == 1)
    forget(page, "cell-61")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"type": "prewiew"}, "PC909"),
        ({"type": "run"}, "PC911"),
        ({"type": "stop", "arn": "nonsense"}, "PC915"),
        ({"type": "run", "pipeline": "None"}, "PC912"),
    ],
)
def test_a_wrong_request_is_refused_in_a_sentence(
    kernel: Kernel, request_: dict[str, Any], code: str
) -> None:
    page = Page(kernel)
    page.ask(5, **request_)
    answer = page.until(lambda told: told["type"] == "answer" and told["id"] == 5)
    assert (answer["ok"], answer["error"]["code"]) == (False, code)
    assert answer["error"]["message"].endswith(".")


def test_problems_are_told_of_cells_that_ran_before_anybody_listened(kernel: Kernel) -> None:
    page = Page(kernel)
    page.run_cell("%%pipeline Front\nx = 1\nstep = ProcessingStep('É', prok)", "cell-30")
    page.run_cell("%%pipeline Front\ndef broken(:\n    pass", "cell-31")
    page.until(refusal("cell-31"))
    late = Page(kernel)
    name = late.until(refusal("cell-30"))["problem"]
    assert (name["code"], name["message"]) == ("NameError", "name 'prok' is not defined")
    assert "prok" in name["place"]["text"]
    syntax = late.until(refusal("cell-31"))["problem"]
    assert (syntax["code"], syntax["place"]["text"]) == ("SyntaxError", ":")
    page.ask(20, type="forget", cell="cell-30")
    page.until(refusal("cell-30", gone=True))
    page.run_cell("pass", "cell-31")
    page.until(refusal("cell-31", gone=True))


def forget(page: Page, *cells: str) -> None:
    """Leave nothing of some cells to other tests, which have the same kernel."""
    for cell in cells:
        page.ask(21, type="forget", cell=cell)
        page.until(lambda told: told["type"] == "answer" and told["id"] == 21)


def test_what_is_wrong_with_one_cell_is_told_of_that_cell_alone(kernel: Kernel) -> None:
    page = Page(kernel)
    wrong = "ProcessingStep('Wrong', processor=processor, code='no_script.py')"
    page.run_cell(f"%%pipeline Solo\n{wrong}", "cell-32")
    assert page.until(refusal("cell-32"))["problem"]["place"]["text"] == "no_script.py"
    # The next one fails for the same reason, which stands at that cell already.
    page.run_cell("%%pipeline Solo\nlimit = 3", "cell-33")
    page.run_cell("%pipeline nonsense", "cell-35")
    refused: list[str] = []

    def last(told: dict[str, Any]) -> bool:
        refused.extend([told["cell"]] if told["type"] == "refused" else [])
        return "cell-35" in refused

    page.until(last)
    assert "cell-33" not in refused
    forget(page, "cell-32", "cell-33", "cell-35")


def test_logs_of_silent_jobs_keep_nobody_from_being_answered(kernel: Kernel, tmp_path: Path) -> None:
    page = Page(kernel)
    door = tmp_path / "open"
    script = f"import pathlib, time\nwhile not pathlib.Path({str(door)!r}).exists(): time.sleep(0.02)"
    page.run_cell(f"Path('quiet.py').write_text({script!r})", "cell-40")
    page.run_cell("%%pipeline Quiet\nProcessingStep('Wait', processor=processor, code='quiet.py')", "cell-41")
    page.until(lambda told: told["type"] == "pipeline" and told["pipeline"]["name"] == "Quiet")
    page.ask(40, type="run", pipeline="Quiet")
    arn = page.until(lambda told: told["type"] == "answer" and told["id"] == 40)["result"]["arn"]
    try:
        for number in range(6):
            page.ask(50 + number, type="log", arn=arn, step="Wait", stream=f"quiet-{number}")
        page.ask(60, type="complete", line="%pipeline prev")
        page.until(lambda told: told["type"] == "answer" and told["id"] == 60)
    finally:
        door.touch()
    page.until(lambda told: told["type"] == "log" and told["over"])
    forget(page, "cell-40", "cell-41")
