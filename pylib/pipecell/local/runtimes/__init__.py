"""Which program stands in for which container image.

`find` answers for an image; `check_image` says why there is no answer and how to
give one, so that an execution is refused before anything of it runs.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipecell.local.home import Home
from pipecell.local.runtimes.images import Family, Image, family_of, parse
from pipecell.local.runtimes.mapping import Mapping, map_image, read_mappings, unmap

__all__ = ["Mapping", "Runtime", "check_image", "find", "map_image", "read_mappings", "unmap"]

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?")


@dataclass(frozen=True)
class Runtime:
    """What runs instead of an image.

    Args:
        name: for people: ``scikit-learn``, ``XGBoost``, …, or the user's own command.
        image: the image.
        python: the interpreter that ``python`` means in its jobs.
        family: the known image that it stands in for; None for a command of the user's.
        wrapper: the user's command, when it is more than an interpreter.
    """

    name: str
    image: Image
    python: str
    family: Family | None = None
    wrapper: tuple[str, ...] = ()

    @property
    def is_xgboost(self) -> bool:
        """Whether it holds the built-in XGBoost algorithm."""
        return self.family is not None and self.family.name == "XGBoost"

    @property
    def has_toolkit(self) -> bool:
        """Whether script mode works: a program named by the hyperparameters."""
        return not self.wrapper and (self.family is None or self.family.toolkit)

    def command(self, entrypoint: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...]:
        """Return what runs for a container's entry point and arguments.

        ``python`` and ``python3``, wherever the image keeps it, is the user's interpreter.
        """
        words = [*self.wrapper, *entrypoint, *arguments]
        if words and _PYTHON.fullmatch(words[0].rpartition("/")[2]):
            words[0] = self.python
        return tuple(words)


def find(image_uri: str, home: Home, *, python: str = sys.executable) -> Runtime | None:
    """Return what stands in for an image, None when nothing does.

    Args:
        image_uri: as in the request.
        home: holds the user's own mappings; they go first.
        python: the user's interpreter.

    Raises:
        EndpointError: PC830 the user's mappings cannot be read.
    """
    image = parse(image_uri)
    mapping = next((each for each in read_mappings(home) if each.matches(image_uri)), None)
    if mapping is not None:
        return _mapped(image, mapping, python)
    family = family_of(image)
    return None if family is None else Runtime(family.name, image, python, family)


def _mapped(image: Image, mapping: Mapping, python: str) -> Runtime:
    program, *rest = mapping.command
    if not rest and _PYTHON.fullmatch(program.rpartition("/")[2]):
        chosen = program if "/" in program else python
        return Runtime(chosen, image, chosen, _xgboost_or_none(image))
    return Runtime(" ".join(mapping.command), image, python, wrapper=mapping.command)


def _xgboost_or_none(image: Image) -> Family | None:
    family = family_of(image)
    return family if family is not None and family.name == "XGBoost" else None


def check_image(image_uri: str, kind: str, home: Home, *, python: str = sys.executable) -> str | None:
    """Return why jobs with an image cannot run here and the way out, None when they can.

    Args:
        image_uri: as in the request.
        kind: ``training`` or ``processing``; for the sentence.
        home: as in `find`.
        python: as in `find`.
    """
    runtime = find(image_uri, home, python=python)
    pattern = f"*/{parse(image_uri).repository}:*"
    if runtime is None:
        return (
            f"No program stands in for the {kind} image {image_uri!r} on this machine. "
            f"Name one: %pipeline local map '{pattern}' COMMAND, "
            "where COMMAND is python to run the job's own script, or any command."
        )
    modules = runtime.family.modules if runtime.family is not None else ()
    missing = [module for module in modules if not _importable(module, runtime.python)]
    if missing and runtime.family is not None:
        return (
            f"The image {image_uri!r} stands for {runtime.family.name}, and {runtime.python} "
            f"has no {' and no '.join(missing)}. Install it: "
            f"{runtime.python} -m pip install {runtime.family.install}. "
            f"Or choose what runs instead: %pipeline local map '{pattern}' COMMAND"
        )
    if runtime.python != sys.executable and not Path(runtime.python).exists():
        return f"The interpreter {runtime.python} that stands in for {image_uri!r} does not exist."
    return None


def _importable(module: str, python: str) -> bool:
    if python == sys.executable:
        return importlib.util.find_spec(module) is not None
    return _importable_elsewhere(module, python)


@lru_cache(maxsize=64)
def _importable_elsewhere(module: str, python: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    try:
        return (
            subprocess.run([python, "-c", code], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
