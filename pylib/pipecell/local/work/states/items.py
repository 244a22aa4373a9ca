"""A distributed Map's data: what ItemReader reads, ItemBatcher groups and ResultWriter writes.

Only the requests and the pure transformations are here; ``integrations.objects`` moves the bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipecell.definition.asl.resources import parse_resource
from pipecell.local.work.states import jsonata
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import ITEM_READER_FAILED, Failure, runtime
from pipecell.local.work.states.flow import Activation

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
#: Most items that one Map run takes.
MAX_ITEMS = 100_000_000


def request(reader: Mapping[str, Any], work: Activation) -> dict[str, Any]:
    """Return what to read: action, arguments and configuration with every expression evaluated."""
    config = dict(reader.get("ReaderConfig", {}))
    limit = _field(config, "MaxItems", work, "ItemReader/ReaderConfig/MaxItems")
    config.pop("MaxItemsPath", None)
    if limit is not None:
        config["MaxItems"] = limit
    return {
        "action": _action(reader["Resource"]),
        "arguments": _arguments(reader, work, "ItemReader"),
        "config": config,
        "pointer": config.get("ItemsPointer"),
    }


def write_request(writer: Mapping[str, Any], work: Activation, map_run: str) -> dict[str, Any]:
    """Return where and how results are to be written."""
    return {
        "arguments": _arguments(writer, work, "ResultWriter"),
        "config": dict(writer.get("WriterConfig", {})),
        "map_run": map_run,
    }


def _action(arn: str) -> str:
    resource = parse_resource(arn)
    return resource.action if resource else ""


def _arguments(holder: Mapping[str, Any], work: Activation, name: str) -> dict[str, Any]:
    if work.state.jsonata:
        rendered = work.environment.render(holder.get("Arguments", {}), f"{name}/Arguments", input=work.input)
    else:
        rendered = work.environment.template(holder.get("Parameters", {}), work.effective_input())
    return dict(rendered)


def _field(holder: Mapping[str, Any], name: str, work: Activation, location: str) -> int | None:
    """Return a whole number by value, path or expression."""
    if f"{name}Path" in holder:
        path = holder[f"{name}Path"]
        value = work.environment.path(path, work.effective_input())
        if isinstance(value, str) and value.lstrip("-").isdigit():
            value = int(value)  # AWS takes numbers in text, too
        if isinstance(value, bool) or not isinstance(value, int):
            shown = value if isinstance(value, str) else dumps(value)
            raise runtime(
                f'The {name}Path field refers to value "{shown}" which is not a valid integer: {path}'
            )
        return value
    value = holder.get(name)
    if isinstance(value, str):
        rendered = work.environment.render(value, location, input=work.input)
        value = jsonata.expect(rendered, "integer", value, location)
    return None if value is None else int(value)


def failed(cause: str) -> Failure:
    """Return the failure of an ItemReader."""
    return Failure(ITEM_READER_FAILED, cause)


def parse_items(text: str, config: Mapping[str, Any]) -> list[Any]:
    """Return the items of an object's text.

    Args:
        text: the object, decoded.
        config: ReaderConfig: ``InputType`` CSV, JSON or JSONL, headers, delimiter, ``ItemsPointer``.

    Raises:
        Failure: ``States.ItemReaderFailed``.
    """
    kind = config.get("InputType", "JSON")
    if kind == "CSV":
        return csv_items(text, config)
    try:
        if kind == "JSONL":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        found = json.loads(text)
    except ValueError as error:
        raise failed(f"Attempting to parse the input as {kind} failed: {error}") from error
    for part in [part for part in (config.get("ItemsPointer") or "").split("/") if part]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, dict) and config.get("ItemsPointer"):
        return [{"Key": key, "Value": value} for key, value in found.items()]
    if not isinstance(found, list):
        raise failed("Attempting to map over non-iterable node.")
    return found


def csv_items(text: str, config: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return CSV rows as objects; short rows are filled with empty text, long ones cut."""
    delimiter = DELIMITERS.get(config.get("CSVDelimiter", "COMMA"), ",")
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if config.get("CSVHeaderLocation") == "GIVEN":
        headers: Sequence[str] = config.get("CSVHeaders", ())
    else:
        headers, rows = (rows[0], rows[1:]) if rows else ((), [])
    if len(set(headers)) != len(headers):
        raise failed("CSV headers cannot contain duplicates.")
    width = len(headers)
    return [dict(zip(headers, [*row, *[""] * width][:width], strict=True)) for row in rows if row]


def cut(items: list[Any], limit: int | None) -> list[Any]:
    """Return the first ``MaxItems`` items; 0 and None mean all."""
    if limit is None:
        return items
    if limit < 0:
        raise failed("field MaxItems must be positive")
    return items[:limit] if limit else items


def batches(items: list[Any], work: Activation) -> list[dict[str, Any]]:
    """Return the inputs of child executions: ``{"BatchInput": …, "Items": […]}`` each."""
    batcher = work.body["ItemBatcher"]
    most = _field(batcher, "MaxItemsPerBatch", work, "ItemBatcher/MaxItemsPerBatch")
    size = _field(batcher, "MaxInputBytesPerBatch", work, "ItemBatcher/MaxInputBytesPerBatch")
    for name, value in (("MaxItemsPerBatch", most), ("MaxInputBytesPerBatch", size)):
        if value is not None and value <= 0:
            raise runtime(f"{name} must be a positive integer.")
    shared: dict[str, Any] = {}
    if "BatchInput" in batcher:
        template = batcher["BatchInput"]
        if work.state.jsonata:
            shared["BatchInput"] = work.environment.render(
                template, "ItemBatcher/BatchInput", input=work.input
            )
        else:
            shared["BatchInput"] = work.environment.template(template, work.effective_input())
    made: list[dict[str, Any]] = []
    current: list[Any] = []
    used = overhead = len(dumps({**shared, "Items": []}))
    for item in items:
        weight = len(dumps(item).encode()) + 1
        full = (most is not None and len(current) >= most) or (size is not None and used + weight > size)
        if current and full:
            made.append({**shared, "Items": current})
            current, used = [], overhead
        current.append(item)
        used += weight
    return [*made, {**shared, "Items": current}] if current else made


def object_item(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return one object of a listing as listObjectsV2 items look."""
    return {
        "Etag": entry["ETag"],
        "Key": entry["Key"],
        "LastModified": entry["LastModified"],
        "Size": entry["Size"],
        "StorageClass": entry.get("StorageClass", "STANDARD"),
    }
