"""Buckets with boto3: their names, their listing, their settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import pytest

from tests.local.conftest import Clients
from tests.local.s3.refusals import refused


def test_buckets(s3: Any, bucket: str, client: Clients) -> None:
    assert bucket in {item["Name"] for item in s3.list_buckets()["Buckets"]}
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.create_bucket(Bucket=bucket)
    west = client("s3", region="eu-west-1")
    name = f"{bucket}-west"
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert west.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert refused(
        west.create_bucket, Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    ) == ("BucketAlreadyOwnedByYou", 409)
    west.delete_bucket(Bucket=name)
    assert refused(west.head_bucket, Bucket=name) == ("404", 404)


def test_buckets_by_pages(s3: Any, bucket: str) -> None:
    for letter in "abc":
        s3.create_bucket(Bucket=f"{bucket}-{letter}")
    pages = s3.get_paginator("list_buckets").paginate(Prefix=f"{bucket}-", PaginationConfig={"PageSize": 2})
    assert [item["Name"] for page in pages for item in page["Buckets"]] == [f"{bucket}-{c}" for c in "abc"]


@pytest.mark.parametrize("name", ["UPPER", "a..b", "1.2.3.4", "-a-", "under_score"])
def test_names_that_s3_refuses(client: Clients, name: str) -> None:
    assert refused(client("s3").create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_missing_buckets_and_keys(s3: Any, bucket: str) -> None:
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="no-such-bucket", Key="k") == ("NoSuchBucket", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="no") == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="no") == ("404", 404)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="no")


def test_a_full_bucket_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_expected_owner(s3: Any, bucket: str) -> None:
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")
    assert refused(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="111122223333") == (
        "AccessDenied",
        403,
    )


def test_settings_that_are_answered(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls["Rules"][0]["ObjectOwnership"] == "BucketOwnerEnforced"
    s3.get_bucket_logging(Bucket=bucket)
    s3.get_bucket_notification_configuration(Bucket=bucket)
    s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    for call, code in [
        (s3.get_bucket_tagging, "NoSuchTagSet"),
        (s3.get_bucket_policy, "NoSuchBucketPolicy"),
        (s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
        (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
        (s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration"),
    ]:
        assert refused(call, Bucket=bucket) == (code, 404)


def test_settings_that_are_kept(s3: Any, bucket: str) -> None:
    tags = [{"Key": "team", "Value": "ml"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    s3.put_bucket_policy(Bucket=bucket, Policy='{"Version": "2012-10-17"}')
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == '{"Version": "2012-10-17"}'
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy="no") == ("MalformedPolicy", 400)
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == block
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def test_settings_that_would_have_to_act_are_refused(s3: Any, bucket: str) -> None:
    refusals: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Enabled"}}),
        (
            s3.put_bucket_lifecycle_configuration,
            {
                "LifecycleConfiguration": {
                    "Rules": [{"Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]
                }
            },
        ),
        (s3.put_bucket_website, {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "i"}}}),
        (s3.put_object_legal_hold, {"Key": "k", "LegalHold": {"Status": "ON"}}),
        (s3.restore_object, {"Key": "k", "RestoreRequest": {"Days": 1}}),
        (s3.get_object_torrent, {"Key": "k"}),
    ]
    for call, arguments in refusals:
        assert refused(call, Bucket=bucket, **arguments) == ("NotImplemented", 400)
    assert (
        refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", ObjectLockLegalHoldStatus="ON")[0]
        == "NotImplemented"
    )
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="v1") == ("NoSuchVersion", 404)


def test_the_resource_interface(bucket: str, client: Clients) -> None:
    import boto3

    info = client.info
    resource = boto3.session.Session().resource(
        "s3",
        region_name="us-east-1",
        endpoint_url=info.endpoint,
        aws_access_key_id=info.access_key,
        aws_secret_access_key=info.secret_key,
    )
    thing = resource.Bucket(bucket)
    for number in range(3):
        thing.put_object(Key=f"a/{number}", Body=b"x")
    assert [item.key for item in thing.objects.filter(Prefix="a/")] == ["a/0", "a/1", "a/2"]
    resource.Object(bucket, "b").copy_from(CopySource=f"{bucket}/a/0")
    assert resource.Object(bucket, "b").content_length == 1
    thing.objects.filter(Prefix="a/").delete()
    thing.object_versions.delete()
    thing.delete()
    # Whatever the stubs say, it is None of a bucket that is not there.
    assert cast("datetime | None", thing.creation_date) is None
    resource.meta.client.close()
