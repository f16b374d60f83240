"""The command to type next: the one place that chooses it, for every command and page.

A `State` is a point of the work; `next_action` returns the one command that leads on from there,
as it is typed: with the account, the caller, the goal and the files as they were given. A command
is named only if it runs as printed, and nothing that is known now would make it fail.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from sekisho.cli.group import typed_again, words_of
from sekisho.cli.policy_files import as_written, unused_name
from sekisho.lazy import dataclass
from sekisho.messages import Message

if TYPE_CHECKING:
    from sekisho.account import Snapshot

READ_MORE = "sekisho collect --print-policy"
"""Prints the policy by which everything can be read."""
SIGN_IN_FIRST = Message(
    "Sign in with MFA first, then run this command again: these credentials are an access key "
    "without MFA, and with them a plan that enforces {name} is refused."
)
"""Where no command can lead on: who is about to be enforced needs MFA to apply the plan."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run was about, as it was typed: the next command is about no more.

    Attributes:
        aws: the options that say which AWS, as `AwsOptions.typed` has them.
        snapshots: the files in place of AWS.
        caller: the ARN that applies a plan for the files; None: the caller in the snapshot.
        mfa: whether the session was said to be one with MFA.
        goal: the goal file; None: options said the goal, or there is none.
        exceptions: the exceptions file.
        left_out: users who are left out, and whom neither of the two files names.
        logs: logs of CloudTrail, or what `logs usage` saved.
    """

    aws: str = ""
    snapshots: tuple[str, ...] = ()
    caller: str | None = None
    mfa: bool = False
    goal: str | None = None
    exceptions: str | None = None
    left_out: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()

    @property
    def read(self) -> list[str]:
        """The options of a command that reads the account."""
        return [*words_of("--snapshot", *self.snapshots), self.aws]

    @property
    def excepted(self) -> list[str]:
        """The options of a plan that say who is left out of it."""
        names = words_of("--except", *self.left_out)
        return [*names, *words_of("--exceptions", self.exceptions)]

    @property
    def planned(self) -> list[str]:
        """The options of a command that makes a plan, but for the goal."""
        mfa, caller = ["--mfa"] if self.mfa else [], words_of("--caller", self.caller)
        return [*mfa, *words_of("--snapshot", *self.snapshots), *caller, self.aws]

    def status(self) -> list[str]:
        """Return `status` of the goal; none without one, or where it would count who is left out.

        Who follows it to a plan is led to the users of the goal, less the exceptions.
        """
        if self.goal is None or self.left_out or self.snapshots:
            return []
        excepted = words_of("--exceptions", self.exceptions)
        return ["sekisho status", *words_of("", self.goal), *excepted, self.aws]

    def plan(self, *meant: str, out: bool = True) -> list[str]:
        """Return the plan of the goal, or else of what is `meant`, less who is left out."""
        goal, saved = words_of("", self.goal) or meant, f"--out {unused_name('plan.json')}"
        logs = words_of("--logs", *self.logs)
        words = ["sekisho plan", *goal, *self.excepted, *logs, *self.planned]
        return [*words, saved] if out else words


def caller_of(snapshot: "Snapshot", administrators: Iterable[str] = ()) -> str | None:
    """Return the caller to name in a plan for a saved account; None: the user who read it.

    If the files do not say who read the account, this is an administrator, or else root. The reader
    can correct it; only the caller of a plan can apply it.
    """
    if snapshot.caller is not None:
        return None
    root = f"arn:{snapshot.partition}:iam::{snapshot.account}:root"
    return next(iter(administrators), root)


@dataclass(frozen=True, slots=True)
class AccountCollected:
    """An account was read.

    Attributes:
        complete: whether nothing was refused.
        file: where it was saved; None: nowhere.
    """

    complete: bool
    file: str | None

    def words(self) -> list[str]:
        """Return the command for the missing permissions, or the audit of the saved account."""
        if not self.complete:
            return [READ_MORE]
        return ["sekisho audit", *words_of("--snapshot", self.file)] if self.file else []


@dataclass(frozen=True, slots=True)
class AccountToAudit:
    """Users of a saved account were proved to be enforced, or something is known to audit it by.

    Attributes:
        context: what it was about.
        logs: the file with the use of access keys that was saved; "" if none was.
        policy: a file with a policy that passes the checks of a Force_MFA; "": several do together.
    """

    context: RunContext = RunContext()
    logs: str = ""
    policy: str = ""

    def words(self) -> list[str]:
        """Return the audit, which says what to do about each user."""
        known = [*words_of("--logs", self.logs), *words_of("--policy", self.policy)]
        return ["sekisho audit", *known, *self.context.read]


@dataclass(frozen=True, slots=True)
class CallsReplayed:
    """`impact` has shown which past calls would have been denied.

    Attributes:
        context: what it was about.
        asked: whether there was a call that was asked about.
        denied: whether some would have been denied, which are not `shown` on a page already.
        complete: whether everything could be read and decided.
        plan, policy: what was asked about, if it is not the goal; what no plan is made of is none.
    """

    context: RunContext
    asked: bool
    denied: bool
    shown: bool
    complete: bool
    plan: str | None = None
    policy: str | None = None

    def words(self) -> list[str]:
        """Return the command that shows the calls in detail, or that continues with the plan."""
        if not self.asked:
            return []
        if self.denied and self.shown:
            return []
        if self.denied:
            return [typed_again("--format html", f"--out {unused_name('impact.html')}")]
        if self.plan is not None:
            return ["sekisho apply", *words_of("", self.plan), self.context.aws]
        meant = words_of("--all-users --policy", self.policy)
        return self.context.plan(*meant) if meant or self.context.goal else []


@dataclass(frozen=True, slots=True)
class NoticesShown:
    """Notices, or the work list, were printed; `written`: whether there was one."""

    work_list: bool
    written: bool

    def words(self) -> list[str]:
        """Return the command that saves them; if nobody gets a notice, the one that says why."""
        if self.work_list:
            return [typed_again("--format csv", f"--out {unused_name('work-list.csv')}")]
        if self.written:
            return [typed_again("--format html", f"--out {unused_name('notices')}")]
        return [typed_again("--work-list")]


@dataclass(frozen=True, slots=True)
class PolicyWritten:
    """A policy was written to a file; "": to the terminal alone."""

    file: str

    def words(self) -> list[str]:
        """Return the proof of it, which needs a file."""
        if not self.file:
            return [typed_again(f"--out {unused_name()}")]
        return ["sekisho prove policy", as_written(self.file)]


@dataclass(frozen=True, slots=True)
class PolicySummarised:
    """`policy summary` has shown what a policy does."""

    file: str

    def words(self) -> list[str]:
        """Return the command that lists the policy's faults."""
        return ["sekisho policy lint", as_written(self.file)]


@dataclass(frozen=True, slots=True)
class PolicyLinted:
    """Policies were examined.

    Attributes:
        file: the first that is to be corrected, or else the first.
        wrong: whether it is to be corrected.
        kind: what it is attached to; "user" is the usual.
        partition: the partition that was given.
        verbose: whether everything was said.
    """

    file: str
    wrong: bool
    kind: str
    partition: str | None
    verbose: bool

    def words(self) -> list[str]:
        """Return the command that lists all faults, or, without faults, the proof."""
        file = as_written(self.file)
        if self.wrong:
            kinds = [] if self.kind == "user" else [self.kind]
            options = [*words_of("--kind", *kinds), *words_of("--partition", self.partition)]
            return [] if self.verbose else ["sekisho policy lint -v", *options, file]
        match self.kind:
            case "user" | "group" | "inline" | "group-inline" | "aws-managed":
                return ["sekisho prove policy", file]
            case "resource":
                return ["sekisho prove resource", file]
            case _:
                # the other kinds limit other policies, or trust principals: no proof of them alone
                return []


@dataclass(frozen=True, slots=True)
class PoliciesDiffer:
    """Two sides of policies differ.

    Attributes:
        kind: what they are attached to, as lint has it; "" is the usual.
        files: the policies of the new side.
        boundaries: the permissions boundaries of both.
        listed: whether all of the difference was said.
    """

    kind: str
    files: tuple[str, ...]
    boundaries: tuple[str, ...] = ()
    listed: bool = True

    def words(self) -> list[str]:
        """Return the command that lists the whole difference, or the proof of the new side."""
        if not self.listed:
            return [typed_again(without=("--no-new-access", "--certificate"))]
        if self.kind == "resource":
            return ["sekisho prove resource", as_written(self.files[0])]
        if self.kind:
            return ["sekisho policy lint --kind", self.kind, as_written(self.files[0])]
        files, limits = map(as_written, self.files), map(as_written, self.boundaries)
        return ["sekisho prove policy", *files, *(f"--boundary {each}" for each in limits)]


@dataclass(frozen=True, slots=True)
class PolicyLacking:
    """There is no Force_MFA yet, or a proof shows that it has to be another.

    Attributes:
        choices: the options of `policy new` that differ from the preset.
    """

    choices: tuple[str, ...] = ()

    def words(self) -> list[str]:
        """Return the command that writes it."""
        return ["sekisho policy new", *self.choices, f"--out {unused_name()}"]


@dataclass(frozen=True, slots=True)
class ProofFailed:
    """A check of `prove` has failed.

    Attributes:
        to_correct: the policy that lint would correct; "" if there is none.
        kind: what lint is told that it is attached to; "" is the usual.
        repeatable: whether the same command can say more with `-v`.
    """

    to_correct: str = ""
    kind: str = ""
    repeatable: bool = False

    def words(self) -> list[str]:
        """Return the lint that names the fixes, or the same proof with more details."""
        if self.to_correct:
            return [
                "sekisho policy lint",
                *words_of("--kind", self.kind),
                as_written(self.to_correct),
            ]
        return [typed_again("-v")] if self.repeatable else []


@dataclass(frozen=True, slots=True)
class RequestDecided:
    """A request was decided.

    Attributes:
        needs_mfa: whether the answer could be another with MFA, of which nothing was said.
        unexplained: whether it is denied, and nobody has asked why.
    """

    needs_mfa: bool
    unexplained: bool

    def words(self) -> list[str]:
        """Return the question with MFA, or why it is denied."""
        if self.needs_mfa:
            return [typed_again("--context", "aws:MultiFactorAuthPresent=true")]
        return [typed_again("--explain")] if self.unexplained else []


@dataclass(frozen=True, slots=True)
class ErrorExplained:
    """An error text was explained.

    Attributes:
        of_policy: whether AWS refuses to save a policy, which is at hand.
        denied: the options of `decide` for the request that was denied; none if it is not known.
        administered: whether it is for an administrator to look at the account.
    """

    of_policy: bool
    denied: tuple[str, ...]
    administered: bool

    def words(self) -> list[str]:
        """Return the command that examines the pasted policy, the denied request or the account."""
        if self.of_policy:
            return ["sekisho policy lint -"]
        if self.denied:
            return ["sekisho decide", *self.denied, "--policy - --explain"]
        return ["sekisho audit"] if self.administered else []


@dataclass(frozen=True, slots=True)
class PlanReady:
    """A plan may be applied.

    Attributes:
        context: what it was about.
        file: where it is saved; None: nowhere.
        guarded: whether a user who can sign in is left out of MFA enforcement (break glass).
    """

    context: RunContext
    file: str | None
    guarded: bool = True

    def words(self) -> list[str]:
        """Return the command that applies it, or that saves it if it has no file yet.

        If no break-glass user is named, there is none.
        """
        if not self.guarded:
            return []
        if self.file is None:
            return [typed_again(f"--out {unused_name('plan.json')}")]
        return ["sekisho apply", *words_of("", self.file), self.context.aws]


@dataclass(frozen=True, slots=True)
class NothingToPlan:
    """The account is as the goal wants it."""

    context: RunContext

    def words(self) -> list[str]:
        """Return `status` of the goal; none for a saved account, where nothing is left to do."""
        return self.context.status()


@dataclass(frozen=True, slots=True)
class PlanObstructed:
    """A plan is refused because of a problem. No command accepts it: that needs a reason.

    Attributes:
        context: what it was about.
        exempt: the options that name break-glass users and exceptions.
        remedies: the options by which the plan, made again, may be applied; none if nothing does.
        replace: whether the file of the refused plan is replaced.
        unread: whether more must be read first.
        enrolment: the user who has to get a policy first by which MFA is set up; "" if nobody.
        denied: whether a policy denies setting up MFA.
    """

    context: RunContext
    exempt: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    replace: bool = False
    unread: bool = False
    enrolment: str = ""
    denied: bool = False

    def words(self) -> list[str]:
        """Return the command that removes the problem."""
        if self.remedies:
            return [typed_again(*self.remedies, *(["--force"] if self.replace else []))]
        if self.unread:
            return [READ_MORE]
        if self.enrolment:
            whose = words_of("--user", self.enrolment)
            return ["sekisho plan", *whose, *self.exempt, *self.context.planned]
        return ["sekisho policy new", f"--out {unused_name()}"] if self.denied else []


@dataclass(frozen=True, slots=True)
class PlanApplied:
    """A plan was applied, or a part of it; `plan` is its file, as typed, with its journal."""

    context: RunContext
    plan: str
    stopped: bool
    left_out: bool

    def words(self) -> list[str]:
        """Return the same command again if AWS has stopped it, or else `status`.

        If users were left out, the reasons are shown, and `status` would only lead back here.
        """
        if self.stopped:
            return [typed_again()]
        return [] if self.left_out else ["sekisho status", self.plan, self.context.aws]


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """`status` has shown how far a plan was applied.

    Attributes:
        context: what it was about.
        plan: its file, as typed, with its journal.
        waits: whether `apply` would make something.
        undone: whether it was rolled back, also in part: nobody wants it made again.
        unexplained: whether there is drift, and `--who` was not given.
        typed: the command that says how it stands; "": it was typed.
    """

    context: RunContext
    plan: str
    waits: bool
    unexplained: bool
    undone: bool = False
    typed: str = ""

    def words(self) -> list[str]:
        """Return the command that explains the drift, applies the rest, or reads the goal."""
        if self.unexplained:
            return [self.typed, "--who", self.context.aws] if self.typed else [typed_again("--who")]
        if self.waits:
            return ["sekisho apply", self.plan, self.context.aws]
        return [] if self.undone else self.context.status()


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Plans were rolled back; `plan` is the file of one that was not wholly undone, or "".

    AWS has `stopped` it; or a journal is lost, and `lost` undoes its plan by the account. After
    what was undone nothing comes next: each command that leads on would make it again.
    """

    context: RunContext
    plan: str = ""
    stopped: bool = False
    lost: str = ""

    def words(self) -> list[str]:
        """Return the same command again if it has not come to its end, or `status`."""
        if self.stopped or self.lost:
            return [self.lost or typed_again()]
        return ["sekisho status", self.plan, self.context.aws] if self.plan else []


@dataclass(frozen=True, slots=True)
class GoalStanding:
    """`status` has shown the progress of a goal.

    Attributes:
        context: what it was about.
        due: whether a user's day has come.
        without_mfa: the user who asks by an access key, and whom the plan enforces.
    """

    context: RunContext
    due: bool
    without_mfa: str = ""

    def words(self) -> list[str]:
        """Return the plan for the users who are due; none while their day has not come."""
        return self.context.plan() if self.due and not self.without_mfa else []


@dataclass(frozen=True, slots=True)
class CampaignShown:
    """`campaign` has shown the state of a campaign.

    Attributes:
        context: what it was about; an account of files is only looked at.
        due: whether something can be done today.
        stuck: whether problems block the changes that are due.
        lacks_mfa: whether the only problem is that `--mfa` was not given.
        typed: the command that shows it; "": it was typed.
    """

    context: RunContext
    due: bool
    stuck: bool
    lacks_mfa: bool = False
    typed: str = ""

    def words(self) -> list[str]:
        """Return the command that makes the changes that are due, or that shows the problems."""
        if self.lacks_mfa:
            return [typed_again("--mfa")]
        if self.context.snapshots or not (self.due or self.stuck):
            return []
        if self.due:
            return [f"{self.typed} --apply"] if self.typed else [typed_again("--apply")]
        return self.context.plan(out=False)


class State(Protocol):
    """A point of the work: any of the classes above, or that of `cli.audit`."""

    def words(self) -> list[str]:
        """Return the words of the command to type next; none if there is none."""


def next_action(state: State) -> str:
    """Return the one command to type next; "" if none is left to do, or known to help."""
    return " ".join(filter(None, (each.strip() for each in state.words())))
