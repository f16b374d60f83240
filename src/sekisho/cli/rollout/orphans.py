"""`sekisho orphans`: virtual MFA devices that nobody has enabled."""

from collections.abc import Iterator
from datetime import UTC, timedelta

import click

from sekisho.account import Device, Snapshot, open_account
from sekisho.audit.findings import Guess, guesses
from sekisho.cli.aws import AwsOptions
from sekisho.cli.cut_lists import shown_lines
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.quiet import print_note
from sekisho.cli.rollout.planning import (
    PlanningOptions,
    account_of,
    finish,
    planning_options,
    read_acceptances,
)
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.rollout import PlanningContext, delete_unassigned_devices

_FOUND = Message("Virtual MFA devices that nobody has enabled: {count}")
_THERE = Message("existed at {at}")
_YOUNG = Message("existed at {at}, less than {hours} hours before: stays")
_NEWER = Message("did not exist at {at}: stays")
_AGELESS = Message(
    "AWS does not say when such a device was created, and somebody may be setting one up now, "
    "so none is deleted. Give an older snapshot with --since to delete devices that existed "
    "then, or --older-than 0 to delete all of them."
)
_ANY_AGE = Message("Deleted regardless of age: somebody may be setting one up now.")
_UNREAD = Message("The virtual MFA devices could not be listed.")
_DEVICES = "ListVirtualMFADevices"


@click.command("orphans", cls=SpokenCommand)
@click.option(
    "--since", metavar="FILE", help=("An older snapshot: delete only devices that it also has.")
)
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    metavar="HOURS",
    default=24,
    show_default=True,
    help="Delete only devices at least HOURS old; 0 deletes regardless of age.",
)
@click.option("--keep", metavar="SERIAL", multiple=True, help="Keep this device.")
@planning_options
def command(
    since: str | None,
    older_than: int,
    keep: tuple[str, ...],
    planning: PlanningOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """List unassigned virtual MFA devices, and plan to delete them.

    A device is left behind when somebody closes the console halfway; retrying with the same name
    then fails with EntityAlreadyExists. Its owner is guessed from its name. AWS does not tell how
    old it is: only devices that an older snapshot also has are deleted, unless you say otherwise.
    """
    acceptances = read_acceptances(planning.accept)
    older = open_account(since) if since else None
    at = account_of(planning, aws, lang)
    snapshot = at.snapshot
    _check_keep(keep, snapshot)
    if older is not None and since is not None:
        _check_older(older, since, snapshot)
    aged = _Aged(snapshot, older, older_than)
    going = tuple(
        device
        for device in snapshot.unassigned_devices
        if device.serial not in keep and aged.old_enough(device)
    )
    print_note(*_lines(aged, lang, verbose=planning.verbose))
    made = delete_unassigned_devices(
        PlanningContext(snapshot, at.caller, accepted=acceptances), going
    )
    return finish(made, planning, aws, lang, at.origin())


def _check_keep(serials: tuple[str, ...], snapshot: Snapshot) -> None:
    for serial in serials:
        if not any(device.serial == serial for device in snapshot.unassigned_devices):
            raise UsageError(
                Message("`--keep {serial}`: there is no such device").filled(serial=serial),
                fix=Message("give a serial number as listed"),
            )


def _check_older(older: Snapshot, path: str, snapshot: Snapshot) -> None:
    """See that it is of the same account, older, and knows the devices of its time."""
    if (older.partition, older.account) != (snapshot.partition, snapshot.account):
        raise UsageError(
            Message("`--since {path}` is of another account, `{account}`").filled(
                path=path, account=older.account
            )
        )
    if older.taken_at > snapshot.taken_at:
        raise UsageError(
            Message("`--since {path}` is newer than the account as it was read").filled(path=path)
        )
    if older.gap_of(_DEVICES) is not None:
        raise UsageError(
            Message("`--since {path}` has a gap: `{devices}` was not read for it").filled(
                path=path, devices=_DEVICES
            )
        )


@dataclass(frozen=True, slots=True)
class _Aged:
    """How long devices are known to be there: since the older snapshot, if it has them."""

    snapshot: Snapshot
    older: Snapshot | None
    hours: int

    def was_there(self, device: Device) -> bool:
        orphans = () if self.older is None else self.older.unassigned_devices
        return any(known.serial == device.serial for known in orphans)

    def old_enough(self, device: Device) -> bool:
        if self.older is None:
            return self.hours == 0
        long = self.snapshot.taken_at - self.older.taken_at >= timedelta(hours=self.hours)
        return long and self.was_there(device)


def _lines(aged: _Aged, lang: Language, *, verbose: bool) -> Iterator[str]:
    if aged.snapshot.gap_of(_DEVICES) is not None:
        yield _UNREAD.into(lang)
        return
    count = len(aged.snapshot.unassigned_devices)
    yield _FOUND.filled(count=count).into(lang)
    if aged.older is None and count:
        yield (_AGELESS if aged.hours else _ANY_AGE).into(lang)
    listed = [
        f"{device.serial}: {_words(device, guess, aged).into(lang)}"
        for device, guess in guesses(aged.snapshot)
    ]
    yield from shown_lines(listed, lang, verbose=verbose)


def _words(device: Device, guess: Guess, aged: _Aged) -> Message:
    if aged.older is None:
        return guess.text
    known = _THERE if aged.old_enough(device) else _YOUNG
    age = known if aged.was_there(device) else _NEWER
    at = aged.older.taken_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    filled = age.filled(at=at, hours=aged.hours)
    return Message("{text}; {filled}").filled(text=guess.text, filled=filled)
