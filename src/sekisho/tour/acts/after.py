"""Chapter 5: who is enforced now.

Then everything that the plans did is taken back, and compared.
"""

from collections.abc import Iterator

from sekisho.account import collect
from sekisho.messages import Message, verbatim
from sekisho.prover import Proved, Refuted, Unknown
from sekisho.tour import cast
from sekisho.tour.acts.before import NO, YES
from sekisho.tour.acts.plans import compare, roll_back_plan
from sekisho.tour.enforcing import Standing, standings_of
from sekisho.tour.scene import IN_ORDER, Scene
from sekisho.tour.stage import Stage
from sekisho.tour.step import Cell, Step

__all__ = ["after"]

_STANDING = Message("After")
_COLUMNS = (
    Message("user"),
    Message("enforced"),
    Message("device"),
    Message("still to do"),
)
_PROVED = Message("proved")
_UNKNOWN = Message("unknown")
_NOTHING = verbatim("-")
_ENROL = Message("enrol a device")
_LOCKED_OUT = Message("cannot enrol under this policy")
_SHUT_OUT = Message("cannot change the password: an administrator is needed")
_NO_PERSON = Message("no person: give it a role")
_NOT_ENFORCED = Message("attach the policy")
_EXCEPTION = Message("nothing (break-glass)")
_ENFORCED = Message("who is enforced")
_NO_GAPS = Message("what could not be read")
_LEFT = Message("What stays")
_LEFT_COLUMNS = (Message("who"), Message("what"))
_DEVICE = Message("device")
_USER = Message("user")
_PASSWORD = Message("password, changed by its owner")
_ORPHAN = Message("device that nobody could enable")
_NEW = Message("new users, who have been used")
_KEEP = Message("users whom the plans made, enforced still")


def after(stage: Stage) -> Iterator[Step]:
    """Look, roll back, compare, list what stays."""
    with stage.scene("5.1-who-is-enforced") as scene:
        _who_is_enforced(stage, scene)
    yield scene.step
    # the first two created and attached the policy; those after them belong to the comparison
    main, others = stage.applied[:2], stage.applied[2:]
    for step, plans in (("5.2-other-plans-back", others), ("5.3-rolled-back", main)):
        with stage.scene(step) as scene:
            for applied in reversed(plans):
                roll_back_plan(stage, scene, applied)
        yield scene.step
    with stage.scene("5.4-compared") as scene:
        for applied in stage.applied:
            compare(stage, scene, applied)
    yield scene.step
    with stage.scene("5.5-what-stays") as scene:
        _what_stays(stage, scene)
    yield scene.step
    with stage.scene("5.6-open-again") as scene:
        scene.ask(stage.key_of(cast.MACHINE), cast.PROBES[cast.MACHINE])
    yield scene.step


def _who_is_enforced(stage: Stage, scene: Scene) -> None:
    snapshot = collect(scene.watch(stage.administrator), now=stage.now(), pace=IN_ORDER)
    scene.check(_NO_GAPS, (), snapshot.gaps)
    standings = standings_of(snapshot)
    enforced = {standing.user for standing in standings if standing.enforced}
    expected = {cast.EXISTING, cast.MACHINE, cast.NEW, cast.OTHER_NEW, cast.THIRD_NEW}
    scene.check(_ENFORCED, expected | set(cast.MEMBERS), enforced)
    scene.table(_STANDING, _COLUMNS, [_row(standing) for standing in standings])


def _row(standing: Standing) -> tuple[Cell, ...]:
    return (
        standing.user,
        _enforcement(standing),
        YES if standing.enrolled else NO,
        _still_to_do(standing),
    )


def _enforcement(standing: Standing) -> Message:
    match standing.enforcement:
        case Proved():
            return _PROVED
        case Refuted():
            return NO
        case Unknown():
            return _UNKNOWN


def _still_to_do(standing: Standing) -> Message:
    if standing.user == cast.BREAK_GLASS:
        return _EXCEPTION
    if not standing.enforced:
        return _NOT_ENFORCED
    if standing.shut_out:
        return _SHUT_OUT
    if standing.enrolled:
        return _NOTHING
    if not standing.has_password:
        return _NO_PERSON
    return _ENROL if standing.can_enrol else _LOCKED_OUT


def _what_stays(stage: Stage, scene: Scene) -> None:
    snapshot = collect(scene.watch(stage.administrator), now=stage.now(), pace=IN_ORDER)
    enforced = {standing.user for standing in standings_of(snapshot) if standing.enforced}
    scene.check(_KEEP, {cast.NEW, cast.OTHER_NEW}, enforced)
    known = {user.name: {device.serial for device in user.devices} for user in stage.snapshot.users}
    new = [user for user in snapshot.users if user.name not in known]
    scene.check(_NEW, {cast.NEW, cast.OTHER_NEW, cast.THIRD_NEW}, {user.name for user in new})
    rows: list[tuple[Cell, ...]] = [(user.name, _USER) for user in new]
    rows += [
        (user.name, _PASSWORD)
        for user in new
        if user.password is not None and not user.password.reset_required
    ]
    rows += [
        (user.name, Message("{device} {name}").filled(device=_DEVICE, name=name))
        for user in snapshot.users
        for device in user.devices
        if device.serial not in known.get(user.name, set())
        for name in (device.serial.rsplit("/", 1)[-1],)
    ]
    orphans = {device.serial for device in stage.snapshot.orphans}
    rows += [
        (device.serial.rsplit("/", 1)[-1], _ORPHAN)
        for device in snapshot.orphans
        if device.serial not in orphans
    ]
    scene.table(_LEFT, _LEFT_COLUMNS, rows)
