"""What a person has and may on the command line: devices, keys, and whether `aws login` is theirs.

Whether somebody may use `aws login` is decided by their own policies, on the two calls that it
makes, in a session with MFA. What was not read or is not known leaves it unknown.

Source: AWS Sign-In User Guide, "Login for AWS local development using console credentials".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sekisho.account import (
    READS,
    AccessKey,
    Credentials,
    Device,
    Snapshot,
    User,
    credentials_of,
    policies_of,
    reasons_of,
    user_of,
)
from sekisho.answer import Answer, AnswerEffect, answered
from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Context, Policies, Request
from sekisho.errors import FaultyAccount, quoted
from sekisho.messages import Message, listed, verbatim
from sekisho.signin import MFA_IN_CALL, DeviceKind

LOGIN_ACTIONS = ("signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token")
"""What `aws login` calls."""
_LOGIN_REGION = "us-east-1"
_SCP_CALLS = frozenset(each.operation for each in READS if each.service == "organizations")

_ABOUT = ("GetLoginProfile", "ListAccessKeys", "ListMFADevices")

_REFUSES = Message("a policy denies {actions}")
_NO_ALLOW = Message("no policy allows {actions}")
_KEYS_MISSING = Message("it depends on {keys}")
_NOT_DECIDED = Message("the policies do not tell")
_OTHER_PARTITION = Message("AWS does not say whether it exists in the partition {partition}")


class MayLogin(StrEnum):
    """Whether a user may use `aws login` in a session with MFA."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


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
    login, reason = _may_login(snapshot, user)
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
    return reasons_of(gaps) if gaps else None


def _devices(credentials: Credentials, *, codes: bool) -> tuple[Device, ...]:
    return tuple(
        each for each in credentials.devices if (each.kind is not DeviceKind.FIDO) is codes
    )


def _may_login(snapshot: Snapshot, user: User) -> tuple[MayLogin, Message | None]:
    """Return whether a user may use `aws login`, and why not or why that is not known."""
    if snapshot.partition != DEFAULT_PARTITION:
        partition = _OTHER_PARTITION.filled(partition=quoted(snapshot.partition))
        return MayLogin.UNKNOWN, partition
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount as error:
        return MayLogin.UNKNOWN, error.reason
    answers = [_asked(snapshot, user, policies, action) for action in LOGIN_ACTIONS]
    if denied := [each for each in answers if _denies(each)]:
        explicit = any(each.effect is AnswerEffect.EXPLICITLY_DENIED for each in denied)
        actions = listed(verbatim(f"`{each.request.action}`") for each in denied)
        said = _REFUSES if explicit else _NO_ALLOW
        return MayLogin.DENIED, said.filled(actions=actions)
    if unread := _scps_unread(snapshot):
        return MayLogin.UNKNOWN, unread
    if keys := sorted({key for each in answers for key in _undecided_by(each)}):
        return MayLogin.UNKNOWN, _KEYS_MISSING.filled(
            keys=listed(verbatim(quoted(k)) for k in keys)
        )
    if any(each.effect is not AnswerEffect.ALLOWED for each in answers):
        return MayLogin.UNKNOWN, _NOT_DECIDED
    return MayLogin.ALLOWED, None


def _scps_unread(snapshot: Snapshot) -> Message | None:
    """Return why the service control policies are not known; None if they are."""
    if snapshot.scps is not None:
        return None
    return next((gap.cause for gap in snapshot.gaps if gap.operation in _SCP_CALLS), None)


def _asked(snapshot: Snapshot, user: User, policies: Policies, action: str) -> Answer:
    client = f"arn:{snapshot.partition}:signin:{_LOGIN_REGION}:{snapshot.account}"
    request = Request(
        principal=user.arn,
        action=action,
        resource=f"{client}:oauth2/public-client/localhost",
        context=Context(MFA_IN_CALL),
    )
    return answered(request, policies, snapshot.taken_at)


def _denies(answer: Answer) -> bool:
    """Tell whether the answer is no, whatever was not given."""
    no = {
        AnswerEffect.IMPLICITLY_DENIED,
        AnswerEffect.EXPLICITLY_DENIED,
        AnswerEffect.REFUSED,
    }
    return answer.effect in no and answer.possible <= no


def _undecided_by(answer: Answer) -> Iterator[str]:
    """Yield the keys without which the answer is not known."""
    yield from (each.key for each in answer.missing if each.could_change)
