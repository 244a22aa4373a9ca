"""How the built-in XGBoost algorithm is started, and the metrics that its log holds."""

from __future__ import annotations

from pipecell.definition.xgboost import MAXIMIZED, MINIMIZED
from pipecell.local.installed import PACKAGE_FOLDER
from pipecell.local.runtimes import Runtime
from pipecell.local.work.specification import MetricDefinition

_CODE = (
    "import sys; sys.path.append({folder!r}); "
    "from pipecell.local.runtimes.xgboost_algorithm import main; main({version!r})"
)


_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"


def xgboost_command(runtime: Runtime) -> tuple[str, ...]:
    """Return what trains in the user's Python.

    This package's folder goes last on its path, so that all other packages are the user's.
    """
    version = ".".join(map(str, runtime.image.version))
    return (runtime.python, "-c", _CODE.format(folder=PACKAGE_FOLDER, version=version))


def xgboost_metrics() -> tuple[MetricDefinition, ...]:
    """Return the metrics that the algorithm itself declares, with AWS's names and expressions."""
    return tuple(
        MetricDefinition(f"{data}:{name}", rf".*\[[0-9]+\].*#011{data}-{name}:{_NUMBER}.*")
        for data in ("train", "validation")
        for name in sorted(MAXIMIZED | MINIMIZED)
    )
