"""Listing against a model of a few lines, and its cost at 100,000 keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipecell.local.home import Home
from pipecell.local.listing import successor
from pipecell.local.objects import ObjectStore

ALPHABET = "ab/\x00 ~éß\U0001f600"
KEYS = st.text(ALPHABET, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    made = ObjectStore(Home(tmp_path_factory.mktemp("listing") / "home").create())
    made.create_bucket("listing")
    yield made
    made.close()


def fill(store: ObjectStore, bucket: str, keys: list[str]) -> None:
    """Write rows only: listing never looks at contents."""
    rows = [(bucket, key.encode(), "0" * 32, 1, "etag", 0.0, "text/plain", "{}") for key in keys]
    with store.database.transaction() as connection:
        connection.execute("DELETE FROM objects WHERE bucket = ?", (bucket,))
        connection.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def model(keys: set[str], prefix: str, after: str, delimiter: str) -> list[str]:
    """Return all entries, objects and common prefixes, in order."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            rest = key[len(prefix) :]
            cut = rest.find(delimiter) if delimiter else -1
            entries.add(key if cut < 0 else prefix + rest[: cut + len(delimiter)])
    hidden = ""
    if delimiter and after.startswith(prefix) and delimiter in after[len(prefix) :]:
        hidden = prefix + after[len(prefix) :].partition(delimiter)[0] + delimiter
    return sorted((e for e in entries if e.encode() > after.encode() and e != hidden), key=str.encode)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    keys=st.sets(KEYS, max_size=40),
    prefix=st.text(ALPHABET, max_size=2),
    after=st.text(ALPHABET, max_size=4),
    delimiter=st.sampled_from(["", "/", "a", "é", "//"]),
    limit=st.integers(1, 7),
)
def test_pages_join_to_what_the_model_lists(  # noqa: PLR0917
    store: ObjectStore, keys: set[str], prefix: str, after: str, delimiter: str, limit: int
) -> None:
    fill(store, "listing", list(keys))
    found: list[str] = []
    position: str | None = after
    while position is not None:
        page = store.list("listing", prefix, start_after=position, limit=limit, delimiter=delimiter)
        entries = [info.key for info in page.objects] + list(page.common_prefixes)
        assert len(entries) <= limit
        found += sorted(entries, key=str.encode)
        position = page.next_after
    assert found == model(keys, prefix, after, delimiter)


def test_a_page_of_none(store: ObjectStore) -> None:
    fill(store, "listing", ["a", "b"])
    page = store.list("listing", limit=0)
    assert (page.objects, page.common_prefixes, page.next_after) == ((), (), None)


@given(st.binary(max_size=4), st.binary(max_size=3))
def test_successor_is_after_all_with_the_prefix(prefix: bytes, rest: bytes) -> None:
    if b"\xff" not in prefix + rest:
        assert prefix + rest < successor(prefix)


def test_a_delimiter_listing_steps_over_what_lies_below(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ensure_bucket("large")
    fill(store, "large", [f"{folder:02}/{number:05}" for folder in range(20) for number in range(5000)])
    rows_read: list[int] = []
    original = store.database.query

    def counting(sql: str, parameters: Any = ()) -> Any:
        rows = original(sql, parameters)
        rows_read.append(len(rows))
        return rows

    monkeypatch.setattr(store.database, "query", counting)
    page = store.list("large", delimiter="/")
    assert page.common_prefixes == tuple(f"{folder:02}/" for folder in range(20))
    assert len(rows_read) <= 30
    assert sum(rows_read) <= 500


def test_iterate_pages_through_everything(store: ObjectStore) -> None:
    store.ensure_bucket("many")
    keys = [f"key-{number:05}" for number in range(2500)]
    fill(store, "many", keys)
    assert [info.key for info in store.iterate("many")] == keys
    assert [info.key for info in store.iterate("many", "key-024")] == keys[2400:2500]
