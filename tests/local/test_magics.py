"""The magics in real kernels, on a real endpoint, with the unmodified SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecell.local import daemon
from pipecell.local.home import Home
from tests.local.kernels import Kernel

BODY = """%%pipeline {name}
from sagemaker.processing import Processor
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep
import sagemaker

instance_type = ParameterString("InstanceType", default_value="ml.m5.4xlarge")
session = PipelineSession()
image = sagemaker.image_uris.retrieve("sklearn", "us-east-1", version="1.2-1", instance_type="ml.m5.xlarge")

def python(name, code, after=()):
    processor = Processor(
        image_uri=image, entrypoint=["python3", "-c", code], instance_count=1, instance_type=instance_type,
        role=sagemaker.get_execution_role(session), sagemaker_session=session,
    )
    return ProcessingStep(name, step_args=processor.run(), depends_on=list(after))

first = python("First", {first!r})
second = python("Second", "print('second')", [first])
"""
WAIT_FOR_FILE = (
    "import os,time; [time.sleep(0.02) for _ in iter(lambda: os.path.exists({0!r}), True)]; print('go')"
)


def body(name: str, first: str = "print('hello')") -> str:
    return BODY.format(name=name, first=first)


NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home for the kernels of this module."""
    found = Home(tmp_path_factory.mktemp("magics") / "home")
    yield found
    daemon.stop(found)


@pytest.fixture(scope="module")
def kernel(place: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that has loaded pipecell and the SDK; use pipeline names of your own."""
    made = Kernel({**NO_CREDENTIALS, "PIPECELL_HOME": str(place.root)}, str(tmp_path_factory.mktemp("work")))
    loaded = made.run("%load_ext pipecell")
    assert loaded.status == "ok", loaded.error
    assert "AWS calls from here go to the local endpoint on this machine" in loaded.stdout
    yield made
    made.close()


@pytest.fixture
def fresh(place: Home, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel that has loaded nothing."""
    made = Kernel({**NO_CREDENTIALS, "PIPECELL_HOME": str(place.root)}, str(tmp_path))
    yield made
    made.close()


# Loading and targets


def test_a_client_of_the_very_cell_that_loads_pipecell_goes_to_the_endpoint(fresh: Kernel) -> None:
    cell = fresh.run(
        "%load_ext pipecell\nimport boto3\nc = boto3.client('s3')\nc.create_bucket(Bucket='made-in-a-cell')\n"
        "print(c.meta.endpoint_url)"
    )
    assert cell.status == "ok", cell.error
    assert "http://127.0.0.1:" in cell.stdout
    assert fresh.value("'boto3' in __import__('sys').modules")


def test_unload_puts_back_exactly_what_was(fresh: Kernel) -> None:
    before = fresh.value("dict(__import__('os').environ)")
    fresh.run("%load_ext pipecell")
    assert "AWS_ENDPOINT_URL" in fresh.value("dict(__import__('os').environ)")
    assert fresh.run("%unload_ext pipecell").status == "ok"
    assert fresh.value("dict(__import__('os').environ)") == before
    assert fresh.run("%pipeline list").status == "error"
    assert fresh.run("%load_ext pipecell").status == "ok"
    assert fresh.run("%pipeline -h").status == "ok"


def test_where_credentials_are_configured_nothing_is_touched(place: Home, tmp_path: Path) -> None:
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIAUSERSOWN",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    kernel = Kernel({**NO_CREDENTIALS, **keys, "PIPECELL_HOME": str(place.root)}, str(tmp_path))
    try:
        before = kernel.value("dict(__import__('os').environ)")
        loaded = kernel.run("%load_ext pipecell")
        assert "AWS calls from here go to AWS (eu-west-1)" in loaded.stdout
        assert kernel.value("dict(__import__('os').environ)") == before
        assert "on this machine" in kernel.run("%pipeline target local").stdout
        assert kernel.value("__import__('os').environ['AWS_ENDPOINT_URL']").startswith("http://127.0.0.1:")
        assert "go to AWS (eu-west-1)" in kernel.run("%pipeline target aws").stdout
        assert kernel.value("dict(__import__('os').environ)") == before
    finally:
        kernel.close()


def test_an_endpoint_that_cannot_start_is_said_and_the_cell_goes_on(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "diary.txt").write_text("dear diary")
    kernel = Kernel({**NO_CREDENTIALS, "PIPECELL_HOME": str(foreign)}, str(tmp_path))
    try:
        assert kernel.run("%load_ext pipecell").status == "ok"
        cell = kernel.run("print('still here')")
        assert cell.status == "ok"
        said = "".join(out["text"] for out in cell.outputs if out["type"] == "stream")
        assert "pipecell: PC802" in said
        assert "still here" in said
        assert "PC802" in kernel.run("%pipeline target local").error
    finally:
        kernel.close()


# Cells


def test_a_cell_shows_the_dag_and_its_last_expression(kernel: Kernel) -> None:
    cell = kernel.run(body("Shown") + "\n40 + 2\n")
    assert cell.status == "ok", cell.error
    assert cell.texts[0] == "42"
    lines = cell.texts[1].splitlines()
    assert lines[0] == "Shown  2 steps  smoke  AWS calls stay on this machine"
    assert "First" in lines[1]
    assert "Second" in lines[2]
    assert "← First" in lines[2]
    assert cell.outputs[1]["data"]["image/svg+xml"].startswith("<svg")
    again = kernel.run("%pipeline preview --pipeline Shown")
    assert again.texts == [cell.texts[1]]


def test_a_problem_is_listed_below_the_dag_with_its_cell(kernel: Kernel) -> None:
    source = body("Problem") + "\nthird = python('Second', 'print(3)')\n".replace("'Second'", "'Bad Name'")
    cell = kernel.run(source)
    assert "✕ PC" in cell.texts[-1] or cell.status == "error"
    failed = kernel.run("%pipeline check --pipeline Problem")
    assert failed.status == "error"
    assert "(cell " in failed.texts[0]
    assert failed.error.startswith("PC700 — Problem has ")


def test_the_users_exception_keeps_the_users_traceback_and_the_pipeline_stays(kernel: Kernel) -> None:
    kernel.run(body("Kept"), cell_id="kept-1")
    cell = kernel.run(
        "%%pipeline Kept\nfirst = None\ndef broken(x):\n    return 1 / x\nbroken(0)\n", cell_id="kept-1"
    )
    assert cell.status == "error"
    assert "ZeroDivisionError: division by zero" in cell.error
    assert "line 5" in cell.error
    assert "line 4, in broken" in cell.error
    assert "pipecell" not in cell.error
    assert "First" in kernel.run("%pipeline preview --pipeline Kept").texts[0]


def test_a_syntax_error_is_shown_as_in_a_plain_cell(kernel: Kernel) -> None:
    cell = kernel.run("%%pipeline Syntax\nx = 1\ndef f(:\n    pass\n")
    assert cell.status == "error"
    assert "line 3" in cell.error
    assert "def f(:" in cell.error
    assert "SyntaxError: invalid syntax" in cell.error
    assert "pipecell" not in cell.error
    assert cell.outputs[-1]["ename"] == "SyntaxError"


def test_a_cell_that_runs_again_replaces_what_it_declared(kernel: Kernel) -> None:
    kernel.run(body("Again"), cell_id="again-1")
    changed = kernel.run(body("Again").replace('"Second"', '"Renamed"'), cell_id="again-1")
    assert "Renamed" in changed.texts[0]
    assert "Second" not in changed.texts[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%pipeline prevew", 'PC909 — "prevew" is not a verb. Did you mean "preview"?'),
        ("%pipeline run --profil full", 'PC910 — run has no option --profil. Did you mean "--profile"?'),
        ("%pipeline target aw", 'PC911 — target cannot be "aw". Did you mean "aws"?'),
        ("%pipeline preview --pipeline Shwon", 'There is no pipeline "Shwon". Did you mean "Shown"?'),
        ("%pipeline run --pipeline Shown --only Frist", 'Shown has no step "Frist". Did you mean "First"?'),
        (
            "%pipeline run --pipeline Shown --set InstanceTyp=x",
            'no parameter "InstanceTyp". Did you mean "InstanceType"?',
        ),
        (
            "%pipeline run --pipeline Shown --set InstanceType=$my_tpye",
            'There is no variable "my_tpye". Did you mean "my_type"?',
        ),
        ("%pipeline run --set 'InstanceType=x", "PC908 — The line cannot be read: no closing quotation."),
        (
            "%%pipeline Shown --engin x\n1",
            'PC910 — %%pipeline has no option --engin. Did you mean "--engine"?',
        ),
    ],
)
def test_a_wrong_line_is_one_line_with_the_nearest_spelling(kernel: Kernel, line: str, said: str) -> None:
    kernel.run(body("Shown"), cell_id="shown")
    kernel.run("my_type = 'ml.t3.medium'")
    cell = kernel.run(line)
    assert cell.status == "error"
    assert said in cell.error
    assert "\n" not in cell.error
    assert cell.outputs[-1]["type"] == "error"


def test_help_is_printed(kernel: Kernel) -> None:
    assert "usage: %pipeline VERB" in kernel.run("%pipeline").stdout
    assert "--only" in kernel.run("%pipeline run -h").stdout
    assert "NAME" in kernel.run("%%pipeline -h\n1").stdout


def test_completion(kernel: Kernel) -> None:
    kernel.run(body("Completed"))
    assert kernel.complete("%pipeline pre") == ["preview"]
    assert kernel.complete("x = %pipeline run --pro") == ["--profile"]
    assert kernel.complete("%pipeline logs S") == ["Second"]
    assert kernel.complete("%pipeline run --set ") == ["InstanceType="]
    assert "print" in kernel.complete("prin")


def test_profiles_and_values_of_the_users_variables(kernel: Kernel) -> None:
    kernel.run(body("Profiles"), cell_id="profiles")
    assert "ml.m5.4xlarge)" in kernel.run("%pipeline profile --pipeline Profiles").stdout
    kernel.run("chosen = 'ml.m5.2xlarge'\nfamily = 'm5'")
    table = kernel.run("%pipeline profile smoke InstanceType=$chosen --pipeline Profiles")
    assert "InstanceType  ml.m5.2xlarge   (full: ml.m5.4xlarge)" in table.stdout
    table = kernel.run("%pipeline profile smoke InstanceType=ml.{family}.large --pipeline Profiles")
    assert "InstanceType  ml.m5.large" in table.stdout
    assert "profile full" in kernel.run("%pipeline profile full --pipeline Profiles").stdout
    wrong = kernel.run("%pipeline run --profile ful --pipeline Profiles").error
    assert 'PC913 — There is no profile "ful". Did you mean "full"?' in wrong
    own = kernel.run("%pipeline profile big InstanceType=ml.m5.24xlarge --pipeline Profiles").stdout
    assert own.startswith("Profiles: profile big")
    assert (
        "not text, a number or a boolean" in kernel.run("%pipeline profile smoke InstanceType=$first").error
    )


# Runs


def test_run_and_wait_leaves_a_caption_and_the_last_picture(kernel: Kernel) -> None:
    kernel.run(body("Waited"))
    cell = kernel.run("done = %pipeline run --wait\ndone")
    assert cell.status == "ok", cell.error
    caption, picture = cell.texts
    assert caption.startswith(
        "Waited: profile smoke (InstanceType ml.m5.4xlarge → ml.t3.medium), on this machine."
    )
    assert picture.startswith("Waited  ✓ Succeeded")
    assert "✓ First" in picture
    assert "ml.t3.medium" in picture
    assert cell.updates[-1]["data"] == {"text/plain": caption}
    assert any("<svg" in update["data"].get("image/svg+xml", "") for update in cell.updates)
    assert kernel.value("(done.status, [s.name for s in done.steps], done.profile)") == (
        "Succeeded",
        ["First", "Second"],
        "smoke",
    )
    assert kernel.run("%pipeline logs First").stdout == "hello\n"
    assert kernel.run("done").texts == [picture]


def test_run_returns_at_once_and_is_drawn_again_in_place(kernel: Kernel, tmp_path: Path) -> None:
    go = tmp_path / "go"
    kernel.run(body("Live", WAIT_FOR_FILE.format(str(go))))
    cell = kernel.run("%pipeline run")
    assert cell.status == "ok", cell.error
    assert cell.stdout.startswith("Live: profile smoke")
    assert len(cell.texts) == 1
    first = cell.outputs[-1]
    assert "Executing" in first["data"]["text/plain"]
    assert kernel.value("1 + 1") == 2
    go.touch()
    final = kernel.later(cell, "✓ Succeeded")
    assert "✓ Second" in final


def test_a_restarted_kernel_attaches_again(fresh: Kernel, tmp_path: Path) -> None:
    go = tmp_path / "go"
    fresh.run("%load_ext pipecell")
    started = fresh.run(body("Restarted", WAIT_FOR_FILE.format(str(go))) + "\n")
    assert started.status == "ok", started.error
    assert fresh.run("%pipeline run").status == "ok"
    fresh.restart()
    fresh.run("%load_ext pipecell")
    seen = fresh.run("%pipeline watch last")
    assert seen.status == "ok", seen.error
    assert "Restarted  ● Executing" in seen.texts[0]
    go.touch()
    assert "✓ First" in fresh.later(seen, "✓ Succeeded")
    once = fresh.run("%pipeline watch --once")
    assert "✓ Succeeded" in once.texts[0]


def test_a_failed_run_raises_where_it_is_waited_for_and_nowhere_else(kernel: Kernel) -> None:
    kernel.run(body("Failing", "import sys; print('oh no'); sys.exit(7)"))
    cell = kernel.run("%pipeline run --wait")
    assert cell.status == "error"
    assert cell.error.startswith("PC701 · step First — Failing ended Failed: ")
    assert cell.outputs[-1]["ename"] == "ExecutionError"
    assert "Failing  ✕ Failed" in cell.texts[-1]
    assert "oh no" in cell.texts[-1]
    launched = kernel.run("%pipeline run")
    assert launched.status == "ok"
    kernel.later(launched, "✕ Failed")
    assert kernel.run("print('fine')").status == "ok"


def test_an_interrupt_stops_the_waiting_not_the_run(kernel: Kernel, tmp_path: Path) -> None:
    go = tmp_path / "go"
    kernel.run(body("Interrupted", WAIT_FOR_FILE.format(str(go))))
    cell = kernel.run("%pipeline run --wait", interrupt_after="Executing")
    assert cell.status == "error"
    assert "goes on" in cell.error
    assert "%pipeline watch last" in cell.error
    go.touch()
    assert kernel.run("%pipeline watch last --wait").texts[-1].startswith("Interrupted  ✓ Succeeded")


def test_stop_ends_a_run(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run(body("Stopped", WAIT_FOR_FILE.format(str(tmp_path / "never"))))
    kernel.run("%pipeline run")
    assert kernel.run("%pipeline stop").status == "ok"
    ended = kernel.run("%pipeline watch --wait")
    assert "ended Stopped" in ended.error
    assert "Stopped" in kernel.run("%pipeline list").stdout


def test_errors_refuse_the_launch(kernel: Kernel) -> None:
    kernel.run(body("Refused") + "\nbad = python('Not A Name', 'print(1)')\n")
    cell = kernel.run("%pipeline run")
    assert cell.status == "error"
    assert "PC700 — Refused has an error and was not started." in cell.error
    assert "Not A Name" in cell.error
    assert "Refused" not in kernel.run("%pipeline list").stdout


def test_the_python_api_is_the_same(kernel: Kernel) -> None:
    kernel.run(body("Api"))
    kernel.run("import pipecell\np = pipecell.pipeline('Api')")
    assert kernel.value("p.preview().to_json()['pipeline']") == "Api"
    assert kernel.value("len(p.check().errors)") == 0
    assert kernel.value("p.run(wait=True).status") == "Succeeded"
    assert "First" in kernel.run("p").texts[0]
    assert kernel.run("pipecell.pipeline('Apii')").status == "error"
