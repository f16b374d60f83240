"""What happens under MFA enforcement depends on the account: partition, names, password policy."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from administered import ACCOUNT as ADMINISTERED
from administered import REGION, administered, enrol, iam_of, session_keys, signed_in
from audit.small_accounts import snapshot_of
from gaps import gap_at
from rollout.staging import ACCOUNT, NOW
from sekisho.account import (
    CredentialReport,
    CredentialRow,
    Device,
    Gap,
    Snapshot,
    User,
    collect,
)
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import ImpactKind, SignInOutcomes, UserImpact, rows_of
from sekisho.audit.report import audit_account
from sekisho.engine import AttachedPolicy
from sekisho.messages import Message
from sekisho.policy import Choices, Document, force_mfa, from_json, to_json
from sekisho.prover.scenarios import ScenarioOutcome
from sekisho.signin import DeviceKind, PasswordPolicy

KEN: dict[str, Any] = {"users": {"ken": {"password": {}}}}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
READS = ["iam:GetUser", "iam:ListMFADevices", "iam:ListVirtualMFADevices"]
"""What the console's page about MFA devices reads."""
READING = {"Effect": "Allow", "Action": READS, "Resource": "*"}
ENROL = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "sts:GetSessionToken", *READS]
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def fate(snapshot: Snapshot, enforcement: Document | None = None) -> UserImpact:
    return rows_of(snapshot, Exceptions(), enforcement)[0].impact


def said(snapshot: Snapshot) -> str | None:
    reason = fate(snapshot).reason
    return reason and reason.en


def test_in_another_partition() -> None:
    snapshot = snapshot_of(KEN)
    users = tuple(
        replace(user, arn=user.arn.replace("arn:aws:", "arn:aws-cn:")) for user in snapshot.users
    )
    china = replace(snapshot, partition="aws-cn", users=users)
    assert fate(china).kinds == (ImpactKind.MUST_ENROL,)
    # a policy that is written for the other partition keeps everybody out there
    assert fate(china, force_mfa(Choices())).kinds == (ImpactKind.LOCKED_OUT,)


def test_a_policy_that_names_the_account_and_the_user() -> None:
    def only(name: str) -> Document:
        home = "arn:aws:iam::123456789012"
        enrol = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]
        allow: dict[str, Any] = {"Effect": "Allow", "Action": enrol}
        allow["Resource"] = [f"{home}:user/{name}", f"{home}:mfa/*"]
        deny = {
            "Effect": "Deny",
            "NotAction": [*enrol, *READS],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }
        return from_json({"Version": "2012-10-17", "Statement": [allow, READING, deny]})

    without = to_json(only("ken"))
    without["Statement"] = [each for each in without["Statement"] if each != READING]
    impact = fate(snapshot_of(KEN), from_json(without))
    assert impact.kinds == (ImpactKind.LOCKED_OUT,)
    assert impact.stopped is not None
    assert "`iam:GetUser`" in impact.stopped.en
    assert fate(snapshot_of(KEN), only("ken")).kinds == (ImpactKind.MUST_ENROL,)
    assert fate(snapshot_of(KEN), only("eva")).kinds == (ImpactKind.LOCKED_OUT,)


def test_a_policy_that_leaves_out_whoever_has_a_tag() -> None:
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/state": "left"}},
    }
    account = {
        "policies": {"leavers": [deny]},
        "users": {
            name: {"password": {}, "has": ["leavers"], "tags": tags}
            for name, tags in (("eva", {"State": "left"}), ("ken", {"state": "here"}))
        },
    }
    fates = {row.user.name: row.impact.kinds for row in rows_of(snapshot_of(account), Exceptions())}
    assert fates == {"eva": (ImpactKind.LOCKED_OUT,), "ken": (ImpactKind.MUST_ENROL,)}


def expired(rules: PasswordPolicy | None, *gaps: Gap) -> Snapshot:
    """Return an account whose only password ran out yesterday."""
    snapshot = snapshot_of(KEN)
    user = snapshot.users[0]
    due = NOW - timedelta(days=1)
    row = CredentialRow("ken", user.arn, password_enabled=True, password_next_rotation=due)
    report = CredentialReport(NOW, {"ken": row})
    return replace(snapshot, report=report, password_policy=rules, gaps=gaps)


def test_an_expired_password() -> None:
    soft, hard = PasswordPolicy(max_age=90), PasswordPolicy(max_age=90, hard_expiry=True)
    unread = gap_at("GetAccountPasswordPolicy")
    assert fate(expired(soft)).kinds == (ImpactKind.MUST_ENROL,)
    # whom nobody lets in but an administrator
    assert fate(expired(hard)).kinds == (ImpactKind.LOCKED_OUT,)
    assert fate(expired(None, unread)).kinds == (ImpactKind.UNKNOWN,)
    assert said(expired(None, unread)) == "GetAccountPasswordPolicy: AccessDenied: no"


def test_a_password_of_which_only_the_report_would_tell_that_it_has_expired() -> None:
    unread = replace(snapshot_of(KEN), gaps=(gap_at("GenerateCredentialReport", "", "Denied: no"),))
    hard = PasswordPolicy(max_age=90, hard_expiry=True)
    assert fate(replace(unread, password_policy=hard)).kinds == (ImpactKind.UNKNOWN,)
    assert said(replace(unread, password_policy=hard)) == "GenerateCredentialReport: Denied: no"
    # who may change it gets in either way, and what never expires has not
    for rules in (replace(hard, hard_expiry=False), replace(hard, max_age=0), None):
        assert fate(replace(unread, password_policy=rules)).kinds == (ImpactKind.MUST_ENROL,)


def test_a_password_that_must_be_changed_where_everybody_may() -> None:
    # a policy that denies nothing and gives nothing: only the account lets people change it
    quiet = from_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", *READS],
                    "Resource": "*",
                }
            ],
        }
    )
    must = snapshot_of({"users": {"ken": {"password": {"must_change": True}}}})
    may = replace(must, password_policy=PasswordPolicy(users_may_change=True))
    assert ImpactKind.MUST_ENROL in fate(may, quiet).kinds
    assert ImpactKind.DEAD_LOCK in fate(must, quiet).kinds
    unread = replace(must, gaps=(gap_at("GetAccountPasswordPolicy"),))
    assert ImpactKind.UNKNOWN in fate(unread, quiet).kinds


KEY: dict[str, Any] = {"keys": [{"used": 1}], "has": ["Force_MFA"], "inline": {"all": [ALL]}}


def reported(account: dict[str, Any], refused: str, **told: Any) -> Snapshot:
    """Return an account of one user of whom a call was refused that a report stands in for."""
    snapshot = snapshot_of(account)
    (user,) = snapshot.users
    row = CredentialRow(user.name, user.arn, keys_active=(False, False), **told)
    return replace(
        snapshot,
        gaps=(gap_at(refused, f"user {user.name}"),),
        report=CredentialReport(NOW, {user.name: row}),
    )


def test_a_device_of_which_the_kind_is_not_known() -> None:
    def account(*devices: str, **more: Any) -> dict[str, Any]:
        users = {"ken": {**KEY, "devices": list(devices), **more}}
        return {"policies": {"Force_MFA": "Force_MFA"}, "users": users}

    # a passkey gives no code, and so no session by access key
    assert fate(snapshot_of(account("virtual"))).kinds == (ImpactKind.READY,)
    assert fate(snapshot_of(account("passkey"))).kinds == (ImpactKind.LOCKED_OUT,)
    passkey = snapshot_of(account("passkey"))
    (entry,) = SignInOutcomes(passkey, {}).outcomes(passkey.users).values()
    findings = audit_account(passkey, Exceptions(), version="1").findings
    (devices,) = [f.fact for f in findings if f.id.value == "account.passkey-only-with-key"]
    assert "(passkey); `aws login`: allowed with MFA" in devices.en
    assert "(パスキー)、`aws login`: MFA ありで許可" in devices.ja
    (fact,) = [each.fact for each in findings if each.id.value == "account.locked-out"]
    assert fact.en.endswith(f"; {entry.why.en}")
    assert fact.ja.endswith(entry.why.ja)
    assert "with the credentials they have" in fact.en
    blind = reported(account(), "ListMFADevices", mfa_active=True, password_enabled=False)
    assert fate(blind).kinds == (ImpactKind.UNKNOWN,)
    assert said(blind) == "ListMFADevices: AccessDenied: no"
    found = audit_account(blind, Exceptions(), version="1").findings
    unknown = {each.id.value for each in found if not each.known}
    assert {"account.passkey-only-with-key", "account.one-device-only"} <= unknown
    # at the console both do
    people = reported(account(password={}), "ListMFADevices", mfa_active=True)
    assert fate(people).kinds == (ImpactKind.READY,)


def test_a_password_of_which_it_is_not_known_whether_it_must_be_changed() -> None:
    shut = {"Effect": "Deny", "NotAction": ENROL, "Resource": "*", "Condition": NO_MFA}
    some = {"Effect": "Allow", "Action": ["s3:*", *ENROL], "Resource": "*"}

    def account(password: dict[str, Any] | None, *devices: str) -> dict[str, Any]:
        user = {
            "devices": list(devices),
            "inline": {"enforcement": [shut, some]},
            "password": password,
        }
        return {"users": {"ken": user}}

    for devices, free in ((("virtual",), ImpactKind.READY), ((), ImpactKind.MUST_ENROL)):
        assert fate(snapshot_of(account({}, *devices))).kinds == (free,)
        must = fate(snapshot_of(account({"must_change": True}, *devices)))
        assert must.kinds != (free,)
        blind = reported(account(None, *devices), "GetLoginProfile", password_enabled=True)
        assert fate(blind).kinds == (ImpactKind.UNKNOWN,)
        assert said(blind) == "GetLoginProfile: AccessDenied: no"
    # who may change it gets in either way
    free_to = {"policies": {"Force_MFA": "Force_MFA"}, "users": {"ken": {"has": ["Force_MFA"]}}}
    blind = reported(free_to, "GetLoginProfile", password_enabled=True)
    assert fate(blind).kinds == (ImpactKind.MUST_ENROL,)


def test_a_scenario_that_is_not_decided_says_why() -> None:
    office = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"NotIpAddress": {"aws:VpcSourceIp": ["10.0.0.0/24"]}},
    }
    users = {"ken": {"password": {}, "inline": {"office": [ALL, office]}}}
    snapshot = snapshot_of({"users": users})
    reason = fate(snapshot).reason
    assert fate(snapshot).kinds == (ImpactKind.UNKNOWN,)
    assert reason is not None
    assert "`aws:VpcSourceIp`" in reason.en
    assert "`aws:VpcSourceIp`" in reason.ja
    findings = audit_account(snapshot, Exceptions(), version="1").findings
    assert [each.fact for each in findings if each.id.value == "account.locked-out"] == [reason]


def test_whether_somebody_ever_signed_in_is_the_credential_report_s_to_tell() -> None:
    (unread,) = rows_of(snapshot_of(KEN), Exceptions())
    (read,) = rows_of(reported(KEN, "GetAccountSummary", password_enabled=True), Exceptions())
    never = "has not signed in at the console"
    assert never in {each.en for each in read.because}
    assert never not in {each.en for each in unread.because}
    assert "not known: GetCredentialReport" in {each.en for each in unread.because}


OWN = "${aws:username}"
ONLY_OWN_NAME = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ENROL[0], "Resource": f"arn:aws:iam::*:mfa/{OWN}"},
            {"Effect": "Allow", "Action": ENROL[1], "Resource": f"arn:aws:iam::*:user/{OWN}"},
            {"Effect": "Deny", "NotAction": ENROL, "Resource": "*", "Condition": NO_MFA},
            READING,
        ],
    }
)
"""Users enrol a device of their own name, and delete none without MFA."""


def test_a_device_that_nobody_enabled_and_that_has_the_user_s_name() -> None:
    orphan = Device(f"arn:aws:iam::{ACCOUNT}:mfa/ken", DeviceKind.VIRTUAL)
    another = replace(orphan, serial=f"{orphan.serial}-2")
    unread = gap_at("ListVirtualMFADevices")
    free = snapshot_of(KEN)
    for snapshot, outlook, verdict in (
        (free, ImpactKind.MUST_ENROL, ScenarioOutcome.GETS_IN),
        (
            replace(free, unassigned_devices=(another,)),
            ImpactKind.MUST_ENROL,
            ScenarioOutcome.GETS_IN,
        ),
        (
            replace(free, unassigned_devices=(orphan,)),
            ImpactKind.LOCKED_OUT,
            ScenarioOutcome.LOCKED_OUT,
        ),
        (replace(free, gaps=(unread,)), ImpactKind.UNKNOWN, ScenarioOutcome.UNKNOWN),
    ):
        assert fate(snapshot, ONLY_OWN_NAME).kinds == (outlook,)
        # a rollout says the same of whoever has MFA enforcement already
        user = replace(free.users[0], inline=(AttachedPolicy("enforcement", ONLY_OWN_NAME),))
        enforced = replace(snapshot, users=(user,))
        assert SignInOutcomes(enforced, {}).outcomes(enforced.users)["ken"].verdict is verdict
    told = fate(replace(free, gaps=(unread,)), ONLY_OWN_NAME).reason
    assert told is not None
    assert "ListVirtualMFADevices" in told.en
    # AWS's own names do not matter to who may have any
    assert fate(replace(free, gaps=(unread,))).kinds == (ImpactKind.MUST_ENROL,)


def with_taro(snapshot: Snapshot, *names: str, **about: Any) -> Snapshot:
    """Return the account with a colleague who has devices of these names."""
    devices = tuple(
        Device(f"arn:aws:iam::{ACCOUNT}:mfa/{name}", DeviceKind.VIRTUAL, "taro", NOW)
        for name in names
    )
    taro = User("taro", "/", f"arn:aws:iam::{ACCOUNT}:user/taro", "AIDATARO", devices=devices)
    return replace(snapshot, users=(*snapshot.users, taro), **about)


@pytest.mark.parametrize("more", [(), ("iam:DeleteVirtualMFADevice",)])
def test_a_device_that_somebody_else_enabled_and_that_has_the_user_s_name(
    more: tuple[str, ...],
) -> None:
    allow = {
        "Effect": "Allow",
        "Action": [ENROL[0], *more],
        "Resource": f"arn:aws:iam::*:mfa/{OWN}",
    }
    enable = {"Effect": "Allow", "Action": ENROL[1], "Resource": f"arn:aws:iam::*:user/{OWN}"}
    deny = {
        "Effect": "Deny",
        "NotAction": [*ENROL, *more],
        "Resource": "*",
        "Condition": NO_MFA,
    }
    only = from_json({"Version": "2012-10-17", "Statement": [allow, enable, READING, deny]})
    free = snapshot_of(KEN)
    orphan = Device(f"arn:aws:iam::{ACCOUNT}:mfa/Ken", DeviceKind.VIRTUAL)
    root = replace(free.root, serials=(f"arn:aws:iam::{ACCOUNT}:mfa/KEN",))
    blind = gap_at("ListMFADevices", "user taro")
    unlisted = gap_at("GetAccountAuthorizationDetails")
    # in another case a device has the name, but a policy about the name is not about it
    other_case = (
        (ImpactKind.UNKNOWN, ScenarioOutcome.UNKNOWN)
        if more
        else (ImpactKind.LOCKED_OUT, ScenarioOutcome.LOCKED_OUT)
    )
    for snapshot, outlook, verdict, said_in in (
        (with_taro(free, "ken-2"), ImpactKind.MUST_ENROL, ScenarioOutcome.GETS_IN, ""),
        (with_taro(free, "old/ken"), ImpactKind.MUST_ENROL, ScenarioOutcome.GETS_IN, ""),
        (with_taro(free, "ken"), ImpactKind.LOCKED_OUT, ScenarioOutcome.LOCKED_OUT, "taro has"),
        (with_taro(free, "KEN"), ImpactKind.LOCKED_OUT, ScenarioOutcome.LOCKED_OUT, "taro has"),
        (
            replace(free, root=root),
            ImpactKind.LOCKED_OUT,
            ScenarioOutcome.LOCKED_OUT,
            "<root_account> has",
        ),
        (replace(free, unassigned_devices=(orphan,)), *other_case, "mfa/Ken"),
        (
            with_taro(free, gaps=(blind,)),
            ImpactKind.UNKNOWN,
            ScenarioOutcome.UNKNOWN,
            "ListMFADevices",
        ),
        (
            replace(free, gaps=(unlisted,)),
            ImpactKind.UNKNOWN,
            ScenarioOutcome.UNKNOWN,
            "AccessDenied",
        ),
    ):
        told = fate(snapshot, only)
        assert outlook in told.kinds
        enforced = replace(free.users[0], inline=(AttachedPolicy("enforcement", only),))
        after = replace(snapshot, users=(enforced, *snapshot.users[1:]))
        entry = SignInOutcomes(after, {}).outcomes(after.users)["ken"]
        assert entry.verdict is verdict
        assert said_in in entry.why.en
        assert said_in in (told.name_taken or told.reason or Message.both("", "")).en
        # who may have any name is in nobody's way
        if outlook is not ImpactKind.UNKNOWN:
            assert fate(snapshot).kinds == (ImpactKind.MUST_ENROL,)


def test_aws_refuses_the_name_of_somebody_else_s_device() -> None:
    enforcement = {
        "PolicyName": "enforcement",
        "PolicyDocument": json.dumps(to_json(ONLY_OWN_NAME)),
    }
    with administered() as local:
        iam = iam_of(local)
        for name in ("ken", "taro"):
            iam.create_user(UserName=name)
            iam.create_login_profile(UserName=name, Password="Kadomatsu-7-lantern")
            iam.put_user_policy(UserName=name, **enforcement)
        enrol(local, "taro", "Ken")
        keys = session_keys(local, "ken", mfa=False)
        own = boto3.client(
            "iam",
            endpoint_url=local.url,
            region_name=REGION,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )
        for name, code in (("ken", "EntityAlreadyExists"), ("ken-2", "AccessDenied")):
            with pytest.raises(ClientError) as caught:
                own.create_virtual_mfa_device(VirtualMFADeviceName=name)
            assert caught.value.response["Error"]["Code"] == code
        snapshot = collect(signed_in(local, "admin", mfa=True), now=local.clock.now())
        found = audit_account(snapshot, Exceptions(), version="1").findings
        facts = {
            each.subject: each for each in found if each.id.value == "account.device-name-taken"
        }
        assert list(facts) == ["ken"]
        serial = f"arn:aws:iam::{ADMINISTERED}:mfa/Ken"
        assert serial in facts["ken"].fact.en
        assert serial in facts["ken"].fact.ja
        # the fix
        iam.deactivate_mfa_device(UserName="taro", SerialNumber=serial)
        iam.delete_virtual_mfa_device(SerialNumber=serial)
        own.create_virtual_mfa_device(VirtualMFADeviceName="ken")


def test_a_condition_on_what_nobody_needs_to_get_in() -> None:
    office = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    change = {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "*"}
    buckets = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": office}
    account = {"policies": {"mixed": [change, buckets]}}
    users = {"ken": {"password": {}, "has": ["mixed"]}}
    assert fate(snapshot_of({**account, "users": users})).kinds == (ImpactKind.MUST_ENROL,)
