"""``@step`` functions, made stable: their step names, pickles and requirements.

The SDK names each call by a random UUID, pickles the kernel's temporary file names with the code, and
gives the requirements a random file name: each compilation would be another pipeline.
"""

from __future__ import annotations

import functools
import tempfile
import types
from pathlib import Path
from typing import Any

from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.context import Offline, current, offline_answer

_LONGEST_NAME = 63
_REQUIREMENTS = "sagemaker_requirements.txt"


def _step_name(offline: Offline, original: Any, base: str, *args: Any, **kwargs: Any) -> str:
    """Name a step after its function: ``prepare``, then ``prepare-2``."""
    del original, args, kwargs
    base = base[:_LONGEST_NAME]
    name, turn = base, 1
    while name in offline.taken_names or name in offline.names:
        turn += 1
        suffix = f"-{turn}"
        name = base[: _LONGEST_NAME - len(suffix)] + suffix
    offline.names.add(name)
    return name


def _request(original: Any) -> Any:
    """Leave out a description that is only the file name of the function's code."""

    @functools.wraps(original)
    def to_request(step: Any) -> Any:
        request = original(step)
        if current() is not None and request.get("Description") == _filename(step.func):
            del request["Description"]
        return request

    return to_request


def _filename(function: Any) -> str | None:
    code = getattr(function, "__code__", None)
    return code.co_filename if code is not None else None


def _reducers(original: Any) -> Any:
    """Add a reducer to the SDK's pickler: code of cells has no file name worth keeping."""
    return {**original, types.CodeType: _reduce_code}


def _reduce_code(code: types.CodeType) -> Any:
    from cloudpickle.cloudpickle import CloudPickler

    if current() is not None and _is_cell(code.co_filename):
        code = code.replace(co_filename="<cell>")
    return CloudPickler._dispatch_table[types.CodeType](code)


def _is_cell(filename: str) -> bool:
    """Say whether code comes from a cell: its file does not exist, or is the kernel's temporary one."""
    path = Path(filename)
    return not path.is_file() or path.parent.name.startswith("ipykernel_")


def _requirements(offline: Offline, original: Any, local_dependencies_path: str | None) -> str:
    """Add the SDK to the requirements in a copy: the original adds it to the user's own file."""
    folder = tempfile.TemporaryDirectory(prefix="pipecell-")
    offline.cleanup.append(folder.cleanup)
    if local_dependencies_path is None:
        made = Path(original(None))
        content = made.read_text()
        made.unlink()
        copy = Path(folder.name, _REQUIREMENTS)
    else:
        given = Path(local_dependencies_path)
        content = given.read_text()
        copy = Path(folder.name, given.name)
    copy.write_text(content)
    return str(original(str(copy)))


PATCHES = (
    Patch("sagemaker.workflow.function_step", "unique_name_from_base_uuid4", offline_answer(_step_name)),
    Patch("sagemaker.workflow.function_step", "_FunctionStep.to_request", _request),
    Patch("sagemaker.remote_function.core.serialization", "dispatch_table", _reducers),
    Patch("sagemaker.remote_function.job", "_ensure_sagemaker_dependency", offline_answer(_requirements)),
)
