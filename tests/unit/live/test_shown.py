"""What is shown has one widget, whoever asks for it first."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipecell.live.shown import Shown

DEADLINE = 60.0


class Picture(Shown):
    """Something whose document is made while other threads want the widget, too."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.here = threading.Barrier(wanted)

    def document(self) -> dict[str, Any]:
        return {"view": "executions"}

    def asked(self, request: Mapping[str, Any]) -> None:
        pass

    def want(self) -> Any:
        self.here.wait(DEADLINE)
        return self.widget


def test_threads_share_one_widget() -> None:
    threads = 8
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(10):
            picture = Picture(threads)
            wanted = [pool.submit(picture.want) for _ in range(threads)]
            assert len({id(found.result(DEADLINE)) for found in wanted}) == 1
