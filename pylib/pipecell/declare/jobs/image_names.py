"""Names and versions of images, from the tables that the installed SDK brings; the SDK stays unloaded."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NOT_IN_JOBS = frozenset(
    {"clarify", "model-monitor", "debugger", "detailed-profiler", "sagemaker-tritonserver"}
)


@lru_cache(maxsize=1)
def image_names() -> tuple[str, ...]:
    """Return the names that ``--image`` takes, empty where the SDK is not installed."""
    folder = _folder()
    names = sorted(path.stem for path in folder.glob("*.json")) if folder is not None else []
    return tuple(
        name for name in names if name not in _NOT_IN_JOBS and not name.startswith(("neo-", "inferentia-"))
    )


@lru_cache(maxsize=128)
def image_versions(name: str) -> tuple[str, ...]:
    """Return the versions of an image, newest first; empty for a name that is not known."""
    folder = _folder()
    if folder is None or name not in image_names():
        return ()
    table = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    found: dict[str, None] = {}
    for versions in _versions(table):
        found.update(dict.fromkeys(versions))
    return tuple(sorted(found, key=_order, reverse=True))


def _folder() -> Path | None:
    spec = find_spec("sagemaker")
    places = spec.submodule_search_locations if spec is not None else None
    folder = Path(next(iter(places))) / "image_uri_config" if places else None
    return folder if folder is not None and folder.is_dir() else None


def _versions(table: Any) -> list[Any]:
    if not isinstance(table, dict):
        return []
    if isinstance(table.get("versions"), dict):
        return [[*table["versions"], *table.get("version_aliases", {})]]
    # Inference and training may have versions of their own.
    return [
        versions for key in ("training", "processing", "inference") for versions in _versions(table.get(key))
    ]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else -1 for part in version.replace("-", ".").split("."))
