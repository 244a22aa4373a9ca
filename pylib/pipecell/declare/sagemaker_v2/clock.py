"""The clock, the dice and the names that the SDK sees offline: readings become tokens of ``naming``."""

from __future__ import annotations

import sys
from typing import Any

from pipecell.declare.patches import Patch
from pipecell.declare.sagemaker_v2.context import Offline, current


class _Stand:
    """A module of the standard library as one SDK module sees it; all but a few names are the real ones."""

    def __init__(self, real: Any, user: str) -> None:
        self._real = real
        self._user = user

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def _offline(self) -> Offline | None:
        """Return the offline stretch if the SDK itself asks, not a cell that calls an SDK helper."""
        offline = current()
        if offline is None:
            return None
        frame = sys._getframe(2)
        while frame is not None and frame.f_globals.get("__name__") == self._user:
            frame = frame.f_back  # type: ignore[assignment]
        asker = frame.f_globals.get("__name__", "") if frame is not None else ""
        return offline if asker.partition(".")[0] == "sagemaker" else None


class _Time(_Stand):
    def time(self) -> float:
        offline = self._offline()
        return offline.read_clock().moment if offline else float(self._real.time())

    def strftime(self, text: str, *moment: Any) -> str:
        if not moment:
            offline = self._offline()
            if offline is not None:
                moment = (self._real.gmtime(offline.read_clock().moment),)
        return str(self._real.strftime(text, *moment))


class _Uuid(_Stand):
    def uuid4(self) -> Any:
        offline = self._offline()
        return offline.read_clock().uuid if offline else self._real.uuid4()


class _Random(_Stand):
    """The SDK seeds Python's one generator for each name it makes up; offline it leaves it alone."""

    def seed(self, *args: Any) -> None:
        if self._offline() is None:
            self._real.seed(*args)

    def randrange(self, *args: int) -> int:
        return 0 if self._offline() else int(self._real.randrange(*args))


def _stands(module: str, attribute: str, stand: type[_Stand]) -> Patch:
    return Patch(module, attribute, lambda real: stand(real, module))


PATCHES = (
    _stands("sagemaker.utils", "time", _Time),
    _stands("sagemaker.utils", "random", _Random),
    _stands("sagemaker.utils", "uuid", _Uuid),
    _stands("sagemaker.fw_utils", "time", _Time),
    _stands("sagemaker.estimator", "uuid", _Uuid),
    _stands("sagemaker.model_monitor.model_monitoring", "uuid", _Uuid),
    _stands("sagemaker.model_monitor.monitoring_files", "uuid", _Uuid),
    _stands("sagemaker.model_monitor.clarify_model_monitoring", "uuid", _Uuid),
)
