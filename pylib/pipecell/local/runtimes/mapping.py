"""The user's own answers to "what runs instead of this image": ``runtimes.json`` in the home."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pipecell.errors import EndpointError, UsageError, did_you_mean
from pipecell.local.home import Home, write_atomically


@dataclass(frozen=True)
class Mapping:
    """One answer.

    Args:
        pattern: the image's URI, ``*`` and ``?`` as in file names; without a ``/`` it is compared with
            the last part of the URI.
        command: what runs.
    """

    pattern: str
    command: tuple[str, ...]

    def matches(self, uri: str) -> bool:
        """Whether an image's URI is meant."""
        return fnmatchcase(uri if "/" in self.pattern else uri.rpartition("/")[2], self.pattern)


def read_mappings(home: Home) -> tuple[Mapping, ...]:
    """Return the user's mappings, the newest first.

    Raises:
        EndpointError: PC830 the file cannot be read.
    """
    try:
        document = json.loads(home.runtimes_file.read_bytes())
        return tuple(Mapping(each["pattern"], tuple(each["command"])) for each in document["mappings"])
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError) as error:
        raise EndpointError(
            f"{home.runtimes_file} cannot be read: {error}.",
            code="PC830",
            hint="Correct it, or remove it and map the images again.",
        ) from error


def map_image(home: Home, pattern: str, command: str) -> Mapping:
    """Let a command stand in for images; it replaces an earlier answer for the same pattern.

    Args:
        home: the local endpoint's home.
        pattern: as in `Mapping`.
        command: as typed in a shell. An interpreter alone (``python``, ``/envs/tf/bin/python``) runs the
            job's own scripts, as SageMaker's framework images do; anything else runs as it is.

    Raises:
        UsageError: pattern or command are empty, or the command cannot be parsed.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"The command {command!r} cannot be parsed: {error}.") from error
    if not pattern or not words:
        raise UsageError("Name an image and the command that stands in for it.")
    mapping = Mapping(pattern, words)
    _write(home, (mapping, *(each for each in read_mappings(home) if each.pattern != pattern)))
    return mapping


def unmap(home: Home, pattern: str) -> None:
    """Forget a mapping.

    Raises:
        UsageError: there is none for this pattern.
    """
    mappings = read_mappings(home)
    kept = tuple(each for each in mappings if each.pattern != pattern)
    if len(kept) == len(mappings):
        raise UsageError(
            f"No image is mapped by {pattern!r}.",
            hint=did_you_mean(pattern, [each.pattern for each in mappings]),
        )
    _write(home, kept)


def _write(home: Home, mappings: tuple[Mapping, ...]) -> None:
    home.create()
    document = {"mappings": [{"pattern": each.pattern, "command": list(each.command)} for each in mappings]}
    write_atomically(home.runtimes_file, json.dumps(document, indent=1).encode())
