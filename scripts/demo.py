"""`make demo`: run notebooks/01-census.ipynb on this machine and say what came out.

The notebook is executed as JupyterLab would, in a kernel of its own; this script only looks on. While the
pipeline runs, the terminal shows the same picture as the notebook, as text.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "01-census.ipynb"
ARTIFACTS = ROOT / "artifacts"
HOME = ARTIFACTS / "home"
CELL_SECONDS = 900
CLOCK = re.compile(r"\d+:\d\d(:\d\d)?")


class Terminal:
    """Prints lines, and one picture that is drawn again in place where that is possible."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._height = 0
        self._seen: set[str] = set()

    def line(self, text: str = "") -> None:
        """Print a line below whatever stands there."""
        self._height = 0
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def picture(self, text: str) -> None:
        """Draw a picture over the one before; in a file or a pipe, print only the lines that are new."""
        lines = [f"       {line}" for line in text.splitlines()]
        if self._live:
            sys.stdout.write(f"\x1b[{self._height}F\x1b[J" if self._height else "")
            self._height = len(lines)
        else:
            new = {CLOCK.sub("", line): line for line in lines}
            lines = [line for timeless, line in new.items() if timeless not in self._seen]
            self._seen.update(new)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()


def use_own_home() -> None:
    """Keep the demo apart from the user's own local endpoint, and from any AWS account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["PIPECELL_HOME"] = str(HOME)


def execute(
    notebook: NotebookNode,
    on_cell: Callable[[int], None],
    on_picture: Callable[[Mapping[str, str]], None],
) -> None:
    """Execute every cell in order.

    Args:
        notebook: the notebook; its outputs are replaced.
        on_cell: told the index of each code cell before it is executed.
        on_picture: given each picture of the run as it changes, by MIME type.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed; the error shows the cell.
    """
    from nbclient import NotebookClient
    from traitlets.config import Config

    class Onlooker(NotebookClient):
        """A client that passes on the pictures of the run."""

        def process_message(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
            """Take in one message of the kernel."""
            shows = msg["msg_type"] in {"display_data", "update_display_data"}
            if shows and cell.source.startswith("%pipeline run"):
                on_picture(msg["content"]["data"])
            return super().process_message(msg, cell, cell_index)

    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    with tempfile.TemporaryDirectory() as sockets:
        # Not over TCP, where others on this machine could listen.
        config = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        Onlooker(
            notebook,
            config=config,
            timeout=CELL_SECONDS,
            resources=folder,
            record_timing=False,
            on_cell_execute=lambda cell, cell_index: on_cell(cell_index),
        ).execute()


def save(notebook: NotebookNode) -> tuple[Path, Path]:
    """Write the executed notebook and a page of it that loads nothing from the network; return both paths."""
    import nbformat
    from nbconvert import HTMLExporter

    executed = ARTIFACTS / NOTEBOOK.name
    nbformat.write(notebook, executed)
    exporter = HTMLExporter(embed_images=True)
    # The exporter would load MathJax, RequireJS and others from the network; the page needs none of them.
    for name in exporter.trait_names():
        if name.endswith("_url"):
            setattr(exporter, name, "")
    page = executed.with_suffix(".html")
    page.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    return executed, page


def pipecell(*arguments: str) -> str:
    """Run ``pipecell`` as a user would and return what it prints."""
    command = [sys.executable, "-m", "pipecell.cli", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def local_client(service: str) -> Any:
    """Return a boto3 client for the local endpoint, the way any program gets one."""
    import boto3

    os.environ.update(json.loads(pipecell("local", "env", "--json")))
    session: Any = boto3.Session()
    return session.client(service)


def metadata_arn(step: Mapping[str, Any], kind: str) -> str:
    """Return the ARN of the job or model package that a step made; empty when it made none of that kind."""
    arn: str = step["metadata"].get(kind, {}).get("Arn", "")
    return arn


def read_metrics(run: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the metrics of the report that the evaluation job left in S3."""
    evaluation = next(step for step in run["steps"] if step["name"] == "CensusEval")
    job = local_client("sagemaker").describe_processing_job(
        ProcessingJobName=metadata_arn(evaluation, "ProcessingJob").rpartition("/")[2]
    )
    uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    body = local_client("s3").get_object(Bucket=bucket, Key=f"{prefix}/evaluation.json")["Body"].read()
    metrics: dict[str, dict[str, float]] = json.loads(body)["binary_classification_metrics"]
    return metrics


def seconds(step: Mapping[str, Any]) -> float:
    """Return how long a step took."""
    started, ended = (datetime.fromisoformat(step[key]) for key in ("started", "ended"))
    return (ended - started).total_seconds()


def report(run: Mapping[str, Any], metrics: Mapping[str, Mapping[str, float]], terminal: Terminal) -> None:
    """Print the status, each step's duration, the metrics and the model package."""
    terminal.line(f"\n{run['pipeline']}: {run['status']}, on this machine")
    for step in run["steps"]:
        terminal.line(f"  {step['name']:<30} {step['type']:<14} {step['status']:<10} {seconds(step):7.1f} s")
    terminal.line("\nOn people whom the model never saw, weighted as the survey says:")
    value = {name: metric["value"] for name, metric in metrics.items()}
    terminal.line(
        f"  accuracy           {value['accuracy']:.3f}   "
        f"(answering always no: {value['majority_class_accuracy']:.3f})"
    )
    terminal.line(f"  AUC                {value['auc']:.3f}   (a coin: 0.500)")
    positive = 1 - value["majority_class_accuracy"]
    terminal.line(f"  average precision  {value['average_precision']:.3f}   (a coin: {positive:.3f})")
    registered = [arn for step in run["steps"] if (arn := metadata_arn(step, "RegisterModel"))]
    terminal.line(f"\nRegistered: {', '.join(registered) or 'nothing'}")


def main() -> int:
    """Run the demo; exit code 0 only if the pipeline succeeded."""
    import nbformat
    from nbclient.exceptions import CellExecutionError

    parser = argparse.ArgumentParser(prog="make demo", description="Run the census notebook on this machine.")
    parser.add_argument("--store", action="store_true", help="keep the outputs in the notebook itself too")
    store = parser.parse_args().store
    terminal = Terminal()
    ARTIFACTS.mkdir(exist_ok=True)
    use_own_home()
    started = time.monotonic()
    terminal.line(
        f"{NOTEBOOK.relative_to(ROOT)}, on this machine: no AWS account, no Docker, nothing leaves it."
    )
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    def announce(index: int) -> None:
        introduction = notebook.cells[index - 1].source.partition("\n")[0]
        if introduction.startswith("#"):
            terminal.line(f"  {introduction.lstrip('# ')}")
        terminal.line(f"    {notebook.cells[index].source.splitlines()[0]}")

    try:
        execute(notebook, announce, lambda data: terminal.picture(data.get("text/plain", "")))
        run = json.loads(pipecell("watch", "last", "--once", "--json"))
        report(run, read_metrics(run), terminal)
    except CellExecutionError as error:
        terminal.line(str(error))
        return 1
    finally:
        executed, page = save(notebook)
        pipecell("local", "stop")
    if store:
        nbformat.write(notebook, NOTEBOOK)
    home = HOME.relative_to(ROOT)
    terminal.line(f"\nThe executed notebook: {executed.relative_to(ROOT)}")
    terminal.line(f"The same as a page:    {page.relative_to(ROOT)}")
    terminal.line(f"Everything it kept:    PIPECELL_HOME={home} .venv/bin/pipecell list")
    terminal.line(f"\nTook {time.monotonic() - started:.0f} s. Next: make lab")
    return 0 if run["status"] == "Succeeded" else 1


if __name__ == "__main__":
    raise SystemExit(main())
