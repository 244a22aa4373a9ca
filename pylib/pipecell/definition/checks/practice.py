"""Practice: what works, and what people who run many pipelines do otherwise. All of it is info."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipecell.definition.cache.identity import cacheable
from pipecell.definition.checks.code import scripts
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.references import GET, function_of
from pipecell.definition.sagemaker import StepView

_JOBS = frozenset({"Processing", "Training", "Tuning", "Transform"})
_SCORES = re.compile(rb"\b(accuracy_score|roc_auc_score|f1_score|mean_squared_error|classification_report)\b")


def evaluation_in_training(subject: Subject) -> Iterator[Finding]:
    """Find pipelines that register a model which only its own training job has looked at."""
    trained = [step for step in subject.steps if step.type in ("Training", "Tuning")]
    if not trained or not any(step.type == "RegisterModel" for step in subject.steps):
        return
    names = {step.name for step in trained}
    judged = any(
        reference.name in names
        for step in subject.steps
        if step.type not in ("RegisterModel", "Model", "Training", "Tuning")
        for reference in step.references
    )
    scoring = {s.step.name for s in scripts(subject) if s.step.name in names and _SCORES.search(s.content)}
    for step in trained:
        if not judged and step.name in scoring:
            yield Finding(
                "The model is judged inside its own training job, and registered whatever comes out.",
                "Judge it in a step of its own, and register it in a Condition.",
                step.name,
            )


def no_caching(subject: Subject) -> Iterator[Finding]:
    """Find pipelines of several jobs of which none says whether earlier results may be reused."""
    jobs = [step for step in subject.steps if step.type in _JOBS and cacheable(step.type)]
    if len(jobs) > 1 and not any("CacheConfig" in step.body for step in jobs):
        yield Finding(
            f"None of the {len(jobs)} jobs reuses earlier results: each run pays for all of them.",
            'Give steps cache_config=CacheConfig(enable_caching=True, expire_after="P30D").',
        )


def no_tags(subject: Subject) -> Iterator[Finding]:
    """Find pipelines of several jobs of which none has tags, so that no bill names them."""
    jobs = [step for step in subject.steps if step.type in _JOBS]
    if len(jobs) > 1 and not any(step.arguments.get("Tags") for step in jobs):
        yield Finding(
            f"None of the {len(jobs)} jobs has tags: the bill cannot tell them from others.",
            'Give processors and estimators tags=[{"Key": "project", "Value": "…"}].',
        )


def fixed_outputs(subject: Subject) -> Iterator[Finding]:
    """Find outputs at one place for all runs: two at once overwrite each other."""
    for step in subject.steps:
        if step.type != "Processing":
            continue
        config = step.arguments.get("ProcessingOutputConfig")
        outputs = config.get("Outputs") if isinstance(config, dict) else None
        for index, output in enumerate(outputs if isinstance(outputs, list) else ()):
            target = output.get("S3Output") if isinstance(output, dict) else None
            uri = target.get("S3Uri") if isinstance(target, dict) else None
            if isinstance(uri, str):
                yield Finding(
                    f"{output.get('OutputName') or 'This output'} goes to {uri} in every run.",
                    "Join ExecutionVariables.PIPELINE_EXECUTION_ID into it, or leave the destination out.",
                    step.name,
                    f"Arguments.ProcessingOutputConfig.Outputs[{index}].S3Output.S3Uri",
                )


def no_retries(subject: Subject) -> Iterator[Finding]:
    """Find pipelines of several jobs of which none is tried again when AWS throttles or lacks instances."""
    jobs = [step for step in subject.steps if step.type in _JOBS]
    if len(jobs) > 1 and not any(step.body.get("RetryPolicies") for step in jobs):
        yield Finding(
            f"None of the {len(jobs)} jobs is tried again when AWS throttles it or has no instance free.",
            "Give steps retry_policies=[StepRetryPolicy([StepExceptionTypeEnum.THROTTLING])] "
            "(in a %%step line, --retry 3).",
        )


def approved_at_once(subject: Subject) -> Iterator[Finding]:
    """Find models that are approved for deployment without anybody having looked."""
    for step in subject.steps:
        status = step.arguments.get("ModelApprovalStatus") if step.type == "RegisterModel" else None
        parameter = _default(status, subject)
        if (status if parameter is None else parameter) == "Approved":
            yield Finding(
                "The model version is approved as it is registered.",
                'Register it as "PendingManualApproval", unless a Condition has judged it.'
                if not _judged(step)
                else "A Condition has judged it; a person has not.",
                step.name,
                "Arguments.ModelApprovalStatus",
            )


def _default(value: Any, subject: Subject) -> Any:
    if function_of(value) == GET:
        found = subject.parameters.get(str(value[GET]).removeprefix("Parameters."))
        return found.default if found is not None else ""
    return None


def _judged(step: StepView) -> bool:
    return step.parent is not None


def _two(**more: Any) -> dict[str, Any]:
    return pipeline(*({**a_step(name), **more} for name in ("Train", "TrainAgain")))


_SCORING = "from sklearn.metrics import accuracy_score\n\nprint(accuracy_score([1], [1]))\n"
_CODE = "s3://bucket/code/sourcedir.tar.gz"


def _self_judged() -> dict[str, Any]:
    values = {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"{_CODE}"'}
    model = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    container = {"Image": "image", "ModelDataUrl": model}
    return pipeline(
        a_step("Train", "Training", HyperParameters=values),
        a_step("Register", "RegisterModel", InferenceSpecification={"Containers": [container]}),
    )


RULES = (
    Rule(
        "PC510",
        "info",
        "A bad model reaches the registry, and nobody can compare it with the others.",
        _self_judged(),
        evaluation_in_training,
        example_files={f"{_CODE}!train.py": _SCORING},
    ),
    Rule("PC511", "info", "Every run repeats, and pays for, what has not changed.", _two(), no_caching),
    Rule("PC512", "info", "Nobody can say what the pipeline costs.", _two(), no_tags),
    Rule(
        "PC513",
        "info",
        "Two runs at once mix their files, and an old run's outputs are gone.",
        pipeline(
            a_step(
                "Process",
                "Processing",
                ProcessingOutputConfig={
                    "Outputs": [{"OutputName": "train", "S3Output": {"S3Uri": "s3://bucket/train"}}]
                },
            )
        ),
        fixed_outputs,
    ),
    Rule("PC514", "info", "A busy hour at AWS fails a run of many hours.", _two(), no_retries),
    Rule(
        "PC515",
        "info",
        "Whatever deploys approved models deploys it at once.",
        pipeline(a_step("Register", "RegisterModel", ModelApprovalStatus="Approved")),
        approved_at_once,
    ),
)
