"""ARNs of Step Functions: taken apart and checked as AWS checks them."""

from __future__ import annotations

from dataclasses import dataclass

from pipecell.local.home import ACCOUNT_ID
from pipecell.local.wire import ServiceError

_PARTS = 6


def invalid(message: str) -> ServiceError:
    """Return AWS's error for a malformed ARN."""
    return ServiceError("InvalidArn", f"Invalid Arn: '{message}'")


@dataclass(frozen=True)
class Arn:
    """An ARN of this service.

    Attributes:
        text: the whole of it.
        kind: ``stateMachine``, ``execution``, ``express``, ``activity`` or ``mapRun``.
        names: what follows the kind, split at colons.
    """

    text: str
    region: str
    kind: str
    names: tuple[str, ...]


def parse(text: str, *kinds: str) -> Arn:
    """Return the parts of an ARN.

    Raises:
        ServiceError: InvalidArn where it is none, or of another kind than ``kinds``.
    """
    parts = text.split(":")
    if parts[0] != "arn" or len(parts) < _PARTS + 1 or parts[2] != "states":
        raise invalid(f"Invalid ARN prefix: {text}")
    kind = parts[5]
    if kinds and kind not in kinds:
        raise invalid(f"Resource type not valid in this context: {kind}")
    return Arn(text, parts[3], kind, tuple(parts[6:]))


def machine_arn(region: str, name: str) -> str:
    """Return the ARN of a state machine."""
    return f"arn:aws:states:{region}:{ACCOUNT_ID}:stateMachine:{name}"


def activity_arn(region: str, name: str) -> str:
    """Return the ARN of an activity."""
    return f"arn:aws:states:{region}:{ACCOUNT_ID}:activity:{name}"


def base(arn: str) -> str:
    """Return the state machine's ARN of a version's or alias's."""
    return ":".join(arn.split(":")[:7])


_FORBIDDEN = set(' <>{}[]?*"#%\\^|~`$&,;:/') | {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]}
_NAME_LIMIT = 80


def check_name(name: str) -> str:
    """Return a name that AWS would take.

    Raises:
        ServiceError: InvalidName.
    """
    if not 0 < len(name) <= _NAME_LIMIT or set(name) & _FORBIDDEN:
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
    return name
