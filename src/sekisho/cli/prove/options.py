"""Options that the commands of `sekisho prove` share: policies, questions, assumptions, output."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

import click

from sekisho.cli.aws import snapshot_option
from sekisho.cli.options import (
    ASSUME,
    Decorator,
    PrintOptions,
    grouped,
    known_actions,
    lang_option,
    report_format_option,
    texts_of_assumptions,
)
from sekisho.cli.policy_files import levels_of, read_kinds, refuse_stdin_twice
from sekisho.cli.quiet import quiet_option, verbose_option
from sekisho.engine import Assumptions, Policies
from sekisho.engine.exchange import ASSUMPTIONS, settings_from_text
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import PolicyKind
from sekisho.prover import SessionReadings, expected_exempt
from sekisho.prover.questions import QuestionGroup, Subject
from sekisho.prover.scenarios import SIGNIN_ASSUMPTIONS
from sekisho.signin import SigninAssumptions

PEOPLE = "people"
"""The scenarios, which `--only` names beside the groups of questions."""
OF_USERS = ("aws_login_mfa",)
OF_ROLES = ("role_session_mfa",)
"""The assumptions about sessions that requests of users, and of roles, depend on."""


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """Files of the policies that limit what identity-based policies allow."""

    boundary: tuple[str, ...]
    session: tuple[str, ...]
    scps: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        levels = (text.partition("=")[2] for text in self.scps)
        return (*self.boundary, *self.session, *levels)


limit_options = grouped(
    "limits",
    LimitOptions,
    click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary."),
    click.option("--session", metavar="FILE", multiple=True, help="A session policy."),
    click.option(
        "--scp",
        "scps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A service control policy, by the level that it is attached to, from the root down.",
    ),
)
user_option = click.option(
    "--principal",
    metavar="ARN",
    help="ARN of the user who has the policies; any user if not given.",
)


password_option = click.option(
    "--users-may-change-password",
    "users_may_change",
    is_flag=True,
    help="The account's password policy allows users to change their password.",
)


_ACCOUNT = "The account: a snapshot, an account file, or AWS's export and credential report."
account_option = snapshot_option(_ACCOUNT)
needed_account_option = snapshot_option(_ACCOUNT, required=True)
"""The account, where AWS itself is not asked: `snapshots`."""


@dataclass(frozen=True, slots=True)
class EnforcementOptions:
    """What may work without MFA, and where the certificate of MFA enforcement is saved."""

    exempt: tuple[str, ...]
    certificate: str | None

    @property
    def exempt_actions(self) -> tuple[str, ...]:
        """Patterns of the actions that may work without MFA."""
        return self.exempt or expected_exempt()


enforcement_options = grouped(
    "enforcement",
    EnforcementOptions,
    click.option(
        "--exempt",
        metavar="ACTION",
        callback=known_actions,
        multiple=True,
        help="An action that is exempt, like iam:GetUser: it may work without MFA. If not given, "
        "those of Force_MFA.",
    ),
    click.option(
        "--certificate",
        metavar="PATH",
        help="Save the certificate of MFA enforcement, which the independent checker reads: a "
        "file; for an account a new folder that also has the policies.",
    ),
)


@dataclass(frozen=True, slots=True)
class UserOptions:
    """What is asked of the policies of one user, and what scenarios need to know."""

    parts: tuple[str, ...]
    any_value: bool
    enrolled: tuple[str, ...]
    users_may_change: bool
    strict: bool

    @property
    def groups(self) -> frozenset[QuestionGroup]:
        """The groups of questions."""
        said = frozenset(QuestionGroup(text) for text in self.parts if text != PEOPLE)
        return said if self.parts else frozenset(QuestionGroup)

    @property
    def people(self) -> bool:
        """Whether the scenarios are asked."""
        return PEOPLE in self.parts if self.parts else True


user_options = grouped(
    "checks",
    UserOptions,
    click.option(
        "--only",
        "parts",
        multiple=True,
        type=click.Choice(
            [
                QuestionGroup.ENFORCEMENT.value,
                QuestionGroup.NOTHING_LOST.value,
                QuestionGroup.OWN_THINGS.value,
                PEOPLE,
            ]
        ),
        help="Check only this (repeatable).",
    ),
    click.option(
        "--any-value",
        is_flag=True,
        help="Also fail if MFA is not enforced for values of aws:MultiFactorAuthPresent other "
        "than true and false.",
    ),
    click.option(
        "--after-enrolment",
        "enrolled",
        metavar="FILE",
        multiple=True,
        help="A policy that users get through a group once they have enrolled an MFA device.",
    ),
    password_option,
    click.option(
        "--strict",
        is_flag=True,
        help="Also fail for attacks that no policy can stop, and for accepted outcomes.",
    ),
)


@dataclass(frozen=True, slots=True)
class AllAssumptions:
    """The points that AWS does not document: about requests, and about sign-in.

    Attributes:
        engine: those of requests.
        signin: those of scenarios.
        sessions: those of sign-in that requests depend on, too; what is not set is asked both ways.
    """

    engine: Assumptions
    signin: SigninAssumptions = field(default_factory=SigninAssumptions)
    sessions: SessionReadings = field(default_factory=SessionReadings)


def assume_option(*sessions: str, signin: bool = False) -> Decorator:
    """Return the decorator that adds `--assume NAME=VALUE`, as `AllAssumptions`.

    Args:
        sessions: the names of those about sessions that the command heeds.
        signin: whether it heeds those of sign-in.
    """
    of_sessions = {name: getattr(SigninAssumptions(), name) for name in sessions}
    of_signin: Mapping[str, Any] = SIGNIN_ASSUMPTIONS if signin else {}
    known = {**ASSUMPTIONS, **of_signin, **of_sessions}

    def given(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> AllAssumptions:
        found = settings_from_text(texts_of_assumptions(texts), known)

        def of(names: Iterable[str]) -> dict[str, Any]:
            return {name: value for name, value in found.items() if name in names}

        return AllAssumptions(
            Assumptions(**of(ASSUMPTIONS)),
            SigninAssumptions(**of(of_signin)),
            SessionReadings(**of(of_sessions)),
        )

    return click.option("--assume", "assumptions", callback=given, **ASSUME)


def printed_options(function: Any) -> Any:
    """Add `--format`, `-v`, `--lang` and `-q`; the parameter `printed` is `PrintOptions`."""
    printing = grouped("printing", PrintOptions, report_format_option, verbose_option, lang_option)
    return printing(quiet_option(function))


def reject_unused_options(
    enforcement: EnforcementOptions, checks: UserOptions, assumptions: AllAssumptions
) -> None:
    """Refuse options of a check that `--only` leaves out.

    Raises:
        UsageError: if there are such options; all of them are named.
    """
    if not checks.people and assumptions.signin != SigninAssumptions(
        aws_login_mfa=assumptions.signin.aws_login_mfa
    ):
        raise UsageError(
            Message("`--assume`: an assumption about sign-in, which only scenarios use")
        )
    of_enforcement = {
        "--exempt": enforcement.exempt,
        "--any-value": checks.any_value,
        "--certificate": enforcement.certificate,
    }
    of_people = {"--after-enrolment": checks.enrolled, "--strict": checks.strict}
    enforcement_part = QuestionGroup.ENFORCEMENT
    reject_unused(enforcement_part.value, enforcement_part in checks.groups, of_enforcement)
    reject_unused(PEOPLE, checks.people, of_people)


def reject_unused(part: str, is_asked: bool, values: Mapping[str, object]) -> None:
    """Refuse options of a check that is not made.

    Args:
        part: the check, as `--only` names it.
        is_asked: whether it is made.
        values: what its options were given, by option.

    Raises:
        UsageError: if there are such options; all of them are named.
    """
    idle = [f"`{name}`" for name, value in values.items() if value]
    if idle and not is_asked:
        raise UsageError(
            Message("{options}: only the check `{part}` uses this, and it is not selected").filled(
                options=", ".join(idle), part=part
            ),
            fix=Message("select it with `--only`, or leave this out"),
        )


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """Files of one user's or one role's policies.

    Attributes:
        files: the identity-based policies.
        limits: the policies that limit them.
        others: further files that the command reads.
    """

    files: tuple[str, ...]
    limits: LimitOptions
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The files that the subject's policies are from."""
        return (*self.files, *self.limits.files)

    def check(self, snapshots: tuple[str, ...], **others: object) -> None:
        """See that either files are given or an account, and not both.

        Args:
            snapshots: the files of the account.
            others: what further options of files were given, by parameter.

        Raises:
            UsageError: if not.
        """
        if not snapshots:
            if not self.files and not any(others.values()):
                raise UsageError(Message("give policies, or an account with `--snapshot`"))
            return
        of_files = {
            "POLICY": self.files,
            "--boundary": self.limits.boundary,
            "--session": self.limits.session,
            "--scp": self.limits.scps,
            **{f"--{name.replace('_', '-')}": value for name, value in others.items()},
        }
        if idle := [f"`{name}`" for name, value in of_files.items() if value]:
            raise UsageError(
                Message("{names}: an account has its own policies; leave out `--snapshot`").filled(
                    names=", ".join(idle)
                )
            )

    def subject(self, arn: str | None, *, users_may_change: bool = False) -> Subject:
        """Return whose policies these are.

        Args:
            arn: of the user or the role; None: any user.
            users_may_change: the account's `AllowUsersToChangePassword`.

        Raises:
            FaultyInput: if a file cannot be read.
            UsageError: if standard input is to be read twice.
        """
        refuse_stdin_twice((*self.names, *self.others))
        identity, boundaries, session = read_kinds(
            (self.files, PolicyKind.IDENTITY),
            (self.limits.boundary, PolicyKind.BOUNDARY),
            (self.limits.session, PolicyKind.SESSION),
        )
        scps, beside = levels_of(self.limits.scps)
        policies = Policies(
            identity=identity, boundaries=boundaries or None, session=session or None, scps=scps
        )
        return Subject.of_files(
            policies,
            arn,
            datetime.now(UTC),
            users_may_change=users_may_change,
            assumed_attachments=beside,
        )
