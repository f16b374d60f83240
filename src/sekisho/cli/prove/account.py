"""`sekisho prove account`: for which users of an account is MFA enforced?"""

from collections import Counter
from collections.abc import Iterator, Sequence

import click

import sekisho
from sekisho.account import Credentials, Snapshot, open_account
from sekisho.audit.enforcement import UserEnforcement
from sekisho.audit.impact import counterexample_for_user
from sekisho.audit.proofs import UserProofs, account_certificates, prove_users
from sekisho.cli.certificates import save_of_account, saved_text
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import AccountToAudit, RunContext, next_action
from sekisho.cli.options import PrintOptions, ReportFormat
from sekisho.cli.prove.options import (
    AllAssumptions,
    EnforcementOptions,
    assume_option,
    enforcement_options,
    needed_account_option,
    printed_options,
)
from sekisho.cli.prove.output import (
    UNREAD,
    exit_of,
    exit_of_enforced,
    undeniable,
)
from sekisho.cli.quiet import print_note, quiet, show_next
from sekisho.cli.terminal import show_folded
from sekisho.documents import indented_json
from sekisho.documents.sarif import FileFindings, log_of_files
from sekisho.messages import Language, Message, printable, verbatim
from sekisho.prover import (
    ASSUMED,
    Conclusion,
    Enforced,
    Invariant,
    InvariantKind,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    enforced_text,
    granting_texts,
    invariant_text,
    verdict_text,
)
from sekisho.prover.questions import (
    ONCE_ALLOWED,
    RESTS,
    Inquiry,
    QuestionGroup,
    counterexample_to_json,
)

_AS_OF = Message("Account {account}, as of {date}.")
_COUNT = Message(
    "MFA is enforced for {proved} of {all} {all:user|users}. Not enforced: {refuted}; not "
    "enforced, but nothing is allowed without MFA: {nothing}; unknown: {unknown}."
)
_ROLES = Message(
    "Roles are not checked: {count} can be assumed from this account ({names}). To check one: "
    "`sekisho prove role NAME --snapshot FILE`."
)
_NAMED = 3
_SHOWN = 20
_MORE_USERS = Message("and {count} more {count:user|users}: `-v`, or `--format json`")
_MORE = Message("Run with `-v` for all users and assumptions.")
_ROW = verbatim("{user}: {said}")
_DIRECT = Message("direct calls: {said}")
_SERVICE = Message("calls by AWS services for the user: {said}")
_HOLDS = Message(
    "{what}: holds for {proved} of {all} {all:user|users}, fails for {refuted}, unknown "
    "for {unknown}."
)
_INVARIANT = verbatim("{user}: {id}: {verdict}")
_RULE = "user-enforced"
_TITLE = Message("MFA is enforced for the user")


@click.command("account", cls=SpokenCommand)
@needed_account_option
@enforcement_options
@assume_option()
@printed_options
def command(
    snapshots: tuple[str, ...],
    enforcement: EnforcementOptions,
    assumptions: AllAssumptions,
    printing: PrintOptions,
) -> Exit:
    """Prove for each user of an account that MFA is enforced, or show a request that passes.

    Exit 0 if MFA is enforced for all users, 3 if refuted for one, 4 if undecided for one, 5 if it
    is not enforced for one although the policies allow nothing without MFA today.
    """
    inquiry = Inquiry(
        groups=frozenset({QuestionGroup.ENFORCEMENT}),
        exempt=enforcement.exempt_actions,
        assumptions=assumptions.engine,
    )
    return prove_account(snapshots, inquiry, printing, enforcement.certificate)


def prove_account(
    files: Sequence[str], inquiry: Inquiry, printing: PrintOptions, certificate: str | None = None
) -> Exit:
    """Print the answers about all users of an account, and return the exit code.

    Args:
        files: what the account is read from.
        inquiry: what is asked of each user.
        printing: the form, the language, and how much of it.
        certificate: the folder where the certificates are saved.

    Raises:
        SekishoError: `output.unwritable`, if the certificates cannot be saved.
    """
    snapshot = open_account(*files)
    users, lang = prove_users(snapshot, inquiry), printing.lang
    check = ""
    if certificate is not None:
        check = _save_certificates(snapshot, users, certificate, inquiry.exempt)
        print_note(saved_text(certificate, check).into(lang))
    match printing.output:
        case ReportFormat.TEXT:
            after = check or next_action(AccountToAudit(RunContext(snapshots=tuple(files))))
            _show_users(users, after, lang, verbose=printing.verbose)
        case ReportFormat.JSON:
            click.echo(indented_json(_users_as_json(users)), nl=False)
        case ReportFormat.SARIF:
            log = log_of_files(sekisho.__version__, _findings_of_users(users, files[0], lang))
            click.echo(indented_json(log), nl=False)
    return worst(_exits_of_users(users))


def _save_certificates(
    snapshot: Snapshot, users: UserProofs, path: str, exempt: Sequence[str]
) -> str:
    """Save the certificates of the users; return the command that checks them."""
    enforced = [
        name for name, each in users.enforcements.items() if each.enforced is Enforced.PROVED
    ]
    return save_of_account(path, account_certificates(snapshot, enforced, exempt).certified)


def _show_users(users: UserProofs, after: str, lang: Language, *, verbose: bool) -> None:
    """Print for how many it holds, and for whom not, with the request that passes.

    Args:
        users: the answers about each.
        after: the command that comes next.
        lang: the language.
        verbose: whether to print every user, and what the answers rest on.
    """
    if quiet():
        show_folded(_counts(users, lang))
        return
    date = f"{users.taken_at:%Y-%m-%d %H:%M} UTC"
    lines = [*_counts(users, lang), _AS_OF.filled(account=users.account, date=date).into(lang)]
    if users.unread:
        lines.append(UNREAD.filled(reason=users.unread).into(lang))
    if users.roles:
        lines.append(_roles_not_asked(users.roles).into(lang))
    lines.append("")
    # users who are not enforced come first
    names = users.names if verbose else users.names[:_SHOWN]
    lines += [line for name in names for line in _row(users, name, lang)]
    if len(users.names) > len(names):
        lines.append(_MORE_USERS.filled(count=f"{len(users.names) - len(names):,}").into(lang))
    if verbose:
        lines += ["", *(text.into(lang) for text in (undeniable(), *ASSUMED))]
    else:
        lines += ["", _MORE.into(lang)]
    show_folded(lines)
    show_next(after, lang)


def _roles_not_asked(roles: Sequence[str]) -> Message:
    """Say that roles are not asked about, and how one is."""
    names = ", ".join(map(printable, roles[:_NAMED]))
    shown = names if len(roles) <= _NAMED else f"{names}, …"
    return _ROLES.filled(count=f"{len(roles):,}", names=shown)


def _counts(users: UserProofs, lang: Language) -> Iterator[str]:
    if users.enforcements:
        counts = Counter(each.enforced for each in users.enforcements.values())
        numbers = {
            "proved": counts[Enforced.PROVED],
            "nothing": counts[Enforced.NOTHING_ALLOWED],
            "refuted": counts[Enforced.REFUTED] + counts[Enforced.TODAY_UNKNOWN],
            "unknown": counts[Enforced.UNKNOWN],
        }
        yield _COUNT.filled(all=counts.total(), **numbers).into(lang)
    for place, invariant in enumerate(users.invariants):
        verdicts = [answers[place].verdict for answers in users.conclusions.values()]
        numbers = {
            kind.__name__.lower(): sum(isinstance(each, kind) for each in verdicts)
            for kind in (Proved, Refuted, Unknown)
        }
        what = invariant_text(invariant)
        yield _HOLDS.filled(what=what, all=len(verdicts), **numbers).into(lang)


def _row(users: UserProofs, name: str, lang: Language) -> Iterator[str]:
    credentials = users.credentials.get(name)
    if name in users.enforcements:
        yield from _enforcement(name, users.enforcements[name], credentials, lang)
    for invariant, answer in zip(users.invariants, users.conclusions[name], strict=True):
        yield from _invariant(name, (invariant, answer), credentials, lang)


def _invariant(
    name: str,
    concluded: tuple[Invariant, Conclusion],
    credentials: Credentials | None,
    lang: Language,
) -> Iterator[str]:
    invariant, answer = concluded
    verdict = verdict_text(answer.verdict)
    yield _INVARIANT.filled(user=name, id=invariant.id, verdict=verdict).into(lang)
    if isinstance(answer.verdict, Refuted):
        refused = invariant.demand is InvariantKind.ALWAYS
        sentence = counterexample_for_user(
            answer.verdict.counterexample, credentials, refused=refused
        )
        yield f"  {sentence.into(lang)}"
        if invariant.demand is InvariantKind.NOT_GRANTED:
            granting = granting_texts(answer.verdict.counterexample)
            yield from (f"  {text.into(lang)}" for text in granting)
    yield from _rests(answer.assumed, lang)


def _enforcement(
    name: str, enforcement: UserEnforcement, credentials: Credentials | None, lang: Language
) -> Iterator[str]:
    direct = (enforcement.later, enforcement.now)
    later, now = enforcement.later_via_service, enforcement.via_service
    if enforcement.gap or later is None or now is None:
        verdict = _answer_text(enforcement.enforced, direct)
        yield _ROW.filled(user=name, said=verdict).into(lang)
        yield from _counterexample(*direct, credentials, lang)
    else:
        yield _ROW.filled(user=name, said=enforced_text(enforcement.enforced)).into(lang)
        for text, pair in ((_DIRECT, direct), (_SERVICE, (later, now))):
            verdict = _answer_text(Enforced.of(*pair), pair)
            yield f"  {text.filled(said=verdict).into(lang)}"
            yield from _counterexample(*pair, credentials, lang)
    yield from _rests(enforcement.assumed, lang)


def _answer_text(enforced: Enforced, verdicts: Sequence[Verdict]) -> Message:
    """Say an answer; what is unknown with its reason."""
    unknown = (each for each in verdicts if isinstance(each, Unknown))
    if enforced is Enforced.UNKNOWN and (found := next(unknown, None)) is not None:
        return verdict_text(found)
    return enforced_text(enforced)


def _counterexample(
    later: Verdict, now: Verdict, credentials: Credentials | None, lang: Language
) -> Iterator[str]:
    """Yield the request that passes, if one does: now, or else once a policy allows it."""
    if isinstance(now, Refuted):
        yield f"  {counterexample_for_user(now.counterexample, credentials).into(lang)}"
    elif isinstance(later, Refuted):
        said = counterexample_for_user(later.counterexample, credentials)
        yield f"  {ONCE_ALLOWED.filled(said=said).into(lang)}"
        if isinstance(now, Unknown):
            yield f"  {now.reason.into(lang)}"


def _rests(assumed: tuple[str, ...], lang: Language) -> Iterator[str]:
    if assumed:
        yield f"  {RESTS.filled(names=', '.join(assumed)).into(lang)}"


def _users_as_json(users: UserProofs) -> dict[str, object]:
    """Return the users as JSON values."""
    return {
        "schema": "sekisho.prove-users/1",
        "account": users.account,
        "asOf": users.taken_at.isoformat(timespec="seconds"),
        "serviceControlPoliciesUnknown": users.unread.en if users.unread else None,
        "assumptions": [text.en for text in ASSUMED],
        "rolesNotAsked": list(users.roles),
        "users": [
            {
                "user": name,
                "arn": users.arns[name],
                **(
                    _enforcement_as_json(users.enforcements[name])
                    if name in users.enforcements
                    else {}
                ),
                "invariants": [
                    {"id": each.id, **_as_json(answer.verdict), "assumed": list(answer.assumed)}
                    for each, answer in zip(users.invariants, users.conclusions[name], strict=True)
                ],
            }
            for name in users.names
        ],
    }


def _enforcement_as_json(enforcement: UserEnforcement) -> dict[str, object]:
    return {
        "enforced": enforcement.enforced.value,
        "now": _as_json(enforcement.now),
        "later": _as_json(enforcement.later),
        "viaService": _as_json(enforcement.via_service)
        if enforcement.via_service is not None
        else None,
        "laterViaService": (
            _as_json(enforcement.later_via_service)
            if enforcement.later_via_service is not None
            else None
        ),
        "assumed": list(enforcement.assumed),
        "gap": None if enforcement.gap is None else enforcement.gap.en,
    }


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict": type(verdict).__name__,
        "counterexample": counterexample_to_json(verdict.counterexample)
        if isinstance(verdict, Refuted)
        else None,
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
    }


def _exits_of_users(users: UserProofs) -> Iterator[Exit]:
    """Yield the exit codes that the answers about all users call for."""
    yield from (exit_of_enforced(each.enforced) for each in users.enforcements.values())
    yield from (exit_of(one.verdict) for each in users.conclusions.values() for one in each)


_LEVELS = {
    Exit.FINDINGS: "error",
    Exit.NOT_YET: "warning",
}


def _findings_of_users(users: UserProofs, file: str, lang: Language) -> FileFindings:
    """Return the users for a SARIF log: a result for each who is not enforced."""
    rules = {each.id: invariant_text(each).into(lang) for each in users.invariants}
    findings = FileFindings(file, {_RULE: _TITLE.into(lang), **rules})
    if users.unread:
        findings.notices.append(UNREAD.filled(reason=users.unread).into(lang))
    for name, enforcement in users.enforcements.items():
        sentence = "; ".join(
            line.strip()
            for line in _enforcement(name, enforcement, users.credentials.get(name), lang)
        )
        # what is allowed today may be unknown, and MFA is not enforced all the same
        today_unknown = enforcement.enforced is Enforced.TODAY_UNKNOWN
        code = Exit.NOT_YET if today_unknown else exit_of_enforced(enforcement.enforced)
        _add(findings, _RULE, sentence, code)
    for name, answers in users.conclusions.items():
        for answered in zip(users.invariants, answers, strict=True):
            lines = _invariant(name, answered, users.credentials.get(name), lang)
            sentence = "; ".join(line.strip() for line in lines)
            _add(findings, answered[0].id, sentence, exit_of(answered[1].verdict))
    return findings


def _add(findings: FileFindings, rule: str, sentence: str, code: Exit) -> None:
    if code in _LEVELS:
        findings.add(rule, _LEVELS[code], printable(sentence))
    elif code is Exit.UNKNOWN:
        findings.notices.append(printable(sentence))
