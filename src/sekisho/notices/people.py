"""The kinds of notice for each person of a plan, with the reasons.

What happens to a person is the audit's impact under the plan's policy, in the account as it is now:
users who have enrolled since the plan was made are ready. Where the plan's impact is graver,
that counts. Unknown impacts, and users who would be locked out, get no notice but a row of the work
list: nobody is told a kind sentence by mistake.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date
from enum import StrEnum

from sekisho.account import (
    AccessKey,
    Credentials,
    Device,
    Snapshot,
    User,
    credentials_by_user,
    unread_credentials,
)
from sekisho.audit.enforcement import UserEnforcement, enforcements_of
from sekisho.audit.exceptions import ExceptionKind, Exceptions, Exemption
from sekisho.audit.impact import (
    ImpactKind,
    SignInOutcomes,
    UserImpact,
    impacts_of,
    usual_enforcement,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, table, verbatim
from sekisho.notices.dates import UTC_NAME
from sekisho.notices.devices import may_enrol
from sekisho.notices.planned import (
    is_in_second_stage,
    lacks_passkey,
    policies_of_plan,
    reset_by,
)
from sekisho.prover import Enforced
from sekisho.rollout import (
    CreateUser,
    DetachUserPolicy,
    Plan,
    PlannedImpact,
)
from sekisho.signin import DeviceKind
from sekisho.work import tracked


class NoticeKind(StrEnum):
    """What a person has to hear; of several, the gravest comes first.

    `NOT_KNOWN`, `STUCK` and `NO_NOTICE` are rows of the work list and no notice: what was not read
    decides; the person would be cut off; there is nothing to say. Those from
    `EXCEPTION_ENDS` on are about rules of a campaign, and come by its reminders alone.
    """

    NOT_KNOWN = "not-known"
    STUCK = "stuck"
    MACHINE = "machine"
    TEMPORARY_PASSWORD = "temporary-password"  # noqa: S105 - a kind of notice, not a secret
    KEY_STOPS = "key-stops"
    PASSKEY_ONLY = "passkey-only"
    ENROL = "enrol"
    EXEMPT_UNTIL = "exempt-until"
    READY = "ready"
    EXCEPTION_ENDS = "exception-ends"
    EXCEPTION_ENDED = "exception-ended"
    KEY_OLD = "key-old"
    KEY_INACTIVE = "key-inactive"
    KEY_DELETED = "key-deleted"
    DORMANT = "dormant"
    PASSWORD_REMOVED = "password-removed"  # noqa: S105 - a kind of notice, not a secret
    NO_NOTICE = "no-notice"

    @property
    def is_notice(self) -> bool:
        """Whether there is something to send."""
        return self not in _ROWS_ONLY

    @property
    def of_rule(self) -> bool:
        """Whether it is about a rule of a campaign that ends something."""
        return self in _TO_OWNER or self in _OF_KEYS

    @property
    def to_owner(self) -> bool:
        """Whether it is for the owner of a user, who has to decide."""
        return self in _TO_OWNER


_ROWS_ONLY = (NoticeKind.NOT_KNOWN, NoticeKind.STUCK, NoticeKind.NO_NOTICE)
_TO_OWNER = (
    NoticeKind.EXCEPTION_ENDS,
    NoticeKind.EXCEPTION_ENDED,
    NoticeKind.DORMANT,
    NoticeKind.PASSWORD_REMOVED,
)
_OF_KEYS = (NoticeKind.KEY_OLD, NoticeKind.KEY_INACTIVE, NoticeKind.KEY_DELETED)


class PasswordChange(StrEnum):
    """Whether a password must be changed first, and until when the sign-in page lets them.

    `BEFORE`: only before MFA is enforced; afterwards the page refuses it. `FIRST`: MFA is enforced
    only once it is changed.
    """

    NONE = "none"
    ANY_TIME = "any-time"
    BEFORE = "before"
    FIRST = "first"


OWNER_TAGS = ("owner", "email", "mail", "contact")
"""The tags of a user that say whom to write to; upper and lower case are alike."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a plan: the facts for their notice, and for the administrator of the roll-out.

    Attributes:
        kinds: at least one, the gravest first.
        outcome: the impact on them, in one sentence for the administrator of the roll-out.
        wave: the name of their wave; "" if there are no waves.
        day: when it begins; None: at once.
        day_zone: the time zone in which that day begins.
        enrol_from: from when on they can enrol before that; None: there is no such day.
        on_enrolment: whether they are enforced once they have signed in with a device.
        until: the last day of their exception; None: they have none.
        exception_over: the last day of an exception that is over and that the plan still counts.
        owner: who answers for them: an exception's owner, or a tag of the user; "" if nobody says.
        password: whether a password must be changed first.
        devices: their MFA devices.
        keys: their active access keys.
        others: how many active credentials for single services, SSH keys and certificates they
            have; None if that is not known.
        enforced: whether MFA is proved to be enforced for them already.
        late: their day has come and they are not proved to be enforced: how the account shows it;
            None: it has not come, they are enforced, or wait until a password is changed.
        may_enrol_now: whether they may set up a device before that: many are allowed to by the
            policy alone that enforces MFA.
        lacks_passkey: whether the plan asks for a passkey or security key, and they have none.
        gaps: what could not be read and does not decide which notice it is.
    """

    user: str
    kinds: tuple[NoticeKind, ...]
    outcome: Message
    wave: str = ""
    day: date | None = None
    day_zone: str = UTC_NAME
    enrol_from: date | None = None
    on_enrolment: bool = False
    until: date | None = None
    exception_over: date | None = None
    owner: str = ""
    password: PasswordChange = PasswordChange.NONE
    devices: tuple[Device, ...] = ()
    keys: tuple[AccessKey, ...] = ()
    others: int | None = 0
    enforced: bool = False
    late: Enforced | None = None
    may_enrol_now: bool = True
    lacks_passkey: bool = False
    gaps: tuple[Message, ...] = ()

    @property
    def kind(self) -> NoticeKind:
        """The gravest kind."""
        return self.kinds[0]

    @property
    def enrolled_since(self) -> date | None:
        """The day of the oldest device, in UTC; None: there is none, or nobody knows its day."""
        days = [each.enabled_at for each in self.devices if each.enabled_at is not None]
        return min(days).astimezone(UTC).date() if days else None

    @property
    def needs_attention(self) -> bool:
        """Whether somebody must do something about it who is not the person."""
        stuck = self.kind in (NoticeKind.NOT_KNOWN, NoticeKind.STUCK)
        over = self.exception_over is not None
        late = self.late is not None
        return stuck or self.must_hurry or self.has_no_addressee or over or late

    @property
    def must_hurry(self) -> bool:
        """Whether they are locked out unless they change their password before it begins."""
        return self.password is PasswordChange.BEFORE

    @property
    def has_no_addressee(self) -> bool:
        """Whether it is a machine that nobody is known to answer for."""
        return self.kind is NoticeKind.MACHINE and not self.owner


_WHAT_TO_DO = Message("Finding out what each person has to do")
_ABSENT = Message("This user no longer exists.")
_NOT_READ = Message("Whether they can sign in could not be read.")
_OVER = Message("The exception ended on {day}, but the plan still counts it.")
_KEYS_ALONE = Message("Works by keys alone, which stop working without MFA.")
_OTHERS_UNREAD = Message(
    "Whether there are SSH keys or service-specific credentials could not be read."
)
_KEYS_UNREAD = Message("Whether there are access keys in use could not be read.")

_FROM_PLAN: Mapping[ImpactKind, NoticeKind] = {
    ImpactKind.UNKNOWN: NoticeKind.NOT_KNOWN,
    ImpactKind.NOT_ENFORCED: NoticeKind.NOT_KNOWN,
    ImpactKind.ENFORCEMENT_UNKNOWN: NoticeKind.NOT_KNOWN,
    ImpactKind.WITHOUT_MFA: NoticeKind.NOT_KNOWN,
    ImpactKind.CUT_OFF: NoticeKind.STUCK,
    ImpactKind.DEAD_LOCK: NoticeKind.STUCK,
    ImpactKind.LOCKED_OUT: NoticeKind.STUCK,
    ImpactKind.KEY_ONLY: NoticeKind.STUCK,
}
"""What a plan says and no notice may gloss over."""

_SILENT = (ImpactKind.BREAK_GLASS, ImpactKind.LEFT_OUT, ImpactKind.OTHER_POLICIES)
"""The plan excludes these users from MFA enforcement."""

_NOTICE_OF_IMPACT: Mapping[ImpactKind, NoticeKind] = {
    **_FROM_PLAN,
    ImpactKind.KEYS_STOP: NoticeKind.KEY_STOPS,
    ImpactKind.MUST_ENROL: NoticeKind.ENROL,
    ImpactKind.NEW_PASSWORD: NoticeKind.ENROL,
    ImpactKind.ENROLS_AGAIN: NoticeKind.ENROL,
    ImpactKind.READY: NoticeKind.READY,
}


def people_of(
    plan: Plan,
    snapshot: Snapshot,
    owner_tags: Iterable[str] = OWNER_TAGS,
    today: date | None = None,
) -> tuple[Person, ...]:
    """Return the people of a plan, in name order.

    Args:
        plan: the plan, of which the people may have enrolled since.
        snapshot: the account as it is now.
        owner_tags: which tags of a user say whom to write to, the best first.
        today: on which day they are told, in UTC, and exceptions hold or are over; the day on which
            the account was read if not given.
    """
    snapshot = reset_by(plan, snapshot)
    found = _People(
        plan=plan,
        snapshot=snapshot,
        exceptions=Exceptions(plan.exceptions),
        owner_tags=tuple(tag.lower() for tag in owner_tags),
        credentials=credentials_by_user(snapshot),
        enforcements=enforcements_of(snapshot),
        sign_ins=SignInOutcomes(snapshot, unread_credentials(snapshot)),
        today=today or snapshot.taken_at.astimezone(UTC).date(),
        replaced=frozenset(each.arn for each in plan.changes if isinstance(each, DetachUserPolicy)),
        created={each.name: each for each in plan.changes if isinstance(each, CreateUser)},
    )
    impacts = found.impacts()
    return tuple(
        found.person(planned, impacts.get(planned.user))
        for planned in tracked(plan.people, _WHAT_TO_DO)
    )


@dataclass(frozen=True, slots=True)
class _People:
    """What the people of a plan are judged by.

    Attributes:
        replaced: the policies that the plan takes away from people.
        created: the users whom it creates.
    """

    plan: Plan
    snapshot: Snapshot
    exceptions: Exceptions
    owner_tags: tuple[str, ...]
    credentials: Mapping[str, Credentials]
    enforcements: Mapping[str, UserEnforcement]
    sign_ins: SignInOutcomes
    today: date
    replaced: frozenset[str]
    created: Mapping[str, CreateUser]

    def impacts(self) -> Mapping[str, UserImpact]:
        """Return the impact of MFA enforcement on each user, by the policy of their stage."""
        first, *later = policies_of_plan(self.plan) or (usual_enforcement(self.snapshot),)
        account = replace(
            self.snapshot, users=tuple(self._without_replaced(each) for each in self.snapshot.users)
        )
        running = tuple(each for each in self.exceptions.entries if self._holds(each))
        exceptions = replace(self.exceptions, entries=running)
        stages = [
            impacts_of(account, self.credentials, self.enforcements, exceptions, document)
            for document in (first, *later)
        ]
        return {
            user.name: stages[-1 if is_in_second_stage(self.plan, user.devices) else 0][user.name]
            for user in account.users
        }

    def person(self, planned: PlannedImpact, impact: UserImpact | None) -> Person:
        """Return one person of the plan; without an impact, there is no such user yet."""
        user = self.snapshot.user_named.get(planned.user)
        if user is None or impact is None:
            return self._newcomer(planned)
        credentials = self.credentials[user.name]
        entry = self.exceptions.of(user.name)
        exemption = entry if entry is not None and self._holds(entry) else None
        base = Person(
            user=user.name,
            kinds=(NoticeKind.NO_NOTICE,),
            outcome=planned.text,
            wave=planned.wave,
            day=planned.starts,
            day_zone=self.plan.timezone,
            enrol_from=planned.enrol_from,
            on_enrolment=planned.on_enrolment,
            owner=exemption.owner if exemption else self._owner(user),
            devices=user.devices,
            keys=tuple(key for key in user.keys if key.active),
            others=credentials.others_count,
            enforced=self._is_enforced(user),
            may_enrol_now=may_enrol(self.snapshot, user),
        )
        if planned.impact in _SILENT or (exemption and _is_break_glass(exemption)):
            return base
        if exemption is not None:
            return _excepted(base, exemption)
        if planned.impact is ImpactKind.ENROLS_AGAIN and not base.enforced:
            # nothing asks them for MFA, and this plan does not begin to
            return base
        judged = self._judged(base, planned, impact, credentials)
        if entry is None or planned.impact is not ImpactKind.EXEMPT:
            return judged
        outcome = joined_messages((_OVER.filled(day=entry.expires), judged.outcome), en=" ", ja="")
        return replace(judged, exception_over=entry.expires, outcome=outcome)

    def _judged(
        self, base: Person, planned: PlannedImpact, impact: UserImpact, credentials: Credentials
    ) -> Person:
        """Return a person whom the plan is about and who is no exception."""
        kinds = {_NOTICE_OF_IMPACT[each] for each in impact.kinds if each in _NOTICE_OF_IMPACT}
        grave = _FROM_PLAN.get(planned.impact)
        if grave is not None:
            kinds.add(grave)
        if impact.by_key_only:
            # what they would be told begins at the console, which is shut to them
            kinds.add(NoticeKind.STUCK)
        change = self._password_change(base, planned, impact, credentials)
        if change is not PasswordChange.NONE:
            kinds.add(NoticeKind.TEMPORARY_PASSWORD)
        if change in (PasswordChange.BEFORE, PasswordChange.FIRST):
            # they can still act: the text says until when
            kinds = (kinds - {NoticeKind.STUCK}) | {NoticeKind.ENROL}
        if _only_passkeys(base.devices) and base.keys:
            kinds.add(NoticeKind.PASSKEY_ONLY)
        machine = credentials.of_machine
        if machine:
            # what a person would have to do is not a program's to do
            stops = kinds & {NoticeKind.KEY_STOPS, NoticeKind.NOT_KNOWN}
            kinds = {NoticeKind.MACHINE, *stops}
        ordered = tuple(each for each in NoticeKind if each in kinds) or (NoticeKind.NO_NOTICE,)
        if not ordered[0].is_notice:
            # nothing else is said of whom this is not settled
            ordered = ordered[:1]
        return replace(
            base,
            kinds=ordered,
            outcome=_KEYS_ALONE if machine else _outcome(planned, impact, change),
            password=change,
            late=self._late(base, ordered[0], change),
            lacks_passkey=not machine and lacks_passkey(self.plan, base.devices),
            gaps=_gaps(impact, credentials),
        )

    def _late(self, base: Person, kind: NoticeKind, change: PasswordChange) -> Enforced | None:
        """Return how the account shows enforcement that should have begun and is not proved."""
        has_come = base.day is not None and base.day <= self.today
        waits = change is PasswordChange.FIRST
        if base.enforced or waits or not (has_come and kind.is_notice):
            return None
        return self.enforcements[base.user].enforced

    def _password_change(
        self, base: Person, planned: PlannedImpact, impact: UserImpact, credentials: Credentials
    ) -> PasswordChange:
        """Return whether the password must be changed first, and whether MFA enforcement lets."""
        if not credentials.password or credentials.must_change is not True or base.devices:
            return PasswordChange.NONE
        if ImpactKind.DEAD_LOCK not in impact.kinds:
            stuck = {*impact.kinds} & {ImpactKind.LOCKED_OUT, ImpactKind.UNKNOWN}
            return PasswordChange.NONE if stuck else PasswordChange.ANY_TIME
        # before it begins it is their policies of today that let them, or do not
        if not self.sign_ins.console(self.snapshot.user_named[base.user]).gets_in:
            return PasswordChange.NONE
        if planned.after_password:
            return PasswordChange.FIRST
        is_later = base.day is not None and base.day > self.today
        return PasswordChange.BEFORE if is_later else PasswordChange.NONE

    def _newcomer(self, planned: PlannedImpact) -> Person:
        """Return a person whom the plan creates, or who has gone."""
        base = Person(
            planned.user,
            (NoticeKind.NO_NOTICE,),
            planned.text,
            wave=planned.wave,
            day=planned.starts,
            day_zone=self.plan.timezone,
            enrol_from=planned.enrol_from,
            on_enrolment=planned.on_enrolment,
        )
        new = self.created.get(planned.user)
        if new is None:
            return replace(base, outcome=_ABSENT)
        owner = owner_by_tags(new.tags, self.owner_tags)
        kind = _NOTICE_OF_IMPACT.get(planned.impact)
        if kind is None:
            return replace(base, owner=owner)
        if planned.impact is not ImpactKind.NEW_PASSWORD:
            return replace(base, kinds=(kind,), owner=owner)
        return replace(
            base,
            kinds=(NoticeKind.TEMPORARY_PASSWORD, kind),
            password=PasswordChange.ANY_TIME,
            owner=owner,
        )

    def _holds(self, exemption: Exemption) -> bool:
        """Return whether an exception still runs on the day on which people are told."""
        return self.today <= exemption.expires

    def _owner(self, user: User) -> str:
        return owner_by_tags(user.tags, self.owner_tags)

    def _is_enforced(self, user: User) -> bool:
        return self.enforcements[user.name].enforced is Enforced.PROVED

    def _without_replaced(self, user: User) -> User:
        """Return a user without the policies that the plan takes away from others of theirs."""
        if self._is_enforced(user) or self.replaced.isdisjoint(user.attached):
            return user
        attached = tuple(arn for arn in user.attached if arn not in self.replaced)
        return replace(user, attached=attached)


def _is_break_glass(exemption: Exemption) -> bool:
    return exemption.kind is ExceptionKind.BREAK_GLASS


def _excepted(base: Person, exemption: Exemption) -> Person:
    """Return somebody with an exception; a machine's owner is told of it."""
    machine = exemption.kind is ExceptionKind.MACHINE
    kinds = (NoticeKind.MACHINE, NoticeKind.EXEMPT_UNTIL) if machine else (NoticeKind.EXEMPT_UNTIL,)
    text: Message = table("impacts")[ImpactKind.EXEMPT]["plan"]
    return replace(
        base, kinds=kinds, until=exemption.expires, outcome=text.filled(until=exemption.expires)
    )


def owner_by_tags(tags: Mapping[str, str], wanted: tuple[str, ...] = OWNER_TAGS) -> str:
    """Return the owner of a user, by the first of the wanted tags; "" if nobody is named."""
    values = {key.lower(): value.strip() for key, value in tags.items()}
    return next((values[key] for key in wanted if values.get(key)), "")


def _only_passkeys(devices: tuple[Device, ...]) -> bool:
    return bool(devices) and all(each.kind is DeviceKind.FIDO for each in devices)


def _outcome(planned: PlannedImpact, impact: UserImpact, change: PasswordChange) -> Message:
    """Return the outcome, in the plan's words if they still apply."""
    if impact.by_key_only:
        by_key: Message = table("impacts")[ImpactKind.KEY_ONLY]["plan"]
        return by_key
    still = planned.impact in impact.kinds or planned.impact in _FROM_PLAN
    renewed = {ImpactKind.NEW_PASSWORD, ImpactKind.ENROLS_AGAIN}
    if still or (planned.impact in renewed and ImpactKind.MUST_ENROL in impact.kinds):
        return planned.text
    first = (
        {ImpactKind.MUST_ENROL: ImpactKind.NEW_PASSWORD}
        if change is not PasswordChange.NONE
        else {}
    )
    texts = [_text_of(first.get(each, each)) for each in impact.kinds]
    reasons = [each for each in (impact.reason, impact.name_taken, impact.stopped) if each]
    said = joined_messages(texts, en="; ", ja="、")
    if not reasons:
        return said
    return verbatim("{said}: {reason}").filled(said=said, reason=reasons[0])


def _text_of(kind: ImpactKind) -> Message:
    """Return the sentence for a kind of impact, from the plan if it needs no context."""
    entry = table("impacts")[kind]
    text: Message = entry["audit"] if kind in _FROM_PLAN or kind in _SHORT else entry["plan"]
    return text


_SHORT = (ImpactKind.EXEMPT, ImpactKind.KEYS_STOP, ImpactKind.KEYS_MAY_STOP)
"""Of these, plans say it otherwise, or with values that are not known here."""


def _gaps(impact: UserImpact, credentials: Credentials) -> tuple[Message, ...]:
    """Return the gaps other than those that leave everything unknown."""
    gaps = []
    if ImpactKind.UNKNOWN in impact.kinds:
        gaps.append(impact.reason or _NOT_READ)
    if ImpactKind.KEYS_MAY_STOP in impact.kinds:
        gaps.append(_OTHERS_UNREAD if credentials.others_unread else _KEYS_UNREAD)
    return tuple(gaps)
