"""Checks of the public API's arguments: each fault is one error that names the parameter.

The caller may be a notebook without a type checker: a dict in place of a policy, or a path of a
file that does not exist, must not fail deep inside sekisho.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar

from sekisho.errors import FaultyPolicy, UsageError, did_you_mean
from sekisho.messages import Message

if TYPE_CHECKING:
    from sekisho.engine import AttachedPolicy
    from sekisho.policy import Document, PolicyKind

T = TypeVar("T")


class ForceMfaChoices(TypedDict, total=False):
    """The choices of `sekisho.force_mfa`; `sekisho.policy.Choices` explains each."""

    partition: str
    allow_what_is_exempt: bool
    user_paths: bool
    password_change_without_mfa: bool
    own_things_only: bool
    enrolment_needs_session: bool
    console_sign_in_without_mfa: bool
    deny_remote_login: bool
    deny_agents: bool
    via_aws_service: bool
    mfa_age: int | None
    passwords: bool
    access_keys: bool
    signing_certificates: bool
    ssh_keys: bool
    git_credentials: bool
    quiet_console: bool


_NOT_THAT = Message("`{parameter}` must be `{expected}`, not `{type}`")
_FROM_DICT = Message(
    "`sekisho.parse_policy(json.dumps(…))` makes a `Document` of decoded JSON, "
    "`sekisho.parse_policy(text)` of a text"
)
_POLICIES = Message("`sekisho.policies(…)` makes them of documents and files")
_SNAPSHOT = Message("`sekisho.load_snapshot(…)` and `sekisho.collect()` return one")
_FIXES = {"Document | str | Path": _FROM_DICT, "Policies": _POLICIES, "Snapshot": _SNAPSHOT}
"""The advice for a value of the wrong type, by the types that are expected."""


def expect(parameter: str, value: object, *types: type) -> None:
    """Check that an argument is of one of the given types.

    Raises:
        UsageError: if it is not.
    """
    if isinstance(value, types):
        return
    expected = " | ".join("None" if each is type(None) else each.__name__ for each in types)
    message = _NOT_THAT.filled(parameter=parameter, expected=expected, type=type(value).__name__)
    raise UsageError(message, at=parameter, fix=_FIXES.get(expected))


def expect_request(parameter: str, value: object) -> None:
    """Check that an argument is a request whose principal, action and resource are texts.

    Raises:
        UsageError: if it is not.
    """
    from sekisho.engine import Request

    texts = isinstance(value, Request) and (value.principal, value.action, value.resource)
    if not texts or not all(isinstance(each, str) for each in texts):
        expect(parameter, value, Request)
        for name in ("principal", "action", "resource"):
            expect(f"{parameter}.{name}", getattr(value, name), str)


def expect_time(parameter: str, value: object) -> None:
    """Check that an argument is a time with a time zone, or None.

    Raises:
        UsageError: if it is not.
    """
    expect(parameter, value, datetime, type(None))
    if isinstance(value, datetime) and value.tzinfo is None:
        raise UsageError(
            Message("`{parameter}` has no time zone").filled(parameter=parameter),
            at=parameter,
            fix=Message("write `datetime.now(UTC)`"),
        )


def chosen(parameter: str, value: str, known: Mapping[str, T]) -> T:
    """Return the value that an argument selects by its name.

    Raises:
        UsageError: if the name is unknown; it lists the known names.
    """
    expect(parameter, value, str)
    if value not in known:
        message = Message("`{parameter}` is none of {known}: `{value}`")
        raise UsageError(
            message.filled(parameter=parameter, known=", ".join(known), value=value),
            at=parameter,
            fix=did_you_mean(value, known),
        )
    return known[value]


def attached(
    parameter: str, given: Document | str | Path, kind: PolicyKind, unnamed: str
) -> AttachedPolicy:
    """Return a policy with its name, from a document or from the path of a file.

    Args:
        parameter: the name of the argument, for errors.
        given: the document, or the path.
        kind: the kind of policy that a file is parsed as.
        unnamed: the policy's name if the document has none.

    Raises:
        UsageError: if it is of another type, or the text of a policy.
        FaultyPolicy: if the file cannot be read or is not a valid policy, with every fault.
    """
    from sekisho.engine import AttachedPolicy
    from sekisho.policy import Document, parse

    expect(parameter, given, Document, str, Path)
    if isinstance(given, Document):
        return AttachedPolicy(given.source or unnamed, given)
    if isinstance(given, str) and given.lstrip().startswith("{"):
        raise UsageError(
            Message("`{parameter}` must be the path of a file, not the text of a policy").filled(
                parameter=parameter
            ),
            at=parameter,
            fix=Message("write `sekisho.parse_policy(text)`"),
        )
    return AttachedPolicy(str(given), parse(_text(parameter, given), source=str(given), kind=kind))


def _text(parameter: str, path: str | Path) -> str:
    """Return the text of a file; an error has the parameter as its position."""
    from sekisho.documents import text_of_file

    try:
        return text_of_file(path, FaultyPolicy)
    except FaultyPolicy as error:
        faults = [replace(fault, path=parameter) for fault in error.faults]
        raise FaultyPolicy(str(path), faults) from None


def caller_arn(user_arn: str | None, role_arn: str | None) -> str | None:
    """Return the ARN of the user or role that a question is about; None: any user.

    Raises:
        UsageError: if both a user and a role are given.
        FaultyRequest: if it is not the ARN of a user, or of a role.
    """
    from sekisho.prover import CallingUser

    expect("user_arn", user_arn, str, type(None))
    expect("role_arn", role_arn, str, type(None))
    match (user_arn, role_arn):
        case (None, None):
            return None
        case (str(user), None):
            return CallingUser.of(user).arn
        case (None, str(role)):
            return CallingUser.of_role(role).arn
        case _:
            raise UsageError(Message("`user_arn` and `role_arn` are two questions"))
