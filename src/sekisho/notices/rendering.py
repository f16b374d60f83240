"""Notices as text, Markdown and HTML, by Jinja templates that people may replace by their own.

A template runs in a sandbox and sees texts, flags and lists of them, nothing else: no object of
ours, no file, no secret. A folder of templates is checked whole before the first notice is made:
every name that is none, every filter that is none and every file that would never be used is said
at once, each with its file and line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from functools import partial
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from sekisho.documents import camel_case, write_private
from sekisho.documents.html import ticked
from sekisho.documents.report import Sheet, SheetColumn, sheet_text
from sekisho.errors import Code, Fault, FaultyInput, quoted, reason_of, unwritable
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, printable, table
from sekisho.notices.notice import Notice
from sekisho.notices.people import NoticeKind
from sekisho.notices.setting import NoticeSetting

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment


_OURS = Path(__file__).parent / "templates"
_SUFFIX = ".jinja"
_USUAL = "notice"


class NoticeForm(StrEnum):
    """What a notice is written as; the name is the ending of its file."""

    TEXT = "txt"
    MARKDOWN = "md"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class NoticeContext:
    """What a template may name.

    Attributes:
        language: `en` or `ja`.
        kind, kinds: what the person must hear, as `NoticeKind` has it; the gravest, and all.
        subject, greeting: the first lines.
        lead: what happens, and when.
        facts_title, facts: what they need: each with `name` and `value`.
        sections: what to do: each with `title`, `paragraphs` and `steps`.
        closing: whom to ask, and what nobody asks for.
        user, owner, wave: as the account and the plan have them.
        account, alias: the account's id and its alias; "" if there is none.
        address: where people sign in.
        day, date: when it begins, in words and as YYYY-MM-DD; "" for no day.
        until: the last day of an exception, as YYYY-MM-DD; "" if there is none.
        device, device_exact: which name to type for a new device, and whether no other works.
        contact: whom to ask.
    """

    language: str
    kind: str
    kinds: list[str]
    subject: str
    greeting: str
    lead: list[str]
    facts_title: str
    facts: list[Mapping[str, str]]
    sections: list[Mapping[str, Any]]
    closing: list[str]
    user: str
    owner: str
    wave: str
    account: str
    alias: str
    address: str
    day: str
    date: str
    until: str
    device: str
    device_exact: bool
    contact: str

    def as_values(self) -> dict[str, Any]:
        """Return the names and values that a template sees."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def to_json(self) -> dict[str, Any]:
        """Return the same with the keys of JSON."""
        return {camel_case(name): value for name, value in self.as_values().items()}


NAMES = tuple(field.name for field in fields(NoticeContext))
"""What a template may name."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#!|~])")


def plain_in(form: NoticeForm, value: str) -> str:
    """Return a value of the account so that it is shown as it is in this form.

    HTML is escaped as a whole by the template engine.
    """
    match form:
        case NoticeForm.MARKDOWN:
            return _MARKDOWN.sub(r"\\\1", printable(value))
        case NoticeForm.TEXT | NoticeForm.HTML:
            return printable(value)


class Templates:
    """A folder of templates, checked; ours if none is given.

    Args:
        folder: `notice.FORM.jinja` for everybody, `KIND.FORM.jinja` for one kind.
        forms: what will be written.

    Raises:
        FaultyInput: with every fault of every template in it.
    """

    def __init__(self, folder: Path | None, forms: tuple[NoticeForm, ...]) -> None:
        self._folder = folder or _OURS
        self._environments = {form: _environment(self._folder, form) for form in forms}
        faults = [*self._faults()] if folder else []
        if faults:
            raise FaultyInput(str(folder), faults)

    def written(self, notice: Notice, form: NoticeForm, context: NoticeContext) -> str:
        """Return a notice in a form.

        Raises:
            FaultyInput: if the template fails on it, with its file and line.
        """
        from jinja2 import TemplateError  # noqa: PLC0415 - only this command renders templates

        names = [_file(notice.person.kind.value, form), _file(_USUAL, form)]
        environment = self._environments[form]
        failures = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
        try:
            template = environment.select_template(names)
            return template.render(context.as_values())
        except (TemplateError, *failures) as error:
            raise FaultyInput(str(self._folder), [_failed(error, self._folder)]) from None

    def _faults(self) -> Iterator[Fault]:
        """Yield the faults of the templates of a folder that people have written."""
        try:
            names = sorted(path.name for path in self._folder.iterdir() if path.suffix == _SUFFIX)
        except OSError as error:
            message = Message("cannot be read: {reason}").filled(reason=reason_of(error))
            yield Fault(Code.FILE_UNREADABLE, message)
            return
        forms = {_file(name, form): form for name in _STEMS for form in NoticeForm}
        for name in names:
            if name not in forms:
                yield _never_used(name)
        for form, environment in self._environments.items():
            if _file(_USUAL, form) not in names:
                message = Message("`{file}` is missing").filled(file=_file(_USUAL, form))
                fix = Message("`sekisho notify --print-templates DIR` writes one to begin with")
                yield Fault(Code.FILE_BAD_SHAPE, message, fix=fix)
            for name in names:
                if forms.get(name) is form:
                    yield from _faults_of(environment, self._folder / name)


_STEMS = (_USUAL, *(kind.value for kind in NoticeKind if kind.is_notice))


def _file(name: str, form: NoticeForm) -> str:
    return f"{name}.{form.value}{_SUFFIX}"


def _never_used(name: str) -> Fault:
    names = ", ".join(f"`{each}`" for each in _STEMS)
    message = Message("is never used: a template's name begins with one of {names}")
    return Fault(Code.FILE_BAD_SHAPE, message.filled(names=names), name)


def _environment(folder: Path, form: NoticeForm) -> "ImmutableSandboxedEnvironment":
    from jinja2 import FileSystemLoader, StrictUndefined  # noqa: PLC0415 - as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - as above

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        autoescape=form is NoticeForm.HTML,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # what a template would do besides showing values: nothing
    environment.globals.clear()
    environment.filters["code"] = ticked if form is NoticeForm.HTML else str
    return environment


def _faults_of(environment: "ImmutableSandboxedEnvironment", path: Path) -> Iterator[Fault]:
    """Yield the faults of one template: its syntax, or each name that it may not use."""
    from jinja2 import TemplateSyntaxError, nodes  # noqa: PLC0415 - as above
    from jinja2.meta import find_undeclared_variables  # noqa: PLC0415 - as above

    try:
        source = path.read_text(encoding="utf-8-sig")
        tree = environment.parse(source)
        environment.compile(source)
    except (OSError, UnicodeDecodeError) as error:
        message = Message("cannot be read: {reason}").filled(reason=reason_of(error))
        yield Fault(Code.FILE_UNREADABLE, message, path.name)
        return
    except TemplateSyntaxError as error:
        yield _at(path, error.lineno, _WRONG.filled(reason=error.message or ""))
        return
    except RecursionError:
        yield _at(path, 0, _TOO_DEEP)
        return
    names = [*tree.find_all(nodes.Name)]
    # the engine's own name for the template itself counts as declared, and is no text
    itself = {"self"} & {each.name for each in names}
    for name in sorted(find_undeclared_variables(tree) - {*NAMES} | itself):
        lines = (each.lineno for each in names if each.name == name)
        yield _at(path, min(lines, default=0), _no_value(name))
    for each in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield _at(path, each.lineno, Message("a template uses no other"))


_WRONG = Message("is not a template: {reason}")
_TOO_DEEP = Message("calls itself endlessly or is nested too deeply")


def _no_value(name: str) -> Message:
    names = ", ".join(f"`{each}`" for each in NAMES)
    return Message("there is no value {name}; there are: {names}").filled(
        name=quoted(name), names=names
    )


def _at(path: Path, line: int, message: Message) -> Fault:
    return Fault(Code.FILE_BAD_SHAPE, message, path.name, line, 1)


def _failed(error: Exception, folder: Path) -> Fault:
    """Return where in a template it failed, by the lines that Jinja puts into the traceback."""
    from jinja2 import TemplateNotFound, UndefinedError  # noqa: PLC0415 - as above

    places = [
        (Path(frame.f_code.co_filename), line)
        for frame, line in walk_tb(error.__traceback__)
        if Path(frame.f_code.co_filename).parent == folder
    ]
    path, line = places[-1] if places else (folder / "", 0)
    match error:
        case TemplateNotFound():
            return Fault(
                Code.FILE_BAD_SHAPE, Message("`{file}` is missing").filled(file=error.name)
            )
        case RecursionError():
            message = _TOO_DEEP
        case UndefinedError():
            message = Message("names what is not there: {reason}")
        case _:
            message = Message("fails: {reason}")
    return _at(path, line, message.filled(reason=printable(str(error))))


def context_of(notice: Notice, setting: NoticeSetting, language: Language) -> NoticeContext:
    """Return the values of a notice that a template may use, in one language.

    Args:
        notice: the notice.
        setting: what it was made with: its `plain` makes values harmless here as well.
        language: the language.
    """
    person, say, plain = notice.person, partial(_into, language), setting.plain
    facts_title: Message = table("notices")["facts"]["title"]
    day, until = person.day, person.until
    return NoticeContext(
        language=language.value,
        kind=person.kind.value,
        kinds=[each.value for each in person.kinds],
        subject=say(notice.subject),
        greeting=say(notice.greeting),
        lead=[say(each) for each in notice.lead],
        facts_title=say(facts_title),
        facts=[{"name": say(name), "value": say(value)} for name, value in notice.facts],
        sections=[
            {
                "title": say(each.title),
                "paragraphs": [say(text) for text in each.paragraphs],
                "steps": [say(text) for text in each.steps],
            }
            for each in notice.sections
        ],
        closing=[say(each) for each in notice.closing],
        user=plain(person.user),
        owner=plain(person.owner),
        wave=plain(person.wave),
        account=plain(setting.account),
        alias=plain(setting.alias),
        address=notice.address,
        day=say(notice.day),
        date=day.isoformat() if day else "",
        until=until.isoformat() if until else "",
        device=plain(notice.device.name),
        device_exact=notice.device.exact,
        contact=say(notice.contact),
    )


def _into(language: Language, text: Message) -> str:
    return text.into(language)


def write_our_templates(folder: Path, *, replace: bool = False) -> tuple[Path, ...]:
    """Write our templates to begin with, and return the files.

    Raises:
        SekishoError: if the folder cannot be made, or a file is there already or cannot be written.
    """
    made_folder(folder)
    paths = []
    for ours in sorted(_OURS.glob(f"*{_SUFFIX}")):
        path = folder / ours.name
        write_private(path, ours.read_text(encoding="utf-8"), replace=replace)
        paths.append(path)
    return tuple(paths)


def made_folder(folder: Path) -> None:
    """Make a folder if it is not there.

    Raises:
        SekishoError: if it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, reason_of(error)) from None


_COLUMNS = (
    SheetColumn(Message("user", "csv"), lambda line: line[0].user, foreign=True),
    SheetColumn(Message("send_to", "csv"), lambda line: line[0].owner, foreign=True),
    SheetColumn(Message("kind", "csv"), lambda line: line[0].kind),
    SheetColumn(Message("kinds", "csv"), lambda line: " ".join(line[0].kinds)),
    SheetColumn(Message("wave", "csv"), lambda line: line[0].wave, foreign=True),
    SheetColumn(Message("date", "csv"), lambda line: line[0].date),
    SheetColumn(Message("date_in_words", "csv"), lambda line: line[0].day, foreign=True),
    SheetColumn(Message("exception_expires", "csv"), lambda line: line[0].until),
    SheetColumn(Message("account", "csv"), lambda line: line[0].account, foreign=True),
    SheetColumn(Message("alias", "csv"), lambda line: line[0].alias, foreign=True),
    SheetColumn(Message("sign_in_address", "csv"), lambda line: line[0].address, foreign=True),
    SheetColumn(Message("device_name", "csv"), lambda line: line[0].device, foreign=True),
    SheetColumn(
        Message("device_name_exact", "csv"), lambda line: "yes" if line[0].device_exact else "no"
    ),
    SheetColumn(Message("contact", "csv"), lambda line: line[0].contact, foreign=True),
    SheetColumn(Message("language", "csv"), lambda line: line[0].language),
    SheetColumn(Message("subject", "csv"), lambda line: line[0].subject, foreign=True),
    SheetColumn(Message("text", "csv"), lambda line: line[1], foreign=True),
)
"""The columns; their order and English names do not change."""


def to_merge_csv(
    lines: Iterable[tuple[NoticeContext, str]],
    *,
    bom: bool = False,
    headings: Language = Language.EN,
) -> str:
    """Return one line for each notice.

    Args:
        lines: what each notice names, and its whole text.
        bom: begin with a byte order mark, by which Excel knows that it is UTF-8.
        headings: the language of the column names.
    """
    return sheet_text(Sheet(_COLUMNS, lines), bom=bom, headings=headings)
