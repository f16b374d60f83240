"""`sekisho orphans`: virtual MFA devices that nobody has enabled."""

from collections.abc import Iterator
from typing import Any

import click

from sekisho.account import Device, Snapshot, open_account
from sekisho.audit.orphans import Guess, guesses
from sekisho.cli.exits import Exit
from sekisho.cli.plan_options import accepted
from sekisho.cli.planning import account_of, finish, planning_options
from sekisho.errors import UsageError
from sekisho.language import Language, Text
from sekisho.rollout.lifecycle import Standpoint, delete_orphans

__all__ = ["command"]

_FOUND = Text(
    "Virtual MFA devices that nobody has enabled: {count}",
    "割り当てられていない仮想 MFA デバイス: {count} 個",
)
_SINCE = Text(
    "there already on {day}",
    "{day} には既に存在",
)
_NEWER = Text("not there on {day}: stays", "{day} には存在しない: 残します")
_AGELESS = Text(
    "AWS does not tell when such a device was made: give an older snapshot by --since to delete "
    "only those that were there then.",
    "AWS ではこのデバイスの作成日時が分かりません。--since で古いスナップショットを指定すると、"
    "当時からあったものだけを削除対象にします。",
)


@click.command("orphans", short_help="Virtual MFA devices of nobody: whose they may be; delete.")
@click.option("--since", metavar="FILE", help="An older snapshot: only what was there then goes.")
@click.option("--keep", metavar="SERIAL", multiple=True, help="A device that stays.")
@planning_options
def command(output: str, lang: Language, **given: Any) -> Exit:
    """List virtual MFA devices that nobody has enabled, and plan to delete them.

    A device is left behind when somebody closes the console halfway; its name then stops them from
    trying again. Whose it may be is guessed by its name.
    """
    words = accepted(given["accept"])
    snapshot, caller = account_of(given, lang)
    _check_kept(given["keep"], snapshot)
    older = open_account(given["since"]) if given["since"] else None
    going = tuple(
        device
        for device in snapshot.orphans
        if device.serial not in given["keep"] and (older is None or _was_there(device, older))
    )
    click.echo("\n".join(_lines(snapshot, older, lang)), err=True)
    made = delete_orphans(Standpoint(snapshot, caller, accepted=words), going)
    return finish(made, given, output, lang)


def _check_kept(kept: tuple[str, ...], snapshot: Snapshot) -> None:
    for serial in kept:
        if not any(device.serial == serial for device in snapshot.orphans):
            raise UsageError(
                f"`--keep {serial}`: there is no such device", cure="give a serial number as listed"
            )


def _was_there(device: Device, older: Snapshot) -> bool:
    return any(known.serial == device.serial for known in older.orphans)


def _lines(snapshot: Snapshot, older: Snapshot | None, lang: Language) -> Iterator[str]:
    yield _FOUND.filled(count=len(snapshot.orphans)).into(lang)
    if older is None and snapshot.orphans:
        yield _AGELESS.into(lang)
    for device, guess in guesses(snapshot):
        yield f"  {device.serial}: {_words(device, guess, older).into(lang)}"


def _words(device: Device, guess: Guess, older: Snapshot | None) -> Text:
    if older is None:
        return guess.text
    age = _SINCE if _was_there(device, older) else _NEWER
    filled = age.filled(day=older.taken_at.strftime("%Y-%m-%d"))
    return Text(f"{guess.text.en}; {filled.en}", f"{guess.text.ja}、{filled.ja}")
