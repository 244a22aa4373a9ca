"""Hold back launches: a cell that declares a pipeline starts nothing.

Published notebooks end with ``pipeline.upsert(...)``, ``execution = pipeline.start()`` and
``execution.wait()``. In a ``%%pipeline`` cell those calls return at once, are remembered (the role
and tags they name are used by the real launch), and are reported.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, NoReturn

from pipecell.declare.compiled import PLACEHOLDER_ACCOUNT, LambdaFunction
from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.archives import zip_script
from pipecell.declare.sagemaker_v2.context import HeldCall, Offline, current, offline_answer
from pipecell.errors import DeclarationError

NOT_STARTED = "NotStarted"


class HeldExecution:
    """What ``pipeline.start()`` returns in a ``%%pipeline`` cell: an execution that never was.

    It waits for nothing, has no steps, and says that it has not started.
    """

    def __init__(self, pipeline: str, region: str) -> None:
        self.arn = f"{_pipeline_arn(pipeline, region)}/execution/held-back"
        self._pipeline = pipeline

    def wait(self, delay: int = 30, max_attempts: int = 60) -> None:
        """Return at once."""
        del delay, max_attempts

    def stop(self) -> None:
        """Stop nothing."""

    def describe(self) -> dict[str, Any]:
        """Say that there is no execution yet."""
        return {
            "PipelineArn": self.arn.partition("/execution/")[0],
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionStatus": NOT_STARTED,
        }

    def list_steps(self) -> list[dict[str, Any]]:
        """Return no step."""
        return []

    def list_parameters(
        self, max_results: int | None = None, next_token: str | None = None
    ) -> dict[str, Any]:
        """Return no parameter."""
        del max_results, next_token
        return {"PipelineParameters": []}

    def result(self, step_name: str) -> NoReturn:
        """Refuse: there is no result.

        Raises:
            DeclarationError: always.
        """
        raise DeclarationError(
            f"The result of {step_name} is asked for, but {self._pipeline} has not run.",
            code="PC604",
            hint="Ask after %pipeline run, in a cell without %%pipeline.",
        )

    def __repr__(self) -> str:
        return f"<{self._pipeline}: not started, launches are held back in a %%pipeline cell>"


def _held(method: str) -> Any:
    def make(original: Any) -> Any:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def replacement(pipeline: Any, *args: Any, **kwargs: Any) -> Any:
            offline = current()
            if offline is None:
                return original(pipeline, *args, **kwargs)
            arguments = dict(signature.bind(pipeline, *args, **kwargs).arguments)
            arguments.pop("self", None)
            offline.held.append(HeldCall(method, pipeline.name, arguments))
            region = pipeline.sagemaker_session.boto_region_name
            if method == "start":
                return HeldExecution(pipeline.name, region)
            return [] if method == "put_triggers" else {"PipelineArn": _pipeline_arn(pipeline.name, region)}

        return replacement

    return make


def _pipeline_arn(name: str, region: str) -> str:
    return f"arn:aws:sagemaker:{region}:{PLACEHOLDER_ACCOUNT}:pipeline/{name}"


def _deploy_function(offline: Offline, original: Any, function: Any) -> dict[str, str]:
    """Remember a Lambda function that ``LambdaStep`` or the cell would create or update now."""
    del original
    name = function.function_name or function.function_arn.rpartition(":function:")[2].partition(":")[0]
    region = function.session.boto_region_name
    arn = function.function_arn or f"arn:aws:lambda:{region}:{PLACEHOLDER_ACCOUNT}:function:{name}"
    bucket = key = ""
    code = None
    if function.script is not None:
        code = zip_script(function.script)
    else:
        from sagemaker.s3_utils import determine_bucket_and_prefix, s3_path_join

        bucket, prefix = determine_bucket_and_prefix(
            bucket=function.s3_bucket, key_prefix=None, sagemaker_session=function.session
        )
        key = s3_path_join(prefix, "lambda", name, "code")
        offline.recorder.put_file(function.zipped_code_dir, bucket, key)
    settings = {
        "Runtime": function.runtime,
        "Handler": function.handler,
        "Role": function.execution_role_arn,
        "Timeout": function.timeout,
        "MemorySize": function.memory_size,
        "VpcConfig": function.vpc_config,
        "Environment": function.environment,
        "Layers": function.layers,
    }
    offline.functions.append(LambdaFunction(name, arn, code, bucket, key, settings))
    return {"FunctionArn": arn}


PATCHES = (
    *(
        Patch("sagemaker.workflow.pipeline", f"Pipeline.{method}", _held(method))
        for method in ("create", "update", "upsert", "start", "delete", "put_triggers")
    ),
    Patch("sagemaker.lambda_helper", "Lambda.create", offline_answer(_deploy_function)),
    Patch("sagemaker.lambda_helper", "Lambda.update", offline_answer(_deploy_function)),
)
