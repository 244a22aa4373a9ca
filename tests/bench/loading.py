"""``import pipecell`` and ``%load_ext pipecell``, beyond what IPython takes itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench import fresh
from tests.bench.row import Row

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
started = time.perf_counter()
shell.run_line_magic("load_ext", "pipecell")
print()
print(time.perf_counter() - started)
"""

IMPORT = """
import time
started = time.perf_counter()
import {module}
print(time.perf_counter() - started)
"""


def measure() -> list[Row]:
    """Load where AWS credentials exist and where there are none, beside importing the SDK."""
    with tempfile.TemporaryDirectory() as folder:
        env = fresh.environment(Path(folder) / "home")
        with_credentials = {**env, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        peer = fresh.measure(IMPORT.format(module="sagemaker"), env, times=3)
        rows = [
            Row("import pipecell", fresh.measure(IMPORT.format(module="pipecell"), env), 0.15),
            Row("%load_ext, with AWS credentials", fresh.measure(LOAD, with_credentials), 0.15),
            Row("%load_ext, without (target local)", fresh.measure(LOAD, env), 0.15),
        ]
    return [
        Row(row.what, row.seconds, row.budget, "import sagemaker (SDK v2)", peer)
        if row.what.startswith("import")
        else row
        for row in rows
    ]
