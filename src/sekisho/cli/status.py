"""`sekisho status`: how a plan stands in the account now. Reads only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sekisho.cli.aws import aws_options, connection
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.language import Language, Text
from sekisho.rollout import Plan
from sekisho.rollout.kept import read_plan
from sekisho.rollout.standing import Standing, Stands, standing_of

__all__ = ["command"]

_TITLES = {
    Stands.DONE: Text("As the plan wants it: {count}", "計画どおり: {count} 件"),
    Stands.WAITS: Text("Not done: {count}", "未実行: {count} 件"),
    Stands.DRIFTED: Text(
        "Changed by somebody else since: {count}", "その後に誰かが変更したもの: {count} 件"
    ),
}
_WAVE = Text(
    "{wave}: {count} people, {enrolled} with an MFA device",
    "{wave}: {count} 人、うち MFA デバイスあり {enrolled} 人",
)
_EVERYBODY = Text("People", "対象の人")
_WITHOUT = Text("Without an MFA device: {names}", "MFA デバイスなし: {names}")
_UNREAD = Text("Not read: {user}: {reason}", "読み取れませんでした: {user}: {reason}")


@click.command("status", short_help="How a plan stands in the account now.")
@click.argument("path", metavar="PLAN|JOURNAL", type=click.Path(path_type=Path))
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan's journal; PLAN.journal if not given.",
)
@format_option
@aws_options
@lang_option
def command(
    path: Path, journal: Path | None, output: OutputFormat, lang: Language, **given: Any
) -> Exit:
    """Say what of a plan is done, what waits, what others have changed since, and who has enrolled.

    Exit 0 if everything is as the plan wants it, 2 if something waits, 3 if something has drifted,
    4 if something could not be read. For a goal, `sekisho plan GOAL` says the same of its waves.
    """
    kept = read_plan(path, journal)
    standing = standing_of(kept, connection(given, lang).api)
    if output is OutputFormat.JSON:
        click.echo(json.dumps(_as_json(kept.plan, standing), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(kept.plan, standing, lang)))
    return _exit_of(standing)


def _lines(plan: Plan, standing: Standing, lang: Language) -> Iterator[str]:
    for stands, title in _TITLES.items():
        found = standing.of(stands)
        if found:
            yield title.filled(count=len(found)).into(lang)
            yield from (f"  {address}" for address in found)
    for wave in dict.fromkeys(person.wave for person in plan.people):
        users = [person.user for person in plan.people if person.wave == wave]
        enrolled = len([user for user in users if user in standing.enrolled])
        name = wave or _EVERYBODY.into(lang)
        yield _WAVE.filled(wave=name, count=len(users), enrolled=enrolled).into(lang)
    if standing.without:
        yield _WITHOUT.filled(names=", ".join(standing.without)).into(lang)
    for user, reason in standing.unread:
        yield _UNREAD.filled(user=user, reason=reason).into(lang)


def _as_json(plan: Plan, standing: Standing) -> dict[str, object]:
    return {
        "schema": "sekisho.status/1",
        "plan": plan.digest,
        "changes": [
            {"address": fact.address, "stands": fact.stands.value} for fact in standing.facts
        ],
        "people": [
            {
                "user": person.user,
                "wave": person.wave,
                "enrolled": None
                if person.user not in (*standing.enrolled, *standing.without)
                else person.user in standing.enrolled,
            }
            for person in plan.people
        ],
    }


def _exit_of(standing: Standing) -> Exit:
    found = [Exit.UNKNOWN] if standing.unread else []
    found += [Exit.FINDINGS] if standing.of(Stands.DRIFTED) else []
    found += [Exit.CHANGES] if standing.of(Stands.WAITS) else []
    return worst(found)
