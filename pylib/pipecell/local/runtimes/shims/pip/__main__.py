"""pip in a job: installs what is missing into the job, and never touches the user's environment.

SageMaker's containers are thrown away after a job; the Python that stands in for them
here is the user's own. So ``pip install`` does nothing for what is there, and puts the
rest beside the job's own files; ``pip uninstall`` does nothing. All else is passed on.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

SHIMS = str(Path(__file__).resolve().parent.parent)

VALUED = ("-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f", "--find-links")
"""Options with a value in the next word."""

PLACES = ("-t", "--target", "--prefix", "--root")
"""Options that say where to install: then it is not the user's environment."""


def main(arguments: list[str]) -> int:
    """Run a pip command line and return its exit code."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command == "uninstall":
        _say("pip uninstall does nothing here: this Python is the user's own.")
        return 0
    if command == "install":
        return _install([word for word in arguments if word != "install"])
    return _real_pip(arguments)


def _install(arguments: list[str]) -> int:
    if any(word.split("=")[0] in PLACES for word in arguments):
        return _real_pip(["install", *arguments])
    requirements, options = _split(arguments)
    if requirements is None or "-e" in options or "--editable" in options:
        return _install_into_job(arguments)
    missing = [requirement for requirement in requirements if not _is_satisfied(requirement)]
    if not missing:
        _say(f"Nothing to install, this Python has it all: {', '.join(requirements) or 'no requirements'}.")
        return 0
    return _install_into_job([*options, *missing])


def _split(arguments: list[str]) -> tuple[list[str] | None, list[str]]:
    """Return the requirements that a command line names, files read, and its other words.

    None for the requirements when they cannot be read here: pip knows better.
    """
    found: list[str] = []
    options: list[str] = []
    words = iter(arguments)
    for word in words:
        name, _, value = word.partition("=")
        if name in ("-r", "--requirement"):
            lines = _read(Path(value or next(words)))
            if lines is None:
                return None, arguments
            found += lines
        elif name in VALUED:
            options += [word] if value else [word, next(words)]
        elif word.startswith("-"):
            options.append(word)
        else:
            found.append(word)
    return found, options


def _read(path: Path) -> list[str] | None:
    """Return a requirements file's lines, None when it holds options, links or nested files."""
    lines = []
    for line in path.read_text().splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text.startswith("-") or "://" in text or text.endswith("\\"):
            return None
        if text:
            lines.append(text)
    return lines


def _is_satisfied(requirement: str) -> bool:
    parsers = list(_parsers())
    if not parsers:
        match = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*", requirement)
        return match is not None and _version(match[1]) is not None
    parser = parsers[0]
    try:
        parsed = parser(requirement)
    except ValueError:
        return False
    if parsed.marker is not None and not parsed.marker.evaluate():
        return True
    version = _version(parsed.name)
    if version is None or parsed.url:
        return False
    return bool(parsed.specifier.contains(version, prereleases=True))


def _parsers() -> Iterator[type]:
    try:
        from packaging.requirements import Requirement

        yield Requirement
    except ImportError:
        pass
    try:
        from pip._vendor.packaging.requirements import Requirement as Vendored

        yield Vendored
    except ImportError:
        pass


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _install_into_job(arguments: list[str]) -> int:
    target = os.environ["PIPECELL_PACKAGES"]
    kept = [word for word in arguments if word != "--user"]
    _say(f"Installing into this job only ({target}): {' '.join(kept)}")
    return _real_pip(["install", "--target", target, *kept])


def _real_pip(arguments: list[str]) -> int:
    sys.path[:] = [folder for folder in sys.path if folder != SHIMS]
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(folder for folder in folders if folder != SHIMS)
    for name in [name for name in sys.modules if name == "pip" or name.startswith("pip.")]:
        del sys.modules[name]
    uv = shutil.which("uv")
    try:
        sys.argv = ["pip", *arguments]
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except ImportError:
        if uv is None:
            _say("This Python has no pip.")
            return 1
        return subprocess.run([uv, "pip", *arguments, "--python", sys.executable], check=False).returncode
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _say(line: str) -> None:
    print(f"pipecell: {line}", flush=True)  # noqa: T201 - this is the job's log


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
