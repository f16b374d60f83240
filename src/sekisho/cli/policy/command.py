"""`sekisho policy`: the commands about one policy."""

from collections.abc import Mapping

import click

from sekisho.cli.group import Lazy, LazyGroup
from sekisho.messages import Message

_COMMANDS: Mapping[str, Lazy] = {
    "new": Lazy(Message("Write a Force_MFA policy for your choices."), "policy.new"),
    "summary": Lazy(
        Message("Show what the console says of a policy, and what the policy really means."),
        "policy.summary",
    ),
    "lint": Lazy(
        Message("Say what is wrong with policies, and what they mean for each credential."),
        "policy.lint",
    ),
    "diff": Lazy(
        Message("Say exactly what one set of policies allows and another does not."),
        "policy.diff",
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """Write a Force_MFA policy; show what the console says it does, and what it really does."""
