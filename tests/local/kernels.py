"""A real kernel, driven as a front end drives it."""

from __future__ import annotations

import os
import queue
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import KernelManager

SECONDS = 180.0


@dataclass
class Cell:
    """What one cell gave back.

    Attributes:
        status: ``ok`` or ``error``.
        outputs: messages of type display_data, execute_result, stream and error, in order.
        updates: contents of ``update_display_data`` messages for its displays, while it ran or later. What
            earlier cells show goes on changing meanwhile, and is none of them.
        seconds: how long the front end waited for it.
    """

    status: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def stdout(self) -> str:
        """All that it printed."""
        return "".join(
            out["text"] for out in self.outputs if out["type"] == "stream" and out["name"] == "stdout"
        )

    @property
    def error(self) -> str:
        """Its traceback as the front end shows it, without colours."""
        import re

        lines = [line for out in self.outputs if out["type"] == "error" for line in out["traceback"]]
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))

    def take(self, update: dict[str, Any]) -> None:
        """Keep an update of a display, if the display is this cell's."""
        own = {out["transient"]["display_id"] for out in self.outputs if out.get("transient")}
        if update["transient"]["display_id"] in own:
            self.updates.append(update)

    @property
    def texts(self) -> list[str]:
        """The plain text of each display and result."""
        return [out["data"]["text/plain"] for out in self.outputs if "data" in out]


class Kernel:
    """An ipykernel in a process of its own.

    Args:
        environment: variables on top of the test's own; None removes one.
        folder: where it works.
    """

    def __init__(self, environment: Mapping[str, str | None], folder: str) -> None:
        merged: dict[str, str | None] = {**os.environ, **environment}
        # Sockets in a folder of its own: a port that was free may be another kernel's when this one takes it.
        self._place = tempfile.TemporaryDirectory(prefix="kernel-")
        file = f"{self._place.name}/kernel.json"
        self._manager = KernelManager(transport="ipc", connection_file=file)
        self._manager.start_kernel(
            env={name: value for name, value in merged.items() if value is not None}, cwd=folder
        )
        self.client = self._manager.client()
        self.client.start_channels()
        self._meet()

    def run(self, code: str, *, cell_id: str | None = None, interrupt_after: str | None = None) -> Cell:
        """Run a cell and wait for it.

        Args:
            code: the cell.
            cell_id: what JupyterLab sends along.
            interrupt_after: interrupt the kernel once a display with this text has come.
        """
        from jupyter_client.session import Session

        session: Session = self.client.session
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        message = session.msg("execute_request", {**content, "allow_stdin": False, "stop_on_error": True})
        if cell_id is not None:
            message["metadata"]["cellId"] = cell_id
        began = time.monotonic()
        self.client.shell_channel.send(message)
        cell = Cell()
        self._collect(message["header"]["msg_id"], cell, interrupt_after)
        cell.status = self._reply(message["header"]["msg_id"])["status"]
        cell.seconds = time.monotonic() - began
        return cell

    def later(self, cell: Cell, text: str) -> str:
        """Wait, with the kernel idle, for an update of a cell's display that holds a text; return it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for content in cell.updates:
                if text in content["data"].get("text/plain", ""):
                    return str(content["data"]["text/plain"])
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["header"]["msg_type"] == "update_display_data":
                cell.take(message["content"])
        raise AssertionError(f"no update with {text!r}")

    def complete(self, code: str) -> list[str]:
        """Return the completions at the end of some code."""
        return list(self._reply(self.client.complete(code, len(code)))["matches"])

    def value(self, expression: str) -> Any:
        """Return the value of an expression that prints as Python."""
        import ast

        cell = self.run(f"print(repr({expression}))")
        assert cell.status == "ok", cell.error
        return ast.literal_eval(cell.stdout)

    def restart(self) -> None:
        """Start it anew: all its memory is gone."""
        self._manager.restart_kernel(now=True)
        self._meet()

    def close(self) -> None:
        """End it."""
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._place.cleanup()

    def _meet(self) -> None:
        """Wait until it answers, and until what it tells arrives here: that has a connection of its own."""
        self.client.wait_for_ready(timeout=SECONDS)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            asked = self.client.kernel_info()
            with suppress(queue.Empty):
                while self.client.get_iopub_msg(timeout=2)["parent_header"].get("msg_id") != asked:
                    pass
                return
        raise AssertionError("The kernel tells nothing.")

    def _reply(self, message_id: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") == message_id:
                content: dict[str, Any] = message["content"]
                return content

    def _collect(self, message_id: str, cell: Cell, interrupt_after: str | None) -> None:
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "update_display_data":
                cell.take(content)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind in ("display_data", "execute_result", "stream", "error"):
                cell.outputs.append({"type": kind, **content})
            shown = content.get("data", {}).get("text/plain", "")
            if interrupt_after is not None and interrupt_after in shown:
                interrupt_after = None
                self._manager.interrupt_kernel()
