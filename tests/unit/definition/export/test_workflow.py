"""The workflow is YAML that GitHub takes, and its commands are ours."""

import shlex
from typing import Any

import pytest
import yaml

from pipecell.commands.table import VERBS
from pipecell.commands.verb import find, parse
from pipecell.definition.export.workflow import to_workflow


def commands(workflow: dict[str, Any]) -> list[list[str]]:
    """The words of each command of ours that the workflow runs."""
    lines = [
        line.partition(" >> ")[0]
        for job in workflow["jobs"].values()
        for step in job["steps"]
        for line in str(step.get("run", "")).splitlines()
    ]
    return [shlex.split(line) for line in lines if line.startswith("pipecell ")]


@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("file", ["census.ipynb", "with blank.ipynb"])
def test_its_commands_are_ours(file: str, *, several: bool) -> None:
    text = to_workflow("Census: one", file, region="eu-west-1", one_of_several=several)
    workflow = yaml.safe_load(text)
    assert set(workflow[True]) == {"pull_request", "push"}  # YAML 1.1 reads the key `on` as true
    found = commands(workflow)
    assert [words[1] for words in found] == ["check", "plan", "run"]
    for _, name, *words in found:
        values = parse(find(name, VERBS, "shell"), words, face="shell", program="pipecell").values
        assert values.file == file
        assert values.pipeline == ("Census: one" if several else None)
        if name != "check":
            assert (values.on, values.profile) == ("aws", "full")
    assert workflow["jobs"]["run"]["if"] == "github.event_name == 'push'"
    assert workflow["name"] == "Census: one"
