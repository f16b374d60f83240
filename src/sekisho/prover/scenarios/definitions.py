"""The scenarios of people who must get in, and of attackers who must be kept out.

Source: docs/scenarios.md; the weaknesses are known ones of AWS's sample and of published policies
(docs/published-policies.md).
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from sekisho.engine import Policies
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Statement
from sekisho.prover.reading.policies import ALLOW_EVERYTHING, keep_statements
from sekisho.prover.scenarios.model import (
    ROLE_HOLD,
    Access,
    Deed,
    DeviceHolder,
    Holding,
    MoveKind,
    ScenarioDevice,
    ScenarioPassword,
    ScenarioPrincipal,
    ScenarioState,
    ScenarioUser,
)
from sekisho.prover.scenarios.search import ScenarioGoal, SearchProblem
from sekisho.prover.scenarios.setting import Setting
from sekisho.signin import MAX_DEVICES

PATH = "/staff/"

_SIGN_IN = frozenset(
    {MoveKind.SIGN_IN, MoveKind.GIVE_CODE, MoveKind.NEW_PASSWORD, MoveKind.OPEN_CONSOLE}
)
_RESYNC = frozenset({MoveKind.RESYNC_AT_SIGN_IN, MoveKind.RESYNC_DEVICE})
_ENROL = frozenset({MoveKind.CREATE_DEVICE, MoveKind.ENABLE_DEVICE, MoveKind.DELETE_DEVICE})
_BY_PERSON = _SIGN_IN | _ENROL | {MoveKind.CHANGE_PASSWORD, MoveKind.SESSION_TOKEN}
_BY_ATTACKER = _BY_PERSON | {
    *(
        MoveKind.REGISTER_PASSKEY,
        MoveKind.DEACTIVATE_DEVICE,
        MoveKind.CREATE_LOGIN,
        MoveKind.UPDATE_LOGIN,
    ),
    *(MoveKind.CREATE_KEY, MoveKind.ASSUME_ROLE, MoveKind.ADD_TO_GROUP, MoveKind.REMOVE_FROM_GROUP),
    *(MoveKind.LOG_IN, MoveKind.AGENT_TOKEN),
}

_POLICY_ACTS = (MoveKind.ATTACH_POLICY, MoveKind.DETACH_POLICY)
_GROUP_ACTS = (MoveKind.ADD_TO_GROUP, MoveKind.REMOVE_FROM_GROUP)

_OWN_DEVICE = frozenset({ScenarioDevice(DeviceHolder.ACTOR, ScenarioPrincipal.USER)})
_FAR_DEVICE = frozenset({ScenarioDevice(DeviceHolder.ELSEWHERE, ScenarioPrincipal.USER)})
_KEY = frozenset({Holding(ScenarioPrincipal.USER, Access.KEY)})
_HELP = Holding(ScenarioPrincipal.ADMINISTRATOR, Access.CONSOLE_MFA)


class Actor(StrEnum):
    """The subject of a scenario."""

    PERSON = "person"
    """A user, who must get in."""
    ATTACKER = "attacker"
    """Somebody with stolen or leaked credentials, who must be kept out."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A person or an attacker, and the question about them.

    Attributes:
        title: the actor, and the question.
        path: the user's IAM path.
        beyond: why no policy alone can close it; None if one can.
    """

    id: str
    actor: Actor
    title: Message
    question: SearchProblem
    path: str = "/"
    beyond: Message | None = None


def _mfa(*access: Access) -> ScenarioGoal:
    return ScenarioGoal(frozenset(Holding(ScenarioPrincipal.USER, each) for each in access))


_IN = _mfa(Access.CONSOLE_MFA, Access.TOKEN_MFA)
_TOKEN = _mfa(Access.TOKEN_MFA)


def _enters(
    id: str,  # noqa: A002 - what it is
    title: Message,
    start: ScenarioState,
    *,
    goal: ScenarioGoal = _IN,
    helps: Iterable[MoveKind] = (),
) -> Scenario:
    helping = frozenset(helps)
    if helping:
        start = replace(start, holds=start.holds | {_HELP})
    return Scenario(id, Actor.PERSON, title, SearchProblem(start, goal, _BY_PERSON, helping))


_TEMPORARY = ScenarioUser(ScenarioPassword.KNOWN, must_change=True)
_KNOWN = ScenarioUser(ScenarioPassword.KNOWN)
_ORPHAN = frozenset({ScenarioDevice(DeviceHolder.ELSEWHERE, ScenarioPrincipal.USER)})
_EXPIRED = ScenarioUser(ScenarioPassword.KNOWN, must_change=True, devices=_OWN_DEVICE, member=True)
_EIGHT_DEVICES = ScenarioUser(
    ScenarioPassword.KNOWN,
    devices=frozenset({ScenarioDevice(DeviceHolder.ACTOR)}),
    further=MAX_DEVICES - 1,
    member=True,
)

_NINTH_DEVICE = Scenario(
    "ninth-device",
    Actor.PERSON,
    Message("a user with eight devices who replaces one by a new phone"),
    SearchProblem(
        ScenarioState(_EIGHT_DEVICES),
        ScenarioGoal(devices=_OWN_DEVICE),
        _BY_PERSON | {MoveKind.DEACTIVATE_DEVICE},
    ),
)

_PASSKEY_ONLY = Scenario(
    "passkey-only",
    Actor.PERSON,
    Message("a new user who has a passkey and no authenticator app"),
    SearchProblem(ScenarioState(_TEMPORARY), _IN, _SIGN_IN | {MoveKind.REGISTER_PASSKEY}),
)


def _resynchronising(scenario: Scenario) -> Scenario:
    return replace(
        scenario, question=replace(scenario.question, acts=scenario.question.acts | _RESYNC)
    )


_LATE_DEVICE = frozenset(
    {ScenarioDevice(DeviceHolder.ACTOR, ScenarioPrincipal.USER, in_step=False)}
)
_OUT_OF_STEP = ScenarioState(
    ScenarioUser(ScenarioPassword.KNOWN, devices=_LATE_DEVICE, member=True)
)
_KEY_OUT_OF_STEP = ScenarioState(ScenarioUser(devices=_LATE_DEVICE, member=True), holds=_KEY)

PEOPLE: tuple[Scenario, ...] = (
    _enters(
        "new-user",
        Message("a new user with a temporary password"),
        ScenarioState(_TEMPORARY),
    ),
    _enters(
        "half-enrolled",
        Message("a user whose first device was created and never enabled"),
        ScenarioState(_KNOWN, unassigned=_ORPHAN),
    ),
    replace(
        _enters(
            "user-with-a-path",
            Message("a new user with a path in the ARN"),
            ScenarioState(_TEMPORARY),
        ),
        path=PATH,
    ),
    _enters(
        "lost-phone",
        Message("a user who has lost the phone; an administrator deactivates the device"),
        ScenarioState(ScenarioUser(ScenarioPassword.KNOWN, devices=_FAR_DEVICE, member=True)),
        helps={MoveKind.DEACTIVATE_DEVICE, MoveKind.DELETE_DEVICE, MoveKind.REMOVE_FROM_GROUP},
    ),
    _PASSKEY_ONLY,
    _enters(
        "key-user",
        Message("a user with an access key and no password, through GetSessionToken"),
        ScenarioState(holds=_KEY),
        goal=_TOKEN,
    ),
    _enters(
        "key-user-helped",
        Message("a user with an access key and no password; an administrator enables the device"),
        ScenarioState(holds=_KEY),
        goal=_TOKEN,
        helps={MoveKind.CREATE_DEVICE, MoveKind.ENABLE_DEVICE},
    ),
    _enters(
        "password-expired",
        Message("a user with a device whose password has expired"),
        ScenarioState(_EXPIRED),
    ),
    _enters(
        "password-hard-expired",
        Message(
            "a user with a device and a password that HardExpiry keeps expired; an administrator "
            "sets another"
        ),
        ScenarioState(replace(_EXPIRED, hard_expired=True)),
        helps={MoveKind.UPDATE_LOGIN},
    ),
    _NINTH_DEVICE,
    _resynchronising(
        _enters(
            "device-out-of-step",
            Message("a user whose device is out of sync, and who resynchronises it at sign-in"),
            _OUT_OF_STEP,
        )
    ),
    _resynchronising(
        _enters(
            "key-user-out-of-step",
            Message(
                "a user with an access key and no password whose device is out of sync, and who "
                "resynchronises it with the AWS CLI"
            ),
            _KEY_OUT_OF_STEP,
            goal=_TOKEN,
        )
    ),
    _enters(
        "device-out-of-step-helped",
        Message("a user whose device is out of sync; an administrator resynchronises it"),
        _OUT_OF_STEP,
        helps={MoveKind.RESYNC_DEVICE},
    ),
)
"""The people who must get in."""


def _deeds(*deeds: tuple[MoveKind, ScenarioPrincipal]) -> ScenarioGoal:
    return ScenarioGoal(deeds=frozenset(Deed(act, principal) for act, principal in deeds))


_ENTERED = ScenarioGoal(
    frozenset(
        Holding(principal, access)
        for principal in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE)
        for access in (Access.CONSOLE_MFA, Access.TOKEN_MFA)
    ),
    frozenset(
        {
            Deed(MoveKind.WORK, ScenarioPrincipal.USER),
            Deed(MoveKind.WORK, ScenarioPrincipal.COLLEAGUE),
        }
    ),
)
"""The goal of a session with MFA as any user, or of work done without MFA."""

# under another name, so that the attacker may create one of the user's own
_ENROLLED = ScenarioUser(
    ScenarioPassword.UNKNOWN,
    devices=frozenset({ScenarioDevice(DeviceHolder.ELSEWHERE)}),
    member=True,
)
_COLLEAGUE_ORPHAN = ScenarioDevice(DeviceHolder.ELSEWHERE, ScenarioPrincipal.COLLEAGUE)
_WITH_DEVICE = ScenarioState(_ENROLLED, _ENROLLED, holds=_KEY)


def _attacker(
    id: str,  # noqa: A002 - what it is
    title: Message,
    start: ScenarioState,
    goal: ScenarioGoal = _ENTERED,
    beyond: Message | None = None,
) -> Scenario:
    acts = _BY_ATTACKER | {deed.kind for deed in goal.deeds}
    question = SearchProblem(start, goal, acts, on_others=True)
    return Scenario(id, Actor.ATTACKER, title, question, beyond=beyond)


_SAME_PERSON = Message(
    "AWS cannot tell a user without a device from somebody else who knows the password: a "
    "policy that locks out one locks out both. Hand temporary passwords over safely, and give "
    "users no permissions before they have enrolled."
)
_NOT_ASKED = Message(
    "A user's policies do not apply to a role session. Require MFA in the role's trust policy, "
    "so that nobody gets a session without it."
)


def _admin_key(
    name: str, what: Message, goal: ScenarioGoal, start: ScenarioState = _WITH_DEVICE
) -> Scenario:
    title = Message("the leaked key of an administrator with a device: {what}").filled(what=what)
    return _attacker(f"admin-key-{name}", title, start, goal)


_UNTIL_IT_IS_ENDED = Message(
    "To AWS, a thief who has the cache of `aws login` with its key is the user, with MFA, until "
    "the session ends: at most 12 hours after the sign-in. `sekisho reset` and `offboard` end such "
    "sessions; `--mfa-age` shortens the time, and a Deny on `aws:SignInSessionArn` stops one "
    "session at once."
)

_LOGIN_CACHE = Scenario(
    "login-cache",
    Actor.ATTACKER,
    Message("the stolen cache of `aws login` of a user who signed in with MFA"),
    SearchProblem(
        ScenarioState(
            _ENROLLED, holds=frozenset({Holding(ScenarioPrincipal.USER, Access.LOGIN_CACHE)})
        ),
        _deeds((MoveKind.WORK, ScenarioPrincipal.USER)),
        frozenset({MoveKind.RENEW_LOGIN, MoveKind.WORK}),
    ),
    beyond=_UNTIL_IT_IS_ENDED,
)

ATTACKERS: tuple[Scenario, ...] = (
    _attacker(
        "key-without-device",
        Message("the leaked key of a user without a device"),
        ScenarioState(ScenarioUser(ScenarioPassword.UNKNOWN), ScenarioUser(), holds=_KEY),
    ),
    _attacker(
        "key-with-device",
        Message("the leaked key of a user with a device"),
        replace(_WITH_DEVICE, colleague=ScenarioUser()),
    ),
    _attacker(
        "temporary-password",
        Message("a stolen temporary password"),
        ScenarioState(_TEMPORARY, ScenarioUser()),
        beyond=_SAME_PERSON,
    ),
    _attacker(
        "password-without-device",
        Message("a stolen password of a user without a device"),
        ScenarioState(_KNOWN, ScenarioUser()),
        beyond=_SAME_PERSON,
    ),
    _attacker(
        "password-with-device",
        Message("a stolen password of a user with a device"),
        ScenarioState(replace(_ENROLLED, password=ScenarioPassword.KNOWN), ScenarioUser()),
    ),
    _admin_key(
        "enables-device",
        Message("enables a device on another user"),
        _deeds((MoveKind.ENABLE_DEVICE, ScenarioPrincipal.COLLEAGUE)),
    ),
    _admin_key(
        "creates-login",
        Message("gives another user a password"),
        _deeds((MoveKind.CREATE_LOGIN, ScenarioPrincipal.COLLEAGUE)),
        replace(_WITH_DEVICE, colleague=ScenarioUser()),
    ),
    _admin_key(
        "resets-login",
        Message("resets another user's password"),
        _deeds((MoveKind.UPDATE_LOGIN, ScenarioPrincipal.COLLEAGUE)),
    ),
    _admin_key(
        "policies",
        Message("attaches or detaches a user's policies"),
        _deeds(
            *(
                (act, principal)
                for act in _POLICY_ACTS
                for principal in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE)
            ),
        ),
    ),
    _admin_key(
        "groups",
        Message("adds or removes members of a group"),
        _deeds(
            *(
                (act, principal)
                for act in _GROUP_ACTS
                for principal in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE)
            )
        ),
        replace(_WITH_DEVICE, colleague=replace(_WITH_DEVICE.colleague, member=False)),
    ),
    _admin_key(
        "trust",
        Message("changes a role's trust policy"),
        _deeds(
            (MoveKind.UPDATE_TRUST, ScenarioPrincipal.USER),
            (MoveKind.UPDATE_TRUST, ScenarioPrincipal.COLLEAGUE),
        ),
    ),
    _admin_key(
        "removes-devices",
        Message("deactivates or deletes another user's device"),
        _deeds(
            (MoveKind.DEACTIVATE_DEVICE, ScenarioPrincipal.COLLEAGUE),
            (MoveKind.DELETE_DEVICE, ScenarioPrincipal.COLLEAGUE),
        ),
        replace(_WITH_DEVICE, unassigned=frozenset({_COLLEAGUE_ORPHAN})),
    ),
    _attacker(
        "role-without-mfa",
        Message("a leaked key, and a role whose trust policy does not ask for MFA"),
        _WITH_DEVICE,
        ScenarioGoal(frozenset({ROLE_HOLD})),
    ),
    _attacker(
        "role-session",
        Message("a stolen session of a role"),
        ScenarioState(holds=frozenset({ROLE_HOLD})),
        _deeds((MoveKind.WORK, ScenarioPrincipal.USER)),
        beyond=_NOT_ASKED,
    ),
    _LOGIN_CACHE,
    _attacker(
        "service",
        Message("a leaked key, and a service that acts with the user's rights"),
        _WITH_DEVICE,
        _deeds(
            (MoveKind.SERVICE, ScenarioPrincipal.USER),
            (MoveKind.SERVICE, ScenarioPrincipal.COLLEAGUE),
        ),
    ),
)
"""The attackers who must be kept out."""


def scenario_of(name: str) -> Scenario:
    """Return a scenario by its id; raises KeyError if there is none."""
    return {each.id: each for each in (*PEOPLE, *ATTACKERS)}[name]


_MFA_KEYS = "aws:multifactorauth"
"""The prefix of the keys of MFA."""


def setting_of(scenario: Scenario, policies: Policies, setting: Setting | None = None) -> Setting:
    """Return the account in which a scenario takes place.

    `policies` are attached to the user. A person has no others, so that nothing else is needed to
    sign in; an attacker also has all policies that may be attached later. A helping administrator
    may do everything that the service control policies and the policies' MFA enforcement allow.
    `setting` has the other facts about the account and the user.
    """
    base = setting or Setting()
    anything = replace(policies, identity=(*policies.identity, ALLOW_EVERYTHING))
    enforcement = keep_statements(policies.identity, _asks_for_mfa)
    helper = replace(
        policies, identity=(*enforcement, ALLOW_EVERYTHING), boundaries=None, session=None
    )
    own = policies if scenario.actor is Actor.PERSON else anything
    path = base.path if scenario.path == "/" else scenario.path
    # a person can come from an address that policies allow, and an attacker from any
    person = scenario.actor is Actor.PERSON
    base = replace(base, user=own, colleague=own, administrator=helper, path=path)
    return replace(base, endpoints=not person, pages=person)


def without_enforcement(policies: Policies) -> Policies:
    """Return a user's policies without the policies that test MFA."""
    others = (each for each in policies.identity if not keep_statements((each,), _asks_for_mfa))
    return replace(policies, identity=tuple(others))


def _asks_for_mfa(statement: Statement) -> bool:
    return any(condition.key.lower().startswith(_MFA_KEYS) for condition in statement.conditions)
