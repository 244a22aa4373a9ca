"""Buckets themselves."""

from __future__ import annotations

from pipecell.local.home import DEFAULT_REGION
from pipecell.local.objects import ObjectStore
from pipecell.local.services.s3 import xml
from pipecell.local.wire import Request, Response, ServiceError


class Buckets:
    """Creating, finding and removing buckets.

    Args:
        objects: the store.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def list_all(self, request: Request, _bucket: str, _key: str) -> Response:
        """ListBuckets."""
        prefix = request.query.get("prefix", "")
        region = request.query.get("bucket-region")
        after = request.query.get("continuation-token", "")
        limit = int(request.query.get("max-buckets") or 10_000)
        found = [
            bucket
            for bucket in self._objects.list_buckets()
            if bucket.name.startswith(prefix) and bucket.name > after and region in {None, bucket.region}
        ]
        shown = found[:limit]
        buckets = [
            {"Name": item.name, "CreationDate": xml.timestamp(item.created), "BucketRegion": item.region}
            for item in shown
        ]
        members = {
            "Owner": xml.OWNER,
            "Buckets": {"Bucket": buckets},
            "Prefix": prefix or None,
            "ContinuationToken": shown[-1].name if len(found) > len(shown) else None,
        }
        return xml.document("ListAllMyBucketsResult", members)

    def create(self, request: Request, bucket: str, _key: str) -> Response:
        """CreateBucket; in us-east-1 creating one's own bucket again succeeds, as S3 keeps it there."""
        region = self._location_constraint(request) or request.region
        if request.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
            raise ServiceError("NotImplemented", "The local endpoint does not implement object lock.")
        try:
            self._objects.create_bucket(bucket, region)
        except ServiceError as error:
            if error.code != "BucketAlreadyOwnedByYou" or request.region != DEFAULT_REGION:
                raise
        return Response(200, {"location": f"/{bucket}"})

    def head(self, _request: Request, bucket: str, _key: str) -> Response:
        """HeadBucket."""
        found = self._objects.bucket(bucket)
        return Response(200, {"x-amz-bucket-region": found.region, "content-type": "application/xml"})

    def delete(self, _request: Request, bucket: str, _key: str) -> Response:
        """DeleteBucket."""
        self._objects.delete_bucket(bucket)
        return Response(204)

    def location(self, _request: Request, bucket: str, _key: str) -> Response:
        """GetBucketLocation; us-east-1 is the empty word."""
        region = self._objects.bucket(bucket).region
        text = "" if region == DEFAULT_REGION else region
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<LocationConstraint xmlns="{xml.NAMESPACE}">{text}</LocationConstraint>'
        )
        return Response(200, {"content-type": "application/xml"}, body.encode())

    @staticmethod
    def _location_constraint(request: Request) -> str:
        body = request.read_body()
        if not body.strip():
            return ""
        root = xml.parse(body)
        if root.tag != "CreateBucketConfiguration":
            raise xml.malformed()
        return xml.text_of(root, "LocationConstraint")
