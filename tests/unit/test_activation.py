"""The local target is chosen in the background; whoever needs it first waits for it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pipecell import targets
from pipecell.activation import Activation
from pipecell.errors import EndpointError, PipecellError


def chosen(monkeypatch: pytest.MonkeyPatch, choose: Any) -> list[PipecellError]:
    monkeypatch.setattr(targets, "activate_local", choose)
    monkeypatch.setitem(sys.modules, "botocore", None)  # as if nobody had imported it
    monkeypatch.delitem(sys.modules, "botocore")
    return []


def test_beginning_does_not_wait_and_settling_does(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, done = threading.Event(), threading.Event()

    def slow(home: Path | None) -> None:
        gate.wait(60)
        done.set()

    told = chosen(monkeypatch, slow)
    begun = Activation(None, told.append)
    begun.begin()
    assert not done.is_set()
    gate.set()
    begun.settle()
    assert done.is_set()
    assert told == []


def test_a_failure_is_told_once_and_by_the_waiting_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    error = EndpointError("The disk is full.")

    def fails(home: Path | None) -> None:
        raise error

    told = chosen(monkeypatch, fails)
    begun = Activation(None, told.append)
    begun.begin()
    begun.settle()
    begun.settle()
    assert told == [error]


def test_an_import_of_botocore_waits() -> None:
    program = """
import sys, threading, time
from pipecell import targets
from pipecell.activation import Activation
done, gate = [], threading.Event()
def slow(home):
    gate.wait()
    time.sleep(0.3)
    done.append(1)
targets.activate_local = slow
begun = Activation(None, print)
begun.begin()
assert not done
gate.set()
import botocore
assert done, "botocore was imported before the target was chosen"
begun.settle()
assert not any(type(finder).__module__ == "pipecell.declare.imports" for finder in sys.meta_path)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
