"""What the options of `sekisho prove` say: whose policies, what is asked, and what they forbid."""

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import chain

import click

from sekisho.cli.options import (
    texts_of_assumptions,
)
from sekisho.cli.policy_files import levels_of, read_attached, refuse_stdin_twice
from sekisho.engine import Assumptions, Policies
from sekisho.engine.exchange import ASSUMPTIONS, settings_from_text
from sekisho.engine.matching import arns
from sekisho.errors import UsageError
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.policy import PolicyKind
from sekisho.prover import (
    CallingUser,
    Calls,
    Invariant,
    InvariantKind,
    OwnedResource,
    SessionReadings,
    expected_exempt,
    faults_in,
    read_invariants,
)
from sekisho.prover.questions import (
    Inquiry,
    QuestionGroup,
    Subject,
)
from sekisho.prover.scenarios import (
    SIGNIN_ASSUMPTIONS,
)
from sekisho.signin import SigninAssumptions

PEOPLE_PART = "people"
"""The scenarios, beside the groups of questions."""
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
    role: str | None
    trust: str | None
    resource: str | None
    owner: str | None
    public: bool

    @property
    def only_trust(self) -> bool:
        """Whether a trust policy is all that is given."""
        return bool(self.trust) and not (self.files or self.snapshot)


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """What is asked of the policies; `parts` may name the scenarios, too."""

    exempt: tuple[str, ...]
    any_value: bool
    parts: tuple[str, ...]
    never: tuple[str, ...]
    always: tuple[str, ...]
    granted: tuple[str, ...]
    on: tuple[str, ...]
    unless_mfa: bool
    with_mfa: bool
    mfa_age: int | None
    only_from: tuple[str, ...]
    within: tuple[str, ...]
    calls: str
    file: str | None
    certificate: str | None

    @property
    def has_invariants(self) -> bool:
        """Whether the options, or a file that they name, demand something."""
        return bool(self.file or self.never or self.always or self.granted or self.only_from)

    @property
    def groups(self) -> frozenset[QuestionGroup]:
        """What is asked: the invariants if there are any, and as said, else all."""
        said = frozenset(QuestionGroup(text) for text in self.parts if text != PEOPLE_PART)
        # a question that was given and not asked would be a pass
        own = frozenset({QuestionGroup.INVARIANTS} if self.has_invariants else ())
        return said | own if self.parts or own else frozenset(QuestionGroup)

    @property
    def people(self) -> bool:
        """Whether the scenarios are asked: as said, else if there are no invariants."""
        return PEOPLE_PART in self.parts if self.parts else not self.has_invariants


@dataclass(frozen=True, slots=True)
class ScenarioOptions:
    """What else there is of the account, for scenarios."""

    enrolled: tuple[str, ...]
    users_may_change: bool
    strict: bool


@dataclass(frozen=True, slots=True)
class AllAssumptions:
    """The points that AWS does not document: about requests, and about sign-in.

    Attributes:
        sessions: those of sign-in that requests depend on, too; what is not set is asked both ways.
    """

    engine: Assumptions
    signin: SigninAssumptions
    sessions: SessionReadings = field(default_factory=SessionReadings)


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
        one = self.subject.user or self.subject.role
        return bool(self.subject.snapshot) and not one

    @property
    def groups(self) -> frozenset[QuestionGroup]:
        """What is asked: of a trust policy alone nothing else."""
        only_trust = self.subject.only_trust and not self.questions.parts
        return frozenset({QuestionGroup.TRUST}) if only_trust else self.questions.groups

    @property
    def people(self) -> bool:
        """Whether the scenarios are asked: never of a role."""
        return self.questions.people and not self.subject.role


_OF_SESSIONS = tuple(each.name for each in fields(SessionReadings))


def assumptions_given(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> AllAssumptions:
    """Return what `--assume` sets, for click."""
    of_sessions = {name: getattr(SigninAssumptions(), name) for name in _OF_SESSIONS}
    known = {**ASSUMPTIONS, **SIGNIN_ASSUMPTIONS, **of_sessions}
    found = settings_from_text(texts_of_assumptions(texts), known)
    engine = {name: value for name, value in found.items() if name in ASSUMPTIONS}
    signin = {name: value for name, value in found.items() if name in SIGNIN_ASSUMPTIONS}
    sessions = {name: value for name, value in found.items() if name in _OF_SESSIONS}
    return AllAssumptions(
        Assumptions(**engine), SigninAssumptions(**signin), SessionReadings(**sessions)
    )


def inquiry_of(options: ProveOptions) -> Inquiry:
    """Return what is asked of policies."""
    questions = options.questions
    return Inquiry(
        groups=options.groups,
        exempt=questions.exempt or expected_exempt(),
        invariants=_invariants_of(questions),
        assumptions=options.assumptions.engine,
        sessions=options.assumptions.sessions,
        any_value=questions.any_value,
    )


def subject_of_files(options: ProveOptions) -> Subject:
    """Return whose policies the files are.

    Raises:
        FaultyInput: if a file cannot be read.
        UsageError: if standard input is to be read twice.
    """
    given, scenarios = options.subject, options.scenarios
    levels = (text.partition("=")[2] for text in given.scps)
    trust = (given.trust,) if given.trust else ()
    files = (given.files, given.boundary, given.session, scenarios.enrolled, trust)
    refuse_stdin_twice((*chain.from_iterable(files), *levels))
    scps, beside = levels_of(given.scps)
    policies = Policies(
        identity=read_attached(given.files, PolicyKind.IDENTITY),
        boundaries=read_attached(given.boundary, PolicyKind.BOUNDARY) or None,
        session=read_attached(given.session, PolicyKind.SESSION) or None,
        scps=scps,
    )
    whose = CallingUser.of_role(given.role) if given.role else None
    whose = CallingUser.of(given.user_arn) if given.user_arn else whose
    subject = Subject.of_files(
        policies,
        whose.arn if whose is not None else None,
        datetime.now(UTC),
        users_may_change=scenarios.users_may_change,
        assumed_attachments=beside,
    )
    found = next(iter(read_attached(trust, PolicyKind.TRUST)), None)
    return with_resource(replace(subject, trust=found), options)


def with_resource(subject: Subject, options: ProveOptions) -> Subject:
    """Return a subject with the policy of the resource that is asked about, if one is given.

    Its owner is the account that is given, or that `--on` tells, or the caller's own.

    Raises:
        FaultyInput: if the file cannot be read.
        UsageError: if it does not say about whom and what the policy is asked, or whose it is.
    """
    given, questions = options.subject, options.questions
    if given.resource is None:
        if given.owner:
            raise UsageError(Message("`--resource-account` needs `--resource-policy`"))
        return subject
    one = given.user_arn or given.role or given.user
    if not (one and questions.on and (questions.granted or questions.never)):
        message = Message(
            "`--resource-policy` needs `--granted` or `--never`, `--on`, and who calls: "
            "`--user-arn` or `--role`, or `--user` of a snapshot"
        )
        raise UsageError(message)
    told = {account for each in questions.on if (account := arns.account_of(each))}
    if given.owner and not arns.is_account(given.owner):
        raise UsageError(Message("`--resource-account` is an account id of twelve digits"))
    if len(told | ({given.owner} if given.owner else set())) > 1:
        raise UsageError(Message("`--on` is about resources of several accounts"))
    (policy,) = read_attached((given.resource,), PolicyKind.RESOURCE)
    owner = given.owner or next(iter(told), subject.user.account)
    return replace(subject, resource=OwnedResource(policy, owner))


def check_subject(options: ProveOptions) -> None:
    """See that files or an account are given, and not both.

    Raises:
        UsageError: if not.
    """
    given = options.subject
    if given.user and given.everybody:
        raise UsageError(Message("`--user` is one user, and `--all` is all of them"))
    if given.role and (given.user or given.user_arn or given.everybody):
        raise UsageError(Message("`--role` and users are two questions"))
    if given.trust and not given.role:
        raise UsageError(Message("`--trust` needs the role's ARN: `--role`"))
    if not given.snapshot:
        if given.user or given.everybody:
            option = "--user" if given.user else "--all"
            raise UsageError(Message("`{option}` needs `--snapshot`").filled(option=option))
        if not given.files and not given.trust:
            raise UsageError(Message("give policies, or an account with `--snapshot`"))
        return
    of_files = {
        "POLICY": given.files,
        "--boundary": given.boundary,
        "--session": given.session,
        "--scp": given.scps,
        "--user-arn": given.user_arn,
        "--trust": given.trust,
    }
    if others := [name for name, value in of_files.items() if value]:
        raise UsageError(
            Message("{names}: an account has its own policies; leave out `--snapshot`").filled(
                names=", ".join(f"`{name}`" for name in others)
            )
        )


def check_heeded(options: ProveOptions) -> None:
    """See that what is asked heeds the options.

    Raises:
        UsageError: if an option is about a question that is not asked; all of them are named.
    """
    questions, scenarios = options.questions, options.scenarios
    _check_assumptions(options)
    if options.of_all:
        _check_of_all(options)
    _check_of_role(options)
    enforcement = QuestionGroup.ENFORCEMENT in options.groups
    of_enforcement = {
        "--exempt": questions.exempt,
        "--any-value": questions.any_value,
        "--certificate": questions.certificate,
    }
    of_scenarios = {"--after-enrolment": scenarios.enrolled, "--strict": scenarios.strict}
    faults = [
        Message("{options}: only `{part}` heeds this, and it is not asked").filled(
            options=", ".join(f"`{name}`" for name in said), part=part
        )
        for part, asked, those in (
            (QuestionGroup.ENFORCEMENT.value, enforcement, of_enforcement),
            (PEOPLE_PART, options.people, of_scenarios),
        )
        if (said := [name for name, value in those.items() if value]) and not asked
    ]
    if faults:
        raise UsageError(
            joined_messages(faults, en="; ", ja="; "),
            fix=Message("ask it, too, by `--only`, or leave this out"),
        )


def _check_assumptions(options: ProveOptions) -> None:
    """See that what is asked heeds the assumptions of sign-in that are set.

    Raises:
        UsageError: if not.
    """
    signin, sessions = options.assumptions.signin, options.assumptions.sessions
    people = options.people and not options.of_all
    usual = SigninAssumptions()
    if not people and replace(signin, aws_login_mfa=usual.aws_login_mfa) != usual:
        raise UsageError(Message("`--assume`: a point of sign-in, which scenarios alone ask"))
    if options.of_all and sessions != SessionReadings():
        raise UsageError(
            Message("`--assume`: a point of sessions, which is asked of one: `--user` or `--role`")
        )
    role = bool(options.subject.role)
    if (sessions.aws_login_mfa and role) or (sessions.role_session_mfa and not role):
        raise UsageError(
            Message("`--assume`: `aws_login_mfa` is of users alone, `role_session_mfa` of roles")
        )


def _check_of_role(options: ProveOptions) -> None:
    """See that what is asked can be asked of a role, and that of no user what only a role has.

    Raises:
        UsageError: if not; all options are named that cannot.
    """
    questions, role = options.questions, options.subject.role
    of_role = (QuestionGroup.ENFORCEMENT, QuestionGroup.TRUST, QuestionGroup.INVARIANTS)
    if not role:
        if QuestionGroup.TRUST.value in questions.parts:
            raise UsageError(Message("`--only trust` is about a role: `--role`"))
        return
    wrong = ["--only " + part for part in questions.parts if part not in of_role]
    of_users = {
        "--any-value": questions.any_value,
        "--after-enrolment": options.scenarios.enrolled,
        "--users-may-change-password": options.scenarios.users_may_change,
        "--strict": options.scenarios.strict,
    }
    wrong += [name for name, value in of_users.items() if value]
    if wrong:
        raise UsageError(
            Message(
                "{wrong}: of a role it is asked whether MFA is enforced, and invariants"
            ).filled(wrong=", ".join(f"`{option}`" for option in wrong))
        )
    if QuestionGroup.TRUST.value in questions.parts and not (
        options.subject.trust or options.subject.snapshot
    ):
        raise UsageError(Message("`--only trust` needs the trust policy: `--trust`"))
    if options.subject.only_trust and options.groups != {QuestionGroup.TRUST}:
        raise UsageError(Message("give the role's policies beside `--trust`"))


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
            Message(
                "`--only invariants` needs `--never`, `--always`, `--granted` or `--invariants`"
            )
        )
    return found


_ACTIONS_BY = {
    InvariantKind.NEVER: "--never",
    InvariantKind.ALWAYS: "--always",
    InvariantKind.NOT_GRANTED: "--granted",
}
_OPTION_OF_FIELD = {
    "actions": "--never/--always/--granted",
    "on": "--on",
    "unless_mfa": "--unless-mfa",
    "with_mfa": "--with-mfa",
    "mfa_age": "--mfa-age",
    "only_from": "--only-from",
    "within": "--from",
}


def _own_invariant(options: QuestionOptions) -> tuple[Invariant, ...]:
    """Return what the options demand, if anything."""
    asked = {
        InvariantKind.NEVER: options.never,
        InvariantKind.ALWAYS: options.always,
        InvariantKind.NOT_GRANTED: options.granted,
    }
    given = [(kind, actions) for kind, actions in asked.items() if actions]
    if len(given) > 1:
        first, second = (_ACTIONS_BY[kind] for kind, _ in given[:2])
        raise UsageError(
            Message("`{first}` and `{second}` are two questions").filled(
                first=first, second=second
            ),
            fix=Message("write both to a file: --invariants"),
        )
    if not given and not options.only_from:
        _refuse_restriction_alone(options)
        return ()
    kind, actions = given[0] if given else (InvariantKind.NEVER, ("*",))
    invariant = Invariant(
        id=kind.value,
        demand=kind,
        actions=actions,
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
                Message(
                    "`{option}` needs `--never`, `--always`, `--granted` or `--only-from`"
                ).filled(option=option)
            )
