"""The answers of `sekisho prove` about policies as text and SARIF, and as exit codes."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sekisho.catalogue import load
from sekisho.cli.exits import Exit
from sekisho.documents.sarif import FileFindings
from sekisho.messages import Language, Message, listed, printable, verbatim
from sekisho.prover import (
    ASSUMED,
    CREDENTIALS,
    SERVICE_EXEMPT,
    ActionGroup,
    CallerCredential,
    Enforced,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    assumed_user,
    condition_text,
    more_callers_text,
    verdict_text,
)
from sekisho.prover.questions import (
    ENFORCEMENT,
    NOTHING_ALLOWED,
    Describe,
    PolicyReport,
    QuestionAnswer,
    answer_details,
    answer_title,
    answer_word,
    premises_of,
)

UNREAD = Message(
    "The service control policies are unknown ({reason}), so what they deny counts as allowed here."
)
"""What must be said of an account whose organisation was not read."""
_CERTIFIED = Message("certificate available, with no premise")
_ON_PREMISES = Message("certificate available, with the premises {names}")
_SET = Message("Assumptions set: {settings}.")
_EXEMPT = Message("What works without MFA:")
_REACHED = Message("What a session of the role is allowed:")
_NOTHING = Message("nothing")
_MORE = Message("{first} and {count} more")
_ALL_ACTIONS = Message("every action")
_ALL_BUT = Message("every action but {actions}")
_IN_SERVICES = Message("in {count} services, most in {services}")
_SO_MANY = Message("{number} actions in {count} services, most in {services}")
_UNDOCUMENTED = Message("AWS does not document such requests")
_A_SERVICE = verbatim("{service} ({count})")
_UNDENIABLE = Message("Not checked, because no policy can deny them: {actions}.")
_CATALOGUE = Message("Actions: {dated}, and names that do not exist yet.")


def exit_of(verdict: Verdict) -> Exit:
    """Return the exit code that a verdict calls for."""
    match verdict:
        case Proved():
            return Exit.CLEAN
        case Refuted():
            return Exit.FINDINGS
        case Unknown():
            return Exit.UNKNOWN


def exit_of_enforced(enforced: Enforced) -> Exit:
    """Return the exit code that it calls for whether MFA is enforced."""
    match enforced:
        case Enforced.PROVED:
            return Exit.CLEAN
        case Enforced.NOTHING_ALLOWED:
            return Exit.NOT_YET
        case Enforced.REFUTED:
            return Exit.FINDINGS
        case Enforced.TODAY_UNKNOWN | Enforced.UNKNOWN:
            return Exit.UNKNOWN


def exits_of(report: PolicyReport) -> Iterator[Exit]:
    """Yield the exit codes that the answers of a report call for."""
    if report.enforced is not None:
        yield exit_of_enforced(report.enforced)
    for each in report.answers:
        if each.counts and each.id not in (ENFORCEMENT, NOTHING_ALLOWED):
            yield exit_of(each.conclusion.verdict)


def as_table(report: PolicyReport, lang: Language, describe: Describe, *, named: bool) -> str:
    """Return the answers as text.

    Args:
        report: to be printed.
        lang: the language.
        describe: says a counterexample in words.
        named: whether the user was given.
    """
    lines = [text for line in report.answers for text in _line(line, describe, lang)]
    if report.exempt is not None:
        heading = _REACHED if report.user.is_role else _EXEMPT
        lines += ["", heading.into(lang), *_exempt_lines(report.exempt, lang)]
        if isinstance(report.exempt, tuple) and report.exempt_unknown is not None:
            lines.append(f"  {report.exempt_unknown.into(lang)}")
    lines += ["", undeniable().into(lang)]
    lines.append(_CATALOGUE.filled(dated=load().dated).into(lang))
    if not named:
        lines.append(assumed_user(report.callers).into(lang))
        untold = report.callers.indistinct_keys
        lines += [more_callers_text(untold).into(lang)] if untold else []
    if settings := settings_text(report.inquiry.changed_settings):
        lines.append(settings.into(lang))
    lines += [text.into(lang) for text in (*ASSUMED, *report.assumed)]
    return "\n".join(printable(line) for line in lines)


def _line(line: QuestionAnswer, describe: Describe, lang: Language) -> Iterator[str]:
    yield f"{answer_title(line).into(lang)}: {answer_word(line).into(lang)}"
    premises = premises_of(line.conclusion.verdict)
    if premises is not None:
        said = _ON_PREMISES.filled(names=", ".join(premises)) if premises else _CERTIFIED
        yield f"  {said.into(lang)}"
    yield from (f"  {text}" for text in answer_details(line, describe, lang))


def settings_text(settings: Sequence[str]) -> Message | None:
    """Say which assumptions were set; None if none was."""
    return _SET.filled(settings=", ".join(settings)) if settings else None


def undeniable() -> Message:
    """Say what is no part of any question, since no policy decides it."""
    return _UNDENIABLE.filled(actions=", ".join(SERVICE_EXEMPT))


_MANY_SERVICES = 20
"""Services beyond which the first actions in the alphabet say nothing of the others."""
_MOST_SERVICES = 3


def which_actions(actions: Sequence[str], most: int, *, counted: bool = False) -> Message:
    """Say which real actions these are: some names, or of a long list what it is of the whole.

    Args:
        actions: in order.
        most: how many are named.
        counted: whether it is said beside this how many there are.
    """
    services = Counter(each.partition(":")[0] for each in actions)
    if len(services) <= _MANY_SERVICES:
        return _first(actions, most)
    every = [name for each in load().expand("*") if (name := str(each)) not in SERVICE_EXEMPT]
    left = sorted({*every} - {*actions})
    if len(left) < len(every) / 2:
        return _ALL_BUT.filled(actions=_first(left, most)) if left else _ALL_ACTIONS
    found = sorted(services.items(), key=lambda one: (-one[1], one[0]))[:_MOST_SERVICES]
    named = listed(_A_SERVICE.filled(service=name, count=count) for name, count in found)
    frame = _IN_SERVICES if counted else _SO_MANY
    return frame.filled(number=len(actions), count=len(services), services=named)


def _first(actions: Sequence[str], most: int) -> Message:
    named = verbatim(", ".join(actions[:most]))
    if len(actions) <= most:
        return named
    return _MORE.filled(first=named, count=len(actions) - most)


_SHOWN = 5
_WITHOUT_MFA = (CallerCredential.KEY, CallerCredential.SESSION)
_ONLY_WITH = Message("only with: {credentials}")


def _exempt_lines(exempt: tuple[ActionGroup, ...] | Unknown, lang: Language) -> list[str]:
    if isinstance(exempt, Unknown):
        return [f"  {verdict_text(exempt).into(lang)}"]
    lines = []
    for each in exempt:
        actions = which_actions(each.actions, _SHOWN).into(lang)
        conditions = [condition_text(one).into(lang) for one in each.conditions]
        conditions += [] if each.counterexample.documented else [_UNDOCUMENTED.into(lang)]
        lines.append(f"  {actions} ({'; '.join((', '.join(each.resources), *conditions))})")
        if len({*each.credentials} - {CallerCredential.LOGIN_KEYLESS}) < len(_WITHOUT_MFA):
            credentials = listed(CREDENTIALS[one] for one in each.credentials)
            lines.append(f"    {_ONLY_WITH.filled(credentials=credentials).into(lang)}")
    return lines or [f"  {_NOTHING.into(lang)}"]


def findings_of(
    report: PolicyReport, file: str, lang: Language, describe: Describe
) -> FileFindings:
    """Return the answers for a SARIF log: a result for each refuted question."""
    findings = FileFindings(file, {line.id: line.title.into(lang) for line in report.answers})
    for line in report.answers:
        sentence = "; ".join(text.strip() for text in _line(line, describe, lang))
        if isinstance(line.conclusion.verdict, Refuted):
            findings.add(line.id, _level(line), sentence)
        elif isinstance(line.conclusion.verdict, Unknown):
            findings.notices.append(sentence)
    return findings


def _level(line: QuestionAnswer) -> str:
    """Return the level of what is refuted: a warning where nothing is allowed yet."""
    if not line.counts:
        return "note"
    return "warning" if line.later and line.id == ENFORCEMENT else "error"
