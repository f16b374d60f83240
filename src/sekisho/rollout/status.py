"""How a plan stands: what is done, what waits, what somebody else has changed since. Reads only."""

from collections.abc import Mapping
from dataclasses import asdict, field, replace
from datetime import UTC, datetime

from sekisho.account import (
    AwsApi,
    Snapshot,
    collect_policies,
    collect_sign_in,
    unread_credentials,
)
from sekisho.audit.enforcement import enforcements_of
from sekisho.audit.impact import SignInOutcomes
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.rollout.applying.change_status import ChangeStatus, status_of
from sekisho.rollout.applying.dependents import AddedPolicies, GroupRights
from sekisho.rollout.applying.journal import Event, Journal
from sekisho.rollout.applying.plan_file import PlanFile, check_account
from sekisho.rollout.changes.affected import newcomers
from sekisho.rollout.changes.model import Change, State
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.changes.policies import CreatePolicy
from sekisho.rollout.history import Author, History
from sekisho.rollout.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Drift:
    """A fact that somebody else has changed: the expected state and the found one, as JSON.

    Both are the same where a password was set again.
    """

    expected: State
    found: State


@dataclass(frozen=True, slots=True)
class FactStatus:
    """The fact of one change, and how it stands.

    Attributes:
        changed_at: of what has drifted, when IAM says that it was changed so; None if it does not.
        author: of what has drifted, who was the last to change it, or why that is not known; None
            if CloudTrail was not asked.
        newcomers: users, groups and roles that the change would affect by now and that were not
            judged; it has drifted by them alone.
        newcomer_authors: for each newcomer, in the same order, who added it, or why that is not
            known; empty if CloudTrail was not asked.
        drift: of what has drifted, and not by newcomers alone, what it is and should be.
    """

    address: str
    status: ChangeStatus
    changed_at: datetime | None = None
    author: Author | Message | None = None
    newcomers: tuple[str, ...] = ()
    newcomer_authors: tuple[Author | Message, ...] = ()
    drift: Drift | None = None

    @property
    def author_requested(self) -> bool:
        """Whether CloudTrail was asked for the author."""
        return self.author is not None or bool(self.newcomer_authors)


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """How a plan stands.

    Attributes:
        facts: in the plan's order; then what it had found as wanted, and that has drifted.
        enrolled: of the people whom the plan touches, those with an MFA device now.
        not_enrolled: those without.
        unread: those of whom it could not be read, with the reason.
        absent: those whom the account does not have: not yet, or not any more.
        added_policies: policies that somebody else has given the plan's groups since, and users who
            would lose them by a roll-back.
        other_device_kind: enrolled users without a device of the kind that the goal requires.
        locked_out: of those who are enforced, who cannot get in by what they hold now, and why.
        unjudged_reason: why it is not known who gets in; None if it was judged, or need not be.
        rolled_back: when the plan was rolled back, if nothing of it is left; None otherwise.
    """

    facts: tuple[FactStatus, ...]
    enrolled: tuple[str, ...]
    not_enrolled: tuple[str, ...]
    unread: tuple[tuple[str, str], ...] = ()
    absent: tuple[str, ...] = ()
    other_device_kind: tuple[str, ...] = ()
    locked_out: Mapping[str, Message] = field(default_factory=dict)
    unjudged_reason: Message | None = None
    added_policies: tuple[AddedPolicies, ...] = ()
    rolled_back: datetime | None = None

    def addresses(self, status: ChangeStatus) -> tuple[str, ...]:
        """Return the addresses of the facts of this status."""
        return tuple(fact.address for fact in self.facts if fact.status is status)


def plan_status(
    plan_file: PlanFile, api: AwsApi, *, who: bool = False, known: Snapshot | None = None
) -> PlanStatus:
    """Return how a plan stands in the account now, and whether those it enforces get in.

    Args:
        plan_file: a plan and its journal.
        api: AWS.
        who: whether CloudTrail is asked who has changed what has drifted.
        known: the account, if it was read already.

    Raises:
        PlanRefused: if the plan is of another account, or the journal of another plan.
        AwsRefused: if the plan's objects cannot be read.
    """
    check_account(plan_file.plan, api)
    if plan_file.journal.path.exists():
        plan_file.journal.open(plan_file.plan.digest)
    facts = _facts(plan_file, api, who=who)
    devices: dict[str, list[str]] = {}
    unread: list[tuple[str, str]] = []
    absent: list[str] = []
    for person in plan_file.plan.people_changed:
        try:
            found = api.pages("iam", "ListMFADevices", "MFADevices", UserName=person.user)
            devices[person.user] = [each["SerialNumber"] for each in found]
        except AwsRefused as error:
            if error.aws_code == "NoSuchEntity":
                absent.append(person.user)
            else:
                unread.append((person.user, f"{error.aws_code}: {error.aws_message}"))
    added = [*GroupRights(plan_file.plan, plan_file.journal, api).added()]
    unread += [
        (each.operation, f"{each.aws_code}: {each.aws_message}")
        for each in added
        if isinstance(each, AwsRefused)
    ]
    require, locked_out, unjudged = plan_file.plan.require, dict[str, Message](), None
    if plan_file.plan.enforces:
        try:
            locked_out, unjudged = _locked_out(plan_file.plan, api, known)
        except AwsRefused as error:
            unjudged = verbatim(f"{error.operation}: {error.aws_code}: {error.aws_message}")
    return PlanStatus(
        facts,
        tuple(user for user, has in devices.items() if has),
        tuple(user for user, has in devices.items() if not has),
        tuple(unread),
        tuple(absent),
        tuple(user for user, has in devices.items() if has and require and not require.met_by(has)),
        locked_out,
        unjudged,
        tuple(each for each in added if isinstance(each, AddedPolicies)),
        _rolled_back(plan_file.journal, facts),
    )


def _rolled_back(journal: Journal, facts: tuple[FactStatus, ...]) -> datetime | None:
    entries = {each.address: journal.last_entry(each.address) for each in facts}
    undone = [
        each.at for each in entries.values() if each and each.event in (Event.UNDONE, Event.GONE)
    ]
    left = (fact for fact in facts if fact.status is not ChangeStatus.WAITS)
    # what was there before the plan was not made by it, and stays
    theirs = (
        e is not None and e.event is Event.ALREADY for e in (entries[f.address] for f in left)
    )
    return max(undone) if undone and all(theirs) else None


def _locked_out(
    plan: Plan, api: AwsApi, known: Snapshot | None
) -> tuple[dict[str, Message], Message | None]:
    """Return the enforced users of a plan who cannot get in now, and why others are unknown.

    Raises:
        AwsRefused: if the account's policies cannot be read.
    """
    names = {person.user for person in plan.people_changed}
    snapshot = known
    if snapshot is None:
        read = collect_policies(api, plan.account, plan.partition, now=datetime.now(UTC))
        snapshot = collect_sign_in(api, read, names)
    people = tuple(user for user in snapshot.users if user.name in names)
    enforcements = enforcements_of(replace(snapshot, users=people))
    enforced = [each for each in people if enforcements[each.name].enforced_directly]
    outcomes = SignInOutcomes(snapshot, unread_credentials(snapshot)).outcomes(enforced)
    locked_out = {name: each.why for name, each in outcomes.items() if each.locked_out}
    unknown = [each for each in outcomes.values() if not each.gets_in and not each.locked_out]
    return locked_out, unknown[0].why if unknown else None


def _facts(plan_file: PlanFile, api: AwsApi, *, who: bool) -> tuple[FactStatus, ...]:
    plan, changes, observer = plan_file.plan, plan_file.plan.changes, Observer(api)
    states = {each.address: each.read(observer) for each in changes}
    statuses = {
        each.address: status_of(each, states[each.address], plan_file.journal, api)
        for each in changes
    }
    for each in plan.needless:
        states[each.address] = each.read(observer)
        if not each.is_needless(states[each.address]):
            statuses[each.address] = ChangeStatus.DRIFTED
    waiting = [each for each in changes if statuses[each.address] is ChangeStatus.WAITS]
    new_names = {each.address: newcomers(each, plan.affected, observer) for each in waiting}
    considered = (*changes, *plan.needless)
    drifted = [each for each in considered if statuses.get(each.address) is ChangeStatus.DRIFTED]
    dates = {
        each.address: each.made_at(observer)
        for each in drifted
        if _tells_its_date(each, states[each.address])
    }
    drifts = {each.address: Drift(_expected(each, plan), states[each.address]) for each in drifted}
    history = History(api, plan.snapshot_at) if who else None
    authors = {each.address: history.last_author(each) for each in drifted} if history else {}
    added = {
        each.address: tuple(
            history.newcomer_author(each, name, plan.affected.get(each.address, ()))
            for name in new_names[each.address]
        )
        for each in waiting
        if history
    }
    statuses |= {address: ChangeStatus.DRIFTED for address, names in new_names.items() if names}
    return tuple(
        FactStatus(
            address,
            each,
            dates.get(address),
            authors.get(address),
            new_names.get(address, ()),
            added.get(address, ()),
            drifts.get(address),
        )
        for address, each in statuses.items()
    )


def _expected(change: Change, plan: Plan) -> State:
    """Return the expected state: of an unneeded change, the state that the plan found."""
    as_found = change in plan.needless and change.is_needless(change.before)
    return change.before if as_found else change.after


def _tells_its_date(change: Change, actual: State) -> bool:
    """Return whether the date that IAM gives is of what has drifted: a tag's change has none."""
    if not isinstance(change, CreatePolicy) or actual is None:
        return True
    return any(actual[key] != change.after[key] for key in ("default", "document", "versions"))


def status_to_json(plan: Plan, standing: PlanStatus) -> dict[str, object]:
    """Return how a plan stands; `enrolled` is null of whom it could not be read or is not there."""
    known = {
        **dict.fromkeys(standing.enrolled, True),
        **dict.fromkeys(standing.not_enrolled, False),
    }
    return {
        "schema": "sekisho.status/1",
        "plan": plan.digest,
        "changes": [
            {"address": fact.address, "status": fact.status.value, **_drift_to_json(fact)}
            for fact in standing.facts
        ],
        "people": [
            {
                "user": person.user,
                "wave": person.wave,
                "enrolled": known.get(person.user),
                **_locked_out_to_json(plan, standing, person.user),
                **_required_to_json(plan, standing, person.user, known.get(person.user)),
            }
            for person in plan.people_changed
        ],
        **({"rolledBack": standing.rolled_back.isoformat()} if standing.rolled_back else {}),
        **(
            {"addedPolicies": [asdict(each) for each in standing.added_policies]}
            if standing.added_policies
            else {}
        ),
    }


def _locked_out_to_json(plan: Plan, standing: PlanStatus, user: str) -> dict[str, object]:
    """Return whether somebody is enforced and cannot get in; null if that could not be judged."""
    if not plan.enforces:
        return {}
    if user in standing.locked_out:
        return {"lockedOut": True, "why": standing.locked_out[user].en}
    return {"lockedOut": None} if standing.unjudged_reason else {"lockedOut": False}


def _required_to_json(
    plan: Plan, standing: PlanStatus, user: str, enrolled: bool | None
) -> dict[str, object]:
    """Return whether somebody has the kind of device that the plan's goal requires, if it does."""
    if plan.require is None:
        return {}
    return {"hasRequiredDevice": enrolled and user not in standing.other_device_kind}


def _drift_to_json(fact: FactStatus) -> dict[str, object]:
    """Return the JSON of a drift: expected, found, date and author."""
    if fact.status is not ChangeStatus.DRIFTED:
        return {}
    if fact.newcomers:
        added = [_author_to_json(each) for each in fact.newcomer_authors]
        return {"came": list(fact.newcomers), **({"added": added} if added else {})}
    dated = None if fact.changed_at is None else fact.changed_at.isoformat()
    differs = {} if fact.drift is None else asdict(fact.drift)
    return {**differs, "dated": dated, **_author_to_json(fact.author)}


def _author_to_json(author: Author | Message | None) -> dict[str, object]:
    """Return the JSON of an author, or why the author is not known."""
    match author:
        case Author(who, event, at):
            return {"last": {"who": who, "event": event, "at": at.isoformat()}}
        case Message() as reason:
            return {"last": None, "notKnown": reason.en}
        case None:
            return {"last": None, "notKnown": "not asked"}
