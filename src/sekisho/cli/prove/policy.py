"""`sekisho prove policy` and `sekisho prove user`: does MFA enforcement hold for one user?"""

import click

from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import PrintOptions
from sekisho.cli.policy_files import read_attached
from sekisho.cli.prove.options import (
    OF_USERS,
    AllAssumptions,
    EnforcementOptions,
    LimitOptions,
    PolicyFiles,
    UserOptions,
    assume_option,
    enforcement_options,
    limit_options,
    needed_account_option,
    printed_options,
    reject_unused_options,
    user_option,
    user_options,
)
from sekisho.cli.prove.subject import SubjectQuestion, prove_subject
from sekisho.policy import PolicyKind
from sekisho.prover import CallingUser
from sekisho.prover.questions import Inquiry
from sekisho.prover.scenarios import Setting


@click.command("policy", cls=SpokenCommand)
@click.argument("files", metavar="POLICY|-...", nargs=-1, required=True)
@limit_options
@user_option
@user_options
@enforcement_options
@assume_option(*OF_USERS, signin=True)
@printed_options
def policy(
    files: tuple[str, ...],
    limits: LimitOptions,
    principal: str | None,
    checks: UserOptions,
    enforcement: EnforcementOptions,
    assumptions: AllAssumptions,
    printing: PrintOptions,
) -> Exit:
    """Prove that policies enforce MFA, or show a request that passes without it.

    POLICY files are all identity-based policies of one user, including those of the user's groups.
    Four things are checked: every request without MFA is denied, apart from the exempt actions;
    users with MFA keep all their permissions; users cannot change other users' credentials; and all
    users can sign in and enrol an MFA device while no attacker can. Exit 0 if all of it holds, 3 if
    something is refuted (with a counterexample), 4 if something is undecided, 5 if MFA is not
    enforced although these policies allow nothing without it today.
    """
    reject_unused_options(enforcement, checks, assumptions)
    policy_files = PolicyFiles(files, limits, checks.enrolled)
    arn = CallingUser.of(principal).arn if principal else None
    question = SubjectQuestion(
        subject=policy_files.subject(arn, users_may_change=checks.users_may_change),
        inquiry=_inquiry(enforcement, checks, assumptions),
        source=files[0],
        setting=_setting(checks, assumptions),
        strict=checks.strict,
        certificate=enforcement.certificate,
        files=policy_files.names,
    )
    return prove_subject(question, printing)


@click.command("user", cls=SpokenCommand)
@click.argument("name")
@needed_account_option
@user_options
@enforcement_options
@assume_option(*OF_USERS, signin=True)
@printed_options
def user(
    name: str,
    snapshots: tuple[str, ...],
    checks: UserOptions,
    enforcement: EnforcementOptions,
    assumptions: AllAssumptions,
    printing: PrintOptions,
) -> Exit:
    """Prove that MFA is enforced for one user of an account, or show a request that passes.

    The checks are those of `sekisho prove policy`, with the user's policies, tags and credentials
    from the account. Exit 0 if all of it holds, 3 if something is refuted, 4 if something is
    undecided, 5 if MFA is not enforced although the policies allow nothing without it today.
    """
    from sekisho.account import open_account  # noqa: PLC0415 - files need no account
    from sekisho.audit.impact import counterexample_for_user  # noqa: PLC0415 - slow to import
    from sekisho.audit.proofs import subject_of_user  # noqa: PLC0415 - as above

    reject_unused_options(enforcement, checks, assumptions)
    subject, credentials = subject_of_user(
        open_account(*snapshots), name, snapshots[0], users_may_change=checks.users_may_change
    )
    question = SubjectQuestion(
        subject=subject,
        inquiry=_inquiry(enforcement, checks, assumptions),
        source=snapshots[0],
        snapshots=snapshots,
        describe=lambda found, refused: counterexample_for_user(
            found, credentials, refused=refused
        ),
        setting=_setting(checks, assumptions),
        strict=checks.strict,
        certificate=enforcement.certificate,
    )
    return prove_subject(question, printing)


def _inquiry(
    enforcement: EnforcementOptions, checks: UserOptions, assumptions: AllAssumptions
) -> Inquiry:
    return Inquiry(
        groups=checks.groups,
        exempt=enforcement.exempt_actions,
        assumptions=assumptions.engine,
        sessions=assumptions.sessions,
        any_value=checks.any_value,
    )


def _setting(checks: UserOptions, assumptions: AllAssumptions) -> Setting | None:
    """Return where the scenarios take place; None if they are not checked."""
    if not checks.people:
        return None
    enrolled = read_attached(checks.enrolled, PolicyKind.IDENTITY)
    return Setting(enrolled=enrolled, engine=assumptions.engine, signin=assumptions.signin)
