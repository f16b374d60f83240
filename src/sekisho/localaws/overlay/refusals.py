"""IAM's own errors, in AWS's words.

Source: IAM API Reference (codes and statuses); texts recorded from AWS where the tests' corpus has
them, otherwise as AWS prints them in issues and questions (facts §4, §7.3).
"""

from sekisho.localaws.refusal import Refusal
from sekisho.signin.refusal import Refused

__all__ = [
    "already_exists",
    "conflict",
    "from_rule",
    "invalid_input",
    "limit_exceeded",
    "malformed",
    "no_such",
    "no_such_key",
    "not_built",
    "refuse",
    "validation",
]


def no_such(kind: str, name: str) -> Refusal:
    """Refuse a name that nobody has, in IAM's sentence for that kind of entity."""
    return Refusal("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)


def no_such_key(identifier: str) -> Refusal:
    """Refuse the id of an access key that the user has not."""
    message = f"The Access Key with id {identifier} cannot be found."
    return Refusal("NoSuchEntity", message, 404)


def already_exists(message: str) -> Refusal:
    """Refuse what is there already."""
    return Refusal("EntityAlreadyExists", message, 409)


def conflict(first: str) -> Refusal:
    """Refuse a deletion until something else has been removed."""
    return Refusal("DeleteConflict", f"Cannot delete entity, must {first} first.", 409)


def limit_exceeded(message: str) -> Refusal:
    """Refuse what would go over a quota."""
    return Refusal("LimitExceeded", message, 409)


def invalid_input(message: str) -> Refusal:
    """Refuse input that is well-formed and still makes no sense."""
    return Refusal("InvalidInput", message, 400)


def malformed(message: str) -> Refusal:
    """Refuse a policy document."""
    return Refusal("MalformedPolicyDocument", message, 400)


def validation(message: str) -> Refusal:
    """Refuse a parameter."""
    return Refusal("ValidationError", message, 400)


def not_built(operation: str) -> Refusal:
    """Refuse, by name, an operation that the local AWS does not imitate."""
    return Refusal("NotImplemented", f"The local AWS does not implement {operation}.", 501)


def from_rule(refused: Refused) -> Refusal:
    """Put what a rule of `signin` refuses onto the wire."""
    return Refusal(refused.code.value, refused.message, refused.status)


def refuse(refused: Refused | None) -> None:
    """Refuse if a rule of `signin` does; go on if it has nothing against it."""
    if refused is not None:
        raise from_rule(refused)
