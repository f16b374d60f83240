"""How a campaign tells people: by a chat's webhook, or by a list that somebody sends on."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from sekisho.campaign import Campaign, StateFolder
from sekisho.cli.cut_lists import shown_names
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import grouped
from sekisho.cli.quiet import print_note, quiet
from sekisho.cli.terminal import command_lines, notice, terminal_width
from sekisho.errors import SekishoError, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.notices import (
    NoticeForm,
    NoticeSetting,
    Templates,
    context_of,
    notices_of,
    plain_in,
    to_merge_csv,
)
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
    entry_of,
    open_ledger,
    portions,
    sorted_out,
)
from sekisho.rollout import Change

if TYPE_CHECKING:
    from sekisho.notices.reminders import Webhook

_TOLD = Message("Notified: {names}")
_LIST = Message("Today's notices are in {path}; send them on. They count as delivered.")
_FAILED = Message("Not notified; the next run tries again: {names}")
_IN_DOUBT = Message("Unknown whether the notice arrived; not sent again automatically: {names}")
_ARRIVED = Message("If it has arrived: {command}")
_LOST = Message("If it has not: {command}")
_SHOWN = ("env:", "file:")
"""What says where an address is, and may be shown."""


@dataclass(frozen=True, slots=True)
class TellingOptions:
    """How people are told.

    Attributes:
        send: the webhook that messages are posted to; None: a list is written.
        chat: whose webhook it is.
        contact: whom people ask.
    """

    send: str | None
    chat: ChatForm | None
    contact: str

    def check(self, *, apply: bool) -> None:
        """Raise UsageError if options do not go together, or the address is none."""
        if self.send and not apply:
            raise UsageError(Message("`--send` is for `--apply`"))
        if (self.send is None) != (self.chat is None):
            raise UsageError(
                Message("`--send` and `--as` go together"),
                fix=Message("give `--as slack` or `--as teams` with the webhook's address"),
            )
        self.webhook()

    def webhook(self) -> "Webhook | None":
        """Return where to post to; None if a list is written."""
        if self.send is None:
            return None
        from sekisho.notices.reminders import Webhook  # noqa: PLC0415 - few runs use the network

        return Webhook.of(self.send)


telling_options = grouped(
    "telling",
    TellingOptions,
    click.option(
        "--send",
        metavar="URL",
        help="With --apply: post today's notices to this webhook; env:NAME or file:PATH keep its "
        "address secret. If not given, they are written into a list.",
    ),
    click.option(
        "--as",
        "chat",
        type=click.Choice([each.value for each in ChatForm]),
        callback=lambda ctx, param, value: None if value is None else ChatForm(value),
        help="With --send: the kind of webhook.",
    ),
    click.option(
        "--contact",
        metavar="TEXT",
        default="",
        help="The contact for questions: a name or an address.",
    ),
)


@dataclass(frozen=True, slots=True)
class Telling:
    """Telling people on one day.

    Attributes:
        verbose: whether all names are listed.
    """

    campaign: Campaign
    folder: StateFolder
    options: TellingOptions
    lang: Language
    verbose: bool = False

    def carried_out(self, made: Sequence[Change], remind: str) -> Exit:
        """Tell people what they are to hear today, record it, and print the outcome.

        Args:
            made: those of today's changes that were made.
            remind: the words of `sekisho remind` for this campaign.

        Raises:
            FaultyInput: if the ledger is damaged; no notice is sent then.
            SekishoError: if the ledger or the list cannot be written.
        """
        due = self.campaign.reminders_after(made)
        snapshot = self.campaign.snapshot
        former = self.folder.users(snapshot).former_names(snapshot)
        with open_ledger(self.folder.ledger, snapshot.account, former) as ledger:
            ledger.keep = self.folder.opened.keep
            by_standing = sorted_out(ledger, due)
            delivery = self._delivered(ledger, by_standing[Standing.OPEN], made)
        doubtful = (*by_standing[Standing.IN_DOUBT], *delivery.in_doubt)
        for text, reminders in (
            (_TOLD, delivery.done),
            (_FAILED, delivery.failed),
            (_IN_DOUBT, doubtful),
        ):
            if reminders:
                # somebody may hear several things on a day
                users = [*dict.fromkeys(each.person.user for each in reminders)]
                names = shown_names(users, self.lang, verbose=self.verbose)
                print_note(text.filled(names=names).into(self.lang))
        if doubtful:
            self.print_what_resolves(remind)
        failed = [Exit.ERROR] if delivery.failed else []
        return worst([*failed, *([Exit.UNKNOWN] if doubtful else [])])

    def _delivered(
        self, ledger: Ledger, unheard: Sequence[Reminder], made: Sequence[Change]
    ) -> Delivery:
        webhook = self.options.webhook()
        channel = f"{self.options.chat}:{webhook.host}" if webhook else "list"

        def entry(reminder: Reminder, event: NoticeEvent) -> LedgerEntry:
            about = f"campaign {self.campaign.today.plan.digest}"
            return entry_of(reminder, event, self.campaign.now(), about, channel)

        def listed(batch: Sequence[Reminder]) -> Handed:
            try:
                self._write_list(batch, made)
            except SekishoError:
                ledger.record(entry(each, NoticeEvent.FAILED) for each in batch)
                raise
            return Handed.DONE

        def posted(batch: Sequence[Reminder]) -> Handed:
            if webhook is None or self.options.chat is None:
                return listed(batch)
            answer = webhook.post(chat_message(batch, self.options.chat, self._chat_setting()))
            notice(answer.message.into(self.lang))
            return answer.outcome

        batches = portions(unheard, PORTION) if webhook else [unheard] if unheard else []
        return deliver(ledger, batches, posted, entry)

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.campaign.today.goal.timezone)

    def _chat_setting(self) -> ChatSetting:
        account = self.campaign.snapshot.account
        return ChatSetting(account, self._zone(), self.lang, self.options.contact)

    def _write_list(self, reminders: Sequence[Reminder], made: Sequence[Change]) -> None:
        """Write who must hear what today, for mail merge, and say where it is."""
        campaign, form = self.campaign, NoticeForm.TEXT
        after = campaign.after(made)
        plain = partial(plain_in, form)
        setting = NoticeSetting.of(after, self._zone(), self.options.contact, plain)
        setting = replace(setting, today=campaign.day)
        templates = Templates(None, (form,))
        people = [each.person for each in reminders]
        lines = []
        for each in notices_of(people, campaign.today.plan, after, setting):
            context = context_of(each, setting, self.lang)
            lines.append((context, templates.written(each, form, context)))
        path = self.folder.save_notices(to_merge_csv(lines), campaign.day)
        self.folder.opened.keep(path)
        print_note(_LIST.filled(path=self.folder.opened.shown(path)).into(self.lang))

    def print_what_resolves(self, remind: str) -> None:
        """Say what to type about what may have arrived or not, where its address may be shown."""
        options = self.options
        if options.send is None or options.chat is None or not options.send.startswith(_SHOWN):
            # what was written into a list is there
            again = f"{remind} --in-doubt repeat"
        else:
            send = shlex.quote(options.send)
            again = f"{remind} --in-doubt repeat --format {options.chat} --send {send}"
        print_command(_ARRIVED.filled(command=f"{remind} --in-doubt arrived").into(self.lang))
        print_command(_LOST.filled(command=again).into(self.lang))


def print_command(text: str) -> None:
    """Print on stderr a text that ends in a command to copy, unless the run is quiet."""
    if not quiet():
        for line in command_lines(text, terminal_width()):
            click.echo(line, err=True)
