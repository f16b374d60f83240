"""A plan as a plain script, for people who change accounts by the AWS CLI.

It does the same calls in the same order and stops at the first error. It keeps no journal: what it
has done is not taken back by `rollback`.
"""

import json
import re
import shlex
from collections.abc import Iterator

from sekisho.rollout.changes.credentials import EndSignInSessions
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import CreatePolicy
from sekisho.rollout.changes.users import CreateLoginProfile, CreateUser, ReplacePassword
from sekisho.rollout.planning.plan import Plan

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
        named = " ".join(plan.open_problems)
        yield f"echo {shlex.quote(f'this plan is not safe to apply: {named}')} >&2"
        yield "exit 1"
    for change in plan.changes:
        yield from _commands(change)


def _commands(change: Change) -> Iterator[str]:
    if isinstance(change, EndSignInSessions):
        yield from _commands_ending_sessions(change)
        return
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


def _commands_ending_sessions(change: EndSignInSessions) -> Iterator[str]:
    """Yield the commands that end a user's sessions, five at a time."""
    owner = f"--principal-arn {shlex.quote(str(change.subject()['principalArn']))}"
    theirs = " || ".join(f"principalArn=='{arn}'" for arn in change.owners)
    query = shlex.quote(f"items[?{theirs}].sessionArn")
    yield f"aws signin list-sessions {owner} --status ACTIVE --query {query} --output text |"
    yield f"  xargs -r -n 5 aws signin batch-revoke-sessions {owner} --session-arns"


def _dashed(name: str) -> str:
    """Return an operation as the CLI has it: `UpdateSSHPublicKey` is `update-ssh-public-key`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
