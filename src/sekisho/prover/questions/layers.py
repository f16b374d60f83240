"""Two questions for the users of an account that usually need not be asked in full.

Limits (a permissions boundary, a service control policy) only remove permissions. So a request that
identity-based policies do not allow is not allowed under any limit; and one that they allow is
usually allowed under all limits, if it is sent to a region that they permit. Questions about calls
by AWS services for a user are usually answered by the results on the user's own calls.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.engine import Context, Policies
from sekisho.policy import Effect
from sekisho.prover.questions.enforcement import via_service
from sekisho.prover.questions.federation import with_federation
from sekisho.prover.reading import keys
from sekisho.prover.reading.credentials import CallerCredential, situations
from sekisho.prover.reading.policies import statements_in
from sekisho.prover.search.answers import Conclusion, conclude
from sekisho.prover.search.counterexample import replay
from sekisho.prover.search.formula import Question
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Verdict

_REGION = "aws:RequestedRegion"


def conclude_unlimited_first(question: Question) -> Conclusion:
    """Return the conclusion on one question; a counterexample is sought without limits first.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    if (unlimited := _unlimited(question)) is not None:
        counterexample = _under_limits(prove_none(unlimited), question)
        if counterexample and _rests_on_nothing(counterexample):
            return Conclusion(Refuted(counterexample))
    return conclude(with_federation(question))


def _rests_on_nothing(counterexample: Counterexample) -> bool:
    """Return whether a counterexample is independent of all assumptions, by its decisions."""
    return not any(decision.assumed for decision in counterexample.decisions.values())


def prove_unlimited_first(question: Question) -> Verdict:
    """Return the verdict on one question, from the identity-based policies alone if they suffice.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    unlimited = _unlimited(question)
    if unlimited is None:
        return prove_none(question)
    alone = prove_none(unlimited)
    if isinstance(alone, Proved):
        return alone
    counterexample = _under_limits(alone, question)
    return prove_none(question) if counterexample is None else Refuted(counterexample)


def _unlimited(question: Question) -> Question | None:
    """Return the question about identity-based policies alone; None if it is that already."""
    policies = question.allowed
    # if two sets are compared, the limits are usually equal on both sides
    if policies is None or question.denied is not None:
        return None
    if not (policies.scps or policies.boundaries or policies.session):
        return None
    unlimited = replace(policies, boundaries=None, session=None, scps=())
    return replace(question, allowed=unlimited)


def _under_limits(wider: Verdict, question: Question) -> Counterexample | None:
    """Return a request that answers a wider question if it answers this one, in some region."""
    if not isinstance(wider, Refuted):
        return None
    counterexample = wider.counterexample
    request, credential = counterexample.request, counterexample.credential
    contexts = [request.context]
    if _REGION.lower() not in request.context.folded:
        # each request is sent to a region, though no policy asked for it
        contexts += [request.context.with_({_REGION: one}) for one in _regions(question)]
    for context in contexts:
        sent = replace(request, context=context)
        replayed = replay(question, credential, sent, exists=counterexample.exists)
        if replayed is not None:
            return replayed
    return None


def _regions(question: Question) -> dict[str, None]:
    """Return the regions that the policies name, and one real region."""
    usual = keys.regions_of(question.user.partition)[:1]
    return dict.fromkeys((*usual, *_regions_named(question.allowed or Policies())))


def _regions_named(policies: Policies) -> Iterator[str]:
    """Yield the first region that each Deny names."""
    for statement in statements_in(policies):
        for condition in statement.conditions:
            if condition.key.lower() == keys.REGION and statement.effect is Effect.DENY:
                yield from (text for text in condition.values[:1] if not set("*?$") & set(text))


_VIA_SERVICE = {
    CallerCredential.KEY: CallerCredential.KEY_VIA_SERVICE,
    CallerCredential.SESSION: CallerCredential.SESSION_VIA_SERVICE,
}


def conclude_service_calls(question: Question, direct: Conclusion) -> Conclusion:
    """Return the conclusion on the question about calls by AWS services.

    What a user may do alone, a service may usually do for the user, which is quickly verified.

    Args:
        question: about the user's own calls.
        direct: the conclusion on these.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    served = via_service(question)
    if isinstance(direct.verdict, Refuted):
        counterexample = _by_service(direct.verdict.counterexample, served)
        if counterexample and _rests_on_nothing(counterexample):
            return Conclusion(Refuted(counterexample))
    return conclude(with_federation(served))


def _by_service(counterexample: Counterexample, question: Question) -> Counterexample | None:
    """Return a call as a service makes it for the user, if that answers the question."""
    way = _VIA_SERVICE.get(counterexample.credential)
    if way is None:
        return None
    (one,) = situations(question.user, question.now, (way,))
    request = counterexample.request
    left = {key: text for key, text in request.context.items() if key.lower() not in one.absent}
    request = replace(request, context=Context(left).with_(one.values))
    return replay(question, way, request, exists=counterexample.exists)
