"""Chapter 1: who is there, and what works without MFA today."""

from collections.abc import Iterator

from sekisho.account import Snapshot, User, collect
from sekisho.messages import Message
from sekisho.tour import cast
from sekisho.tour.acts.answers import INVALID_TOKEN, TRUST_DENIES
from sekisho.tour.scene import DONE, IN_ORDER
from sekisho.tour.stage import Stage
from sekisho.tour.step import Cell, Held, Step

__all__ = ["NO", "YES", "before", "users_table"]

YES = Message("yes", "has")
NO = Message("no", "has")
_MUST_CHANGE = Message("must be changed")
_COLUMNS = (
    Message("user"),
    Message("groups"),
    Message("password"),
    Message("device"),
    Message("active keys"),
)
_USERS = Message("Users")
_NO_GAPS = Message("what could not be read")
_LEFTOVERS = Message("devices that nobody has enabled")
_SESSION = Message("the session has MFA")


def before(stage: Stage) -> Iterator[Step]:
    """Sign in as the administrator, read the account, try every key, find the leftover."""
    with stage.scene("1.1-administrator-signs-in") as scene:
        session = stage.signed_in(scene, stage.person(cast.ADMINISTRATOR))
        scene.check(_SESSION, True, session.held is Held.CONSOLE_WITH_MFA)
        scene.ask(session, "sts:GetCallerIdentity")
        stage.administrator = session
    yield scene.step
    with stage.scene("1.2-users") as scene:
        snapshot = collect(scene.watch(session), now=stage.now(), pace=IN_ORDER)
        scene.check(_NO_GAPS, (), snapshot.gaps)
        stage.snapshot = snapshot
        scene.table(_USERS, _COLUMNS, users_table(snapshot))
    yield scene.step
    with stage.scene("1.3-keys-without-mfa") as scene:
        for user in snapshot.users:
            for key in user.keys:
                want = DONE if key.active else INVALID_TOKEN
                scene.ask(stage.key(user.name, key.id), cast.PROBES[user.name], want)
        role = {"RoleArn": stage.role_arn(cast.ROLE), "RoleSessionName": "tour"}
        scene.ask(stage.key_of(cast.KEY_USER), "sts:AssumeRole", TRUST_DENIES, **role)
    yield scene.step
    with stage.scene("1.4-half-enrolled") as scene:
        answer = scene.ask(session, "iam:ListVirtualMFADevices", AssignmentStatus="Unassigned")
        serials = [device["SerialNumber"] for device in answer["VirtualMFADevices"]]
        scene.check(_LEFTOVERS, [stage.device_arn(cast.ORPHAN)], serials)
    yield scene.step


def users_table(snapshot: Snapshot) -> list[tuple[Cell, ...]]:
    """Return a row for every user of a snapshot."""
    return [_row(user) for user in snapshot.users]


def _row(user: User) -> tuple[Cell, ...]:
    name = user.name if user.path == "/" else f"{user.path}{user.name}"
    password = NO
    if user.password is not None:
        password = _MUST_CHANGE if user.password.reset_required else YES
    active = sum(key.active for key in user.keys)
    groups = ", ".join(user.groups) or "-"
    return name, groups, password, YES if user.devices else NO, str(active)
