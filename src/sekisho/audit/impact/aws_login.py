"""Whether a user may use `aws login`, in a session with MFA.

It is decided by their own policies, on the two calls that it makes. What was not read or is not
known leaves it unknown.

Source: AWS Sign-In User Guide, "Login for AWS local development using console credentials";
docs/signin.md#sessions-of-aws-login.
"""

from collections.abc import Iterator
from enum import StrEnum

from sekisho.account import READS, Snapshot, User, policies_of
from sekisho.answer import Answer, AnswerEffect, answer_request
from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Context, Policies, Request
from sekisho.errors import FaultyAccount, quoted
from sekisho.messages import Message, listed, verbatim
from sekisho.signin import AUTHORIZE, CREATE_TOKEN, MFA_IN_CALL, LoginClient

_LOGIN_REGION = "us-east-1"
_SCP_CALLS = frozenset(each.operation for each in READS if each.service == "organizations")

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


def may_login(snapshot: Snapshot, user: User) -> tuple[MayLogin, Message | None]:
    """Return whether a user may use `aws login`, and why not or why that is not known."""
    if snapshot.partition != DEFAULT_PARTITION:
        partition = _OTHER_PARTITION.filled(partition=quoted(snapshot.partition))
        return MayLogin.UNKNOWN, partition
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount as error:
        return MayLogin.UNKNOWN, error.reason
    answers = [_asked(snapshot, user, policies, action) for action in (AUTHORIZE, CREATE_TOKEN)]
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
    place = snapshot.partition, _LOGIN_REGION, snapshot.account
    request = Request(
        principal=user.arn,
        action=action,
        resource=LoginClient.SAME_DEVICE.resource(*place),
        context=Context(MFA_IN_CALL),
    )
    return answer_request(request, policies, snapshot.taken_at)


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
