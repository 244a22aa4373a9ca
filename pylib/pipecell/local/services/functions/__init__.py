"""Lambda as AWS says it on the wire; functions run in the user's Python, a process for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.objects import ObjectStore
    from pipecell.local.services.functions.service import FunctionsService
    from pipecell.local.store import Store


def build(home: Home, store: Store, objects: ObjectStore, **_others: Any) -> FunctionsService:
    """Return the service."""
    from pipecell.local.services.functions.service import FunctionsService

    return FunctionsService(home, store, objects)
