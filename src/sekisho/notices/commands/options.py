"""The options of `sekisho notify`."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from sekisho.cli.options import form_option, grouped
from sekisho.cli.output import bom_option, headings_option
from sekisho.cli.quiet import verbose_option
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.notices import UTC_NAME, NoticeForm


class NotifyFormat(StrEnum):
    """How notices, or the work list, are handed over."""

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


@dataclass(frozen=True, slots=True)
class NotifyOptions:
    """Whom to notify of what, and how that is handed over.

    Attributes:
        snapshot: a saved account in place of AWS.
        exceptions: with a goal, its exceptions file.
        users, waves: of all, only these.
        contact: whom people ask.
        timezone: the zone that days are said in.
        owner_tags: the tags that say who owns a user.
        templates: a folder of templates in place of ours.
        print_templates: write ours to this folder, and do nothing else.
        work_list: everybody in rows, for whoever runs the roll-out.
        output, bom, headings: the form.
        out: the folder of files, or the file; `force` replaces what is there.
        verbose: whether all names are listed.
    """

    snapshot: str | None
    exceptions: str | None
    users: tuple[str, ...]
    waves: tuple[str, ...]
    contact: str
    timezone: str
    owner_tags: tuple[str, ...]
    templates: Path | None
    print_templates: Path | None
    work_list: bool
    output: NotifyFormat
    bom: bool
    headings: Language | None
    out: Path | None
    force: bool
    verbose: bool

    def check(self) -> None:
        """Raise UsageError if options do not go together."""
        if self.output is not NotifyFormat.CSV:
            for given, option in ((self.bom, "--bom"), (self.headings, "--headings")):
                if given:
                    raise UsageError(
                        Message("`{option}` is for `--format csv`").filled(option=option)
                    )
        if self.force and not (self.out or self.print_templates):
            raise UsageError(Message("`--force` is for `--out` and `--print-templates`"))
        if self.work_list and self.templates:
            raise UsageError(Message("`--work-list` is made by no template"))
        if self.work_list and self.output is NotifyFormat.MARKDOWN:
            raise UsageError(
                Message("`--work-list` has no form `markdown`"),
                fix=Message("take `text`, `html`, `csv` or `json`"),
            )

    @property
    def one_file(self) -> bool:
        """Whether what is written is one file, and no folder of one for each person."""
        return self.work_list or self.output in (NotifyFormat.CSV, NotifyFormat.JSON)

    @property
    def form(self) -> NoticeForm:
        """What each notice is written as."""
        return _FORMS[self.output]


notify_options = grouped(
    "options",
    NotifyOptions,
    click.option("--snapshot", metavar="FILE", help="A saved account in place of the real one."),
    click.option("--exceptions", metavar="FILE", help="With a goal: its exceptions file."),
    click.option("--user", "users", metavar="NAME", multiple=True, help="Only this person."),
    click.option(
        "--wave",
        "waves",
        metavar="NAME",
        multiple=True,
        help="Only this wave's people; a number counts the waves by their days.",
    ),
    click.option(
        "--contact", metavar="TEXT", default="", help="Whom people ask: a name, an address."
    ),
    click.option(
        "--timezone",
        metavar="ZONE",
        default=UTC_NAME,
        show_default=True,
        help="The time zone that days are said in, like Asia/Tokyo.",
    ),
    click.option(
        "--owner-tag",
        "owner_tags",
        metavar="KEY",
        multiple=True,
        help="The tag that says whom to write to; Owner, Email, Mail or Contact if not given.",
    ),
    click.option(
        "--templates",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Your own templates in place of ours.",
    ),
    click.option(
        "--print-templates",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Write our templates there to begin with, and do nothing else.",
    ),
    click.option(
        "--work-list", is_flag=True, help="Everybody in rows, for whoever runs the roll-out."
    ),
    form_option(
        NotifyFormat,
        "Text, a page to print, Markdown, CSV for mail merge, JSON, or a chat's messages.",
    ),
    bom_option,
    headings_option("Language of CSV's column names; English if not given."),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="A folder for one file per person; a file for CSV, JSON and the work list.",
    ),
    click.option("--force", is_flag=True, help="Replace files that are there."),
    verbose_option,
)
