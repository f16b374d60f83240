"""The public API: the answers that the commands give, for Python programs.

`sekisho.NAME` leads here. Each function loads what it needs when it is called: who only parses a
policy pays for no prover and no boto3. No function bears the name of a package, which would stand
in its place once it is loaded: hence `audit_account`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sekisho.account import Snapshot
    from sekisho.answer import Answer
    from sekisho.audit.lint import LintReport
    from sekisho.audit.report import AccountReport
    from sekisho.engine import AttachedPolicy, Policies, Request
    from sekisho.policy import Document, PolicyKind
    from sekisho.prover import Callers, GrantDifference, PolicyDifference, TrustReport, Verdict
    from sekisho.prover.questions import PolicyReport
    from sekisho.rollout import Plan

T = TypeVar("T")


def _chosen(parameter: str, value: str, known: Mapping[str, T]) -> T:
    """Return what a parameter names.

    Raises:
        UsageError: if it names nothing, with all that it may name.
    """
    if value not in known:
        from sekisho.errors import UsageError
        from sekisho.messages import Message

        message = Message("`{parameter}` is none of {known}: `{value}`")
        raise UsageError(message.filled(parameter=parameter, known=", ".join(known), value=value))
    return known[value]


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

    named = {each.name.lower().replace("_", "-"): each for each in PolicyKind}
    return parse(text, source=source, kind=_chosen("kind", kind, named))


def force_mfa(preset: str = "recommended", **choices: Any) -> Document:
    """Return a Force_MFA policy.

    Args:
        preset: `recommended`, `first-login` or `aws`, as `sekisho policy new --preset` has them.
        choices: what differs from the preset; the fields of `sekisho.policy.Choices`.
    """
    from dataclasses import replace

    from sekisho.policy import Preset, choices_of
    from sekisho.policy import force_mfa as written

    named = {each.value: each for each in Preset}
    return written(replace(choices_of(_chosen("preset", preset, named)), **choices))


def policies(*documents: Document | str | Path) -> Policies:
    """Return identity-based policies as attached to one user, for `decide`, `prove` and `diff`.

    Args:
        documents: parsed policies, or paths of files that hold them.

    Raises:
        FaultyPolicy: if a file holds no policy.
        OSError: if a file cannot be read.
    """
    from sekisho.engine import AttachedPolicy, Policies

    attached = []
    for index, each in enumerate(documents):
        if isinstance(each, str | Path):
            text = Path(each).read_text(encoding="utf-8")
            attached.append(AttachedPolicy(str(each), parse_policy(text, source=str(each))))
        else:
            attached.append(AttachedPolicy(each.source or f"policy {index + 1}", each))
    return Policies(identity=tuple(attached))


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
        FaultyRequest: if it is none that AWS could be asked, or contradicts its principal.
        FaultyPolicy: if a document cannot be read for certain.
    """
    from sekisho.answer import answer_request

    return answer_request(request, attached, now or datetime.now(UTC))


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
    report = _on_enforcement(attached, _whose(user_arn, role_arn), trust)
    return _joined(report, "enforcement")


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
    report = _on_enforcement(attached, _whose(user_arn, role_arn), trust)
    return _joined(report, "nothing-allowed")


def _on_enforcement(
    attached: Policies, whose: str | None, trust: Document | str | Path | None
) -> PolicyReport:
    from dataclasses import replace

    from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

    subject = Subject.of_files(attached, whose, datetime.now(UTC), users_may_change=False)
    if trust is not None:
        subject = replace(subject, trust=_attached(trust, "trust"))
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

    return asked(_attached(trust, "trust"), role_arn, datetime.now(UTC))


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

    from sekisho.errors import UsageError
    from sekisho.messages import Message
    from sekisho.prover import Invariant, InvariantKind, OwnedResource, combine_verdicts, faults_in
    from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

    kind = InvariantKind.NOT_GRANTED
    asked = Invariant(kind.value, kind, actions, on=tuple(on))
    for _, message in faults_in(asked):
        raise UsageError(message)
    whose = _whose(user_arn, role_arn)
    subject = Subject.of_files(attached, whose, datetime.now(UTC), users_may_change=False)
    if resource is not None:
        if whose is None or not on:
            raise UsageError(Message("say who calls, and on which resources"))
        policy, owner = resource
        subject = replace(subject, resource=OwnedResource(_attached(policy, "resource"), owner))
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
        OSError: if a file cannot be read.
    """
    from sekisho.prover import no_public_access as asked

    return asked(_attached(document, "resource"), datetime.now(UTC)).verdict


def _attached(document: Document | str | Path, kind: str) -> AttachedPolicy:
    """Return a policy with its name; a path is read as one of a kind."""
    from sekisho.engine import AttachedPolicy

    if isinstance(document, str | Path):
        text = Path(document).read_text(encoding="utf-8")
        document = parse_policy(text, source=str(document), kind=kind)
    return AttachedPolicy(document.source or f"{kind} policy", document)


def _whose(user_arn: str | None, role_arn: str | None) -> str | None:
    """Return the ARN of who is asked about; None: whoever the user is.

    Raises:
        UsageError: if a user and a role are given.
        FaultyRequest: if the ARN is none of a user, or of a role.
    """
    from sekisho.errors import UsageError
    from sekisho.messages import Message
    from sekisho.prover import CallingUser

    match (user_arn, role_arn):
        case (None, None):
            return None
        case (str(user), None):
            return CallingUser.of(user).arn
        case (None, str(role)):
            return CallingUser.of_role(role).arn
        case _:
            raise UsageError(Message("`user_arn` and `role_arn` are two questions"))


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

    whose = _callers(old, new, _whose(user_arn, role_arn))
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

    policies = (_attached(old, kind), _attached(new, kind))
    return difference_of_grants(*policies, _with_principals(kind), datetime.now(UTC))[0]


def no_new_grants(
    old: Document | str | Path, new: Document | str | Path, *, kind: str = "resource"
) -> Verdict:
    """Return whether a policy with principals allows nobody more, and denies nobody less.

    The arguments are those of `diff_grants`.

    Returns:
        As `prove`; a counterexample is a request that `new` alone allows, or `old` alone denies.
    """
    from sekisho.prover import no_new_grants as asked

    policies = (_attached(old, kind), _attached(new, kind))
    return asked(*policies, _with_principals(kind), datetime.now(UTC))


def _with_principals(kind: str) -> PolicyKind:
    """Return a kind of policy that has principals."""
    from sekisho.policy import PolicyKind

    return _chosen("kind", kind, {"resource": PolicyKind.RESOURCE, "trust": PolicyKind.TRUST})


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

    whose = _callers(old, new, _whose(user_arn, role_arn))
    return new_access(old, new, whose, datetime.now(UTC))


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

    named = {each.word: each for each in Attachment}
    return linted(text, _chosen("kind", kind, named), source=source)


def load_snapshot(*paths: str | Path) -> Snapshot:
    """Return the account of a file that `collect` saved, or of AWS's own exports.

    Raises:
        FaultyAccount: with every fault, each with its place.
    """
    from sekisho.account import open_account

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
    from sekisho.audit.exceptions import Exceptions, load_exceptions
    from sekisho.audit.report import audit_account as audited

    excepted = load_exceptions(str(exceptions)) if exceptions else Exceptions()
    return audited(snapshot, excepted, version=sekisho.__version__)


def plan(goal: str | Path, snapshot: Snapshot, *, caller: str, mfa: bool = True) -> Plan:
    """Return the plan that brings an account to a goal; nothing is changed.

    Args:
        goal: a goal file.
        snapshot: the account.
        caller: the ARN of who will apply the plan.
        mfa: whether their session was signed in with MFA.

    Raises:
        FaultyInput: with every fault of the goal, each with its line.
    """
    from sekisho.audit.exceptions import Exceptions
    from sekisho.rollout import PlanCaller, goal_of, read_goal
    from sekisho.rollout import plan as planned

    wanted = goal_of(read_goal(goal), str(goal), snapshot, Exceptions())
    return planned(wanted, snapshot, PlanCaller(caller, mfa=mfa))
