"""Everybody else: the users whom the policies' own patterns of resources tell apart.

One colleague stands for everybody else in a walk. Where the policies name users by path or by
pattern, there is one for each class of users that all of these patterns match alike, so that no
user is left out. Who has another state of password and device is another colleague, too.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.engine import actions
from sekisho.engine.doubts import Doubts
from sekisho.engine.glob import Wild, wildcards
from sekisho.errors import InternalError
from sekisho.prover import reasons
from sekisho.prover.credentials import Held, situations
from sekisho.prover.formula import Rule, rules_of
from sekisho.prover.limits import Effort, Limit
from sekisho.prover.reading import About, Reading
from sekisho.prover.scenarios.model import ON_USERS, Device, Hand, Password, Person, State, Who
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.search import Literal
from sekisho.prover.targets import NO_USERS, Target
from sekisho.prover.texts import Patterns
from sekisho.prover.theories import RESOURCE, Texts

__all__ = ["MOST_CLASSES", "become", "others", "starts"]

MOST_CLASSES = 16
"""Classes of other users that are looked at."""

_DEVICE = frozenset({Device(Hand.ELSEWHERE)})
_STATES = (
    Person(Password.UNKNOWN, devices=_DEVICE, member=True),
    Person(Password.UNKNOWN),
)


def starts(begin: State, *, again: bool) -> Iterator[State]:
    """Yield a beginning with a colleague in each state: with a device, or without.

    `again` tells whether the state that it has is among them.
    """
    if again:
        yield begin
    for each in _STATES:
        if each != begin.colleague:
            yield replace(begin, colleague=each)


def others(setting: Setting) -> list[Setting]:
    """Return the setting with a colleague out of each class but that of its own.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
        Limit: if there are too many classes, or a pattern that tells users apart is not handled.
    """
    texts = _theory(setting)
    own = setting.holder(Who.COLLEAGUE).arn
    first = texts.holding(own)
    found = (texts.solve(*each) for each in _classes(texts) if each[0] != first)
    return [_named(setting, str(values[RESOURCE])) for values in found if values]


def become(setting: Setting, third: Setting) -> Setting:
    """Return the setting in which the colleague of one is the user, and that of another is met."""
    met, further = setting.called.people, third.called.people
    names = {Who.USER: met[Who.COLLEAGUE], Who.COLLEAGUE: further[Who.COLLEAGUE]}
    return replace(
        setting,
        user=setting.colleague,
        names={**setting.names, **names},
        path=setting.colleague_path,
        user_id="",
        user_tags=None,
        colleague_path=third.colleague_path,
    )


def _classes(texts: Texts) -> list[tuple[int, int]]:
    """Return every way in which the atoms can hold of one user: which do, and which do not.

    Raises:
        Limit: if there are too many.
    """
    # the first atom is the user's own name, which is nobody else's
    found = [(0, 1)]
    for place in range(1, texts.size):
        atom = 1 << place
        both = [
            each for one in found for each in ((one[0] | atom, one[1]), (one[0], one[1] | atom))
        ]
        found = [one for one in both if texts.solve(*one) is not None]
        if len(found) > MOST_CLASSES:
            raise Limit(reasons.TOO_MANY_USERS.filled(most=MOST_CLASSES))
    return found


def _theory(setting: Setting) -> Texts:
    """Return the names of users, with an atom for every element that can tell them apart.

    Raises:
        Limit: if an element compares them with what is not known.
    """
    doubts, effort = Doubts(setting.engine), Effort()
    holder = setting.holder(Who.USER)
    user = setting.caller(Who.USER)
    (situation,) = situations(user, setting.at, (Held.KEY,))
    reading = Reading(About(user, situation, setting.at, doubts, {}), (), effort)
    start = f"arn:{setting.partition}:iam::{setting.account}:user/"
    forms = Patterns([(*start, Wild.ANY, Wild.STAR)])
    target = Target(reading, forms, None, lambda _: True)
    texts = target.theories[RESOURCE]
    if not isinstance(texts, Texts):
        raise InternalError("a resource that is no text")
    unlike = (*NO_USERS, holder.name, f"*/{holder.name}")
    nobody = Patterns((*start, *wildcards(each)) for each in unlike)
    texts.add(nobody, negated=False, besides=False)
    for rule in _rules(setting, doubts):
        found = target.of_resource(rule.resource, rule.effect, rule.version)
        if isinstance(found, Literal) and found.theory != RESOURCE:
            raise Limit(reasons.UNSETTLED_USERS.filled(entries=", ".join(rule.resource.values)))
    return texts


def _rules(setting: Setting, doubts: Doubts) -> Iterator[Rule]:
    """Yield the statements about what can be done to users."""
    for group in rules_of(setting.policies(Who.USER, member=True), doubts):
        for rule in group:
            if any(actions.matches(rule.action, act, doubts) for act in ON_USERS):
                yield rule


def _named(setting: Setting, arn: str) -> Setting:
    path, slash, name = arn.partition(":user")[2].rpartition("/")
    names = {**setting.names, Who.COLLEAGUE: name}
    return replace(setting, names=names, colleague_path=f"{path}{slash}")
