"""`sekisho session`: a session with MFA for tools that cannot ask for a code."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sekisho.account import AwsApi
from sekisho.cli.aws import checked_role, checked_serial, endpoint_option, refuse_beside
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.quiet import print_note, quiet_option
from sekisho.cli.terminal import notice, show_folded
from sekisho.errors import SessionRefused, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, duration_text, verbatim
from sekisho.session import (
    KEYRING,
    Broker,
    FileStore,
    HandedOut,
    Notes,
    Nowhere,
    SessionNote,
    SessionRequest,
    Source,
    Store,
    Surroundings,
    TerminalDevice,
    source_of,
    system_keyring,
)
from sekisho.session.model import session_to_text

if TYPE_CHECKING:
    from sekisho.account.aws import Keys


_SET = "set" if os.name == "nt" else "export"
"""The shell command that sets an environment variable."""


class SessionForm(StrEnum):
    """The output forms of a session."""

    ENV = "env"
    JSON = "json"
    PROCESS = "process"


def session_text(handed_out: HandedOut, form: SessionForm) -> str:
    """Return a session as text, with its secrets."""
    match form:
        case SessionForm.ENV:
            return "\n".join(
                f"{_SET} {name}={value}" for name, value in _variables(handed_out).items()
            )
        case SessionForm.JSON:
            details = {
                "Account": handed_out.id.account,
                "User": handed_out.id.user,
                "SerialNumber": handed_out.id.serial,
                "RoleArn": handed_out.id.role or None,
                "KeptIn": handed_out.kept_in or None,
            }
            return json.dumps(json.loads(session_to_text(handed_out.session)) | details, indent=2)
        case SessionForm.PROCESS:
            return session_to_text(handed_out.session)


def _variables(handed: HandedOut) -> Mapping[str, str]:
    session = handed.session
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_CREDENTIAL_EXPIRATION": session.expires.astimezone(UTC).isoformat(timespec="seconds"),
    }


FOLDER = "SEKISHO_SESSION_FOLDER"
"""The variable with another folder than `~/.aws/sekisho` for notes and locks."""

_TEXT = "text"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LENGTH = re.compile(r"(\d{1,7})([smh]?)", re.ASCII)
_LASTS = Message("A session of {whose} with MFA lasts {until}; {kept}.")
_IN_KEYRING = Message("stored in the keyring")
_IN_FILE = Message("stored in `{path}`")
_NOT_KEPT = Message("not stored")
_NOTHING = Message("No session is stored.")
_NOTHING_THERE = Message("`{path}` has no session.")
_NOTE = Message("{device}: session of {whose}, key {key}, {until}; {kept}")
_UNTIL = Message("until {at} ({time} left)")
_OVER = Message("ended at {at}")
_ROLE = Message("{user} in the role {role}")
_GONE = Message("Sessions deleted here: {count}. AWS accepts them until they end.")
_NONE_GONE = Message("Sessions deleted here: 0.")
_POINTLESS = Message("the session would be neither printed nor kept")


class Matter(StrEnum):
    """The topics to show instead of a session."""

    STATUS = "status"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The options for a session, its storage and its output.

    Attributes:
        keep_in: a file or folder in place of the keyring.
        no_keep: keep it nowhere.
        form: how it is printed; `text` has no secret in it.
        every: forget the sessions of all keys.
    """

    profile: str | None
    serial: str | None
    role_arn: str | None
    duration: timedelta | None
    margin: timedelta | None
    keep_in: Path | None
    no_keep: bool
    region: str | None
    endpoint_url: str | None
    form: str
    every: bool

    def refuse_all_but(self, option: str, *names: str) -> None:
        """Refuse every option beside `option` except the named ones.

        Raises:
            UsageError: naming each that is given.
        """
        given = {name: getattr(self, name) for name in self.__slots__ if name not in names}
        if "form" in given and not _form_is_given():
            del given["form"]
        spelt = {"form": "format", "every": "all"}
        refuse_beside(option, {spelt.get(name, name): value for name, value in given.items()})

    @property
    def request(self) -> SessionRequest:
        """The options as a request for a session."""
        return SessionRequest(
            self.profile,
            self.serial or "",
            self.role_arn or "",
            self.duration,
            self.margin,
            self.region or "",
            self.endpoint_url or "",
        )


def _length(ctx: click.Context, param: click.Parameter, text: str | None) -> timedelta | None:
    """Return the duration in a text: `12h`, `90m`, `900s` or `900`."""
    if text is None:
        return None
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise UsageError(
            Message("`{option} {text}` is not a length of time").filled(
                option=param.opts[0], text=text
            ),
            fix=Message("write it like `12h`, `90m` or `900s`"),
        )
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


_session_options = grouped(
    "options",
    SessionOptions,
    click.option(
        "--profile",
        metavar="NAME",
        help="The profile with the access key, or one whose source it is; else AWS_PROFILE.",
    ),
    click.option(
        "--serial",
        metavar="ARN",
        callback=checked_serial,
        help="The device that gives the code; else `mfa_serial`, else the only one there is.",
    ),
    click.option(
        "--role-arn",
        metavar="ARN",
        callback=checked_role,
        help="The role whose session is handed out; else the profile's.",
    ),
    click.option(
        "--duration",
        metavar="TIME",
        callback=_length,
        help="How long a new session lasts, like 12h or 90m; else as AWS has it.",
    ),
    click.option(
        "--margin",
        metavar="TIME",
        callback=_length,
        help="Get a new session if less time is left; 15m, or a third of a short session.",
    ),
    click.option(
        "--keep-in",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Keep it in this private file, or in one in this folder, in place of the keyring; "
        "with `status` and `forget`: what is kept there.",
    ),
    click.option("--no-keep", is_flag=True, help="Do not store the session."),
    click.option("--region", metavar="NAME", help="Where STS is called; else the profile's."),
    endpoint_option("Another AWS, such as `sekisho local`; else the profile's."),
    click.option(
        "--format",
        "form",
        type=click.Choice([_TEXT, *(form.value for form in SessionForm)]),
        default=_TEXT,
        help="Text without a secret, lines for a shell, JSON, or the JSON of `credential_process`; "
        "if not given, text on a terminal, else the last.",
    ),
    click.option("--all", "every", is_flag=True, help="With `forget`: the sessions of all keys."),
)


@click.command("session", cls=SpokenCommand)
@click.argument(
    "matter",
    metavar="[status|forget]",
    required=False,
    type=click.Choice([each.value for each in Matter]),
    callback=lambda ctx, param, value: value and Matter(value),
)
@_session_options
@quiet_option
@lang_option
def command(matter: Matter | None, options: SessionOptions, lang: Language) -> Exit:
    """Get MFA session credentials from an access key and an MFA code.

    As the `credential_process` of a profile it serves every tool: it asks for the code on the
    terminal when one is needed, and stores the session in the keyring until it ends.

    `session status` shows what is stored and until when, `session forget` deletes it.
    """
    match matter:
        case Matter.STATUS:
            options.refuse_all_but("status", "form", "keep_in")
            return _status(options, lang)
        case Matter.FORGET:
            options.refuse_all_but("forget", "profile", "every", "keep_in")
            return _forget(options, lang)
        case None:
            refuse_beside("session", {"all": options.every})
            return _hand_out(options, lang)


def _hand_out(options: SessionOptions, lang: Language) -> Exit:
    def say(message: Message) -> None:
        notice(message.into(lang))

    form = _form(options)
    source = source_of(options.request)
    store, unsafe = _store(options, say)
    if form is None and not store.name:
        raise unsafe or UsageError(
            _POINTLESS, fix=Message("give `--format`, or let it be kept by `--keep-in FILE`")
        )
    at = Surroundings(
        store,
        Notes(_folder(), say),
        TerminalDevice(lang),
        say,
        _connect,
        lambda: datetime.now(UTC),
        time.sleep,
    )
    handed_out = Broker(source, at).hand_out()
    until = _until(handed_out).into(lang)
    if form is None:
        show_folded([until])
    else:
        click.echo(session_text(handed_out, form))
        print_note(until)
    if unsafe is not None:
        # not before: without a session, only that matters
        print_note(*(each.into(lang) for each in (unsafe.message, unsafe.fix) if each is not None))
    if handed_out.new and not sys.stderr.isatty():
        at.terminal.say(_until(handed_out))
    return Exit.CLEAN


def _form(options: SessionOptions) -> SessionForm | None:
    """Return the output form of a session; None: as text, without a secret."""
    if options.form != _TEXT:
        return SessionForm(options.form)
    return None if _form_is_given() or _at_a_terminal() else SessionForm.PROCESS


def _form_is_given() -> bool:
    source = click.get_current_context().get_parameter_source("form")
    return source is ParameterSource.COMMANDLINE


def _at_a_terminal() -> bool:
    """Return whether the output goes to a terminal."""
    return sys.stdout.isatty()


def _store(
    options: SessionOptions, say: Callable[[Message], None]
) -> tuple[Store, SessionRefused | None]:
    """Return the store of the session, and the reason if it is not the keyring.

    Raises:
        MissingExtra: if nothing is said of where to keep it, and the keyring's package is missing.
    """
    if options.no_keep:
        refuse_beside("--no-keep", {"keep_in": options.keep_in})
        return Nowhere(), None
    if options.keep_in is not None:
        return FileStore(options.keep_in), None
    try:
        return system_keyring(say), None
    except SessionRefused as error:
        return Nowhere(), error


def _folder() -> Path:
    named = os.environ.get(FOLDER)
    return Path(named) if named else Path.home() / ".aws" / "sekisho"


def _connect(keys: "Keys", source: Source) -> AwsApi:
    from sekisho.account.aws import connect  # noqa: PLC0415 - what is kept needs no boto3

    return connect(
        profile=source.settings,
        credentials=keys,
        region=source.region,
        endpoint_url=source.endpoint_url or None,
    )


def _until(handed: HandedOut) -> Message:
    whose = _owner_text(handed.id.user, handed.id.role)
    until = _end(handed.session.expires)
    return _LASTS.filled(whose=whose, until=until, kept=_where(handed.kept_in))


def _end(expires: datetime) -> Message:
    """Return the text of an expiry time, in the local time zone."""
    at = expires.astimezone().strftime("%Y-%m-%d %H:%M %z")
    left = expires - datetime.now(UTC)
    if left < timedelta():
        return _OVER.filled(at=at)
    return _UNTIL.filled(at=at, time=duration_text(left))


def _owner_text(user: str, role: str) -> Message:
    if not role:
        return verbatim("`{user}`").filled(user=user)
    return _ROLE.filled(user=user, role=role.rpartition("/")[2])


def _where(kept_in: str) -> Message:
    match kept_in:
        case "":
            return _NOT_KEPT
        case _ if kept_in == KEYRING:
            return _IN_KEYRING
        case _:
            return _IN_FILE.filled(path=kept_in)


def _stored_notes(options: SessionOptions, notes: Notes) -> list[SessionNote]:
    """Return the stored sessions: from the notes, or from a file that the notes may not know."""
    noted = [note for device in notes.all() for note in device.sessions]
    if options.keep_in is None:
        return noted
    store = FileStore(options.keep_in)
    known = {note.id: note for note in noted if note.kept_in == store.name}
    return [
        known.get(made) or SessionNote(made, None, session.expires, store.name)
        for made, session in store.all().items()
    ]


def _status(options: SessionOptions, lang: Language) -> Exit:
    form = options.form
    if form not in (_TEXT, SessionForm.JSON):
        raise UsageError(
            Message("`status` has no secrets to print: it goes with `--format text` and `json`")
        )
    notes = Notes(_folder(), lambda message: notice(message.into(lang)))
    notes_of_profile = _stored_notes(options, notes)
    nothing = _NOTHING
    if options.keep_in is not None:
        nothing = _NOTHING_THERE.filled(path=FileStore(options.keep_in).name)
    if form == SessionForm.JSON:
        sessions = [_as_json(note) for note in notes_of_profile]
        form_of_notes = {"schema": "sekisho.session-status/1", "sessions": sessions}
        click.echo(json.dumps(form_of_notes, indent=2))
    else:
        show_folded(list(_lines(notes_of_profile, lang)) or [nothing.into(lang)])
    return Exit.CLEAN


def _lines(found: list[SessionNote], lang: Language) -> Iterator[str]:
    for note in found:
        line = _NOTE.filled(
            device=note.id.serial,
            whose=_owner_text(note.id.user, note.id.role),
            key=note.id.key_id,
            until=_end(note.expires),
            kept=_where(note.kept_in),
        )
        yield line.into(lang)


def _as_json(note: SessionNote) -> dict[str, str | None]:
    return {
        "account": note.id.account,
        "user": note.id.user,
        "serialNumber": note.id.serial,
        "accessKeyId": note.id.key_id,
        "roleArn": note.id.role or None,
        "endpointUrl": note.id.endpoint or None,
        "made": note.made.isoformat(timespec="seconds") if note.made else None,
        "expires": note.expires.isoformat(timespec="seconds"),
        "keptIn": note.kept_in,
    }


def _forget(options: SessionOptions, lang: Language) -> Exit:
    def say(message: Message) -> None:
        notice(message.into(lang))

    if options.every:
        refuse_beside("--all", {"profile": options.profile})
    notes = Notes(_folder(), say)
    key_id = None if options.every else _key_id(options.profile)
    forgotten = [note for note in _stored_notes(options, notes) if key_id in (None, note.id.key_id)]
    for note in forgotten:
        store = system_keyring(say) if note.kept_in == KEYRING else FileStore(Path(note.kept_in))
        with notes.locked(note.id.device):
            store.delete(note.id)
            # the same session may be stored elsewhere, too, and the note may be about that copy
            if note in notes.of_device(note.id.device).sessions:
                notes.drop(note.id)
    said = _GONE.filled(count=len(forgotten)) if forgotten else _NONE_GONE
    print_note(said.into(lang))
    return Exit.CLEAN


def _key_id(profile: str | None) -> str:
    """Return the id of the key of a profile, or of its source.

    Raises:
        SessionRefused: if it has none.
    """
    return source_of(SessionRequest(profile)).keys.access_key_id
