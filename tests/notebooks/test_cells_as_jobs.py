"""The census pipeline in cells that are jobs is the one of notebook 01: the same graph, the same metrics."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def _graph(name: str, env: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "pipecell.cli", "preview", name, "--json"]
    done = subprocess.run(command, cwd=NOTEBOOKS, env=env, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _comparable(graph: dict[str, Any]) -> dict[str, Any]:
    """A graph without the numbers of cells, in an order of its own."""
    nodes = [{key: value for key, value in node.items() if key != "cell"} for node in graph["nodes"]]
    return {
        "pipeline": graph["pipeline"],
        "nodes": sorted(nodes, key=lambda node: str(node["id"])),
        "edges": sorted(graph["edges"], key=lambda edge: sorted(edge.items())),
    }


def _metrics(name: str) -> list[str]:
    cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    texts = [output.data["text/plain"] for output in outputs if output.output_type == "execute_result"]
    return [text for text in texts if "standard_deviation" in text]


def test_the_graph_is_that_of_the_sdk_code(env: dict[str, str]) -> None:
    ours, theirs = (_comparable(_graph(name, env)) for name in ("03-cells-as-jobs.ipynb", "01-census.ipynb"))
    assert ours == theirs


def test_the_metrics_are_those_of_the_sdk_code() -> None:
    ours, theirs = (_metrics(name) for name in ("03-cells-as-jobs.ipynb", "01-census.ipynb"))
    assert len(ours) == 1
    assert ours == theirs


def test_it_takes_a_third_of_the_lines() -> None:
    def lines(text: str) -> int:
        return sum(bool(line.strip()) for line in text.splitlines())

    def declaring(name: str) -> int:
        cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
        return sum(lines(cell.source) for cell in cells if cell.source.startswith(("%%pipeline", "%%step")))

    scripts = sum(lines(path.read_text()) for path in (NOTEBOOKS / "code").glob("*.py"))
    assert declaring("03-cells-as-jobs.ipynb") * 3 <= declaring("01-census.ipynb") + scripts
