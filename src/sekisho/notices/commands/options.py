"""The options of `sekisho notify` and `sekisho remind`."""

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import click

from sekisho.cli.aws import snapshot_option
from sekisho.cli.options import Decorator, day_of_option, form_option, grouped
from sekisho.cli.output import bom_option, headings_option
from sekisho.cli.quiet import quiet, verbose_option
from sekisho.cli.rollout.state import take_over_option
from sekisho.cli.usage import logs_option
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.notices import NoticeForm
from sekisho.notices.reminders import LEDGER_NAME, ChatForm


class NotifyFormat(StrEnum):
    """How notices, the work list or the messages of a chat are handed over."""

    TEXT = "text"
    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"


_FORMS = {
    NotifyFormat.TEXT: NoticeForm.TEXT,
    NotifyFormat.HTML: NoticeForm.HTML,
    NotifyFormat.MARKDOWN: NoticeForm.MARKDOWN,
    NotifyFormat.CSV: NoticeForm.TEXT,
    NotifyFormat.JSON: NoticeForm.TEXT,
    NotifyFormat.SLACK: NoticeForm.TEXT,
    NotifyFormat.TEAMS: NoticeForm.TEXT,
}
"""What the notices themselves are written as; CSV and JSON have their texts."""
CHATS = {NotifyFormat.SLACK: ChatForm.SLACK, NotifyFormat.TEAMS: ChatForm.TEAMS}


class InDoubt(StrEnum):
    """What is done about notices of which it is not known whether they arrived.

    Attributes:
        REPEAT: they are handed over again.
        ARRIVED: somebody has seen that they did: they count as delivered.
    """

    REPEAT = "repeat"
    ARRIVED = "arrived"


@dataclass(frozen=True, slots=True)
class NoticeOptions:
    """Whom to tell something, and how that is handed over: what both commands have.

    Attributes:
        snapshots: the files that the account is read from; none: AWS itself.
        exceptions: with a goal, its exceptions file.
        logs: logs of CloudTrail, or a usage file: when keys were last used.
        users, waves: of all, only these.
        contact: whom people ask.
        timezone: the zone that days are said in; empty: the goal's.
        owner_tags: the tags that say who owns a user.
        templates: a folder of templates in place of ours.
        output, bom, headings: the form.
        out: the folder of files, or the file; `force` replaces what is there.
        verbose: whether all names are listed.
        ledger: the record of who has heard; None: beside the plan.
    """

    snapshots: tuple[str, ...]
    exceptions: str | None
    logs: tuple[str, ...]
    users: tuple[str, ...]
    waves: tuple[str, ...]
    contact: str
    timezone: str
    owner_tags: tuple[str, ...]
    templates: Path | None
    output: NotifyFormat
    bom: bool
    headings: Language | None
    out: Path | None
    force: bool
    verbose: bool
    ledger: Path | None

    def check_form(self) -> None:
        """Raise UsageError if options of CSV stand beside another form."""
        if self.output is not NotifyFormat.CSV:
            for given, option in ((self.bom, "--bom"), (self.headings, "--headings")):
                if given:
                    raise UsageError(
                        Message("`{option}` is for `--format csv`").filled(option=option)
                    )

    @property
    def form(self) -> NoticeForm:
        """What each notice is written as."""
        return _FORMS[self.output]

    def ledger_of(self, path: Path) -> Path:
        """Return the file of who has heard of a plan or a goal."""
        return self.ledger or path.with_name(f"{path.name}.notified")


@dataclass(frozen=True, slots=True)
class NotifyOptions(NoticeOptions):
    """The options of `sekisho notify`.

    Attributes:
        print_templates: write ours to this folder, and do nothing else.
        work_list: all users in rows, for the roll-out's administrator.
    """

    print_templates: Path | None
    work_list: bool

    def check(self) -> None:
        """Raise UsageError if options do not go together."""
        self.check_form()
        if self.force and not (self.out or self.print_templates):
            raise UsageError(Message("`--force` is for `--out` and `--print-templates`"))
        if self.work_list and self.templates:
            raise UsageError(Message("`--work-list` is made by no template"))
        if self.work_list and self.output is NotifyFormat.MARKDOWN:
            raise UsageError(
                Message("`--work-list` has no form `markdown`"),
                fix=Message("use `text`, `html`, `csv` or `json`"),
            )
        if self.ledger and not self.work_list:
            raise UsageError(Message("`--ledger` is for `--work-list`"))


@dataclass(frozen=True, slots=True)
class RemindOptions(NoticeOptions):
    """The options of `sekisho remind`.

    Attributes:
        today: which day it is; None: the real one.
        again: who is to hear although they have, or may have.
        in_doubt: what is done about what may have arrived or not; None: nothing.
        state: the folder of the goal's campaign, or its address in S3.
        take_over: there, the lock of a run that was killed is taken over.
        send: where messages are posted to.
        preview: record and send nothing.
    """

    today: date | None
    again: tuple[str, ...]
    in_doubt: InDoubt | None
    state: str | None
    take_over: bool
    send: str | None
    preview: bool

    def ledger_of(self, path: Path) -> Path:
        """Return the file of who has heard: that of the campaign, if there is one."""
        if self.state is not None:
            return Path(self.state) / LEDGER_NAME
        return NoticeOptions.ledger_of(self, path)

    @property
    def day(self) -> date:
        """On which day people are told, in UTC."""
        return self.today or datetime.now(UTC).date()

    def check(self) -> None:
        """Raise UsageError if options do not go together."""
        self.check_form()
        if self.force and not self.out:
            raise UsageError(Message("`--force` is for `--out`"))
        printed = self.output is NotifyFormat.TEXT and self.out is None
        if quiet() and printed and not self.preview:
            # it would be recorded that they have heard
            raise UsageError(
                Message("`--quiet` prints no notices, so nobody would get one"),
                fix=Message("give `--out`, or leave `--quiet` out"),
            )
        if self.state and self.ledger:
            raise UsageError(
                Message("`--state` cannot be used with `--ledger`: the campaign's folder has one"),
                fix=Message("leave one of them out"),
            )
        if self.send and self.output not in CHATS:
            raise UsageError(
                Message("`--send` is for messages of a chat"),
                fix=Message("give `--format slack` or `--format teams`"),
            )
        if self.send and self.out:
            raise UsageError(Message("`--send` cannot be used with `--out`"))


_PEOPLE: tuple[Decorator, ...] = (
    snapshot_option(),
    click.option("--exceptions", metavar="FILE", help="With a goal: its exceptions file."),
    logs_option,
    click.option("--user", "users", metavar="NAME", multiple=True, help="Only this person."),
    click.option(
        "--wave",
        "waves",
        metavar="NAME",
        multiple=True,
        help="Only this wave's people; a number is a wave's place by its day.",
    ),
    click.option(
        "--contact",
        metavar="TEXT",
        default="",
        help="The contact for questions: a name or an address.",
    ),
    click.option(
        "--timezone",
        metavar="ZONE",
        default="",
        help="The time zone of the days in the text, like Asia/Tokyo; if not given, the goal's.",
    ),
    click.option(
        "--owner-tag",
        "owner_tags",
        metavar="KEY",
        multiple=True,
        help="The tag with the person to write to; Owner, Email, Mail or Contact if not given.",
    ),
    click.option(
        "--templates",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Your own templates instead of the default ones.",
    ),
)
"""The options of whom to tell something, and by which texts."""


_FILES: tuple[Decorator, ...] = (
    bom_option,
    headings_option("Language of CSV's column names; English if not given."),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="A folder for one file per person; a file for CSV, JSON, a work list or a chat.",
    ),
    click.option("--force", is_flag=True, help="Replace existing files."),
    verbose_option,
    click.option(
        "--ledger",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The record of who was notified; PLAN.notified if not given.",
    ),
)
"""The options of what is handed over, but for its form."""


notify_options = grouped(
    "options",
    NotifyOptions,
    *_PEOPLE,
    click.option(
        "--print-templates",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Write the default templates into this folder, and do nothing else.",
    ),
    click.option(
        "--work-list", is_flag=True, help="Write a work list instead: a row for each user."
    ),
    form_option(
        (form for form in NotifyFormat if form not in CHATS),
        "Text, a page to print, Markdown, CSV for mail merge, or JSON.",
    ),
    *_FILES,
)
remind_options = grouped(
    "options",
    RemindOptions,
    *_PEOPLE,
    click.option(
        "--today",
        metavar="DAY",
        callback=day_of_option,
        help="Another day than today in --timezone, like 2026-12-01.",
    ),
    click.option(
        "--again",
        metavar="USER",
        multiple=True,
        help="Notify this person again, after a notice that was or may have been delivered.",
    ),
    click.option(
        "--in-doubt",
        type=click.Choice([each.value for each in InDoubt]),
        callback=lambda ctx, param, value: None if value is None else InDoubt(value),
        help="If it is unknown whether a notice arrived: hand it over again, or count it as "
        "delivered.",
    ),
    click.option(
        "--state",
        type=click.Path(file_okay=False),
        metavar="PLACE",
        help="The folder of the goal's campaign, or s3://BUCKET/PREFIX: its record, and newcomers' "
        "own days.",
    ),
    take_over_option,
    click.option(
        "--preview", is_flag=True, help="Show today's notices, but record and send nothing."
    ),
    form_option(
        NotifyFormat,
        "Text, a page to print, Markdown, CSV for mail merge, JSON, or a chat's messages.",
    ),
    click.option(
        "--send",
        metavar="URL",
        help="With --format slack or teams: post the messages to this webhook; "
        "env:NAME or file:PATH keep its address secret.",
    ),
    *_FILES,
)
