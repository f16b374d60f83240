"""`sekisho guide`: what the tour rehearses, by hand, for people who click."""

from dataclasses import replace
from enum import StrEnum

import click

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import form_option, lang_option
from sekisho.cli.terminal import terminal_width
from sekisho.documents.guide import to_html, to_markdown, to_text
from sekisho.messages import Language
from sekisho.policy import Preset, choices_of
from sekisho.tour.guide import admin as admin_guide


class _Form(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


@click.command("admin", cls=SpokenCommand)
@click.option(
    "--preset",
    type=click.Choice([preset.value for preset in Preset]),
    default=Preset.RECOMMENDED.value,
    show_default=True,
    help="Which Force_MFA policy; `sekisho policy new --explain` says what each allows.",
)
@click.option(
    "--partition",
    type=click.Choice([partition.id for partition in partitions()]),
    default=DEFAULT_PARTITION,
    show_default=True,
    help="The partition of the account.",
)
@form_option(
    _Form,
    "Plain text, Markdown, or one self-contained HTML page that prints well.",
    parameter="form",
)
@lang_option
def admin(preset: str, partition: str, form: _Form, lang: Language) -> None:
    """Print how to create, attach and undo the policy in the AWS console.

    Names every button, gives the JSON to paste, and says what the review page will show, what the
    policy does, and what people will see.
    """
    choices = replace(choices_of(Preset(preset)), partition=partition)
    made = admin_guide(choices)
    match form:
        case _Form.TEXT:
            click.echo(to_text(made, lang, terminal_width()), nl=False)
        case _Form.MARKDOWN:
            click.echo(to_markdown(made, lang), nl=False)
        case _Form.HTML:
            click.echo(to_html(made, lang), nl=False)
