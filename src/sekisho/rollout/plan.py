"""A plan: complete, self-contained, checked, and nothing else will be done.

A plan can be kept in a file, shown, approved, and carried out later by somebody else. Its digest is
over all that it says: a plan that was edited is refused. It never holds a secret.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sekisho import __version__
from sekisho.audit import Exemption, exemption_from_json, exemption_to_json
from sekisho.engine.arns import PARTS, split
from sekisho.errors import Code, PlanRefused, quoted
from sekisho.messages import Message
from sekisho.rollout.changes.codec import change_from_json, change_to_json
from sekisho.rollout.changes.kinds import Change, Image
from sekisho.rollout.declared import misfits

SCHEMA = "sekisho.plan/1"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who will apply the plan.

    Attributes:
        arn: as GetCallerIdentity gives it.
        mfa: whether their session was signed in with MFA; false if that is not known.
    """

    arn: str
    mfa: bool = False

    @property
    def home(self) -> tuple[str, str]:
        """The partition and the account of the caller; empty where the ARN is none."""
        _, partition, _, _, account, *_ = (*split(self.arn), *[""] * PARTS)
        return partition, account


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader of a plan must know.

    Attributes:
        id: stable, like `keys-stop`.
        about: the users, groups or policies it is about.
    """

    id: str
    text: Message
    about: tuple[str, ...] = ()


class Verdict(StrEnum):
    """How a property came out; what could not be found out is no pass.

    `NOBODY`: there is nobody whom it could protect, so that nothing speaks against the plan.
    """

    PROVED = "proved"
    NOBODY = "about-nobody"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """A safety property of the plan, and how it came out.

    Attributes:
        verdict: a plan with a property that does not hold is not applicable.
        failed: what speaks against it: a user, or `ACTION on RESOURCE: decision`.
        shown: a counterexample or a reason for each that failed, in the same order; or none.
    """

    id: str
    text: Message
    verdict: Verdict
    failed: tuple[str, ...] = ()
    shown: tuple[Message, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is proved, or about nobody."""
        return self.verdict in (Verdict.PROVED, Verdict.NOBODY)


@dataclass(frozen=True, slots=True)
class UserImpact:
    """What happens to one user.

    Attributes:
        impact: stable, like `enrols-first`.
        wave: the name of the wave that the user is in; "" if the goal has no waves.
    """

    user: str
    impact: str
    text: Message
    wave: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will change.

    Attributes:
        changes: in the order in which they are made.
        needless: changes that are not made, because all is as the goal wants it there.
        proofs: the safety properties, each with its outcome.
        reasons: why the plan must not be applied; empty if it may be.
        warnings: what people must know.
        people: what happens to whom, in name order.
        exceptions: those of these people, of every break-glass user, and those that have expired.
        affected: who feels a change that does not name them, by its address.
        needs: the least policy for whoever applies it and takes it back.
        accepted: why somebody lets the plan pass all the same, by the id of the proof or reason.
        password_length: how many characters a temporary password gets.
        complete: whether the snapshot had no gap at all.
        snapshot_at: when the account was read.
        snapshot: SHA-256 of the snapshot that the plan was made from.
    """

    account: str
    partition: str
    caller: Caller
    snapshot_at: datetime
    changes: tuple[Change, ...] = ()
    needless: tuple[Change, ...] = ()
    proofs: tuple[Proof, ...] = ()
    reasons: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    people: tuple[UserImpact, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    affected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: Mapping[str, Any] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    password_length: int = 20
    complete: bool = True
    snapshot: str = ""
    tool: str = field(default=__version__)

    @property
    def applicable(self) -> bool:
        """Whether the plan may be applied: nothing speaks against it that was not accepted."""
        return set(self.against) <= set(self.accepted)

    @property
    def against(self) -> tuple[str, ...]:
        """The ids of the reasons, and of the properties that are not proved."""
        failed = [proof.id for proof in self.proofs if not proof.holds]
        return tuple(dict.fromkeys([*(note.id for note in self.reasons), *failed]))

    @property
    def already(self) -> tuple[str, ...]:
        """The addresses that are as the goal wants them: considered, and nothing to do."""
        return tuple(change.address for change in self.needless)

    @property
    def before(self) -> Mapping[str, Image]:
        """The before-image at each change's address."""
        return {change.address: change.before for change in self.changes}

    @property
    def digest(self) -> str:
        """SHA-256 over everything that the plan says."""
        return _digest(self._content())

    def to_json(self) -> str:
        """Return the plan as a JSON document that `from_json` reads."""
        content = {**self._content(), "digest": self.digest}
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    @staticmethod
    def from_json(text: str) -> "Plan":
        """Return the plan that a JSON document holds.

        Raises:
            PlanRefused: if it is not a plan of this schema, or was edited.
        """
        try:
            content = json.loads(text)
            digest = content.pop("digest", None) if isinstance(content, dict) else None
            found = _digest(content)
        except (ValueError, RecursionError) as error:
            raise _faulty("this is no plan: it is not JSON") from error
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise _faulty(f"this is no plan of the schema `{SCHEMA}`")
        if digest != found:
            raise _faulty("this plan was edited: its digest does not fit what it says")
        try:
            return _plan(content)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # the digest fits, so somebody computed it over what is no plan
            raise _faulty("this plan has a part that this version cannot read") from error

    def _content(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "tool": self.tool,
            "account": self.account,
            "partition": self.partition,
            "caller": {"arn": self.caller.arn, "mfa": self.caller.mfa},
            "snapshotAt": self.snapshot_at.isoformat(),
            "snapshot": self.snapshot,
            "complete": self.complete,
            "applicable": self.applicable,
            "reasons": [_note_to_json(note) for note in self.reasons],
            "warnings": [_note_to_json(note) for note in self.warnings],
            "proofs": [_proof_to_json(proof) for proof in self.proofs],
            "people": [_person_to_json(person) for person in self.people],
            "exceptions": [exemption_to_json(each) for each in self.exceptions],
            "affected": {address: list(names) for address, names in self.affected.items()},
            "needs": dict(self.needs),
            "accepted": dict(self.accepted),
            "passwordLength": self.password_length,
            "already": [change_to_json(change) for change in self.needless],
            "changes": [change_to_json(change) for change in self.changes],
        }


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _faulty(message: str) -> PlanRefused:
    return PlanRefused(message, code=Code.PLAN_FAULTY, fix="make the plan again")


def _text_to_json(text: Message) -> dict[str, str]:
    return text.to_json()


def _note_to_json(note: Note) -> dict[str, Any]:
    return {"id": note.id, "text": _text_to_json(note.text), "about": list(note.about)}


def _proof_to_json(proof: Proof) -> dict[str, Any]:
    return {
        "id": proof.id,
        "text": _text_to_json(proof.text),
        "verdict": proof.verdict.value,
        "failed": list(proof.failed),
        "shown": [_text_to_json(text) for text in proof.shown],
    }


def _person_to_json(person: UserImpact) -> dict[str, Any]:
    return {
        "user": person.user,
        "impact": person.impact,
        "wave": person.wave,
        "text": _text_to_json(person.text),
    }


def _all(value: list[Any], read: Callable[[Any], Any]) -> tuple[Any, ...]:
    return tuple(read(item) for item in value)


def _note(value: Mapping[str, Any]) -> Note:
    return Note(value["id"], Message.of_json(value["text"]), tuple(value["about"]))


def _proof(value: Mapping[str, Any]) -> Proof:
    return Proof(
        value["id"],
        Message.of_json(value["text"]),
        Verdict(value["verdict"]),
        tuple(value["failed"]),
        tuple(Message.of_json(text) for text in value["shown"]),
    )


def _person(value: Mapping[str, Any]) -> UserImpact:
    return UserImpact(value["user"], value["impact"], Message.of_json(value["text"]), value["wave"])


def _plan(content: Mapping[str, Any]) -> Plan:
    plan = Plan(
        account=content["account"],
        partition=content["partition"],
        caller=Caller(**content["caller"]),
        snapshot_at=datetime.fromisoformat(content["snapshotAt"]),
        changes=_all(content["changes"], change_from_json),
        needless=_all(content["already"], change_from_json),
        proofs=_all(content["proofs"], _proof),
        reasons=_all(content["reasons"], _note),
        warnings=_all(content["warnings"], _note),
        people=_all(content["people"], _person),
        exceptions=_all(content["exceptions"], exemption_from_json),
        affected={address: tuple(names) for address, names in content["affected"].items()},
        needs=content["needs"],
        accepted=content["accepted"],
        password_length=content["passwordLength"],
        complete=content["complete"],
        snapshot=content["snapshot"],
        tool=content["tool"],
    )
    if wrong := [*misfits(plan, Plan)]:
        raise _faulty(f"this plan has values of a wrong type: {', '.join(map(quoted, wrong))}")
    if plan._content() != content:
        raise ValueError("a part of it was not read")
    return plan
