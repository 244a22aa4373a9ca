"""Which operation a request to S3 means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from pipecell.local.home import ACCOUNT_ID
from pipecell.local.hosts import bucket_of_host
from pipecell.local.object_model import check_bucket_name
from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3.buckets import Buckets
from pipecell.local.services.s3.contents import Contents
from pipecell.local.services.s3.forms import Forms, VerifyPolicy
from pipecell.local.services.s3.listings import Listings
from pipecell.local.services.s3.multipart import Multipart
from pipecell.local.services.s3.settings import Settings
from pipecell.local.uploads import Uploads
from pipecell.local.wire import Request, Response, ServiceError

Operation = Callable[[Request, str, str], Response]
"""Takes a request, its bucket and its key."""

# Query parameters that choose an operation, as S3's documentation lists them.
_OLD_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_SUBRESOURCES = (
    *("uploadId", "uploads", "delete", "tagging", "acl", "attributes", "versions", "location", "versioning"),
    *("policy", "policyStatus", "encryption", "cors", "lifecycle", "website", "notification", "logging"),
    *("accelerate", "requestPayment", "replication", "object-lock", "publicAccessBlock", "ownershipControls"),
    *("legal-hold", "retention", "torrent", "restore", "select", "inventory", "metrics", "analytics"),
    *("intelligent-tiering", "session", "metadataTable", "metadataConfiguration", "abac", "renameObject"),
    *("annotation", "metadataInventoryTable", "metadataJournalTable", "metadataAnnotationTable"),
)


@dataclass(frozen=True)
class Target:
    """What a request is about.

    Args:
        bucket: "" for the service itself.
        key: "" for the bucket itself.
    """

    bucket: str
    key: str


class S3Service:
    """Routes requests to the rooms of this package.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        uploads = Uploads(objects)
        buckets = Buckets(objects)
        settings = Settings(objects)
        listings = Listings(objects, uploads)
        contents = Contents(objects)
        self._forms = Forms(objects)
        multipart = Multipart(objects, uploads)
        self._service: dict[str, Operation] = {"GET": buckets.list_all}
        self._bucket: dict[tuple[str, str], Operation] = {
            ("PUT", ""): buckets.create,
            ("HEAD", ""): buckets.head,
            ("DELETE", ""): buckets.delete,
            ("GET", ""): listings.objects,
            ("GET", "versions"): listings.versions,
            ("GET", "uploads"): listings.uploads,
            ("GET", "location"): buckets.location,
            ("POST", "delete"): contents.delete_many,
            **settings.operations(),
        }
        self._object: dict[tuple[str, str], Operation] = {
            ("GET", ""): contents.get,
            ("HEAD", ""): contents.head,
            ("PUT", ""): contents.put,
            ("DELETE", ""): contents.delete,
            ("GET", "attributes"): contents.attributes,
            ("GET", "tagging"): contents.get_tags,
            ("PUT", "tagging"): contents.put_tags,
            ("DELETE", "tagging"): contents.delete_tags,
            ("GET", "acl"): contents.get_acl,
            ("PUT", "acl"): contents.put_acl,
            ("POST", "uploads"): multipart.create,
            ("PUT", "uploadId"): multipart.upload_part,
            ("GET", "uploadId"): multipart.list_parts,
            ("POST", "uploadId"): multipart.complete,
            ("DELETE", "uploadId"): multipart.abort,
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        target = target_of(request)
        owner = request.headers.get("x-amz-expected-bucket-owner", ACCOUNT_ID)
        if owner != ACCOUNT_ID:
            raise ServiceError("AccessDenied", "Access Denied", status=403)
        operation = self._find(request, target)
        response = operation(request, target.bucket, target.key)
        response.headers.setdefault("x-amz-id-2", request.request_id)
        return response

    def post_form(self, request: Request, verify: VerifyPolicy) -> Response:
        """Answer an upload by form.

        Args:
            request: unsigned: its body says who sent it.
            verify: checks that.
        """
        return self._forms.post(request, target_of(request).bucket, verify)

    def _find(self, request: Request, target: Target) -> Operation:
        subresource = next((name for name in _SUBRESOURCES if name in request.query), "")
        if not target.bucket:
            operation = self._service.get(request.method)
        elif not target.key:
            operation = self._bucket.get((request.method, subresource))
        else:
            operation = self._object.get((request.method, subresource))
        if operation is None:
            what = f"{request.method} ?{subresource}" if subresource else request.method
            level = "an object" if target.key else "a bucket" if target.bucket else "the service"
            raise ServiceError(
                "NotImplemented",
                f"The local endpoint does not implement {what} of {level} of S3.",
                status=405 if request.method not in {"GET", "PUT", "POST", "DELETE", "HEAD"} else 400,
            )
        return operation


def target_of(request: Request) -> Target:
    """Return bucket and key: virtual-host style when the Host header names a bucket, else path style."""
    path = request.path[1:]
    bucket = bucket_of_host(request.headers.get("host", ""))
    if bucket:
        key = path
    else:
        bucket, _, key = path.partition("/")
        bucket = unquote(bucket)
    if bucket:
        _check(bucket)
    return Target(bucket, unquote(key, errors="surrogateescape"))


def _check(bucket: str) -> None:
    # Names that buckets of us-east-1 once could have lead to NoSuchBucket; creation looks closer.
    if not _OLD_NAME.fullmatch(bucket):
        check_bucket_name(bucket)
