"""Performing the steps of a walk: real clients and the console's sign-in at the local AWS.

Every secret here is made up and opens nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sekisho.account import AccountFile, load_account
from sekisho.account.aws import Keys, connect
from sekisho.endpoint import LocalAws
from sekisho.errors import AwsRefused
from sekisho.policy import to_json
from sekisho.prover.walk import Kind, Step, Story
from sekisho.prover.walk.judge import GROUP, NAMES, OK, ROLE, Setting
from sekisho.prover.walk.model import (
    ROLE_HOLD,
    Act,
    Device,
    Hand,
    Held,
    Hold,
    Move,
    Password,
    Person,
    State,
    Who,
)
from sekisho.signin import totp
from sekisho.story.console import Console, Next, Page

NOT_PERFORMED = {
    "passkey": "a passkey ceremony needs WebAuthn, for which the local console has no page",
    "service": "the local AWS has no service that calls on behalf of its caller",
}
"""What no client here can perform, by name."""

PASSWORDS = {Who.USER: "Kadomatsu-7-lantern", Who.COLLEAGUE: "Shimenawa-9-rope"}
_ADMIN_PASSWORD = "Torii-5-vermilion"
_NEW = "Sekisho-{}-barrier"
_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_KEYS = {
    "hanako": Keys("AKIAEXAMPLEHANAKO000", "example-secret-of-hanako-0123456789abcde"),
    "setup": Keys("AKIAEXAMPLESETUP0000", "example-secret-of-setup-0123456789abcdef"),
}
_ALL = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_DATE = "2024-04-01T00:00:00Z"


def not_performed(steps: Iterable[Step]) -> str:
    """Return the name of what in these steps no client here can perform; "" if there is nothing."""
    for step in steps:
        device = step.move.device
        if device is not None and device.hand is Hand.ACTOR_PASSKEY:
            return "passkey"
        if step.move.act is Act.SERVICE and step.outcome.carried_out:
            return "service"
    return ""


def account_of(story: Story, setting: Setting) -> AccountFile:
    """Return the account in which a story begins."""
    return load_account(json.dumps(_account(story, setting)))


def _account(story: Story, setting: Setting) -> dict[str, Any]:
    start = story.question.start
    attached = [{"PolicyName": "AdministratorAccess", "PolicyArn": _ADMINISTRATOR}]
    thief = story.kind is Kind.STAYS_OUT
    users = [
        _user(
            NAMES[who],
            setting.holder(who).path,
            [to_json(each.document) for each in setting.policies(who).identity],
            GroupList=[GROUP] if who is not Who.ADMINISTRATOR else [],
            AttachedManagedPolicies=attached if thief else [],
        )
        for who in Who
    ]
    role = {
        **_entry("Role", ROLE, "AROA", f"role/{ROLE}", setting.account),
        "AssumeRolePolicyDocument": to_json(setting.role_trust.document),
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": _ALL}],
    }
    group = _entry("Group", GROUP, "AGPA", f"group/{GROUP}", setting.account)
    return {
        "schema": "sekisho.account/1",
        "account": setting.account,
        "partition": setting.partition,
        "authorizationDetails": {
            "UserDetailList": [*users, _user("setup", "/", [_ALL])],
            "GroupDetailList": [group],
            "RoleDetailList": [role],
            "Policies": [],
        },
        "passwordPolicy": None,
        "credentials": {
            "users": {
                "hanako": _held(Who.USER, start.user, start),
                "taro": _held(Who.COLLEAGUE, start.colleague, start),
                "yuki": {
                    "password": _ADMIN_PASSWORD,
                    "devices": [{"name": "yuki", "seed": _SEED}],
                },
                "setup": {"accessKeys": [_key("setup")]},
            },
            "orphanDevices": [
                {"name": _device_name(device, Who.USER), "seed": _SEED}
                for device in sorted(start.unassigned)
            ],
        },
    }


def _entry(kind: str, name: str, prefix: str, resource: str, account: str) -> dict[str, Any]:
    return {
        f"{kind}Name": name,
        f"{kind}Id": f"{prefix}{name.upper():0<17}",
        "Path": "/",
        "Arn": f"arn:aws:iam::{account}:{resource}",
        "CreateDate": _DATE,
    }


def _user(name: str, path: str, documents: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        **_entry("User", name, "AIDA", f"user{path}{name}", "111122223333"),
        "Path": path,
        "UserPolicyList": [
            {"PolicyName": f"own-{place}", "PolicyDocument": document}
            for place, document in enumerate(documents)
        ],
        **more,
    }


def _key(name: str) -> dict[str, str]:
    return {"id": _KEYS[name].access_key_id, "secret": _KEYS[name].secret_access_key}


def _held(who: Who, person: Person, start: State) -> dict[str, Any]:
    held: dict[str, Any] = {}
    if person.password is not Password.NONE:
        held |= {"password": PASSWORDS[who], "passwordResetRequired": person.must_change}
    held["devices"] = [
        {"name": _device_name(device, who), "seed": _SEED} for device in sorted(person.devices)
    ]
    if Hold(who, Held.KEY) in start.holds:
        held["accessKeys"] = [_key(NAMES[who])]
    return held


def _device_name(device: Device, who: Who) -> str:
    return NAMES[device.name] if isinstance(device.name, Who) else f"other-of-{NAMES[who]}"


@dataclass
class _Virtual:
    serial: str
    seed: str = field(repr=False)


class Performer:
    """The actor of a story at a local AWS that runs."""

    def __init__(self, local: LocalAws, story: Story) -> None:
        self._local = local
        self._account = local.world.account
        start = story.question.start
        self._keys: dict[Hold, Keys] = {}
        self._passwords = dict(PASSWORDS)
        self._unassigned = {
            device: self._virtual(_device_name(device, Who.USER)) for device in start.unassigned
        }
        self._enabled = {
            (who, device): self._virtual(_device_name(device, who))
            for who in (Who.USER, Who.COLLEAGUE)
            for device in start.person(who).devices
        }
        self._page: Page | None = None
        self._made = 0
        for hold in start.holds:
            self._begin_with(hold)

    def _virtual(self, name: str) -> _Virtual:
        return _Virtual(f"arn:aws:iam::{self._account}:mfa/{name}", _SEED)

    def _begin_with(self, hold: Hold) -> None:
        if hold == ROLE_HOLD:
            role = f"arn:aws:iam::{self._account}:role/{ROLE}"
            answer = self._api(_KEYS["setup"]).call(
                "sts", "AssumeRole", RoleArn=role, RoleSessionName="session"
            )
            self._keys[hold] = _session(answer)
        elif hold.held is Held.KEY:
            self._keys[hold] = _KEYS[NAMES[hold.who]]
        else:
            page = self._console().sign_in(NAMES[hold.who], _ADMIN_PASSWORD)
            page = self._console().mfa(page.ticket, self._code(_SEED))
            assert page.keys is not None
            self._keys[hold] = page.keys

    def perform(self, step: Step) -> str:
        """Do what a step says; return `OK` or the error code that came back."""
        try:
            self._do(step.move)
        except AwsRefused as refused:
            return refused.aws_code
        return OK

    def _do(self, move: Move) -> None:
        match move.act:
            case Act.SIGN_IN | Act.GIVE_CODE | Act.NEW_PASSWORD:
                self._at_the_page(move)
            case Act.CREATE_DEVICE | Act.ENABLE_DEVICE:
                self._enrol(move)
            case Act.DEACTIVATE_DEVICE | Act.DELETE_DEVICE:
                self._remove(move)
            case Act.SESSION_TOKEN | Act.ASSUME_ROLE:
                self._token(move)
            case Act.CREATE_LOGIN | Act.UPDATE_LOGIN | Act.CHANGE_PASSWORD:
                self._set_password(move)
            case _:
                self._call(move)

    def _at_the_page(self, move: Move) -> None:
        console, who = self._console(), move.on
        if move.act is Act.SIGN_IN:
            page = console.sign_in(NAMES[who], self._passwords[who])
        elif move.act is Act.GIVE_CODE:
            assert self._page is not None
            code = self._code(self._enabled[who, move.device].seed) if move.device else "000000"
            page = console.mfa(self._page.ticket, code)
        else:
            assert self._page is not None
            new = self._new_password()
            page = console.new_password(self._page.ticket, self._passwords[who], new)
            self._passwords[who] = new
        self._page = page
        if page.next is Next.DONE:
            assert page.keys is not None
            held = Held.CONSOLE_MFA if page.mfa_used else Held.CONSOLE
            self._keys[Hold(who, held)] = page.keys

    def _enrol(self, move: Move) -> None:
        api, device = self._signed(move), move.device
        assert device is not None
        if move.act is Act.CREATE_DEVICE:
            name = NAMES[device.name] if isinstance(device.name, Who) else self._other_name()
            answer = api.call("iam", "CreateVirtualMFADevice", VirtualMFADeviceName=name)
            made = answer["VirtualMFADevice"]
            seed = made["Base32StringSeed"].decode()
            self._unassigned[device] = _Virtual(made["SerialNumber"], seed)
            return
        virtual = self._unassigned[device]
        self._local.clock.advance(timedelta(seconds=3 * totp.PERIOD))
        # the last two codes: one that is still to come would teach the device a drift, and leave
        # no room for a code that arrives in the next period
        step = totp.step_of(self._local.clock.now())
        api.call(
            "iam",
            "EnableMFADevice",
            UserName=NAMES[move.on],
            SerialNumber=virtual.serial,
            AuthenticationCode1=totp.code_at(virtual.seed, step - 1),
            AuthenticationCode2=totp.code_at(virtual.seed, step),
        )
        self._enabled[move.on, device] = self._unassigned.pop(device)

    def _other_name(self) -> str:
        self._made += 1
        return f"phone-{self._made + 1}"

    def _remove(self, move: Move) -> None:
        api, device = self._signed(move), move.device
        assert device is not None
        if move.act is Act.DELETE_DEVICE:
            serial = self._unassigned[device].serial
            api.call("iam", "DeleteVirtualMFADevice", SerialNumber=serial)
            del self._unassigned[device]
            return
        serial = self._enabled[move.on, device].serial
        name = NAMES[move.on]
        api.call("iam", "DeactivateMFADevice", UserName=name, SerialNumber=serial)
        self._unassigned[device] = self._enabled.pop((move.on, device))

    def _token(self, move: Move) -> None:
        more: dict[str, str] = {}
        if move.device is not None:
            virtual = self._enabled[move.by.who, move.device]
            more = {"SerialNumber": virtual.serial, "TokenCode": self._code(virtual.seed)}
        hold = ROLE_HOLD
        if move.act is Act.ASSUME_ROLE:
            role = f"arn:aws:iam::{self._account}:role/{ROLE}"
            more |= {"RoleArn": role, "RoleSessionName": "session"}
        else:
            hold = Hold(move.by.who, Held.TOKEN_MFA if move.code else Held.TOKEN)
        answer = self._signed(move).call("sts", move.act.value.split(":")[1], **more)
        self._keys[hold] = _session(answer)

    def _set_password(self, move: Move) -> None:
        api, who, new = self._signed(move), move.on, self._new_password()
        if move.act is Act.CHANGE_PASSWORD:
            api.call("iam", "ChangePassword", OldPassword=self._passwords[who], NewPassword=new)
        else:
            api.call(
                "iam",
                move.act.value.split(":")[1],
                UserName=NAMES[who],
                Password=new,
                PasswordResetRequired=move.by.who is Who.ADMINISTRATOR,
            )
        self._passwords[who] = new

    def _call(self, move: Move) -> None:
        service, operation = move.act.value.split(":")
        if move.act is Act.WORK:
            operation = "ListBuckets"
        answer = self._signed(move).call(service, operation, **_parameters(move))
        if move.act is Act.CREATE_KEY:
            key = answer["AccessKey"]
            self._keys[Hold(move.on, Held.KEY)] = Keys(key["AccessKeyId"], key["SecretAccessKey"])

    def _new_password(self) -> str:
        self._made += 1
        return _NEW.format(self._made)

    def _code(self, seed: str) -> str:
        """Return a code that was not used yet: the enrolment has used up two."""
        self._local.clock.advance(timedelta(seconds=3 * totp.PERIOD))
        return totp.code_at(seed, totp.step_of(self._local.clock.now()))

    def _signed(self, move: Move) -> Any:
        return self._api(self._keys[move.by])

    def _api(self, keys: Keys) -> Any:
        return connect(region="us-east-1", endpoint_url=self._local.url, credentials=keys)

    def _console(self) -> Console:
        return Console(self._local.url, self._account)


def _session(answer: Any) -> Keys:
    given = answer["Credentials"]
    return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def _parameters(move: Move) -> dict[str, str]:
    user = {"UserName": NAMES[move.on]}
    match move.act:
        case Act.ATTACH_POLICY | Act.DETACH_POLICY:
            return {**user, "PolicyArn": _ADMINISTRATOR}
        case Act.ADD_TO_GROUP | Act.REMOVE_FROM_GROUP:
            return {**user, "GroupName": GROUP}
        case Act.UPDATE_TRUST:
            statement = {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            }
            document = json.dumps({"Version": "2012-10-17", "Statement": statement})
            return {"RoleName": ROLE, "PolicyDocument": document}
        case Act.SERVICE:
            return {"StackName": "any", "TemplateBody": "{}"}
        case Act.WORK:
            return {}
        case _:
            return user


def performed(story: Story, setting: Setting, steps: Iterable[Step]) -> list[str]:
    """Perform steps in a new account; return what came of each."""
    with LocalAws(account_of(story, setting), signin=setting.signin) as local:
        performer = Performer(local, story)
        return [performer.perform(step) for step in steps]
