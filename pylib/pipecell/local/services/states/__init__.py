"""Step Functions as AWS says it on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipecell.local.home import Home
    from pipecell.local.objects import ObjectStore
    from pipecell.local.services.states.service import PutEvent, StatesService
    from pipecell.local.store import Store
    from pipecell.local.work.commands import Commands


def build(  # noqa: PLR0917 -- the parts of an endpoint
    home: Home,
    store: Store,
    objects: ObjectStore,
    commands: Commands,
    put_event: PutEvent,
    implements: Callable[[str, str], bool],
) -> StatesService:
    """Return the service; its tasks reach the other services through the endpoint's own port.

    Args:
        home: holds the user's mappings of tasks to commands.
        store: the endpoint's state.
        objects: its S3.
        commands: what runs mapped commands.
        put_event: puts an event on a region's default bus of EventBridge.
        implements: whether the endpoint has an operation of a service.
    """
    from pipecell.local.services.states.service import StatesService
    from pipecell.local.work.states.integrations import EndpointIntegrations

    integrations = EndpointIntegrations(home, objects, commands, implements)
    return StatesService(store, integrations, integrations.clients.know, put_event)
