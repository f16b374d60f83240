"""Whether a move is carried out: the rules of the services first, then the policies.

Every call becomes real requests, one for each permission that it needs, in the context that its
credential brings. Nothing is concluded from how a policy is written.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import (
    AttachedPolicy,
    Cause,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    Switches,
    decide,
)
from sekisho.errors import InternalError
from sekisho.policy import Document, PolicyKind, from_json
from sekisho.prover.walk.model import Act, Held, Hold, Move, State, Who
from sekisho.signin import (
    MFA_IN_CALL,
    Credential,
    CredentialKind,
    ErrorCode,
    Holder,
    HolderKind,
    PermittedWithoutPolicy,
    Refused,
    Rule,
    SigninSwitches,
    check_device_change,
    context_of,
    device_arn,
    service_rule,
)

__all__ = ["ACCOUNT", "NAMES", "OK", "ROLE", "Judge", "Outcome", "Setting"]

OK = "OK"
"""The answer to what is carried out; every other answer is AWS's error code."""

ACCOUNT = "111122223333"
ROLE = "Ops"
NAMES: Mapping[Who, str] = {
    Who.USER: "hanako",
    Who.COLLEAGUE: "taro",
    Who.ADMINISTRATOR: "yuki",
}
SIGNIN_REFUSED = "SigninFailed"
"""The sign-in page's answer to a wrong code."""

OTHER_DEVICE = "phone-2"
GROUP = "Staff"

_NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_SERVICE = "cloudformation.amazonaws.com"
_KINDS = {
    Held.PASSWORD: CredentialKind.CONSOLE_SESSION,
    Held.KEY: CredentialKind.LONG_TERM_KEY,
    Held.CONSOLE: CredentialKind.CONSOLE_SESSION,
    Held.CONSOLE_MFA: CredentialKind.CONSOLE_SESSION,
    Held.TOKEN: CredentialKind.SESSION_TOKEN,
    Held.TOKEN_MFA: CredentialKind.SESSION_TOKEN,
}
_WITH_MFA = (Held.CONSOLE_MFA, Held.TOKEN_MFA)
_ANYTHING = from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
EVERYTHING = AttachedPolicy("everything", _ANYTHING)
"""The worst that may be attached beside: it allows everything."""

_MODELLED = frozenset(
    {
        *("aws:currenttime", "aws:epochtime", "aws:tokenissuetime", "aws:userid", "aws:username"),
        *("aws:principalaccount", "aws:principalarn", "aws:principaltype"),
        *("aws:principalisawsservice", "aws:multifactorauthpresent", "aws:multifactorauthage"),
        *("aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"),
        *("aws:requestedregion", "aws:securetransport"),
        *("iam:registersecuritykey", "iam:policyarn"),
    }
)
"""Keys whose value, or absence, is known for every move."""

_VARIABLE = re.compile(r"\$\{([^},]*)[^}]*\}")
_CHARACTERS = frozenset({"*", "?", "$"})


@dataclass(frozen=True, slots=True)
class Setting:
    """The account in which a question is asked.

    Attributes:
        user, colleague, administrator: the policies of each.
        path: the user's IAM path.
        trust: the trust policy of the role; None: it trusts the whole account without condition.
        now: when everything happens; the model takes no time.
    """

    user: Policies
    colleague: Policies
    administrator: Policies
    path: str = "/"
    partition: str = DEFAULT_PARTITION
    account: str = ACCOUNT
    region: str = "us-east-1"
    trust: AttachedPolicy | None = None
    signin: SigninSwitches = field(default_factory=SigninSwitches)
    engine: Switches = field(default_factory=Switches)
    now: datetime = _NOW

    def policies(self, who: Who) -> Policies:
        """Return the policies of one of the three."""
        match who:
            case Who.USER:
                return self.user
            case Who.COLLEAGUE:
                return self.colleague
            case Who.ADMINISTRATOR:
                return self.administrator

    def holder(self, who: Who) -> Holder:
        """Return who that is in IAM."""
        name, path = NAMES[who], self.path if who is Who.USER else "/"
        unique = f"AIDAEXAMPLE{name.upper():0<10}"
        return Holder(HolderKind.USER, self.partition, self.account, name, path, unique)

    def unmodelled(self) -> tuple[str, ...]:
        """Return the condition keys that the policies ask for and that the model knows nothing of.

        What such a key decides cannot be told here.
        """
        found = {
            key.lower(): key
            for who in Who
            for attached in _all(self.policies(who))
            for key in _keys(attached.document)
        }
        return tuple(found[key] for key in sorted(found) if key not in _MODELLED)

    @property
    def role_trust(self) -> AttachedPolicy:
        """The trust policy of the role."""
        if self.trust is not None:
            return self.trust
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:{self.partition}:iam::{self.account}:root"},
        }
        document = from_json(
            {"Version": "2012-10-17", "Statement": statement}, kind=PolicyKind.TRUST
        )
        return AttachedPolicy(f"trust policy of {ROLE}", document)


def _all(policies: Policies) -> Iterator[AttachedPolicy]:
    yield from policies.identity
    yield from policies.boundaries or ()
    yield from policies.session or ()
    yield from policies.vpc_endpoint or ()
    for level in (*policies.scps, *policies.rcps):
        yield from level.policies


def _keys(document: Document) -> Iterator[str]:
    """Yield the condition keys, those in policy variables among them, that a document asks for."""
    for statement in document.statements:
        values = list(statement.resource.values) if statement.resource else []
        for condition in statement.conditions:
            yield condition.key
            values += condition.values
        for value in values:
            yield from (key for key in _VARIABLE.findall(value) if key not in _CHARACTERS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a move.

    Attributes:
        answer: `OK`, or AWS's error code.
        because: the statements that decided.
        rule: the service's own rule, where it was that and no policy.
        by_policy: whether policies refused it, so that other policies could let it through.
    """

    answer: str = OK
    because: tuple[Cause, ...] = ()
    rule: Rule | None = None
    by_policy: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether it was done."""
        return self.answer == OK


@dataclass(frozen=True, slots=True)
class _Ask:
    action: str
    resource: str
    more: Mapping[str, ContextValue] = field(default_factory=dict)


class Judge:
    """Tells what comes of each move in one setting; policies are asked once for each question."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._known: dict[tuple[Move, bool], Outcome] = {}
        self._iam = f"arn:{setting.partition}:iam::{setting.account}"

    def outcome(self, state: State, move: Move) -> Outcome:
        """Return what comes of `move` in `state`."""
        if move.act is Act.SIGN_IN:
            return Outcome()
        if move.act is Act.GIVE_CODE:
            return Outcome() if move.device else Outcome(SIGNIN_REFUSED, rule=Rule.DEVICE_IS_ASKED)
        # a code at an open page says nothing about a session that is held already
        page = state.page if move.by.held is Held.PASSWORD else None
        mfa = page.mfa if page is not None else move.by.held in _WITH_MFA
        if (move, mfa) not in self._known:
            self._known[move, mfa] = self._asked(move, mfa)
        outcome = self._known[move, mfa]
        if outcome.carried_out and (refused := self._holder_rule(state, move)):
            return Outcome(refused.code, rule=refused.reason)
        return outcome

    def _holder_rule(self, state: State, move: Move) -> Refused | None:
        """Return the refusal to change one's own devices without MFA (bulletin AWS-2023-001)."""
        if move.act not in (Act.ENABLE_DEVICE, Act.DEACTIVATE_DEVICE, Act.REGISTER_PASSKEY):
            return None
        devices = len(state.person(move.on).devices)
        credential = self._credential(move.by, move.by.held in _WITH_MFA)
        return check_device_change(
            credential, move.act, NAMES[move.on], devices, self._setting.signin
        )

    def _asked(self, move: Move, mfa: bool) -> Outcome:
        credential = self._credential(move.by, mfa)
        causes: tuple[Cause, ...] = ()
        for ask in self._asks(move):
            ruling = service_rule(credential, ask.action, self._setting.signin)
            if isinstance(ruling, Refused):
                return Outcome(ruling.code, rule=ruling.reason)
            if isinstance(ruling, PermittedWithoutPolicy):
                return Outcome(rule=ruling.reason)
            decision = self._decide(move, credential, ask)
            bare = decision.effect is DecisionEffect.IMPLICITLY_DENIED and ruling.only_denies
            if decision.effect is not DecisionEffect.ALLOWED and not bare:
                return Outcome(ErrorCode.ACCESS_DENIED, decision.because, by_policy=True)
            causes += tuple(each for each in decision.because if each not in causes)
        return Outcome(because=causes)

    def _decide(self, move: Move, credential: Credential, ask: _Ask) -> Decision:
        setting = self._setting
        context = Context(
            {
                **context_of(credential, setting.now, setting.signin),
                "aws:RequestedRegion": setting.region,
                "aws:SecureTransport": "true",
                **ask.more,
            }
        )
        request = Request(credential.arn, ask.action, ask.resource, context)
        if move.by.held is Held.ROLE:
            return decide(request, Policies(identity=(EVERYTHING,)), setting.engine)
        own = setting.policies(move.by.who)
        if move.act is not Act.ASSUME_ROLE:
            return decide(request, own, setting.engine)
        trusting = replace(own, trust=setting.role_trust)
        if not move.code:
            return decide(request, trusting, setting.engine)
        with_code = replace(request, context=request.context.with_(MFA_IN_CALL))
        decision = decide(with_code, trusting, setting.engine)
        if setting.signin.assume_role_sees_mfa or decision.effect is not DecisionEffect.ALLOWED:
            return decision
        # only the trust policy sees the code; it trusts the account, so the user's must allow
        return decide(request, own, setting.engine)

    def _credential(self, by: Hold, mfa: bool) -> Credential:
        setting = self._setting
        holder, issued = setting.holder(by.who), setting.now - timedelta(minutes=1)
        if by.held is Held.KEY:
            return Credential(CredentialKind.LONG_TERM_KEY, holder)
        ends = setting.now + timedelta(hours=1)
        if by.held is Held.ROLE:
            role = Holder(
                *(HolderKind.ROLE, setting.partition, setting.account),
                *(ROLE, "/", "AROAEXAMPLEOPS000000"),
            )
            return Credential(
                CredentialKind.ROLE_SESSION, role, issued, ends, session_name="session"
            )
        return Credential(_KINDS[by.held], holder, issued, ends, issued if mfa else None)

    def _asks(self, move: Move) -> Iterator[_Ask]:
        """Yield each permission that a move needs."""
        resource = self._resource(move)
        match move.act:
            case Act.SIGN_IN | Act.GIVE_CODE:
                raise InternalError("a page of the sign-in that no policy is asked about")
            case Act.NEW_PASSWORD:
                yield _Ask(Act.CHANGE_PASSWORD, resource)
            case Act.REGISTER_PASSKEY:
                for step in ("Create", "Activate"):
                    yield _Ask(Act.ENABLE_DEVICE, resource, {"iam:RegisterSecurityKey": step})
            case Act.ATTACH_POLICY | Act.DETACH_POLICY:
                arn = f"arn:{self._setting.partition}:iam::aws:policy/AdministratorAccess"
                yield _Ask(move.act, resource, {"iam:PolicyARN": arn})
            case Act.SERVICE:
                yield _Ask(move.act, resource)
                yield self._forwarded(move)
            case _:
                yield _Ask(move.act, resource)

    def _resource(self, move: Move) -> str:
        """Return what a move's first call is about (fact §4.6)."""
        setting = self._setting
        match move.act:
            case Act.CREATE_DEVICE | Act.DELETE_DEVICE:
                name = move.device.name if move.device is not None else ""
                named = NAMES[name] if isinstance(name, Who) else OTHER_DEVICE
                return device_arn(setting.partition, setting.account, "/", named)
            case Act.ADD_TO_GROUP | Act.REMOVE_FROM_GROUP:
                return f"{self._iam}:group/{GROUP}"
            case Act.UPDATE_TRUST | Act.ASSUME_ROLE:
                return f"{self._iam}:role/{ROLE}"
            case Act.SESSION_TOKEN | Act.WORK:
                return "*"
            case Act.SERVICE:
                where = f"{setting.region}:{setting.account}"
                return f"arn:{setting.partition}:cloudformation:{where}:stack/any/1"
            case _:
                return setting.holder(move.on).arn

    def _forwarded(self, move: Move) -> _Ask:
        """Return what the service then asks in the user's name (fact §2.5)."""
        more: dict[str, ContextValue] = {
            "aws:ViaAWSService": "true",
            "aws:CalledVia": (_SERVICE,),
            "aws:CalledViaFirst": _SERVICE,
            "aws:CalledViaLast": _SERVICE,
        }
        if move.by.held is Held.KEY:
            # absent in the direct call, there and false in the service's
            more["aws:MultiFactorAuthPresent"] = "false"
        return _Ask("s3:CreateBucket", f"arn:{self._setting.partition}:s3:::any", more)
