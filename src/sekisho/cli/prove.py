"""`sekisho prove`: what holds of policies, for every request and every sequence of steps."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

import click

from sekisho import __version__
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import (
    ReportFormat,
    grouped,
    lang_option,
    pair,
    report_format_option,
    texts_of_assumptions,
)
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice
from sekisho.cli.prove_output import (
    UNREAD,
    Describe,
    as_json,
    as_table,
    findings_of,
    findings_of_scenarios,
    scenarios_as_json,
    scenarios_as_table,
)
from sekisho.documents.sarif import log_of_files
from sekisho.engine import Assumptions, AttachedPolicy, Level, Policies
from sekisho.engine.exchange import ASSUMPTIONS, settings_from_text
from sekisho.errors import UsageError, quoted
from sekisho.messages import Language, Message, joined_messages, listed, verbatim
from sekisho.policy import Effect, PolicyKind
from sekisho.prover import (
    EVERYTHING,
    Calls,
    Counterexample,
    Invariant,
    InvariantKind,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    counterexample_text,
    expected_exempt,
    faults_in,
    read_invariants,
)
from sekisho.prover.questions import (
    Inquiry,
    PolicyReport,
    QuestionGroup,
    Subject,
    report_on_policies,
)
from sekisho.prover.scenarios import (
    SCENARIOS,
    SIGNIN_ASSUMPTIONS,
    ScenarioOutcome,
    ScenarioReport,
    Setting,
    report_on_scenarios,
)
from sekisho.signin import SigninAssumptions

if TYPE_CHECKING:
    from sekisho.account import Snapshot

_PEOPLE = "people"
"""The scenarios, beside the groups of questions."""
_ASKING = Message("scenarios")
_BESIDE = Message(
    "`FullAWSAccess` is assumed to be attached beside the service control policies "
    "of {levels}, which only deny and would allow nothing alone."
)
_FULL_ACCESS = AttachedPolicy("FullAWSAccess", EVERYTHING.document)
_OF_OPTION = verbatim("`{option}`: {message}")


@dataclass(frozen=True, slots=True)
class SubjectOptions:
    """Whose policies are asked about: files, or an account."""

    files: tuple[str, ...]
    boundary: tuple[str, ...]
    session: tuple[str, ...]
    scps: tuple[str, ...]
    user_arn: str | None
    snapshot: tuple[str, ...]
    user: str | None
    everybody: bool


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """What is asked of the policies; `parts` may name the scenarios, too."""

    exempt: tuple[str, ...]
    later: bool
    any_value: bool
    parts: tuple[str, ...]
    never: tuple[str, ...]
    always: tuple[str, ...]
    on: tuple[str, ...]
    unless_mfa: bool
    with_mfa: bool
    mfa_age: int | None
    only_from: tuple[str, ...]
    within: tuple[str, ...]
    calls: str
    file: str | None

    @property
    def has_invariants(self) -> bool:
        """Whether the options, or a file that they name, demand something."""
        return bool(self.file or self.never or self.always or self.only_from)

    @property
    def groups(self) -> frozenset[QuestionGroup]:
        """What is asked: the invariants if there are any, and as said, else all."""
        said = frozenset(QuestionGroup(text) for text in self.parts if text != _PEOPLE)
        # a question that was given and not asked would be a pass
        own = frozenset({QuestionGroup.INVARIANTS} if self.has_invariants else ())
        return said | own if self.parts or own else frozenset(QuestionGroup)

    @property
    def people(self) -> bool:
        """Whether the scenarios are asked: as said, else if there are no invariants."""
        return _PEOPLE in self.parts if self.parts else not self.has_invariants


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """What else there is of the account, for scenarios."""

    enrolled: tuple[str, ...]
    users_may_change: bool
    strict: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """The file that a report is about, and how its counterexamples are said."""

    source: str
    describe: Describe


@dataclass(frozen=True, slots=True)
class AllAssumptions:
    """The points that AWS does not document: about requests, and about sign-in."""

    engine: Assumptions
    signin: SigninAssumptions


@dataclass(frozen=True, slots=True)
class ProveOptions:
    """All of it."""

    subject: SubjectOptions
    questions: QuestionOptions
    scenarios: ScenarioOptions
    assumptions: AllAssumptions

    @property
    def of_all(self) -> bool:
        """Whether every user of an account is asked about."""
        return bool(self.subject.snapshot) and not self.subject.user


def _assumptions(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> AllAssumptions:
    found = settings_from_text(texts_of_assumptions(texts), {**ASSUMPTIONS, **SIGNIN_ASSUMPTIONS})
    engine = {name: value for name, value in found.items() if name in ASSUMPTIONS}
    signin = {name: value for name, value in found.items() if name in SIGNIN_ASSUMPTIONS}
    return AllAssumptions(Assumptions(**engine), SigninAssumptions(**signin))


@click.command("prove", short_help="Prove that MFA is enforced, or show a request that passes.")
@grouped(
    "subject",
    SubjectOptions,
    click.argument("files", metavar="POLICY|-...", nargs=-1),
    click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary."),
    click.option("--session", metavar="FILE", multiple=True, help="A session policy."),
    click.option(
        "--scp",
        "scps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A service control policy, by the level that it is attached to, from the root down.",
    ),
    click.option(
        "--user-arn", metavar="ARN", help="The user; one that stands for any if not given."
    ),
    click.option(
        "--snapshot",
        metavar="FILE",
        multiple=True,
        help="An account instead of policies: a snapshot, an account file, or AWS's exports.",
    ),
    click.option("--user", metavar="NAME", help="With --snapshot: this user of the account."),
    click.option(
        "--all",
        "everybody",
        is_flag=True,
        help="With --snapshot: each user is asked about; so also if no --user is given.",
    ),
)
@grouped(
    "questions",
    QuestionOptions,
    click.option(
        "--exempt",
        metavar="ACTION",
        multiple=True,
        help="What may work without MFA, like iam:GetUser; Force_MFA's own list if not given.",
    ),
    click.option(
        "--later",
        is_flag=True,
        help="Fail also if MFA is not enforced whatever identity-based policies are attached "
        "later.",
    ),
    click.option(
        "--any-value",
        is_flag=True,
        help="Fail also if it is not enforced for values of the MFA key that no known credential "
        "brings.",
    ),
    click.option(
        "--only",
        "parts",
        multiple=True,
        type=click.Choice([*(group.value for group in QuestionGroup), _PEOPLE]),
        help="Ask only this, and the questions that are given; may be repeated.",
    ),
    click.option("--never", metavar="ACTION", multiple=True, help="Is never allowed, like `s3:*`."),
    click.option("--always", metavar="ACTION", multiple=True, help="Is always allowed."),
    click.option("--on", metavar="ARN", multiple=True, help="Only on these resources."),
    click.option("--unless-mfa", is_flag=True, help="With `--never`: but may be with MFA."),
    click.option("--with-mfa", is_flag=True, help="Only in sessions with MFA."),
    click.option(
        "--mfa-age",
        metavar="SECONDS",
        type=click.IntRange(0, 129_600),
        help="With `--with-mfa`: only if MFA is not older.",
    ),
    click.option(
        "--only-from",
        metavar="CIDR",
        multiple=True,
        help="Is never allowed from other addresses; without `--never`, nothing is.",
    ),
    click.option("--from", "within", metavar="CIDR", multiple=True, help="Only from there."),
    click.option(
        "--calls",
        type=click.Choice([calls.value for calls in Calls]),
        default=Calls.ALL.value,
        show_default=True,
        help="Whose calls are meant: the user's own, those of AWS services for the user, or all.",
    ),
    click.option(
        "--invariants",
        "file",
        metavar="FILE",
        help="Invariants of this file (YAML or JSON): docs/prover.md.",
    ),
)
@grouped(
    "scenarios",
    ScenarioOptions,
    click.option(
        "--after-enrolment",
        "enrolled",
        metavar="FILE",
        multiple=True,
        help="A policy that users get beside theirs once they have enrolled, by a group.",
    ),
    click.option(
        "--users-may-change-password",
        "users_may_change",
        is_flag=True,
        help="The account's password policy has AllowUsersToChangePassword.",
    ),
    click.option(
        "--strict", is_flag=True, help="Fail also for attackers whom no policy alone can stop."
    ),
)
@click.option(
    "--assume",
    "assumptions",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_assumptions,
    help="Set a point that AWS does not document: docs/reference/assumptions.md.",
)
@report_format_option
@lang_option
def command(
    subject: SubjectOptions,
    questions: QuestionOptions,
    scenarios: ScenarioOptions,
    *,
    assumptions: AllAssumptions,
    output: ReportFormat,
    lang: Language,
) -> Exit:
    """Prove what holds of policies, for every request and every sign-in, or show what does not.

    POLICY files are the identity-based policies of one user, its groups' among them. Asked is
    whether no request without MFA is allowed outside the exempt list, whether MFA enforcement takes
    nothing away from who has MFA, whether self-service reaches no other user, and whether
    everybody can sign in and enrol while no attacker can; or what --never, --always, --only-from
    and --invariants say. With --snapshot: whether each user of an account is enforced, or what
    these options say of each. Exit 3 with what shows the contrary, 4 if it could not be found out.
    """
    options = ProveOptions(subject, questions, scenarios, assumptions)
    _check_subject(options)
    _check_heeded(options)
    match (options.of_all, bool(subject.snapshot)):
        case (True, _):
            return _prove_account(options, output, lang)
        case (False, True):
            return _prove_user(options, output, lang)
        case (False, False):
            said = _Said(subject.files[0], _said_of_anyone)
            return _prove_subject(_subject_of_files(options), options, said, (output, lang))


def _said_of_anyone(found: Counterexample, refused: bool) -> Message:
    return counterexample_text(found, refused=refused)


def _prove_subject(
    subject: Subject, options: ProveOptions, said: _Said, how: tuple[ReportFormat, Language]
) -> Exit:
    output, lang = how
    report = report_on_policies(subject, _inquiry_of(options))
    scenarios = _scenarios(subject, options, lang) if options.questions.people else ()
    match output:
        case ReportFormat.TABLE:
            parts = []
            if report.answers:
                parts.append(as_table(report, lang, said.describe, named=subject.named))
            if subject.unread:
                parts.append(UNREAD.filled(reason=subject.unread).into(lang))
            # what the answers rest on is said once
            assumed = () if report.answers else subject.assumed
            parts.append(scenarios_as_table(scenarios, subject.now, lang, assumed=assumed))
            click.echo("\n".join(parts).strip("\n"))
        case ReportFormat.JSON:
            more = {
                "asOf": subject.now.isoformat(timespec="seconds"),
                "serviceControlPoliciesUnknown": subject.unread.en if subject.unread else None,
                "people": scenarios_as_json(scenarios),
            }
            _print({**as_json(report), **more})
        case ReportFormat.SARIF:
            found = findings_of(report, said.source, lang, said.describe)
            if subject.unread:
                found.notices.append(UNREAD.filled(reason=subject.unread).into(lang))
            found.notices.extend(text.into(lang) for text in subject.beside)
            _print(
                log_of_files(
                    __version__, found, findings_of_scenarios(scenarios, said.source, lang)
                )
            )
    return worst([*_exits(report), *map(_exit_of_scenario, scenarios)])


def _prove_user(options: ProveOptions, output: ReportFormat, lang: Language) -> Exit:
    from sekisho.audit.impact import counterexample_for_user  # noqa: PLC0415 - only an account needs it, and it is slow to import
    from sekisho.audit.proofs import subject_of_user  # noqa: PLC0415 - as above

    source = options.subject.snapshot[0]
    may_change = options.scenarios.users_may_change
    name = options.subject.user or ""
    subject, credentials = subject_of_user(
        _snapshot(options.subject), name, source, users_may_change=may_change
    )
    said = _Said(
        source, lambda found, refused: counterexample_for_user(found, credentials, refused=refused)
    )
    return _prove_subject(subject, options, said, (output, lang))


def _prove_account(options: ProveOptions, output: ReportFormat, lang: Language) -> Exit:
    from sekisho.audit.proofs import prove_users  # noqa: PLC0415 - only an account needs it, and it is slow to import
    from sekisho.cli.prove_users_output import (  # noqa: PLC0415 - as above
        findings_of_users,
        users_as_json,
        users_as_table,
    )

    snapshot, later = _snapshot(options.subject), options.questions.later
    users = prove_users(snapshot, _inquiry_of(options))
    match output:
        case ReportFormat.TABLE:
            click.echo(users_as_table(users, lang))
        case ReportFormat.JSON:
            _print(users_as_json(users))
        case ReportFormat.SARIF:
            source = options.subject.snapshot[0]
            _print(log_of_files(__version__, findings_of_users(users, source, lang, later=later)))
    return worst([exit_of(verdict) for verdict in users.verdicts(later=later)])


def _snapshot(options: SubjectOptions) -> "Snapshot":
    from sekisho.account import open_account  # noqa: PLC0415 - not needed for files

    return open_account(*options.snapshot)


def _scenarios(
    subject: Subject, options: ProveOptions, lang: Language
) -> tuple[ScenarioReport, ...]:
    enrolled = read_attached(options.scenarios.enrolled, PolicyKind.IDENTITY)
    assumptions = options.assumptions
    base = Setting(enrolled=enrolled, engine=assumptions.engine, signin=assumptions.signin)
    reports = report_on_scenarios(subject, base, strict=options.scenarios.strict)
    return tuple(_watched(reports, lang))


def _watched(reports: Iterator[ScenarioReport], lang: Language) -> Iterator[ScenarioReport]:
    """Yield the reports, with a progress bar on stderr if that is a terminal."""
    # rich knows TTY_COMPATIBLE, too; it is slow to import, so that it is asked by name here
    if not sys.stderr.isatty() and os.environ.get("TTY_COMPATIBLE") != "1":
        yield from reports
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import, and for terminals alone
    from rich.progress import track  # noqa: PLC0415 - as above

    console = Console(stderr=True)
    yield from track(
        reports, _ASKING.into(lang), total=len(SCENARIOS), console=console, transient=True
    )


def _print(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _exits(report: PolicyReport) -> Iterator[Exit]:
    return (exit_of(each.conclusion.verdict) for each in report.answers if each.counts)


def exit_of(verdict: Verdict) -> Exit:
    """Return the exit code that a verdict calls for."""
    match verdict:
        case Proved():
            return Exit.CLEAN
        case Refuted():
            return Exit.FINDINGS
        case Unknown():
            return Exit.UNKNOWN


def _exit_of_scenario(report: ScenarioReport) -> Exit:
    if not report.counts or report.answer.as_required:
        return Exit.CLEAN
    unknown = report.answer.outcome is ScenarioOutcome.UNKNOWN
    return Exit.UNKNOWN if unknown else Exit.FINDINGS


def _inquiry_of(options: ProveOptions) -> Inquiry:
    questions = options.questions
    return Inquiry(
        groups=questions.groups,
        exempt=questions.exempt or expected_exempt(),
        invariants=_invariants_of(questions),
        assumptions=options.assumptions.engine,
        later=questions.later,
        any_value=questions.any_value,
    )


def _subject_of_files(options: ProveOptions) -> Subject:
    """Return whose policies the files are.

    Raises:
        FaultyInput: if a file cannot be read.
        UsageError: if standard input is to be read twice.
    """
    given, scenarios = options.subject, options.scenarios
    levels = (text.partition("=")[2] for text in given.scps)
    files = (given.files, given.boundary, given.session, scenarios.enrolled)
    refuse_stdin_twice((*chain.from_iterable(files), *levels))
    scps, beside = _levels(given.scps)
    policies = Policies(
        identity=read_attached(given.files, PolicyKind.IDENTITY),
        boundaries=read_attached(given.boundary, PolicyKind.BOUNDARY) or None,
        session=read_attached(given.session, PolicyKind.SESSION) or None,
        scps=scps,
    )
    return Subject.of_files(
        policies,
        given.user_arn,
        datetime.now(UTC),
        users_may_change=scenarios.users_may_change,
        beside=beside,
    )


def _levels(texts: tuple[str, ...]) -> tuple[tuple[Level, ...], tuple[Message, ...]]:
    """Return the levels in the order in which they are first named, and what is taken of them.

    AWS attaches `FullAWSAccess` to every level, and who has just the file of an SCP that denies has
    left it there: with a level that allows nothing everything would seem
    proved.
    """
    levels: dict[str, tuple[AttachedPolicy, ...]] = {}
    for text in texts:
        name, path = pair("--scp", "LEVEL=FILE", text)
        levels[name] = (*levels.get(name, ()), *read_attached((path,), PolicyKind.SCP))
    denying = [name for name, attached in levels.items() if not any(map(_allows, attached))]
    levels |= {name: (_FULL_ACCESS, *levels[name]) for name in denying}
    beside = (_BESIDE.filled(levels=listed(map(_same, denying))),) if denying else ()
    return tuple(Level(name, attached) for name, attached in levels.items()), beside


def _same(level: str) -> Message:
    return verbatim(quoted(level))


def _allows(attached: AttachedPolicy) -> bool:
    return any(each.effect is Effect.ALLOW for each in attached.document.statements)


def _check_subject(options: ProveOptions) -> None:
    """See that files or an account are given, and not both.

    Raises:
        UsageError: if not.
    """
    given = options.subject
    if given.user and given.everybody:
        raise UsageError(Message("`--user` is one user, and `--all` is all of them"))
    if not given.snapshot:
        if given.user or given.everybody:
            option = "--user" if given.user else "--all"
            raise UsageError(Message("`{option}` needs `--snapshot`").filled(option=option))
        if not given.files:
            raise UsageError(Message("give policies, or an account with `--snapshot`"))
        return
    of_files = {
        "POLICY": given.files,
        "--boundary": given.boundary,
        "--session": given.session,
        "--scp": given.scps,
        "--user-arn": given.user_arn,
    }
    if others := [name for name, value in of_files.items() if value]:
        raise UsageError(
            Message("{names}: an account has its own policies; leave out `--snapshot`").filled(
                names=", ".join(f"`{name}`" for name in others)
            )
        )


def _check_heeded(options: ProveOptions) -> None:
    """See that what is asked heeds the options.

    Raises:
        UsageError: if an option is about a question that is not asked; all of them are named.
    """
    questions, scenarios = options.questions, options.scenarios
    people = questions.people and not options.of_all
    if options.assumptions.signin != SigninAssumptions() and not people:
        raise UsageError(Message("`--assume`: a point of sign-in, which scenarios alone ask"))
    if options.of_all:
        _check_of_all(options)
    enforcement = QuestionGroup.ENFORCEMENT in questions.groups
    of_enforcement = {
        "--exempt": questions.exempt,
        "--later": questions.later,
        "--any-value": questions.any_value,
    }
    of_scenarios = {"--after-enrolment": scenarios.enrolled, "--strict": scenarios.strict}
    faults = [
        Message("{options}: only `{part}` heeds this, and it is not asked").filled(
            options=", ".join(f"`{name}`" for name in said), part=part
        )
        for part, asked, those in (
            (QuestionGroup.ENFORCEMENT.value, enforcement, of_enforcement),
            (_PEOPLE, questions.people, of_scenarios),
        )
        if (said := [name for name, value in those.items() if value]) and not asked
    ]
    if faults:
        raise UsageError(
            joined_messages(faults, en="; ", ja="; "),
            fix=Message("ask it, too, by `--only`, or leave this out"),
        )


def _check_of_all(options: ProveOptions) -> None:
    """See that what is asked can be asked of all users of an account.

    Raises:
        UsageError: if not; all options are named that cannot.
    """
    of_all = (QuestionGroup.ENFORCEMENT, QuestionGroup.INVARIANTS)
    wrong = ["--only " + part for part in options.questions.parts if part not in of_all]
    of_one = {
        "--any-value": options.questions.any_value,
        "--after-enrolment": options.scenarios.enrolled,
        "--users-may-change-password": options.scenarios.users_may_change,
        "--strict": options.scenarios.strict,
    }
    wrong += [name for name, value in of_one.items() if value]
    if wrong:
        raise UsageError(
            Message(
                "{wrong}: of all users it is asked whether MFA is enforced, and "
                "invariants; see `--user`"
            ).filled(wrong=", ".join(f"`{option}`" for option in wrong))
        )


def _invariants_of(options: QuestionOptions) -> tuple[Invariant, ...]:
    """Return the invariants of the options and of the file.

    Raises:
        UsageError: if the options contradict each other; all that is wrong with them is named.
        FaultyInput: if the file is not what it should be.
    """
    of_file = read_invariants(options.file) if options.file else ()
    found = (*_own_invariant(options), *of_file)
    if not found and QuestionGroup.INVARIANTS.value in options.parts:
        raise UsageError(
            Message("`--only invariants` needs `--never`, `--always` or `--invariants`")
        )
    return found


_OPTION_OF_FIELD = {
    "actions": "--never/--always",
    "on": "--on",
    "unless_mfa": "--unless-mfa",
    "with_mfa": "--with-mfa",
    "mfa_age": "--mfa-age",
    "only_from": "--only-from",
    "within": "--from",
}


def _own_invariant(options: QuestionOptions) -> tuple[Invariant, ...]:
    """Return what the options demand, if anything."""
    if options.never and options.always:
        raise UsageError(
            Message("`--never` and `--always` are two questions"),
            fix=Message("write both to a file: --invariants"),
        )
    if not options.never and not options.always and not options.only_from:
        _refuse_restriction_alone(options)
        return ()
    kind = InvariantKind.ALWAYS if options.always else InvariantKind.NEVER
    invariant = Invariant(
        id=kind.value,
        demand=kind,
        actions=options.always or options.never or ("*",),
        on=options.on,
        unless_mfa=options.unless_mfa,
        with_mfa=options.with_mfa,
        mfa_age=options.mfa_age,
        only_from=options.only_from,
        within=options.within,
        calls=Calls(options.calls),
    )
    faults = [
        _OF_OPTION.filled(option=_OPTION_OF_FIELD[name], message=message)
        for name, message in faults_in(invariant)
    ]
    if faults:
        raise UsageError(joined_messages(faults, en="; ", ja="; "))
    return (invariant,)


def _refuse_restriction_alone(options: QuestionOptions) -> None:
    restrictions = {
        "--on": bool(options.on),
        "--unless-mfa": options.unless_mfa,
        "--with-mfa": options.with_mfa,
        "--mfa-age": options.mfa_age is not None,
        "--from": bool(options.within),
        "--calls": options.calls != Calls.ALL.value,
    }
    for option, given in restrictions.items():
        if given:
            raise UsageError(
                Message("`{option}` needs `--never`, `--always` or `--only-from`").filled(
                    option=option
                )
            )
