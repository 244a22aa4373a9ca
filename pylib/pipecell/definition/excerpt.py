"""Some steps of a SageMaker definition as a pipeline of their own, with what the others would give put in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.document import Document, read_document
from pipecell.definition.references import GET, JSON_GET, Scope, function_of, parse_get, resolve
from pipecell.definition.sagemaker import iterate_steps


def steps_read(document: Document, step: str) -> tuple[str, ...]:
    """Return the steps whose outputs or properties a step refers to, in the definition's order."""
    views = {view.name: view for view in iterate_steps(document)}
    named = {reference.name for reference in views[step].references if reference.kind == "step"}
    return tuple(name for name in views if name in named)


def excerpt(document: Document, steps: Collection[str], scope: Scope, name: str) -> Document:
    """Return a pipeline of some steps alone.

    Steps of branches stand at the top. References among the steps stay; those to other steps become what
    ``scope`` says; DependsOn keeps the steps that are there.

    Args:
        document: the whole pipeline.
        steps: names of the steps to keep.
        scope: knows the values of the steps that are left out.
        name: the new pipeline's name.
    """
    kept = frozenset(steps)
    outside = _Outside(kept, scope)
    bodies = []
    for view in iterate_steps(document):
        if view.name not in kept:
            continue
        body = outside.put_in(dict(view.body))
        waits = [other for other in body.get("DependsOn") or () if other in kept]
        body.pop("DependsOn", None)
        bodies.append({**body, "DependsOn": waits} if waits else body)
    return read_document({**document.body, "Steps": bodies}, name=name, cells=document.cells)


@dataclass(frozen=True)
class _Outside:
    """Puts values in place of references to steps that are left out, and of nothing else."""

    kept: frozenset[str]
    scope: Scope

    def put_in(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.put_in(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if self._is_outside(value):
            return resolve(value, self.scope)
        return {key: self.put_in(item) for key, item in value.items()}

    def _is_outside(self, value: Any) -> bool:
        function = function_of(value)
        if function == GET:
            kind, name, _ = parse_get(value[GET])
            return kind == "step" and name not in self.kept
        if function == JSON_GET:
            file = value[JSON_GET].get("PropertyFile")
            return file is not None and self._is_outside(file)
        return False
