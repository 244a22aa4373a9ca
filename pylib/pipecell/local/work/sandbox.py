"""A private ``/opt/ml`` for each job, by the best means that the machine allows.

``unshare``  private mounts and processes by Linux's own calls.
``bwrap``    the same by bubblewrap, which some hosts allow more than other programs.
``rewrite``  no namespaces: the text ``/opt/ml`` is replaced by the job's own folder in
             its code, arguments, environment and configuration, and the log says so.

The host's own ``/opt`` stays visible, and so does everything else: a sandbox is for
being right, not for running code that one does not trust.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from pipecell.errors import EndpointError
from pipecell.local.work import namespaces
from pipecell.local.work.folder import read_json, write_json

ML = "/opt/ml"
KINDS = ("unshare", "bwrap", "rewrite")
PRIVATE = f"{ML}/.pipecell"
"""What the job has besides SageMaker's folders: TMPDIR, shims, packages."""

_CHECK = (
    'test "$(cat /opt/ml/probe)" = inside && echo $$ && ls /opt /proc/self/fd >/dev/null && command -v cat'
)
_PROBE_SECONDS = 20


class Sandbox:
    """One way to give a job its ``/opt/ml``.

    Args:
        kind: one of `KINDS`.
        processes: the job has process numbers of its own and cannot leave any process behind.
        user: a user namespace is needed for the mounts (not running as root).
    """

    def __init__(self, kind: str, *, processes: bool = True, user: bool = False) -> None:
        self.kind = kind
        self.processes = processes and kind != "rewrite"
        self.user = user

    @property
    def wrappers(self) -> int:
        """Generations of processes, from the one that is started, that are not the job's."""
        if self.kind == "rewrite":
            return 0
        return 2 if self.kind == "unshare" or self.processes else 1

    def command(
        self, argv: Sequence[str], root: str, directory: str, protect: Sequence[str] = ()
    ) -> list[str]:
        """Return what to execute on the host.

        Args:
            argv: the job's program and arguments.
            root: the host's folder that becomes ``/opt/ml``.
            directory: where the program starts, as the job sees it.
            protect: folders of the host that the job must not write to, where that can be had.
        """
        if self.kind == "bwrap":
            return [*self._bwrap(root, protect), "--chdir", directory, "--", *argv]
        return [self.outside(word, root) for word in argv]

    def entry(self, root: str, directory: str, protect: Sequence[str] = ()) -> Callable[[], None] | None:
        """Return what has to be called between fork and exec; None where `command` does it all.

        Args:
            root: as for `command`.
            directory: as for `command`.
            protect: as for `command`.
        """
        if self.kind != "unshare":
            return None
        return partial(
            namespaces.enter, root, ML, directory, protect, processes=self.processes, user=self.user
        )

    def outside(self, text: str, root: str) -> str:
        """Return a text as the job's process must see it: paths replaced where there is no namespace."""
        return replace_ml(text, root) if self.kind == "rewrite" else text

    def directory(self, directory: str, root: str) -> str | None:
        """Return the folder to change to before executing, None where the command does that."""
        return self.outside(directory, root) if self.kind == "rewrite" else None

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        return {"kind": self.kind, "processes": self.processes, "user": self.user}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Sandbox:
        """Read what `to_json` wrote."""
        return cls(str(document["kind"]), processes=bool(document["processes"]), user=bool(document["user"]))

    def _bwrap(self, root: str, protect: Sequence[str]) -> list[str]:
        command = ["bwrap", *_host_root()]
        if self.processes:
            command += ["--unshare-pid", "--proc", "/proc"]
        for folder in protect:
            command += ["--ro-bind", folder, folder]
        return [*command, "--bind", root, ML, "--die-with-parent"]


def _host_root() -> list[str]:
    """Return bwrap's options that show the whole host, with a place for ``/opt/ml``."""
    if os.path.isdir(ML):
        return ["--dev-bind", "/", "/"]
    if os.path.isdir("/opt"):
        return ["--dev-bind", "/", "/", "--tmpfs", "/opt", *_bind_children("/opt")]
    # Without /opt there is no mount point, and making one would change the host: build the root anew.
    return [*_bind_children("/"), "--dir", "/opt"]


def _bind_children(folder: str) -> list[str]:
    options: list[str] = []
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_symlink():
            options += ["--symlink", os.readlink(entry.path), entry.path]
        else:
            options += ["--dev-bind", entry.path, entry.path]
    return options


def replace_ml(text: str, root: str) -> str:
    """Return a text with ``/opt/ml`` as a whole path component replaced by ``root``."""
    pieces = text.split(ML)
    replaced = pieces[0]
    for before, piece in itertools.pairwise(pieces):
        # "/opt/mlflow" and "/srv/opt/ml" are other paths.
        whole = not (piece[:1].isalnum() or piece[:1] in {"_", "-"} or before[-1:].isalnum())
        replaced += (root if whole else ML) + piece
    return replaced


def candidates(asked: str | None) -> list[Sandbox]:
    """Return the sandboxes to try, best first.

    Args:
        asked: a kind that the user insists on, or None.

    Raises:
        EndpointError: PC823 there is no such kind.
    """
    if asked and asked not in KINDS:
        raise EndpointError(
            f"PIPECELL_SANDBOX={asked} is no kind of sandbox.",
            code="PC823",
            hint=f"Known: {', '.join(KINDS)}.",
        )
    users = (False, True) if os.geteuid() == 0 else (True,)
    every = [
        *(Sandbox("unshare", user=user) for user in users),
        Sandbox("bwrap"),
        *(Sandbox("unshare", processes=False, user=user) for user in users),
        Sandbox("bwrap", processes=False),
        Sandbox("rewrite"),
    ]
    return [sandbox for sandbox in every if asked in {None, "", sandbox.kind}]


def works(sandbox: Sandbox) -> bool:
    """Try a sandbox with a real process."""
    if sandbox.kind == "rewrite":
        return True
    if not (namespaces.can_be_tried() if sandbox.kind == "unshare" else shutil.which(sandbox.kind)):
        return False
    with tempfile.TemporaryDirectory(prefix="pipecell-probe-") as root:
        with open(f"{root}/probe", "w", encoding="utf-8") as file:
            file.write("inside\n")
        try:
            result = subprocess.run(
                sandbox.command(["/bin/sh", "-c", _CHECK], root, ML),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PROBE_SECONDS,
                preexec_fn=sandbox.entry(root, ML),
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return result.returncode == 0


def choose(cache: str, asked: str | None = None) -> Sandbox:
    """Return the sandbox to use, probing once per boot, user and wish.

    Args:
        cache: folder for what was found.
        asked: the kind that the user insists on (``PIPECELL_SANDBOX``).

    Raises:
        EndpointError: PC823 the kind does not exist, or does not work here.
    """
    tried = candidates(asked)
    path = f"{cache}/sandbox-{asked or 'best'}.json"
    mark = f"{_boot()} {os.geteuid()} {os.environ.get('PATH', '')}"
    known = read_json(path)
    if known is not None and known.get("mark") == mark:
        return Sandbox.from_json(known["sandbox"])
    found = next((sandbox for sandbox in tried if works(sandbox)), None)
    if found is None:
        raise EndpointError(
            f"The sandbox {asked} does not work on this machine.",
            code="PC823",
            hint="Unset PIPECELL_SANDBOX to use the best one that does.",
        )
    os.makedirs(cache, mode=0o700, exist_ok=True)
    write_json(path, {"mark": mark, "sandbox": found.to_json()})
    return found


def available(cache: str) -> list[str]:
    """Return the kinds that work on this machine."""
    found = []
    for kind in KINDS:
        try:
            choose(cache, kind)
        except EndpointError:
            continue
        found.append(kind)
    return found


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return file.read().decode().strip()
    except OSError:
        return ""
