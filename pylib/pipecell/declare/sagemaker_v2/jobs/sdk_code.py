"""The SDK's objects of ``%%step`` cells as the Python code that makes them: one cell a step.

Constructors are written from the objects themselves: an argument of which the object keeps another value than
the default, under the same name. What comes out is not trusted but compiled: see `pipecell.conversion`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pipecell.declare.cells import members
from pipecell.declare.compiled import PLACEHOLDER_ROLE
from pipecell.declare.sagemaker_v2.uploads import Source
from pipecell.errors import DeclarationError

_ABSENT = object()
_KEPT_ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("Estimator", "hyperparameters"): "_hyperparameters",
    ("HyperparameterTuner", "hyperparameter_ranges"): "_hyperparameter_ranges",
}
"""Where objects keep an argument under another name."""
_STEP_ARGUMENTS = ("cache_config", "retry_policies", "property_files", "depends_on")
_OF_A_PACKAGE: Mapping[str, str] = {
    "content_types": "SupportedContentTypes",
    "response_types": "SupportedResponseMIMETypes",
    "inference_instances": "SupportedRealtimeInferenceInstanceTypes",
    "transform_instances": "SupportedTransformInstanceTypes",
    "model_package_group_name": "ModelPackageGroupName",
    "approval_status": "ModelApprovalStatus",
    "description": "ModelPackageDescription",
}
"""Arguments of ``Model.register``, and where its request holds them."""
_OF_A_LAUNCH = frozenset({"wait", "logs"})
_DERIVED = frozenset({("ProcessingInput", "s3_input"), ("Estimator", "encrypt_inter_container_traffic")})
"""Arguments that the SDK fills in by itself."""
_WIDTH = 100


@dataclass
class CodeWriter:
    """Writes cells; knows the notebook's variables and the steps that were written before.

    Args:
        namespace: the notebook's variables.
        uploads: the local files and folders that the steps' cells upload.
        folder: the notebook's folder, which paths are written from.
    """

    namespace: Mapping[str, Any]
    uploads: Iterable[Source] = ()
    folder: Path = field(default_factory=Path.cwd)
    _variables: dict[str, str] = field(default_factory=dict)
    _imports: dict[str, None] = field(default_factory=dict)
    _before: list[str] = field(default_factory=list)
    _made: dict[str, str] = field(default_factory=dict)

    def cell(self, thing: Any) -> str:
        """Return the body of a ``%%pipeline`` cell that makes a step or collection.

        Raises:
            DeclarationError: ``PC655``, the SDK's object cannot be written.
        """
        self._imports, self._before = {}, []
        name = f"step_{_variable(thing.name)}"
        text = self._step(thing)
        for inner in [thing, *members(thing)]:
            self._variables[inner.name] = name
        return "\n".join(
            [*sorted(self._imports), *([""] if self._imports else []), *self._before, f"{name} = {text}", ""]
        )

    def _step(self, thing: Any) -> str:
        arguments = getattr(thing, "step_args", None) or getattr(thing, "_step_args", None)
        kind = type(thing).__name__
        if getattr(thing, "fields_set", ()):
            raise _cannot(thing.name, "what --set puts into a request")
        if kind in ("ConditionStep", "FailStep") or hasattr(thing, "made_of") or arguments is None:
            return self._construct(thing)
        if not hasattr(arguments, "func_args"):
            raise _cannot(thing.name, kind)
        self._import(thing)
        if kind == "ModelStep":
            return self._model_step(thing, arguments)
        job, *rest = arguments.func_args
        given = [self.write(value) for value in rest if value is not job]
        given += [
            f"{key}={self.write(value)}"
            for key, value in arguments.func_kwargs.items()
            if value is not None and key not in _OF_A_LAUNCH
        ]
        job = self._assigned(job, thing.name)
        call = _call(f"{job}.{arguments.func.__name__}", given)
        words = [f"name={thing.name!r}", f"step_args={call}"]
        for key in _STEP_ARGUMENTS:
            value = getattr(thing, key, None)
            if value:
                words.append(f"{key}={self.write(value)}")
        return _call(kind, words)

    def _model_step(self, thing: Any, arguments: Any) -> str:
        """Return a ModelStep, which keeps only the request that its model's method made."""
        job = self._assigned(arguments.model, thing.name)
        request = arguments.create_model_package_request
        if request is None:
            return _call("ModelStep", [f"name={thing.name!r}", f"step_args={job}.create()"])
        holder = {**request.get("InferenceSpecification", {}), **request}
        given = {key: holder.get(name) for key, name in _OF_A_PACKAGE.items()}
        words = [f"{key}={self.write(value)}" for key, value in given.items() if value is not None]
        statistics = ((request.get("ModelMetrics") or {}).get("ModelQuality") or {}).get("Statistics")
        if statistics:
            self._imports["from sagemaker.model_metrics import MetricsSource, ModelMetrics"] = None
            place = [
                f"content_type={statistics['ContentType']!r}",
                f"s3_uri={self.write(statistics['S3Uri'])}",
            ]
            words.append(f"model_metrics=ModelMetrics(model_statistics={_call('MetricsSource', place)})")
        return _call("ModelStep", [f"name={thing.name!r}", f"step_args={_call(f'{job}.register', words)}"])

    def write(self, value: Any) -> str:  # noqa: PLR0911 - one for each kind of value
        """Return a value as an expression."""
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, int | float | bool):
            return repr(value)
        if isinstance(value, list | tuple):
            return f"[{', '.join(map(self.write, value))}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{key!r}: {self.write(item)}' for key, item in value.items())}}}"
        if isinstance(value, Enum):
            self._import(value)
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, type):
            self._imports[f"from {value.__module__} import {value.__name__}"] = None
            return value.__name__
        known = next(
            (name for name, other in self.namespace.items() if other is value and name[0] != "_"), None
        )
        if known is not None:
            return known
        kind = type(value).__name__
        if kind == "NamedProperty":
            return self._property(value)
        if kind.startswith("Parameter") and hasattr(value, "default_value"):
            return self._parameter(value)
        if hasattr(value, "step_args") or hasattr(value, "if_steps") or members(value):
            return self._variables.get(value.name) or self._inner_step(value)
        if kind.endswith("PlaceholderSession"):
            return self._session()
        return self._construct(value)

    def _text(self, value: str) -> str:
        if value == PLACEHOLDER_ROLE:
            return self._role()
        if value.startswith("s3://"):
            for source in self.uploads:
                if source.uri == value:
                    return self._upload(source)
            below = f"{value.rstrip('/')}/"
            self._before += [self._upload(source) for source in self.uploads if source.uri.startswith(below)]
        return repr(value.removeprefix(f"{self.folder}/"))

    def _upload(self, source: Source) -> str:
        session = self._session()
        path = str(source.path).removeprefix(f"{self.folder}/")
        bucket = "" if source.bucket == self._bucket() else f", bucket={source.bucket!r}"
        return f"{session}.upload_data({path!r}{bucket}, key_prefix={source.prefix!r})"

    def _bucket(self) -> str:
        from pipecell.declare.sagemaker_v2.placeholder_session import compile_session

        return str(compile_session().default_bucket())

    def _property(self, value: Any) -> str:
        owner = self._variables.get(value.step_name)
        if owner is None:
            raise _cannot(value.step_name, "a step that no cell declares")
        path = re.sub(r"^OutputParameters(?=\[)", "Outputs", value.path)
        return f"{owner}.properties.{path}"

    def _inner_step(self, step: Any) -> str:
        name = f"step_{_variable(step.name)}"
        self._before.append(f"{name} = {self._step(step)}")
        self._variables[step.name] = name
        return name

    def _parameter(self, value: Any) -> str:
        name = _variable(value.name)
        if value.name not in self._made:
            self._import(value)
            self._before.append(
                f"{name} = {type(value).__name__}({value.name!r}, default_value={value.default_value!r})"
            )
            self._made[value.name] = name
        return name

    def _session(self) -> str:
        if "session" not in self._made:
            self._imports["from sagemaker.workflow.pipeline_context import PipelineSession"] = None
            self._before.append("session = PipelineSession()")
            self._made["session"] = "session"
        return "session"

    def _role(self) -> str:
        if "role" not in self._made:
            self._imports["from sagemaker import get_execution_role"] = None
            self._before.append("role = get_execution_role()")
            self._made["role"] = "role"
        return "role"

    def _assigned(self, job: Any, step: str) -> str:
        text = self._construct(job)
        name = f"{_variable(step)}_job"
        self._before.append(f"{name} = {text}")
        return name

    def _construct(self, value: Any) -> str:
        """Return the call of a class that makes an object with the same attributes."""
        kind = type(value)
        name = kind.__name__.removeprefix("Named")
        if not kind.__module__.startswith(("sagemaker.", "pipecell.declare.sagemaker_v2")):
            raise _cannot(name, f"a {kind.__name__}")
        if name == "TrainingInput":
            return self._training_input(value)
        self._import(value)
        words = []
        if hasattr(value, "made_of"):
            given = {key: item for key, item in value.made_of.items() if item is not None}
            return _call(name, [f"{key}={self.write(item)}" for key, item in given.items()])
        for key, parameter in inspect.signature(kind.__init__).parameters.items():
            kept = getattr(value, _KEPT_ELSEWHERE.get((name, key), key), _ABSENT)
            if key in ("self", "display_name", "description") or kept is _ABSENT or kept is parameter.default:
                continue
            if (
                (name, key) in _DERIVED
                or callable(kept)
                or kept in (None, [], {})
                or _same(kept, parameter.default)
            ):
                continue
            words.append(f"{key}={self.write(kept)}")
        return _call(name, words)

    def _training_input(self, value: Any) -> str:
        self._import(value)
        source = value.config["DataSource"]["S3DataSource"]["S3Uri"]
        words = [f"s3_data={self.write(source)}"]
        if value.config.get("ContentType"):
            words.append(f"content_type={value.config['ContentType']!r}")
        return _call("TrainingInput", words)

    def _import(self, value: Any) -> None:
        kind = type(value)
        base = next(cls for cls in kind.__mro__ if cls.__module__.startswith("sagemaker."))
        self._imports[f"from {base.__module__} import {base.__name__}"] = None


def _same(kept: Any, default: Any) -> bool:
    return isinstance(kept, str | int | float | bool) and type(kept) is type(default) and kept == default


def _call(function: str, words: Iterable[str]) -> str:
    words = list(words)
    line = f"{function}({', '.join(words)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {_indented(word)},\n" for word in words)
    return f"{function}(\n{inner})"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _variable(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", name)).lower()


def _cannot(name: str, what: str) -> DeclarationError:
    return DeclarationError(
        f"{what} cannot be written as SDK code.",
        code="PC655",
        step=name,
        hint="%pipeline export --format python writes any pipeline, with its jobs as AWS's own requests.",
    )
