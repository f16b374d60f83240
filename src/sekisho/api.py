"""The public API: the answers that the commands give, for Python programs.

Each name is also `sekisho.NAME`. Functions import what they need when they are called, so that a
program that only parses policies loads neither the prover nor boto3. No function has the name of
a package, because importing that package would replace it: hence `audit_account`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, overload

from sekisho.arguments import (
    ForceMfaChoices,
    caller_arn,
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
    from sekisho.errors import SekishoError
    from sekisho.policy import Document, PolicyKind
    from sekisho.prover import Callers, GrantDifference, PolicyDifference, TrustReport, Verdict
    from sekisho.prover.questions import PolicyReport
    from sekisho.rollout import Plan


def parse_policy(text: str, *, source: str = "policy", kind: str = "identity") -> Document:
    """Return the policy document that a JSON text contains.

    Args:
        text: the JSON; comments are ignored.
        source: a name for messages, such as the name of the file.
        kind: `identity`, `boundary`, `session`, `trust`, `resource`, `scp`, `rcp`, `vpc-endpoint`.

    Raises:
        FaultyPolicy: if it is not a valid policy; it lists every fault with its position.
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
        choices: settings that override the preset: fields of `sekisho.policy.Choices`.

    Raises:
        UsageError: if the preset or a choice is unknown, or a value is of the wrong type.
        FaultyPolicy: if choices contradict each other or are out of range.
    """
    from sekisho.policy import Preset, choices_of
    from sekisho.policy import force_mfa as written

    named = {each.value: each for each in Preset}
    for choice, value in choices.items():
        chosen("choices", choice, ForceMfaChoices.__annotations__)
        types = {"partition": (str,), "mfa_age": (int, type(None))}.get(choice, (bool,))
        expect(choice, value, *types)
    return written(replace(choices_of(chosen("preset", preset, named)), **choices))


def policies(*documents: Document | str | Path) -> Policies:
    """Return the identity-based policies of one user, for `decide`, `prove` and `diff`.

    Args:
        documents: parsed policies, or paths of policy files.

    Raises:
        UsageError: if a document is of another type, such as the text of a policy or a dict.
        FaultyPolicy: if a file cannot be read or is not a valid policy.
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
    """Return the answer that AWS would give to a request under the attached policies.

    Args:
        request: the request; context keys that follow from it are added to its context.
        attached: the policies that apply.
        now: the time of the request, with its time zone; None: the current time.

    Returns:
        The answer. Its `missing` are context keys that policies test and the request lacks.
        Compare its `effect`: an answer cannot be tested for truth.

    Raises:
        UsageError: if an argument is of the wrong type.
        FaultyRequest: if AWS could not receive the request, or it contradicts its principal.
        FaultyPolicy: if a document cannot be interpreted for certain.
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
) -> list[Decision | SekishoError]: ...
@overload
def decide_many(
    requests: Iterable[Request], attached: Policies, *, into: Literal["arrow"]
) -> pyarrow.Table: ...
def decide_many(
    requests: Iterable[Request], attached: Policies, *, into: str = "list"
) -> list[Decision | SekishoError] | pyarrow.Table:
    """Decide many requests by their policies alone; a million take seconds.

    A request that cannot be decided costs its own decision only: its error is in its place.

    No context key is added and no rule of a service is applied: a key that is not given is absent.
    For the completed request that an answer of `decide` has as `request`, the decision equals the
    `decision` of that answer.

    Args:
        requests: the requests; decisions are in the same order, one for each.
        attached: the policies that apply to each of them.
        into: `list`; or `arrow` for a `pyarrow.Table`, which needs the extra `replay`.

    Raises:
        UsageError: if an argument is of the wrong type.
        FaultyPolicy: if a document cannot be interpreted for certain.
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
    """Return whether MFA is enforced: without MFA, only the exempt actions are allowed.

    `Proved` stays true if other identity-based policies are attached later.

    Args:
        attached: the policies that are attached to the user or the role.
        user_arn: the user; None: any user.
        role_arn: a role instead of a user: MFA is enforced if its sessions are allowed only the
            exempt actions, or if it cannot be assumed without MFA.
        trust: the role's trust policy, parsed with `kind="trust"`, or the path of its file; None:
            it is not known, and the role is assumed to be open to callers without MFA.

    Returns:
        `Proved`, `Refuted` with a counterexample that the engine has confirmed, or `Unknown` with
        the reason. Match its class: a verdict cannot be tested for truth.
    """
    report = _on_enforcement(attached, caller_arn(user_arn, role_arn), trust)
    return _joined(report, "enforcement")


def assert_enforced(
    attached: Policies,
    *,
    user_arn: str | None = None,
    role_arn: str | None = None,
    trust: Document | str | Path | None = None,
) -> None:
    """Assert in a test that MFA is enforced: `assert_proved(prove(…))` with the same arguments.

    Raises:
        AssertionError: unless it is proved.
    """
    __tracebackhide__ = True
    assert_proved(prove(attached, user_arn=user_arn, role_arn=role_arn, trust=trust))


def assert_proved(verdict: Verdict) -> None:
    """Assert in a test that a verdict is `Proved`; `Unknown` fails as well.

    Raises:
        AssertionError: if it is not, with the whole counterexample, or the reason.
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
    """Return whether the policies now allow nothing without MFA except the exempt actions.

    This is weaker than MFA enforcement: a policy that is attached later may allow more.

    Returns:
        A verdict, as `prove`, which has the same arguments. `Proved` whenever `prove` is.
    """
    report = _on_enforcement(attached, caller_arn(user_arn, role_arn), trust)
    return _joined(report, "nothing-allowed")


def _on_enforcement(
    attached: Policies, whose: str | None, trust: Document | str | Path | None
) -> PolicyReport:
    from sekisho.engine import Policies
    from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

    expect("attached", attached, Policies)
    subject = Subject.of_files(attached, whose, datetime.now(UTC), users_may_change=False)
    if trust is not None:
        subject = replace(subject, trust=_attached("trust", trust, "trust"))
    return report_on_policies(subject, Inquiry(groups=frozenset({QuestionGroup.ENFORCEMENT})))


def _joined(report: PolicyReport, question: str) -> Verdict:
    """Return the verdict on one of the two questions, combined over all ways to call.

    A way to call that has no answer to `question` has one on enforcement that settles both.
    """
    from sekisho.prover import combine_verdicts
    from sekisho.prover.questions import ENFORCEMENT

    own = {each.calls: each for each in report.answers if each.id == question}
    both = {each.calls: each for each in report.answers if each.id == ENFORCEMENT}
    return combine_verdicts([each.conclusion.verdict for each in {**both, **own}.values()])


def ways_into(trust: Document | str | Path, role_arn: str) -> TrustReport:
    """Return the principals that may assume a role, and for each whether it needs MFA.

    Args:
        trust: the role's trust policy, parsed with `kind="trust"`, or the path of its file.
        role_arn: the role.

    Returns:
        One entry for each principal; its `without_mfa` is a verdict, as `prove`. The report's own
        `without_mfa` is `Proved` if only AWS services can assume the role without MFA.

    Raises:
        FaultyPolicy: if it is no trust policy that can be interpreted for certain.
    """
    from sekisho.prover import ways_into as report_on_trust

    expect("role_arn", role_arn, str)
    return report_on_trust(_attached("trust", trust, "trust"), role_arn, datetime.now(UTC))


def not_granted(
    attached: Policies,
    *actions: str,
    on: Sequence[str] = (),
    user_arn: str | None = None,
    role_arn: str | None = None,
    resource: tuple[Document | str | Path, str] | None = None,
) -> Verdict:
    """Return whether policies never grant any of these actions on these resources.

    Args:
        attached: the policies that are attached to the user or the role.
        actions: patterns, like `s3:GetObject`.
        on: patterns of resources; empty: any resource.
        user_arn: the user; None: any user.
        role_arn: a role instead of a user.
        resource: the resource-based policy of the resources `on`, which may grant as well, and
            the id of their account; None: there is none.

    Returns:
        A verdict, as `prove`. The decision of a counterexample names the statements that grant it.
        `Unknown` also if no real request has such an action and resource.

    Raises:
        UsageError: if IAM does not accept an action or a resource.
    """
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
    whose = caller_arn(user_arn, role_arn)
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
    """Return whether a resource-based policy allows nothing to callers of accounts not named.

    Args:
        document: the policy, parsed with `kind="resource"`, or the path of its file.

    Returns:
        A verdict, as `prove`: `Refuted` with a request that the policy alone allows, unsigned or
        by a principal of another account.

    Raises:
        FaultyPolicy: if it is no resource-based policy that can be interpreted for certain.
    """
    from sekisho.prover import no_public_access as answer_on_public

    return answer_on_public(_attached("document", document, "resource"), datetime.now(UTC)).verdict


def _attached(parameter: str, document: Document | str | Path, kind: str) -> AttachedPolicy:
    """Return a policy with its name; a path is read as a policy of the given kind."""
    from sekisho.policy import PolicyKind

    return attached_policy(parameter, document, PolicyKind[kind.upper()], f"{kind} policy")


def diff(
    old: Policies, new: Policies, *, user_arn: str | None = None, role_arn: str | None = None
) -> PolicyDifference:
    """Return the access that only one of two sets of policies allows, with examples.

    Args:
        old: the current policies.
        new: the changed policies.
        user_arn: the user; None: any user.
        role_arn: a role instead of a user.
    """
    from sekisho.prover import difference_for_any

    _expect_both(old, new)
    whose = _callers(old, new, caller_arn(user_arn, role_arn))
    return difference_for_any(old, new, whose, datetime.now(UTC))


def diff_grants(
    old: Document | str | Path, new: Document | str | Path, *, kind: str = "resource"
) -> tuple[GrantDifference, ...]:
    """Return the principals for which two policies allow or deny different requests.

    Args:
        old: the current policy, parsed with its kind, or the path of its file.
        new: the changed policy.
        kind: `resource` or `trust`.

    Raises:
        FaultyPolicy: if one is no policy of this kind that can be interpreted for certain.
    """
    from sekisho.prover import difference_of_grants

    known = _with_principals(kind)
    policies = (_attached("old", old, kind), _attached("new", new, kind))
    return difference_of_grants(*policies, known, datetime.now(UTC))[0]


def no_new_grants(
    old: Document | str | Path, new: Document | str | Path, *, kind: str = "resource"
) -> Verdict:
    """Return whether `new` allows no principal more than `old`, and denies none less.

    The arguments are those of `diff_grants`.

    Returns:
        A verdict; a counterexample is a request that only `new` allows, or only `old` denies.
    """
    from sekisho.prover import no_new_grants as compare_grants

    known = _with_principals(kind)
    policies = (_attached("old", old, kind), _attached("new", new, kind))
    return compare_grants(*policies, known, datetime.now(UTC))


def _with_principals(kind: str) -> PolicyKind:
    """Return the kind of policy with principals that a name selects."""
    from sekisho.policy import PolicyKind

    return chosen("kind", kind, {"resource": PolicyKind.RESOURCE, "trust": PolicyKind.TRUST})


def no_new_access(
    old: Policies, new: Policies, *, user_arn: str | None = None, role_arn: str | None = None
) -> Verdict:
    """Return whether `new` allows nothing that `old` does not: the check of a pull request.

    It answers one side of `diff`, without listing the access, and takes milliseconds.

    Args:
        old: the current policies.
        new: the changed policies.
        user_arn: the user; None: any user.
        role_arn: a role instead of a user.

    Returns:
        A verdict; a counterexample is a request that `new` allows and `old` does not.
    """
    from sekisho.prover import new_access

    _expect_both(old, new)
    whose = _callers(old, new, caller_arn(user_arn, role_arn))
    return new_access(old, new, whose, datetime.now(UTC))


def _expect_both(old: Policies, new: Policies) -> None:
    from sekisho.engine import Policies

    expect("old", old, Policies)
    expect("new", new, Policies)


def _callers(old: Policies, new: Policies, arn: str | None) -> Callers:
    """Return the callers to compare: the given user or role, or users that represent any user."""
    from sekisho.prover import Callers, CallingUser, callers_of_difference, representative_callers

    if arn:
        return Callers((CallingUser.from_arn(arn),), is_given=True)
    whose = representative_callers(old, new)
    return callers_of_difference(old, new) if whose.indistinct_keys else whose


def lint(text: str, *, source: str = "policy", kind: str = "user") -> LintReport:
    """Return the lint findings on a policy, and the actions that each kind of credential may do.

    Args:
        text: the JSON; comments are ignored, and reported.
        source: a name for messages, such as the name of the file.
        kind: where the policy is attached: a value of `sekisho policy lint --kind`.

    Raises:
        FaultyPolicy: if the text is not a policy document at all.
    """
    from sekisho.audit.lint import Attachment
    from sekisho.audit.lint import lint as linted

    expect("text", text, str)
    named = {each.word: each for each in Attachment}
    return linted(text, chosen("kind", kind, named), source=source)


def load_snapshot(*paths: str | Path) -> Snapshot:
    """Return the snapshot in a file that `sekisho collect` saved, or in AWS's own exports.

    Raises:
        FaultyAccount: if a file is not valid; it lists every fault with its position.
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
    """Return a snapshot of an AWS account as it is now; nothing in the account is changed.

    Args:
        profile: a profile of the AWS CLI; None: the usual chain of credentials.
        region: the region in which STS is called.
        endpoint_url: the endpoint of another AWS, such as `sekisho local`.

    Raises:
        AwsRefused: if the endpoint does not answer, or the credentials do not work. An object that
            may not be read is a gap of the snapshot instead.
    """
    from sekisho.account import collect as collected
    from sekisho.account.aws import connect

    api = connect(profile=profile, region=region, endpoint_url=endpoint_url)
    return collected(api, now=datetime.now(UTC))


def audit_account(snapshot: Snapshot, *, exceptions: str | Path | None = None) -> AccountReport:
    """Return the audit of an account: a row for each user, and the findings.

    Args:
        snapshot: the account.
        exceptions: the path of an exceptions file; None: no user is excepted.
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

    It equals the plan of `sekisho plan GOAL --snapshot … --caller …`, and has the same digest.

    Args:
        goal: the path of a goal file.
        snapshot: the account.
        caller: the ARN of the principal that will apply the plan.
        mfa: whether the caller's session was signed in with MFA, as the option `--mfa` declares.
            There is no default: False refuses plans that are safe in a session with MFA.
        exceptions: the path of an exceptions file; None: no user is excepted.

    Raises:
        FaultyInput: if the goal has faults, each with its line; if an exception does not fit the
            account; or if the snapshot's date is in the future.
        UsageError: if an argument is of the wrong type, or the caller is of another account.
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
    made = planned(goal_of(shape, str(goal), snapshot, excepted), snapshot, whose)
    file = None if exceptions is None else str(exceptions)
    return replace(made, goal=str(goal), exceptions_file=file)
