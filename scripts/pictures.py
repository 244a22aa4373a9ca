"""`make pictures`: draw the README's pictures again, from a real run of the census notebook.

``docs/images/dag.svg`` is what the last declaring cell shows, ``run.svg`` what the run shows at the end of
the training.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts import demo

if TYPE_CHECKING:
    from nbformat import NotebookNode

IMAGES = demo.ROOT / "docs" / "images"
SVG = "image/svg+xml"
TRAINING = "● CensusTrain"


def declared(notebook: NotebookNode) -> str:
    """Return the DAG below the last cell that declares something."""
    cells = [cell for cell in notebook.cells if cell.source.startswith("%%pipeline")]
    svg: str = next(output["data"][SVG] for output in cells[-1].outputs if SVG in output.get("data", {}))
    return svg


def main() -> int:
    """Run the notebook and write both pictures."""
    import nbformat

    demo.ARTIFACTS.mkdir(exist_ok=True)
    demo.use_own_home()
    notebook = nbformat.read(demo.NOTEBOOK, as_version=4)
    training: list[str] = []

    def keep(data: Mapping[str, str]) -> None:
        if TRAINING in data.get("text/plain", "") and SVG in data:
            training[:] = [data[SVG]]

    try:
        demo.execute(notebook, lambda _: None, keep)
    finally:
        demo.pipecell("local", "stop")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, svg in (("dag.svg", declared(notebook)), ("run.svg", training[0])):
        (IMAGES / name).write_text(svg, encoding="utf-8")
        sys.stdout.write(f"{(IMAGES / name).relative_to(demo.ROOT)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
