"""Counterexamples: a candidate is shown only if the engine decides it in the same way.

It has the keys of its context that the policies name, so that they can be shown as in the policies.
"""

import string
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from sekisho.catalogue import load, only_region
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Cause,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    cached_by_identity,
    decide,
    groups,
    missing_resource_policy,
)
from sekisho.engine.exchange import location_of
from sekisho.engine.matching import (
    Scope,
    TrackedAssumptions,
    actions,
    arns,
    conditions,
    resources,
)
from sekisho.policy import Document, Effect, Element, PolicyKind, Statement, Version, from_json
from sekisho.prover.reading import keys
from sekisho.prover.reading.credentials import USER_ID, CallerCredential
from sekisho.prover.reading.policies import (
    handled_policies,
    keys_of,
    keys_of_text,
    relevant_to_request,
)
from sekisho.prover.search.formula import Question
from sekisho.prover.search.ties import DocumentedRequests
from sekisho.prover.search.verdict import Counterexample
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import LimitReached
from sekisho.prover.solver.texts import MARK

_SETTLED_KEYS = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltype",
        "aws:resourceaccount",
        "aws:username",
        "aws:viaawsservice",
    }
)
"""The keys that the caller and the credential determine."""


def named_keys(question: Question, request: Request) -> tuple[str, ...]:
    """Return the keys of a request that policies name in statements about its action.

    Keys that caller and credential determine are left out, and the address, which is shown anyway.
    """
    settled_keys = {*_SETTLED_KEYS, keys.ADDRESS}
    if question.user.unique_id:
        settled_keys.add(USER_ID)
    # where a key is spelled in several ways, the last one counts
    named = [*_keys_named(question, request)][::-1]
    present = (key for key in request.context.folded if key not in settled_keys)
    spelled = (next((each[key] for each in named if key in each), None) for key in present)
    return tuple(key for key in spelled if key is not None)


_Spelled = Mapping[str, str]
"""Keys in lower case, with their spelling."""


def _keys_named(question: Question, request: Request) -> Iterator[_Spelled]:
    tracked = TrackedAssumptions(question.assumptions)
    for policies in (question.allowed, question.denied):
        for policy in handled_policies(policies) if policies is not None else ():
            for action, asked_for in _keys_by_action(policy.document):
                if actions.matches(action, request.action, tracked):
                    yield asked_for
    for asked, _ in question.restriction.conditions:
        yield {key.lower(): key for key in keys_of(asked.condition, asked.version)}


@cached_by_identity
def _keys_by_action(document: Document) -> tuple[tuple[Element, _Spelled], ...]:
    """Return the keys in statements by their actions, for the actions with any."""
    by_action: dict[Element, dict[str, str]] = {}
    for statement in document.statements:
        asked_for = {key.lower(): key for key in _keys_of_statement(statement, document.version)}
        by_action.setdefault(statement.action, {}).update(asked_for)
    return tuple((action, asked_for) for action, asked_for in by_action.items() if asked_for)


def _keys_of_statement(statement: Statement, version: Version | None) -> Iterator[str]:
    for entry in statement.resource.values if statement.resource else ():
        yield from keys_of_text(entry, version)
    for condition in statement.conditions:
        yield from keys_of(condition, version)


_NEW_NAME = "FutureAction"
_REGION = "aws:RequestedRegion"
_AGE = "aws:MultiFactorAuthAge"


def replay(
    question: Question,
    credential: CallerCredential,
    request: Request,
    *,
    exists: bool,
    of_list: bool = False,
) -> Counterexample | None:
    """Return a request as a counterexample; None if the engine says that it does not answer.

    Ordinary values are put in the place of odd ones where the request still answers with them.

    Args:
        question: the question.
        credential: the credential with which the caller signs.
        request: the candidate.
        exists: whether the catalogue knows the action.
        of_list: whether it is one of many: large documents are cut to what can be about it.
    """
    if (
        MARK not in request.action
        and decisions_that_answer(question, request, of_list=of_list) is None
    ):
        # a candidate of a loose reading that answers nothing
        return None
    for nicer in _more_ordinary(request):
        if MARK in nicer.action:
            continue
        decisions = decisions_that_answer(question, nicer, of_list=of_list)
        if decisions is not None:
            documented = DocumentedRequests.of_user(question.user)
            left_out = documented.left_out(nicer, direct=credential.direct) if exists else ()
            named = named_keys(question, nicer)
            return Counterexample(nicer, credential, decisions, exists, named, left_out)
    return None


def contradiction(question: Question, request: Request) -> LimitReached:
    """Return the error that the engine decides a candidate otherwise, with the statements."""
    if question.user.outside_principal:
        request = replace(request, principal=question.user.arn)
    causes: list[Cause] = []
    for policies in (question.allowed, question.denied):
        if policies is not None:
            because = decide_as_owner_allows(request, policies, question.assumptions).because
            causes += because or _conditional_statements(
                policies, request.action, question.assumptions
            )
    statements = ", ".join(
        f"`{each}`" for each in [*dict.fromkeys(map(location_of, causes))][:_MOST_NAMED]
    )
    return LimitReached(
        reasons.CONTRADICTION.filled(action=request.action, statements=statements or "`*`")
    )


_MOST_NAMED = 3
"""The number of statements that a reason names."""


def _conditional_statements(
    policies: Policies, action: str, assumptions: Assumptions
) -> Iterator[Cause]:
    """Yield the statements about an action that have conditions."""
    tracked = TrackedAssumptions(assumptions)
    for group in groups(policies):
        for policy in group.policies:
            for each in policy.document.statements:
                if each.conditions and actions.matches(each.action, action, tracked):
                    yield Cause(group.kind, policy.name, each.index, each.sid, each.position)


def decisions_that_answer(
    question: Question, request: Request, *, of_list: bool
) -> dict[str, Decision] | None:
    """Return the engine's decisions on a request if it answers the question; else None."""
    decisions: dict[str, Decision] = {}
    if question.user.outside_principal:
        # the policies are those of the user in place of a caller without account
        request = replace(request, principal=question.user.arn)
    for name, given in (("allowed", question.allowed), ("denied", question.denied)):
        if given is not None:
            policies = (
                relevant_to_request(given, request.action, request.resource) if of_list else given
            )
            decision = decide_as_owner_allows(request, policies, question.assumptions)
            if (decision.effect is DecisionEffect.ALLOWED) is not (name == "allowed"):
                return None
            decisions[name] = decision
    return decisions if _is_within(question, request) else None


_OWNERS_POLICY = AttachedPolicy(
    "the resource's own policy",
    from_json(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        },
        kind=PolicyKind.RESOURCE,
    ),
)


def decide_as_owner_allows(
    request: Request, policies: Policies, assumptions: Assumptions
) -> Decision:
    """Return the engine's decision; the owner of another account's resource is assumed to allow.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    if foreign_owner(request):
        policies = replace(policies, resource=_OWNERS_POLICY)
    return decide(request, policies, assumptions)


def foreign_owner(request: Request) -> str:
    """Return the account of the resource if it differs from the caller's; else ""."""
    caller = arns.split(request.principal)[4:5]
    owner = arns.account_of(request.resource) or request.resource_account or ""
    return "" if not caller or owner == caller[0] else owner


def own_policy_unasked(counterexample: Counterexample) -> PolicyKind | None:
    """Return the kind of the resource's own policy that must also allow and is not known.

    None: none must allow. A KMS key's own policy must, and a role's trust policy, also in their own
    account; the policies of another account's resources are assumed to allow.
    """
    decision, request = counterexample.decisions.get("allowed"), counterexample.request
    # for unsigned requests and services, only the resource's own policy is asked
    if decision is None or not request.principal.startswith("arn:") or foreign_owner(request):
        return None
    return missing_resource_policy(request, Policies(), decision)


def _is_within(question: Question, request: Request) -> bool:
    """Return whether a request is within the question, by the engine's matching."""
    restriction, tracked = question.restriction, TrackedAssumptions(question.assumptions)
    caller = question.user.caller(request.context.folded.get(USER_ID))
    scope = Scope(request, caller, Version.V2012, tracked)
    return (
        all(
            actions.matches(one, request.action, tracked) is want
            for one, want in restriction.actions
        )
        and all(
            resources.matches(one, Effect.DENY, scope) is want
            for one, want in restriction.resources
        )
        and all(
            conditions.holds(one.condition, scope._replace(version=one.version)) is want
            for one, want in restriction.conditions
        )
    )


def _more_ordinary(request: Request) -> Iterator[Request]:
    """Yield the request with ordinary values in place of the shortest possible ones."""
    for placed in _with_origin(request):
        for session in (*_with_session_times(placed), placed):
            for name in _with_other_name(session.action):
                named = replace(session, action=name)
                yield from _with_one_region(named)
                yield named


def _with_origin(request: Request) -> Iterator[Request]:
    """Yield the request with an address, or through a VPC endpoint, which has no address."""
    context, present = request.context, request.context.folded
    if keys.ADDRESS not in present:
        if keys.ENDPOINT.isdisjoint(present):
            address = {"aws:SourceIp": keys.DEFAULTS["aws:sourceip"]}
            yield replace(request, context=context.with_(address))
        more = {key: text for key, text in keys.AN_ENDPOINT.items() if key.lower() not in present}
        yield replace(request, context=context.with_(more))
    yield request


def _with_other_name(action: str) -> Iterator[str]:
    """Yield the names of an action with letters or digits in its open places."""
    if MARK not in action:
        yield action
        return
    for text in (_NEW_NAME, *string.digits, *string.ascii_lowercase):
        name = action.replace(MARK, text)
        if load().action(name) is None:
            yield name


def _with_one_region(request: Request) -> Iterator[Request]:
    """Yield the request with one region in the ARN and in the context."""
    parts = request.resource.split(":", arns.PARTS - 1)
    if len(parts) != arns.PARTS or not parts[3]:
        return
    key_region = request.context.get(_REGION)
    only = only_region(request.action, parts[1])
    usual = keys.regions_of(parts[1]) if only is None else (only,)
    first = key_region if isinstance(key_region, str) else next(iter(usual), "")
    yield _in_region(request, first or parts[3])
    if key_region is not None:
        there = (key for key in request.context if keys.main_of(key.lower()) == keys.REGION)
        same = dict.fromkeys((_REGION, *there), parts[3])
        yield replace(request, context=request.context.with_(same))
    # a real one, and not just a possible one
    yield from (_in_region(request, region) for region in usual if parts[3] not in usual)


def _in_region(request: Request, region: str) -> Request:
    """Return the request with a region in its ARN."""
    parts = request.resource.split(":", arns.PARTS - 1)
    return replace(request, resource=":".join([*parts[:3], region, *parts[4:]]))


def _with_session_times(request: Request) -> Iterator[Request]:
    """Yield the request with MFA at the time when the session was issued."""
    now, issued, age = map(request.context.get, ("aws:EpochTime", "aws:TokenIssueTime", _AGE))
    if not (isinstance(now, str) and isinstance(issued, str) and isinstance(age, str)):
        return
    at, since = conditions.date(issued), conditions.number(age)
    if at is None or since is None or int(at + since) == int(now):
        return
    then = datetime.fromtimestamp(int(now) - int(since), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield replace(request, context=request.context.with_({"aws:TokenIssueTime": then}))
    yield replace(request, context=request.context.with_({_AGE: str(int(now) - int(at))}))
