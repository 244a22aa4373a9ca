"""SageMaker as AWS says it on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.objects import ObjectStore
    from pipecell.local.services.sagemaker.service import SageMakerService
    from pipecell.local.store import Store


def build(home: Home, store: Store, objects: ObjectStore, **_others: Any) -> SageMakerService:
    """Return the service; its ``resume`` takes up what was under way.

    Args:
        home: where jobs run and images are mapped.
        store: the endpoint's state.
        objects: its S3.
    """
    from pipecell.local.services.sagemaker.service import SageMakerService

    return SageMakerService(home, store, objects)
