"""Roles: the principals that can assume one, and whether MFA is enforced for its sessions.

A trust policy is asked about each principal that it names, and about representatives of the users
and roles of an account that it names: is there a call that begins a session, without MFA or at all?
The caller's own policies are assumed to allow it. A call with an MFA code counts as one with MFA.

For the many users of an account, the proof is about a caller with no settled keys, which includes
them all; a refutation is a request of one of them that the engine decides by the whole policy.

A session of a role never has MFA: `aws:MultiFactorAuthPresent` is false in it, or absent. So a Deny
without MFA in the policies of a role denies all requests of it. MFA is enforced for a role if all
its callers have MFA, or if its sessions are allowed nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, fields, replace
from datetime import datetime

from sekisho.engine import Assumptions, AttachedPolicy, DecisionEffect, Policies, check_policies
from sekisho.engine import decide as decided_by_engine
from sekisho.engine.matching import TrackedAssumptions, arns, with_other_setting
from sekisho.errors import Code, Fault, FaultyRequest, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Effect, Element, PolicyKind
from sekisho.prover.questions.enforcement import OTHER_VALUES, WITHOUT_MFA, without_mfa
from sekisho.prover.questions.unknown_principals import question_about_all_like, real_callers
from sekisho.prover.reading.credentials import USER_ID, CallerCredential, SessionReadings
from sekisho.prover.reading.policies import (
    ALLOW_EVERYTHING,
    distinguishes_logins,
    distinguishes_mfa,
)
from sekisho.prover.reading.principals import (
    SOME_SERVICE,
    Requester,
    RequesterKind,
    requesters,
    some_providers,
    statements_naming,
)
from sekisho.prover.search.answers import (
    Conclusion,
    QuestionAnswer,
    combine_verdicts,
    other_readings,
)
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import verdict_and_assumptions
from sekisho.prover.search.verdict import Proved, Refuted, Unknown, Verdict

_AT_ALL = (CallerCredential.MFA_SESSION, *WITHOUT_MFA)
_ASSUME = "sts:AssumeRole"
_NOT_HANDLED = Message("not checked: whether {name} can assume the role")
_NOT_SHOWN = Message(
    "it depends on condition keys of the caller, and no caller was found who can assume the role"
)


@dataclass(frozen=True, slots=True)
class WayIn:
    """The verdict of a trust policy on one caller, or on all callers it names in the same way.

    Attributes:
        principal: as the policy writes it.
        kind: the kind of the callers, by their evidence of MFA.
        arn: of the user or role asked about; the name of a service or identity provider.
        at_all: `Proved`: they do not get in; `Refuted`: with a call that begins a session.
        without_mfa: the same of calls without MFA.
    """

    principal: str
    kind: RequesterKind
    arn: str
    at_all: Verdict
    without_mfa: Verdict


@dataclass(frozen=True, slots=True)
class TrustReport:
    """The callers that may assume a role.

    Attributes:
        ways_in: the callers that may assume the role, or for which it is not known.
        unhandled: principals of which it is not asked.
        assumed: the assumptions under whose other setting `without_mfa` is another verdict.
    """

    ways_in: tuple[WayIn, ...]
    unhandled: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def without_mfa(self) -> Verdict:
        """Whether no caller except AWS services, which have no MFA, assumes the role without MFA.

        A session of another role has no MFA, and AWS sees no MFA of a user of an identity provider,
        so that both assume the role without it.
        """
        asked = [each for each in self.ways_in if each.kind is not RequesterKind.SERVICE]
        verdict = combine_verdicts([each.without_mfa for each in asked])
        if isinstance(verdict, Proved) and self.unhandled:
            return Unknown(_NOT_HANDLED.filled(name=", ".join(map(quoted, self.unhandled))))
        return verdict


def ways_into(
    trust: AttachedPolicy,
    role: str,
    now: datetime,
    assumptions: Assumptions | None = None,
    sessions: SessionReadings | None = None,
) -> TrustReport:
    """Return the callers that may assume a role, each with whether it may without MFA.

    Args:
        trust: the role's trust policy.
        role: the role's ARN.
        now: the earliest time of a call.
        assumptions: the settings of points that AWS does not document.
        sessions: the same of how sessions show that they have no MFA.

    Raises:
        FaultyPolicy: if it is no trust policy that can be read for certain.
        FaultyRequest: if it is not the ARN of a role.
    """
    check_policies(PolicyKind.TRUST, (trust,))
    if not arns.is_role(role):
        message = Message("{arn} is not the ARN of a role").filled(arn=quoted(role))
        raise FaultyRequest(
            Message("role", "source"), [Fault(Code.REQUEST_BAD_VALUE, message, "role")]
        )
    parts = arns.split(role)
    outside = {SOME_SERVICE: RequesterKind.SERVICE, **some_providers(parts[1])}
    callers, unhandled = requesters((trust.document,), parts[1], parts[4], outside)
    allowed = {
        value
        for statement in trust.document.statements
        if statement.effect is Effect.ALLOW and statement.principal is not None
        for _, values in statement.principal.entries
        for value in values
    }
    asking = _Asking(trust, role, now, assumptions or Assumptions(), sessions or SessionReadings())
    report = TrustReport(
        asking.ways_in(callers), tuple(each for each in unhandled if each in allowed)
    )
    others = asking.read_otherwise(is_proved=isinstance(report.without_mfa, Proved))
    assumed = (
        name
        for name, other in others
        if type(replace(report, ways_in=other.ways_in(callers)).without_mfa)
        is not type(report.without_mfa)
    )
    return replace(report, assumed=tuple(dict.fromkeys(assumed)))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks one trust policy about one caller after another."""

    trust: AttachedPolicy
    role: str
    now: datetime
    assumptions: Assumptions
    sessions: SessionReadings
    tracked: set[str] = field(default_factory=set)
    """The engine's assumptions that a decision rested on."""

    def ways_in(self, callers: Iterable[Requester]) -> tuple[WayIn, ...]:
        """Return the verdicts on some callers that may assume the role."""
        with_readings = (
            replace(each, user=replace(each.user, readings=self.sessions)) for each in callers
        )
        return tuple(way for each in with_readings for way in self.way_in(each))

    def read_otherwise(self, *, is_proved: bool) -> Iterator[tuple[str, "_Asking"]]:
        """Yield each assumption that may matter, and the same question with its other setting.

        Args:
            is_proved: whether nobody gets in; that holds for each setting of which both were asked.
        """
        for field_ in fields(Assumptions):
            if field_.name in self.tracked:
                other = with_other_setting(self.assumptions, field_.name)
                yield field_.name, replace(self, assumptions=other, tracked=set())
        policies = Policies(identity=(self.trust,))
        for name, tells in (
            ("aws_login_mfa", distinguishes_logins),
            ("role_session_mfa", distinguishes_mfa),
        ):
            current = getattr(self.sessions, name)
            if tells(policies) and not (is_proved and current is None):
                yield from (
                    (name, replace(self, sessions=each, tracked=set()))
                    for each in other_readings(self.sessions, name)
                )

    def way_in(self, requester: Requester) -> Iterator[WayIn]:
        """Yield the verdict of the policy on one caller; nothing if it cannot assume the role."""
        at_all = self._verdict(requester, _AT_ALL)
        if isinstance(at_all, Proved):
            return
        without = self._verdict(requester, WITHOUT_MFA)
        arn = requester.user.outside_principal or requester.user.arn
        yield WayIn(requester.name or arn, requester.kind, arn, at_all, without)

    def _verdict(self, requester: Requester, credentials: Sequence[CallerCredential]) -> Verdict:
        question = self._question(requester, tuple(credentials))
        if not question.allowed or not _allows(question.allowed):
            return Proved()
        if requester.exact:
            return self._confirmed(question, self._verdict_of(question))
        loose = self._verdict_of(question_about_all_like(requester, question))
        if not isinstance(loose, Refuted):
            return loose
        for user in (requester.user, *real_callers(loose.counterexample, requester.user)):
            real = replace(question, user=user)
            verdict = self._confirmed(real, self._verdict_of(real))
            if isinstance(verdict, Refuted):
                return verdict
        return Unknown(_NOT_SHOWN)

    def _verdict_of(self, question: Question) -> Verdict:
        verdict, tracked = verdict_and_assumptions(question)
        self.tracked.update(tracked)
        return verdict

    def _question(
        self, requester: Requester, credentials: tuple[CallerCredential, ...]
    ) -> Question:
        tracked = TrackedAssumptions(self.assumptions)
        own = statements_naming(self.trust.document, requester.user, tracked)
        self.tracked.update(tracked.names_used)
        allowed = Policies(identity=(replace(self.trust, document=own),))
        actions = Element((_action_of(requester),))
        return Question(
            requester.user,
            self.now,
            without_mfa(allowed, credentials),
            allowed=allowed,
            restriction=Restriction(
                actions=((actions, True),), resources=((Element((self.role,)), True),)
            ),
            assumptions=self.assumptions,
        )

    def _confirmed(self, question: Question, verdict: Verdict) -> Verdict:
        """Return a verdict with the engine's decision by the whole policy, if it is the same."""
        if not isinstance(verdict, Refuted):
            return verdict
        counterexample = verdict.counterexample
        own = () if question.user.outside_principal else (ALLOW_EVERYTHING,)
        policies = Policies(identity=own, trust=self.trust)
        decision = decided_by_engine(counterexample.request, policies, self.assumptions)
        if decision.effect is not DecisionEffect.ALLOWED:
            return Unknown(_NOT_SHOWN)
        named = tuple(each for each in counterexample.named_keys if each != USER_ID)
        return Refuted(replace(counterexample, decisions={"allowed": decision}, named_keys=named))


def _allows(policies: Policies) -> bool:
    return any(
        each.effect is Effect.ALLOW
        for policy in policies.identity
        for each in policy.document.statements
    )


def _action_of(requester: Requester) -> str:
    """Return the action with which a caller assumes a role."""
    if requester.kind is not RequesterKind.PROVIDER:
        return _ASSUME
    saml = arns.split(requester.user.outside_principal)[-1].startswith("saml-provider/")
    return f"{_ASSUME}WithSAML" if saml else f"{_ASSUME}WithWebIdentity"


_ASSUMED = Message("Nobody but AWS services can assume the role without MFA")
_NO_MFA = Message(
    "A role session never has MFA: aws:MultiFactorAuthPresent is false or absent in it. AWS "
    "does not document which, so both are checked. MFA is enforced for a role if nobody can "
    "assume it without MFA, or if its sessions are allowed only the exempt actions."
)
_TRUST_UNKNOWN = Message(
    "No trust policy was given. Assuming that anybody can assume the role without MFA."
)
_TAGS = Message("The role and its sessions may have any tags.")
_ANYBODY = Message(
    "Callers are assumed to have sts:AssumeRole in their own policies. A call with an MFA code "
    "counts as a call with MFA."
)


def assumed_of_role(trust: AttachedPolicy | None) -> tuple[Message, ...]:
    """Return the premises about a role."""
    return (_NO_MFA, _TAGS, _TRUST_UNKNOWN if trust is None else _ANYBODY)


def assumed_with_mfa(trust: TrustReport, *, counts: bool) -> QuestionAnswer:
    """Return the verdict that no caller assumes a role without MFA, as an answer."""
    answer = Conclusion(trust.without_mfa, trust.assumed)
    return QuestionAnswer(
        "assumed-with-mfa", _ASSUMED, "direct", answer, counts, grants=True, of_callers=True
    )


def enforced_of_role(
    answers: Iterable[QuestionAnswer], trust: TrustReport | None
) -> Iterator[QuestionAnswer]:
    """Yield the answers on MFA enforcement for a role.

    Args:
        answers: whether its sessions are allowed nothing but the exempt actions.
        trust: the callers that may assume it; None if unknown: then everybody may.
    """
    for answer in answers:
        # a value that no credential brings is as impossible for a session as for a user
        if answer.id == OTHER_VALUES:
            continue
        yield (
            answer
            if trust is None
            else replace(answer, conclusion=_either_conclusion(answer.conclusion, trust))
        )


def _either_conclusion(sessions: Conclusion, trust: TrustReport) -> Conclusion:
    """Return that one of two verdicts is proved; if none is, a request of a session refutes it.

    If both are proved, the result rests on the assumptions they share; if they share none, on all
    of theirs, since with all of these set otherwise neither may be proved.
    """
    names = tuple(dict.fromkeys((*sessions.assumed, *trust.assumed)))
    match (sessions.verdict, trust.without_mfa):
        case (Proved(), Proved()):
            both = tuple(name for name in sessions.assumed if name in trust.assumed)
            union = names if sessions.assumed and trust.assumed else ()
            return replace(sessions, assumed=both or union)
        case (Proved(), _):
            return sessions
        case (_, Proved() as assumed):
            return Conclusion(assumed, trust.assumed)
        case (Refuted(), Unknown() as unknown):
            return Conclusion(unknown, names)
        case _:
            return replace(sessions, assumed=names)
