"""A definition's values as words of ``%%step`` lines, operands of conditions and Python expressions."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_OUTPUT = re.compile(r"ProcessingOutputConfig\.Outputs\['([A-Za-z_][\w-]*)'\]\.S3Output\.S3Uri")
_PARAMETER_OUTPUT = re.compile(r"OutputParameters\['([A-Za-z_][\w-]*)'\]")
_PROPERTY = re.compile(r"[A-Z]\w*(\.[A-Za-z]\w*|\[\d+\]|\['[^']+'\])*")
_ONLY: Mapping[str, tuple[str, str]] = {
    "Training": ("ModelArtifacts.S3ModelArtifacts", "model"),
    "Transform": ("TransformOutput.S3OutputPath", "predictions"),
}
_FUNCTIONS = "sagemaker.workflow.functions"
_VARIABLES = "sagemaker.workflow.execution_variables"


@dataclass
class Preamble:
    """The Python that a ``%%pipeline`` cell keeps: parameters, and values that lines name."""

    imports: dict[str, dict[str, None]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def use(self, module: str, name: str) -> None:
        """Import a name."""
        self.imports.setdefault(module, {})[name] = None

    def __str__(self) -> str:
        imports = [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self.imports.items())
        ]
        return "\n".join([*imports, *([""] if imports and self.lines else []), *self.lines])


@dataclass
class Wording:
    """Says values; knows what the notebook calls them.

    Attributes:
        steps: the definition's steps by name, those in branches too.
        cells: the name of the cell that makes a step, by the step's name.
        inner: the same for steps that the SDK adds to a cell's own, such as one that packs a model anew.
        parameters: the variable that holds a parameter, by the parameter's name.
        taken: names that are in use.
        short_image: says an image's URI as ``name:version`` for an instance type and a scope, where it can.
        preamble: of the cell that is being converted.
    """

    steps: Mapping[str, Mapping[str, Any]]
    cells: Mapping[str, str]
    inner: Mapping[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    short_image: Callable[[str, str, str | None], str] = field(default=lambda uri, instance, scope: uri)
    preamble: Preamble = field(default_factory=Preamble)
    _values: dict[str, str] = field(default_factory=dict)

    def cell_of(self, step: str) -> str:
        """Return the name of the cell that makes a step; its own name where no cell does."""
        return self.cells.get(step) or self.inner.get(step, step)

    def word(self, value: Any, hint: str = "value") -> str | None:  # noqa: PLR0911 - one for each kind of value
        """Return a value as a word of a line; None where there is none.

        Args:
            value: a definition's value.
            hint: what a variable for it may be called.
        """
        if isinstance(value, str):
            return value.replace("$", "$$")
        if isinstance(value, bool | int | float):
            return json.dumps(value)
        if not isinstance(value, Mapping) or len(value) != 1:
            return None
        ((key, inside),) = value.items()
        if key == "Std:Join" and inside.get("On") == "":
            return self._joined(inside["Values"], hint) or self._variable(value, hint)
        if key == "Get" and str(inside).startswith("Steps."):
            return self._output(str(inside))
        if key == "Std:JsonGet":
            return self._json(inside)
        best = self._best_model(inside) if key == "Std:Join" else None
        if best is not None:
            return best
        return self._variable(value, hint)

    def packed(self, value: Any) -> Any:
        """Return where a model's files come from: of one that the SDK packs anew, what it is packed from."""
        step = (
            str(value.get("Get", "")).removeprefix("Steps.").partition(".")[0]
            if isinstance(value, Mapping)
            else ""
        )
        if step in self.cells or step not in self.steps:
            return value
        channels = self.steps[step]["Arguments"].get("InputDataConfig") or [{}]
        return channels[0].get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")

    def operand(self, value: Any) -> str | None:
        """Return a value as an operand of a condition; None where there is none."""
        if isinstance(value, str | bool | int | float):
            return repr(value)
        word = self.word(value, "limit")
        if word is None:
            return None
        if word.startswith("$"):
            return word[1:] if word[1:].isidentifier() else None
        name, dot, rest = word.partition(".")
        return word if name.isidentifier() and not keyword.iskeyword(name) else f'"{name}"{dot}{rest}'

    def text(self, value: Any, hint: str = "message") -> str | None:
        """Return a text with ``$name`` in it, such as the message of a fail step."""
        return self.word(value, hint)

    def _joined(self, parts: Iterable[Any], hint: str) -> str | None:
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += part.replace("$", "$$")
                continue
            name = self._variable(part, hint) if isinstance(part, Mapping) else None
            if name is None:
                return None
            text += f"${{{name[1:]}}}"
        whole = re.fullmatch(r"\$\{(\w+)\}", text)
        if whole is not None:
            return f"${whole[1]}"
        return re.sub(r"\$\{(\w+)\}(?!\w)", r"$\1", text)

    def _variable(self, value: Any, hint: str) -> str | None:
        """Return ``$name`` of a variable that holds a value, made where there is none yet."""
        if isinstance(value, Mapping) and str(value.get("Get", "")).startswith("Parameters."):
            name = self.parameters.get(value["Get"].removeprefix("Parameters."))
            return f"${name}" if name else None
        expression = self.expression(value)
        if expression is None:
            return None
        if expression not in self._values:
            if isinstance(value, Mapping) and str(value.get("Get", "")).startswith("Execution."):
                hint = variable_name(value["Get"].removeprefix("Execution."))
            name = self.unused(hint)
            self._values[expression] = name
            self.preamble.lines.append(f"{name} = {expression}")
        return f"${self._values[expression]}"

    def unused(self, hint: str) -> str:
        """Return a variable's name like the hint that nothing has yet."""
        name, number = variable_name(hint), 1
        while name in self.taken or keyword.iskeyword(name):
            number += 1
            name = f"{variable_name(hint)}_{number}"
        self.taken.add(name)
        return name

    def expression(self, value: Any) -> str | None:  # noqa: PLR0911 - one for each kind of value
        """Return a value as Python that makes it, without any step; None where that needs one."""
        if isinstance(value, str | bool | int | float):
            return repr(value)
        if not isinstance(value, Mapping) or len(value) != 1:
            return None
        ((key, inside),) = value.items()
        if key == "Get" and str(inside).startswith("Parameters."):
            return self.parameters.get(inside.removeprefix("Parameters."))
        if key == "Get" and str(inside).startswith("Execution."):
            self.preamble.use(_VARIABLES, "ExecutionVariables")
            return f"ExecutionVariables.{variable_name(inside.removeprefix('Execution.')).upper()}"
        if key == "Std:Join":
            parts = [self.expression(part) for part in inside["Values"]]
            if None in parts:
                return None
            self.preamble.use(_FUNCTIONS, "Join")
            return f"Join(on={inside['On']!r}, values=[{', '.join(str(part) for part in parts)}])"
        return None

    def _output(self, inside: str) -> str | None:
        step, _, path = inside.removeprefix("Steps.").partition(".")
        cell, body = self.cells.get(step), self.steps.get(step)
        if cell is None or body is None:
            return None
        only = _ONLY.get(str(body["Type"]))
        if only is not None and path == only[0]:
            return f"{cell}.{only[1]}"
        for pattern, types in ((_OUTPUT, ("Processing",)), (_PARAMETER_OUTPUT, ("Lambda", "Callback"))):
            found = pattern.fullmatch(path)
            if found is not None and body["Type"] in types:
                return f"{cell}.{found[1]}"
        return f"{cell}.{path}" if _PROPERTY.fullmatch(path) else None

    def _best_model(self, inside: Mapping[str, Any]) -> str | None:
        """Return the model of a tuning's best job, whose place is joined from the job's name."""
        for part in inside["Values"]:
            step, _, path = str(part.get("Get", "") if isinstance(part, Mapping) else "").partition(".Best")
            name = step.removeprefix("Steps.")
            if path == "TrainingJob.TrainingJobName" and name in self.cells:
                return f"{self.cells[name]}.model"
        return None

    def _json(self, inside: Mapping[str, Any]) -> str | None:
        place = inside.get("PropertyFile")
        path = inside.get("Path")
        if not isinstance(place, Mapping) or not isinstance(path, str) or '"' in path or "]" in path:
            return None
        step, _, name = str(place.get("Get", "")).removeprefix("Steps.").partition(".PropertyFiles.")
        cell = self.cells.get(step)
        for entry in (self.steps.get(step) or {}).get("PropertyFiles") or ():
            if entry["PropertyFileName"] == name and cell is not None:
                file = entry["FilePath"]
                inner = path if file == f"{entry['OutputName']}.json" else f"{file}:{path}"
                return f'{cell}.{entry["OutputName"]}["{inner}"]'
        return None


def variable_name(name: str) -> str:
    """Return a step's, parameter's or output's name as the name of a variable."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", re.sub(r"\W", "_", name)).lower().strip("_")
    return words if words[:1].isalpha() else f"value_{words}"
