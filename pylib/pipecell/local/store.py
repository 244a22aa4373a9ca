"""The endpoint's state: one SQLite database, many readers, one writer.

Every transition is committed here before it is acted on. ``synchronous=FULL``
makes a commit survive a power cut, not only ``kill -9``; it costs about a tenth
of a millisecond on an SSD.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local.home import Home

_BUSY_TIMEOUT_SECONDS = 30.0

_COMPONENTS = """
CREATE TABLE IF NOT EXISTS components (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL
)
"""


class Database:
    """A SQLite file shared by threads and processes.

    Args:
        path: the file; made when it is not there.

    Raises:
        EndpointError: PC801 not writable, PC805 locked by another process for 30 s, PC806 disk full,
            PC807 damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._readers = threading.Lock()
        self._write_lock = threading.RLock()
        self._depth = 0
        self._closed = False
        with translated(path):
            self._writer = self._connect()
            self._writer.execute(_COMPONENTS)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: committed at the end of the block, rolled back by an exception.

        A block inside another one on the same thread joins it. Read inside it through the connection it
        gives: `query` sees only what is committed.
        """
        with self._write_lock, translated(self.path):
            if self._depth == 0:
                self._writer.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._writer
            except BaseException:
                self._depth -= 1
                if self._depth == 0 and self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._commit()

    def query(self, sql: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a SELECT over what is committed; never waits for a writer."""
        with translated(self.path), self._reader() as connection:
            return connection.execute(sql, parameters).fetchall()

    def register(self, component: str, *migrations: str) -> None:
        """Bring the tables of one component up to date.

        Args:
            component: whose tables, for example ``"sagemaker"``.
            migrations: SQL scripts, oldest first; the n-th takes version n-1 to n. Released ones never
                change: append.

        Raises:
            EndpointError: PC802, the database was written by a newer pipecell.
        """
        found = self.query("SELECT version FROM components WHERE name = ?", (component,))
        if found and found[0]["version"] == len(migrations):
            # Every job's supervisor comes by here: it must not queue for the one writer, nor sync the disk.
            return
        with self.transaction() as connection:
            row = connection.execute("SELECT version FROM components WHERE name = ?", (component,)).fetchone()
            version = row[0] if row else 0
            if version > len(migrations):
                raise EndpointError(
                    f"{self.path} was written by a newer pipecell ({component} version {version}, "
                    f"this one knows {len(migrations)}).",
                    code="PC802",
                    hint="Update pipecell, or set PIPECELL_HOME to another folder.",
                )
            for script in migrations[version:]:
                for statement in statements(script):
                    connection.execute(statement)
            connection.execute(
                "INSERT OR REPLACE INTO components (name, version) VALUES (?, ?)",
                (component, len(migrations)),
            )

    def close(self) -> None:
        """Close every connection, those that read just now when they have read; later use is an error."""
        with self._write_lock, self._readers:
            self._closed = True
            self._writer.close()
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._readers:
            if self._closed:
                raise sqlite3.ProgrammingError(f"{self.path} is closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._put_back(connection)

    def _put_back(self, connection: sqlite3.Connection) -> None:
        with self._readers:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            # A full disk fails the commit and may leave the transaction open.
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise


def require_content(path: Path) -> None:
    """Check that a database that was used before is not empty now: SQLite would begin anew, silently.

    Raises:
        EndpointError: PC807, somebody cut it off.
    """
    if path.exists() and not path.stat().st_size:
        raise _damaged(path, "it is empty")


class Store(Database):
    """The endpoint's ``state.db``.

    Args:
        home: a home that has been created.
    """

    def __init__(self, home: Home) -> None:
        super().__init__(home.state_database)
        self.home = home


def statements(script: str) -> Iterator[str]:
    """Split a SQL script into statements: ``executescript`` would commit in the middle."""
    pending = ""
    for piece in re.split(r"(?<=;)", script):
        pending += piece
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says of its file into an EndpointError; let mistakes in SQL through."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        found = _explain(path, str(error))
        if found is None:
            raise
        raise found from error


def _damaged(path: Path, words: str) -> EndpointError:
    return EndpointError(
        f"{path} is damaged ({words}); the other files of the home are as they were.",
        code="PC807",
        hint=f"Stop the endpoint, move {path.name} away "
        f"(`sqlite3 {path.name} .recover` reads what is left), and start it again.",
    )


def _explain(path: Path, words: str) -> EndpointError | None:
    if "malformed" in words or "not a database" in words:
        return _damaged(path, words)
    if "is full" in words:
        return EndpointError(
            f"The disk of {path} is full; the last change was not made.",
            code="PC806",
            hint="Free some space and try again.",
        )
    if "readonly" in words or "unable to open" in words or "disk I/O error" in words:
        return EndpointError(
            f"{path} cannot be used: {words}.",
            code="PC801",
            hint="Check the disk and the permissions, or set PIPECELL_HOME to another folder.",
        )
    if "is locked" in words:
        return EndpointError(
            f"{path} has been locked by another process for {_BUSY_TIMEOUT_SECONDS:.0f} s.",
            code="PC805",
            hint="End the program that holds it open.",
        )
    return None
