"""A goal as people write it: one YAML file, or the same said by options.

Everything that is wrong with it is said at once, each with its line: unknown keys, days that do not
exist, users that the account does not have.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sekisho import documents
from sekisho.account import Snapshot, User
from sekisho.audit.exceptions import Exceptions
from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.documents import Shape
from sekisho.errors import Code, Fault, FaultyInput, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import (
    ENROLMENT_DESCRIPTION,
    ENROLMENT_SUFFIX,
    NAME,
    enrolment_policy,
    names,
)
from sekisho.rollout.goal.acceptance import DECISIONS, PROBLEMS, UNACCEPTABLE
from sekisho.rollout.goal.enrolment import (
    enrolling_users,
    own_day,
    ready_users,
    users_having,
)
from sekisho.rollout.goal.known_users import FormerNames
from sekisho.rollout.goal.model import (
    Deferral,
    DeferralReason,
    EnforceWhen,
    Goal,
    GroupGoal,
    PolicyGoal,
    Requirement,
    Stage,
    Untold,
    Wave,
    policy_arn,
)
from sekisho.rollout.goal.policies import (
    NAMED,
    PolicyPlace,
    named_policy,
    note_faults,
    read_group,
    read_policy,
)
from sekisho.rollout.goal.selectors import Selection, check_users_listed, select_users
from sekisho.rollout.goal.unused import dormant_of, key_rules_of

KEYS = (
    "policy",
    "group",
    "timezone",
    "when",
    "enrolment",
    "afterEnrolment",
    "require",
    "replaces",
    "who",
    "waves",
    "except",
    "breakGlass",
    "accept",
    "dormant",
    "keys",
    "untold",
)
"""What a goal may say."""

_WAVE = ("name", "enrolFrom", "enforce", "from", "grace", "except")
_WHEN = ("at-once", "after-password-change")


@dataclass(frozen=True, slots=True)
class GoalInputs:
    """What a goal is read with besides its file and the account.

    Attributes:
        left_out: users to leave out besides those of the goal's `except`.
        joined: when users had their first login profile, by user id, where that is known; else the
            time of the present one counts.
        former: by names that users had, what they are called now; None: they have left.
    """

    left_out: tuple[str, ...] = ()
    joined: Mapping[str, datetime] = field(default_factory=dict)
    former: FormerNames = field(default_factory=dict)


def read_goal(path: str | Path) -> Shape:
    """Return a goal file as `goal_of` takes it.

    Raises:
        FaultyInput: as `files.read_yaml`; also if nothing at all is in it, or a key no goal has.
    """
    shape = documents.read_yaml(path)
    if shape.raw is None and not Path(path).stat().st_size:
        fault = Fault(
            Code.FILE_BAD_SHAPE,
            Message("is empty: 0 bytes"),
            fix=Message("write a goal, `{}` at least"),
        )
        raise FaultyInput(str(path), [fault])
    # a file that is not a goal is refused with all its faults before an account is read
    shape.members((), KEYS)
    if shape.faults:
        shape.faults.clear()
        check_goal(shape, str(path))
    return shape


def check_goal(shape: Shape, source: str) -> None:
    """Refuse a goal for faults that do not depend on the account, before an account is read.

    Args:
        shape: the goal, as `read_goal` returns it; it can be read again.
        source: what errors call it.

    Raises:
        FaultyInput: with every fault but names that an account may have.
    """
    any_account = Snapshot("0" * 12, DEFAULT_PARTITION, datetime.now(UTC), (), (), (), {})
    _Reader(source, any_account, Exceptions(), of_any_account=True).goal(shape)
    faults = [each for each in shape.faults if each.code is not Code.ACCOUNT_BAD_REFERENCE]
    shape.faults.clear()
    if faults:
        raise FaultyInput(source, sorted(faults, key=lambda fault: (fault.line, fault.column)))


def goal_of(
    shape: Shape,
    source: str,
    snapshot: Snapshot,
    exceptions: Exceptions,
    others: GoalInputs | None = None,
) -> Goal:
    """Return the goal for an account.

    Args:
        shape: the goal, as `read_goal` returns it.
        source: what errors call it; policy files are looked for beside it.
        snapshot: the account.
        exceptions: who need not be enforced.
        others: what is known besides.

    Raises:
        FaultyInput: with every fault, each with its line.
        PlanRefused: if the users could not be read.
    """
    check_users_listed(snapshot)
    given = others or GoalInputs()
    reader = _Reader(
        source,
        snapshot,
        exceptions,
        left_out={*given.left_out},
        joined=given.joined,
        former=given.former,
    )
    goal = reader.goal(shape)
    if shape.faults:
        faults = sorted(shape.faults, key=lambda fault: (fault.line, fault.column))
        raise FaultyInput(source, faults)
    return goal


def requirement_of(shape: Shape, source: str) -> Requirement | None:
    """Return the kind of device that a goal asks for; None: any.

    Args:
        shape: the goal, as `read_goal` returns it.
        source: what errors call it.

    Raises:
        FaultyInput: if it is no kind that can be asked for.
    """
    requirement = shape.members((), KEYS)["require"].choice(Requirement)
    if shape.faults:
        raise FaultyInput(source, shape.faults)
    return requirement


def timezone_of(shape: Shape) -> tzinfo:
    """Return where a goal's days begin; UTC where it names no time zone that there is.

    Args:
        shape: the goal, as `read_goal` returns it; `goal_of` says what is wrong with its time zone.
    """
    name = shape.raw.get("timezone") if isinstance(shape.raw, dict) else None
    return (_zone_named(name) if isinstance(name, str) else None) or UTC


def _zone_named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def break_glass_users(shape: Shape, source: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the break-glass users that a goal names, even if other parts do not fit the account.

    Args:
        shape: the goal, as `read_goal` returns it.
        source: what errors call it.
        snapshot: the account.

    Raises:
        FaultyInput: if the account lacks one of them; not where its users could not be listed.
    """
    listed = shape.members((), KEYS)["breakGlass"]
    users = _known_users(listed, snapshot, complete=snapshot.users_listed)
    if shape.faults:
        raise FaultyInput(source, shape.faults)
    return users


def _known_users(
    listed: Shape, snapshot: Snapshot, *, complete: bool = True, former: FormerNames | None = None
) -> tuple[str, ...]:
    """Return the users in a list; one that an account of which all is known lacks is a fault."""
    users = {user.name for user in snapshot.users}
    names = []
    for each in listed.items():
        text = each.text()
        name = (former or {}).get(text, text)
        if name is None:
            continue
        if name and name not in users and complete:
            message = Message("there is no user `{name}` in the account").filled(name=name)
            each.fault(message, Code.ACCOUNT_BAD_REFERENCE, did_you_mean(name, users))
        names.append(name)
    return tuple(names)


def _named_in(raw: object, former: FormerNames) -> Iterator[tuple[str, str | None]]:
    """Yield the names of old that stand somewhere in a goal, each with the present one."""
    match raw:
        case str() if raw in former:
            yield raw, former[raw]
        case list():
            for each in raw:
                yield from _named_in(each, former)
        case dict():
            for each in raw.values():
                yield from _named_in(each, former)
        case _:
            pass


@dataclass(slots=True)
class _Reader:
    source: str
    snapshot: Snapshot
    exceptions: Exceptions
    glass: tuple[str, ...] = ()
    left_out: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    selected_by_name: set[str] = field(default_factory=set)
    unmatched: list[str] = field(default_factory=list)
    zone: tzinfo = UTC
    joined: Mapping[str, datetime] = field(default_factory=dict)
    former: FormerNames = field(default_factory=dict)
    of_any_account: bool = False

    def goal(self, shape: Shape) -> Goal:
        """Read the whole."""
        got = shape.members((), KEYS)
        if not got["who"].absent and not got["waves"].absent:
            got["who"].fault(
                Message("`who` and `waves` exclude each other"), fix=Message("write one of them")
            )
            self._users(got["who"], set())  # so that what is wrong in it is said as well
        self.glass = self._break_glass(got["breakGlass"])
        self._read_timezone(got["timezone"])
        policy = read_policy(got["policy"], NAME, self._place)
        group = read_group(got["group"])
        waves = self._waves(got)
        self._leave_out(got["except"], waves)
        late = got["when"].choice(_WHEN) == _WHEN[1]
        accepted = self._accepted(got["accept"])
        enrolled = self._enrolled(got["afterEnrolment"], policy, group)
        first = Stage(policy, group.name if group else None)
        early = {*ready_users(waves, self.snapshot, accepted)}
        on_enrolment = self._before_their_day(waves, early)
        if any(wave.enrol_from for wave in waves):
            both = [first, *([enrolled] if enrolled else [])]
            early |= {*users_having(both, self.snapshot, waves)}
        deferred = self._deferred(waves, early, late=late)
        now = tuple(
            dict.fromkeys(user for wave in waves for user in wave.users if user not in deferred)
        )
        stages = [policy, *([enrolled.policy] if enrolled else [])]
        own = {policy_arn(self.snapshot, stage) for stage in stages}
        somebody = self.of_any_account or not self._is_about_nobody(waves, policy, group)
        if not shape.faults and not somebody:
            shape.fault(
                Message("selects nobody"), fix=Message("select users with `who` or `waves`")
            )
        return Goal(
            policy=policy,
            users=() if group else now,
            group=replace(group, members=now) if group else None,
            break_glass=self.glass,
            enrolled=enrolled,
            replaces=tuple(self._replaced(got["replaces"], own)),
            waves=waves,
            deferred=deferred,
            own_days=dict(self._own_days(waves)),
            exceptions=self.exceptions.entries,
            enrolment=self._enrolment(got["enrolment"], policy, waves),
            enrolling=tuple(enrolling_users(waves, deferred)),
            on_enrolment=tuple(name for name in on_enrolment if name in now),
            timezone=got["timezone"].text() or "UTC",
            accepted=accepted,
            selected_by_name=frozenset(self.selected_by_name),
            require=got["require"].choice(Requirement),
            unmatched=tuple(self.unmatched),
            former={**self.exceptions.former, **dict(_named_in(shape.raw, self.former))},
            dormant=None if got["dormant"].absent else dormant_of(got["dormant"]),
            keys=None if got["keys"].absent else key_rules_of(got["keys"]),
            untold=got["untold"].choice(Untold) or Untold.WAIT,
            unread=tuple(sorted(name for name in self.unread if not self._is_exempt(name))),
        )

    def _leave_out(self, shape: Shape, waves: tuple[Wave, ...]) -> None:
        """Note the users whom the goal leaves out, even if a selector matches them."""
        left = self._selected(shape)
        self.left_out |= left.users.keys()
        self.unread |= left.unread & {user for wave in waves for user in wave.users}

    def _is_about_nobody(
        self, waves: tuple[Wave, ...], policy: PolicyGoal, group: GroupGoal | None
    ) -> bool:
        """Return whether nobody is selected, is in the group, or can have the policy already."""
        exists = policy_arn(self.snapshot, policy) in self.snapshot.policies
        members = group is not None and any(group.name in u.groups for u in self.snapshot.users)
        return not (exists or members or self.unread or any(wave.users for wave in waves))

    def _read_timezone(self, shape: Shape) -> None:
        """Note where days begin; today is judged by when the account was read."""
        name = shape.text()
        zone = _zone_named(name) if name else UTC
        if zone is None:
            shape.fault(
                Message("there is no time zone `{name}`").filled(name=name),
                fix=did_you_mean(
                    name, available_timezones(), Message("write one like `Asia/Tokyo`, or `UTC`")
                ),
            )
        self.zone = zone or UTC

    @property
    def _place(self) -> PolicyPlace:
        return PolicyPlace(Path(self.source).parent, self.snapshot.partition)

    @property
    def today(self) -> date:
        """The day on which the account was read, in the goal's time zone."""
        return self.snapshot.taken_at.astimezone(self.zone).date()

    def _enrolled(self, shape: Shape, policy: PolicyGoal, group: GroupGoal | None) -> Stage | None:
        if shape.absent:
            return None
        got = shape.members(("policy",), ("group",))
        second = read_policy(got["policy"], f"{policy.name}_enrolled", self._place)
        name = got["group"].text()
        if name:
            note_faults(names.group_name(name), got["group"])
        if (group is None) != got["group"].absent:
            got["group"].fault(Message("both stages need a group, or neither"))
        if second.name.lower() == policy.name.lower():
            got["policy"].fault(Message("both stages have a policy of the same name"))
        if group is not None and name.lower() == group.name.lower():
            got["group"].fault(Message("both stages have the same group"))
        return Stage(second, name or None)

    def _enrolment(
        self, shape: Shape, policy: PolicyGoal, waves: tuple[Wave, ...]
    ) -> PolicyGoal | None:
        """Return the enrolment policy, if a wave has a time for it."""
        if shape.absent and not any(wave.enrol_from for wave in waves):
            return None
        goal = named_policy(
            shape.members((), NAMED),
            f"{policy.name}{ENROLMENT_SUFFIX}",
            enrolment_policy(self.snapshot.partition),
            ENROLMENT_DESCRIPTION,
        )
        if goal.name.lower() == policy.name.lower():
            shape.fault(
                Message("the enrolment policy has the same name as the policy that enforces MFA")
            )
        return goal

    def _waves(self, got: Mapping[str, Shape]) -> tuple[Wave, ...]:
        if got["waves"].absent:
            users = self._users(got["who"], set())
            return (Wave("", users),) if users or not got["who"].absent else ()
        waves: list[Wave] = []
        in_earlier_waves: set[str] = set()
        for place, shape in enumerate(got["waves"].items(), start=1):
            one = shape.members(("who",), _WAVE)
            name = one["name"].text() or f"wave {place}"
            if name in [wave.name for wave in waves]:
                one["name"].fault(Message("there is another wave `{name}`").filled(name=name))
            left = self._selected(one["except"])
            users = self._users(one["who"], in_earlier_waves | left.users.keys())
            self.unread |= left.unread & {*users}
            in_earlier_waves |= {*users}
            waves.append(self._wave(name, users, one))
        return tuple(waves)

    def _wave(self, name: str, users: tuple[str, ...], got: Mapping[str, Shape]) -> Wave:
        """Return a wave with its days; the days of enrolment come before that of enforcement."""
        starts, enrol_from = got["from"].day(), got["enrolFrom"].day()
        enforce = got["enforce"].choice(EnforceWhen) or EnforceWhen.ON_DATE
        if enrol_from and got["from"].absent:
            got["enrolFrom"].fault(
                Message(
                    "`enrolFrom` needs `from`: a last day for those who have not enrolled by then"
                ),
                fix=Message("write the day from which everybody of the wave is enforced as `from`"),
            )
        if starts and enrol_from and starts <= enrol_from:
            got["from"].fault(
                Message("`from` is not after `enrolFrom`: nobody has time to enrol"),
                fix=Message("write a day after {day}").filled(day=enrol_from),
            )
        grace = got["grace"].days()
        longest = (starts - enrol_from).days if starts and enrol_from else 0
        for key in ("enforce", "grace"):
            needs = key == "grace" or enforce is EnforceWhen.ON_ENROLMENT
            if needs and not got[key].absent and got["enrolFrom"].absent:
                got[key].fault(
                    Message("`{key}` needs `enrolFrom`").filled(key=key),
                    fix=Message("write the day from which people can enrol as `enrolFrom`"),
                )
        if grace and 0 < longest < grace:
            got["grace"].fault(
                Message("`grace` is longer than the time from `enrolFrom` to `from`"),
                fix=Message("write at most {count} {count:day|days}").filled(count=longest),
            )
        return Wave(
            name,
            users,
            starts,
            due=starts is None or starts <= self.today,
            enrol_from=enrol_from,
            enrolment_open=enrol_from is not None and enrol_from <= self.today,
            enforce=enforce,
            grace=grace,
        )

    def _selected(self, shape: Shape) -> Selection:
        found = select_users(shape, self.snapshot, self.former)
        self.unmatched += found.unmatched
        return found

    def _users(self, shape: Shape, others: set[str]) -> tuple[str, ...]:
        """Return the selected users but `others`; a user who is an exception must not be named."""
        selection = self._selected(shape)
        if shape.raw == []:
            shape.fault(Message("selects nobody"), fix=Message("select users"))
        self.unread |= selection.unread - {*others, *self.glass}
        self.selected_by_name |= {
            user for user, by_name in selection.users.items() if by_name is not None
        }
        for user, by_name in selection.users.items():
            if by_name is not None and (user in self.glass or self._exempt(user)):
                fix = Message("remove the user from one of the two")
                by_name.fault(
                    Message("`{user}` is excepted, but named here").filled(user=user),
                    Code.PLAN_UNSAFE,
                    fix,
                )
        return tuple(user for user in selection.users if user not in {*others, *self.glass})

    def _is_exempt(self, user: str) -> bool:
        return user in self.left_out or self._exempt(user) is not None

    def _exempt(self, user: str) -> date | None:
        entry = self.exceptions.of(user)
        if entry is None or entry.expired(self.snapshot.taken_at):
            return None
        return entry.expires

    def _deferred(
        self, waves: tuple[Wave, ...], early: set[str], *, late: bool
    ) -> dict[str, Deferral]:
        """Return why users of the waves are not enforced today; `early` are before their day."""
        users = {user.name: user for user in self.snapshot.users}
        deferrals: dict[str, Deferral] = {}
        for wave in waves:
            for name in wave.users:
                password = users[name].password
                temporary = late and password is not None and password.reset_required
                if name in self.left_out:
                    deferrals[name] = Deferral(DeferralReason.LEFT_OUT)
                elif expires := self._exempt(name):
                    deferrals[name] = Deferral(DeferralReason.EXEMPT, expires)
                elif (day := self._own_day(users[name], wave)) > self.today and name not in early:
                    opened = wave.enrolment_open
                    reason = DeferralReason.ENROLMENT if opened else DeferralReason.WAVE
                    deferrals[name] = Deferral(reason, day, password=temporary)
                elif temporary:
                    deferrals[name] = Deferral(DeferralReason.PASSWORD)
        return deferrals

    def _own_days(self, waves: tuple[Wave, ...]) -> Iterator[tuple[str, date]]:
        """Yield the users who have another day than their wave, and that day."""
        users = {user.name: user for user in self.snapshot.users}
        for wave in waves:
            for name in wave.users if wave.grace is not None else ():
                if (day := self._own_day(users[name], wave)) != wave.starts:
                    yield name, day

    def _before_their_day(self, waves: tuple[Wave, ...], names: set[str]) -> tuple[str, ...]:
        """Return those of some users of the waves whose day has not come."""
        users = self.snapshot.user_named
        return tuple(
            name
            for wave in waves
            for name in wave.users
            if name in names and self._own_day(users[name], wave) > self.today
        )

    def _own_day(self, user: User, wave: Wave) -> date:
        made = user.password.created_at if user.password is not None else None
        joined = self.joined.get(user.id, made)
        return own_day(wave, joined.astimezone(self.zone).date() if joined else None)

    def _break_glass(self, shape: Shape) -> tuple[str, ...]:
        """Return the break-glass users of the goal and of the exceptions, expired or not."""
        own = _known_users(shape, self.snapshot, former=self.former)
        return tuple(dict.fromkeys((*self.exceptions.break_glass, *own)))

    def _accepted(self, shape: Shape) -> Mapping[str, str]:
        """Return the acceptances, by `ID` or `ID:USER`; the user need not exist."""
        reasons: dict[str, str] = {}
        for each in shape.items():
            got = each.members(("id", "why"), ("user",))
            identity = got["id"].choice(sorted(PROBLEMS - UNACCEPTABLE)) or ""
            name, why = got["user"].text(), got["why"].text()
            user = self.former.get(name) or name
            if not got["why"].absent and not why.strip():
                got["why"].fault(Message("must not be empty"))
            if identity in DECISIONS and not user:
                each.fault(
                    Message("`{identity}` is about users and is accepted for each by name").filled(
                        identity=identity
                    )
                )
            key = f"{identity}:{user}" if user else identity
            if key in reasons:
                each.fault(Message("accepts the same twice"))
            reasons[key] = why
        return reasons

    def _replaced(self, shape: Shape, own: set[str]) -> Iterator[str]:
        by_name = {p.name: arn for arn, p in self.snapshot.policies.items() if not p.aws_managed}
        for each in shape.items():
            text = each.text()
            arn = by_name.get(text, text)
            if arn in own:
                message = Message(
                    "`{text}` is the policy that enforces MFA and cannot be replaced by itself"
                ).filled(text=text)
                each.fault(message, Code.PLAN_UNSAFE, Message("remove it from `replaces`"))
            elif arn in self.snapshot.policies:
                yield arn
            else:
                each.fault(
                    Message("there is no policy `{text}` in the account").filled(text=text),
                    Code.ACCOUNT_BAD_REFERENCE,
                )
