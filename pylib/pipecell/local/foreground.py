"""The endpoint's process itself: holds the home's lock, serves, and ends cleanly.

`daemon` starts it in the background as ``python -m pipecell.local.daemon``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local.home import Home, installed_version, unusable, write_atomically

STOP_SECONDS = 10.0
"""How long a stop may take before the process is cut off."""

ROOM_BYTES = 1024 * 1024
"""What SQLite and the endpoint need to start and to answer what changes nothing."""

_LOG_BYTES = 5 * 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Run the endpoint in the foreground until SIGTERM or SIGINT.

    Args:
        arguments: of the command line.

    Returns:
        the exit code: 0 after a clean stop, 1 when it could not start.
    """
    import argparse

    parser = argparse.ArgumentParser(prog="pipecell.local.daemon")
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--report", type=int, default=None, help="descriptor for one line about the start")
    options = parser.parse_args(arguments)
    home = Home(options.home) if options.home else Home.default()
    report = options.report
    if report is not None:
        os.set_inheritable(report, False)
    try:
        home.create()
        with _held(home):
            _serve(home, options.port, report)
    except EndpointError as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - stderr is the server's log
        _tell(report, {"error": error.message, "code": error.code, "hint": error.hint})
        return 1
    return 0


def holder(home: Home) -> int | None:
    """Return the process that holds the server lock: it writes its id into the locked file."""
    try:
        return int(home.lock_file.read_text())
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def _held(home: Home) -> Iterator[None]:
    """Hold the home's server lock, with our process id in it."""
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EndpointError(
                f"The endpoint of {home.root} runs already (process {holder(home)}).",
                code="PC809",
                hint="`pipecell local stop` ends it.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _serve(home: Home, port: int, report: int | None) -> None:
    import logging
    import threading

    _keep_room(home)
    _open_log(home)
    log = logging.getLogger("pipecell.local")
    from pipecell.local.server import Server

    server = _bound(home, port)

    def end(number: int, _frame: object) -> None:
        log.info("Stopping (signal %d)", number)
        # State is on disk at every moment: what does not stop in time may be cut off.
        threading.Timer(STOP_SECONDS / 2, os._exit, [0]).start()
        threading.Thread(target=Server.stop, args=[server], name="stop").start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        _announce(home, server)
        server.resume()
    except BaseException as error:
        server.stop()  # its threads would keep the process, which says that it did not start
        raise unusable(home.root, error) if isinstance(error, OSError) else error from None
    log.info("pipecell %s answers at %s (process %d)", installed_version(), server.endpoint, os.getpid())
    _tell(report, {"endpoint": server.endpoint})
    server.serve()
    server.stop()
    log.info("Stopped")
    logging.shutdown()
    # Threads of services may still wait in a poll; nothing of them is needed any more.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _keep_room(home: Home) -> None:
    """Set room aside while there is some; give it up when the disk is full, so that all can be read."""
    disk = os.statvfs(home.root)
    free = disk.f_bavail * disk.f_frsize
    if free < ROOM_BYTES:
        home.reserve_file.unlink(missing_ok=True)
    elif free > 4 * ROOM_BYTES and not home.reserve_file.exists():
        write_atomically(home.reserve_file, bytes(ROOM_BYTES))


def _announce(home: Home, server: Any) -> None:
    """Write down where the endpoint is."""
    document = {
        "endpoint": server.endpoint,
        "pid": os.getpid(),
        "port": server.port,
        "version": installed_version(),
        "instance": server.instance,
    }
    write_atomically(home.endpoint_file, json.dumps(document).encode())


def _bound(home: Home, port: int) -> Any:
    """Return a server on its port: the last one where it is free, so that clients find it again."""
    from pipecell.local.server import Server

    candidates = [port] if port else [*_last_port(home), 0]
    for position, candidate in enumerate(candidates):
        server = Server(home, candidate)
        try:
            server.bind()
        except EndpointError:
            server.stop()
            if position == len(candidates) - 1:
                raise
        else:
            return server
    raise AssertionError("unreachable: the last candidate returns or raises")


def _last_port(home: Home) -> list[int]:
    try:
        return [int(json.loads(home.endpoint_file.read_bytes())["port"])]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _open_log(home: Home) -> None:
    import logging

    if home.server_log.exists() and home.server_log.stat().st_size > _LOG_BYTES:
        home.server_log.replace(home.server_log.with_name(f"{home.server_log.name}-1"))
    handler = logging.FileHandler(home.server_log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for noisy in ("werkzeug", "botocore", "boto3", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _tell(report: int | None, line: dict[str, Any]) -> None:
    """Send the starter its one line; it may have gone."""
    if report is None:
        return
    with contextlib.suppress(OSError):
        os.write(report, json.dumps(line).encode() + b"\n")
    with contextlib.suppress(OSError):
        os.close(report)
