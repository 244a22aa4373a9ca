"""S3's XML, written and read."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

from pipecell.local.wire import Response, ServiceError
from pipecell.local.wire_errors import escape_text

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
OWNER_ID = "0" * 64
"""Canonical user id of the one account."""

OWNER = {"ID": OWNER_ID, "DisplayName": "pipecell"}


class Raw(str):
    """XML that is written already."""

    __slots__ = ()


Member = Any
"""Text, a number, a bool, a mapping, `Raw`, or a list of these for a repeated element; None is left out."""


def document(root: str, members: Mapping[str, Member], status: int = 200) -> Response:
    """Return a response that holds one XML document."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{_inner(members)}</{root}>'
    return Response(status, {"content-type": "application/xml"}, body.encode(errors="replace"))


def verbatim(text: str) -> Response:
    """Return a document as the client stored it."""
    return Response(200, {"content-type": "application/xml"}, text.encode())


def _inner(members: Mapping[str, Member]) -> str:
    return "".join(_element(name, value) for name, value in members.items())


def _element(name: str, value: Member) -> str:
    if value is None:
        return ""
    if isinstance(value, Raw):
        return value
    if isinstance(value, (list, tuple)):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_inner(value)}</{name}>"
    if isinstance(value, bool):
        return f"<{name}>{str(value).lower()}</{name}>"
    return f"<{name}>{escape_text(str(value))}</{name}>"


def parse(body: bytes) -> ElementTree.Element:
    """Read a request's document, with names freed of their namespace.

    Raises:
        ServiceError: MalformedXML.
    """
    try:
        # expat itself refuses entities that expand without bound.
        root = ElementTree.fromstring(body)  # noqa: S314
    except (ElementTree.ParseError, ValueError):
        raise malformed() from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text_of(element: ElementTree.Element, name: str, default: str = "") -> str:
    """Return the text of a child."""
    found = element.find(name)
    return default if found is None or found.text is None else found.text


def tags_of(root: ElementTree.Element, limit: int) -> dict[str, str]:
    """Read a ``<Tagging>`` document.

    Raises:
        ServiceError: MalformedXML, InvalidTag, BadRequest (too many).
    """
    tag_set = root.find("TagSet")
    if root.tag != "Tagging" or tag_set is None:
        raise malformed()
    return checked_tags(
        ((text_of(tag, "Key"), text_of(tag, "Value")) for tag in tag_set.findall("Tag")), limit
    )


def checked_tags(pairs: Iterable[tuple[str, str]], limit: int) -> dict[str, str]:
    """Return tags by key, by S3's rules."""
    tags: dict[str, str] = {}
    for key, value in pairs:
        if not key or len(key) > 128:  # noqa: PLR2004 -- S3's limit
            raise ServiceError("InvalidTag", "The TagKey you have provided is invalid", TagKey=key)
        if len(value) > 256:  # noqa: PLR2004 -- S3's limit
            raise ServiceError("InvalidTag", "The TagValue you have provided is invalid", TagKey=key)
        if key.startswith("aws:"):
            raise ServiceError("InvalidTag", "System tags cannot be added/updated by requester", TagKey=key)
        if key in tags:
            raise ServiceError("InvalidTag", "Cannot provide multiple Tags with the same key", TagKey=key)
        tags[key] = value
    if len(tags) > limit:
        raise ServiceError("BadRequest", f"Object tags cannot be greater than {limit}")
    return tags


def tagging(tags: Mapping[str, str]) -> Response:
    """Return a ``<Tagging>`` document."""
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return document("Tagging", {"TagSet": {"Tag": pairs}})


def timestamp(seconds: float) -> str:
    """Return a time as S3's documents hold it: whole seconds, like its headers."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(int(seconds)))


def malformed() -> ServiceError:
    """Return S3's error."""
    return ServiceError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
