"""The state database: transactions, migrations, many threads, and damage."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecell.errors import EndpointError
from pipecell.local.home import Home
from pipecell.local.store import Database, Store, statements
from tests.local.waiting import PATIENCE

FIRST = "CREATE TABLE thing (name TEXT PRIMARY KEY);"
SECOND = "ALTER TABLE thing ADD COLUMN size INTEGER; CREATE INDEX by_size ON thing (size);"


@pytest.fixture
def store(home: Home) -> Iterator[Store]:
    made = Store(home)
    made.register("test", FIRST)
    yield made
    made.close()


def names(store: Database) -> list[str]:
    return [row["name"] for row in store.query("SELECT name FROM thing ORDER BY name")]


def test_a_transaction_is_kept(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES ('a')")
        assert names(store) == []
    assert names(store) == ["a"]


def test_an_exception_undoes_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:  # noqa: PT012
        connection.execute("INSERT INTO thing VALUES ('a')")
        raise ZeroDivisionError
    assert names(store) == []


def test_an_inner_transaction_joins_the_outer(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as outer:  # noqa: PT012
        with store.transaction() as inner:
            assert inner is outer
            inner.execute("INSERT INTO thing VALUES ('a')")
        raise ZeroDivisionError
    assert names(store) == []


def test_mistakes_in_sql_stay_what_they_are(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError):
        store.query("SELECT * FROM nothing")
    with pytest.raises(sqlite3.IntegrityError), store.transaction() as connection:  # noqa: PT012
        connection.execute("INSERT INTO thing VALUES ('a')")
        connection.execute("INSERT INTO thing VALUES ('a')")
    assert names(store) == []


def test_threads_write_one_after_the_other(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute("CREATE TABLE counter (value INTEGER)")
        connection.execute("INSERT INTO counter VALUES (0)")

    def count() -> None:
        for _ in range(50):
            with store.transaction() as connection:
                value = connection.execute("SELECT value FROM counter").fetchone()[0]
                connection.execute("UPDATE counter SET value = ?", (value + 1,))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.query("SELECT value FROM counter")[0]["value"] == 200


def test_a_reader_is_not_held_up_by_a_writer(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES ('a')")
        seen: list[list[str]] = []
        reader = threading.Thread(target=lambda: seen.append(names(store)))
        reader.start()
        reader.join(timeout=PATIENCE)
        assert seen == [[]]


def test_migrations_run_once_and_in_order(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES ('kept')")
    store.register("test", FIRST, SECOND)
    store.register("test", FIRST, SECOND)
    assert [tuple(row) for row in store.query("SELECT name, size FROM thing")] == [("kept", None)]


def test_a_migration_that_fails_changes_nothing(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError):
        store.register("test", FIRST, "CREATE TABLE half (x); CREATE TABLE broken (")
    assert store.query("SELECT name FROM sqlite_master WHERE name = 'half'") == []
    store.register("test", FIRST, SECOND)


def test_a_newer_database_is_refused(store: Store) -> None:
    store.register("test", FIRST, SECOND)
    with pytest.raises(EndpointError, match="newer pipecell") as caught:
        store.register("test", FIRST)
    assert caught.value.code == "PC802"


def test_statements_are_split_as_sqlite_sees_them() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\nEND;"
    script = f"CREATE TABLE a (x TEXT DEFAULT ';');{trigger}\nSELECT 1"
    assert len(list(statements(script))) == 3


def test_what_was_committed_survives_kill_9(home: Home) -> None:
    program = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from pipecell.local.home import Home\nfrom pipecell.local.store import Store\n"
        f"store = Store(Home(Path({str(home.root)!r})))\n"
        f"store.register('test', {FIRST!r})\n"
        "with store.transaction() as c: c.execute(\"INSERT INTO thing VALUES ('committed')\")\n"
        "with store.transaction() as c:\n"
        "    c.execute(\"INSERT INTO thing VALUES ('open')\")\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    store = Store(home)
    assert names(store) == ["committed"]
    store.close()


def test_a_damaged_database_is_named_and_left_alone(home: Home) -> None:
    home.state_database.write_bytes(b"this is not a database, and long enough to be looked at" * 100)
    before = home.state_database.read_bytes()
    with pytest.raises(EndpointError, match=r"state\.db is damaged") as caught:
        Store(home)
    assert caught.value.code == "PC807"
    assert home.state_database.read_bytes() == before


def test_a_truncated_database_is_named(home: Home) -> None:
    first = Store(home)
    first.register("test", FIRST)
    with first.transaction() as connection:
        connection.executemany("INSERT INTO thing VALUES (?)", [(f"{n:0500}",) for n in range(500)])
    first.close()
    content = home.state_database.read_bytes()
    home.state_database.write_bytes(content[: len(content) // 2])

    def read() -> None:
        store = Store(home)
        try:
            store.query("SELECT count(*), max(name) FROM thing WHERE name LIKE '%9'")
        finally:
            store.close()

    with pytest.raises(EndpointError) as caught:
        read()
    assert caught.value.code == "PC807"


def test_a_full_disk_loses_only_the_last_change(home: Home, store: Store) -> None:
    with store.transaction() as connection:
        connection.execute("INSERT INTO thing VALUES ('kept')")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        # SQLite's own limit gives the same error as a disk without room.
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(EndpointError, match="full") as caught, store.transaction() as connection:
        connection.executemany("INSERT INTO thing VALUES (?)", [(f"{n:01000}",) for n in range(100)])
    assert caught.value.code == "PC806"
    assert names(store) == ["kept"]


def test_two_processes_share_it(home: Home, store: Store) -> None:
    program = (
        "from pathlib import Path\nfrom pipecell.local.home import Home\n"
        "from pipecell.local.store import Store\n"
        f"store = Store(Home(Path({str(home.root)!r})))\n"
        "for n in range(20):\n"
        "    with store.transaction() as c: c.execute('INSERT INTO thing VALUES (?)', (f'other-{n}',))\n"
    )
    other = subprocess.Popen([sys.executable, "-c", program])
    for number in range(20):
        with store.transaction() as connection:
            connection.execute("INSERT INTO thing VALUES (?)", (f"own-{number}",))
    assert other.wait() == 0
    assert len(names(store)) == 40


def test_a_closed_store_says_so(home: Home) -> None:
    store = Store(home)
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.query("SELECT 1")


def test_who_reads_while_it_is_closed_reads_to_the_end(store: Store) -> None:
    with store._reader() as connection:
        store.close()
        assert connection.execute("SELECT 1").fetchone()[0] == 1
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointError) as caught:
        Database(tmp_path / "missing" / "state.db")
    assert caught.value.code == "PC801"
