"""CreateTransformJob's request as a job: a model's container reads records and writes predictions.

There is no web server in between: the job's program (`runtimes.batch_transform`) loads the model as
its container would and calls it with the same payloads, one after the other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pipecell.local.home import DEFAULT_REGION, Home
from pipecell.local.installed import PACKAGE_FOLDER
from pipecell.local.work.contract import (
    DEFAULT_MAX_RUNTIME_SECONDS,
    checked_uri,
    common_environment,
    notes_of,
    refuse,
    runtime_of,
)
from pipecell.local.work.specification import Host, JobSpec, S3Input, S3Output

CONFIG = "/opt/ml/input/config/transform.json"
DATA = "/opt/ml/input/data/transform"
ARTIFACT = "/opt/ml/input/data/model"
CODE = "/opt/ml/input/data/code"
RESULTS = "/opt/ml/output/transform"

_PROGRAM = (
    "import sys; sys.path.append({folder!r}); "
    "from pipecell.local.runtimes.batch_transform import main; sys.exit(main())"
)
_MAX_PAYLOAD_MB = 6


def transform_spec(
    request: Mapping[str, Any],
    container: Mapping[str, Any],
    home: Home,
    *,
    region: str = DEFAULT_REGION,
    python: str = sys.executable,
) -> JobSpec:
    """Return the job of a CreateTransformJob request.

    Args:
        request: the request, valid by AWS's shapes.
        container: the model's container definition.
        home: holds the user's mappings of images.
        region: the request's region.
        python: the user's interpreter.

    Raises:
        EndpointError: PC831 no program stands in for the image, PC832 something that cannot be done here;
            ``path`` is the request's field.
    """
    name = request["TransformJobName"]
    image = container.get("Image")
    if image is None:
        raise refuse("The model has no container image", "ModelName")
    runtime = runtime_of(image, "transform", home, python, "ModelName")
    if runtime.wrapper:
        raise refuse(
            f"{runtime.name} stands in for the model's image, and commands cannot answer requests here",
            "ModelName",
        )
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    environment = {**(container.get("Environment") or {}), **(request.get("Environment") or {})}
    submitted = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    inputs = [
        S3Input(
            "transform",
            checked_uri(source["S3Uri"], "TransformInput.DataSource.S3DataSource.S3Uri"),
            DATA,
            source["S3DataType"],
        )
    ]
    if container.get("ModelDataUrl"):
        inputs.append(S3Input("model", container["ModelDataUrl"], ARTIFACT))
    if submitted.startswith("s3://"):
        inputs.append(S3Input("code", submitted, CODE))
    variables = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SAGEMAKER_BATCH": "true",
        "PIPECELL_TRANSFORM_CONFIG": CONFIG,
        "PIPECELL_TRANSFORM_DATA": DATA,
        "PIPECELL_TRANSFORM_MODEL": ARTIFACT,
        "PIPECELL_TRANSFORM_CODE": CODE,
        "PIPECELL_TRANSFORM_RESULTS": RESULTS,
        **common_environment({"Environment": environment}, region),
    }
    return JobSpec(
        kind="transform",
        name=name,
        python=runtime.python,
        command=(runtime.python, "-c", _PROGRAM.format(folder=PACKAGE_FOLDER)),
        hosts=(
            Host("algo-1", variables, {CONFIG: _configuration(request, environment, runtime.is_xgboost)}),
        ),
        inputs=tuple(inputs),
        outputs=(
            S3Output(
                "transform",
                RESULTS,
                checked_uri(request["TransformOutput"]["S3OutputPath"], "TransformOutput.S3OutputPath"),
            ),
        ),
        failure_style="algorithm",
        max_runtime_seconds=DEFAULT_MAX_RUNTIME_SECONDS,
        notes=tuple(notes_of(request)),
    )


def _configuration(
    request: Mapping[str, Any], environment: Mapping[str, str], is_xgboost: bool
) -> dict[str, Any]:
    """Return what the program has to know."""
    source, target = request["TransformInput"], request["TransformOutput"]
    processing = request.get("DataProcessing") or {}
    split = source.get("SplitType", "None")
    if split not in ("None", "Line"):
        raise refuse(f"SplitType {split} is not available on this machine", "TransformInput.SplitType")
    return {
        "xgboost": is_xgboost,
        "program": environment.get("SAGEMAKER_PROGRAM", ""),
        "content_type": source.get("ContentType") or "",
        "accept": target.get("Accept") or "",
        "gzip": source.get("CompressionType") == "Gzip",
        "split": split == "Line",
        "single": request.get("BatchStrategy") == "SingleRecord",
        "payload_bytes": (request.get("MaxPayloadInMB") or _MAX_PAYLOAD_MB) * 1024 * 1024,
        "assemble": target.get("AssembleWith") == "Line",
        "input_filter": processing.get("InputFilter", "$"),
        "output_filter": processing.get("OutputFilter", "$"),
        "join": processing.get("JoinSource") == "Input",
    }
