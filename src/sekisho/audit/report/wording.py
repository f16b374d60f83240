"""The texts of an audit: the headline, the figures, the columns, and the logged use.

The texts on logs report only their content: a user who is not in them may have been active all the
same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sekisho.account import KeyUse, Snapshot, UserUse, unread_policies
from sekisho.audit.exceptions import Exemption
from sekisho.audit.finding import Finding, FindingId, break_glass_of
from sekisho.audit.findings import DEVICE_KINDS, EXCEPTION_KINDS
from sekisho.audit.impact import ImpactKind, Nature, UserRow
from sekisho.audit.report.model import AccountReport
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, listed, table, verbatim
from sekisho.prover import Enforced
from sekisho.signin import DeviceKind

NATURES: Mapping[Nature, Message] = {
    Nature.PERSON: Message("person"),
    Nature.MACHINE: Message("machine"),
    Nature.UNSURE: Message("unknown"),
}
_ENFORCED: Mapping[Enforced, Message] = {
    Enforced.PROVED: Message("proved"),
    Enforced.NOTHING_ALLOWED: Message("no (nothing allowed without MFA)"),
    Enforced.REFUTED: Message("no", "answer"),
    Enforced.TODAY_UNKNOWN: Message("no (what is allowed without MFA today is unknown)"),
    Enforced.UNKNOWN: Message("unknown"),
}

USERS = Message("Users")
FINDINGS = Message("Findings")
EXCEPTIONS = Message("Excepted users")
GAPS = Message("Not read")
NONE = Message("none")

_YES = Message("yes", "has")
_NO = Message("no", "has")
_UNKNOWN = Message("unknown")
_IS = Message("yes", "answer")
_IS_NOT = Message("no", "answer")
_MUST_CHANGE = Message("must change")

COLUMNS: tuple[Message, ...] = (
    Message("user"),
    Message("kind"),
    Message("password"),
    Message("MFA devices"),
    Message("active keys"),
    Message("key last used"),
    Message("enforced"),
    Message("once enforced"),
    Message("administrator"),
)
"""The columns of the table of users."""

BRIEF_COLUMNS: tuple[Message, ...] = (
    Message("user"),
    Message("once enforced"),
    Message("device"),
    Message("key used"),
    Message("next step"),
)
"""The columns of the table of users that fits a screen."""
_SHORT_KINDS: Mapping[DeviceKind, Message] = {
    DeviceKind.VIRTUAL: Message("app"),
    DeviceKind.FIDO: Message("passkey"),
    DeviceKind.HARDWARE: Message("token"),
}
_STUCK = (ImpactKind.LOCKED_OUT, ImpactKind.DEAD_LOCK)
"""The impacts that are worse for users who are already enforced; others are better."""
_NO_MFA = Message("none", "device")
_NO_KEY = Message("no key")
_NEVER = Message("never", "used")
_ENFORCED_NOW = Message("enforced")
_ENFORCED_AND = Message("enforced, {what}")
_BREAK_GLASS = Message("break-glass")
_OPEN_QUESTION = Message("not decided")
_READ_MORE = Message("read the missing data")
_FREE_NAME = Message("free the device name")
_MACHINE_STEP = Message("exception or role")
_REVIEW = Message("review by {day}")
_ENFORCE = Message("enforce")
_ENROL_THEN = Message("enrol, then enforce")

EXEMPTION: tuple[Message, ...] = (
    Message("user"),
    Message("kind"),
    Message("why"),
    Message("owner"),
    Message("approved by"),
    Message("expires"),
    Message("ticket"),
    Message("forced because"),
)
"""The columns of the table of exceptions."""

_AS_OF = Message("Account {account}{alias}. Data as of {at}; actions: {dated}; sekisho {version}.")
_READ_AT = Message("Account {account}{alias}, read on {at}.")
_ALIAS = verbatim(" ({alias})")
_ALL = Message("MFA is proved to be enforced for all users ({users}).")
_ALL_READ = Message(
    "MFA is proved to be enforced for all users that were read ({users}), but parts of the "
    "account were not read."
)
_SOME = Message(
    "MFA is proved to be enforced for {enforced} of {users} {users:user|users}: {open} not "
    "enforced, {exempt} excepted, {unknown} unknown."
)
_NOBODY = Message("The account has no users.")
_UNREAD = Message("The users could not be read.")
_NO_FIGURES = Message("Enabled, enforced, used: not read.")
_ENABLED = Message(
    "Enabled: {enabled} of {users} {users:user has|users have} a device ({console_enabled} "
    "of {console} with a console password){unknown}."
)
_ARE_ENFORCED = Message("Enforced: proved for {enforced} of {users}{unknown}.")
_RESISTANT = Message(
    "Phishing-resistant: {resistant} of {users} {users:user has|users have} a passkey or "
    "security key ({resistant_enforced} of them enforced; {only} with no other kind of "
    "device){unknown}."
)
_USED = Message(
    "Used: last console sign-in used MFA for {used} of {users} {users:user|users}; unknown "
    "for {unknown} (access keys, or sign-ins before today's devices)."
)
_WITHOUT_POLICIES = Message(
    "Users who cannot be judged: {users}. The file lacks the texts of these policies (with the "
    "number of users): {which}. AWS changes its managed policies, so sekisho assumes no text. "
    "Read them with `sekisho collect`, or with `aws iam get-account-authorization-details` "
    "without `--filter`."
)
_RESTS = Message(
    "Verdicts on MFA enforcement rest on a point that AWS does not document, the assumption "
    "`{name}` (`sekisho explain {name}`); the number of users: {users}."
)
_NOT_KNOWN = Message("; unknown for {count}")
_NOT_READ = Message("(unknown) ")
_BY_PATH = Message("a user without a path in the ARN could sign in")


def as_of(report: AccountReport) -> Message:
    """Return the text of the account and the time for which the audit holds."""
    snapshot = report.snapshot
    alias = _ALIAS.filled(alias=snapshot.alias) if snapshot.alias else verbatim("")
    return _AS_OF.filled(
        account=snapshot.account,
        alias=alias,
        at=_minute(snapshot),
        dated=report.dated,
        version=report.version,
    )


def read_at(report: AccountReport) -> Message:
    """Return the text of the account and the time at which it was read."""
    snapshot = report.snapshot
    alias = _ALIAS.filled(alias=snapshot.alias) if snapshot.alias else verbatim("")
    return _READ_AT.filled(account=snapshot.account, alias=alias, at=_minute(snapshot))


def _minute(snapshot: Snapshot) -> str:
    return f"{snapshot.taken_at:%Y-%m-%d %H:%M} UTC"


def headline(report: AccountReport) -> Message:
    """Return sentences on how many users are proved enforced, and on why others are not."""
    coverage = report.coverage
    users, enforced = f"{coverage.users:,}", f"{coverage.enforced:,}"
    left = coverage.users - coverage.enforced
    if report.snapshot.users_gap is not None:
        return _UNREAD
    if not coverage.users:
        return _NOBODY
    if not left:
        return (_ALL if report.snapshot.identities_complete else _ALL_READ).filled(users=users)
    unknown = sum(
        row.enforcement.enforced is Enforced.UNKNOWN and not row.left_out for row in report.rows
    )
    return _SOME.filled(
        enforced=enforced,
        users=users,
        exempt=f"{coverage.exempt:,}",
        unknown=f"{unknown:,}",
        open=f"{left - coverage.exempt - unknown:,}",
    )


def report_notes(report: AccountReport) -> tuple[Message, ...]:
    """Return the notes of a report: unread policies, assumptions, and logs.

    The notes of logs are included if there are logs.
    """
    found: list[Message] = []
    unread = unread_policies(report.snapshot)
    if unread:
        users = {name for names in unread.values() for name in names}
        which = ", ".join(f"`{arn}` ({len(names):,})" for arn, names in unread.items())
        found.append(_WITHOUT_POLICIES.filled(users=f"{len(users):,}", which=which))
    resting = Counter(name for row in report.rows for name in row.enforcement.assumed)
    for name, count in sorted(resting.items()):
        found.append(_RESTS.filled(users=f"{count:,}", name=name))
    found += logged_notices(report)
    return tuple(found)


def figures(report: AccountReport) -> tuple[Message, ...]:
    """Return the figures: enabled, enforced, phishing-resistant, used; without unread users."""
    if report.snapshot.users_gap is not None:
        return (_NO_FIGURES,)
    found = report.coverage
    unknown = (found.enabled_unknown, found.enforced_unknown, found.phishing_resistant_unknown)
    enabled, enforced, resistant = (
        _NOT_KNOWN.filled(count=f"{count:,}") if count else verbatim("") for count in unknown
    )
    values = {
        "users": f"{found.users:,}",
        "enabled": f"{found.enabled:,}",
        "console": f"{found.console:,}",
        "console_enabled": f"{found.console_enabled:,}",
        "enforced": f"{found.enforced:,}",
        "resistant": f"{found.phishing_resistant:,}",
        "resistant_enforced": f"{found.phishing_resistant_enforced:,}",
        "only": f"{found.phishing_resistant_only:,}",
    }
    return (
        _ENABLED.filled(unknown=enabled, **values),
        _ARE_ENFORCED.filled(unknown=enforced, **values),
        _RESISTANT.filled(unknown=resistant, **values),
        used_with_mfa(report)
        or _USED.filled(
            users=values["users"], used=f"{found.used:,}", unknown=f"{found.used_unknown:,}"
        ),
    )


def no_users_text(report: AccountReport) -> Message:
    """Return the reason why there is no row: there are no users, or they were not read."""
    return NONE if report.snapshot.users_gap is None else _UNREAD


def finding_title(finding: Finding) -> Message:
    """Return the title of a finding, marked if it is undecided."""
    title = finding.title
    if finding.known or finding.id is FindingId.NOT_READ:
        return title
    return Message("{not_read}{title}").filled(not_read=_NOT_READ, title=title)


def cells(row: UserRow) -> tuple[Message, ...]:
    """Return a user's row, in the order of `COLUMNS`."""
    credentials = row.credentials
    return (
        verbatim(row.user.name),
        NATURES[row.nature],
        _password(row),
        _devices(row),
        _UNKNOWN if credentials.active_keys is None else verbatim(str(credentials.active_keys)),
        verbatim(credentials.key_used.date().isoformat() if credentials.key_used else ""),
        _ENFORCED[row.enforcement.enforced],
        joined_messages([_impact(row, each) for each in row.impact.kinds], en="; ", ja="、"),
        _UNKNOWN if row.power.unknown else (_IS if row.power.administers else _IS_NOT),
    )


def worst_first(row: UserRow) -> tuple[bool, int, bool]:
    """Return the sort key by which users who most need help come first."""
    kind = row.impact.kinds[0]
    proved = row.enforcement.enforced is Enforced.PROVED
    return row.left_out, [*ImpactKind].index(kind), proved != (kind in _STUCK)


def brief_cells(row: UserRow) -> tuple[Message, ...]:
    """Return a user's row, in the order of `BRIEF_COLUMNS`."""
    return verbatim(row.user.name), _outcome(row), _device(row), _key_used(row), _next_step(row)


def _outcome(row: UserRow) -> Message:
    kinds = row.impact.kinds
    if row.left_out and not row.exempt:
        return _BREAK_GLASS
    texts: list[Message] = [table("impacts")[kind]["audit"] for kind in kinds]
    match row.enforcement.enforced:
        case Enforced.PROVED if kinds == (ImpactKind.READY,):
            return _ENFORCED_NOW
        case Enforced.PROVED if not row.left_out:
            return _ENFORCED_AND.filled(what=listed(texts))
        case Enforced.UNKNOWN if kinds == (ImpactKind.READY,):
            return _OPEN_QUESTION
        case _:
            return listed(texts)


def _device(row: UserRow) -> Message:
    if not row.credentials.devices:
        held = row.credentials.enrolled
        return _UNKNOWN if held is None else _YES if held else _NO_MFA
    return listed(_of_kinds(row, _SHORT_KINDS, verbatim("{text} ({count})")))


def _key_used(row: UserRow) -> Message:
    credentials = row.credentials
    if credentials.key_used is not None:
        return verbatim(credentials.key_used.date().isoformat())
    if credentials.active_keys is None or (credentials.active_keys and not credentials.use_known):
        return _UNKNOWN
    return _NEVER if credentials.active_keys else _NO_KEY


def _next_step(row: UserRow) -> Message:
    """Return a few words on the next step for a user."""
    kind = row.impact.kinds[0]
    enforced = row.enforcement.enforced
    text: Message = table("impacts")[kind]["next"]
    match kind:
        case ImpactKind.EXEMPT if row.exempt and row.exemption is not None:
            return _REVIEW.filled(day=row.exemption.expires.isoformat())
        case ImpactKind.LOCKED_OUT if row.impact.name_taken is not None:
            return _FREE_NAME
        case ImpactKind.LOCKED_OUT if not row.credentials.password:
            return _MACHINE_STEP
        case ImpactKind.READY | ImpactKind.MUST_ENROL if enforced is Enforced.UNKNOWN:
            return _READ_MORE
        case ImpactKind.READY if enforced is not Enforced.PROVED:
            return _ENFORCE
        case ImpactKind.MUST_ENROL if enforced is not Enforced.PROVED:
            return _ENROL_THEN
        case _:
            return text


def impact_texts(row: UserRow) -> tuple[Message, ...]:
    """Return the texts of the impact on a user: each kind, the reason, and the failing step."""
    found = row.impact
    more = (found.reason, found.name_taken, found.stopped)
    path = (_BY_PATH,) if found.by_path else ()
    kinds = (_impact(row, each) for each in found.kinds)
    return tuple(dict.fromkeys((*kinds, *path, *(each for each in more if each is not None))))


def exemption_text(exemption: Exemption) -> tuple[Message, ...]:
    """Return an exception, in the order of `EXEMPTION`."""
    values = (exemption.why, exemption.owner, exemption.approved_by)
    return (
        verbatim(exemption.user),
        EXCEPTION_KINDS[exemption.kind],
        *map(verbatim, values),
        verbatim(exemption.expires.isoformat()),
        verbatim(exemption.ticket),
        verbatim(exemption.force),
    )


def _tri(answer: bool | None) -> Message:
    if answer is None:
        return _UNKNOWN
    return _YES if answer else _NO


def _password(row: UserRow) -> Message:
    found = [_tri(row.credentials.password)]
    if row.credentials.password and row.credentials.must_change:
        found.append(_MUST_CHANGE)
    return joined_messages(found, en="; ", ja="、")


def _devices(row: UserRow) -> Message:
    credentials = row.credentials
    if not credentials.devices:
        return _tri(credentials.enrolled)
    kinds = _of_kinds(row, DEVICE_KINDS, Message("{count} {text}"))
    return joined_messages(kinds, en="; ", ja="、")


def _of_kinds(
    row: UserRow, names: Mapping[DeviceKind, Message], counted: Message
) -> Iterator[Message]:
    """Yield the kinds of a user's devices, with their numbers if there are several."""
    for kind, count in Counter(device.kind for device in row.credentials.devices).items():
        yield names[kind] if count == 1 else counted.filled(count=count, text=names[kind])


def _impact(row: UserRow, kind: ImpactKind) -> Message:
    text: Message = table("impacts")[kind]["audit"]
    if kind is ImpactKind.EXEMPT and not row.exempt:
        return break_glass_of(row.goal)
    if kind is ImpactKind.EXEMPT and row.exemption is not None:
        day = row.exemption.expires.isoformat()
        return Message("excepted until {day}").filled(day=day)
    return text


LOGGED = Message("In the logs")
LOGGED_COLUMNS: tuple[Message, ...] = (
    Message("user"),
    Message("calls"),
    Message("calls without MFA"),
    Message("last call"),
    Message("sign-ins with MFA"),
    Message("sign-ins without MFA"),
    Message("`aws login`"),
    Message("used with"),
)
"""The columns of the table of logged use."""

_USED_BY_LOGS = Message(
    "Used, according to the logs: {used} of {users} {users:user|users} signed in or called "
    "with MFA, {without} only without MFA; {unseen} are not in the logs."
)
_SIGN_INS = Message("Signed in without MFA: {users}.")
_AWS_LOGIN = Message("Used `aws login`: {users}; without MFA: {without}.")
_DECIDE = Message(
    "To decide: {users}. Their access keys call without MFA, and they do not look like people. "
    "Except them, or move them to a role. This list alone excepts nobody."
)
_NO_USER = Message("nobody")
_KEYS = Message("{key}: {services}")
_MOST = 10


@dataclass(frozen=True, slots=True)
class LoggedFigures:
    """The numbers of users who used MFA, by the logs.

    Attributes:
        used: signed in or called with MFA.
        without: signed in or called, and never with MFA.
        unseen: did neither.
        sign_ins_without_mfa, aws_login, aws_login_without_mfa, to_decide: names of users.
    """

    used: int
    without: int
    unseen: int
    sign_ins_without_mfa: tuple[str, ...]
    aws_login: tuple[str, ...]
    aws_login_without_mfa: tuple[str, ...]
    to_decide: tuple[str, ...]


def logged_figures(report: AccountReport) -> LoggedFigures | None:
    """Return the figures of the logged use; None without logs, or without users."""
    if report.usage is None or report.snapshot.users_gap is not None:
        return None
    uses = [(row.user.name, row.use) for row in report.rows if row.use is not None]
    used = sum(use.uses_mfa for _, use in uses)
    unseen = sum(not use.calls and not use.sign_ins for _, use in uses)
    return LoggedFigures(
        used=used,
        without=len(uses) - used - unseen,
        unseen=unseen,
        sign_ins_without_mfa=tuple(name for name, use in uses if use.sign_ins_without_mfa),
        aws_login=tuple(name for name, use in uses if use.aws_login),
        aws_login_without_mfa=tuple(name for name, use in uses if use.aws_login_without_mfa),
        to_decide=tuple(row.user.name for row in report.rows if is_to_decide(row)),
    )


def is_to_decide(row: UserRow) -> bool:
    """Return whether a person should decide if a user is to be an exception."""
    if row.use is None or row.left_out or row.nature is Nature.PERSON:
        return False
    return any(key.long_term and key.without_mfa for key in row.use.keys)


def used_with_mfa(report: AccountReport) -> Message | None:
    """Return the text of the figure on used MFA by the logs; None without logs."""
    found = logged_figures(report)
    if found is None:
        return None
    return _USED_BY_LOGS.filled(
        used=f"{found.used:,}",
        users=f"{report.coverage.users:,}",
        without=f"{found.without:,}",
        unseen=f"{found.unseen:,}",
    )


def logged_notices(report: AccountReport) -> Iterator[Message]:
    """Yield the notices on the logs, on users without MFA, and on users to decide about."""
    found = logged_figures(report)
    if report.usage is None or found is None:
        return
    yield report.usage.logs.text
    uses = {row.user.name: row.use for row in report.rows if row.use is not None}
    if found.sign_ins_without_mfa:
        counts = {name: uses[name].sign_ins_without_mfa for name in found.sign_ins_without_mfa}
        shown = _first_names([f"{name} ({count:,})" for name, count in counts.items()])
        yield _SIGN_INS.filled(users=shown)
    if found.aws_login:
        without = _first_names(found.aws_login_without_mfa)
        yield _AWS_LOGIN.filled(users=_first_names(found.aws_login), without=without)
    if found.to_decide:
        yield _DECIDE.filled(users=_first_names(found.to_decide))


def _first_names(names: Iterable[str]) -> Message:
    found = list(names)
    if not found:
        return _NO_USER
    more = f" (+{len(found) - _MOST:,})" if len(found) > _MOST else ""
    return verbatim(", ".join(found[:_MOST]) + more)


def logged_cells(row: UserRow) -> tuple[Message, ...]:
    """Return a user's row, in the order of `LOGGED_COLUMNS`; empty cells if no log has the user."""
    use = row.use or UserUse(row.user.arn)
    last = max((key.last for key in use.keys), default=None)
    numbers = (use.sign_ins_with_mfa, use.sign_ins_without_mfa, use.aws_login)
    return (
        verbatim(row.user.name),
        verbatim(_number(use.calls)),
        verbatim(_number(use.without_mfa)),
        verbatim(f"{last:%Y-%m-%d}" if last is not None else ""),
        *(verbatim(_number(count)) for count in numbers),
        joined_messages([_of_key(key) for key in use.keys], en="; ", ja="、"),
    )


def _of_key(key: KeyUse) -> Message:
    services = sorted(key.services.items(), key=lambda each: (-each[1], each[0]))
    shown = ", ".join(f"{name} ({count:,})" for name, count in services[:_MOST])
    return _KEYS.filled(key=key.key_id, services=verbatim(shown))


def _number(count: int) -> str:
    return f"{count:,}" if count else ""
