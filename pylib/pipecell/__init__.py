"""Notebook cells into AWS machine-learning pipelines, on AWS or on this machine.

In a notebook ``%load_ext pipecell`` brings ``%%pipeline`` and ``%pipeline``; in Python,
``pipecell.pipeline("NAME")`` is a pipeline that cells declare. Nothing heavy is imported before
it is used: names below are looked up when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecell import errors as errors
    from pipecell.errors import PipecellError as PipecellError
    from pipecell.execution import Execution as Execution
    from pipecell.loaded import pipeline as pipeline
    from pipecell.pipelines import Pipeline as Pipeline

_MODULES = {
    "Execution": "execution",
    "Pipeline": "pipelines",
    "PipecellError": "errors",
    "errors": "",
    "pipeline": "loaded",
}

__all__ = ["Execution", "PipecellError", "Pipeline", "errors", "load_ipython_extension", "pipeline"]


def load_ipython_extension(shell: Any) -> None:
    """Add the magics to an IPython shell: what ``%load_ext pipecell`` calls."""
    from pipecell.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away and send AWS calls where they went before: ``%unload_ext pipecell``."""
    from pipecell.magics import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Say where the built JupyterLab extension is: what ``jupyter-builder develop`` calls."""
    return [{"src": "labextension", "dest": "pipecell-labextension"}]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("pipecell")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULES[name]
    return (
        getattr(import_module(f"{__name__}.{module}"), name)
        if module
        else import_module(f"{__name__}.{name}")
    )


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
