"""What the built-in XGBoost algorithm finds in its container, and what it trains on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Container:
    """Where the job's things are, by the variables that SageMaker sets.

    Args:
        variables: the environment.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        config = Path(variables["SM_INPUT_CONFIG_DIR"])
        self.hyperparameters: dict[str, str] = json.loads((config / "hyperparameters.json").read_text())
        self.channels: dict[str, dict[str, Any]] = json.loads((config / "inputdataconfig.json").read_text())
        self.model = Path(variables["SM_MODEL_DIR"])
        self.output = Path(variables["SM_OUTPUT_DATA_DIR"])
        self.data = {name: variables[f"SM_CHANNEL_{name.upper()}"] for name in self.channels}
        checkpoints = config / "checkpointconfig.json"
        self.checkpoints = (
            Path(json.loads(checkpoints.read_text())["LocalPath"]) if checkpoints.exists() else None
        )


@dataclass(frozen=True)
class Data:
    """What is trained on.

    Args:
        training: a DMatrix.
        validation: a DMatrix, or None.
        form: ``csv``, …; cross validation reads both channels again, together.
        weights: the second column of a CSV file holds the rows' weights.
    """

    training: Any
    validation: Any
    form: str
    weights: bool
