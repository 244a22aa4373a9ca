"""The pipeline of a round: parallel branches, a step that loses its job, a condition; and its script."""

from __future__ import annotations

import json
from typing import Any

from tests.local.pipeline_parts import BUCKET, processing

LINES = 20
"""Lines that each script says, so that a lost one is noticed."""

STEPS = ("Prepare", "Left", "Right", "Fragile", "Evaluate", "Good")
EXPECTED = dict.fromkeys([*STEPS, "Check"], "Succeeded")


# Its own traces go to a file outside of every sandbox: they show what really ran, whatever the endpoint says.
SCRIPT = f"""
job=${{PIPECELL_JOB##*/}}
echo "begin $STEP $job" >> "$SIDE/trace"
i=0
while [ $i -lt {LINES} ]; do i=$((i+1)); echo "$STEP $job line $i"; done
if [ "$STEP" = Fragile ] && [ ! -e "$SIDE/lost" ]; then
    # The harness kills the supervisor of this job, and it counts as the last of many: the job is lost.
    echo 10 > "$PIPECELL_JOB/claim"; echo "$job" > "$SIDE/lost"; sleep 60
fi
sleep 0.05
i=0
while [ $i -lt {LINES} ]; do i=$((i+1)); echo "row $i of $STEP"; done > /opt/ml/processing/out/rows.txt
echo '{{"score": {{"value": 0.9}}}}' > /opt/ml/processing/out/score.json
echo "done $STEP $job" >> "$SIDE/trace"
"""


RETRY = {
    "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
    "IntervalSeconds": 0,
    "BackoffRate": 1.0,
    "MaxAttempts": 3,
}


def pipeline() -> str:
    """Return the definition: Prepare → (Left, Right, Fragile) → Evaluate → Check → Good or Bad."""

    def step(name: str, *needs: str, **body: Any) -> dict[str, Any]:
        made = processing(
            name,
            f"s3://{BUCKET}/durability/code",
            outputs=["out"],
            environment={"SIDE": {"Get": "Parameters.Side"}, "STEP": name},
            **body,
        )
        if needs:
            made["DependsOn"] = list(needs)
        made["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
            "sh",
            "/opt/ml/processing/input/code/job.sh",
        ]
        return made

    score = {
        "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Score"}, "Path": "score.value"}
    }
    check = {
        "Name": "Check",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": score, "RightValue": 0.5}],
            "IfSteps": [step("Good")],
            "ElseSteps": [{"Name": "Bad", "Type": "Fail", "Arguments": {"ErrorMessage": "never"}}],
        },
    }
    steps = [
        step("Prepare"),
        step("Left", "Prepare"),
        step("Right", "Prepare"),
        step("Fragile", "Prepare", RetryPolicies=[RETRY]),
        step("Evaluate", "Left", "Right", "Fragile", property_files={"Score": "score.json"}),
        check,
    ]
    parameter = {"Name": "Side", "Type": "String", "DefaultValue": ""}
    return json.dumps({"Version": "2020-12-01", "Parameters": [parameter], "Steps": steps})
