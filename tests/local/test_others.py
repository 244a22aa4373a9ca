"""sts and iam as the SDK asks them, and moto behind the port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipecell.local.daemon import EndpointInfo
from pipecell.local.home import ACCOUNT_ID, EXECUTION_ROLE_ARN, EXECUTION_ROLE_NAME, Home
from pipecell.local.services.others import Others
from pipecell.local.store import Store
from pipecell.local.wire import Request, ServiceError
from tests.local.conftest import Clients


def refused(call: Any, **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Message"],
    )


# Identity


def test_the_caller_is_the_execution_role(client: Clients) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNT_ID
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{EXECUTION_ROLE_NAME}/pipecell"


def test_the_sdk_finds_its_role(endpoint: EndpointInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import boto3, sagemaker\n"
        "import sagemaker.session as s\n"
        # What `target local` does to the SDK's one hard-coded address.
        f"s.sts_regional_endpoint = lambda region: {endpoint.endpoint!r}\n"
        "session = sagemaker.Session()\n"
        "print(sagemaker.get_execution_role(session), session.account_id(), session.default_bucket())\n"
    )
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint.endpoint,
        "AWS_ACCESS_KEY_ID": endpoint.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_key,
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == [
        EXECUTION_ROLE_ARN,
        ACCOUNT_ID,
        f"sagemaker-eu-central-1-{ACCOUNT_ID}",
    ]


def test_an_assumed_role_works_and_says_who_it_is(client: Clients, endpoint: EndpointInfo) -> None:
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/path/Deployer"
    answer = client("sts").assume_role(RoleArn=role, RoleSessionName="me")
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/Deployer/me"
    keys = answer["Credentials"]
    session = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    assert client("sts", **session).get_caller_identity()["Arn"].endswith("assumed-role/Deployer/me")
    client("s3", **session).list_buckets()
    forged = {**session, "aws_session_token": keys["SessionToken"][:-2] + "xx"}
    assert refused(client("s3", **forged).list_buckets)[:2] == ("InvalidAccessKeyId", 403)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (
            {"RoleArn": "arn:aws:iam::123456789012:role/other-account", "RoleSessionName": "me"},
            "AccessDenied",
        ),
        ({"RoleArn": "nonsense of twenty characters", "RoleSessionName": "me"}, "ValidationError"),
        ({"RoleArn": EXECUTION_ROLE_ARN, "RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleArn": EXECUTION_ROLE_ARN, "RoleSessionName": "me", "DurationSeconds": 899}, "ValidationError"),
    ],
)
def test_roles_that_cannot_be_assumed(client: Clients, arguments: dict[str, Any], code: str) -> None:
    from botocore.config import Config

    sts = client("sts", config=Config(parameter_validation=False))
    assert refused(sts.assume_role, **arguments)[0] == code


def test_a_session_token(client: Clients) -> None:
    keys = client("sts").get_session_token()["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA")


def test_the_role_is_the_same_before_and_after_moto(own_client: Clients) -> None:
    iam = own_client("iam")
    before = iam.get_role(RoleName=EXECUTION_ROLE_NAME)["Role"]
    assert before["Arn"] == EXECUTION_ROLE_ARN
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == [EXECUTION_ROLE_NAME]
    after = iam.get_role(RoleName=EXECUTION_ROLE_NAME)["Role"]
    for member in ("Arn", "RoleId", "CreateDate", "Path", "AssumeRolePolicyDocument"):
        assert after[member] == before[member]


# moto


def test_queues_topics_tables_and_rules(client: Clients, endpoint: EndpointInfo) -> None:
    sqs, sns, events = client("sqs"), client("sns"), client("events")
    queue = sqs.create_queue(QueueName="callbacks")["QueueUrl"]
    assert queue == f"{endpoint.endpoint}/{ACCOUNT_ID}/callbacks"
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    assert sns.create_topic(Name="alarms")["TopicArn"] == f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:alarms"
    rule = events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")["RuleArn"]
    assert rule == f"arn:aws:events:us-east-1:{ACCOUNT_ID}:rule/nightly"
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="things",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="things", Item={"id": {"S": "é"}})
    assert dynamodb.get_item(TableName="things", Key={"id": {"S": "é"}})["Item"] == {"id": {"S": "é"}}


def test_regions_are_kept_apart(client: Clients) -> None:
    client("sqs", region="eu-west-1").create_queue(QueueName="only-here")
    assert refused(client("sqs", region="eu-west-2").get_queue_url, QueueName="only-here")[1] == 400


@pytest.mark.parametrize("service", ["ecr", "kms", "secretsmanager", "cloudwatch"])
def test_services_that_pipelines_use(client: Clients, service: str) -> None:
    calls = {
        "ecr": lambda: client("ecr").describe_repositories()["repositories"],
        "kms": lambda: client("kms").list_keys()["Keys"],
        "secretsmanager": lambda: client("secretsmanager").list_secrets()["SecretList"],
        "cloudwatch": lambda: client("cloudwatch").describe_alarms()["MetricAlarms"],
    }
    assert calls[service]() == []


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("iam", "generate_organizations_access_report", {"EntityPath": "o-1234567890/r-1234"}),
        ("events", "list_partner_event_source_accounts", {"EventSourceName": "aws.partner/x"}),
        ("braket", "search_devices", {"filters": []}),
    ],
)
def test_what_nobody_implements_is_a_400_that_names_it(
    client: Clients, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    made = client(service)
    attempts: list[int] = []
    made.meta.events.register("before-send.*", lambda **_: attempts.append(1))
    code, status, message = refused(getattr(made, operation), **arguments)
    assert (code, status) == ("UnknownOperationException", 400)
    assert service in message
    assert len(attempts) == 1


def test_motos_own_pages_are_closed(home: Home) -> None:
    store = Store(home)
    for path in ("/moto-api/reset", "/latest/meta-data/"):
        with pytest.raises(ServiceError, match="UnknownOperationException"):
            Others(home, store).handle(Request("POST", path=path, service="sqs"))
    store.close()


def test_without_moto_the_package_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moto.backends", None)
    store = Store(home)
    others = Others(home, store)
    with pytest.raises(ServiceError, match=r"pip install pipecell\[local\]") as caught:
        others.handle(Request("POST", service="sqs"))
    assert caught.value.status == 400
    assert not others.loaded
    store.close()


def test_moto_is_loaded_by_the_first_who_needs_it(own_endpoint: EndpointInfo, own_client: Clients) -> None:
    def kilobytes() -> int:
        status = Path(f"/proc/{own_endpoint.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    own_client("sts").get_caller_identity()
    own_client("iam").get_role(RoleName=EXECUTION_ROLE_NAME)
    before = kilobytes()
    own_client("sqs").list_queues()
    assert kilobytes() > before + 10_000


def test_a_detail_that_is_no_object_fails_its_entry_alone(client: Clients) -> None:
    entry = {"Source": "me", "DetailType": "t"}
    answer = client("events").put_events(
        Entries=[{**entry, "Detail": "{}"}, {**entry, "Detail": '"text"'}, {**entry, "Detail": "{"}]
    )
    assert answer["FailedEntryCount"] == 2
    assert [found.get("ErrorCode") for found in answer["Entries"]] == [
        None,
        "MalformedDetail",
        "MalformedDetail",
    ]
