"""`sekisho card USER`: what a person types on the command line once MFA is mandatory."""

from enum import StrEnum

import click

from sekisho.cli.aws import AwsOptions, aws_options, read_account, snapshot_option
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import form_option, grouped, lang_option
from sekisho.cli.quiet import print_note, quiet_option
from sekisho.cli.terminal import terminal_width
from sekisho.documents import check_writable, indented_json, write_private
from sekisho.documents.guide import to_html, to_markdown, to_text
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.notices.card import (
    CardChoices,
    CardFacts,
    card,
    card_facts,
    card_to_json,
    version_of,
)

_WRITTEN = Message("written to {path}")


class _Form(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class CardOptions:
    """Which account is read, what is known of the person, and how the card is handed over.

    Attributes:
        snapshots: the files that the account is read from; none: AWS itself.
    """

    snapshots: tuple[str, ...]
    key_profile: str
    cli_version: str | None
    form: _Form
    out: str | None
    force: bool

    def checked(self) -> CardChoices:
        """Return the facts for the card that are not in the account.

        Raises:
            UsageError: if options do not go together, or there can be no such profile or version.
            SekishoError: if `out` cannot be written.
        """
        if self.force and not self.out:
            raise UsageError(Message("`--force` is for `--out`"))
        version = version_of(self.cli_version) if self.cli_version else None
        choices = CardChoices(self.key_profile, version)
        if self.out:
            check_writable(self.out, replace=self.force)
        return choices


@click.command(cls=SpokenCommand)
@click.argument("user", metavar="USER")
@grouped(
    "options",
    CardOptions,
    snapshot_option(),
    click.option(
        "--key-profile",
        metavar="NAME",
        default="default",
        show_default=True,
        help="The profile of the AWS CLI in which the person has the access key.",
    ),
    click.option(
        "--cli-version",
        metavar="VERSION",
        help="Which AWS CLI they have, like 2.32.0; if not given, the card says what is needed.",
    ),
    form_option(
        _Form,
        "Text, Markdown, one self-contained HTML page that prints well, or JSON.",
        parameter="form",
    ),
    click.option("--out", metavar="FILE", help="Write it there, for its owner only."),
    click.option("--force", is_flag=True, help="Replace the file of --out."),
)
@aws_options
@quiet_option
@lang_option
def command(user: str, options: CardOptions, aws: AwsOptions, lang: Language) -> None:
    """Print the commands for USER once MFA is mandatory, by the credentials they have.

    Sign-in without a key, sessions with a code, the profiles for tools, and what will not work any
    more. The account is read, and nothing in it is changed; no secret is in the card.
    """
    choices = options.checked()
    facts = card_facts(read_account(options.snapshots, aws, lang), user)
    text = _made(facts, choices, options.form, lang)
    if options.out:
        write_private(options.out, text, replace=options.force)
        print_note(_WRITTEN.filled(path=options.out).into(lang))
    else:
        click.echo(text, nl=False)


def _made(facts: CardFacts, choices: CardChoices, form: _Form, lang: Language) -> str:
    match form:
        case _Form.TEXT:
            return to_text(card(facts, choices), lang, terminal_width())
        case _Form.MARKDOWN:
            return to_markdown(card(facts, choices), lang)
        case _Form.HTML:
            return to_html(card(facts, choices), lang)
        case _Form.JSON:
            document = card_to_json(facts, choices)
            return indented_json(document)
