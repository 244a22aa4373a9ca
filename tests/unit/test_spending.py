"""What a run costs: its steps' time at their price, said as AWS's bill or as what AWS would bill."""

from __future__ import annotations

import pytest

from pipecell.engines.engine import StepSnapshot
from pipecell.spending import Spending, spending
from tests.unit.golden.compare import definition

HOUR = StepSnapshot("Train", "Training", "Succeeded", 0.0, 3600.0)
HALF = StepSnapshot("Prepare", "Processing", "Succeeded", 0.0, 1800.0)
PRICED = Spending({"Train": 2.0, "Prepare": 1.0}, billed=True)


def test_time_at_its_price() -> None:
    assert PRICED.of(HOUR) == "≈ $2.00"
    assert PRICED.so_far([HOUR, HALF]) == "≈ $2.50"


def test_a_run_on_this_machine_says_that_aws_would_bill_it() -> None:
    assert Spending(PRICED.hourly, billed=False).of(HOUR) == "≈ $2.00 on AWS"


@pytest.mark.parametrize(
    "step",
    [
        StepSnapshot("Train", "Training", "Succeeded", 0.0, 3600.0, cached=True),
        StepSnapshot("Train", "Training", "Starting"),
        StepSnapshot("Check", "Condition", "Succeeded", 0.0, 3600.0),
    ],
)
def test_what_was_reused_has_not_begun_or_has_no_price_costs_nothing(step: StepSnapshot) -> None:
    assert PRICED.of(step) == ""
    assert PRICED.so_far([step]) == ""


def test_steps_that_rent_machines_have_a_price_by_their_parameters() -> None:
    document = definition("census.json")
    cheap, dear = (
        spending(document, {"TrainingInstanceType": kind}, "us-east-1", billed=True).hourly["CensusTrain"]
        for kind in ("ml.m5.large", "ml.p3.2xlarge")
    )
    assert 0 < cheap < dear
