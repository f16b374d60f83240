"""Answers as JSON values: of one request, and of a line of a batch."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sekisho.answer.call import JointAnswer, answer_request, answer_together
from sekisho.answer.evaluation import AnswerSettings
from sekisho.answer.model import (
    ANSWER_TO_DECISION,
    GRAVEST_FIRST,
    Answer,
    AnswerEffect,
    MissingKey,
    NeededPermission,
    UnnamedResource,
)
from sekisho.catalogue import load, spelling_correction
from sekisho.engine.compiled import Deciders
from sekisho.engine.exchange import DecisionQuestion, cause_to_json, joint_answer
from sekisho.signin import Rule


def answer_to_json(answer: Answer) -> dict[str, object]:
    """Return an answer as JSON values; docs/semantics.md#9-the-exchange-form has their names."""
    value: dict[str, object] = {
        "decision": answer.effect.value,
        "because": [cause_to_json(cause) for cause in answer.because],
        "blockedBy": answer.blocked_by.value if answer.blocked_by else None,
        "missing": [*map(_missing_key, answer.missing)],
    }
    if len(answer.possible) > 1:
        value["possible"] = [one.value for one in AnswerEffect if one in answer.possible]
    if answer.assumed:
        value["assumed"] = list(answer.assumed)
    if answer.added:
        value["added"] = [
            {"key": one.key, "value": one.value, "origin": one.origin.value} for one in answer.added
        ]
    if answer.unexpected:
        value["unexpected"] = [
            {"key": one.key, "presence": one.presence.value} for one in answer.unexpected
        ]
    if answer.malformed:
        value["malformed"] = [{"key": one.key, "type": one.type} for one in answer.malformed]
    if answer.assumed_owner is not None:
        owner = answer.assumed_owner
        value["assumedOwner"] = {"account": owner.account, "otherwise": owner.otherwise.value}
    further = _further(answer.not_asked, answer.also_needs)
    return value | _grounds_besides_policies(answer) | _notes_on_question(answer) | further


def _missing_key(one: MissingKey) -> dict[str, object]:
    return {"key": one.key, "couldChange": one.could_change, "presence": one.presence.value}


def _further(
    not_asked: tuple[UnnamedResource, ...], also_needs: tuple[NeededPermission, ...]
) -> dict[str, object]:
    """Return the resources and permissions that the call needs besides those that were given."""
    value: dict[str, object] = {}
    if not_asked:
        value["notAsked"] = [
            {"kinds": list(one.kinds), "resources": list(one.resources), **_outcome(one)}
            for one in not_asked
        ]
    if also_needs:
        value["alsoNeeds"] = [
            {
                "action": one.action,
                "resources": list(one.resources),
                "needed": one.needed,
                "if": one.condition.en,
                "rule": one.rule,
                **_outcome(one),
            }
            for one in also_needs
        ]
    return value


def _outcome(one: UnnamedResource | NeededPermission) -> dict[str, object]:
    causes = () if one.decision is None else one.decision.because
    return {"decision": one.effect.value, "because": [*map(cause_to_json, causes)]}


def _grounds_besides_policies(answer: Answer) -> dict[str, object]:
    """Return the grounds other than policies, and what the policies alone say then."""
    value: dict[str, object] = {}
    if (
        answer.decision is not None
        and ANSWER_TO_DECISION[answer.decision.effect] is not answer.effect
    ):
        value["policyDecision"] = answer.decision.effect.value
    if answer.rule is not None and (
        answer.rule is not Rule.OWNER_ROOT or answer.effect is AnswerEffect.ALLOWED
    ):
        permits = answer.effect is AnswerEffect.ALLOWED
        value["service"] = {"permits": permits, "rule": answer.rule.value}
    if answer.impossible is not None:
        value["impossible"] = {
            "reason": answer.impossible.reason.value,
            "resourceTypes": list(answer.impossible.types),
        }
    return value


def _notes_on_question(answer: Answer) -> dict[str, object]:
    """Return the notes on the question."""
    value: dict[str, object] = {}
    if answer.note is not None:
        value["asked"] = {"resource": answer.request.resource, "note": answer.note.value}
    if answer.not_given is not None:
        value["notGiven"] = answer.not_given.value
    if answer.not_in_catalogue:
        name = answer.request.action
        value["notInCatalogue"] = name
        if (near := spelling_correction(name) or load().nearest(name)) is not None:
            value["didYouMean"] = near
    return value


def _no_more_values(_: Answer) -> Mapping[str, object]:
    return {}


def joint_to_json(
    answer: JointAnswer, more: Callable[[Answer], Mapping[str, object]] = _no_more_values
) -> Mapping[str, object]:
    """Return the answer about several resources as JSON values, each resource's with it.

    `more` returns further values about one resource.
    """
    requests = [one.request for one in answer.parts]
    gravest = [effect.value for effect in GRAVEST_FIRST]
    found = [{**answer_to_json(one), **more(one)} for one in answer.parts]
    value = {**joint_answer(requests, found, gravest), "decision": answer.effect.value}
    if not answer.decisive:
        # it is what else the call needs
        denied = answer.denied_requirement
        decision = None if denied is None else denied.decision
        blocked = None if decision is None else decision.blocked_by
        value["because"] = [*map(cause_to_json, decision.because)] if decision is not None else []
        value["blockedBy"] = blocked.value if blocked is not None else None
    if answer.missing:
        value["missing"] = [*map(_missing_key, answer.missing)]
    return value | _further(answer.not_asked, answer.also_needs)


def responder(now: Callable[[], datetime]) -> Callable[[DecisionQuestion], Mapping[str, object]]:
    """Return a function that answers the questions of a batch by compiled policies."""
    compiled = Deciders()

    def respond(question: DecisionQuestion) -> Mapping[str, object]:
        settings = AnswerSettings(question.assumptions, decide=compiled.decide)
        if question.parts:
            return joint_to_json(answer_together(question.parts, now(), settings))
        return answer_to_json(answer_request(question.request, question.policies, now(), settings))

    return respond
