"""Code: the files that steps run are there, can be parsed, and find what they import."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.code.images import known_modules
from pipecell.definition.code.scripts import Script
from pipecell.definition.code.source import read_source
from pipecell.errors import did_you_mean

_INSTALLS = re.compile(rb"\bpip3?\b|\bconda\b|importlib|sys\.path")
"""A script that says any of these may find modules that we cannot see."""


def scripts(subject: Subject) -> Iterator[Script]:
    """Yield the Python files that the steps of a definition run."""
    for found in subject.scripts.values():
        yield from found


def missing_files(subject: Subject) -> Iterator[Finding]:
    """Find files that a step runs and that are not among those that are uploaded for it."""
    for script in scripts(subject):
        if script.missing:
            names = sorted(name for name in script.files if name.endswith(".py"))
            yield Finding(
                f"{script.name} is not among the files that are uploaded for {script.step.name}.",
                did_you_mean(script.name, names),
                script.step.name,
                script.path,
            )


def syntax_errors(subject: Subject) -> Iterator[Finding]:
    """Find files that a step runs or brings along and that Python cannot parse."""
    for script in scripts(subject):
        for name in dict.fromkeys([script.name, *_imported(script)]):
            source = read_source(script.files.get(name, b""))
            if source.error:
                line = f", line {source.line}" if source.line else ""
                yield Finding(f"{name}{line}: {source.error}.", "", script.step.name, script.path)


def unresolved_imports(subject: Subject) -> Iterator[Finding]:
    """Find imports that neither the container image nor the uploaded files can satisfy."""
    for script in scripts(subject):
        known = known_modules(script.image)
        if known is None or any(PurePosixPath(name).name == "requirements.txt" for name in script.files):
            continue
        own = {PurePosixPath(name).parts[0].removesuffix(".py") for name in script.files}
        for name in dict.fromkeys([script.name, *_imported(script)]):
            content = script.files.get(name, b"")
            if _INSTALLS.search(content):
                break
            for module, line in read_source(content).imports:
                if module not in known and module not in own:
                    yield Finding(
                        f"{name}, line {line} imports {module}, which the image "
                        f"{script.image.rpartition('/')[2]} is not known to have.",
                        "Upload it: source_dir=… with a requirements.txt, or the module's own file.",
                        script.step.name,
                        script.path,
                    )


def _imported(script: Script) -> Iterator[str]:
    """Yield the uploaded files that a script imports, and those that they import."""
    waiting, seen = [script.name], {script.name}
    while waiting:
        for module, _ in read_source(script.files.get(waiting.pop(), b"")).imports:
            for name in (f"{module}.py", f"{module}/__init__.py"):
                if name in script.files and name not in seen:
                    seen.add(name)
                    waiting.append(name)
                    yield name


_URI = "s3://bucket/code/train.py"
_SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def running(entry: str, uri: str = _URI) -> dict[str, Any]:
    """Return a smallest processing step that runs a file, for a rule's example."""
    code = "/opt/ml/processing/input/code"
    application = {"ImageUri": _SKLEARN, "ContainerEntrypoint": ["python3", f"{code}/{entry}"]}
    source = {"InputName": "code", "S3Input": {"S3Uri": uri, "LocalPath": code, "S3DataType": "S3Prefix"}}
    return a_step("Prepare", "Processing", AppSpecification=application, ProcessingInputs=[source])


def _example(entry: str, text: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    return pipeline(running(entry)), {_URI: text}


_MISSING, _TYPO, _IMPORT = (
    _example("trian.py", "print(1)\n"),
    _example("train.py", "print(1\n"),
    _example("train.py", "import lightgbm\n"),
)
RULES = (
    Rule(
        "PC410",
        "error",
        "The job starts its container, and fails at once.",
        _MISSING[0],
        missing_files,
        example_files=_MISSING[1],
    ),
    Rule(
        "PC411",
        "error",
        "The job starts its container, and fails at once.",
        _TYPO[0],
        syntax_errors,
        example_files=_TYPO[1],
    ),
    Rule(
        "PC412",
        "warning",
        "The job fails at the import, minutes after its step has started.",
        _IMPORT[0],
        unresolved_imports,
        example_files=_IMPORT[1],
    ),
)
