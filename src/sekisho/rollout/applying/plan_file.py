"""Plans in files: by themselves, or in the journal that they were applied with; and whose."""

import json
from pathlib import Path
from stat import S_ISREG

from sekisho.account import AwsApi
from sekisho.errors import Code, FaultyInput, PlanRefused, UsageError, reason_of, unreadable
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.applying.journal import SCHEMA, Journal
from sekisho.rollout.planning.plan import Plan

_SUFFIX = ".journal"
_DAMAGED = Message(
    "restore the file from a copy; without one, give the plan's own file and use the account: "
    "`sekisho rollback PLAN --by-account --journal NEW`"
)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan and its journal, which need not be there yet."""

    plan: Plan
    journal: Journal


def read_plan(path: Path, journal: Path | None = None) -> PlanFile:
    """Return the plan that a plan's file or a journal holds.

    Args:
        path: a plan, or the journal of one.
        journal: the plan's journal; if not given, the plan's name with `.journal` after it.

    Raises:
        FaultyInput: if the file cannot be read.
        PlanRefused: if it is neither, or was edited.
        UsageError: if `path` is a journal, and another one is given beside it; or if no journal can
            be where it is named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FaultyInput(str(path), [unreadable(path, error)]) from None
    from_journal = _plan_in_journal(text)
    if from_journal is not None:
        if journal is not None and journal.resolve() != path.resolve():
            raise UsageError(
                Message(
                    "`{path}` is a journal itself and goes with no other, such as `{journal}`"
                ).filled(path=path, journal=journal),
                fix=Message("leave one of them out"),
            )
        return _with_journal(_plan(from_journal, path, _DAMAGED), path)
    named = journal or path.with_name(f"{path.name}{_SUFFIX}")
    _check_place(named)
    begun = Message("give its journal `{journal}` in its place: it holds the plan that was applied")
    fix = begun.filled(journal=named) if named.exists() else None
    if not text.strip() or path.suffix == _SUFFIX:
        fix = _DAMAGED
    return _with_journal(_plan(text, path, fix), named)


def _with_journal(plan: Plan, journal: Path) -> PlanFile:
    return PlanFile(plan, Journal(journal, {change.address for change in plan.changes}))


def check_account(plan: Plan, api: AwsApi) -> str:
    """Return the caller's ARN; refuse a plan that was made for another account or partition.

    Raises:
        PlanRefused: if it was.
    """
    identity = api.call("sts", "GetCallerIdentity")
    account, partition = identity["Account"], identity["Arn"].split(":")[1]
    if (account, partition) != (plan.account, plan.partition):
        raise PlanRefused(
            Message(
                "this plan is for the account `{account}` in `{partition}`, but the credentials "
                "are for `{own_account}` in `{own_partition}`"
            ).filled(
                account=plan.account,
                partition=plan.partition,
                own_account=account,
                own_partition=partition,
            ),
            code=Code.PLAN_FAULTY,
            fix=Message("use the credentials of the plan's account"),
        )
    return str(identity["Arn"])


def _plan(text: str, path: Path, fix: Message | None) -> Plan:
    """Return the plan of a file; what is wrong with it is said with the file's name."""
    try:
        return Plan.from_json(text)
    except PlanRefused as refused:
        refused.at, refused.fix = str(path), fix or refused.fix
        raise


def _check_place(journal: Path) -> None:
    """Refuse a journal in a folder that is not there, and one that is a device or the like."""
    try:
        kind = journal.stat().st_mode if journal.parent.is_dir() else 0
    except FileNotFoundError:
        return
    except OSError as error:
        why = reason_of(error)
    else:
        if S_ISREG(kind):
            return
        why = Message("it is not a regular file") if kind else Message("there is no such folder")
    raise UsageError(
        Message("the journal cannot be `{journal}`: {why}").filled(journal=journal, why=why),
        fix=Message("name another file"),
    )


def _plan_in_journal(text: str) -> str | None:
    """Return the text of the plan in a journal's first line; None if it is no journal."""
    try:
        header = json.loads(text.partition("\n")[0])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        return None
    return str(header.get("text", ""))
