"""Whether a move is carried out: the rules of the services first, then the policies.

Every call becomes real requests, one for each permission that it needs, in the context that its
credential brings. Nothing is concluded from how a policy is written.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import field, replace
from datetime import timedelta
from functools import lru_cache
from itertools import chain

from sekisho.engine import (
    Cause,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.policy import CONSOLE_ACTIONS, PolicyKind
from sekisho.prover.reading.policies import ALLOW_EVERYTHING
from sekisho.prover.scenarios.model import (
    ACTION_OF,
    FORWARDED,
    ON_USERS,
    PAGE_READS,
    SESSIONS,
    Access,
    DeviceHolder,
    Holding,
    Move,
    MoveKind,
    ScenarioDevice,
    ScenarioPrincipal,
    ScenarioState,
)
from sekisho.prover.scenarios.setting import Setting
from sekisho.signin import (
    AUTHORIZE,
    CREATE_TOKEN,
    MFA_IN_CALL,
    Credential,
    CredentialKind,
    ErrorCode,
    Holder,
    HolderKind,
    LoginClient,
    PermittedWithoutPolicy,
    Refused,
    Rule,
    SigninAssumptions,
    check_device_change,
    check_device_count,
    console_arn,
    context_of,
    device_arn,
    login_session,
    service_rule,
    sign_in_arn,
)

OK = "OK"
"""The answer to a move that is carried out; every other answer is AWS's error code."""

SIGNIN_REFUSED = "SigninFailed"
"""The sign-in page's answer to a wrong code."""
PASSWORD_EXPIRED = "PasswordExpired"  # noqa: S105 - an error code
"""The sign-in page's answer to an expired password that only an administrator may replace."""

_SERVICE = "cloudformation.amazonaws.com"
_KINDS = {
    Access.PASSWORD: CredentialKind.CONSOLE_SESSION,
    Access.KEY: CredentialKind.LONG_TERM_KEY,
    Access.CONSOLE: CredentialKind.CONSOLE_SESSION,
    Access.CONSOLE_MFA: CredentialKind.CONSOLE_SESSION,
    Access.TOKEN: CredentialKind.SESSION_TOKEN,
    Access.TOKEN_MFA: CredentialKind.SESSION_TOKEN,
    # the renewal is decided for the console session from which it began
    Access.LOGIN_CACHE: CredentialKind.CONSOLE_SESSION,
}
_ON_DEVICES = (MoveKind.ENABLE_DEVICE, MoveKind.DEACTIVATE_DEVICE, MoveKind.REGISTER_PASSKEY)
_WITH_MFA = (Access.CONSOLE_MFA, Access.TOKEN_MFA, Access.LOGIN_CACHE, Access.LOGIN_MFA)
_LOGINS = (Access.LOGIN, Access.LOGIN_MFA, Access.AGENT)
_REGION = "us-east-1"
_A_LOGIN = "11111111-2222-3333-4444-555555555555"


@dataclass(frozen=True, slots=True)
class MoveOutcome:
    """The outcome of a move.

    Attributes:
        answer: `OK`, or AWS's error code.
        because: the statements that decided.
        rule: the service's own rule, where it was that and no policy.
        by_policy: whether policies refused it, so that other policies could let it through.
        assumed: the names of the engine's assumptions that mattered.
        layer: the kind of policy that refused it: which denies, or which would have to allow.
        address: from where, where policies ask; "" if they do not, or through a VPC endpoint.
        read: the action by which the console's page reads, if it is that which was refused.
    """

    answer: str = OK
    because: tuple[Cause, ...] = ()
    rule: Rule | None = None
    by_policy: bool = False
    assumed: tuple[str, ...] = ()
    layer: PolicyKind | None = None
    address: str = ""
    read: str = ""

    @property
    def carried_out(self) -> bool:
        """Whether it was done."""
        return self.answer == OK


_DONE = MoveOutcome()
_EXPIRED = MoveOutcome(PASSWORD_EXPIRED, rule=Rule.HARD_EXPIRY)
_NO_CODE = MoveOutcome(SIGNIN_REFUSED, rule=Rule.DEVICE_IS_ASKED)
_LATE_CODE = MoveOutcome(SIGNIN_REFUSED, rule=Rule.OUT_OF_STEP)
_LATE_CODE_TO_STS = MoveOutcome(ErrorCode.ACCESS_DENIED, rule=Rule.OUT_OF_STEP)
_AGENT = "service-principal/aws-mcp.amazonaws.com"
"""The resource of an agent's calls to authorize it and to get its token, in the account."""


_CONTEXT: Mapping[MoveKind, Mapping[str, ContextValue]] = {
    MoveKind.RENEW_LOGIN: {"signin:OAuthGrantType": "refresh_token"},
    MoveKind.AGENT_TOKEN: {"signin:OAuthGrantType": "client_credentials"},
}
"""The context keys of a call besides those of its credential."""


def _moves_against(by: Holding, principal: ScenarioPrincipal) -> Iterator[Move]:
    """Yield every move against a user that does not depend on the user's state."""
    yield from (Move(act, by, principal) for act in ON_USERS)
    yield from (
        Move(act, by, principal) for act in (MoveKind.ADD_TO_GROUP, MoveKind.REMOVE_FROM_GROUP)
    )
    for name in (principal, ""):
        yield Move(
            MoveKind.DELETE_DEVICE, by, principal, ScenarioDevice(DeviceHolder.ELSEWHERE, name)
        )


@dataclass(frozen=True, slots=True)
class _Permission:
    """A permission that a move needs.

    Attributes:
        more: keys of the context beside those of the credential.
        reads: whether it is for what the console's page reads.
    """

    action: str
    resource: str
    more: Mapping[str, ContextValue] = field(default_factory=dict)
    reads: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DistinctSetting:
    """A setting that equals another if statements and their lines do: causes name the lines."""

    setting: Setting
    statements: tuple[int, ...]

    @classmethod
    def of(cls, setting: Setting) -> "DistinctSetting":
        """Return the place of a setting."""
        written = (each.document.statements for each in setting.attached())
        return cls(setting, tuple(map(id, chain.from_iterable(written))))

    def __hash__(self) -> int:
        return hash(self.statements)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DistinctSetting):
            return NotImplemented
        return self.statements == other.statements and self.setting == other.setting


_MoveKey = tuple[Move, bool, bool]

MOST_SETTINGS = 64
"""The most settings whose answers are cached: one user's scenarios need only a few."""


@lru_cache(maxsize=MOST_SETTINGS)
def _outcomes_in(place: DistinctSetting) -> dict[_MoveKey, MoveOutcome]:  # noqa: ARG001 - the cache's key
    """Return the cache of the policies' answers in a setting: scenarios repeat questions."""
    return {}


def _as_policies_see(setting: Setting) -> Setting:
    """Return the setting without the assumptions of sign-in that do not affect calls.

    They are about the pages of the sign-in, and about the moves after an answer (`_holder_rule`). A
    scenario is run again with the opposite setting of each.
    """
    usual = SigninAssumptions()
    signin = replace(
        setting.signin,
        order=usual.order,
        device_holder_needs_mfa=usual.device_holder_needs_mfa,
        console_authorization=usual.console_authorization,
        console_authorization_asks_identity=usual.console_authorization_asks_identity,
        resync_at_sign_in=usual.resync_at_sign_in,
    )
    return replace(setting, signin=signin)


class MoveEvaluator:
    """The outcomes of moves in one setting; policies are asked once for each question.

    Attributes:
        setting: the account.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._known: dict[_MoveKey, MoveOutcome] = {}
        self._answered = _outcomes_in(DistinctSetting.of(_as_policies_see(setting.timeless())))
        self._credentials: dict[tuple[Holding, bool], Credential] = {}
        self._iam = f"arn:{setting.partition}:iam::{setting.account}"
        self._addresses = setting.addresses()

    @property
    def assumed(self) -> tuple[str, ...]:
        """The names of the engine's assumptions that mattered to any outcome so far."""
        return tuple(sorted({name for each in self._known.values() for name in each.assumed}))

    def open_to(
        self, principal: ScenarioPrincipal, by: Holding, acts: Container[MoveKind], *, member: bool
    ) -> frozenset[MoveKind]:
        """Return the acts that policies allow on this user, regardless of the user's state."""
        return frozenset(
            move.kind
            for move in _moves_against(by, principal)
            if move.kind in acts
            and self._remembered_outcome(move, by.access in _WITH_MFA, member).carried_out
        )

    def refused(self, by: Holding, acts: Container[MoveKind], *, member: bool) -> frozenset[str]:
        """Return the actions that were tried on the users and never allowed."""
        for principal in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE):
            self.open_to(principal, by, acts, member=member)
        results = [
            (ACTION_OF.get(move.kind, move.kind.value), outcome.carried_out)
            for (move, _, among), outcome in self._known.items()
            if (move.holding, among) == (by, member)
        ]
        passed = {action for action, carried_out in results if carried_out}
        return frozenset(action for action, _ in results if action not in passed)

    def outcome(self, state: ScenarioState, move: Move) -> MoveOutcome:
        """Return the outcome of `move` in `state`."""
        if move.kind is MoveKind.SIGN_IN:
            return _EXPIRED if state.person(move.target).hard_expired else _DONE
        if move.kind is MoveKind.GIVE_CODE:
            if move.device is None:
                return _NO_CODE
            return _DONE if move.device.in_step else _LATE_CODE
        if move.code and move.device is not None and not move.device.in_step:
            # before the policies, so that none of them is reported as the obstacle
            return _LATE_CODE_TO_STS
        # a code at an open page does not affect an existing session
        page = state.page if move.holding.access is Access.PASSWORD else None
        mfa = page.mfa if page is not None else move.holding.access in _WITH_MFA
        outcome = self._remembered_outcome(move, mfa, state.person(move.holding.owner).member)
        if move.kind not in _ON_DEVICES or not outcome.carried_out:
            return outcome
        if refused := self._holder_rule(state, move):
            return MoveOutcome(refused.code, rule=refused.reason)
        return outcome

    def _holder_rule(self, state: ScenarioState, move: Move) -> Refused | None:
        """Return the refusal to change one's own devices without MFA, or to have a ninth device.

        Source: AWS security bulletin AWS-2023-001.
        """
        devices, user = state.person(move.target).count, self.setting.called.people[move.target]
        by = move.holding
        if by.access is Access.AGENT:
            # assumed to fall under the rule like the access key of the token
            by = replace(by, access=Access.KEY)
        credential = self._credential(by, by.access in _WITH_MFA)
        refused = check_device_change(credential, move.kind, user, devices, self.setting.signin)
        if refused is not None or move.kind is MoveKind.DEACTIVATE_DEVICE:
            return refused
        return check_device_count(devices)

    def _remembered_outcome(self, move: Move, mfa: bool, member: bool) -> MoveOutcome:
        key = (move, mfa, member)
        if (known := self._known.get(key)) is not None:
            return known
        if (outcome := self._answered.get(key)) is None:
            outcome = self._answered[key] = self._outcome_from_any_address(*key)
        # `assumed` and `refused` are about the calls of this evaluator alone
        self._known[key] = outcome
        return outcome

    def _outcome_from_any_address(self, move: Move, mfa: bool, member: bool) -> MoveOutcome:
        """Return the outcome of a move from an address that allows it, or else from the first."""
        outcomes: list[MoveOutcome] = []
        for address in self._addresses:
            outcome = self._outcome_from(move, mfa, member, address)
            outcomes.append(replace(outcome, address=address) if address else outcome)
            if outcome.carried_out:
                break
        names = sorted({name for each in outcomes for name in each.assumed})
        chosen = outcomes[-1] if outcomes[-1].carried_out else outcomes[0]
        return replace(chosen, assumed=tuple(names)) if len(outcomes) > 1 else chosen

    def _outcome_from(
        self, move: Move, mfa: bool, member: bool, address: str | None
    ) -> MoveOutcome:
        credential = self._credential(move.holding, mfa)
        own = self.setting.policies(move.holding.owner, member=member)
        causes: tuple[Cause, ...] = ()
        assumed: tuple[str, ...] = ()
        for permission in self._permissions(move):
            ruling = service_rule(
                credential, permission.action, self.setting.signin, permission.resource
            )
            if isinstance(ruling, Refused):
                return MoveOutcome(ruling.code, rule=ruling.reason)
            if isinstance(ruling, PermittedWithoutPolicy):
                return MoveOutcome(rule=ruling.reason)
            # the source address of a service's call on the user's behalf is not documented
            forwarded = self._addresses if permission.action == FORWARDED else (address,)
            decisions = [
                self._decide(move, credential, permission, each, own) for each in forwarded
            ]
            allowed = (each for each in decisions if each.effect is DecisionEffect.ALLOWED)
            decision = next(allowed, decisions[0])
            assumed += tuple(name for name in decision.assumed if name not in assumed)
            bare = decision.effect is DecisionEffect.IMPLICITLY_DENIED and ruling.only_denies
            if decision.effect is not DecisionEffect.ALLOWED and not bare:
                return MoveOutcome(
                    ErrorCode.ACCESS_DENIED,
                    decision.because,
                    by_policy=True,
                    assumed=assumed,
                    layer=decision.blocked_by,
                    read=permission.action if permission.reads else "",
                )
            causes += tuple(each for each in decision.because if each not in causes)
        return MoveOutcome(because=causes, assumed=assumed)

    def _decide(
        self,
        move: Move,
        credential: Credential,
        permission: _Permission,
        address: str | None,
        own: Policies,
    ) -> Decision:
        """Return the decision on one permission, requested from an address, if there is one."""
        setting = self.setting
        context = Context(
            {
                **context_of(credential, setting.time, setting.signin),
                **(
                    setting.tags(move.holding.owner)
                    if move.holding.access is not Access.ROLE
                    else {}
                ),
                **({"aws:RequestedRegion": setting.region} if setting.region else {}),
                "aws:SecureTransport": "true",
                **permission.more,
                **({"aws:SourceIp": address} if address else {}),
            }
        )
        request = Request(credential.arn, permission.action, permission.resource, context)
        if move.holding.access is Access.ROLE:
            return decide(request, Policies(identity=(ALLOW_EVERYTHING,)), setting.engine)
        if move.kind is not MoveKind.ASSUME_ROLE:
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

    def _credential(self, by: Holding, mfa: bool) -> Credential:
        if (by, mfa) not in self._credentials:
            self._credentials[by, mfa] = self._issued(by, mfa)
        return self._credentials[by, mfa]

    def _issued(self, by: Holding, mfa: bool) -> Credential:
        setting = self.setting
        holder, issued = setting.holder(by.owner), setting.time - timedelta(minutes=1)
        if by.access is Access.KEY:
            return Credential(CredentialKind.LONG_TERM_KEY, holder)
        ends = setting.time + timedelta(hours=1)
        if by.access is Access.ROLE:
            role = Holder(
                *(HolderKind.ROLE, setting.partition, setting.account),
                *(setting.called.role, "/", "AROAEXAMPLEOPS000000"),
            )
            return Credential(
                CredentialKind.ROLE_SESSION, role, issued, ends, session_name="session"
            )
        if by.access in _LOGINS:
            begun = issued if by.access is Access.LOGIN_MFA else None
            console = Credential(CredentialKind.CONSOLE_SESSION, holder, issued, ends, begun)
            arn = sign_in_arn(console, setting.region or _REGION, _A_LOGIN)
            return login_session(console, arn, issued)
        return Credential(_KINDS[by.access], holder, issued, ends, issued if mfa else None)

    def _permissions(self, move: Move) -> Iterator[_Permission]:
        """Yield each permission that a move needs."""
        resource = self._resource(move)
        match move.kind:
            case MoveKind.SIGN_IN | MoveKind.GIVE_CODE:
                raise InternalError("a page of the sign-in that no policy is asked about")
            case MoveKind.OPEN_CONSOLE:
                yield from (_Permission(action, resource) for action in CONSOLE_ACTIONS)
            case MoveKind.REGISTER_PASSKEY:
                for step in ("Create", "Activate"):
                    yield _Permission(
                        MoveKind.ENABLE_DEVICE, resource, {"iam:RegisterSecurityKey": step}
                    )
            case MoveKind.ATTACH_POLICY | MoveKind.DETACH_POLICY:
                arn = f"arn:{self.setting.partition}:iam::aws:policy/AdministratorAccess"
                yield _Permission(move.kind, resource, {"iam:PolicyARN": arn})
            case MoveKind.SERVICE:
                yield _Permission(move.kind, resource)
                yield self._forwarded(move)
            case MoveKind.LOG_IN:
                client = {"signin:OAuthClientId": move.client.id} if move.client else {}
                yield _Permission(AUTHORIZE, resource, client)
                by_code = {**client, "signin:OAuthGrantType": "authorization_code"}
                yield _Permission(CREATE_TOKEN, resource, by_code)
            case _:
                action = ACTION_OF.get(move.kind, move.kind.value)
                yield _Permission(action, resource, _CONTEXT.get(move.kind, {}))
        yield from self._reads(move)

    def _reads(self, move: Move) -> Iterator[_Permission]:
        """Yield the reads of the console's page, for a person who uses the page.

        The reads are checked last: if the change itself is denied, that is the reason reported.
        """
        signin = self.setting.signin
        if not (
            self.setting.pages and signin.mfa_page_needs_reads and move.holding.access in SESSIONS
        ):
            return
        for action in PAGE_READS.get(move.kind, ()):
            on_user = action != "iam:ListVirtualMFADevices"
            resource = self.setting.holder(move.target).arn if on_user else "*"
            yield _Permission(action, resource, reads=True)

    def _resource(self, move: Move) -> str:
        """Return the resource of a move's first call."""
        setting, called = self.setting, self.setting.called
        match move.kind:
            case MoveKind.CREATE_DEVICE | MoveKind.DELETE_DEVICE:
                name = move.device.name if move.device is not None else ""
                named = (
                    called.people[name] if isinstance(name, ScenarioPrincipal) else called.device
                )
                return device_arn(setting.partition, setting.account, "/", named)
            case MoveKind.ADD_TO_GROUP | MoveKind.REMOVE_FROM_GROUP:
                return f"{self._iam}:group/{called.group}"
            case MoveKind.UPDATE_TRUST | MoveKind.ASSUME_ROLE:
                return f"{self._iam}:role/{called.role}"
            case MoveKind.SESSION_TOKEN | MoveKind.WORK:
                return "*"
            case MoveKind.OPEN_CONSOLE:
                return console_arn(setting.partition)
            case MoveKind.LOG_IN | MoveKind.RENEW_LOGIN | MoveKind.AGENT_TOKEN:
                place = setting.partition, setting.region or _REGION, setting.account
                renews = move.kind is MoveKind.RENEW_LOGIN
                client = LoginClient.SAME_DEVICE if renews else move.client
                agent = f"arn:{place[0]}:signin:{place[1]}:{place[2]}:{_AGENT}"
                return agent if client is None else client.resource(*place)
            case MoveKind.SERVICE:
                where = f"{setting.region or 'any'}:{setting.account}"
                return f"arn:{setting.partition}:cloudformation:{where}:stack/any/1"
            case _:
                return setting.holder(move.target).arn

    def _forwarded(self, move: Move) -> _Permission:
        """Return the permission that the service then needs on the user's behalf."""
        more: dict[str, ContextValue] = {
            "aws:ViaAWSService": "true",
            "aws:CalledVia": (_SERVICE,),
            "aws:CalledViaFirst": _SERVICE,
            "aws:CalledViaLast": _SERVICE,
        }
        if move.holding.access is Access.KEY:
            # absent in the direct call, there and false in the service's
            more["aws:MultiFactorAuthPresent"] = "false"
        return _Permission(FORWARDED, f"arn:{self.setting.partition}:s3:::any", more)
