"""The panel of profiles: typed fields, what differs marked, costs, and a run."""

from types import SimpleNamespace
from typing import Any

import pytest

from pipecell.panel import ProfilePanel
from tests.unit.test_pipelines import Shop

ROLE = "arn:aws:iam::111122223333:role/Run"


def cluster() -> dict[str, Any]:
    return {
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": {"Get": "Parameters.Type"},
                "InstanceCount": {"Get": "Parameters.Count"},
                "VolumeSizeInGB": 30,
            }
        },
        "AppSpecification": {"ImageUri": "image"},
        "RoleArn": ROLE,
    }


DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [
        {"Name": "Type", "Type": "String", "DefaultValue": "ml.m5.4xlarge"},
        {"Name": "Count", "Type": "Integer", "DefaultValue": 2},
        {"Name": "Share", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "Verbose", "Type": "Boolean", "DefaultValue": False},
        {"Name": "Colour", "Type": "String", "DefaultValue": "red", "EnumValues": ["red", "blue"]},
        {"Name": "Note", "Type": "String", "DefaultValue": "<b>"},
    ],
    "Steps": [{"Name": "P", "Type": "Processing", "Arguments": cluster()}],
}


@pytest.fixture
def made() -> SimpleNamespace:
    workspace = Shop(DEFINITION)
    shown: list[Any] = []
    panel = ProfilePanel(workspace.pipeline, shown.append)
    return SimpleNamespace(panel=panel, fields=panel.fields, workspace=workspace, shown=shown)


def test_each_type_has_its_field(made: SimpleNamespace) -> None:
    kinds = {name: type(field).__name__ for name, field in made.fields.items()}
    assert kinds == {
        "Type": "Combobox",
        "Count": "IntText",
        "Share": "FloatText",
        "Verbose": "Checkbox",
        "Colour": "Dropdown",
        "Note": "Text",
    }
    options = made.fields["Type"].options
    assert any(o.startswith("ml.m5.large ") and "2 vCPU · 8 GiB" in o and "$0.115" in o for o in options)
    assert any("V100" in option or "T4" in option for option in options)
    assert all(option.startswith("ml.") for option in options)


def test_a_profile_fills_the_form_and_marks_what_differs(made: SimpleNamespace) -> None:
    assert made.panel.profiles.value == "smoke"
    assert (made.fields["Type"].value, made.fields["Count"].value) == ("ml.t3.medium", 1)
    texts = str(
        [
            child.value
            for row in made.panel.box.children
            for child in getattr(row, "children", ())
            if hasattr(child, "value")
        ]
    )
    assert "full: <s>ml.m5.4xlarge</s>" in texts
    assert "2 vCPU · 4 GiB" in texts
    made.panel.profiles.value = "full"
    assert (made.fields["Type"].value, made.fields["Count"].value) == ("ml.m5.4xlarge", 2)
    assert made.workspace.profiles.get("p").name == "full"


def test_a_change_is_kept_in_the_profile(made: SimpleNamespace) -> None:
    made.fields["Count"].value = 3
    chosen = next(o for o in made.fields["Type"].options if o.startswith("ml.m5.xlarge "))
    made.fields["Type"].value = chosen
    assert made.workspace.profiles.get("p").values == {"Count": 3, "Type": "ml.m5.xlarge"}
    assert made.fields["Type"].value == "ml.m5.xlarge"
    made.fields["Verbose"].value = True
    made.fields["Colour"].value = "blue"
    assert made.workspace.pipeline("p").profiles().values["smoke"]["Verbose"] is True


def test_it_runs_the_profile_in_force_here(made: SimpleNamespace) -> None:
    made.panel.run.click()
    assert made.workspace.place.started["parameters"]["Count"] == 1
    assert len(made.shown) == 1
    assert made.panel.complaint == ""


def test_what_is_wrong_is_said_in_the_panel_as_text(made: SimpleNamespace) -> None:
    made.panel.change("Note", "<script>" * 200)
    assert "AWS takes 1,024" in made.panel.complaint
    assert made.fields["Note"].value == "<b>"
    texts = [
        getattr(child, "value", "")
        for row in made.panel.box.children
        for child in getattr(row, "children", ())
    ]
    assert not any("<script>" in str(text) for text in texts)


def test_without_a_front_end_it_is_text(made: SimpleNamespace) -> None:
    bundle = made.panel.bundle()
    assert bundle["text/plain"].startswith("p: profile smoke\n")
    assert "A run on AWS costs: smoke " in bundle["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_it_follows_what_is_chosen_elsewhere(made: SimpleNamespace) -> None:
    made.workspace.observers.append(made.panel)
    made.workspace.pipeline("p").use_profile("night", Count=7)
    assert (made.panel.profiles.value, made.fields["Count"].value) == ("night", 7)
    made.fields["Count"].value = 8
    assert made.workspace.profiles.get("p").values == {"Count": 8}
