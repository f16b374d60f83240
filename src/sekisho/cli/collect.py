"""`sekisho collect`: read an account whole, and save it as one file."""

from collections.abc import Iterable, Iterator, Sized

import click

from sekisho.account import (
    READS,
    Gap,
    Snapshot,
    User,
    calls_to_allow,
    dump_snapshot,
    least_policy,
    save_snapshot,
    user_ref,
)
from sekisho.cli.aws import AwsOptions, aws_options, collected, connection, refuse_beside
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import AccountCollected, next_action
from sekisho.cli.options import lang_option
from sekisho.cli.output import force_option
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import notice
from sekisho.documents import check_writable
from sekisho.errors import UsageError
from sekisho.messages import Language, Message, verbatim
from sekisho.policy import render

_DETAILS = "GetAccountAuthorizationDetails"
_MOST_NAMES = 3
_ORGANIZATIONS = frozenset(read.operation for read in READS if read.service == "organizations")
_UNREAD = Message(" (not read: {count})")
_NOT_READ = Message("not read")
_NONE = Message("none")
_YES = Message("yes", "has")
_WITHIN = Message("{count} {count:level|levels}")
_USERS = Message("Users")
_PASSWORDS = Message("  with a console password")
_DEVICES = Message("  with an MFA device")
_KEYS = Message("  with an active access key")
_GROUPS = Message("User groups")
_ROLES = Message("Roles")
_POLICIES = Message("Customer managed policies")
_ORPHANS = Message("Unassigned virtual MFA devices")
_ROOT = Message("Root user has MFA")
_REPORT = Message("Credential report of")
_SCPS = Message("Service control policies")
_COMPLETE = Message("Everything was read.")
_INCOMPLETE = Message(
    "Not everything was read: {count} {count:call was|calls were} refused or failed."
)
_GAPS = Message("Not read (not used for any result):")
_ALLOW = Message("Calls to allow: {calls}")
_WHY = Message("Run with `-v` for AWS's answer to each.")
_MORE = Message(" and {count} more")
_SAVED = Message("Saved to {path} (only you can read it).")


@click.command("collect", cls=SpokenCommand)
@click.option("--out", metavar="FILE", help="Save to a file that only you may read.")
@force_option
@click.option(
    "--print-policy", is_flag=True, help="Print the least policy that this needs; call nothing."
)
@quiet_option
@aws_options
@verbose_option
@lang_option
def command(
    out: str | None,
    *,
    force: bool,
    print_policy: bool,
    aws: AwsOptions,
    verbose: bool,
    lang: Language,
) -> Exit:
    """Read a whole account: users, credentials, policies, root, SCPs.

    Reads only. The snapshot goes to stdout or to the file of --out, a summary to stderr. Exit 4 if
    something could not be read; the snapshot records what.
    """
    if force and not out:
        raise UsageError(Message("`--force` is for `--out`"))
    if print_policy:
        refuse_beside("--print-policy", {"out": out})
        aws.refuse_beside("--print-policy")
        click.echo(render(least_policy()))
        return Exit.CLEAN
    if out:
        check_writable(out, replace=force)
    snapshot = collected(connection(aws, lang))
    if out:
        save_snapshot(snapshot, out, replace=force)
    else:
        click.echo(dump_snapshot(snapshot), nl=False)
    notice(*_summary(snapshot, lang, verbose=verbose))
    if out:
        print_note(_SAVED.filled(path=out).into(lang))
    show_next(next_action(AccountCollected(not snapshot.gaps, out)), lang, err=True)
    return Exit.UNKNOWN if snapshot.gaps else Exit.CLEAN


def _summary(snapshot: Snapshot, lang: Language, *, verbose: bool) -> Iterator[str]:
    """Yield whether everything was read, what was not, and what was found."""
    alike = list(_gaps_by_call_and_code(snapshot.gaps))
    if alike:
        yield _INCOMPLETE.filled(count=len(snapshot.gaps)).into(lang)
        yield from _gaps(snapshot, alike, lang, verbose=verbose)
    elif not quiet():
        yield _COMPLETE.into(lang)
    for label, value in () if quiet() else _rows(snapshot):
        yield f"{label.into(lang)}: {value.into(lang)}"


def _gaps(
    snapshot: Snapshot, alike: list[list[Gap]], lang: Language, *, verbose: bool
) -> Iterator[str]:
    yield _GAPS.into(lang)
    for gaps in alike:
        first = gaps[0]
        why = first.cause.into(lang) if verbose or not first.code else first.code
        yield f"  {first.operation}{_names(gaps, lang)}: {why}"
    if calls := calls_to_allow(snapshot):
        yield f"  {_ALLOW.filled(calls=', '.join(calls)).into(lang)}"
    if not verbose:
        yield f"  {_WHY.into(lang)}"


def _names(gaps: list[Gap], lang: Language) -> str:
    about = [gap.resource.label for gap in gaps if gap.resource.label]
    more = _MORE.filled(count=len(about) - _MOST_NAMES).into(lang)
    named = ", ".join(about[:_MOST_NAMES]) + (more if len(about) > _MOST_NAMES else "")
    return f" ({named})" if named else ""


def _rows(snapshot: Snapshot) -> Iterator[tuple[Message, Message]]:
    users, details = snapshot.users, _DETAILS
    own = [policy for policy in snapshot.policies.values() if not policy.aws_managed]
    with_password = [user for user in users if user.password is not None]
    with_device = [user for user in users if user.devices]
    with_key = [user for user in users if any(key.active for key in user.keys)]
    yield _USERS, _size(snapshot, users, details)
    yield _PASSWORDS, _counted(snapshot, with_password, "GetLoginProfile")
    yield _DEVICES, _counted(snapshot, with_device, "ListMFADevices")
    yield _KEYS, _counted(snapshot, with_key, "ListAccessKeys")
    yield _GROUPS, _size(snapshot, snapshot.groups, details)
    yield _ROLES, _size(snapshot, snapshot.roles, details)
    yield _POLICIES, _size(snapshot, own, details)
    yield _ORPHANS, _size(snapshot, snapshot.unassigned_devices, "ListVirtualMFADevices")
    yield _ROOT, {None: _NOT_READ, True: _YES, False: _NONE}[snapshot.root.mfa]
    date = snapshot.report.generated_at if snapshot.report else None
    yield _REPORT, _NOT_READ if date is None else _plain(f"{date:%Y-%m-%d %H:%M %Z}")
    yield _SCPS, _scps(snapshot)


def _scps(snapshot: Snapshot) -> Message:
    if any(gap.operation in _ORGANIZATIONS for gap in snapshot.gaps):
        return _NOT_READ
    return _WITHIN.filled(count=len(snapshot.scps)) if snapshot.scps else _NONE


def _size(snapshot: Snapshot, collection: Sized, operation: str) -> Message:
    return _NOT_READ if snapshot.gap_of(operation) else _plain(str(len(collection)))


def _counted(snapshot: Snapshot, users: list[User], operation: str) -> Message:
    """Return how many users have something, and of how many it could not be told."""
    if snapshot.gap_of(_DETAILS):
        # who is not known holds nothing that could be counted: that is no 0
        return _NOT_READ
    unread = sum(
        snapshot.gap_of(operation, user_ref(user.name)) is not None for user in snapshot.users
    )
    tail = _UNREAD.filled(count=unread) if unread else _plain("")
    return Message("{len}{tail}").filled(len=len(users), tail=tail)


def _plain(text: str) -> Message:
    return verbatim(text)


def _gaps_by_call_and_code(gaps: tuple[Gap, ...]) -> Iterable[list[Gap]]:
    """Return the gaps that are of the same call and for which AWS gave the same code."""
    gaps_by_cause: dict[tuple[str, str], list[Gap]] = {}
    for gap in gaps:
        gaps_by_cause.setdefault((gap.operation, gap.code or gap.reason.en), []).append(gap)
    return gaps_by_cause.values()
