"""Who may enable or disable a device, and what a serial number tells."""

from datetime import UTC, datetime

import pytest

from sekisho.signin import (
    CredentialKind,
    DeviceKind,
    HolderKind,
    Rule,
    SigninAssumptions,
    check_device_change,
    device_arn,
    kind_of_serial,
    mfa_methods,
)
from signin_people import credential

NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEY, CONSOLE = CredentialKind.LONG_TERM_KEY, CredentialKind.CONSOLE_SESSION
TOKEN, ROLE = CredentialKind.SESSION_TOKEN, CredentialKind.ROLE_SESSION


@pytest.mark.parametrize(
    ("kind", "mfa", "user", "devices", "refused"),
    [
        # security bulletin AWS-2023-001: access key, own devices, at least one, no MFA
        (KEY, False, "alice", 1, True),
        (KEY, False, "alice", 8, True),
        (KEY, False, "alice", 0, False),  # the first device is anyone's who holds the key
        (KEY, False, "bob", 1, False),  # "for themselves" only
        (CONSOLE, False, "alice", 1, False),  # console users were not concerned
        (TOKEN, True, "alice", 1, False),
        (TOKEN, False, "alice", 1, True),
    ],
)
def test_holder_of_a_device_needs_mfa(kind, mfa, user, devices, refused):
    held = credential(kind, HolderKind.USER, NOW, mfa=mfa)
    got = check_device_change(held, "iam:EnableMFADevice", user, devices, SigninAssumptions())
    assert (got is not None) is refused
    if got is not None:
        assert (got.code, got.status, got.reason) == ("AccessDenied", 403, Rule.DEVICE_HOLDER)


def test_a_role_of_the_same_name_is_not_the_user():
    held = credential(ROLE, HolderKind.ROLE, NOW, mfa=False)
    assert check_device_change(held, "iam:EnableMFADevice", "Ops", 1, SigninAssumptions()) is None


def test_the_rule_can_be_switched_off():
    held = credential(KEY, HolderKind.USER, NOW, mfa=False)
    before_2023 = SigninAssumptions(device_holder_needs_mfa=False)
    assert check_device_change(held, "iam:DeactivateMFADevice", "alice", 1, before_2023) is None


@pytest.mark.parametrize(
    ("serial", "kind"),
    [
        ("arn:aws:iam::111122223333:mfa/alice", DeviceKind.VIRTUAL),
        ("arn:aws-cn:iam::111122223333:mfa/team/alice", DeviceKind.VIRTUAL),
        ("arn:aws:iam::111122223333:mfa/root-account-mfa-device", DeviceKind.VIRTUAL),
        ("arn:aws:iam::111122223333:u2f/user/alice/default-ABCDEF", DeviceKind.FIDO),
        # IAM User Guide, "Assign a passkey or security key": the console writes the ARN, the name
        # and random letters; GovCloud has them as well
        (
            "arn:aws:iam::111122223333:u2f/user/alice/key-AAAABBBBCCCCDDDDEEEEFFFFGG",
            DeviceKind.FIDO,
        ),
        ("arn:aws:iam::111122223333:u2f/root-account/key-ABC", DeviceKind.FIDO),
        ("arn:aws-us-gov:iam::111122223333:u2f/user/alice/key-ABC", DeviceKind.FIDO),
        ("arn:aws-cn:iam::111122223333:u2f/user/alice/key-ABC", DeviceKind.FIDO),
        # IAM API Reference, EnableMFADevice: the serial number of a hardware token is not an ARN
        ("GAHT12345678", DeviceKind.HARDWARE),
        ("1234567890", DeviceKind.HARDWARE),
        ("arn:aws:iam::111122223333:sms-mfa/alice", None),  # no longer offered by AWS
        ("arn:aws:iam::111122223333:user/alice", None),
        ("short", None),
        ("", None),
    ],
)
def test_kind_of_serial(serial, kind):
    assert kind_of_serial(serial) is kind


@pytest.mark.parametrize("path", ["/", "/team/", "/test//double/"])
def test_the_serial_of_a_virtual_device_is_its_arn(path):
    serial = device_arn("aws-us-gov", "111122223333", path, "phone")
    assert serial == f"arn:aws-us-gov:iam::111122223333:mfa{path}phone"
    assert kind_of_serial(serial) is DeviceKind.VIRTUAL


@pytest.mark.parametrize(
    ("serials", "methods"),
    [
        ((), ()),
        (("arn:aws:iam::111122223333:mfa/alice",), ("totp",)),
        (("GAHT12345678", "arn:aws:iam::111122223333:mfa/alice"), ("totp",)),
        (("arn:aws:iam::111122223333:u2f/user/alice/key-ABC",), ("passkey",)),
        (("arn:aws:iam::111122223333:u2f/user/alice/key-ABC", "GAHT12345678"), ("totp", "passkey")),
    ],
)
def test_the_ways_to_pass_mfa(serials, methods):
    assert mfa_methods(serials) == methods
