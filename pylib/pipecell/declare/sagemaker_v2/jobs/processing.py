"""Processing: the cell's script in a container, folders in and folders out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.script import PROCESSING, input_path, output_path
from pipecell.declare.sagemaker_v2.jobs.making import made
from pipecell.declare.sagemaker_v2.jobs.references import property_file_name

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

IMAGE = "sklearn:1.2-1"
_HELPERS = f"{PROCESSING}/input/with"


def make_processing(making: Making) -> Any:
    """Return a ProcessingStep.

    With ``--job-name`` it holds the processor, as the SDK's first form did: its code is kept in a folder of
    that name. Else it holds the call of ``run``: its code is kept under a digest.
    """
    from sagemaker.workflow.properties import PropertyFile
    from sagemaker.workflow.steps import ProcessingStep

    cell = making.cell
    helpers = making.upload_helpers()
    processor = _processor(making, helpers)
    call: dict[str, Any] = {
        "inputs": _inputs(making, helpers) or None,
        "outputs": _outputs(making) or None,
    }
    arguments = [making.text(word) for word in cell.arguments] or None
    if cell.script is not None:
        call["code"] = making.script()
    if making.setting("job_name") is None:
        if cell.script is not None and cell.script.folder:
            call["source_dir"] = cell.script.folder
        given = {"step_args": processor.run(arguments=arguments, **call)}
    else:
        if cell.script is not None and cell.script.folder:
            making.refuse("--source and --job-name exclude each other.", "Leave out --job-name.")
        given = {"processor": processor, "job_arguments": arguments, **call}
    return ProcessingStep(property_files=_property_files(making, PropertyFile), **given, **making.step())


def _property_files(making: Making, kind: Any) -> list[Any]:
    """Return the JSON files that conditions read: those that the line names, and what other cells ask for."""
    named = {(output, file): name for name, output, file in making.cell.files}
    asked = [key for key in making.scope.files if key not in named]
    return [
        *(kind(name=name, output_name=output, path=file) for (output, file), name in named.items()),
        *(
            kind(name=property_file_name(output, file), output_name=output, path=file)
            for output, file in asked
        ),
    ]


def _inputs(making: Making, helpers: str | None) -> list[Any]:
    from sagemaker.processing import ProcessingInput

    cell = making.cell
    inputs = [
        ProcessingInput(
            source=making.value(value),
            destination=cell.places.get(name) or input_path(cell.kind, name),
            input_name=name,
        )
        for name, value in cell.inputs.items()
    ]
    if helpers is not None:
        inputs.append(ProcessingInput(source=helpers, destination=_HELPERS, input_name="with"))
    return inputs


def _outputs(making: Making) -> list[Any]:
    from sagemaker.processing import ProcessingOutput

    cell = making.cell
    return [
        ProcessingOutput(
            output_name=name,
            source=cell.output_places.get(name) or output_path(cell.kind, name),
            destination=making.destination(name),
        )
        for name in cell.outputs
    ]


def _processor(making: Making, helpers: str | None) -> Any:
    """Return the SDK's processor: of a script, of a script in a folder, or of what an image holds."""
    from sagemaker.processing import FrameworkProcessor, Processor, ScriptProcessor

    script = making.cell.script
    environment = making.environment(with_params=True) or {}
    if helpers is not None:
        environment["PYTHONPATH"] = _HELPERS
    job = {
        "image_uri": making.image(IMAGE),
        "env": environment or None,
        "base_job_name": making.setting("job_name"),
        **making.job("ProcessingInstanceType"),
    }
    if script is None:
        words = [making.text(word) for word in making.cell.settings.get("entrypoint", ())]
        return Processor(entrypoint=words or None, **job)
    if not script.folder:
        return ScriptProcessor(command=["python3"], **job)
    from sagemaker.sklearn.estimator import SKLearn

    # The class only says how the folder is packed, which is the same for all frameworks.
    return made(FrameworkProcessor, estimator_cls=SKLearn, framework_version="1.2-1", **job)
