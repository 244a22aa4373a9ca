"""Amazon S3 on the wire: the REST protocol over the home's object store."""

from __future__ import annotations

from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3.service import S3Service

__all__ = ["S3Service", "build"]


def build(objects: ObjectStore) -> S3Service:
    """Return the service."""
    return S3Service(objects)
