"""A simulated company at the local AWS: its people are real clients, and its help desk, too.

Time goes by on the local AWS's clock; the command is told which day it is.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError

from administered import ACCOUNT, FULL, REGION, iam_of, signed_in
from authenticator import ORIGIN, Authenticator
from campaign.company import OTHER, SignedIn, Start
from campaign.on_paper import FILLERS, FORBIDDEN, NO_IAM, POWER, arn_of, without_enrolment
from rollout.staging import enforcement
from sekisho.account import Snapshot, collect
from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, LocalAws, ShownPage
from sekisho.policy import from_json, to_json
from sekisho.signin import NextStep, totp

_NOON = 12


@dataclass(slots=True)
class _Secrets:
    """What somebody knows and holds.

    Attributes:
        seed: of the virtual device; "" if they have none.
        key: id and secret of their access key.
    """

    password: str
    number: int = 0
    seed: str = ""
    passkey: Authenticator | None = None
    key: tuple[str, str] | None = None

    def next_password(self) -> str:
        """Return a password that they have not had."""
        self.number += 1
        return f"Sekisho-{self.number}-barrier-x"


@dataclass
class AtAws:
    """The hands of a company at a local AWS."""

    local: LocalAws
    made: int = 0
    _secrets: dict[str, _Secrets] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.iam = iam_of(self.local)
        self.console = ConsoleClient(self.local.url, ACCOUNT)
        self._to_noon()
        self.iam.create_group(GroupName="Developers")
        self.iam.attach_group_policy(GroupName="Developers", PolicyArn=FULL)
        self.iam.create_group(GroupName="Staff")
        for arn in (POWER, *FILLERS):
            self._policy(arn, NO_IAM)
        self._policy(arn_of(OTHER), to_json(enforcement()))
        self.iam.attach_group_policy(GroupName="Staff", PolicyArn=POWER)

    def _policy(self, arn: str, document: object) -> None:
        name, text = arn.rpartition("/")[2], json.dumps(document)
        self.iam.create_policy(PolicyName=name, PolicyDocument=text)

    def _to_noon(self) -> None:
        """Wait until noon in Tokyo, so that a night never ends a day early."""
        now = self.local.clock.now()
        noon = now.replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=1)
        self.local.clock.advance(noon - now)

    def _later(self) -> None:
        self.local.clock.advance(timedelta(seconds=2 * totp.PERIOD))

    def held(self) -> Mapping[str, "_Secrets"]:
        """Return what everybody knows and holds, to be given back to them."""
        return {name: replace(each) for name, each in self._secrets.items()}

    def hold(self, held: Mapping[str, "_Secrets"]) -> None:
        """Let everybody know and hold what they did."""
        self._secrets = dict(held)

    def names(self) -> Mapping[str, str]:
        pages = self.iam.get_paginator("list_users").paginate()
        return {each["UserId"]: each["UserName"] for page in pages for each in page["Users"]}

    def day(self) -> date:
        return self.local.clock.now().date()

    def snapshot(self) -> Snapshot:
        """Return the account as an administrator reads it now."""
        administrator = signed_in(self.local, "admin", mfa=True)
        return collect(administrator, now=self.local.clock.now())

    def begin(self, people: tuple[Start, ...]) -> None:
        for start in people:
            self.join(start)

    def join(self, start: Start) -> str:
        name = start.name
        made = self.iam.create_user(UserName=name, Path=start.path)["User"]
        group = "Developers" if start.administrator else "Staff"
        self.iam.add_user_to_group(UserName=name, GroupName=group)
        held = [*FILLERS[: start.held]]
        held += [arn_of(OTHER)] if start.enforced_by_other else []
        for arn in held:
            self.iam.attach_user_policy(UserName=name, PolicyArn=arn)
        if start.forbidden:
            self.forbid_enrolment(name)
        mine = self._secrets[name] = _Secrets("")
        if start.password:
            mine.password = mine.next_password()
            self.iam.create_login_profile(
                UserName=name, Password=mine.password, PasswordResetRequired=start.temporary
            )
        if start.key_used is not None:
            key = self.iam.create_access_key(UserName=name)["AccessKey"]
            mine.key = key["AccessKeyId"], key["SecretAccessKey"]
            if start.key_used:
                self.iam.update_access_key(
                    UserName=name, AccessKeyId=mine.key[0], Status="Inactive"
                )
        if start.enrolled is not None:
            self._enrol_as(self.iam, name)
            self.sign_in(name, phone=True)
        return str(made["UserId"])

    def sign_in(self, name: str, *, phone: bool) -> SignedIn:
        page = self._opened(name, phone=phone)
        if page is None:
            return SignedIn.REFUSED
        return SignedIn.WITH_MFA if page.mfa_used else SignedIn.WITHOUT_MFA

    def _opened(self, name: str, *, phone: bool) -> ShownPage | None:
        """Return the last page of a sign-in; None if it is refused on the way."""
        mine = self._secrets[name]
        self._later()
        try:
            page = self.console.sign_in(name, mine.password)
            if page.next is NextStep.NEEDS_MFA:
                if not phone:
                    return None
                page = self._second_factor(mine, page)
            if page.next is NextStep.NEEDS_NEW_PASSWORD:
                new = mine.next_password()
                page = self.console.new_password(page.ticket, mine.password, new)
                mine.password = new
        except AwsRefused:
            return None
        return page

    def _second_factor(self, mine: _Secrets, page: ShownPage) -> ShownPage:
        if mine.passkey is not None:
            options = self.console.passkey_request(page.ticket, ORIGIN)
            return self.console.mfa_passkey(options.ticket, mine.passkey.sign(options.public_key))
        code = totp.code_at(mine.seed, totp.step_of(self.local.clock.now()))
        return self.console.mfa(page.ticket, code)

    def client(self, keys: Keys, service: str = "iam") -> Any:
        """Return an unmodified client that signs with these keys."""
        return boto3.client(
            service,
            endpoint_url=self.local.url,
            region_name=REGION,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )

    def enrol(self, name: str, *, passkey: bool) -> bool:
        page = self._opened(name, phone=False)
        if page is None or page.keys is None or page.mfa_used:
            return False
        try:
            if passkey:
                self._register(name, page.keys)
            else:
                self._enrol_as(self.client(page.keys), name)
        except (ClientError, AwsRefused):
            return False
        return True

    def _register(self, name: str, keys: Keys) -> None:
        options = self.console.passkey_options(keys, "key", ORIGIN, name)
        made = Authenticator()
        self.console.register_passkey(keys, options.ticket, made.make(options.public_key))
        self._secrets[name].passkey = made

    def _enrol_as(self, iam: Any, name: str) -> None:
        """Set up a virtual device by these hands, as the console's page does."""
        self.made += 1
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"phone{self.made}")
        device = device["VirtualMFADevice"]
        seed = device["Base32StringSeed"].decode()
        step = totp.step_of(self.local.clock.now())
        iam.enable_mfa_device(
            UserName=name,
            SerialNumber=device["SerialNumber"],
            AuthenticationCode1=totp.code_at(seed, step),
            AuthenticationCode2=totp.code_at(seed, step + 1),
        )
        self._secrets[name].seed = seed

    def works(self, name: str) -> bool:
        """Return whether somebody comes to their work today, by whatever way is left to them."""
        page = self._opened(name, phone=True)
        if page is None or page.keys is None:
            return False
        if self._works_with(page.keys):
            return True
        if page.mfa_used or not self.enrol(name, passkey=False):
            return False
        page = self._opened(name, phone=True)
        return page is not None and page.keys is not None and self._works_with(page.keys)

    def _works_with(self, keys: Keys) -> bool:
        try:
            self.client(keys, "ec2").describe_instances()
        except ClientError:
            return False
        return True

    def use_key(self, name: str) -> None:
        held = self._secrets[name].key
        if held is not None:
            keys = Keys(held[0], held[1], None)
            with suppress(ClientError):
                self.client(keys, "sts").get_caller_identity()

    def reset(self, name: str) -> None:
        self._drop_devices(name)
        mine = self._secrets[name]
        mine.password = mine.next_password()
        new = {"Password": mine.password, "PasswordResetRequired": True}
        try:
            self.iam.update_login_profile(UserName=name, **new)
        except self.iam.exceptions.NoSuchEntityException:
            self.iam.create_login_profile(UserName=name, **new)

    def _drop_devices(self, name: str) -> None:
        for device in self.iam.list_mfa_devices(UserName=name)["MFADevices"]:
            serial = device["SerialNumber"]
            self.iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
            if ":mfa/" in serial:
                self.iam.delete_virtual_mfa_device(SerialNumber=serial)
        self._secrets[name].seed, self._secrets[name].passkey = "", None

    def leave(self, name: str) -> None:
        iam = self.iam
        self._drop_devices(name)
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_login_profile(UserName=name)
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
        for inline in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=inline)
        for group in iam.list_groups_for_user(UserName=name)["Groups"]:
            iam.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
        iam.delete_user(UserName=name)
        del self._secrets[name]

    def rename(self, old: str, new: str) -> None:
        self.iam.update_user(UserName=old, NewUserName=new)
        self._secrets[new] = self._secrets.pop(old)

    def detach(self, name: str, policy: str) -> None:
        attached = self.iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        if any(each["PolicyName"] == policy for each in attached):
            self.iam.detach_user_policy(UserName=name, PolicyArn=arn_of(policy))

    def forbid_enrolment(self, name: str) -> None:
        text = json.dumps(FORBIDDEN)
        self.iam.put_user_policy(UserName=name, PolicyName="no-mfa", PolicyDocument=text)

    def edit(self, policy: str) -> bool:
        arn = arn_of(policy)
        known = self.snapshot().policies.get(arn)
        if known is None:
            return False
        versions = self.iam.list_policy_versions(PolicyArn=arn)["Versions"]
        for each in versions:
            if not each["IsDefaultVersion"] and len(versions) > 3:
                self.iam.delete_policy_version(PolicyArn=arn, VersionId=each["VersionId"])
        document = to_json(without_enrolment(from_json(to_json(known.document))))
        text = json.dumps(document)
        self.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        return True

    def tomorrow(self) -> None:
        self._to_noon()
