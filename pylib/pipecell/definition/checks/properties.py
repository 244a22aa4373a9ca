"""Properties: what is read from a step is something that such a step really has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.paths import Key, Segment, format_path, parse_property_path
from pipecell.definition.references import Reference, function_of
from pipecell.definition.sagemaker import StepView
from pipecell.definition.shapes import Shape, below, properties_of
from pipecell.errors import DefinitionError, did_you_mean, nearest

MODEL_STEPS = ("RegisterModel", "CreateModel")
"""What the SDK's ModelStep adds to its name, for the step that it compiles to."""
_PROCESSING = frozenset({"Processing", "QualityCheck", "ClarifyCheck"})
_WITH_OUTPUT_PARAMETERS = frozenset({"Lambda", "Callback"})

_parse = lru_cache(maxsize=4096)(parse_property_path)


def to_steps(subject: Subject) -> Iterator[tuple[StepView, Reference, StepView]]:
    """Yield (step, reference, the step it refers to) for every reference to a step that exists."""
    for step in subject.steps:
        for reference in step.references:
            if reference.kind == "step" and reference.name in subject.by_name:
                yield step, reference, subject.by_name[reference.name]


def segments_of(reference: Reference) -> tuple[Segment, ...]:
    """Return the parsed path of a property; empty where it cannot be read, which PC112 says."""
    try:
        return _parse(reference.property)
    except DefinitionError:
        return ()


def unknown_outputs(subject: Subject) -> Iterator[Finding]:
    """Find outputs that a step does not have."""
    for step, reference, source in to_steps(subject):
        wanted = _output_name(reference, source)
        if wanted is None:
            continue
        names = outputs(source)
        if names is not None and wanted not in names:
            yield Finding(
                f'{source.name} has no output "{wanted}".',
                _it_has(wanted, names),
                step.name,
                reference.path,
            )


def unknown_properties(subject: Subject) -> Iterator[Finding]:
    """Find properties that AWS's description of such a step never has."""
    for step, reference, source in to_steps(subject):
        known = properties_of(source.type)
        if known is None or reference.property_file is not None:
            continue
        fault = _fault(source, known, segments_of(reference))
        if fault is not None:
            hint = _other_step(reference, source, subject) or fault[1]
            yield Finding(fault[0], hint, step.name, reference.path)


def _fault(
    source: StepView, known: Mapping[str, Shape | None], segments: tuple[Segment, ...]
) -> tuple[str, str] | None:
    """Return (message, hint) for the first segment that names nothing, None when all name something."""
    if not segments or segments[0] == "PropertyFiles":
        return None
    first = str(segments[0])
    if first not in known:
        article = "An" if source.type[:1] in "AE" else "A"
        message = f'{article} {source.type} step has no property "{first}" ({source.name}).'
        return message, did_you_mean(first, known)
    at = known[first]
    for count, segment in enumerate(segments[1:], 1):
        if at is None:
            return None
        inner = below(at, segment)
        if inner is None:
            where = format_path(segments[:count])
            message = f'{where} of a {source.type} step has no "{segment}" ({source.name}).'
            return message, did_you_mean(
                str(segment), at.members
            ) if at.members else f"{where} is a {at.type}."
        at = inner
    return None


def _other_step(reference: Reference, source: StepView, subject: Subject) -> str:
    """Return a hint where another step of the same ModelStep has the property."""
    base, _, kind = source.name.rpartition("-")
    first = reference.property.partition(".")[0]
    for other in MODEL_STEPS if kind in MODEL_STEPS else ():
        twin = subject.by_name.get(f"{base}-{other}")
        if twin is not None and first in (properties_of(twin.type) or ()):
            return f"{twin.name} has it."
    return ""


def property_type(reference: Reference, source: StepView) -> Shape | None:
    """Return the shape of the property that a reference reads, None where it is not known."""
    known = properties_of(source.type)
    segments = segments_of(reference)
    if known is None or not segments:
        return None
    at = known.get(str(segments[0]))
    for segment in segments[1:]:
        at = below(at, segment) if at is not None else None
    return at


def property_files(subject: Subject) -> Iterator[Finding]:
    """Find property files that the step does not declare, which Std:JsonGet could not read."""
    for step, reference, source in to_steps(subject):
        if reference.property_file is None:
            continue
        declared = [entry.get("PropertyFileName") for entry in declared_files(source)]
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
        names = outputs(step)
        for index, entry in enumerate(declared_files(step)):
            output = entry.get("OutputName")
            if names is not None and isinstance(output, str) and output not in names:
                yield Finding(
                    f'The property file "{entry.get("PropertyFileName")}" is in output "{output}", '
                    "which the step does not have.",
                    _it_has(output, names),
                    step.name,
                    f"PropertyFiles[{index}].OutputName",
                )


def _output_name(reference: Reference, source: StepView) -> str | None:
    """Return the name of the output that a reference asks a step for, None when it asks for another thing."""
    segments = segments_of(reference)
    head: tuple[str, ...] = ()
    if source.type in _PROCESSING:
        head = ("ProcessingOutputConfig", "Outputs")
    elif source.type in _WITH_OUTPUT_PARAMETERS:
        head = ("OutputParameters",)
    if not head or segments[: len(head)] != head or len(segments) == len(head):
        return None
    name = segments[len(head)]
    return str(name) if isinstance(name, Key) else None


def outputs(step: StepView) -> list[str] | None:
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


def declared_files(step: StepView) -> list[Mapping[str, Any]]:
    """Return the property files that a step declares."""
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
