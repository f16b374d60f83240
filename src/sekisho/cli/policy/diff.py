"""`sekisho policy diff`: what one policy allows and the other does not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import click

from sekisho.cli.certificates import save_of_files, saved_text
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import PoliciesDiffer, next_action
from sekisho.cli.options import (
    OutputFormat,
    assumption_option,
    format_option,
    grouped,
    lang_option,
)
from sekisho.cli.policy.diff_grants import ComparedAs, diff_grants
from sekisho.cli.policy.diff_items import (
    MORE_OF_DIFFERENCE,
    DiffPrinting,
    difference_text,
    items_lines,
    new_access_text,
)
from sekisho.cli.policy_files import read_kinds, refuse_stdin_twice
from sekisho.cli.prove.output import exit_of, settings_text, undeniable
from sekisho.cli.quiet import print_note, quiet_option, verbose_option
from sekisho.documents import indented_json
from sekisho.engine import Assumptions, Policies
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import PolicyKind
from sekisho.prover import (
    ASSUMED,
    Callers,
    CallingUser,
    PolicyDifference,
    Proved,
    Refuted,
    Side,
    Unknown,
    Verdict,
    assumed_user,
    callers_of_difference,
    counterexample_text,
    difference_for_any,
    more_callers_text,
    new_access,
    verdict_text,
)
from sekisho.prover.questions import (
    beyond_to_json,
    callers_to_json,
    changed_settings,
    counterexample_to_json,
    difference_to_json,
    premises_of,
)

_SAME = Message("Both sides allow the same.")
_NOT_KNOWN = Message("Whether both sides allow the same could not be decided.")
_ONLY = Message("Only {file} allows:")
_UNLISTED = Message("other differences could not be listed: {reason}")


def _more(side: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    where = "both sides" if side == "both" else f"{side.upper()}'s side"
    return click.option(
        f"--with-{side}",
        metavar="FILE",
        multiple=True,
        help=f"A further identity-based policy of {where}.",
    )


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """The two sides, and whose requests are asked about."""

    old: str
    new: str
    with_old: tuple[str, ...]
    with_new: tuple[str, ...]
    with_both: tuple[str, ...]
    boundary: tuple[str, ...]
    principal: str | None
    compared: ComparedAs
    no_new_access: bool
    certificate: str | None
    exit_zero: bool
    assumptions: Assumptions


@click.command("diff", cls=SpokenCommand)
@grouped(
    "options",
    DiffOptions,
    click.argument("old", metavar="OLD"),
    click.argument("new", metavar="NEW"),
    _more("old"),
    _more("new"),
    _more("both"),
    click.option(
        "--boundary", metavar="FILE", multiple=True, help="A permissions boundary of both."
    ),
    click.option(
        "--principal",
        metavar="ARN",
        help="ARN of the user or role that has the policies; any user if not given.",
    ),
    click.option(
        "--kind",
        "compared",
        type=click.Choice([each.value for each in ComparedAs]),
        default=ComparedAs.IDENTITY.value,
        show_default=True,
        callback=lambda _ctx, _parameter, value: ComparedAs(value),
        help="The kind of OLD and NEW; `resource` and `trust` compare who gets what.",
    ),
    click.option(
        "--no-new-access",
        is_flag=True,
        help="Check only whether NEW allows something that OLD does not; exit 3 if it does.",
    ),
    click.option(
        "--certificate",
        metavar="PATH",
        help="With --no-new-access: save a certificate for the independent checker that NEW "
        "allows nothing more.",
    ),
    click.option("--exit-zero", is_flag=True, help="Exit 0 also if they differ."),
    assumption_option,
)
@grouped("printing", DiffPrinting, format_option, verbose_option, lang_option)
@quiet_option
def command(options: DiffOptions, printing: DiffPrinting) -> Exit:
    """Show exactly what one set of policies allows and the other does not, both ways.

    OLD and NEW are identity-based policies; --with-old, --with-new and --with-both add more. Every
    action in which the sets differ is listed, with the resources, conditions and credentials, and a
    request that shows it. --no-new-access checks only whether NEW allows something that OLD does
    not. With --kind, OLD and NEW are resource-based policies or trust policies, and the difference
    is who gets what. Exit 3 if they differ, 4 if that could not be decided.
    """
    if options.compared is not ComparedAs.IDENTITY:
        _check_alone(options)
        grants = diff_grants(
            (options.old, options.new),
            options.compared,
            options.assumptions,
            no_new_access=options.no_new_access,
        )
        grants.print(printing)
        return grants.exit(exit_zero=options.exit_zero)
    if options.certificate and not options.no_new_access:
        raise UsageError(Message("`--certificate` needs `--no-new-access`"))
    before, after = _policies(options)
    whose = _whose(options, before, after)
    if options.no_new_access:
        verdict = new_access(before, after, whose, datetime.now(UTC), options.assumptions)
        check = _saved(verdict, before, after, options)
        if options.certificate:
            print_note(saved_text(options.certificate, check).into(printing.lang))
        return _new_access((verdict, check), whose, options, printing)
    difference = difference_for_any(before, after, whose, datetime.now(UTC), options.assumptions)
    match printing.output:
        case OutputFormat.JSON:
            click.echo(
                indented_json(difference_to_json(difference, whose, options.assumptions)), nl=False
            )
        case OutputFormat.TEXT:
            lines = [
                *_of_difference(difference, options, printing),
                "",
                *_notes(whose, options, printing),
            ]
            printing.show(lines, "" if _verdict(difference) is _SAME else _next(options))
    return _exit(difference, exit_zero=options.exit_zero)


def _check_alone(options: DiffOptions) -> None:
    """See that no option is given that is about identity-based policies.

    Raises:
        UsageError: if one is.
    """
    of_identities = {
        "--with-old": options.with_old,
        "--with-new": options.with_new,
        "--with-both": options.with_both,
        "--boundary": options.boundary,
        "--principal": options.principal,
        "--certificate": options.certificate,
    }
    for option, given in of_identities.items():
        if given:
            says = Message("`{option}` cannot be used with `--kind {kind}`")
            raise UsageError(says.filled(option=option, kind=options.compared.value))


def _whose(options: DiffOptions, before: Policies, after: Policies) -> Callers:
    """Return the callers for whom the policies are compared.

    Raises:
        FaultyRequest: if the ARN is none of an IAM user or a role.
    """
    if options.principal is None:
        return callers_of_difference(before, after, options.assumptions)
    return Callers((CallingUser.from_arn(options.principal),), is_given=True)


def _saved(verdict: Verdict, before: Policies, after: Policies, options: DiffOptions) -> str:
    """Save the certificate of a verdict if that is wanted; return the command that checks it."""
    if options.certificate is None:
        return ""
    certificate = verdict.certificate if isinstance(verdict, Proved) else None
    found = () if certificate is None else (certificate,)
    more = (*options.with_old, *options.with_new, *options.with_both, *options.boundary)
    return save_of_files(
        options.certificate, found, after, (options.old, options.new, *more), before
    )


def _new_access(
    answer: tuple[Verdict, str], whose: Callers, options: DiffOptions, printing: DiffPrinting
) -> Exit:
    """Print whether there is new access, and return the exit code.

    Args:
        answer: the verdict, and the command that checks its certificate if one was saved.
        whose: the users who were asked about.
        options: what was asked.
        printing: the form, the language, and how much of it.
    """
    verdict, check = answer
    match printing.output:
        case OutputFormat.JSON:
            record = {
                "schema": "sekisho.no-new-access/1",
                **callers_to_json(whose),
                "verdict": type(verdict).__name__,
                "counterexample": counterexample_to_json(verdict.counterexample)
                if isinstance(verdict, Refuted)
                else None,
                **beyond_to_json(verdict),
                "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
                "assumptionsSet": changed_settings(options.assumptions),
                "premises": premises_of(verdict),
                "assumptions": [text.en for text in ASSUMED],
            }
            click.echo(indented_json(record), nl=False)
        case OutputFormat.TEXT:
            lines = [new_access_text(verdict, options.old, options.new).into(printing.lang)]
            if isinstance(verdict, Refuted):
                shown = counterexample_text(verdict.counterexample)
                lines.append(f"  {shown.into(printing.lang)}")
            lines += ["", *_notes(whose, options, printing)]
            proved = isinstance(verdict, Proved)
            printing.show(lines, check if proved else _next(options, listed=False))
    if isinstance(verdict, Refuted) and options.exit_zero:
        return Exit.CLEAN
    return exit_of(verdict)


def _of_difference(
    difference: PolicyDifference, options: DiffOptions, printing: DiffPrinting
) -> Iterator[str]:
    """Yield the verdict, and what each side alone allows: first the new one."""
    lang = printing.lang
    yield _verdict(difference).filled(old=options.old, new=options.new).into(lang)
    sides = ((options.new, difference.only_in_new), (options.old, difference.only_in_old))
    for file, side in sides:
        if isinstance(side, Unknown) or side.counterexample is not None:
            yield from ("", _ONLY.filled(file=file).into(lang))
            yield from _side_lines(side, printing)


def _verdict(found: PolicyDifference) -> Message:
    sides = (found.only_in_old, found.only_in_new)
    if any(isinstance(side, Unknown) for side in sides):
        return _NOT_KNOWN
    lost, gained = (isinstance(side, Side) and side.counterexample is not None for side in sides)
    return difference_text(gained=gained, lost=lost) or _SAME


def _next(options: DiffOptions, *, listed: bool = True) -> str:
    of_role = options.principal is not None and CallingUser.from_arn(options.principal).is_role
    files = (options.new, *options.with_new, *options.with_both)
    differ = PoliciesDiffer("role" if of_role else "", files, options.boundary, listed)
    return next_action(differ)


def _notes(whose: Callers, options: DiffOptions, printing: DiffPrinting) -> list[str]:
    """Return the notes that an answer needs, and with `-v` also its assumptions."""
    lang = printing.lang
    untold = [more_callers_text(whose.indistinct_keys).into(lang)] if whose.indistinct_keys else []
    if settings := settings_text(changed_settings(options.assumptions)):
        untold.append(settings.into(lang))
    if not printing.verbose:
        return [*untold, MORE_OF_DIFFERENCE.into(lang)]
    lines = [undeniable().into(lang), *(text.into(lang) for text in ASSUMED)]
    if options.principal is None:
        lines.append(assumed_user(whose).into(lang))
    return [*lines, *untold]


def _exit(found: PolicyDifference, *, exit_zero: bool) -> Exit:
    sides = (found.only_in_old, found.only_in_new)
    if any(isinstance(side, Unknown) for side in sides):
        return Exit.UNKNOWN
    differ = any(isinstance(side, Side) and side.counterexample is not None for side in sides)
    return Exit.FINDINGS if differ and not exit_zero else Exit.CLEAN


def _policies(options: DiffOptions) -> tuple[Policies, Policies]:
    """Read both sides; what both have is read once, for it may be standard input."""
    old, new = (options.old, *options.with_old), (options.new, *options.with_new)
    refuse_stdin_twice((*old, *new, *options.with_both, *options.boundary))
    identity = PolicyKind.IDENTITY
    before, after, both, limits = read_kinds(
        (old, identity),
        (new, identity),
        (options.with_both, identity),
        (options.boundary, PolicyKind.BOUNDARY),
    )
    return (
        Policies(identity=(*before, *both), boundaries=limits or None),
        Policies(identity=(*after, *both), boundaries=limits or None),
    )


def _side_lines(side: Side | Unknown, printing: DiffPrinting) -> Iterator[str]:
    if isinstance(side, Unknown):
        yield f"  {verdict_text(side).into(printing.lang)}"
        return
    if side.counterexample is not None and not side.items:
        yield f"  {counterexample_text(side.counterexample).into(printing.lang)}"
    if side.unlisted is not None:
        yield f"  {_UNLISTED.filled(reason=side.unlisted).into(printing.lang)}"
    yield from items_lines(side.items, printing, counterexample_text)
