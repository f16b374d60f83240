"""Verdicts, answers, counterexamples and assumptions as sentences, in both languages."""

from collections.abc import Callable, Iterator, Mapping

from sekisho.catalogue import DEFAULT_PARTITION, only_region
from sekisho.engine import DecisionEffect
from sekisho.engine.matching import ANONYMOUS, arns
from sekisho.errors import quoted
from sekisho.messages import Language, Message, joined_messages, verbatim
from sekisho.prover.questions.enforcement import (
    ENFORCEMENT,
    MFA_PRESENT,
    NOTHING_ALLOWED,
    Enforced,
    enforced_text,
)
from sekisho.prover.questions.invariants import Invariant, InvariantKind
from sekisho.prover.reading import keys
from sekisho.prover.reading.callers import Callers
from sekisho.prover.reading.credentials import CallerCredential
from sekisho.prover.search.answers import QuestionAnswer
from sekisho.prover.search.counterexample import foreign_owner, own_policy_unasked
from sekisho.prover.search.formula import OWNER, StatedCondition
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown, Verdict

CREDENTIALS: Mapping[CallerCredential, Message] = {
    CallerCredential.KEY: Message("access key"),
    CallerCredential.SESSION: Message("console session or session token without MFA"),
    CallerCredential.MFA_SESSION: Message("session with MFA"),
    CallerCredential.LOGIN_KEYLESS: Message(
        "session of aws login (without aws:MultiFactorAuthPresent)"
    ),
    CallerCredential.KEY_VIA_SERVICE: Message("AWS service acting for an access key"),
    CallerCredential.SESSION_VIA_SERVICE: Message("AWS service acting for a session without MFA"),
    CallerCredential.MFA_VIA_SERVICE: Message("AWS service acting for a session with MFA"),
    CallerCredential.ROLE_SESSION: Message("session of the role"),
    CallerCredential.ROLE_KEYLESS: Message(
        "session of the role (without aws:MultiFactorAuthPresent)"
    ),
    CallerCredential.ROLE_VIA_SERVICE: Message("AWS service acting for a session of the role"),
    CallerCredential.ROLE_KEYLESS_VIA_SERVICE: Message(
        "AWS service acting for a session of the role (without aws:MultiFactorAuthPresent)"
    ),
    CallerCredential.FEDERATED: Message("session of GetFederationToken"),
    CallerCredential.FEDERATED_VIA_SERVICE: Message(
        "AWS service acting for a session of GetFederationToken"
    ),
    CallerCredential.OUTSIDE: Message("callers without credentials of an account"),
    CallerCredential.HYPOTHETICAL: Message(
        "request with aws:MultiFactorAuthPresent `{value}`, which AWS is not known to produce"
    ),
}
"""The descriptions of credentials."""

ENFORCED_SENTENCES: Mapping[Enforced, Message] = {
    Enforced.PROVED: Message("MFA is enforced."),
    Enforced.NOTHING_ALLOWED: Message(
        "MFA is not enforced: the policies allow nothing without MFA today, but a policy that "
        "is attached later may."
    ),
    Enforced.REFUTED: Message("MFA is not enforced."),
    Enforced.TODAY_UNKNOWN: Message(
        "MFA is not enforced. Whether the policies allow anything without MFA today is unknown."
    ),
    Enforced.UNKNOWN: Message("Whether MFA is enforced could not be decided."),
}
"""The first sentences about policies, by the answer on MFA enforcement."""

ASSUMED = (
    Message(
        "No resource-based policy in the user's account names the user. Resources of other "
        "accounts are assumed to be allowed by their own policies."
    ),
    Message(
        "Condition keys have values of the type that the operator compares. A service's key may "
        "be present or absent in any call."
    ),
    Message(
        "Each request names one resource: a call that needs several, like ec2:RunInstances, may "
        "be denied on another one."
    ),
)
"""The premises of every verdict."""

PUBLIC_ASSUMED = (
    Message(
        "Not public means: the policy allows nothing to unsigned requests, and nothing to "
        "principals of accounts that it does not name."
    ),
    Message(
        "AWS services that the policy names count as named. A service that only `*` covers is "
        "assumed to call for anybody, with an aws:SourceArn and aws:SourceAccount that the "
        "policy does not name."
    ),
    Message(
        "An account, organisation, VPC or endpoint, a source's ARN, and networks of at most a /8 "
        "in all (IPv6: a /32), given without wildcards, count as named."
    ),
    Message("Only the policy is checked, not Block Public Access and not access control lists."),
)
"""The premises of a verdict on a resource-based policy."""

GRANTS_ASSUMED = (
    Message(
        "Only these policies are checked: the caller's own policies and other limits are "
        "assumed to allow the request."
    ),
    Message(
        "Each request names a resource: actions that AWS lists without a resource type are not "
        "checked."
    ),
    Message(
        "Condition keys have values of the type that the operator compares. A service's key may "
        "be present or absent in any call."
    ),
)
"""The premises of the difference of two policies with principals."""

_HOLDS = Message("holds")
_FAILS = Message("does not hold")
_UNKNOWN = Message("unknown: {reason}")
_ALLOWED = Message("{who}'s {credential}{address}{context}: {action} on {resource} is allowed")
_REFUSED = Message("{who}'s {credential}{address}{context}: {action} on {resource} is not allowed")
_ADDRESS = Message(", from {address}")
_NOWHERE = Message(", through a VPC endpoint (no aws:SourceIp)")
_NO_ADDRESS = Message(", without aws:SourceIp")
_CONTEXT = Message(", with {context}")
_ABROAD = Message(" (in another account, {account}, whose own policies decide too)")
_OWN_POLICY = Message(" (the resource's own policy must allow it, too, and is not known)")
_FUTURE = Message(" (an action that the catalogue does not know)")
_UNLISTED = Message(" (AWS does not list {keys} for this action: there may be no such request)")
_ELSEWHERE = Message(" (AWS has this service in {region} alone: there may be no such request)")
_ANYONE = Message("The user is {arn}, standing for any user. Give yours with --principal.")


_THESE = Message(
    "Checked for {arn}, whom the policies distinguish. Give another user with --principal."
)


def assumed_user(callers: Callers) -> Message:
    """Return the sentence that names the users asked about, or the one that represents all."""
    alone = len(callers.users) == 1 and not callers.indistinct_keys
    arn = ", ".join(user.arn for user in callers.users)
    return (_ANYONE if alone else _THESE).filled(arn=arn)


def verdict_text(verdict: Verdict, proved: Message = _HOLDS, refuted: Message = _FAILS) -> Message:
    """Return the word for a verdict, with the reason if it is unknown."""
    match verdict:
        case Proved():
            return proved
        case Refuted():
            return refuted
        case Unknown(reason):
            return _UNKNOWN.filled(reason=reason)


def counterexample_text(counterexample: Counterexample, *, refused: bool = False) -> Message:
    """Return the sentence that describes a counterexample, with the keys the policies name.

    Args:
        counterexample: a request.
        refused: whether what it shows is that it is not allowed.
    """
    request = counterexample.request
    of_role = request.principal.rpartition(":assumed-role/")[2]
    who = of_role if of_role != request.principal else request.principal.rpartition("/")[2]
    address = request.context.get("aws:SourceIp")
    nowhere = _NO_ADDRESS if request.context.get("aws:SourceVpce") is None else _NOWHERE
    context = ", ".join(_valued(counterexample))
    filled = (_REFUSED if refused else _ALLOWED).filled(
        who=who,
        credential=CREDENTIALS[counterexample.credential].filled(
            value=request.context.get(MFA_PRESENT)
        ),
        address=_ADDRESS.filled(address=address) if isinstance(address, str) else nowhere,
        context=_CONTEXT.filled(context=context) if context else "",
        action=request.action,
        resource=request.resource,
    )
    more = [_ABROAD.filled(account=owner)] if (owner := foreign_owner(request)) else []
    more += [] if refused or own_policy_unasked(counterexample) is None else [_OWN_POLICY]
    more += [] if counterexample.exists else [_FUTURE]
    return joined_messages((filled, *more, *_undocumented(counterexample)), en="", ja="")


_ANYBODY = Message("anybody, without signing the request")
_A_SERVICE = Message("the service {name}, for somebody of no named account")
_A_STRANGER = Message("{arn}, of no named account")
_PUBLIC = Message("{who}{context}: {action} on {resource} is allowed")


def public_request_text(counterexample: Counterexample) -> Message:
    """Return the sentence on a request that a resource policy allows to an unnamed caller."""
    request = counterexample.request
    if request.principal == ANONYMOUS:
        caller = _ANYBODY
    elif request.principal.startswith("arn:"):
        caller = _A_STRANGER.filled(arn=request.principal)
    else:
        caller = _A_SERVICE.filled(name=request.principal)
    return _called(counterexample, _PUBLIC, who=caller)


_CALL = Message("{principal}{context}: {action} on {resource} is allowed")
_DENIED_CALL = Message("{principal}{context}: {action} on {resource} is denied")
_FREED_CALL = Message("{principal}{context}: {action} on {resource} is no longer denied")


def call_text(counterexample: Counterexample, *, denied: bool = False) -> Message:
    """Return the sentence on a request that is allowed to a caller, by ARN or service name.

    Args:
        counterexample: a request.
        denied: whether what it shows is that it is denied.
    """
    return _call_text(counterexample, _DENIED_CALL if denied else _CALL)


def new_grant_text(counterexample: Counterexample) -> Message:
    """Return the sentence on a newly allowed or no longer denied request, and its caller."""
    allowed = counterexample.decisions["new"].effect is DecisionEffect.ALLOWED
    return _call_text(counterexample, _CALL if allowed else _FREED_CALL)


def _call_text(counterexample: Counterexample, frame: Message) -> Message:
    return _called(counterexample, frame, principal=counterexample.request.principal)


def _called(counterexample: Counterexample, frame: Message, **who: object) -> Message:
    request = counterexample.request
    context = ", ".join(_valued(counterexample))
    sentence = frame.filled(
        **who,
        context=_CONTEXT.filled(context=context) if context else "",
        action=request.action,
        resource=request.resource,
    )
    return joined_messages((sentence, *_undocumented(counterexample)), en="", ja="")


_GRANTED_BY = Message("granted by {statement} of {policy}")


def granting_texts(counterexample: Counterexample) -> list[Message]:
    """Return the sentences that name the statements which allow a counterexample."""
    decision = counterexample.decisions.get("allowed")
    return [
        _GRANTED_BY.filled(
            statement=f"Statement[{cause.index}] {cause.sid or ''}".rstrip(), policy=cause.policy
        )
        for cause in (decision.because if decision is not None else ())
    ]


def _undocumented(counterexample: Counterexample) -> Iterator[Message]:
    """Return the sentence that names a request's context keys that AWS does not document."""
    request, region = counterexample.request, keys.spelling_of_key(keys.REGION)
    unlisted = [f"`{key}`" for key in counterexample.undocumented if key != region]
    if unlisted:
        yield _UNLISTED.filled(keys=", ".join(unlisted))
    named = (arns.split(each)[1:2] for each in (request.principal, request.resource))
    partition = next((each[0] for each in named if each), DEFAULT_PARTITION)
    only = only_region(request.action, partition)
    if region in counterexample.undocumented and only is not None:
        yield _ELSEWHERE.filled(region=only)


def _listed(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(each or '""' for each in values) + "]"


def _valued(counterexample: Counterexample) -> Iterator[str]:
    """Yield the keys that the policies name, each with its value."""
    context = counterexample.request.context
    for key in counterexample.named_keys:
        value = context.get(key)
        if value is not None:
            text = value if isinstance(value, str) else _listed(value)
            yield f"`{'='.join(quoted(part)[1:-1] for part in (key, text))}`"


_IF = Message("if {what}")
_UNLESS = Message("unless {what}")
_RESOURCE = Message("the resource is {values}")
_OWNER = Message("the resource is of account {values}")


def condition_text(stated: StatedCondition) -> Message:
    """Return the text of one condition of an item."""
    frame = _IF if stated.holds else _UNLESS
    values = ", ".join(stated.values)
    if stated.operator:
        condition = f"{stated.operator} {stated.subject} [{values}]"
        return frame.filled(what=condition)
    resource = (_OWNER if stated.subject == OWNER else _RESOURCE).filled(values=values)
    return frame.filled(what=resource)


_DEMANDS: Mapping[InvariantKind, Message] = {
    InvariantKind.NEVER: Message("never {actions}"),
    InvariantKind.ALWAYS: Message("always {actions}"),
    InvariantKind.NOT_GRANTED: Message("nothing grants {actions}"),
}
_RANGES: tuple[tuple[Callable[[Invariant], str], Message], ...] = (
    (lambda one: ", ".join(one.on), Message(" on {what}")),
    (
        lambda one: "MFA" if one.unless_mfa else "",
        Message(" unless with MFA"),
    ),
    (lambda one: "MFA" if one.with_mfa else "", Message(" with MFA")),
    (
        lambda one: "" if one.mfa_age is None else str(one.mfa_age),
        Message(" of at most {what} seconds"),
    ),
    (
        lambda one: ", ".join(one.only_from),
        Message(" but from {what}"),
    ),
    (lambda one: ", ".join(one.within), Message(" from {what}")),
)


def invariant_text(invariant: Invariant) -> Message:
    """Return the text of an invariant's demand, after the user's own words, if any."""
    parts = [_DEMANDS[invariant.demand].filled(actions=", ".join(invariant.actions))]
    parts += [text.filled(what=what) for part, text in _RANGES if (what := part(invariant))]
    if invariant.text:
        parts = [verbatim(f"{invariant.text} ("), *parts, verbatim(")")]
    return joined_messages(parts, en="", ja="")


Describe = Callable[[Counterexample, bool], Message]
"""(counterexample, whether it shows a refused request) → its description."""
_DIRECT = Message("direct calls")
_SERVICE = Message("calls by AWS services for the user")
_EVERY = Message("all calls")
_CALLS = {"direct": _DIRECT, "service": _SERVICE, "all": _EVERY}
_SUBJECTS = {
    ENFORCEMENT: Message("MFA for {calls}"),
    NOTHING_ALLOWED: Message("without MFA as the policies are, for {calls}"),
}
"""The subjects of the words of answers, by question."""
_WORDS = {
    ENFORCEMENT: (enforced_text(Enforced.PROVED), enforced_text(Enforced.REFUTED)),
    NOTHING_ALLOWED: (Message("nothing allowed"), Message("allowed", "verdict")),
}
_WOULD_HOLD = Message("would hold")
_WOULD_FAIL = Message("would not hold")
_UNKNOWN_WORD = Message("unknown")
_QUESTION = Message("{title} ({calls})")
ONCE_ALLOWED = Message("{said} (if some policy allows it; nothing denies it)")
RESTS = Message("rests on the assumption {names}")


def answer_title(line: QuestionAnswer) -> Message:
    """Return the title of an answer: the subject of `answer_word`."""
    if line.id in _SUBJECTS:
        return _SUBJECTS[line.id].filled(calls=_CALLS[line.calls])
    return _QUESTION.filled(title=line.title, calls=_CALLS[line.calls])


def answer_word(line: QuestionAnswer) -> Message:
    """Return the word for an answer; for a hypothetical case the conditional form."""
    words = _WORDS.get(line.id, (_HOLDS, _FAILS))
    if line.hypothetical and not line.counts:
        words = (_WOULD_HOLD, _WOULD_FAIL)
    match line.conclusion.verdict:
        case Proved():
            return words[0]
        case Refuted():
            return words[1]
        case Unknown():
            return _UNKNOWN_WORD


def answer_details(line: QuestionAnswer, describe: Describe, lang: Language) -> Iterator[str]:
    """Yield the request that shows an answer, or the reason why there is none, and its premises."""
    verdict = line.conclusion.verdict
    if isinstance(verdict, Unknown):
        yield verdict.reason.into(lang)
    if isinstance(verdict, Refuted):
        found = verdict.counterexample
        said = call_text(found) if line.of_callers else describe(found, line.refused)
        said = ONCE_ALLOWED.filled(said=said) if line.later else said
        yield said.into(lang)
        granting = granting_texts(verdict.counterexample) if line.grants else ()
        yield from (text.into(lang) for text in granting)
    if line.conclusion.assumed:
        yield RESTS.filled(names=", ".join(line.conclusion.assumed)).into(lang)
