"""The releases of JupyterLab that the extension is tried in: the one here, and the oldest that it supports.

`make` puts the oldest one into an environment of its own. Our wheel is built and installed there as
people install it, without Node.js; its kernels are this Python's.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.distributions import ROOT, copy_sources, run_build

NEWEST, OLDEST = "newest", "oldest"
_BUILT = ROOT / "pylib" / "pipecell" / "labextension" / "package.json"
_OLDEST = ROOT / ".venv" / "oldest" / "bin" / "python"


def python_of(release: str, folder: Path) -> str:
    """Return the Python of a release of JupyterLab, with the extension as it is built now.

    Args:
        release: `NEWEST` or `OLDEST`.
        folder: where a wheel may be built.

    Raises:
        RuntimeError: the extension is not built, or the oldest one is not here.
    """
    if not _BUILT.exists():
        raise RuntimeError("The extension is not built: run `make labextension` first.")
    if release == NEWEST:
        return sys.executable
    if not _OLDEST.exists():
        raise RuntimeError("The oldest JupyterLab is not here: run `make .venv/stamps/oldest` first.")
    sources, made = folder / "sources", folder / "wheel"
    sources.mkdir()
    copy_sources(sources)
    built = run_build(sources, "--wheel", "--outdir", str(made))
    if built.returncode != 0:
        raise RuntimeError(built.stdout + built.stderr)
    wheel = str(next(made.glob("*.whl")))
    install = [str(_OLDEST), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, wheel], check=True)  # with what it needs, the first time
    subprocess.run([*install, "--force-reinstall", "--no-deps", wheel], check=True)
    return str(_OLDEST)
