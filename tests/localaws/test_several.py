"""Several local AWSs in one process: each has its own state, whatever the account id."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws


@pytest.fixture
def both() -> Iterator[tuple[LocalAws, LocalAws]]:
    with ExitStack() as running:
        first, second = (running.enter_context(LocalAws(people.account())) for _ in range(2))
        yield first, second


def test_what_one_has_the_other_has_not(both: tuple[LocalAws, LocalAws]) -> None:
    for number, aws in enumerate(both):
        client(aws, "s3").create_bucket(Bucket="same-name")
        client(aws, "iam").create_user(UserName=f"of-{number}")
        client(aws, "sqs").create_queue(QueueName=f"of-{number}")
        client(aws, "ec2").create_vpc(CidrBlock=f"10.{number}.0.0/16")
    networks = []
    for number, aws in enumerate(both):
        names = {user["UserName"] for user in client(aws, "iam").list_users()["Users"]}
        assert names == {*people.PEOPLE, f"of-{number}"}
        urls = client(aws, "sqs").list_queues()["QueueUrls"]
        assert [url.rpartition("/")[2] for url in urls] == [f"of-{number}"]
        assert len(client(aws, "s3").list_buckets()["Buckets"]) == 1
        vpcs = client(aws, "ec2").describe_vpcs()["Vpcs"]
        networks.append({vpc["VpcId"] for vpc in vpcs if not vpc["IsDefault"]})
    assert [len(found) for found in networks] == [1, 1]
    assert networks[0].isdisjoint(networks[1])
    # a network of the other is nothing that can be peered with
    first, second = (found.pop() for found in networks)
    made = client(both[0], "ec2")
    with pytest.raises(ClientError):
        made.create_vpc_peering_connection(VpcId=first, PeerVpcId=second)


def test_keys_and_sessions_of_one_are_nothing_to_the_other(
    both: tuple[LocalAws, LocalAws],
) -> None:
    iam = client(both[0], "iam")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    token = people.session(client(both[0], "sts", **keys).get_session_token())
    for one in (keys, token):
        client(both[0], "sts", **one).get_caller_identity()
        with pytest.raises(ClientError) as refused:
            client(both[1], "sts", **one).get_caller_identity()
        assert refused.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_calls_of_many_threads_reach_their_own(both: tuple[LocalAws, LocalAws]) -> None:
    def work(number: int) -> str:
        aws = both[number % 2]
        client(aws, "iam").create_user(UserName=f"user-{number}")
        client(aws, "s3").create_bucket(Bucket=f"bucket-{number}")
        return str(client(aws, "iam").get_user(UserName=f"user-{number}")["User"]["UserName"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(24))) == [f"user-{number}" for number in range(24)]
    for number, aws in enumerate(both):
        names = {user["UserName"] for user in client(aws, "iam").list_users()["Users"]}
        wanted = {f"user-{each}" for each in range(number, 24, 2)}
        assert names - {*people.PEOPLE} == wanted
        buckets = {each["Name"] for each in client(aws, "s3").list_buckets()["Buckets"]}
        assert buckets == {f"bucket-{each}" for each in range(number, 24, 2)}


def test_one_that_ends_leaves_the_other_and_moto_itself_alone() -> None:
    outside = iam_backends[people.ACCOUNT]["aws"]
    outside.create_user("us-east-1", "of-moto")
    with LocalAws(people.account()) as first:
        client(first, "iam").create_user(UserName="of-first")
        with LocalAws(people.account()) as second:
            client(second, "iam").create_user(UserName="of-second")
        users = client(first, "iam").list_users()["Users"]
        assert {user["UserName"] for user in users} == {*people.PEOPLE, "of-first"}
    assert set(iam_backends[people.ACCOUNT]["aws"].users) == {"of-moto"}
    outside.delete_user("of-moto")
