"""Events on EventBridge: the status of a standard execution changed."""

from __future__ import annotations

import json
from typing import Any

_FACTS = (
    "executionArn", "stateMachineArn", "stateMachineVersionArn", "stateMachineAliasArn", "name", "status",
    "input", "inputDetails", "output", "outputDetails", "error", "cause", "redriveCount", "redriveStatus",
    "redriveStatusReason",
)  # fmt: skip
_TIMES = ("startDate", "stopDate", "redriveDate")


def status_change(described: dict[str, Any]) -> dict[str, Any]:
    """Return PutEvents' entry of a change, from DescribeExecution's answer; its times are milliseconds."""
    detail = {name: described.get(name) for name in _FACTS}
    for name in _TIMES:
        moment = described.get(name)
        detail[name] = None if moment is None else int(moment * 1000)
    return {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Resources": [described["executionArn"]],
        "Detail": json.dumps(detail),
    }
