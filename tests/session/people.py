"""An account whose people have access keys and devices, and the outside world of a session helper.

All secrets are made up.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from administered import ACCOUNT, EVERYTHING, REGION
from sekisho.account import AwsApi, load_account
from sekisho.account.aws import Keys, connect
from sekisho.localaws import LocalAws
from sekisho.messages import Message
from sekisho.session import Broker, Notes, Source, Store, Surroundings
from sekisho.session.terminal import no_terminal
from sekisho.signin import code_at, step_of

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PHONE = f"arn:aws:iam::{ACCOUNT}:mfa/aoi-phone"
KEY = Keys("AKIAAOI00001EXAMPLE0", "made-up-secret-of-aoi-0123456789abcdefghij")
SECOND_KEY = Keys("AKIAAOI00002EXAMPLE0", "made-up-second-secret-of-aoi-0123456789abc")
OTHER_KEYS = {
    name: Keys(f"AKIA{name.upper():0<16}", f"made-up-secret-of-{name}-0123456789abcdefgh"[:40])
    for name in ("several", "nothing")
}
_DATE = "2024-04-01T00:00:00Z"


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _user(name: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name.upper():0<17}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "CreateDate": _DATE,
        "UserPolicyList": [{"PolicyName": "all", "PolicyDocument": EVERYTHING}],
    }


def _role(name: str, condition: dict[str, dict[str, str]]) -> dict[str, Any]:
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
        "Condition": condition,
    }
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper():0<17}",
        "Arn": role_arn(name),
        "CreateDate": _DATE,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": EVERYTHING}],
    }


def _key(key: Keys) -> dict[str, str]:
    return {"id": key.access_key_id, "secret": key.secret_access_key}


def account() -> str:
    """Return the account file.

    `aoi` has two keys and a phone; the role `Ops` wants MFA, `Fresh` a sign-in of the last five
    minutes, and nobody may assume `Closed`.
    """
    others = {
        name: {"accessKeys": [{"id": key.access_key_id, "secret": key.secret_access_key}]}
        for name, key in OTHER_KEYS.items()
    }
    others["several"]["devices"] = [{"name": "old", "seed": SEED}, {"name": "new", "seed": SEED}]
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return json.dumps(
        {
            "schema": "sekisho.account/1",
            "account": ACCOUNT,
            "partition": "aws",
            "authorizationDetails": {
                "UserDetailList": [_user(name) for name in ("aoi", *OTHER_KEYS)],
                "GroupDetailList": [],
                "RoleDetailList": [
                    _role("Ops", with_mfa),
                    _role("Fresh", {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}),
                    _role("Closed", {"StringEquals": {"aws:PrincipalTag/team": "none"}}),
                ],
                "Policies": [],
            },
            "passwordPolicy": None,
            "credentials": {
                "users": {
                    "aoi": {
                        "accessKeys": [_key(KEY), _key(SECOND_KEY)],
                        "devices": [{"name": "aoi-phone", "seed": SEED}],
                    },
                    **others,
                },
                "unassignedDevices": [],
            },
        }
    )


def running() -> Iterator[LocalAws]:
    """Run the local AWS with that account: the body of a fixture."""
    with LocalAws(load_account(account())) as local:
        yield local


def code_of(local: LocalAws) -> str:
    """Return what the phone shows."""
    return code_at(SEED, step_of(local.clock.now()))


@dataclass
class Phone:
    """A terminal at which somebody reads codes from a phone.

    Attributes:
        typed: what they type first, before they look at the phone.
        asked: the questions.
    """

    local: LocalAws
    there: bool = True
    typed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def check(self) -> None:
        if not self.there:
            raise no_terminal()

    def ask(self, question: Message, *, hidden: bool) -> str:
        self.check()
        self.asked.append(question.en)
        return self.typed.pop(0) if self.typed else code_of(self.local)

    def say(self, message: Message) -> None:
        self.said.append(message.en)


@dataclass
class Desk:
    """The world around a helper: a store, a folder for notes, a phone, and a clock to move."""

    local: LocalAws
    folder: Path
    store: Store
    phone: Phone
    told: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def at(self) -> Surroundings:
        return Surroundings(
            self.store,
            Notes(self.folder, self._say),
            self.phone,
            self._say,
            self._connect,
            self.local.clock.now,
            self._sleep,
        )

    def broker(self, source: Source) -> Broker:
        return Broker(source, self.at())

    def next_code(self) -> None:
        self.local.clock.advance(timedelta(seconds=30))

    def _say(self, message: Message) -> None:
        self.told.append(message.en)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.local.clock.advance(timedelta(seconds=seconds))

    def _connect(self, keys: Keys, source: Source) -> AwsApi:
        api = connect(credentials=keys, region=source.region, endpoint_url=source.endpoint)
        return _Counted(api, self.calls)


@dataclass
class _Counted:
    api: AwsApi
    calls: list[str]

    def call(self, service: str, operation: str, /, **params: object) -> Any:
        self.calls.append(operation)
        return self.api.call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Any:
        self.calls.append(operation)
        return self.api.pages(service, operation, key, **params)


def write_profiles(folder: Path, local: LocalAws, **more: str) -> Path:
    """Write a config file with the profile `people`, which has aoi's key, and others."""
    region = f"region = {REGION}\nendpoint_url = {local.url}"
    parts = {"people": key_lines(KEY), **more}
    path = folder / "config"
    path.write_text(
        "\n".join(f"[profile {name}]\n{region}\n{text}\n" for name, text in parts.items()), "utf-8"
    )
    return path


def key_lines(key: Keys) -> str:
    """Return what a profile with a key has."""
    lines = [f"aws_access_key_id = {key.access_key_id}"]
    return "\n".join([*lines, f"aws_secret_access_key = {key.secret_access_key}"])
