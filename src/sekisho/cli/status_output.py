"""How a plan or a goal stands, on a terminal and as JSON."""

from collections.abc import Iterator

from sekisho.language import Language, Text
from sekisho.rollout import Plan
from sekisho.rollout.authors import CALLS, Author
from sekisho.rollout.reach import named
from sekisho.rollout.stands import Stands
from sekisho.rollout.status import Fact, Standing, concerned
from sekisho.rollout.waves import WaveStands

__all__ = ["plan_as_json", "plan_stands", "waves_as_json", "waves_stand"]

_TITLES = {
    Stands.DONE: Text("As the plan wants it: {count}", "計画どおり: {count} 件"),
    Stands.WAITS: Text("Not done: {count}", "未実行: {count} 件"),
    Stands.IN_DOUBT: Text(
        "In doubt whose it is; ask, then give `--ours USER` or `--theirs USER`: {count}",
        "誰が設定したものか判断できないもの (確認のうえ `--ours USER` または `--theirs USER` で"
        "指定してください): {count} 件",
    ),
    Stands.DRIFTED: Text(
        "Changed by somebody else since: {count}", "その後に誰かが変更したもの: {count} 件"
    ),
}
_DATED = Text("    dated by IAM: {at}", "    IAM 上の作成日時: {at}")
_CAME = Text(
    "    would now also be felt by: {names}",
    "    計画作成後に影響を受けるようになったもの: {names}",
)
_ADDED_BY = Text(
    "    {name} added by: {who}, {event}, {at}",
    "    {name} を追加した人: {who}、{event}、{at}",
)
_ADDER_NOT_KNOWN = Text(
    "    {name} added by: not known: {reason}",
    "    {name} を追加した人: 不明 ({reason})",
)
_BY = Text(
    "    last changed by: {who}, {event}, {at}",
    "    最後に変更した人: {who}、{event}、{at}",
)
_NOT_KNOWN = Text(
    "    last changed by: not known: {reason}",
    "    最後に変更した人: 不明 ({reason})",
)
_ASK = Text(
    "  Who it was: `--who` asks CloudTrail, by at most {calls} calls.",
    "  変更した人は `--who` で CloudTrail に問い合わせます (呼び出しは最大 {calls} 回)。",
)
_WAVE = Text(
    "{wave}: {count} in all, {enrolled} with an MFA device",
    "{wave}: {count} 人、うち MFA デバイスあり {enrolled} 人",
)
_GOAL_WAVE = Text(
    "{wave}{starts}: {count} in all; {enrolled} with an MFA device, {gated} proved to be gated, "
    "{exempt} excepted",
    "{wave}{starts}: {count} 人。MFA デバイスあり {enrolled} 人、"
    "MFA 必須と証明済み {gated} 人、例外 {exempt} 人",
)
_FROM = Text(" (from {day})", " ({day} から)")
_EVERYBODY = Text("People", "対象の人")
_NO_WAVE = Text("In no wave", "ウェーブ以外の対象者")
_ABSENT = Text("No such user now: {names}", "現在存在しないユーザー: {names}")
_WITHOUT = Text("Without an MFA device: {names}", "MFA デバイスなし: {names}")
_OPEN = Text("  not gated yet: {names}", "  まだ MFA 必須でない: {names}")
_UNKNOWN = Text("  could not be found out: {names}", "  判断できません: {names}")
_MEANT = Text(
    "Whether the goal means them could not be read: {names}",
    "目標の対象かどうか判断できません: {names}",
)
_NOBODY = Text("The goal has no wave with anybody in it.", "この目標には対象の人がいません。")
_UNREAD = Text("Not read: {user}: {reason}", "読み取れませんでした: {user}: {reason}")


def plan_stands(plan: Plan, standing: Standing, lang: Language) -> Iterator[str]:
    """Yield how a plan stands, line by line."""
    for stands, title in _TITLES.items():
        facts = [fact for fact in standing.facts if fact.stands is stands]
        if facts:
            yield title.filled(count=len(facts)).into(lang)
        for fact in facts:
            yield f"  {fact.address}"
            yield from _history(fact, lang)
        if facts and stands is Stands.DRIFTED and not any(fact.asked for fact in facts):
            yield _ASK.filled(calls=CALLS).into(lang)
    yield from _people(plan, standing, lang)
    if standing.without:
        yield _WITHOUT.filled(names=", ".join(standing.without)).into(lang)
    if standing.absent:
        yield _ABSENT.filled(names=", ".join(standing.absent)).into(lang)
    for user, reason in standing.unread:
        yield _UNREAD.filled(user=user, reason=reason).into(lang)


def _people(plan: Plan, standing: Standing, lang: Language) -> Iterator[str]:
    """Yield how many have a device, by wave."""
    people = concerned(plan)
    waves = dict.fromkeys(person.wave for person in people)
    rest = _NO_WAVE if any(waves) else _EVERYBODY
    for wave in waves:
        users = [person.user for person in people if person.wave == wave]
        enrolled = len([user for user in users if user in standing.enrolled])
        name = wave or rest.into(lang)
        yield _WAVE.filled(wave=name, count=len(users), enrolled=enrolled).into(lang)


def _history(fact: Fact, lang: Language) -> Iterator[str]:
    """Yield when, and by whom, what has drifted was changed."""
    if fact.came:
        yield _CAME.filled(names=named(fact.came)).into(lang)
    for name, by in zip(fact.came, fact.added, strict=False):
        yield _adder(name, by, lang)
    if fact.dated is not None:
        yield _DATED.filled(at=fact.dated).into(lang)
    match fact.author:
        case Author(who, event, at):
            yield _BY.filled(who=who, event=event, at=at).into(lang)
        case Text() as reason:
            yield _NOT_KNOWN.into(lang).format(reason=reason.into(lang))
        case None:
            pass


def _adder(name: str, by: Author | Text, lang: Language) -> str:
    match by:
        case Author(who, event, at):
            return _ADDED_BY.filled(name=name, who=who, event=event, at=at).into(lang)
        case Text() as reason:
            return _ADDER_NOT_KNOWN.into(lang).format(name=name, reason=reason.into(lang))


def waves_stand(
    waves: tuple[WaveStands, ...], unread: tuple[str, ...], lang: Language
) -> Iterator[str]:
    """Yield how the waves of a goal stand, line by line, and whose part in it is unread."""
    if not waves:
        yield _NOBODY.into(lang)
    for wave in waves:
        starts = "" if wave.starts is None else _FROM.filled(day=wave.starts).into(lang)
        yield _GOAL_WAVE.filled(
            wave=wave.name or _EVERYBODY.into(lang),
            starts=starts,
            count=len(wave.users),
            enrolled=len(wave.enrolled),
            gated=len(wave.gated),
            exempt=len(wave.exempt),
        ).into(lang)
        if wave.open:
            yield _OPEN.filled(names=", ".join(wave.open)).into(lang)
        if wave.unknown:
            yield _UNKNOWN.filled(names=", ".join(wave.unknown)).into(lang)
    if unread:
        yield _MEANT.filled(names=", ".join(unread)).into(lang)


def plan_as_json(plan: Plan, standing: Standing) -> dict[str, object]:
    """Return how a plan stands; `enrolled` is null of whom it could not be read or is not there."""
    known = {**dict.fromkeys(standing.enrolled, True), **dict.fromkeys(standing.without, False)}
    return {
        "schema": "sekisho.status/1",
        "plan": plan.digest,
        "changes": [
            {"address": fact.address, "stands": fact.stands.value, **_changed(fact)}
            for fact in standing.facts
        ],
        "people": [
            {"user": person.user, "wave": person.wave, "enrolled": known.get(person.user)}
            for person in concerned(plan)
        ],
    }


def _changed(fact: Fact) -> dict[str, object]:
    """Return what is known of the change that has made a fact drift."""
    if fact.stands is not Stands.DRIFTED:
        return {}
    if fact.came:
        added = [_by(each) for each in fact.added]
        return {"came": list(fact.came), **({"added": added} if added else {})}
    dated = None if fact.dated is None else fact.dated.isoformat()
    return {"dated": dated, **_by(fact.author)}


def _by(author: Author | Text | None) -> dict[str, object]:
    """Return who it was, or why that is not known."""
    match author:
        case Author(who, event, at):
            return {"last": {"who": who, "event": event, "at": at.isoformat()}}
        case Text() as reason:
            return {"last": None, "notKnown": reason.en}
        case None:
            return {"last": None, "notKnown": "not asked"}


def waves_as_json(waves: tuple[WaveStands, ...], unread: tuple[str, ...]) -> dict[str, object]:
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
                "gated": list(wave.gated),
                "unknown": list(wave.unknown),
            }
            for wave in waves
        ],
    }
