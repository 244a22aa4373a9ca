"""``getResolvedOptions``, by which scripts of Glue read their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

_OWN = ("job-bookmark-option", "job-bookmark-from", "job-bookmark-to", "TempDir")


class GlueArgumentError(Exception):
    """Arguments that the script needs were not given."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 - AWS's name
    """Return the job's arguments by name.

    Args:
        args: ``sys.argv``.
        options: names without dashes in front; each must have been given.

    Raises:
        GlueArgumentError: one is missing.
    """
    parser = _Parser(allow_abbrev=False, add_help=False)
    for name in options:
        if f"--{name}" not in {f"--{own}" for own in _OWN}:
            parser.add_argument(f"--{name}", required=True)
    for name in _OWN:
        parser.add_argument(f"--{name}", required=name in options)
    known, _ = parser.parse_known_args(list(args[1:]))
    return {name: value for name, value in vars(known).items() if value is not None}
