"""What a step reads and writes, with sizes, and how an object begins."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
from typing import TYPE_CHECKING, Any

from pipecell.engines.listing import Listing, beginning, look
from pipecell.errors import PipecellError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipecell.engines.connection import Connection
    from pipecell.engines.jobs import Place

TEXT_BYTES = 16_384
IMAGE_BYTES = 1_000_000
ROWS, COLUMNS = 12, 14
_CELL = 80  # characters

_IMAGES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1000
_ROUND = 100  # from here on, decimals say nothing


def size_text(size: float) -> str:
    """Return ``1.2 MB``."""
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" or size >= _ROUND else f"{size:.1f} {unit}"
        size /= _STEP
    return ""


def artifacts(connection: Connection, places: Iterable[Place]) -> list[dict[str, Any]]:
    """Return `Artifact` of each place; its size is empty where nobody may look."""
    found = []
    for place in places:
        entry: dict[str, Any] = {"label": place.label, "uri": place.uri, "size": "", "objects": []}
        try:
            listing = look(connection, place.uri)
        except PipecellError:
            listing = Listing((), 0, 0, more=False)
        if listing.count:
            more = "+" if listing.more else ""
            entry["size"] = (
                f"{listing.count}{more} file{'s' * (listing.count != 1)}, {size_text(listing.size)}{more}"
            )
            entry["objects"] = [
                {"uri": item.uri, "name": item.name, "size": size_text(item.size)} for item in listing.objects
            ]
        found.append(entry)
    return found


def preview(connection: Connection, uri: str) -> dict[str, Any]:
    """Return `ObjectPreview` of an object: rows of a table, text, an image, or why there is none."""
    try:
        start = beginning(connection, uri, TEXT_BYTES)
        kind = next((mime for magic, mime in _IMAGES.items() if start.startswith(magic)), None)
        if kind is None and start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            kind = "image/webp"
        if kind is not None:
            whole = beginning(connection, uri, IMAGE_BYTES)
            if len(whole) < IMAGE_BYTES:
                return {"kind": "image", "mime": kind, "base64": base64.b64encode(whole).decode()}
            return {"kind": "none", "text": f"An image of more than {size_text(IMAGE_BYTES)}."}
    except PipecellError as error:
        return {"kind": "none", "text": str(error)}
    return describe(start, uri, more=len(start) == TEXT_BYTES)


def describe(start: bytes, uri: str, *, more: bool) -> dict[str, Any]:
    """Return the preview of an object that begins like this.

    Args:
        start: its first bytes.
        uri: where it is; its suffix tells a table.
        more: whether it goes on.
    """
    if not start:
        return {"kind": "none", "text": "Empty."}
    if b"\x00" in start or start[:2] == b"\x1f\x8b" or start[:4] == b"PK\x03\x04":
        return {"kind": "none", "text": "Binary."}
    text = start.decode("utf-8", errors="replace")
    if uri.endswith((".csv", ".tsv")):
        return _table(text, "\t" if uri.endswith(".tsv") else ",", more=more)
    if uri.endswith(".json") and not more:
        # What is no JSON is shown as it is: that is what people need to see.
        with contextlib.suppress(ValueError):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return {"kind": "text", "text": text[:TEXT_BYTES], "more": more}


def _table(text: str, delimiter: str, *, more: bool) -> dict[str, Any]:
    lines = text.splitlines()
    if more and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    rows = list(csv.reader(io.StringIO("\n".join(lines[: ROWS + 1])), delimiter=delimiter))
    shown = [[cell[:_CELL] for cell in row[:COLUMNS]] for row in rows[:ROWS]]
    cut = more or len(lines) > ROWS or any(len(row) > COLUMNS for row in rows)
    return {"kind": "table", "rows": shown, "more": cut}
