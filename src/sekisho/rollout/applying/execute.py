"""Carries out a plan and nothing else; can be killed at any call and run again.

A fault that concerns one person leaves out that person: somebody who would not get in with the
credentials that they have now, whom somebody else has changed or deleted, or for whom AWS refuses a
call. A fault that concerns the plan itself, its caller or a break-glass user stops it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from itertools import groupby
from typing import Any

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused, Code, PlanRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages
from sekisho.rollout.applying.change_status import (
    ChangeStatus,
    PasswordOwner,
    password_in_doubt,
    password_owner,
    status_of,
)
from sekisho.rollout.applying.journal import Clock, Event, Journal, JournalEntry
from sekisho.rollout.applying.people import GONE, People
from sekisho.rollout.applying.preconditions import (
    changed_since,
    check_age,
    check_applicable,
    check_caller,
    check_console_authorization,
    check_drift,
    check_rights,
    may_not_show_yet,
    omittable_users,
    stale_plan,
)
from sekisho.rollout.applying.rollback import take_back
from sekisho.rollout.applying.stop import REFUSALS, Stop
from sekisho.rollout.changes.affected import newcomers
from sekisho.rollout.changes.model import Change, IamCall, Link, Observations, State
from sekisho.rollout.changes.observer import GROUPS_OF_USER, Observer
from sekisho.rollout.changes.users import (
    PARTING,
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    CreateLoginProfile,
    DetachUserPolicy,
    SetsPassword,
)
from sekisho.rollout.planning.plan import Plan

Passwords = Callable[[str], str]

_SETTLED = (Event.DONE, Event.ALREADY)
_NOT_OURS = (None, Event.ALREADY, Event.REFUSED, Event.UNDONE, Event.GONE)
REFUSED = Message("AWS refuses {operation} ({code}): {message}")
TAKEN_BACK = Message("the changes for this user were undone at once: {why}")
NOT_TAKEN_BACK = Message("not all changes for this user could be undone: {why}")
_NOBODY: Mapping[str, Message] = {}


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """How far a plan was carried out, by addresses in the plan's order.

    Attributes:
        done: made by this plan, in this run or before.
        already: found as the plan wants it, made by somebody else.
        remaining: not made; empty unless the run stopped or somebody is left out.
        stopped: where, or None.
        notes: what else has changed since, or could not be read again, and as what it counts.
        left_out: why somebody is left out, by name.
    """

    done: tuple[str, ...]
    already: tuple[str, ...]
    remaining: tuple[str, ...] = ()
    stopped: Stop | None = None
    notes: tuple[Message, ...] = ()
    left_out: Mapping[str, Message] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether everything is as the plan wants it."""
        return self.stopped is None and not self.remaining and not self.left_out


def execute(
    plan: Plan,
    api: AwsApi,
    journal: Journal,
    *,
    passwords: Passwords,
    now: Clock,
) -> ApplyReport:
    """Make the changes of `plan` in order, each journalled before and after its call.

    Changes that are already made count as done. A user who could not get in as of now is left out,
    before anything is changed for them; who is found locked out right after it gets the former
    state back. Where AWS refuses a call that is about one person, that person is left out; where it
    refuses another, the run stops and says what is done and what is not. Running it again goes on
    from there.

    Args:
        plan: the plan; nothing outside it is done.
        api: AWS, with the credentials of the plan's caller.
        journal: the file that this plan, and no other, is journalled in.
        passwords: returns the temporary password of a new user; it is sent to AWS and kept nowhere.
        now: the clock that each line of the journal is dated by, and the plan's age is counted to.

    Raises:
        PlanRefused: if the plan is not applicable, is of another account or caller, has another
            journal, is older than `MAX_PLAN_AGE` or dated in the future, or if what it is about
            beside people, its console authorization, or the rights of its caller or of a
            break-glass user have changed since; nothing is done then. Also if somebody changes that
            meanwhile, or if it is in doubt whose a password is; what was done stands in the
            journal.
    """
    check_applicable(plan)
    journal.open(plan.digest, succeeds=True)
    try:
        check_caller(plan, api)
        journal.open(plan.digest, plan.to_json(), succeeds=True)
        statuses, left_out = check_drift(plan, api, journal, now())
    except AwsRefused as error:
        return apply_progress(plan, journal, Stop.at(error))
    if _is_all_done(statuses, journal):
        return apply_progress(plan, journal, left_out=left_out)
    check_age(plan, now())
    try:
        known, left_out, notes = check_rights(plan, api, now(), left_out)
        notes = *notes, *check_console_authorization(plan, api)
        waiting = [each for each in plan.changes if statuses[each.address] is ChangeStatus.WAITS]
        people = None
        if plan.enforces:
            known = replace(known, console_authorization=plan.console_authorization)
            kept = {each.address: each for each in waiting}
            people = People(plan, api, journal, known, kept, _broken_off(statuses, journal))
            people.read(left_out)
    except AwsRefused as error:
        return apply_progress(plan, journal, Stop.at(error), left_out=left_out)
    run = _Run(
        plan, api, journal, passwords, now, Observations(api, now), _Successors.of(plan), people
    )
    stop = run.make_all()
    left_out = people.left_out if people is not None else {}
    return apply_progress(plan, journal, stop, notes, left_out)


def apply_progress(
    plan: Plan,
    journal: Journal,
    stop: Stop | None = None,
    notes: tuple[Message, ...] = (),
    left_out: Mapping[str, Message] = _NOBODY,
) -> ApplyReport:
    """Return how far a plan was carried out, as its open journal tells."""
    events = {change.address: journal.last_event(change.address) for change in plan.changes}
    return ApplyReport(
        done=tuple(address for address, event in events.items() if event is Event.DONE),
        already=tuple(address for address, event in events.items() if event is Event.ALREADY),
        remaining=tuple(each for each, event in events.items() if event not in _SETTLED),
        stopped=stop,
        notes=notes,
        left_out=dict(left_out),
    )


def facts_at_addresses(plan: Plan, api: AwsApi) -> str:
    """Return the facts of the account at exactly the plan's addresses, as canonical JSON.

    Raises:
        AwsRefused: if it cannot be read.
    """
    observer = Observer(api)
    facts: dict[str, State] = {change.address: change.read(observer) for change in plan.changes}
    return json.dumps(facts, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _is_all_done(statuses: Mapping[str, ChangeStatus], journal: Journal) -> bool:
    """Return whether nothing is left to do, or to write into the journal."""
    return all(
        each is ChangeStatus.DONE and journal.last_event(address) in _SETTLED
        for address, each in statuses.items()
    )


def _broken_off(statuses: Mapping[str, ChangeStatus], journal: Journal) -> frozenset[str]:
    """Return the addresses at which an earlier run broke off."""
    opening = (Event.BEGUN, Event.UNDO_BEGUN)
    done = (address for address, each in statuses.items() if each is ChangeStatus.DONE)
    return frozenset(address for address in done if journal.last_event(address) in opening)


@dataclass(frozen=True, slots=True)
class _Successors:
    """What people of a plan have, or get by it, before something is taken away from them.

    Attributes:
        by_person: the changes that attach a policy to a person or put them into a group, and those
            that give the group its policy; needless ones among them.
        places: the place of each change in the plan, by address; needless ones have none.
    """

    by_person: Mapping[str, tuple[Link, ...]]
    places: Mapping[str, int]

    @classmethod
    def of(cls, plan: Plan) -> "_Successors":
        """Return those of a plan."""
        every = (*plan.needless, *plan.changes)
        of_groups: dict[str, list[Link]] = defaultdict(list)
        for each in every:
            if isinstance(each, AttachGroupPolicy):
                of_groups[each.group].append(each)
        found: dict[str, list[Link]] = defaultdict(list)
        for each in every:
            if isinstance(each, AttachUserPolicy | AddUserToGroup):
                found[each.user].append(each)
            if isinstance(each, AddUserToGroup):
                found[each.user] += of_groups[each.group]
        places = {each.address: place for place, each in enumerate(plan.changes)}
        return cls({user: tuple(links) for user, links in found.items()}, places)

    def missing_before(
        self, change: Change, api: AwsApi, observations: Observations
    ) -> Link | None:
        """Return the link that must exist before a change of the plan is made, if it is missing.

        What is the person's own is read anew; of what the plan has found there before, and of
        groups, a look that is some seconds old will do.

        Raises:
            AwsRefused: if it cannot be read.
        """
        observer = Observer(api)
        for link in self._before(change):
            match link:
                case AddUserToGroup(group, user) if link.address in self.places:
                    there = group in (observer.names(GROUPS_OF_USER, user) or ())
                case AttachUserPolicy():
                    there = link.read(observer)
                case _:
                    there = link.read(observations.shared())
            if not there:
                return link
        return None

    def _before(self, change: Change) -> Iterator[Link]:
        place = self.places[change.address]
        for link in self.by_person.get(change.person, ()):
            if self.places.get(link.address, -1) < place:
                yield link


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: where it acts, whom it is for, and what it tells the journal."""

    plan: Plan
    api: AwsApi
    journal: Journal
    passwords: Passwords
    now: Clock
    observations: Observations
    successors: _Successors
    people: People | None
    """None: the plan is about one person only, and is made or refused as a whole."""

    def make_all(self) -> Stop | None:
        """Make the changes, person by person; return where the run has stopped."""
        for _, group in groupby(self.plan.changes, key=lambda each: each.person or each.address):
            changes = tuple(group)
            stop = (
                self._make(changes)
                if self.people is None
                else self._make_for_people(self.people, changes)
            )
            if stop is not None:
                return stop
        return None

    def _make(self, changes: tuple[Change, ...]) -> Stop | None:
        for change in changes:
            try:
                self.make(change)
            except AwsRefused as error:
                return Stop.at(error, change)
        return None

    def _make_for_people(self, people: People, changes: tuple[Change, ...]) -> Stop | None:
        """Make the changes for one person, or one for all; see before and after who gets in."""
        unseen = people.unchecked & {each.address for each in changes}
        waits = any(each.address in people.changes for each in changes)
        names = people.users_reached(changes[0]) if waits or unseen else ()
        at = changes[0]
        try:
            no_way_in = people.reread(names)
            while no_way_in and people.leave_out(no_way_in):
                no_way_in = people.judge(names)
            before = {each.address for each in changes if self._is_done(each)}
            stop = None
            for at in changes:
                if people.is_left_out(at) and at.address not in unseen:
                    continue
                stop = self._make_for_person(people, at)
                if stop is not None:
                    break
            self._give_back(people, changes)
            made = [each for each in changes if self._is_done(each) and each.address not in before]
            if made and (no_way_in := self._locked_out_by(people, names, made)):
                self._take_back(people, made, no_way_in)
        except AwsRefused as error:
            return Stop.at(error, at)
        return stop

    def _locked_out_by(
        self, people: People, names: tuple[str, ...], made: list[Change]
    ) -> Mapping[str, Message]:
        """Return those of the users who do not get in, right after a change that reaches them.

        Raises:
            AwsRefused: if nobody answers: then the next run looks at it.
        """
        try:
            locked_out = people.reread(names)
        except AwsRefused:
            for each in made:
                if not isinstance(each, SetsPassword):
                    self._record(Event.BEGUN, each)
            raise
        if not made[0].person:
            # who was deleted meanwhile is no reason to take back what is for all
            people.leave_out({name: why for name, why in locked_out.items() if why is GONE})
            locked_out = {name: why for name, why in locked_out.items() if why is not GONE}
        if no_way_in := locked_out or people.judge(names):
            return no_way_in
        return (
            people.locked_out_since(names)
            if any(e.address in people.unchecked for e in made)
            else {}
        )

    def _keep_former(self, people: People, change: Change, missing: Link) -> Stop | None:
        """Make no change that takes something away whose successor is not seen in the account.

        What was just made and AWS does not show yet is a stop that passes; a person from whom
        somebody else has taken it is left out.

        Raises:
            PlanRefused: if somebody else has taken it from everybody.
        """
        if may_not_show_yet(missing, self.journal, self.now()):
            why = f"{missing.address} is not shown yet"
            return Stop(change.address, missing.listing.operation, "NoSuchEntity", why)
        if not missing.person:
            raise stale_plan((missing.address,), {})
        people.leave_out({change.person: changed_since(missing)})
        return None

    def _give_back(self, people: People, changes: tuple[Change, ...]) -> None:
        """Give a person back what was taken away to make room for something that did not come.

        Raises:
            AwsRefused: if AWS refuses that; the next run does it, or goes on.
        """
        waiting = False
        for change in reversed(changes):
            if isinstance(change, AttachUserPolicy):
                waiting |= self.journal.last_event(change.address) not in _SETTLED
            made_room = waiting and isinstance(change, DetachUserPolicy)
            if not made_room or not self.journal.is_to_undo(change.address):
                continue
            back = take_back((change,), self.plan, self.journal, self.api, self.now)
            if not back and (why := people.left_out.get(change.person)):
                people.left_out[change.person] = NOT_TAKEN_BACK.filled(why=why)

    def _make_for_person(self, people: People, change: Change) -> Stop | None:
        """Make a change; what is refused for one person leaves out that person."""
        missing = None
        try:
            if isinstance(change, PARTING) and not people.is_left_out(change):
                missing = self.successors.missing_before(change, self.api, self.observations)
            if missing is None:
                self.make(change)
        except AwsRefused as error:
            stop, person = Stop.at(error, change), change.person
            # what there is not, or AWS does not know yet, may be the policy or the group
            gone = stop.aws_code == "NoSuchEntity" and person in people.reread((person,))
            if not person or not (stop.concerns_one_call or gone):
                return stop
            values = {"code": stop.aws_code, "message": stop.message}
            why = REFUSED.filled(operation=stop.operation, **values)
            why = why if stop.fix is None else joined_messages([why, stop.fix], en=". ", ja="。")
            people.leave_out({person: why})
        except PlanRefused as refused:
            drifted = (
                refused.code is Code.PLAN_STALE
                and f"user {change.person}" in omittable_users(self.plan)
            )
            if not drifted or may_not_show_yet(change, self.journal, self.now()):
                raise
            people.leave_out({change.person: changed_since(change)})
        return self._keep_former(people, change, missing) if missing is not None else None

    def _take_back(
        self, people: People, made: list[Change], no_way_in: Mapping[str, Message]
    ) -> None:
        """Give people who do not get in, right after a change, the former state back.

        Raises:
            AwsRefused: if AWS refuses that; they are among those who are left out.
        """
        backwards = tuple(reversed(made))
        people.leave_out({name: NOT_TAKEN_BACK.filled(why=why) for name, why in no_way_in.items()})
        people.note_taken_back(backwards)
        if take_back(backwards, self.plan, self.journal, self.api, self.now):
            people.left_out |= {n: TAKEN_BACK.filled(why=why) for n, why in no_way_in.items()}

    def _is_done(self, change: Change) -> bool:
        return self.journal.last_event(change.address) is Event.DONE

    def make(self, change: Change) -> None:
        """Make one change, unless it is made: somebody else may be at work at the same time."""
        event = self.journal.last_event(change.address)
        if event is Event.DONE:
            return
        observer = self.observations.observer_for(change)
        actual = change.read(observer)
        match status_of(change, actual, self.journal, self.api):
            case ChangeStatus.DRIFTED:
                raise stale_plan((change.address,), {})
            case ChangeStatus.IN_DOUBT if isinstance(change, SetsPassword):
                raise password_in_doubt(change, self.api)
            case ChangeStatus.DONE if event in _NOT_OURS or not self._is_ours(change):
                self._record(Event.ALREADY, change)
            case ChangeStatus.DONE:
                made = self.journal.password_date(change.address)
                self._record(Event.DONE, change, made=made)
            case _:
                if came := newcomers(change, self.plan.affected, observer):
                    raise stale_plan((), {change.address: came})
                self._call(change, _calls_for(change, actual, observer))

    def _is_ours(self, change: Change) -> bool:
        """Return whether what is there as wanted was made by a run of this plan."""
        if not isinstance(change, CreateLoginProfile):
            return True
        return password_owner(change, self.journal, self.api) is PasswordOwner.OURS

    def _call(self, change: Change, calls: Iterable[IamCall]) -> None:
        more = {"Password": self.passwords(change.user)} if isinstance(change, SetsPassword) else {}
        event = self.journal.last_event(change.address)
        elsewhere = self.journal.begun_elsewhere(change.address)
        self._record(Event.BEGUN, change)
        answer: Mapping[str, Any] = {}
        try:
            for call in calls:
                answer = self.api.call(call.service, call.operation, **call.params, **more)
                change.check_answer(answer)
        except AwsRefused as error:
            # what may have been done stays begun: the next run looks at what came of it
            if error.status in REFUSALS:
                if event in _NOT_OURS:
                    self._record(Event.REFUSED, change, error.aws_code)
                elif elsewhere is not None:
                    self.journal.leave_in_doubt(change.address)
            raise
        self._record(Event.DONE, change, made=self._password_date(change, answer))

    def _password_date(self, change: Change, answer: Mapping[str, Any]) -> str:
        """Return the date by which a password that was just set is known again."""
        if not isinstance(change, CreateLoginProfile):
            return ""
        profile = answer.get("LoginProfile")
        # where it was set anew, AWS's answer is empty
        made = profile["CreateDate"] if profile else change.made_at(Observer(self.api))
        return made.isoformat() if made else ""

    def _record(self, event: Event, change: Change, note: str = "", made: str = "") -> None:
        self.journal.record(JournalEntry(self.now(), event, change.address, note, made))


def _calls_for(change: Change, actual: State, observer: Observer) -> Iterable[IamCall]:
    """Return the calls that make a change; a password that nobody was told is set anew."""
    if isinstance(change, CreateLoginProfile) and actual is not None:
        return (change.renewal(),)
    return change.calls(observer)
