"""A step's code, read where the step itself reads it, and cut into tokens for its colours."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipecell.definition.code.places import code_places, members
from pipecell.engines.engine import Uploadable
from pipecell.engines.listing import beginning, look, split_uri
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from pipecell.engines.connection import Connection

LARGEST = 2_000_000
"""Bytes of a file or an archive that are read."""
SHOWN = 60_000
"""Characters of a file that are shown."""
FILES = 6
_KINDS = {"Keyword": "k", "Literal.String": "s", "Comment": "c", "Literal.Number": "m", "Operator.Word": "o"}


def from_s3(connection: Connection, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return `Code` of each file that a step's arguments name; what cannot be read is left out."""
    found: list[dict[str, Any]] = []
    for uri in _uris(arguments):
        try:
            objects = look(connection, uri).objects[:FILES]
            for item in objects:
                found += _files(item.name, beginning(connection, item.uri, LARGEST))
        except PipecellError:
            continue  # not there any more, or not allowed: the rest of the drawer still helps
    return found[:FILES]


def from_uploads(uploads: Sequence[Uploadable], arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return `Code` of each file that a step would upload."""
    found: list[dict[str, Any]] = []
    for uri in _uris(arguments):
        bucket, key = split_uri(uri)
        for item in uploads:
            if item.bucket == bucket and (item.key == key or item.key.startswith(f"{key.rstrip('/')}/")):
                source = item.source
                try:
                    content = source if isinstance(source, bytes) else source.read_bytes()
                except OSError:
                    continue
                found += _files(item.key.rsplit("/", 1)[-1], content)
    return found[:FILES]


def tokens(name: str, text: str) -> list[list[str]]:
    """Return [kind, text] of each token of a file, neighbours of one kind together.

    Kinds are ``k`` keyword, ``s`` string, ``c`` comment, ``m`` number, ``o`` word operator, ``n`` the
    name of what is defined, and empty for the rest.
    """
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_for_filename(name)
    except ClassNotFound:
        return [["", text]]
    merged: list[list[str]] = []
    for token, part in lexer.get_tokens(text):
        kind = _kind(str(token).removeprefix("Token."))
        if merged and merged[-1][0] == kind:
            merged[-1][1] += part
        else:
            merged.append([kind, part])
    return merged


def _kind(token: str) -> str:
    if token in ("Name.Function", "Name.Class", "Name.Decorator"):
        return "n"
    return next((short for long, short in _KINDS.items() if token.startswith(long)), "")


def _uris(arguments: Mapping[str, Any]) -> Iterator[str]:
    # The walk gives out places to write to; what it gets must be ours.
    for place in code_places(copy.deepcopy(dict(arguments))):
        if place.uri is not None and place.uri.startswith("s3://"):
            yield place.uri


def _files(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    inside = members(content) if name.endswith((".tar.gz", ".tgz")) else {name: content}
    for path, body in inside.items():
        if b"\x00" not in body[:4096]:
            text = body.decode("utf-8", errors="replace")[:SHOWN]
            yield {"title": path.removeprefix("./"), "tokens": tokens(path, text)}
