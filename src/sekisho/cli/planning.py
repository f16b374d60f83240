"""What every command that makes a plan shares: its options, the account, the plan in words.

Nothing is changed by any of them: `sekisho apply` does that.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from sekisho.account import SigningApi, Snapshot, open_account
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.report import exemption_text
from sekisho.cli.aws import AwsOptions, Connection, aws_options, collected, connection
from sekisho.cli.exits import Exit
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.terminal import hanging, terminal_width
from sekisho.documents import check_writable, write_private
from sekisho.errors import Code, Fault, FaultyInput, UsageError
from sekisho.messages import Language, Message, printable
from sekisho.rollout import Plan, PlanCaller, PlanNote, Proof, SafetyVerdict, script_of
from sekisho.rollout.applying import MAX_CLOCK_LEAD
from sekisho.rollout.changes import CreatePolicy
from sekisho.rollout.planning import UNACCEPTABLE, acceptance

_SAVED = Message("Saved to {path}. Nothing has been changed; `sekisho apply {path}` does it.")

_SAVED_IDLE = Message("Saved to {path}. Nothing has been changed, and nothing is to be changed.")

_SAVED_REFUSED = Message(
    "Saved to {path}. Nothing has been changed, and `sekisho apply` refuses this plan."
)


class PlanFormat(StrEnum):
    """How a command prints the plan that it makes."""

    TEXT = "text"
    JSON = "json"
    AWS_CLI = "aws-cli"


@dataclass(frozen=True, slots=True)
class PlanningOptions:
    """What every command that makes a plan is told.

    Attributes:
        accept: `ID=REASON` or `ID:USER=REASON` of what may pass.
        mfa: the session that applies the plan was signed in with MFA.
        snapshot: a saved account in place of the real one.
        caller: with it, the ARN of who will apply the plan.
        out: where the plan is saved; `force` replaces what is there.
        print_policy: print the least policy that `apply` needs, in place of the plan.
        output: how the plan is printed.
    """

    accept: tuple[str, ...]
    mfa: bool
    snapshot: str | None
    caller: str | None
    out: Path | None
    force: bool
    print_policy: bool
    output: PlanFormat


_planning_group = grouped(
    "planning",
    PlanningOptions,
    click.option(
        "--accept",
        metavar="ID[:USER]=REASON",
        multiple=True,
        help=(
            "Let an obstacle pass, as ID=REASON; one that is about users for each, as "
            "ID:USER=REASON. The plan keeps the reason."
        ),
    ),
    click.option("--mfa", is_flag=True, help="The session that applies was signed in with MFA."),
    click.option("--snapshot", metavar="FILE", help="A saved account in place of the real one."),
    click.option("--caller", metavar="ARN", help="With --snapshot: who will apply the plan."),
    click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan."),
    click.option("--force", is_flag=True, help="Replace the file of --out."),
    click.option(
        "--print-policy", is_flag=True, help="Print the least policy for `apply` instead."
    ),
    click.option(
        "--format",
        "output",
        type=click.Choice([each.value for each in PlanFormat]),
        default=PlanFormat.TEXT.value,
        show_default=True,
        callback=lambda ctx, param, value: PlanFormat(value),
        help="Text for people, the plan itself, or a script for the AWS CLI.",
    ),
)


def planning_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that makes a plan: `planning`, `aws` and `lang`."""
    return _planning_group(aws_options(lang_option(function)))


@dataclass(frozen=True, slots=True)
class ExemptOptions:
    """Who is never touched, and who need not be enforced.

    Attributes:
        break_glass: names of break-glass users.
        exceptions: an exceptions file, which may name more of them.
    """

    break_glass: tuple[str, ...]
    exceptions: str | None

    def read(self) -> Exceptions:
        """Return the exceptions of the file; none without one.

        It is read before the account, which takes long; then see by `Exceptions.check` that it
        fits.

        Raises:
            FaultyInput: if the exceptions file has faults.
        """
        return exceptions_of(self.exceptions)

    def untouched(self, exceptions: Exceptions) -> tuple[str, ...]:
        """Return the break-glass users of the options and of the exceptions file."""
        return tuple(dict.fromkeys((*self.break_glass, *exceptions.break_glass)))


exempt_options = grouped(
    "exempt",
    ExemptOptions,
    click.option("--break-glass", metavar="NAME", multiple=True, help="Never touched."),
    click.option(
        "--exceptions", metavar="FILE", help="An exceptions file: its break-glass users, too."
    ),
)
"""Adds `--break-glass NAME` and `--exceptions FILE`: `ExemptOptions`."""


def exceptions_of(path: str | None) -> Exceptions:
    """Return the exceptions of a file; none without one.

    Raises:
        FaultyInput: if the exceptions file has faults.
    """
    return load_exceptions(path) if path else Exceptions()


def account_of(
    planning: PlanningOptions, aws: AwsOptions, lang: Language
) -> tuple[Snapshot, PlanCaller]:
    """Return the account that the options name, and who will apply the plan.

    Raises:
        FaultyInput: if the snapshot is dated in the future.
        UsageError: if `--snapshot` and `--caller` do not stand together or are of two accounts, or
            if another AWS is named beside them; or if `--force` has nothing to replace.
        SekishoError: if the file of `--out` cannot be written.
    """
    if planning.force and planning.out is None:
        raise UsageError(
            Message("`--force` is for `--out`"), fix=Message("say where to save the plan")
        )
    if (planning.snapshot is None) != (planning.caller is None):
        raise UsageError(Message("`--snapshot` and `--caller` go together"))
    if planning.out is not None:
        check_writable(planning.out, replace=planning.force)
    if planning.snapshot is not None and planning.caller is not None:
        aws.refuse_beside("--snapshot")
        snapshot = open_account(planning.snapshot)
        _check_time(snapshot, planning.snapshot)
        return _saved_account(snapshot, PlanCaller(planning.caller, mfa=planning.mfa))
    connected = connection(aws, lang)
    if planning.mfa:
        _check_mfa(connected)
    snapshot = collected(connected, lang)
    if planning.mfa:
        is_user = connected.caller.split(":", 5)[-1].startswith("user/")
        click.echo((_USER_SESSION if is_user else _OTHER_SESSION).into(lang), err=True)
    return snapshot, PlanCaller(connected.caller, mfa=planning.mfa)


_USER_SESSION = Message(
    "Taken for a session with MFA: IAM answers a session of GetSessionToken only if it was made "
    "with an MFA code. A session of `aws login` cannot be told from one."
)
_OTHER_SESSION = Message(
    "Not verified: that this session was signed in with MFA is taken from `--mfa`; AWS tells "
    "nobody."
)


def _check_mfa(connected: Connection) -> None:
    """Refuse `--mfa` where no request is with MFA, whatever the caller believes."""
    if isinstance(connected.api, SigningApi) and connected.api.signs_with_long_term_key():
        raise UsageError(
            Message("`--mfa`: these credentials are an access key and no session: without MFA"),
            fix=Message("sign in with MFA first, or leave `--mfa` out"),
        )
    if ":federated-user/" in connected.caller:
        raise UsageError(
            Message("`--mfa`: a session of GetFederationToken is never with MFA"),
            fix=Message("leave `--mfa` out"),
        )


def _check_time(snapshot: Snapshot, source: str) -> None:
    """Refuse a snapshot of a day to come: waves would be due too early, keys would look unused."""
    if snapshot.taken_at - datetime.now(UTC) > MAX_CLOCK_LEAD:
        message = Message("the account was read at {time}, which is yet to come").filled(
            time=snapshot.taken_at.isoformat()
        )
        fix = Message("set the clock right and collect the account again")
        fault = Fault(Code.ACCOUNT_BAD_SHAPE, message, "takenAt", fix=fix)
        raise FaultyInput(source, [fault])


def _saved_account(snapshot: Snapshot, caller: PlanCaller) -> tuple[Snapshot, PlanCaller]:
    """Return both; a plan that its caller could never apply helps nobody."""
    if caller.home != (snapshot.partition, snapshot.account):
        raise UsageError(
            Message(
                "`--caller {arn}` is nobody of the account `{account}` in `{partition}`, "
                "which the snapshot is of"
            ).filled(arn=caller.arn, account=snapshot.account, partition=snapshot.partition),
            fix=Message(
                "give the ARN of who will apply the plan, as `aws sts get-caller-identity` has it"
            ),
        )
    return snapshot, caller


def finish(made: Plan, planning: PlanningOptions, lang: Language) -> Exit:
    """Print a plan, save it if `--out` says where, and return the exit code."""
    if planning.print_policy:
        click.echo(json.dumps(made.needs, indent=2))
    else:
        match planning.output:
            case PlanFormat.JSON:
                click.echo(made.to_json(), nl=False)
            case PlanFormat.AWS_CLI:
                click.echo(script_of(made), nl=False)
            case PlanFormat.TEXT:
                click.echo("\n".join(plan_lines(made, lang)))
    if planning.out is not None:
        write_private(planning.out, made.to_json(), replace=planning.force)
        click.echo(_saved_text(made).filled(path=planning.out).into(lang), err=True)
    return _exit_of(made)


def _saved_text(made: Plan) -> Message:
    if not made.applicable:
        return _SAVED_REFUSED
    return _SAVED if made.changes else _SAVED_IDLE


def _exit_of(made: Plan) -> Exit:
    """Return what waits, or what speaks against it: unknown before refuted, as everywhere."""
    left = made.open_obstacles
    undecided = [proof.id for proof in made.proofs if proof.verdict is SafetyVerdict.UNKNOWN]
    if any(name in (*undecided, "gap", "caller-unknown") for name in left):
        return Exit.UNKNOWN
    if left:
        return Exit.FINDINGS
    return Exit.CHANGES if made.changes else Exit.CLEAN


_INDEX = re.compile(r"\[\d+\]")


@contextmanager
def said_by(options: Mapping[str, str], *sources: str) -> Iterator[None]:
    """Name the option, and no path in a goal, where something is wrong with what it says.

    Args:
        options: the option by the path of what it says; what is below that path is its, too.
        sources: what errors call the goal.

    Raises:
        FaultyInput: as it comes from within, about `options` in place of any of the sources.
    """
    try:
        yield
    except FaultyInput as error:
        if not options or error.source not in sources:
            raise
        faults = [replace(each, path=_option(each.path, options)) for each in error.faults]
        raise FaultyInput(Message("options", "source"), faults) from None


def _option(path: str, options: Mapping[str, str]) -> str:
    whole = _INDEX.sub("", path)
    above = (whole.rsplit(".", cut)[0] for cut in range(whole.count(".") + 1))
    return next((options[each] for each in above if each in options), path)


def accepted(texts: tuple[str, ...]) -> dict[str, str]:
    """Return what is accepted, and why.

    Raises:
        UsageError: if a text is not `ID=REASON` or `ID:USER=REASON`, or one stands twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        identity, _, reason = text.partition("=")
        if not identity or not reason.strip():
            raise UsageError(
                Message(
                    "`--accept {text}` is not of the form `ID=REASON` or `ID:USER=REASON`"
                ).filled(text=text)
            )
        if identity in found:
            fix = Message("give one reason")
            raise UsageError(
                Message("`--accept {text}`: `{identity}` is given twice").filled(
                    text=text, identity=identity
                ),
                fix=fix,
            )
        found[identity] = reason.strip()
    return found


_TITLE = Message(
    "Plan {digest} for account {account}, as it was at {at}; to be applied by {caller}."
)
_CHANGES = Message("Changes: {count}")
_FOR_GOOD = Message("with this description, which AWS lets nobody change afterwards: {description}")
_NO_DESCRIPTION = Message("without a description; AWS lets nobody add one afterwards")
_ALREADY = Message("already as wanted: {count}")
_PROOFS = Message("What was checked")
_AGAINST = Message("Obstacles")
_WARNINGS = Message("Warnings")
_PEOPLE = Message("People: {count}")
_EXCEPTIONS = Message("Exceptions: {count}")
_EXCEPTION = Message(
    "{user} ({kind}, until {expires}): {why}; owner: {owner}, approved by: {approved}, "
    "ticket: {ticket}"
)
_ACCEPTED = Message("accepted: {reason}")
_NOTHING = Message("Nothing is to be changed.")
_REFUSED = Message("This plan is refused: {against}.")
_APPLICABLE = Message("This plan may be applied: everything that is checked holds.")
_ALL_ACCEPTED = Message("This plan may be applied: what speaks against it is accepted: {against}.")
_ACCEPTABLE = Message(
    "Change what is wanted, or let it pass with --accept ID=REASON or ID:USER=REASON: {against}."
)
_VERDICTS: Mapping[SafetyVerdict, Message] = {
    SafetyVerdict.PROVED: Message("proved"),
    SafetyVerdict.NOBODY: Message("about nobody"),
    SafetyVerdict.REFUTED: Message("REFUTED"),
    SafetyVerdict.UNKNOWN: Message("UNKNOWN"),
}
_MOST_NAMES = 20


def plan_lines(plan: Plan, lang: Language) -> Iterator[str]:
    """Yield what a plan says, line by line, as wide as the terminal; what is copied stays whole."""
    width = terminal_width()
    yield from plan_head(plan, lang)
    yield from _changes(plan, lang)
    for line in _judgement(plan, lang):
        yield from hanging(line, width)


def plan_head(plan: Plan, lang: Language) -> Iterator[str]:
    """Yield which plan it is, and whether it may be applied."""
    width = terminal_width()
    for line in _head(plan):
        yield from hanging(line.into(lang), width)


def _head(plan: Plan) -> Iterator[Message]:
    yield _TITLE.filled(
        digest=plan.digest[:12],
        account=plan.account,
        at=plan.snapshot_at.strftime("%Y-%m-%d %H:%M UTC"),
        caller=plan.caller.arn,
    )
    left = plan.open_obstacles
    if left:
        yield _REFUSED.filled(against=", ".join(left))
    elif plan.changes and plan.against:
        yield _ALL_ACCEPTED.filled(against=", ".join(plan.against))
    elif plan.changes:
        yield _APPLICABLE


def _judgement(plan: Plan, lang: Language) -> Iterator[str]:
    """Yield what was checked, what people must know, and what happens to whom."""
    left = plan.open_obstacles
    yield from ("", _PROOFS.into(lang))
    for proof in plan.proofs:
        yield from _proof(proof, plan, lang)
    yield from _notes(_AGAINST, plan.reasons, plan, lang)
    yield from _notes(_WARNINGS, plan.warnings, plan, lang)
    yield from _people(plan, lang)
    yield from _exceptions(plan, lang)
    may = [
        acceptance(identity, user)
        for identity, users in left.items()
        if identity not in UNACCEPTABLE
        for user in users
    ]
    if may:
        yield from ("", _ACCEPTABLE.filled(against=_named(tuple(may))).into(lang))


def _changes(plan: Plan, lang: Language) -> Iterator[str]:
    if not plan.changes:
        yield _NOTHING.into(lang)
        return
    yield from ("", _CHANGES.filled(count=len(plan.changes)).into(lang))
    for change in plan.changes:
        yield f"  {type(change).__name__} {change.address.partition(' ')[2]}"
        if isinstance(change, CreatePolicy):
            text = _FOR_GOOD if change.description else _NO_DESCRIPTION
            shown = " ".join(change.description.split())
            yield f"    {text.filled(description=shown).into(lang)}"
    if plan.already:
        yield f"  ({_ALREADY.filled(count=len(plan.already)).into(lang)})"


def _proof(proof: Proof, plan: Plan, lang: Language) -> Iterator[str]:
    yield f"  {_VERDICTS[proof.verdict].into(lang)}  {proof.id}: {proof.text.into(lang)}"
    shown = [text.into(lang) for text in proof.shown] or [""] * len(proof.failed)
    # what is not known has one reason for many
    lines: dict[str, list[str]] = {}
    for name, why in zip(proof.failed, shown, strict=True):
        lines.setdefault(why or name, []).append(name)
    for why, names in [*lines.items()][:_MOST_NAMES]:
        yield f"    {why}" if why in names else f"    {_named(tuple(names))}: {why}"
    if len(lines) > _MOST_NAMES:
        yield f"    (+{len(lines) - _MOST_NAMES})"
    yield from _word(proof.id, plan, lang)


def _notes(
    title: Message, notes: tuple[PlanNote, ...], plan: Plan, lang: Language
) -> Iterator[str]:
    if notes:
        yield from ("", title.into(lang))
    for note in notes:
        yield f"  {note.id}: {note.text.into(lang)}"
        if note.about:
            yield f"    {_named(note.about)}"
        yield from _word(note.id, plan, lang)


def _word(identity: str, plan: Plan, lang: Language) -> Iterator[str]:
    for key, reason in plan.accepted.items():
        accepted_id, _, user = key.partition(":")
        if accepted_id == identity:
            whom = f"{user}: " if user else ""
            yield f"    {whom}{_ACCEPTED.filled(reason=reason).into(lang)}"


def _people(plan: Plan, lang: Language) -> Iterator[str]:
    if plan.people:
        yield from ("", _PEOPLE.filled(count=len(plan.people)).into(lang))
    for person in plan.people:
        wave = f" [{person.wave}]" if person.wave else ""
        yield f"  {person.user}{wave}: {person.text.into(lang)}"


def _exceptions(plan: Plan, lang: Language) -> Iterator[str]:
    if plan.exceptions:
        yield from ("", _EXCEPTIONS.filled(count=len(plan.exceptions)).into(lang))
    names = ("user", "kind", "why", "owner", "approved", "expires", "ticket")
    for each in plan.exceptions:
        said = [text.into(lang) for text in exemption_text(each)]
        line = _EXCEPTION.filled(**dict(zip(names, said, strict=False))).into(lang)
        # what somebody else has written is nothing that a terminal would obey
        yield f"  {printable(line)}"


def _named(names: tuple[str, ...]) -> str:
    more = f" (+{len(names) - _MOST_NAMES})" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
