"""An account on paper in which a simulated company lives: people may do what the engine allows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from campaign.company import OTHER, SignedIn, Start
from rollout.staging import ACCOUNT, CHANGE, account, enforcement, managed, user
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Device,
    Group,
    Password,
    Snapshot,
    User,
    policies_of,
)
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Request, decide
from sekisho.policy import Document, from_json, to_json
from sekisho.rollout import Change, forecast
from sekisho.signin import DeviceKind

FIRST = datetime(2027, 1, 4, 3, 0, tzinfo=UTC)
"""Noon in Tokyo."""
NO_IAM = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
}
FORBIDDEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "iam:EnableMFADevice", "Resource": "*"}],
}
WORK = ("ec2:DescribeInstances", "*")
"""What everybody's work is."""


def arn_of(policy: str) -> str:
    """Return the ARN of a customer managed policy."""
    return f"arn:aws:iam::{ACCOUNT}:policy/{policy}"


POWER, _OTHER = arn_of("Power"), arn_of(OTHER)
FILLERS = tuple(arn_of(f"Filler{number}") for number in range(10))


MAY_CHANGE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["iam:ChangePassword"],
            "Resource": ["arn:aws:iam::*:user/${aws:username}"],
        },
        {"Effect": "Allow", "Action": ["iam:GetAccountPasswordPolicy"], "Resource": "*"},
    ],
}
"""What AWS's IAMUserChangePassword says."""


class Rights:
    """What users may do, with MFA or without: asked of the engine, once for equal rights."""

    def __init__(self, account: Snapshot) -> None:
        self._account = account
        self._known: dict[tuple[object, ...], bool] = {}

    def may(self, user: User, action: str, resource: str, *, mfa: bool) -> bool:
        """Return whether a user may do something in a console session."""
        key = (user.attached, user.groups, user.inline, user.path, action, resource, mfa)
        if key not in self._known:
            given = {"aws:MultiFactorAuthAge": "0"} if mfa else {}
            context = Context(
                {
                    "aws:MultiFactorAuthPresent": "true" if mfa else "false",
                    "aws:username": user.name,
                    "aws:PrincipalArn": user.arn,
                    "aws:PrincipalType": "User",
                    "aws:userid": user.id,
                    "aws:ViaAWSService": "false",
                    **given,
                }
            )
            own = resource.replace("${name}", user.name).replace("${arn}", user.arn)
            policies = policies_of(replace(self._account, users=(user,)), user.name)
            effect = decide(Request(user.arn, action, own, context), policies).effect
            self._known[key] = effect is DecisionEffect.ALLOWED
        return self._known[key]

    def works(self, user: User, *, mfa: bool) -> bool:
        """Return whether a user can do their work."""
        return self.may(user, *WORK, mfa=mfa)

    def changes_password(self, user: User, *, mfa: bool) -> bool:
        """Return whether a user may change the password."""
        return self.may(user, "iam:ChangePassword", "${arn}", mfa=mfa)

    def enrols(self, user: User, *, passkey: bool = False) -> bool:
        """Return whether a user may set up a device in a session without MFA."""
        if not self.may(user, "iam:EnableMFADevice", "${arn}", mfa=False):
            return False
        device = f"arn:aws:iam::{ACCOUNT}:mfa/${{name}}-phone"
        return passkey or self.may(user, "iam:CreateVirtualMFADevice", device, mfa=False)

    def locked_out(self, user: User) -> bool:
        """Return whether a user with a password has no way to their work, step by step.

        Whoever has a device is taken to have it in their hands.
        """
        password = user.password
        if password is None or self._works(user, mfa=bool(user.devices)):
            return False
        return bool(user.devices) or not (self._opens(user, mfa=False) and self.enrols(user))

    def _works(self, user: User, *, mfa: bool) -> bool:
        return self._opens(user, mfa=mfa) and self.works(user, mfa=mfa)

    def _opens(self, user: User, *, mfa: bool) -> bool:
        must_change = user.password is not None and user.password.reset_required
        return not must_change or self.changes_password(user, mfa=mfa)


def carried_out(account: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return an account after changes of a plan; AWS shows the text of its own policy."""
    after = forecast(account, changes)
    if CHANGE not in after.policies and any(CHANGE in each.attached for each in after.users):
        added = replace(managed(CHANGE, MAY_CHANGE), aws_managed=True)
        after = replace(after, policies={**after.policies, CHANGE: added})
    return after


class OnPaper:
    """An account that people and campaigns change."""

    def __init__(self, now: datetime = FIRST) -> None:
        start = account()
        policies = {
            **start.policies,
            POWER: managed(POWER, NO_IAM),
            _OTHER: managed(_OTHER, enforcement()),
            **{each: managed(each, NO_IAM) for each in FILLERS},
        }
        staff = Group("Staff", "/", f"arn:aws:iam::{ACCOUNT}:group/Staff", (POWER,))
        summary = {"AttachedPoliciesPerUserQuota": 10, "GroupsPerUserQuota": 10}
        groups = (*start.groups, staff)
        self._account = replace(start, policies=policies, groups=groups, summary=summary)
        self._users = {each.name: each for each in start.users}
        self._rights: tuple[object, Rights] | None = None
        self._changed = True
        self.now = now
        self._made = 0

    def names(self) -> Mapping[str, str]:
        return {each.id: name for name, each in self._users.items()}

    def day(self) -> date:
        return self.now.date()

    def snapshot(self) -> Snapshot:
        """Return the account as it is now."""
        if self._changed or self._account.taken_at != self.now:
            users = tuple(self._users[name] for name in sorted(self._users))
            report = CredentialReport(self.now, {each.name: _row(each) for each in users})
            self._account = replace(self._account, users=users, taken_at=self.now, report=report)
            self._changed = False
        return self._account

    def rights(self) -> Rights:
        """Return what people may do now."""
        documents = tuple((arn, id(each.document)) for arn, each in self._account.policies.items())
        facts = (documents, self._account.groups)
        if self._rights is None or self._rights[0] != facts:
            self._rights = (facts, Rights(self._account))
        return self._rights[1]

    def put(self, account: Snapshot) -> None:
        """Let the account be as it is after a run."""
        self._account, self._changed = account, False
        self._users = {each.name: each for each in account.users}

    def _change(self, name: str, **fields: object) -> None:
        self._users[name] = replace(self._users[name], **fields)  # type: ignore[arg-type]  # by name
        self._changed = True

    def begin(self, people: tuple[Start, ...]) -> None:
        for start in people:
            self._add(start, self.now - timedelta(days=400))

    def _add(self, start: Start, since: datetime) -> User:
        name, self._made = start.name, self._made + 1
        enrolled = self._ago(start.enrolled)
        key = AccessKey(f"AKIA{self._made}", active=True, last_used=self._ago(start.key_used))
        password = Password(start.temporary, since, self._ago(start.signed_in))
        self._users[name] = user(
            name,
            path=start.path,
            created_at=since,
            groups=("Developers" if start.administrator else "Staff",),
            attached=(*FILLERS[: start.held], *((_OTHER,) if start.enforced_by_other else ())),
            inline=_forbidding(name) if start.forbidden else (),
            password=password if start.password else None,
            devices=(self._device(name, enrolled, passkey=start.passkey),) if enrolled else (),
            keys=(key,) if start.key_used is not None else (),
        )
        self._changed = True
        return self._users[name]

    def _ago(self, days: int | None) -> datetime | None:
        return None if days is None else self.now - timedelta(days=days)

    def _device(self, name: str, at: datetime, *, passkey: bool) -> Device:
        if passkey:
            serial = f"arn:aws:iam::{ACCOUNT}:u2f/user/{name}/key-{self._made}"
            return Device(serial, DeviceKind.FIDO, name, at)
        self._made += 1
        return Device(f"arn:aws:iam::{ACCOUNT}:mfa/phone{self._made}", DeviceKind.VIRTUAL, name, at)

    def sign_in(self, name: str, *, phone: bool) -> SignedIn:
        user = self._users[name]
        password, mfa, rights = user.password, bool(user.devices), self.rights()
        if password is None or (mfa and not phone):
            return SignedIn.REFUSED
        if password.reset_required and not rights.changes_password(user, mfa=mfa):
            return SignedIn.REFUSED
        self._clock()
        used = replace(password, reset_required=False, last_used=self.now)
        self._change(name, password=used)
        return SignedIn.WITH_MFA if mfa else SignedIn.WITHOUT_MFA

    def _clock(self) -> None:
        """Let a moment go by: what comes later is later."""
        self.now += timedelta(seconds=1)

    def enrol(self, name: str, *, passkey: bool) -> bool:
        user = self._users[name]
        if not self.rights().enrols(user, passkey=passkey):
            return False
        self._clock()
        self._change(name, devices=(self._device(name, self.now, passkey=passkey),))
        return True

    def use_key(self, name: str) -> None:
        user = self._users[name]
        self._change(name, keys=tuple(replace(key, last_used=self.now) for key in user.keys))

    def reset(self, name: str) -> None:
        # a new login profile for somebody whose password was taken away
        password = self._users[name].password or Password(created_at=self.now)
        self._change(name, devices=(), password=replace(password, reset_required=True))

    def leave(self, name: str) -> None:
        del self._users[name]
        self._changed = True

    def join(self, start: Start) -> str:
        return self._add(start, self.now).id

    def rename(self, old: str, new: str) -> None:
        user = self._users.pop(old)
        devices = tuple(replace(each, user=new) for each in user.devices)
        arn = user.arn.removesuffix(old) + new
        self._users[new] = replace(user, name=new, arn=arn, devices=devices)
        self._changed = True

    def detach(self, name: str, policy: str) -> None:
        user = self._users[name]
        self._change(name, attached=tuple(a for a in user.attached if a != arn_of(policy)))

    def forbid_enrolment(self, name: str) -> None:
        self._change(name, inline=_forbidding(name))

    def edit(self, policy: str) -> bool:
        known = self._account.policies.get(arn_of(policy))
        if known is None:
            return False
        edited = replace(known, document=without_enrolment(known.document))
        changed = {**self._account.policies, known.arn: edited}
        self._account = replace(self._account, policies=changed)
        return True

    def tomorrow(self) -> None:
        day = (self.now + timedelta(days=1)).date()
        self.now = FIRST.replace(year=day.year, month=day.month, day=day.day)


def without_enrolment(document: Document) -> Document:
    """Return a policy's document without the right to enable a device."""
    text = json.dumps(to_json(document)).replace("iam:EnableMFADevice", "iam:GetMFADevice")
    return from_json(json.loads(text))


def _row(user: User) -> CredentialRow:
    """Return the line of a user in the credential report."""
    password = user.password
    return CredentialRow(
        user.name,
        user.arn,
        password_enabled=password is not None,
        password_last_used=password.last_used if password else None,
        password_last_changed=password.created_at if password else None,
        mfa_active=bool(user.devices),
        certificates_active=(False, False),
    )


def _forbidding(name: str) -> tuple[AttachedPolicy, ...]:
    return (AttachedPolicy(f"inline no-mfa of user {name}", from_json(FORBIDDEN)),)
