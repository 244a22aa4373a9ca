"""Write ``definition/data``: what AWS's own service model says about instance types, properties and limits.

Run it when botocore has moved on: ``python scripts/make_instances.py``. Prices are ``make_prices.py``'s.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore
import botocore.session

DATA = Path(__file__).parent.parent / "pylib" / "pipecell" / "definition" / "data"

KINDS = {
    "processing": "ProcessingInstanceType",
    "training": "TrainingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}

# Step type to the operation whose answer its properties are.
PROPERTIES = {
    "Processing": "DescribeProcessingJob",
    "Training": "DescribeTrainingJob",
    "Transform": "DescribeTransformJob",
    "Tuning": "DescribeHyperParameterTuningJob",
    "Model": "DescribeModel",
    "RegisterModel": "DescribeModelPackage",
    "AutoML": "DescribeAutoMLJob",
    "EndpointConfig": "DescribeEndpointConfig",
    "Endpoint": "DescribeEndpoint",
    "InferenceComponent": "DescribeInferenceComponent",
}
MORE_PROPERTIES = {"Tuning": ["TrainingJobSummaries"], "AutoML": ["BestCandidateProperties"]}

LIMITS = {
    "pipeline_name": "PipelineName",
    "parameter_name": "PipelineParameterName",
    "step_name": "StepName",
}


def main() -> None:
    """Write both files."""
    model = botocore.session.Session().get_service_model("sagemaker")
    known = {shape: enumeration(model.shape_for(shape)) for shape in KINDS.values()}
    write(
        "instances.json",
        {
            "source": f"botocore {botocore.__version__}, sagemaker",
            "kinds": {kind: sorted(known[shape], key=by_size) for kind, shape in KINDS.items()},
        },
    )
    properties = {
        step_type: sorted([*members(model.operation_model(operation)), *MORE_PROPERTIES.get(step_type, [])])
        for step_type, operation in PROPERTIES.items()
    }
    limits = {name: model.shape_for(shape).metadata for name, shape in LIMITS.items()}
    write(
        "shapes.json",
        {
            "source": f"botocore {botocore.__version__}, sagemaker",
            "properties": properties,
            "limits": limits,
        },
    )


def enumeration(shape: Any) -> list[str]:
    """Return the values of a string shape."""
    return list(shape.enum)


def members(operation: Any) -> list[str]:
    """Return the names at the top level of an operation's answer."""
    return list(operation.output_shape.members)


def by_size(name: str) -> tuple[str, int, str]:
    """Sort a family's sizes as people do: large before xlarge before 2xlarge."""
    _, family, size = name.split(".", 2)
    digits = size.removesuffix("xlarge")
    order = {"medium": -2, "large": -1, "xlarge": 1}.get(size, int(digits) if digits.isdecimal() else 999)
    return family, order, name


def write(name: str, content: dict[str, Any]) -> None:
    """Write one file, short lists on one line."""
    DATA.mkdir(exist_ok=True)
    (DATA / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
