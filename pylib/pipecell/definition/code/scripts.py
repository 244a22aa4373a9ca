"""Which file a step runs, and what lies beside it, among the files that a run would upload."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pipecell.definition.code.places import members
from pipecell.definition.sagemaker import StepView

ARCHIVE = "sourcedir.tar.gz"
_RUNS_PYTHON = re.compile(r"^\s*(?:exec\s+)?python[\d.]*\s+(?P<file>[\w./-]+\.py)", re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """A Python file that a step runs.

    Attributes:
        step: the step.
        path: where the definition names it.
        name: its name among ``files``.
        files: what is uploaded with it, by relative path; itself included, unless it is missing.
        image: URI of the step's container image; empty where it is not written down.
    """

    step: StepView
    path: str
    name: str
    files: Mapping[str, bytes]
    image: str = ""

    @property
    def missing(self) -> bool:
        """Whether the file that the step runs is not among those that are uploaded."""
        return self.name not in self.files

    @property
    def content(self) -> bytes:
        """The file; empty when it is missing."""
        return self.files.get(self.name, b"")


def scripts_of(step: StepView, files: Mapping[str, bytes]) -> Iterator[Script]:
    """Yield the Python files that a step runs, as far as they are among the uploaded files.

    Args:
        step: the step.
        files: content of the uploaded files, by S3 URI.
    """
    if not files:
        return
    if step.type in ("Processing", "QualityCheck", "ClarifyCheck"):
        yield from _processing(step, files)
    else:
        for path, definition in _training_definitions(step):
            yield from _training(step, path, definition, files)


def _processing(step: StepView, files: Mapping[str, bytes]) -> Iterator[Script]:
    application = step.arguments.get("AppSpecification")
    words = application.get("ContainerEntrypoint") if isinstance(application, Mapping) else None
    image = application.get("ImageUri") if isinstance(application, Mapping) else None
    inputs = list(_inputs(step))
    innermost_first = sorted(inputs, key=_depth, reverse=True)  # one may lie in another
    for index, word in enumerate(words if isinstance(words, list) else ()):
        if not isinstance(word, str) or not word.endswith((".py", ".sh")):
            continue
        for local, uri in innermost_first:
            if not word.startswith(local + "/"):
                continue
            beside = _below(uri, files)
            path = f"Arguments.AppSpecification.ContainerEntrypoint[{index}]"
            script = Script(step, path, word[len(local) + 1 :], beside, _text(image))
            if beside and script.name.endswith(".sh"):
                archives = [files[uri] for _, uri in inputs if uri.endswith("/" + ARCHIVE) and uri in files]
                yield from _started_by(script, archives)
            elif beside and (uri in files or not script.missing):
                yield script  # below a folder of S3 there may be more than what is uploaded now
            break


def _started_by(shell: Script, archives: list[bytes]) -> Iterator[Script]:
    """Yield what the shell script of the SDK's FrameworkProcessor runs: a file of the source archive."""
    run = _RUNS_PYTHON.search(shell.content.decode("utf-8", "replace"))
    if run is not None and archives:
        yield replace(shell, name=run["file"].removeprefix("./"), files=unpacked(archives[0]))


def _training(
    step: StepView, path: str, definition: Mapping[str, Any], files: Mapping[str, bytes]
) -> Iterator[Script]:
    algorithm = definition.get("AlgorithmSpecification")
    image = algorithm.get("TrainingImage") if isinstance(algorithm, Mapping) else None
    for key in ("HyperParameters", "StaticHyperParameters"):
        values = definition.get(key)
        if not isinstance(values, Mapping):
            continue
        program = _text(values.get("sagemaker_program")).strip('"')
        content = files.get(_text(values.get("sagemaker_submit_directory")).strip('"'))
        if program.endswith(".py") and content is not None:
            where = f"{path}.{key}['sagemaker_program']"
            yield Script(step, where, program, unpacked(content), _text(image))


def _training_definitions(step: StepView) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if step.type == "Training":
        yield "Arguments", step.arguments
    if step.type == "Tuning":
        one, several = (
            step.arguments.get(key) for key in ("TrainingJobDefinition", "TrainingJobDefinitions")
        )
        if isinstance(one, Mapping):
            yield "Arguments.TrainingJobDefinition", one
        for index, each in enumerate(several if isinstance(several, list) else ()):
            if isinstance(each, Mapping):
                yield f"Arguments.TrainingJobDefinitions[{index}]", each


def _inputs(step: StepView) -> Iterator[tuple[str, str]]:
    """Yield (folder in the container, S3 URI) of the inputs that are written down."""
    inputs = step.arguments.get("ProcessingInputs")
    for entry in inputs if isinstance(inputs, list) else ():
        source = entry.get("S3Input") if isinstance(entry, Mapping) else None
        if isinstance(source, Mapping):
            local, uri = source.get("LocalPath"), source.get("S3Uri")
            if isinstance(local, str) and isinstance(uri, str):
                yield local.rstrip("/"), uri


def _depth(found: tuple[str, str]) -> int:
    folder, _ = found
    return len(folder)


def _below(uri: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the uploaded files that an input brings, by their path below its folder."""
    if uri in files:
        return {uri.rpartition("/")[2]: files[uri]}
    prefix = uri.rstrip("/") + "/"
    return {key[len(prefix) :]: content for key, content in files.items() if key.startswith(prefix)}


@lru_cache(maxsize=64)
def unpacked(archive: bytes) -> Mapping[str, bytes]:
    """Return the files of a source archive by relative path; not to be changed."""
    return {name.removeprefix("./"): content for name, content in members(archive).items()}


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a source archive of some files: what `unpacked` reads."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
