"""A small model of an account: its principals and credentials, the moves and their results."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import lru_cache

from sekisho.lazy import dataclass
from sekisho.policy import CONSOLE_ACTIONS
from sekisho.signin import CREATE_TOKEN, LoginClient, NextStep, SigninAssumptions, next_step


class ScenarioPrincipal(StrEnum):
    """The principals of the model."""

    USER = "user"
    COLLEAGUE = "colleague"
    ADMINISTRATOR = "administrator"


class Access(StrEnum):
    """The credentials with which an actor can act."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    KEY = "long-term access key"
    CONSOLE = "console session without MFA"
    CONSOLE_MFA = "console session with MFA"
    TOKEN = "GetSessionToken session without MFA"  # noqa: S105 - a kind, not a secret
    TOKEN_MFA = "GetSessionToken session with MFA"  # noqa: S105 - a kind, not a secret
    LOGIN_CACHE = "cache of aws login: a refresh token and its key"
    LOGIN = "aws login session without MFA"
    AGENT = "agent's session without MFA, from an access key"
    LOGIN_MFA = "aws login session with MFA"
    ROLE = "role session"


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """A credential and its owner; a role session is attributed to the user who opened it."""

    owner: ScenarioPrincipal
    access: Access


ROLE_HOLD = Holding(ScenarioPrincipal.USER, Access.ROLE)
"""A session of the role; it does not matter which user opened it."""


class DeviceHolder(StrEnum):
    """The holder of a device."""

    ACTOR = "the actor's"
    ACTOR_PASSKEY = "the actor's passkey"
    ELSEWHERE = "out of the actor's reach"


@dataclass(frozen=True, slots=True, order=True)
class ScenarioDevice:
    """An MFA device.

    Attributes:
        name: the user whose name it has; "" for any other name.
        in_step: whether its clock agrees with AWS's, so that a code of it is accepted.
    """

    hand: DeviceHolder
    name: ScenarioPrincipal | str = ""
    in_step: bool = True


class ScenarioPassword(StrEnum):
    """A user's console password, from the actor's view.

    For `UNKNOWN`, both creating one and resetting it are tried: the result shows which it was.
    """

    NONE = "none"
    UNKNOWN = "none, or unknown to the actor"
    KNOWN = "known to the actor"


@dataclass(frozen=True, slots=True)
class ScenarioUser:
    """The account's objects of one user.

    Attributes:
        must_change: the password is temporary or has expired.
        hard_expired: it has expired, and the account's `HardExpiry` lets nobody change it at
            sign-in.
        devices: the enabled ones.
        further: how many more are enabled; they only count.
        member: in the group of those who have enrolled.
    """

    password: ScenarioPassword = ScenarioPassword.NONE
    must_change: bool = False
    hard_expired: bool = False
    devices: frozenset[ScenarioDevice] = frozenset()
    further: int = 0
    member: bool = False

    @property
    def count(self) -> int:
        """The number of enabled devices."""
        return len(self.devices) + self.further


@dataclass(frozen=True, slots=True)
class SigninPage:
    """A sign-in in progress: the page that the browser shows.

    Attributes:
        step: the step that it asks for; `DONE`: none, and the session is still to be granted.
        mfa: whether a code was given already.
    """

    owner: ScenarioPrincipal
    step: NextStep
    mfa: bool


class MoveKind(StrEnum):
    """The kinds of moves: pages of the console's sign-in, and API calls."""

    SIGN_IN = "console:SignIn"
    GIVE_CODE = "console:GiveCode"
    NEW_PASSWORD = "console:NewPassword"  # noqa: S105 - a page, not a secret
    RESYNC_AT_SIGN_IN = "console:Resync"
    OPEN_CONSOLE = "console:Open"
    CREATE_DEVICE = "iam:CreateVirtualMFADevice"
    ENABLE_DEVICE = "iam:EnableMFADevice"
    REGISTER_PASSKEY = "iam:EnableMFADevice (passkey)"
    DEACTIVATE_DEVICE = "iam:DeactivateMFADevice"
    RESYNC_DEVICE = "iam:ResyncMFADevice"
    DELETE_DEVICE = "iam:DeleteVirtualMFADevice"
    CHANGE_PASSWORD = "iam:ChangePassword"  # noqa: S105 - an action, not a secret
    CREATE_LOGIN = "iam:CreateLoginProfile"
    UPDATE_LOGIN = "iam:UpdateLoginProfile"
    CREATE_KEY = "iam:CreateAccessKey"
    ATTACH_POLICY = "iam:AttachUserPolicy"
    DETACH_POLICY = "iam:DetachUserPolicy"
    ADD_TO_GROUP = "iam:AddUserToGroup"
    REMOVE_FROM_GROUP = "iam:RemoveUserFromGroup"
    UPDATE_TRUST = "iam:UpdateAssumeRolePolicy"
    LOG_IN = "signin:AuthorizeOAuth2Access"
    RENEW_LOGIN = "signin:CreateOAuth2Token (renewal)"
    AGENT_TOKEN = "signin:CreateOAuth2Token (client credentials)"  # noqa: S105 - an action
    SESSION_TOKEN = "sts:GetSessionToken"  # noqa: S105 - an action, not a secret
    ASSUME_ROLE = "sts:AssumeRole"
    WORK = "s3:ListAllMyBuckets"
    SERVICE = "cloudformation:CreateStack"


ACTION_OF = {
    MoveKind.NEW_PASSWORD: MoveKind.CHANGE_PASSWORD.value,
    MoveKind.OPEN_CONSOLE: CONSOLE_ACTIONS[0],
    MoveKind.REGISTER_PASSKEY: MoveKind.ENABLE_DEVICE.value,
    MoveKind.RESYNC_AT_SIGN_IN: MoveKind.RESYNC_DEVICE.value,
    MoveKind.RENEW_LOGIN: CREATE_TOKEN,
    MoveKind.AGENT_TOKEN: CREATE_TOKEN,
}
"""The actions of the moves whose names differ from their actions'."""

FORWARDED = "s3:CreateBucket"
"""The action that the service then takes on the user's behalf."""

_OF_DEVICES = ("iam:ListMFADevices", "iam:ListVirtualMFADevices")
PAGE_READS: Mapping[MoveKind, tuple[str, ...]] = {
    MoveKind.CREATE_DEVICE: ("iam:GetUser", *_OF_DEVICES),
    MoveKind.DEACTIVATE_DEVICE: ("iam:GetUser", *_OF_DEVICES),
    MoveKind.REGISTER_PASSKEY: ("iam:GetUser", "iam:ListMFADevices"),
    MoveKind.RESYNC_DEVICE: _OF_DEVICES,
}
"""The reads of the console's page, besides the call itself.

Source: IAM User Guide, "Permissions required" of "Assign a virtual MFA device", "Assign a passkey
or security key" and "Resynchronize virtual and hardware MFA devices": beside the changes, the
policies there allow these and exempt them from the Deny.
"""


def actions_of(acts: Collection[MoveKind], *, pages: bool = False) -> tuple[str, ...]:
    """Return the actions for which policies are asked if these acts are tried.

    With `pages`, the actions by which the console's pages read are included.
    """
    names = [ACTION_OF.get(act, act.value) for act in acts]
    names += [FORWARDED] if MoveKind.SERVICE.value in names else []
    names += CONSOLE_ACTIONS[1:] if CONSOLE_ACTIONS[0] in names else ()
    if pages:
        names += [read for act in acts for read in PAGE_READS.get(act, ())]
    return tuple(dict.fromkeys(name for name in names if not name.startswith("console:")))


ACTIONS = actions_of((*MoveKind,))
"""Every action that policies are asked about."""

ON_USERS = (
    *(
        MoveKind.ENABLE_DEVICE,
        MoveKind.DEACTIVATE_DEVICE,
        MoveKind.CREATE_LOGIN,
        MoveKind.UPDATE_LOGIN,
    ),
    *(MoveKind.CREATE_KEY, MoveKind.ATTACH_POLICY, MoveKind.DETACH_POLICY),
)
"""The moves that can be made against other users: calls whose resource is the user."""


@dataclass(frozen=True, slots=True, order=True)
class Deed:
    """A completed act whose only effect in the model is that it was done."""

    kind: MoveKind
    target: ScenarioPrincipal


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to try.

    Attributes:
        holding: the credential with which it is done.
        target: to whose things.
        device: the device that it is about, or that gives the code.
        code: whether an STS call carries an MFA code.
        client: of `aws login`, that is let in; None: an agent, by way of the AWS MCP server.
    """

    kind: MoveKind
    holding: Holding
    target: ScenarioPrincipal
    device: ScenarioDevice | None = None
    code: bool = False
    client: LoginClient | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # a search looks up one move many times
        found = hash((self.kind, self.holding, self.target, self.device, self.code, self.client))
        object.__setattr__(self, "_hash", found)

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class ScenarioState:
    """The account's state, and the actor's credentials.

    Attributes:
        unassigned: virtual devices that are enabled for nobody: orphans, whose seed is lost, and
            those that the actor has just created.
        page: the sign-in that is under way.
        deeds: the acts that were done, as far as the question needs them.
    """

    user: ScenarioUser = field(default_factory=ScenarioUser)
    colleague: ScenarioUser = field(default_factory=ScenarioUser)
    holds: frozenset[Holding] = frozenset()
    unassigned: frozenset[ScenarioDevice] = frozenset()
    page: SigninPage | None = None
    deeds: frozenset[Deed] = frozenset()
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # as of a move
        parts = (self.user, self.colleague, self.holds, self.unassigned, self.page, self.deeds)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        return self._hash

    def person(self, principal: ScenarioPrincipal) -> ScenarioUser:
        """Return the objects of a user; an administrator's play no part."""
        match principal:
            case ScenarioPrincipal.USER:
                return self.user
            case ScenarioPrincipal.COLLEAGUE:
                return self.colleague
            case ScenarioPrincipal.ADMINISTRATOR:
                return ScenarioUser()

    def has_name(self, name: ScenarioPrincipal) -> bool:
        """Return whether some device has this user's name."""
        devices = self.unassigned | self.user.devices | self.colleague.devices
        return any(device.name == name for device in devices)


MOST_REMEMBERED = 1 << 14
"""The most cached results of `moves_in` and `state_after`, which do not depend on policies: the
scenarios of every user, and with other choices of Force_MFA, reach nearly the same states."""

_API = (
    *(Access.KEY, Access.CONSOLE, Access.CONSOLE_MFA, Access.TOKEN, Access.TOKEN_MFA),
    *(Access.LOGIN, Access.LOGIN_MFA, Access.AGENT),
)
SESSIONS = (Access.CONSOLE, Access.CONSOLE_MFA)
"""Sessions of the console."""
_ON_ANYBODY = (MoveKind.CREATE_KEY, MoveKind.ATTACH_POLICY, MoveKind.DETACH_POLICY)
_ON_THE_ACCOUNT = (MoveKind.UPDATE_TRUST, MoveKind.WORK, MoveKind.SERVICE)


@lru_cache(maxsize=MOST_REMEMBERED)
def moves_in(
    state: ScenarioState, acts: frozenset[MoveKind], helps: frozenset[MoveKind], *, on_others: bool
) -> tuple[Move, ...]:
    """Return every possible move in `state`.

    The actor tries `acts`, and with `on_others` on other users' things as well; an administrator
    does `helps` for the user.
    """
    return tuple(
        move
        for move in _all_moves(state)
        if (
            move.kind in helps and move.target is ScenarioPrincipal.USER
            if move.holding.owner is ScenarioPrincipal.ADMINISTRATOR
            else move.kind in acts and (on_others or move.target is move.holding.owner)
        )
    )


def _all_moves(state: ScenarioState) -> Iterator[Move]:
    yield from _pages(state)
    for hold in sorted(state.holds):
        if hold == ROLE_HOLD:
            yield Move(MoveKind.WORK, hold, ScenarioPrincipal.USER)
        elif hold.access is Access.LOGIN_CACHE:
            yield Move(MoveKind.RENEW_LOGIN, hold, hold.owner)
        elif hold.access in _API:
            yield from _own_calls(hold, *_own_things(state, hold))
            for principal in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE):
                yield from _calls_on(state.person(principal), state.unassigned, hold, principal)


def _pages(state: ScenarioState) -> Iterator[Move]:
    """Yield the moves at the sign-in page."""
    for principal in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE):
        if state.person(principal).password is ScenarioPassword.KNOWN:
            yield Move(MoveKind.SIGN_IN, Holding(principal, Access.PASSWORD), principal)
    page = state.page
    if page is None:
        return
    by = Holding(page.owner, Access.PASSWORD)
    if page.step is NextStep.DONE:
        yield Move(MoveKind.OPEN_CONSOLE, by, page.owner)
    elif page.step is NextStep.NEEDS_MFA:
        # without a device of the user's, the actor can only guess
        devices = [
            each
            for each in state.person(page.owner).devices
            if each.hand is not DeviceHolder.ELSEWHERE
        ]
        tried: list[ScenarioDevice | None] = [*sorted(devices)] or [None]
        yield from (Move(MoveKind.GIVE_CODE, by, page.owner, device) for device in tried)
        late = (device for device in devices if not device.in_step)
        yield from (
            Move(MoveKind.RESYNC_AT_SIGN_IN, by, page.owner, device) for device in sorted(late)
        )
    else:
        yield Move(MoveKind.NEW_PASSWORD, by, page.owner)


def _own_things(state: ScenarioState, hold: Holding) -> tuple[ScenarioUser, bool, bool]:
    """Return the facts on which calls not about another user depend.

    These are the user, whether a device has the user's name, and whether the actor has a spare one.
    """
    principal = _owner_of(hold)
    spare = _SPARE in state.unassigned
    return state.person(principal), state.has_name(principal), spare


def _owner_of(hold: Holding) -> ScenarioPrincipal:
    administers = hold.owner is ScenarioPrincipal.ADMINISTRATOR
    return ScenarioPrincipal.USER if administers else hold.owner


_SPARE = ScenarioDevice(DeviceHolder.ACTOR)


@lru_cache(maxsize=MOST_REMEMBERED)
def _own_calls(hold: Holding, person: ScenarioUser, named: bool, spare: bool) -> tuple[Move, ...]:
    """Return the calls that are not about another user."""
    principal = _owner_of(hold)
    moves: list[Move] = []
    if not named:
        device = ScenarioDevice(DeviceHolder.ACTOR, principal)
        moves.append(Move(MoveKind.CREATE_DEVICE, hold, principal, device))
    if not spare:
        moves.append(Move(MoveKind.CREATE_DEVICE, hold, principal, _SPARE))
    if hold.access in SESSIONS:
        passkey = ScenarioDevice(DeviceHolder.ACTOR_PASSKEY)
        moves.append(Move(MoveKind.REGISTER_PASSKEY, hold, principal, passkey))
    if person.password is ScenarioPassword.KNOWN:
        moves.append(Move(MoveKind.CHANGE_PASSWORD, hold, principal))
    # an administrator's own devices play no part
    own = ScenarioUser() if hold.owner is ScenarioPrincipal.ADMINISTRATOR else person
    moves += _calls_for_sessions(own, hold)
    return (*moves, *(Move(act, hold, principal) for act in _ON_THE_ACCOUNT))


def _calls_for_sessions(person: ScenarioUser, hold: Holding) -> Iterator[Move]:
    """Yield the calls for a session: of STS, of a role, of `aws login` or of an agent.

    Source: AWS Sign-In User Guide, "Authorization models": in a browser, `aws login` or an agent is
    let in by who is signed in; without one, an agent gets a token for whatever credentials sign the
    request.
    """
    devices = [each for each in person.devices if each.hand is DeviceHolder.ACTOR]
    for act in (MoveKind.SESSION_TOKEN, MoveKind.ASSUME_ROLE):
        yield Move(act, hold, hold.owner)
        for device in sorted(devices):
            yield Move(act, hold, hold.owner, device, code=True)
    if hold.access in SESSIONS:
        for client in (*LoginClient, None):
            yield Move(MoveKind.LOG_IN, hold, hold.owner, client=client)
    yield Move(MoveKind.AGENT_TOKEN, hold, hold.owner)


@lru_cache(maxsize=MOST_REMEMBERED)
def _calls_on(
    person: ScenarioUser,
    unassigned: frozenset[ScenarioDevice],
    hold: Holding,
    principal: ScenarioPrincipal,
) -> tuple[Move, ...]:
    """Return the calls that are about a user, possibly another one."""
    moves: list[Move] = []
    for device in sorted(unassigned):
        if device.hand is DeviceHolder.ACTOR:
            moves.append(Move(MoveKind.ENABLE_DEVICE, hold, principal, device))
        elif device.name == principal:
            moves.append(Move(MoveKind.DELETE_DEVICE, hold, principal, device))
    for device in sorted(person.devices):
        moves.append(Move(MoveKind.DEACTIVATE_DEVICE, hold, principal, device))
        if not device.in_step:
            moves.append(Move(MoveKind.RESYNC_DEVICE, hold, principal, device))
    acts = [
        *([MoveKind.CREATE_LOGIN] if person.password is not ScenarioPassword.KNOWN else []),
        *([MoveKind.UPDATE_LOGIN] if person.password is not ScenarioPassword.NONE else []),
        MoveKind.REMOVE_FROM_GROUP if person.member else MoveKind.ADD_TO_GROUP,
        *_ON_ANYBODY,
    ]
    return (*moves, *(Move(act, hold, principal) for act in acts))


@lru_cache(maxsize=MOST_REMEMBERED)
def state_after(
    state: ScenarioState, move: Move, deeds: frozenset[MoveKind], assumptions: SigninAssumptions
) -> ScenarioState:
    """Return the state after `move` is carried out; moves in `deeds` are remembered."""
    changed = _state_after(state, move, assumptions)
    if move.kind in deeds:
        changed = replace(changed, deeds=changed.deeds | {Deed(move.kind, move.target)})
    return changed


def _state_after(state: ScenarioState, move: Move, assumptions: SigninAssumptions) -> ScenarioState:
    match move.kind:
        case MoveKind.SIGN_IN | MoveKind.GIVE_CODE | MoveKind.NEW_PASSWORD | MoveKind.OPEN_CONSOLE:
            return _after_page(state, move, assumptions)
        case MoveKind.CHANGE_PASSWORD:
            return _with_new_password(state, move.target)
        case MoveKind.CREATE_LOGIN | MoveKind.UPDATE_LOGIN:
            # an administrator gives a temporary password; an attacker sets what suits an attacker
            person = replace(
                state.person(move.target),
                password=ScenarioPassword.KNOWN,
                must_change=move.holding.owner is ScenarioPrincipal.ADMINISTRATOR,
                hard_expired=False,
            )
            return _with_user(state, move.target, person)
        case MoveKind.ADD_TO_GROUP | MoveKind.REMOVE_FROM_GROUP:
            member = move.kind is MoveKind.ADD_TO_GROUP
            return _with_user(state, move.target, replace(state.person(move.target), member=member))
        case _ if move.kind in _GIVING_CREDENTIALS:
            return _with_holding(state, _credentials_gained(move))
        case _ if move.device is not None:
            return _after_device_change(state, move, move.device)
        case _:
            return state


_GIVING_CREDENTIALS = frozenset(
    {
        *(MoveKind.CREATE_KEY, MoveKind.SESSION_TOKEN, MoveKind.ASSUME_ROLE),
        *(MoveKind.LOG_IN, MoveKind.RENEW_LOGIN, MoveKind.AGENT_TOKEN),
    }
)


def _credentials_gained(move: Move) -> Holding:
    """Return the credentials in the answer of a call."""
    match move.kind:
        case MoveKind.CREATE_KEY:
            return Holding(move.target, Access.KEY)
        case MoveKind.SESSION_TOKEN:
            return Holding(move.holding.owner, Access.TOKEN_MFA if move.code else Access.TOKEN)
        case MoveKind.ASSUME_ROLE:
            return ROLE_HOLD
        case _:
            return Holding(move.holding.owner, _login_of(move.holding.access))


def _login_of(access: Access) -> Access:
    """Return the session of `aws login` or of an agent that a credential begins."""
    match access:
        case Access.CONSOLE | Access.LOGIN:
            return Access.LOGIN
        case Access.KEY | Access.TOKEN | Access.AGENT:
            return Access.AGENT
        case _:
            return Access.LOGIN_MFA


def _after_page(state: ScenarioState, move: Move, assumptions: SigninAssumptions) -> ScenarioState:
    person = state.person(move.target)
    mfa = move.kind is MoveKind.GIVE_CODE or (state.page is not None and state.page.mfa)
    if move.kind is MoveKind.OPEN_CONSOLE:
        return _console_opened(state, move.target, mfa=mfa)
    if move.kind is MoveKind.SIGN_IN:
        mfa = False
    if move.kind is MoveKind.NEW_PASSWORD:
        state = _with_new_password(state, move.target)
        person = state.person(move.target)
    step = next_step(True, person.count, person.must_change, assumptions, mfa_passed=mfa)
    if step is NextStep.DONE and not assumptions.console_asks_policies:
        return _console_opened(state, move.target, mfa=mfa)
    return replace(state, page=SigninPage(move.target, step, mfa))


def _console_opened(
    state: ScenarioState, principal: ScenarioPrincipal, *, mfa: bool
) -> ScenarioState:
    access = Access.CONSOLE_MFA if mfa else Access.CONSOLE
    return replace(_with_holding(state, Holding(principal, access)), page=None)


def _after_device_change(state: ScenarioState, move: Move, device: ScenarioDevice) -> ScenarioState:
    devices, unassigned = state.person(move.target).devices, state.unassigned
    match move.kind:
        case MoveKind.CREATE_DEVICE:
            return replace(state, unassigned=unassigned | {device})
        case MoveKind.DELETE_DEVICE:
            return replace(state, unassigned=unassigned - {device})
        case MoveKind.ENABLE_DEVICE | MoveKind.REGISTER_PASSKEY:
            devices, unassigned = devices | {device}, unassigned - {device}
        case MoveKind.DEACTIVATE_DEVICE:
            devices -= {device}
            if device.hand is not DeviceHolder.ACTOR_PASSKEY:
                # a virtual device that is taken off stays in the account, unassigned; the two codes
                # that enable it set it right
                unassigned |= {replace(device, in_step=True)}
        case MoveKind.RESYNC_AT_SIGN_IN | MoveKind.RESYNC_DEVICE:
            devices = devices - {device} | {replace(device, in_step=True)}
        case _:
            return state
    person = replace(state.person(move.target), devices=devices)
    return _with_user(state, move.target, person, unassigned)


def _with_holding(state: ScenarioState, hold: Holding) -> ScenarioState:
    # without `replace`, which takes as long as all else that a search does with a state
    return ScenarioState(
        *(state.user, state.colleague, state.holds | {hold}),
        *(state.unassigned, state.page, state.deeds),
    )


def _with_new_password(state: ScenarioState, principal: ScenarioPrincipal) -> ScenarioState:
    """Return the state after a user has set a new password."""
    person = replace(state.person(principal), must_change=False, hard_expired=False)
    return _with_user(state, principal, person)


def _with_user(
    state: ScenarioState,
    principal: ScenarioPrincipal,
    person: ScenarioUser,
    unassigned: frozenset[ScenarioDevice] | None = None,
) -> ScenarioState:
    user, colleague = (
        (person, state.colleague) if principal is ScenarioPrincipal.USER else (state.user, person)
    )
    return ScenarioState(
        *(user, colleague, state.holds),
        *(state.unassigned if unassigned is None else unassigned, state.page, state.deeds),
    )
