"""What aws-sdk tasks need, as narrow as their arguments say."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.definition.export.grants import Surroundings
from pipecell.definition.export.sdk_grants import sdk_grants

HERE = Surroundings("123456789012", "eu-west-1", "arn:aws:iam::123456789012:role/machine")
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:Outer"


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        ("s3:getObject", {"Bucket": "b", "Key": "k/x.csv"}, {("s3:GetObject", "arn:aws:s3:::b/k/x.csv")}),
        ("s3:putObject", {"Bucket": "b", "Key.$": "$.key"}, {("s3:PutObject", "arn:aws:s3:::b/*")}),
        ("s3:getObject", {"Bucket.$": "$.bucket", "Key": "k"}, {("s3:GetObject", "*")}),
        ("s3:getObject", {"Bucket": "{% $bucket %}", "Key": "k"}, {("s3:GetObject", "*")}),
        ("s3:listObjectsV2", {"Bucket": "b", "Prefix": "p/"}, {("s3:ListBucket", "arn:aws:s3:::b")}),
        ("s3:deleteObjects", {"Bucket": "b"}, {("s3:DeleteObject", "arn:aws:s3:::b/*")}),
        (
            "s3:copyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "/a/x"},
            {("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::a/x")},
        ),
        ("sqs:sendMessage", {"QueueUrl": QUEUE}, {("sqs:SendMessage", HERE.arn("sqs", "jobs"))}),
        ("sfn:startExecution", {"StateMachineArn": MACHINE}, {("states:StartExecution", MACHINE)}),
        ("dynamodb:getItem", {"TableName": "T"}, {("dynamodb:GetItem", HERE.arn("dynamodb", "table/T"))}),
        (
            "sagemaker:startPipelineExecution",
            {"PipelineName": "Census"},
            {("sagemaker:StartPipelineExecution", HERE.arn("sagemaker", "pipeline/census"))},
        ),
        ("sagemaker:describeEndpoint", {"EndpointName": "e"}, {("sagemaker:DescribeEndpoint", "*")}),
    ],
)
def test_a_call_is_granted_on_what_it_names(
    call: str, given: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    service, _, action = call.partition(":")
    found = {(grant.action, grant.resource) for grant in sdk_grants(service, action, given, HERE)}
    assert found == expected
