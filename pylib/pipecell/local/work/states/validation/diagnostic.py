"""What is wrong with a definition, as ValidateStateMachineDefinition reports it."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = "SCHEMA_VALIDATION_FAILED"
MISSING_TARGET = "MISSING_TRANSITION_TARGET"
MISSING_END = "MISSING_END_STATE"
DUPLICATE_NAME = "DUPLICATE_STATE_NAME"
INVALID_JSON = "INVALID_JSON_DESCRIPTION"
INVALID_JSONATA = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED_JSONATA = "UNSUPPORTED_JSONATA_EXPRESSION"


@dataclass(frozen=True)
class Diagnostic:
    """One problem of a definition.

    Attributes:
        code: one of AWS's.
        message: in AWS's words where they are known.
        location: such as ``/States/A/Next``; None for the machine as a whole.
        severity: ERROR or WARNING.
    """

    code: str
    message: str
    location: str | None = None
    severity: str = "ERROR"

    def to_json(self) -> dict[str, str]:
        """Return the member of the API's list."""
        made = {"severity": self.severity, "code": self.code, "message": self.message}
        return made if self.location is None else {**made, "location": self.location}

    def __str__(self) -> str:
        """Return the text inside CreateStateMachine's InvalidDefinition."""
        nowhere = " at null" if self.code == MISSING_END else ""
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location else nowhere)


def schema(message: str, location: str | None) -> Diagnostic:
    """Return a problem of the code that most of them have."""
    return Diagnostic(SCHEMA, message, location)


def required(names: list[str], location: str) -> Diagnostic:
    """Return the problem of fields that are not there."""
    return schema(f"These fields are required: [{', '.join(names)}]", location)


def unsupported(field: str, location: str) -> Diagnostic:
    """Return the problem of a field that does not belong where it is."""
    return schema(f"Field '{field}' is not supported", location)
