"""What is known of a definition before it runs: literals, and what parameters alone decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from pipecell.definition.references import Scope, function_of, resolve
from pipecell.errors import DefinitionError


class BeforeTheRun:
    """What references mean before anything has run: parameters only.

    Args:
        parameters: the bound values.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters

    def parameter(self, name: str) -> Any:
        """Return the value of a parameter.

        Raises:
            DefinitionError: ``PC130``, the pipeline declares no such parameter.
        """
        if name not in self._parameters:
            raise DefinitionError(f'The pipeline declares no parameter "{name}".', code="PC130")
        return self._parameters[name]

    def step_property(self, step: str, property_path: str) -> NoReturn:
        """Refuse: no step has run."""
        _not_yet()

    def execution(self, variable: str) -> NoReturn:
        """Refuse: there is no execution."""
        _not_yet()

    def property_file(self, step: str, file_name: str, json_path: str) -> NoReturn:
        """Refuse: no step has written a file."""
        _not_yet()

    def s3_json(self, uri: str, json_path: str) -> NoReturn:
        """Refuse: what is there now may be another object when the pipeline runs."""
        _not_yet()


def _not_yet() -> NoReturn:
    raise DefinitionError("Not known before the run.")


def known(value: Any, scope: Scope) -> Any:
    """Return a value with all put in that the scope answers; what it refuses becomes None."""
    if function_of(value) is not None:
        try:
            return resolve(value, scope)
        except DefinitionError:
            return None
    if isinstance(value, Mapping):
        return {key: known(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [known(item, scope) for item in value]
    return value
