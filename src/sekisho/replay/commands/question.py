"""The policies of `sekisho impact` and their targets: its options, as a binding.

Policies of files are used alone, or with a snapshot as a change of its account. A plan and a goal
have their own changes; with a snapshot, the second state of the account is their forecast.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho import __version__, account, catalogue, rollout
from sekisho.account import Group, Role, Snapshot, User
from sekisho.audit.exceptions import Exceptions
from sekisho.cli.next_action import caller_of
from sekisho.cli.options import grouped, pair
from sekisho.cli.policy_files import (
    levels_of,
    read_kinds,
    read_policy,
    refuse_stdin_twice,
)
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import UsageError, did_you_mean, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, listed, verbatim
from sekisho.policy import Document, PolicyKind, parse
from sekisho.replay import (
    Binding,
    Judge,
    JudgeSettings,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    Window,
    allows_everything,
    binding_of_change,
    binding_of_policies,
    binding_of_states,
    columns_of,
    with_accounts,
    with_later_callers,
)
from sekisho.replay.report import MadeBy, ReplayQuestion, ReplayReport, figures_of, report_on

if TYPE_CHECKING:
    from sekisho.replay.reading import SkippedKind, TrailGroups
    from sekisho.rollout import Change, Plan

_ONE_OF = Message(
    "give policies (`--policy`, `--scp`, `--boundary`, `--replace`), or `--plan`, or `--goal`"
)
_ONLY_ONE = Message("{options} are several questions; ask one")
_NEEDS_ACCOUNT = Message("`{option}` needs `--snapshot`")
_OF_POLICIES = Message("`--attach-to` is for `--policy` and `--boundary`")
_BAD_TARGET = Message(
    "`--attach-to {text}` is none of `users`, `roles`, `user:NAME`, `group:NAME`, `role:NAME`"
)
_NO_POLICY = Message("`--replace {name}`: the account has no managed policy of that name or ARN")
_PLAN_NEEDS_ACCOUNT = Message(
    "this plan detaches or attaches `{address}`, which is not in the plan itself; give the account "
    "with `--snapshot`"
)
_NOBODY = Message("`--attach-to {text}`: the account has none of that name or ARN")
_NARROW = Message(
    "At {levels}, these policies limit what is allowed: give `FullAWSAccess` as well if it stays "
    "attached."
)
_OTHER_ACCOUNT = Message("the plan is for the account `{plan}`, and the snapshot is of `{account}`")

_ASKED = Message("Evaluated: {what}.")
_ATTACHED = Message("{policies}, attached to {targets}")
_BOUNDARY = Message("{policies} as permissions boundary of {targets}")
_SCP = Message("{policies} as service control policy")
_REPLACED = Message("{policies} with another text")
_PLAN = Message("the plan {name}")
_GOAL = Message("the goal {name} with all its waves")
_TARGETS = {
    TargetKind.EVERY_USER: Message("every IAM user"),
    TargetKind.EVERY_ROLE: Message("every role"),
    TargetKind.USER: Message("the user {name}"),
    TargetKind.GROUP: Message("the user group {name}"),
    TargetKind.ROLE: Message("the role {name}"),
}
_WORDS = {
    "users": TargetKind.EVERY_USER,
    "roles": TargetKind.EVERY_ROLE,
    "user": TargetKind.USER,
    "group": TargetKind.GROUP,
    "role": TargetKind.ROLE,
}
_EVERYBODY = (TargetKind.EVERY_USER, TargetKind.EVERY_ROLE)
_ROOT = "arn:{partition}:iam::{account}:root"


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """The policies in question.

    Attributes:
        policies, boundaries: files of policies.
        scps: `LEVEL=FILE`.
        replaced: `NAME=FILE`: managed policies of the account in a new text.
        plan, goal: a plan's or a goal's file, which say it themselves.
        snapshot: the account's file.
        targets: the targets of policies and boundaries, in the form of `--attach-to`.
    """

    policies: tuple[str, ...]
    scps: tuple[str, ...]
    boundaries: tuple[str, ...]
    replaced: tuple[str, ...]
    plan: str | None
    goal: str | None
    snapshot: str | None
    targets: tuple[str, ...]

    @property
    def of_policies(self) -> bool:
        """Whether policies are given, rather than a plan or goal."""
        return bool(self.policies or self.scps or self.boundaries or self.replaced)

    @property
    def is_of_one_policy(self) -> bool:
        """Whether the question is about one policy that every user would get."""
        others = (self.scps, self.boundaries, self.replaced, self.targets)
        return len(self.policies) == 1 and not any(others)

    @property
    def is_empty(self) -> bool:
        """Whether none of these options is given."""
        return not any(getattr(self, field.name) for field in fields(self))

    def check(self) -> None:
        """Raise UsageError if the options are no question, or several."""
        asked = {
            "`--policy`": self.of_policies,
            "`--plan`": self.plan,
            "`--goal`": self.goal,
        }
        given_options = [name for name, value in asked.items() if value]
        if not given_options:
            raise UsageError(_ONE_OF)
        if len(given_options) > 1:
            raise UsageError(_ONLY_ONE.filled(options=", ".join(given_options)))
        if self.targets and not (self.policies or self.boundaries):
            raise UsageError(_OF_POLICIES)
        for option, value in (("--replace", self.replaced), ("--goal", self.goal)):
            if value and not self.snapshot:
                raise UsageError(_NEEDS_ACCOUNT.filled(option=option))
        levels = (text.partition("=")[2] for text in self.scps)
        refuse_stdin_twice((*self.policies, *levels, *self.boundaries))


question_options = grouped(
    "question",
    QuestionOptions,
    click.option(
        "--policy",
        "policies",
        metavar="FILE",
        multiple=True,
        help="A policy that would be attached: to every IAM user, or to those of --attach-to.",
    ),
    click.option(
        "--scp",
        "scps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A service control policy that would be attached to a level of the organisation.",
    ),
    click.option(
        "--boundary",
        "boundaries",
        metavar="FILE",
        multiple=True,
        help="A permissions boundary that would be set.",
    ),
    click.option(
        "--replace",
        "replaced",
        metavar="NAME=FILE",
        multiple=True,
        help="With --snapshot: a managed policy of the account with another text.",
    ),
    click.option("--plan", metavar="FILE", help="A plan's file: judge the calls by its changes."),
    click.option("--goal", metavar="FILE", help="With --snapshot: what a goal would change."),
    click.option(
        "--snapshot",
        metavar="FILE",
        help="The account, so that each caller's own policies count; without it, only the given "
        "policies count.",
    ),
    click.option(
        "--attach-to",
        "targets",
        metavar="WHOM",
        multiple=True,
        help="Where the policies are attached: users, roles, user:NAME, group:NAME, role:NAME.",
    ),
)


@dataclass(frozen=True, slots=True)
class AskedBinding:
    """The binding in question, with a text on it.

    Attributes:
        taken_at: when the account was read; None if policies are asked alone.
        caller: the named caller of a plan for the account; None: nobody.
    """

    binding: Binding
    question: ReplayQuestion
    taken_at: datetime | None = None
    caller: str | None = None

    def report(
        self, groups: "TrailGroups", skipped: "Mapping[SkippedKind, int]", settings: JudgeSettings
    ) -> ReplayReport:
        """Return the report on the past calls, in groups that the policies distinguish.

        Args:
            groups: the calls.
            skipped: the files that were not even opened.
            settings: the assumptions.
        """
        binding = with_accounts(self.binding, groups.accounts())
        if self.taken_at is not None:
            binding = with_later_callers(binding, groups.principals_after(self.taken_at))
        judge = Judge(binding, columns_of(binding), settings)
        made = MadeBy(catalogue.load().dated, __version__)
        log = figures_of(groups.reading, skipped)
        return report_on(groups, judge, log, self.question, made)


def binding_of(options: QuestionOptions, window: Window) -> AskedBinding:
    """Return the binding for the options.

    Raises:
        UsageError: if they do not go together.
        FaultyInput: if a file cannot be read, or what it says does not fit the account.
        PlanRefused: if the plan's file is none, or is for another account.
    """
    options.check()
    snapshot = account.open_account(options.snapshot) if options.snapshot else None
    named: tuple[str, ...]
    if options.plan is not None:
        made = rollout.read_plan(Path(options.plan)).plan
        asked, named = _of_plan(made, snapshot), (options.plan,)
        about = about_plan(options.plan)
    elif options.goal is not None and snapshot is not None:
        made = plan_of_goal(options.goal, snapshot)
        asked, named = _of_plan(made, snapshot), (options.goal,)
        about = about_goals([options.goal])
    else:
        asked, named, about = _of_policies(options, snapshot)
    question = ReplayQuestion(
        policies=named,
        about=about,
        account=snapshot is not None,
        since=window.start,
        until=window.end,
        enabled=enabled_of(snapshot) if snapshot is not None else None,
    )
    if snapshot is None:
        return AskedBinding(asked, question)
    return AskedBinding(asked, question, snapshot.taken_at, caller_of(snapshot))


def about_plan(path: str) -> Message:
    """Return the text of the question about a plan."""
    return _ASKED.filled(what=_PLAN.filled(name=path))


def about_goals(paths: Iterable[str]) -> Message:
    """Return the text of the question about goals."""
    return _ASKED.filled(what=listed(_GOAL.filled(name=each) for each in paths))


def enabled_of(snapshot: Snapshot) -> tuple[int, int] | None:
    """Return the number of users with a device, and of all users; None if not all were read."""
    if not snapshot.users_listed or any(gap.operation == "ListMFADevices" for gap in snapshot.gaps):
        return None
    return sum(bool(user.devices) for user in snapshot.users), len(snapshot.users)


def plan_of_goal(path: str, snapshot: Snapshot, exceptions: Exceptions | None = None) -> "Plan":
    """Return the plan for the whole goal, as if every wave were due.

    The changes do not depend on the caller who applies the plan.
    """
    goal = rollout.goal_of(rollout.read_goal(path), path, snapshot, exceptions or Exceptions())
    reason = rollout.DeferralReason
    waited = (reason.WAVE, reason.ENROLMENT, reason.PASSWORD)
    later = [name for name, waits in goal.deferred.items() if waits.reason in waited]
    goal = replace(goal, enrolling=())
    if goal.group is not None:
        members = (*goal.group.members, *later)
        goal = replace(goal, group=replace(goal.group, members=members))
    else:
        goal = replace(goal, users=(*goal.users, *later))
    root = _ROOT.format(partition=snapshot.partition, account=snapshot.account)
    return rollout.plan(goal, snapshot, rollout.PlanCaller(root, mfa=True))


def _of_plan(made: "Plan", snapshot: Snapshot | None) -> Binding:
    if snapshot is None:
        return binding_of_policies(PolicyChanges(tuple(attachments_of(made))))
    if snapshot.account != made.account:
        raise UsageError(_OTHER_ACCOUNT.filled(plan=made.account, account=snapshot.account))
    return binding_of_states(snapshot, rollout.forecast(snapshot, made.changes))


def attachments_of(made: "Plan") -> Iterator[PolicyAttachment]:
    """Yield the attachments of a plan, as far as the plan itself has policy and target.

    Raises:
        UsageError: if it changes what only the account tells.
    """
    documents = _documents((*made.changes, *made.needless))
    groups = {each.group for each in made.changes if isinstance(each, rollout.AttachGroupPolicy)}
    for change in made.changes:
        match change:
            case rollout.AttachUserPolicy(user, arn) if arn in documents:
                yield PolicyAttachment(documents[arn], Target(TargetKind.USER, user))
            case rollout.AttachGroupPolicy(_, arn) | rollout.CreatePolicyVersion(arn) if (
                arn in documents
            ):
                for holder in made.affected.get(change.address, ()):
                    yield from _attachment_to(holder, documents[arn])
            case rollout.CreatePolicy() | rollout.TagPolicy() | rollout.CreateGroup():
                pass
            case rollout.AddUserToGroup(group) if group in groups:
                # a group's policy applies to new members, too
                pass
            case _:
                raise UsageError(_PLAN_NEEDS_ACCOUNT.filled(address=change.address))


def _documents(changes: "Iterable[Change]") -> Mapping[str, AttachedPolicy]:
    return {
        change.arn: AttachedPolicy(change.arn, parse(json.dumps(change.document)))
        for change in changes
        if isinstance(change, rollout.CreatePolicy | rollout.CreatePolicyVersion)
    }


def _attachment_to(holder: str, policy: AttachedPolicy) -> Iterator[PolicyAttachment]:
    """Yield the attachment of a policy to `user NAME` or `role NAME`; groups are left out."""
    kind, _, name = holder.partition(" ")
    if kind != TargetKind.GROUP.value:
        yield PolicyAttachment(policy, Target(TargetKind(kind), name))


def _of_policies(
    options: QuestionOptions, snapshot: Snapshot | None
) -> tuple[Binding, tuple[str, ...], Message]:
    """Return a binding, the names of the policies, and the text of the question."""
    targets = tuple(map(_target, options.targets)) or (Target(TargetKind.EVERY_USER),)
    if snapshot is not None:
        _check_targets(targets, snapshot)
    elif any(each.kind is TargetKind.GROUP for each in targets):
        raise UsageError(_NEEDS_ACCOUNT.filled(option="--attach-to group:NAME"))
    identity, boundaries = read_kinds(
        (options.policies, PolicyKind.IDENTITY), (options.boundaries, PolicyKind.BOUNDARY)
    )
    levels, notes = levels_of(options.scps)
    changes = PolicyChanges(
        attached=tuple(PolicyAttachment(policy, one) for policy in identity for one in targets),
        replaced=_replaced(options.replaced, snapshot) if snapshot else {},
        boundaries=tuple(PolicyAttachment(policy, one) for policy in boundaries for one in targets),
        scps=_levels(levels, snapshot) if levels else None,
    )
    asked_levels = {each.name for each in levels}
    narrow = [
        each.name
        for each in changes.scps or ()
        if each.name in asked_levels and not any(map(allows_everything, each.policies))
    ]
    if narrow:
        named = listed(verbatim(quoted(name)) for name in narrow)
        notes = (*notes, _NARROW.filled(levels=named))
    replaced = tuple(changes.replaced)
    names = tuple(each.name for each in (*identity, *boundaries)) + replaced + options.scps
    attached_to = listed(_TARGETS[each.kind].filled(name=each.name) for each in targets)
    parts = _question_text(options, attached_to, replaced)
    about = joined_messages((_ASKED.filled(what=parts), *notes), en=" ", ja="")
    return (
        binding_of_policies(changes) if snapshot is None else binding_of_change(snapshot, changes),
        names,
        about,
    )


def _question_text(
    options: QuestionOptions, targets: Message, replaced: tuple[str, ...]
) -> Message:
    parts = []
    if options.policies:
        parts.append(_ATTACHED.filled(policies=_listed(options.policies), targets=targets))
    if options.boundaries:
        parts.append(_BOUNDARY.filled(policies=_listed(options.boundaries), targets=targets))
    if replaced:
        parts.append(_REPLACED.filled(policies=_listed(replaced)))
    if options.scps:
        parts.append(_SCP.filled(policies=_listed(options.scps)))
    return joined_messages(parts, en="; ", ja="、")


def _listed(names: Iterable[str]) -> Message:
    return listed(map(verbatim, names))


def _target(text: str) -> Target:
    word, colon, name = text.partition(":")
    kind = _WORDS.get(word)
    if kind is None or bool(colon and name) is (kind in _EVERYBODY):
        raise UsageError(_BAD_TARGET.filled(text=text))
    return Target(kind, name)


def _check_targets(targets: Iterable[Target], snapshot: Snapshot) -> None:
    """Raise UsageError for a target that the account does not have."""
    owners: Mapping[TargetKind, Iterable[User | Group | Role]] = {
        TargetKind.USER: snapshot.users,
        TargetKind.GROUP: snapshot.groups,
        TargetKind.ROLE: snapshot.roles,
    }
    for target in targets:
        if target.kind in owners:
            names = [each.name for each in owners[target.kind]]
            if target.name not in (*names, *(each.arn for each in owners[target.kind])):
                text = f"{target.kind.value}:{target.name}"
                raise UsageError(_NOBODY.filled(text=text), fix=did_you_mean(target.name, names))


def _levels(levels: tuple[Level, ...], snapshot: Snapshot | None) -> tuple[Level, ...]:
    """Return the levels of the account with the policies in question.

    A level that the account lacks comes last: a Deny applies at any level.
    """
    asked = {each.name: each for each in levels}
    before = snapshot.scps if snapshot is not None and snapshot.scps else ()
    with_more = tuple(
        replace(each, policies=(*each.policies, *asked.pop(each.name).policies))
        if each.name in asked
        else each
        for each in before
    )
    return (*with_more, *asked.values())


def _replaced(texts: Iterable[str], snapshot: Snapshot) -> Mapping[str, Document]:
    """Return the new documents by the ARN of the policy.

    Raises:
        UsageError: if a text is not `NAME=FILE`, or the account has no such policy.
    """
    named = {policy.name: arn for arn, policy in snapshot.policies.items()}
    found = {}
    for text in texts:
        name, path = pair("--replace", "NAME=FILE", text)
        arn = name if name in snapshot.policies else named.get(name)
        if arn is None:
            raise UsageError(_NO_POLICY.filled(name=name), fix=did_you_mean(name, named))
        found[arn] = parse(read_policy(path), source=path)
    return found
