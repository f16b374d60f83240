"""Carries out a plan and nothing else; can be killed at any call and run again."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sekisho.account import (
    AwsApi,
    Gap,
    SigningApi,
    collect_console_authorization,
    collect_policies,
)
from sekisho.errors import AwsRefused, Code, PlanRefused
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.rollout.applying.change_status import (
    ChangeStatus,
    PasswordOwner,
    SetsPassword,
    password_in_doubt,
    password_owner,
    status_of,
)
from sekisho.rollout.applying.journal import Clock, Event, Journal, JournalEntry
from sekisho.rollout.applying.plan_file import check_account
from sekisho.rollout.changes import (
    Affected,
    Change,
    CreateLoginProfile,
    IamCall,
    Image,
    Looks,
    Observer,
    newcomers,
)
from sekisho.rollout.plan import Plan
from sekisho.rollout.rights import changed_rights
from sekisho.signin import ConsoleAuthorization

Passwords = Callable[[str], str]

MAX_PLAN_AGE = timedelta(days=7)
"""How old the snapshot of a plan may be when the plan is applied."""

MAX_CLOCK_LEAD = timedelta(minutes=5)
"""How far the clock by which an account was read may be ahead of ours."""

_SETTLED = (Event.DONE, Event.ALREADY)
_NOT_OURS = (None, Event.ALREADY, Event.REFUSED, Event.UNDONE, Event.GONE)
_MOST_SHOWN = 10
_REFUSALS = range(400, 500)
"""HTTP statuses by which AWS says that it did nothing."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The call at which a run stopped.

    Attributes:
        address: the change it was for; "" if it was a look at the account before the first.
        aws_code: AWS's error code, or the client's if no answer came.
        fix: what to do about it; None if nothing is known.
        status: the HTTP status; 0 if no answer came.
    """

    address: str
    operation: str
    aws_code: str
    message: str
    fix: Message | None = None
    status: int = 0

    @classmethod
    def at(cls, error: AwsRefused, change: Change | None = None) -> "Stop":
        """Return the stop at what AWS refused."""
        code, message, fix = error.aws_code, error.aws_message, error.fix
        if change is not None and change.way_out is not None:
            fix = change.way_out
        address = "" if change is None else change.address
        return cls(address, error.operation, code, message, fix, error.status)


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """How far a plan was carried out, by addresses in the plan's order.

    Attributes:
        done: made by this plan, in this run or before.
        already: found as the plan wants it, made by somebody else.
        remaining: not made; empty unless the run stopped.
        stopped: where, or None.
        unread: what could not be read again before the first change, and as what it counts.
    """

    done: tuple[str, ...]
    already: tuple[str, ...]
    remaining: tuple[str, ...] = ()
    stopped: Stop | None = None
    unread: tuple[Message, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything is as the plan wants it."""
        return self.stopped is None and not self.remaining


def execute(
    plan: Plan, api: AwsApi, journal: Journal, *, passwords: Passwords, now: Clock
) -> ApplyReport:
    """Make the changes of `plan` in order, each journalled before and after its call.

    What is already so counts as done. Where AWS refuses a call, the run stops and says what is
    done and what is not; running it again goes on from there.

    Args:
        plan: the plan; nothing outside it is done.
        api: AWS, with the credentials of the plan's caller.
        journal: the file that this plan, and no other, is journalled in.
        passwords: returns the temporary password of a new user; it is sent to AWS and kept nowhere.
        now: the clock that each line of the journal is dated by, and the plan's age is counted to.

    Raises:
        PlanRefused: if the plan is not applicable, is of another account or caller, has another
            journal, is older than `MAX_PLAN_AGE` or dated in the future, or if the account, its
            console authorization, or somebody's rights have changed since; nothing is done then.
            Also if somebody changes the account meanwhile, or if it is in doubt whose a password
            is; what was done stands in the journal.
    """
    _check_applicable(plan)
    journal.open(plan.digest)
    try:
        _check_caller(plan, api)
        journal.open(plan.digest, plan.to_json())
        waits = _check_drift(plan, api, journal)
    except AwsRefused as error:
        return apply_progress(plan, journal, Stop.at(error))
    if not waits:
        return apply_progress(plan, journal)
    _check_age(plan, now())
    try:
        _check_rights(plan, api, now())
        unread = _check_console_authorization(plan, api)
    except AwsRefused as error:
        return apply_progress(plan, journal, Stop.at(error))
    run = _Run(plan.affected, api, journal, passwords, now, Looks(api, now))
    for change in plan.changes:
        try:
            run.make(change)
        except AwsRefused as error:
            return apply_progress(plan, journal, Stop.at(error, change), unread)
    return apply_progress(plan, journal, unread=unread)


def apply_progress(
    plan: Plan, journal: Journal, stop: Stop | None = None, unread: tuple[Message, ...] = ()
) -> ApplyReport:
    """Return how far a plan was carried out, as its open journal tells."""
    standings = {change.address: journal.standing(change.address) for change in plan.changes}
    return ApplyReport(
        done=tuple(address for address, event in standings.items() if event is Event.DONE),
        already=tuple(address for address, event in standings.items() if event is Event.ALREADY),
        remaining=tuple(each for each, event in standings.items() if event not in _SETTLED),
        stopped=stop,
        unread=unread,
    )


def facts_at_addresses(plan: Plan, api: AwsApi) -> str:
    """Return what the account holds at exactly the plan's addresses, as canonical JSON.

    Raises:
        AwsRefused: if it cannot be read.
    """
    observer = Observer(api)
    facts: dict[str, Image] = {change.address: change.read(observer) for change in plan.changes}
    return json.dumps(facts, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _who(arn: str) -> str:
    """Return whose permissions an ARN stands for: of a role session, the role."""
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def _check_applicable(plan: Plan) -> None:
    if not plan.applicable:
        against = ", ".join(f"`{name}`" for name in plan.open_obstacles)
        raise PlanRefused(
            Message("this plan is not safe to apply: {against}").filled(against=against),
            fix=_fix(plan),
        )


def _fix(plan: Plan) -> Message:
    """Return how to come to a plan that is applicable; accepting what is against it comes last."""
    if plan.options_out:
        options = " ".join(plan.options_out)
        return Message("make the plan again with `{options}`").filled(options=options)
    return Message("change the goal, or make the plan with `--accept ID:USER=REASON`")


def _check_caller(plan: Plan, api: AwsApi) -> None:
    """Refuse whoever the plan was not judged for, and a key where it was judged for MFA."""
    caller = check_account(plan, api)
    if _who(caller) != _who(plan.caller.arn):
        raise PlanRefused(
            Message("this plan was judged for `{arn}`, and this is `{caller}`").filled(
                arn=plan.caller.arn, caller=caller
            ),
            fix=Message("make the plan as whoever applies it"),
        )
    if plan.caller.mfa and isinstance(api, SigningApi) and api.signs_with_long_term_key():
        raise PlanRefused(
            Message(
                "this plan was judged for a session with MFA, and this is an access key without one"
            ),
            fix=Message("sign in with MFA first, or make the plan without `--mfa`"),
        )


def _check_age(plan: Plan, now: datetime) -> None:
    """Refuse a plan that was judged too long ago: not all that it was judged by is read again.

    One that is dated in the future would never become too old.
    """
    if plan.snapshot_at - now > MAX_CLOCK_LEAD:
        raise PlanRefused(
            Message("the account was read at {time}, which is yet to come").filled(
                time=plan.snapshot_at.isoformat()
            ),
            code=Code.PLAN_STALE,
            fix=Message(
                "set the clock right, and make the plan again from the account as it is now"
            ),
        )
    if now - plan.snapshot_at > MAX_PLAN_AGE:
        raise PlanRefused(
            Message("the account was read on {date}, more than {days} days ago").filled(
                date=plan.snapshot_at.date(), days=MAX_PLAN_AGE.days
            ),
            code=Code.PLAN_STALE,
            fix=Message("make the plan again, from the account as it is now"),
        )


def _check_rights(plan: Plan, api: AwsApi, now: datetime) -> None:
    """Refuse a plan if those whom it was judged by may do something else by now.

    Raises:
        PlanRefused: with whose rights have changed.
        AwsRefused: if that cannot be read.
    """
    found = collect_policies(api, plan.account, plan.partition, now=now)
    changed = [
        *changed_rights(plan.rights, found, plan.changes, plan.affected, plan.caller.arn),
    ]
    if changed:
        shown = changed[:_MOST_SHOWN]
        more = [verbatim(f"(+{len(changed) - _MOST_SHOWN})")] if changed[_MOST_SHOWN:] else []
        raise PlanRefused(
            Message("rights have changed since the plan was made: {changes}").filled(
                changes=joined_messages((*shown, *more), en="; ", ja="; ")
            ),
            code=Code.PLAN_STALE,
            fix=Message(
                "make the plan again, which judges the account as it is now; what then speaks "
                "against it can be accepted with `--accept ID:USER=REASON`"
            ),
        )


_CONSOLE_UNREAD = Message(
    "Whether console authorization is still {before}, as the plan was judged, could not be read "
    "({cause}): it counts as that."
)
_CONSOLE = {
    ConsoleAuthorization.ENABLED: Message("enabled", "console authorization"),
    ConsoleAuthorization.DISABLED: Message("disabled", "console authorization"),
}


def _check_console_authorization(plan: Plan, api: AwsApi) -> tuple[Message, ...]:
    """Refuse a plan whose sign-ins were judged by another console authorization than there is.

    Returns what is not known: to read it may be refused, as it may be to `plan`.

    Raises:
        PlanRefused: if it is another.
        AwsRefused: if nobody answers.
    """
    before = plan.console_authorization
    if before is None:
        return ()
    found = collect_console_authorization(api)
    if isinstance(found, Gap):
        return (_CONSOLE_UNREAD.filled(before=_CONSOLE[before], cause=found.cause),)
    if found is not before:
        message = Message(
            "console authorization was {before} when the plan was made and is {now} now: who gets "
            "in without a device was judged by that"
        )
        raise PlanRefused(
            message.filled(before=_CONSOLE[before], now=_CONSOLE[found]),
            code=Code.PLAN_STALE,
            fix=Message("make the plan again, which judges the account as it is now"),
        )
    return ()


def _check_drift(plan: Plan, api: AwsApi, journal: Journal) -> bool:
    """Refuse if anything that is found at the plan's addresses is not of this plan.

    Returns whether anything is left to do, or to write into the journal.
    """
    observer = Observer(api)
    statuses = {
        each.address: status_of(each, each.read(observer), journal, api) for each in plan.changes
    }
    drifted = [address for address, each in statuses.items() if each is ChangeStatus.DRIFTED]
    about = plan.needless
    drifted += [each.address for each in about if not each.is_needless(each.read(observer))]
    waiting = [each for each in plan.changes if statuses[each.address] is ChangeStatus.WAITS]
    came = {each.address: newcomers(each, plan.affected, observer) for each in waiting}
    if drifted or any(came.values()):
        raise _stale(drifted, came)
    return not all(
        each is ChangeStatus.DONE and journal.standing(address) in _SETTLED
        for address, each in statuses.items()
    )


def _stale(drifted: Iterable[str], came: Mapping[str, tuple[str, ...]]) -> PlanRefused:
    """Return the refusal: what is not as it was, and whom a change would affect by now."""
    said = {address: verbatim(f"`{address}`") for address in drifted}
    for address, names in came.items():
        if names:
            who = ", ".join(f"`{name}`" for name in names)
            message = Message("`{address}` would now also affect {users}")
            said[address] = message.filled(address=address, users=who)
    return PlanRefused(
        Message("the account has changed since the plan was made: {changes}").filled(
            changes=joined_messages(said.values(), en="; ", ja="; ")
        ),
        code=Code.PLAN_STALE,
        at=next(iter(said)),
        fix=Message("collect the account again and make a new plan"),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: where it acts, and what it tells the journal."""

    affected: Affected
    api: AwsApi
    journal: Journal
    passwords: Passwords
    now: Clock
    looks: Looks

    def make(self, change: Change) -> None:
        """Make one change, unless it is made: somebody else may be at work at the same time."""
        standing = self.journal.standing(change.address)
        if standing is Event.DONE:
            return
        observer = self.looks.at(change)
        actual = change.read(observer)
        match status_of(change, actual, self.journal, self.api):
            case ChangeStatus.DRIFTED:
                raise _stale((change.address,), {})
            case ChangeStatus.IN_DOUBT if isinstance(change, SetsPassword):
                raise password_in_doubt(change, self.api)
            case ChangeStatus.DONE if standing in _NOT_OURS or not self._is_ours(change):
                self._record(Event.ALREADY, change)
            case ChangeStatus.DONE:
                made = self.journal.made(change.address)
                self._record(Event.DONE, change, made=made)
            case _:
                if came := newcomers(change, self.affected, observer):
                    raise _stale((), {change.address: came})
                self._call(change, _calls_for(change, actual, observer))

    def _is_ours(self, change: Change) -> bool:
        """Return whether what is there as wanted was made by a run of this plan."""
        if not isinstance(change, CreateLoginProfile):
            return True
        return password_owner(change, self.journal, self.api) is PasswordOwner.OURS

    def _call(self, change: Change, calls: Iterable[IamCall]) -> None:
        more = {"Password": self.passwords(change.user)} if isinstance(change, SetsPassword) else {}
        standing = self.journal.standing(change.address)
        elsewhere = self.journal.begun_elsewhere(change.address)
        self._record(Event.BEGUN, change)
        answer: Mapping[str, Any] = {}
        try:
            for call in calls:
                answer = self.api.call(call.service, call.operation, **call.params, **more)
                change.check_answer(answer)
        except AwsRefused as error:
            # what may have been done stays begun: the next run looks at what came of it
            if error.status in _REFUSALS:
                if standing in _NOT_OURS:
                    self._record(Event.REFUSED, change, error.aws_code)
                elif elsewhere is not None:
                    self.journal.leave_in_doubt(change.address)
            raise
        self._record(Event.DONE, change, made=self._made(change, answer))

    def _made(self, change: Change, answer: Mapping[str, Any]) -> str:
        """Return the date by which a password that was just set is known again."""
        if not isinstance(change, CreateLoginProfile):
            return ""
        profile = answer.get("LoginProfile")
        # where it was set anew, AWS's answer is empty
        made = profile["CreateDate"] if profile else change.made_at(Observer(self.api))
        return made.isoformat() if made else ""

    def _record(self, event: Event, change: Change, note: str = "", made: str = "") -> None:
        self.journal.record(JournalEntry(self.now(), event, change.address, note, made))


def _calls_for(change: Change, actual: Image, observer: Observer) -> Iterable[IamCall]:
    """Return the calls that make a change; a password that nobody was told is set anew."""
    if isinstance(change, CreateLoginProfile) and actual is not None:
        return (change.renewal(),)
    return change.calls(observer)
