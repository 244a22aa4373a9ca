"""Local files that cells name in their code, by what they hold."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from pipecell.declare.cell_writing.text import CellText
from pipecell.declare.sagemaker_v2.jobs.content import content_digest

_MADE_UP = re.compile(r"-[0-9a-f]{16}/")
"""A name that the SDK made up for a folder, and pipecell out of what is in it."""


def local_files(sources: Iterable[str]) -> dict[str, str]:
    """Return the files that texts in Python code name, as written there, by the SHA-256 of their content.

    Args:
        sources: bodies of cells; those that are no plain Python are passed over.
    """
    found: dict[str, str] = {}
    for source in sources:
        try:
            tree = ast.parse(source)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_file(node.value):
                found.setdefault(hashlib.sha256(Path(node.value).read_bytes()).hexdigest(), node.value)
    return found


def _is_file(text: str) -> bool:
    try:
        return 0 < len(text) < 4096 and "\n" not in text and Path(text).is_file()  # noqa: PLR2004 - a path's length
    except (OSError, ValueError):
        return False


def say_file(cell: CellText, pipeline: str, path: str, uri: str) -> None:
    """Say in a cell where a file is that one of its values is the place of in S3.

    A place that is a digest of the file is only said by the option that makes it: as a word of its own it
    would stay when the file changes, and a cached result would be taken for the new one's.

    Args:
        cell: being written.
        pipeline: the pipeline's name.
        path: the file, as its cell named it.
        uri: where it goes.
    """
    own = uri.endswith(f"/{pipeline}/input/{content_digest(Path(path))}/{Path(path).name}")
    inputs = [
        group for group in cell.words if group[0] == "-i" and group[1].partition("@")[0].endswith(f"={uri}")
    ]
    if own and inputs:
        cell.words = [
            (group[0], group[1].replace(uri, path)) if group in inputs else group for group in cell.words
        ]
    elif own and cell.kind == "emr":
        _say_script(cell, path, uri)
    elif f"/{pipeline}/with/" in uri:
        _say_helper(cell, path)
    elif not own and _MADE_UP.search(uri) is None:
        cell.words.insert(0, ("--upload", f"{path}={uri}"))


def _say_script(cell: CellText, path: str, uri: str) -> None:
    """Say that a cluster runs a script: as spark-submit's first argument."""
    made = [("--jar", "command-runner.jar"), ("--arg=spark-submit",), (f"--arg={uri}",)]
    if all(group in cell.words for group in made):
        cell.words = [("--script", path), *(group for group in cell.words if group not in made)]


def _say_helper(cell: CellText, path: str) -> None:
    """Say that a script imports a module: the option adds the input and the variable that finds it."""
    cell.words = [
        group
        for group in cell.words
        if not group[-1].startswith(("with=", "PYTHONPATH=/opt/ml/processing/input/with"))
    ]
    cell.words.append(("--with", path))
