"""How a plan or a goal stands, as JSON values with English keys."""

from dataclasses import asdict

from sekisho.messages import Message
from sekisho.rollout.applying.change_status import ChangeStatus
from sekisho.rollout.goal.waves import WaveStatus
from sekisho.rollout.history import Author
from sekisho.rollout.planning.plan import Plan
from sekisho.rollout.status import Fact, PlanStatus


def status_to_json(plan: Plan, standing: PlanStatus) -> dict[str, object]:
    """Return how a plan stands; `enrolled` is null of whom it could not be read or is not there."""
    known = {**dict.fromkeys(standing.enrolled, True), **dict.fromkeys(standing.without, False)}
    return {
        "schema": "sekisho.status/1",
        "plan": plan.digest,
        "changes": [
            {"address": fact.address, "status": fact.status.value, **_changed(fact)}
            for fact in standing.facts
        ],
        "people": [
            {
                "user": person.user,
                "wave": person.wave,
                "enrolled": known.get(person.user),
                **_locked_out(plan, standing, person.user),
                **_required(plan, standing, person.user, known.get(person.user)),
            }
            for person in plan.people_changed
        ],
        **({"addedPolicies": [asdict(each) for each in standing.added]} if standing.added else {}),
    }


def _locked_out(plan: Plan, standing: PlanStatus, user: str) -> dict[str, object]:
    """Return whether somebody is enforced and cannot get in; null if that could not be judged."""
    if not plan.enforces:
        return {}
    if user in standing.locked_out:
        return {"lockedOut": True, "why": standing.locked_out[user].en}
    return {"lockedOut": None} if standing.unjudged else {"lockedOut": False}


def _required(
    plan: Plan, standing: PlanStatus, user: str, enrolled: bool | None
) -> dict[str, object]:
    """Return whether somebody has the kind of device that the plan's goal requires, if it does."""
    if plan.require is None:
        return {}
    return {"hasRequiredDevice": enrolled and user not in standing.other_kind}


def _changed(fact: Fact) -> dict[str, object]:
    """Return what is known of the change that has made a fact drift."""
    if fact.status is not ChangeStatus.DRIFTED:
        return {}
    if fact.came:
        added = [_by(each) for each in fact.added]
        return {"came": list(fact.came), **({"added": added} if added else {})}
    dated = None if fact.dated is None else fact.dated.isoformat()
    differs = {} if fact.difference is None else asdict(fact.difference)
    return {**differs, "dated": dated, **_by(fact.author)}


def _by(author: Author | Message | None) -> dict[str, object]:
    """Return who it was, or why that is not known."""
    match author:
        case Author(who, event, at):
            return {"last": {"who": who, "event": event, "at": at.isoformat()}}
        case Message() as reason:
            return {"last": None, "notKnown": reason.en}
        case None:
            return {"last": None, "notKnown": "not asked"}


def waves_to_json(waves: tuple[WaveStatus, ...], unread: tuple[str, ...]) -> dict[str, object]:
    """Return how the waves of a goal stand; of whom in `unread` it is not known if they are in."""
    return {
        "schema": "sekisho.waves/1",
        "unread": list(unread),
        "waves": [
            {
                "name": wave.name,
                "from": None if wave.starts is None else wave.starts.isoformat(),
                "due": wave.due,
                "users": list(wave.users),
                "exempt": list(wave.exempt),
                "enrolled": list(wave.enrolled),
                "devicesUnknown": list(wave.devices_unknown),
                "enforced": list(wave.enforced),
                "unknown": list(wave.unknown),
                **({"otherKind": list(wave.other_kind)} if wave.other_kind else {}),
            }
            for wave in waves
        ],
    }
