"""`sekisho prove role`: does nobody assume a role without MFA, or do its sessions reach nothing?"""

from dataclasses import replace

import click

from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import PrintOptions, grouped
from sekisho.cli.policy_files import read_attached
from sekisho.cli.prove.options import (
    OF_ROLES,
    AllAssumptions,
    EnforcementOptions,
    LimitOptions,
    PolicyFiles,
    account_option,
    assume_option,
    enforcement_options,
    limit_options,
    printed_options,
    reject_unused,
)
from sekisho.cli.prove.subject import SubjectQuestion, prove_subject
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import PolicyKind
from sekisho.prover import CallingUser
from sekisho.prover.questions import Inquiry, QuestionGroup


@dataclass(frozen=True, slots=True)
class RoleOptions:
    """Which policies of a role are given as files, and what is asked of them."""

    trust: str | None
    parts: tuple[str, ...]


@click.command("role", cls=SpokenCommand)
@click.argument("role", metavar="NAME|ARN")
@click.argument("files", metavar="[POLICY|-...]", nargs=-1)
@grouped(
    "checks",
    RoleOptions,
    click.option("--trust", metavar="FILE", help="The role's trust policy."),
    click.option(
        "--only",
        "parts",
        multiple=True,
        type=click.Choice([QuestionGroup.ENFORCEMENT.value, QuestionGroup.TRUST.value]),
        help="Check only this (repeatable).",
    ),
)
@limit_options
@account_option
@enforcement_options
@assume_option(*OF_ROLES)
@printed_options
def command(
    role: str,
    files: tuple[str, ...],
    checks: RoleOptions,
    limits: LimitOptions,
    snapshots: tuple[str, ...],
    enforcement: EnforcementOptions,
    assumptions: AllAssumptions,
    printing: PrintOptions,
) -> Exit:
    """Prove that MFA is enforced for a role, or show who can assume it without MFA.

    MFA is enforced for a role if nobody can assume it without MFA, or if its sessions may do
    nothing but the exempt actions. Give the role's ARN, its identity-based policies and its trust
    policy (--trust), of which one may be left out; or the role's name and the account (--snapshot).
    Exit 0 if proved, 3 if refuted, 4 if undecided.
    """
    only_trust = bool(checks.trust) and not files
    groups = frozenset(QuestionGroup(text) for text in checks.parts) or frozenset(
        {QuestionGroup.TRUST} if only_trust else QuestionGroup
    )
    policy_files = PolicyFiles(files, limits, (checks.trust,) if checks.trust else ())
    policy_files.check(snapshots, trust=checks.trust)
    if QuestionGroup.TRUST.value in checks.parts and not (checks.trust or snapshots):
        raise UsageError(Message("`--only trust` needs the trust policy: `--trust`"))
    if only_trust and groups != {QuestionGroup.TRUST}:
        raise UsageError(Message("give the role's policies as well as `--trust`"))
    heeded = QuestionGroup.ENFORCEMENT
    idle = {"--exempt": enforcement.exempt, "--certificate": enforcement.certificate}
    reject_unused(heeded.value, heeded in groups, idle)
    if snapshots:
        from sekisho.account import open_account  # noqa: PLC0415 - files need no account
        from sekisho.audit.proofs import subject_of_role  # noqa: PLC0415 - slow to import

        subject = subject_of_role(open_account(*snapshots), role, snapshots[0])
    else:
        trust = read_attached(policy_files.others, PolicyKind.TRUST)
        subject = replace(
            policy_files.subject(CallingUser.of_role(role).arn), trust=next(iter(trust), None)
        )
    question = SubjectQuestion(
        subject=subject,
        inquiry=Inquiry(
            groups=groups,
            exempt=enforcement.exempt_actions,
            assumptions=assumptions.engine,
            sessions=assumptions.sessions,
        ),
        source=next(iter((*snapshots, *policy_files.files, *policy_files.others))),
        snapshots=tuple(snapshots),
        certificate=enforcement.certificate,
        files=policy_files.names,
    )
    return prove_subject(question, printing)
