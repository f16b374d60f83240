"""Chapters 1 to 3: what is there, the policy, and the plan that attaches it.

In step 1.5 a quarter of logs, which were made, is read as real ones are; a plan goes by them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

from sekisho import catalogue
from sekisho.account import (
    Snapshot,
    Usage,
    User,
    UserUse,
    collect,
    evidence_in,
    looks_like,
    traces_of,
)
from sekisho.audit.meaning import meaning, sentences
from sekisho.errors import MissingExtra
from sekisho.localaws import ADMINISTRATOR, MACHINE
from sekisho.messages import Message
from sekisho.policy import COLUMNS, from_json, names, render, size, summarise
from sekisho.rollout import Goal, GroupGoal, NewUser, TemporaryPassword
from sekisho.tour import company
from sekisho.tour.made_logs import DAYS, write_made_logs
from sekisho.tour.rehearsal.plans import apply_plan, make_plan, show_plan
from sekisho.tour.rehearsal.recording import IN_ORDER, StepRecorder
from sekisho.tour.rehearsal.rehearsal import TourRehearsal
from sekisho.tour.rehearsal.steps import (
    DONE,
    INVALID_TOKEN,
    NO,
    TRUST_DENIES,
    YES,
    Cell,
    Expected,
    StepCredential,
    TourStep,
)

_MUST_CHANGE = Message("must be changed")
_COLUMNS = (
    Message("user"),
    Message("groups"),
    Message("password"),
    Message("device"),
    Message("active keys"),
)
_USERS = Message("Users")
_NO_GAPS = Message("unreadable")
_LEFTOVERS = Message("unassigned devices")
_SESSION = Message("the session has MFA")


def before(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Sign in as the administrator; read the account, try every key, find a leftover, read logs."""
    with rehearsal.step("1.1-administrator-signs-in") as step:
        session = rehearsal.signed_in(step, rehearsal.person(ADMINISTRATOR))
        step.check(_SESSION, True, session.credential is StepCredential.CONSOLE_WITH_MFA)
        step.call(session, "sts:GetCallerIdentity")
        rehearsal.administrator = session
    yield step.done
    with rehearsal.step("1.2-users") as step:
        snapshot = collect(step.api_of(session), now=rehearsal.now(), pace=IN_ORDER)
        step.check(_NO_GAPS, (), snapshot.gaps)
        rehearsal.snapshot = snapshot
        step.table(_USERS, _COLUMNS, _users_table(snapshot))
    yield step.done
    with rehearsal.step("1.3-keys-without-mfa") as step:
        for user in snapshot.users:
            for key in user.keys:
                expected = DONE if key.active else INVALID_TOKEN
                step.call(rehearsal.key(user.name, key.id), company.PROBES[user.name], expected)
        role = {"RoleArn": rehearsal.role_arn(company.ROLE), "RoleSessionName": "tour"}
        step.call(rehearsal.key_of(company.KEY_USER), "sts:AssumeRole", TRUST_DENIES, **role)
    yield step.done
    with rehearsal.step("1.4-half-enrolled") as step:
        answer = step.call(session, "iam:ListVirtualMFADevices", AssignmentStatus="Unassigned")
        serials = [device["SerialNumber"] for device in answer["VirtualMFADevices"]]
        step.check(_LEFTOVERS, [rehearsal.device_arn(company.UNASSIGNED_DEVICE)], serials)
    yield step.done
    with rehearsal.step("1.5-logs") as step:
        rehearsal.usage = read_logs(rehearsal, step)
    yield step.done


def _users_table(snapshot: Snapshot) -> list[tuple[Cell, ...]]:
    """Return a row for every user of a snapshot."""
    return [_row(user) for user in snapshot.users]


def _row(user: User) -> tuple[Cell, ...]:
    name = user.name if user.path == "/" else f"{user.path}{user.name}"
    password = NO
    if user.password is not None:
        password = _MUST_CHANGE if user.password.reset_required else YES
    active = sum(key.active for key in user.keys)
    groups = ", ".join(user.groups) or "-"
    return name, groups, password, YES if user.devices else NO, str(active)


_BAD_NAME = "Force MFA"
_TOO_LONG = "x" * 1001

_FAULTS = Message("sekisho refuses them beforehand")
_SECTION = Message("Section")
_SUMMARY = Message("Permissions defined in this policy")
_ALLOW_ROW = Message("the Allow row is as in the console: IAM, read, list, write")
_QUOTA = Message("fits the quota of 6,144 characters")
_ENFORCES = Message("everything that the policy does not name is denied without MFA")
_FOUND = Message("found in the list by its name")
_SAME = Message("AWS holds the document that was sent")
_TAGS = Message("its tags")
_LARGEST = 6144


def policy(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Create the policy of the chosen preset and find it again."""
    with rehearsal.step("2.1-names-refused") as step:
        _bad_names(rehearsal, step)
    yield step.done
    with rehearsal.step("2.2-review-page") as step:
        _review(rehearsal, step)
    yield step.done
    with rehearsal.step("2.3-what-it-means") as step:
        meant = meaning(rehearsal.document(rehearsal.preset), partition=rehearsal.partition)
        step.check(_ENFORCES, True, meant.enforces)
        for sentence in sentences(meant):
            step.note(sentence)
    yield step.done
    with rehearsal.step("2.4-plan") as step:
        plan = make_plan(
            rehearsal, step, Goal(policy=rehearsal.policy_goal(company.POLICY, rehearsal.preset))
        )
        show_plan(step, plan, proofs=True)
    yield step.done
    with rehearsal.step("2.5-create") as step:
        apply_plan(rehearsal, step, plan)
    yield step.done
    with rehearsal.step("2.6-find") as step:
        _find(rehearsal, step)
    yield step.done


def _bad_names(rehearsal: TourRehearsal, step: StepRecorder) -> None:
    """Have sekisho and AWS refuse the same name, description and tag."""
    reserved = {"Key": "aws:purpose", "Value": "tour"}
    faults = (
        *names.policy_name(_BAD_NAME),
        *names.description(_TOO_LONG),
        *names.tags([(reserved["Key"], reserved["Value"])]),
    )
    step.check(_FAULTS, ["PolicyName", "Description", "Tags[0].Key"], [f.path for f in faults])
    document = render(rehearsal.document(rehearsal.preset))
    for expected, parameters in (
        (Expected("ValidationError", ("policyName",)), {"PolicyName": _BAD_NAME}),
        (Expected("ValidationError", ("description",)), {"Description": _TOO_LONG}),
        (Expected("InvalidInput", ("System tags cannot be added",)), {"Tags": [reserved]}),
    ):
        asked = {"PolicyName": company.POLICY, "PolicyDocument": document, **parameters}
        step.call(rehearsal.administrator, "iam:CreatePolicy", expected, **asked)


def _review(rehearsal: TourRehearsal, step: StepRecorder) -> None:
    document = rehearsal.document(rehearsal.preset)
    summary = summarise(document, catalogue.load())
    allowed = "; ".join(" | ".join(cell.en for cell in row.cells) for row in summary.allowed)
    # what AWS's console shows for this family of documents (docs/policy.md)
    expected = "IAM | Limited: Read, List, Write | Multiple | None"
    step.same(_ALLOW_ROW, expected, allowed)
    step.check(_QUOTA, True, size(document) <= _LARGEST)
    rows: list[tuple[Cell, ...]] = [
        (heading, *row.cells) for heading, found in summary.sections for row in found
    ]
    step.table(_SUMMARY, (_SECTION, *COLUMNS), rows)


def _find(rehearsal: TourRehearsal, step: StepRecorder) -> None:
    administrator = rehearsal.administrator
    arn = rehearsal.policy_arn(company.POLICY)
    answer = step.call(administrator, "iam:ListPolicies", Scope="Local", MaxItems=1000)
    found = [item for item in answer["Policies"] if item["PolicyName"] == company.POLICY]
    step.check(_FOUND, [arn], [item["Arn"] for item in found])
    answer = step.call(administrator, "iam:GetPolicyVersion", PolicyArn=arn, VersionId="v1")
    credential = from_json(_decode_document(answer["PolicyVersion"]["Document"]))
    step.same(_SAME, rehearsal.document(rehearsal.preset), credential)
    answer = step.call(administrator, "iam:ListPolicyTags", PolicyArn=arn)
    tags = [f"{tag['Key']}={tag['Value']}" for tag in answer["Tags"]]
    step.check(_TAGS, [f"{key}={value}" for key, value in company.TAGS.items()], tags)


def _decode_document(document: Mapping[str, Any] | str) -> Any:
    return json.loads(unquote(document)) if isinstance(document, str) else document


_ATTACHED = Message("the policy is attached")
_PASSWORD_MUST_CHANGE = Message("the password must be changed")
_MEMBERS = Message("the group's members")


def attach(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Plan, show, apply; then look at each of the three ways."""
    goal = Goal(
        policy=rehearsal.policy_goal(company.POLICY, rehearsal.preset),
        users=(company.EXISTING, MACHINE),
        group=GroupGoal(company.GROUP, company.MEMBERS),
        new_users=(NewUser(company.NEW, tags=company.TAGS, password=TemporaryPassword()),),
        break_glass=(company.BREAK_GLASS,),
    )
    with rehearsal.step("3.1-plan") as step:
        plan = make_plan(rehearsal, step, goal)
        show_plan(step, plan)
    yield step.done
    with rehearsal.step("3.2-apply") as step:
        apply_plan(rehearsal, step, plan)
    yield step.done
    yield from _looked_at(rehearsal)


def _looked_at(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    administrator = rehearsal.administrator
    arn = rehearsal.policy_arn(company.POLICY)
    with rehearsal.step("3.3-existing-user") as step:
        answer = step.call(administrator, "iam:ListAttachedUserPolicies", UserName=company.EXISTING)
        step.check(_ATTACHED, True, arn in _arns(answer))
    yield step.done
    with rehearsal.step("3.4-new-user") as step:
        answer = step.call(administrator, "iam:ListAttachedUserPolicies", UserName=company.NEW)
        change = rehearsal.aws_policy_arn(company.CHANGE_PASSWORD_POLICY)
        step.check(_ATTACHED, {arn, change}, set(_arns(answer)))
        answer = step.call(administrator, "iam:GetLoginProfile", UserName=company.NEW)
        step.check(_PASSWORD_MUST_CHANGE, True, answer["LoginProfile"]["PasswordResetRequired"])
    yield step.done
    with rehearsal.step("3.5-group") as step:
        answer = step.call(administrator, "iam:ListAttachedGroupPolicies", GroupName=company.GROUP)
        step.check(_ATTACHED, [arn], _arns(answer))
        answer = step.call(administrator, "iam:GetGroup", GroupName=company.GROUP)
        members = {user["UserName"] for user in answer["Users"]}
        step.check(_MEMBERS, set(company.MEMBERS), members)
    yield step.done


def _arns(answer: Mapping[str, Any]) -> list[str]:
    return [policy["PolicyArn"] for policy in answer["AttachedPolicies"]]


_NOT_READ = Message("The logs are not read, and the tour goes on without them: {missing}; {fix}.")
_MADE = Message("The logs of these {days} days were made up for the tour.")
_FILES = Message("log files")
_EVENTS = Message("events")
_UNREAD_FILES = Message("unreadable")
_MACHINES = Message("programs")
_WITHOUT_MFA = Message("console sign-in without MFA")
_LOGGED = Message("In the logs")
_LOG_COLUMNS = (
    Message("user"),
    Message("access key"),
    Message("calls without MFA"),
    Message("addresses"),
    Message("services"),
)


def read_logs(rehearsal: TourRehearsal, step: StepRecorder) -> Usage | None:
    """Read the company's logs and show who uses which key; None if they cannot be read here."""
    with TemporaryDirectory(prefix="sekisho-tour-logs-") as folder:
        events = write_made_logs(Path(folder), rehearsal.company, rehearsal.now())
        step.check(_FILES, DAYS, len([*Path(folder).rglob("*.json.gz")]))
        try:
            usage = _usage(folder)
        except MissingExtra as missing:
            step.note(_NOT_READ.filled(missing=missing.message, fix=missing.fix))
            return None
    step.check(_EVENTS, events, usage.events)
    step.check(_UNREAD_FILES, 0, usage.faults)
    machines = [user.name for user in usage.users if _is_machine(user)]
    step.check(_MACHINES, [MACHINE], machines)
    without = [user.name for user in usage.users if user.sign_ins_without_mfa]
    step.check(_WITHOUT_MFA, ["mei.takahashi"], without)
    rows: list[tuple[Cell, ...]] = [
        (
            user.name,
            key.key_id,
            f"{key.without_mfa:,}",
            str(key.addresses_count),
            ", ".join(sorted(key.services)),
        )
        for user in usage.users
        for key in user.keys
    ]
    step.table(_LOGGED, _LOG_COLUMNS, rows)
    step.note(_MADE.filled(days=DAYS))
    return usage


def _usage(folder: str) -> Usage:
    # the packages that read logs are an extra of their own, which the tour need not have
    from sekisho.replay.reading import local_logs, read_groups  # noqa: PLC0415 - see above
    from sekisho.replay.report import trail_logs, usage_of  # noqa: PLC0415 - with it

    found = local_logs([folder])
    return usage_of(trail_logs(read_groups(found.files), found.skipped))


def _is_machine(user: UserUse) -> bool:
    return looks_like(evidence_in(traces_of(user))).value == "machine"
