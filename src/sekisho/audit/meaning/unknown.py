"""The unknown facts of a request that only a credential describes, and possible decisions.

The known facts of a credential are MFA, its age, the time of issue, and whether a service calls.
Its owner, and the place, time and Region of its use, are unknown: such a key can have any value,
and is ignored only if AWS documents that no request of this caller has it
(`answer.presence_of`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from sekisho.answer import Presence, RequestKind, presence_of
from sekisho.catalogue import load, only_region
from sekisho.engine import (
    Decision,
    Policies,
    Possibilities,
    Request,
    UnknownKey,
    keys_of,
    possible,
)
from sekisho.engine.matching import Caller, CallerKind, caller_of
from sekisho.lazy import dataclass
from sekisho.policy import Document

USERNAME = "aws:username"

_SHOWN = frozenset(
    {
        *("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime"),
        *("aws:signinsessionarn", "aws:viaawsservice", "aws:principaltype"),
        "aws:principalisawsservice",
    }
)
"""The keys that a request of such a credential has with this value, or lacks."""

_ARN, _USER_ID = "aws:principalarn", "aws:userid"
_OF_IDENTITY: Mapping[CallerKind, Mapping[str, str]] = {
    CallerKind.USER: {_ARN: "arn:{0}:iam::{1}:user/*", _USER_ID: "AIDA*"},
    CallerKind.ROLE_SESSION: {_ARN: "arn:{0}:iam::{1}:role/*", _USER_ID: "AROA*:*"},
    CallerKind.FEDERATED_USER: {
        _ARN: "arn:{0}:sts::{1}:federated-user/*",
        _USER_ID: "{1}:*",
    },
}
"""The known values of caller keys for an example caller: by partition and account."""


@dataclass(frozen=True, slots=True)
class WhoAsks:
    """The known facts about the caller; by default a named caller of any account.

    Attributes:
        account: the account, if it is known.
        itself: whether it is the principal of the request, and no example.
        named: whether the user's name is taken as known, since resources depend on it.
    """

    account: str = "*"
    itself: bool = False
    named: bool = True


EXAMPLE = WhoAsks()


def keys_asked(document: Document) -> Mapping[str, str]:
    """Return the context keys that a document tests, by lower case, in its spelling.

    A unique id as a principal tests no key: no example has a unique id.
    """
    return {
        key.lower(): key
        for statement in document.statements
        for key in keys_of(replace(statement, principal=None), document.version)
    }


def possible_effects(
    request: Request,
    policies: Policies,
    keys: Mapping[str, str],
    decide: Callable[[Request, Policies], Decision],
    who: WhoAsks = EXAMPLE,
) -> Possibilities:
    """Return every possible decision, with the keys that matter in the policy's spelling.

    Args:
        request: the request of an example caller.
        policies: the policies that apply.
        keys: the context keys that they ask for, from `keys_asked`.
        decide: decides a request with a complete context.
        who: the known facts about the caller.
    """
    unknown = dict(_unknown(request, keys, who))
    if not unknown:
        return Possibilities(frozenset({decide(request, policies).effect}))
    found = possible(request, policies, unknown)
    return Possibilities(found.effects, frozenset(keys[key] for key in found.matters))


def _unknown(
    request: Request, keys: Iterable[str], who: WhoAsks
) -> Iterator[tuple[str, UnknownKey]]:
    fixed = _SHOWN | {USERNAME} if who.named else _SHOWN
    asked = [key for key in keys if key not in fixed]
    if not asked:
        return
    caller = caller_of(request, bounded=False)
    via = request.context.folded.get("aws:viaawsservice") == "true"
    service = caller.kind is CallerKind.OUTSIDER and caller.account is None
    kind = RequestKind(caller.kind, service, load().action(request.action), via)
    for key in asked:
        if key in request.context.folded and (
            key.startswith("aws:calledvia") or (who.itself and key == _ARN)
        ):
            continue
        presence = presence_of(key, kind)
        if presence is not Presence.NEVER:
            may_be_absent = presence is not Presence.ALWAYS
            yield key, UnknownKey(may_be_absent, _like(key, request, caller, who))


def _like(key: str, request: Request, caller: Caller, who: WhoAsks) -> str:
    match key:
        case "aws:principalaccount":
            return who.account
        case "aws:requestedregion":
            return only_region(request.action, caller.partition) or "*"
        case _:
            like = _OF_IDENTITY.get(caller.kind, {}).get(key, "*")
            return like.format(caller.partition, who.account)
