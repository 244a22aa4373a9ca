"""Fields that ``--set`` puts into a step's request, as the SDK's own step object writes it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipecell.declare.cells import members
from pipecell.declare.jobs.fields import ABSENT, Field, put
from pipecell.errors import DeclarationError

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

_FIXED = frozenset({"Name", "Type"})
_OF_A_CONDITION = {"DisplayName": "display_name", "Description": "description"}


def set_fields(thing: Any, making: Making) -> None:
    """Have a cell's step write the fields of ``--set``; of a collection, its last step does.

    Raises:
        DeclarationError: ``PC650``, the step's name or type, or a field of a condition that its body says.
    """
    fields = making.cell.fields
    if not fields:
        return
    for field in fields:
        if field.of_step and field.path[0] in _FIXED:
            making.refuse(f"--set {field}: a cell's line says it.", "Change the words after %%step.")
    step = (members(thing) or [thing])[-1]
    if hasattr(step, "if_steps"):
        _set_on_condition(step, making)
        return
    values = tuple(
        (field, field.value if field.value is ABSENT else making.value(field.value)) for field in fields
    )
    kind: Any = type(step)
    step.__class__ = _writing_fields(kind)
    step.fields_set = values


def _set_on_condition(step: Any, making: Making) -> None:
    """The SDK makes conditions anew when it compiles: they keep what their constructor takes, and no more."""
    for field in making.cell.fields:
        name = _OF_A_CONDITION.get(str(field.path[0])) if field.of_step and len(field.path) == 1 else None
        if name is None:
            making.refuse(
                f"--set {field}: a condition's body says what it asks.", "Only .DisplayName and .Description."
            )
        setattr(step, name, making.value(field.value))


@lru_cache(maxsize=64)
def _writing_fields(kind: Any) -> type:
    """Return a class of steps that put their fields into their request; it goes by its parent's name."""

    def to_request(self: Any) -> Any:
        request = kind.to_request(self)
        for field, value in self.fields_set:
            request = _put(self.name, request, field, value)
        return request

    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "to_request": to_request})


def _put(step: str, request: Any, field: Field, value: Any) -> Any:
    path = field.path if field.of_step else ("Arguments", *field.path)
    try:
        return put(request, path, value)
    except LookupError as error:
        raise DeclarationError(
            f"--set {field}: the request has nothing at {error.args[0]} to set.",
            code="PC650",
            step=step,
            hint="The field's path is as in `%pipeline export`, below Arguments.",
        ) from error
