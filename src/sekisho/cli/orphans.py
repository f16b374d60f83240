"""`sekisho orphans`: virtual MFA devices that nobody has enabled."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
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
_THERE = Text("there already at {at}", "{at} には既に存在")
_YOUNG = Text(
    "there already at {at}, less than {hours} hours before: stays",
    "{at} には既に存在するが、{hours} 時間経っていない: 残します",
)
_NEWER = Text("not there at {at}: stays", "{at} には存在しない: 残します")
_AGELESS = Text(
    "AWS does not tell when such a device was made, and somebody may be setting one up just now: "
    "none is deleted. Give an older snapshot by --since to delete those that were there then, or "
    "say --older-than 0 to delete them whatever their age.",
    "AWS ではこのデバイスの作成日時が分からず、誰かが設定している途中かもしれないため、"
    "削除しません。--since で古いスナップショットを指定すると、"
    "当時からあったものを削除対象にします。"
    "作成日時に関係なく削除する場合は --older-than 0 を指定してください。",
)
_ANY_AGE = Text(
    "Deleted whatever their age: somebody may be setting one up just now.",
    "作成日時に関係なく削除対象にします。誰かが設定している途中かもしれません。",
)
_UNREAD = Text(
    "The virtual MFA devices could not be listed.",
    "仮想 MFA デバイスの一覧を読み取れませんでした。",
)
_DEVICES = "ListVirtualMFADevices"


@click.command("orphans", short_help="Virtual MFA devices of nobody: whose they may be; delete.")
@click.option("--since", metavar="FILE", help="An older snapshot: only what was there then goes.")
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="HOURS",
    default=24,
    show_default=True,
    help="Only what was there so long before goes; 0: whatever its age.",
)
@click.option("--keep", metavar="SERIAL", multiple=True, help="A device that stays.")
@planning_options
def command(output: str, lang: Language, **given: Any) -> Exit:
    """List virtual MFA devices that nobody has enabled, and plan to delete them.

    A device is left behind when somebody closes the console halfway; its name then stops them from
    trying again. Whose it may be is guessed by its name. AWS does not tell how old it is: only
    what an older snapshot has already is deleted, unless you say otherwise.
    """
    words = accepted(given["accept"])
    older = open_account(given["since"]) if given["since"] else None
    snapshot, caller = account_of(given, lang)
    _check_kept(given["keep"], snapshot)
    if older is not None:
        _check_older(older, given["since"], snapshot)
    aged = _Aged(snapshot, older, given["older_than"])
    going = tuple(
        device
        for device in snapshot.orphans
        if device.serial not in given["keep"] and aged.old_enough(device)
    )
    click.echo("\n".join(_lines(aged, lang)), err=True)
    made = delete_orphans(Standpoint(snapshot, caller, accepted=words), going)
    return finish(made, given, output, lang)


def _check_kept(kept: tuple[str, ...], snapshot: Snapshot) -> None:
    for serial in kept:
        if not any(device.serial == serial for device in snapshot.orphans):
            raise UsageError(
                f"`--keep {serial}`: there is no such device", cure="give a serial number as listed"
            )


def _check_older(older: Snapshot, path: str, snapshot: Snapshot) -> None:
    """See that it is of the same account, older, and knows the devices of its time."""
    if (older.partition, older.account) != (snapshot.partition, snapshot.account):
        raise UsageError(f"`--since {path}` is of another account, `{older.account}`")
    if older.taken_at > snapshot.taken_at:
        raise UsageError(f"`--since {path}` is newer than the account as it was read")
    if older.gap_of(_DEVICES) is not None:
        raise UsageError(f"`--since {path}` has a gap: `{_DEVICES}` was not read for it")


@dataclass(frozen=True, slots=True)
class _Aged:
    """How long devices are known to be there: since the older snapshot, if it has them."""

    snapshot: Snapshot
    older: Snapshot | None
    hours: int

    def was_there(self, device: Device) -> bool:
        orphans = () if self.older is None else self.older.orphans
        return any(known.serial == device.serial for known in orphans)

    def old_enough(self, device: Device) -> bool:
        if self.older is None:
            return self.hours == 0
        long = self.snapshot.taken_at - self.older.taken_at >= timedelta(hours=self.hours)
        return long and self.was_there(device)


def _lines(aged: _Aged, lang: Language) -> Iterator[str]:
    if aged.snapshot.gap_of(_DEVICES) is not None:
        yield _UNREAD.into(lang)
        return
    count = len(aged.snapshot.orphans)
    yield _FOUND.filled(count=count).into(lang)
    if aged.older is None and count:
        yield (_AGELESS if aged.hours else _ANY_AGE).into(lang)
    for device, guess in guesses(aged.snapshot):
        yield f"  {device.serial}: {_words(device, guess, aged).into(lang)}"


def _words(device: Device, guess: Guess, aged: _Aged) -> Text:
    if aged.older is None:
        return guess.text
    known = _THERE if aged.old_enough(device) else _YOUNG
    age = known if aged.was_there(device) else _NEWER
    at = aged.older.taken_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    filled = age.filled(at=at, hours=aged.hours)
    return Text(f"{guess.text.en}; {filled.en}", f"{guess.text.ja}、{filled.ja}")
