"""What a plan says of people does not depend on whom they are judged together with."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from rollout.staging import ACCOUNT, ENFORCEMENT, FULL, NOW, enforcement, managed, user, with_user
from rollout.test_plan_people import ALL, KEY, allow, company, deny, felt, mfa, planned
from sekisho.account import (
    CredentialReport,
    CredentialRow,
    Device,
    Password,
    Snapshot,
)
from sekisho.policy import Document, from_json, to_json
from sekisho.rollout import Plan
from sekisho.signin import DeviceKind, PasswordPolicy

IAM = f"arn:aws:iam::{ACCOUNT}"
NO_MFA = {"Condition": mfa("false")}
OWN_HOME = allow(Action="s3:*", Resource="arn:aws:s3:::home/${aws:username}/*")
BOBS_HOME = allow(Action="s3:*", Resource="arn:aws:s3:::home/bob/*")


READS = ("iam:GetUser", "iam:ListMFADevices", "iam:ListVirtualMFADevices")


def exempt(*actions: str, **allowed: str) -> Document:
    """Return MFA enforcement that exempts some actions, and allows others on one resource each.

    What the console's page about MFA devices reads is exempt and allowed, too.
    """
    left = [*actions, *READS]
    shut: dict[str, Any] = {"Effect": "Deny", "NotAction": left, "Resource": "*", **NO_MFA}
    reads = {"Effect": "Allow", "Action": [*READS], "Resource": "*"}
    allows = [
        {"Effect": "Allow", "Action": f"iam:{action}", "Resource": f"{IAM}:{on}"}
        for action, on in allowed.items()
    ]
    return from_json({"Version": "2012-10-17", "Statement": [*allows, reads, shut]})


ENROLLING = ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice")
DOCUMENTS = (
    enforcement(),
    deny(mfa("false", "Bool")),
    deny(mfa("false"), NotAction=["dynamodb:*"]),
    deny({**mfa("false"), "StringLike": {"aws:username": "k*"}}),
    deny(mfa("false"), Action="*", Resource=f"{IAM}:user/keys"),
    allow(Action="*", Resource=f"{IAM}:user/twin"),
    allow(Action="iam:*", Resource="arn:aws:iam::*:user/${aws:username}"),
    exempt(*ENROLLING, CreateVirtualMFADevice="mfa/*", EnableMFADevice="user/${aws:username}/*"),
    exempt(*ENROLLING, CreateVirtualMFADevice="mfa/${aws:username}", EnableMFADevice="user/*"),
)


DEVELOPERS = ("bob", "cousin", "dev")
NAMES = (*DEVELOPERS, "any-name", "keyless", "keys-2", "twin")


def together(*attached: str) -> Snapshot:
    """Return the account with people who have the same policies, and little else to tell them."""
    start = company()
    for name, path in (("twin", "/"), ("any-name", "/"), *((n, "/dev/") for n in DEVELOPERS)):
        start = with_user(start, user(name, path=path, attached=attached, password=Password()))
    start = with_user(start, user("keyless", attached=(FULL,), password=Password()))
    return with_user(start, user("keys-2", attached=(FULL,), keys=(KEY,), tags={"a": "b"}))


def same_one_by_one(made: Plan, ask: Callable[[], Plan]) -> None:
    """See that asked about one by one the plan is the same."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "sekisho.rollout.planning.before_after.representatives",
            lambda before, after, users, holding=True: {known.name: known for known in users},
        )
        assert ask() == made


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("attached", [(), (FULL,)], ids=["nothing", "everything"])
def test_who_is_taken_for_alike_is(document: Document, attached: tuple[str, ...]) -> None:
    ask = partial(planned, document, *ALL, *NAMES, start=together(*attached))
    same_one_by_one(ask(), ask)


def test_who_must_enrol_is_told_from_who_cannot() -> None:
    only_beneath_dev = DOCUMENTS[-2]
    warned = felt(planned(only_beneath_dev, "bob", "dev", start=together()))
    assert (warned["must-enrol"], warned["cannot-enrol"]) == (("dev",), ("bob",))


def test_a_device_of_ones_own_name_is_one() -> None:
    warned = felt(planned(DOCUMENTS[-1], "any-name", "bob", "dev", start=together()))
    assert warned["must-enrol"] == ("any-name", "bob", "dev")
    assert "cannot-enrol" not in warned


@pytest.mark.parametrize("late", ["bob", "dev"])
def test_who_comes_in_no_more_stands_for_nobody(late: str) -> None:
    start = together(FULL)
    temporary = {"path": "/dev/", "attached": (FULL,), "password": Password(reset_required=True)}
    for name in ("bob", "dev"):
        start = with_user(start, user(name, **temporary))
    rows = {
        name: CredentialRow(name, "", password_next_rotation=NOW + timedelta(days=days))
        for name in ("bob", "dev")
        for days in [-1 if name == late else 30]
    }
    rules = PasswordPolicy(max_age=90, hard_expiry=True)
    start = replace(start, report=CredentialReport(NOW, rows), password_policy=rules)
    ask = partial(planned, enforcement(), "bob", "dev", start=start)
    warned = felt(ask())
    (other,) = {"bob", "dev"} - {late}
    assert (warned["dead-lock"], warned["must-enrol"]) == ((late,), (other,))
    same_one_by_one(ask(), ask)


@pytest.mark.parametrize("taken", ["bob", "dev"])
def test_who_may_create_a_device_of_the_own_name_only_enrols_if_it_is_free(taken: str) -> None:
    orphan = Device(f"{IAM}:mfa/{taken}", DeviceKind.VIRTUAL, "", None)
    start = replace(together(), unassigned_devices=(orphan,))
    written = json.dumps(to_json(enforcement())).replace("mfa/*", "mfa/${aws:username}")
    ask = partial(planned, from_json(json.loads(written)), "bob", "dev", start=start)
    warned = felt(ask())
    (other,) = {"bob", "dev"} - {taken}
    assert (warned["cannot-enrol"], warned["must-enrol"]) == ((taken,), (other,))
    same_one_by_one(ask(), ask)


@pytest.mark.parametrize(("was", "will"), [(OWN_HOME, BOBS_HOME), (BOBS_HOME, OWN_HOME)])
def test_what_was_is_held_against_what_will_be(was: Document, will: Document) -> None:
    start = together(ENFORCEMENT)
    start = replace(start, policies={**start.policies, ENFORCEMENT: managed(ENFORCEMENT, was)})
    ask = partial(planned, will, "bob", "dev", "twin", start=start)
    made = ask()
    assert felt(made)["loses"] == ("any-name", "cousin", "dev", "twin"), "but bob does not"
    same_one_by_one(made, ask)
