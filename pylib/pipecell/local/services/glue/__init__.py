"""Glue's jobs as AWS says them on the wire: Python-shell scripts really run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.services.glue.service import GlueService
    from pipecell.local.store import Store
    from pipecell.local.wire import Handler
    from pipecell.local.work.commands import Commands


def build(home: Home, store: Store, commands: Commands, others: Handler) -> GlueService:
    """Return the service.

    Args:
        home: the endpoint's home.
        store: where jobs and runs are kept.
        commands: what runs scripts.
        others: answers for the Data Catalog and all else of Glue.
    """
    from pipecell.local.services.glue.service import GlueService

    return GlueService(home, store, commands, others)
