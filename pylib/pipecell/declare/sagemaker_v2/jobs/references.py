"""References to other steps by name alone, so that a step may be named before its cell has run."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pipecell.declare.jobs.facts import StepFacts
from pipecell.declare.jobs.values import StepOutput
from pipecell.errors import nearest

_PATHS = {
    "training": "ModelArtifacts.S3ModelArtifacts",
    "transform": "TransformOutput.S3OutputPath",
    "model": "ModelName",
    "register": "ModelPackageArn",
    "quality-check": "CalculatedBaselineConstraints",
    "clarify-check": "CalculatedBaselineConstraints",
}
"""Where a step of a kind keeps its one output."""

_ONLY_OUTPUT = {"training": "model", "tuning": "model", "model": "name", "register": "arn"}


@lru_cache(maxsize=1)
def _classes() -> tuple[type, type]:
    from sagemaker.workflow.functions import JsonGet
    from sagemaker.workflow.properties import Properties

    class NamedProperty(Properties):  # type: ignore[misc]
        """A step's property, by the step's name; the SDK need not know the step yet."""

        @property
        def _referenced_steps(self) -> list[Any]:
            return []

        def __reduce__(self) -> Any:
            return Properties, (self.step_name, self.path, None, self._shape_names)

    class NamedJsonGet(JsonGet):  # type: ignore[misc]
        """A value of a step's JSON file, by the step's name."""

        @property
        def _referenced_steps(self) -> list[Any]:
            return []

    return NamedProperty, NamedJsonGet


def step_property(step: str, path: str) -> Any:
    """Return ``{"Get": "Steps.STEP.PATH"}`` as the SDK's variable."""
    return _classes()[0](step_name=step, path=path)


def json_value(step: str, file_name: str, path: str) -> Any:
    """Return a value inside a property file of a step."""
    return _classes()[1](step_name=step, property_file=file_name, json_path=path)


def property_file_name(output: str, file: str) -> str:
    """Return the name of the property file for a JSON file of an output."""
    words = output if file == f"{output}.json" else f"{output}-{file.removesuffix('.json')}"
    return "".join(
        part[:1].upper() + part[1:] for part in words.replace("_", "-").replace(".", "-").split("-")
    ) + ("Report")


def property_path(output: StepOutput, facts: StepFacts | None) -> tuple[str, str]:
    """Return (name in the definition, path) of what ``Step.output`` means.

    Args:
        output: what was named.
        facts: of its step; None for one that no cell declares: then a processing step is assumed, or a
            training step for ``model``.
    """
    kind = facts.kind if facts is not None else "training" if output.output == "model" else "processing"
    name = facts.names[-1] if facts is not None else output.step
    if _is_property(output.output, facts):
        return name, output.output
    if kind == "processing":
        return name, f"ProcessingOutputConfig.Outputs['{output.output}'].S3Output.S3Uri"
    if kind in ("lambda", "callback"):
        return name, f"OutputParameters['{output.output}']"
    return name, _PATHS.get(kind, output.output)


def complaint(output: StepOutput, facts: StepFacts) -> tuple[str, str] | None:
    """Return (sentence, way out) where a step that is there has no such output; None where it has."""
    known = facts.outputs
    if facts.kind in _ONLY_OUTPUT and known is None:
        known = (_ONLY_OUTPUT[facts.kind],)
    if known is None or output.output in known or _is_property(output.output, facts):
        return None
    if facts.kind in ("condition", "fail"):
        return f"{output.step} is a {facts.kind} step and has no outputs.", ""
    close = nearest(output.output, known)
    hint = f"Did you mean {output.step}.{close}?" if close else f"It has: {', '.join(known) or 'none'}."
    return f'{output.step} has no output "{output.output}".', hint


def _is_property(output: str, facts: StepFacts | None) -> bool:
    """Say whether a name is the path of a property, such as ``ProcessingJobArn``, not an output's name."""
    if facts is not None and facts.outputs is not None and output in facts.outputs:
        return False
    return output[:1].isupper() and (
        any(mark in output for mark in ".['") or output.endswith(("Arn", "Name", "Status"))
    )
