"""What batch transform does to records before and after the model: filters and joins.

A record is a line of CSV or a JSON value. Filters are the part of JSONPath that AWS documents for
batch transform: ``$``, fields, indexes, and slices of columns.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

_PART = re.compile(
    r"\.(?P<name>[A-Za-z_][\w-]*)"
    r"|\['(?P<quoted>[^']*)'\]"
    r"|\[(?P<slice>-?\d*:-?\d*)\]"
    r"|\[(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\]"
)


class DataProcessingError(ValueError):
    """A filter that cannot be read or applied, or records that cannot be joined."""


def is_json(content_type: str) -> bool:
    """Tell whether records of a content type are JSON."""
    return "json" in content_type.lower()


def parse(record: str, content_type: str) -> Any:
    """Return a record as a value: a list of columns for CSV."""
    if is_json(content_type):
        return json.loads(record)
    return next(csv.reader([record]), [])


def write(value: Any, content_type: str) -> str:
    """Return a value as a record."""
    if is_json(content_type):
        return json.dumps(value)
    target = io.StringIO()
    csv.writer(target, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return target.getvalue()


def select(value: Any, path: str) -> Any:
    """Return what a filter leaves of a record.

    Args:
        value: from `parse`.
        path: for example ``$[1:]`` or ``$.features``.

    Raises:
        DataProcessingError: the path cannot be read, or names nothing.
    """
    if not path.startswith("$"):
        raise DataProcessingError(f"The filter {path!r} does not begin with $.")
    position = 1
    while position < len(path):
        found = _PART.match(path, position)
        if found is None:
            raise DataProcessingError(f"The filter {path!r} cannot be read from character {position + 1} on.")
        try:
            value = _step(value, found)
        except (LookupError, TypeError) as error:
            raise DataProcessingError(f"The filter {path!r} names nothing in a record: {error}.") from error
        position = found.end()
    return value


def _step(value: Any, part: re.Match[str]) -> Any:
    if part["slice"] is not None:
        start, _, end = part["slice"].partition(":")
        if not isinstance(value, list):
            raise TypeError("a slice of no list")
        return value[int(start) if start else None : int(end) if end else None]
    if part["indexes"] is not None:
        indexes = [int(each) for each in part["indexes"].split(",")]
        return [value[each] for each in indexes] if len(indexes) > 1 else value[indexes[0]]
    return value[part["name"] if part["name"] is not None else part["quoted"]]


def join(record: Any, prediction: Any, content_type: str) -> Any:
    """Return an input record with the model's answer, as AWS joins them."""
    if not is_json(content_type):
        return [*record, *(prediction if isinstance(prediction, list) else [prediction])]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": prediction}
    return {"SageMakerInput": record, "SageMakerOutput": prediction}
