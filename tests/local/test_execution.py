"""Executions on a real endpoint: followed, stopped, retried, selected, and seen again after a crash."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipecell import execution as execution_module
from pipecell.declare.compiled import PLACEHOLDER_ROLE, Compiled
from pipecell.definition.document import read_document
from pipecell.engines.engine import Selection
from pipecell.errors import ExecutionError, UsageError
from pipecell.execution import Execution
from pipecell.local import daemon
from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import Home
from pipecell.workspace import Workspace
from tests.local.waiting import PATIENCE, wait_until

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
WAIT_FOR_FILE = "import os,sys,time; [time.sleep(0.02) for _ in iter(lambda: os.path.exists({0!r}), True)]"
_numbers = itertools.count(1)


def step(name: str, code: str, *after: str) -> dict[str, Any]:
    """Return a processing step that runs one line of Python."""
    return {
        "Name": name,
        "Type": "Processing",
        "DependsOn": list(after),
        "Arguments": {
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", code]},
            "RoleArn": PLACEHOLDER_ROLE,
        },
    }


def definition(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return a pipeline with one parameter."""
    parameters = [{"Name": "Rounds", "Type": "Integer", "DefaultValue": 50}]
    return {"Version": "2020-12-01", "Parameters": parameters, "Steps": list(steps)}


@dataclass
class Bench:
    """A workspace on an endpoint, and a pipeline name that no other test uses."""

    workspace: Workspace
    home: Home
    name: str

    def start(self, *steps: dict[str, Any], name: str = "", **settings: Any) -> Execution:
        """Deploy and start, without the checks."""
        place = self.workspace.engine("sagemaker", "local")
        document = read_document(definition(*steps), name=name or self.name)
        place.deploy(document, role=PLACEHOLDER_ROLE)
        arn = place.start(document, **{"parameters": {"Rounds": 5}, **settings})
        return self.workspace.remember(place, arn, profile="smoke")


def bench_at(place: EndpointInfo) -> Iterator[Bench]:
    workspace = Workspace(home=place.home)
    yield Bench(workspace, Home(place.home), f"ExecutionTest{next(_numbers)}")
    workspace.monitor.close()


@pytest.fixture
def bench(endpoint: EndpointInfo) -> Iterator[Bench]:
    """A workspace on the endpoint that all tests share."""
    yield from bench_at(endpoint)


@pytest.fixture
def own_bench(own_endpoint: EndpointInfo) -> Iterator[Bench]:
    """A workspace on an endpoint that the test may kill."""
    yield from bench_at(own_endpoint)


def test_a_run_from_start_to_end(bench: Bench) -> None:
    execution = bench.start(step("A", "print('hello'); print('world')"), step("B", "print('b')", "A"))
    assert execution.status in ("Executing", "Succeeded")
    assert execution.wait() is execution
    found = execution.to_json()
    assert found["status"] == "Succeeded"
    assert found["failure_reason"] is None
    assert found["parameters"] == {"Rounds": 5}
    assert [(entry["name"], entry["type"], entry["status"]) for entry in found["steps"]] == [
        ("A", "Processing", "Succeeded"),
        ("B", "Processing", "Succeeded"),
    ]
    assert all(entry["started"] <= entry["ended"] for entry in found["steps"])
    assert str(execution.logs("A")) == "hello\nworld"
    text = execution.text()
    assert text.splitlines()[0].startswith(f"{bench.name}  ✓ Succeeded")
    assert "smoke  on this machine" in text
    assert set(execution.bundle()) >= {"text/plain"}


def test_a_log_is_followed_while_it_grows(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    execution = bench.start(
        step("A", f"print('first', flush=True); {WAIT_FOR_FILE.format(str(go))}; print('last')")
    )
    seen: list[str] = []
    for line in execution.follow("A"):
        seen.append(line.message)
        go.touch()
    assert seen == ["first", "last"]
    execution.wait()


def test_a_failure_says_which_step_and_why(bench: Bench) -> None:
    execution = bench.start(
        step("Bad", "import sys; print('about to fail'); sys.exit(3)"), step("Never", "print(1)", "Bad")
    )
    with pytest.raises(ExecutionError, match=r"PC701 · step Bad — ExecutionTest\d+ ended Failed: .*3"):
        execution.wait()
    assert [entry.name for entry in execution.steps] == ["Bad"]
    assert "about to fail" in str(execution.logs("Bad"))
    with pytest.raises(ExecutionError, match="It has not started in this execution, which is Failed"):
        execution.logs("Never")
    with pytest.raises(UsageError, match=r'has no step "Bda"\. Did you mean "Bad"\?'):
        execution.logs("Bda")


def test_stop_ends_a_run_and_its_job(bench: Bench, tmp_path: Path) -> None:
    execution = bench.start(step("A", WAIT_FOR_FILE.format(str(tmp_path / "never"))))
    wait_until(lambda: execution.steps and execution.steps[0].metadata, "the job has started")
    execution.stop()
    execution.wait(PATIENCE, raise_on_failure=False)
    assert execution.status == "Stopped"


def test_retry_goes_on_where_it_failed(bench: Bench, tmp_path: Path) -> None:
    count, go = tmp_path / "count", tmp_path / "go"
    execution = bench.start(
        step("Once", f"open({str(count)!r}, 'a').write('x')"),
        step("Flaky", f"import os,sys; sys.exit(0 if os.path.exists({str(go)!r}) else 1)", "Once"),
    )
    with pytest.raises(ExecutionError):
        execution.wait(PATIENCE)
    go.touch()
    assert execution.retry().wait(PATIENCE).status == "Succeeded"
    assert count.read_text() == "x"


def test_some_steps_are_run_and_the_others_reused(bench: Bench, tmp_path: Path) -> None:
    count = tmp_path / "count"
    steps = (
        step("A", f"open({str(count)!r}, 'a').write('a')"),
        step("B", f"open({str(count)!r}, 'a').write('b')", "A"),
    )
    first = bench.start(*steps).wait(PATIENCE)
    again = bench.start(*steps, selection=Selection(("B",), first.execution_arn)).wait(PATIENCE)
    assert again.status == "Succeeded"
    assert count.read_text() == "abb"


def test_executions_are_listed_and_found_again(bench: Bench) -> None:
    first = bench.start(step("A", "print(1)")).wait(PATIENCE)
    second = bench.start(step("A", "print(2)")).wait(PATIENCE)
    other = bench.start(step("A", "print(3)"), name=f"{bench.name}Other").wait(PATIENCE)
    later = Workspace(home=bench.home.root)
    rows = later.executions("local", bench.name)
    assert [row.execution_arn for row in rows] == [second.execution_arn, first.execution_arn]
    assert [row.status for row in rows] == ["Succeeded"] * 2
    assert later.executions("local")[0].execution_arn == other.execution_arn
    assert later.execution().execution_arn == other.execution_arn
    found = later.execution("last", pipeline=bench.name)
    assert found.execution_arn == second.execution_arn
    assert (found.pipeline, found.status) == (bench.name, "Succeeded")
    assert [node.name for node in found.graph.nodes] == ["A"]
    assert later.executions("local", bench.name, limit=1) == rows[:1]
    with pytest.raises(ExecutionError, match="There is no execution of Nobody"):
        later.execution("last", pipeline="Nobody")


def test_an_execution_that_does_not_exist(bench: Bench) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{bench.name}/execution/abcdefabcdef"
    execution = bench.workspace.execution(arn)
    with pytest.raises(ExecutionError, match="PC702"):
        _ = execution.status
    with pytest.raises(ExecutionError, match="PC702"):
        execution.wait(30)


def test_a_long_definition_goes_by_s3(bench: Bench) -> None:
    steps = [step(f"Step{number}", f"print('{'x' * 200}')") for number in range(4)]
    body = {**definition(*steps), "Metadata": {"filler": "x" * 120_000}}
    place = bench.workspace.engine("sagemaker", "local")
    document = read_document(body, name="Long")
    place.deploy(document, role=PLACEHOLDER_ROLE)
    arn = place.start(document, parameters={})
    assert bench.workspace.remember(place, arn).wait(PATIENCE).document.body == body


def test_uploads_are_put_in_place_and_progress_is_told(bench: Bench, tmp_path: Path) -> None:
    from pipecell.declare.compiled import Upload

    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 9_000_000)
    uploads = (
        Upload(b"small", "sagemaker-us-east-1-000000000000", "code/small.py", "1"),
        Upload(big, "a-bucket-of-my-own", "data/big file.bin", "2"),
    )
    told: list[tuple[int, int]] = []
    place = bench.workspace.engine("sagemaker", "local")
    document = read_document(definition(step("A", "print(1)")), name="Uploads")
    place.deploy(
        document,
        role=PLACEHOLDER_ROLE,
        uploads=uploads,
        progress=lambda _, done, total: told.append((done, total)),
    )
    s3 = bench.workspace.connect("local").client("s3")
    assert s3.get_object(Bucket=uploads[0].bucket, Key=uploads[0].key)["Body"].read() == b"small"
    assert s3.head_object(Bucket=uploads[1].bucket, Key=uploads[1].key)["ContentLength"] == 9_000_000
    assert told[0] == (5, 9_000_005)
    assert told[-1] == (9_000_005, 9_000_005)


def test_a_file_that_is_gone_is_named(bench: Bench, tmp_path: Path) -> None:
    from pipecell.declare.compiled import Upload

    upload = Upload(tmp_path / "gone.py", "sagemaker-us-east-1-000000000000", "k", "1")
    document = read_document(definition(step("A", "print(1)")), name="Gone")
    with pytest.raises(ExecutionError, match=r"PC708 — The file .*gone\.py cannot be read"):
        bench.workspace.engine("sagemaker", "local").deploy(
            document, role=PLACEHOLDER_ROLE, uploads=(upload,)
        )


def test_tags_reach_the_pipeline(bench: Bench) -> None:
    place = bench.workspace.engine("sagemaker", "local")
    document = read_document(definition(step("A", "print(1)")), name="Tagged")
    arn = place.deploy(document, role=PLACEHOLDER_ROLE, tags=[{"Key": "team", "Value": "census"}])
    assert place.deploy(document, role=PLACEHOLDER_ROLE, tags=[{"Key": "phase", "Value": "test"}]) == arn
    tags = bench.workspace.connect("local").client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
    assert {"Key": "team", "Value": "census"} in tags
    assert {"Key": "phase", "Value": "test"} in tags


def test_a_watch_survives_a_crash_of_the_endpoint(
    own_bench: Bench, own_endpoint: EndpointInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = own_bench
    monkeypatch.setitem(execution_module.PATIENCE, "local", PATIENCE)  # a start may take long
    go = tmp_path / "go"
    execution = bench.start(
        step("A", WAIT_FOR_FILE.format(str(go)) + "; print('done')"), step("B", "print('b')", "A")
    )
    watch = execution.watch()
    wait_until(lambda: watch.snapshot and watch.snapshot.steps, "the first step is seen")
    os.kill(own_endpoint.pid, signal.SIGKILL)
    wait_until(lambda: watch.trouble is not None, "the crash is noticed")
    assert "not reachable now" in execution.picture(watch.snapshot).header.chips
    waiting = threading.Thread(target=execution.wait, args=(PATIENCE,))
    waiting.start()
    daemon.start(bench.home)
    go.touch()
    waiting.join(PATIENCE)
    assert execution.status == "Succeeded"
    assert watch.trouble is None
    assert [entry.name for entry in execution.steps] == ["A", "B"]


def test_the_endpoint_that_nobody_started_again_is_named(
    own_bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench = own_bench
    from pipecell.errors import EndpointError

    monkeypatch.setitem(execution_module.PATIENCE, "local", 0.0)
    execution = bench.start(step("A", WAIT_FOR_FILE.format(str(tmp_path / "go"))))
    daemon.stop(bench.home)
    with pytest.raises(EndpointError, match="pipecell local start"):
        execution.wait()
    (tmp_path / "go").touch()


def test_a_pipeline_of_a_file_runs(bench: Bench) -> None:
    compiled = Compiled(read_document(definition(step("A", "print(1)")), name="FromFile"), region="")
    execution = bench.workspace.add(compiled).run(parameters={"Rounds": "7"}, wait=True)
    assert execution.status == "Succeeded"
    assert execution.parameters == {"Rounds": 7}


def machine(**states: dict[str, Any]) -> dict[str, Any]:
    """Return a state machine that starts at its first state."""
    return {"StartAt": next(iter(states)), "States": states}


def start_machine(bench: Bench, body: dict[str, Any], given: Any = None) -> Execution:
    """Deploy a state machine and start it."""
    compiled = Compiled(read_document(body, name=bench.name), region="")
    return bench.workspace.add(compiled).run(input=given)


def test_a_state_machine_runs(bench: Bench) -> None:
    body = machine(
        Add={"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.added", "Next": "Which"},
        Which={
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 7, "Next": "Good"}],
            "Default": "Bad",
        },
        Good={"Type": "Succeed"},
        Bad={"Type": "Fail", "Error": "TooBad", "Cause": "n is not seven"},
    )
    found = start_machine(bench, body, {"n": 7}).wait(PATIENCE).to_json()
    assert (found["engine"], found["status"], found["failure_reason"]) == ("stepfunctions", "SUCCEEDED", None)
    assert (found["input"], found["output"]) == ({"n": 7}, {"n": 7, "added": {"x": 1}})
    assert [(entry["name"], entry["type"], entry["status"]) for entry in found["steps"]] == [
        ("Add", "Pass", "Succeeded"),
        ("Which", "Choice", "Succeeded"),
        ("Good", "Succeed", "Succeeded"),
    ]
    failed = start_machine(bench, body, {"n": 8})
    with pytest.raises(
        ExecutionError, match=r"step Bad — ExecutionTest\d+ ended FAILED: TooBad: n is not seven\."
    ):
        failed.wait(PATIENCE)
    assert failed.text().splitlines()[0].startswith(f"{bench.name}  ✕ FAILED")
    assert [row.status for row in bench.workspace.executions("local", bench.name)] == ["FAILED", "SUCCEEDED"]


def test_a_state_machine_is_stopped_and_changed(bench: Bench) -> None:
    waiting = start_machine(bench, machine(Wait={"Type": "Wait", "Seconds": 600, "End": True}))
    wait_until(lambda: waiting.steps, "the state is entered")
    waiting.stop()
    waiting.wait(PATIENCE, raise_on_failure=False)
    assert waiting.status == "ABORTED"
    assert [state.status for state in waiting.steps] == ["Stopped"]
    changed = start_machine(bench, machine(Now={"Type": "Pass", "Result": "changed", "End": True}))
    assert changed.wait(PATIENCE).snapshot.output == "changed"
    assert [node.name for node in waiting.graph.nodes] == ["Wait"]


def test_a_state_machine_takes_an_input_and_a_pipeline_parameters(bench: Bench) -> None:
    body = machine(Now={"Type": "Pass", "End": True})
    bench.workspace.add(Compiled(read_document(body, name=bench.name), region=""))
    with pytest.raises(ExecutionError, match="runs as a whole"):
        bench.workspace.engine("stepfunctions", "local").start(
            read_document(body, name=bench.name), parameters={}, selection=Selection(("Now",))
        )
    pipeline = bench.workspace.add(
        Compiled(read_document(definition(step("A", "print(1)")), name="Takes"), region="")
    )
    with pytest.raises(ExecutionError, match="takes parameters, not an input"):
        pipeline.run(input={})


def test_a_step_tells_why_it_was_reused_or_not(bench: Bench) -> None:
    def cached(word: str) -> dict[str, Any]:
        return {**step("A", f"print({word!r})"), "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}

    def verdict(*steps: dict[str, Any]) -> list[str]:
        execution = bench.start(*steps).wait()
        names.append(execution.execution_arn.rpartition("/")[2])
        return [str(execution.cache_verdict(entry)) for entry in execution.steps]

    names: list[str] = []
    assert verdict(cached("a"), step("B", "print('b')", "A")) == [
        "miss: it had not succeeded here before",
        "off: no CacheConfig",
    ]
    (hit,) = verdict(cached("a"))
    assert hit.startswith(f"hit: reused from execution {names[0]} of ")
    (miss,) = verdict(cached("b"))
    assert "print('a') → print('b')" in miss
    assert f"since execution {names[0]} of " in miss


def test_a_new_execution_goes_on_from_a_step_and_takes_over_the_rest(bench: Bench) -> None:
    first = bench.start(step("A", "print('a')"), step("B", "print('b')", "A"), step("C", "print('c')", "B"))
    again = first.wait().resume("B").wait()
    assert again.execution_arn != first.execution_arn
    assert again.parameters == first.parameters
    assert [(entry.name, entry.cached) for entry in again.steps] == [("A", True), ("B", False), ("C", False)]
    taken = next(entry for entry in again.steps if entry.name == "A")
    assert str(again.cache_verdict(taken)).startswith("hit: taken over from execution ")


def test_the_step_that_failed_goes_on_in_the_same_execution(bench: Bench, tmp_path: Path) -> None:
    door = tmp_path / "door"
    code = f"import os, sys; sys.exit(not os.path.exists({str(door)!r}))"
    execution = bench.start(step("A", "print('a')"), step("B", code, "A"))
    execution.wait(raise_on_failure=False)
    door.touch()
    assert execution.resume("B") is execution
    assert execution.wait().status == "Succeeded"


def test_a_new_execution_is_refused_where_another_definition_is_deployed(bench: Bench) -> None:
    first = bench.start(step("A", "print('a')"), step("B", "print('b')", "A")).wait()
    bench.start(step("A", "print('a')"), step("B", "print('other')", "A")).wait()
    with pytest.raises(UsageError, match="is not deployed as this execution ran it"):
        first.resume("B")


def test_a_machine_goes_on_from_its_failure_alone_and_says_so(bench: Bench) -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail", "Error": "No"}}
    place = bench.workspace.engine("stepfunctions", "local")
    document = read_document({"StartAt": "A", "States": states}, name=f"{bench.name}m")
    place.deploy(document, role=PLACEHOLDER_ROLE)
    execution = bench.workspace.remember(place, place.start(document, parameters={}))
    execution.wait(raise_on_failure=False)
    assert execution.resumption("A").words == (
        "A state machine goes on from the state that failed, from no other."
    )
    assert execution.resumption("B").way == "retry"
