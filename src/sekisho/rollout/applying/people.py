"""The people of a plan that is applied: who gets in with the credentials that they have now.

A plan is judged by an account that was read some time before. Since then a help desk may have set a
temporary password, or somebody may have lost a device. So passwords, devices and access keys are
read again: for everybody before the first change, and for each person right before and right after
their changes. A person who would not get in is left out, with all changes for them; the rest of the
plan is applied.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sekisho.account import (
    AwsApi,
    Snapshot,
    User,
    collect_sign_in,
    collect_user_sign_in,
    unread_credentials,
    user_ref,
)
from sekisho.audit.enforcement import enforcements_of
from sekisho.audit.impact import Administrators, ImpactKind, SignInOutcome, SignInOutcomes
from sekisho.messages import Message
from sekisho.rollout.applying.journal import Event, Journal
from sekisho.rollout.changes.affected import affected_by
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import CreatePolicyVersion, enrolment_arns
from sekisho.rollout.changes.unused import DeleteUnusedPassword
from sekisho.rollout.changes.users import (
    AttachUserPolicy,
    CreateUser,
    DetachGroupPolicy,
    DetachUserPolicy,
)
from sekisho.rollout.planning.before_after import is_affected
from sekisho.rollout.planning.plan import Plan
from sekisho.rollout.planning.rights import with_changes_made
from sekisho.rollout.planning.safety import WorkingAccount, administrator_remains

GETS_IN = "everyone-gets-in"
REMAINS = "administrator-remains"

LOCKED_OUT = Message("they would be locked out with the credentials they have now: {why}")
NOT_KNOWN = Message("whether they could sign in is unknown: {why}")
GONE = Message("the user is no longer there: deleted or renamed")
RELIES = Message("their changes need `{address}`, which is left out")
LAST_ADMINISTRATOR = Message(
    "with the credentials that users have now, no administrator of users would remain"
)


@dataclass(slots=True)
class People:
    """The people whom a run changes something for, and those whom it leaves out.

    Attributes:
        plan: what is carried out.
        api: AWS.
        account: as it was before the run's first change, with the credentials that were last read.
        journal: tells which changes are made.
        changes: the changes that the run has to make, or has made, by address.
        unchecked: the addresses at which an earlier run broke off before it could see whether
            people still got in, or take the change back.
        left_out: why somebody is left out, by name.
    """

    plan: Plan
    api: AwsApi
    journal: Journal
    account: Snapshot
    changes: dict[str, Change]
    unchecked: frozenset[str] = frozenset()
    left_out: dict[str, Message] = field(default_factory=dict)
    _dropped: set[str] = field(default_factory=set)
    """The addresses of changes that are not made because somebody is left out."""
    _reached: frozenset[str] = frozenset()
    """The users for whom an earlier run has made a change."""

    def read(self, left_out: Mapping[str, Message]) -> None:
        """Read the credentials of all whom the changes reach; leave out who would not get in.

        Args:
            left_out: who is left out in any case, and why.

        Raises:
            AwsRefused: if nobody answers, or AWS no longer accepts the credentials.
        """
        known, after = self.account, self._after()
        names = {user.name for user in after.users if is_affected(known, after, user)}
        if names & {*self.plan.rights.administrators}:
            names |= {*self.plan.rights.administrators}
        self.account = collect_sign_in(self.api, known, names)
        self._reached = self._reached_before()
        self.leave_out({**left_out, **self._users_gone()})
        while no_way_in := self._no_way_in() or self._last_administrators():
            if not self.leave_out(no_way_in):
                # it is not seen which change it is that reaches them
                self._drop(self.changes.values())

    def users_reached(self, change: Change) -> tuple[str, ...]:
        """Return the users who are there already and whom a change gives other policies."""
        if change.person:
            return (change.person,)
        after = self._after() if isinstance(change, DetachGroupPolicy) else self.account
        reached = affected_by((change,), self.account, after).get(change.address, ())
        names = (each.removeprefix("user ") for each in reached if each.startswith("user "))
        return tuple(name for name in names if name in self.account.user_named)

    def reread(self, names: Iterable[str]) -> Mapping[str, Message]:
        """Read the credentials of some people again; return those who do not get in, and why.

        Only people whose credentials have changed since the last look are judged.

        Raises:
            AwsRefused: if nobody answers, or AWS no longer accepts the credentials.
        """
        gone, changed = {}, []
        for name in names:
            known = self.account.user_named.get(name)
            if known is None:
                continue  # the plan creates them
            user, gaps = collect_user_sign_in(self.api, known)
            others = tuple(each for each in self.account.gaps if each.resource != user_ref(name))
            if any(each.code == "NoSuchEntity" for each in gaps):
                gone[name] = GONE
                # what is for all does not reach them any more
                users = tuple(each for each in self.account.users if each is not known)
                self.account = replace(self.account, users=users)
            elif _held(user) != _held(known) or {*gaps, *others} != {*self.account.gaps}:
                users = tuple(user if each is known else each for each in self.account.users)
                self.account = replace(self.account, users=users, gaps=(*others, *gaps))
                changed.append(name)
        return {**gone, **self.judge(changed)}

    def judge(self, names: Iterable[str]) -> Mapping[str, Message]:
        """Return those of the people who do not get in, and why, without reading anything again."""
        asked = {*names}
        return self._no_way_in(asked) if asked else {}

    def locked_out_since(self, names: Iterable[str]) -> Mapping[str, Message]:
        """Return the users who are enforced, no longer get in, and did at the time of the plan."""
        asked = {*names} - self._losing_password()
        after = self._after(asked)
        few = tuple(each for each in after.users if each.name in asked)
        outcomes = SignInOutcomes(after, unread_credentials(self.account)).outcomes(few)
        enforcements = enforcements_of(replace(after, users=few))
        return {
            name: LOCKED_OUT.filled(why=outcome.why)
            for name, outcome in outcomes.items()
            if outcome.locked_out
            and enforcements[name].enforced_directly
            and name not in self.plan.locked_out
            and not self._is_accepted(name, outcome)
        }

    def leave_out(self, names: Mapping[str, Message]) -> bool:
        """Leave out some people, with every change for them that is not made yet.

        If none is for them by name, the first change that reaches them is left out, and so are all
        that come after it, which rely on it. Returns whether any change is left out for it.
        """
        before = len(self.changes)
        new = {name: why for name, why in names.items() if name not in self.left_out}
        self.left_out |= new
        own = [each for each in self._waiting() if each.person in self.left_out]
        self._drop(own)
        if others := names.keys() - {each.person for each in own}:
            self._leave_out_shared(others)
        # what enforces MFA for them stays where nothing comes in its place
        self._drop(
            each
            for each in self._waiting()
            if isinstance(each, DetachGroupPolicy)
            and self.left_out.keys() & {*self.users_reached(each)}
        )
        return len(self.changes) < before

    def is_left_out(self, change: Change) -> bool:
        """Return whether a change is not made because of somebody who is left out."""
        return change.address in self._dropped or change.person in self.left_out

    def note_taken_back(self, changes: Iterable[Change]) -> None:
        """Note that these changes are being taken back, and leave out what relies on them.

        If one of them is for several people, no waiting change is made any more: somebody whose
        other MFA enforcement it replaces would be left with none.
        """
        taken = [*changes]
        self._drop(taken)
        if shared := next((each for each in taken if not each.person), None):
            self._drop_relying(shared, self._waiting())

    def _leave_out_shared(self, names: Collection[str]) -> None:
        waiting = self._waiting()
        shared = (
            place
            for place, each in enumerate(waiting)
            if not each.person
            and not isinstance(each, DetachGroupPolicy)
            and not {*names}.isdisjoint(self.users_reached(each))
        )
        place = next(shared, None)
        if place is not None:
            self._drop_relying(waiting[place], waiting[place:])

    def _drop_relying(self, shared: Change, changes: list[Change]) -> None:
        relies = RELIES.filled(address=shared.address)
        for each in changes:
            if each.person:
                self.left_out.setdefault(each.person, relies)
        self._drop(changes)

    def _waiting(self) -> list[Change]:
        kept = self.changes.values()
        return [each for each in kept if self.journal.last_event(each.address) is not Event.DONE]

    def _drop(self, changes: Iterable[Change]) -> None:
        for each in [*changes]:
            self.changes.pop(each.address, None)
            self._dropped.add(each.address)

    def _after(self, names: Collection[str] | None = None) -> Snapshot:
        """Return the account once the plan is applied; with `names`, without changes for others."""
        kept = [*self.changes.values()]
        if names is not None:
            # to forecast what is done to everybody, for each of them, would be quadratic
            kept = [each for each in kept if not each.person or each.person in names]
        return with_changes_made(self.account, kept)

    def _users_gone(self) -> Mapping[str, Message]:
        """Return the users whom the changes name, and who were deleted or renamed."""
        unread = {
            each.resource.name
            for each in self.account.gaps
            if each.code == "NoSuchEntity" and each.resource == user_ref(each.resource.name)
        }
        made = {each.name for each in self.plan.changes if isinstance(each, CreateUser)}
        there = {*self.account.user_named} - unread
        named = {each.person for each in self.changes.values() if each.person}
        return dict.fromkeys(sorted((named - there - made) | unread), GONE)

    def _no_way_in(self, names: set[str] | None = None) -> Mapping[str, Message]:
        """Return the affected users who do not get in, except those who could not before."""
        after, unread = self._after(names), unread_credentials(self.account)
        # nothing is denied to users who may enrol, or no longer may
        unharmed = self._losing_password() | self._only_enrolling()
        affected = [
            each
            for each in after.users
            if (names is None or each.name in names)
            and each.name not in unharmed
            and is_affected(self.account, after, each)
        ]
        outcomes = SignInOutcomes(after, unread).outcomes(affected)
        doubtful = {
            name: outcome
            for name, outcome in outcomes.items()
            if not outcome.gets_in and not self._is_accepted(name, outcome)
        }
        was = tuple(each for each in self.account.users if each.name in doubtful)
        before = SignInOutcomes(self.account, unread).outcomes(was)
        enforcements = enforcements_of(replace(self.account, users=was))
        stuck = {
            name
            for name, outcome in before.items()
            if outcome.locked_out
            and enforcements[name].enforced_directly
            # who was not so when the plan was made may be so by what a run before has made
            and (name not in self._reached or name in self.plan.locked_out)
        }
        return {
            name: (LOCKED_OUT if outcome.locked_out else NOT_KNOWN).filled(why=outcome.why)
            for name, outcome in doubtful.items()
            if name not in stuck
        }

    def _losing_password(self) -> set[str]:
        """Return the users whose unused password the plan takes away, as the goal says by name."""
        return {each.user for each in self.plan.changes if isinstance(each, DeleteUnusedPassword)}

    def _only_enrolling(self) -> set[str]:
        """Return the users for whom the plan begins or ends the time to enrol, and no more."""
        if self.plan.enrolment is None:
            return set()
        arns = enrolment_arns(self.plan.enrolment, self.plan.partition)
        enrolling, others = set[str](), set[str]()
        for change in self.plan.changes:
            reached = (change.person,) if change.person else self._affected_users(change)
            match change:
                case AttachUserPolicy() | DetachUserPolicy() | CreatePolicyVersion():
                    (enrolling if change.arn in arns else others).update(reached)
                case _:
                    others.update(reached)
        return enrolling - others

    def _affected_users(self, change: Change) -> Iterator[str]:
        for name in self.plan.affected.get(change.address, ()):
            if name.startswith("user "):
                yield name.removeprefix("user ")

    def _reached_before(self) -> frozenset[str]:
        """Return the users for whom an earlier run has made a change."""
        done = [e for e in self.plan.changes if self.journal.last_event(e.address) is Event.DONE]
        reached = {name for each in done for name in self.plan.affected.get(each.address, ())}
        people = {name.removeprefix("user ") for name in reached if name.startswith("user ")}
        return frozenset(people | {each.person for each in done})

    def _is_accepted(self, name: str, outcome: SignInOutcome) -> bool:
        """Return whether the plan accepts that somebody does not get in, or may not."""
        if name not in self.plan.problems.get(GETS_IN, ()):
            return False
        impacts = {each.user: each.impact for each in self.plan.people}
        return not outcome.locked_out or impacts.get(name) is ImpactKind.LOCKED_OUT

    def _last_administrators(self) -> Mapping[str, Message]:
        """Return the affected administrators, if nobody would remain who can administer users."""
        if REMAINS in self.plan.problems:
            return {}  # somebody has accepted that
        after, unread = self._after(), unread_credentials(self.account)
        names = {*self.plan.rights.administrators}
        affected = [
            each.name
            for each in after.users
            if each.name in names and is_affected(self.account, after, each)
        ]
        if not affected:
            return {}
        before, then = (
            WorkingAccount(
                few := replace(each, users=tuple(u for u in each.users if u.name in names)),
                Administrators(few),
                SignInOutcomes(each, unread),
                unread,
            )
            for each in (self.account, after)
        )
        holds = administrator_remains(before, then).holds
        return {} if holds else dict.fromkeys(affected, LAST_ADMINISTRATOR)


def _held(user: User) -> tuple[object, ...]:
    """Return the credentials of a user, without the dates of their last use."""
    password = user.password and (user.password.reset_required, user.password.created_at)
    return password, user.devices, tuple((key.id, key.active) for key in user.keys)
