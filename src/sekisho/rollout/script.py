"""A plan as a plain script for the AWS CLI, for people who change accounts that way.

It does the same calls in the same order and stops at the first error. It keeps no journal: what it
has done is not taken back by `rollback`.
"""

import json
import re
import shlex
from collections.abc import Iterator

from sekisho.rollout.changes import (
    Change,
    CreateLoginProfile,
    CreatePolicy,
    CreateUser,
    ReplacePassword,
)
from sekisho.rollout.plan import Plan

_WITH_PASSWORD = (CreateLoginProfile, ReplacePassword)


def script_of(plan: Plan) -> str:
    """Return the script; a temporary password is taken from the environment, and never in it."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield "#!/bin/sh"
    yield f"# sekisho {plan.tool}: plan {plan.digest}"
    yield "set -eu"
    if any(isinstance(change, _WITH_PASSWORD) for change in plan.changes):
        # missing, it stops the script before anything is done, and not in the middle
        yield ': "${TEMPORARY_PASSWORD:?}"'
    yield "export AWS_PAGER=''"
    yield 'account="$(aws sts get-caller-identity --query Account --output text)"'
    wrong = f"this plan is for the account {plan.account}, and this is"
    yield f'[ "$account" = {plan.account} ] || {{ echo "{wrong} $account" >&2; exit 1; }}'
    if not plan.applicable:
        named = " ".join(name for name in plan.against if name not in plan.accepted)
        yield f"echo {shlex.quote(f'this plan is not safe to apply: {named}')} >&2"
        yield "exit 1"
    for change in plan.changes:
        yield from _commands(change)


def _commands(change: Change) -> Iterator[str]:
    call = change.call()
    params = {name: value for name, value in call.params.items() if value not in ("", [])}
    # inside JSON, no value is taken for an option or for the name of a file
    text = shlex.quote(json.dumps(params, ensure_ascii=False))
    more = ' --password "$TEMPORARY_PASSWORD"' if isinstance(change, _WITH_PASSWORD) else ""
    yield f"aws iam {_dashed(call.operation)} --cli-input-json {text}{more} > /dev/null"
    match change:
        case CreatePolicy(arn=arn):
            yield f"aws iam wait policy-exists --policy-arn {shlex.quote(arn)}"
        case CreateUser(name):
            yield f"aws iam wait user-exists --user-name {shlex.quote(name)}"
        case _:
            pass


def _dashed(name: str) -> str:
    """Return an operation as the CLI has it: `UpdateSSHPublicKey` is `update-ssh-public-key`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
