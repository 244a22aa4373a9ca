from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipecell.local.records.jobs import JobRecord
from pipecell.local.work.jobs import JobStatus
from tests.unit.local.bench_top import Bench, World, open_bench, processing, started, status_of

CACHED = {"Enabled": True, "ExpireAfter": "PT1H"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def bench(world: World) -> Iterator[Bench]:
    with open_bench(world) as opened:

        def completes(job: JobRecord) -> JobStatus:
            outputs = job.request.get("ProcessingOutputConfig", {}).get("Outputs", ())
            for output in outputs:
                key = output["S3Output"]["S3Uri"].removeprefix("s3://data/")
                opened.objects.put("data", f"{key}/result.csv", b"1,2")
            return status_of("Completed")

        world.decide = completes
        yield opened


def step(name: str, *, code: str = "s3://data/code/one.py", **arguments: Any) -> dict[str, Any]:
    """A cached step with code and an output whose place depends on the execution."""
    made = processing(name, CacheConfig=CACHED)
    made["Arguments"] |= {
        "ProcessingInputs": [
            {
                "InputName": "code",
                "S3Input": {
                    "S3Uri": code,
                    "LocalPath": "/opt/ml/processing/input/code",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": {
                            "Std:Join": {
                                "On": "/",
                                "Values": ["s3://data/runs", {"Get": "Execution.PipelineExecutionId"}, name],
                            }
                        },
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        **arguments,
    }
    return made


def run(bench: Bench, steps: list[dict[str, Any]], name: str = "p") -> tuple[str, dict[str, Any]]:
    """Run a pipeline under a name and return the execution's ARN and steps."""
    text = json.dumps({"Version": "2020-12-01", "Steps": steps})
    if not bench.call("ListPipelines", PipelineNamePrefix=name)["PipelineSummaries"]:
        arn = bench.start(steps, name)
    else:
        bench.call("UpdatePipeline", PipelineName=name, PipelineDefinition=text)
        arn = bench.call("StartPipelineExecution", **started(name))["PipelineExecutionArn"]
    assert bench.wait(arn)["PipelineExecutionStatus"] == "Succeeded"
    return arn, bench.steps(arn)


def test_the_same_work_is_not_done_twice(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    first, before = run(bench, [step("a")])
    _, after = run(bench, [step("a")])
    assert after["a"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first}
    assert after["a"]["Metadata"] == before["a"]["Metadata"]
    assert len(world.launches) == 1


def test_steps_behind_a_hit_get_its_properties_and_hit_too(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    reader = processing("b", CacheConfig=CACHED)
    reader["Arguments"]["Environment"] = {
        "SOURCE": {"Get": "Steps.a.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
    }
    run(bench, [step("a"), reader])
    _, after = run(bench, [step("a"), reader])
    assert all("CacheHitResult" in each for each in after.values())
    assert len(world.launches) == 2


def test_other_code_or_other_arguments_are_other_work(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    run(bench, [step("a")])
    run(bench, [step("a", Environment={"X": "1"})])
    bench.objects.put("data", "code/one.py", b"print(2)")
    _, after = run(bench, [step("a")])
    assert "CacheHitResult" not in after["a"]
    assert len(world.launches) == 3


def test_the_same_code_at_another_place_is_the_same_work(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/2026-11-01/run.py", b"print(1)")
    bench.objects.put("data", "code/2026-11-02/run.py", b"print(1)")
    run(bench, [step("a", code="s3://data/code/2026-11-01/run.py")])
    _, after = run(bench, [step("a", code="s3://data/code/2026-11-02/run.py")])
    assert "CacheHitResult" in after["a"]
    assert len(world.launches) == 1


def test_an_archive_counts_by_its_members_not_by_when_it_was_made(bench: Bench, world: World) -> None:
    for second, content in ((1, b"print(1)"), (2, b"print(1)"), (3, b"print(2)")):
        bench.objects.put("data", f"code/{second}/sourcedir.tar.gz", archive(content, second))
        run(bench, [step("a", code=f"s3://data/code/{second}/sourcedir.tar.gz")])
    assert len(world.launches) == 2


def archive(content: bytes, second: int) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        member = tarfile.TarInfo("train.py")
        member.size, member.mtime = len(content), second
        tar.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=second)


def test_instance_type_and_place_of_outputs_do_not_count(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    run(bench, [step("a")])
    bigger = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.4xlarge", "VolumeSizeInGB": 90}}
    _, after = run(bench, [step("a", ProcessingResources=bigger)])
    assert "CacheHitResult" in after["a"]


@pytest.mark.parametrize("damage", ["removed", "replaced"])
def test_a_result_whose_artifacts_are_gone_or_changed_is_not_reused(
    bench: Bench, world: World, damage: str
) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    arn, _ = run(bench, [step("a")])
    key = f"runs/{arn.rpartition('/')[2]}/a/result.csv"
    if damage == "removed":
        bench.objects.delete("data", key)
    else:
        bench.objects.put("data", key, b"something else")
    _, after = run(bench, [step("a")])
    assert "CacheHitResult" not in after["a"]
    assert len(world.launches) == 2


def test_a_result_that_is_too_old_is_not_reused(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    run(bench, [step("a")])
    with bench.store.transaction() as connection:
        connection.execute("UPDATE step SET ended = ended - 3601")
    _, after = run(bench, [step("a")])
    assert "CacheHitResult" not in after["a"]


def test_a_hit_does_not_make_a_result_younger(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    first, _ = run(bench, [step("a")])
    with bench.store.transaction() as connection:
        connection.execute("UPDATE step SET ended = ended - 3000")
    run(bench, [step("a")])
    with bench.store.transaction() as connection:
        connection.execute("UPDATE step SET ended = ended - 900")
    _, after = run(bench, [step("a")])
    assert "CacheHitResult" not in after["a"]
    assert first


def test_failed_steps_and_other_pipelines_lend_nothing(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    run(bench, [step("a")], "one")
    _, other = run(bench, [step("a")], "two")
    assert "CacheHitResult" not in other["a"]


def test_a_step_without_cache_config_runs(bench: Bench, world: World) -> None:
    bench.objects.put("data", "code/one.py", b"print(1)")
    plain = step("a")
    del plain["CacheConfig"]
    run(bench, [plain])
    run(bench, [plain])
    assert len(world.launches) == 2
