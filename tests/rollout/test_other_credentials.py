"""SSH keys, signing certificates and credentials for one service stop too; audit and plan agree."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gaps import gap_at
from rollout.staging import (
    ADMIN,
    FULL,
    NOW,
    account,
    enforcement,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Gap,
    Password,
    ServiceCredential,
    SigningCertificate,
    Snapshot,
    SshKey,
)
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import ImpactKind, rows_of
from sekisho.policy import Document, from_json
from sekisho.rollout import Goal, Plan, PlanNote, plan

SSH = {"ssh_keys": (SshKey("APKAX", active=True, uploaded_at=NOW),)}
CERTIFICATE = {"certificates": (SigningCertificate("TA7X", active=True),)}
OFF = {"ssh_keys": (SshKey("APKAX", active=False),)}
USED = AccessKey("AKIAX", active=True, last_used=NOW - timedelta(days=90))
IDLE = AccessKey("AKIAX", active=True, last_used=NOW - timedelta(days=91))
UNREAD = ("ListServiceSpecificCredentials", "ListSSHPublicKeys", "ListSigningCertificates")


def service(name: str) -> dict[str, Any]:
    return {"service_credentials": (ServiceCredential("ACCAX", name, active=True),)}


CODECOMMIT, BEDROCK = service("codecommit.amazonaws.com"), service("bedrock.amazonaws.com")
ACTIVE = {
    "ssh": SSH,
    "certificate": CERTIFICATE,
    "git": CODECOMMIT,
    "llm": BEDROCK,
    "table": service("cassandra.amazonaws.com"),
    "log": service("logs.amazonaws.com"),
    "new": service("new.amazonaws.com"),
}
STOPS = "SSH keys, signing certificates or service-specific credentials stop working."
Bots = Mapping[str, Mapping[str, Any]]


def holding(bots: Bots, *gaps: Gap) -> Snapshot:
    """Return the account with bots that hold this."""
    start = account()
    for name, held in bots.items():
        start = with_user(start, user(name, attached=(FULL,), **held))
    return replace(start, gaps=gaps)


def planned(start: Snapshot, bots: Bots, document: Document | None = None) -> Plan:
    goal = Goal(
        policy_goal(document=document or enforcement()), users=(*bots,), break_glass=("glass",)
    )
    return plan(goal, start, ADMIN)


def told(notes: Iterable[PlanNote]) -> dict[str, set[str]]:
    return {note.id: {*note.names} for note in notes}


def fates(made: Plan, bots: Bots) -> dict[str, tuple[str, str]]:
    """Return what happens to each of the bots, and what is said after it."""
    people = {each.user: each for each in made.people}
    return {
        name: (people[name].impact, people[name].text.en.partition(". ")[2])
        for name in sorted(bots)
    }


def test_what_signs_in_nowhere_stops() -> None:
    bots = {**ACTIVE, "off": OFF, "human": {"password": Password(), **SSH}}
    made = planned(holding(bots), bots)
    stopping = {*bots} - {"off"}
    assert told(made.reasons) == {"credentials-in-use": stopping}
    # nobody can set up MFA with it
    assert told(made.warnings) == {
        "credentials-stop": stopping,
        "must-enrol": {"human", "off"},
    }
    expected = dict.fromkeys(bots, ("signs-in-nowhere", STOPS))
    expected |= {"off": ("holds-nothing", ""), "human": ("enrols-first", STOPS)}
    assert fates(made, bots) == expected
    for note in made.reasons:
        assert "Bedrock" in note.text.en
        assert "ドキュメントに記載がありません" in note.text.ja


def test_what_was_not_read_may_stop() -> None:
    bots: Bots = {what.lower(): {} for what in UNREAD}
    gaps = (gap_at(what, f"user {what.lower()}") for what in UNREAD)
    made = planned(holding(bots, *gaps), bots)
    assert told(made.reasons) == {"credentials-in-use": {*bots}}
    assert "credentials-stop" not in told(made.warnings)
    for identity, said in fates(made, bots).values():
        assert identity == "signs-in-nowhere"
        assert said.startswith("Whether SSH keys")


def without_mfa(**what: Any) -> Document:
    """Return a policy that denies this without MFA."""
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    statement = {"Effect": "Deny", "Resource": "*", "Condition": mfa, **what}
    return from_json({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("document", "stopping"),
    [
        (without_mfa(NotAction="codecommit:*"), {"llm"}),
        (without_mfa(Action="codecommit:*"), {"git", "ssh"}),
        (without_mfa(NotAction=["codecommit:*", "bedrock:*"]), None),
    ],
)
def test_each_is_asked_for_its_own_service(document: Document, stopping: set[str] | None) -> None:
    bots = {"git": CODECOMMIT, "llm": BEDROCK, "ssh": SSH}
    made = planned(holding(bots), bots, document)
    assert told(made.warnings).get("credentials-stop") == stopping


def test_who_is_enforced_already_loses_none() -> None:
    start = holding({"bot": SSH})
    arn = f"arn:aws:iam::{start.account}:policy/Old"
    known = replace(start.user_named["bot"], attached=(FULL, arn))
    policies = {**start.policies, arn: managed(arn, enforcement())}
    made = planned(replace(with_user(start, known), policies=policies), {"bot": SSH})
    assert made.problem_ids == ()


IN_USE = {*ACTIVE, "used", "idle-ssh"}
MAY_BE = {"never-read", "unread", "reported"}
NOT_IN_USE = {"off", "idle", "reported-off"}


def bots_of_every_kind() -> tuple[Bots, Snapshot]:
    """Return bots with keys on each side of 90 days, and what was not read or only reported."""
    bots: Bots = {
        **ACTIVE,
        "off": OFF,
        "used": {"keys": (USED,)},
        "idle": {"keys": (IDLE,)},
        "idle-ssh": {"keys": (IDLE,), **SSH},
        "never-read": {"keys": (IDLE,)},
        "unread": {},
        "reported": {},
        "reported-off": {},
    }
    gaps = (
        gap_at("GetAccessKeyLastUsed", "user never-read"),
        gap_at("ListSSHPublicKeys", "user unread"),
        gap_at("ListSigningCertificates", "user reported"),
        gap_at("ListSigningCertificates", "user reported-off"),
    )
    start = holding(bots, *gaps)
    rows = {
        name: CredentialRow(
            name, start.user_named[name].arn, certificates_active=(name == "reported", False)
        )
        for name in ("reported", "reported-off")
    }
    return bots, replace(start, report=CredentialReport(NOW, rows))


def test_an_audit_tells_what_stops() -> None:
    bots, start = bots_of_every_kind()
    assert {*bots} == IN_USE | MAY_BE | NOT_IN_USE
    found: dict[ImpactKind, set[str]] = {each: set() for each in ImpactKind}
    for row in rows_of(start, Exceptions()):
        for outlook in row.impact.kinds if row.user.name in bots else ():
            found[outlook].add(row.user.name)
    # of a key it may be in use, and counts as if; of the rest it is not known whether it is there
    assert found[ImpactKind.KEYS_STOP] == IN_USE | {"never-read", "reported"}
    assert found[ImpactKind.KEYS_MAY_STOP] == {"unread"}
    assert found[ImpactKind.SIGNS_IN_NOWHERE] == {"off", "reported-off"}


def test_a_plan_tells_what_stops_as_the_audit_does() -> None:
    bots, start = bots_of_every_kind()
    made = planned(start, bots)
    by_key = {"used", "never-read"}
    assert told(made.reasons) == {
        "keys-in-use": by_key,
        "credentials-in-use": (IN_USE | MAY_BE) - by_key,
    }
    nothing = {name for name, (impact, _) in fates(made, bots).items() if impact == "holds-nothing"}
    assert nothing == {"off", "reported-off"}
