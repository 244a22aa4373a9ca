"""Notebook jobs: a notebook file, or the cell as the only cell of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipecell.declare.jobs.script import write
from pipecell.declare.sagemaker_v2.jobs.making import made

if TYPE_CHECKING:
    from pipecell.declare.sagemaker_v2.jobs.making import Making

IMAGE = "sagemaker-distribution"


def make_notebook(making: Making) -> Any:
    """Return a NotebookJobStep."""
    from sagemaker.workflow.notebook_job_step import NotebookJobStep

    cell, step = making.cell, making.step(cache=False)
    runtime = cell.max_runtime
    return made(
        NotebookJobStep,
        input_notebook=str(_notebook(making)),
        notebook_job_name=making.setting("job_name", cell.name),
        image_uri=making.image(IMAGE),
        kernel_name=making.setting("kernel", "python3"),
        role=making.role,
        s3_root_uri=making.setting(
            "results", f"s3://{making.session.default_bucket()}/{making.scope.pipeline}/notebooks"
        ),
        parameters={key: making.text(value) for key, value in cell.params.items()} or None,
        environment_variables=making.environment(),
        instance_type=making.instance_type("NotebookInstanceType"),
        additional_dependencies=[str(path) for path in cell.script.helpers] if cell.script else None,
        tags=making.tags(),
        **({} if runtime is None else {"max_runtime_in_seconds": runtime}),
        **step,
    )


def _notebook(making: Making) -> Path:
    script, given = making.cell.script, making.setting("notebook")
    if (script is None) == (given is None):
        making.refuse(
            "A notebook step runs either --notebook FILE or the cell's body.", "Give one of the two.", "PC649"
        )
    if given is not None:
        path = Path(str(given)).expanduser()
        if not path.is_file():
            making.refuse(f"There is no notebook {path}.", "Give the path of an .ipynb file.", "PC642")
        return path.absolute()
    assert script is not None  # noqa: S101 - seen above
    made = script.path.with_suffix(".ipynb")
    write(made, _one_cell(script.text))
    return made


def _one_cell(source: str) -> str:
    """Return a notebook with one code cell; a cell for parameters goes before it when it runs."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "job",
        "metadata": {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1) + "\n"
