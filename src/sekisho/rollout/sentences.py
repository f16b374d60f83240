"""A plan, and how it stands, in sentences.

The verdict comes first, then what can be done about a problem, and what has drifted.
"""

import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sekisho.messages import Message, joined_messages, part_of_table, printable, verbatim
from sekisho.rollout.applying.change_status import ChangeStatus
from sekisho.rollout.changes.kinds import KINDS
from sekisho.rollout.changes.model import State, Toggle
from sekisho.rollout.planning.plan import Plan, Proof, Remedy, RemedyKind, SafetyVerdict
from sekisho.rollout.status import Drift, PlanStatus

_TITLE = Message(
    "Plan {digest} for account {account}, as it was at {at}; to be applied by {caller}."
)
_NO_CHANGE = Message("Nothing to change.")
_REFUSED = Message("This plan is refused: {against}.")
_APPLICABLE = Message("This plan is safe to apply: all checks passed.")
_ALL_ACCEPTED = Message("This plan can be applied: its problems were accepted: {against}.")
_REPORT_BESIDE = Message(
    "an export does not say who has a password, access keys and MFA. Give the credential report as "
    "a second `--snapshot FILE` (`aws iam generate-credential-report`, then `aws iam "
    "get-credential-report > FILE`)"
)
_REMEDIES: Mapping[RemedyKind, Message] = {
    RemedyKind.MFA: Message(
        "sign in with MFA and give `--mfa`: with it, the caller has what the plan needs"
    ),
    RemedyKind.FIRST_LOGIN: Message(
        "{options} (`preset: first-login` in a goal file): with this policy {users} can change "
        "a temporary password without MFA"
    ),
    RemedyKind.RECOMMENDED: Message(
        "{options} (`preset: recommended` in a goal file): with this policy {users} can set up MFA"
    ),
    RemedyKind.KEEP_PASSWORD: Message(
        "{options}: the first password of {users} need not be changed at sign-in"
    ),
    RemedyKind.MACHINE: Message("do not enforce MFA for {users}: a program cannot enter a code"),
    RemedyKind.LEAVE_OUT: Message("{options}: the plan leaves them out, as suits a machine user"),
    RemedyKind.AFTER_PASSWORD_CHANGE: Message(
        "`--when after-password-change` (`when: after-password-change` in a goal file): MFA is "
        "enforced for {users} once the temporary password is changed"
    ),
    RemedyKind.BREAK_GLASS: Message(
        "{options} (`breakGlass` in a goal file): an administrator whom the plan does not change"
    ),
    RemedyKind.KEEP_SESSIONS: Message(
        "{options}: the caller may do everything else; somebody with `signin:ListSessions` and "
        "`signin:BatchRevokeSessions` ends the sessions"
    ),
    RemedyKind.CREDENTIAL_REPORT: Message(
        "only the credential report, which was not read, says whether a password has expired: "
        "{users}. Let the caller read it (`sekisho collect --print-policy` prints the policy)"
    ),
    RemedyKind.READ: Message(
        "let the caller read it: `sekisho collect --print-policy` prints the policy"
    ),
    RemedyKind.CONSOLE_AUTHORIZATION: Message(
        "console authorization is enabled, and keeps who has no device out of the console: "
        "{users}. Disable it until they have enrolled (`aws signin "
        "delete-console-authorization-configuration --region us-east-1`), let them enrol before "
        "the plan, or plan with the policy of `sekisho policy new --console-sign-in-without-mfa` "
        "(`--policy FILE`)"
    ),
    RemedyKind.ENROLMENT: Message(
        "no policy lets {users} set up MFA anew: statements like `AllowManageOwnVirtualMFADevice` "
        "and `AllowManageOwnUserMFA` of Force_MFA are missing. Attach it first "
        "(`sekisho plan --user {user}`), then plan this again"
    ),
    RemedyKind.EXEMPT_ENROLMENT: Message(
        "a Deny keeps {users} from setting up MFA anew without MFA: {policies}. It must exempt "
        "what enrolling needs, such as `iam:CreateVirtualMFADevice` and `iam:EnableMFADevice`. "
        "Correct it, or put Force_MFA (`sekisho policy new`) in its place, by `replaces` in a goal"
        " file; then plan this again"
    ),
}
"""The instruction of each kind of remedy."""
SAFETY_VERDICTS: Mapping[SafetyVerdict, Message] = {
    SafetyVerdict.PROVED: Message("proved"),
    SafetyVerdict.NOBODY: Message("concerns nobody"),
    SafetyVerdict.REFUTED: Message("FAILED"),
    SafetyVerdict.UNKNOWN: Message("UNKNOWN"),
}
"""How a safety property came out, in a word."""
STATUS_TITLES = {
    ChangeStatus.IN_DOUBT: Message(
        "Unclear who set it; ask, then give `--ours USER` or `--theirs USER`: {count}"
    ),
    ChangeStatus.DRIFTED: Message("Changed by somebody else since: {count}"),
    ChangeStatus.WAITS: Message("Not done: {count}"),
    ChangeStatus.DONE: Message("As planned: {count}"),
}
"""Headings of changes by their status, with their number."""
_ALL_DONE = Message("No drift: the account matches the plan.")
_ROLLED_BACK = Message("This plan was rolled back on {at}: nothing of it is left.")
_NONE_APPLIED = Message("Nothing is applied: {count} {count:change is|changes are} pending.")
_SOME_APPLIED = Message("Applied in part: {done} of {count} {count:change is|changes are} made.")
_LOCKED_OUT = Message("Locked out by MFA enforcement now: {users}. {verdict}")
_ADDED = Message(
    "No drift: the account matches the plan. Somebody else has added a policy to its group, so "
    "a roll-back leaves the members in the group."
)
_DRIFT = Message("Drift: somebody has changed {drifted} of {count} {count:item|items} since.")
_MOST = 10
"""So many names at most are in a verdict."""
_DOUBT = Message("For {count} {count:password|passwords} it is unclear who set {count:it|them}.")


def plan_sentences(plan: Plan) -> Iterator[Message]:
    """Yield whether a plan may be applied, then which plan it is."""
    yield _with_locked_out(plan.locked_out, _plan_verdict(plan))
    yield _TITLE.filled(
        digest=plan.digest[:12],
        account=plan.account,
        at=plan.snapshot_at.strftime("%Y-%m-%d %H:%M UTC"),
        caller=plan.caller.arn,
    )


def _plan_verdict(plan: Plan) -> Message:
    left = plan.open_problems
    if left:
        return _REFUSED.filled(against=", ".join(left))
    if not plan.changes:
        return _NO_CHANGE
    accepted = _ALL_ACCEPTED.filled(against=", ".join(plan.problem_ids))
    return accepted if plan.problem_ids else _APPLICABLE


def _with_locked_out(names: Collection[str], verdict: Message) -> Message:
    """Return a verdict; who cannot get in goes first."""
    shown = [*names][:_MOST]
    more = f" (+{len(names) - _MOST})" if len(names) > _MOST else ""
    users = ", ".join(f"`{name}`" for name in shown) + more
    return _LOCKED_OUT.filled(users=users, verdict=verdict) if names else verdict


def check_name(identity: str) -> Message:
    """Return the displayed name of a check: its id, and in Japanese its name before it."""
    name: Message = part_of_table("entries", f"problems.{identity}")["name"]
    return name


def proof_text(proof: Proof) -> Message:
    """Return the sentence for a check: the problem if it failed, else its subject."""
    if proof.verdict is not SafetyVerdict.REFUTED:
        return proof.text
    title: Message = part_of_table("entries", f"problems.{proof.id}")["title"]
    return title


def remedy_text(remedy: Remedy) -> Message:
    """Return the instruction of a remedy, with the options to give."""
    # an export is without the report as a whole, and not of single users
    beside = remedy.kind is RemedyKind.CREDENTIAL_REPORT and not remedy.users
    text = _REPORT_BESIDE if beside else _REMEDIES[remedy.kind]
    return text.filled(
        options=verbatim(", ".join(f"`{option}`" for option in remedy.options)),
        users=", ".join(remedy.users),
        user=shlex.quote(remedy.users[0]) if remedy.users else "",
        policies=", ".join(f"`{each}`" for each in remedy.policies),
    )


def status_sentence(standing: PlanStatus) -> Message:
    """Return how a plan stands; what somebody must look at goes first."""
    return _with_locked_out(standing.locked_out, _status_verdict(standing))


def _status_verdict(standing: PlanStatus) -> Message:
    count = len(standing.facts)
    drifted, doubt, waits = (
        len(standing.addresses(status))
        for status in (ChangeStatus.DRIFTED, ChangeStatus.IN_DOUBT, ChangeStatus.WAITS)
    )
    if drifted:
        return _DRIFT.filled(drifted=drifted, count=count)
    if doubt:
        return _DOUBT.filled(count=doubt)
    if standing.rolled_back:
        return _ROLLED_BACK.filled(at=f"{standing.rolled_back:%Y-%m-%d %H:%M} UTC")
    if waits:
        return pending_sentence(count - waits, count)
    return _ADDED if standing.added_policies else _ALL_DONE


def pending_sentence(done: int, count: int) -> Message:
    """Return how many of a plan's changes are made, where others are not."""
    return (_SOME_APPLIED if done else _NONE_APPLIED).filled(done=done, count=count)


_NOTHING = Message("nothing")
_SOMETHING = Message("it is there")
_OURS = Message("the password that the plan has set")
_ANEW = Message("another password, set later")
_OFF_AND_ON = {kind.noun: kind.off_and_on for kind in KINDS.values() if issubclass(kind, Toggle)}
_RESET_REQUIRED = (
    Message("the password need not be changed"),
    Message("the password must be changed at the next sign-in"),
)
_INACTIVE_ACTIVE = (Message("inactive"), Message("active"))
_PARTS: Mapping[str, Message] = {
    "default": Message("default version {value}"),
    "versions": Message("versions {value}"),
    "document": Message("document with the statements {value}"),
    "description": Message("description {value}"),
    "tags": Message("tags {value}"),
    "path": Message("path {value}"),
    "used": Message("last used {value}"),
}
_ORDER = {key: place for place, key in enumerate(_PARTS, start=1)}
_NONE = Message("none", "value")


def expected_and_found(address: str, drift: Drift) -> tuple[Message, Message]:
    """Return the expected and the found state of a drift, as far as they differ."""
    expected, found = drift.expected, drift.found
    if expected == found:
        return _OURS, _ANEW
    noun, _, _ = address.partition(" ")
    return _state_text(noun, expected, found), _state_text(noun, found, expected)


def _state_text(noun: str, state: State, other: State) -> Message:
    """Return a state in words; of one with parts, those that the other has not."""
    match state:
        case None:
            return _NOTHING
        case bool():
            return _OFF_AND_ON[noun][state]
        case str():
            return verbatim(printable(state))
        case Mapping() if isinstance(other, Mapping):
            return joined_messages(_parts(state, other), en="; ", ja="、")
        case _:
            return _SOMETHING


def _parts(state: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Message]:
    for key, value in sorted(state.items(), key=lambda each: _ORDER.get(each[0], 0)):
        if key in other and value != other[key] and key == "reset_required":
            yield _RESET_REQUIRED[value]
        elif key in other and value != other[key] and key == "active":
            yield _INACTIVE_ACTIVE[value]
        elif key in other and value != other[key]:
            text = _statements(value, other[key]) if key == "document" else _value(value)
            shown = verbatim(printable(text)) if text else _NONE
            yield _PARTS.get(key, verbatim(key + " {value}")).filled(value=shown)


def _value(value: Any) -> str:
    match value:
        case Mapping():
            return ", ".join(f"{key}={each}" for key, each in value.items())
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _statements(document: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return the names of the statements that the other document has not."""
    others = {_text(each) for _, each in _labelled_statements(other)}
    return ", ".join(
        name for name, each in _labelled_statements(document) if _text(each) not in others
    )


def _labelled_statements(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the statements with their `Sid`, or their number where they have none."""
    statements = document.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    for number, each in enumerate(listed, start=1):
        sid = each.get("Sid") if isinstance(each, Mapping) else None
        yield sid or f"#{number}", each


def _text(statement: Any) -> str:
    return json.dumps(statement, sort_keys=True)
