"""What is wrong with users: credentials without a device, open gates, locked doors."""

from collections.abc import Iterator

from sekisho.account import DeviceKind
from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.checks.make import finding, unknown
from sekisho.audit.checks.model import AccountFinding, Examined
from sekisho.audit.findings import Severity
from sekisho.audit.gated import Gated
from sekisho.audit.people import Outlook, Row
from sekisho.prover import Refuted
from sekisho.prover.wording import witness_text

__all__ = ["user_checks"]


def user_checks(examined: Examined) -> Iterator[AccountFinding]:
    """Find what is wrong with each user."""
    for row in examined.rows:
        yield from _devices(row)
        yield from _gate(examined, row)
        yield from _way_in(row)
        yield from _power(row)


def _devices(row: Row) -> Iterator[AccountFinding]:
    facts, name = row.facts, row.user.name
    if facts.enrolled is None:
        # which of the findings it would be cannot be told: the gravest that may be
        may = facts.active_keys is None or facts.active_keys > 0
        yield unknown(_without_device(row) if may else Id.CONSOLE_WITHOUT_DEVICE, name, _why(row))
        return
    if not facts.enrolled:
        yield from _no_device(row)
        return
    active = facts.active_keys
    if facts.devices and all(device.kind is DeviceKind.FIDO for device in facts.devices):
        if active is None:
            yield unknown(Id.PASSKEY_ONLY, name, _why(row))
        elif active:
            fact = f"{active} active access keys; devices: {_listed(row)}"
            yield finding(Id.PASSKEY_ONLY, name, fact)
    if len(facts.devices) == 1:
        yield finding(Id.ONE_DEVICE, name, f"devices: {_listed(row)}")


def _without_device(row: Row) -> Id:
    return Id.ADMINISTRATOR_WITHOUT_DEVICE if row.power.administers else Id.KEY_WITHOUT_DEVICE


def _no_device(row: Row) -> Iterator[AccountFinding]:
    facts, name, excused = row.facts, row.user.name, row.exemption if row.exempt else None
    if row.power.administers:
        fact = f"no device; with MFA allowed: {row.power.request}"
        yield finding(Id.ADMINISTRATOR_WITHOUT_DEVICE, name, fact, excused=excused)
    elif row.power.unknown:
        yield unknown(Id.ADMINISTRATOR_WITHOUT_DEVICE, name, row.power.unknown)
    if facts.active_keys:
        fact = f"{facts.active_keys} active access keys; no device"
        yield finding(Id.KEY_WITHOUT_DEVICE, name, fact, excused=excused)
    elif facts.active_keys is None:
        yield unknown(Id.KEY_WITHOUT_DEVICE, name, _why(row))
    if facts.password:
        gated = row.gate.gated is Gated.PROVED
        severity = Severity.WARNING if gated else None
        fact = f"console password; no device; gated: {row.gate.gated.value}"
        yield finding(Id.CONSOLE_WITHOUT_DEVICE, name, fact, excused=excused, severity=severity)
    elif facts.password is None:
        yield unknown(Id.CONSOLE_WITHOUT_DEVICE, name, _why(row))
    elif facts.active_keys == 0:
        yield finding(Id.USER_WITHOUT_DEVICE, name, "no console password, no active key, no device")


def _gate(examined: Examined, row: Row) -> Iterator[AccountFinding]:
    name, excused = row.user.name, row.exemption if row.exempt else None
    match row.gate.gated:
        case Gated.PROVED:
            pass
        case Gated.REFUTED:
            fact = "" if row.gate.witness is None else witness_text(row.gate.witness).en
            yield finding(Id.NOT_GATED, name, fact, excused=excused)
        case Gated.NOTHING_ALLOWED:
            fact = "proved as the policies are attached; refuted if more is attached"
            yield finding(Id.NOT_YET_GATED, name, fact)
        case Gated.UNKNOWN:
            yield unknown(Id.NOT_GATED, name, _gate_reason(row))
    if isinstance(row.gate.via_service, Refuted):
        fact = witness_text(row.gate.via_service.witness).en
        yield finding(Id.SERVICES_PASS, name, fact)
    groups = examined.gating_groups
    left_out = row.gate.gated in (Gated.REFUTED, Gated.NOTHING_ALLOWED)
    if groups and left_out and not set(groups) & set(row.user.groups) and not row.exempt:
        fact = f"others are gated through {', '.join(groups)}; groups of this user: "
        yield finding(Id.OUTSIDE_GROUP, name, fact + (", ".join(row.user.groups) or "none"))


def _gate_reason(row: Row) -> str:
    reasons = (row.gate.gap, getattr(row.gate.later, "reason", ""))
    return next((reason for reason in reasons if reason), "not decided")


def _way_in(row: Row) -> Iterator[AccountFinding]:
    """Find who does not get in under the gate: the present one, or the one to be attached."""
    name = row.user.name
    gated = row.gate.gated is Gated.PROVED
    under = "under the gate that is there" if gated else "once a gate is attached"
    severity = None if gated else Severity.WARNING
    for outlook in row.fate.outlooks:
        if outlook is Outlook.DEAD_LOCK:
            fact = f"the password must be changed at the next sign-in, and may not be, {under}"
            yield finding(Id.DEAD_LOCK, name, fact, severity=severity)
        elif outlook is Outlook.LOCKED_OUT:
            found = Id.PATH_LOCKED_OUT if row.fate.by_path else Id.LOCKED_OUT
            fact = f"no sequence of steps from {row.user.arn} leads to a session with MFA, {under}"
            yield finding(found, name, fact, severity=severity)
        elif outlook is Outlook.UNKNOWN:
            yield unknown(Id.LOCKED_OUT, name, row.fate.reason or "the walk was not decided")


def _power(row: Row) -> Iterator[AccountFinding]:
    if row.power.edits and not row.power.administers:
        fact = f"allowed with MFA: {row.power.edits}"
        yield finding(Id.MAY_EDIT_GATE, row.user.name, fact)
    elif row.power.unknown and row.facts.enrolled:
        yield unknown(Id.MAY_EDIT_GATE, row.user.name, row.power.unknown)


def _listed(row: Row) -> str:
    return ", ".join(f"{device.serial} ({device.kind.value})" for device in row.facts.devices)


def _why(row: Row) -> str:
    return "; ".join(row.facts.unread) or "not in the snapshot"
