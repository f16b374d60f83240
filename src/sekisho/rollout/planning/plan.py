"""A plan: complete, self-contained, checked, and nothing else will be done.

A plan can be kept in a file, shown, approved, and carried out later by somebody else. Its digest is
over all that it says: a plan that was edited is refused. It never holds a secret.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sekisho import __version__
from sekisho.account import LogsRead, Snapshot
from sekisho.audit.exceptions import Exemption
from sekisho.audit.impact import ImpactKind
from sekisho.documents import write_private
from sekisho.documents.records import FaultyRecord, Records, keyed
from sekisho.engine.matching import arns
from sekisho.errors import Code, Fault, PlanRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.rollout.changes.kinds import KINDS
from sekisho.rollout.changes.model import Change, State
from sekisho.rollout.changes.policies import CreatePolicyVersion
from sekisho.rollout.goal.acceptance import ABOUT_USERS, open_problems
from sekisho.rollout.goal.model import Requirement
from sekisho.rollout.planning.rights import Rights
from sekisho.signin import ConsoleAuthorization

SCHEMA = "sekisho.plan/1"


_LENGTH = 20
"""Long enough for every account whose password policy does not ask for more."""

_LONGEST = 128
"""The most characters of a password that IAM takes (IAM User Guide, "IAM and AWS STS quotas")."""


@dataclass(frozen=True, slots=True)
class PlanCaller:
    """The principal who will apply the plan.

    Attributes:
        arn: as GetCallerIdentity gives it.
        mfa: whether their session was signed in with MFA; false if that is not known.
    """

    arn: str
    mfa: bool = False

    @property
    def home(self) -> tuple[str, str]:
        """The partition and the account of the caller; empty where the ARN is none."""
        _, partition, _, _, account, *_ = (*arns.split(self.arn), *[""] * arns.PARTS)
        return partition, account


LOCKED_OUT = "locked-out-now"
STUCK = "still-stuck"
"""The notes about people who cannot get in now, with or without the plan."""


@dataclass(frozen=True, slots=True)
class PlanNote:
    """Something that the reader of a plan must know.

    Attributes:
        id: stable, like `keys-stop`.
        names: the users, groups or policies that it is about.
    """

    id: str
    text: Message
    names: tuple[str, ...] = field(default=(), metadata=keyed("about"))


class SafetyVerdict(StrEnum):
    """How a property came out; what could not be found out is no pass.

    `NOBODY`: there is nobody whom it could protect, so it is no problem of the plan.
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
        failed: what it fails for: users, or actions of the caller.
        shown: a counterexample or a reason for each that failed, in the same order; or none.
    """

    id: str
    text: Message
    verdict: SafetyVerdict
    failed: tuple[str, ...] = ()
    shown: tuple[Message, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it is proved, or about nobody."""
        return self.verdict in (SafetyVerdict.PROVED, SafetyVerdict.NOBODY)


@dataclass(frozen=True, slots=True)
class PlannedImpact:
    """The impact of a plan on one user.

    Attributes:
        impact: stable, like `enrols-first`.
        wave: the name of the wave that the user is in; "" if the goal has no waves.
        starts: the first day of that wave, or a newcomer's own, in the plan's time zone; None: at
            once.
        enrol_from: from when on they can enrol before that; None: not before.
        on_enrolment: whether they are enforced once they have signed in with a device.
        after_password: whether the user is not enforced before a temporary password is changed.
    """

    user: str
    impact: ImpactKind
    text: Message
    wave: str = ""
    starts: date | None = field(default=None, metadata=keyed(optional=True))
    after_password: bool = field(default=False, metadata=keyed(optional=True))
    enrol_from: date | None = field(default=None, metadata=keyed(optional=True))
    on_enrolment: bool = field(default=False, metadata=keyed(optional=True))


class RemedyKind(StrEnum):
    """A kind of remedy.

    Attributes:
        CREDENTIAL_REPORT: AWS's credential report says what is not known of these users.
        MFA: the caller signs in with MFA, and says so.
        FIRST_LOGIN: the policy lets these users change a temporary password without MFA.
        RECOMMENDED: the recommended policy lets these users in, such as those with a path.
        KEEP_PASSWORD: the first password of these new users need not be changed.
        LEAVE_OUT: the plan leaves these machine users out.
        MACHINE: MFA is not enforced for these machine users, and nothing of the plan remains.
        AFTER_PASSWORD_CHANGE: who has a temporary password waits until it is changed.
        BREAK_GLASS: this administrator becomes a break-glass user.
        READ: the caller is allowed to read what was not read.
        CONSOLE_AUTHORIZATION: the account's console authorization no longer keeps these users out:
            it is disabled, or the policy lets the sign-in itself pass.
        KEEP_SESSIONS: the sessions of `aws login` and of agents are left.
        ENROLMENT: these users get a policy that lets them set up MFA, as none of theirs does.
        EXEMPT_ENROLMENT: a policy of these users no longer denies that without MFA.
    """

    CREDENTIAL_REPORT = "credential-report"
    MFA = "mfa"
    FIRST_LOGIN = "first-login"
    RECOMMENDED = "recommended"
    KEEP_PASSWORD = "keep-password"  # noqa: S105 - a remedy, not a secret
    LEAVE_OUT = "leave-out"
    MACHINE = "machine"
    AFTER_PASSWORD_CHANGE = "after-password-change"  # noqa: S105 - a remedy, not a secret
    BREAK_GLASS = "break-glass"
    READ = "read"
    CONSOLE_AUTHORIZATION = "console-authorization"
    KEEP_SESSIONS = "keep-sessions"
    ENROLMENT = "enrolment"
    EXEMPT_ENROLMENT = "exempt-enrolment"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to remove a problem, so that nobody has to accept it.

    Attributes:
        problem: its id, like `keys-in-use`.
        users: whom it is about; empty if it is about nobody by name.
        policies: which policies are in the way: an ARN, or `inline NAME of user U`.
    """

    kind: RemedyKind = field(metadata=keyed("way"))
    problem: str = field(metadata=keyed("obstacle"))
    users: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()

    @property
    def resolves(self) -> frozenset[tuple[str, str]]:
        """The problems that it removes: the id with each of the users, or with ""."""
        about = self.users if self.problem in ABOUT_USERS else ()
        return frozenset((self.problem, user) for user in about or ("",))

    @property
    def options(self) -> tuple[str, ...]:
        """The options to give, in the words of the command line; none where no option helps."""
        option = _OPTIONS[self.kind]
        if "{user}" in option:
            return tuple(option.format(user=user) for user in self.users)
        return (option,) if option else ()


_OPTIONS: Mapping[RemedyKind, str] = {
    RemedyKind.CREDENTIAL_REPORT: "",
    RemedyKind.MFA: "--mfa",
    RemedyKind.FIRST_LOGIN: "--preset first-login",
    RemedyKind.RECOMMENDED: "--preset recommended",
    RemedyKind.KEEP_PASSWORD: "--keep-password",
    RemedyKind.LEAVE_OUT: "--except {user}",
    RemedyKind.MACHINE: "",
    RemedyKind.AFTER_PASSWORD_CHANGE: "--when after-password-change",
    RemedyKind.BREAK_GLASS: "--break-glass {user}",
    RemedyKind.READ: "",
    RemedyKind.CONSOLE_AUTHORIZATION: "",
    RemedyKind.KEEP_SESSIONS: "--keep-sessions",
    RemedyKind.ENROLMENT: "",
    RemedyKind.EXEMPT_ENROLMENT: "",
}
"""The options that are added to the command: once, or for each user."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: the changes, and everything by which somebody can judge them.

    Attributes:
        changes: in the order in which they are made.
        needless: changes that are not made, because all is as the goal wants it there.
        proofs: the safety properties, each with its outcome.
        reasons: why the plan must not be applied; empty if it may be.
        remedies: what can be done about its problems, instead of accepting them.
        warnings: what people must know.
        people: what happens to whom, in name order.
        exceptions: those of these people, of every break-glass user, and those that have expired.
        affected: whom a change affects that does not name them, by its address.
        rights: who may do what once it is applied: `apply` sees whether that is still so.
        needs: the least policy for the caller who applies it and rolls it back.
        accepted: why somebody lets the plan pass all the same, by `ID` or `ID:USER` of a problem.
        password_length: how many characters a temporary password gets.
        complete: whether the snapshot had no gap at all.
        snapshot_at: when the account was read.
        snapshot: SHA-256 of the snapshot that the plan was made from.
        logs: the logs that it goes by beside that; None if there were none.
        require: the kind of device that the goal asks for; None: any.
        group_policies: the policies of the groups that people join, where these were there before:
            their ARNs, and `inline NAME of group GROUP`. What is there besides is somebody else's.
        timezone: where the days of waves begin.
        enrolment: the ARN of the policy that lets people enrol before they are enforced, if any.
        stricter: the ARN of the policy for those who have enrolled, if any.
        console_authorization: as what the sign-ins were judged: `apply` sees whether that is still
            so; None: it could not be read, or no sign-in was judged.
        goal: the goal file that it is a plan of, as it was given; None: it is of no goal alone.
        exceptions_file: with it, the exceptions file.
    """

    account: str
    partition: str
    caller: PlanCaller
    snapshot_at: datetime
    snapshot: str = ""
    complete: bool = True
    reasons: tuple[PlanNote, ...] = ()
    remedies: tuple[Remedy, ...] = field(default=(), metadata=keyed("ways"))
    warnings: tuple[PlanNote, ...] = ()
    proofs: tuple[Proof, ...] = ()
    people: tuple[PlannedImpact, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    affected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rights: Rights = field(default_factory=Rights)
    needs: Mapping[str, Any] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    password_length: int = 20
    needless: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    logs: LogsRead | None = field(default=None, metadata=keyed(optional=True))
    require: Requirement | None = field(default=None, metadata=keyed(optional=True))
    group_policies: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata=keyed(optional=True)
    )
    console_authorization: ConsoleAuthorization | None = field(
        default=None, metadata=keyed(optional=True)
    )
    timezone: str = field(default="UTC", metadata=keyed(optional=True))
    enrolment: str | None = field(default=None, metadata=keyed(optional=True))
    stricter: str | None = field(default=None, metadata=keyed(optional=True))
    goal: str | None = field(default=None, metadata=keyed(optional=True))
    exceptions_file: str | None = field(default=None, metadata=keyed(optional=True))
    tool: str = __version__

    @property
    def applicable(self) -> bool:
        """Whether the plan may be applied: it has no problem that was not accepted."""
        return not self.open_problems

    @property
    def enforces(self) -> bool:
        """Whether it is a roll-out, which can leave out a person; else it is about one alone."""
        return any(proof.id == "enforcement" for proof in self.proofs)

    @property
    def people_changed(self) -> tuple[PlannedImpact, ...]:
        """The people but for the break-glass users, whom the plan does not change."""
        return tuple(each for each in self.people if each.impact is not ImpactKind.BREAK_GLASS)

    @property
    def locked_out(self) -> tuple[str, ...]:
        """The users who are enforced already and cannot get in."""
        notes = (note for note in self.warnings if note.id in (LOCKED_OUT, STUCK))
        return tuple(dict.fromkeys(name for note in notes for name in note.names))

    @property
    def problems(self) -> Mapping[str, tuple[str, ...]]:
        """The problems, by id: the users whom each is about, and "" for the whole plan."""
        notes = [(note.id, note.names) for note in self.reasons]
        notes += [(proof.id, proof.failed) for proof in self.proofs if not proof.holds]
        users_by_id: dict[str, dict[str, None]] = {}
        for identity, about in notes:
            named = about if identity in ABOUT_USERS else ()
            # of a gap, what it is about has its kind before its name
            users = [name.removeprefix("user ") for name in named] or [""]
            users_by_id.setdefault(identity, {}).update(dict.fromkeys(users))
        return {identity: tuple(users) for identity, users in users_by_id.items()}

    @property
    def open_problems(self) -> Mapping[str, tuple[str, ...]]:
        """The problems that nobody has accepted, each with the users it is not accepted for."""
        return open_problems(self.problems, self.accepted)

    @property
    def remedy_options(self) -> tuple[str, ...]:
        """The options by which the plan, made again, may be applied; none if they do not suffice.

        Of several remedies for the same problem the first counts, and one without options is taken
        before the others.
        """
        left = {(each, user) for each, users in self.open_problems.items() for user in users}
        options: dict[str, None] = {}
        for remedy in self.remedies:
            if left & remedy.resolves:
                if not remedy.options:
                    return ()
                options |= dict.fromkeys(remedy.options)
                left -= remedy.resolves
        return () if left else tuple(options)

    @property
    def problem_ids(self) -> tuple[str, ...]:
        """The ids of the reasons, and of the properties that are not proved."""
        return tuple(self.problems)

    @property
    def unchanged_addresses(self) -> tuple[str, ...]:
        """The addresses that are as the goal wants them: considered, and nothing to do."""
        return tuple(change.address for change in self.needless)

    @property
    def before(self) -> Mapping[str, State]:
        """The before-image at each change's address."""
        return {change.address: change.before for change in self.changes}

    @property
    def digest(self) -> str:
        """SHA-256 over everything that the plan says."""
        return _digest(self._content())

    def to_json(self) -> str:
        """Return the plan as a JSON document that `from_json` reads."""
        content = self._content()
        content["digest"] = _digest(content)
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"

    def __repr__(self) -> str:
        state = "applicable" if self.applicable else f"refused: {', '.join(self.open_problems)}"
        return f"<Plan for {self.account}, changes: {len(self.changes)}, {state}>"

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Save the plan to a file that its owner alone may read, whole or not at all.

        `sekisho apply` reads it.

        Args:
            path: where; its folder must exist.
            replace: whether a file that is there already may be replaced.

        Raises:
            SekishoError: if it is there already or cannot be written.
        """
        write_private(path, self.to_json(), replace=replace)

    @staticmethod
    def from_json(text: str) -> "Plan":
        """Return the plan that a JSON document holds.

        Raises:
            PlanRefused: if it is not a plan of this schema, or was edited.
        """
        try:
            content = json.loads(text)
            digest = content.pop("digest", None) if isinstance(content, dict) else None
            actual = _digest(content)
        except (ValueError, RecursionError) as error:
            raise _faulty(Message("this is not a plan: it is not JSON")) from error
        schema = content.get("schema") if isinstance(content, dict) else None
        if isinstance(schema, str) and schema.startswith("sekisho.snapshot/"):
            message = Message("this is a snapshot, not a plan")
            raise _faulty(message, Message("make a plan of it: `sekisho plan --snapshot FILE`"))
        if isinstance(content, dict) and "Statement" in content:
            message = Message("this is a policy, not a plan")
            raise _faulty(message, Message("`sekisho plan --policy FILE` makes a plan with it"))
        if schema != SCHEMA:
            raise _faulty(
                Message("this is not a plan of the schema `{schema}`").filled(schema=SCHEMA)
            )
        if digest != actual:
            raise _faulty(Message("this plan was edited: its digest does not match its content"))
        return _plan(content)

    def _content(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "applicable": self.applicable, **_PLANS.written(self)}


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


_MADE_AGAIN = Message("make the plan again")


def _faulty(message: Message, fix: Message = _MADE_AGAIN) -> PlanRefused:
    return PlanRefused(message, code=Code.PLAN_FAULTY, fix=fix)


def _change_to_json(change: Change) -> dict[str, Any]:
    kind = type(change).__name__
    return {"kind": kind, "address": change.address, **_CHANGES.written(change)}


def _change(value: Any, _: type) -> Change:
    """Return the change that `_change_to_json` wrote."""
    named = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(named, str) or named not in KINDS:
        raise FaultyRecord([Fault(Code.PLAN_FAULTY, _NO_CHANGE)])
    fields = {key: item for key, item in value.items() if key not in ("kind", "address")}
    change = _CHANGES.read(fields, KINDS[named])
    try:
        _check_change(change, value)
    except (LookupError, ValueError) as error:
        raise FaultyRecord([Fault(Code.PLAN_FAULTY, _NO_CHANGE)]) from error
    return change


def _check_change(change: Change, value: Mapping[str, Any]) -> None:
    """See that a change says what its kind can mean.

    Raises:
        LookupError: if it does not.
        ValueError: likewise.
    """
    if change.address != value["address"]:
        raise ValueError("a change whose address is not its own")
    change.call()  # an ARN or a kind of credential that is none has no call
    if isinstance(change, CreatePolicyVersion):
        _check_image(change.replaced)


def _check_image(image: Mapping[str, Any]) -> None:
    """See that a before-image is one of a policy's versions."""
    default, document, versions = (image[key] for key in ("default", "document", "versions"))
    texts = isinstance(versions, list) and all(isinstance(each, str) for each in versions)
    if len(image) != _PARTS or not (
        texts and isinstance(document, dict) and isinstance(default, str)
    ):
        raise ValueError("a before-image of another form")


_PARTS = 3
_NO_CHANGE = Message("is not a change that this version can make")
_BAD_LENGTH = Message("this plan's temporary passwords must have from {least} to {most} characters")
_UNREADABLE = Message("this plan has a part that this version cannot read")
_CHANGES = Records(Code.PLAN_FAULTY)
_PLANS = Records(Code.PLAN_FAULTY)
_PLANS.add(Change, _change, _change_to_json)


def _plan(content: Mapping[str, Any]) -> Plan:
    """Return the plan of this content.

    Raises:
        PlanRefused: if a part of it is no part of a plan; with every such part.
    """
    fields = {key: each for key, each in content.items() if key not in ("schema", "applicable")}
    try:
        plan = _PLANS.read(fields, Plan)
    except FaultyRecord as error:
        found = joined_messages((fault.sentence for fault in error.faults), en="; ", ja="。")
        message = verbatim("{what}: {faults}").filled(what=_UNREADABLE, faults=found)
        raise _faulty(message) from error
    if plan._content() != content or not plan.rights.is_consistent:
        raise _faulty(_UNREADABLE)
    if not _LENGTH <= plan.password_length <= _LONGEST:
        raise _faulty(_BAD_LENGTH.filled(least=_LENGTH, most=_LONGEST))
    return plan


def temporary_length(snapshot: Snapshot) -> int:
    """Return how many characters a temporary password gets: as many as the account asks for."""
    policy = snapshot.password_policy
    return max(_LENGTH, policy.minimum_length if policy else 0)
