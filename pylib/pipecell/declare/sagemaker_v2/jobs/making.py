"""What the makers of all kinds share: the session, values put into SDK terms, settings of jobs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NoReturn

from pipecell.declare.compiled import PLACEHOLDER_ROLE, Missing
from pipecell.declare.jobs.cell import Script, StepCell
from pipecell.declare.jobs.facts import StepFacts
from pipecell.declare.jobs.scope import Problem, Scope
from pipecell.declare.jobs.script import parameter_variable, write
from pipecell.declare.jobs.values import LocalPath, StepOutput, Text, Value, is_variable
from pipecell.declare.jobs.words import count
from pipecell.declare.sagemaker_v2.jobs import images, references
from pipecell.declare.sagemaker_v2.jobs.content import content_digest
from pipecell.declare.sagemaker_v2.placeholder_session import compile_session
from pipecell.errors import DeclarationError, did_you_mean

_IMAGE_FIELDS = ("TrainingImage", "ImageUri", "Image")
DEFAULT_INSTANCE = "ml.m5.xlarge"


class Making:
    """One cell on its way to SDK objects.

    Args:
        cell: the cell.
        scope: what the rest of the pipeline says.
    """

    def __init__(self, cell: StepCell, scope: Scope) -> None:
        self.cell = cell
        self.scope = scope

    @cached_property
    def session(self) -> Any:
        """The SDK session, which never reaches AWS."""
        return compile_session(_region())

    @property
    def region(self) -> str:
        """The region that images are taken from."""
        return str(self.session.boto_region_name)

    @property
    def role(self) -> str:
        """The execution role; a placeholder until the pipeline goes to AWS."""
        return PLACEHOLDER_ROLE

    def refuse(self, sentence: str, hint: str = "", code: str = "PC650") -> NoReturn:
        """Raise what is wrong with the cell itself."""
        raise DeclarationError(sentence, code=code, step=self.cell.name, cell=self.cell.where, hint=hint)

    def refuse_setting(self, sentence: str, hint: str = "", *, name: str = "") -> NoReturn:
        """Raise what is wrong with a line of the body: a name's, or one that the sentence names."""
        words = set(re.findall(r"[\w.-]+", sentence.replace("'", " ")))
        places = self.cell.setting_places
        at = places.get(name) or next((place for key, place in places.items() if key in words), "")
        raise DeclarationError(
            sentence, code="PC645", step=self.cell.name, cell=self.cell.where, path=at, hint=hint
        )

    def complain(self, code: str, sentence: str, hint: str = "") -> None:
        """Note what is wrong between this cell and others: another cell may put it right."""
        self.scope.problems.append(Problem(code, sentence, hint))

    # Values

    def value(self, value: Value) -> Any:
        """Return a value as the SDK takes it."""
        if isinstance(value, StepOutput):
            return self._output(value)
        if isinstance(value, Text):
            from sagemaker.workflow.functions import Join

            return Join(on="", values=[self.value(part) for part in value.parts])
        if isinstance(value, LocalPath):
            return self.upload(value.path)
        return value

    def text(self, value: Value) -> Any:
        """Return a value as text: what an environment variable or an argument takes."""
        value = self.value(value)
        if is_variable(value):
            return value.to_string() if hasattr(value, "to_string") else value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list | dict | tuple):
            import json

            return json.dumps(value)
        return str(value)

    def _output(self, output: StepOutput) -> Any:
        facts = self.scope.facts.get(output.step)
        if facts is None and output.text:
            return output.text
        if facts is None:
            if not any(known.name == output.step for known in self.scope.missing):
                self.scope.missing.append(Missing(output.step, self.cell.name, "data", output.output))
        else:
            found = references.complaint(output, facts)
            if found is not None:
                self.complain("PC647", *found)
        if output.path:
            return self._json_value(output, facts)
        if facts is not None and facts.kind == "tuning" and output.output == "model":
            return self._best_model(output.step)
        return references.step_property(*references.property_path(output, facts))

    def _json_value(self, output: StepOutput, facts: StepFacts | None) -> Any:
        if facts is not None and facts.kind not in ("processing", ""):
            self.complain(
                "PC653", f"{output.step} is a {facts.kind} step; JSON is read from a processing step."
            )
        name = facts.names[-1] if facts is not None else output.step
        made = self._property_file(output)
        return references.json_value(name, made, output.path)

    def _property_file(self, output: StepOutput) -> str:
        """Return the name of the property file: one that the step has, else ours."""
        facts = self.scope.facts.get(output.step)
        own = facts.cell.files if facts is not None and facts.cell is not None else ()
        thing = self.scope.things.get(output.step)
        objects = getattr(thing, "property_files", None) or ()
        for name, place, file in (*own, *((known.name, known.output_name, known.path) for known in objects)):
            if place == output.output and file == output.json_file:
                return str(name)
        return references.property_file_name(output.output, output.json_file)

    def _best_model(self, step: str) -> Any:
        from sagemaker.workflow.functions import Join

        job = references.step_property(step, "BestTrainingJob.TrainingJobName")
        return Join(on="/", values=["s3:/", self.session.default_bucket(), job, "output/model.tar.gz"])

    def upload(self, path: Path) -> str:
        """Have a local file or folder uploaded under a digest of its content; return its URI."""
        prefix = f"{self.scope.pipeline}/input/{content_digest(path)}"
        return str(
            self.session.upload_data(str(path), bucket=self.session.default_bucket(), key_prefix=prefix)
        )

    def put_uploads(self) -> None:
        """Have what ``--upload`` names uploaded to where it says."""
        from pipecell.declare.sagemaker_v2.context import current

        offline = current()
        if offline is None:
            return
        for path, uri in self.cell.uploads:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            if path.is_dir():
                offline.recorder.put_path(path, bucket, key.rstrip("/"))
            else:
                offline.recorder.put_file(path, bucket, f"{key}{path.name}" if key.endswith("/") else key)

    def upload_helpers(self) -> str | None:
        """Have ``--with`` modules uploaded; return the URI of the folder that they share, None without."""
        helpers = self.cell.script.helpers if self.cell.script is not None else ()
        if not helpers:
            return None
        digest = hashlib.sha256("".join(f"{path.name}\0{content_digest(path)}" for path in helpers).encode())
        prefix = f"{self.scope.pipeline}/with/{digest.hexdigest()[:16]}"
        bucket = self.session.default_bucket()
        for path in helpers:
            below = f"{prefix}/{path.name}" if path.is_dir() else prefix
            self.session.upload_data(str(path), bucket=bucket, key_prefix=below)
        return f"s3://{bucket}/{prefix}"

    def script(self) -> str:
        """Write the script's file; return its path, from the notebook's folder where it is below that."""
        script = self.cell.script
        assert script is not None  # noqa: S101 - asked of kinds that have one
        return write_script(script)

    # Settings of jobs

    def image(self, default: str, *, scope: str | None = None) -> Any:
        """Return the image's URI.

        Args:
            default: ``name:version`` where the cell names none.
            scope: ``training`` or ``inference``, for frameworks whose images differ.
        """
        for field in self.cell.fields:
            if field.path[-1] in _IMAGE_FIELDS and isinstance(field.value, str):
                return field.value
        asked = self.cell.image if self.cell.image is not None else default
        if is_variable(asked) or "/" in str(asked):
            return asked
        kind = self.cell.instance.type
        return images.resolve(
            str(asked), self.region, kind if isinstance(kind, str) else DEFAULT_INSTANCE, scope, self.refuse
        )

    def instance_type(self, parameter: str) -> Any:
        """Return the instance type; by default a pipeline parameter, so that profiles can change it.

        Args:
            parameter: the default's name, for example ``ProcessingInstanceType``.
        """
        asked = self.value(self.cell.instance.type)
        if asked is not None:
            return asked
        from sagemaker.workflow.parameters import ParameterString

        return self.scope.parameters.get(parameter) or ParameterString(
            parameter, default_value=DEFAULT_INSTANCE
        )

    def job(self, parameter: str) -> dict[str, Any]:
        """Return the keywords that the SDK's processors and estimators share."""
        runtime, volume = self.cell.max_runtime, self.setting("volume")
        size = {} if volume is None else {"volume_size_in_gb": self.number(volume, "--volume")}
        return {
            **size,
            "role": self.role,
            "instance_type": self.instance_type(parameter),
            "instance_count": self.cell.instance.count,
            "sagemaker_session": self.session,
            "tags": self.tags(),
            **({} if runtime is None else {"max_runtime_in_seconds": runtime}),
        }

    def number(self, value: Any, option: str) -> Any:
        """Return the number that an option gives, or the variable that will be one."""
        return value if is_variable(value) else count(str(value), option, 0)

    def sets(self, *path: str | int) -> bool:
        """Say whether ``--set`` gives a field of the step's arguments."""
        return self.field(*path) is not None

    def field(self, *path: str | int) -> Any:
        """Return what ``--set`` gives a field of the step's arguments; None where it does not."""
        found = (field.value for field in self.cell.fields if not field.of_step and field.path == path)
        return next(found, None)

    def destination(self, output: str) -> Any:
        """Return where in S3 an output goes; None where the line leaves that to the SDK."""
        value = self.cell.destinations.get(output)
        return None if value is None else self.value(value)

    def tags(self) -> list[dict[str, Any]] | None:
        """Return the tags as the SDK wants them; None without."""
        return [{"Key": key, "Value": self.text(value)} for key, value in self.cell.tags.items()] or None

    def environment(self, *, with_params: bool = False) -> dict[str, Any] | None:
        """Return the environment variables, and the ``--param`` values where a script reads them so."""
        given = {key: self.text(value) for key, value in self.cell.env.items()}
        if with_params:
            given |= {parameter_variable(key): self.text(value) for key, value in self.cell.params.items()}
        return given or None

    def step(self, *, cache: bool = True, retry: bool = True) -> dict[str, Any]:
        """Return the keywords that the SDK's steps share: name, cache, retries, what to wait for."""
        keywords: dict[str, Any] = {"name": self.cell.name, "depends_on": self.depends() or None}
        if cache and self.cell.cache:
            from sagemaker.workflow.steps import CacheConfig

            keywords["cache_config"] = CacheConfig(enable_caching=True, expire_after=self.cell.cache)
        if retry and self.cell.retries:
            keywords["retry_policies"] = self.retries()
        return keywords

    def retries(self, *, job: bool = True) -> list[Any]:
        """Return the policies of ``--retry``: faults and throttling of AWS, and of the job itself."""
        from sagemaker.workflow import retry

        attempts = self.cell.retries
        faults = [retry.StepExceptionTypeEnum.SERVICE_FAULT, retry.StepExceptionTypeEnum.THROTTLING]
        policies: list[Any] = [made(retry.StepRetryPolicy, exception_types=faults, max_attempts=attempts)]
        if job:
            kinds = retry.SageMakerJobExceptionTypeEnum
            policies.append(
                made(
                    retry.SageMakerJobStepRetryPolicy,
                    exception_types=[kinds.INTERNAL_ERROR, kinds.CAPACITY_ERROR, kinds.RESOURCE_LIMIT],
                    max_attempts=attempts,
                )
            )
        return policies

    def depends(self) -> list[str]:
        """Return the names of the steps to wait for, without those that no cell declares."""
        found: list[str] = []
        for name in self.cell.depends:
            facts = self.scope.facts.get(name)
            if facts is None:
                self.scope.missing.append(Missing(name, self.cell.name, "control"))
            else:
                found += facts.names
        return found

    # Other steps

    def other(self, option: str, kinds: tuple[str, ...]) -> tuple[str, StepFacts | None]:
        """Return the step that an option such as ``--model`` names, with its facts.

        Raises:
            DeclarationError: the option is not given.
        """
        given = self.cell.settings.get(option)
        if given is None:
            self.refuse(
                f"A {self.cell.kind} step needs --{option} STEP.", f"Name a {' or '.join(kinds)} step."
            )
        name = given.step if isinstance(given, StepOutput) else str(given)
        facts = self.scope.facts.get(name)
        if facts is None:
            self.scope.missing.append(Missing(name, self.cell.name, "data", option))
        elif facts.kind not in kinds:
            self.complain(
                "PC653",
                f"--{option} {name}: that is a {facts.kind or 'Python'} step, not {' or '.join(kinds)}.",
            )
        return name, facts

    def needed(self, option: str, example: str) -> Any:
        """Return an option that the kind cannot do without.

        Raises:
            DeclarationError: it is not given.
        """
        value = self.cell.settings.get(option)
        if value is None:
            self.refuse(f"A {self.cell.kind} step needs --{option}.", f"For example --{option} {example}.")
        return self.value(value)

    def setting(self, option: str, default: Any = None) -> Any:
        """Return an option of the kind, else the default."""
        value = self.cell.settings.get(option)
        return default if value is None else self.value(value)

    def unknown(self, what: str, name: str, known: Mapping[str, Any] | tuple[str, ...]) -> NoReturn:
        """Raise that a word is not among those that are known."""
        self.refuse(f'"{name}" is not {what}.', did_you_mean(name, known))


def made(kind: Any, **given: Any) -> Any:
    """Make one of the SDK's objects and note on it what it was made of: not all of them keep that."""
    thing = kind(**given)
    thing.made_of = given
    return thing


def write_script(script: Script) -> str:
    """Write a script's file, unless it is the user's own; return its path as the SDK gets it.

    The SDK's digests of code hold the path, so one that starts at the root would give each folder, and each
    machine, a definition of its own.
    """
    if script.own:
        return script.own
    write(script.path, script.text)
    return from_here(script.path)


def from_here(path: Path) -> str:
    """Return a path from the notebook's folder where it is below that."""
    folder = Path.cwd()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


@lru_cache(maxsize=1)
def _region() -> str | None:
    """Return the region that the user configured, None where there is none."""
    import boto3

    return boto3.Session().region_name
