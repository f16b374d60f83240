"""Reports and differences as JSON values, with English keys."""

from sekisho.catalogue import load
from sekisho.engine import Assumptions
from sekisho.engine.exchange import decision_to_json
from sekisho.prover.questions.difference import PolicyDifference, Side
from sekisho.prover.questions.enforcement import SERVICE_EXEMPT
from sekisho.prover.questions.report import PolicyReport, changed_settings
from sekisho.prover.questions.roles import TrustReport
from sekisho.prover.questions.sentences import ASSUMED
from sekisho.prover.reading.callers import Callers
from sekisho.prover.search.answers import ActionGroup, QuestionAnswer
from sekisho.prover.search.counterexample import own_policy_unasked
from sekisho.prover.search.formula import StatedCondition
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown, Verdict


def counterexample_to_json(counterexample: Counterexample) -> dict[str, object]:
    """Return a counterexample as JSON values.

    `request` is in the form that `decide --batch` reads.
    """
    request = counterexample.request
    own_policy = own_policy_unasked(counterexample)
    return {
        "credential": counterexample.credential.value,
        "actionExists": counterexample.exists,
        **_undocumented_keys(counterexample),
        **({} if own_policy is None else {"notGiven": own_policy.value}),
        "request": {
            "principal": request.principal,
            "action": request.action,
            "resource": request.resource,
            **({"resourceAccount": owner} if (owner := request.resource_account) else {}),
            "context": {
                key: value if isinstance(value, str) else list(value)
                for key, value in request.context.items()
            },
        },
        "decisions": {
            name: decision_to_json(decision) for name, decision in counterexample.decisions.items()
        },
    }


def _undocumented_keys(counterexample: Counterexample) -> dict[str, object]:
    """Return the context keys of a request that AWS does not document, as an optional member."""
    keys = counterexample.undocumented
    return {"undocumentedKeys": list(keys)} if keys else {}


def report_to_json(report: PolicyReport) -> dict[str, object]:
    """Return the answers as JSON values."""
    inquiry, exempt = report.inquiry, report.exempt
    return {
        "schema": "sekisho.prove/1",
        "user": report.user.arn,
        "users": [user.arn for user in report.callers.users],
        "usersToldApartBy": list(report.callers.indistinct_keys),
        "catalogue": load().dated,
        "expectedExempt": list(inquiry.exempt),
        "serviceExempt": list(SERVICE_EXEMPT),
        "assumptionsSet": inquiry.changed_settings,
        "enforced": None if report.enforced is None else report.enforced.value,
        "questions": [_line_as_json(line) for line in report.answers],
        "exempt": [_exempt_as_json(one) for one in exempt] if isinstance(exempt, tuple) else None,
        **({} if report.trust is None else {"trust": _ways_as_json(report.trust)}),
        "exemptUnknown": report.exempt_unknown.en if report.exempt_unknown else None,
        "assumptions": [text.en for text in (*ASSUMED, *report.assumed)],
    }


def _line_as_json(line: QuestionAnswer) -> dict[str, object]:
    verdict = line.conclusion.verdict
    return {
        "id": line.id,
        "text": line.title.en,
        "calls": line.calls,
        "hypothetical": line.hypothetical,
        "counts": line.counts,
        "verdict": type(verdict).__name__,
        "counterexample": counterexample_to_json(verdict.counterexample)
        if isinstance(verdict, Refuted)
        else None,
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
        **beyond_to_json(verdict),
        "assumed": list(line.conclusion.assumed),
        "premises": premises_of(verdict),
    }


def premises_of(verdict: Verdict) -> list[str] | None:
    """Return the premises of a certificate; None if the verdict has none."""
    certificate = verdict.certificate if isinstance(verdict, Proved) else None
    return None if certificate is None else list(certificate.premises)


def _exempt_as_json(exempt: ActionGroup) -> dict[str, object]:
    return {
        "actions": list(exempt.actions),
        "resources": list(exempt.resources),
        "conditions": [stated_to_json(one) for one in exempt.conditions],
        "credentials": [one.value for one in exempt.credentials],
        **_undocumented_keys(exempt.counterexample),
    }


def stated_to_json(stated: StatedCondition) -> dict[str, object]:
    """Return one condition of an item as JSON values."""
    return {
        "subject": stated.subject,
        "operator": stated.operator or None,
        "values": list(stated.values),
        "holds": stated.holds,
    }


def _ways_as_json(trust: TrustReport) -> dict[str, object]:
    """Return the report on a role's trust policy as JSON values."""
    return {
        "withoutMfa": type(trust.without_mfa).__name__,
        "ways": [
            {
                "principal": each.principal,
                "kind": each.kind.name.lower(),
                "arn": each.arn,
                "assumes": _verdict_as_json(each.at_all),
                "withoutMfa": _verdict_as_json(each.without_mfa),
            }
            for each in trust.ways_in
        ],
        "notAsked": list(trust.unhandled),
    }


def _verdict_as_json(verdict: Verdict) -> dict[str, object]:
    counterexample = verdict.counterexample if isinstance(verdict, Refuted) else None
    return {
        "verdict": type(verdict).__name__,
        "request": None
        if counterexample is None
        else {
            "principal": counterexample.request.principal,
            "action": counterexample.request.action,
            "resource": counterexample.request.resource,
            "context": dict(counterexample.request.context),
        },
        "decision": None
        if counterexample is None
        else decision_to_json(counterexample.decisions["allowed"]),
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
    }


def difference_to_json(
    difference: PolicyDifference, callers: Callers, assumptions: Assumptions
) -> dict[str, object]:
    """Return a difference as JSON values: the requests that only one side allows, each way."""
    old, new = difference.only_in_old, difference.only_in_new
    beyond = {
        name: each
        for name, side in (("old", old), ("new", new))
        for each in beyond_to_json(side).values()
    }
    return {
        "schema": "sekisho.policy-diff/1",
        **callers_to_json(callers),
        "onlyInOld": counterexample_of(old),
        "onlyInNew": counterexample_of(new),
        **({"beyondCatalogue": beyond} if beyond else {}),
        "old": items_to_json(old),
        "new": items_to_json(new),
        "assumptionsSet": changed_settings(assumptions),
        "assumptions": [text.en for text in ASSUMED],
        "unknown": [side.reason.en for side in (old, new) if isinstance(side, Unknown)],
        "unlisted": [
            side.unlisted.en
            for side in (old, new)
            if isinstance(side, Side) and side.unlisted is not None
        ],
    }


def callers_to_json(callers: Callers) -> dict[str, object]:
    """Return the callers of a question, and the premises of the answer, as JSON values."""
    return {
        "user": callers.users[0].arn,
        "users": [user.arn for user in callers.users],
        "usersToldApartBy": list(callers.indistinct_keys),
        "catalogue": load().dated,
        "serviceExempt": list(SERVICE_EXEMPT),
    }


def counterexample_of(side: Side | Unknown) -> dict[str, object] | None:
    """Return the counterexample of a side as JSON values; None if there is none."""
    if isinstance(side, Unknown) or side.counterexample is None:
        return None
    return counterexample_to_json(side.counterexample)


def beyond_to_json(answer: Verdict | Side) -> dict[str, object]:
    """Return the request for which an answer is unknown, as an optional member."""
    if not isinstance(answer, Unknown) or answer.beyond is None:
        return {}
    return {"beyondCatalogue": counterexample_to_json(answer.beyond)}


def items_to_json(side: Side | Unknown) -> list[dict[str, object]] | None:
    """Return the items of a side as JSON values; None if they are not known."""
    if isinstance(side, Unknown) or side.unlisted is not None:
        return None
    return [
        {
            "actions": list(item.actions),
            "resources": list(item.resources),
            "conditions": [stated_to_json(one) for one in item.conditions],
            "mfa": sorted({one.mfa for one in item.credentials}),
            "credentials": [one.value for one in item.credentials],
            "counterexample": counterexample_to_json(item.counterexample),
        }
        for item in side.items
    ]
