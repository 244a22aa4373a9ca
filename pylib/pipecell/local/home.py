"""The one folder in which everything of the local endpoint lives.

`Home` only knows where things are; the rooms that own a file open it. The
folder carries a marker file, so that nothing of ours is ever written into, or
removed from, a folder that belongs to somebody else.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pipecell.errors import EndpointError

ACCOUNT_ID = "000000000000"
"""The account of everything on the local endpoint."""

DEFAULT_REGION = "us-east-1"
"""The region where the user's environment names none."""

EXECUTION_ROLE_NAME = "AmazonSageMaker-ExecutionRole-pipecell"
"""The one role that exists from the start."""

EXECUTION_ROLE_ARN = f"arn:aws:iam::{ACCOUNT_ID}:role/service-role/{EXECUTION_ROLE_NAME}"
"""What the unmodified ``sagemaker.get_execution_role()`` returns locally."""

HOME_FORMAT = 1
"""Layout of the folder; raised when an older pipecell could no longer read it."""

_MARKER = "pipecell-home.json"


@dataclass(frozen=True)
class Home:
    """Where the local endpoint keeps its state, objects, jobs, secret and log.

    Args:
        root: the folder; see `Home.default` for the usual one.
    """

    root: Path

    @classmethod
    def default(cls) -> Home:
        """Return the home of this user: ``PIPECELL_HOME``, else the platform's user data folder."""
        chosen = os.environ.get("PIPECELL_HOME")
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        import platformdirs

        return cls(Path(platformdirs.user_data_dir("pipecell", appauthor=False)))

    @property
    def marker(self) -> Path:
        """The file that says that this folder is ours, and in which format."""
        return self.root / _MARKER

    @property
    def state_database(self) -> Path:
        """SQLite database of everything but objects."""
        return self.root / "state.db"

    @property
    def objects_database(self) -> Path:
        """SQLite index of the S3 objects."""
        return self.root / "objects.db"

    @property
    def objects_folder(self) -> Path:
        """Folder of the S3 objects' contents."""
        return self.root / "objects"

    @property
    def jobs_folder(self) -> Path:
        """Folder of job folders, ``<kind>/<name>``."""
        return self.root / "jobs"

    @property
    def runtimes_file(self) -> Path:
        """The user's own mapping of container images to commands."""
        return self.root / "runtimes.json"

    @property
    def cache_folder(self) -> Path:
        """What can be made again at any time."""
        return self.root / "cache"

    @property
    def endpoint_file(self) -> Path:
        """What the running endpoint says of itself: address, process, version."""
        return self.root / "endpoint.json"

    @property
    def secret_file(self) -> Path:
        """Access key and secret key, readable by the owner only."""
        return self.root / "secret.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the endpoint for as long as it runs."""
        return self.root / "server.lock"

    @property
    def start_lock_file(self) -> Path:
        """Locked by whoever is starting, stopping or resetting the endpoint."""
        return self.root / "start.lock"

    @property
    def reserve_file(self) -> Path:
        """Room on the disk, given up so that the endpoint can start, and be read, on a full one."""
        return self.root / "reserve"

    @property
    def server_log(self) -> Path:
        """The endpoint's own log."""
        return self.root / "server.log"

    def create(self) -> Home:
        """Make the folder, mode 0700, unless it is there, and check that it can be used.

        Returns:
            itself.

        Raises:
            EndpointError: PC801 not writable or not ours to use, PC802 made by a newer pipecell or
                not a home of pipecell at all.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_owner()
            if not self.marker.exists():
                self._claim()
            self._check_format()
            for folder in (self.objects_folder, self.jobs_folder):
                folder.mkdir(mode=0o700, exist_ok=True)
            self._check_writable()
        except OSError as error:
            raise unusable(self.root, error) from error
        return self

    def is_home(self) -> bool:
        """Whether the folder is one that `create` made."""
        return self.marker.is_file()

    def contents(self) -> tuple[Path, ...]:
        """Return everything in the folder that is ours: what ``reset`` removes."""
        return tuple(sorted(path for path in self.root.iterdir() if _is_ours(path.name)))

    def _check_owner(self) -> None:
        status = self.root.stat()
        if status.st_uid not in {os.geteuid(), 0} and os.geteuid() != 0:
            raise EndpointError(
                f"The home {self.root} belongs to another user.",
                code="PC801",
                hint="Set PIPECELL_HOME to a folder of your own.",
            )

    def _claim(self) -> None:
        foreign = [path.name for path in self.root.iterdir() if not _is_ours(path.name)]
        if foreign:
            raise EndpointError(
                f"{self.root} is not a home of pipecell: it holds {sorted(foreign)[0]!r}.",
                code="PC802",
                hint="Set PIPECELL_HOME to an empty or new folder.",
            )
        self.root.chmod(0o700)
        write_atomically(self.marker, json.dumps({"format": HOME_FORMAT}).encode())

    def _check_format(self) -> None:
        try:
            found = json.loads(self.marker.read_bytes())["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise EndpointError(
                f"{self.marker} cannot be read: {error}.",
                code="PC803",
                hint=f'If the folder is a home of pipecell, make it {{"format": {HOME_FORMAT}}} again.',
            ) from error
        if found > HOME_FORMAT:
            raise EndpointError(
                f"The home {self.root} was made by a newer pipecell "
                f"(format {found}, this one reads {HOME_FORMAT}).",
                code="PC802",
                hint="Update pipecell, or set PIPECELL_HOME to another folder.",
            )

    def _check_writable(self) -> None:
        if stat.S_IMODE(self.root.stat().st_mode) & 0o077:
            self.root.chmod(0o700)
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self.root))


_OURS = (
    _MARKER,
    "state.db",
    "objects.db",
    "objects",
    "jobs",
    "runtimes.json",
    "cache",
    "endpoint.json",
    "secret.json",
    "server.lock",
    "start.lock",
    "server.log",
    "reserve",
)


def _is_ours(name: str) -> bool:
    # SQLite's -wal and -shm files and the temporary files of write_atomically carry their owner's name.
    return any(name == own or name.startswith((f"{own}-", f".{own}.")) for own in _OURS)


def installed_version() -> str:
    """Return the version of this pipecell; two that differ do not share a running endpoint."""
    from importlib.metadata import version

    return version("pipecell")


def unusable(path: Path, error: OSError) -> EndpointError:
    """Return the error that says what the operating system refused, and the way out."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return EndpointError(
            f"The disk of {path} is full.",
            code="PC806",
            hint="Free some space, or set PIPECELL_HOME to a folder on another disk.",
        )
    return EndpointError(
        f"The home {path} cannot be used: {error.strerror or error}.",
        code="PC801",
        hint="Set PIPECELL_HOME to a folder that you can write to.",
    )


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a small file so that readers see the old or the new content, also after a crash."""
    import secrets

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
