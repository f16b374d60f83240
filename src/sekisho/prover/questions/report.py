"""A report on policies: every question about them that is asked, each with its answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from sekisho.engine import Assumptions, AttachedPolicy, Policies
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover.questions.certified import (
    OWN_CALLS,
    SERVICE_CALLS,
    EnforcementCertifier,
    prove_or_search,
)
from sekisho.prover.questions.enforcement import (
    ENFORCEMENT,
    NOTHING_ALLOWED,
    OTHER_VALUES,
    Enforced,
    denials,
    distinct_answers,
    enforced_by,
    enforcement_question,
    exempt_list,
    expected_exempt,
    for_other_values,
    has_self_service,
    nothing_lost,
    own_things_only,
    via_service,
)
from sekisho.prover.questions.federation import with_federation
from sekisho.prover.questions.invariants import (
    Invariant,
    InvariantKind,
    invariant_holds,
    policy_naming_resources,
)
from sekisho.prover.questions.resource_policies import (
    OwnedResource,
    assumed_of_resource,
    not_granted_with_resource,
)
from sekisho.prover.questions.roles import (
    TrustReport,
    assumed_of_role,
    assumed_with_mfa,
    enforced_of_role,
    ways_into,
)
from sekisho.prover.questions.sentences import invariant_text
from sekisho.prover.reading.callers import (
    Callers,
    representative_callers,
    unnamed_callers,
    why_no_common_answer,
)
from sekisho.prover.reading.credentials import CallingUser, SessionReadings
from sekisho.prover.reading.policies import distinguishes_services
from sekisho.prover.search.answers import (
    ActionGroup,
    Conclusion,
    QuestionAnswer,
    combine_verdicts,
    common_answers,
    conclude,
    merge_items,
    more_callers_text,
    roles_within_reach,
    uncertain_lists,
)
from sekisho.prover.search.formula import Question
from sekisho.prover.search.verdict import Proved, Unknown
from sekisho.prover.solver import reasons
from sekisho.signin import ConsoleAuthorization, with_password_policy

_MAY_NOT_CHANGE = Message(
    "Assuming that the account's password policy does not have AllowUsersToChangePassword. If "
    "it has, give --users-may-change-password."
)
_MAY_CHANGE_UNREAD = Message(
    "The account's password policy is unknown. Results that depend on "
    "AllowUsersToChangePassword are unknown, and the list of what works without MFA assumes "
    "that it is on."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The owner of the policies in question.

    Attributes:
        policies: as attached to the user, without what the password policy allows.
        user: the caller; of several representatives, the first.
        named: whether the user was given; otherwise `callers` stand for any.
        now: the earliest time of a request.
        users_may_change: the account's `AllowUsersToChangePassword`; None if it is not known.
        of_account: whether it is a user of an account that was read.
        assumed_attachments: which policies that were not given are taken to be attached.
        scps_unread_reason: why the service control policies are not known; None if they are.
        unanswerable_reason: why the user or their policies are not known, so that no answer is;
            None if they are.
        representatives: users that stand for any, if none was given.
        trust: of a role, its trust policy; None if it is not known.
        resource: the policy of the resource that invariants are about; None: there is none.
        console_authorization: the account's setting; None: as assumed.
    """

    policies: Policies
    user: CallingUser
    named: bool
    now: datetime
    users_may_change: bool | None
    of_account: bool = False
    assumed_attachments: tuple[Message, ...] = ()
    scps_unread_reason: Message | None = None
    unanswerable_reason: Message | None = None
    representatives: Callers = field(default_factory=Callers)
    trust: AttachedPolicy | None = None
    resource: OwnedResource | None = None
    console_authorization: ConsoleAuthorization | None = None

    @classmethod
    def of_files(
        cls,
        policies: Policies,
        arn: str | None,
        now: datetime,
        *,
        users_may_change: bool,
        assumed_attachments: tuple[Message, ...] = (),
    ) -> "Subject":
        """Return the subject of policies that are given without an account.

        Args:
            policies: the policies that are attached to the user.
            arn: the ARN of the user or the role; None: any user.
            now: the earliest time of a request.
            users_may_change: the account's `AllowUsersToChangePassword`.
            assumed_attachments: as the attribute.

        Raises:
            FaultyRequest: if it is not the ARN of an IAM user or role.
        """
        callers = (
            Callers((CallingUser.from_arn(arn),), is_given=True)
            if arn
            else representative_callers(policies)
        )
        return cls(
            policies=policies,
            user=callers.users[0],
            named=arn is not None,
            now=now,
            users_may_change=users_may_change,
            assumed_attachments=assumed_attachments,
            unanswerable_reason=None if arn else why_no_common_answer(unnamed_callers(policies)),
            representatives=callers,
        )

    @property
    def callers(self) -> Callers:
        """The callers of the questions: the given user, or representatives of any user."""
        return (
            self.representatives
            if self.representatives.users
            else Callers((self.user,), is_given=True)
        )

    def with_distinguishing_policies(self, *sets: Policies) -> "Subject":
        """Return the subject of a question in which further policies distinguish users as well."""
        if self.named:
            return self
        callers = representative_callers(self.policies, *sets)
        missing = why_no_common_answer(unnamed_callers(self.policies, *sets))
        return replace(
            self, representatives=callers, user=callers.users[0], unanswerable_reason=missing
        )

    @property
    def assumed(self) -> tuple[Message, ...]:
        """The premises about the account and its organisation, as messages."""
        if self.user.is_role:
            return (*self.assumed_attachments, *(assumed_of_role(self.trust)))
        if self.users_may_change is None:
            return (*self.assumed_attachments, _MAY_CHANGE_UNREAD)
        known = self.of_account or self.users_may_change
        return self.assumed_attachments if known else (*self.assumed_attachments, _MAY_NOT_CHANGE)


class QuestionGroup(StrEnum):
    """The groups of questions that can be asked separately."""

    ENFORCEMENT = "enforcement"
    NOTHING_LOST = "nothing-lost"
    OWN_THINGS = "own-things"
    INVARIANTS = "invariants"
    TRUST = "trust"
    """For a role alone: whether its callers need MFA."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The questions on some policies, and their settings.

    Attributes:
        groups: which of the questions.
        exempt: patterns of actions that may work without MFA.
        invariants: further demands.
        assumptions: the settings of points that AWS does not document.
        sessions: the same of how sessions show that they have no MFA.
        any_value: whether it must be so for values of the MFA key that no credential brings.
    """

    groups: frozenset[QuestionGroup] = frozenset(QuestionGroup)
    exempt: tuple[str, ...] = field(default_factory=expected_exempt)
    invariants: tuple[Invariant, ...] = ()
    assumptions: Assumptions = field(default_factory=Assumptions)
    sessions: SessionReadings = field(default_factory=SessionReadings)
    any_value: bool = False

    @property
    def changed_settings(self) -> list[str]:
        """The assumptions that are not at their default, in the form of `--assume`."""
        return [*changed_settings(self.assumptions), *changed_settings(self.sessions)]


def changed_settings(settings: Assumptions | SessionReadings) -> list[str]:
    """Return the assumptions that are not at their default, in the form of `--assume`."""
    default = type(settings)()
    return [
        f"{each.name}={str(value).lower()}"
        for each in fields(settings)
        if (value := getattr(settings, each.name)) != getattr(default, each.name)
    ]


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """All answers.

    Attributes:
        exempt: the actions that are allowed without MFA; None if that was not asked.
        assumed: the premises of the answers on these policies.
        callers: the users that stand for any, and by what there may be more.
        trust: of a role, who may assume it; None if that was not asked.
    """

    inquiry: Inquiry
    user: CallingUser
    answers: tuple[QuestionAnswer, ...]
    exempt: tuple[ActionGroup, ...] | Unknown | None
    assumed: tuple[Message, ...] = ()
    callers: Callers = field(default_factory=Callers)
    trust: TrustReport | None = None

    @property
    def enforced(self) -> Enforced | None:
        """The answer on MFA enforcement; None if it was not asked."""
        return enforced_by(self.answers)

    @property
    def exempt_unknown(self) -> Message | None:
        """The reason why more may be allowed without MFA than is listed; None if it is all."""
        if isinstance(self.exempt, Unknown):
            return self.exempt.reason
        undecided = self.enforced in (Enforced.UNKNOWN, Enforced.TODAY_UNKNOWN)
        return MORE_UNDECIDED if undecided and self.exempt is not None else None


MORE_UNDECIDED = Message("Whether anything else works without MFA could not be decided.")


@dataclass(frozen=True, slots=True)
class _UserInquiry:
    """The questions about one user, under one reading of the password policy.

    Attributes:
        certifier: looks for certificates that MFA is enforced.
    """

    subject: Subject
    inquiry: Inquiry
    policies: Policies
    user: CallingUser
    certifier: EnforcementCertifier


_ENFORCED = Message("MFA is enforced, even if other identity-based policies are attached later")
_NOTHING_ALLOWED = Message("The policies allow nothing without MFA today")
_OTHER = Message(
    "MFA is enforced for values of aws:MultiFactorAuthPresent other than true and false "
    "(hypothetical: AWS is not known to send one)"
)
_LOST = Message("Users with MFA keep all their permissions")
_OWN = Message("Users cannot change other users' credentials")

_NO_SELF_SERVICE = Message(
    "Users cannot change other users' credentials (there is no self-service statement)"
)


def report_on_policies(subject: Subject, inquiry: Inquiry) -> PolicyReport:
    """Return the answers to all questions about a subject's policies.

    A property of any user is proved if it is proved of all users whom the policies distinguish. If
    the password policy is not known, the answers that depend on it are unknown.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    subject = subject.with_distinguishing_policies(*_policies_naming_resources(inquiry.invariants))
    callers = subject.callers
    only_user = subject.user if subject.named else None
    certifier = EnforcementCertifier(
        subject.policies, only_user, inquiry.exempt, subject.now, later=True
    )
    reports = [_report_of_user(subject, inquiry, user, certifier) for user in callers.users]
    report = _report_on_all(reports, callers, subject)
    return replace(report, answers=tuple(distinct_answers(report.answers)))


def _report_of_user(
    subject: Subject,
    inquiry: Inquiry,
    user: CallingUser,
    certifier: EnforcementCertifier,
) -> PolicyReport:
    """Return the answers about one user for all policies that may be in force; else unknown.

    If the password policy is not known, there are two sets of policies. The first allows more, so
    that the list of actions that work without MFA is taken from it.
    """
    user = replace(user, readings=inquiry.sessions)
    possible: tuple[Policies, ...] = (subject.policies,)
    if not user.is_role:
        possible = with_password_policy(subject.policies, user.arn, subject.users_may_change)
    reports = [_report(_UserInquiry(subject, inquiry, each, user, certifier)) for each in possible]
    answers = tuple(
        replace(same[0], conclusion=common_answers([each.conclusion for each in same]))
        for same in zip(*(each.answers for each in reports), strict=True)
    )
    return replace(reports[0], answers=answers)


def _report(case: _UserInquiry) -> PolicyReport:
    """Return the answers about one user or role under one reading of the password policy."""
    if case.subject.unanswerable_reason is not None:
        return _report_unknown(case, Unknown(case.subject.unanswerable_reason))
    if case.user.is_role:
        return _report_on_role(case)
    answers: list[QuestionAnswer] = []
    for group, ask in _GROUPS.items():
        if group in case.inquiry.groups:
            answers += ask(case)
    return _report_with_caveats(case, answers)


def _report_on_role(case: _UserInquiry) -> PolicyReport:
    """Return the answers about a role: its sessions never have MFA, so its questions differ."""
    groups, trust = case.inquiry.groups, None
    if case.subject.trust is not None and groups & {QuestionGroup.TRUST, QuestionGroup.ENFORCEMENT}:
        these = (case.user.arn, case.subject.now, case.inquiry.assumptions)
        trust = ways_into(case.subject.trust, *these, case.inquiry.sessions)
    answers: list[QuestionAnswer] = []
    if QuestionGroup.ENFORCEMENT in groups:
        answers += enforced_of_role(_enforcement(case), trust)
    if trust is not None:
        alone = QuestionGroup.ENFORCEMENT not in groups
        answers.append(assumed_with_mfa(trust, counts=alone))
    if QuestionGroup.INVARIANTS in groups:
        answers += _invariants(case)
    return replace(_report_with_caveats(case, answers), trust=trust)


def _report_with_caveats(case: _UserInquiry, answers: Sequence[QuestionAnswer]) -> PolicyReport:
    these = (case.policies, case.user, case.subject.now, case.inquiry.assumptions)
    asked = QuestionGroup.ENFORCEMENT in case.inquiry.groups
    exempt = exempt_list(*these) if asked else None
    caveats = (roles_within_reach(*these), uncertain_lists(*these)) if answers else ()
    resource, given = case.subject.resource, case.subject.assumed
    given = given if resource is None else (assumed_of_resource(resource), *given)
    assumed = (*given, *(each for each in caveats if each is not None))
    return PolicyReport(case.inquiry, case.user, tuple(answers), exempt, assumed)


def _policies_naming_resources(invariants: Sequence[Invariant]) -> tuple[Policies, ...]:
    """Return policies that distinguish users in the same way as the resources of invariants."""
    named = (policy_naming_resources(each) for each in invariants if each.on)
    return tuple(Policies(identity=(each,)) for each in named)


def _report_on_all(
    reports: Sequence[PolicyReport], callers: Callers, subject: Subject
) -> PolicyReport:
    """Return the answers for any user: proved if they are for each user the policies distinguish.

    Denials distinguish fewer users than all statements together: whether MFA is enforced needs no
    more users than these.

    Args:
        reports: of each of the users, in order.
        callers: the users, and by which keys there may be more.
        subject: the owner of the policies.
    """
    first = reports[0]
    whose_denials = _callers_of_denials(first, callers, subject) if first.answers else callers
    answers = tuple(
        _merge_answers(same, whose_denials if same[0].id == ENFORCEMENT else callers)
        for same in zip(*(each.answers for each in reports), strict=True)
    )
    assumed = tuple(dict.fromkeys(text for each in reports for text in each.assumed))
    exempt = _exempt_of_all([each.exempt for each in reports], callers)
    return replace(first, answers=answers, exempt=exempt, assumed=assumed, callers=callers)


def _callers_of_denials(report: PolicyReport, callers: Callers, subject: Subject) -> Callers:
    """Return the users that the denials distinguish, if all of them were asked about."""
    if not callers.indistinct_keys:
        return callers
    policies = with_password_policy(subject.policies, report.user.arn, subject.users_may_change)[0]
    further = (policies, *_policies_naming_resources(report.inquiry.invariants))
    distinguished = representative_callers(denials(policies), further_sets=further)
    asked = {user.arn for user in callers.users}
    all_asked = {user.arn for user in distinguished.users} <= asked
    return replace(callers, indistinct_keys=distinguished.indistinct_keys) if all_asked else callers


def _merge_answers(answers: Sequence[QuestionAnswer], callers: Callers) -> QuestionAnswer:
    verdict = combine_verdicts([each.conclusion.verdict for each in answers])
    searched = verdict == Unknown(reasons.NOT_CERTIFIED) or (
        isinstance(verdict, Proved) and verdict.certificate is None
    )
    if searched and callers.indistinct_keys:
        verdict = Unknown(more_callers_text(callers.indistinct_keys))
    assumed = dict.fromkeys(name for each in answers for name in each.conclusion.assumed)
    return replace(answers[0], conclusion=Conclusion(verdict, tuple(assumed)))


def _exempt_of_all(
    lists: Sequence[tuple[ActionGroup, ...] | Unknown | None], callers: Callers
) -> tuple[ActionGroup, ...] | Unknown | None:
    known: list[tuple[ActionGroup, ...]] = []
    for each in lists:
        if not isinstance(each, tuple):
            return each
        known.append(each)
    groups = merge_items(known, callers.users)
    return (
        Unknown(more_callers_text(callers.indistinct_keys))
        if callers.indistinct_keys and not groups
        else groups
    )


def _report_unknown(case: _UserInquiry, unknown: Unknown) -> PolicyReport:
    """Return the report for policies that are not known: every answer is unknown."""
    answer = Conclusion(unknown)
    groups = {
        QuestionGroup.ENFORCEMENT: (QuestionAnswer(ENFORCEMENT, _ENFORCED, "direct", answer),),
        QuestionGroup.NOTHING_LOST: (
            QuestionAnswer("nothing-lost", _LOST, "direct", answer, refused=True),
        ),
        QuestionGroup.OWN_THINGS: (QuestionAnswer("own-things", _OWN, "direct", answer),),
        QuestionGroup.INVARIANTS: tuple(
            QuestionAnswer(each.id, invariant_text(each), each.calls.value, answer)
            for each in case.inquiry.invariants
        ),
    }
    of_role = (QuestionGroup.ENFORCEMENT, QuestionGroup.INVARIANTS)
    known = [each for each in groups if each in of_role or not case.user.is_role]
    asked = tuple(each for group in known if group in case.inquiry.groups for each in groups[group])
    enforcement = QuestionGroup.ENFORCEMENT in case.inquiry.groups
    return PolicyReport(case.inquiry, case.user, asked, unknown if enforcement else None)


_CALLS: Mapping[str, str] = {OWN_CALLS: "direct", SERVICE_CALLS: "service"}
"""The names of calls in a `QuestionAnswer`, by the names in a certificate."""


def _enforcement(case: _UserInquiry) -> Iterator[QuestionAnswer]:
    """Yield the answers on MFA enforcement, each followed by that on nothing being allowed now."""
    later, today = (
        replace(
            enforcement_question(
                case.policies, case.user, case.subject.now, case.inquiry.exempt, later=each
            ),
            assumptions=case.inquiry.assumptions,
        )
        for each in (True, False)
    )
    only_user = case.user if case.subject.named else None
    exempt = case.inquiry.exempt
    as_attached = EnforcementCertifier(
        case.policies, only_user, exempt, case.subject.now, later=False
    )
    by_service = distinguishes_services(case.policies)
    for calls in (OWN_CALLS, SERVICE_CALLS) if by_service else (OWN_CALLS,):
        questions = (later, today)
        if calls == SERVICE_CALLS:
            questions = (via_service(later), via_service(today))
        find = partial(case.certifier.find, calls)
        enforced = prove_or_search(find, partial(_with_federation, questions[0]))
        yield QuestionAnswer(ENFORCEMENT, _ENFORCED, _CALLS[calls], enforced)
        allowed = enforced
        if not isinstance(allowed.verdict, Proved):
            allowed = prove_or_search(
                partial(as_attached.find, calls), partial(_with_federation, questions[1])
            )
        yield QuestionAnswer(NOTHING_ALLOWED, _NOTHING_ALLOWED, _CALLS[calls], allowed)
    others = for_other_values(later)
    answer = Conclusion(others) if isinstance(others, Unknown) else conclude(others)
    counts = case.inquiry.any_value
    yield QuestionAnswer(
        OTHER_VALUES, _OTHER, "direct", answer, counts, hypothetical=True, later=True
    )


def _with_federation(question: Question) -> Conclusion:
    return conclude(with_federation(question))


def _nothing_lost(case: _UserInquiry) -> Iterator[QuestionAnswer]:
    question = nothing_lost(case.policies, case.user, case.subject.now)
    answer = conclude([replace(question, assumptions=case.inquiry.assumptions)])
    yield QuestionAnswer("nothing-lost", _LOST, _calls(question), answer, refused=True)


def _own_things(case: _UserInquiry) -> Iterator[QuestionAnswer]:
    question = own_things_only(case.policies, case.user, case.subject.now)
    answer = conclude([replace(question, assumptions=case.inquiry.assumptions)])
    title = _OWN if has_self_service(case.policies) else _NO_SELF_SERVICE
    yield QuestionAnswer("own-things", title, _calls(question), answer)


def _calls(question: Question) -> str:
    return "direct" if all(credential.direct for credential in question.credentials) else "all"


def _invariant(case: _UserInquiry, invariant: Invariant) -> Conclusion:
    these = (case.policies, case.user, case.subject.now, case.inquiry.assumptions)
    resource = case.subject.resource
    if resource is None or invariant.demand is InvariantKind.ALWAYS:
        return invariant_holds(invariant, *these)
    policies, user, now, assumptions = these
    asking = Question(user, now, (), allowed=policies, assumptions=assumptions)
    return not_granted_with_resource(invariant, resource, asking)


def _invariants(case: _UserInquiry) -> Iterator[QuestionAnswer]:
    for each in case.inquiry.invariants:
        answer = _invariant(case, each)
        refused = each.demand is InvariantKind.ALWAYS
        yield QuestionAnswer(
            each.id,
            invariant_text(each),
            each.calls.value,
            answer,
            refused=refused,
            grants=each.demand is InvariantKind.NOT_GRANTED,
        )


_GROUPS: dict[QuestionGroup, Callable[[_UserInquiry], Iterable[QuestionAnswer]]] = {
    QuestionGroup.ENFORCEMENT: _enforcement,
    QuestionGroup.NOTHING_LOST: _nothing_lost,
    QuestionGroup.OWN_THINGS: _own_things,
    QuestionGroup.INVARIANTS: _invariants,
}
