"""Settings of buckets: kept where they are harmless, answered with S3's defaults, else refused.

A setting that would have to act (versioning, life cycles, replication) is
refused, rather than accepted and not done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3 import xml
from pipecell.local.wire import Request, Response, ServiceError

_MAX_BUCKET_TAGS = 50

_ENCRYPTION = {
    "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
}
_ACL_GRANT = (
    '<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">'
    f"<ID>{xml.OWNER_ID}</ID><DisplayName>pipecell</DisplayName></Grantee>"
    "<Permission>FULL_CONTROL</Permission></Grant>"
)
ACL = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<AccessControlPolicy xmlns="{xml.NAMESPACE}"><Owner><ID>{xml.OWNER_ID}</ID>'
    "<DisplayName>pipecell</DisplayName></Owner>"
    f"<AccessControlList>{_ACL_GRANT}</AccessControlList></AccessControlPolicy>"
)

# What S3 answers where nothing was set: a document, or an error.
_DEFAULTS: Mapping[str, tuple[str, Mapping[str, xml.Member]]] = {
    "versioning": ("VersioningConfiguration", {}),
    "encryption": ("ServerSideEncryptionConfiguration", _ENCRYPTION),
    "notification": ("NotificationConfiguration", {}),
    "logging": ("BucketLoggingStatus", {}),
    "accelerate": ("AccelerateConfiguration", {}),
    "requestPayment": ("RequestPaymentConfiguration", {"Payer": "BucketOwner"}),
    "ownershipControls": ("OwnershipControls", {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}),
}
_ABSENT: Mapping[str, tuple[str, str]] = {
    "tagging": ("NoSuchTagSet", "The TagSet does not exist"),
    "cors": ("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
    "lifecycle": ("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
    "website": ("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
    "replication": (
        "ReplicationConfigurationNotFoundError",
        "The replication configuration was not found",
    ),
    "object-lock": (
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
    ),
    "publicAccessBlock": (
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    ),
    "policyStatus": ("NoSuchBucketPolicy", "The bucket policy does not exist"),
}
# Kept and given back; none of them changes what the one user of a local bucket may do.
_KEPT = ("encryption", "cors", "publicAccessBlock", "ownershipControls")
# Accepted only when they ask for what holds anyway: the words that ask for more.
_INERT: Mapping[str, tuple[str, ...]] = {
    "versioning": ("Enabled",),
    "notification": ("Configuration>", "EventBridge"),
    "logging": ("LoggingEnabled",),
    "accelerate": ("Enabled",),
    "requestPayment": ("Requester",),
}

Operation = Callable[[Request, str, str], Response]


class Settings:
    """Reading and writing what is set for a bucket.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def operations(self) -> dict[tuple[str, str], Operation]:
        """Return the operations by method and subresource."""
        table: dict[tuple[str, str], Operation] = {
            ("GET", "acl"): self._get_acl,
            ("PUT", "acl"): self._put_acl,
            ("GET", "policy"): self._get_policy,
            ("PUT", "policy"): self._put_policy,
            ("DELETE", "policy"): self._remover("policy"),
            ("GET", "tagging"): self._get_tags,
            ("PUT", "tagging"): self._put_tags,
            ("DELETE", "tagging"): self._remover("tagging"),
        }
        for name in {*_DEFAULTS, *_ABSENT} - {"tagging"}:
            table["GET", name] = self._getter(name)
        for name in _KEPT:
            table["PUT", name] = self._keeper(name)
        for name in (*_KEPT, "lifecycle", "website", "replication"):
            table["DELETE", name] = self._remover(name)
        for name, words in _INERT.items():
            table["PUT", name] = self._inert(name, words)
        return table

    def _getter(self, name: str) -> Operation:
        def get(_request: Request, bucket: str, _key: str) -> Response:
            kept = self._objects.bucket(bucket).settings.get(name)
            if kept is not None:
                return xml.verbatim(kept)
            if name in _DEFAULTS:
                root, members = _DEFAULTS[name]
                return xml.document(root, members)
            code, message = _ABSENT[name]
            raise ServiceError(code, message, status=404, BucketName=bucket)

        return get

    def _keeper(self, name: str) -> Operation:
        def put(request: Request, bucket: str, _key: str) -> Response:
            body = request.read_body()
            xml.parse(body)
            self._objects.change_settings(bucket, **{name: body.decode()})
            return Response(200)

        return put

    def _remover(self, name: str) -> Operation:
        def delete(_request: Request, bucket: str, _key: str) -> Response:
            self._objects.change_settings(bucket, **{name: None})
            return Response(204)

        return delete

    def _inert(self, name: str, words: tuple[str, ...]) -> Operation:
        def put(request: Request, bucket: str, _key: str) -> Response:
            self._objects.bucket(bucket)
            body = request.read_body()
            root = xml.parse(body)
            inner = "".join(f"<{child.tag}>{child.text or ''}" for child in root.iter() if child is not root)
            if any(word in inner for word in words):
                raise ServiceError(
                    "NotImplemented", f"The local endpoint does not implement {name} of buckets."
                )
            return Response(200)

        return put

    def _get_acl(self, _request: Request, bucket: str, _key: str) -> Response:
        self._objects.bucket(bucket)
        return xml.verbatim(ACL)

    def _put_acl(self, _request: Request, bucket: str, _key: str) -> Response:
        # There is one user: who else might read changes nothing here.
        self._objects.bucket(bucket)
        return Response(200)

    def _get_policy(self, _request: Request, bucket: str, _key: str) -> Response:
        policy = self._objects.bucket(bucket).settings.get("policy")
        if policy is None:
            code, message = _ABSENT["policyStatus"]
            raise ServiceError(code, message, status=404, BucketName=bucket)
        return Response(200, {"content-type": "application/json"}, policy.encode())

    def _put_policy(self, request: Request, bucket: str, _key: str) -> Response:
        body = request.read_body()
        try:
            valid = isinstance(json.loads(body), dict)
        except ValueError:
            valid = False
        if not valid:
            raise ServiceError(
                "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'"
            )
        self._objects.change_settings(bucket, policy=body.decode())
        return Response(204)

    def _get_tags(self, _request: Request, bucket: str, _key: str) -> Response:
        tags = self._objects.bucket(bucket).settings.get("tagging")
        if not tags:
            code, message = _ABSENT["tagging"]
            raise ServiceError(code, message, status=404, BucketName=bucket)
        return xml.tagging(tags)

    def _put_tags(self, request: Request, bucket: str, _key: str) -> Response:
        tags = xml.tags_of(xml.parse(request.read_body()), _MAX_BUCKET_TAGS)
        self._objects.change_settings(bucket, tagging=tags)
        return Response(204)
