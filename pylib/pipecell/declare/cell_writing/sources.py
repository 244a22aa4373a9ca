"""Which files of this machine the SDK's step objects were given: a definition only knows where they went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Code:
    """A step's code.

    Attributes:
        script: the script as the SDK got it: a path, or an S3 URI; empty without.
        folder: the folder that goes with it; empty without.
        helpers: further files and folders.
        job_name: how its jobs' names start, where the folder of its code is called so; empty where a digest
            of the code names it.
    """

    script: str = ""
    folder: str = ""
    helpers: tuple[str, ...] = ()
    job_name: str = ""


def job_of(thing: Any) -> Any:
    """Return the processor, estimator, tuner, transformer or model behind a step; None without."""
    arguments = getattr(thing, "step_args", None)
    given = getattr(arguments, "func_args", ())
    if given:
        return given[0]
    for name in ("processor", "estimator", "tuner", "transformer"):
        found = getattr(thing, name, None)
        if found is not None:
            return found
    return getattr(arguments, "model", None)


def call_of(thing: Any) -> dict[str, Any]:
    """Return what the job's method was called with, by name as far as it was given by name."""
    return dict(getattr(getattr(thing, "step_args", None), "func_kwargs", {}))


def code_of_processing(thing: Any) -> Code:
    """Return the code of a processing step."""
    call, job = call_of(thing), job_of(thing)
    given: Sequence[Any] = getattr(getattr(thing, "step_args", None), "func_args", ())
    script = call.get("code") or call.get("submit_app") or getattr(thing, "code", None)
    if script is None and len(given) > 1 and isinstance(given[1], str):
        script = given[1]
    name = _job_name(job) if getattr(thing, "step_args", None) is None and script else ""
    return Code(_path(script), _path(call.get("source_dir")), job_name=name)


def code_of_training(thing: Any, estimator: Any) -> Code:
    """Return the script of a training or tuning step's estimator."""
    script = getattr(estimator, "entry_point", None)
    if script is None:
        return Code()
    helpers = tuple(map(_path, getattr(estimator, "dependencies", None) or ()))
    name = _job_name(estimator) if getattr(thing, "step_args", None) is None else ""
    return Code(_path(script), _path(getattr(estimator, "source_dir", None)), helpers, name)


def _path(value: Any) -> str:
    return (
        str(value).removeprefix("file://") if isinstance(value, str) or hasattr(value, "__fspath__") else ""
    )


def _job_name(job: Any) -> str:
    """Return the job's own base name, else the one that the SDK makes of the image."""
    base = getattr(job, "base_job_name", None)
    if base:
        return str(base)
    image = getattr(job, "image_uri", None)
    if image is None and hasattr(job, "training_image_uri"):
        image = job.training_image_uri()
    name = str(image).rpartition("/")[2].partition(":")[0] if isinstance(image, str) else "image"
    return name.replace("_", "-")


def local_inputs(thing: Any) -> dict[int, str]:
    """Return the local files and folders among a processing step's inputs, by their number."""
    given = call_of(thing).get("inputs") or getattr(thing, "inputs", None) or ()
    found = {}
    for number, each in enumerate(given):
        source = getattr(each, "source", None)
        if isinstance(source, str) and "://" not in source.removeprefix("file://"):
            found[number] = source.removeprefix("file://")
    return found
