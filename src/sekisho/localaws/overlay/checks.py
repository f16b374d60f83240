"""Checks before any operation runs: parameters, the implied user, names that are not there.

moto takes nearly anything. The lengths, patterns, ranges and value sets are those of the API
model that botocore ships, which AWS publishes; the sentences are AWS's own. IAM repeats no value
in a message, since it may be a password. STS does, but for its secrets.

Source: botocore's `iam` and `sts` models; IAM API Reference ("If you do not specify a user name,
IAM determines the user name implicitly based on the AWS access key ID signing the request");
texts recorded from AWS.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from typing import Any

from moto.core.model import Shape
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.iam.responses import IamResponse

from sekisho.lazy import dataclass
from sekisho.localaws.overlay.request import (
    caller_user,
    from_rule,
    iam,
    invalid_input,
    no_such,
    validation_error,
)
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import no_such_user

_LOOKS_FOR_POLICY = frozenset(
    {
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "GetPolicyVersion",
        "ListEntitiesForPolicy",
        "SetDefaultPolicyVersion",
    }
)
"""Operations with other words for a missing policy."""


@cache
def self_service() -> frozenset[str]:
    """Return the IAM operations whose `UserName` may be omitted and is then the caller's."""
    model = get_service_model("iam")
    found = set()
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape and "UserName" in shape.members and "UserName" not in shape.required_members:
            found.add(name)
    return frozenset(found)


def imply_user(response: IamResponse) -> None:
    """Fill in the caller's name if the request omits the user and is not about all users."""
    given = response.params
    implied = not (given.get("UserName") or given.get("AllUsers"))
    if response._get_action() in self_service() and implied:
        response.params["UserName"] = caller_user()


def check_names(response: BaseResponse) -> None:
    """Refuse a request about a user, group, role or policy that does not exist.

    Raises:
        Refusal: `NoSuchEntity`.
    """
    action, given = response._get_action(), response.params
    if not action.startswith("Create") or action in self_service():
        _check_users(given)
    if action not in {"CreateGroup", "CreateRole"}:
        _check_groups_and_roles(given)
    arn = given.get("PolicyArn")
    if arn and action not in _LOOKS_FOR_POLICY and arn not in iam().managed_policies:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)


def _check_users(given: Mapping[str, object]) -> None:
    name = given.get("UserName")
    if isinstance(name, str) and name not in iam().users:
        raise from_rule(no_such_user(name))


def _check_groups_and_roles(given: Mapping[str, object]) -> None:
    name = given.get("GroupName")
    if isinstance(name, str) and name not in iam().groups:
        raise no_such("group", name)
    name = given.get("RoleName")
    if isinstance(name, str) and all(role.name != name for role in iam().roles.values()):
        raise no_such("role", name)


_WHOLE = {
    r"[\w+=,.@-]+": (
        "The specified value for {at} is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    ),
    "(/)|(/[!-~]+/)": (
        "The specified value for {at} is invalid. It must begin and end with / and contain only "
        "alphanumeric characters and/or / characters."
    ),
}
"""IAM's own sentences for two kinds of parameter: names and paths."""

# Java's letters, separators and digits, which Python's `re` has no classes for
_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{Z}": r" ", r"\p{N}": r"\d"}


_ANY_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")
_ROLE_ARN = re.compile(r"arn:(?P<partition>[^:]+):iam::[0-9]{12}:role/.+")


def check_sts(operation: str, given: Mapping[str, object], partition: str) -> None:
    """Check the parameters of a call of STS, which STS does before it evaluates policies.

    Args:
        operation: its name.
        given: its parameters by the names of the service model.
        partition: the account's; no role of another can be assumed.

    Raises:
        Refusal: `ValidationError`, or `InvalidParameterValue` for tags.
    """
    check_parameters("sts", operation, given)
    arn = given.get("RoleArn")
    if not isinstance(arn, str):
        return
    if not _ANY_ARN.fullmatch(arn):
        raise validation_error(f"{arn} is invalid")
    role = _ROLE_ARN.fullmatch(arn)
    if role is None or role["partition"] != partition:
        raise validation_error("Request ARN is invalid")


def check_parameters(service: str, operation_name: str, given: Mapping[str, Any]) -> None:
    """Check the parameters of an operation of IAM or STS.

    Raises:
        Refusal: `ValidationError` that lists all faults, or `InvalidInput` for tags.
    """
    operation = get_service_model(service).operation_model(operation_name)
    if operation.input_shape is None:
        return
    iams = service == "iam"
    faults = list(_faults(operation.input_shape, given, ""))
    if whole := next((fault.sentence for fault in faults if fault.sentence), ""):
        raise validation_error(whole)
    if faults:
        plural = "s" if len(faults) > 1 else ""
        ordered = sorted(faults, key=_place_in_map) if iams else faults
        texts = "; ".join(fault.text(values=not iams) for fault in ordered)
        raise validation_error(f"{len(faults)} validation error{plural} detected: {texts}")
    _check_tags(operation.name, given.get("Tags") or [])


@dataclass(frozen=True, slots=True)
class _Fault:
    """One parameter that violates one constraint.

    Attributes:
        at: the parameter, as AWS names places: `tags.1.member.key`.
        constraint: the constraint that it violates, in AWS's words.
        value: how the value is shown, where it is: STS shows it, IAM does not.
        sentence: IAM's sentence in place of all other faults, or "".
    """

    at: str
    constraint: str
    value: str = field(default="", repr=False)
    sentence: str = ""

    def text(self, *, values: bool) -> str:
        shown = f" {self.value}" if self.value and (values or self.value == _NULL) else ""
        return f"Value{shown} at '{self.at}' failed to satisfy constraint: {self.constraint}"


_NULL = "null"
_PLACES = 16


def _place_in_map(fault: _Fault) -> int:
    """Return the place of a parameter in Java's `HashMap`: the order in which IAM lists them.

    Inferred from two recordings of three faults each; neither has the order of the request, of the
    model or of the alphabet.
    """
    code = 0
    for letter in fault.at.partition(".")[0]:
        code = (31 * code + ord(letter)) % 2**32
    return (code ^ code >> _PLACES) % _PLACES


_ANY_CASE = re.compile(r"(Create|Tag)(User|Role)")
"""Operations on whose tags' keys the case does not matter. Source: IAM User Guide, "Tags"."""


def _check_tags(operation: str, tags: list[Mapping[str, str]]) -> None:
    session = operation in {"AssumeRole", "GetFederationToken"}
    any_case = session or _ANY_CASE.fullmatch(operation) is not None
    keys = [tag["Key"].lower() if any_case else tag["Key"] for tag in tags]
    if len(set(keys)) != len(keys):
        more = " Please note that Tag keys are case insensitive." if any_case else ""
        code = "InvalidParameterValue" if session else "InvalidInput"
        raise Refusal(code, f"Duplicate tag keys found.{more}", 400)
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid_input("System tags cannot be added/updated by requester")


def _faults(shape: Shape, value: object, at: str) -> Iterator[_Fault]:
    match shape.type_name, value:
        case "structure", Mapping():
            yield from _member_faults(shape, value, at)
        case "list", list():
            yield from _size_faults(shape, len(value), at)
            member: Shape = getattr(shape, "member")  # noqa: B009 - only list shapes have it
            if member.type_name == "string":
                yield from _element_fault(member, value, at)
                return
            for index, item in enumerate(value, 1):
                yield from _faults(member, item, f"{at}.{index}.member")
        case (("integer" | "long"), int()):
            yield from _size_faults(shape, value, at, f"'{value}'", "value")
        case "string", str():
            yield from _text_faults(shape, value, at)
        case _:
            return


def _member_faults(shape: Shape, value: Mapping[str, object], at: str) -> Iterator[_Fault]:
    members: Mapping[str, Shape] = getattr(shape, "members")  # noqa: B009 - of structures only
    for name, member in members.items():
        place = f"{at}.{_lower_first(name)}" if at else _lower_first(name)
        if value.get(name) is not None:
            yield from _faults(member, value[name], place)
        elif name in shape.required_members and member.type_name != "list":
            # an empty list does not travel in the query protocol
            yield _Fault(place, "Member must not be null", _NULL)


def _element_fault(shape: Shape, items: list[object], at: str) -> Iterator[_Fault]:
    """Yield one fault for a list of texts, with all constraints, for any wrong item."""
    if not any(True for item in items for _ in _text_faults(shape, str(item), at)):
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    rules = [f"Member must have length less than or equal to {most}"] if most else []
    rules += [f"Member must have length greater than or equal to {least}"] if least else []
    rules += [_ENUM] if shape.metadata.get("enum") else []
    if pattern := shape.metadata.get("pattern"):
        # of the lists recorded, the one of texts with a pattern has both sentences
        rules += [f"{_PATTERN}{_plain(pattern)}", "Member must not be null"]
    yield _Fault(at, f"Member must satisfy constraint: [{', '.join(rules)}]")


_PATTERN = "Member must satisfy regular expression pattern: "
_ENUM = "Member must satisfy enum value set"


_NEVER_SHOWN = frozenset({"tokenCode", "externalId"})
"""Secrets among the parameters of STS that the model does not mark."""


def _text_faults(shape: Shape, value: str, at: str) -> Iterator[_Fault]:
    shown = f"'{value}'"
    if at in _NEVER_SHOWN or shape.metadata.get("sensitive"):
        shown = ""
    too_long_or_short = list(_size_faults(shape, len(value), at, shown))
    if too_long_or_short:
        yield from too_long_or_short
        return
    values = shape.metadata.get("enum")
    if values and value not in values:
        yield _Fault(at, _ENUM, shown)
    pattern = shape.metadata.get("pattern")
    if pattern and not pattern_of(pattern).fullmatch(value):
        sentence = _WHOLE.get(_plain(pattern), "").format(at=at)
        yield _Fault(at, f"{_PATTERN}{pattern}", shown, sentence)


def _size_faults(
    shape: Shape, size: int, at: str, shown: str = "", what: str = "length"
) -> Iterator[_Fault]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _Fault(at, f"Member must have {what} greater than or equal to {least}", shown)
    if most is not None and size > most:
        yield _Fault(at, f"Member must have {what} less than or equal to {most}", shown)


def _plain(pattern: str) -> str:
    """Return a pattern with the escapes of ASCII characters replaced by the characters."""
    return re.sub(r"\\u00(..)", lambda m: chr(int(m[1], 16)), pattern)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


@cache
def pattern_of(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the model, which is Java's, in the syntax of Python's `re`."""
    unicode = r"\p{" in pattern
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.UNICODE if unicode else re.ASCII)
