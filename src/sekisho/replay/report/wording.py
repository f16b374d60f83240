"""The texts of a replay: the verdict, the figures, the keys that stop, and the remedies."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from sekisho.account import LooksLike, looks_like
from sekisho.messages import Message, duration_text, joined_messages, listed, table, verbatim
from sekisho.replay.event import DetailKind
from sekisho.replay.outcome import CallOutcome, OutcomeReason
from sekisho.replay.report.callers import (
    CallerReport,
    KeyReport,
    events_of,
    evidence_of_key,
    grouped_by,
)
from sekisho.replay.report.model import NOT_OPENED, PEOPLE, LogFigures, ReplayReport
from sekisho.replay.rows import CallRow, CallSum, ConsoleSignIn, PrincipalKind

NAMES = 12
"""The most names in a sentence."""
_SERVICES = 6
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

_NO_EVENTS = Message("No event was read, so there is no result.")
_NO_LOGS = Message("No event was read, so there is no result: {faults}.")
_FILE_IS = Message("{file} {what}")
_LOSING = Message("Calls of {losing} of {users} {users:user|users} would be denied: {names}.")
_ONLY_OTHERS = Message("No user's call would be denied, but calls of other callers would: {names}.")
_OTHERS = Message("So would calls of roles and federated users: {names}.")
_UNDECIDED = Message("No call of {users} is sure to be denied, but {unknown} cannot be decided.")
_UNDECIDED_OF_NOBODY = Message("No call is sure to be denied, but {unknown} cannot be decided.")
_NONE_THAT_PASSED = Message("No call that succeeded would be denied.")
_FAILING = Message(
    "Calls that failed for another reason than permission would be denied from then on: {names}."
)
_DENIED_AS_WELL = Message(
    "Failed for another reason than permission, and would be denied as well: {count}."
)
_UNDECIDED_AS_WELL = Message(
    "Failed for another reason than permission, and whether it would be denied as well cannot be "
    "decided: {count}."
)
_NOBODY = Message("No call would be denied: {users}, {events}.")
_NOBODY_READ = Message("Of what could be read, no call would be denied: {users}, {events}.")
_OF_WHAT_WAS_READ = Message("This covers only what could be read.")
_SEEN_ELSEWHERE = Message(
    "Some calls of {names} are in another account's trail alone: they cannot be decided."
)
_LOST = Message("Records that are lost, as far as they can be counted: {count}.")
_ASKED_NONE = Message("No result: the policies in question apply to none of {events}.")
_AND_UNDECIDED = Message("{unknown} cannot be decided.")
_ON_BEHALF = Message("Of the denied calls, made by services on a caller's behalf: {count}.")
_MORE_NAMES = Message("{names} and {count} more")
_SPAN = Message("{events} from {first} to {last} (UTC), in {files}.")
_COUNTS = Message("{label} {count}", "outcome")
_USED = Message("MFA was used by {used} of {users}.")
_ENABLED = Message(
    "{enabled} of {users} {users:user|users} of the account {users:has|have} an MFA device. {used}"
)
_ONLY_GIVEN = Message(
    "Only the given policies were evaluated: without `--snapshot`, a caller's other policies "
    "and user groups are unknown."
)
_OUTSIDE = Message("Not between the times asked for, and not counted: {count}.")
_DUPLICATES = Message("Duplicates, counted once: {count}.")
_SKIPPED = Message("Left out: {count} ({kind}).")
_SKIPPED_KINDS = {
    "digest": Message("digests"),
    "insight": Message("insights"),
    "other": Message("another kind of CloudTrail's"),
    "other service": Message("logs of another service"),
    "other ending": Message("not logs, by name and content"),
    NOT_OPENED: Message("not opened: not logs by name, but possibly logs"),
    "outside window": Message("delivered at another time than asked for"),
}
_ASSUMED = Message("{count} would have another outcome if `--assume {name}` were set otherwise.")
_ABSENT = Message(
    "Not in the snapshot: {users} ({names}). Their calls were not evaluated; users who were "
    "renamed or created since would be affected."
)
_ALREADY = Message(
    "Denied already by the account's policies of today, also without the change: {count}. The log "
    "is older than these policies."
)
_SEEN_SINCE = Message(
    "Created or renamed after the snapshot: {users} ({names}). They called after it was taken "
    "and may be affected: read the account again."
)
_FAULTY = Message("Not read, or only in part: {count}. What is missing was not evaluated.")

KINDS = {
    PrincipalKind.USER: Message("IAM user"),
    PrincipalKind.ROOT: Message("root user"),
    PrincipalKind.ROLE: Message("role"),
    PrincipalKind.FEDERATED: Message("federated user"),
    PrincipalKind.SERVICE: Message("AWS service"),
    PrincipalKind.UNKNOWN: Message("unknown caller"),
}
LOOKS = {
    LooksLike.PERSON: Message("Looks like a person: {why}."),
    LooksLike.MACHINE: Message("Looks like a machine: {why}."),
    LooksLike.UNSURE: Message("Person or machine: not clear ({why})."),
}
_NO_EVIDENCE = Message("nothing counted")
SIGN_INS = {
    ConsoleSignIn.WITH_MFA: Message("with MFA", "sign-ins"),
    ConsoleSignIn.WITHOUT_MFA: Message("without MFA", "sign-ins"),
    ConsoleSignIn.UNKNOWN_MFA: Message("MFA unknown", "sign-ins"),
    ConsoleSignIn.FAILED: Message("failed", "sign-ins"),
}


def outcome_label(outcome: CallOutcome) -> Message:
    """Return an outcome's name."""
    return cast(Message, table("replay")["outcome"][outcome.value]["label"])


def outcome_meaning(outcome: CallOutcome) -> Message:
    """Return the meaning of an outcome of a call."""
    return cast(Message, table("replay")["outcome"][outcome.value]["means"])


def reason_text(reason: OutcomeReason, keys: Sequence[str] = ()) -> Message:
    """Return the text of a reason, with the unknown keys."""
    text = cast(Message, table("replay")["reason"][reason.value])
    if not keys:
        return text
    named = verbatim(", ".join(f"`{key}`" for key in keys))
    return joined_messages((text, named), en=": ", ja=": ")


def number(count: int) -> str:
    """Return a number with separators."""
    return f"{count:,}"


def calls_text(count: int) -> Message:
    """Return the text of a number of calls."""
    return Message("{count} {count:call|calls}").filled(count=number(count))


def events_text(count: int) -> Message:
    """Return the text of a number of events."""
    return Message("{count} {count:event|events}").filled(count=number(count))


def users_text(count: int) -> Message:
    """Return the text of a number of users."""
    return Message("{count} {count:user|users}").filled(count=number(count))


def files_text(count: int) -> Message:
    """Return the text of a number of files."""
    return Message("{count} {count:file|files}").filled(count=number(count))


def minute(at: datetime) -> str:
    """Return a time to the minute."""
    return at.strftime("%Y-%m-%d %H:%M")


def names_text(names: Sequence[str]) -> Message:
    """Return names in one line; of many, the first, and the number of others."""
    shown = verbatim(", ".join(names[:NAMES]))
    if len(names) <= NAMES:
        return shown
    return _MORE_NAMES.filled(names=shown, count=number(len(names) - NAMES))


def headline(report: ReplayReport) -> Message:
    """Return the verdict."""
    return joined_messages(tuple(_sentences(report)), en=" ", ja="")


def _sentences(report: ReplayReport) -> Iterator[Message]:
    """Yield the sentences of the verdict: the losses, and the part of the logs they are from."""
    if report.span is None and report.log.faults:
        # the first faults say of which files there is nothing, and why
        faults = [_FILE_IS.filled(file=f.file, what=f.what) for f in report.log.faults[:NAMES]]
        yield _NO_LOGS.filled(faults=joined_messages(faults, en="; ", ja="、"))
    elif report.span is None:
        yield _NO_EVENTS
    elif not report.asked:
        yield _ASKED_NONE.filled(events=events_text(report.log.events))
    else:
        yield from _verdict(report)
    if report.seen_elsewhere:
        yield _SEEN_ELSEWHERE.filled(names=_names(report.seen_elsewhere))
    if report.log.unread and not _is_nobody(report):
        yield _OF_WHAT_WAS_READ


def _is_nobody(report: ReplayReport) -> bool:
    """Return whether no call would be lost, and all could be decided."""
    undecided = report.counts[CallOutcome.UNKNOWN] or report.undecided_as_well
    return bool(report.asked) and not (report.affects or undecided)


def _verdict(report: ReplayReport) -> Iterator[Message]:
    """Yield the sentences of the verdict on a log with calls that were asked about."""
    count = report.counts[CallOutcome.UNKNOWN]
    unknown, users = calls_text(count), users_text(len(report.users))
    if report.losing:
        yield _losing(report)
        if count:
            yield _AND_UNDECIDED.filled(unknown=unknown)
    elif count:
        form = _UNDECIDED if report.users else _UNDECIDED_OF_NOBODY
        yield form.filled(users=users, unknown=unknown)
    elif report.failing or report.undecided_as_well:
        yield _NONE_THAT_PASSED
    else:
        form = _NOBODY_READ if report.log.unread else _NOBODY
        yield form.filled(users=users, events=events_text(report.log.events))
    if report.failing:
        yield _FAILING.filled(names=_names(report.failing))


def _losing(report: ReplayReport) -> Message:
    """Return the sentence on the callers who would lose calls."""
    users = len(report.users)
    losing = [each for each in report.losing if each.caller.kind in PEOPLE]
    others = [each for each in report.losing if each.caller.kind not in PEOPLE]
    if losing:
        said = _LOSING.filled(losing=number(len(losing)), users=number(users), names=_names(losing))
        if not others:
            return said
        more = _OTHERS.filled(names=_names(others))
        return joined_messages((said, more), en=" ", ja="")
    return _ONLY_OTHERS.filled(names=_names(others))


def _names(callers: Iterable[CallerReport]) -> Message:
    return names_text([each.label for each in callers])


def figures(report: ReplayReport) -> Iterator[Message]:
    """Yield the figures of the reading and of the outcomes."""
    if report.span is not None:
        yield _SPAN.filled(
            events=events_text(report.log.events),
            first=minute(report.span.first),
            last=minute(report.span.last),
            files=files_text(report.log.files),
        )
    yield listed(
        _COUNTS.filled(label=outcome_label(each), count=number(report.counts[each]))
        for each in report.outcomes
    )
    if report.denied_on_behalf:
        yield _ON_BEHALF.filled(count=number(report.denied_on_behalf))
    if report.users:
        used = sum(each.with_mfa > 0 for each in report.users)
        said = _USED.filled(used=number(used), users=users_text(len(report.users)))
        if report.question.enabled is None:
            yield said
        else:
            enabled, users = report.question.enabled
            yield _ENABLED.filled(enabled=number(enabled), users=number(users), used=said)


def notices(report: ReplayReport) -> Iterator[Message]:
    """Yield the notices on the limits of the answer."""
    if not report.question.account:
        yield _ONLY_GIVEN
    if report.absent:
        users = users_text(len(report.absent))
        yield _ABSENT.filled(users=users, names=_names(report.absent))
    if report.seen_since:
        users = users_text(len(report.seen_since))
        yield _SEEN_SINCE.filled(users=users, names=_names(report.seen_since))
    if already := report.counts[CallOutcome.ALREADY_DENIED]:
        yield _ALREADY.filled(count=calls_text(already))
    if failed := report.because(CallOutcome.FAILED).get(OutcomeReason.DENIED_AS_WELL):
        yield _DENIED_AS_WELL.filled(count=calls_text(failed))
    if failed := report.undecided_as_well:
        yield _UNDECIDED_AS_WELL.filled(count=calls_text(failed))
    for name, count in report.assumed.items():
        yield _ASSUMED.filled(count=calls_text(count), name=name)
    yield from _not_counted(report.log)


def _not_counted(log: LogFigures) -> Iterator[Message]:
    """Yield the notices on calls that were not read or counted, or that logs never have."""
    yield from log.notes
    if log.unread:
        yield _FAULTY.filled(count=files_text(log.unread))
    if log.lost:
        yield _LOST.filled(count=number(log.lost))
    if log.outside:
        yield _OUTSIDE.filled(count=events_text(log.outside))
    if log.duplicates:
        yield _DUPLICATES.filled(count=events_text(log.duplicates))
    for kind, count in log.skipped.items():
        yield _SKIPPED.filled(
            count=files_text(count), kind=_SKIPPED_KINDS.get(kind, verbatim(kind))
        )


_KEY = Message("{user}'s access key {key} made {calls} {mfa}{places}{last}: {what}.")
_SESSIONS = Message("{user}'s sessions made {calls} {mfa}{places}{last}: {what}.")
_KEYLESS = Message("{user} made {calls} {mfa}{places}{last}: {what}.")
_WITHOUT = Message("without MFA", "calls")
_WITH = Message("with MFA", "calls")
_BOTH = Message("with and without MFA", "calls")
_ONE_PLACE = Message(" from one address")
_PLACES = Message(" from {count} {count:address|addresses}")
_LAST = Message(", the last on {at} UTC")
_LAST_BEFORE = Message(", the last on {at} UTC ({ago} before the log ends)")
_AND_SERVICES = Message("{names} and {count} more {count:service|services}")
_STOPS = Message("All of them would be denied, so it will stop working.")
_SOME = Message("Of all its calls, {denied} would be denied and {left} not.")
_SOME_UNKNOWN = Message(
    "Of all its calls, {denied} would be denied and {left} not; {unknown} cannot be decided."
)
_FORWARDED = Message("On its behalf, services made {count}, which depend on these: {names}.")
_LOST_ON_BEHALF = Message(
    "On behalf of {user}, services made {count} that would be denied: {names}. What {user} does "
    "with these services would fail."
)
_NAME = Message("{user}: {key}")
_NAME_SESSIONS = Message("{user}: sessions")


def key_name(key: KeyReport) -> Message:
    """Return the name of a key: its user and its id."""
    if not key.key_id:
        return verbatim(key.label)
    form = _NAME if key.key_id.startswith("AKIA") else _NAME_SESSIONS
    return form.filled(user=key.label, key=key.key_id)


def key_story(key: KeyReport, report: ReplayReport) -> Message:
    """Return the text on a key's calls that would be denied, and on whether these are all."""
    denied = key.denied
    if not denied:
        lost = key.denied_on_behalf
        names = names_text(list(grouped_by(lost, lambda row: row.invoked_by)))
        return _LOST_ON_BEHALF.filled(
            user=key.label, count=calls_text(events_of(lost)), names=names
        )
    forms = _KEY if denied[0].long_term else _SESSIONS if key.key_id else _KEYLESS
    latest = max(row.tally.last for row in denied)
    did = forms.filled(
        user=key.label,
        key=key.key_id,
        calls=calls_text(events_of(denied)),
        mfa=_mfa(denied),
        places=_places(key),
        last=_last(latest, report),
        what=_services(key.lost),
    )
    sentences = [did, _STOPS if key.stops else _partly(key)]
    if key.forwarded:
        causes = grouped_by(key.forwarded, lambda row: row.invoked_by)
        names = names_text(list(causes))
        sentences.append(_FORWARDED.filled(count=calls_text(events_of(key.forwarded)), names=names))
    return joined_messages(sentences, en=" ", ja="")


def _partly(key: KeyReport) -> Message:
    left = sum(row.tally.events for row in key.own if row.outcome is CallOutcome.UNCHANGED)
    return (_SOME_UNKNOWN if key.undecided else _SOME).filled(
        denied=number(events_of(key.denied)),
        left=number(left),
        unknown=number(events_of(key.undecided)),
    )


def _mfa(sums: Iterable[CallSum]) -> Message:
    found = {each.with_mfa for each in sums}
    if len(found) > 1:
        return _BOTH
    return _WITH if found == {True} else _WITHOUT


def _places(key: KeyReport) -> Message:
    found = len([each for each in key.values(DetailKind.ADDRESS) if each.value])
    if not found:
        return verbatim("")
    return _ONE_PLACE if found == 1 else _PLACES.filled(count=number(found))


def _last(at: datetime, report: ReplayReport) -> Message:
    """Return the time of the last call, with the time from it to the log's end.

    The present day would say nothing of a log that ended a year ago.
    """
    end = report.span.last if report.span else at
    before = end - at
    if before < _HOUR:
        return _LAST.filled(at=minute(at))
    ago = duration_text(before - before % (_DAY if before >= 2 * _DAY else _HOUR))
    return _LAST_BEFORE.filled(at=minute(at), ago=ago)


def _services(rows: Iterable[CallRow]) -> Message:
    found = grouped_by(rows, lambda row: row.service)
    shown = [f"{name} ({number(events_of(each))})" for name, each in found.items()]
    names = verbatim(", ".join(shown[:_SERVICES]))
    if len(shown) <= _SERVICES:
        return names
    return _AND_SERVICES.filled(names=names, count=number(len(shown) - _SERVICES))


def key_looks_like(key: KeyReport) -> Message:
    """Return whether a person or a machine is probably behind a key, with the evidence."""
    evidence = evidence_of_key(key)
    return LOOKS[looks_like(evidence)].filled(why=why_of([each.text for each in evidence]))


def why_of(because: Sequence[Message]) -> Message:
    """Return the text of evidence, in one line."""
    return listed(because) if because else _NO_EVIDENCE


def ways_out(key: KeyReport | None) -> tuple[Message, ...]:
    """Return the remedies that keep the calls of a key working; None: of any access key."""
    found = table("replay")["way"]
    return tuple(cast(Message, found[name]) for name in (_ways(key) if key else _OF_ACCESS_KEY))


def _ways(key: KeyReport) -> tuple[str, ...]:
    match key.caller.kind:
        case PrincipalKind.ROOT:
            return ("root",)
        case PrincipalKind.FEDERATED:
            return ("federated",)
        case PrincipalKind.ROLE | PrincipalKind.SERVICE:
            return ("role-session",)
        case PrincipalKind.USER | PrincipalKind.UNKNOWN:
            # a record of a service's call does not show whether a key was behind it
            long_term = not key.denied or any(row.long_term for row in key.denied)
            return _OF_ACCESS_KEY if long_term else ("sign-in", "exempt")


_OF_ACCESS_KEY = ("role", "session", "exempt")
