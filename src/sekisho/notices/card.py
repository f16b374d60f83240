"""The card of a person: what they type on the command line once MFA is mandatory.

Made of what they have and may; the texts are the table `card` of the messages. What is to be typed
or pasted is quoted for the shell or the file that it goes to; nothing in it is secret.

Whether somebody may use `aws login` is decided by their own policies, on the two calls that it
makes, in a session with MFA. What was not read or is not known leaves it unknown.

Source: AWS Sign-In User Guide, "Login for AWS local development using console credentials".
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sekisho import __version__
from sekisho.account import (
    AccessKey,
    Credentials,
    Device,
    Snapshot,
    User,
    credentials_of,
    gap_reasons,
    user_of,
)
from sekisho.audit.impact import MayLogin, may_login
from sekisho.documents.guide import (
    Block,
    CodeBlock,
    Guide,
    GuideNote,
    GuideTable,
    Paragraph,
    Section,
    console_terms,
)
from sekisho.errors import UsageError, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message, printable, table
from sekisho.signin import DeviceKind

_ABOUT = ("GetLoginProfile", "ListAccessKeys", "ListMFADevices")


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is made of.

    Attributes:
        authenticators: the devices that give codes.
        passkeys: the devices that give none.
        keys: the active access keys that are known.
        has_key, has_password, has_device: None if it is not known.
        others: how many credentials for single services there are; None if that is not known.
        login: whether `aws login` may be used, and why not or why it is not known.
        unread: why there may be more; None if everything was read.
    """

    user: User
    account: str
    partition: str
    read_at: datetime
    authenticators: tuple[Device, ...]
    passkeys: tuple[Device, ...]
    keys: tuple[AccessKey, ...]
    has_key: bool | None
    has_password: bool | None
    has_device: bool | None
    others: int | None
    login: MayLogin
    login_reason: Message | None = None
    unread: Message | None = None


def card_facts(snapshot: Snapshot, name: str) -> CardFacts:
    """Return the facts for the card of a user.

    Raises:
        FaultyAccount: if there is no such user.
    """
    user = user_of(snapshot, name)
    credentials = credentials_of(snapshot, user)
    login, reason = may_login(snapshot, user)
    return CardFacts(
        user=user,
        account=snapshot.account,
        partition=snapshot.partition,
        read_at=snapshot.taken_at,
        authenticators=_devices(credentials, codes=True),
        passkeys=_devices(credentials, codes=False),
        keys=tuple(key for key in credentials.keys if key.active),
        has_key=None if credentials.active_keys is None else credentials.active_keys > 0,
        has_password=credentials.password,
        has_device=credentials.enrolled,
        others=credentials.others_count,
        login=login,
        login_reason=reason,
        unread=_unread(credentials),
    )


def _unread(credentials: Credentials) -> Message | None:
    """Return why something that the card is about is not known; when a key was used is not."""
    gaps = tuple(each for each in credentials.unread if each.operation in _ABOUT)
    return gap_reasons(gaps) if gaps else None


def _devices(credentials: Credentials, *, codes: bool) -> tuple[Device, ...]:
    return tuple(
        each for each in credentials.devices if (each.kind is not DeviceKind.FIDO) is codes
    )


LOGIN_CLI = (2, 32, 0)
"""The first version of the AWS CLI that has `aws login`."""
LOGIN_PROFILE = "login"
TOOLS_PROFILE = "login-tools"
CODE_PROFILE = "mfa"
DAY_PROFILE = "mfa-12h"
VAULT_PROFILE = "vault"

_WIDTH = 88
_FOLDED = ("--serial-number", "--update-profile", "--token-code")
"""Before which options a long command goes on in the next line."""
_DOMAINS = {"aws-cn": "amazonaws.com.cn"}
"""Where the registries of a partition are, if not at amazonaws.com."""
_BAD_PROFILE = Message("`--key-profile {name}` is not a valid profile name")
_GOOD_PROFILE = Message("it is on one line, without `]`, and is not empty")
_BAD_VERSION = Message("`--cli-version {text}` is not the version of an AWS CLI")
_GOOD_VERSION = Message("write it as `aws --version` says it, like `2.32.0`")


@dataclass(frozen=True, slots=True)
class CardChoices:
    """What the card cannot know by the account.

    Attributes:
        key_profile: the profile in which the person has the access key.
        cli_version: the version of the AWS CLI that they have; None: not known.

    Raises:
        UsageError: if there can be no such profile.
    """

    key_profile: str = "default"
    cli_version: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        name = self.key_profile
        if not name.strip() or not name.isprintable() or "]" in name:
            raise UsageError(_BAD_PROFILE.filled(name=quoted(name)[1:-1]), fix=_GOOD_PROFILE)


def version_of(text: str) -> tuple[int, ...]:
    """Return the version of an AWS CLI, of `2.32.0` or all that `aws --version` prints.

    Raises:
        UsageError: if it is none.
    """
    number = text.strip().removeprefix("aws-cli/").split(" ")[0]
    parts = number.split(".")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(_BAD_VERSION.filled(text=quoted(text)[1:-1]), fix=_GOOD_VERSION)
    return tuple(int(part) for part in parts)


def card(facts: CardFacts, choices: CardChoices) -> Guide:
    """Return the card of a person, in both languages."""
    made = _Card(facts, choices)
    sections = (made.have(), made.login(), made.code(), made.tools(), made.stops(), made.trouble())
    return Guide(
        title=_text("page", "title", user=_in_backticks(facts.user.name)[1:-1]),
        lead=_text("page", "lead", account=facts.account),
        sections=sections,
        terms=console_terms(),
        made_with=f"sekisho {__version__}",
    )


def card_to_json(facts: CardFacts, choices: CardChoices) -> dict[str, Any]:
    """Return the card for programs: English keys, what to type as lists of lines."""
    parts = _Card(facts, choices)
    return {
        "schema": "sekisho.card/1",
        "account": facts.account,
        "user": facts.user.name,
        "readAt": facts.read_at.isoformat(),
        "devices": [
            {"kind": each.kind.value, "serial": each.serial, "givesCodes": gives}
            for devices, gives in ((facts.authenticators, True), (facts.passkeys, False))
            for each in devices
        ],
        "accessKeys": [each.id for each in facts.keys],
        "hasDevice": facts.has_device,
        "hasKey": facts.has_key,
        "hasPassword": facts.has_password,
        "awsLogin": {
            "allowed": facts.login.value,
            "reason": facts.login_reason.to_json() if facts.login_reason else None,
            "needsCli": _dotted(LOGIN_CLI),
        },
        "toolsProfile": parts.tools_profile,
        "blocks": [
            {"section": section.id, "language": block.language, "text": block.text}
            for section in card(facts, choices).sections
            for block in section.blocks
            if isinstance(block, CodeBlock)
        ],
        "unread": facts.unread.to_json() if facts.unread else None,
    }


@dataclass(frozen=True, slots=True)
class _Card:
    facts: CardFacts
    choices: CardChoices

    @property
    def can_code(self) -> bool:
        """Whether a key and a code together are a way."""
        return bool(self.facts.authenticators) and self.facts.has_key is not False

    @property
    def can_login(self) -> bool:
        """Whether `aws login` is, or may be, a way."""
        return not self._login_refused and self.facts.has_device is not False and not self._old_cli

    @property
    def _login_refused(self) -> bool:
        """Whether `aws login` is not theirs: no other place may send them there."""
        return self.facts.login is MayLogin.DENIED or self.facts.has_password is False

    @property
    def tools_profile(self) -> str:
        """The profile for tools; "" if there is none yet."""
        if self.can_code:
            return CODE_PROFILE
        return TOOLS_PROFILE if self.can_login else ""

    @property
    def _old_cli(self) -> bool:
        version = self.choices.cli_version
        return version is not None and version < LOGIN_CLI

    @property
    def _no_device(self) -> Message:
        """What to do about having no device: who has no password either cannot add one."""
        if self.facts.has_password is False:
            return _text("have", "no_way_in")
        # without a key there is nothing that a code would be for
        return _text("have", "no_device_no_key" if self.facts.has_key is False else "no_device")

    @property
    def _serial(self) -> str:
        return self.facts.authenticators[0].serial

    def have(self) -> Section:
        """Return the user's credentials."""
        facts, blocks = self.facts, list[Block]()
        rows = (*self._devices(), *self._keys(), *self._password())
        if rows:
            header = tuple(_text("have", name) for name in ("what", "which", "use"))
            day = facts.read_at.date()
            blocks.append(GuideTable(_text("have", "label", day=day), header, rows))
        elif not facts.unread:
            blocks.append(Paragraph(_text("have", "nothing")))
        if facts.has_device is False:
            blocks.append(GuideNote(self._no_device))
        if facts.unread:
            blocks.append(GuideNote(_text("have", "unread", reason=_inert(facts.unread))))
        return _section("have", blocks)

    def _devices(self) -> Iterator[tuple[Message, ...]]:
        for each in (*self.facts.authenticators, *self.facts.passkeys):
            gives = "no_code" if each.kind is DeviceKind.FIDO else "code"
            yield _text("have", each.kind.value), _value(each.serial), _text("have", gives)

    def _keys(self) -> Iterator[tuple[Message, ...]]:
        use = "key_use" if self.facts.authenticators else "key_alone"
        if self.facts.has_device is None:
            use = "key_use"
        for each in self.facts.keys:
            yield _text("have", "key"), _value(each.id), _text("have", use)

    def _password(self) -> Iterator[tuple[Message, ...]]:
        if self.facts.has_password:
            name = _value(self.facts.user.name)
            yield _text("have", "password"), name, _text("have", "password_use")

    def login(self) -> Section:
        """Return how to use `aws login`, or why not."""
        facts, first_version = self.facts, _dotted(LOGIN_CLI)
        if facts.has_password is False:
            return _section("login", [Paragraph(_text("login", "no_password"))])
        reason = _inert(facts.login_reason) if facts.login_reason else ""
        blocks: list[Block] = [Paragraph(_text("login", facts.login.value, reason=reason))]
        if facts.login is MayLogin.DENIED:
            return _section("login", blocks)
        if facts.has_device is False:
            return _section("login", [Paragraph(_text("login", "no_device"))])
        if self._old_cli and self.choices.cli_version:
            version = _dotted(self.choices.cli_version)
            blocks.append(
                GuideNote(_text("login", "old_cli", version=version, needed=first_version))
            )
        else:
            blocks.append(Paragraph(_text("login", "needs_cli", needed=first_version)))
        commands = (
            ("aws", "login", "--profile", LOGIN_PROFILE),
            ("aws", "sts", "get-caller-identity", "--profile", LOGIN_PROFILE),
            ("aws", "logout", "--profile", LOGIN_PROFILE),
        )
        process = ("aws", "configure", "export-credentials", "--profile", LOGIN_PROFILE)
        block = _profile(
            TOOLS_PROFILE, {"credential_process": _command_line(*process, "--format", "process")}
        )
        blocks += [
            _shell("login", "commands", *commands),
            _ini("login", "block", block),
            GuideNote(_text("login", "undocumented")),
        ]
        return _section("login", blocks)

    def code(self) -> Section:
        """Return how to use an access key with a code, or why not."""
        facts = self.facts
        if facts.has_key is False:
            text = "no_key_no_login" if self._login_refused else "no_key"
            return _section("code", [Paragraph(_text("code", text))])
        if not facts.authenticators:
            return _section("code", [GuideNote(self._no_code())])
        key = self.choices.key_profile
        session = {"credential_process": _command_line("sekisho", "session", "--profile", key)}
        blocks = (
            _profile(key, {"mfa_serial": self._serial}) + "\n" + _profile(CODE_PROFILE, session)
        )
        mfa_login = ("aws", "configure", "mfa-login", "--profile", key)
        by_hand = ("aws", "sts", "get-session-token", "--profile", key)
        serial = ("--serial-number", self._serial)
        several = [GuideNote(_text("code", "several"))] if len(facts.authenticators) > 1 else []
        return _section(
            "code",
            [
                *several,
                _ini("code", "session", blocks, profile=f"`{CODE_PROFILE}`"),
                _shell("code", "install", ("pip", "install", "sekisho[session]")),
                _shell("code", "mfa_login", (*mfa_login, *serial, "--update-profile", DAY_PROFILE)),
                _shell("code", "by_hand", (*by_hand, *serial, "--token-code", "123456")),
                Paragraph(_text("code", "once")),
            ],
        )

    def _no_code(self) -> Message:
        """Say why there is no device that gives a code."""
        if self.facts.passkeys:
            return _text("code", "passkey_alone" if self._login_refused else "passkey_only")
        if self.facts.has_device is False or not self.facts.unread:
            return _text("code", "no_device")
        return _text("have", "unread", reason=_inert(self.facts.unread))

    def tools(self) -> Section:
        """Return the commands for the tools that people use with AWS."""
        profile = self.tools_profile
        if not profile:
            return _section("tools", [Paragraph(_text("tools", "none"))])
        region = ("--profile", profile, "--region", "REGION")
        return _section(
            "tools",
            [
                Paragraph(_text("tools", "intro", profile=f"`{profile}`")),
                CodeBlock(
                    f"{_exported(profile)}\nterraform plan", "shell", _text("tools", "terraform")
                ),
                _shell("tools", "cdk", ("cdk", "deploy", "--profile", profile)),
                CodeBlock(self._docker(profile), "shell", _text("tools", "ecr")),
                _shell(
                    "tools",
                    "kubectl",
                    ("aws", "eks", "update-kubeconfig", *region, "--name", "CLUSTER"),
                    ("kubectl", "get", "pods"),
                ),
                _shell(
                    "tools",
                    "git",
                    ("pip", "install", "git-remote-codecommit"),
                    ("git", "clone", f"codecommit::REGION://{profile}@REPOSITORY"),
                ),
                *self._vault(),
            ],
        )

    def _docker(self, profile: str) -> str:
        domain = _DOMAINS.get(self.facts.partition, "amazonaws.com")
        registry = f"{self.facts.account}.dkr.ecr.REGION.{domain}"
        asked = ("aws", "ecr", "get-login-password", "--profile", profile, "--region", "REGION")
        given = ("docker", "login", "--username", "AWS", "--password-stdin", registry)
        return f"{_command_line(*asked)} |\n  {_command_line(*given)}"

    def _vault(self) -> Iterator[Block]:
        if not self.can_code:
            return
        yield _ini("tools", "vault", _profile(VAULT_PROFILE, {"mfa_serial": self._serial}))
        used = ("aws-vault", "exec", VAULT_PROFILE, "--", "aws", "s3", "ls")
        yield _shell("tools", "vault_commands", ("aws-vault", "add", VAULT_PROFILE), used)

    def stops(self) -> Section:
        """Return the uses that stop working, with the reasons and the replacements."""
        key, others = _in_backticks(self.choices.key_profile), self.facts.others
        values = {"key_profile": key, "others": "?" if others is None else others}
        rows = tuple(
            tuple(row[name].filled(**values) for name in ("what", "why", "instead"))
            for row in table("card")["stops"]["rows"]
        )
        header = tuple(_text("stops", name) for name in ("what", "why", "instead"))
        return _section("stops", [GuideTable(_text("stops", "label"), header, rows)])

    def trouble(self) -> Section:
        """Return where other errors are explained."""
        block = _shell("trouble", "label", ("sekisho", "explain", "TEXT"))
        return _section("trouble", [Paragraph(_text("trouble", "text")), block])


def _text(section: str, name: str, **values: object) -> Message:
    """Return a text of the card, filled."""
    text: Message = table("card")[section][name]
    return text.filled(**values)


def _section(name: str, blocks: Sequence[Block]) -> Section:
    return Section(name, _text(name, "title"), tuple(blocks))


def _in_backticks(text: str) -> str:
    """Return a value as it may stand in a sentence: in backticks, and no term of the console."""
    spelled = "".join(f"\\u{ord(each):04x}" if each in "`{}" else each for each in printable(text))
    return f"`{spelled}`"


def _inert(message: Message) -> Message:
    """Return a message that names no term of the console, even in the values filled in."""
    en, ja = (
        each.replace("{", "\\u007b").replace("}", "\\u007d") for each in (message.en, message.ja)
    )
    return Message.both(en, ja)


def _value(text: str) -> Message:
    return Message.both(_in_backticks(text), _in_backticks(text))


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _command_line(*words: str) -> str:
    """Return a command as a shell takes it."""
    return shlex.join(words)


def _folded(words: Sequence[str]) -> str:
    """Return a command as a shell takes it; a long one goes on in the next line, by option."""
    line = _command_line(*words)
    if len(line) <= _WIDTH:
        return line
    lines = [""]
    for word in words:
        if word in _FOLDED:
            lines.append("  ")
        lines[-1] += f"{shlex.quote(word)} "
    return "\\\n".join(lines).rstrip()


def _exported(profile: str) -> str:
    return f"export AWS_PROFILE={shlex.quote(profile)}"


def _shell(section: str, label: str, *commands: Sequence[str]) -> CodeBlock:
    text = "\n".join(_folded(each) for each in commands)
    return CodeBlock(text, "shell", _text(section, label))


def _ini(section: str, label: str, text: str, **values: object) -> CodeBlock:
    return CodeBlock(text, "ini", _text(section, label, **values))


def _profile(name: str, values: Mapping[str, str]) -> str:
    """Return the section of a profile in `~/.aws/config`."""
    head = "[default]" if name == "default" else f"[profile {shlex.quote(name)}]"
    return "\n".join([head, *(f"{key} = {value}" for key, value in values.items())]) + "\n"
