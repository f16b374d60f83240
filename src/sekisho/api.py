"""The public API: the answers that the commands give, for Python programs.

`sekisho.NAME` leads here. Each function loads what it needs when it is called: who only parses a
policy pays for no prover and no boto3. No function bears the name of a package, which would stand
in its place once it is loaded: hence `audit_account`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, overload

from sekisho.arguments import (
    ForceMfaChoices,
    asked_about,
    chosen,
    expect,
    expect_request,
    expect_time,
)
from sekisho.arguments import attached as attached_policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Unpack

    import pyarrow

    from sekisho.account import Snapshot
    from sekisho.answer import Answer
    from sekisho.audit.exceptions import Exceptions
    from sekisho.audit.lint import LintReport
    from sekisho.audit.report import AccountReport
    from sekisho.engine import AttachedPolicy, Decision, Policies, Request
    from sekisho.policy import Document, PolicyKind
    from sekisho.prover import Callers, GrantDifference, PolicyDifference, TrustReport, Verdict
    from sekisho.prover.questions import PolicyReport
    from sekisho.rollout import Plan


def parse_policy(text: str, *, source: str = "policy", kind: str = "identity") -> Document:
    """Return the policy document that a text holds.

    Args:
        text: JSON; comments are read over.
        source: a name for messages, such as the file's.
        kind: `identity`, `boundary`, `session`, `trust`, `resource`, `scp`, `rcp`, `vpc-endpoint`.

    Raises:
        FaultyPolicy: with every fault, each with its place.
    """
    from sekisho.policy import PolicyKind, parse

    expect("text", text, str)
    named = {each.name.lower().replace("_", "-"): each for each in PolicyKind}
    return parse(text, source=source, kind=chosen("kind", kind, named))


def force_mfa(
    preset: Literal["recommended", "first-login", "aws"] = "recommended",
    **choices: Unpack[ForceMfaChoices],
) -> Document:
    """Return a Force_MFA policy.

    Args:
        preset: `recommended`, `first-login` or `aws`, as `sekisho policy new --preset` has them.
        choices: what differs from the preset; the fields of `sekisho.policy.Choices`.

    Raises:
        UsageError: if there is no such preset or choice, or its value is of another type.
        FaultyPolicy: if choices contradict each other or are out of range.
    """
    from dataclasses import replace

    from sekisho.policy import Preset, choices_of
    from sekisho.policy import force_mfa as written

    named = {each.value: each for each in Preset}
    for choice, value in choices.items():
        chosen("choices", choice, ForceMfaChoices.__annotations__)
        types = {"partition": (str,), "mfa_age": (int, type(None))}.get(choice, (bool,))
        expect(choice, value, *types)
    return written(replace(choices_of(chosen("preset", preset, named)), **choices))


def policies(*documents: Document | str | Path) -> Policies:
    """Return identity-based policies as attached to one user, for `decide`, `prove` and `diff`.

    Args:
        documents: parsed policies, or paths of files that hold them.

    Raises:
        UsageError: if one is neither, such as the text of a policy or a dict.
        FaultyPolicy: if a file cannot be read or holds no policy.
    """
    from sekisho.engine import Policies
    from sekisho.policy import PolicyKind

    return Policies(
        identity=tuple(
            attached_policy(f"documents[{index}]", each, PolicyKind.IDENTITY, f"policy {index + 1}")
            for index, each in enumerate(documents)
        )
    )


def decide(request: Request, attached: Policies, *, now: datetime | None = None) -> Answer:
    """Return what AWS would answer to a request, for all that is given.

    Args:
        request: what is known of it; keys that follow from it are added to its context.
        attached: the policies that apply.
        now: the time of the request, with its zone; None: the present.

    Returns:
        The answer, with the keys that policies ask for and that were not given. Compare its
        `effect`: an answer cannot be tested for truth.

    Raises:
        UsageError: if an argument is of another type.
        FaultyRequest: if it is none that AWS could be asked, or contradicts its principal.
        FaultyPolicy: if a document cannot be read for certain.
    """
    from sekisho.answer import answer_request
    from sekisho.engine import Policies

    expect_request("request", request)
    expect("attached", attached, Policies)
    expect_time("now", now)
    return answer_request(request, attached, now or datetime.now(UTC))


@overload
def decide_many(
    requests: Iterable[Request], attached: Policies, *, into: Literal["list"] = "list"
) -> list[Decision]: ...
@overload
def decide_many(
    requests: Iterable[Request], attached: Policies, *, into: Literal["arrow"]
) -> pyarrow.Table: ...
def decide_many(
    requests: Iterable[Request], attached: Policies, *, into: str = "list"
) -> list[Decision] | pyarrow.Table:
    """Decide each of many requests by policies alone; a million take seconds.

    Nothing is added to their context, and no rule of a service counts: a key that is not there is
    absent. Each decision is what `decide` has as `decision` for the `request` of its answer, which
    is complete.

    Args:
        requests: in the order of the answers.
        attached: the policies that apply to each of them.
        into: `list`; or `arrow`, a `pyarrow.Table`, which the extra `replay` brings.

    Raises:
        UsageError: if an argument is of another type.
        FaultyRequest: if one is no request that AWS could be asked.
        FaultyPolicy: if a document cannot be read for certain.
    """
    from sekisho.batches import decide_all, decision_table
    from sekisho.engine import Policies

    expect("attached", attached, Policies)
    expect("requests", requests, Iterable)
    decided = chosen("into", into, {"list": decide_all, "arrow": decision_table})
    return decided(requests, attached)


def prove(
    attached: Policies,
    *,
    user_arn: str | None = None,
    role_arn: str | None = None,
    trust: Document | str | Path | None = None,
) -> Verdict:
    """Return whether MFA is enforced: no request without MFA is allowed but the exempt actions.

    It is whatever identity-based policies are attached later.

    Args:
        attached: as attached to the user or the role.
        user_arn: whose; None: whoever the user is.
        role_arn: of a role instead: MFA is enforced if its sessions are allowed nothing else, or if
            nobody assumes it without MFA.
        trust: the role's trust policy, parsed with `kind="trust"`, or the path of a file that holds
            it; None: it is not known, and nobody is taken to need MFA.

    Returns:
        `Proved`, `Refuted` with a counterexample that the engine has decided again, or `Unknown`
        with the reason. Match its class: a verdict cannot be tested for truth.
    """
    report = _on_enforcement(attached, asked_about(user_arn, role_arn), trust)
    return _joined(report, "enforcement")


def assert_enforced(
    attached: Policies,
    *,
    user_arn: str | None = None,
    role_arn: str | None = None,
    trust: Document | str | Path | None = None,
) -> None:
    """See in a test that MFA is enforced: `assert_proved` of `prove`, whose arguments these are.

    Raises:
        AssertionError: unless it is proved.
    """
    __tracebackhide__ = True
    assert_proved(prove(attached, user_arn=user_arn, role_arn=role_arn, trust=trust))


def assert_proved(verdict: Verdict) -> None:
    """See in a test that a verdict is `Proved`; what is unknown is no pass.

    Raises:
        AssertionError: if it is not, with the counterexample in full, or the reason.
    """
    from sekisho.prover import Proved, Refuted, Unknown

    __tracebackhide__ = True
    expect("verdict", verdict, Proved, Refuted, Unknown)
    match verdict:
        case Refuted(counterexample):
            raise AssertionError(f"refuted by this request:\n{counterexample}")
        case Unknown(reason):
            raise AssertionError(f"unknown: {reason.en}")
        case Proved():
            return


def nothing_allowed(
    attached: Policies,
    *,
    user_arn: str | None = None,
    role_arn: str | None = None,
    trust: Document | str | Path | None = None,
) -> Verdict:
    """Return whether nothing is allowed without MFA as policies are, but the exempt actions.

    That is less than MFA being enforced: a policy that is attached later may allow something.

    Returns:
        As `prove`, whose arguments are the same. `Proved` wherever `prove` is.
    """
    report = _on_enforcement(attached, asked_about(user_arn, role_arn), trust)
    return _joined(report, "nothing-allowed")


def _on_enforcement(
    attached: Policies, whose: str | None, trust: Document | str | Path | None
) -> PolicyReport:
    from dataclasses import replace

    from sekisho.engine import Policies
    from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

    expect("attached", attached, Policies)
    subject = Subject.of_files(attached, whose, datetime.now(UTC), users_may_change=False)
    if trust is not None:
        subject = replace(subject, trust=_attached("trust", trust, "trust"))
    return report_on_policies(subject, Inquiry(groups=frozenset({QuestionGroup.ENFORCEMENT})))


def _joined(report: PolicyReport, question: str) -> Verdict:
    """Return the verdict on one of the two questions, for every way to call.

    What is enforced, or refuted by what is allowed already, is one answer to both.
    """
    from sekisho.prover import combine_verdicts
    from sekisho.prover.questions import ENFORCEMENT

    own = {each.calls: each for each in report.answers if each.id == question}
    both = {each.calls: each for each in report.answers if each.id == ENFORCEMENT}
    return combine_verdicts([each.conclusion.verdict for each in {**both, **own}.values()])


def ways_into(trust: Document | str | Path, role_arn: str) -> TrustReport:
    """Return who may assume a role, and for each whether without MFA.

    Args:
        trust: the role's trust policy, parsed with `kind="trust"`, or the path of a file that holds
            it.
        role_arn: the role.

    Returns:
        One entry for each principal, whose `without_mfa` is as `prove`; `without_mfa` of them all
        is `Proved` if nobody assumes the role without MFA, AWS services apart.

    Raises:
        FaultyPolicy: if it is no trust policy that can be read for certain.
    """
    from sekisho.prover import ways_into as asked

    expect("role_arn", role_arn, str)
    return asked(_attached("trust", trust, "trust"), role_arn, datetime.now(UTC))


def not_granted(
    attached: Policies,
    *actions: str,
    on: Sequence[str] = (),
    user_arn: str | None = None,
    role_arn: str | None = None,
    resource: tuple[Document | str | Path, str] | None = None,
) -> Verdict:
    """Return whether policies grant none of some actions, on some resources, in no request.

    Args:
        attached: as attached to the user.
        actions: patterns, like `s3:GetObject`.
        on: patterns of resources; none: any.
        user_arn: whose; None: whoever the user is.
        role_arn: of a role instead.
        resource: the policy of the resources `on`, which may grant, too, and the id of their
            account; None: there is none.

    Returns:
        As `prove`: `Proved` if nothing of it is granted; else the counterexample's decision says by
        which statements. `Unknown`, too, where no real request is about these.

    Raises:
        UsageError: if an action or a resource is none that IAM takes.
    """
    from dataclasses import replace

    from sekisho.engine import Policies
    from sekisho.errors import UsageError
    from sekisho.messages import Message
    from sekisho.prover import Invariant, InvariantKind, OwnedResource, combine_verdicts, faults_in
    from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

    expect("attached", attached, Policies)
    expect("on", on, list, tuple)
    for each in (*actions, *on):
        expect("actions" if each in actions else "on", each, str)
    kind = InvariantKind.NOT_GRANTED
    asked = Invariant(kind.value, kind, actions, on=tuple(on))
    for _, message in faults_in(asked):
        raise UsageError(message)
    whose = asked_about(user_arn, role_arn)
    subject = Subject.of_files(attached, whose, datetime.now(UTC), users_may_change=False)
    if resource is not None:
        if whose is None or not on:
            raise UsageError(Message("give the caller and the resources"))
        policy, owner = resource
        subject = replace(
            subject, resource=OwnedResource(_attached("resource", policy, "resource"), owner)
        )
    inquiry = Inquiry(groups=frozenset({QuestionGroup.INVARIANTS}), invariants=(asked,))
    answers = report_on_policies(subject, inquiry).answers
    return combine_verdicts([each.conclusion.verdict for each in answers])


def no_public_access(document: Document | str | Path) -> Verdict:
    """Return whether a resource-based policy allows nothing to anybody of no account it names.

    Args:
        document: the policy, parsed with `kind="resource"`, or the path of a file that holds it.

    Returns:
        As `prove`: `Refuted` with a request, by who signs nothing or by a principal of another
        account, that the policy alone allows.

    Raises:
        FaultyPolicy: if it is no resource-based policy that can be read for certain.
    """
    from sekisho.prover import no_public_access as asked

    return asked(_attached("document", document, "resource"), datetime.now(UTC)).verdict


def _attached(parameter: str, document: Document | str | Path, kind: str) -> AttachedPolicy:
    """Return a policy with its name; a path is read as one of a kind."""
    from sekisho.policy import PolicyKind

    return attached_policy(parameter, document, PolicyKind[kind.upper()], f"{kind} policy")


def diff(
    old: Policies, new: Policies, *, user_arn: str | None = None, role_arn: str | None = None
) -> PolicyDifference:
    """Return what `old` allows and `new` does not, and the reverse, with an example for each.

    Args:
        old: the policies as they are.
        new: the policies as they would be.
        user_arn: whose; None: whoever the user is.
        role_arn: of a role instead.
    """
    from sekisho.prover import difference_for_any

    _expect_both(old, new)
    whose = _callers(old, new, asked_about(user_arn, role_arn))
    return difference_for_any(old, new, whose, datetime.now(UTC))


def diff_grants(
    old: Document | str | Path, new: Document | str | Path, *, kind: str = "resource"
) -> tuple[GrantDifference, ...]:
    """Return who is allowed or denied what by one of two policies with principals alone.

    Args:
        old: the policy as it is, parsed with its kind, or the path of a file that holds it.
        new: the policy as it would be.
        kind: `resource` or `trust`.

    Raises:
        FaultyPolicy: if one is no policy of this kind that can be read for certain.
    """
    from sekisho.prover import difference_of_grants

    known = _with_principals(kind)
    policies = (_attached("old", old, kind), _attached("new", new, kind))
    return difference_of_grants(*policies, known, datetime.now(UTC))[0]


def no_new_grants(
    old: Document | str | Path, new: Document | str | Path, *, kind: str = "resource"
) -> Verdict:
    """Return whether a policy with principals allows nobody more, and denies nobody less.

    The arguments are those of `diff_grants`.

    Returns:
        As `prove`; a counterexample is a request that `new` alone allows, or `old` alone denies.
    """
    from sekisho.prover import no_new_grants as asked

    known = _with_principals(kind)
    policies = (_attached("old", old, kind), _attached("new", new, kind))
    return asked(*policies, known, datetime.now(UTC))


def _with_principals(kind: str) -> PolicyKind:
    """Return a kind of policy that has principals."""
    from sekisho.policy import PolicyKind

    return chosen("kind", kind, {"resource": PolicyKind.RESOURCE, "trust": PolicyKind.TRUST})


def no_new_access(
    old: Policies, new: Policies, *, user_arn: str | None = None, role_arn: str | None = None
) -> Verdict:
    """Return whether `new` allows nothing that `old` does not: the check of a pull request.

    It is one side of `diff`, without a list, and takes milliseconds.

    Args:
        old: the policies as they are.
        new: the policies as they would be.
        user_arn: whose; None: whoever the user is.
        role_arn: of a role instead.

    Returns:
        As `prove`; a counterexample is a request that `new` allows and `old` does not.
    """
    from sekisho.prover import new_access

    _expect_both(old, new)
    whose = _callers(old, new, asked_about(user_arn, role_arn))
    return new_access(old, new, whose, datetime.now(UTC))


def _expect_both(old: Policies, new: Policies) -> None:
    from sekisho.engine import Policies

    expect("old", old, Policies)
    expect("new", new, Policies)


def _callers(old: Policies, new: Policies, arn: str | None) -> Callers:
    """Return who is asked about: the user or role, or the users who stand for any."""
    from sekisho.prover import Callers, CallingUser, callers_of_difference, representative_callers

    if arn:
        return Callers((CallingUser.from_arn(arn),), is_given=True)
    whose = representative_callers(old, new)
    return callers_of_difference(old, new) if whose.indistinct_keys else whose


def lint(text: str, *, source: str = "policy", kind: str = "user") -> LintReport:
    """Return what is wrong with a policy, and what it means for each credential.

    Args:
        text: JSON; comments are read over and reported.
        source: a name for messages, such as the file's.
        kind: what it is attached to, as `sekisho policy lint --kind` has it.

    Raises:
        FaultyPolicy: if the text is no policy document at all.
    """
    from sekisho.audit.lint import Attachment
    from sekisho.audit.lint import lint as linted

    expect("text", text, str)
    named = {each.word: each for each in Attachment}
    return linted(text, chosen("kind", kind, named), source=source)


def load_snapshot(*paths: str | Path) -> Snapshot:
    """Return the account of a file that `collect` saved, or of AWS's own exports.

    Raises:
        FaultyAccount: with every fault, each with its place.
    """
    from sekisho.account import open_account

    if not paths:
        from sekisho.errors import UsageError
        from sekisho.messages import Message

        raise UsageError(Message("`paths` names no file"), at="paths")
    for each in paths:
        expect("paths", each, str, Path)
    return open_account(*map(str, paths))


def collect(
    *, profile: str | None = None, region: str | None = None, endpoint_url: str | None = None
) -> Snapshot:
    """Return an AWS account as it is now; it is only read.

    Args:
        profile: a profile of the AWS CLI; None: the usual chain of credentials.
        region: where STS is called.
        endpoint_url: another AWS, such as `sekisho local`.

    Raises:
        AwsRefused: if nobody answers, or the credentials do not work. What may not be read is a
            gap of the snapshot.
    """
    from sekisho.account import collect as collected
    from sekisho.account.aws import connect

    api = connect(profile=profile, region=region, endpoint_url=endpoint_url)
    return collected(api, now=datetime.now(UTC))


def audit_account(snapshot: Snapshot, *, exceptions: str | Path | None = None) -> AccountReport:
    """Return each user of an account in one row, and the findings.

    Args:
        snapshot: the account.
        exceptions: an exceptions file; None: there are none.
    """
    import sekisho
    from sekisho.account import Snapshot
    from sekisho.audit.report import audit_account as audited

    expect("snapshot", snapshot, Snapshot)
    return audited(snapshot, _exceptions(exceptions), version=sekisho.__version__)


def _exceptions(path: str | Path | None) -> Exceptions:
    from sekisho.audit.exceptions import Exceptions, load_exceptions

    expect("exceptions", path, str, Path, type(None))
    return Exceptions() if path is None else load_exceptions(str(path))


def plan(
    goal: str | Path,
    snapshot: Snapshot,
    *,
    caller: str,
    mfa: bool,
    exceptions: str | Path | None = None,
) -> Plan:
    """Return the plan that brings an account to a goal; nothing is changed.

    It is the plan of `sekisho plan GOAL --snapshot … --caller …`, digest and all.

    Args:
        goal: a goal file.
        snapshot: the account.
        caller: the ARN of who will apply the plan.
        mfa: whether their session was signed in with MFA, as the option `--mfa` declares. There is
            no default: where it is false, much is refused that is safe for a session with MFA.
        exceptions: an exceptions file; None: there are none.

    Raises:
        FaultyInput: with every fault of the goal, each with its line; or if an exception does not
            fit the account, or the account was read at a time to come.
        UsageError: if an argument is of another type, or the caller of another account.
    """
    from sekisho.account import Snapshot
    from sekisho.rollout import PlanCaller, check_saved_account, goal_of, read_goal
    from sekisho.rollout import plan as planned

    expect("goal", goal, str, Path)
    expect("snapshot", snapshot, Snapshot)
    expect("caller", caller, str)
    expect("mfa", mfa, bool)
    shape, excepted, whose = read_goal(goal), _exceptions(exceptions), PlanCaller(caller, mfa=mfa)
    check_saved_account(snapshot, whose, "snapshot", datetime.now(UTC))
    excepted.check(snapshot)
    return planned(goal_of(shape, str(goal), snapshot, excepted), snapshot, whose)
