"""The forms of answers about policies and requests: what `prove`, `policy` and `decide` print."""

from tools.schemas.notation import (
    COUNT,
    FLAG,
    MESSAGE,
    POLICY,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    a_form,
    an_object,
    as_dict,
    by_name,
    listed,
    maybe,
    named,
    one_of,
    whole,
)

from sekisho.answer.completion import Origin
from sekisho.answer.keys import Presence
from sekisho.answer.model import AnswerEffect
from sekisho.answer.resource import Impossibility, ResourceNote
from sekisho.audit.finding import FindingId, Severity
from sekisho.audit.lint.model import Attachment
from sekisho.audit.meaning.credentials import CredentialState
from sekisho.audit.meaning.trusted import TrustWay
from sekisho.audit.meaning.truth import TaskOutcome
from sekisho.engine import DecisionEffect
from sekisho.engine.explanation import ListingFailure, Part
from sekisho.errors import Code
from sekisho.messages import IdKind
from sekisho.policy import Choices, PolicyKind, Preset
from sekisho.policy.family import ChoiceText
from sekisho.prover import CallerCredential, Enforced
from sekisho.prover.reading.principals import RequesterKind
from sekisho.prover.scenarios.answers import ScenarioOutcome
from sekisho.prover.scenarios.model import Access, MoveKind, ScenarioPrincipal

VERDICT = one_of(("Proved", "Refuted", "Unknown"))
KIND = one_of(PolicyKind)
_CAUSE_MEMBERS = {
    "policy": TEXT,
    "kind": KIND,
    "statement": COUNT,
    "sid": maybe(TEXT),
    "line?": COUNT,
}
_CAUSE = named("cause", an_object(_CAUSE_MEMBERS, title="A statement that decided"))
_CAUSES = listed(_CAUSE)
_LINE: Schema = {"type": "integer", "minimum": 1}
_ERROR = named(
    "error",
    an_object(
        {
            "code": one_of(Code),
            "message": TEXT,
            "file": maybe(TEXT),
            "line": maybe(_LINE),
            "column": maybe(_LINE),
            "path": maybe(TEXT),
            "fix": maybe(TEXT),
        },
        title="One thing that is wrong",
    ),
)
DECISION = named(
    "decision",
    an_object(
        {
            "decision": one_of(DecisionEffect),
            "because": _CAUSES,
            "blockedBy": maybe(KIND),
            "assumed?": TEXTS,
        },
        title="What policies alone say",
    ),
)
_CONTEXT = named("context", by_name({"anyOf": [TEXT, TEXTS]}))
REQUEST = named(
    "request",
    an_object(
        {
            "principal": TEXT,
            "action": TEXT,
            "resource": TEXT,
            "resourceAccount?": TEXT,
            "context": _CONTEXT,
        }
    ),
)
_SHOWN = {
    "actionExists": FLAG,
    "undocumentedKeys?": TEXTS,
    "notGiven?": KIND,
    "request": REQUEST,
    "decisions": by_name(DECISION),
}
_COUNTEREXAMPLE = named(
    "counterexample", an_object({"credential": one_of(CallerCredential), **_SHOWN})
)
_ANSWERED = {
    "verdict": VERDICT,
    "counterexample": maybe(_COUNTEREXAMPLE),
    "reason": maybe(TEXT),
}
_BEYOND = {"beyondCatalogue?": _COUNTEREXAMPLE}
_WHO_IS_ASKED = {
    "user": TEXT,
    "users": TEXTS,
    "usersToldApartBy": TEXTS,
    "catalogue": TEXT,
    "serviceExempt": TEXTS,
}
_STATED = named(
    "statedCondition",
    an_object({"subject": TEXT, "operator": maybe(TEXT), "values": TEXTS, "holds": FLAG}),
)
_ITEMS = named(
    "items",
    listed(
        an_object(
            {
                "actions": TEXTS,
                "resources": TEXTS,
                "conditions": listed(_STATED),
                "mfa": listed(one_of(("absent", "false", "true"))),
                "credentials": listed(one_of(CallerCredential)),
                "counterexample": _COUNTEREXAMPLE,
            }
        )
    ),
)


def answers() -> dict[str, Schema]:
    """Return the schema of each form, by its name."""
    return {
        "prove": a_form("prove", "Proofs about one user, role or policy", _prove()),
        "prove-users": a_form(
            "prove-users", "Proofs about the users of an account", _prove_users()
        ),
        "no-public-access": a_form(
            "no-public-access", "Whether resource-based policies are public", _public()
        ),
        "policy-diff": a_form("policy-diff", "What two sets of policies allow", _policy_diff()),
        "grants-diff": a_form("grants-diff", "Who gets what from two policies", _grants_diff()),
        "no-new-access": a_form(
            "no-new-access", "Whether a policy allows nothing new", _no_new_access()
        ),
        "policy": a_form("policy", "A policy that was written", _policy()),
        "policy-lint": a_form("policy-lint", "What is wrong with policies", _lint()),
        "policy-summary": a_form("policy-summary", "The console's summary of a policy", _summary()),
        "decide": a_form("decide", "The answer to one request", _decide()),
        "decide-batch": whole("A line of the answers to a batch", _batch_line()),
        "error": a_form(
            "error",
            "Why there is no answer",
            {"error": _ERROR, "errors": {**listed(_ERROR), "minItems": 1}},
        ),
        "explain": a_form("explain", "What an error means", _explain()),
    }


def _prove() -> dict[str, Schema]:
    question = {
        "id": TEXT,
        "text": TEXT,
        "calls": one_of(("all", "direct", "service")),
        "hypothetical": FLAG,
        "counts": FLAG,
        **_ANSWERED,
        **_BEYOND,
        "assumed": TEXTS,
        "premises": maybe(TEXTS),
    }
    exempt = {
        "actions": TEXTS,
        "resources": TEXTS,
        "conditions": listed(_STATED),
        "credentials": listed(one_of(CallerCredential)),
        "undocumentedKeys?": TEXTS,
    }
    return {
        **_WHO_IS_ASKED,
        "expectedExempt": TEXTS,
        "assumptionsSet": TEXTS,
        "enforced": maybe(one_of(Enforced)),
        "questions": listed(an_object(question)),
        "exempt": maybe(listed(an_object(exempt))),
        "trust?": _trust(),
        "exemptUnknown": maybe(TEXT),
        "assumptions": TEXTS,
        "asOf": TIME,
        "serviceControlPoliciesUnknown": maybe(TEXT),
        "people": listed(_scenario()),
        "peopleAssume": TEXTS,
    }


def _trust() -> Schema:
    answer = named(
        "trustAnswer",
        an_object(
            {
                "verdict": VERDICT,
                "request": maybe(REQUEST),
                "decision": maybe(DECISION),
                "reason": maybe(TEXT),
            }
        ),
    )
    way = {
        "principal": TEXT,
        "kind": one_of([each.name.lower() for each in RequesterKind]),
        "arn": TEXT,
        "assumes": answer,
        "withoutMfa": answer,
    }
    return an_object({"withoutMfa": VERDICT, "ways": listed(an_object(way)), "notAsked": TEXTS})


def _scenario() -> Schema:
    step = {
        "act": one_of(MoveKind),
        "by": an_object({"who": one_of(ScenarioPrincipal), "holding": one_of(Access)}),
        "on": one_of(ScenarioPrincipal),
        "code": FLAG,
        "answer": TEXT,
        "because": _CAUSES,
        "refusedBy": maybe(KIND),
        "pageReads": maybe(TEXT),
        "from": maybe(TEXT),
        "rule": maybe(TEXT),
        "text": TEXT,
    }
    return an_object(
        {
            "id": TEXT,
            "must": one_of(ScenarioOutcome),
            "text": TEXT,
            "outcome": one_of(ScenarioOutcome),
            "counts": FLAG,
            "acceptedFor": maybe(TEXT),
            "notAccepted": maybe(TEXT),
            "noPolicyCanStop": maybe(TEXT),
            "otherUser": maybe(TEXT),
            "steps": listed(an_object(step)),
            "states": maybe(COUNT),
            "reason": maybe(TEXT),
            "fixedBy": listed(TEXTS),
            "rightWith": TEXTS,
            "inTheWay": _CAUSES,
            "assumed": TEXTS,
        }
    )


def _prove_users() -> dict[str, Schema]:
    answer = named("answer", an_object(_ANSWERED))
    invariant = an_object({"id": TEXT, **_ANSWERED, "assumed": TEXTS})
    user = {
        "user": TEXT,
        "arn": TEXT,
        "enforced?": one_of(Enforced),
        "now?": answer,
        "later?": answer,
        "viaService?": maybe(answer),
        "laterViaService?": maybe(answer),
        "assumed?": TEXTS,
        "gap?": maybe(TEXT),
        "invariants": listed(invariant),
    }
    return {
        "account": TEXT,
        "asOf": TIME,
        "serviceControlPoliciesUnknown": maybe(TEXT),
        "assumptions": TEXTS,
        "rolesNotAsked": TEXTS,
        "users": listed(an_object(user)),
    }


def _public() -> dict[str, Schema]:
    answered = {
        "policy": TEXT,
        **_ANSWERED,
        "counterexample": maybe(an_object(_SHOWN)),
        "assumed": TEXTS,
    }
    return {
        "asOf": TIME,
        "catalogue": TEXT,
        "policies": listed(an_object(answered)),
        "errors": listed(_ERROR),
        "assumptions": TEXTS,
    }


def _policy_diff() -> dict[str, Schema]:
    beyond = {"old?": _COUNTEREXAMPLE, "new?": _COUNTEREXAMPLE}
    return {
        **_WHO_IS_ASKED,
        "onlyInOld": maybe(_COUNTEREXAMPLE),
        "onlyInNew": maybe(_COUNTEREXAMPLE),
        "beyondCatalogue?": an_object(beyond),
        "old": maybe(_ITEMS),
        "new": maybe(_ITEMS),
        "assumptionsSet": TEXTS,
        "assumptions": TEXTS,
        "unknown": TEXTS,
        "unlisted": TEXTS,
    }


def _grants_diff() -> dict[str, Schema]:
    side = named(
        "side",
        an_object(
            {
                "counterexample": maybe(_COUNTEREXAMPLE),
                **_BEYOND,
                "items": maybe(_ITEMS),
                "unknown": maybe(TEXT),
            }
        ),
    )
    caller = {
        "principal": maybe(TEXT),
        "kind": one_of([each.name.lower() for each in RequesterKind]),
        "arn": TEXT,
        **dict.fromkeys(("onlyOldAllows", "onlyNewAllows", "onlyOldDenies", "onlyNewDenies"), side),
    }
    return {
        "catalogue": TEXT,
        "serviceExempt": TEXTS,
        "callers": listed(an_object(caller)),
        "unknown": TEXTS,
        "assumptionsSet": TEXTS,
        "assumptions": TEXTS,
    }


def _no_new_access() -> dict[str, Schema]:
    return {
        "user?": TEXT,
        "users?": TEXTS,
        "usersToldApartBy?": TEXTS,
        "catalogue": TEXT,
        "serviceExempt": TEXTS,
        **_ANSWERED,
        **_BEYOND,
        "assumptionsSet": TEXTS,
        "premises?": maybe(TEXTS),
        "assumptions": TEXTS,
    }


def _policy() -> dict[str, Schema]:
    given_up = {
        "points": TEXTS,
        "text": MESSAGE,
        "options": TEXTS,
        "accepted": FLAG,
        "costs": maybe(MESSAGE),
    }
    return {
        "name": TEXT,
        "description": TEXT,
        "preset": one_of(Preset),
        "choices": as_dict(Choices),
        "size": COUNT,
        "givenUp": listed(an_object(given_up)),
        "document": POLICY,
        "explained?": listed(as_dict(ChoiceText)),
    }


def _lint() -> dict[str, Schema]:
    finding = {
        "id": one_of(FindingId),
        "severity": one_of(Severity),
        "statement": maybe(COUNT),
        "sid": maybe(TEXT),
        "path": TEXT,
        "line": maybe(COUNT),
        "column": maybe(COUNT),
        "fact": MESSAGE,
        "title": MESSAGE,
        "cause": MESSAGE,
        "remediation": MESSAGE,
    }
    cell = named(
        "cell",
        an_object(
            {
                "outcome": one_of(TaskOutcome),
                "dependsOn?": TEXTS,
                "assumptions": TEXTS,
                "askedAs": maybe(TEXT),
            }
        ),
    )
    states = {f"{each.value}?": cell for each in (*CredentialState, *TrustWay)}
    row = {
        "task": TEXT,
        "principal": maybe(TEXT),
        "actions": TEXTS,
        "outcomes": an_object(states),
    }
    table = {"rows": listed(an_object(row)), "untried": TEXTS, "unasked": TEXTS}
    report = {
        "source": TEXT,
        "as": one_of([each.word for each in Attachment]),
        "catalogue": TEXT,
        "size": COUNT,
        "quota": maybe(COUNT),
        "clean": FLAG,
        "findings": listed(an_object(finding)),
        "gaps": listed(MESSAGE),
        "credentials": maybe(an_object(table)),
    }
    return {"reports": listed(an_object(report)), "errors": listed(_ERROR)}


def _summary() -> dict[str, Schema]:
    row = {
        "service": TEXT,
        "shown": TEXTS,
        "fullAccess": FLAG,
        "full": TEXTS,
        "limited": TEXTS,
        "actions": by_name(COUNT),
    }
    rows = named("summaryRows", listed(an_object(row)))
    warning = {"kind": TEXT, "statement": COUNT, "about": TEXTS}
    return {
        "source": TEXT,
        "catalogue": TEXT,
        "size": COUNT,
        "comments": COUNT,
        "uncategorised": rows,
        "denied": rows,
        "allowed": rows,
        "warnings": listed(an_object(warning)),
        "meaning": listed(MESSAGE),
    }


def _answer() -> dict[str, Schema]:
    effect = one_of(AnswerEffect)
    missing = {"key": TEXT, "couldChange": FLAG, "presence": one_of(Presence)}
    outcome = {"decision": effect, "because": _CAUSES}
    also = {
        "action": TEXT,
        "resources": TEXTS,
        "needed": FLAG,
        "if": TEXT,
        "rule": TEXT,
        **outcome,
    }
    return {
        **outcome,
        "blockedBy": maybe(KIND),
        "missing?": listed(an_object(missing)),
        "possible?": listed(effect),
        "assumed?": TEXTS,
        "added?": listed(an_object({"key": TEXT, "value": TEXT, "origin": one_of(Origin)})),
        "unexpected?": listed(an_object({"key": TEXT, "presence": one_of(Presence)})),
        "malformed?": listed(an_object({"key": TEXT, "type": TEXT})),
        "assumedOwner?": an_object({"account": TEXT, "otherwise": effect}),
        "policyDecision?": one_of(DecisionEffect),
        "service?": an_object({"permits": FLAG, "rule": TEXT}),
        "impossible?": an_object({"reason": one_of(Impossibility), "resourceTypes": TEXTS}),
        "asked?": an_object({"resource": TEXT, "note": one_of(ResourceNote)}),
        "notGiven?": KIND,
        "notInCatalogue?": TEXT,
        "didYouMean?": TEXT,
        "notAsked?": listed(an_object({"kinds": TEXTS, "resources": TEXTS, **outcome})),
        "alsoNeeds?": listed(an_object(also)),
    }


def _decide() -> dict[str, Schema]:
    answer = {**_answer(), "explanation?": maybe(_explanation())}
    of_one = named("part", an_object({"resource": TEXT, "action": TEXT, **answer}))
    return {**answer, "resources?": listed(of_one)}


def _batch_line() -> Schema:
    identity: dict[str, Schema] = {"id": {"type": ["string", "number", "null"]}}
    error = an_object({"code": TEXT, "message": TEXT, "at": TEXT, "line": _LINE})
    of_one = named("batchPart", an_object({"resource": TEXT, "action": TEXT, **_answer()}))
    answered = an_object({**identity, **_answer(), "resources?": listed(of_one)})
    return {"oneOf": [answered, an_object({**identity, "error": error})]}


def _explanation() -> Schema:
    point = {
        "part": one_of(Part),
        "written": TEXTS,
        "asked": {"anyOf": [TEXT, TEXTS, {"type": "null"}]},
        "negated?": FLAG,
        "key?": TEXT,
        "operator?": TEXT,
        "listed?": one_of(ListingFailure),
        "variables?": by_name(maybe(TEXT)),
    }
    points = named("points", listed(an_object(point)))
    lack = {
        "kind": KIND,
        "level": maybe(TEXT),
        "instead": FLAG,
        "given": FLAG,
        "nearest": listed(an_object({**_CAUSE_MEMBERS, "failed": points})),
    }
    denial = {**_CAUSE_MEMBERS, "level": maybe(TEXT), "points": points}
    return named(
        "explanation",
        an_object(
            {
                "denied": listed(an_object(denial)),
                "lacking": listed(an_object(lack)),
                "resourceAccount?": TEXT,
            }
        ),
    )


def _explain() -> dict[str, Schema]:
    read = {
        "user": maybe(TEXT),
        "action": maybe(TEXT),
        "resource": maybe(TEXT),
        "explicit": maybe(FLAG),
        "kind": maybe(KIND),
        "policy": maybe(TEXT),
    }
    cause = {"why": TEXT, "tell": TEXT, "remediation": TEXT, "administrator": FLAG}
    answer = {
        "id": TEXT,
        "title": TEXT,
        "source": TEXT,
        "read": maybe(an_object(read)),
        "causes": listed(an_object(cause)),
        "alike": listed(an_object({"id": TEXT, "differs": TEXT})),
    }
    entry = {
        "id": TEXT,
        "kind": one_of(IdKind),
        "title": TEXT,
        **dict.fromkeys(("why?", "example?", "remediation?", "sure?"), TEXT),
    }
    return {
        "known": FLAG,
        "answers": listed(an_object(answer)),
        "nearest": TEXTS,
        "entry?": an_object(entry),
        "entries?": listed(maybe(an_object(entry))),
    }
