"""A workspace prefers the executions of its own pipelines, and chooses a profile for all of them."""

from __future__ import annotations

import pytest

from pipecell.declare.compiled import Compiled
from pipecell.definition.document import read_document
from pipecell.errors import UsageError
from pipecell.profiles import Profile
from pipecell.workspace import Workspace
from tests.unit.engines.fakes import DEFINITION
from tests.unit.test_session import Places, row


def test_the_last_is_preferably_of_a_pipeline_that_is_here() -> None:
    workspace = Places(sagemaker=[row("ours", 1), row("theirs", 3)])
    workspace.add(Compiled(read_document(DEFINITION, name="ours")))
    assert workspace.execution().execution_arn == row("ours", 1).execution_arn
    del workspace.rows["sagemaker"][0]
    assert workspace.execution().execution_arn == row("theirs", 3).execution_arn


def test_the_default_profile_is_that_of_pipelines_without_one_in_force() -> None:
    workspace = Workspace()
    workspace.profiles.put_in_force("chosen", Profile("smoke"))
    workspace.use_default_profile("full")
    assert workspace.profiles.get("chosen") == Profile("smoke")
    assert workspace.profiles.get("other") == Profile("full")
    with pytest.raises(UsageError, match="PC913"):
        workspace.use_default_profile("fulll")
