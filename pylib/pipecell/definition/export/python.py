"""A SageMaker pipeline as a plain script of the SageMaker SDK, which runs alone and compiles to the same.

Parameters, conditions, references and the pipeline itself are the SDK's own objects. A job's
arguments stay what they are in the definition, the request that AWS takes: turning them back into
processors and estimators would have to guess which of the SDK's many ways made them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.document import Document
from pipecell.definition.export.names import variables
from pipecell.definition.junk import mapping, objects
from pipecell.definition.parameters import Parameter, declared
from pipecell.definition.references import GET, JOIN, JSON_GET, function_of, parse_get
from pipecell.definition.sagemaker import StepView, iterate_steps
from pipecell.errors import UsageError

_TYPES = frozenset(
    {
        *("Condition", "Model", "Processing", "RegisterModel", "Training", "Transform", "Callback", "Tuning"),
        *("Lambda", "QualityCheck", "ClarifyCheck", "EMR", "Fail", "AutoML", "EndpointConfig", "Endpoint"),
        *("InferenceComponent", "Lineage"),
    }
)
"""The step types of the SDK 2.257's ``StepTypeEnum``: it compiles no other."""

_INDENT = "    "
_WIDTH = 100
_COMPARISONS = {
    "Equals": "ConditionEquals",
    "GreaterThan": "ConditionGreaterThan",
    "GreaterThanOrEqualTo": "ConditionGreaterThanOrEqualTo",
    "LessThan": "ConditionLessThan",
    "LessThanOrEqualTo": "ConditionLessThanOrEqualTo",
}
_LOGICAL = ("ConditionIn", "ConditionNot", "ConditionOr")
_EXECUTION = {
    "StartDateTime": "START_DATETIME",
    "CurrentDateTime": "CURRENT_DATETIME",
    "PipelineName": "PIPELINE_NAME",
    "PipelineArn": "PIPELINE_ARN",
    "PipelineExecutionId": "PIPELINE_EXECUTION_ID",
    "PipelineExecutionArn": "PIPELINE_EXECUTION_ARN",
    "TrainingJobName": "TRAINING_JOB_NAME",
    "ProcessingJobName": "PROCESSING_JOB_NAME",
}
_STEP_KEYS = frozenset({"Name", "Type", "Arguments", "DependsOn", "DisplayName", "Description"})
_OWN_NAMES = frozenset(
    {
        *("argparse", "boto3", "sagemaker", "pipeline", "main", "session", "step"),
        *("FILES", "REGION", "ACCOUNT", "ROLE"),
    }
)
_NOBODY = "000000000000"
_NO_ROLE = "arn:aws:iam::000000000000:role/none"

_HELPERS = '''
class RequestStep(Step):
    """A step whose arguments are the request that AWS takes, and whose settings are the definition's."""

    def __init__(self, step_type, name, arguments, depends_on=None, **settings):
        words = settings.pop("display_name", None), settings.pop("description", None)
        super().__init__(name, *words, StepTypeEnum(step_type), depends_on)
        self._arguments = arguments
        self._settings = settings

    @property
    def arguments(self):
        return self._arguments

    @property
    def properties(self):
        return Properties(self.name, step=self)

    def to_request(self):
        return {**super().to_request(), **self._settings}
'''
_EXPRESSION = '''
class Expression(PipelineVariable):
    """A function of the definition that the SDK has no class for that fits here."""

    def __init__(self, function, **arguments):
        self._function, self._arguments = function, arguments

    @property
    def expr(self):
        return {self._function: {key: _plain(value) for key, value in self._arguments.items()}}

    @property
    def _referenced_steps(self):
        found = (value._referenced_steps for value in self._arguments.values() if hasattr(value, "expr"))
        return [step for steps in found for step in steps]


def _plain(value):
    return value.expr if hasattr(value, "expr") else value
'''
_MAIN = """
def main():
    words = argparse.ArgumentParser(description="Print the definition, or deploy it.")
    words.add_argument("--deploy", metavar="ROLE_ARN", help="create or update the pipeline under this role")
    words.add_argument("--start", action="store_true", help="start it, once it is deployed")
    given = words.parse_args()
    if not given.deploy:
        print(pipeline.definition())
        return
    account = boto3.client("sts", region_name=REGION).get_caller_identity()["Account"]

    def yours(text):
        return text.replace(ROLE, given.deploy).replace(ACCOUNT, account)

    s3 = boto3.client("s3", region_name=REGION)
    for (bucket, key), content in FILES.items():
        s3.put_object(Bucket=yours(bucket), Key=key, Body=content)
    definition = yours(pipeline.definition())
    pipeline.definition = lambda: definition
    pipeline.upsert(role_arn=given.deploy)
    if given.start:
        print(pipeline.start().arn)


if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class File:
    """A file that the pipeline needs in S3.

    Attributes:
        bucket, key: where.
        content: what is in it; None for a file that is too large to be part of a script.
    """

    bucket: str
    key: str
    content: bytes | None


def to_python(
    document: Document,
    *,
    region: str = "",
    files: Sequence[File] = (),
    account: str = _NOBODY,
    role: str = _NO_ROLE,
) -> str:
    """Return a script that needs nothing but ``sagemaker`` (2.x) and prints the same definition.

    Args:
        document: the pipeline.
        region: the region that it was compiled for.
        files: what it needs in S3; small ones become part of the script.
        account: the account that the definition names; where it is deployed, the caller's takes its place.
        role: the role that it names; where it is deployed, the one given then takes its place.

    Raises:
        UsageError: the document is a state machine, or has a step that the SDK does not know (``PC926``).
    """
    if document.engine != "sagemaker":
        raise UsageError(
            f"{document.name} is a state machine: the SageMaker SDK has no script for it.",
            code="PC926",
            hint="Use --format json or cloudformation.",
        )
    for view in iterate_steps(document):
        if view.type not in _TYPES:
            raise UsageError(
                f"{view.name} is a step of type {view.type}, which the SageMaker SDK 2.x does not know.",
                code="PC926",
                hint="Use --format json or cloudformation.",
            )
    return _Script(document, region or "us-east-1", files, account, role).text()


@dataclass
class _Script:
    """The script while it is written; ``uses`` collects the SDK's names that it needs."""

    document: Document
    region: str
    files: Sequence[File]
    account: str
    role: str
    uses: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        parameters = [parameter.name for parameter in declared(self.document)]
        self.parameters = variables(parameters, _OWN_NAMES)
        steps = list(dict.fromkeys(view.name for view in iterate_steps(self.document)))
        self.steps = variables(steps, [*_OWN_NAMES, *self.parameters.values()])

    def text(self) -> str:
        body = "\n".join(
            [
                *(self._parameter(each) for each in declared(self.document)),
                "",
                *(f"{block}\n" for block in self._blocks()),
                self._pipeline(),
            ]
        )
        helpers = _HELPERS + ("\n" + _EXPRESSION if "Expression" in self.uses else "")
        return "\n".join(
            [
                f'"""{self._docstring()}"""',
                "",
                *self._imports(),
                "",
                f"REGION = {self.region!r}",
                f"ACCOUNT = {self.account!r}  # in the definition; the caller's takes its place",
                f"ROLE = {self.role!r}  # in the definition; the one given takes its place",
                "",
                helpers,
                "",
                body,
                "",
                *self._files(),
                "",
                _MAIN,
            ]
        )

    def _docstring(self) -> str:
        name = self.document.name.replace('"', "'")
        large = [f"s3://{file.bucket}/{file.key}" for file in self.files if file.content is None]
        more = "".join(f"\n  {uri}" for uri in large)
        needs = (
            f"\n\nToo large to be part of this script, and needed in S3 before a run:{more}\n"
            if large
            else ""
        )
        return f"{name}, written by `pipecell export`; it needs sagemaker 2.x and nothing else.{needs}"

    def _imports(self) -> Iterator[str]:
        yield "import argparse"
        yield ""
        yield "import boto3"
        yield "import sagemaker"
        modules = {
            "sagemaker.workflow.condition_step": ["ConditionStep"],
            "sagemaker.workflow.conditions": [
                *_COMPARISONS.values(),
                "ConditionIn",
                "ConditionNot",
                "ConditionOr",
            ],
            "sagemaker.workflow.entities": ["PipelineVariable"],
            "sagemaker.workflow.execution_variables": ["ExecutionVariable", "ExecutionVariables"],
            "sagemaker.workflow.fail_step": ["FailStep"],
            "sagemaker.workflow.functions": ["Join"],
            "sagemaker.workflow.parameters": [
                f"Parameter{word}" for word in ("Boolean", "Float", "Integer", "String")
            ],
            "sagemaker.workflow.pipeline": ["Pipeline"],
            "sagemaker.workflow.pipeline_experiment_config": ["PipelineExperimentConfig"],
            "sagemaker.workflow.properties": ["Properties"],
            "sagemaker.workflow.steps": ["Step", "StepTypeEnum"],
        }
        always = {"Pipeline", "Properties", "Step", "StepTypeEnum"} | (
            {"PipelineVariable"} if "Expression" in self.uses else set()
        )
        for module, names in modules.items():
            used = sorted({name for name in names if name in self.uses | always})
            if used:
                yield f"from {module} import {', '.join(used)}"

    def _parameter(self, parameter: Parameter) -> str:
        kind = f"Parameter{parameter.type}"
        self.uses.add(kind)
        given = [f"name={parameter.name!r}"]
        if parameter.default is not None:
            given.append(f"default_value={parameter.default!r}")
        if parameter.enum:
            given.append(f"enum_values={list(parameter.enum)!r}")
        return f"{self.parameters[parameter.name]} = {kind}({', '.join(given)})"

    def _blocks(self) -> Iterator[str]:
        """Yield an assignment for each step, those in branches before the Condition that holds them."""
        views = iterate_steps(self.document)
        conditions = [view for view in views if view.type == "Condition"]
        others = [view for view in views if view.type != "Condition"]
        for view in [*others, *reversed(conditions)]:
            yield f"{self.steps[view.name]} = {self._step(view)}"

    def _step(self, view: StepView) -> str:
        if view.type == "Condition" and not view.body.keys() - _STEP_KEYS:
            return self._condition_step(view)
        if view.type == "Fail" and view.arguments.keys() == {"ErrorMessage"}:
            self.uses.add("FailStep")
            message = self.value(view.arguments["ErrorMessage"], 1)
            return self._call(
                "FailStep", [f"name={view.name!r}", f"error_message={message}", *self._common(view)]
            )
        words = [repr(view.type), repr(view.name), self.value(dict(view.arguments), 1), *self._common(view)]
        words += [
            f"{key}={self.value(value, 1)}" for key, value in view.body.items() if key not in _STEP_KEYS
        ]
        return self._call("RequestStep", words)

    def _condition_step(self, view: StepView) -> str:
        self.uses.add("ConditionStep")
        conditions = [self._condition(each) for each in objects(view.arguments.get("Conditions"))]
        inner = f",\n{_INDENT * 2}".join(conditions)
        listed = f"[\n{_INDENT * 2}{inner},\n{_INDENT}]" if conditions else "[]"
        branches = [
            f"{word}=[{', '.join(self.steps[step['Name']] for step in view.arguments.get(key) or [])}]"
            for word, key in (("if_steps", "IfSteps"), ("else_steps", "ElseSteps"))
        ]
        return self._call(
            "ConditionStep", [f"name={view.name!r}", f"conditions={listed}", *branches, *self._common(view)]
        )

    def _condition(self, condition: Mapping[str, Any]) -> str:
        kind = str(condition.get("Type"))
        if kind in _COMPARISONS:
            name = _COMPARISONS[kind]
            words = [
                f"left={self.value(condition.get('LeftValue'), 3)}",
                f"right={self.value(condition.get('RightValue'), 3)}",
            ]
        elif kind == "In":
            name = "ConditionIn"
            words = [
                f"value={self.value(condition.get('QueryValue'), 3)}",
                f"in_values={self.value(condition.get('Values'), 3)}",
            ]
        elif kind == "Not":
            name = "ConditionNot"
            negated = mapping(condition.get("Expression")) or mapping(condition.get("Condition"))
            words = [f"expression={self._condition(negated)}"]
        else:
            name = "ConditionOr"
            inner = ", ".join(self._condition(each) for each in objects(condition.get("Conditions")))
            words = [f"conditions=[{inner}]"]
        self.uses.add(name)
        return f"{name}({', '.join(words)})"

    def _common(self, view: StepView) -> list[str]:
        words = []
        if view.depends_on:
            words.append(f"depends_on={list(view.depends_on)!r}")
        for word, key in (("display_name", "DisplayName"), ("description", "Description")):
            if view.body.get(key) is not None:
                words.append(f"{word}={self.value(view.body[key], 1)}")
        return words

    def _call(self, name: str, words: list[str]) -> str:
        inner = "".join(f"{_INDENT}{word},\n" for word in words)
        return f"{name}(\n{inner})"

    def _pipeline(self) -> str:
        body = self.document.body
        words = [
            f"name={self.document.name!r}",
            f"parameters=[{', '.join(self.parameters.values())}]",
        ]
        experiment = body.get("PipelineExperimentConfig")
        if isinstance(experiment, Mapping):
            self.uses.add("PipelineExperimentConfig")
            names = ", ".join(self.value(experiment.get(key), 1) for key in ("ExperimentName", "TrialName"))
            words.append(f"pipeline_experiment_config=PipelineExperimentConfig({names})")
        else:
            words.append("pipeline_experiment_config=None")
        top = [self.steps[view.name] for view in iterate_steps(self.document) if view.parent is None]
        words += [
            f"steps=[{', '.join(top)}]",
            "sagemaker_session=sagemaker.Session(boto3.Session(region_name=REGION))",
        ]
        return f"pipeline = {self._call('Pipeline', words)}"

    def _files(self) -> Iterator[str]:
        yield "FILES = {"
        for file in self.files:
            if file.content is not None:
                yield f"{_INDENT}({file.bucket!r}, {file.key!r}): {file.content!r},"
        yield "}"

    def value(self, value: Any, depth: int) -> str:
        """Return a value of the definition as Python, its functions as the SDK's objects."""
        function = function_of(value)
        if function == GET:
            return self._get(value[GET])
        if function == JOIN:
            self.uses.add("Join")
            call = value[JOIN]
            values = call.get("Values")
            items = self.value(values if isinstance(values, list) else [values], depth)
            return f"Join(on={call.get('On', '')!r}, values={items})"
        if function == JSON_GET:
            self.uses.add("Expression")
            words = [f"{key}={self.value(item, depth)}" for key, item in value[JSON_GET].items()]
            return f'Expression("{JSON_GET}", {", ".join(words)})'
        if isinstance(value, Mapping | list):
            return self._container(value, depth)
        return repr(value)

    def _container(self, value: Any, depth: int) -> str:
        if isinstance(value, Mapping):
            items = [f"{key!r}: {self.value(item, depth + 1)}" for key, item in value.items()]
            first, last = "{", "}"
        else:
            items = [self.value(item, depth + 1) for item in value]
            first, last = "[", "]"
        line = f"{first}{', '.join(items)}{last}"
        if len(line) + depth * len(_INDENT) <= _WIDTH and "\n" not in line:
            return line
        indent = _INDENT * (depth + 1)
        inner = "".join(f"{indent}{item},\n" for item in items)
        return f"{first}\n{inner}{_INDENT * depth}{last}"

    def _get(self, text: str) -> str:
        kind, name, tail = parse_get(text)
        if kind == "parameter" and name in self.parameters:
            return self.parameters[name]
        if kind == "execution":
            if name in _EXECUTION:
                self.uses.add("ExecutionVariables")
                return f"ExecutionVariables.{_EXECUTION[name]}"
            self.uses.add("ExecutionVariable")
            return f"ExecutionVariable({name!r})"
        if kind == "step":
            return f"Properties({name!r}, {tail!r})" if tail else f"Properties({name!r})"
        return json.dumps({GET: text})
