"""Devices at the endpoint behave as a model of a few lines, whatever is done in whatever order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

import overlay_people as people
from sekisho.localaws import LocalAws

WHO = ("ume", "take")
NAMES = ("phone", "tablet", "watch")
RUNS = count()

STEPS = st.one_of(
    st.tuples(st.just("create"), st.sampled_from(NAMES)),
    st.tuples(st.just("enable"), st.sampled_from(NAMES), st.sampled_from(WHO), st.booleans()),
    st.tuples(st.just("deactivate"), st.sampled_from(NAMES), st.sampled_from(WHO)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@dataclass
class Model:
    """Which device is there, and whose it is ("" for nobody's)."""

    owners: dict[str, str] = field(default_factory=dict)

    def expects(self, step: tuple[Any, ...]) -> str:
        """Return the error code that a step must get, "" for none, and take the step."""
        code = self._refusal(*step)
        kind, name, *rest = step
        if code:
            return code
        if kind == "delete":
            del self.owners[name]
        else:
            self.owners[name] = rest[0] if kind == "enable" else ""
        return ""

    def _refusal(self, kind: str, name: str, user: str = "", right: bool = True) -> str:
        if kind == "create":
            return "EntityAlreadyExists" if name in self.owners else ""
        if name not in self.owners:
            return "NoSuchEntity"
        owner = self.owners[name]
        if kind == "enable" and owner:
            return "EntityAlreadyExists"
        if kind == "enable":
            return "" if right else "InvalidAuthenticationCode"
        if kind == "deactivate":
            return "" if owner == user else "NoSuchEntity"
        return "DeleteConflict" if owner else ""


@dataclass
class Real:
    """The same steps at the endpoint, in a path of their own."""

    aws: LocalAws
    run: int
    iam: Any
    seeds: dict[str, str] = field(default_factory=dict)

    def serial(self, name: str) -> str:
        return f"arn:aws:iam::{people.ACCOUNT}:mfa/run{self.run}/{name}"

    def user(self, name: str) -> str:
        return f"{name}.{self.run}"

    def take(self, step: tuple[Any, ...]) -> str:
        try:
            self._take(step)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def _take(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("create", name):
                made = self.iam.create_virtual_mfa_device(
                    Path=f"/run{self.run}/", VirtualMFADeviceName=name
                )["VirtualMFADevice"]
                self.seeds[name] = made["Base32StringSeed"].decode()
            case ("enable", name, user, right):
                older, newer = self._codes(name, right)
                self.iam.enable_mfa_device(
                    UserName=self.user(user),
                    SerialNumber=self.serial(name),
                    AuthenticationCode1=older,
                    AuthenticationCode2=newer,
                )
            case ("deactivate", name, user):
                self.iam.deactivate_mfa_device(
                    UserName=self.user(user), SerialNumber=self.serial(name)
                )
            case ("delete", name):
                self.iam.delete_virtual_mfa_device(SerialNumber=self.serial(name))

    def _codes(self, name: str, right: bool) -> tuple[str, str]:
        seed = self.seeds.get(name, people.SEED)
        newer = people.fresh_code(self.aws, seed)
        older = people.code(self.aws, seed, -1)
        return (older, newer) if right else (newer, older)

    def owners(self) -> dict[str, str]:
        prefix = self.serial("")
        return {
            each["SerialNumber"].removeprefix(prefix): each.get("User", {})
            .get("UserName", "")
            .partition(".")[0]
            for each in self.iam.list_virtual_mfa_devices()["VirtualMFADevices"]
            if each["SerialNumber"].startswith(prefix)
        }


@settings(max_examples=20)
@given(steps=st.lists(STEPS, min_size=4, max_size=14))
def test_the_endpoint_follows_the_model(aws: LocalAws, steps: list[tuple[Any, ...]]) -> None:
    model, real = Model(), Real(aws, next(RUNS), people.client(aws, "iam"))
    for name in WHO:
        real.iam.create_user(UserName=real.user(name))
    for step in steps:
        assert real.take(step) == model.expects(step), step
    assert real.owners() == model.owners
    for name in WHO:
        own = {device for device, owner in model.owners.items() if owner == name}
        listed = real.iam.list_mfa_devices(UserName=real.user(name))["MFADevices"]
        assert {each["SerialNumber"] for each in listed} == {real.serial(each) for each in own}
    for name in list(model.owners):
        for user in WHO:
            real.take(("deactivate", name, user))
        real.take(("delete", name))
