"""Virtual devices from creation to deletion, over the wire."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from sekisho.localaws import LocalAws
from sekisho.signin import MAX_DEVICES


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def error_of(call: Any, **params: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def made(aws: LocalAws, name: str) -> tuple[str, str]:
    device = people.client(aws, "iam").create_virtual_mfa_device(VirtualMFADeviceName=name)
    return (
        device["VirtualMFADevice"]["SerialNumber"],
        device["VirtualMFADevice"]["Base32StringSeed"].decode(),
    )


def enable(aws: LocalAws, iam: Any, user: str, device: tuple[str, str]) -> None:
    serial, seed = device
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=serial,
        AuthenticationCode1=people.code(aws, seed, -1),
        AuthenticationCode2=people.code(aws, seed),
    )


def test_the_picture_is_a_png_and_the_seed_64_characters(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    tags = [{"Key": "Owner", "Value": "dora"}]
    answer = iam.create_virtual_mfa_device(VirtualMFADeviceName="picture", Tags=tags)
    device = answer["VirtualMFADevice"]
    assert device["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n")
    assert len(device["Base32StringSeed"]) == 64
    assert device["Tags"] == tags


def test_names_are_taken_whatever_their_case(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    made(aws, "Phone-A")
    found = error_of(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone-a")
    assert found == ("EntityAlreadyExists", 409)
    iam.create_virtual_mfa_device(VirtualMFADeviceName="phone-a", Path="/other/")


def test_a_life(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    iam.create_user(UserName="dora")
    serial, seed = made(aws, "dora-phone")
    wrong = {"UserName": "dora", "SerialNumber": serial}
    one = people.code(aws, seed)
    same_twice = {"AuthenticationCode1": one, "AuthenticationCode2": one}
    found = error_of(iam.enable_mfa_device, **wrong, **same_twice)
    assert found == ("InvalidAuthenticationCode", 403)
    enable(aws, iam, "dora", (serial, seed))
    assert error_of(iam.delete_virtual_mfa_device, SerialNumber=serial) == ("DeleteConflict", 409)
    assert iam.get_mfa_device(SerialNumber=serial, UserName="dora")["UserName"] == "dora"
    listed = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert serial in {each["SerialNumber"] for each in listed}
    # a code that was used is used for resync as well
    found = error_of(
        iam.resync_mfa_device,
        **wrong,
        AuthenticationCode1=people.code(aws, seed, -1),
        AuthenticationCode2=people.code(aws, seed),
    )
    assert found == ("InvalidAuthenticationCode", 403)
    iam.resync_mfa_device(
        **wrong,
        AuthenticationCode1=people.code(aws, seed, 1),
        AuthenticationCode2=people.code(aws, seed, 2),
    )
    iam.deactivate_mfa_device(UserName="dora", SerialNumber=serial)
    assert iam.list_mfa_devices(UserName="dora")["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert error_of(iam.delete_virtual_mfa_device, SerialNumber=serial) == ("NoSuchEntity", 404)


def test_eight_devices_and_no_more(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    iam.create_user(UserName="many")
    for number in range(MAX_DEVICES):
        enable(aws, iam, "many", made(aws, f"many-{number}"))
    ninth = made(aws, "many-ninth")
    with pytest.raises(ClientError, match="LimitExceeded"):
        enable(aws, iam, "many", ninth)
    paginator = iam.get_paginator("list_mfa_devices")
    pages = list(paginator.paginate(UserName="many", PaginationConfig={"PageSize": 3}))
    assert [len(page["MFADevices"]) for page in pages] == [3, 3, 2]


def test_an_account_has_as_many_devices_as_users(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = people.client(aws, "iam")
    number = len(iam.list_virtual_mfa_devices()["VirtualMFADevices"])
    assert iam.get_account_summary()["SummaryMap"]["UsersQuota"] == 5000
    # five thousand are too many for a test
    few = property(lambda summary: {"UsersQuota": number + 1})
    monkeypatch.setattr("moto.iam.models.AccountSummary.summary_map", few)
    made(aws, "the-last")
    found = error_of(iam.create_virtual_mfa_device, VirtualMFADeviceName="one-more")
    assert found == ("LimitExceeded", 409)


def test_who_has_a_device_needs_it_for_another(aws: LocalAws) -> None:
    """Bulletin AWS-2023-001: by access key, own devices only."""
    bob = people.client(aws, "iam", people.BOB_KEY)
    second = made(aws, "bob-second")
    with pytest.raises(ClientError, match="AccessDenied"):
        enable(aws, bob, "bob", second)
    found = error_of(bob.deactivate_mfa_device, SerialNumber=people.BOB_DEVICE)
    assert found == ("AccessDenied", 403)
    sts = people.client(aws, "sts", people.BOB_KEY)
    answer = sts.get_session_token(SerialNumber=people.BOB_DEVICE, TokenCode=people.fresh_code(aws))
    session = people.client(aws, "iam", people.keys_of(answer["Credentials"]))
    enable(aws, session, "bob", second)
    serials = [each["SerialNumber"] for each in session.list_mfa_devices()["MFADevices"]]
    assert serials == [people.BOB_DEVICE, second[0]]
    # an administrator may, without MFA
    people.client(aws, "iam").deactivate_mfa_device(UserName="bob", SerialNumber=second[0])


def test_tags(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    serial, _ = made(aws, "tagged")
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "A", "Value": "1"}])
    iam.tag_mfa_device(
        SerialNumber=serial, Tags=[{"Key": "A", "Value": "2"}, {"Key": "B", "Value": "3"}]
    )
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["B"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "A", "Value": "2"}]
    reserved = [{"Key": "aws:x", "Value": ""}]
    found = error_of(iam.tag_mfa_device, SerialNumber=serial, Tags=reserved)
    assert found == ("InvalidInput", 400)


def test_no_list_ever_shows_a_seed(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    serial, _ = made(aws, "seedless")
    shown = str(iam.list_virtual_mfa_devices()) + str(iam.get_account_authorization_details())
    seed = aws.world.devices[serial].seed
    assert seed not in shown
    assert "Base32StringSeed" not in shown
    assert seed not in repr(aws.world)
