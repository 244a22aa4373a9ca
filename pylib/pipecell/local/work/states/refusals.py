"""What AWS can run and this machine cannot: said before anything starts, with the way out."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable

from pipecell.definition.asl.integrations import ACTIONS
from pipecell.definition.asl.integrations import SYNC as SYNC_PATTERN
from pipecell.definition.asl.resources import Resource, parse_resource
from pipecell.local.work.states.parse import Machine, State
from pipecell.local.work.states.validation import Diagnostic

CODE = "NOT_AVAILABLE_LOCALLY"

#: Optimized integrations that really run here; patterns are those of the table of all of them.
SERVICES = frozenset({"dynamodb", "events", "glue", "lambda", "sagemaker", "sns", "sqs", "states"})
#: ``.sync`` jobs with a local program behind them.
SYNC = frozenset(
    {
        ("glue", "startJobRun"),
        ("sagemaker", "createHyperParameterTuningJob"),
        ("sagemaker", "createProcessingJob"),
        ("sagemaker", "createTrainingJob"),
        ("sagemaker", "createTransformJob"),
        ("states", "startExecution"),
    }
)
_INTERPRETER = re.compile(r"python(\d+(\.\d+)*)?")
_READ_FORMATS = frozenset({"CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"})


_OTHER_WAY = "A lambda:invoke or a SageMaker job can stand in for it; or run the state machine on AWS"

StandIn = Callable[[Resource], "tuple[str, ...] | None"]
"""Returns the command that the user mapped a task to, None without one."""

Implements = Callable[[str, str], bool]
"""Tells whether the endpoint has an operation, by botocore's names of service and operation."""


def refusals(
    machine: Machine,
    stand_in: StandIn = lambda _resource: None,
    implements: Implements = lambda _service, _operation: True,
) -> list[Diagnostic]:
    """Return what of a sound definition cannot run here; none in the usual case."""
    found = (_refusal(state, stand_in, implements) for state in machine.every_state())
    return [refusal for refusal in found if refusal is not None]


def _refusal(  # noqa: PLR0911 -- each reason returns
    state: State, stand_in: StandIn, implements: Implements
) -> Diagnostic | None:
    if state.type == "Map":
        return _reader(state)
    resource = parse_resource(state.body["Resource"]) if state.type == "Task" else None
    if resource is None or resource.kind != "service":
        return None
    place = _place(state, "Resource")
    if resource.sdk:
        return _sdk_call(state, resource, implements, place)
    patterns = ACTIONS.get(resource.service, {}).get(resource.action, frozenset())
    if resource.pattern and resource.pattern not in patterns:
        message = f"State '{state.name}': {resource.service}:{resource.action} has no '.{resource.pattern}'"
        return _refused(message, place)
    command = stand_in(resource)
    if command is not None:
        return _unusable(state, command, place)
    hint = _way_out(resource, patterns)
    if resource.service not in SERVICES:
        return _refused(
            f"State '{state.name}' needs {resource.service}, which does not exist locally. {hint}", place
        )
    if resource.sync and (resource.service, resource.action) not in SYNC:
        return _refused(
            f"State '{state.name}': {resource.service}:{resource.resource} has no local runtime. {hint}",
            place,
        )
    return None


def _way_out(resource: Resource, patterns: frozenset[str]) -> str:
    """Say what can be done about a task that has no program here."""
    if not {SYNC_PATTERN, f"{SYNC_PATTERN}:2"} & patterns:
        return _OTHER_WAY
    named = resource.resource if resource.sync else f"{resource.action}.{SYNC_PATTERN}"
    lead = "" if resource.sync else f"Use {resource.service}:{named}, and let"
    verb = f"{lead} a command stand in for it" if lead else "Let a command stand in for it"
    return f"{verb}: %pipeline local map {resource.service}:{named} COMMAND; or run the state machine on AWS"


def _unusable(state: State, command: tuple[str, ...], place: str) -> Diagnostic | None:
    """Refuse a command that is not there, or that is an interpreter without a script."""
    if _INTERPRETER.fullmatch(command[0].rpartition("/")[2]):
        if len(command) > 1:
            return None
        message = f"State '{state.name}' is mapped to {command[0]}, which needs a script to run"
    elif shutil.which(command[0]) is None:
        message = f"State '{state.name}' is mapped to the command {command[0]}, which is not there"
    else:
        return None
    return _refused(f"{message}. Correct it: %pipeline local map", place)


def _sdk_call(state: State, resource: Resource, implements: Implements, place: str) -> Diagnostic | None:
    """Refuse a call of AWS's SDK that there is not, or that nothing here answers."""
    from pipecell.local.work.states.sdk_names import operation_name

    call = f"State '{state.name}': aws-sdk:{resource.service}:{resource.action}"
    found = operation_name(resource.service, resource.action)
    if found is None:
        return _refused(f"{call} is no operation of AWS's SDK", place)
    if not implements(*found):
        message = f"{call} has nothing behind it locally. {_OTHER_WAY}"
        return _refused(message, place)
    return None


def _reader(state: State) -> Diagnostic | None:
    config = state.body.get("ItemReader", {}).get("ReaderConfig", {})
    kind = config.get("InputType", "JSON")
    if not isinstance(kind, str) or (kind in _READ_FORMATS and (kind != "PARQUET" or _has_pyarrow())):
        return None
    if kind == "PARQUET":
        message = f"State '{state.name}': to read Parquet, ItemReader needs pyarrow: pip install pyarrow"
    else:
        known = ", ".join(sorted(_READ_FORMATS))
        message = f"State '{state.name}': ItemReader cannot read {kind} locally; it can read {known}"
    return _refused(message, _place(state, "ItemReader/ReaderConfig/InputType"))


def _has_pyarrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def _place(state: State, field: str) -> str:
    inner = "".join(f"[{part}]" if isinstance(part, int) else f"/{part}" for part in state.scope)
    return f"{inner}/States/{state.name}/{field}"


def _refused(message: str, place: str) -> Diagnostic:
    return Diagnostic(CODE, message, place, "WARNING")
