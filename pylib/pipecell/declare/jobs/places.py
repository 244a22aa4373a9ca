"""Words of ``-i``, ``-o``, ``--property-file`` and ``--upload``: names, values and places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecell.declare.jobs.values import LocalPath, StepOutput, Value, read_source
from pipecell.declare.jobs.words import pairs
from pipecell.errors import DeclarationError

_PLACE = re.compile(r"(?P<word>.+?)@(?P<place>/[^@]*)", re.DOTALL)
_ONLY_OUTPUT: Mapping[str, str] = {"training": "model", "tuning": "model", "transform": "predictions"}
_VALUES = frozenset({"lambda", "callback"})


@dataclass(frozen=True)
class Outputs:
    """The words of ``-o``.

    Attributes:
        names: what the step writes.
        places: paths in the container, where the line gives them.
        destinations: where in S3 it goes, where the line says so.
    """

    names: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    destinations: Mapping[str, Value] = field(default_factory=dict)


def split_places(words: Iterable[str], kind: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the words of ``-i`` by name, and the container's paths behind ``@``.

    Raises:
        DeclarationError: ``PC650``, a word without ``=``, a name twice, or a path in a kind whose paths are
            SageMaker's own.
    """
    given, places = {}, {}
    for name, word in pairs(words, "-i").items():
        given[name], place = _split(word, kind, "-i", name)
        if place:
            places[name] = place
    return given, places


def read_outputs(words: Iterable[str], kind: str, namespace: Mapping[str, Any]) -> Outputs:
    """Read the words of ``-o``.

    Raises:
        DeclarationError: ``PC650``, a name twice, or an output that the kind does not have.
    """
    names: list[str] = []
    places, destinations = {}, {}
    for whole in words:
        word, place = _split(whole, kind, "-o", whole)
        name, equals, target = word.partition("=")
        if name in names:
            raise DeclarationError(
                "An output is named twice.", code="PC650", hint="Keep one -o of each name."
            )
        names.append(name)
        if place:
            places[name] = place
        if equals:
            destinations[name] = _destination(name, target, kind, namespace)
    only = _ONLY_OUTPUT.get(kind) if kind != "transform" else None
    if only is not None and set(names) - {only}:
        raise DeclarationError(
            f"A {kind} step's output is {only}, not {', '.join(sorted(set(names) - {only}))}.",
            code="PC650",
            hint="Write what else it makes in a processing step.",
        )
    return Outputs(tuple(names), places, destinations)


def _destination(name: str, target: str, kind: str, namespace: Mapping[str, Any]) -> Value:
    value = read_source(target, namespace) if target.startswith(("s3://", "$")) else None
    if value is None or kind in _VALUES or isinstance(value, StepOutput | LocalPath):
        raise DeclarationError(
            f'-o {name}: "{target}" is no place in S3.',
            code="PC650",
            hint=f"Write -o {name}=s3://bucket/folder.",
        )
    return value


def _split(word: str, kind: str, option: str, name: str) -> tuple[str, str]:
    found = _PLACE.fullmatch(word)
    if found is None:
        return word, ""
    if kind != "processing":
        raise DeclarationError(
            f"{option} {name}: where a {kind} job has it is SageMaker's own.",
            code="PC650",
            hint=f"Leave out @{found['place']}.",
        )
    return found["word"], found["place"].rstrip("/") or "/"


def read_property_files(words: Iterable[str], outputs: Iterable[str]) -> tuple[tuple[str, str, str], ...]:
    """Read ``--property-file NAME=OUTPUT/FILE`` as (name, output, file).

    Raises:
        DeclarationError: ``PC650``, a word that is none, or an output that the step does not have.
    """
    known, found = set(outputs), []
    for name, word in pairs(words, "--property-file").items():
        output, slash, file = word.partition("/")
        if not slash or not file or output not in known:
            raise DeclarationError(
                f"--property-file {name}: {word} is not a file in an output.",
                code="PC650",
                hint="Write NAME=OUTPUT/FILE with the name of an -o.",
            )
        found.append((name, output, file))
    return tuple(found)


def read_uploads(words: Iterable[str], folder: Path) -> tuple[tuple[Path, str], ...]:
    """Read ``--upload PATH=s3://…``.

    Raises:
        DeclarationError: ``PC650``, a word that is none; ``PC642``, no such file or folder.
    """
    found = []
    for word in words:
        path, equals, uri = word.rpartition("=")
        if not equals or re.fullmatch(r"s3://[^/]+/.+", uri) is None:
            raise DeclarationError(
                f'--upload "{word}" is not PATH=s3://bucket/key.',
                code="PC650",
                hint="A file goes there by this name.",
            )
        source = (folder / Path(path).expanduser()).absolute()
        if not source.exists():
            raise DeclarationError(
                f"There is no file or folder {path}.", code="PC642", hint="--upload takes a local path."
            )
        found.append((source, uri))
    return tuple(found)
