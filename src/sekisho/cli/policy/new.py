"""`sekisho policy new`: write a Force_MFA policy."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import click

from sekisho import policy
from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import PolicyWritten, next_action
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.output import force_option
from sekisho.cli.policy.summary import length_of
from sekisho.cli.policy_files import redirected_to
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next
from sekisho.documents import writing
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.policy import (
    LONGEST_MFA_AGE,
    SHORTEST_MFA_AGE,
    Choices,
    Document,
    Preset,
    SelfService,
    Tradeoff,
    title_of,
)

_ALLOWS = Message("What it allows", "MFA")
_COSTS = Message("What it costs")
_WRITTEN = Message("written to {path}")
_LEAVE_OUT = Message("leave one side out")
_GIVES_UP = Message("Trade-off: {text} ({points}). `prove policy` exits 3; {options} prevents it.")
_TRADES = Message(
    "Trade-off: {text} ({points}). `prove policy` accepts it. With {options} instead: {costs}."
)
_NOTHING = "none"
"""The value of `--manage` for none of it."""
_MANAGE = Message(
    "name with `--manage` all that users manage themselves, like "
    "`--manage passwords --manage access-keys`"
)
_REPLACED = {option: _MANAGE for part in SelfService for option in (f"--{part}", f"--no-{part}")}


def _self_service(
    ctx: click.Context, param: click.Parameter, parts: tuple[str, ...]
) -> dict[str, bool]:
    """Return the choices of self-service for click; of none given, they are the preset's.

    Raises:
        UsageError: if something is named beside nothing.
    """
    if _NOTHING in parts and len(set(parts)) > 1:
        raise UsageError(Message("`--manage none` cannot be used with another `--manage`"))
    return {part.choice: part in parts for part in SelfService} if parts else {}


_manage_option = click.option(
    "--manage",
    multiple=True,
    type=click.Choice([*(part.value for part in SelfService), _NOTHING]),
    callback=_self_service,
    help="What users may manage themselves with MFA (repeatable). If not given: everything.",
)


def _choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of `Choices`: of self-service one, of each other field one.

    None means: as the preset has it.
    """
    parts = {part.choice for part in SelfService}
    for field in reversed([each for each in fields(Choices) if each.name not in parts]):
        dashed = field.name.replace("_", "-")
        title = title_of(field.name).en
        title = title[0].upper() + title[1:]
        if field.name == "partition":
            ids = [partition.id for partition in partitions()]
            option = click.option(
                "--partition",
                type=click.Choice(ids),
                help=f"{title}; {DEFAULT_PARTITION} if not given.",
            )
        elif field.name == "mfa_age":
            option = click.option(
                "--mfa-age",
                type=click.IntRange(SHORTEST_MFA_AGE, LONGEST_MFA_AGE),
                metavar="SECONDS",
                help=f"{title}.",
            )
        else:
            option = click.option(f"--{dashed}/--no-{dashed}", default=None, help=f"{title}.")
        function = option(function)
    return function


@click.command("new", cls=SpokenCommand, replaced=_REPLACED)
@click.option(
    "--preset",
    type=click.Choice([preset.value for preset in Preset]),
    default=Preset.RECOMMENDED.value,
    show_default=True,
    help="Where the choices below start from.",
)
@_choice_options
@_manage_option
@click.option(
    "--explain", is_flag=True, help=("Explain what each choice allows and costs (on stderr).")
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to a file in place of stdout.",
)
@force_option
@quiet_option
@lang_option
@format_option
def command(
    preset: str,
    *,
    manage: dict[str, bool],
    explain: bool,
    out: Path | None,
    force: bool,
    lang: Language,
    output: OutputFormat,
    **chosen: bool | int | str | None,
) -> Exit:
    """Write a Force_MFA policy for these choices.

    The policy goes to stdout (or to --out FILE), ready to paste. With --format json it comes with
    its name, description, size and choices. Nothing is sent to AWS.
    """
    if explain and output is OutputFormat.TEXT and quiet():
        raise UsageError(Message("`--quiet` leaves out what `--explain` says"), fix=_LEAVE_OUT)
    differing: Any = {name: value for name, value in chosen.items() if value is not None} | manage
    choices = replace(policy.choices_of(Preset(preset)), **differing)
    document = policy.force_mfa(choices)
    if output is OutputFormat.JSON:
        text = json.dumps(_new_as_json(preset, choices, document, explain), indent=2)
    else:
        text = policy.render(document)
    if out is None:
        click.echo(text)
    else:
        _write(out, f"{text}\n", replaced=force)
        print_note(_WRITTEN.filled(path=out).into(lang))
    if output is OutputFormat.TEXT:
        if explain:
            _explain(choices, lang)
        print_note(length_of(document).into(lang))
        print_note(*(_given_up(each).into(lang) for each in policy.tradeoffs(choices)))
        name = str(out) if out is not None else redirected_to()
        show_next(next_action(PolicyWritten(name)), lang, err=True)
    return Exit.CLEAN


def _new_as_json(
    preset: str, choices: Choices, document: Document, explain: bool
) -> dict[str, object]:
    value: dict[str, object] = {
        "schema": "sekisho.policy/1",
        "name": policy.NAME,
        "description": policy.DESCRIPTION,
        "preset": preset,
        "choices": asdict(choices),
        "size": policy.size(document),
        "givenUp": [_given_up_as_json(each) for each in policy.tradeoffs(choices)],
        "document": policy.to_json(document),
    }
    if explain:
        value["explained"] = [_explained(each) for each in policy.explain(choices)]
    return value


def _given_up(each: Tradeoff) -> Message:
    said = {"text": each.text, "points": ", ".join(each.points)}
    said["options"] = " ".join(each.options)
    return _TRADES.filled(costs=each.costs, **said) if each.costs else _GIVES_UP.filled(**said)


def _given_up_as_json(each: Tradeoff) -> dict[str, object]:
    costs = each.costs.to_json() if each.costs else None
    return {
        "points": list(each.points),
        "text": each.text.to_json(),
        "options": list(each.options),
        "accepted": costs is not None,
        "costs": costs,
    }


def _explained(choice: policy.ChoiceText) -> dict[str, object]:
    values = ((field.name, getattr(choice, field.name)) for field in fields(choice))
    return {name: each.to_json() if isinstance(each, Message) else each for name, each in values}


def _write(path: Path, text: str, *, replaced: bool) -> None:
    """Write a file that must not be there yet unless it is to be replaced: it may be edited."""
    mode = "w" if replaced else "x"
    with writing(path), path.open(mode, encoding="utf-8", newline="\n") as file:
        file.write(text)


def _explain(choices: Choices, lang: Language) -> None:
    """Print every choice on stderr, as paragraphs: four columns would not fit a terminal."""
    for each in policy.explain(choices):
        print_note(f"{each.title.into(lang)} [{each.name}]: {each.chosen}")
        for label, sentence in ((_ALLOWS, each.allows), (_COSTS, each.costs)):
            print_note(f"  {label.into(lang)}: {sentence.into(lang)}")
