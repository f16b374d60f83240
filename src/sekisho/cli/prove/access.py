"""`sekisho prove access`: what is never allowed, always allowed, or granted by some policy."""

from dataclasses import replace

import click

from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import PrintOptions, grouped, spelled_actions
from sekisho.cli.policy_files import read_attached
from sekisho.cli.prove.options import (
    OF_ROLES,
    OF_USERS,
    AllAssumptions,
    LimitOptions,
    PolicyFiles,
    account_option,
    assume_option,
    limit_options,
    password_option,
    printed_options,
)
from sekisho.cli.prove.subject import SubjectQuestion, describe_request, prove_subject
from sekisho.engine.matching import arns
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.policy import PolicyKind
from sekisho.prover import (
    CallingUser,
    Calls,
    Invariant,
    InvariantKind,
    OwnedResource,
    SessionReadings,
    faults_in,
    read_invariants,
)
from sekisho.prover.questions import Describe, Inquiry, QuestionGroup, Subject
from sekisho.signin import LONGEST_CONSOLE_SESSION

_OF_OPTION = verbatim("`{option}`: {message}")
_NO_QUESTION = Message(
    "give a question: `--never`, `--always`, `--granted`, `--only-from` or `--invariants`"
)


@dataclass(frozen=True, slots=True)
class CallerOptions:
    """Whose access is asked about.

    Attributes:
        principal: the user or role; None: any user, or each user of an account.
        users_may_change: the account's `AllowUsersToChangePassword`; a snapshot tells it.
    """

    principal: str | None
    users_may_change: bool

    @property
    def is_role(self) -> bool:
        """Whether it is a role."""
        return self._kind == "role"

    @property
    def name(self) -> str:
        """The name of the user or role, or of the role its ARN."""
        text = self.principal or ""
        return text if text.startswith("arn:") and self.is_role else text.rpartition("/")[2]

    @property
    def _kind(self) -> str:
        return (self.principal or "").rpartition(":")[2].partition("/")[0]


@dataclass(frozen=True, slots=True)
class AccessOptions:
    """A question about actions, and the policy of the resource that it is about."""

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
    resource: str | None
    owner: str | None


@click.command("access", cls=SpokenCommand)
@click.argument("files", metavar="[POLICY|-...]", nargs=-1)
@grouped(
    "questions",
    AccessOptions,
    click.option(
        "--never",
        metavar="ACTION",
        callback=spelled_actions,
        multiple=True,
        help="Check that this action is never allowed, like `s3:*`.",
    ),
    click.option(
        "--always",
        metavar="ACTION",
        callback=spelled_actions,
        multiple=True,
        help="Check that this action is always allowed.",
    ),
    click.option(
        "--granted",
        metavar="ACTION",
        callback=spelled_actions,
        multiple=True,
        help="Show the statement that grants this action. Exit 3 if there is one, 0 if proved "
        "that there is none.",
    ),
    click.option("--on", metavar="ARN", multiple=True, help="Only on these resources."),
    click.option("--unless-mfa", is_flag=True, help="With --never: allow requests with MFA."),
    click.option("--with-mfa", is_flag=True, help="Only requests with MFA."),
    click.option(
        "--mfa-age",
        metavar="SECONDS",
        type=click.IntRange(0, int(LONGEST_CONSOLE_SESSION.total_seconds())),
        help="With --with-mfa: only if the MFA sign-in is no older than this.",
    ),
    click.option(
        "--only-from",
        metavar="CIDR",
        multiple=True,
        help="Check that nothing, or nothing of --never, is allowed from other addresses.",
    ),
    click.option(
        "--from", "within", metavar="CIDR", multiple=True, help="Only requests from here."
    ),
    click.option(
        "--calls",
        type=click.Choice([calls.value for calls in Calls]),
        default=Calls.ALL.value,
        show_default=True,
        help="Only calls by the user, only calls by AWS services for the user, or all.",
    ),
    click.option(
        "--invariants",
        "file",
        metavar="FILE",
        help="Questions of a file (YAML or JSON): a list like `- never: s3:*`.",
    ),
    click.option(
        "--resource-policy",
        "resource",
        metavar="FILE",
        help="The policy of the resource in --on, which may also grant access.",
    ),
    click.option(
        "--resource-account",
        "owner",
        metavar="ID",
        help="The account of the resource, if its ARN has none; the caller's if not given.",
    ),
)
@limit_options
@grouped(
    "caller",
    CallerOptions,
    click.option(
        "--principal",
        metavar="NAME|ARN",
        help="The user or role: an ARN, or user/NAME or role/NAME of an account. If not given: "
        "any user, or each user of the account.",
    ),
    password_option,
)
@account_option
@assume_option(*OF_USERS, *OF_ROLES)
@printed_options
def command(
    files: tuple[str, ...],
    questions: AccessOptions,
    limits: LimitOptions,
    caller: CallerOptions,
    snapshots: tuple[str, ...],
    assumptions: AllAssumptions,
    printing: PrintOptions,
) -> Exit:
    """Prove that actions are never allowed, always allowed or not granted, or show a request.

    The policies are files: the identity-based policies of one user, or of the role in --principal.
    With --snapshot they are those of each user of an account, or of the user or role in
    --principal. Exit 0 if proved, 3 if refuted (with a counterexample), 4 if undecided.
    """
    policy_files = PolicyFiles(files, limits)
    policy_files.check(snapshots)
    inquiry = Inquiry(
        groups=frozenset({QuestionGroup.INVARIANTS}),
        invariants=_invariants_of(questions),
        assumptions=assumptions.engine,
        sessions=assumptions.sessions,
    )
    _check_sessions(assumptions.sessions, caller, of_all=bool(snapshots) and not caller.principal)
    if snapshots and not caller.principal:
        from sekisho.cli.prove.account import prove_account  # noqa: PLC0415 - slow to import

        if questions.resource or questions.owner:
            raise UsageError(_RESOURCE_NEEDS)
        return prove_account(snapshots, inquiry, printing)
    subject, describe = _subject_of(policy_files, caller, snapshots)
    question = SubjectQuestion(
        subject=_with_resource(subject, questions, is_named=bool(caller.principal)),
        inquiry=inquiry,
        source=next(iter((*snapshots, *files))),
        snapshots=tuple(snapshots),
        describe=describe,
    )
    return prove_subject(question, printing)


def _check_sessions(sessions: SessionReadings, caller: CallerOptions, *, of_all: bool) -> None:
    """Refuse assumptions about sessions that the question does not depend on.

    Raises:
        UsageError: if one is set.
    """
    if of_all and sessions != SessionReadings():
        raise UsageError(
            Message("`--assume`: an assumption about sessions, which needs one `--principal`")
        )
    if sessions.aws_login_mfa if caller.is_role else sessions.role_session_mfa:
        raise UsageError(
            Message(
                "`--assume`: `aws_login_mfa` is for users only, `role_session_mfa` for roles only"
            )
        )


def _subject_of(
    policy_files: PolicyFiles, caller: CallerOptions, snapshots: tuple[str, ...]
) -> tuple[Subject, Describe]:
    """Return whose policies are asked about, and what returns a counterexample as a sentence."""
    if not snapshots:
        arn = CallingUser.from_arn(caller.principal).arn if caller.principal else None
        subject = policy_files.subject(arn, users_may_change=caller.users_may_change)
        return subject, describe_request
    from sekisho.account import open_account  # noqa: PLC0415 - files need no account
    from sekisho.audit.impact import counterexample_for_user  # noqa: PLC0415 - slow to import
    from sekisho.audit.proofs import subject_of_role, subject_of_user  # noqa: PLC0415 - as above

    account = open_account(*snapshots)
    if caller.is_role:
        return subject_of_role(account, caller.name, snapshots[0]), describe_request
    subject, credentials = subject_of_user(
        account, caller.name, snapshots[0], users_may_change=caller.users_may_change
    )
    return subject, lambda found, refused: counterexample_for_user(
        found, credentials, refused=refused
    )


_RESOURCE_NEEDS = Message(
    "`--resource-policy` needs `--granted` or `--never`, `--on`, and who calls: `--principal`"
)


def _with_resource(subject: Subject, questions: AccessOptions, *, is_named: bool) -> Subject:
    """Return a subject with the policy of the resource that is asked about, if one is given.

    The resource's account is the one that is given, or that `--on` tells, or the caller's own.

    Raises:
        FaultyInput: if the file cannot be read.
        UsageError: if the question, the caller or the resource's account is missing.
    """
    if questions.resource is None:
        if questions.owner:
            raise UsageError(Message("`--resource-account` needs `--resource-policy`"))
        return subject
    if not (is_named and questions.on and (questions.granted or questions.never)):
        raise UsageError(_RESOURCE_NEEDS)
    accounts = {account for each in questions.on if (account := arns.account_of(each))}
    if questions.owner and not arns.is_account(questions.owner):
        raise UsageError(Message("`--resource-account` is an account id of twelve digits"))
    if len(accounts | ({questions.owner} if questions.owner else set())) > 1:
        raise UsageError(Message("`--on` is about resources of several accounts"))
    (policy,) = read_attached((questions.resource,), PolicyKind.RESOURCE)
    owner = questions.owner or next(iter(accounts), subject.user.account)
    return replace(subject, resource=OwnedResource(policy, owner))


def _invariants_of(questions: AccessOptions) -> tuple[Invariant, ...]:
    """Return the questions of the options and of the file.

    Raises:
        UsageError: if there is none, or the options contradict each other.
        FaultyInput: if the file is not what it should be.
    """
    of_file = read_invariants(questions.file) if questions.file else ()
    invariants = (*_own_invariant(questions), *of_file)
    if not invariants:
        raise UsageError(_NO_QUESTION)
    return invariants


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


def _own_invariant(options: AccessOptions) -> tuple[Invariant, ...]:
    """Return the invariant that the options name, if any."""
    actions_by_kind = {
        InvariantKind.NEVER: options.never,
        InvariantKind.ALWAYS: options.always,
        InvariantKind.NOT_GRANTED: options.granted,
    }
    chosen_kinds = [(kind, actions) for kind, actions in actions_by_kind.items() if actions]
    if len(chosen_kinds) > 1:
        first, second = (_ACTIONS_BY[kind] for kind, _ in chosen_kinds[:2])
        raise UsageError(
            Message("`{first}` and `{second}` are two questions").filled(
                first=first, second=second
            ),
            fix=Message("write both to a file: --invariants"),
        )
    if not chosen_kinds and not options.only_from:
        _refuse_restriction_alone(options)
        return ()
    kind, actions = chosen_kinds[0] if chosen_kinds else (InvariantKind.NEVER, ("*",))
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
        raise UsageError(joined_messages(faults, en="; ", ja="。"))
    return (invariant,)


def _refuse_restriction_alone(options: AccessOptions) -> None:
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
