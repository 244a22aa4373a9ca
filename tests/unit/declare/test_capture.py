from __future__ import annotations

import threading
from typing import Any

import pytest

from pipecell.declare.capture import Capture, capturing, not_capturing
from pipecell.declare.stepfunctions import root_level_kept

FAIL_STEP = "from sagemaker.workflow.fail_step import FailStep"


@pytest.fixture(autouse=True)
def plain_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the SDK is not offline, and it asks for credentials when it is imported."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def _run(source: str) -> Capture:
    with capturing() as capture:
        exec(source, {})
    return capture


def _names(capture: Capture, *kinds: Any) -> list[str]:
    return [thing.name for thing in capture.of(*kinds)]


def test_records_what_helpers_and_lists_create() -> None:
    capture = _run(
        f"{FAIL_STEP}\n"
        "def make(name): return FailStep(name)\n"
        "steps = [make(f'Step{i}') for i in range(3)]\n"
        "FailStep('Loose')\n"
    )
    assert _names(capture, "step") == ["Step0", "Step1", "Step2", "Loose"]


def test_records_parameters_and_collections() -> None:
    capture = _run(
        "from sagemaker.workflow.parameters import *\n"
        "from sagemaker.workflow.step_collections import StepCollection\n"
        f"{FAIL_STEP}\n"
        "ParameterString('A'); ParameterInteger('B'); ParameterFloat('C'); ParameterBoolean('D')\n"
        "StepCollection('Group', [FailStep('Inner')])\n"
    )
    assert _names(capture, "parameter") == ["A", "B", "C", "D"]
    assert _names(capture, "collection") == ["Group"]


def test_leaves_out_an_object_whose_constructor_failed() -> None:
    capture = _run(
        "from sagemaker.workflow.steps import TrainingStep\n"
        f"{FAIL_STEP}\n"
        "try:\n    TrainingStep('Broken')\nexcept ValueError:\n    FailStep('Instead')\n"
    )
    assert _names(capture, "step") == ["Instead"]


def test_records_a_subclass_of_the_users_own() -> None:
    capture = _run(f"{FAIL_STEP}\nclass Mine(FailStep):\n    pass\nMine('Own')")
    assert _names(capture, "step") == ["Own"]


def test_other_threads_and_paused_stretches_are_not_recorded() -> None:
    from sagemaker.workflow.fail_step import FailStep

    with capturing() as capture:
        thread = threading.Thread(target=FailStep, args=("Elsewhere",))
        thread.start()
        thread.join()
        with not_capturing():
            FailStep("Compiled")
        FailStep("Here")
    FailStep("After")
    assert _names(capture, "step") == ["Here"]


def test_constructors_are_the_sdks_own_again_afterwards() -> None:
    from sagemaker.workflow.steps import Step

    before = Step.__init__
    with capturing():
        assert Step.__init__ is not before
    assert Step.__init__ is before


def test_states_chains_and_workflows() -> None:
    with root_level_kept(), capturing() as capture:
        exec("from stepfunctions.steps import Pass, Chain\nChain([Pass('A'), Pass('B')])", {})
    assert [state.state_id for state in capture.of("state")] == ["A", "B"]
    assert len(capture.of("chain")) == 1
