"""Models: made for deployment, or put into the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.values import StepOutput, Text, is_variable
from pipecell.declare.sagemaker_v2.jobs import training
from pipecell.declare.sagemaker_v2.jobs.making import made
from pipecell.definition.summaries import image_name

if TYPE_CHECKING:
    from pipecell.declare.jobs.facts import StepFacts
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_CSV = ("text/csv",)
_INSTANCES = ("ml.m5.xlarge",)
_SOURCES = ("training", "tuning")
_DATA: tuple[tuple[str | int, ...], ...] = (
    ("PrimaryContainer", "ModelDataUrl"),
    ("InferenceSpecification", "Containers", 0, "ModelDataUrl"),
)
APPROVALS = ("Approved", "Rejected", "PendingManualApproval")


def make_model(making: Making) -> Any:
    """Return the ModelStep that makes a model."""
    return model_step(making, making.cell.name)


def model_step(making: Making, name: str) -> Any:
    """Return a ModelStep that makes the model of ``--model``, under a name."""
    from sagemaker.workflow.model_step import ModelStep

    if making.setting("plain_name"):
        from sagemaker.inputs import CreateModelInput
        from sagemaker.workflow.steps import CreateModelStep

        return made(CreateModelStep, **_step(making), model=_model(making), inputs=CreateModelInput())
    return ModelStep(**{**_step(making), "name": name}, step_args=_model(making).create())


def make_register(making: Making) -> Any:
    """Return the ModelStep that registers a model."""
    from sagemaker.workflow.model_step import ModelStep

    settings = making.cell.settings
    approval = making.setting("approval", "PendingManualApproval")
    if isinstance(approval, str) and approval not in APPROVALS:
        making.unknown("an approval status", approval, APPROVALS)
    arguments = _model(making).register(
        content_types=list(settings.get("content_type", _CSV)),
        response_types=list(settings.get("response_type", _CSV)),
        inference_instances=list(settings.get("inference_instance", _INSTANCES)),
        transform_instances=list(settings.get("transform_instance", _INSTANCES)),
        model_package_group_name=making.setting("group", making.scope.pipeline),
        approval_status=approval,
        model_metrics=_metrics(making),
        description=making.setting("description"),
    )
    return ModelStep(step_args=arguments, **_step(making))


def _step(making: Making) -> dict[str, Any]:
    keywords = making.step(cache=False, retry=False)
    if making.cell.retries:
        keywords["retry_policies"] = making.retries(job=False)
    return keywords


def _model(making: Making) -> Any:
    given = making.cell.settings.get("model")
    if is_data(given) or (given is None and any(making.sets(*path) for path in _DATA)):
        data, facts = making.value(given), None
    else:
        name, facts = making.other("model", _SOURCES)
        data = making.value(StepOutput(name, "model"))
    image = _image(making, facts)
    code = _code(making)
    kind, version = _kind(image if code else None)
    return made(
        kind,
        image_uri=image,
        model_data=data,
        role=making.role,
        env=making.environment(),
        sagemaker_session=making.session,
        **version,
        **code,
    )


def _code(making: Making) -> dict[str, str]:
    """Return the script that serves, and the folder that goes with it."""
    script, source = making.cell.settings.get("inference_script"), making.cell.source
    if not script and source:
        making.refuse("--source needs --inference-script, the file in it that serves.")
    if not script:
        return {}
    if not Path(source, str(script)).expanduser().is_file():
        making.refuse(
            f"There is no file {Path(source, str(script))}.", "--inference-script takes a .py file.", "PC642"
        )
    return {"entry_point": str(script), **({"source_dir": source} if source else {})}


def _kind(image: Any) -> tuple[Any, dict[str, str]]:
    """Return the SDK's class of model, and the version that it wants to know.

    The containers of these frameworks fetch code beside the model; for others it is packed into the model's
    archive, by a step that the SDK adds.
    """
    name, _, version = image_name(image).partition(" ") if isinstance(image, str) else ("", "", "")
    if name == "xgboost":
        from sagemaker.xgboost.model import XGBoostModel

        return XGBoostModel, {"framework_version": version}
    if name == "scikit-learn":
        from sagemaker.sklearn.model import SKLearnModel

        return SKLearnModel, {"framework_version": version}
    from sagemaker.model import Model

    return Model, {}


def is_data(given: Any) -> bool:
    """Say whether ``--model`` is the place of a model's files, not a step's name."""
    if isinstance(given, str):
        return given.startswith("s3://")
    return isinstance(given, Text) or is_variable(given)


def _image(making: Making, facts: StepFacts | None) -> Any:
    """Return the image that serves: the cell's own, else the one that trained."""
    default = facts.image if facts is not None and facts.image is not None else training.IMAGE
    cell = facts.cell if facts is not None else None
    if making.cell.image is None and cell is not None and cell.kind == "tuning" and cell.image is None:
        default = training.IMAGE
    if not isinstance(default, str):
        return default
    return making.image(default, scope="inference")


def _metrics(making: Making) -> Any:
    """Return the evaluation that the registry shows: ``--metrics Step.output`` means its JSON file."""
    given = making.cell.settings.get("metrics")
    if given is None:
        return None
    from sagemaker.model_metrics import MetricsSource, ModelMetrics
    from sagemaker.workflow.functions import Join

    uri = making.value(given)
    if isinstance(given, StepOutput):
        folder = making.value(StepOutput(given.step, given.output))
        uri = Join(on="/", values=[folder, given.json_file])
    return ModelMetrics(model_statistics=MetricsSource(content_type="application/json", s3_uri=uri))
