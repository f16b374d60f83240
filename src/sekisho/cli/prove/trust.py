"""Who may assume a role, as text."""

from collections.abc import Iterator, Mapping

from sekisho.messages import Language, Message
from sekisho.prover import (
    Proved,
    Refuted,
    RequesterKind,
    TrustReport,
    Unknown,
    Verdict,
    WayIn,
    granting_texts,
    verdict_text,
)

_WHO = Message("Who may assume the role:")
_NOBODY = Message("nobody", "assumes")
_WITH_MFA = Message("only with MFA")
_WITHOUT = Message("without MFA")
_NOT_KNOWN = Message("without MFA: {verdict}")
_UNHANDLED = Message("not checked: {names}")
KINDS: Mapping[RequesterKind, Message] = {
    RequesterKind.PEOPLE: Message("users"),
    RequesterKind.ROLE: Message("sessions of roles, which have no MFA"),
    RequesterKind.PROVIDER: Message("through an identity provider, whose MFA AWS does not see"),
    RequesterKind.SERVICE: Message("an AWS service, which has no MFA"),
    RequesterKind.NOBODY: Message("unsigned requests"),
}
"""Who calls, and what they can show of MFA."""
_WAY = Message("{principal} ({kind}): {how}")
_SHOWN = Message("such as {principal}")


def ways_lines(trust: TrustReport, lang: Language) -> list[str]:
    """Return a line for each principal that may assume a role, with caller and statement."""
    lines = [_WHO.into(lang), *(line for each in trust.ways_in for line in _way(each, lang))]
    if not trust.ways_in:
        lines.append(f"  {_NOBODY.into(lang)}")
    if trust.unhandled:
        lines.append(f"  {_UNHANDLED.filled(names=', '.join(trust.unhandled)).into(lang)}")
    return lines


def _way(way: WayIn, lang: Language) -> Iterator[str]:
    how = _how(way.without_mfa)
    said = _WAY.filled(principal=way.principal, kind=KINDS[way.kind], how=how)
    yield f"  {said.into(lang)}"
    shown = way.without_mfa if isinstance(way.without_mfa, Refuted) else way.at_all
    if isinstance(shown, Refuted):
        found = shown.counterexample
        if found.request.principal != way.principal:
            yield f"    {_SHOWN.filled(principal=found.request.principal).into(lang)}"
        yield from (f"    {text.into(lang)}" for text in granting_texts(found)[:1])


def _how(verdict: Verdict) -> Message:
    match verdict:
        case Proved():
            return _WITH_MFA
        case Refuted():
            return _WITHOUT
        case Unknown():
            return _NOT_KNOWN.filled(verdict=verdict_text(verdict))
