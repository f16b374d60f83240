"""Faults of a goal: by itself, and of names that do not exist in the account."""

from collections import Counter
from collections.abc import Iterable, Iterator

from sekisho.account import Group, ManagedPolicy, Snapshot, User
from sekisho.errors import Code, Fault, did_you_mean
from sekisho.messages import Message
from sekisho.policy import Quota, names, over_quota, size
from sekisho.rollout.goal.model import Goal, GroupGoal, NewUser, PolicyGoal, policy_arn
from sekisho.rollout.goal.selectors import NO_GROUP, NO_USER


def faults_of(goal: Goal, snapshot: Snapshot) -> tuple[Fault, ...]:
    """Return everything that is wrong with `goal`, with the place of each fault in it."""
    new = [user.name for user in goal.new_users]
    users = {user.name for user in snapshot.users}
    groups = {group.name for group in snapshot.groups}
    groups |= {goal.group.name} if goal.group else set()
    faults: list[Fault] = []
    for place, policy, group in _stages(goal):
        faults += _policy_faults(policy, f"{place}policy", snapshot)
        faults += _group_faults(group, f"{place}group") if group is not None else ()
    for index, user in enumerate(goal.new_users):
        faults += _new_user_faults(user, f"new_users[{index}]")
        faults += _unknown_names(NO_GROUP, user.groups, groups, f"new_users[{index}].groups")
    faults += _duplicate_names((name.lower() for name in new), "new_users")
    faults += _unknown_names(NO_USER, goal.users, users, "users")
    faults += _duplicate_names(goal.users, "users")
    faults += _unknown_names(NO_USER, goal.break_glass, users, "break_glass")
    if goal.group is not None:
        faults += _unknown_names(NO_USER, goal.group.members, users | {*new}, "group.members")
    faults += _unused_faults(goal, users)
    return (
        *faults,
        *_break_glass_faults(goal),
        *_replacement_faults(goal, snapshot),
        *_names_taken(goal, snapshot),
    )


def _stages(goal: Goal) -> Iterator[tuple[str, PolicyGoal, GroupGoal | None]]:
    """Yield each stage's policy and group, and what their places in a goal file begin with."""
    yield "", goal.policy, goal.group
    if goal.enrolled is not None:
        name, path = goal.enrolled.group, goal.group.path if goal.group else "/"
        yield "afterEnrolment.", goal.enrolled.policy, GroupGoal(name, path=path) if name else None


def _replacement_faults(goal: Goal, snapshot: Snapshot) -> Iterator[Fault]:
    """Yield a policy of the goal that would be taken away again as soon as it is attached."""
    own = {policy_arn(snapshot, policy).lower() for _, policy, _ in _stages(goal)}
    for arn in goal.replaces:
        if arn.lower() in own:
            message = Message(
                "`{arn}` is the policy that enforces MFA and cannot be replaced by itself"
            ).filled(arn=arn)
            fix = Message("remove it from `replaces`")
            yield Fault(Code.PLAN_UNSAFE, message, "replaces", fix=fix)


def _policy_faults(policy: PolicyGoal, where: str, snapshot: Snapshot) -> Iterator[Fault]:
    yield from names.policy_name(policy.name, f"{where}.name")
    yield from names.policy_path(policy.path, f"{where}.path")
    yield from names.description(policy.description, f"{where}.description")
    yield from names.tags(policy.tags.items(), f"{where}.tags")
    used = size(policy.document)
    yield from over_quota(used, Quota.MANAGED_POLICY, policy.name, snapshot.summary)


def _group_faults(group: GroupGoal, where: str) -> Iterator[Fault]:
    yield from names.group_name(group.name, f"{where}.name")
    yield from names.path(group.path, f"{where}.path")
    yield from _duplicate_names(group.members, f"{where}.members")


def _new_user_faults(user: NewUser, where: str) -> Iterator[Fault]:
    yield from names.user_name(user.name, f"{where}.name")
    yield from names.path(user.path, f"{where}.path")
    yield from names.tags(user.tags.items(), f"{where}.tags")
    yield from _duplicate_names(user.groups, f"{where}.groups")


def _unknown_names(
    kind: Message, wanted: Iterable[str], known: set[str], where: str
) -> Iterator[Fault]:
    for name in wanted:
        if name not in known:
            message = kind.filled(name=name)
            yield Fault(Code.ACCOUNT_BAD_REFERENCE, message, where, fix=did_you_mean(name, known))


def _duplicate_names(given: Iterable[str], where: str) -> Iterator[Fault]:
    for name, count in Counter(given).items():
        if count > 1:
            yield Fault(
                Code.PLAN_FAULTY,
                Message("`{name}` appears {count} times").filled(name=name, count=count),
                where,
                fix=Message("keep one"),
            )


def _unused_faults(goal: Goal, users: set[str]) -> Iterator[Fault]:
    """Yield users without a place in the account, or in an emergency, who would lose something."""
    keys = (("keys_to_disable", goal.keys_to_disable), ("keys_to_delete", goal.keys_to_delete))
    named = [("passwords_to_disable", goal.passwords_to_disable)]
    named += [(where, tuple(dict.fromkeys(user for user, _ in each))) for where, each in keys]
    for where, losing in named:
        yield from _unknown_names(NO_USER, losing, users, where)
        for name in losing:
            if name in goal.break_glass:
                message = Message("the break-glass user `{name}` would lose a credential")
                fix = Message("remove it from one of the two lists")
                yield Fault(Code.PLAN_UNSAFE, message.filled(name=name), where, fix=fix)


def _break_glass_faults(goal: Goal) -> Iterator[Fault]:
    members = goal.group.members if goal.group else ()
    aimed_at = {*goal.users, *members, *(user.name for user in goal.new_users)}
    for name in goal.break_glass:
        if name in aimed_at:
            message = Message("MFA would be enforced for the break-glass user `{name}`").filled(
                name=name
            )
            fix = Message("remove it from one of the two lists")
            yield Fault(Code.PLAN_UNSAFE, message, "break_glass", fix=fix)


def _names_taken(goal: Goal, snapshot: Snapshot) -> Iterator[Fault]:
    """Yield the names that something else has: IAM compares them without path and case."""
    policies = [policy for policy in snapshot.policies.values() if not policy.aws_managed]
    for place, policy, group in _stages(goal):
        yield from _name_at_other_path(policy, policies, f"{place}policy")
        if group is not None:
            yield from _name_at_other_path(group, snapshot.groups, f"{place}group")
    for index, user in enumerate(goal.new_users):
        yield from _name_at_other_path(user, snapshot.users, f"new_users[{index}]")
        yield from _other_user_of_name(
            user, snapshot.user_named.get(user.name), f"new_users[{index}]"
        )


def _other_user_of_name(wanted: NewUser, known: User | None, where: str) -> Iterator[Fault]:
    """Yield a fault if the user is there already, and not as a half-done plan would leave them."""
    if known is None:
        return
    devices_and_keys = known.keys or known.devices
    gets_password = known.password is None and wanted.password is not None and devices_and_keys
    tags_differ = any(known.tags.get(key) != value for key, value in wanted.tags.items())
    if gets_password or tags_differ:
        message = Message("the user `{name}` already exists, and is somebody else").filled(
            name=wanted.name
        )
        yield Fault(Code.NAME_REFUSED, message, f"{where}.name", fix=Message("choose another name"))


def _name_at_other_path(
    wanted: PolicyGoal | GroupGoal | NewUser,
    existing: Iterable[ManagedPolicy] | Iterable[Group] | Iterable[User],
    where: str,
) -> Iterator[Fault]:
    for known in existing:
        same = known.name.lower() == wanted.name.lower()
        if same and (known.name, known.path) != (wanted.name, wanted.path):
            message = Message("the name `{name}` is taken by `{arn}`").filled(
                name=wanted.name, arn=known.arn
            )
            fix = Message("use that one's exact name and path, or another name")
            yield Fault(Code.NAME_REFUSED, message, f"{where}.name", fix=fix)
