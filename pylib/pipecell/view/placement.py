"""Graphviz: the program ``dot`` where it is installed, else the one inside ``pygraphviz``."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import threading
from functools import lru_cache
from typing import Any

from pipecell.errors import MissingDependencyError, PipecellError

TIMEOUT = 60.0
"""Seconds that Graphviz may take for one drawing."""

_IN_PROCESS = threading.Lock()  # the library keeps global state, and monitors draw from threads


def available() -> bool:
    """Tell whether anything here can place nodes."""
    return shutil.which("dot") is not None or importlib.util.find_spec("pygraphviz") is not None


@lru_cache(maxsize=64)
def place(sources: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    """Return Graphviz's JSON (``json0``) for each DOT source; not to be changed.

    The answer is remembered: while a pipeline runs, only colours change.

    Raises:
        MissingDependencyError: ``PC901``, there is no Graphviz.
        PipecellError: ``PC010``, Graphviz failed.
    """
    program = shutil.which("dot")
    if program is not None:
        return _by_program(program, sources)
    try:
        import pygraphviz
    except ImportError as error:
        raise MissingDependencyError(
            "Drawing a pipeline as SVG needs Graphviz.",
            hint="pip install 'pipecell[draw]', or install the program dot.",
        ) from error
    with _IN_PROCESS:
        return tuple(
            json.loads(pygraphviz.AGraph(string=source).draw(format="json0", prog="dot"))
            for source in sources
        )


def _by_program(program: str, sources: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    try:
        answer = subprocess.run(
            [program, "-Tjson0"],
            input="\n".join(sources).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=True,
        ).stdout.decode()
    except subprocess.TimeoutExpired as error:
        raise PipecellError(f"dot did not answer in {TIMEOUT:.0f} s.", code="PC010") from error
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        raise PipecellError(
            f"dot failed: {said.decode(errors='replace').strip()[-300:]}", code="PC010"
        ) from error
    decoder, position, found = json.JSONDecoder(), 0, []
    while position < len(answer):  # one object after another, one for each source
        value, position = decoder.raw_decode(answer, position)
        found.append(value)
        while answer[position : position + 1].isspace():
            position += 1
    return tuple(found)
