"""What goes wrong with the SDK again and again, said so that it can be put right."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.declare.cells import name_of
from pipecell.errors import DeclarationError, DefinitionError

if TYPE_CHECKING:
    from pipecell.declare.declaration import Declaration

_MISSING = re.compile(
    r"(?:(?P<class>\w+)\.)?__init__\(\) missing \d+ required positional arguments?: (?P<names>.+)"
)
_UNSUPPORTED = re.compile(r"Field '(?P<field>\w+)' is not supported\.")
_JOB_NAMES = {
    "job_name": 'Each execution has a job of its own: job_name=ExecutionInput(schema={"Job": str})["Job"].'
}


def refusal(error: TypeError, cell: int | None) -> DeclarationError | None:
    """Return the SDK's refusal of a constructor call in our own words; None where it is no such thing."""
    frames = traceback.extract_tb(error.__traceback__)
    words = str(error)
    missing, unsupported = _MISSING.search(words), _UNSUPPORTED.search(words)
    if missing is None and (
        unsupported is None or not any("stepfunctions" in frame.filename for frame in frames)
    ):
        return None
    line = next((frame.line or "" for frame in reversed(frames) if "site-packages" not in frame.filename), "")
    if missing is not None:
        kind = missing["class"] or _called(line)
        if kind not in _STEPS:
            return None
        names = re.findall(r"'(\w+)'", missing["names"])
        return DeclarationError(
            f"{kind} needs {' and '.join(names)}.",
            code="PC613",
            cell=cell,
            hint=" ".join(_JOB_NAMES[name] for name in names if name in _JOB_NAMES),
        )
    field = unsupported["field"] if unsupported is not None else ""
    return DeclarationError(
        f'The SDK knows no field "{field}"{f" in {line.strip()}" if line else ""}.',
        code="PC613",
        cell=cell,
        hint="Fields of Amazon States Language are written as there, or with underscores.",
    )


_STEPS = frozenset(
    """
    TrainingStep ProcessingStep TuningStep TransformStep ModelStep EndpointConfigStep EndpointStep
    LambdaStep GlueStartJobRunStep BatchSubmitJobStep EcsRunTaskStep Pass Task Wait Choice Parallel Map
    Succeed Fail Catch Retry Workflow
    """.split()  # noqa: SIM905 - names are read best as text
)


def _called(line: str) -> str:
    """Return the class that a line calls, where Python's message leaves it out."""
    found = re.search(r"(\w+)\(", line)
    return found[1] if found else ""


def refuse_pipeline_variables(declaration: Declaration) -> None:
    """Raise for a SageMaker pipeline's parameter or property inside a state: it has no value there.

    Raises:
        DefinitionError: ``PC622``.
    """
    for unit in declaration.held.values():
        state = unit.thing
        for path, value in _variables(getattr(state, "fields", {}), ""):
            name = getattr(value, "name", None)
            kind = type(value).__name__
            raise DefinitionError(
                f"{kind}({name!r}) is a SageMaker pipeline's; a state machine gives it no value."
                if isinstance(name, str)
                else f"{kind} is a SageMaker pipeline's; a state machine gives it no value.",
                code="PC622",
                step=name_of(state),
                path=path,
                cell=unit.run.number,
                hint=f"Use ExecutionInput(schema={{{str(name)!r}: str}})[{str(name)!r}]."
                if isinstance(name, str)
                else "Use ExecutionInput, or the output of a state.",
            )


def _variables(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _variables(item, f"{path}.{key}" if path else _pascal(str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _variables(item, f"{path}[{index}]")
    elif type(value).__module__.startswith("sagemaker.workflow."):
        yield path, value


def _pascal(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
