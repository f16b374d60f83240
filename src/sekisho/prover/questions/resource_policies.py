"""Resource-based policies: public access, and grants together with the policies of a caller.

`no_public_access` asks whether a policy alone allows a stranger: an unsigned request, or any
principal of an account that the policy does not name. Only `*` and `NotPrincipal` can name a
stranger, so that a statement covers all strangers or none, and the rest of the policy is treated
like a stranger's own policy. A stranger has no value that the policy names: account, organisation,
VPC or endpoint, ARN or account of a source, network of few addresses. All other values are free.
A proof is a certificate about callers with no settled keys; a refutation is a request of one real
stranger that the engine decides by the whole policy. Otherwise the answer is Unknown.

`not_granted_with_resource` asks whether the policies of a caller and the policy of a resource
together grant a request. Within one account either of them grants: the resource's policy alone, if
it names the caller or a role's session so closely that the caller's policies need not allow (they
can still deny); a policy that must itself allow (of a KMS key) must in any case. Across accounts
both must allow. Each case becomes a question about policies of the caller: the statements about the
caller are added to the caller's own policies, or act as a boundary. The engine decides the result
with the resource's policy in its own place.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    DecisionEffect,
    Policies,
    Request,
    check_policies,
    decide,
)
from sekisho.engine.matching import (
    ANONYMOUS,
    Caller,
    CallerKind,
    Closeness,
    TrackedAssumptions,
    arns,
    principals,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import (
    Document,
    Effect,
    Element,
    OperatorName,
    PolicyKind,
    PrincipalKey,
    Statement,
)
from sekisho.prover.questions.certified import conclude_empty
from sekisho.prover.questions.invariants import (
    Invariant,
    empty_part,
    questions_of,
    range_of,
)
from sekisho.prover.reading.conditions import condition_on
from sekisho.prover.reading.credentials import (
    CALLER_KEYS,
    EXAMPLE_ROLE_ID,
    USER_ID,
    CallerCredential,
    CallingUser,
)
from sekisho.prover.reading.policies import ALLOW_EVERYTHING, keep_statements
from sekisho.prover.reading.principals import (
    accounts_in,
    conditions_no_stranger_meets,
    conditions_of_value_forms,
    partitions_in,
    statements_naming,
    unnamed_account,
)
from sekisho.prover.search.answers import Conclusion, combine_verdicts, conclude
from sekisho.prover.search.counterexample import contradiction, named_keys
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown

_NOT_REAL = Message(
    "the policy does not deny strangers, but no request of a stranger was found that it allows: "
    "{keys}"
)
_NO_KEYS = Message("no key that the policy asks for", "public")
_WEB_IDENTITY = Message("`{name}` may authenticate anybody")
_DIRECT = (CallerCredential.KEY, CallerCredential.SESSION, CallerCredential.MFA_SESSION)
_EVERY = (
    *_DIRECT,
    CallerCredential.KEY_VIA_SERVICE,
    CallerCredential.SESSION_VIA_SERVICE,
    CallerCredential.MFA_VIA_SERVICE,
)
_NAME = "some-user"
_ANY_ARN = Element(("arn:*",))


def no_public_access(
    policy: AttachedPolicy, now: datetime, assumptions: Assumptions | None = None
) -> Conclusion:
    """Return whether a resource-based policy allows no request of any stranger.

    The question is about the policy alone: a service control policy, the stranger's own policies or
    a block of public access may still deny the request.

    Args:
        policy: a resource-based policy, with principals and resources.
        now: the earliest time of a request.
        assumptions: the settings of points that AWS does not document.

    Returns:
        `Proved` if it is not public; `Refuted` with a stranger's request that it allows.

    Raises:
        FaultyPolicy: if it is no resource-based policy that can be read for certain.
    """
    check_policies(PolicyKind.RESOURCE, (policy,))
    settings = assumptions or Assumptions()
    conclusions = [
        _in_partition(policy, each, now, settings) for each in partitions_in(policy.document)
    ]
    verdict = combine_verdicts([each.verdict for each in conclusions])
    if isinstance(verdict, Proved) and (name := _web_identity(policy.document)):
        verdict = Unknown(_WEB_IDENTITY.filled(name=name))
    return Conclusion(
        verdict, tuple(dict.fromkeys(one for each in conclusions for one in each.assumed))
    )


def _web_identity(document: Document) -> str:
    """Return an identity provider of no account that the policy allows; "" if there is none."""
    return next(
        (
            value
            for statement in document.statements
            if statement.effect is Effect.ALLOW and statement.principal is not None
            for key, values in statement.principal.entries
            if key is PrincipalKey.FEDERATED and not statement.principal.negated
            for value in values
            if not value.startswith("arn:")
        ),
        "",
    )


def _in_partition(
    policy: AttachedPolicy, partition: str, now: datetime, assumptions: Assumptions
) -> Conclusion:
    account = unnamed_account(policy.document)
    user = CallingUser.of(f"arn:{partition}:iam::{account}:user/{_NAME}")
    own = replace(policy, document=_about_strangers(policy.document, user, assumptions))
    if not any(each.effect is Effect.ALLOW for each in own.document.statements):
        return Conclusion(Proved())
    whole = Question(
        replace(user, open_keys=CALLER_KEYS),
        now,
        _EVERY,
        allowed=Policies(identity=(own,)),
        restriction=_within(policy.document, own.document, user, assumptions),
        assumptions=assumptions,
    )
    return conclude_empty([whole], partial(_searched, policy, whole, user))


def _searched(policy: AttachedPolicy, whole: Question, user: CallingUser) -> Conclusion:
    """Return the result of a search: a stranger's request, or the reason why none is known."""
    assert whole.allowed is not None  # noqa: S101 - it is made so above
    own = whole.allowed.identity[0].document
    real = replace(
        whole,
        user=user,
        credentials=_DIRECT,
        restriction=_with_shapes(whole.restriction, own, user),
    )
    shown = next(_shown(policy, whole, real), None)
    # a counterexample without assumptions refutes under all of them
    if shown is not None and not shown.decisions["allowed"].assumed:
        return Conclusion(Refuted(shown))
    conclusion = conclude([whole])
    if shown is not None:
        return Conclusion(Refuted(shown), conclusion.assumed)
    if not isinstance(conclusion.verdict, Refuted):
        return conclusion
    named = sorted({each.key for one in own.statements for each in one.conditions})
    keys = ", ".join(f"`{key}`" for key in named) or _NO_KEYS
    return Conclusion(Unknown(_NOT_REAL.filled(keys=keys)), conclusion.assumed)


def _about_strangers(document: Document, user: CallingUser, assumptions: Assumptions) -> Document:
    """Return the statements that cover strangers, without their principals."""
    tracked = TrackedAssumptions(assumptions)
    start = f"arn:{user.partition}"
    role = f"{start}:sts::{user.account}:assumed-role/some-role/session"
    root = f"{start}:iam::{user.account}:root"
    callers = [
        Caller(user.arn, CallerKind.USER, user.partition, user.account),
        Caller(role, CallerKind.ROLE_SESSION, user.partition, user.account),
        Caller(root, CallerKind.ROOT, user.partition, user.account),
        Caller(ANONYMOUS, CallerKind.ANONYMOUS),
    ]

    def is_about(statement: Statement) -> bool:
        if statement.principal is None:
            return True
        each = (
            principals.closeness_of(statement.principal, statement.effect, caller, tracked)
            is not Closeness.NOT
            for caller in callers
        )
        return any(each) if statement.effect is Effect.ALLOW else all(each)

    kept = (each for each in document.statements if is_about(each))
    return replace(
        document,
        statements=tuple(
            replace(each, principal=None, resource=_written(each.resource)) for each in kept
        ),
    )


def _written(resource: Element | None) -> Element:
    """Return the resources of a statement; `*` if it has none."""
    return Element(("*",)) if resource is None else replace(resource, implied=False)


def _within(
    document: Document, own: Document, user: CallingUser, assumptions: Assumptions
) -> Restriction:
    """Return the restriction to strangers' requests: a foreign resource, from unnamed sources."""
    of_stranger = Element((f"arn:*:*:*:{user.account}:*",))
    return Restriction(
        resources=((of_stranger, False),),
        conditions=tuple(
            (each, False)
            for each in conditions_no_stranger_meets(document, own, span=assumptions.arn_span)
        ),
    )


def _with_shapes(restriction: Restriction, own: Document, user: CallingUser) -> Restriction:
    shapes = tuple((each, True) for each in conditions_of_value_forms(own, user))
    return replace(restriction, conditions=(*restriction.conditions, *shapes))


def _shown(policy: AttachedPolicy, whole: Question, real: Question) -> Iterator[Counterexample]:
    """Yield strangers' requests that the engine allows by the whole policy."""
    on_something = replace(
        real.restriction, resources=(*real.restriction.resources, (_ANY_ARN, True))
    )
    for question in (replace(real, restriction=on_something), real):
        for counterexample in _refuting(question):
            yield from _decided(policy, real, counterexample)
    # of other callers, as far as their names distinguish them
    for counterexample in _refuting(replace(whole, restriction=real.restriction)):
        yield from _decided(policy, real, counterexample)
        for user in _users(counterexample, real.user):
            other = replace(real, user=user)
            for shown in _refuting(other):
                yield from _decided(policy, other, shown)


def _refuting(question: Question) -> Iterator[Counterexample]:
    match prove_none(question):
        case Refuted(counterexample):
            yield counterexample
        case Proved() | Unknown():
            pass


def _users(counterexample: Counterexample, user: CallingUser) -> Iterator[CallingUser]:
    """Yield users with the name in a request."""
    start = user.arn.removesuffix(_NAME)
    context = counterexample.request.context.folded
    name, arn = context.get("aws:username"), context.get("aws:principalarn")
    if isinstance(name, str) and name and "/" not in name:
        yield CallingUser.of(f"{start}{name}")
    if isinstance(arn, str) and arn.startswith(start) and not arn.endswith("/"):
        yield CallingUser.of(arn)


_OF_SOURCES = (
    *("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner"),
    *("aws:sourceorgid", "aws:sourceorgpaths"),
)
_IDENTITY = frozenset(
    {
        *(CALLER_KEYS - set(_OF_SOURCES)),
        "aws:multifactorauthage",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:tokenissuetime",
    }
)
_UNSIGNED = frozenset({"es", "execute-api", "lambda", "mediastore", "s3", "sns", "sqs"})
"""Services that accept unsigned requests."""
_OWN_ACCOUNTS = (
    ("aws:principalorgid", "aws:resourceorgid"),
    ("aws:sourceorgid", "aws:resourceorgid"),
    ("aws:vpceorgid", "aws:resourceorgid"),
    ("aws:sourceaccount", "aws:resourceaccount"),
    ("aws:vpceaccount", "aws:resourceaccount"),
)


def _decided(
    policy: AttachedPolicy, question: Question, counterexample: Counterexample
) -> Iterator[Counterexample]:
    """Yield a request in the forms that strangers can make, if the engine allows it."""
    owner = next(iter(accounts_in(policy.document)), "444455556666")
    for request in _requests(counterexample.request, question.user, owner):
        context = request.context.folded
        if context.get("aws:resourceaccount") == question.user.account:
            continue
        if any(one in context and context[one] == context.get(two) for one, two in _OWN_ACCOUNTS):
            continue
        own = () if request.principal == ANONYMOUS else (ALLOW_EVERYTHING,)
        if not request.principal.startswith("arn:"):
            own = ()
        decision = decide(request, Policies(identity=own, resource=policy), question.assumptions)
        if decision.effect is DecisionEffect.ALLOWED:
            named = named_keys(question, request)
            yield replace(
                counterexample, request=request, decisions={"allowed": decision}, named_keys=named
            )


def _requests(request: Request, user: CallingUser, owner: str) -> Iterator[Request]:
    """Yield a request as made without a signature, by a service, by the user, and by a role."""
    account = arns.account_of(request.resource)
    request = replace(request, resource_account=account or request.resource_account or owner)
    if request.resource_account == user.account:
        request = replace(request, resource_account=owner)
    context = request.context
    nobody = {
        key: value
        for key, value in context.items()
        if key.lower() not in _IDENTITY and not key.lower().startswith("aws:principaltag/")
    }
    unsigned = replace(request, principal=ANONYMOUS, context=type(context)(nobody))
    source = context.folded.get("aws:sourcearn")
    if any(key in context.folded for key in _OF_SOURCES):
        # only a service that calls on somebody's behalf has these
        if isinstance(source, str) and len(parts := arns.split(source)) == arns.PARTS:
            service = f"{parts[2]}.amazonaws.com"
            yield replace(
                unsigned,
                principal=service,
                context=unsigned.context.with_({"aws:PrincipalIsAWSService": "true"}),
            )
        return
    if request.action.partition(":")[0].lower() in _UNSIGNED:
        yield unsigned
    if context.folded.get("aws:principalarn") == user.arn:
        yield request
    else:
        yield from _of_role(request, user)


def _of_role(request: Request, user: CallingUser) -> Iterator[Request]:
    """Yield a request as made by a session of a role of the stranger's account."""
    context = request.context.folded
    start = f"arn:{user.partition}:iam::{user.account}:role/"
    arn = context.get("aws:principalarn", f"{start}some-role")
    if not isinstance(arn, str) or not arn.startswith(start) or arn.endswith("/"):
        return
    identity = context.get("aws:userid", "AROAIOSFODNN7EXAMPLE:session")
    if not isinstance(identity, str) or not identity.startswith("AROA") or ":" not in identity:
        return
    left_out = {"aws:username", "aws:viaawsservice"}
    remaining = {
        key: value for key, value in request.context.items() if key.lower() not in left_out
    }
    of_role = {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": user.account,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:userid": identity,
    }
    name, session = arn.rpartition("/")[2], identity.partition(":")[2]
    principal = f"arn:{user.partition}:sts::{user.account}:assumed-role/{name}/{session}"
    yield replace(
        request, principal=principal, context=type(request.context)(remaining).with_(of_role)
    )


@dataclass(frozen=True, slots=True)
class OwnedResource:
    """A resource-based policy, and the owner of its resource.

    Attributes:
        policy: as it is attached.
        account: the owner's id.
    """

    policy: AttachedPolicy
    account: str


_THAT_ONE = Message(
    "Exception: the given policy is that of the resources in question, which account {account} "
    "owns."
)


def assumed_of_resource(resource: OwnedResource) -> Message:
    """Return the premise of answers with the policy of a resource."""
    return _THAT_ONE.filled(account=resource.account)


def not_granted_with_resource(
    invariant: Invariant, resource: OwnedResource, asking: Question
) -> Conclusion:
    """Return whether a caller's policies and a resource's together grant nothing of a range.

    Args:
        invariant: one that says what must not be allowed, on the resource that has the policy.
        resource: its policy, and whose it is.
        asking: the caller, the time, the assumptions; `allowed`: the caller's own policies.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    user, policies, assumptions = asking.user, asking.allowed or Policies(), asking.assumptions
    check_policies(PolicyKind.RESOURCE, (resource.policy,))
    own = resource.account == user.account
    restriction = range_of(invariant)
    if not own:
        owned = condition_on(OperatorName.STRING_EQUALS, "aws:ResourceAccount", resource.account)
        restriction = replace(restriction, conditions=(*restriction.conditions, (owned, True)))
    base = replace(asking, allowed=None, restriction=restriction, cross_account=not own)
    if (reason := empty_part(invariant, base)) is not None:
        return Conclusion(Unknown(reason))
    key = any(arns.is_kms_key(each) or ":kms:" in each for each in invariant.on)
    questions: list[Question] = []
    for one in _sessions(user, resource.policy):
        ways = _Ways(policies, resource.policy, one, TrackedAssumptions(assumptions))
        sets = ways.within_account(must_itself=key) if own else ways.across_accounts()
        questions += (
            question
            for each in sets
            for question in questions_of(invariant, replace(base, user=one, allowed=each))
        )
    conclusion = conclude(questions)
    if isinstance(conclusion.verdict, Refuted):
        shown = conclusion.verdict.counterexample
        request = replace(shown.request, resource_account=resource.account)
        decision = decide(request, replace(policies, resource=resource.policy), assumptions)
        if decision.effect is not DecisionEffect.ALLOWED:
            whole = replace(base, allowed=replace(policies, resource=resource.policy))
            return replace(conclusion, verdict=Unknown(contradiction(whole, request).reason))
        refuted = replace(shown, request=request, decisions={"allowed": decision})
        return replace(conclusion, verdict=Refuted(refuted))
    return conclusion


def _sessions(user: CallingUser, policy: AttachedPolicy) -> Iterator[CallingUser]:
    """Yield the callers; for a role, also each session that the policy names itself."""
    yield user
    start = f"arn:{user.partition}:sts::{user.account}:assumed-role/{user.name}/"
    principals = (each.principal for each in policy.document.statements)
    entries = (each for one in principals if one is not None for each in one.entries)
    named = (value for _, values in entries for value in values if value.startswith(start))
    for value in dict.fromkeys(named) if user.is_role else ():
        user_id = f"{EXAMPLE_ROLE_ID}:{value.removeprefix(start)}"
        yield replace(user, known_values={**user.known_values, USER_ID: user_id})


@dataclass(frozen=True, slots=True)
class _Ways:
    """The ways in which the policies of a caller and of a resource allow together."""

    policies: Policies
    resource: AttachedPolicy
    user: CallingUser
    tracked: TrackedAssumptions

    def within_account(self, *, must_itself: bool) -> Iterator[Policies]:
        """Yield sets of policies; a request is allowed if any of them allows it."""
        denied = keep_statements(
            (self._statements_of_caller(Closeness.ACCOUNT),), lambda one: one.effect is Effect.DENY
        )
        given = self.policies
        own = replace(given, identity=(*given.identity, *denied))
        if must_itself:
            limits = (*(given.boundaries or ()), self._statements_of_caller(Closeness.ACCOUNT))
            own = replace(own, boundaries=limits)
        yield own
        denies = keep_statements(given.identity, lambda one: one.effect is Effect.DENY)
        by_role = replace(given, identity=(*denies, self._statements_of_caller(Closeness.ROLE)))
        yield by_role
        limits = (*(given.boundaries or ()), *(given.session or ()))
        denies += keep_statements(limits, lambda one: one.effect is Effect.DENY)
        itself = (*denies, self._statements_of_caller(Closeness.ITSELF))
        yield replace(given, identity=itself, boundaries=None, session=None)

    def across_accounts(self) -> Iterator[Policies]:
        """Yield sets of policies; a request is allowed only if all of them allow it."""
        limits = (*(self.policies.boundaries or ()), self._statements_of_caller(Closeness.ACCOUNT))
        yield replace(self.policies, boundaries=limits)

    def _statements_of_caller(self, least: Closeness) -> AttachedPolicy:
        document = statements_naming(self.resource.document, self.user, self.tracked, least)
        return replace(self.resource, document=document)
