"""Which choices of our family would make a story right: tried, not looked up."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from functools import cache
from itertools import combinations
from typing import Any

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import NAME, Choices, Preset, choices_of, force_mfa, to_json
from sekisho.prover.walk.answers import WalkVerdict, answer
from sekisho.prover.walk.questions import Story
from sekisho.prover.walk.setting import Setting

__all__ = ["FAMILY", "gate_in", "mending", "right_with"]

FAMILY = {
    **{preset.value: choices_of(preset) for preset in (Preset.AWS, Preset.FIRST_LOGIN)},
    "recommended": choices_of(Preset.RECOMMENDED),
    "hardened": replace(choices_of(Preset.RECOMMENDED), enrolment_needs_session=True),
}
"""The presets, and *hardened*: `recommended` with enrolment from a console session alone."""

_SWITCHES = tuple(field.name for field in fields(Choices) if field.type is bool)
_MOST_CHANGES = 2


def mending(
    story: Story,
    start: Choices,
    beside: Iterable[AttachedPolicy] = (),
    around: Setting | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Return which choices, changed from `start`, make a Force_MFA under which a story is right.

    Found by trying them: every single choice, and if none helps every two. Empty if nothing needs
    to change, or nothing helps. `beside` is what else is attached to the user, and `around` what
    else there is of the account.
    """
    attached = tuple(beside)
    if _right(story, start, attached, around):
        return ()
    for count in range(1, _MOST_CHANGES + 1):
        found = tuple(
            names
            for names, choices in _changed(start, count)
            if _right(story, choices, attached, around)
        )
        if found:
            return found
    return ()


def right_with(story: Story, around: Setting | None = None) -> tuple[str, ...]:
    """Return the names in `FAMILY` under which, attached alone, a story is right."""
    return tuple(name for name, choices in FAMILY.items() if _right(story, choices, (), around))


def gate_in(policies: Policies) -> tuple[Choices, tuple[AttachedPolicy, ...]] | None:
    """Return the choices of the Force_MFA among a user's policies, and the others beside it.

    None if there is none; a policy of the family is known by its text, as far as two choices from
    a preset.
    """
    written = [to_json(each.document) for each in policies.identity]
    for choices in _known():
        gate = to_json(_gate(choices).document)
        for each, text in zip(policies.identity, written, strict=True):
            if text == gate:
                return choices, tuple(other for other in policies.identity if other is not each)
    return None


def _known() -> Iterator[Choices]:
    yield from FAMILY.values()
    for count in range(1, _MOST_CHANGES + 1):
        for start in FAMILY.values():
            yield from (choices for _, choices in _changed(start, count))


def _changed(start: Choices, count: int) -> Iterator[tuple[tuple[str, ...], Choices]]:
    for names in combinations(_SWITCHES, count):
        values: dict[str, Any] = {name: not getattr(start, name) for name in names}
        changed = replace(start, **values)
        if changed.passwords or not changed.password_change_without_mfa:
            yield names, changed


def _right(
    story: Story, choices: Choices, beside: tuple[AttachedPolicy, ...], around: Setting | None
) -> bool:
    found = answer(story, Policies(identity=(_gate(choices), *beside)), around)
    return found.verdict is WalkVerdict.PROVED


@cache
def _gate(choices: Choices) -> AttachedPolicy:
    return AttachedPolicy(NAME, force_mfa(choices))
