"""Performing the steps of a scenario: real clients and the console's sign-in at the local AWS."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from boto3 import Session

from authenticator import ORIGIN, Authenticator
from cli_login import Answer, CliLogin
from scenario_account import (
    ADMIN_PASSWORD,
    ADMINISTRATOR,
    PASSWORD_AGE,
    PASSWORDS,
    SEED,
    SETUP,
    Cell,
    device_name,
    keys_of,
)
from sekisho.account.aws import Boto3Api, Keys
from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Assumptions
from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, ConsoleRefused, LocalAws, ShownPage
from sekisho.prover.scenarios import (
    ROLE_HOLD,
    Access,
    DeviceHolder,
    Holding,
    Move,
    MoveKind,
    ScenarioDevice,
    ScenarioPrincipal,
    ScenarioState,
    ScenarioStep,
    ScenarioUser,
    Setting,
)
from sekisho.prover.scenarios.evaluator import OK, MoveEvaluator
from sekisho.prover.scenarios.model import PAGE_READS
from sekisho.signin import NextStep, totp

NOT_PERFORMED = {
    "service": "a call on the caller's behalf: no service of the local AWS makes one",
    "scp": "a step under a service control policy: the local AWS has no organization",
    "hardware": "a hardware token: no step of the model, and the local AWS has virtual ones",
    "assumptions": "a step under an assumption of the engine set otherwise than by default",
    "agent": "an agent that is let in or gets a token: the local AWS has no AWS MCP server",
    "partition": "a step in another partition than `aws`",
    "age": "a password that its age alone makes expire: one that must be changed is used in its "
    "place",
    "address": "a step under a policy that asks for the address: all clients here have the same",
    "facts": "a step under a policy that asks for the user's id or tags, or for the time",
}
"""What is not performed here, by name; the page about scenarios lists it in these words."""

REFUSED = "INSUFFICIENT_PERMISSIONS"
"""The answer to who asks for a token that policies deny: AccessDenied of another service."""

NOT_GRANTED = "ConsoleAuthorizationDenied"
"""The local AWS's answer to a sign-in at which policies deny the session itself."""

_PASSKEY = ScenarioDevice(DeviceHolder.ACTOR_PASSKEY)
_NEW = "Sekisho-{}-barrier"
FAST = 10
"""How many codes a phone that is out of step is ahead: more than `totp_window`, and less than
`resync_window`."""


def not_performed(setting: Setting, steps: Iterable[ScenarioStep]) -> str:
    """Return the name of what in these steps is not performed here; "" if there is nothing."""
    asks = {
        "scp": any(setting.policies(who).scps for who in ScenarioPrincipal),
        "partition": setting.partition != DEFAULT_PARTITION,
        "assumptions": setting.engine != Assumptions(),
        "address": setting.addresses() != (None,),
        "facts": bool(setting.user_id or setting.user_tags or setting.now),
    }
    if named := next((name for name, asked in asks.items() if asked), ""):
        return named
    for step in steps:
        if step.move.kind is MoveKind.SERVICE and _passes_directly(setting, step.move):
            return "service"
        if step.move.kind is MoveKind.AGENT_TOKEN or _lets_agent_in(step.move):
            return "agent"
    return ""


def _lets_agent_in(move: Move) -> bool:
    return move.kind is MoveKind.LOG_IN and move.client is None


_SESSION = Session("none", "none", region_name="us-east-1")


class _Clients:
    """boto3's clients for one local AWS: each call is signed with the keys of whoever makes it.

    To make clients for each pair of keys took a quarter of the time of all that is performed.
    """

    def __init__(self, url: str) -> None:
        self._credentials = _SESSION.get_credentials()
        self._api = Boto3Api(_SESSION, endpoint_url=url)

    @staticmethod
    @lru_cache(maxsize=4)
    def at(url: str) -> "_Clients":
        """Return the clients of the people at one local AWS."""
        return _Clients(url)

    def signing_with(self, keys: Keys) -> Boto3Api:
        """Return the clients, which sign with these keys until others are asked for."""
        self._credentials.access_key = keys.access_key_id
        self._credentials.secret_key = keys.secret_access_key
        self._credentials.token = keys.session_token
        return self._api


class _DirectCalls(MoveEvaluator):
    """Judges what a service is asked, and not what it then asks in the caller's name."""

    def _asks(self, move: Move) -> Any:
        yield next(iter(super()._asks(move)))


def _passes_directly(setting: Setting, move: Move) -> bool:
    """Tell whether it hangs on the service's own call what comes of asking a service."""
    judge = _DirectCalls(setting)
    either = (
        ScenarioState(ScenarioUser(member=each), ScenarioUser(member=each))
        for each in (False, True)
    )
    return any(judge.outcome(state, move).carried_out for state in either)


@dataclass
class _Passkey:
    serial: str
    made: Authenticator


@dataclass
class _Virtual:
    serial: str
    seed: str = field(repr=False)
    ahead: int = 0  # how many codes the clock of the phone is fast


class Performer:
    """The actor of a scenario at a local AWS that runs."""

    def __init__(self, local: LocalAws, cell: Cell) -> None:
        self._local = local
        self._account = local.world.account
        self._setting = cell.setting
        self._called = cell.setting.called
        self._names = self._called.people
        self._clients = _Clients.at(local.url)
        self._keys: dict[Holding, Keys] = {}
        self._passwords = dict(PASSWORDS)
        self._page: ShownPage | None = None
        self._not_granted: ConsoleRefused | None = None
        self._made = 0
        start = cell.scenario.question.start
        self._unassigned = {
            device: self._virtual(device_name(device, ScenarioPrincipal.USER, cell))
            for device in start.unassigned
        }
        self._passkeys: dict[ScenarioPrincipal, _Passkey] = {}
        self._enabled = {
            (who, device): self._virtual(device_name(device, who, cell), in_step=device.in_step)
            for who in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE)
            for device in start.person(who).devices
        }
        for hold in start.holds:
            self._begin_with(hold)
        if start.user.hard_expired:
            self._let_expire(self._names[ScenarioPrincipal.USER])

    def _let_expire(self, user: str) -> None:
        passwords = self._local.world.passwords
        long_ago = self._local.clock.now() - timedelta(days=PASSWORD_AGE + 1)
        passwords[user] = replace(passwords[user], changed_at=long_ago)

    def _virtual(self, name: str, *, in_step: bool = True) -> _Virtual:
        serial = f"arn:aws:iam::{self._account}:mfa/{name}"
        return _Virtual(serial, SEED, 0 if in_step else FAST)

    def _begin_with(self, hold: Holding) -> None:
        if hold == ROLE_HOLD:
            role = f"arn:aws:iam::{self._account}:role/{self._called.role}"
            answer = self._api(keys_of(SETUP)).call(
                "sts", "AssumeRole", RoleArn=role, RoleSessionName="session"
            )
            self._keys[hold] = _session(answer)
        elif hold.access is Access.KEY:
            self._keys[hold] = keys_of(self._names[hold.owner])
        elif hold.access is Access.LOGIN_CACHE:
            self._cached = self._logged_in(hold.owner)
        else:
            page = self._console().sign_in(self._names[hold.owner], ADMIN_PASSWORD)
            page = self._console().mfa(page.ticket, self._code_of(self._virtual("")))
            assert page.keys is not None
            self._keys[hold] = page.keys

    def _logged_in(self, who: ScenarioPrincipal) -> tuple[CliLogin, str]:
        """Let the AWS CLI in with the person's device, and return what is in its cache."""
        console, cli = self._console(), CliLogin(self._local.url)
        page = console.sign_in(self._names[who], self._passwords[who])
        page = console.mfa(page.ticket, self._code_of(self._virtual("")))
        assert page.keys is not None
        code = cli.code_in(console.let_in(page.keys, cli.query()))
        return cli, cli.exchange(code).body["refreshToken"]

    def _log_in(self, move: Move) -> None:
        """Let `aws login` in at the console, and take the credentials that it gets."""
        assert move.client is not None
        cli = CliLogin(self._local.url, move.client)
        try:
            address = self._console().let_in(self._keys[move.holding], cli.query())
        except ConsoleRefused as refused:
            raise _as_of_iam(refused) from refused
        self._logged(cli, move, cli.exchange(cli.code_in(address)))

    def _renew(self, move: Move) -> None:
        cli, token = self._cached
        self._logged(cli, move, cli.renew(token))

    def _logged(self, cli: CliLogin, move: Move, answer: Answer) -> None:
        if answer.status != HTTPStatus.OK:
            code = "AccessDenied" if answer.body["error"] == REFUSED else answer.body["error"]
            raise AwsRefused("CreateOAuth2Token", code, answer.body["message"], answer.status)
        given = answer.body["accessToken"]
        keys = Keys(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
        access = Access.LOGIN if move.holding.access is Access.CONSOLE else Access.LOGIN_MFA
        self._keys[Holding(move.holding.owner, access)] = keys
        self._cached = cli, answer.body["refreshToken"]

    def perform(self, step: ScenarioStep) -> str:
        """Do what a step says; return `OK` or the error code that came back."""
        try:
            self._do(step.move)
        except ConsoleRefused as refused:
            if refused.aws_code != NOT_GRANTED:
                if self._page is not None and refused.ticket:
                    self._page = replace(self._page, ticket=refused.ticket)
                return refused.aws_code
            # the page was answered rightly, and what comes of it is the next step
            self._page, self._not_granted = None, refused
        except AwsRefused as refused:
            return refused.aws_code
        return OK

    def _open_console(self) -> None:
        if refused := self._not_granted:
            raise AwsRefused("ConsoleLogin", refused.cause_code, refused.cause_message, 403)
        assert self._page is not None
        assert self._page.next is NextStep.DONE

    def _do(self, move: Move) -> None:
        match move.kind:
            case (
                MoveKind.SIGN_IN
                | MoveKind.GIVE_CODE
                | MoveKind.NEW_PASSWORD
                | MoveKind.RESYNC_AT_SIGN_IN
            ):
                self._not_granted = None
                self._at_the_page(move)
            case MoveKind.OPEN_CONSOLE:
                self._open_console()
            case act if act in (*PAGE_READS, MoveKind.ENABLE_DEVICE, MoveKind.DELETE_DEVICE):
                self._change_devices(move)
            case (
                MoveKind.SESSION_TOKEN
                | MoveKind.ASSUME_ROLE
                | MoveKind.RENEW_LOGIN
                | MoveKind.LOG_IN
            ):
                self._token(move)
            case MoveKind.CREATE_LOGIN | MoveKind.UPDATE_LOGIN | MoveKind.CHANGE_PASSWORD:
                self._set_password(move)
            case _:
                self._call(move)

    def _change_devices(self, move: Move) -> None:
        console = move.holding.access in (Access.CONSOLE, Access.CONSOLE_MFA)
        if console and self._setting.pages and self._setting.signin.mfa_page_needs_reads:
            self._read(move)
        match move.kind:
            case MoveKind.CREATE_DEVICE | MoveKind.ENABLE_DEVICE:
                self._enrol(move)
            case MoveKind.REGISTER_PASSKEY:
                self._register(move)
            case MoveKind.RESYNC_DEVICE:
                self._resync(move)
            case _:
                self._remove(move)

    def _read(self, move: Move) -> None:
        """Read what the page shows before anything can be changed there."""
        for action in PAGE_READS.get(move.kind, ()):
            user = {} if action == "iam:ListVirtualMFADevices" else self._user(move)
            self._signed(move).call("iam", action.partition(":")[2], **user)

    def _user(self, move: Move) -> dict[str, str]:
        return {"UserName": self._names[move.target]}

    def _resync(self, move: Move) -> None:
        virtual = self._enabled[move.target, move.device]
        first, second = self._two_codes(virtual)
        codes = {"AuthenticationCode1": first, "AuthenticationCode2": second}
        serial = {"SerialNumber": virtual.serial}
        self._signed(move).call("iam", "ResyncMFADevice", **self._user(move), **serial, **codes)
        self._in_step(move)

    def _in_step(self, move: Move) -> None:
        """Know the device under the name that the search has for it from now on."""
        assert move.device is not None
        virtual = self._enabled.pop((move.target, move.device))
        self._enabled[move.target, replace(move.device, in_step=True)] = virtual

    def _two_codes(self, virtual: _Virtual) -> tuple[str, str]:
        self._local.clock.advance(timedelta(seconds=3 * totp.PERIOD))
        # the last two codes: one that is still to come would teach the device a drift, and leave
        # no room for a code that arrives in the next period
        step = totp.step_of(self._local.clock.now()) + virtual.ahead
        return totp.code_at(virtual.seed, step - 1), totp.code_at(virtual.seed, step)

    def _ticket(self) -> str:
        assert self._page is not None
        return self._page.ticket

    def _at_the_page(self, move: Move) -> None:
        console, who = self._console(), move.target
        if move.kind is MoveKind.SIGN_IN:
            page = console.sign_in(self._names[who], self._passwords[who])
        elif move.kind is MoveKind.GIVE_CODE and move.device == _PASSKEY:
            options = console.passkey_request(self._ticket(), ORIGIN)
            signed = self._passkeys[who].made.sign(options.public_key)
            page = console.mfa_passkey(options.ticket, signed)
        elif move.kind is MoveKind.GIVE_CODE:
            code = self._code_of(self._enabled[who, move.device]) if move.device else "000000"
            page = console.mfa(self._ticket(), code)
        elif move.kind is MoveKind.RESYNC_AT_SIGN_IN:
            virtual = self._enabled[who, move.device]
            page = console.resync(self._ticket(), *self._two_codes(virtual))
            self._in_step(move)
        else:
            new = self._new_password()
            try:
                page = console.new_password(self._ticket(), self._passwords[who], new)
            except ConsoleRefused as refused:
                if refused.aws_code == NOT_GRANTED:
                    self._passwords[who] = new
                raise
            self._passwords[who] = new
        self._page = page
        if page.next is NextStep.DONE:
            assert page.keys is not None
            access = Access.CONSOLE_MFA if page.mfa_used else Access.CONSOLE
            self._keys[Holding(who, access)] = page.keys

    def _enrol(self, move: Move) -> None:
        api, device = self._signed(move), move.device
        assert device is not None
        if move.kind is MoveKind.CREATE_DEVICE:
            name = (
                self._names[device.name]
                if isinstance(device.name, ScenarioPrincipal)
                else self._other_name()
            )
            answer = api.call("iam", "CreateVirtualMFADevice", VirtualMFADeviceName=name)
            made = answer["VirtualMFADevice"]
            seed = made["Base32StringSeed"].decode()
            self._unassigned[device] = _Virtual(made["SerialNumber"], seed)
            return
        virtual = self._unassigned[device]
        first, second = self._two_codes(virtual)
        api.call(
            "iam",
            "EnableMFADevice",
            UserName=self._names[move.target],
            SerialNumber=virtual.serial,
            AuthenticationCode1=first,
            AuthenticationCode2=second,
        )
        self._enabled[move.target, device] = self._unassigned.pop(device)

    def _register(self, move: Move) -> None:
        console, keys, made = self._console(), self._keys[move.holding], Authenticator()
        self._made += 1
        user = self._names[move.target]
        options = console.passkey_options(keys, f"key-{self._made}", ORIGIN, user)
        credential = made.make(options.public_key)
        serial = console.register_passkey(keys, options.ticket, credential)
        self._passkeys[move.target] = _Passkey(serial, made)

    def _other_name(self) -> str:
        self._made += 1
        return f"phone-{self._made + 1}-of-{self._names[ScenarioPrincipal.USER]}"

    def _remove(self, move: Move) -> None:
        api, device = self._signed(move), move.device
        assert device is not None
        if move.kind is MoveKind.DELETE_DEVICE:
            serial = self._unassigned[device].serial
            api.call("iam", "DeleteVirtualMFADevice", SerialNumber=serial)
            del self._unassigned[device]
            return
        name = self._names[move.target]
        if device == _PASSKEY:
            serial = self._passkeys[move.target].serial
            api.call("iam", "DeactivateMFADevice", UserName=name, SerialNumber=serial)
            del self._passkeys[move.target]
            return
        serial = self._enabled[move.target, device].serial
        api.call("iam", "DeactivateMFADevice", UserName=name, SerialNumber=serial)
        self._unassigned[replace(device, in_step=True)] = self._enabled.pop((move.target, device))

    def _token(self, move: Move) -> None:
        if move.kind in (MoveKind.RENEW_LOGIN, MoveKind.LOG_IN):
            (self._renew if move.kind is MoveKind.RENEW_LOGIN else self._log_in)(move)
            return
        more: dict[str, str] = {}
        if move.device is not None:
            virtual = self._enabled[move.holding.owner, move.device]
            more = {"SerialNumber": virtual.serial, "TokenCode": self._code_of(virtual)}
        hold = ROLE_HOLD
        if move.kind is MoveKind.ASSUME_ROLE:
            role = f"arn:aws:iam::{self._account}:role/{self._called.role}"
            more |= {"RoleArn": role, "RoleSessionName": "session"}
        else:
            hold = Holding(move.holding.owner, Access.TOKEN_MFA if move.code else Access.TOKEN)
        answer = self._signed(move).call("sts", move.kind.value.split(":")[1], **more)
        self._keys[hold] = _session(answer)

    def _set_password(self, move: Move) -> None:
        api, who, new = self._signed(move), move.target, self._new_password()
        if move.kind is MoveKind.CHANGE_PASSWORD:
            api.call("iam", "ChangePassword", OldPassword=self._passwords[who], NewPassword=new)
        else:
            api.call(
                "iam",
                move.kind.value.split(":")[1],
                UserName=self._names[who],
                Password=new,
                PasswordResetRequired=move.holding.owner is ScenarioPrincipal.ADMINISTRATOR,
            )
        self._passwords[who] = new

    def _call(self, move: Move) -> None:
        service, operation = move.kind.value.split(":")
        if move.kind is MoveKind.WORK:
            operation = "ListBuckets"
        answer = self._signed(move).call(service, operation, **self._parameters(move))
        if move.kind is MoveKind.CREATE_KEY:
            key = answer["AccessKey"]
            self._keys[Holding(move.target, Access.KEY)] = Keys(
                key["AccessKeyId"], key["SecretAccessKey"]
            )

    def _parameters(self, move: Move) -> dict[str, str]:
        user = self._user(move)
        match move.kind:
            case MoveKind.ATTACH_POLICY | MoveKind.DETACH_POLICY:
                return {**user, "PolicyArn": ADMINISTRATOR}
            case MoveKind.ADD_TO_GROUP | MoveKind.REMOVE_FROM_GROUP:
                return {**user, "GroupName": self._called.group}
            case MoveKind.UPDATE_TRUST:
                statement = {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                }
                document = json.dumps({"Version": "2012-10-17", "Statement": statement})
                return {"RoleName": self._called.role, "PolicyDocument": document}
            case MoveKind.SERVICE:
                return {"StackName": "any", "TemplateBody": "{}"}
            case MoveKind.WORK:
                return {}
            case _:
                return user

    def _new_password(self) -> str:
        self._made += 1
        return _NEW.format(self._made)

    def _code_of(self, virtual: _Virtual) -> str:
        """Return a code that was not used yet: the enrolment has used up two."""
        self._local.clock.advance(timedelta(seconds=3 * totp.PERIOD))
        return totp.code_at(virtual.seed, totp.step_of(self._local.clock.now()) + virtual.ahead)

    def _signed(self, move: Move) -> Any:
        return self._api(self._keys[move.holding])

    def _api(self, keys: Keys) -> Boto3Api:
        return self._clients.signing_with(keys)

    def _console(self) -> ConsoleClient:
        return ConsoleClient(self._local.url, self._account)


def _as_of_iam(refused: AwsRefused) -> AwsRefused:
    """Return a refusal by policies, of whose code other services make an exception's name."""
    code = refused.aws_code.removesuffix("Exception")
    return AwsRefused(refused.operation, code, refused.aws_message, refused.status)


def _session(answer: Any) -> Keys:
    given = answer["Credentials"]
    return Keys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
