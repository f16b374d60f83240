"""Roles that users of the account can assume without MFA."""

from collections.abc import Iterator
from datetime import timedelta

from sekisho.account import Role, Snapshot
from sekisho.audit.enforcement import MFA_KEYS, lets_in
from sekisho.audit.finding import Finding, Severity, found
from sekisho.audit.finding import FindingId as Id
from sekisho.audit.findings.model import Examined
from sekisho.messages import Message, verbatim
from sekisho.policy import PrincipalKey, Statement
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind

_ASSUMABLE = Message("sts:AssumeRole by {who}: allowed by statement {index} of the trust policy")
_BY_KEY = Message("the access key of {who}")
_BY_SESSION = Message("a session of {who} without MFA")
_ASSUMED = Message("; conditions taken to hold: {keys}")

_ANYBODY = "any-user"
_SESSION = timedelta(hours=12)


def role_checks(examined: Examined) -> Iterator[Finding]:
    """Find roles that users of the account can assume without MFA."""
    severity = None if examined.someone_is_not_enforced else Severity.NOTE
    for role in examined.snapshot.roles:
        fact = next(_assumed(examined.snapshot, role), None)
        if fact is not None:
            yield found(Id.ROLE_TRUST_WITHOUT_MFA, role.arn, fact, severity=severity)


def _assumed(snapshot: Snapshot, role: Role) -> Iterator[Message]:
    """Yield who can assume a role with what; of credentials without MFA some lack the key."""
    for user in _named_in(role, snapshot.account):
        path = next((each.path for each in snapshot.users if each.name == user), "/")
        home = (snapshot.partition, snapshot.account)
        holder = Holder(HolderKind.USER, *home, user, path, "AIDA")
        now = snapshot.taken_at
        session = Credential(CredentialKind.CONSOLE_SESSION, holder, now, now + _SESSION)
        for said, credential in (
            (_BY_KEY, Credential(CredentialKind.LONG_TERM_KEY, holder)),
            (_BY_SESSION, session),
        ):
            statement = lets_in(role, credential, now)
            if statement is not None:
                yield _fact(said.filled(who=user), statement)


def _fact(who: Message, statement: Statement) -> Message:
    index = statement.index
    keys = sorted({each.key for each in statement.conditions if each.key.lower() not in MFA_KEYS})
    left = _ASSUMED.filled(keys=", ".join(keys)) if keys else verbatim("")
    return Message.both(
        _ASSUMABLE.en.format(who=who.en, index=index) + left.en,
        _ASSUMABLE.ja.format(who=who.ja, index=index) + left.ja,
    )


def _named_in(role: Role, account: str) -> Iterator[str]:
    """Yield who of the account's users a trust policy may be about: anybody, and those named."""
    entries = {
        value
        for statement in role.trust.statements
        if statement.principal is not None
        for key, values in statement.principal.entries
        if key in (PrincipalKey.AWS, PrincipalKey.ANYONE)
        for value in values
    }
    own = {each for each in entries if each == "*" or account in each}
    if own:
        yield _ANYBODY
    yield from sorted(each.rpartition("/")[2] for each in own if ":user/" in each)
