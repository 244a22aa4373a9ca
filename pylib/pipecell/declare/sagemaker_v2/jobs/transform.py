"""Transform: predictions for a whole data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.values import is_variable
from pipecell.declare.sagemaker_v2.jobs import references
from pipecell.declare.sagemaker_v2.jobs.models import model_step

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making


def make_transform(making: Making) -> Any:
    """Return a TransformStep."""
    from sagemaker.transformer import Transformer
    from sagemaker.workflow.steps import TransformStep

    cell = making.cell
    if len(cell.inputs) != 1:
        making.refuse("A transform step reads one input.", "Write -i data=Step.output or -i data=s3://….")
    (source,) = cell.inputs.values()
    job = making.job("TransformInstanceType")
    transformer = Transformer(
        model_name="" if making.sets("ModelName") else _model_name(making),
        output_path=making.destination((*cell.outputs, "predictions")[0]),
        instance_type=job["instance_type"],
        instance_count=job["instance_count"],
        strategy=making.setting("strategy"),
        assemble_with="Line" if _split(making) == "Line" else None,
        accept=making.setting("content_type", "text/csv"),
        env=making.environment(),
        tags=job["tags"],
        sagemaker_session=making.session,
    )
    arguments = transformer.transform(
        data=making.value(source),
        content_type=making.setting("content_type", "text/csv"),
        split_type=_split(making),
        input_filter=making.setting("input_filter"),
        output_filter=making.setting("output_filter"),
        join_source="Input" if making.setting("join") else None,
    )
    return TransformStep(step_args=arguments, **making.step())


def _split(making: Making) -> str | None:
    asked = making.setting("split", "Line")
    return None if asked == "None" else str(asked)


def _model_name(making: Making) -> Any:
    """Return the model's name: of a model step, or of one made here for the step that trained it."""
    given = making.cell.settings.get("model")
    if is_variable(given):
        return given
    name, facts = making.other("model", ("model", "training", "tuning"))
    if facts is None or facts.kind == "model":
        step = facts.names[-1] if facts is not None else f"{name}-CreateModel"
        return references.step_property(step, "ModelName")
    made = model_step(making, f"{making.cell.name}-Model")
    return references.step_property(made.steps[-1].name, "ModelName")
