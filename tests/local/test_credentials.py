"""The home's key pair and the sessions derived from it."""

from __future__ import annotations

import json
import threading

import pytest

from pipecell.errors import EndpointError
from pipecell.local.credentials import Credentials, Session
from pipecell.local.home import Home

SESSION = Session("arn:aws:iam::000000000000:role/r", "me", 2e9)


def test_the_pair_is_made_once_and_private(home: Home) -> None:
    first = Credentials.load(home)
    assert Credentials.load(home).pair == first.pair
    assert home.secret_file.stat().st_mode & 0o777 == 0o600
    assert len(first.pair.access_key) == 20
    assert first.pair.secret_key not in repr(first.pair)


def test_homes_differ(home: Home, tmp_path: object) -> None:
    other = Home(home.root.parent / "other").create()
    assert Credentials.load(home).pair != Credentials.load(other).pair


def test_starters_that_race_agree(home: Home) -> None:
    found: list[str] = []
    barrier = threading.Barrier(8)

    def load() -> None:
        barrier.wait()
        found.append(Credentials.load(home).pair.secret_key)

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [path.name for path in home.root.iterdir() if "secret" in path.name] == ["secret.json"]


def test_a_key_that_others_can_read_is_refused(home: Home) -> None:
    Credentials.load(home)
    home.secret_file.chmod(0o644)
    with pytest.raises(EndpointError, match="no secret") as caught:
        Credentials.load(home)
    assert caught.value.code == "PC808"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"access_key": "a"}'])
def test_a_damaged_key_is_named(home: Home, content: str) -> None:
    Credentials.load(home)
    home.secret_file.write_text(content)
    with pytest.raises(EndpointError, match="damaged"):
        Credentials.load(home)


def test_secrets_of_strangers_are_unknown(home: Home) -> None:
    credentials = Credentials.load(home)
    assert credentials.secret_of(credentials.pair.access_key) == credentials.pair.secret_key
    for access_key in ("", "AKIA", "é", credentials.pair.access_key + "x"):
        assert credentials.secret_of(access_key) is None


def test_sessions_need_no_table(home: Home) -> None:
    pair = Credentials.load(home).new_session(SESSION)
    later = Credentials.load(home)
    assert later.session(pair.access_key, pair.session_token) == SESSION
    assert later.secret_of(pair.access_key, pair.session_token) == pair.secret_key


@pytest.mark.parametrize("token", ["", ".", "x.y", "é.é", json.dumps([1]), "eyJ9.x"])
def test_forged_sessions_are_refused(home: Home, token: str) -> None:
    credentials = Credentials.load(home)
    pair = credentials.new_session(SESSION)
    assert credentials.secret_of(pair.access_key, token) is None
    assert credentials.secret_of("ASIAPIPECELL12345678", pair.session_token) is None


def test_expired_sessions_are_refused(home: Home) -> None:
    credentials = Credentials.load(home, clock=lambda: 2000.0)
    pair = credentials.new_session(Session("arn", "me", 1999.0))
    assert credentials.secret_of(pair.access_key, pair.session_token) is None
