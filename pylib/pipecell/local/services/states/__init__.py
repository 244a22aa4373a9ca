"""Step Functions as AWS says it on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.objects import ObjectStore
    from pipecell.local.services.states.service import StatesService
    from pipecell.local.store import Store


def build(home: Home, store: Store, objects: ObjectStore, **_others: Any) -> StatesService:
    """Return the service; its tasks reach the other services through the endpoint's own port."""
    from pipecell.local.services.states.service import StatesService
    from pipecell.local.work.states.integrations import EndpointIntegrations

    integrations = EndpointIntegrations(home, objects)
    return StatesService(store, integrations, integrations.clients.know)
