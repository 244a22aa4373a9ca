"""What a plan says, compared with what then happens: real jobs, one thing changed at a time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from pipecell.declare.compiled import Compiled, Upload
from pipecell.definition.document import read_document
from pipecell.local.daemon import EndpointInfo
from pipecell.pipelines import Pipeline
from pipecell.planning import PlanReport
from pipecell.workspace import Workspace
from tests.local.conftest import Clients
from tests.local.pipeline_parts import BUCKET, Traces, fresh, processing

CACHED: dict[str, Any] = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}
METRICS = "pathlib.Path('/opt/ml/processing/report/metrics.json').write_text('{\"auc\": 0.9}')\n"


class Desk:
    """One pipeline that is planned and run again and again; what is changed is changed on it.

    Prepare reads data; Train has a parameter and an output of its own name in each run, as training has;
    Score reads it; Check decides on Score's file; Note is in its branch and is not cached.
    """

    def __init__(self, home: Path, folder: Path, client: Clients) -> None:
        self.name = fresh("planned")
        self.traces = Traces(folder)
        self.workspace = Workspace(home=home)
        self.s3 = client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.scripts = {
            "Prepare": self.traces.code(
                "Prepare", "pathlib.Path('/opt/ml/processing/data/x').write_text('1')"
            ),
            "Train": self.traces.code("Train", "pathlib.Path('/opt/ml/processing/model/m').write_text('m')"),
            "Score": self.traces.code("Score", METRICS),
            "Note": self.traces.code("Note"),
        }
        self.caching = {name: dict(CACHED) for name in ("Prepare", "Train", "Score")}
        self.environment: dict[str, Any] = {"ETA": {"Get": "Parameters.Eta"}}
        self.parameters: dict[str, Any] = {}
        self.put_data(b"first")

    def put_data(self, content: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=f"{self.name}/raw/x.csv", Body=content)

    def static(self, name: str) -> str:
        return f"s3://{BUCKET}/{self.name}/out/{name}"

    def code(self, name: str) -> tuple[str, Upload]:
        """Return where a script is uploaded to, a place that its content names, as the SDK does it."""
        content = self.scripts[name].encode()
        import hashlib

        digest = hashlib.sha256(content).hexdigest()
        upload = Upload(content, BUCKET, f"{self.name}/code/{digest}/script.py", digest)
        return upload.uri, upload

    def pipeline(self) -> Pipeline:
        """Return the pipeline as it is now."""
        uploads = []
        steps: dict[str, dict[str, Any]] = {}

        def step(name: str, **more: Any) -> dict[str, Any]:
            uri, upload = self.code(name)
            uploads.append(upload)
            steps[name] = processing(name, uri, **more, **self.caching.get(name, {}))
            return steps[name]

        def output(name: str, key: str) -> dict[str, str]:
            return {"Get": f"Steps.{name}.ProcessingOutputConfig.Outputs['{key}'].S3Output.S3Uri"}

        prepare = step("Prepare", inputs={"raw": f"s3://{BUCKET}/{self.name}/raw"}, outputs=["data"])
        prepare["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = self.static(
            "data"
        )
        train = step(
            "Train",
            inputs={"data": output("Prepare", "data")},
            outputs=["model"],
            environment=self.environment,
        )
        score = step(
            "Score",
            inputs={"model": output("Train", "model")},
            outputs=["report"],
            property_files={"Report": "metrics.json"},
        )
        metric = {"PropertyFile": {"Get": "Steps.Score.PropertyFiles.Report"}, "Path": "auc"}
        check = {
            "Name": "Check",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [
                    {"Type": "GreaterThan", "LeftValue": {"Std:JsonGet": metric}, "RightValue": 0.8}
                ],
                "IfSteps": [step("Note")],
                "ElseSteps": [{"Name": "Weak", "Type": "Fail", "Arguments": {"ErrorMessage": "weak"}}],
            },
        }
        body = {
            "Version": "2020-12-01",
            "Parameters": [
                {"Name": "Eta", "Type": "String", "DefaultValue": "0.2"},
            ],
            "Steps": [prepare, train, score, check],
        }
        document = read_document(json.dumps(body), name=self.name)
        return self.workspace.add(Compiled(document, tuple(uploads)))

    def plan(self) -> PlanReport:
        return self.pipeline().plan(parameters=self.parameters)

    def run(self) -> dict[str, bool]:
        """Run it and return, for each step that ran, whether its result was reused."""
        execution = self.pipeline().run(parameters=self.parameters, wait=True)
        return {step.name: step.cached for step in execution.steps}

    def planned_and_run(self) -> tuple[dict[str, str], dict[str, str]]:
        """Plan, run, and hold the one to the other; return the plan's verdicts and reasons."""
        report = self.plan()
        verdicts = {row["step"]: row["verdict"] for row in report.to_json()["cache"]}
        happened = self.run()
        foreseen = {name: verdicts[name] == "hit" for name in happened if name != "Check"}
        assert foreseen == {name: cached for name, cached in happened.items() if name != "Check"}
        assert {name for name, verdict in verdicts.items() if verdict == "hit"} <= happened.keys()
        assert verdicts.keys() - happened.keys() <= {"Weak"}, "only of a condition's branches is one left out"
        verdicts.pop("Weak", None)
        return verdicts, {step.step: step.reason for step in report.plan.steps}


@pytest.fixture
def desk(endpoint: EndpointInfo, tmp_path: Path, client: Clients, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("PIPECELL_HOME", str(endpoint.home))
    return Desk(endpoint.home, tmp_path / "traces", client)


def test_a_plan_says_what_then_happens(desk: Desk) -> None:
    """One pipeline through every kind of change; each plan is held to the run after it."""
    verdicts, reasons = desk.planned_and_run()
    assert verdicts == {"Prepare": "miss", "Train": "miss", "Score": "miss", "Note": "off"}
    assert reasons["Prepare"] == "has not succeeded here yet"
    assert reasons["Train"] == "Prepare will run" or "has not succeeded" in reasons["Train"]
    assert reasons["Note"] == "caching off"

    verdicts, reasons = desk.planned_and_run()
    assert verdicts == {"Prepare": "hit", "Train": "hit", "Score": "hit", "Note": "off"}
    assert "same code, inputs and arguments" in reasons["Train"]
    assert reasons["Check"] == "auc > 0.8: true"
    assert reasons["Weak"] == "Check is true"

    desk.parameters = {"Eta": "0.3"}
    verdicts, reasons = desk.planned_and_run()
    assert verdicts == {"Prepare": "hit", "Train": "miss", "Score": "miss", "Note": "off"}
    assert reasons["Train"] == "environment ETA 0.2 → 0.3"
    assert reasons["Score"] == "Train will run"

    desk.parameters = {}
    verdicts, _ = desk.planned_and_run()
    assert verdicts["Train"] == "hit"

    desk.scripts["Score"] = desk.scripts["Score"].replace("'this is'", "'this was'")
    verdicts, reasons = desk.planned_and_run()
    assert verdicts == {"Prepare": "hit", "Train": "hit", "Score": "miss", "Note": "off"}
    assert reasons["Score"] == "script.py line 4 changed"

    desk.put_data(b"second")
    report = desk.plan()
    (note,) = report.plan.notes
    assert note.startswith("Prepare will reuse a result though s3://")
    verdicts, _ = desk.planned_and_run()
    assert verdicts["Prepare"] == "hit"

    del desk.caching["Train"]
    verdicts, reasons = desk.planned_and_run()
    assert verdicts == {"Prepare": "hit", "Train": "off", "Score": "miss", "Note": "off"}
    assert reasons["Train"] == "caching off"
    assert reasons["Score"] == "Train will run"

    desk.caching["Train"] = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1S"}}
    time.sleep(1.1)
    verdicts, reasons = desk.planned_and_run()
    assert verdicts["Train"] == "miss"
    assert reasons["Train"].startswith("expired ")
    desk.caching["Train"] = dict(CACHED)

    desk.s3.put_object(Bucket=BUCKET, Key=f"{desk.name}/out/data/x", Body=b"somebody else's")
    verdicts, reasons = desk.planned_and_run()
    assert verdicts["Prepare"] == "miss"
    assert "gone or was changed" in reasons["Prepare"]
    assert verdicts["Train"] == "hit", "the address of Prepare's output stays the same, as on AWS"
    assert "Prepare will run, but what it hands on has the same address" in reasons["Train"]


def test_what_is_deployed_is_compared(desk: Desk) -> None:
    before = desk.plan().plan
    assert before.deployed is None
    assert {(change.kind, change.path) for change in before.changes} == {("added", "")}
    desk.run()

    unchanged = desk.plan().plan
    assert unchanged.deployed is not None
    assert unchanged.changes == ()

    desk.scripts["Train"] += "print('more')\n"
    desk.environment["DEPTH"] = "5"
    changes = [change.to_json() for change in desk.plan().plan.changes]
    assert {
        "kind": "added",
        "step": "Train",
        "path": "Arguments.Environment.DEPTH",
        "before": None,
        "after": "5",
    } in changes
    (code,) = [change for change in changes if change["kind"] == "code"]
    assert (code["step"], code["path"]) == ("Train", "script.py")
    assert code["after"] == "print('more')"
    assert len(changes) == 2


def test_hours_are_those_of_earlier_runs(desk: Desk) -> None:
    first = desk.plan().plan.cost.of("Prepare")
    assert first is not None
    assert first.hours is not None
    assert "never run" in first.hours.basis
    desk.run()
    del desk.caching["Prepare"]
    second = desk.plan().plan.cost.of("Prepare")
    assert second is not None
    assert second.hours is not None
    assert second.hours.basis == "as 1 earlier run"
    assert second.low == pytest.approx(0.115 * second.hours.low / 3600)
    assert first.high is not None
    assert second.high is not None
    assert second.high < first.high


def test_the_endpoint_forgets_nothing_that_a_plan_needs(desk: Desk) -> None:
    """A script that is overwritten where it is: the endpoint compares what it ran, and so does the plan."""
    key = f"{desk.name}/mine/script.py"
    desk.s3.put_object(Bucket=BUCKET, Key=key, Body=desk.scripts["Prepare"].encode())

    def pipeline() -> Pipeline:
        step = processing("Prepare", f"s3://{BUCKET}/{key}", outputs=["data"], **CACHED)
        body = {"Version": "2020-12-01", "Steps": [step]}
        return desk.workspace.add(Compiled(read_document(json.dumps(body), name=f"{desk.name}-own"), ()))

    def planned_and_run() -> tuple[str, str]:
        (row,) = pipeline().plan().to_json()["cache"]
        (step,) = pipeline().run(wait=True).steps
        assert (row["verdict"] == "hit") is step.cached
        return row["verdict"], row["reason"]

    assert planned_and_run()[0] == "miss"
    assert planned_and_run()[0] == "hit"
    desk.s3.put_object(Bucket=BUCKET, Key=key, Body=desk.scripts["Prepare"].encode() + b"\n# more\n")
    verdict, reason = planned_and_run()
    assert verdict == "miss"
    assert "differs" in reason or "code" in reason


def test_a_state_machine_is_planned_too(desk: Desk) -> None:
    def machine(result: str) -> Pipeline:
        states = {"Say": {"Type": "Pass", "Result": result, "Next": "End"}, "End": {"Type": "Succeed"}}
        text = json.dumps({"StartAt": "Say", "States": states})
        return desk.workspace.add(Compiled(read_document(text, name=f"{desk.name}-machine"), ()))

    assert machine("one").plan().plan.deployed is None
    machine("one").run(wait=True)
    plan = machine("two").plan().plan
    assert plan.deployed is not None
    assert [change.to_json() for change in plan.changes] == [
        {"kind": "changed", "step": "Say", "path": "Result", "before": "one", "after": "two"}
    ]
    assert [(step.step, step.will, step.verdict) for step in plan.steps] == [
        ("Say", "run", "off"),
        ("End", "run", "off"),
    ]
    assert plan.cost.high == 0.0


def test_executions_are_compared_by_what_they_ran(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    from pipecell.cli import main

    first = desk.pipeline().run(parameters={"Eta": "0.2"}, wait=True)
    desk.scripts["Note"] += "print('again')\n"
    second = desk.pipeline().run(parameters={"Eta": "0.4"}, wait=True)
    assert main(["diff", first.execution_arn, second.execution_arn, "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert {(change["kind"], change["step"], change["path"]) for change in changes} == {
        ("changed", None, "Parameters['Eta'].DefaultValue"),
        ("code", "Note", "script.py"),
    }
    (code,) = [change for change in changes if change["kind"] == "code"]
    assert code["after"] == "print('again')"
