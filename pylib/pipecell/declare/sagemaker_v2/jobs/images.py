"""``name:version`` into an image's URI, from the SDK's own tables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NoReturn, Protocol

from pipecell.declare.jobs.image_names import image_names
from pipecell.errors import did_you_mean


class Refuse(Protocol):
    """Says at the cell what is wrong and what to do about it."""

    def __call__(self, sentence: str, hint: str = "", code: str = "") -> NoReturn:
        """Raise a DeclarationError."""


def resolve(name_and_version: str, region: str, instance_type: str, scope: str | None, refuse: Refuse) -> str:
    """Return the URI of an image.

    Args:
        name_and_version: ``sklearn:1.2-1``, as cells write it.
        region: where it is taken from.
        instance_type: what it runs on.
        scope: ``training`` or ``inference``, for frameworks whose images differ.
        refuse: raises where there is none.

    Raises:
        DeclarationError: ``PC651``, no such image or version.
    """
    name, _, version = name_and_version.partition(":")
    known = image_names()
    if name not in known:
        refuse(f'There is no image "{name}".', did_you_mean(name, known), code="PC651")
    try:
        return _retrieve(name, version or None, region, instance_type, scope)
    except Exception as error:
        words = " ".join(str(error).split())
        refuse(
            f'There is no image "{name_and_version}" for {instance_type} in {region}.',
            _shortened(version, words),
            code="PC651",
        )


def short_name(uri: str, region: str, instance_type: str, scope: str | None) -> str:
    """Return ``name:version`` of an image where that resolves to its URI, else the URI itself."""
    repository, _, tag = uri.rpartition("/")[2].partition(":")
    name = repository.removeprefix("sagemaker-")
    name = {"scikit-learn": "sklearn"}.get(name, name)
    if name not in image_names():
        return uri
    for version in dict.fromkeys((tag, tag.removesuffix("-cpu-py3"), tag.removesuffix("-py3"))):
        try:
            if _retrieve(name, version, region, instance_type, scope) == uri:
                return f"{name}:{version}"
        except Exception:  # noqa: S112 - the SDK's tables have no such version
            continue
    return uri


@lru_cache(maxsize=256)
def _retrieve(name: str, version: str | None, region: str, instance_type: str, scope: str | None) -> str:
    from sagemaker import image_uris

    settings: dict[str, Any] = {"version": version, "instance_type": instance_type}
    table = image_uris.config_for_framework(name)
    if scope is not None and scope in table:
        settings["image_scope"] = scope
    elif "training" in table:
        settings["image_scope"] = "training"
    return str(image_uris.retrieve(name, region, **settings))


def _shortened(version: str, words: str) -> str:
    """Return a way out from the SDK's sentence, which lists what is supported at great length."""
    _, found, listed = words.partition("Supported ")
    if not found:
        return words
    names = [part.strip(" .") for part in listed.partition(":")[2].split(",")]
    return did_you_mean(version, [name for name in names if name])
