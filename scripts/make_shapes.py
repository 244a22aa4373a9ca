"""Write ``definition/data/shapes.json``: AWS's shapes of what steps say, and of what can be read from them.

Run it when botocore has moved on: ``python scripts/make_shapes.py``. Only what steps reach is kept,
without documentation; patterns are put into Python's dialect; instance types are `make_instances.py`'s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

DATA = Path(__file__).parent.parent / "pylib" / "pipecell" / "definition" / "data"

# Step type to the operation whose request its arguments are, and the member that names the job.
REQUESTS = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName"),
    "Training": ("CreateTrainingJob", "TrainingJobName"),
    "Transform": ("CreateTransformJob", "TransformJobName"),
    "Tuning": ("CreateHyperParameterTuningJob", "HyperParameterTuningJobName"),
    "AutoML": ("CreateAutoMLJob", "AutoMLJobName"),
    "AutoMLV2": ("CreateAutoMLJobV2", "AutoMLJobName"),
    "Model": ("CreateModel", "ModelName"),
    "RegisterModel": ("CreateModelPackage", "ModelPackageName"),
    "EndpointConfig": ("CreateEndpointConfig", "EndpointConfigName"),
    "Endpoint": ("CreateEndpoint", "EndpointName"),
    "InferenceComponent": ("CreateInferenceComponent", "InferenceComponentName"),
}
# Step type to the operation whose answer its properties are.
ANSWERS = {
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
# What the pipelines service adds to those answers; None: AWS documents no shape.
MORE_PROPERTIES: dict[str, dict[str, str | None]] = {
    "Tuning": {"TrainingJobSummaries": "HyperParameterTrainingJobSummaries"},
    "AutoML": {"BestCandidateProperties": None},
    "QualityCheck": {
        "CalculatedBaselineConstraints": "S3Uri",
        "CalculatedBaselineStatistics": "S3Uri",
        "BaselineUsedForDriftCheckConstraints": "S3Uri",
        "BaselineUsedForDriftCheckStatistics": "S3Uri",
    },
    "ClarifyCheck": {
        "CalculatedBaselineConstraints": "S3Uri",
        "BaselineUsedForDriftCheckConstraints": "S3Uri",
    },
    "Lambda": {"OutputParameters": None},
    "Callback": {"OutputParameters": None},
}
LIMITS = {
    "pipeline_name": "PipelineName",
    "parameter_name": "PipelineParameterName",
    "step_name": "StepName",
}
# Their values are in instances.json, by kind of job.
KNOWN_ELSEWHERE = frozenset(
    {
        "ProcessingInstanceType",
        "TrainingInstanceType",
        "TransformInstanceType",
        "ProductionVariantInstanceType",
    }
)
EMR = {"StepConfig": "StepConfig", "ClusterConfig": "RunJobFlowInput"}

# Characters of Unicode's categories inside ASCII: patterns with categories are only held to ASCII text.
CATEGORIES = {
    "L": "a-zA-Z",
    "M": "",
    "Z": " ",
    "N": "0-9",
    "S": r"$+<=>^`|~",
    "P": r"!\"#%&'()*,\-./:;?@\[\\\]_{}",
    "Alnum": "a-zA-Z0-9",
}


def main() -> None:
    """Write the file."""
    sagemaker = Loader().load_service_model("sagemaker", "service-2")
    emr = Loader().load_service_model("emr", "service-2")
    operations = sagemaker["operations"]
    requests = {
        step_type: {"shape": operations[operation]["input"]["shape"], "name": name}
        for step_type, (operation, name) in REQUESTS.items()
    }
    answers = {step_type: operations[name]["output"]["shape"] for step_type, name in ANSWERS.items()}
    added = [shape for more in MORE_PROPERTIES.values() for shape in more.values() if shape]
    roots = [*(request["shape"] for request in requests.values()), *answers.values(), *added]
    shapes = dict(reachable(sagemaker["shapes"], roots))
    shapes |= {f"emr.{name}": body for name, body in reachable(emr["shapes"], EMR.values(), "emr.")}
    content = {
        "source": f"botocore {botocore.__version__}, sagemaker and emr",
        "limits": {name: limits(sagemaker["shapes"][shape]) for name, shape in LIMITS.items()},
        "requests": requests,
        "answers": answers,
        "more_properties": MORE_PROPERTIES,
        "emr": {key: f"emr.{shape}" for key, shape in EMR.items()},
        "shapes": dict(sorted(shapes.items())),
    }
    (DATA / "shapes.json").write_text(one_line_each(content) + "\n", encoding="utf-8")


def reachable(
    shapes: Mapping[str, Any], roots: Any, prefix: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, our own description) of every shape below some."""
    seen: set[str] = set()
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            described = describe(name, shapes[name], prefix)
            yield name, described
            pending += [below.removeprefix(prefix) for below in children(described)]


def children(shape: Mapping[str, Any]) -> list[str]:
    """Return the names of the shapes directly below one."""
    return [
        *shape.get("members", {}).values(),
        *(shape[key] for key in ("member", "key", "value") if key in shape),
    ]


def describe(name: str, shape: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return a shape without what no check reads."""
    kept: dict[str, Any] = {"type": shape["type"]}
    kept |= limits(shape)
    if "members" in shape:
        kept["members"] = {key: prefix + member["shape"] for key, member in shape["members"].items()}
    for side in ("member", "key", "value"):
        if side in shape:
            kept[side] = prefix + shape[side]["shape"]
    for key in ("required", "union"):
        if shape.get(key):
            kept[key] = shape[key]
    if "enum" in shape and name not in KNOWN_ELSEWHERE:
        kept["enum"] = shape["enum"]
    return kept


def limits(shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return the minimum, maximum and pattern of a shape."""
    kept: dict[str, Any] = {key: shape[key] for key in ("min", "max") if key in shape}
    if "pattern" in shape:
        kept |= pattern(shape["pattern"])
    return kept


def pattern(text: str) -> dict[str, Any]:
    """Return a pattern in Python's dialect, none where it has no such form or allows everything."""
    text = re.sub(r"\$\{\d+(,\d*)?\}$", "$", text)  # a slip of AWS's: the dollar was to end the pattern
    categories = set(re.findall(r"\\p\{(\w+)\}", text))
    if "\\uD800" in text or not categories <= CATEGORIES.keys():
        return {}
    for name in categories:
        text = text.replace(f"\\p{{{name}}}", CATEGORIES[name])
    text = re.sub(r"(\\[wds])-(?!\])", r"\1\\-", text)
    try:
        compiled = re.compile(text, re.ASCII)
    except re.error:
        return {}
    if compiled.pattern in (".*", "[\\s\\S]*", ".+"):
        return {}
    return {"pattern": text, **({"ascii": True} if categories else {})}


def one_line_each(content: Mapping[str, Any]) -> str:
    """Return JSON with one shape a line, so that a difference between two versions can be read."""
    parts = []
    for key, value in content.items():
        if key == "shapes":
            rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(shape)}" for name, shape in value.items())
            parts.append(f' "shapes": {{\n{rows}\n }}')
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}"


if __name__ == "__main__":
    main()
