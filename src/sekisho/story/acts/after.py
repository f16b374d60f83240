"""Chapter 5: who is gated now; then everything that the plans did is taken back, and compared."""

from collections.abc import Iterator

from sekisho.account import collect
from sekisho.language import Text
from sekisho.prover import Proved, Refuted, Unknown
from sekisho.story import cast
from sekisho.story.acts.before import NO, YES
from sekisho.story.acts.plans import compare, roll_back_plan
from sekisho.story.gating import Standing, standings_of
from sekisho.story.scene import IN_ORDER, Scene
from sekisho.story.stage import Stage
from sekisho.story.step import Cell, Step

__all__ = ["after"]

_STANDING = Text("After", "適用後")
_COLUMNS = (
    Text("user", "ユーザー"),
    Text("gated", "MFA 強制"),
    Text("device", "デバイス"),
    Text("still to do", "残っている作業"),
)
_PROVED = Text("proved", "証明済み")
_UNKNOWN = Text("unknown", "不明")
_NOTHING = Text("-", "-")
_ENROL = Text("enrol a device", "デバイスの登録")
_LOCKED_OUT = Text("cannot enrol under this policy", "このポリシーでは登録できない")
_SHUT_OUT = Text(
    "cannot change the password: an administrator is needed",
    "パスワードを変更できない: 管理者の対応が必要",
)
_NO_PERSON = Text("no person: give it a role", "機械用: ロールへの移行")
_NOT_GATED = Text("attach the policy", "ポリシーのアタッチ")
_EXCEPTION = Text("nothing (break-glass)", "なし (緊急用)")
_GATED = Text("who is gated", "MFA が強制されているユーザー")
_NO_GAPS = Text("what could not be read", "読み取れなかった項目")
_LEFT = Text("What stays", "残るもの")
_LEFT_COLUMNS = (Text("who", "対象"), Text("what", "内容"))
_DEVICE = Text("device", "デバイス")
_USER = Text("user", "ユーザー")
_PASSWORD = Text("password, changed by its owner", "本人が変更したパスワード")
_ORPHAN = Text("device that nobody could enable", "有効化できなかったデバイス")
_NEW = Text("new users, who have been used", "使用された新しいユーザー")
_KEEP = Text(
    "users whom the plans made, gated still", "計画が作成し、MFA が強制されたままのユーザー"
)


def after(stage: Stage) -> Iterator[Step]:
    """Look, roll back, compare, list what stays."""
    with stage.scene("5.1-who-is-gated") as scene:
        _who_is_gated(stage, scene)
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


def _who_is_gated(stage: Stage, scene: Scene) -> None:
    snapshot = collect(scene.watch(stage.administrator), now=stage.now(), pace=IN_ORDER)
    scene.check(_NO_GAPS, (), snapshot.gaps)
    standings = standings_of(snapshot)
    gated = {standing.user for standing in standings if standing.gated}
    expected = {cast.EXISTING, cast.MACHINE, cast.NEW, cast.OTHER_NEW, cast.THIRD_NEW}
    scene.check(_GATED, expected | set(cast.MEMBERS), gated)
    scene.table(_STANDING, _COLUMNS, [_row(standing) for standing in standings])


def _row(standing: Standing) -> tuple[Cell, ...]:
    return (
        standing.user,
        _gate(standing),
        YES if standing.enrolled else NO,
        _still_to_do(standing),
    )


def _gate(standing: Standing) -> Text:
    match standing.gate:
        case Proved():
            return _PROVED
        case Refuted():
            return NO
        case Unknown():
            return _UNKNOWN


def _still_to_do(standing: Standing) -> Text:
    if standing.user == cast.BREAK_GLASS:
        return _EXCEPTION
    if not standing.gated:
        return _NOT_GATED
    if standing.shut_out:
        return _SHUT_OUT
    if standing.enrolled:
        return _NOTHING
    if not standing.has_password:
        return _NO_PERSON
    return _ENROL if standing.can_enrol else _LOCKED_OUT


def _what_stays(stage: Stage, scene: Scene) -> None:
    snapshot = collect(scene.watch(stage.administrator), now=stage.now(), pace=IN_ORDER)
    gated = {standing.user for standing in standings_of(snapshot) if standing.gated}
    scene.check(_KEEP, {cast.NEW, cast.OTHER_NEW}, gated)
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
        (user.name, Text(f"{_DEVICE.en} {name}", f"{_DEVICE.ja} {name}"))
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
