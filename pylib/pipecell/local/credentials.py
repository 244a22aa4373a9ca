"""Who may use the endpoint: one key pair of the home, and sessions derived from it.

The endpoint runs what it is given, so that another user, or a web page, must not
be able to call it. The pair is random and its file is readable by the owner
only. A session's secret is derived from the pair's and the session's own key, so
that sessions need no table and survive a restart.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipecell.errors import EndpointError
from pipecell.local.home import Home, unusable, write_atomically

_KEY_PREFIX = "AKIAPIPECELL"
_SESSION_PREFIX = "ASIAPIPECELL"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class KeyPair:
    """Credentials as a client holds them.

    Args:
        access_key: public.
        secret_key: never sent, never logged.
        session_token: of a session, else "".
    """

    access_key: str
    secret_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return f"KeyPair({self.access_key})"


@dataclass(frozen=True)
class Session:
    """What a session's token says.

    Args:
        role_arn: the role that was assumed.
        name: the session's name.
        expires: seconds since the epoch.
    """

    role_arn: str
    name: str
    expires: float


class Credentials:
    """The keys of one home.

    Args:
        pair: the home's own.
        clock: seconds since the epoch; sessions end by it.
    """

    def __init__(self, pair: KeyPair, clock: Callable[[], float] = time.time) -> None:
        self.pair = pair
        self._clock = clock

    @classmethod
    def load(cls, home: Home, clock: Callable[[], float] = time.time) -> Credentials:
        """Read the home's key pair, made at the first use.

        Raises:
            EndpointError: PC801 unreadable, PC808 readable by others or damaged.
        """
        try:
            return cls(_read(home), clock)
        except FileNotFoundError:
            _make(home)
        except OSError as error:
            raise unusable(home.secret_file, error) from error
        return cls(_read(home), clock)

    def secret_of(self, access_key: str, session_token: str = "") -> str | None:
        """Return the secret key that belongs to an access key, or None when it is not ours."""
        if hmac.compare_digest(access_key.encode(), self.pair.access_key.encode()):
            return self.pair.secret_key
        if access_key.startswith(_SESSION_PREFIX) and self.session(access_key, session_token):
            return self._derive("secret", access_key)
        return None

    def new_session(self, session: Session) -> KeyPair:
        """Return credentials for an assumed role."""
        access_key = _random_key(_SESSION_PREFIX)
        claims = json.dumps([session.role_arn, session.name, session.expires]).encode()
        signature = self._derive("token", access_key + claims.decode())
        token = base64.urlsafe_b64encode(claims).decode() + "." + signature
        return KeyPair(access_key, self._derive("secret", access_key), token)

    def session(self, access_key: str, session_token: str) -> Session | None:
        """Return the session of a token that we made for an access key and that has not expired."""
        encoded, _, signature = session_token.rpartition(".")
        try:
            claims = base64.urlsafe_b64decode(encoded.encode())
            expected = self._derive("token", access_key + claims.decode())
            if not hmac.compare_digest(expected.encode(), signature.encode()):
                return None
            session = Session(*json.loads(claims))
        except (ValueError, TypeError):
            return None
        return session if session.expires > self._clock() else None

    def _derive(self, purpose: str, text: str) -> str:
        digest = hmac.new(self.pair.secret_key.encode(), f"{purpose}\n{text}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def _random_key(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(20 - len(prefix)))


def _read(home: Home) -> KeyPair:
    descriptor = os.open(home.secret_file, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        content = file.read()
    if status.st_mode & 0o077 or status.st_uid not in {os.geteuid(), 0}:
        raise EndpointError(
            f"{home.secret_file} can be read by others, so that the endpoint's key is no secret.",
            code="PC808",
            hint=f"Stop the endpoint, remove {home.secret_file} and start it: it makes a new key.",
        )
    try:
        document = json.loads(content)
        return KeyPair(document["access_key"], document["secret_key"])
    except (ValueError, KeyError, TypeError) as error:
        raise EndpointError(
            f"{home.secret_file} is damaged: {error}.",
            code="PC808",
            hint=f"Stop the endpoint, remove {home.secret_file} and start it: it makes a new key.",
        ) from error


def _make(home: Home) -> None:
    """Write a new pair unless another process does so first."""
    document = {"access_key": _random_key(_KEY_PREFIX), "secret_key": secrets.token_urlsafe(30)}
    staging = home.secret_file.with_name(f".{home.secret_file.name}.{secrets.token_hex(6)}")
    try:
        write_atomically(staging, json.dumps(document).encode())
        try:
            # Unlike a rename, a link never replaces the pair that another starter has just made.
            os.link(staging, home.secret_file)
        except FileExistsError:
            return
    except OSError as error:
        raise unusable(home.secret_file, error) from error
    finally:
        staging.unlink(missing_ok=True)
