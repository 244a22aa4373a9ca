"""Reports: what is read from a step's JSON file is something that its script writes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pipecell.definition.checks.code import running
from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline
from pipecell.definition.checks.properties import declared_files, to_steps
from pipecell.definition.code.reports import written
from pipecell.definition.code.scripts import Script
from pipecell.definition.code.source import read_source
from pipecell.definition.paths import parse_property_path
from pipecell.definition.sagemaker import StepView
from pipecell.errors import MOST_NAMES, DefinitionError, nearest


def unwritten_paths(subject: Subject) -> Iterator[Finding]:
    """Find paths in a JSON file that the script which writes the file visibly never writes."""
    for step, reference, source in to_steps(subject):
        if reference.property_file is None or not reference.json_path:
            continue
        script = _only_script(source, subject)
        tree = read_source(script.content).tree if script is not None else None
        if script is None or tree is None:
            continue
        found = written(tree)
        try:
            segments = parse_property_path(reference.json_path)
        except DefinitionError:
            continue  # PC112 says so
        if found.certain and not found.may_have(segments):
            yield Finding(
                f"{script.name} never writes {reference.json_path} ({reference.property_file}).",
                _it_writes(reference.json_path, found.paths()),
                step.name,
                reference.path,
            )


def unwritten_files(subject: Subject) -> Iterator[Finding]:
    """Find property files whose name their step's script never mentions."""
    for step in subject.steps:
        script = _only_script(step, subject)
        for index, entry in enumerate(declared_files(step) if script is not None else ()):
            path = entry.get("FilePath")
            name = PurePosixPath(path).name if isinstance(path, str) else ""
            tree = read_source(script.content).tree  # type: ignore[union-attr]
            if not name or tree is None or _may_name(tree, name):
                continue
            yield Finding(
                f"{script.name} never mentions {name}, "  # type: ignore[union-attr]
                f'the file of the property file "{entry.get("PropertyFileName")}".',
                "Its FilePath is relative to the output's folder.",
                step.name,
                f"PropertyFiles[{index}].FilePath",
            )


def _only_script(step: StepView, subject: Subject) -> Script | None:
    """Return the one file that a step runs, None where it has others that could write too."""
    found = [script for script in subject.scripts.get(step.name, ()) if not script.missing]
    if len(found) != 1:
        return None
    others = [name for name in found[0].files if name.endswith(".py") and name != found[0].name]
    return None if others else found[0]


def _may_name(tree: ast.Module, name: str) -> bool:
    """Tell whether a script mentions a file name, or may put it together from parts."""
    suffix = PurePosixPath(name).suffix or name
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if name in text or (text.endswith(suffix) and (text == suffix or "%" in text or "{" in text)):
                return True
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(part, ast.Constant) and str(part.value).endswith(suffix) for part in node.values
        ):
            return True
        if isinstance(node, ast.Attribute) and node.attr in _FROM_OUTSIDE:
            return True
    return False


def _it_writes(wanted: str, paths: list[str]) -> str:
    match = nearest(wanted, paths)
    if match:
        return f'Did you mean "{match}"?'
    listed = ", ".join(paths[:MOST_NAMES])
    return f"It writes {listed}{'…' if len(paths) > MOST_NAMES else ''}."


_FROM_OUTSIDE = frozenset({"argv", "environ", "getenv", "parse_args", "parse_known_args"})


_URI = "s3://bucket/code/evaluate.py"
_SCRIPT = """import json

report = {"metrics": {"accuracy": {"value": 0.9}}}
with open("/opt/ml/processing/evaluation/evaluation.json", "w") as file:
    json.dump(report, file)
"""


def _evaluation(file: str) -> dict[str, Any]:
    output = {"OutputName": "evaluation", "S3Output": {"LocalPath": "/opt/ml/processing/evaluation"}}
    step = running("evaluate.py", _URI)
    arguments = {**step["Arguments"], "ProcessingOutputConfig": {"Outputs": [output]}}
    report = {"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": file}
    return {**step, "Name": "Evaluate", "Arguments": arguments, "PropertyFiles": [report]}


def _reading(path: str) -> Mapping[str, Any]:
    value = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": path}}
    return pipeline(_evaluation("evaluation.json"), a_step("Weak", "Fail", ErrorMessage=value))


RULES = (
    Rule(
        "PC420",
        "error",
        "The condition cannot be decided, and the execution fails after everything has been paid for.",
        _reading("metrics.acuracy.value"),
        unwritten_paths,
        example_files={_URI: _SCRIPT},
    ),
    Rule(
        "PC421",
        "warning",
        "The step succeeds, and whatever reads the file fails.",
        pipeline(_evaluation("report.json")),
        unwritten_files,
        example_files={_URI: _SCRIPT},
    ),
)
