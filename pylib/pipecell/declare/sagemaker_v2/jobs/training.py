"""Training: a built-in algorithm with its hyperparameters, or the cell's script in a framework's image."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.values import LocalPath, Value
from pipecell.declare.sagemaker_v2.jobs.algorithms import algorithm_of, check_hyperparameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipecell.declare.jobs.cell import StepCell
    from pipecell.declare.sagemaker_v2.jobs.making import Making

IMAGE = "xgboost:1.7-1"
INSTANCE_PARAMETER = "TrainingInstanceType"

_CONTENT_TYPES = {
    ".csv": "text/csv",
    ".libsvm": "text/libsvm",
    ".svm": "text/libsvm",
    ".parquet": "application/x-parquet",
    ".json": "application/json",
    ".jsonl": "application/jsonlines",
}
_UNLABELLED = frozenset({"ipinsights", "kmeans", "lda", "ntm", "pca", "randomcutforest"})


def make_training(making: Making) -> Any:
    """Return a TrainingStep."""
    from sagemaker.workflow.steps import TrainingStep

    cell = making.cell
    image = making.image(IMAGE, scope="training")
    if cell.script is None:
        check_hyperparameters(making, image, cell.hyperparameters)
    made = estimator(making, cell, image)
    inputs = channels(making, cell.inputs, image) or None
    if making.setting("job_name") is None:
        return TrainingStep(step_args=made.fit(inputs), **making.step())
    # The SDK's first form: code is kept in a folder of the job's name.
    return TrainingStep(estimator=made, inputs=inputs, **making.step())


def estimator(making: Making, cell: StepCell, image: Any) -> Any:
    """Return the SDK's Estimator.

    Args:
        making: whose job it is.
        cell: whose script and hyperparameters it has: the making's own, or the training cell behind a tuning.
        image: the image's URI.
    """
    from sagemaker.estimator import Estimator

    script = cell.script
    given: dict[str, Any] = {}
    if script is not None:
        from pipecell.declare.sagemaker_v2.jobs.making import from_here, write_script

        helpers = [from_here(path) for path in script.helpers]
        given = {"entry_point": write_script(script), "dependencies": helpers}
        if script.folder:
            given["source_dir"] = script.folder
    elif cell.params:
        making.refuse(
            "A built-in algorithm has no script to read --param.", "Write `name: value` lines in the cell."
        )
    job = making.job(INSTANCE_PARAMETER)
    if "max_runtime_in_seconds" in job:
        job["max_run"] = job.pop("max_runtime_in_seconds")  # the estimators' own words for these
    if "volume_size_in_gb" in job:
        job["volume_size"] = job.pop("volume_size_in_gb")
    return Estimator(
        image_uri=image,
        output_path=making.destination("model"),
        base_job_name=making.setting("job_name"),
        environment=making.environment(),
        hyperparameters={
            name: making.value(value) if script is not None else _hyperparameter(making, value)
            for name, value in {**cell.params, **cell.hyperparameters}.items()
        }
        or None,
        metric_definitions=metric_definitions(making, cell.settings.get("metric", ())) or None,
        **job,
        **given,
    )


def _hyperparameter(making: Making, value: Value) -> Any:
    """Return a value as an estimator takes it: it makes texts of them itself, but knows no JSON booleans."""
    value = making.value(value)
    return str(value).lower() if isinstance(value, bool) else value


def channels(making: Making, inputs: Mapping[str, Value], image: Any) -> dict[str, Any]:
    """Return the training channels, with the content type where an algorithm reads them."""
    from sagemaker.inputs import TrainingInput

    asked = making.setting("content_type")
    script = making.cell.script
    algorithm = "" if script is not None and script.own else algorithm_of(image)
    return {
        name: TrainingInput(making.value(value), content_type=asked or _content_type(value, algorithm))
        for name, value in inputs.items()
    }


def _content_type(value: Value, algorithm: str) -> str | None:
    if not algorithm:
        return None
    name = value.path.name if isinstance(value, LocalPath) else value if isinstance(value, str) else ""
    known = _CONTENT_TYPES.get(PurePosixPath(name).suffix, "text/csv")
    return f"{known};label_size=0" if algorithm in _UNLABELLED and known == "text/csv" else known


def metric_definitions(making: Making, words: tuple[str, ...]) -> list[dict[str, str]]:
    """Read ``--metric NAME=REGEX``.

    Raises:
        DeclarationError: ``PC650``, a word without ``=``, or a pattern that is none.
    """
    import re

    found = []
    for word in words:
        name, equals, pattern = str(word).partition("=")
        if not equals:
            making.refuse(f'--metric "{word}" is not NAME=REGEX.', "Write --metric 'auc=auc: ([0-9.]+)'.")
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            making.refuse(f"--metric {name}: {error}.", "Write a regular expression.")
        if groups < 1:
            making.refuse(f"--metric {name}: the pattern has no group.", "Put the number in parentheses.")
        found.append({"Name": name, "Regex": pattern})
    return found
