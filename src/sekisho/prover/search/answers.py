"""The answers to questions: a verdict with the assumptions it rests on, or a list of requests.

A property is one question or several: it holds if no request answers any of them. Limits of the
answers are stated where they matter: roles within reach, and IAM's lists.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sekisho.engine import Assumptions, DecisionEffect, Policies, Request, decide
from sekisho.engine.matching import TrackedAssumptions, actions, arns, glob, with_other_setting
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Effect, Element, Statement
from sekisho.prover.reading.credentials import (
    CallerCredential,
    CallingUser,
    SessionReadings,
    situations,
    ways_of,
)
from sekisho.prover.reading.policies import distinguishes_logins, distinguishes_mfa
from sekisho.prover.search.counterexample import replay
from sekisho.prover.search.formula import Description, Question, Restriction, StatedCondition
from sekisho.prover.search.listing import ItemSearch, MatchedRequests
from sekisho.prover.search.requests import prove_none, verdict_and_assumptions
from sekisho.prover.search.verdict import (
    Counterexample,
    Proved,
    Refuted,
    Unknown,
    Verdict,
)
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import Budget
from sekisho.signin import AwsLoginMfa, RoleSessionMfa


@dataclass(frozen=True, slots=True)
class ActionGroup:
    """Actions that answer a question in the same way.

    Attributes:
        actions: like `iam:ChangePassword`, in order.
        resources: the policies' own patterns; `*`: every resource that the actions have.
        conditions: the further conditions, all of which must hold.
        credentials: with which it is so.
        counterexample: one such request.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[StatedCondition, ...]
    credentials: tuple[CallerCredential, ...]
    counterexample: Counterexample


def items_of(question: Question, budget: Budget | None = None) -> tuple[ActionGroup, ...]:
    """Return the actions for which some request answers, grouped by equal answers.

    Args:
        question: the question.
        budget: the steps that are left for it; None: those of a question of its own.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
        LimitReached: if that could not be found out for some action.
    """
    by_answer: dict[
        tuple[Description, tuple[CallerCredential, ...]], tuple[set[str], Counterexample]
    ] = {}
    for action_class, matches in ItemSearch(question, budget).answering():
        by_description: dict[Description, list[MatchedRequests]] = {}
        for answer in matches:
            by_description.setdefault(answer.description, []).append(answer)
        for described, answers in by_description.items():
            credentials = tuple(dict.fromkeys(answer.credential for answer in answers))
            key = (described, credentials)
            names, example = by_answer.get(key, (set(), answers[0].example))
            if answers[0].example.documented and not example.documented:
                example = answers[0].example
            names.update(map(str, action_class.actions))
            by_answer[key] = (names, example)
    return tuple(
        ActionGroup(
            tuple(sorted(names)),
            described.resources,
            described.conditions,
            credentials,
            counterexample,
        )
        for (described, credentials), (names, counterexample) in by_answer.items()
    )


def merge_items(
    lists: Sequence[Sequence[ActionGroup]], users: Sequence[CallingUser]
) -> tuple[ActionGroup, ...]:
    """Return the items of several users; an item that the first user lacks names its user."""
    items: list[ActionGroup] = []
    for each, user in zip(lists, users, strict=True):
        known = {_without_example(item) for item in items}
        new = [item for item in each if _without_example(item) not in known]
        items += new if user is users[0] else [_attributed(item, user, users[0]) for item in new]
    return tuple(items)


def _without_example(item: ActionGroup) -> tuple[object, ...]:
    """Return an item without its example."""
    return item.actions, item.resources, item.conditions, item.credentials


def _attributed(item: ActionGroup, user: CallingUser, stranger: CallingUser) -> ActionGroup:
    """Return an item that names the user, or all users of an account, to which it applies."""
    condition = StatedCondition("aws:PrincipalArn", "ArnEquals", (user.arn,), holds=True)
    if user.name == stranger.name and user.partition != stranger.partition:
        whole = f"arn:{user.partition}:iam::{user.account}:user/*"
        condition = StatedCondition("aws:PrincipalArn", "ArnLike", (whole,), holds=True)
    elif user.name == stranger.name:
        condition = StatedCondition(
            "aws:PrincipalAccount", "StringEquals", (user.account,), holds=True
        )
    return replace(item, conditions=(condition, *item.conditions))


def more_callers_text(keys: Sequence[str]) -> Message:
    """Return the message that policies may distinguish more users than were asked about."""
    return reasons.TELLS_CALLERS.filled(keys=", ".join(f"`{key}`" for key in keys))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A verdict and the assumptions that it rests on.

    Attributes:
        verdict: the verdict.
        assumed: the names of the assumptions under whose other setting the verdict is another one,
            be it that it was not found out; of a proof that none of them changes alone, of two that
            do together.
        refuting: of a proof, those of them under whose other setting a request shows the contrary.
    """

    verdict: Verdict
    assumed: tuple[str, ...] = ()
    refuting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """One question and its answer.

    Attributes:
        id: stable.
        title: the property that holds if it is proved.
        calls: `direct`, `service` or `all`.
        conclusion: the verdict and what it rests on.
        counts: whether it decides the exit code.
        hypothetical: whether it is about what no known credential brings.
        refused: whether a counterexample is a request that is not allowed.
        grants: whether it is asked which statements grant what a counterexample shows.
        of_callers: whether a counterexample is a call by anybody, and not by whom it is asked of.
        later: whether a counterexample is allowed only once some policy that is attached allows it.
    """

    id: str
    title: Message
    calls: str
    conclusion: Conclusion
    counts: bool = True
    hypothetical: bool = False
    refused: bool = False
    grants: bool = False
    of_callers: bool = False
    later: bool = False


def combine_verdicts(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on all together: refuted before unknown before proved."""
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    # with the certificate if one shows them all
    proofs = {id(each.certificate): each for each in verdicts if isinstance(each, Proved)}
    return next(iter(proofs.values())) if len(proofs) == 1 else Proved()


def common_answers(answers: Sequence[Conclusion]) -> Conclusion:
    """Return the answer for all policies that may be in force; unknown if they differ.

    Args:
        answers: to the same question, of the policies that allow most first. They differ in what
            the account's password policy allows.
    """
    verdicts = [each.verdict for each in answers]
    assumed = tuple(dict.fromkeys(name for each in answers for name in each.assumed))
    if len({type(each) for each in verdicts}) > 1:
        unknown = (each for each in verdicts if isinstance(each, Unknown))
        return Conclusion(next(unknown, Unknown(reasons.PASSWORD_POLICY)), assumed)
    first = verdicts[0]
    # all policies refuse what the widest refuse, and allow what the narrowest allow
    refused = isinstance(first, Refuted) and "allowed" not in first.counterexample.decisions
    return Conclusion(first if refused else verdicts[-1], assumed)


def conclude(questions: Sequence[Question]) -> Conclusion:
    """Return whether no request answers any of some questions, with the assumptions that matter.

    An assumption that no policy meets cannot matter; each other one is tried otherwise as well.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    budgets = [Budget() for _ in questions]
    verdicts = [
        verdict_and_assumptions(question, budget)
        for question, budget in zip(questions, budgets, strict=True)
    ]
    verdict = combine_verdicts([each for each, _ in verdicts])
    met = frozenset().union(*(names for _, names in verdicts))
    in_question = [field.name for field in fields(Assumptions) if field.name in met]
    verdicts_otherwise = {
        name: [_verdict_on(_with_other_setting(questions, name), budgets, verdict)]
        for name in in_question
    }
    pair: tuple[str, ...] = ()
    if isinstance(verdict, Proved) and not _assumptions_that_differ(verdicts_otherwise, verdict):
        pair = _two_refuting_together(in_question, questions, budgets)
    for field in fields(SessionReadings):
        verdicts_otherwise[field.name] = list(
            _verdicts_read_otherwise(field.name, questions, budgets, verdict)
        )
    assumed = _assumptions_that_differ(verdicts_otherwise, verdict)
    if not isinstance(verdict, Proved):
        return Conclusion(verdict, assumed)
    # it depends on the catalogue only if a request outside it was found
    shown = (
        name
        for name in assumed
        if name == _CATALOGUE or any(map(_shows_a_request, verdicts_otherwise[name]))
    )
    return Conclusion(verdict, (*pair, *assumed), (*pair, *shown))


_CATALOGUE = "catalogue_complete"


def _assumptions_that_differ(
    verdicts_otherwise: Mapping[str, Sequence[Verdict]], verdict: Verdict
) -> tuple[str, ...]:
    """Return the assumptions that, with another setting, lead to another verdict than this one."""
    kind = type(verdict)
    return tuple(
        name
        for name, each in verdicts_otherwise.items()
        if any(type(one) is not kind for one in each)
    )


def _shows_a_request(verdict: Verdict) -> bool:
    """Return whether a verdict has a request, possibly one that the catalogue does not know."""
    return isinstance(verdict, Refuted) or (
        isinstance(verdict, Unknown) and verdict.beyond is not None
    )


def _two_refuting_together(
    names: Sequence[str], questions: Sequence[Question], budgets: Sequence[Budget]
) -> tuple[str, ...]:
    """Return two assumptions that refute a proof together, and neither of which does alone.

    Args:
        names: the assumptions that the policies depend on; the first of two is of these.
        questions: questions that are proved under each single other setting.
        budgets: the steps that are left for the questions.
    """
    for name in names:
        others = _with_other_setting(questions, name)
        met = frozenset[str]().union(
            *(verdict_and_assumptions(*each)[1] for each in zip(others, budgets, strict=True))
        )
        for second in (each.name for each in fields(Assumptions) if each.name in met - {name}):
            both = zip(_with_other_setting(others, second), budgets, strict=True)
            if any(isinstance(prove_none(*each), Refuted) for each in both):
                return name, second
    return ()


def _with_other_setting(questions: Sequence[Question], name: str) -> list[Question]:
    """Return some questions under the other setting of one assumption."""
    return [
        replace(each, assumptions=with_other_setting(each.assumptions, name)) for each in questions
    ]


def _verdicts_read_otherwise(
    name: str, questions: Sequence[Question], budgets: Sequence[Budget], verdict: Verdict
) -> Iterator[Verdict]:
    """Yield the verdicts for the other ways in which sessions show that they have no MFA.

    Nothing is yielded if the verdict is about every way already.
    """
    readings = [each.user.readings for each in questions if _may_depend_on(name, each)]
    if not readings:
        return
    if getattr(readings[0], name) is None and isinstance(verdict, Proved):
        # the proof covers both ways
        return
    for other in other_readings(readings[0], name):
        others = [replace(each, user=replace(each.user, readings=other)) for each in questions]
        yield _verdict_on(others, budgets, verdict)


_SETTINGS: Mapping[str, Sequence[AwsLoginMfa | RoleSessionMfa]] = {
    "aws_login_mfa": tuple(AwsLoginMfa),
    "role_session_mfa": tuple(RoleSessionMfa),
}


def other_readings(readings: SessionReadings, name: str) -> Iterator[SessionReadings]:
    """Yield the readings with another setting of one of the assumptions."""
    for setting in _SETTINGS[name]:
        changed: dict[str, Any] = {name: setting}
        if setting is not getattr(readings, name):
            yield replace(readings, **changed)


def _may_depend_on(name: str, question: Question) -> bool:
    """Return whether an assumption on sessions may matter to a question."""
    policies = [each for each in (question.allowed, question.denied) if each is not None]
    if question.user.outside_principal or question.user.is_role is not (name == "role_session_mfa"):
        return False
    tells = distinguishes_mfa if question.user.is_role else distinguishes_logins
    return any(map(tells, policies))


def _verdict_on(
    questions: Sequence[Question], budgets: Sequence[Budget], verdict: Verdict
) -> Verdict:
    """Return the verdict on some questions under another reading.

    A counterexample that still answers one of the questions is reused, without another search. If
    no steps are left, the verdict is unknown.
    """
    if isinstance(verdict, Refuted) and any(
        _still_answers(verdict.counterexample, each) for each in questions
    ):
        return verdict
    return combine_verdicts(
        [prove_none(each, budget=budget) for each, budget in zip(questions, budgets, strict=True)]
    )


def _still_answers(counterexample: Counterexample, question: Question) -> bool:
    """Return whether a counterexample also answers another question."""
    request, credential = counterexample.request, counterexample.credential
    if credential not in ways_of(question.user, question.credentials):
        return False
    (situation,) = situations(question.user, question.now, (credential,))
    return (
        situation.absent.isdisjoint(request.context.folded)
        and replay(question, credential, request, exists=counterexample.exists) is not None
    )


LISTED: Mapping[str, str] = {
    "iam:ListGroups": "group/",
    "iam:ListInstanceProfiles": "instance-profile/",
    "iam:ListRoles": "role/",
    "iam:ListUsers": "user/",
    "iam:ListVirtualMFADevices": "mfa/",
}
"""The resource in AWS's messages, after `arn:aws:iam::ACCOUNT:`.

Source: refusals that others have published; `iam:ListAccountAliases` is refused on `*` there.
"""

_LISTS_IN_DOUBT = Message(
    "{actions}: checked on `*`, as documented. On the resource that AWS's error messages name, "
    "like {arn}, these policies decide differently: {how}."
)
_ALLOWED = Message("allowed there")
_ALLOWED_WITHOUT_MFA = Message("allowed there without MFA")
_REFUSED = Message("refused there")
_HELD = (CallerCredential.KEY, CallerCredential.SESSION, CallerCredential.MFA_SESSION)


def uncertain_lists(
    policies: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None = None
) -> Message | None:
    """Return the lists on which `*` and the ARN in AWS's messages are decided differently, or None.

    The context is a credential's own, without further keys.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    settings = assumptions or Assumptions()
    differing: dict[str, set[tuple[CallerCredential, bool]]] = {}
    for situation in situations(user, now, _HELD):
        for action, tail in LISTED.items():
            arn_in_message = f"arn:{user.partition}:iam::{user.account}:{tail}"
            star, other = (
                decide(
                    Request(user.caller().arn, action, resource, situation.values),
                    policies,
                    settings,
                ).effect
                is DecisionEffect.ALLOWED
                for resource in ("*", arn_in_message)
            )
            if star is not other:
                differing.setdefault(action, set()).add((situation.credential, other))
    if not differing:
        return None
    arn = f"arn:{user.partition}:iam::{user.account}:{LISTED[next(iter(differing))]}"
    return _LISTS_IN_DOUBT.filled(
        actions=", ".join(differing),
        arn=arn,
        how=_worst_decision_text(set().union(*differing.values())),
    )


def _worst_decision_text(otherwise: set[tuple[CallerCredential, bool]]) -> Message:
    """Return the word for the worst decision: allowed without MFA, allowed, or refused."""
    if any(allowed and not credential.with_mfa for credential, allowed in otherwise):
        return _ALLOWED_WITHOUT_MFA
    return _ALLOWED if any(allowed for _, allowed in otherwise) else _REFUSED


_ASSUME = "sts:AssumeRole"
_WITHOUT_MFA = Message("without MFA")
_ELSEWHERE = Message("for roles of other accounts")
_BOTH = Message("without MFA, and for roles of other accounts")
_ROLES = Message(
    "sts:AssumeRole may be allowed {how}. What a role may do is not part of the result: its "
    "trust policy decides who gets a session, and its own policies what the session may do."
)


def roles_within_reach(
    policies: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None = None
) -> Message | None:
    """Return the warning that roles can be assumed without MFA, or in other accounts; None: no.

    Not every condition of an Allow is looked at for roles of other accounts: it is a warning.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    settings = assumptions or Assumptions()
    tracked = TrackedAssumptions(settings)
    allows = [
        each
        for policy in policies.identity
        for each in policy.document.statements
        if each.effect is Effect.ALLOW and actions.matches(each.action, _ASSUME, tracked)
    ]
    if not allows:
        return None
    within = Restriction(actions=((Element((_ASSUME,)), True),))
    credentials = (CallerCredential.KEY, CallerCredential.SESSION)
    question = Question(
        user, now, credentials, allowed=policies, restriction=within, assumptions=settings
    )
    without = not isinstance(prove_none(question.in_catalogue), Proved)
    match (without, any(_may_lead_abroad(each, user.account) for each in allows)):
        case (True, True):
            how = _BOTH
        case (True, False):
            how = _WITHOUT_MFA
        case (False, True):
            how = _ELSEWHERE
        case _:
            return None
    return _ROLES.filled(how=how)


def _may_lead_abroad(statement: Statement, account: str) -> bool:
    """Return whether a statement's resources may be in another account."""
    resource = statement.resource
    if resource is None or resource.negated:
        return True
    entries = (arns.split(entry) for entry in resource.values)
    return any(parts[4:5] != (account,) for parts in entries if _may_be_of_iam(parts))


def _may_be_of_iam(parts: tuple[str, ...]) -> bool:
    """Return whether an entry may match the ARN of a role; one that is cut short may."""
    return all(glob.like(part.lower(), "iam") for part in parts[2:3])
