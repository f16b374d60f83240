"""Calls by AWS services for a user, where it is known what the user's own calls may do."""

from dataclasses import replace

from sekisho.engine import Context
from sekisho.prover.questions.enforcement import via_service
from sekisho.prover.reading.credentials import CallerCredential, situations
from sekisho.prover.search.answers import Conclusion, conclude
from sekisho.prover.search.counterexample import replayed
from sekisho.prover.search.formula import Question
from sekisho.prover.search.verdict import Counterexample, Refuted

_SERVED = {
    CallerCredential.KEY: CallerCredential.KEY_VIA_SERVICE,
    CallerCredential.SESSION: CallerCredential.SESSION_VIA_SERVICE,
}


def conclude_served(question: Question, direct: Conclusion) -> Conclusion:
    """Return what `conclude` does of the question about calls by AWS services.

    What a user may do alone, a service most often may do for the user, which is quickly seen.

    Args:
        question: about the user's own calls.
        direct: what was concluded of these.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    served = via_service(question)
    if isinstance(direct.verdict, Refuted):
        found = _served(direct.verdict.counterexample, served)
        # what rests on no assumption refutes whatever is assumed
        if found and not any(decision.assumed for decision in found.decisions.values()):
            return Conclusion(Refuted(found))
    return conclude([served])


def _served(counterexample: Counterexample, question: Question) -> Counterexample | None:
    """Return a call as a service makes it for the user, if that answers the question."""
    way = _SERVED.get(counterexample.credential)
    if way is None:
        return None
    (one,) = situations(question.user, question.now, (way,))
    request = counterexample.request
    left = {key: text for key, text in request.context.items() if key.lower() not in one.absent}
    request = replace(request, context=Context(left).with_(one.values))
    return replayed(question, way, request, exists=counterexample.exists)
