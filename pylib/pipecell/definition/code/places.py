"""Where the code of a step is: what names it in the step's arguments, and the files of an archive."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipecell.definition.junk import at, objects

_CODE_INPUTS = frozenset({"code", "entrypoint"})
_CODE_CHANNELS = frozenset(
    {"code", "sagemaker_remote_function_bootstrap", "pre_exec_script_and_dependencies"}
)


@dataclass(frozen=True)
class CodePlace:
    """Where a step says that its code is.

    Attributes:
        holder: the object of the definition that says it.
        key: the key there.
        label: what people call it: ``input code``, ``sagemaker_submit_directory``.
    """

    holder: dict[str, Any]
    key: str
    label: str

    @property
    def uri(self) -> str | None:
        """The S3 URI; None where it is no text. The SDK writes hyperparameters as JSON, in quotes."""
        value = self.holder.get(self.key)
        return value.strip('"') if isinstance(value, str) else None


def code_places(arguments: Mapping[str, Any]) -> Iterator[CodePlace]:
    """Yield each place of a step's arguments that names code in S3."""
    for each in objects(arguments.get("ProcessingInputs")):
        source, name = each.get("S3Input"), each.get("InputName")
        if isinstance(source, dict) and (_is(name, _CODE_INPUTS) or _holds_code(source)):
            yield CodePlace(source, "S3Uri", f"input {name}")
    for channel in objects(arguments.get("InputDataConfig")):
        source = at(channel, "DataSource").get("S3DataSource")
        if isinstance(source, dict) and _is(channel.get("ChannelName"), _CODE_CHANNELS):
            yield CodePlace(source, "S3Uri", f"channel {channel['ChannelName']}")
    for values in _hyperparameters(arguments):
        yield CodePlace(values, "sagemaker_submit_directory", "sagemaker_submit_directory")


def _is(name: Any, names: frozenset[str]) -> bool:
    return isinstance(name, str) and name in names


def _holds_code(source: Mapping[str, Any]) -> bool:
    return "/input/code" in str(source.get("LocalPath", ""))


def _hyperparameters(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    definitions = [arguments, at(arguments, "TrainingJobDefinition")]
    definitions += objects(arguments.get("TrainingJobDefinitions"))
    for definition in definitions:
        for name in ("HyperParameters", "StaticHyperParameters"):
            if isinstance(definition.get(name), dict):
                yield definition[name]


def members(content: bytes) -> dict[str, bytes]:
    """Return the files of a gzipped tar archive by name; empty when it is none."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            found = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
            return {name: file.read() for name, file in found.items() if file is not None}
    except (tarfile.TarError, OSError, EOFError):
        return {}
