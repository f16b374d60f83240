"""`sekisho notify --due`: who must hear something today and has not, handed over and recorded."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho.cli.cut_lists import shown_names
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import grouped
from sekisho.cli.quiet import print_note, quiet
from sekisho.cli.terminal import notice
from sekisho.documents import write_private
from sekisho.errors import SekishoError, UsageError, meant
from sekisho.messages import Language, Message
from sekisho.notices import Person, zone_named
from sekisho.notices.commands.options import NotifyFormat, NotifyOptions
from sekisho.notices.reminders import (
    PORTION,
    ChatForm,
    ChatSetting,
    Delivery,
    Handed,
    Ledger,
    LedgerEntry,
    NoticeEvent,
    Reminder,
    Standing,
    chat_message,
    deliver,
    key_of,
    open_ledger,
    portions,
    read_ledger,
    reminders_due,
    sorted_out,
)

if TYPE_CHECKING:
    from sekisho.notices.reminders import Webhook

_CHATS = {NotifyFormat.SLACK: ChatForm.SLACK, NotifyFormat.TEAMS: ChatForm.TEAMS}

_NOBODY = Message("Nobody has to be reminded: {day}.")
_DONE = Message("Reminded: {names}")
_WOULD_BE = Message("Would be reminded: {names}")
_EARLIER = Message("Have heard before: {names}")
_FAILED = Message("Not reminded, the next run tries again: {names}")
_IN_DOUBT = Message("May have heard or not, and are not reminded again without `--again`: {names}")


def _day(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    """Return a day of ISO 8601."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            Message("`--today {text}` is no day").filled(text=text),
            fix=Message("write it like `2026-12-01`"),
        ) from None


@dataclass(frozen=True, slots=True)
class RemindOptions:
    """Whether only what is due is handed over, and what is remembered of it.

    Attributes:
        today: which day it is; None: the real one.
        ledger: who has heard; None: beside the plan.
        again: who is to hear although they have, or may have.
        send: where messages are posted to.
        preview: record and send nothing.
    """

    due: bool
    today: date | None
    ledger: Path | None
    again: tuple[str, ...]
    send: str | None
    preview: bool

    def day(self) -> date | None:
        """Return on which day people are told, in UTC; None: on the day of the account."""
        return (self.today or datetime.now(UTC).date()) if self.due else None

    def check(self, notify: NotifyOptions) -> None:
        """Raise UsageError if options do not go together."""
        idle = {
            "--today": self.today,
            "--again": self.again,
            "--send": self.send,
            "--preview": self.preview,
        }
        chat = notify.output in _CHATS
        if not self.due:
            given = [option for option, value in idle.items() if value]
            given += [f"--format {notify.output.value}"] if chat else []
            for option in given:
                raise UsageError(Message("`{option}` is for `--due`").filled(option=option))
            if self.ledger and not notify.work_list:
                raise UsageError(Message("`--ledger` is for `--due` and `--work-list`"))
        if self.due and notify.work_list:
            raise UsageError(Message("`--work-list` has everybody: it goes with no `--due`"))
        printed = notify.output is NotifyFormat.TEXT and notify.out is None
        if self.due and quiet() and printed and not self.preview:
            # it would be recorded that they have heard
            raise UsageError(
                Message("`--quiet` prints no notices, and with `--due` nobody would hear"),
                fix=Message("give `--out`, or leave `--quiet` out"),
            )
        if self.send and not chat:
            raise UsageError(
                Message("`--send` is for messages of a chat"),
                fix=Message("give `--format slack` or `--format teams`"),
            )
        if self.send and notify.out:
            raise UsageError(Message("`--send` goes with no `--out`"))


remind_options = grouped(
    "reminding",
    RemindOptions,
    click.option("--due", is_flag=True, help="Only who must hear something today and has not."),
    click.option(
        "--today",
        metavar="DAY",
        callback=_day,
        help="With --due: another day than today in --timezone, like 2026-12-01.",
    ),
    click.option(
        "--ledger",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The record of who has heard; PLAN.notified if not given.",
    ),
    click.option(
        "--again",
        metavar="USER",
        multiple=True,
        help="With --due: also this person, who has heard or may have.",
    ),
    click.option(
        "--send",
        metavar="URL",
        help="With --due and --format slack or teams: post the messages to this webhook; "
        "env:NAME or file:PATH keep its address secret.",
    ),
    click.option(
        "--preview", is_flag=True, help="With --due: show it, and record and send nothing."
    ),
)
"""Adds the options of `--due` and hands them over as `RemindOptions`."""

HandOver = Callable[[tuple[Person, ...]], None]
"""Prints or saves the notices of some people, in the form that was asked for."""


@dataclass(frozen=True, slots=True)
class ReminderRun:
    """One run of `--due`.

    Attributes:
        path: the plan or goal.
        account: whose it is.
        about: what the ledger calls the plan.
    """

    options: RemindOptions
    notify: NotifyOptions
    lang: Language
    path: Path
    account: str
    about: str

    @property
    def ledger_path(self) -> Path:
        """The file of who has heard."""
        return self.options.ledger or self.path.with_name(f"{self.path.name}.notified")

    def notified_on(self) -> Mapping[str, date]:
        """Return on which day each was told last, for the work list.

        Raises:
            FaultyInput: if the ledger is damaged.
        """
        days = {}
        for entry in read_ledger(self.ledger_path, self.account).entries:
            if entry.event is NoticeEvent.DONE:
                days[entry.user] = entry.at.astimezone(zone_named(self.notify.timezone)).date()
        return days

    def carried_out(self, people: Iterable[Person], hand_over: HandOver) -> Exit:
        """Hand over what is due and not yet heard, record it, and say what came of it.

        Raises:
            UsageError: if `--again` names nobody, or `--send` no webhook.
            FaultyInput: if the ledger is damaged: then nobody is notified.
            SekishoError: if the ledger or what is handed over cannot be written.
        """
        several = tuple(people)
        self._check_again(several)
        webhook = self._webhook()
        zone = zone_named(self.notify.timezone)
        today = self.options.today or datetime.now(zone).date()
        due = reminders_due(several, today, zone)
        with self._opened() as ledger:
            found = sorted_out(ledger, due, frozenset(self.options.again))
            wanted = found[Standing.OPEN]
            if self.options.preview:
                self._handed(wanted, hand_over)
                delivery = Delivery()
            else:
                delivery = self._delivered(ledger, wanted, hand_over, webhook)
        self._tell(delivery, found, today)
        return self._exit_of(delivery, found)

    @contextmanager
    def _opened(self) -> Iterator[Ledger]:
        if self.options.preview:
            yield read_ledger(self.ledger_path, self.account)
            return
        with open_ledger(self.ledger_path, self.account) as ledger:
            yield ledger

    def _check_again(self, people: Iterable[Person]) -> None:
        users = {each.user for each in people}
        for name in self.options.again:
            if name not in users:
                message = Message("`--again {name}`: the plan has no such person")
                raise UsageError(message.filled(name=name), fix=meant(name, users))

    def _webhook(self) -> "Webhook | None":
        """Return where to post to; None if messages are printed."""
        if self.options.send is None:
            return None
        from sekisho.notices.reminders import Webhook  # noqa: PLC0415 - few runs use the network

        found = Webhook.of(self.options.send)
        return None if self.options.preview else found

    def _delivered(
        self,
        ledger: Ledger,
        wanted: Sequence[Reminder],
        hand_over: HandOver,
        webhook: "Webhook | None",
    ) -> Delivery:
        form = self.notify.output.value
        channel = f"{form}:{webhook.host}" if webhook else form

        def entry(reminder: Reminder, event: NoticeEvent) -> LedgerEntry:
            key = key_of(reminder)
            now = datetime.now(UTC)
            parts = (key.user, key.wave, key.starts, key.step)
            return LedgerEntry(now, event, *parts, self.about, channel)

        def printed(batch: Sequence[Reminder]) -> Handed:
            try:
                self._handed(batch, hand_over)
            except SekishoError:
                ledger.record(entry(each, NoticeEvent.FAILED) for each in batch)
                raise
            return Handed.DONE

        def posted(batch: Sequence[Reminder]) -> Handed:
            if webhook is None:
                return printed(batch)
            found = webhook.post(self._message(batch))
            notice(found.said.into(self.lang))
            return found.handed

        if webhook is None:
            return deliver(ledger, [wanted] if wanted else [], printed, entry)
        return deliver(ledger, portions(wanted, PORTION), posted, entry)

    def _handed(self, reminders: Sequence[Reminder], hand_over: HandOver) -> None:
        """Print or save what some people are to hear."""
        if not reminders:
            return
        if self.notify.output not in _CHATS:
            hand_over(tuple(each.person for each in reminders))
            return
        messages = (self._message(each) for each in portions(reminders, PORTION))
        text = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in messages)
        if self.notify.out:
            write_private(self.notify.out, text, replace=self.notify.force)
        else:
            click.echo(text, nl=False)

    def _message(self, batch: Sequence[Reminder]) -> Mapping[str, object]:
        setting = ChatSetting(
            self.account, zone_named(self.notify.timezone), self.lang, self.notify.contact
        )
        return chat_message(batch, _CHATS[self.notify.output], setting)

    def _tell(
        self, delivery: Delivery, found: Mapping[Standing, Sequence[Reminder]], today: date
    ) -> None:
        """Say on stderr who was reminded and who was not."""
        wanted = found[Standing.OPEN] if self.options.preview else delivery.done
        said = _WOULD_BE if self.options.preview else _DONE
        groups = (
            (said, wanted),
            (_EARLIER, found[Standing.DONE]),
            (_FAILED, delivery.failed),
            (_IN_DOUBT, (*found[Standing.IN_DOUBT], *delivery.in_doubt)),
        )
        for text, reminders in groups:
            if reminders:
                names = shown_names(
                    [each.person.user for each in reminders],
                    self.lang,
                    verbose=self.notify.verbose,
                )
                print_note(text.filled(names=names).into(self.lang))
        if not any(found.values()):
            print_note(_NOBODY.filled(day=today).into(self.lang))

    def _exit_of(self, delivery: Delivery, found: Mapping[Standing, Sequence[Reminder]]) -> Exit:
        doubt = found[Standing.IN_DOUBT] or delivery.in_doubt
        failed = delivery.failed
        return worst([*([Exit.UNKNOWN] if doubt else []), *([Exit.ERROR] if failed else [])])
