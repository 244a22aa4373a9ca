"""The program of a notebook job: what ``amazon_sagemaker_scheduler`` is in SageMaker's own images.

It runs the staged notebook from its folder in a kernel, with the parameters in a cell of their own
(after the one tagged ``parameters``, else first), and leaves the executed notebook in the job's
output, also when a cell failed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipecell.local.installed import PACKAGE_FOLDER

KERNEL_SECONDS = 300
"""How long a kernel may take to start, or to tell the last of what a cell did: a busy machine is slow."""

ENTRY_POINT = "amazon_sagemaker_scheduler"
_PROGRAM = (
    "import sys; sys.path.append({folder!r}); "
    "from pipecell.local.runtimes.notebook_job import main; sys.exit(main())"
)


def notebook_command(python: str) -> tuple[str, ...]:
    """Return what runs a notebook job in the user's Python.

    This package's folder goes last on its path, so that all other packages are the user's.
    """
    return (python, "-c", _PROGRAM.format(folder=PACKAGE_FOLDER))


def main() -> int:
    """Run the job's notebook; return 0, or 1 with the reason in the log."""
    try:
        run(os.environ)
    except Exception as error:
        traceback.print_exc()
        print(f"The notebook failed: {type(error).__name__}", file=sys.stderr)  # noqa: T201 - the log
        return 1
    return 0


def run(variables: Mapping[str, str]) -> None:
    """Run the notebook that the job's environment names.

    Args:
        variables: the environment.

    Raises:
        CellExecutionError: a cell failed.
        ImportError: nbclient or the kernel's package is not installed.
    """
    import nbclient
    import nbformat

    folder = Path(variables["SM_EXECUTION_INPUT_PATH"])
    source = folder / variables["SM_INPUT_NOTEBOOK_NAME"]
    target = Path(variables["SM_OUTPUT_DATA_DIR"]) / variables["SM_OUTPUT_NOTEBOOK_NAME"]
    script = variables.get("SM_INIT_SCRIPT")
    if script:
        subprocess.run(["/bin/bash", str(folder / script)], cwd=folder, check=True)
    notebook: Any = nbformat.read(str(source), as_version=4)
    parameters = _parameters(variables)
    if parameters:
        insert_parameters(notebook, parameters)
    kernel = _kernel(variables.get("SM_KERNEL_NAME", ""))
    client = nbclient.NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=KERNEL_SECONDS,
        iopub_timeout=KERNEL_SECONDS,
        kernel_name=kernel,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    finally:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, str(target))
    print(f"{source.name} ran; {target.name} holds its output.")  # noqa: T201 - the log


def insert_parameters(notebook: Any, parameters: Mapping[str, Any]) -> None:
    """Add a cell that assigns parameters, where papermill would put it."""
    import nbformat.v4

    text = "# Parameters\n" + "".join(f"{name} = {value!r}\n" for name, value in parameters.items())
    cell = nbformat.v4.new_code_cell(text, metadata={"tags": ["injected-parameters"]})
    places = [
        index
        for index, each in enumerate(notebook.cells)
        if "parameters" in each.get("metadata", {}).get("tags", ())
    ]
    notebook.cells.insert(places[0] + 1 if places else 0, cell)


def _parameters(variables: Mapping[str, str]) -> dict[str, Any]:
    path = Path(variables["SM_INPUT_CONFIG_DIR"]) / "hyperparameters.json"
    given: dict[str, str] = json.loads(path.read_text())
    return {name: value for name, value in given.items() if not name.startswith("sagemaker_")}


def _kernel(wanted: str) -> str:
    """Return the kernel that the job names where it is installed, else Python's."""
    from jupyter_client.kernelspec import KernelSpecManager

    return wanted if wanted in KernelSpecManager().find_kernel_specs() else "python3"
