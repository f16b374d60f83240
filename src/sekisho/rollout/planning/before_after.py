"""The account before and after a plan, and whom the plan touches. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from typing import TypeVar

from sekisho.account import (
    Credentials,
    Snapshot,
    Usage,
    User,
    credentials_by_user,
    other_credentials,
    policies_of,
    unread_credentials,
)
from sekisho.audit.enforcement import (
    DocumentNumbers,
    EquivalenceKeys,
    UserEnforcement,
    enforcements_of,
)
from sekisho.audit.impact import Administrators, SignInOutcome, SignInOutcomes
from sekisho.engine import Policies
from sekisho.errors import FaultyAccount
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover import Enforced
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import enrolment_arns
from sekisho.rollout.goal.model import Goal, policy_arn
from sekisho.rollout.planning.plan import PlanCaller
from sekisho.rollout.planning.requests import SCOPE
from sekisho.rollout.planning.rights import Rights, rights_of
from sekisho.work import tracked

COMPARING = Message("Comparing users before and after")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The account before and after a plan's changes.

    Attributes:
        policies: the ARNs of the policies that enforce MFA, of both stages.
        break_glass: users that must not be touched.
        affected: the users for whom other policies will decide than now, new users among them; also
            all whose policies were not read.
        targets: the users whom the goal is about, affected or not.
        enrolment: the ARNs of the policies that people have before MFA is enforced.
        enforcements: of affected users and targets, by name, whether they are enforced afterwards.
        enforcements_before: the same for the account as it is.
        sign_ins: asks whether users get in afterwards.
        sign_ins_before: the same for the account as it is.
        outcomes: whether each of the affected who hold something gets in afterwards.
        outcomes_before: the same for the account as it is.
        representatives: for each affected user, by name, one who stands for all with equivalent
            policies and the same kinds of credentials.
        policy_representatives: likewise, for all with equivalent policies, whatever they hold.
        needless: changes that are not made, because the fact is as wanted; they are read as well.
        unread: the operations that failed to tell what a user holds, by name.
        credentials: the known credentials of each user of the account, as the audit has them.
        administrators: the administrators afterwards.
        administrators_before: the same for the account as it is.
        usage: the logged use of users; None: there are no logs.
    """

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]
    caller: PlanCaller
    policies: tuple[str, ...]
    break_glass: tuple[str, ...]
    affected: tuple[User, ...]
    enforcements: Mapping[str, UserEnforcement]
    enforcements_before: Mapping[str, UserEnforcement]
    sign_ins: SignInOutcomes = field(compare=False)
    sign_ins_before: SignInOutcomes = field(compare=False)
    outcomes: Mapping[str, SignInOutcome]
    representatives: Mapping[str, User]
    policy_representatives: Mapping[str, User]
    credentials: Mapping[str, Credentials] = field(compare=False)
    administrators: Administrators = field(compare=False)
    administrators_before: Administrators = field(compare=False)
    targets: tuple[User, ...] = ()
    enrolment: frozenset[str] = frozenset()
    outcomes_before: Mapping[str, SignInOutcome] = field(default_factory=dict)
    needless: tuple[Change, ...] = ()
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    usage: Usage | None = None

    def exists_before(self, user: User) -> bool:
        """Return whether the user is there already."""
        return user.name in self.before.user_named

    def gets_policy(self, user: User) -> bool:
        """Return whether a policy that enforces MFA decides for the user afterwards."""
        return _has_policy(self.after, user, self.policies)

    def only_enrols(self, user: User) -> bool:
        """Return whether a user may just enrol before the day, or no longer may, and that is all.

        It is so, too, where what somebody has made of the enrolment policy is put right. Of users
        who are enforced by another policy that is not all: they may depend on it.
        """
        if self.gets_policy(user) or self.was_enforced(user):
            return False
        return self.keeps_all_but_enrolment(user)

    def keeps_all_but_enrolment(self, user: User) -> bool:
        """Return whether nothing changes for a user but policies to enrol with."""
        before = self.before.user_named.get(user.name)
        if before is None:
            return False
        then, now = (policies_or_none(each, user.name) for each in (self.before, self.after))
        if then is None or now is None or then == now or before.groups != user.groups:
            # what is taken away besides policies, such as a device, is not all
            return False
        return self._beside_enrolment(then) == self._beside_enrolment(now)

    def _beside_enrolment(self, policies: Policies) -> Policies:
        others = (each for each in policies.identity if each.name not in self.enrolment)
        return replace(policies, identity=tuple(others))

    def answers_by_policy(
        self, question: Callable[["BeforeAfter", User], _Answer]
    ) -> Mapping[str, _Answer]:
        """Return for each of the affected, by name, the answer to what only policies decide."""
        return self._answers_by_representative(question, self.policy_representatives)

    def users_for_whom(self, question: Callable[["BeforeAfter", User], bool]) -> tuple[str, ...]:
        """Return the affected users for whom the answer is yes; equivalent users share one."""
        return tuple(
            name
            for name, answer in self._answers_by_representative(
                question, self.representatives
            ).items()
            if answer
        )

    def _answers_by_representative(
        self, question: Callable[["BeforeAfter", User], _Answer], like: Mapping[str, User]
    ) -> Mapping[str, _Answer]:
        answers: dict[str, _Answer] = {}
        for user in tracked(self.affected, COMPARING):
            representative = like[user.name]
            if representative.name not in answers:
                answers[representative.name] = question(self, representative)
        return {user.name: answers[like[user.name].name] for user in self.affected}

    def was_stuck(self, name: str) -> bool:
        """Return whether it is proved that a user had no way in before.

        Enforced, and no way to MFA.

        Who was not enforced could work without MFA, so that for them a way to it is not all.
        """
        entry, enforcement = self.outcomes_before.get(name), self.enforcements_before.get(name)
        refuted = entry is not None and entry.locked_out
        return refuted and enforcement is not None and enforcement.enforced_directly

    def rights(self) -> Rights:
        """Return the rights of the users whom the plan is about, and of administrators."""
        judged = (user.name for user in (*self.affected, *self.targets))
        about = dict.fromkeys((*judged, *self.break_glass))
        return rights_of(self.after, about, self.caller.arn, self.administrators)

    def was_enforced(self, user: User) -> bool:
        """Return whether it is proved that the user is enforced already."""
        enforcement = self.enforcements_before.get(user.name)
        return enforcement is not None and enforcement.enforced is Enforced.PROVED


def compare_accounts(
    snapshots: tuple[Snapshot, Snapshot],
    changes: Iterable[Change],
    caller: PlanCaller,
    goal: Goal,
    other: BeforeAfter | None = None,
) -> BeforeAfter:
    """Return the account before and after `changes`, with the users that they touch.

    Args:
        snapshots: the account before and after.
        changes: what is between the two.
        caller: who makes them.
        goal: what they are for.
        other: of another plan for the same account: what it knows of the account before.
    """
    before, after = snapshots
    wanted = [goal.policy, *([goal.enrolled.policy] if goal.enrolled else [])]
    affected = tuple(user for user in after.users if is_affected(before, after, user))
    policies = tuple(policy_arn(after, policy) for policy in wanted)
    targets = _targets(goal, after, policies)
    judged = tuple({user.name: user for user in (*affected, *targets)}.values())
    unread = unread_credentials(before)
    sign_ins = SignInOutcomes(after, unread)
    names = {user.name for user in affected}
    if other is not None and not names & before.user_named.keys() <= {*other.enforcements_before}:
        # it was not asked of each of them how they were before
        other = None
    was = tuple(user for user in before.users if user.name in names)
    sign_ins_before = other.sign_ins_before if other else SignInOutcomes(before, unread)
    return BeforeAfter(
        before=before,
        after=after,
        changes=tuple(changes),
        caller=caller,
        policies=policies,
        break_glass=goal.break_glass,
        affected=affected,
        enforcements=enforcements_of(replace(after, users=judged)),
        enforcements_before=(
            other.enforcements_before if other else enforcements_of(replace(before, users=was))
        ),
        sign_ins=sign_ins,
        sign_ins_before=sign_ins_before,
        outcomes=sign_ins.outcomes(affected),
        representatives=representatives(before, after, affected),
        policy_representatives=representatives(before, after, affected, holding=False),
        targets=targets,
        enrolment=(
            enrolment_arns(policy_arn(after, goal.enrolment), after.partition)
            if goal.enrolment
            else frozenset()
        ),
        outcomes_before=other.outcomes_before if other else sign_ins_before.outcomes(was),
        unread=unread,
        credentials=credentials_by_user(before),
        administrators=Administrators(after),
        administrators_before=other.administrators_before if other else Administrators(before),
    )


def _targets(goal: Goal, after: Snapshot, policies: tuple[str, ...]) -> tuple[User, ...]:
    """Return the users whom a goal is about; if it names none, all who get the policy."""
    if not goal.names_nobody:
        named = {*goal.enforced}
        return tuple(user for user in after.users if user.name in named)
    return tuple(user for user in after.users if _has_policy(after, user, policies))


def _has_policy(snapshot: Snapshot, user: User, policies: tuple[str, ...]) -> bool:
    found = policies_or_none(snapshot, user.name)
    return found is not None and any(each.name in policies for each in found.identity)


def is_affected(before: Snapshot, after: Snapshot, user: User) -> bool:
    """Return whether other policies decide for a user afterwards, or it cannot be told.

    Where something was not read, it can be told if nothing changes that was there before, and
    nothing is made that the user has already.
    """
    policies = policies_or_none(after, user.name)
    if policies is not None:
        return policies != policies_or_none(before, user.name)
    groups = (group.attached for group in before.groups if group.name in user.groups)
    held = {*user.attached, user.boundary, *(arn for arns in groups for arn in arns)}
    return (
        before.user_named.get(user.name) != user
        or not held.isdisjoint(after.policies.keys() - before.policies.keys())
        or any(after.group_named.get(each.name) != each for each in before.groups)
        or any(after.policies.get(arn) != each for arn, each in before.policies.items())
    )


def policies_or_none(snapshot: Snapshot, name: str) -> Policies | None:
    """Return a user's policies, or None if there is no such user or a policy was not read."""
    try:
        return policies_of(snapshot, name)
    except FaultyAccount:
        return None


def holds_if_known(
    question: Callable[[Snapshot, User], bool], snapshot: Snapshot, user: User
) -> bool:
    """Return the answer to `question`; what cannot be answered does not hold."""
    try:
        return question(snapshot, user)
    except FaultyAccount:
        return False


def representatives(
    before: Snapshot, after: Snapshot, users: Iterable[User], *, holding: bool = True
) -> Mapping[str, User]:
    """Return for each user, by name, one who stands for all that are equivalent.

    For equivalent users the same documents decide before and after, and neither these nor the
    requests can distinguish them; if `holding`, they also hold the same kinds of credentials, as
    far as is known.
    """
    equivalence, unread = EquivalenceKeys(DocumentNumbers(), SCOPE), unread_credentials(before)
    first: dict[tuple[object, ...], User] = {}

    def key(user: User) -> tuple[object, ...]:
        try:
            decide = [policies_of(each, user.name) for each in (before, after)]
        except FaultyAccount:
            return (user.name,)
        own = (_holds(user), unread.get(user.name, ())) if holding else ()
        return (*own, *equivalence.of(user, *decide))

    return {user.name: first.setdefault(key(user), user) for user in users}


def _holds(user: User) -> tuple[bool, ...]:
    """Return whether there is a credential of each kind that may be shut out."""
    return (
        user.password is not None,
        any(key.active for key in user.keys),
        bool(other_credentials(user)),
    )
