"""What moto holds, kept over restarts: its backends, pickled after every request that may change them.

moto has its state in memory alone. A queue that a waiting state machine needs must outlive the endpoint, so
the instance dictionary of each backend is written to the store before the answer goes out, and put into a
fresh backend by the next process. References from one backend to another are kept as names. Where so much
is held that writing it takes long, it is written a moment later, so that requests need not wait for it each.
"""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from pipecell.local.store import Store

_LOG = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE moto_backends (service TEXT PRIMARY KEY, moto TEXT NOT NULL, state BLOB NOT NULL) WITHOUT ROWID;
"""
#: Services whose requests change nothing outside of them; any other request may reach every service.
_ALONE = frozenset({"cloudwatch", "dynamodb", "ecr", "kinesis", "kms", "secretsmanager", "sqs", "ssm"})
_READS = re.compile(r"(Get|List|Describe|BatchGet|Query|Scan|Lookup|Search|Head)\w*")
#: Bytes up to which every request is written at once; after more, a rest follows, as many times as long.
_LARGE, _REST = 2 * 1024 * 1024, 5.0
#: Times that a service is pickled anew because another request changed it meanwhile.
_ATTEMPTS = 20


class MotoState:
    """Keeps moto's backends in the store.

    Args:
        store: the endpoint's state.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._written: dict[str, bytes] = {}
        self._unkept: set[str] = set()
        self._resting_until = 0.0
        self._later: dict[str, threading.Timer] = {}
        store.register("moto", _SCHEMA)

    def services(self) -> frozenset[str]:
        """Return the services of which something is kept."""
        return frozenset(row["service"] for row in self._store.query("SELECT service FROM moto_backends"))

    def restore(self) -> None:
        """Put what is kept into moto's backends; what this moto cannot read is left out, with a warning."""
        for row in self._store.query("SELECT service, moto, state FROM moto_backends ORDER BY service"):
            try:
                self._restore(row["service"], row["state"])
            except Exception:
                _LOG.exception("The state of %s, written with moto %s, is lost.", row["service"], row["moto"])

    def _restore(self, service: str, state: bytes) -> None:
        backends = _backends(service)
        for account, regions in loaded(state).items():
            for region, values in regions.items():
                backend = backends[account][region]
                backend.__dict__.clear()
                backend.__dict__.update(values)
        self._written[service] = hashlib.sha256(state).digest()

    def save(self, service: str) -> None:
        """Write what a request to a service may have changed.

        Args:
            service: moto's name of the service that was addressed.
        """
        with self._lock:
            rest = self._resting_until - time.monotonic()
            if rest <= 0:
                self._write(service)
            elif service not in self._later:
                timer = self._later[service] = threading.Timer(rest, self._write_later, (service,))
                timer.daemon = True
                timer.start()

    def close(self) -> None:
        """Write what was to be written a moment later."""
        with self._lock:
            for service, timer in list(self._later.items()):
                timer.cancel()
                self._write(service)
            self._later.clear()

    def _write_later(self, service: str) -> None:
        with self._lock:
            if self._later.pop(service, None) is not None:
                self._write(service)

    def _write(self, service: str) -> None:
        started = time.monotonic()
        size = self._write_changed(service)
        if size > _LARGE:
            now = time.monotonic()
            self._resting_until = now + (now - started) * _REST

    def _write_changed(self, service: str) -> int:
        """Write what a request may have changed; return how many bytes that is."""
        touched = [service] if service in _ALONE else sorted(set(_in_use()))
        changed = [(name, state) for name in touched if (state := self._state(name)) is not None]
        if not changed:
            return 0
        import moto

        with self._store.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO moto_backends (service, moto, state) VALUES (?, ?, ?)",
                [(name, moto.__version__, state) for name, state in changed],
            )
        self._written |= {name: hashlib.sha256(state).digest() for name, state in changed}
        return sum(len(state) for _, state in changed)

    def _state(self, service: str) -> bytes | None:
        """Return a service's backends as bytes, None where they are as they were or cannot be kept."""
        try:
            state = _pickled(service)
        except Exception:
            if service not in self._unkept:
                self._unkept.add(service)
                _LOG.warning("The state of %s ends with the endpoint.", service, exc_info=True)
            return None
        return None if hashlib.sha256(state).digest() == self._written.get(service) else state


def changes(method: str, operation: str) -> bool:
    """Tell whether a request may change something: by its operation, or by its method where it names none."""
    if operation:
        return _READS.fullmatch(operation) is None
    return method not in ("GET", "HEAD")


def _in_use() -> Iterator[str]:
    """Yield the services that have been asked for."""
    from moto.core.base_backend import BackendDict

    for backends in BackendDict._instances:
        if any(regions for regions in backends.values()):
            yield backends.service_name


def _backends(service: str) -> Any:
    from moto.backends import get_backend

    return get_backend(service)


def _pickled(service: str) -> bytes:
    from moto.core.base_backend import BackendDict

    made: Any = next((found for found in BackendDict._instances if found.service_name == service), {})
    for attempt in range(_ATTEMPTS):
        held = {
            account: {region: vars(backend) for region, backend in regions.items()}
            for account, regions in made.items()
        }
        try:
            return dumped(held)
        except RuntimeError:  # a dictionary changed size: another request is at work
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def dumped(value: Any) -> bytes:
    """Return backends' dictionaries as bytes; a backend inside of them is kept as its name."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> Any:
            return _name_of(obj)

        def reducer_override(self, obj: Any) -> Any:
            plain = _reduced(obj)
            return super().reducer_override(obj) if plain is None else plain

    target = io.BytesIO()
    Pickler(target).dump(value)
    return target.getvalue()


def _name_of(value: Any) -> tuple[str, str, str] | None:
    from moto.core.base_backend import BackendDict, BaseBackend

    if not isinstance(value, BaseBackend):
        return None
    for backends in BackendDict._instances:
        for account, regions in backends.items():
            for region, backend in regions.items():
                if backend is value:
                    return backends.service_name, account, region
    return None


def _reduced(value: Any) -> Any:
    """Return how to make again what pickle cannot: locks (free by then), dictionaries, private keys."""
    for kind, make in _SYNCHRONISED:
        if isinstance(value, kind):
            return make, ()
    if isinstance(value, defaultdict) and type(value) is not defaultdict:
        # defaultdict's own way calls the class, and moto's want arguments.
        state = (vars(value), value.default_factory, dict(dict.items(value)))
        return type(value).__new__, (type(value),), state, None, None, _fill
    if hasattr(value, "private_bytes"):
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return _private_key, (value.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),)
    return None


def _private_key(text: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(text, None)


def _fill(made: Any, state: tuple[dict[str, Any], Any, dict[Any, Any]]) -> None:
    attributes, made.default_factory, items = state
    made.__dict__.update(attributes)
    dict.update(made, items)


_SYNCHRONISED: Iterable[tuple[type, Any]] = (
    (type(threading.Lock()), threading.Lock),
    (type(threading.RLock()), threading.RLock),
    (threading.Condition, threading.Condition),
    (threading.Event, threading.Event),
)


def loaded(state: bytes) -> Any:
    """Return what ``dumped`` wrote."""
    return _Unpickler(io.BytesIO(state)).load()


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        service, account, region = pid
        return _backends(service)[account][region]
