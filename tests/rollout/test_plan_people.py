"""Who loses access by a plan, and who gains it: odd policies, odd people."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gaps import gap_at
from rollout.staging import (
    ACCOUNT,
    ADMIN,
    ENFORCEMENT,
    FULL,
    NOW,
    account,
    device,
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
    Device,
    Group,
    Password,
    Snapshot,
)
from sekisho.audit.enforcement import UserEnforcement
from sekisho.messages import Message
from sekisho.policy import Document, Preset, from_json, to_json
from sekisho.prover import Unknown
from sekisho.rollout import (
    Goal,
    GroupGoal,
    NewUser,
    Plan,
    PlanCaller,
    SafetyVerdict,
    TemporaryPassword,
    plan,
)
from sekisho.signin import DeviceKind, PasswordPolicy

ROOT = PlanCaller(ADMIN.arn.replace("user/admin", "root"))
KEY = AccessKey("AKIAX", active=True)
OFF = AccessKey("AKIAX", active=False)
PASSKEY = Device(f"arn:aws:iam::{ACCOUNT}:u2f/user/admin/x", DeviceKind.FIDO, "admin")


def deny(condition: Mapping[str, Any] | None = None, **about: Any) -> Document:
    """Return a policy that denies everything, unless `about` says what."""
    statement = {"Effect": "Deny", "Resource": "*", **(about or {"Action": "*"})}
    if condition is not None:
        statement["Condition"] = condition
    return from_json({"Version": "2012-10-17", "Statement": [statement]})


def allow(**about: Any) -> Document:
    statement = {"Effect": "Allow", "Resource": "*", **about}
    return from_json({"Version": "2012-10-17", "Statement": [statement]})


def mfa(value: str, operator: str = "BoolIfExists") -> dict[str, Any]:
    return {operator: {"aws:MultiFactorAuthPresent": value}}


def company() -> Snapshot:
    """Return the account with a developer of each kind, all of whom may do everything."""
    start = account()
    for name, about in (
        ("console", {"password": Password()}),
        ("keys", {"keys": (KEY,)}),
        ("both", {"password": Password(), "keys": (KEY,), "devices": (device("both"),)}),
    ):
        start = with_user(start, user(name, attached=(FULL,), **about))
    return start


def planned(document: Document, *names: str, start: Snapshot | None = None) -> Plan:
    goal = Goal(policy_goal(document=document), users=names or ("both", "console", "keys"))
    return plan(goal, start or company(), ADMIN)


def felt(made: Plan) -> dict[str, tuple[str, ...]]:
    """Return whom a plan warns about, and who is not enforced by it."""
    (enforcement,) = [proof for proof in made.proofs if proof.id == "enforcement"]
    notes = {note.id: note.names for note in made.warnings}
    return {**notes, "not-enforced": enforcement.failed} if enforcement.failed else notes


PROVED = ("enforcement", "everyone-gets-in")


def failed(made: Plan) -> dict[str, tuple[str, ...]]:
    """Return what of the engine's word failed."""
    failed_ = {proof.id: proof.failed for proof in made.proofs if not proof.holds}
    return {name: about for name, about in failed_.items() if name not in PROVED}


ALL = ("both", "console", "keys")


@pytest.mark.parametrize(
    ("document", "warned"),
    [
        (enforcement(), {"keys-stop": ("both", "keys"), "must-enrol": ("console", "keys")}),
        # the commonest slip: the console is shut, and keys stay open
        (
            deny(mfa("false", "Bool")),
            {"cannot-enrol": ("console",), "not-enforced": ALL},
        ),
        (
            deny(mfa("false")),
            {"keys-stop": ("both", "keys"), "cannot-enrol": ("console", "keys")},
        ),
        # some of it is left open, beyond what enrolling needs
        (
            deny(mfa("false"), NotAction=["dynamodb:*"]),
            {
                "keys-stop": ("both", "keys"),
                "cannot-enrol": ("console", "keys"),
                "not-enforced": ALL,
            },
        ),
        # only some things are denied
        (deny(mfa("false"), NotAction="*", Resource="*"), {"not-enforced": ALL}),
        (deny(mfa("false"), Action="*", Resource="arn:aws:s3:::b/*"), {"not-enforced": ALL}),
        (
            deny(mfa("false"), Action="iam:*"),
            {
                "keys-stop": ("both", "keys"),
                "cannot-enrol": ("console", "keys"),
                "not-enforced": ALL,
            },
        ),
        # nothing asks for MFA: with it, too, something is lost
        (deny(Action="s3:Delete*"), {"not-enforced": ALL, "loses": ALL}),
        (
            deny(Action="s3:GetObject", Resource="arn:aws:s3:::${aws:username}/*"),
            {"not-enforced": ALL, "loses": ALL},
        ),
    ],
    ids=[
        "enforcement",
        "bool",
        "no-enrolment",
        "dynamodb-open",
        "not-everything",
        "one-bucket",
        "iam-only",
        "always-s3",
        "always-own-bucket",
    ],
)
def test_who_loses_what(document: Document, warned: dict[str, tuple[str, ...]]) -> None:
    made = planned(document)
    assert felt(made) == warned
    stuck = {*warned.get("cannot-enrol", ())}
    assert made.applicable is not bool(stuck or "not-enforced" in warned)
    (entries,) = [proof for proof in made.proofs if proof.id == "everyone-gets-in"]
    assert set(entries.failed) == stuck
    fates = {person.user: person.impact for person in made.people}
    open_ = {*warned.get("not-enforced", ())}
    assert {name for name in ALL if fates[name] == "not-enforced"} == open_ - stuck


def test_whether_the_policy_enforces_mfa_is_not_said_where_it_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = Unknown(Message.both("too many states", "too many states"))
    enforcements = dict.fromkeys(company().user_named, UserEnforcement(unknown, unknown))
    monkeypatch.setattr(
        "sekisho.rollout.planning.before_after.enforcements_of", lambda snapshot: enforcements
    )
    assert {person.impact for person in planned(enforcement()).people} == {"enforcement-unknown"}


@pytest.mark.parametrize(
    "document",
    [
        deny(),
        deny(NotAction=["iam:EnableMFADevice", "iam:CreateVirtualMFADevice"]),
        deny(mfa("true")),
        deny({"StringLike": {"aws:username": "*"}}),
    ],
    ids=["everything", "but-enrolment", "upside-down", "by-name"],
)
def test_nobody_is_locked_out_even_with_mfa(document: Document) -> None:
    made = planned(document)
    assert failed(made) == {"works-with-mfa": ALL}
    assert not made.applicable


@pytest.mark.parametrize(
    ("ends", "hard", "stuck"), [(1, True, ()), (-1, False, ()), (-1, True, ("console",))]
)
def test_a_password_that_has_expired_counts(ends: int, hard: bool, stuck: tuple[str, ...]) -> None:
    end = NOW + timedelta(days=ends)
    row = CredentialRow("console", "", password_next_rotation=end)
    start = replace(
        company(),
        report=CredentialReport(NOW, {"console": row}),
        password_policy=PasswordPolicy(max_age=90, hard_expiry=hard),
    )
    made = planned(enforcement(), "console", start=start)
    (proof,) = [proof for proof in made.proofs if proof.id == "everyone-gets-in"]
    assert proof.failed == stuck


def test_who_was_locked_out_before_is_not_the_plans_doing() -> None:
    closed = f"arn:aws:iam::{ACCOUNT}:policy/DenyAll"
    start = with_user(company(), user("keys", attached=(FULL, closed), keys=(KEY,)))
    start = replace(start, policies={**start.policies, closed: managed(closed, deny())})
    made = planned(enforcement(), "keys", start=start)
    assert made.problem_ids == ()
    assert felt(made)["still-stuck"] == ("keys",), "but named"


def test_whom_a_tag_keeps_out_is_told_from_those_it_does_not() -> None:
    left = f"arn:aws:iam::{ACCOUNT}:policy/Leavers"
    barred = deny({"StringEquals": {"aws:PrincipalTag/state": "left"}}, Action="iam:*")
    start = replace(company(), policies={**company().policies, left: managed(left, barred)})
    for name, tags in (("eva", {"State": "left"}), ("ken", {"state": "here"}), ("liv", {})):
        found = user(name, attached=(FULL, left), password=Password(), tags=tags)
        start = with_user(start, found)
    made = planned(enforcement(), "eva", "ken", "liv", start=start)
    (entry,) = [proof for proof in made.proofs if proof.id == "everyone-gets-in"]
    assert (entry.verdict, entry.failed) == (SafetyVerdict.REFUTED, ("eva",))


def test_who_could_work_before_is_never_left_out() -> None:
    # nothing of the four probes is allowed, nothing leads to a device, and yet it works today
    closed = f"arn:aws:iam::{ACCOUNT}:policy/NoProbes"
    barred = deny(NotAction=["dynamodb:*"])
    start = with_user(company(), user("console", attached=(FULL, closed), password=Password()))
    start = replace(start, policies={**start.policies, closed: managed(closed, barred)})
    assert "everyone-gets-in" in planned(enforcement(), "console", start=start).problem_ids


OLD = f"arn:aws:iam::{ACCOUNT}:policy/Old"


def replacing(document: Document, **about: Any) -> Plan:
    """Return the plan that takes a policy away from somebody who has nothing else."""
    start = with_user(company(), user("lone", attached=(OLD,), devices=(device("lone"),), **about))
    start = replace(start, policies={**start.policies, OLD: managed(OLD, document)})
    return plan(Goal(policy_goal(), users=("lone",), replaces=(OLD,)), start, ADMIN)


@pytest.mark.parametrize("action", ["*", "dynamodb:Query"], ids=["everything", "one-service"])
def test_what_a_replaced_policy_allowed_is_lost(action: str) -> None:
    made = replacing(allow(Action=action), password=Password())
    assert failed(made) == {"works-with-mfa": ("lone",)}
    (lost,) = [note for note in made.warnings if note.id == "loses"]
    assert lost.names == ("lone",)
    assert "such as `" in lost.text.en
    assert action in ("*", *re.findall("`([^`]+)`", lost.text.en))


@pytest.mark.parametrize(
    ("condition", "shut"),
    [
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
    ],
    ids=["upside-down", "expired", "right"],
)
def test_what_the_enforcement_itself_allows_counts_unless_it_is_for_enrolling(
    condition: dict[str, Any], shut: bool
) -> None:
    start = with_user(company(), user("lone", attached=(OLD,), devices=(device("lone"),)))
    work = allow(Action="ec2:*")
    start = replace(start, policies={**start.policies, OLD: managed(OLD, work)})
    written: Any = to_json(enforcement())
    written["Statement"].append(
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": condition}
    )
    goal = Goal(policy_goal(document=from_json(written)), users=("lone",), replaces=(OLD,))
    made = plan(goal, start, ADMIN)
    assert failed(made) == ({"works-with-mfa": ("lone",)} if shut else {})


def test_policies_that_were_not_read_are_not_taken_for_none() -> None:
    taro = user("taro", attached=(OLD,), devices=(device("taro"),))
    start = replace(
        with_user(company(), taro), gaps=(gap_at("GetPolicyVersion", "", "AccessDenied"),)
    )
    made = plan(Goal(policy_goal(), users=("taro",), replaces=(OLD,)), start, ADMIN)
    (opens,) = [proof for proof in made.proofs if proof.id == "works-with-mfa"]
    assert (opens.verdict, opens.failed) == (SafetyVerdict.UNKNOWN, ("taro",))
    assert "may-lose" in felt(made)


@pytest.mark.parametrize("names", [("aaa", "bbb"), ("bbb", "aaa")])
def test_a_tag_in_a_condition_tells_users_apart(names: tuple[str, str]) -> None:
    home = f"arn:aws:iam::{ACCOUNT}:policy/Home"
    elsewhere = {"StringNotEquals": {"aws:PrincipalAccount": "${aws:PrincipalTag/home}"}}
    enrol = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"]
    start = replace(
        company(),
        policies={**company().policies, home: managed(home, deny(elsewhere, Action=enrol))},
    )
    for name, account_ in zip(names, (ACCOUNT, "999999999999"), strict=True):
        attached = (FULL, home)
        about = user(name, attached=attached, password=Password(), tags={"home": account_})
        start = with_user(start, about)
    (entry,) = [
        each
        for each in planned(enforcement(), *names, start=start).proofs
        if each.id == "everyone-gets-in"
    ]
    assert (entry.verdict, entry.failed) == (SafetyVerdict.REFUTED, (names[1],))


def test_what_no_sample_comes_upon_is_found_to_be_lost() -> None:
    document = deny(Action="sqs:*", Resource="arn:aws:sqs:*:*:orders-?")
    (lost,) = [note for note in planned(document).warnings if note.id == "loses"]
    assert lost.names == ALL
    assert "arn:aws:sqs:" in lost.text.en


def test_what_cannot_be_told_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Unknown(Message.both("too many states", "too many states"))
    monkeypatch.setattr(
        "sekisho.rollout.planning.user_warnings.prove_unlimited_first", lambda question: unknown
    )
    # else the engine says that MFA lets them do these
    monkeypatch.setattr("sekisho.rollout.planning.user_warnings._USUAL", ())
    made = planned(enforcement())
    (note,) = [note for note in made.warnings if note.id == "may-lose"]
    assert (note.names, "too many states" in note.text.en) == (ALL, True)
    (opens,) = [proof for proof in made.proofs if proof.id == "works-with-mfa"]
    assert (opens.verdict, opens.failed) == (SafetyVerdict.UNKNOWN, ALL)
    assert not made.applicable


def test_somebody_whom_mfa_allows_one_thing_is_not_locked_out() -> None:
    only = allow(Action="kinesis:GetRecords", Resource=f"arn:aws:kinesis:*:{ACCOUNT}:stream/s")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Only"
    start = replace(company(), policies={**company().policies, arn: managed(arn, only)})
    start = with_user(start, user("reader", attached=(arn,), password=Password()))
    barred = deny(NotAction=["kinesis:*", "iam:*", "sts:*"])
    assert "works-with-mfa" not in failed(planned(barred, "reader", start=start))
    assert failed(planned(deny(), "reader", start=start))["works-with-mfa"] == ("reader",)


def test_a_replaced_enforcement_takes_nothing() -> None:
    made = replacing(deny(mfa("false")), password=Password())
    assert failed(made) == {}
    assert "loses" not in felt(made)


@pytest.mark.parametrize(
    ("document", "gains"),
    [
        (allow(Action="*"), True),
        (allow(NotAction="iam:*"), True),
        (allow(Action=["iam:AttachUserPolicy"]), True),
        (allow(Action="iam:ChangePassword"), False),
        (enforcement(), False),
    ],
    ids=["everything", "all-but-iam", "escalation", "own-password", "enforcement"],
)
def test_who_gains_is_told(document: Document, gains: bool) -> None:
    start = with_user(company(), user("guest", password=Password()))
    # who may do everything gains nothing
    found = felt(planned(document, "guest", "console", start=start))
    assert found.get("gains", ()) == (("guest",) if gains else ())


def test_what_a_group_brings_beside_the_policy_is_told() -> None:
    start = with_user(company(), user("guest", password=Password()))
    goal = Goal(policy_goal(), group=GroupGoal("Developers", ("guest",)))
    assert felt(plan(goal, start, ADMIN))["gains"] == ("guest",)


def test_a_version_that_opens_the_enforcement_names_who_was_enforced() -> None:
    start = with_user(company(), user("console", attached=(FULL, ENFORCEMENT), password=Password()))
    start = replace(
        start, policies={**start.policies, ENFORCEMENT: managed(ENFORCEMENT, enforcement())}
    )
    made = plan(Goal(policy_goal(document=deny(mfa("false", "Bool")))), start, ADMIN)
    assert felt(made)["not-enforced"] == ("console",)


def test_a_group_that_stands_already_names_its_members() -> None:
    goal = Goal(policy_goal(document=deny(mfa("false", "Bool"))), group=GroupGoal("Developers"))
    assert felt(plan(goal, account(), ADMIN))["not-enforced"] == ("hanako",)


def test_whose_only_way_is_a_key_enrols_by_key() -> None:
    no_keys = deny({"Null": {"aws:TokenIssueTime": "true"}}, Action="iam:EnableMFADevice")
    merged = from_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                *_statements(enforcement()),
                *_statements(no_keys),
            ],
        }
    )
    found = felt(planned(merged))
    assert found["must-enrol"] == ("console",)
    assert found["cannot-enrol"] == ("keys",)


def _statements(document: Document) -> list[Any]:
    return list(to_json(document)["Statement"])


def test_a_boundary_that_leaves_enrolment_out_is_seen() -> None:
    limit = f"arn:aws:iam::{ACCOUNT}:policy/Limit"
    about = {"password": Password(), "boundary": limit}
    start = with_user(company(), user("console", attached=(FULL,), **about))
    policies = {**start.policies, limit: managed(limit, allow(Action="s3:*"))}
    found = felt(planned(enforcement(), "console", start=replace(start, policies=policies)))
    assert found == {"cannot-enrol": ("console",)}


def test_a_new_user_who_is_not_enforced_yet_is_no_surprise() -> None:
    new = NewUser("taro", password=TemporaryPassword(), attach_policy=False)
    assert felt(plan(Goal(policy_goal(), new_users=(new,)), company(), ADMIN)) == {}


def test_a_dead_lock_is_seen_whatever_the_enforcement() -> None:
    password = Password(reset_required=True)
    start = with_user(company(), user("console", attached=(FULL,), password=password))
    assert felt(planned(deny(mfa("false", "Bool")), start=start))["dead-lock"] == ("console",)
    # nobody sets up MFA who does not come so far
    found = felt(planned(enforcement(Preset.AWS), "console", start=start))
    assert found == {"dead-lock": ("console",)}


def test_a_password_that_the_account_lets_everybody_change_is_no_dead_lock() -> None:
    start = with_user(company(), user("console", password=Password(reset_required=True)))
    exempt = deny(mfa("false"), NotAction=["iam:*"])
    assert "dead-lock" in felt(planned(exempt, "console", start=start))
    may = replace(start, password_policy=PasswordPolicy(users_may_change=True))
    assert "dead-lock" not in felt(planned(exempt, "console", start=may))


@pytest.mark.parametrize(
    ("about", "able"),
    [
        ({"password": Password(), "devices": (device("admin"),)}, True),
        ({"keys": (KEY,), "devices": (device("admin"),)}, True),
        ({"devices": (device("admin"),)}, False),
        ({"keys": (OFF,), "devices": (device("admin"),)}, False),
        # a passkey gives no code that GetSessionToken would take
        ({"keys": (KEY,), "devices": (PASSKEY,)}, False),
        ({"password": Password(), "devices": (PASSKEY,)}, True),
        ({"password": Password()}, False),
        ({"keys": (KEY,)}, False),
    ],
    ids=[
        "password-device",
        "key-device",
        "device",
        "key-off",
        "key-passkey",
        "password-passkey",
        "password",
        "key",
    ],
)
def test_an_administrator_who_remains_can_sign_in(about: dict[str, Any], able: bool) -> None:
    # beside them: the one who is enforced and has no device, and a ghost with the same rights
    start = with_user(lone(), user("admin", attached=(FULL, ENFORCEMENT), **about))
    start = with_user(start, user("chief", attached=(FULL,), password=Password()))
    start = replace(
        start, policies={**start.policies, ENFORCEMENT: managed(ENFORCEMENT, enforcement())}
    )
    made = plan(Goal(policy_goal(), users=("chief",)), start, ROOT)
    assert ("administrator-remains" not in failed(made)) is able
    assert made.applicable is able


def test_a_ghost_is_no_administrator_who_remains() -> None:
    start = with_user(lone(), user("admin", attached=(FULL,), password=Password()))
    start = with_user(start, user("glass", attached=(FULL,)))
    made = plan(Goal(policy_goal(), users=("admin",)), start, ROOT)
    assert failed(made) == {"administrator-remains": ("admin",)}


def test_the_slip_that_leaves_keys_open_still_shuts_the_console() -> None:
    start = with_user(lone(), user("admin", attached=(FULL,), password=Password()))
    goal = Goal(policy_goal(document=deny(mfa("false", "Bool"))), users=("admin",))
    assert failed(plan(goal, start, ROOT)) == {"administrator-remains": ("admin",)}


def lone() -> Snapshot:
    """Return the account without anybody who can administer."""
    start = account()
    for name in ("admin", "glass", "machine"):
        start = with_user(start, user(name))
    developers = Group("Developers", "/", f"arn:aws:iam::{ACCOUNT}:group/Developers")
    return replace(start, groups=(developers,))


def test_what_is_missing_without_a_gap_is_a_reason_too() -> None:
    lost = f"arn:aws:iam::{ACCOUNT}:policy/Lost"
    start = with_user(company(), user("glass", attached=(lost,)))
    goal = Goal(policy_goal(), users=("console",), break_glass=("glass",))
    made = plan(goal, start, ADMIN)
    assert not made.reasons, "nothing changes for them"
    lacking = with_user(company(), user("console", attached=(lost,), password=Password()))
    made = plan(Goal(policy_goal(), users=("console",)), lacking, ADMIN)
    assert ("gap", ("console",)) in [(note.id, note.names) for note in made.reasons]
    gap = gap_at("GetPolicy", f"managedPolicy {lost}")
    made = plan(goal, replace(start, gaps=(gap,)), ADMIN)
    assert [(note.id, note.names) for note in made.reasons] == [("gap", ("glass",))]


def test_a_role_with_a_path_is_judged_under_its_own_arn() -> None:
    start = company()
    (role,) = start.roles
    arn = f"arn:aws:iam::{ACCOUNT}:role/ops/Deploy"
    closed = f"arn:aws:iam::{ACCOUNT}:policy/NotDeploy"
    barred = deny({"ArnEquals": {"aws:PrincipalArn": arn}})
    start = replace(
        start,
        roles=(replace(role, path="/ops/", arn=arn, attached=(FULL, closed)),),
        policies={**start.policies, closed: managed(closed, barred)},
    )
    caller = PlanCaller(f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/me")
    made = plan(Goal(policy_goal(), users=("console",)), start, caller)
    assert "caller-keeps-access" in failed(made)


TEMPORARY = Password(reset_required=True)


def temporary() -> Snapshot:
    """Return the account with people who must change their password, held in several ways."""
    narrow = allow(Action=["s3:*", *ENROLLING])
    few = f"arn:aws:iam::{ACCOUNT}:policy/Few"
    start = account()
    for name, about in (
        ("key", {"attached": (FULL,), "password": TEMPORARY, "keys": (KEY,)}),
        ("phone", {"attached": (FULL,), "password": TEMPORARY, "devices": (device("phone"),)}),
        ("plain", {"attached": (FULL,), "password": TEMPORARY}),
        ("late", {"attached": (FULL,), "password": Password(), "keys": (KEY,)}),
        ("fine", {"attached": (FULL,), "password": Password(), "keys": (KEY,)}),
        ("few", {"attached": (few,), "password": TEMPORARY}),
    ):
        start = with_user(start, user(name, **about))
    row = CredentialRow("late", start.user_named["late"].arn, password_enabled=True)
    row = replace(row, password_next_rotation=NOW - timedelta(days=1))
    return replace(
        start,
        policies={**start.policies, few: managed(few, narrow)},
        report=CredentialReport(NOW, {"late": row}),
        password_policy=PasswordPolicy(max_age=90),
    )


ENROLLING = (
    *("iam:CreateVirtualMFADevice", "iam:EnableMFADevice"),
    *("iam:GetUser", "iam:ListMFADevices", "iam:ListVirtualMFADevices"),
)
"""The changes, and what the console's page reads."""
FORCED = ("key", "phone", "plain", "late", "fine", "few")
KEEPS_CHANGE = deny(
    mfa("false"),
    NotAction=["iam:ChangePassword", *ENROLLING],
)
CHANGES = "changes-password-first"


@pytest.mark.parametrize(
    ("document", "rules", "locked", "fates"),
    [
        (
            enforcement(Preset.AWS),
            {},
            ("few", "key", "late", "plain"),
            "key-only ready locked-out key-only enrols-first locked-out",
        ),
        # the account's own setting allows what no policy of `few` does
        (
            KEEPS_CHANGE,
            {"users_may_change": True},
            (),
            f"{CHANGES} ready {CHANGES} {CHANGES} enrols-first {CHANGES}",
        ),
        (
            KEEPS_CHANGE,
            {},
            ("few",),
            f"{CHANGES} ready {CHANGES} {CHANGES} enrols-first locked-out",
        ),
        # what has expired for good is an administrator's to change
        (
            KEEPS_CHANGE,
            {"hard_expiry": True, "users_may_change": True},
            ("late",),
            f"{CHANGES} ready {CHANGES} key-only enrols-first {CHANGES}",
        ),
    ],
)
def test_what_is_said_of_a_forced_change_is_what_comes_of_it(
    document: Document, rules: dict[str, bool], locked: tuple[str, ...], fates: str
) -> None:
    start = temporary()
    start = replace(start, password_policy=PasswordPolicy(max_age=90, **rules))
    made = planned(document, *FORCED, start=start)
    assert felt(made).get("dead-lock", ()) == locked
    people = {each.user: each for each in made.people}
    assert [people[name].impact for name in FORCED] == fates.split()
    if people["key"].impact == "key-only":
        assert "Cannot sign in to the console" in people["key"].text.en
        assert "コンソールにはサインインできません" in people["key"].text.ja


def test_who_has_a_device_and_an_expired_password_is_not_ready() -> None:
    late = {"attached": (FULL,), "password": Password(), "devices": (device("late"),)}
    start = with_user(temporary(), user("late", keys=(KEY,), **late))
    start = replace(start, password_policy=PasswordPolicy(max_age=90, hard_expiry=True))
    made = planned(enforcement(), "late", start=start)
    (person,) = [each for each in made.people if each.user == "late"]
    assert (person.impact, felt(made)["dead-lock"]) == ("key-only", ("late",))
    assert "sets up MFA" not in person.text.en, "there is a device"
