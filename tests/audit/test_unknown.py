"""What was not read is unknown: nothing that is hidden turns into a pass or a finding."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import islice
from typing import Any

import pytest

from audit.small_accounts import HOME, as_json, snapshot_of, to_csv
from audit.test_accounts import CASES
from gaps import gap_at
from profiles import DEEP
from rollout.staging import NOW
from sekisho.account import (
    CredentialReport,
    CredentialRow,
    ServiceCredential,
    SigningCertificate,
    Snapshot,
    SshKey,
    User,
    credentials_by_user,
    open_account,
)
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import ImpactKind
from sekisho.audit.report import AccountReport, audit_account
from sekisho.policy import PolicyKind, Preset, choices_of, force_mfa, from_json

HIDDEN: dict[str, dict[str, Any]] = {
    "GetLoginProfile": {"password": None},
    "ListMFADevices": {"devices": ()},
    "ListAccessKeys": {"keys": ()},
    "ListServiceSpecificCredentials": {"service_credentials": ()},
    "ListSSHPublicKeys": {"ssh_keys": ()},
    "ListSigningCertificates": {"certificates": ()},
}
SIGNS = {*HIDDEN} - {"GetLoginProfile", "ListMFADevices"}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
CERTAIN = {ImpactKind.READY, ImpactKind.MUST_ENROL, ImpactKind.SIGNS_IN_NOWHERE}


def hidden(snapshot: Snapshot) -> Iterator[tuple[Snapshot, User, str]]:
    """Yield the account with one thing about one user that could not be read."""
    for user in snapshot.users:
        for what, nothing in HIDDEN.items():
            blind = tuple(
                replace(each, **nothing) if each.name == user.name else each
                for each in snapshot.users
            )
            gaps = (*snapshot.gaps, gap_at(what, f"user {user.name}", "AccessDenied"))
            yield replace(snapshot, users=blind, gaps=gaps), user, what


def known(report: AccountReport) -> set[tuple[str, str]]:
    return {(each.id.value, each.subject) for each in report.findings if each.known}


A_PART = 1 if DEEP else 16
"""Of so many things that are hidden one is: in each case another one."""
WHOLE = [case for case in CASES if "exceptions" not in case.values[0]]


@pytest.mark.parametrize(
    ("case", "first"),
    [pytest.param(*case.values, number % A_PART, id=case.id) for number, case in enumerate(WHOLE)],
)
def test_what_is_hidden_is_unknown(case: dict[str, Any], first: int) -> None:
    snapshot = snapshot_of(case["account"])
    tried = [*islice(hidden(snapshot), first, None, A_PART)]
    whole = known(audit_account(snapshot, Exceptions(), version="1")) if tried else set()
    for blind, user, what in tried:
        report = audit_account(blind, Exceptions(), version="1")
        row = next(each for each in report.rows if each.user.name == user.name)
        told = {each.id.value for each in report.findings if each.subject == user.name}
        assert report.unknown
        why = (
            *(gap.why.en for gap in (*row.credentials.unread, *row.credentials.others_unread)),
            row.impact.reason.en if row.impact.reason else "",
        )
        assert any(what in each for each in why)
        assert known(report) <= whole, "a finding that the whole account has not"
        # each finding about the user is still there, or something is said to be unknown instead
        lost = {each for each, subject in whole if subject == user.name} - told
        assert not lost or not all(each.known for each in report.findings_of[user.name])
        assert not CERTAIN & {*row.impact.kinds} or what in SIGNS


def test_a_credential_report_tells_no_more_than_it_does(tmp_path: Any) -> None:
    heading = (
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
        "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
        "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
        "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
        "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
        "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
    )
    at = "2026-11-01T00:00:00+00:00"
    none = "false,N/A,N/A,N/A,N/A"
    home = "arn:aws:iam::111122223333"
    lines = [
        f"<root_account>,{home}:root,{at},not_supported,{at},not_supported,not_supported,true,"
        f"{none},{none},false,N/A,false,N/A",
        f"person,{home}:user/person,{at},true,{at},{at},N/A,false,{none},{none},false,N/A,false,N/A",
        f"expired,{home}:user/expired,{at},true,{at},{at},{at},true,{none},{none},false,N/A,false,N/A",
        f"program,{home}:user/program,{at},false,N/A,N/A,N/A,false,true,{at},{at},us-east-1,s3,"
        f"{none},true,{at},false,N/A",
    ]
    path = tmp_path / "report.csv"
    path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
    credentials = credentials_by_user(open_account(path))
    person, expired, program = credentials["person"], credentials["expired"], credentials["program"]
    assert (person.password, person.enrolled, person.active_keys) == (True, False, 0)
    assert person.must_change is None
    assert "whether the password must be changed" in person.unread[0].reason.en
    assert (expired.must_change, expired.enrolled, expired.devices) == (True, True, ())
    assert (program.password, program.active_keys, program.use_known) == (False, 1, True)
    # of certificates it tells, of what else there is not
    assert (program.others, program.others_count, len(program.others_unread)) == (1, None, 2)
    assert program.key_used is not None
    assert program.by_report


OTHERS = ("ListServiceSpecificCredentials", "ListSSHPublicKeys", "ListSigningCertificates")


def holding(*gaps: str, **held: Any) -> AccountReport:
    """Return the audit of a user who signs in with nothing, and holds this."""
    snapshot = snapshot_of({"users": {"bot": {"inline": {"all": [ALL]}}}})
    (user,) = snapshot.users
    found = tuple(gap_at(what, "user bot") for what in gaps)
    whole = replace(snapshot, users=(replace(user, **held),), gaps=found)
    return audit_account(whole, Exceptions(), version="1")


@pytest.mark.parametrize(
    "held",
    [
        {"service_credentials": (ServiceCredential("ACCA1", "bedrock.amazonaws.com", True),)},
        {"ssh_keys": (SshKey("APKA1", True),)},
        {"certificates": (SigningCertificate("CERT1", True),)},
    ],
)
def test_who_holds_what_signs_requests_for_one_service_is_somebody(held: dict[str, Any]) -> None:
    report = holding(**held)
    assert report.rows[0].impact.kinds == (ImpactKind.KEYS_STOP,)
    assert "account.user-without-device" not in {each for each, _ in known(report)}
    assert report.rows[0].credentials.others_count == 1
    # what was found stays found where the rest was not read
    others = holding("ListSSHPublicKeys", service_credentials=held.get("service_credentials", ()))
    assert (others.rows[0].credentials.others > 0) == ("service_credentials" in held)


def test_whether_anybody_can_be_a_user_is_unknown_where_credentials_were_not_read() -> None:
    report = holding()
    assert report.rows[0].impact.kinds == (ImpactKind.SIGNS_IN_NOWHERE,)
    assert ("account.user-without-device", "bot") in known(report)
    for what in OTHERS:
        report = holding(what)
        assert report.rows[0].impact.kinds == (ImpactKind.KEYS_MAY_STOP,)
        assert ("account.user-without-device", "bot") not in known(report)
        (row,) = csv.DictReader(StringIO(to_csv(report)))
        assert row["other_credentials"] == "unknown"
        assert row["unknown"] == f"{what}: AccessDenied: no"
        (told,) = as_json(report)["users"]
        assert told["otherCredentials"] is None


def test_a_report_is_no_newer_than_the_calls() -> None:
    snapshot = snapshot_of({"users": {"bot": {"inline": {"all": [ALL]}}}})
    row = CredentialRow("bot", snapshot.users[0].arn, certificates_active=(True, False))
    beside = replace(snapshot, report=CredentialReport(NOW, {"bot": row}))
    assert credentials_by_user(beside)["bot"].others_count == 0
    unread = replace(beside, gaps=(gap_at("ListSigningCertificates", "user bot"),))
    assert credentials_by_user(unread)["bot"].others_count == 1


def test_what_a_credential_report_tells_of_root_is_called_so() -> None:
    snapshot = snapshot_of({"root": {"mfa": False}})
    for report, fact in ((CredentialReport(NOW, {}), "mfa_active"), (None, "AccountMFAEnabled")):
        audited = audit_account(replace(snapshot, report=report), Exceptions(), version="1")
        (found,) = [
            each for each in audited.findings if each.id.value == "account.root-without-mfa"
        ]
        assert fact in found.fact.en


def test_what_will_be_attached_decides_what_will_happen() -> None:
    users = {"ken": {"password": {"must_change": True}, "keys": [{"used": 1}]}}
    snapshot = snapshot_of({"users": users})

    def kinds(preset: Preset) -> tuple[ImpactKind, ...]:
        enforcement = force_mfa(choices_of(preset))
        report = audit_account(snapshot, Exceptions(), enforcement=enforcement, version="1")
        return report.rows[0].impact.kinds

    assert kinds(Preset.AWS) == (ImpactKind.DEAD_LOCK, ImpactKind.KEYS_STOP)
    assert kinds(Preset.RECOMMENDED) == (ImpactKind.KEYS_STOP, ImpactKind.MUST_ENROL)


def test_what_is_no_enforcement_covers_nobody() -> None:
    decoy = from_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "NotAction": ["iam:*"],
                    "Resource": "*",
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
                }
            ],
        }
    )
    snapshot = snapshot_of({"users": {"ken": {"password": {}, "devices": ["virtual"]}}})
    report = audit_account(snapshot, Exceptions(), enforcement=decoy, version="1")
    assert report.rows[0].impact.kinds == (ImpactKind.NOT_ENFORCED, ImpactKind.READY)


def test_a_policy_that_cannot_be_read_for_certain_makes_unknown_whom_it_may_matter_to() -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"AWS": f"{HOME}:root"}, "Action": "sts:AssumeRole"}
    users = {
        "ann": {"inline": {"p": [{**allow, "Action": "iam:AddUserToGroup"}]}},
        "bob": {"inline": {"p": [{**allow, "Action": "sts:AssumeRole"}]}},
        "eve": {"inline": {"p": [allow]}},
    }
    groups = {"Ops": {"has": ["Odd"]}}
    roles = {"Ops": {"trust": [trust], "has": ["Odd"]}}
    account = {"users": users, "groups": groups, "roles": roles, "policies": {"Odd": [allow]}}
    snapshot = snapshot_of(account)
    odd = from_json(
        {"Version": "2012-10-17", "Statement": [{**trust, "Action": "*"}]}, kind=PolicyKind.TRUST
    )
    policies = {arn: replace(each, document=odd) for arn, each in snapshot.policies.items()}
    report = audit_account(replace(snapshot, policies=policies), Exceptions(), version="1")
    assert [bool(row.power.unknown) for row in report.rows] == [True, True, False]
