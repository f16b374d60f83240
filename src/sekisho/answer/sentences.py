"""An answer in sentences for people, and as JSON values.

The sentences: the answer, what it depends on, why, and what was added. The values: of one request,
and of a line of a batch.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from sekisho.answer.call import JointAnswer, answer_request, answer_together
from sekisho.answer.completion import Origin
from sekisho.answer.evaluation import AnswerSettings
from sekisho.answer.keys import Presence
from sekisho.answer.model import (
    ANSWER_TO_DECISION,
    DENIED,
    GRAVEST_FIRST,
    Answer,
    AnswerEffect,
    MissingKey,
    NeededPermission,
    UnnamedResource,
)
from sekisho.answer.resource import (
    Impossibility,
    ImpossibleRequest,
    ResourceNote,
    is_object_lambda,
    is_through_access_point,
)
from sekisho.catalogue import load, spelling_correction
from sekisho.engine.compiled import Deciders
from sekisho.engine.exchange import (
    DecisionQuestion,
    cause_to_json,
    joint_answer,
    missing_policy_text,
    sentence,
    unknown_action_text,
)
from sekisho.errors import quoted
from sekisho.messages import Message, joined_messages, listed, verbatim
from sekisho.signin import Rule

EFFECTS: Mapping[AnswerEffect, Message] = {
    AnswerEffect.ALLOWED: Message("Allowed"),
    AnswerEffect.IMPLICITLY_DENIED: Message("Implicitly denied"),
    AnswerEffect.EXPLICITLY_DENIED: Message("Explicitly denied"),
    AnswerEffect.REFUSED: Message("Refused by the service"),
    AnswerEffect.UNKNOWN: Message("Unknown"),
    AnswerEffect.IMPOSSIBLE: Message("No such request"),
}
"""The answers, as a heading."""

_COULD_BE = Message("The answer could also be: {effects}. It depends on keys that were not given:")
_DENIED_ANYHOW = Message("Denied in any case; how depends on keys that were not given:")
_UNDECIDED = Message(
    "The answer depends on keys that AWS always sends and that were not given: {effects}."
)
_DEPENDS = Message("The other permissions of the call depend on keys that were not given:")
_KEY = Message("  {key} ({presence})")
_PRESENCES: Mapping[Presence, Message] = {
    Presence.ALWAYS: Message("AWS always sends it"),
    Presence.SOMETIMES: Message("AWS sends it with some requests"),
    Presence.CREDENTIAL: Message("it depends on the credential"),
    Presence.UNKNOWN: Message("not a key that AWS lists: misspelled, or an identity provider's"),
    Presence.NEVER: Message("AWS never sends it"),
}
_NO_SESSION = Message("  No MFA session was given: this is the answer for a long-term access key.")
_NO_CODE = Message(
    "  Neither an MFA session nor an MFA code was given: this is the answer for a long-term "
    "access key."
)
_PERMITTED = Message("`{principal}` may call `{action}`, regardless of policies. {rule}")
_REFUSED = Message("`{principal}` cannot call `{action}` on `{resource}`. {rule}")
_POLICIES_ALONE = Message("The policies alone say: {effect}.")
_DOUBT = Message(
    "AWS documents that a Deny has no effect here; no test of it is known (assumption "
    "`get_session_token_heeds_deny`)."
)
_DECIDES_NOT = Message(
    "The given information does not decide whether `{principal}` may call `{action}`."
)
_NO_REQUEST: Mapping[Impossibility, Message] = {
    Impossibility.OTHER_TYPE: Message(
        "AWS never evaluates `{action}` on `{resource}`: the action applies to other types of "
        "resource: {types}."
    ),
    Impossibility.NOT_NAMED: Message(
        "AWS never evaluates `{action}` on `{resource}`: a request names one of these types of "
        "resource: {types}."
    ),
    Impossibility.WILDCARD: Message(
        "AWS never evaluates `{action}` on `{resource}`: a request names one resource, and none "
        "of these types has a wildcard in its name: {types}."
    ),
    Impossibility.MISSPELLED: Message(
        "`{action}` looks misspelled: it differs by one letter from `{meant}`."
    ),
}
_ALIAS = Message("AWS KMS resolves an alias to its key first: give the ARN of that key.")
_NOTES: Mapping[ResourceNote, Message] = {
    ResourceNote.NO_TYPES: Message(
        "`{action}` does not apply to a specific resource: this is the answer for `*`, which "
        "AWS evaluates."
    ),
    ResourceNote.NOT_NAMED: Message(
        "AWS usually evaluates `{action}` on a resource's ARN: this is the answer for `*` only."
    ),
    ResourceNote.WILDCARD: Message(
        "`{resource}` is taken literally: as one resource with the wildcard character in its name."
    ),
    ResourceNote.NOT_IN_CATALOGUE: Message(
        "According to the catalogue, `{resource}` is not a resource of `{action}`: it is "
        "misspelled, or newer."
    ),
}
_OWNER = Message(
    "No owner was given for the bucket, so account {account} is assumed. If another account "
    "owns it: {otherwise}."
)
_MALFORMED = Message(
    "AWS never sends these values, because they do not have the key's type: {keys}."
)
_MALFORMED_KEY = Message("`{key}` ({type})")
_BEHIND = Message(
    "Through an access point, AWS also evaluates the bucket or object behind it, which was not "
    "given: add it as a resource, and give the bucket's policy."
)
_BEHIND_LAMBDA = Message(
    "Through an S3 Object Lambda access point, AWS also evaluates `s3:…` on the access point "
    "and on the bucket or object behind it, and `lambda:InvokeFunction` on its function. Not "
    "all of them were given: add them as resources."
)
_FAILS = Message(
    "`{principal}` may not call `{action}` on `{resource}`: something else that the call needs is "
    "denied."
)
_NONE_NAMED = Message(
    "The call also needs access to a resource of another type ({kinds}), which was not given. "
    "Whether that is allowed depends on the resource: add its ARN, like {resources}."
)
_NONE_ALLOWED = Message(
    "The call also needs access to a resource of another type ({kinds}), and none like {resources} "
    "is allowed: {effect}."
)
_NEEDED = Message("The call also needs `{action}` on {resources} ({condition}): {effect}.")
_MAY_NEED = Message("Depending on its parameters, the call also needs:")
_IF = Message("  `{action}` on {resources}, if {condition}: {effect}")
_ADDED = Message("Added: {keys}.")
_ADDED_KEY: Mapping[Origin, Message] = {
    Origin.DERIVED: Message("`{key}` = {value}, as follows from the request"),
    Origin.DEFAULTED: Message("`{key}` = {value}, as is usual"),
}
_IDLE = Message("Not given, and without effect here: {keys}.")
_UNEXPECTED: Mapping[Presence, Message] = {
    Presence.UNKNOWN: Message(
        "Given, but in no list of AWS's keys (misspelled, or an identity provider's): {keys}."
    ),
    Presence.NEVER: Message("Given, but AWS is not known to send it with such a request: {keys}."),
}


def heading(answer: Answer) -> Iterator[Message]:
    """Yield the answer, a sentence on the question, and the facts on which it depends."""
    yield EFFECTS[answer.effect]
    yield _sentence(answer)
    yield from _dependence(answer)
    if answer.note is not None:
        yield _NOTES[answer.note].filled(
            action=answer.request.action, resource=answer.request.resource
        )
    if answer.not_in_catalogue and (stranger := unknown_action_text(answer.request.action)):
        yield stranger
    yield from _other_grounds(answer)
    if answer.assumed_owner is not None:
        owner = answer.assumed_owner
        yield _OWNER.filled(account=owner.account, otherwise=EFFECTS[owner.otherwise])


def _dependence(answer: Answer) -> Iterator[Message]:
    matter = [one for one in answer.missing if one.could_change]
    if not matter:
        return
    others = [one for one in AnswerEffect if one in answer.possible - {answer.effect}]
    effects = joined_messages([EFFECTS[one] for one in others], en=" or ", ja="、")
    if answer.possible <= DENIED:
        yield _DENIED_ANYHOW
    elif answer.effect is AnswerEffect.UNKNOWN and not _more_must_allow(answer):
        yield _UNDECIDED.filled(effects=effects)
    else:
        yield _COULD_BE.filled(effects=effects)
    yield from map(_key, matter)
    if answer.as_long_term_key:
        assumes = answer.request.action.lower() == "sts:assumerole"
        yield _NO_CODE if assumes else _NO_SESSION


def _more_must_allow(answer: Answer) -> bool:
    """Return whether another policy must allow, of which nothing was given."""
    needed = [one.effect for one in answer.also_needs if one.needed]
    return (
        answer.not_given is not None
        or answer.not_in_catalogue
        or bool(answer.not_asked)
        or AnswerEffect.UNKNOWN in needed
    )


def _key(one: MissingKey) -> Message:
    return _KEY.filled(key=quoted(one.key), presence=_PRESENCES[one.presence])


def _sentence(answer: Answer) -> Message:
    request = answer.request
    if answer.impossible is not None:
        return _no_request(answer, answer.impossible)
    asked = {"principal": request.principal, "action": request.action}
    if answer.effect is AnswerEffect.UNKNOWN:
        return _DECIDES_NOT.filled(**asked)
    if answer.denied_requirement is not None:
        return _FAILS.filled(**asked, resource=request.resource)
    if answer.rule is not None and answer.effect is AnswerEffect.REFUSED:
        return _REFUSED.filled(**asked, resource=request.resource, rule=answer.rule.text)
    if answer.rule is not None and answer.by_policies is None:
        return _PERMITTED.filled(**asked, rule=answer.rule.text)
    if answer.decision is None:
        return verbatim("")
    return sentence(request, answer.decision)


def _no_request(answer: Answer, impossible: ImpossibleRequest) -> Message:
    request = answer.request
    types = ", ".join(f"`{one}`" for one in impossible.types)
    return _NO_REQUEST[impossible.reason].filled(
        action=request.action,
        resource=request.resource,
        types=types,
        meant=impossible.meant or "",
    )


def _other_grounds(answer: Answer) -> Iterator[Message]:
    """Yield the sentences on other grounds than the given policies."""
    resource = answer.request.resource
    if answer.impossible is not None and ":kms:" in resource and ":alias/" in resource:
        yield _ALIAS
    if answer.rule is Rule.SESSION_NEEDS_NO_PERMISSION:
        yield Rule.LONG_TERM_KEY_ONLY.text
        yield _DOUBT
    if answer.rule is Rule.OWNER_ROOT and answer.effect is AnswerEffect.ALLOWED:
        yield answer.rule.text
    by_rule = answer.rule not in (None, Rule.OWNER_ROOT)
    if by_rule and answer.decision is not None:
        yield _POLICIES_ALONE.filled(effect=EFFECTS[AnswerEffect(answer.decision.effect.value)])
    if answer.effect is AnswerEffect.UNKNOWN and answer.not_given is not None:
        yield missing_policy_text(answer.not_given)
    if is_through_access_point(answer.request.action, resource):
        if answer.effect is AnswerEffect.UNKNOWN and answer.not_asked:
            yield _BEHIND_LAMBDA if is_object_lambda(resource) else _BEHIND
    else:
        yield from map(_not_asked, answer.not_asked)
    yield from _also_needed(answer.also_needs)


def _not_asked(one: UnnamedResource) -> Message:
    kinds = joined_messages([verbatim(kind) for kind in one.kinds], en=" or ", ja="、")
    text = _NONE_NAMED if one.effect is AnswerEffect.UNKNOWN else _NONE_ALLOWED
    return text.filled(kinds=kinds, resources=_patterns(one), effect=EFFECTS[one.effect])


def _patterns(one: UnnamedResource | NeededPermission) -> Message:
    return listed([verbatim(quoted(resource)) for resource in one.resources])


def _also_needed(permissions: tuple[NeededPermission, ...]) -> Iterator[Message]:
    """Yield the further permissions for which the call may fail."""
    lacking = [one for one in permissions if one.effect is not AnswerEffect.ALLOWED]
    yield from (_permission(_NEEDED, one) for one in lacking if one.needed)
    if conditional := [one for one in lacking if not one.needed]:
        yield _MAY_NEED
        yield from (_permission(_IF, one) for one in conditional)


def _permission(text: Message, one: NeededPermission) -> Message:
    return text.filled(
        action=one.action,
        resources=_patterns(one),
        condition=one.condition,
        effect=EFFECTS[one.effect],
    )


def additions(answer: Answer) -> Iterator[Message]:
    """Yield the keys that were added, and those without effect."""
    if answer.added:
        added = [
            _ADDED_KEY[one.origin].filled(key=one.key, value=quoted(one.value))
            for one in answer.added
        ]
        yield _ADDED.filled(keys=joined_messages(added, en="; ", ja="、"))
    idle = [verbatim(quoted(one.key)) for one in answer.missing if not one.could_change]
    if idle:
        yield _IDLE.filled(keys=listed(idle))


def oddities(answer: Answer) -> Iterator[Message]:
    """Yield the given keys that AWS never sends in this form, or is not known to send."""
    if answer.malformed:
        wrong = [_MALFORMED_KEY.filled(key=one.key, type=one.type) for one in answer.malformed]
        yield _MALFORMED.filled(keys=listed(wrong))
    for presence, message in _UNEXPECTED.items():
        odd = [verbatim(quoted(x.key)) for x in answer.unexpected if x.presence is presence]
        if odd:
            yield message.filled(keys=listed(odd))


_OF_SEVERAL = Message(
    "{effect}: AWS evaluates each of {number} resources, and all must be allowed."
)
_NOT_ALL = Message("{effect}: the action does not apply to all of these {number} resources.")


def joint_heading(answer: JointAnswer) -> Iterator[Message]:
    """Yield the answer about several resources, each of which is then answered by itself."""
    if len(answer.parts) == 1:
        return
    text = _NOT_ALL if answer.effect is AnswerEffect.IMPOSSIBLE else _OF_SEVERAL
    yield text.filled(effect=EFFECTS[answer.effect], number=len(answer.parts))
    yield from map(_not_asked, answer.not_asked)
    yield from _also_needed(answer.also_needs)
    if matter := [one for one in answer.missing if one.could_change]:
        yield _DEPENDS
        yield from map(_key, matter)


def answer_to_json(answer: Answer) -> dict[str, object]:
    """Return an answer as JSON values; docs/semantics.md#9-the-exchange-form has the names."""
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
    """Return the further resources and permissions of the call as members."""
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
    """Return the grounds other than policies, and the policies' decision in that case."""
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
    """Return the answer about several resources as JSON values, with each resource's answer.

    `more` returns further values about one resource.
    """
    requests = [one.request for one in answer.parts]
    gravest = [effect.value for effect in GRAVEST_FIRST]
    found = [{**answer_to_json(one), **more(one)} for one in answer.parts]
    value = {**joint_answer(requests, found, gravest), "decision": answer.effect.value}
    if not answer.decisive:
        # it is one of the further requirements of the call
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
