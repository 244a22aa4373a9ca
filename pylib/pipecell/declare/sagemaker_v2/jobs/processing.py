"""Processing: the cell's script in a container, folders in and folders out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.script import PROCESSING, input_path, output_path
from pipecell.declare.sagemaker_v2.jobs.references import property_file_name

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

IMAGE = "sklearn:1.2-1"
_HELPERS = f"{PROCESSING}/input/with"


def make_processing(making: Making) -> Any:
    """Return a ProcessingStep."""
    from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
    from sagemaker.workflow.properties import PropertyFile
    from sagemaker.workflow.steps import ProcessingStep

    cell = making.cell
    inputs = [
        ProcessingInput(source=making.value(value), destination=input_path(cell.kind, name), input_name=name)
        for name, value in cell.inputs.items()
    ]
    environment = making.environment(with_params=True) or {}
    helpers = making.upload_helpers()
    if helpers is not None:
        inputs.append(ProcessingInput(source=helpers, destination=_HELPERS, input_name="with"))
        environment["PYTHONPATH"] = _HELPERS
    outputs = [
        ProcessingOutput(output_name=name, source=output_path(cell.kind, name)) for name in cell.outputs
    ]
    processor = ScriptProcessor(
        image_uri=making.image(IMAGE),
        command=["python3"],
        env=environment or None,
        **making.job("ProcessingInstanceType"),
    )
    return ProcessingStep(
        step_args=processor.run(
            code=making.script(),
            inputs=inputs or None,
            outputs=outputs or None,
            arguments=[making.text(word) for word in cell.arguments] or None,
        ),
        property_files=[
            PropertyFile(name=property_file_name(output, file), output_name=output, path=file)
            for output, file in making.scope.files
        ],
        **making.step(),
    )
