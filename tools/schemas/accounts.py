"""The forms of what is said of an account, its people and their sessions, and of logs."""

from typing import Any

from tools.schemas.answers import DECISION, REQUEST
from tools.schemas.notation import (
    ANYTHING,
    COUNT,
    DAY,
    FLAG,
    MESSAGE,
    NUMBER,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    a_form,
    an_object,
    as_dict,
    by_name,
    choices,
    listed,
    maybe,
    named,
    one_of,
    record,
    record_members,
    whole,
)

from sekisho.account import Snapshot, Usage
from sekisho.account.evidence import LooksLike
from sekisho.account.model import Gap
from sekisho.account.usage import LogsRead, UserUse
from sekisho.audit.exceptions import ExceptionKind
from sekisho.audit.finding import FindingId, Severity
from sekisho.audit.impact import ImpactKind
from sekisho.audit.impact.outcomes import MayLogin
from sekisho.audit.impact.users import Coverage, Nature
from sekisho.audit.report.wording import LoggedFigures
from sekisho.campaign.calendar import DayEventKind
from sekisho.campaign.stages import CampaignStage
from sekisho.engine import Assumptions
from sekisho.messages import Language
from sekisho.notices.people import NoticeKind
from sekisho.notices.rendering import NoticeContext
from sekisho.policy import Preset
from sekisho.prover import CallerCredential, Enforced
from sekisho.replay.outcome import CallOutcome, OutcomeReason
from sekisho.replay.rows import ConsoleSignIn, PrincipalKind
from sekisho.rollout import Plan
from sekisho.rollout.applying.change_status import ChangeStatus
from sekisho.rollout.applying.dependents import AddedPolicies
from sekisho.rollout.changes.kinds import KINDS
from sekisho.rollout.changes.model import Change
from sekisho.rollout.goal.unused import KeyState
from sekisho.signin import DeviceKind, SigninAssumptions
from sekisho.tour.rehearsal.steps import StepCredential

_EXEMPTION = {
    "user": TEXT,
    "kind": one_of(ExceptionKind),
    "why": TEXT,
    "owner": TEXT,
    "approvedBy": TEXT,
    "expires": DAY,
    "ticket": TEXT,
    "force": TEXT,
}


def accounts() -> dict[str, Schema]:
    """Return the schema of each form, by its name; those of files among them."""
    return {
        "snapshot": a_form("snapshot", "An account as it was read", record_members(Snapshot)),
        "plan": a_form("plan", "A plan", _plan()),
        "usage": a_form("usage", "What logs have of users", record_members(Usage)),
        "audit": a_form("audit", "An audit", _audit()),
        "impact": a_form("impact", "What logged calls a policy would deny", _impact()),
        "logs-verify": a_form(
            "logs-verify", "Whether logs are as CloudTrail delivered them", _verified()
        ),
        "status": a_form("status", "How a plan stands", _status()),
        "waves": a_form("waves", "How the waves of a goal stand", _waves()),
        "campaign": a_form("campaign", "How a campaign stands", _campaign()),
        "notices": a_form("notices", "Notices and the work list", _notices()),
        "card": a_form("card", "How one person works with MFA", _card()),
        "session-status": a_form("session-status", "Sessions that are kept", _sessions()),
        "session": whole("A session, as `sekisho session` hands it out", _session()),
        "local": whole("Credentials for the local AWS", _local()),
        "tour": a_form("tour", "The tour", _tour()),
    }


def _plan() -> dict[str, Schema]:
    changes: list[Schema] = []
    for kind, change in KINDS.items():
        members = {"kind": {"const": kind}, "address": TEXT, **record_members(change)}
        changes.append(named(f"change{kind}", an_object(members)))
    one = named("change", {"oneOf": changes})
    members = record_members(Plan, {Change: one})
    return {"applicable": FLAG, **members, "digest": TEXT}


def _audit() -> dict[str, Schema]:
    credentials = {
        "password": maybe(FLAG),
        "mustChange": maybe(FLAG),
        "passwordLastUsed": maybe(TIME),
        "enrolled": maybe(FLAG),
        "devices": listed(an_object({"serial": TEXT, "kind": one_of(DeviceKind)})),
        "phishingResistant": maybe(FLAG),
        "activeKeys": maybe(COUNT),
        "keys": listed(
            an_object({"id": TEXT, "active": FLAG, "lastUsed": maybe(TIME), "lastService": TEXT})
        ),
        "keyLastUsed": maybe(TIME),
        "keyUseKnown": FLAG,
        "otherCredentials": maybe(COUNT),
        "byCredentialReport": FLAG,
    }
    shown = {
        "text": TEXT,
        "credential": one_of(CallerCredential),
        "request": REQUEST,
        "decisions": by_name(DECISION),
    }
    user = {
        "user": TEXT,
        "arn": TEXT,
        "tags": by_name(TEXT),
        "kind": one_of(Nature),
        "because": TEXTS,
        **credentials,
        "enforced": one_of(Enforced),
        "counterexample": maybe(an_object(shown)),
        "assumed": TEXTS,
        "enforcedBy": TEXTS,
        "impact": listed(one_of(ImpactKind)),
        "logged?": an_object({**record_members(UserUse), "toDecide": FLAG}),
        "administrator": maybe(FLAG),
        "administersBy": maybe(TEXT),
        "mayEditOwnEnforcement": maybe(TEXT),
        "exempt": FLAG,
        "breakGlassOf?": TEXT,
        "unknown": TEXTS,
    }
    finding = {
        "id": one_of(FindingId),
        "severity": one_of(Severity),
        "status": one_of(("found", "unknown")),
        "subject": TEXT,
        "fact": MESSAGE,
        "exception": maybe(an_object(_EXEMPTION)),
        "breakGlassOf?": TEXT,
    }
    control = an_object({"name": TEXT, "limits": MESSAGE})
    words = an_object(
        {"title": MESSAGE, "cause": MESSAGE, "remediation": MESSAGE, "controls": listed(control)}
    )
    logs = as_dict(LogsRead, used=maybe(an_object(record_members(LoggedFigures))))
    return {
        "sekisho": TEXT,
        "catalogue": TEXT,
        "account": TEXT,
        "partition": TEXT,
        "alias": maybe(TEXT),
        "asOf": TIME,
        "headline": MESSAGE,
        "coverage": _nullable_members(as_dict(Coverage)),
        "logs?": logs,
        "exceptions": listed(an_object({**_EXEMPTION, "expired": FLAG})),
        "users": maybe(listed(an_object(user))),
        "findings": listed(an_object(finding)),
        "words": by_name(words),
        "controlsDoNotCheck": MESSAGE,
        "gaps": listed(record(Gap)),
    }


def _nullable_members(schema: Schema) -> Schema:
    members = {key: maybe(each) for key, each in schema["properties"].items()}
    return {**schema, "properties": members}


def _impact() -> dict[str, Schema]:
    tally = {
        "events": COUNT,
        "first": TIME,
        "last": TIME,
        "firstEventId": TEXT,
        "lastEventId": TEXT,
    }
    counts = named("counts", an_object({each.value: COUNT for each in CallOutcome}))
    value = listed(an_object({"value": TEXT, **tally}))
    values = named("values", an_object({"values": value, "others": COUNT}))
    key = {
        "key": maybe(TEXT),
        "own": counts,
        "onItsBehalf": counts,
        "stops": FLAG,
        "addresses": values,
        "programs": values,
        "regions": values,
    }
    looks = {"looksLike": one_of(LooksLike)}
    caller = {
        "kind": one_of(PrincipalKind),
        "name": TEXT,
        "account": TEXT,
        "arn": maybe(TEXT),
        "own": counts,
        "onItsBehalf": COUNT,
        "signIns": an_object({f"{each.value}?": COUNT for each in ConsoleSignIn}),
        "usedWithMfa": COUNT,
        "awsLoginWithoutMfa": COUNT,
        **looks,
        "evidence": TEXTS,
        "keys": listed(an_object(key)),
    }
    stopping = {
        "caller": TEXT,
        "arn": maybe(TEXT),
        "key": maybe(TEXT),
        "denied": COUNT,
        "stops": FLAG,
        "story": MESSAGE,
        **looks,
        "evidence": TEXTS,
        "waysOut": listed(MESSAGE),
    }
    exemption = {
        "user": TEXT,
        "arn": maybe(TEXT),
        "keys": TEXTS,
        "calls": COUNT,
        **looks,
        "because": TEXTS,
        "decided": {"type": "null"},
    }
    row = {
        "caller": TEXT,
        "arn": maybe(TEXT),
        "key": maybe(TEXT),
        "mfa": maybe(TEXT),
        "service": TEXT,
        "event": TEXT,
        "actions": TEXTS,
        "guessedAction": FLAG,
        "assumed": TEXTS,
        "invokedBy": maybe(TEXT),
        "outcome": one_of(CallOutcome),
        "reason": maybe(one_of(OutcomeReason)),
        "unknownKeys": TEXTS,
        "statements": TEXTS,
        "signIn": maybe(one_of(ConsoleSignIn)),
        "awsLogin": FLAG,
        **tally,
    }
    unknown = {"reason": one_of(OutcomeReason), "keys": TEXTS, "calls": COUNT}
    return {
        "sekisho": TEXT,
        "catalogue": TEXT,
        "headline": MESSAGE,
        "notices": listed(MESSAGE),
        "question": _impact_question(),
        "log": _impact_log(),
        "counts": counts,
        "unknown": listed(an_object(unknown)),
        "callers": listed(an_object(caller)),
        "stopping": listed(an_object(stopping)),
        "exemptionsToDecide": listed(an_object(exemption)),
        "days": listed(an_object({"day": DAY, "events": COUNT, "denied": COUNT})),
        "rows": listed(an_object(row)),
    }


def _impact_question() -> Schema:
    return an_object(
        {
            "about": MESSAGE,
            "policies": TEXTS,
            "withAccount": FLAG,
            "from": maybe(TIME),
            "to": maybe(TIME),
            "usersWithDevice": maybe(COUNT),
        }
    )


def _impact_log() -> Schema:
    fault = {"file": TEXT, "place": TEXT, "what": MESSAGE, "records": maybe(COUNT)}
    return an_object(
        {
            "files": COUNT,
            "bytes": COUNT,
            "events": COUNT,
            "first": maybe(TIME),
            "last": maybe(TIME),
            "skippedFiles": by_name(COUNT),
            "outsideTimes": COUNT,
            "duplicates": COUNT,
            "faults": listed(an_object(fault)),
        }
    )


def _verified() -> dict[str, Schema]:
    faults = listed(an_object({"file": TEXT, "what": MESSAGE}))
    figures = dict.fromkeys(("digests", "unsigned", "logs", "unproven"), COUNT)
    return {"headline": MESSAGE, **figures, "faults": faults, "unread": faults}


def _status() -> dict[str, Schema]:
    author = {
        "last": maybe(an_object({"who": TEXT, "event": TEXT, "at": TIME})),
        "notKnown?": TEXT,
    }
    change = {
        "address": TEXT,
        "status": one_of(ChangeStatus),
        "expected?": ANYTHING,
        "found?": ANYTHING,
        "dated?": maybe(TIME),
        "last?": author["last"],
        "notKnown?": TEXT,
        "came?": TEXTS,
        "added?": listed(an_object(author)),
    }
    person = {
        "user": TEXT,
        "wave": TEXT,
        "enrolled": maybe(FLAG),
        "lockedOut?": maybe(FLAG),
        "why?": TEXT,
        "hasRequiredDevice?": maybe(FLAG),
    }
    return {
        "plan": TEXT,
        "changes": listed(an_object(change)),
        "people": listed(an_object(person)),
        "rolledBack?": TIME,
        "addedPolicies?": listed(as_dict(AddedPolicies)),
    }


def _waves() -> dict[str, Schema]:
    wave = {
        "name": TEXT,
        "from": maybe(DAY),
        "due": FLAG,
        "users": TEXTS,
        "exempt": TEXTS,
        "enrolled": TEXTS,
        "devicesUnknown": TEXTS,
        "enforced": TEXTS,
        "unknown": TEXTS,
        "enrolFrom?": DAY,
        "otherKind?": TEXTS,
    }
    return {"unread": TEXTS, "waves": listed(an_object(wave))}


def _campaign() -> dict[str, Schema]:
    person = {
        "user": TEXT,
        "wave": TEXT,
        "stage": one_of(CampaignStage),
        "enrolled": maybe(FLAG),
        "enrolFrom": maybe(DAY),
        "enforcedFrom": maybe(DAY),
        "exceptionUntil": maybe(DAY),
        "overdue": FLAG,
        "obstacles": TEXTS,
    }
    dormant = {
        "user": TEXT,
        "lastSignIn": maybe(TIME),
        "since": DAY,
        "dormantFrom": DAY,
        "told": maybe(DAY),
        "passwordGoes": maybe(DAY),
        "decided": maybe(TEXT),
    }
    key = {
        "user": TEXT,
        "key": TEXT,
        "state": one_of(KeyState),
        **dict.fromkeys(("since", "warnOn", "told", "inactiveFrom", "deletedOn"), maybe(DAY)),
        "needsDecision": maybe(TEXT),
        "why": maybe(TEXT),
    }
    progress = {"day": DAY, "people": COUNT, "enrolled": COUNT, "enforced": COUNT}
    event = {"day": DAY, "event": one_of(DayEventKind), "about": TEXT, "users": TEXTS}
    return {
        "account": TEXT,
        "day": DAY,
        "timezone": TEXT,
        "enforced": COUNT,
        "people": listed(an_object(person)),
        "dueToday": an_object(_DUE),
        "applicable": FLAG,
        "dormant": listed(an_object(dormant)),
        "signInsUnread": TEXTS,
        "keys": listed(an_object(key)),
        "assumed": TEXTS,
        "inDoubt": TEXTS,
        "progress": listed(an_object(progress)),
        "notes": listed(an_object({"id": TEXT, "text": TEXT, "about": TEXTS})),
        "calendar": listed(an_object(event)),
    }


_DUE = {f"{each}?": TEXTS for each in ("create", "enrol", "enforce", "close", "tell")}


def _notices() -> dict[str, Schema]:
    person: dict[str, Schema] = {
        "wave": TEXT,
        "date": TEXT,
        "user": TEXT,
        "owner": TEXT,
        "kinds": listed(one_of(NoticeKind)),
        "needsAttention": FLAG,
        "outcome": MESSAGE,
        "devices": TEXT,
        "enrolledSince": TEXT,
        "lacksPasskey": FLAG,
        "activeKeys": TEXT,
        "keyLastUsed": TEXT,
        "keyLastService": TEXT,
        "otherCredentials": TEXT,
        "enforced": FLAG,
        "exceptionExpires": TEXT,
        "notified": TEXT,
        "notRead": listed(MESSAGE),
    }
    section = an_object({"title": TEXT, "paragraphs": TEXTS, "steps": TEXTS})
    notice: dict[str, Schema] = {
        **record_members(NoticeContext),
        "facts": listed(an_object({"name": TEXT, "value": TEXT})),
        "sections": listed(section),
        "text": TEXT,
    }
    return {"people": listed(an_object(person)), "notices?": listed(an_object(notice))}


def _card() -> dict[str, Schema]:
    device = {"kind": one_of(DeviceKind), "serial": TEXT, "givesCodes": FLAG}
    login = {"allowed": one_of(MayLogin), "reason": maybe(MESSAGE), "needsCli": TEXT}
    return {
        "account": TEXT,
        "user": TEXT,
        "readAt": TIME,
        "devices": listed(an_object(device)),
        "accessKeys": TEXTS,
        "hasDevice": maybe(FLAG),
        "hasKey": maybe(FLAG),
        "hasPassword": maybe(FLAG),
        "awsLogin": an_object(login),
        "toolsProfile": TEXT,
        "blocks": listed(an_object({"section": TEXT, "language": TEXT, "text": TEXT})),
        "unread": maybe(MESSAGE),
    }


def _sessions() -> dict[str, Schema]:
    session = {
        "account": TEXT,
        "user": TEXT,
        "serialNumber": TEXT,
        "accessKeyId": TEXT,
        "roleArn": maybe(TEXT),
        "endpointUrl": maybe(TEXT),
        "made": maybe(TIME),
        "expires": TIME,
        "keptIn": TEXT,
    }
    return {"sessions": listed(an_object(session))}


_KEY = {"AccessKeyId": TEXT, "SecretAccessKey": TEXT, "SessionToken": TEXT}


def _session() -> Schema:
    return an_object(
        {
            "Version": {"const": 1},
            **_KEY,
            "Expiration": TIME,
            "Account": TEXT,
            "User": TEXT,
            "SerialNumber": TEXT,
            "RoleArn": maybe(TEXT),
            "KeptIn": maybe(TEXT),
        }
    )


def _local() -> Schema:
    return an_object({"endpointUrl": TEXT, "region": TEXT, **_KEY, "SessionToken?": TEXT})


def _tour() -> dict[str, Schema]:
    figures = dict.fromkeys(("steps", "calls", "refused", "checks"), COUNT)
    exchange = {
        "caller": TEXT,
        "credential": one_of(StepCredential),
        "operation": TEXT,
        "target": TEXT,
        "expected": TEXT,
        "answer": TEXT,
        "message": TEXT,
        "because": TEXTS,
        "count": COUNT,
        "background": FLAG,
    }
    table = {"title": TEXT, "columns": TEXTS, "rows": listed(TEXTS)}
    step = {
        "id": TEXT,
        "chapter": NUMBER,
        "section": TEXT,
        "title": TEXT,
        "why": TEXT,
        "exchanges": listed(an_object(exchange)),
        "checks": listed(an_object({"what": TEXT, "expected": TEXT, "got": TEXT})),
        "tables": listed(an_object(table)),
        "notes": TEXTS,
        "clockMovedSeconds": NUMBER,
        "assumptions": TEXTS,
    }
    error = {"code": TEXT, "at": TEXT, "message": TEXT}
    assumptions: dict[str, Any] = {
        "engine": choices(Assumptions),
        "signin": as_dict(SigninAssumptions),
    }
    return {
        "tool": TEXT,
        "catalogue": TEXT,
        "preset": one_of(Preset),
        "language": one_of(Language),
        "complete": FLAG,
        "error": maybe(an_object(error)),
        "counts": an_object(figures),
        "clockMovedSeconds": NUMBER,
        "assumptions": an_object(assumptions),
        "steps": listed(an_object(step)),
    }
