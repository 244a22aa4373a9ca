"""What users hold: looking, choosing profiles, selecting steps, and what a launch refuses."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pipecell
from pipecell.declare.compiled import Compiled
from pipecell.declare.files import read_file
from pipecell.definition.document import read_document
from pipecell.engines.engine import ExecutionSummary, Selection
from pipecell.errors import CheckFailedError, UsageError
from pipecell.pipelines import Pipeline
from pipecell.workspace import Workspace
from tests.unit.engines.fakes import DEFINITION, FakeEngine, snapshot

CHAIN: dict[str, Any] = {
    "Version": "2020-12-01",
    "Parameters": [{"Name": "Rounds", "Type": "Integer", "DefaultValue": 50}],
    "Steps": [
        {"Name": "A", "Type": "Lambda", "Arguments": {}, "OutputParameters": [{"OutputName": "x"}]},
        {"Name": "B", "Type": "Lambda", "Arguments": {"x": {"Get": "Steps.A.OutputParameters['x']"}}},
        {"Name": "C", "Type": "Lambda", "Arguments": {}, "DependsOn": ["B"]},
        {"Name": "Other", "Type": "Lambda", "Arguments": {}},
    ],
}


class RecordingEngine(FakeEngine):
    """An engine that remembers what it was asked to start."""

    def __init__(self, *rows: ExecutionSummary) -> None:
        super().__init__(snapshot("Succeeded", ended=2.0))
        self.rows = list(rows)
        self.started: dict[str, Any] = {}
        self.deployment: dict[str, Any] = {}

    def executions(self, pipeline: str | None = None, limit: int = 20) -> list[ExecutionSummary]:
        return self.rows

    def deploy(self, document: Any, **settings: Any) -> str:
        self.deployment = settings
        return "arn"

    def start(self, document: Any, **settings: Any) -> str:
        self.started = settings
        return snapshot().execution_arn


class Shop(Workspace):
    """A workspace whose engine records."""

    def __init__(self, body: dict[str, Any], *rows: ExecutionSummary) -> None:
        super().__init__()
        self.place = RecordingEngine(*rows)
        self.asked: list[tuple[str, str]] = []
        self.add(Compiled(read_document(body, name="p")))

    def engine(self, kind: str, on: str, region: str = "") -> Any:
        self.asked.append((kind, on))
        return self.place


def test_the_module_and_the_function_share_a_name() -> None:
    assert pipecell.Pipeline is Pipeline
    with pytest.raises(UsageError, match=r"%load_ext pipecell"):
        pipecell.pipeline("CensusPipeline")
    assert "pipeline" in dir(pipecell)
    assert pipecell.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="nonsense"):
        _ = pipecell.nonsense


def test_read_a_file(tmp_path: Path) -> None:
    path = tmp_path / "census.json"
    path.write_text(json.dumps(DEFINITION))
    pipeline = Pipeline.read(path)
    assert (pipeline.name, pipeline.engine, repr(pipeline)) == ("census", "sagemaker", "<Pipeline census>")
    assert [node.name for node in pipeline.graph.nodes] == ["Prepare", "Train"]
    assert json.loads(pipeline.export()) == DEFINITION
    assert read_file(path, "Named").document.name == "Named"


def test_a_pipeline_displays_svg_or_at_least_text() -> None:
    bundle = Shop(CHAIN).pipeline()._repr_mimebundle_()
    assert bundle["text/plain"].startswith("p")


def test_choosing_among_pipelines() -> None:
    workspace = Shop(CHAIN)
    assert workspace.pipeline().name == "p"
    workspace.add(Compiled(read_document(DEFINITION, name="q")))
    with pytest.raises(UsageError, match=r"There are 2 pipelines\. Choose with --pipeline: p, q\."):
        workspace.pipeline()
    with pytest.raises(UsageError, match=r'There is no pipeline "qq"\. Did you mean "q"\?'):
        workspace.pipeline("qq")
    with pytest.raises(UsageError, match="No pipeline is declared"):
        Workspace().pipeline()


def test_a_run_uses_the_profile_in_force_and_says_so() -> None:
    workspace = Shop(CHAIN)
    said: list[str] = []
    execution = workspace.pipeline().run(say=said.append)
    assert execution.status == "Succeeded"
    assert workspace.asked == [("sagemaker", "local")]
    assert workspace.place.started["parameters"] == {"Rounds": 50}
    assert said == ["p: profile smoke, on this machine."]
    assert execution.profile == "smoke"


def test_a_profile_of_no_values_is_not_spoken_of() -> None:
    workspace = Shop({**CHAIN, "Parameters": []})
    said: list[str] = []
    execution = workspace.pipeline().run(say=said.append)
    assert said == ["p: on this machine."]
    assert execution.header().chips == ("on this machine",)


def test_values_come_from_the_profile_and_then_from_the_run() -> None:
    workspace = Shop(CHAIN)
    pipeline = workspace.pipeline()
    pipeline.use_profile("smoke", Rounds="5")
    said: list[str] = []
    workspace.pipeline().run(say=said.append)
    assert workspace.place.started["parameters"] == {"Rounds": 5}
    assert said == ["p: profile smoke (Rounds 50 → 5), on this machine."]
    workspace.pipeline().run(parameters={"Rounds": 7})
    assert workspace.place.started["parameters"] == {"Rounds": 7}
    workspace.pipeline().run(profile="full")
    assert workspace.place.started["parameters"] == {"Rounds": 50}


def test_the_table_of_profiles() -> None:
    pipeline = Shop(CHAIN).pipeline()
    table = pipeline.use_profile("smoke", Rounds=5)
    assert table.to_json() == {
        "pipeline": "p",
        "profile": "smoke",
        "profiles": {"smoke": {"Rounds": 5}, "full": {"Rounds": 50}},
        "costs": {"smoke": "", "full": ""},
    }
    assert str(table) == "p: profile smoke\n  Rounds  5   (full: 50)"


def test_a_profile_of_ones_own() -> None:
    workspace = Shop(CHAIN)
    pipeline = workspace.pipeline()
    table = pipeline.use_profile("quick", Rounds=7)
    assert (table.in_force, list(table.values)) == ("quick", ["smoke", "full", "quick"])
    assert table.values["quick"] == {"Rounds": 7}
    said: list[str] = []
    workspace.pipeline().run(say=said.append)
    assert workspace.place.started["parameters"] == {"Rounds": 7}
    assert said == ["p: profile quick (Rounds 50 → 7), on this machine."]
    pipeline.use_profile("smoke", Rounds=5)
    assert pipeline.use_profile("quicker", like="smoke").values["quicker"] == {"Rounds": 5}
    assert pipeline.use_profile(Rounds=4).values["quicker"] == {"Rounds": 4}
    assert pipeline.profiles().values["smoke"] == {"Rounds": 5}


def test_a_profile_of_ones_own_needs_values_and_a_name() -> None:
    pipeline = Shop(CHAIN).pipeline()
    with pytest.raises(UsageError, match=r'There is no profile "quick"'):
        pipeline.use_profile("quick")
    with pytest.raises(UsageError, match=r'"my profile" cannot be the name of a profile'):
        pipeline.use_profile("my profile", Rounds=1)
    with pytest.raises(UsageError, match=r"full exists already"):
        pipeline.use_profile("full", like="smoke")
    with pytest.raises(UsageError, match=r'There is no profile "smok"\. Did you mean "smoke"'):
        pipeline.use_profile("quick", like="smok")


def test_a_wrong_profile_value_is_refused_when_it_is_set() -> None:
    pipeline = Shop(CHAIN).pipeline()
    with pytest.raises(UsageError, match=r'p has no parameter "Ronds"\. Did you mean "Rounds"\?'):
        pipeline.use_profile("smoke", Ronds=5)
    with pytest.raises(UsageError, match="Rounds takes an integer"):
        pipeline.use_profile("smoke", Rounds="many")
    assert pipeline.profiles().values["smoke"] == {"Rounds": 50}
    with pytest.raises(UsageError, match=r'There is no profile "smok"\. Did you mean "smoke"\?'):
        pipeline.use_profile("smok")


def test_only_runs_the_named_steps_and_reuses_the_newest_ended_execution() -> None:
    def row(arn: str, status: str) -> ExecutionSummary:
        return ExecutionSummary(arn, "p", "sagemaker", "local", status)

    workspace = Shop(CHAIN, row("running", "Executing"), row("ended", "Failed"), row("older", "Succeeded"))
    workspace.pipeline().run(only=["C", "B"])
    assert workspace.place.started["selection"] == Selection(("B", "C"), "ended")


def test_from_runs_a_step_and_all_that_wait_for_it() -> None:
    workspace = Shop(CHAIN)
    workspace.pipeline().run(start_from="B")
    assert workspace.place.started["selection"] == Selection(("B", "C"), None)
    workspace.pipeline().run()
    assert workspace.place.started["selection"] is None


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"only": ["Bb"]}, r'PC924 — p has no step "Bb"\.'),
        ({"start_from": "othr"}, r'PC924 — p has no step "othr"\. Did you mean "Other"\?'),
        ({"profile": "ful"}, r'PC913 — There is no profile "ful"\. Did you mean "full"\?'),
        ({"parameters": {"Rouns": 1}}, r'PC902 — p has no parameter "Rouns"\. Did you mean "Rounds"\?'),
    ],
)
def test_a_wrong_run_starts_nothing(settings: dict[str, Any], line: str) -> None:
    workspace = Shop(CHAIN)
    with pytest.raises(UsageError, match=line):
        workspace.pipeline().run(**settings)
    assert workspace.place.started == {}


def test_a_wrong_target_is_one_line() -> None:
    with pytest.raises(UsageError, match=r'There is no target "moon"\.'):
        Workspace().connect("moon")


def test_errors_refuse_the_launch_and_are_all_listed() -> None:
    body = {**CHAIN, "Steps": [*CHAIN["Steps"], {"Name": "A", "Type": "Fail", "Arguments": {}}]}
    workspace = Shop(body)
    with pytest.raises(CheckFailedError) as caught:
        workspace.pipeline().run()
    assert workspace.place.deployment == {}
    assert str(caught.value).startswith("PC700 — p has ")
    assert len(str(caught.value).splitlines()) == 1 + len(caught.value.diagnostics)
    assert caught.value.diagnostics


def test_export_knows_its_formats() -> None:
    with pytest.raises(UsageError, match='export cannot write "jsn"'):
        Shop(CHAIN).pipeline().export("jsn")


def test_the_parts_of_a_launch_reach_the_engine() -> None:
    workspace = Shop(CHAIN)
    compiled = Compiled(
        read_document(CHAIN, name="p"),
        tags=({"Key": "team", "Value": "census"},),
        parallelism={"MaxParallelExecutionSteps": 2},
    )
    workspace.add(compiled)
    workspace.pipeline().run()
    place = workspace.place
    assert place.deployment["tags"] == compiled.tags
    assert place.deployment["parallelism"] == {"MaxParallelExecutionSteps": 2}
    assert place.deployment["role"] == compiled.role


def test_on_aws_the_definition_gets_the_real_account_bucket_and_role(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipecell.declare.compiled import PLACEHOLDER_ROLE, Upload
    from pipecell.engines.connection import Connection
    from tests.unit.engines.fakes import FakeClient

    connection = Connection(None, "eu-west-1")
    caller = {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/Studio/me"}
    meta = SimpleNamespace(region_name="eu-west-1")
    sts = SimpleNamespace(get_caller_identity=lambda: caller, meta=meta, exceptions=FakeClient.exceptions)
    role = {"Role": {"Arn": "arn:aws:iam::123456789012:role/path/Studio"}}
    connection._clients.update(sts=sts, iam=FakeClient(get_role=lambda **_: role))
    body = {
        **CHAIN,
        "Steps": [
            {
                "Name": "A",
                "Type": "Lambda",
                "Arguments": {"RoleArn": PLACEHOLDER_ROLE, "Uri": "s3://sagemaker-eu-west-1-000000000000/k"},
            }
        ],
    }
    workspace = Workspace()
    upload = Upload(b"x", "sagemaker-eu-west-1-000000000000", "k", "d")
    workspace.add(Compiled(read_document(body, name="p"), (upload,), region="eu-west-1"))
    place = RecordingEngine()
    asked: list[tuple[str, ...]] = []

    def engine(*words: str) -> RecordingEngine:
        asked.append(words)
        return place

    monkeypatch.setattr(workspace, "engine", engine)
    monkeypatch.setattr(workspace, "connect", lambda *_: connection)
    said: list[str] = []
    workspace.pipeline().run(on="aws", profile="full", say=said.append)
    assert asked == [("sagemaker", "aws", "eu-west-1")]
    assert said == ["p: profile full, on AWS, eu-west-1, account 123456789012."]
    assert place.deployment["role"] == "arn:aws:iam::123456789012:role/path/Studio"
    assert [sent.bucket for sent in place.deployment["uploads"]] == ["sagemaker-eu-west-1-123456789012"]
    workspace.pipeline().run(on="aws", role="arn:aws:iam::123456789012:role/given")
    assert place.deployment["role"] == "arn:aws:iam::123456789012:role/given"
