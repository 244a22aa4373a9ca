"""Plans and runs on AWS, where code counts by its address and nothing starts before a yes.

The target is a local endpoint that says it is AWS: what differs is what pipecell asks, and when.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.compiled import Compiled, Upload
from pipecell.definition.document import read_document
from pipecell.engines.connection import Connection
from pipecell.errors import ExecutionError
from pipecell.local.daemon import EndpointInfo
from pipecell.pipelines import Pipeline
from pipecell.planning import PlanReport
from pipecell.workspace import Workspace
from tests.local.conftest import Clients
from tests.local.pipeline_parts import BUCKET, ROLE, Traces, fresh, processing

COMMAND_AT_FAULT = 2


class Cloud(Connection):
    """The way to a local endpoint, taken for AWS."""

    @property
    def target(self) -> str:
        return "aws"


@pytest.fixture
def workspace(endpoint: EndpointInfo, client: Clients, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    client("s3").create_bucket(Bucket=BUCKET)
    connect = Workspace.connect

    def to_cloud(self: Workspace, on: str, region: str = "", *, start: bool = True) -> Connection:
        found = connect(self, "local", "us-east-1", start=start)
        if on == "local":
            return found
        return Cloud(found.endpoint_url, "us-east-1", found.access_key, found.secret_key)

    monkeypatch.setattr(Workspace, "connect", to_cloud)
    return Workspace(home=endpoint.home)


@pytest.fixture
def make(workspace: Workspace, tmp_path: Path) -> Any:
    name = fresh("cloudy")
    traces = Traces(tmp_path / "traces")

    def made(key: str = "one", *, then: str = "", instance: str = "ml.m5.large") -> Pipeline:
        code = traces.code("Only", then).encode()
        upload = Upload(code, BUCKET, f"{name}/{key}/script.py", "digest")
        step = processing("Only", upload.uri, CacheConfig={"Enabled": True})
        step["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = instance
        step["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": 7200}
        body = {"Version": "2020-12-01", "Steps": [step]}
        return workspace.add(Compiled(read_document(json.dumps(body), name=name), (upload,), role=ROLE))

    return made


def verdict(pipeline: Pipeline) -> tuple[str, str]:
    (row,) = pipeline.plan(on="aws", role=ROLE).to_json()["cache"]
    return row["verdict"], row["reason"]


def test_on_aws_the_same_code_at_another_address_is_other_code(make: Any) -> None:
    make().run(on="aws", role=ROLE, wait=True)
    assert verdict(make())[0] == "hit"
    assert verdict(make("two")) == ("miss", "the same code was uploaded to another address")
    missed, reason = verdict(make("two", then="print('more')"))
    assert missed == "miss"
    assert reason.startswith("script.py line")


def test_a_plan_on_aws_says_account_and_region(make: Any) -> None:
    plan = make().plan(on="aws", role=ROLE)
    assert plan.plan.billed
    assert "on AWS us-east-1, account 0000…0000" in str(plan)
    assert "nothing is billed" not in str(plan)


def test_nothing_starts_without_a_yes(make: Any) -> None:
    shown: list[PlanReport] = []

    def no(plan: PlanReport) -> bool:
        shown.append(plan)
        return False

    with pytest.raises(ExecutionError) as caught:
        make().run(on="aws", role=ROLE, approve=no)
    assert caught.value.code == "PC716"
    assert shown[0].plan.cost.high == pytest.approx(2 * 0.115)
    assert make().plan(on="aws", role=ROLE).plan.deployed is None, "nothing was deployed either"


@pytest.mark.parametrize(
    ("instance", "limit", "starts"),
    [("ml.m5.large", 0.5, True), ("ml.m5.large", 0.1, False), ("ml.m7i.large", 100.0, False)],
)
def test_a_budget_refuses_what_may_cost_more(make: Any, instance: str, limit: float, *, starts: bool) -> None:
    pipeline = make(instance=instance)
    if starts:
        assert pipeline.run(on="aws", role=ROLE, max_cost=limit, wait=True).status == "Succeeded"
        return
    with pytest.raises(ExecutionError) as caught:
        pipeline.run(on="aws", role=ROLE, max_cost=limit)
    assert caught.value.code == "PC715"


def test_a_run_on_this_machine_asks_nobody(make: Any) -> None:
    def never(plan: PlanReport) -> bool:
        raise AssertionError("asked")

    assert make().run(max_cost=0.0, approve=never, wait=True).status == "Succeeded"


def test_a_script_that_nobody_watches_has_to_say_yes_before(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, endpoint: EndpointInfo
) -> None:
    from pipecell.cli import main

    definition = tmp_path / "definition.json"
    definition.write_text(make().export())
    monkeypatch.setenv("PIPECELL_HOME", str(endpoint.home))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    words = ["run", str(definition), "--on", "aws", "--role", ROLE]
    assert main(words) == COMMAND_AT_FAULT
    assert main([*words, "--yes"]) == 0
