"""A Chromium of the machine, and a JupyterLab that nothing of the developer's reaches."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.lab import Lab

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 300.0
_PAGES = {
    "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True},
    "buildCheck": False,  # else each page has the server run Node.js, to see whether JupyterLab must be built
}
_SETTINGS = {
    # A busy kernel completes late: JupyterLab would wait a second for it.
    "completer-extension/manager": {"providerTimeout": 1000 * SECONDS},
    # Tests save when they want to; two savings at once are a conflict.
    "docmanager-extension/plugin": {"autosave": False},
}
"""Settings of JupyterLab's own extensions."""

_WITHOUT = """
import sys
from ipykernel.kernelapp import launch_new_instance

class Without:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "pipecell":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
launch_new_instance()
"""
_SHELL = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Shell(Kernel):
    implementation, implementation_version, banner = "shell", "1", ""
    language_info = {"name": "bash", "mimetype": "text/x-sh", "file_extension": ".sh"}

    async def do_execute(self, *_, **__):
        answer = {"status": "ok", "execution_count": self.execution_count}
        return {**answer, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Shell)
"""
_KERNELS = (
    ("python3", ("-m", "ipykernel_launcher"), "python"),
    ("without", ("-c", _WITHOUT), "python"),
    ("bash", ("-c", _SHELL), "bash"),
)
"""Kernels by name: one with pipecell, one where it is not installed, and one that is no Python."""


def find_browser() -> str:
    """Return the machine's Chromium; ``PIPECELL_BROWSER`` names another one.

    Raises:
        RuntimeError: there is none.
    """
    named = os.environ.get("PIPECELL_BROWSER")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise RuntimeError("No Chromium here: install the package chromium, or name one in PIPECELL_BROWSER.")
    return found


@contextmanager
def running_lab(folder: Path, python: str = sys.executable) -> Iterator[Lab]:
    """Run a JupyterLab with the built extension, and an own local endpoint for its kernels.

    Args:
        folder: where it keeps all that it writes; its files are in ``work``.
        python: whose JupyterLab; its kernels are of this Python, which has all of pipecell.
    """
    work = folder / "work"
    work.mkdir()
    config = folder / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text(json.dumps(_PAGES))
    for plugin, values in _SETTINGS.items():
        kept = folder / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        kept.parent.mkdir(parents=True)
        kept.write_text(json.dumps(values))
    for name, argv, language in _KERNELS:
        _write_kernelspec(folder / "data" / "kernels" / name, argv, language)
    token = secrets.token_hex(16)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JUPYTER"))
    } | {
        "JUPYTER_PREFER_ENV_PATH": "0",  # our kernel before that of the server's own environment
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PIPECELL_HOME": str(folder / "home"),
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    command = [
        *(python, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={_free_port()}", f"--IdentityProvider.token={token}"),
        # A page that is short of the processor answers late: it is not gone.
        "--ServerApp.tornado_settings={'ws_ping_interval': 0}",
        *(f"--ServerApp.root_dir={work}", "--LabApp.expose_app_in_browser=True"),
    ]
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=work)
        try:
            yield Lab(_wait_for(process, folder, token), token, work)
        finally:
            _end(process)
            stop = [sys.executable, "-m", "pipecell.cli", "local", "stop"]
            subprocess.run(stop, env=environment, check=False, capture_output=True)


def _write_kernelspec(folder: Path, argv: tuple[str, ...], language: str) -> None:
    folder.mkdir(parents=True)
    command = [sys.executable, *argv, "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": folder.name, "language": language}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _wait_for(process: subprocess.Popen[bytes], folder: Path, token: str) -> str:
    """Return where a JupyterLab answers: on another port than it was given, where somebody has taken that."""
    told = folder / "runtime" / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            url = f"http://127.0.0.1:{json.loads(told.read_text())['port']}"
            with urllib.request.urlopen(f"{url}/api/status?token={token}", timeout=60):
                return url
        except (OSError, ValueError):  # not there, half written, or not answering yet
            time.sleep(0.2)
    log = (folder / "lab.log").read_text(errors="replace")
    raise RuntimeError(f"JupyterLab did not start:\n{log[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a JupyterLab and its kernels; one that does not go by itself is made to."""
    process.terminate()
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
