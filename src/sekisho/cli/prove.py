"""`sekisho prove`: what holds of policies, for every request and every sequence of steps."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from sekisho import prover
from sekisho.account import Snapshot
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import (
    ReportFormat,
    lang_option,
    report_format_option,
)
from sekisho.cli.policy_files import read_attached
from sekisho.cli.prove_answers import (
    Asking,
    Part,
    Report,
    about,
    report_of_readings,
    report_of_users,
)
from sekisho.cli.prove_options import (
    assumptions_option,
    check_heeded,
    invariants_of,
    not_of_all,
    parts_of,
    people_asked,
    question_options,
)
from sekisho.cli.prove_output import as_json, as_table, findings_of
from sekisho.cli.prove_people import Told, exit_of, people_options, settings_for, told, watched
from sekisho.cli.prove_people_output import (
    findings_of_people,
    people_as_json,
    people_as_table,
)
from sekisho.cli.prove_subject import (
    UNREAD,
    Subject,
    asked_about_all,
    snapshot_of_options,
    subject_of,
    subject_options,
)
from sekisho.cli.prove_users import (
    About,
    exits_of_users,
    findings_of_users,
    users_as_json,
    users_as_table,
    users_of,
)
from sekisho.cli.sarif import log_of
from sekisho.engine import Policies
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.policy import PolicyKind
from sekisho.prover import CallingUser, Proved, Refuted, Unknown, Verdict
from sekisho.prover.scenarios import Setting
from sekisho.signin import SigninAssumptions

__all__ = ["command"]


@click.command("prove", short_help="Prove that MFA is enforced, or show a request that passes.")
@click.argument("files", metavar="POLICY|-...", nargs=-1)
@subject_options
@click.option(
    "--exempt",
    metavar="ACTION",
    multiple=True,
    help="What may work without MFA, like iam:GetUser; Force_MFA's own list if not given.",
)
@click.option(
    "--later",
    is_flag=True,
    help="Fail also if MFA is not enforced whatever identity-based policies are attached later.",
)
@click.option(
    "--any-value",
    is_flag=True,
    help="Fail also if it is not shut for values of the MFA key that no known credential brings.",
)
@question_options
@people_options
@assumptions_option
@report_format_option
@lang_option
def command(output: ReportFormat, lang: Language, **given: Any) -> Exit:
    """Prove what holds of policies, for every request and every sign-in, or show what does not.

    POLICY files are the identity-based policies of one user, its groups' among them. Asked is
    whether no request without MFA is allowed outside the exempt list, whether MFA enforcement takes
    nothing away from who has MFA, whether self-service reaches no other user, and whether
    everybody can sign in and enrol while no attacker can; or what --never, --always, --only-from
    and --invariants say. With --snapshot: whether each user of an account is enforced, or what
    these options say of each. Exit 3 with what shows the contrary, 4 if it could not be found out.
    """
    snapshot = snapshot_of_options(given)
    everybody = snapshot is not None and asked_about_all(given)
    if given["signin"] != SigninAssumptions() and (everybody or not people_asked(given)):
        raise UsageError(Message("`--assume`: a point of sign-in, which walks of people alone ask"))
    if snapshot is not None and everybody:
        return _of_all(snapshot, given, output, lang)
    check_heeded(given)
    return _of_one(subject_of(given, snapshot), given, output, lang)


def _of_all(
    snapshot: Snapshot, given: dict[str, Any], output: ReportFormat, lang: Language
) -> Exit:
    if wrong := not_of_all(given):
        raise UsageError(
            Message(
                "{wrong}: of all users it is asked whether MFA is enforced, and "
                "invariants; see `--user`"
            ).filled(wrong=wrong)
        )
    check_heeded(given)
    users = users_of(snapshot, _about_all(given))
    match output:
        case ReportFormat.TABLE:
            click.echo(users_as_table(users, lang))
        case ReportFormat.JSON:
            _print(users_as_json(users))
        case ReportFormat.SARIF:
            file, later = given["snapshot"][0], given["later"]
            _print(log_of(findings_of_users(users, file, lang, later=later)))
    return worst(exits_of_users(users, later=given["later"]))


def _about_all(given: dict[str, Any]) -> About:
    return About(
        enforcement=Part.ENFORCEMENT in parts_of(given),
        exempt=tuple(given["exempt"]) or prover.expected_exempt(),
        invariants=invariants_of(given),
        assumptions=given["assumptions"],
    )


def _of_one(subject: Subject, given: dict[str, Any], output: ReportFormat, lang: Language) -> Exit:
    answered = _answered(subject, given)
    scenarios = _stories(subject, given, lang) if people_asked(given) else ()
    match output:
        case ReportFormat.TABLE:
            answers = as_table(answered, lang, named=subject.named, credentials=subject.credentials)
            parts = [answers] if answered.lines else []
            parts += [UNREAD.filled(reason=subject.unread).into(lang)] if subject.unread else []
            told_there = () if answered.lines else subject.assumed
            people = people_as_table(scenarios, subject.now, lang, assumed=told_there)
            click.echo("\n".join([*parts, people]).strip("\n"))
        case ReportFormat.JSON:
            asked = people_as_json(scenarios)
            unread = subject.unread.en if subject.unread else None
            as_of = subject.now.isoformat(timespec="seconds")
            more = {"asOf": as_of, "serviceControlPoliciesUnknown": unread, "people": asked}
            _print({**as_json(answered), **more})
        case ReportFormat.SARIF:
            found = findings_of(answered, subject.source, lang, subject.credentials)
            if subject.unread:
                found.notices.append(UNREAD.filled(reason=subject.unread).into(lang))
            found.notices.extend(text.into(lang) for text in subject.beside)
            _print(log_of(found, findings_of_people(scenarios, subject.source, lang)))
    exits = [_exit_of(verdict) for verdict in _counted(answered)]
    return worst([*exits, *map(exit_of, scenarios)])


def _answered(subject: Subject, given: dict[str, Any]) -> Report:
    subject = subject.apart_by(*about(invariants_of(given)))
    whose = subject.callers
    of_each = [report_of_readings(_askings(subject, user, given)) for user in whose.users]
    return report_of_users(of_each, whose)


def _stories(subject: Subject, given: dict[str, Any], lang: Language) -> tuple[Told, ...]:
    enrolled = read_attached(given["enrolled"], PolicyKind.IDENTITY)
    subject = subject.apart_by(Policies(identity=enrolled))
    base = Setting(enrolled=enrolled, engine=given["assumptions"], signin=given["signin"])
    settings = settings_for(subject, base)
    return watched(told(subject, settings, strict=given["strict"]), lang)


def _askings(subject: Subject, user: CallingUser, given: dict[str, Any]) -> tuple[Asking, ...]:
    first, *others = subject.readings_of(user)
    asking = Asking(
        policies=first,
        user=user,
        now=subject.now,
        exempt=tuple(given["exempt"]) or prover.expected_exempt(),
        parts=parts_of(given),
        invariants=invariants_of(given),
        assumptions=given["assumptions"],
        later=given["later"],
        any_value=given["any_value"],
        missing=subject.missing,
        assumed=subject.assumed,
    )
    return asking, *(replace(asking, policies=each) for each in others)


def _print(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _counted(answered: Report) -> Iterator[Verdict]:
    return (line.answer.verdict for line in answered.lines if line.counts)


def _exit_of(verdict: Verdict) -> Exit:
    match verdict:
        case Proved():
            return Exit.CLEAN
        case Refuted():
            return Exit.FINDINGS
        case Unknown():
            return Exit.UNKNOWN
