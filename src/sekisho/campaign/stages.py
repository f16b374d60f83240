"""The stage of each person of a campaign on the day on which the account was read. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum

from sekisho.account import Snapshot, User, users_not_read
from sekisho.audit.enforcement import UserEnforcement, enforcements_of
from sekisho.campaign.losses import DormantPerson
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover import Enforced
from sekisho.rollout import DeferralReason, DormantAction, Goal, Wave, policy_arn


class CampaignStage(StrEnum):
    """How far a person of a campaign is.

    Attributes:
        NOT_STARTED: nothing has changed for them yet; whether they were told is not a stage.
        ENROLMENT_OPEN: they have the enrolment policy, or can enrol by another.
        ENFORCED: MFA is proved to be enforced.
        STRICTER: likewise, with the policy for those who have enrolled.
        EXCEPTED: an exception, until its end.
        LEFT_OUT: `except` leaves them out.
        DORMANT: they do not sign in, and MFA is not enforced for them.
        UNKNOWN: it could not be read or proved.
    """

    NOT_STARTED = "announced"  # the word of files, which is kept
    ENROLMENT_OPEN = "enrolment-open"
    ENFORCED = "enforced"
    STRICTER = "stricter"
    EXCEPTED = "excepted"
    LEFT_OUT = "left-out"
    DORMANT = "dormant"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """A problem of enforcing MFA for a person: its id, as in a plan, and its text."""

    id: str
    text: Message


@dataclass(frozen=True, slots=True)
class CampaignPerson:
    """One person of a campaign.

    Attributes:
        wave: the name of the wave.
        enrol_from: from when on they can enrol; None: not before MFA is enforced.
        enforced_from: the day from which MFA is enforced at the latest; None: at once.
        until: the last day of their exception; None: they have none.
        enrolled: whether they have an MFA device; None: that could not be read.
        overdue: whether their day has come and MFA is not enforced, today's changes included.
        problems: the problems of enforcing MFA for the person today; empty if there are none.
    """

    user: str
    stage: CampaignStage
    wave: str
    enrol_from: date | None = None
    enforced_from: date | None = None
    until: date | None = None
    enrolled: bool | None = None
    overdue: bool = False
    problems: tuple[PlanProblem, ...] = ()


def people_of_campaign(
    goal: Goal,
    snapshot: Snapshot,
    problems: Mapping[str, tuple[PlanProblem, ...]],
    dormant: Mapping[str, DormantPerson],
) -> tuple[CampaignPerson, ...]:
    """Return the people of a goal's waves by name, each with their stage.

    Args:
        goal: what the account shall come to.
        snapshot: the account as it is today.
        problems: by user, the problems of enforcing MFA for them.
        dormant: the people who do not sign in, by name.
    """
    names = {user for wave in goal.waves for user in wave.users}
    judged = tuple(user for user in snapshot.users if user.name in names)
    enforcements = enforcements_of(replace(snapshot, users=judged))
    unread = users_not_read(snapshot, "ListMFADevices")
    stages = _Stages(goal, snapshot, enforcements)

    def people() -> Iterator[CampaignPerson]:
        for wave in goal.waves:
            for name in wave.users:
                user = snapshot.user_named[name]
                stage = stages.of(user, wave, dormant=name in dormant)
                deferral = goal.deferred.get(name)
                enforced = stage in (CampaignStage.ENFORCED, CampaignStage.STRICTER)
                overdue = deferral is not None and deferral.reason in _OVERDUE
                if name in dormant and stage is CampaignStage.DORMANT:
                    # without a decision nothing would ever happen to them
                    overdue = overdue and _is_undecided(goal, dormant[name])
                yield CampaignPerson(
                    user=name,
                    stage=stage,
                    wave=wave.name,
                    enrol_from=wave.enrol_from,
                    enforced_from=goal.day_of_user(name, wave),
                    until=deferral.until
                    if deferral and deferral.reason is DeferralReason.EXEMPT
                    else None,
                    enrolled=True if user.devices else None if name in unread else False,
                    overdue=overdue and not enforced,
                    problems=problems.get(name, ()),
                )

    return tuple(sorted(people(), key=lambda person: person.user))


def _is_undecided(goal: Goal, person: DormantPerson) -> bool:
    action = goal.dormant.action if goal.dormant is not None else DormantAction.NAME
    return action is DormantAction.NAME and person.decided is None


_OVERDUE = (DeferralReason.PROBLEM, DeferralReason.PASSWORD)
"""Why somebody waits whose day has come."""


class _Stages:
    """What the stages of people hang on."""

    def __init__(
        self, goal: Goal, snapshot: Snapshot, enforcements: Mapping[str, UserEnforcement]
    ) -> None:
        self._goal = goal
        self._enforcements = enforcements
        self._enrolment = goal.enrolment and policy_arn(snapshot, goal.enrolment)
        second = goal.enrolled
        self._second = second and policy_arn(snapshot, second.policy)
        self._second_group = second and second.group

    def of(self, user: User, wave: Wave, *, dormant: bool) -> CampaignStage:
        """Return the stage of a user of a wave."""
        deferral = self._goal.deferred.get(user.name)
        if deferral is not None and deferral.reason is DeferralReason.EXEMPT:
            return CampaignStage.EXCEPTED
        if deferral is not None and deferral.reason is DeferralReason.LEFT_OUT:
            return CampaignStage.LEFT_OUT
        match self._enforcements[user.name].enforced:
            case Enforced.PROVED:
                stricter = self._second in user.attached or self._second_group in user.groups
                return CampaignStage.STRICTER if stricter else CampaignStage.ENFORCED
            case Enforced.UNKNOWN:
                return CampaignStage.UNKNOWN
            case Enforced.REFUTED | Enforced.TODAY_UNKNOWN | Enforced.NOTHING_ALLOWED:
                if dormant:
                    return CampaignStage.DORMANT
                has_policy = self._enrolment in user.attached
                opened = has_policy or (wave.enrolment_open and bool(user.devices))
                return CampaignStage.ENROLMENT_OPEN if opened else CampaignStage.NOT_STARTED
