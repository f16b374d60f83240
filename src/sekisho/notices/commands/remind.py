"""`sekisho remind`: what people must hear today and have not heard, handed over and recorded."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, assert_never
from zoneinfo import ZoneInfo

import click

from sekisho.cli.aws import AwsOptions, aws_options
from sekisho.cli.cut_lists import shown_names
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import goal_beside, lang_option
from sekisho.cli.quiet import print_note, quiet_option
from sekisho.cli.rollout.state import state_at
from sekisho.cli.terminal import notice
from sekisho.documents import write_private
from sekisho.errors import SekishoError, UsageError, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.notices import Person, Templates, zone_named
from sekisho.notices.commands.audience import audience_of
from sekisho.notices.commands.options import CHATS, InDoubt, RemindOptions, remind_options
from sekisho.notices.commands.output import attention, hand_over_notices
from sekisho.notices.reminders import (
    PORTION,
    ChatSetting,
    Delivery,
    Handed,
    Ledger,
    LedgerEntry,
    NoticeEvent,
    Reminder,
    Standing,
    Told,
    campaign_reminders,
    chat_message,
    deliver,
    entry_of,
    key_of,
    open_ledger,
    portions,
    read_ledger,
    reminders_due,
    sorted_out,
)
from sekisho.rollout import KNOWN_USERS, FormerNames, is_in_s3, known_users

if TYPE_CHECKING:
    from sekisho.notices.reminders import Webhook

_NOBODY = Message("Nobody to notify on {day}.")
_DONE = Message("Notified on this run: {names}")
_WOULD_BE = Message("Would be notified: {names}")
_EARLIER = Message("Already notified: {names}")
_FAILED = Message("Not notified now; the next run tries again: {names}")
_BY_CAMPAIGN = Message("Notified again by the next run of the campaign, if still due: {names}")
_IN_DOUBT = Message(
    "Unknown whether the notice arrived; not sent again without `--in-doubt` or `--again`: {names}"
)


@click.command("remind", cls=SpokenCommand)
@click.argument("path", metavar="PLAN|GOAL", type=click.Path(path_type=Path))
@remind_options
@quiet_option
@aws_options
@lang_option
def command(path: Path, options: RemindOptions, aws: AwsOptions, lang: Language) -> Exit:
    """Hand over today's notices to the people of a plan or a goal who do not have them yet.

    Everything printed, saved or sent is recorded, so nobody gets it twice. Sends nothing without
    `--send`. PLAN is a plan's file, GOAL a goal file (YAML). Exit 3 if somebody would be locked
    out, a program has no known owner, or a day has come without MFA enforcement in the account; 4
    if it is unknown what happens to somebody or whether a message was posted; 1 if one was not.
    """
    options.check()
    if (goal := goal_beside(path)) != path:
        # the folder of a campaign has the record of whom it has told
        path, options = goal, replace(options, state=options.state or str(path))
    if options.state is None or not is_in_s3(options.state):
        return _remind(path, options, aws, lang)
    state = state_at(options.state, aws, lang, take_over=options.take_over, notes=False)
    if options.preview:
        with state.read() as read:
            return _remind(path, replace(options, state=str(read)), aws, lang)
    with state.locked() as opened:
        there = replace(options, state=str(opened.path))
        return _remind(path, there, aws, lang, opened.keep)


def _remind(
    path: Path,
    options: RemindOptions,
    aws: AwsOptions,
    lang: Language,
    keep: Callable[[Path], None] | None = None,
) -> Exit:
    """Remind people, and keep the ledger each time that it is written."""
    templates = Templates(options.templates, (options.form,))
    audience = audience_of(path, options, aws, lang, options.day)
    account, blocked = audience.snapshot.account, audience.blocked
    options = replace(options, timezone=options.timezone or audience.plan.timezone)
    plan = f"{path.name} {audience.plan.digest}"
    run = ReminderRun(options, lang, path, account, plan, blocked, keep=keep)
    if options.state is not None:
        known = known_users(Path(options.state) / KNOWN_USERS, audience.snapshot)
        run = replace(run, former=known.former_names(audience.snapshot))
    if options.state is not None and not options.waves:
        users = {*options.users}
        owners = (each for each in audience.for_owners if not users or each.person.user in users)
        run = replace(run, for_owners=tuple(owners))

    def hand_over(due: tuple[Person, ...]) -> None:
        notices = audience.notices(due, templates, options, lang)
        hand_over_notices(notices, due, options, lang)

    delivered = run.carried_out(audience.people, hand_over)
    # the exit code is about all users, not only those who are due today
    print_note(*attention(audience.people, options, lang))
    return worst([delivered, audience.exit])


HandOver = Callable[[tuple[Person, ...]], None]
"""Prints or saves the notices of some people, in the form that was asked for."""


@dataclass(frozen=True, slots=True)
class ReminderRun:
    """One run of `sekisho remind`.

    Attributes:
        path: the plan or goal.
        account: whose it is.
        plan: what the ledger calls the plan.
        blocked: in a campaign, the users with problems of enforcing MFA today.
        for_owners: in a campaign, what owners of exceptions are to hear.
        former: in a campaign, who was renamed.
        keep: called with the ledger each time that it is written.
    """

    options: RemindOptions
    lang: Language
    path: Path
    account: str
    plan: str
    blocked: frozenset[str] = frozenset()
    for_owners: tuple[Reminder, ...] = ()
    former: FormerNames = field(default_factory=dict)
    keep: Callable[[Path], None] | None = None

    def carried_out(self, people: Iterable[Person], hand_over: HandOver) -> Exit:
        """Hand over what is due and not yet heard, record it, and print the outcome.

        Raises:
            UsageError: if `--again` names nobody, or `--send` no webhook.
            FaultyInput: if the ledger is damaged: then nobody is notified.
            SekishoError: if the ledger or what is handed over cannot be written.
        """
        everybody = tuple(people)
        self._check_again(everybody)
        webhook = self._webhook()
        zone = zone_named(self.options.timezone)
        today = self.options.today or datetime.now(zone).date()
        with self._open_ledger() as ledger:
            due = self._due(everybody, today, zone, ledger)
            found = sorted_out(ledger, due, frozenset(self.options.again))
            by_standing, arrived = self._resolved(found)
            unheard = by_standing[Standing.OPEN]
            if self.options.preview:
                self._print_or_save(unheard, hand_over)
                delivery = Delivery()
            else:
                delivery = self._deliver(ledger, unheard, arrived, hand_over, webhook)
                self._settle_others(ledger, delivery)
        self._print_outcome(delivery, by_standing, today)
        return self._exit_of(delivery, by_standing)

    def _now(self) -> datetime:
        """Return the present time; for a rehearsed campaign, noon of its day."""
        if self.options.state is None or self.options.today is None:
            return datetime.now(UTC)
        return datetime.combine(self.options.today, time(12), zone_named(self.options.timezone))

    def _due(
        self, people: tuple[Person, ...], today: date, zone: ZoneInfo, ledger: Ledger
    ) -> tuple[Reminder, ...]:
        if self.options.state is None:
            return reminders_due(people, today, zone)
        told = Told.of(ledger.entries, zone)
        due = campaign_reminders(people, today, zone, told, self.blocked)
        return (*due, *self.for_owners)

    def _resolved(
        self, found: Mapping[Standing, tuple[Reminder, ...]]
    ) -> tuple[Mapping[Standing, tuple[Reminder, ...]], tuple[Reminder, ...]]:
        """Return how each reminder stands by what is said of those in doubt, and which arrived."""
        doubtful = found[Standing.IN_DOUBT]
        match self.options.in_doubt:
            case None:
                return found, ()
            case InDoubt.ARRIVED:
                heard = (*found[Standing.DONE], *doubtful)
                return {**found, Standing.IN_DOUBT: (), Standing.DONE: heard}, doubtful
            case InDoubt.REPEAT:
                unheard = (*found[Standing.OPEN], *doubtful)
                return {**found, Standing.IN_DOUBT: (), Standing.OPEN: unheard}, ()
            case _:
                assert_never(self.options.in_doubt)

    def _settle_others(self, ledger: Ledger, delivery: Delivery) -> None:
        """Settle what else of a campaign is in doubt, such as of keys, and is not due here.

        What has not arrived is told by the campaign's next run.
        """
        options, posted = self.options, {key_of(each) for each in delivery.in_doubt}
        chosen = options.state is not None and not (options.users or options.waves)
        others = [each for each in ledger.in_doubt if each.key not in posted]
        if options.in_doubt is None or not chosen or not others:
            return
        arrived = options.in_doubt is InDoubt.ARRIVED
        event = NoticeEvent.DONE if arrived else NoticeEvent.FAILED
        ledger.record(replace(each, at=self._now(), event=event) for each in others)
        names = shown_names(
            [*dict.fromkeys(each.user for each in others)], self.lang, verbose=options.verbose
        )
        text = _EARLIER if arrived else _BY_CAMPAIGN
        print_note(text.filled(names=names).into(self.lang))

    @contextmanager
    def _open_ledger(self) -> Iterator[Ledger]:
        path = self.options.ledger_of(self.path)
        if self.options.preview:
            yield read_ledger(path, self.account, self.former)
            return
        with open_ledger(path, self.account, self.former) as ledger:
            ledger.keep = self.keep
            yield ledger

    def _check_again(self, people: Iterable[Person]) -> None:
        users = {each.user for each in people}
        for name in self.options.again:
            if name not in users:
                message = Message("`--again {name}`: the plan has no such person")
                raise UsageError(message.filled(name=name), fix=did_you_mean(name, users))

    def _webhook(self) -> "Webhook | None":
        """Return where to post to; None if messages are printed."""
        if self.options.send is None:
            return None
        from sekisho.notices.reminders import Webhook  # noqa: PLC0415 - few runs use the network

        webhook = Webhook.of(self.options.send)
        return None if self.options.preview else webhook

    def _deliver(
        self,
        ledger: Ledger,
        unheard: Sequence[Reminder],
        arrived: Sequence[Reminder],
        hand_over: HandOver,
        webhook: "Webhook | None",
    ) -> Delivery:
        form = self.options.output.value
        channel = f"{form}:{webhook.host}" if webhook else form

        def entry(reminder: Reminder, event: NoticeEvent) -> LedgerEntry:
            return entry_of(reminder, event, self._now(), self.plan, channel)

        def print_batch(batch: Sequence[Reminder]) -> Handed:
            try:
                self._print_or_save(batch, hand_over)
            except SekishoError:
                ledger.record(entry(each, NoticeEvent.FAILED) for each in batch)
                raise
            return Handed.DONE

        def post_batch(batch: Sequence[Reminder]) -> Handed:
            if webhook is None:
                return print_batch(batch)
            posted = webhook.post(self._message(batch))
            notice(posted.message.into(self.lang))
            return posted.outcome

        ledger.record(entry(each, NoticeEvent.DONE) for each in arrived)
        batches = portions(unheard, PORTION) if webhook else [unheard] if unheard else []
        return deliver(ledger, batches, post_batch, entry)

    def _print_or_save(self, reminders: Sequence[Reminder], hand_over: HandOver) -> None:
        """Print or save what some people are to hear."""
        if not reminders:
            return
        if self.options.output not in CHATS:
            hand_over(tuple(each.person for each in reminders))
            return
        messages = (self._message(each) for each in portions(reminders, PORTION))
        text = "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in messages)
        if self.options.out:
            write_private(self.options.out, text, replace=self.options.force)
        else:
            click.echo(text, nl=False)

    def _message(self, batch: Sequence[Reminder]) -> Mapping[str, object]:
        setting = ChatSetting(
            self.account, zone_named(self.options.timezone), self.lang, self.options.contact
        )
        return chat_message(batch, CHATS[self.options.output], setting)

    def _print_outcome(
        self, delivery: Delivery, by_standing: Mapping[Standing, Sequence[Reminder]], today: date
    ) -> None:
        """Print on stderr who was reminded and who was not."""
        preview = self.options.preview
        groups = (
            (_WOULD_BE, by_standing[Standing.OPEN]) if preview else (_DONE, delivery.done),
            (_EARLIER, by_standing[Standing.DONE]),
            (_FAILED, delivery.failed),
            (_IN_DOUBT, (*by_standing[Standing.IN_DOUBT], *delivery.in_doubt)),
        )
        for text, reminders in groups:
            if reminders:
                names = shown_names(
                    [each.person.user for each in reminders],
                    self.lang,
                    verbose=self.options.verbose,
                )
                print_note(text.filled(names=names).into(self.lang))
        if not any(by_standing.values()):
            print_note(_NOBODY.filled(day=today).into(self.lang))

    def _exit_of(
        self, delivery: Delivery, by_standing: Mapping[Standing, Sequence[Reminder]]
    ) -> Exit:
        doubt = by_standing[Standing.IN_DOUBT] or delivery.in_doubt
        failed = delivery.failed
        return worst([*([Exit.UNKNOWN] if doubt else []), *([Exit.ERROR] if failed else [])])
