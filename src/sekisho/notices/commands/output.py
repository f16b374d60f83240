"""What `sekisho notify` and `remind` print and save: the verdict, notices, the work list."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from sekisho.cli.cut_lists import shown_names
from sekisho.cli.next_action import NoticesShown, next_action
from sekisho.cli.quiet import print_note, quiet, show_next
from sekisho.cli.terminal import show_folded, terminal_width
from sekisho.documents import check_writable, indented_json, write_private
from sekisho.errors import InternalError, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, printable
from sekisho.notices import (
    NoticeContext,
    NoticeForm,
    NoticeKind,
    Person,
    WorkList,
    headline,
    made_folder,
    to_merge_csv,
)
from sekisho.notices.commands.options import (
    NoticeOptions,
    NotifyFormat,
    NotifyOptions,
)
from sekisho.prover import Enforced

SCHEMA = "sekisho.notices/1"


@dataclass(frozen=True, slots=True)
class WrittenNotice:
    """A notice in the form that is handed over."""

    person: Person
    context: NoticeContext
    text: str


_SUBJECT = Message("Subject: {subject}")
_ATTENTION = (
    (Message("Unknown what happens to: {names}"), NoticeKind.NOT_KNOWN),
    (Message("Would be locked out (no notice written): {names}"), NoticeKind.STUCK),
)
_MUST_HURRY = Message("Must change the password before it begins, or is locked out: {names}")
_EXCEPTION_OVER = Message(
    "The exception has ended, but the plan still counts it. Read the account and make the plan "
    "again: {names}"
)
_LATE = (
    (
        Message(
            "The day has come, but the account does not show that MFA is enforced: apply the plan, "
            "or move the day. These users are not told that MFA is mandatory: {names}"
        ),
        (Enforced.REFUTED, Enforced.TODAY_UNKNOWN, Enforced.NOTHING_ALLOWED),
    ),
    (
        Message(
            "The day has come, but it is not known whether MFA is enforced. These users are not "
            "told that MFA is mandatory: {names}"
        ),
        (Enforced.UNKNOWN,),
    ),
)
_NO_ADDRESSEE = Message("Programs without a known owner: {names}")
_WRITTEN = Message("{count} written to {path}")
_ONE_FOLDER = Message("there are {count} pages, and one at a time can be printed")
_OF_FORM = {NoticeForm.TEXT: ".txt", NoticeForm.MARKDOWN: ".md", NoticeForm.HTML: ".html"}


def _verdict(people: tuple[Person, ...], options: NoticeOptions, lang: Language) -> Iterator[str]:
    """Yield how many there are of each kind, then, if these are all, who needs attention."""
    yield headline(people).into(lang)
    if isinstance(options, NotifyOptions) and not quiet():
        yield from attention(people, options, lang)


def attention(people: tuple[Person, ...], options: NoticeOptions, lang: Language) -> Iterator[str]:
    """Yield by name who needs somebody's attention who is not the person."""
    groups = [
        (title, [each.user for each in people if each.kind is kind]) for title, kind in _ATTENTION
    ]
    hurry = [each.user for each in people if each.must_hurry]
    groups.append((_MUST_HURRY, hurry))
    over = [each.user for each in people if each.exception_over is not None]
    groups.append((_EXCEPTION_OVER, over))
    groups += [(title, [each.user for each in people if each.late in how]) for title, how in _LATE]
    groups.append((_NO_ADDRESSEE, [each.user for each in people if each.has_no_addressee]))
    for title, names in groups:
        if names:
            shown = shown_names(tuple(names), lang, verbose=options.verbose)
            yield title.filled(names=shown).into(lang)


def _hand_over(
    text: str, people: tuple[Person, ...], options: NoticeOptions, lang: Language
) -> None:
    """Print or save what is one file, with the verdict on standard error beside data."""
    verdict = tuple(_verdict(people, options, lang))
    reads = options.output is NotifyFormat.TEXT and options.out is None
    if reads:
        show_folded(verdict)
        if quiet():
            return
        if not text:
            # the verdict has said that there is nothing to read
            pass
        elif _is_list(options) or sys.stdout.isatty():
            show_folded(["", *text.splitlines()])
        else:
            # it is pasted into mails, so no line of it is broken
            click.echo(f"\n{text}", nl=False)
        if isinstance(options, NotifyOptions) and people:
            show_next(next_action(NoticesShown(options.work_list, bool(text))), lang)
        return
    if options.out is not None:
        write_private(options.out, text, replace=options.force)
        print_note(*verdict)
        print_note(_WRITTEN.filled(count=len(people), path=options.out).into(lang))
    else:
        print_note(*verdict)
        click.echo(text, nl=False)


def _is_list(options: NoticeOptions) -> bool:
    return isinstance(options, NotifyOptions) and options.work_list


def hand_over_notices(
    notices: tuple[WrittenNotice, ...],
    people: tuple[Person, ...],
    options: NoticeOptions,
    lang: Language,
) -> None:
    """Print or save notices; of `notify` also who needs attention, and what to type next.

    Args:
        notices: what is written.
        people: everybody whom it is about.
        options: in which form, and where to.
        lang: the language.

    Raises:
        UsageError: if pages are to be printed one after the other.
        SekishoError: if a file is there already or cannot be written.
    """
    match options.output:
        case NotifyFormat.CSV:
            lines = [(each.context, each.text) for each in notices]
            headings = options.headings or Language.EN
            text = to_merge_csv(lines, bom=options.bom, headings=headings)
            _hand_over(text, people, options, lang)
        case NotifyFormat.JSON:
            _hand_over(_as_json(notices, people), people, options, lang)
        case NotifyFormat.TEXT | NotifyFormat.MARKDOWN | NotifyFormat.HTML:
            if options.out is not None:
                _save_each(notices, options.out, options, lang)
                print_note(*_verdict(people, options, lang))
                print_note(_WRITTEN.filled(count=len(notices), path=options.out).into(lang))
                return
            _hand_over(_in_one(notices, options, lang), people, options, lang)
        case NotifyFormat.SLACK | NotifyFormat.TEAMS:
            raise InternalError("a chat has messages about several people, and no notices")


def _in_one(notices: tuple[WrittenNotice, ...], options: NoticeOptions, lang: Language) -> str:
    """Return all notices one after the other.

    Raises:
        UsageError: if they are pages, and more than one.
    """
    if options.output is NotifyFormat.HTML and len(notices) > 1:
        raise UsageError(
            _ONE_FOLDER.filled(count=len(notices)),
            fix=Message("give a folder by `--out`, or one person by `--user`"),
        )
    line = "-" * min(terminal_width(), 80)
    between = f"\n{line}\n\n" if options.output is NotifyFormat.TEXT else "\n\n"
    return between.join(_whole(each, options, lang) for each in notices)


def _whole(notice: WrittenNotice, options: NoticeOptions, lang: Language) -> str:
    """Return a notice with its subject, which is no part of a text mail's body."""
    if options.output is not NotifyFormat.TEXT:
        return notice.text
    subject = _SUBJECT.filled(subject=notice.context.subject).into(lang)
    return f"{subject}\n\n{notice.text}"


def _save_each(
    notices: tuple[WrittenNotice, ...], folder: Path, options: NoticeOptions, lang: Language
) -> None:
    """Write one file for each person; none if one of them is there already."""
    made_folder(folder)
    named = dict(zip(file_names(notices, _OF_FORM[options.form]), notices, strict=True))
    for name in named:
        check_writable(folder / name, replace=options.force)
    for name, notice in named.items():
        write_private(folder / name, _whole(notice, options, lang), replace=options.force)


_UNSAFE = re.compile(r"[^A-Za-z0-9+=,.@_-]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def file_names(notices: Iterable[WrittenNotice], ending: str) -> Iterator[str]:
    """Yield a file name for each person that is safe on every system, each another one."""
    used: set[str] = set()
    for notice in notices:
        name = _UNSAFE.sub("_", notice.person.user)[:64]
        if name.startswith((".", "-")) or _RESERVED.match(name):
            name = f"_{name}"
        unique, number = name, 2
        while unique.lower() in used:
            unique, number = f"{name}-{number}", number + 1
        used.add(unique.lower())
        yield f"{unique}{ending}"


def _as_json(notices: tuple[WrittenNotice, ...], people: tuple[Person, ...]) -> str:
    document = {
        "schema": SCHEMA,
        "people": WorkList("", people).to_json(),
        "notices": [{**each.context.to_json(), "text": each.text} for each in notices],
    }
    return indented_json(document)


def hand_over_list(work: WorkList, options: NotifyOptions, lang: Language) -> None:
    """Print or save the work list.

    Raises:
        SekishoError: if the file is there already or cannot be written.
    """
    _hand_over(_work_list(work, options, lang), work.people, options, lang)


def _work_list(work: WorkList, options: NotifyOptions, lang: Language) -> str:
    match options.output:
        case NotifyFormat.CSV:
            return work.to_csv(bom=options.bom, headings=options.headings or Language.EN)
        case NotifyFormat.HTML:
            return work.to_html(lang)
        case NotifyFormat.JSON:
            document = {"schema": SCHEMA, "people": work.to_json()}
            return indented_json(document)
        case _:
            return "".join(f"{line}\n" for line in _rows(work, lang))


def _rows(work: WorkList, lang: Language) -> Iterator[str]:
    """Yield the work list for a terminal: under each wave, one block for each person."""
    for title, heads, rows in work.rows(lang):
        yield title
        for first, *others in rows:
            yield f"  {first}"
            for head, cell in zip(heads[1:], others, strict=True):
                if cell:
                    yield f"    {head}: {printable(cell)}"
