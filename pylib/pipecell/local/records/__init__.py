"""What the endpoint remembers of SageMaker: the tables, and one module a kind of thing.

Functions that change something take the connection of the caller's transaction, so that several
changes are one. Functions that only read take a `Query`: the store's, or one inside a transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

Query = Callable[[str, Sequence[Any]], list[sqlite3.Row]]
"""Runs a SELECT and returns its rows."""


def within(connection: sqlite3.Connection) -> Query:
    """Return a `Query` that sees what this transaction has written."""
    return lambda sql, parameters: connection.execute(sql, parameters).fetchall()


def now() -> float:
    """Return the time in epoch seconds, in whole microseconds.

    Clients keep no more of a time, and what they give back as a bound must mean the same moment.
    """
    return round(time.time(), 6)
