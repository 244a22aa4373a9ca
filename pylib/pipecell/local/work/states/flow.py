"""How data flows through a state: input, arguments, result, output and assigned variables.

Every function also notes what it saw in ``trace``, the inspection data of TestState.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.local.work.states.evaluate import Environment, dumps, too_large
from pipecell.local.work.states.failure import DATA_LIMIT_EXCEEDED, TIMEOUT, Failure, runtime
from pipecell.local.work.states.parse import State

_MISSING = object()


@dataclass
class Activation:
    """One state at work: its definition, its raw input and what it can see."""

    state: State
    input: Any
    environment: Environment
    trace: dict[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> Mapping[str, Any]:
        """The state's own JSON."""
        return self.state.body

    # ------------------------------------------------------------------------------------ input
    def effective_input(self) -> Any:
        """Return the input after InputPath; JSONata states have no InputPath."""
        if self.state.jsonata:
            return self.input
        path = self.body.get("InputPath", "$")
        if path is None:
            selected: Any = {}
        elif path == "$":
            selected = self.input
        else:
            selected = self.environment.path(path, self.input)
        self.trace["afterInputPath"] = selected
        return selected

    def arguments(self) -> Any:
        """Return what a Task, Parallel or Pass works on: Parameters or Arguments applied."""
        if self.state.jsonata:
            template = self.body.get("Arguments", _MISSING)
            if template is _MISSING:
                return self.input
            rendered = self.environment.render(template, "Arguments", input=self.input)
            self.trace["afterArguments"] = rendered
            return rendered
        selected = self.effective_input()
        if "Parameters" in self.body:
            selected = self.environment.template(self.body["Parameters"], selected)
        self.trace["afterParameters"] = selected
        return selected

    # ----------------------------------------------------------------------------------- output
    def output_of(self, result: Any, *, selector: bool = True) -> tuple[Any, dict[str, Any]]:
        """Return the state's output and the variables it assigns, from a result.

        Args:
            result: what the task, the branches, the items or the Pass gave.
            selector: whether the state's kind has a ResultSelector.
        """
        if self.state.jsonata:
            return self.jsonata_output(self.body, {"input": self.input, "result": result}, result)
        chosen = result
        if selector and "ResultSelector" in self.body:
            chosen = self.environment.template(self.body["ResultSelector"], result)
        self.trace["afterResultSelector"] = chosen
        assigned = self.environment.template(self.body.get("Assign", {}), chosen)
        try:
            combined = paths.write(self.body.get("ResultPath", "$"), self.input, chosen)
        except paths.PathNotFoundError as error:
            raise Failure("States.ResultPathMatchFailure", str(error), located=True) from error
        self.trace["afterResultPath"] = combined
        return self.output_path(combined), assigned

    def plain_output(
        self, data: Any, *, assign_from: Mapping[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Return output and variables of a state without a result: Choice, Wait, Succeed.

        Args:
            data: the effective input.
            assign_from: the choice rule whose Assign (and Output) replace the state's own.
        """
        body = self.body if assign_from is None else assign_from
        if self.state.jsonata:
            return self.jsonata_output(body, {"input": self.input}, self.input)
        assigned = self.environment.template(body.get("Assign", {}), data)
        return self.output_path(data), assigned

    def jsonata_output(
        self, body: Mapping[str, Any], states: dict[str, Any], default: Any, location: str = ""
    ) -> tuple[Any, dict[str, Any]]:
        """Return Output and Assign of a JSONata state, rule or catcher; both see the old variables."""
        assigned: dict[str, Any] = {}
        if body.get("Assign"):
            assigned = self.environment.render(body["Assign"], f"{location}Assign", **states)
        output = default
        if "Output" in body:
            output = self.environment.render(body["Output"], f"{location}Output", **states)
        return output, assigned

    def output_path(self, data: Any) -> Any:
        """Return ``data`` after OutputPath."""
        path = self.body.get("OutputPath", "$")
        if path is None:
            return {}
        return data if path == "$" else self.environment.path(path, data)

    def caught(self, catcher: Mapping[str, Any], index: int, failure: Failure) -> tuple[Any, dict[str, Any]]:
        """Return output and variables of a catcher."""
        error = failure.output()
        if failure.error == TIMEOUT and failure.cause is None:
            error["Cause"] = ""
        if self.state.jsonata:
            states = {"input": self.input, "errorOutput": error}
            return self.jsonata_output(catcher, states, error, f"Catch[{index}]/")
        assigned = self.environment.template(catcher.get("Assign", {}), error)
        return paths.write(catcher.get("ResultPath", "$"), self.input, error), assigned

    # ------------------------------------------------------------------------------------- fields
    def number(self, name: str, *, kind: str = "integer") -> float | None:
        """Return a numeric field such as TimeoutSeconds, by value, expression or path; None if absent."""
        if f"{name}Path" in self.body:
            path = self.body[f"{name}Path"]
            value = self.environment.path(path, self.effective_input())
            return _checked_number(value, path, f"{name}Path", kind)
        if name not in self.body:
            return None
        value = self.body[name]
        if self.state.jsonata and isinstance(value, str):
            from pipecell.local.work.states import jsonata

            rendered = self.environment.render(value, name, input=self.input)
            value = jsonata.expect(rendered, "number" if kind == "float" else "integer", value, name)
        return float(value) if kind == "float" else int(value)


def _checked_number(value: Any, path: str, name: str, kind: str) -> float:
    if isinstance(value, str):  # AWS takes numbers in text, too
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (kind == "integer" and not float(value).is_integer()):
        shown = value if isinstance(value, str) else dumps(value)
        article = "a valid integer" if kind == "integer" else "a valid float"
        raise runtime(f'The {name} field refers to value "{shown}" which is not {article}: {path}')
    return float(value) if kind == "float" else int(value)


def limited(text: str, name: str) -> str:
    """Return ``text`` if it fits the payload limit.

    Raises:
        Failure: ``States.DataLimitExceeded``.
    """
    if too_large(text):
        raise Failure(
            DATA_LIMIT_EXCEEDED,
            f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes"
            " service limit.",
        )
    return text
