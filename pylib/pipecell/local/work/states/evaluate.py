"""Evaluation in one state: templates, paths, variables and the context object, in both query languages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipecell.definition.asl import jsonpath as paths
from pipecell.local.work.states import intrinsics, jsonata
from pipecell.local.work.states.failure import runtime

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")

#: Largest payload in bytes that passes from state to state.
PAYLOAD_LIMIT = 262_144


def dumps(value: Any) -> str:
    """Return ``value`` as the compact JSON text that history and outputs hold."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def too_large(text: str) -> bool:
    """Tell whether a JSON text is over the payload limit."""
    return len(text) > PAYLOAD_LIMIT or len(text.encode("utf-8", "surrogatepass")) > PAYLOAD_LIMIT


@dataclass
class Environment:
    """What expressions can see besides their input.

    Attributes:
        context: the context object, ``$$`` or ``$states.context``.
        variables: workflow variables by name.
    """

    context: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)

    # -------------------------------------------------------------------------------- JSONPath
    def select(self, path: str, data: Any) -> Any:
        """Return what a path, a context path or a variable's path selects.

        Raises:
            PathNotFoundError: nothing is there.
        """
        if path.startswith("$$"):
            return paths.read(path[1:], self.context)
        match = _VARIABLE.match(path)
        if match is None:
            return paths.read(path, data)
        if match[1] not in self.variables:
            raise paths.PathNotFoundError(f"No results for path: $['{match[1]}']")
        return paths.read("$" + path[match.end() :], self.variables[match[1]])

    def value(self, text: str, data: Any, field_name: str) -> Any:
        """Return the value of a path or intrinsic call in a template's field.

        Raises:
            Failure: ``States.Runtime`` or ``States.IntrinsicFailure``.
        """

        def read(path: str) -> Any:
            try:
                return self.select(path, data)
            except paths.PathNotFoundError as error:
                raise runtime(
                    f"The JSONPath '{path}' specified for the field '{field_name}' "
                    f"could not be found in the input '{dumps(data)}'"
                ) from error
            except paths.InvalidPathError as error:
                raise runtime(f"Invalid path '{path}' : {error}") from error

        if text.startswith("States."):
            return intrinsics.evaluate(text, read)
        return read(text)

    def path(self, text: str, data: Any) -> Any:
        """Return what a path field such as InputPath selects; intrinsic calls are allowed.

        Raises:
            Failure: ``States.Runtime``.
        """
        if text.startswith("States."):
            return intrinsics.evaluate(text, lambda path: self.path(path, data))
        try:
            return self.select(text, data)
        except (paths.PathNotFoundError, paths.InvalidPathError) as error:
            raise runtime(f"Invalid path '{text}' : {error}") from error

    def template(self, template: Any, data: Any) -> Any:
        """Return a payload template with each ``"name.$"`` replaced by its value."""
        if isinstance(template, Mapping):
            filled = {}
            for key, value in template.items():
                if key.endswith(".$"):
                    filled[key[:-2]] = self.value(value, data, key)
                else:
                    filled[key] = self.template(value, data)
            return filled
        if isinstance(template, list):
            return [self.template(item, data) for item in template]
        return template

    # --------------------------------------------------------------------------------- JSONata
    def render(self, template: Any, location: str, **states: Any) -> Any:
        """Return a JSONata template with every expression evaluated; ``states`` become ``$states``."""
        return jsonata.render(template, self._bindings(states), location)

    def expression(self, text: str, location: str, **states: Any) -> Any:
        """Return the value of one expression without its ``{% %}``."""
        return jsonata.evaluate(text, self._bindings(states), location)

    def _bindings(self, states: dict[str, Any]) -> dict[str, Any]:
        return {**self.variables, "states": {**states, "context": self.context}}
