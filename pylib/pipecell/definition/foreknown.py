"""What is known of a definition before it runs: literals, and what parameters alone decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def known(value: Any, scope: Scope, missing: Callable[[DefinitionError], Any] = lambda _: None) -> Any:
    """Return a value with all put in that the scope answers.

    Args:
        value: any part of a definition.
        scope: what references mean; it refuses what is not known with a `DefinitionError`.
        missing: what takes the place of what was refused; None by default.
    """
    if function_of(value) is not None:
        try:
            return resolve(value, scope)
        except DefinitionError as error:
            return missing(error)
    if isinstance(value, Mapping):
        return {key: known(item, scope, missing) for key, item in value.items()}
    if isinstance(value, list):
        return [known(item, scope, missing) for item in value]
    return value


def without_nulls(value: Any) -> Any:
    """Return a JSON value without the members that are null: to AWS they are absent."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value
