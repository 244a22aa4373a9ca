"""Write ``definition/data``: what AWS's own service model says about instance types, properties and limits.

Run it when botocore has moved on: ``python scripts/make_instances.py``. Types, properties and limits
are read from botocore; prices are copied by hand from AWS's public price list, dated below.
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

PRICES_OF = "2024-06"
# SageMaker on-demand, USD an hour, us-east-1; the same for every kind of job that offers the type.
PRICES = {
    "t3": {"medium": 0.05, "large": 0.10, "xlarge": 0.20, "2xlarge": 0.399},
    "t2": {"medium": 0.056, "large": 0.111, "xlarge": 0.223, "2xlarge": 0.445},
    "m5": {
        "large": 0.115,
        "xlarge": 0.23,
        "2xlarge": 0.461,
        "4xlarge": 0.922,
        "12xlarge": 2.765,
        "24xlarge": 5.53,
    },
    "m4": {"xlarge": 0.24, "2xlarge": 0.48, "4xlarge": 0.96, "10xlarge": 2.4, "16xlarge": 3.84},
    "c5": {
        "large": 0.102,
        "xlarge": 0.204,
        "2xlarge": 0.408,
        "4xlarge": 0.816,
        "9xlarge": 1.836,
        "18xlarge": 3.672,
    },
    "c4": {"large": 0.119, "xlarge": 0.239, "2xlarge": 0.478, "4xlarge": 0.955, "8xlarge": 1.909},
    "r5": {
        "large": 0.151,
        "xlarge": 0.302,
        "2xlarge": 0.605,
        "4xlarge": 1.21,
        "12xlarge": 3.629,
        "24xlarge": 7.258,
    },
    "p3": {"2xlarge": 3.825, "8xlarge": 14.688, "16xlarge": 28.152},
    "g4dn": {
        "xlarge": 0.736,
        "2xlarge": 0.94,
        "4xlarge": 1.505,
        "8xlarge": 2.72,
        "12xlarge": 4.89,
        "16xlarge": 5.44,
    },
    "g5": {
        "xlarge": 1.408,
        "2xlarge": 1.515,
        "4xlarge": 2.03,
        "8xlarge": 3.06,
        "12xlarge": 7.09,
        "16xlarge": 5.12,
        "24xlarge": 10.18,
        "48xlarge": 20.36,
    },
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
    priced = {f"ml.{family}.{size}": usd for family, sizes in PRICES.items() for size, usd in sizes.items()}
    offered = {name for names in known.values() for name in names}
    write(
        "instances.json",
        {
            "source": f"botocore {botocore.__version__}, sagemaker",
            "prices": {
                "as_of": PRICES_OF,
                "region": "us-east-1",
                "currency": "USD",
                "unit": "hour",
                "of": {name: usd for name, usd in priced.items() if name in offered},
            },
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
