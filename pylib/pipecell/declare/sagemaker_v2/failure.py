"""What the SDK says when it cannot compile, with the step, the cell and the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pipecell.errors import DefinitionError

_HINTS = (
    (
        r"no such file|was ?n[o']t found|does not exist|is not a valid file|No file named",
        "Paths are relative to {folder}.",
    ),
    (
        r"cannot have duplicate names",
        "A step in if_steps or else_steps is not listed again among the pipeline's steps.",
    ),
    (
        r"Pipeline variables do not support",
        "A pipeline variable has no value yet: combine it with Join(on=..., values=[...]) or to_string().",
    ),
    (
        r"must be a PipelineSession|obtained from .*\.(run|fit|transform|register|create)",
        "Make the object with sagemaker_session=PipelineSession() and pass its result as step_args.",
    ),
    (
        r"(default|base).* image|image_uri.*(python|default)|Unsupported (version|python)",
        "Pass image_uri= to @step.",
    ),
    (r"instance_type is a required", "Pass instance_type= to @step, or a ParameterString."),
)

_OFFLINE = "Could not find it out: pipelines are compiled without asking AWS"


def not_asked(service: str, operation: str) -> Exception:
    """Return what a call to AWS raises while compiling: the SDK sees a resource that does not exist."""
    from botocore.exceptions import ClientError

    message = f"{_OFFLINE} ({service}:{operation})"
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, operation)


def definition_error(error: Exception, step: str, cells: Mapping[str, int]) -> DefinitionError:
    """Return the error to raise for what the SDK raised while compiling a step.

    Args:
        error: what the SDK raised.
        step: the step being compiled; empty when it was none or the SDK names it itself.
        cells: execution count of each step's cell.
    """
    words = " ".join(str(error).split()) or type(error).__name__
    asked_aws = re.search(rf"{_OFFLINE} \((\S+)\)", words)
    if asked_aws:
        return DefinitionError(
            f"The SDK asks AWS for {asked_aws[1]} to compile this.",
            code="PC621",
            step=step or None,
            cell=cells.get(step),
            hint="Pass the value itself, for example an ARN, an image URI or an S3 path.",
        )
    named = step or next((name for name in cells if re.search(rf"\b{re.escape(name)}\b", words)), "")
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, words, re.IGNORECASE)), "")
    return DefinitionError(
        words if words.endswith((".", "!", "?")) else f"{words}.",
        code="PC620",
        step=named or None,
        cell=cells.get(named),
        hint=hint.format(folder=Path.cwd()),
    )
