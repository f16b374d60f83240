"""What is passed to a session: its source identity, its tags, and its policies' size.

Source: AWS STS API Reference, AssumeRole; IAM User Guide, "Pass session tags in AWS STS" and
"Monitor and control actions taken with assumed roles". How AWS packs policies and tags is its own:
deflate, here, which gives the 8 percent of the example in the API Reference. That a source identity
that would change is `AccessDenied` is assumed.
"""

import zlib
from collections.abc import Iterable, Mapping

from sekisho.signin.model import SessionTag
from sekisho.signin.refusal import Constraint, ErrorCode, Refused, Rule, validation_error

_SOURCE_IDENTITY = Constraint("sourceIdentity", r"[\w+=,.@-]*", 2, 256)
_QUOTA = 2_048
_POLICY = Constraint("policy", r"[\s\S]*", 1, _QUOTA, secret=True)
_MOST_POLICIES = 10
_MOST_TAGS = 50


def source_identity(given: str, inherited: str = "") -> str | Refused:
    """Return the source identity of a new session; once it is set it stays.

    Args:
        given: the call's `SourceIdentity`; "" if it has none.
        inherited: that of the session that calls.
    """
    if not given:
        return inherited
    if refused := validation_error(_SOURCE_IDENTITY.violations(given), Rule.LIMITS):
        return refused
    if inherited not in ("", given):
        message = "The source identity of a session cannot be changed by role chaining."
        return Refused(ErrorCode.ACCESS_DENIED, message, 403, Rule.LIMITS)
    return given


def session_tags(
    given: Mapping[str, str], transitive: Iterable[str], inherited: tuple[SessionTag, ...] = ()
) -> tuple[SessionTag, ...] | Refused:
    """Return all tags of a new session: those inherited, and those of the call.

    Args:
        given: the call's `Tags`.
        transitive: its `TransitiveTagKeys`.
        inherited: the transitive tags of the session that calls, which it must not replace.
    """
    passed_on = {key.lower() for key in transitive}
    keys = {key.lower() for key in given}
    wrong = ""
    if not passed_on <= keys:
        wrong = "The specified transitive tag key must be included in the requested tags."
    elif keys & {tag.key.lower() for tag in inherited}:
        wrong = (
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
    elif len(keys) + len(inherited) > _MOST_TAGS:
        wrong = f"The session would have more than {_MOST_TAGS} tags."
    if wrong:
        return Refused(ErrorCode.INVALID_PARAMETER_VALUE, wrong, 400, Rule.LIMITS)
    own = (SessionTag(key, value, key.lower() in passed_on) for key, value in given.items())
    return (*inherited, *own)


def packed_size(policy: str, arns: tuple[str, ...], tags: tuple[SessionTag, ...]) -> int | Refused:
    """Return `PackedPolicySize`: the percentage of the quota that policies and tags take.

    Args:
        policy: the inline session policy; "" if there is none.
        arns: of the managed session policies.
        tags: all tags of the session.
    """
    if policy and (refused := validation_error(_POLICY.violations(policy), Rule.LIMITS)):
        return refused
    if len(arns) > _MOST_POLICIES:
        return _too_large(f"Cannot exceed quota for PolicyArns: {_MOST_POLICIES}")
    if sum(map(len, (policy, *arns))) > _QUOTA:
        return _too_large(f"The session policies exceed {_QUOTA} characters.")
    parts = [policy, *arns, *(text for tag in tags for text in (tag.key, tag.value))]
    plain = "\n".join(filter(None, parts)).encode("utf-8", "surrogatepass")
    packed = len(zlib.compress(plain, 9)) if plain else 0
    percent = max(1, 100 * packed // _QUOTA) if plain else 0
    if packed > _QUOTA:
        what = "Packed policy" if policy or arns else "Packed size of session tags"
        return _too_large(f"{what} consumes {percent}% of allotted space.")
    return percent


def _too_large(message: str) -> Refused:
    return Refused(ErrorCode.PACKED_POLICY_TOO_LARGE, message, 400, Rule.LIMITS)
