"""Lists as AWS pages them: filtered, sorted, and cut into pages that a token goes on from.

A token holds the place after which the next page begins, not a count, so that what is created or
removed between two pages neither hides nor repeats an entry.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pipecell.local.records import Query
from pipecell.local.wire import ServiceError

DEFAULT_PAGE = 100
"""Entries in a page where the request does not say; AWS's own limit of a page."""


@dataclass
class Listing:
    """One list of a table, as a request asks for it.

    Attributes:
        table: which table.
        unique: a column that tells rows apart where the sorted one does not.
        conditions: SQL conditions, all of which must hold.
        values: what stands for their question marks.
    """

    table: str
    unique: str
    conditions: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def where(self, condition: str, value: Any) -> Listing:
        """Add a condition, unless its value is None."""
        if value is not None:
            self.conditions.append(condition)
            self.values.append(value.timestamp() if isinstance(value, datetime) else value)
        return self

    def between(self, column: str, request: Mapping[str, Any], after: str, before: str) -> Listing:
        """Add conditions on a time from two fields of the request."""
        return self.where(f"{column} > ?", request.get(after)).where(f"{column} < ?", request.get(before))

    def containing(self, column: str, text: str | None) -> Listing:
        """Add the condition that a name contains a text, in whatever case."""
        return self.where(f"instr(lower({column}), lower(?)) > 0", text)

    def page(
        self, query: Query, request: Mapping[str, Any], sort: str, *, descending: bool = True
    ) -> tuple[list[sqlite3.Row], str | None]:
        """Return the rows of the page that a request asks for, and the token of the next.

        Args:
            query: the store's.
            request: its ``SortOrder``, ``MaxResults`` and ``NextToken`` count.
            sort: the column to sort by.
            descending: whether the greatest comes first where the request does not say.
        """
        order = request.get("SortOrder") or ("Descending" if descending else "Ascending")
        down = order == "Descending"
        size = request.get("MaxResults") or DEFAULT_PAGE
        conditions, values = list(self.conditions), list(self.values)
        token = request.get("NextToken")
        if token:
            conditions.append(f"({sort}, {self.unique}) {'<' if down else '>'} (?, ?)")
            values += _read_token(token, sort)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        direction = "DESC" if down else "ASC"
        rows = query(
            f"SELECT * FROM {self.table}{where}"  # noqa: S608 - our own names; values are bound
            f" ORDER BY {sort} {direction}, {self.unique} {direction} LIMIT ?",
            [*values, size + 1],
        )
        if len(rows) <= size:
            return rows, None
        last = rows[size - 1]
        return rows[:size], write_token(sort, last[sort], last[self.unique])


def write_token(*place: Any) -> str:
    """Return the token of a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read_token(token: str, sort: str) -> Sequence[Any]:
    place = read_token(token)
    if len(place) != 3 or place[0] != sort or any(isinstance(each, list | dict) for each in place):  # noqa: PLR2004
        raise bad_token()
    return place[1:]


def read_token(token: str) -> Sequence[Any]:
    """Return the place that a token stands for.

    Raises:
        ServiceError: ``ValidationException``, we never wrote it.
    """
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise bad_token() from None
    if not isinstance(place, list):
        raise bad_token()
    return place


def slice_page(
    items: Sequence[Any], request: Mapping[str, Any], *, size: int = DEFAULT_PAGE
) -> tuple[Sequence[Any], str | None]:
    """Return one page of a short list that does not change, and the token of the next."""
    count = request.get("MaxResults") or size
    token = request.get("NextToken")
    start = 0
    if token:
        place = read_token(token)
        if len(place) != 1 or not isinstance(place[0], int) or place[0] < 0:
            raise bad_token()
        start = place[0]
    end = start + count
    return items[start:end], write_token(end) if end < len(items) else None


def bad_token() -> ServiceError:
    """Return the error for a token that is not ours."""
    return ServiceError("ValidationException", "Invalid NextToken.")
