"""References: each one finds a step, and something that the step really has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.data import load
from pipecell.definition.paths import Key, Segment, parse_property_path
from pipecell.definition.references import Reference, function_of
from pipecell.definition.sagemaker import StepView
from pipecell.errors import DefinitionError, did_you_mean, nearest

EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)
_PROCESSING = frozenset({"Processing", "QualityCheck", "ClarifyCheck"})
_WITH_OUTPUT_PARAMETERS = frozenset({"Lambda", "Callback"})

_parse = lru_cache(maxsize=4096)(parse_property_path)


def _to_steps(subject: Subject) -> Iterator[tuple[StepView, Reference, StepView]]:
    """Yield (step, reference, the step it refers to) for every reference to a step that exists."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "step" and reference.name in subject.by_name:
                yield step, reference, subject.by_name[reference.name]


def dangling_steps(subject: Subject) -> Iterator[Finding]:
    """Find references to steps that do not exist."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "step" and reference.name not in subject.by_name:
                yield Finding(
                    f'There is no step "{reference.name}".',
                    did_you_mean(reference.name, subject.by_name),
                    step.name,
                    reference.path,
                )


def dangling_depends_on(subject: Subject) -> Iterator[Finding]:
    """Find DependsOn names that are no step."""
    for step in subject.steps:
        for index, name in enumerate(step.depends_on):
            if name not in subject.by_name:
                yield Finding(
                    f'There is no step "{name}" to wait for.',
                    did_you_mean(name, subject.by_name),
                    step.name,
                    f"DependsOn[{index}]",
                )


def malformed(subject: Subject) -> Iterator[Finding]:
    """Find references that have no known form, or whose path cannot be read."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "unknown":
                yield Finding(
                    f'"{reference.name}" is not a reference.',
                    "A Get begins with Parameters., Steps. or Execution.",
                    step.name,
                    reference.path,
                )
            try:
                _parse(reference.property)
                _parse(reference.json_path or "")
            except DefinitionError as error:
                yield Finding(error.message, "", step.name, reference.path)


def execution_variables(subject: Subject) -> Iterator[Finding]:
    """Find execution variables that AWS does not have."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "execution" and reference.name not in EXECUTION_VARIABLES:
                yield Finding(
                    f'There is no execution variable "{reference.name}".',
                    did_you_mean(reference.name, EXECUTION_VARIABLES),
                    step.name,
                    reference.path,
                    # A name far from all that we know may be one that AWS has added.
                    severity="error" if nearest(reference.name, EXECUTION_VARIABLES) else "warning",
                )


def unknown_outputs(subject: Subject) -> Iterator[Finding]:
    """Find outputs that a step does not have."""
    for step, reference, source in _to_steps(subject):
        wanted = _output_name(reference, source)
        if wanted is None:
            continue
        names = _outputs(source)
        if names is not None and wanted not in names:
            yield Finding(
                f'{source.name} has no output "{wanted}".',
                _it_has(wanted, names),
                step.name,
                reference.path,
            )


def unknown_properties(subject: Subject) -> Iterator[Finding]:
    """Find properties that AWS's description of such a step never has."""
    table = load("shapes.json")["properties"]
    for step, reference, source in _to_steps(subject):
        known = table.get(source.type)
        if known is None or reference.property_file is not None:
            continue
        first = _segments(reference)[:1]
        if first and isinstance(first[0], str) and first[0] not in known and first[0] != "PropertyFiles":
            yield Finding(
                f'A {source.type} step has no property "{first[0]}" ({source.name}).',
                did_you_mean(first[0], known),
                step.name,
                reference.path,
            )


def property_files(subject: Subject) -> Iterator[Finding]:
    """Find property files that the step does not declare, which Std:JsonGet could not read."""
    for step, reference, source in _to_steps(subject):
        if reference.property_file is None:
            continue
        declared = [entry.get("PropertyFileName") for entry in _property_files(source)]
        names = [name for name in declared if isinstance(name, str)]
        if reference.property_file not in names:
            yield Finding(
                f'{source.name} declares no property file "{reference.property_file}".',
                _it_has(reference.property_file, names)
                or f"Give {source.name} a PropertyFile with that name, its output and its path.",
                step.name,
                reference.path,
            )


def property_file_outputs(subject: Subject) -> Iterator[Finding]:
    """Find property files in outputs that their own step does not have."""
    for step in subject.steps:
        names = _outputs(step)
        for index, entry in enumerate(_property_files(step)):
            output = entry.get("OutputName")
            if names is not None and isinstance(output, str) and output not in names:
                yield Finding(
                    f'The property file "{entry.get("PropertyFileName")}" is in output "{output}", '
                    "which the step does not have.",
                    _it_has(output, names),
                    step.name,
                    f"PropertyFiles[{index}].OutputName",
                )


def _segments(reference: Reference) -> tuple[Segment, ...]:
    try:
        return _parse(reference.property)
    except DefinitionError:
        return ()  # PC112 says so


def _output_name(reference: Reference, source: StepView) -> str | None:
    """Return the name of the output that a reference asks a step for, None when it asks for another thing."""
    segments = _segments(reference)
    head: tuple[str, ...] = ()
    if source.type in _PROCESSING:
        head = ("ProcessingOutputConfig", "Outputs")
    elif source.type in _WITH_OUTPUT_PARAMETERS:
        head = ("OutputParameters",)
    if not head or segments[: len(head)] != head or len(segments) == len(head):
        return None
    name = segments[len(head)]
    return str(name) if isinstance(name, Key) else None


def _outputs(step: StepView) -> list[str] | None:
    """Return the names of a step's outputs, None where they are not all written down."""
    if step.type in _PROCESSING:
        config = step.arguments.get("ProcessingOutputConfig")
        if config is not None and function_of(config) is not None:
            return None
        entries = config.get("Outputs") if isinstance(config, Mapping) else []
    elif step.type in _WITH_OUTPUT_PARAMETERS:
        entries = step.body.get("OutputParameters") or []
    else:
        return None
    names = [entry.get("OutputName") if isinstance(entry, Mapping) else None for entry in _list(entries)]
    return [str(name) for name in names] if all(isinstance(name, str) for name in names) else None


def _property_files(step: StepView) -> list[Mapping[str, Any]]:
    return [entry for entry in _list(step.body.get("PropertyFiles")) if isinstance(entry, Mapping)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _it_has(wanted: str, names: list[str]) -> str:
    """Return a hint: the nearest name, and what else there is."""
    if not names:
        return ""
    match = nearest(wanted, names)
    listed = f"It has {', '.join(names[:12])}{'…' if len(names) > 12 else ''}."  # noqa: PLR2004 (for people)
    return f'Did you mean "{match}"? {listed}' if match else listed


def _reading(text: str) -> dict[str, Any]:
    return a_step("Train", "Training", InputDataConfig=[{"S3Uri": {"Get": text}}])


def _process(**body: Any) -> dict[str, Any]:
    outputs = {"Outputs": [{"OutputName": "train"}, {"OutputName": "test"}]}
    return {**a_step("Process", "Processing", ProcessingOutputConfig=outputs), **body}


def _json_get(step: str, name: str) -> dict[str, Any]:
    value = {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{step}.PropertyFiles.{name}"}, "Path": "a"}}
    return a_step("Fail", "Fail", ErrorMessage=value)


RULES = (
    Rule(
        "PC102",
        "error",
        "AWS refuses the definition.",
        pipeline(_process(), _reading("Steps.Proces.ProcessingJobArn")),
        dangling_steps,
    ),
    Rule(
        "PC103",
        "error",
        "AWS refuses the definition.",
        pipeline({**a_step("Train"), "DependsOn": ["Process"]}),
        dangling_depends_on,
    ),
    Rule(
        "PC112",
        "error",
        "AWS refuses the definition, or the step fails when the value is needed.",
        pipeline(_reading("Parameter.Typo")),
        malformed,
    ),
    Rule(
        "PC104",
        "error",
        "AWS refuses the definition.",
        pipeline(_reading("Execution.PipelineExecutionID")),
        execution_variables,
    ),
    Rule(
        "PC110",
        "error",
        "The step that reads it fails at the moment it should start.",
        pipeline(
            _process(),
            _reading("Steps.Process.ProcessingOutputConfig.Outputs['trane'].S3Output.S3Uri"),
        ),
        unknown_outputs,
    ),
    Rule(
        "PC107",
        "error",
        "The step that reads it fails at the moment it should start.",
        pipeline(_process(), _reading("Steps.Process.ModelArtifacts.S3ModelArtifacts")),
        unknown_properties,
    ),
    Rule(
        "PC105",
        "error",
        "The condition cannot be decided, and the execution fails.",
        pipeline(_process(), _json_get("Process", "Report")),
        property_files,
    ),
    Rule(
        "PC106",
        "error",
        "AWS refuses the definition.",
        pipeline(
            _process(
                PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "r.json"}]
            )
        ),
        property_file_outputs,
    ),
)
