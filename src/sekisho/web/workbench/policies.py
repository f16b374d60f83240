"""Policies that somebody types in: one, examined; two, compared; and a policy of the account.

What is typed is examined in memory and written nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from itertools import starmap

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho import catalogue, policy
from sekisho.account import ManagedPolicy
from sekisho.audit import SEVERITIES, Family, Finding, FindingId, Severity
from sekisho.audit.lint import Attachment, LintReport, lint
from sekisho.audit.lint import to_json as lint_to_json
from sekisho.audit.meaning import (
    CREDENTIALS,
    cell_text,
    meaning,
    notes,
    sentences,
    summary_to_json,
)
from sekisho.engine import Assumptions, AttachedPolicy, Policies
from sekisho.errors import Fault, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed
from sekisho.policy import Document, PolicyKind, Quota, Summary
from sekisho.prover import CREDENTIALS as CALLER_CREDENTIALS
from sekisho.prover import (
    ActionGroup,
    Callers,
    Counterexample,
    Enforced,
    PolicyDifference,
    Refuted,
    Side,
    Unknown,
    callers_of_difference,
    condition_text,
    counterexample_text,
    difference_for_any,
    verdict_text,
)
from sekisho.prover.questions import (
    ENFORCED_SENTENCES,
    ENFORCEMENT,
    Inquiry,
    PolicyReport,
    QuestionAnswer,
    Subject,
    answer_details,
    answer_title,
    answer_word,
    difference_to_json,
    report_on_policies,
)
from sekisho.prover.scenarios import proof_to_json
from sekisho.web.site import language, text
from sekisho.web.workbench.form_text import form_text, keep_form, say_if_gone, shows_form
from sekisho.web.workbench.material import (
    MOST_NAMES,
    answer_for_page,
    json_response,
    material,
    wants_json,
)
from sekisho.web.workbench.subprocess_worker import SECONDS, NotDecided, StillWorking

VIEW = Blueprint("policies", __name__)

_QUOTAS = {
    "managed": f"{Quota.MANAGED_POLICY.number:,}",
    "group": f"{Quota.GROUP_INLINE.number:,}",
    "role": f"{Quota.ROLE_INLINE.number:,}",
}
_SOURCE = "policy"
_EVERYTHING = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
)
"""What an administrator has: beside it, it counts what a policy denies."""
_MOST_KEPT = 32
_ACTIONS = 60
"""So many actions are shown one by one; of more, the first of each service."""
_FIRST = 10
"""So many of what is alike are shown; the others are folded up, or counted."""
_SERVICES = 40


@dataclass(frozen=True, slots=True)
class ProvedPolicy:
    """The prover's answers about a policy.

    Attributes:
        meant: as `policy summary`.
        subject, proof: as `prove`; None if it was not examined.
        unread: why it was not.
    """

    meant: tuple[Message, ...] = ()
    subject: Subject | None = None
    proof: PolicyReport | None = None
    unread: Message | None = None


@dataclass(frozen=True, slots=True)
class ExaminedPolicy:
    """A policy, and what the commands say of it.

    Attributes:
        faults: why it is no policy; everything else is None then.
        lint: as `policy lint`.
        summary: as `policy summary`.
        proved: what is proved of it; None if that was not decided in time.
        working: whether it is still being proved.
    """

    faults: tuple[Fault, ...] = ()
    lint: LintReport | None = None
    document: Document | None = None
    summary: Summary | None = None
    proved: ProvedPolicy | None = None
    working: bool = False

    @property
    def undecided(self) -> bool:
        """Whether the time was not enough."""
        return self.document is not None and self.proved is None and not self.working

    def to_json(self) -> dict[str, object]:
        """Return the three answers, each as its command prints it; null what there is not."""
        if self.lint is None or self.document is None or self.summary is None:
            faults = [
                {"code": each.code.value, "message": each.sentence.en} for each in self.faults
            ]
            return {"faults": faults, "lint": None, "summary": None, "prove": None}
        found = self.proved or ProvedPolicy()
        proof = None
        if found.proof is not None and found.subject is not None:
            proof = proof_to_json(found.proof, (), found.subject)
        return {
            "faults": [],
            "lint": lint_to_json([self.lint], []),
            "summary": summary_to_json(self.document, self.summary, found.meant),
            "prove": proof,
        }


@lru_cache(maxsize=_MOST_KEPT)
def read(text: str, attachment: Attachment = Attachment.USER) -> ExaminedPolicy:
    """Return the commands' results for a policy that need no proof."""
    try:
        report = lint(text, attachment, source=_SOURCE)
        document = policy.parse(text, source=_SOURCE)
    except FaultyPolicy as error:
        return ExaminedPolicy(faults=tuple(error.faults))
    return ExaminedPolicy((), report, document, policy.summarise(document, catalogue.load()))


def prove(text: str) -> ProvedPolicy:
    """Return the prover's results for a policy."""
    document = policy.parse(text, source=_SOURCE)
    try:
        meant = sentences(meaning(document))
        subject = subject_of(document)
        return ProvedPolicy(meant, subject, report_on_policies(subject, Inquiry()))
    except FaultyPolicy as error:
        return ProvedPolicy(unread=error.reason)


def _examined_in_time(text: str, attachment: Attachment) -> ExaminedPolicy:
    found = read(text, attachment)
    if found.document is None:
        return found
    try:
        return replace(found, proved=answer_for_page((prove, text), prove, text))
    except NotDecided:
        return found
    except StillWorking:
        return replace(found, working=True)


def subject_of(document: Document) -> Subject:
    """Return a user with a policy and nothing else as a subject, as `prove FILE` does."""
    policies = Policies(identity=(AttachedPolicy(_SOURCE, document),))
    return Subject.of_files(policies, None, datetime.now(UTC), users_may_change=False)


@VIEW.route("/policy", methods=["GET", "POST"])
def one() -> ResponseReturnValue:
    """Show what is wrong with a policy, what it means, and what is proved of it."""
    if request.method == "POST":
        return keep_form()
    managed, status = _policy_in_address(), say_if_gone()
    document = policy.render(managed.document) if managed else form_text("document")
    attachment = Attachment.AWS_MANAGED if managed and managed.aws_managed else Attachment.USER
    found = _examined_in_time(document, attachment) if document.strip() else None
    if wants_json():
        return json_response(None if found is None else found.to_json())
    proof = found.proved.proof if found and found.proved else None
    findings = found.lint.findings if found and found.lint else ()
    page = render_template(
        "policy.html",
        view="/policy",
        document=document,
        managed=managed,
        policies=() if document.strip() else _policies_of_account(),
        most_policies=MOST_NAMES,
        found=found,
        refused=[each for each in findings if _refuses(each)],
        of_aws=attachment is Attachment.AWS_MANAGED,
        findings=_by_id(each for each in findings if not _refuses(each)),
        severities=SEVERITIES,
        most=_FIRST,
        quotas=_QUOTAS,
        seconds=SECONDS,
        columns=policy.COLUMNS,
        credentials=CREDENTIALS,
        cell_text=cell_text,
        notes=notes,
        proof=proof,
        verdict=_verdict(proof) if proof else None,
        answers=_answers(proof) if proof else (),
        meant=[*map(_with_actions_folded, found.proved.meant)] if found and found.proved else (),
        exempt=_exempt(proof) if proof else (),
        exempt_unknown=proof.exempt_unknown if proof else None,
    )
    faulty = found is not None and found.faults
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if faulty else status


def _policy_in_address() -> ManagedPolicy | None:
    """Return the policy of the account that the address names; None if it names none."""
    arn = request.args.get("arn", "")
    if not arn or shows_form():
        return None
    known = material().report.snapshot.policies.get(arn)
    if known is None:
        abort(HTTPStatus.NOT_FOUND)
    return known


def _policies_of_account() -> list[ManagedPolicy]:
    """Return the managed policies of the account, the customer's first."""
    known = material().report.snapshot.policies.values()
    return sorted(known, key=lambda each: (each.aws_managed, each.name.casefold()))


def _refuses(finding: Finding) -> bool:
    return finding.id.family is Family.SAVE and finding.severity is Severity.ERROR


def _by_id(findings: Iterable[Finding]) -> list[tuple[Severity, int, list[list[Finding]]]]:
    """Return findings by severity, the gravest first, each with its count, and by id."""
    alike: dict[tuple[Severity, FindingId], list[Finding]] = {}
    for each in findings:
        alike.setdefault((each.severity, each.id), []).append(each)
    grouped = (
        (severity, [those for (grade, _), those in alike.items() if grade is severity])
        for severity in SEVERITIES
    )
    return [(severity, sum(map(len, those)), those) for severity, those in grouped if those]


def _verdict(report: PolicyReport) -> tuple[str, Message, tuple[str, ...]] | None:
    """Return whether MFA is enforced, as `prove` says it first, and the request that refutes it."""
    enforced = report.enforced
    if enforced is None:
        return None
    refuted = (
        each
        for each in report.answers
        if each.id == ENFORCEMENT and each.counts and isinstance(each.conclusion.verdict, Refuted)
    )
    kind = {Enforced.PROVED: "success", Enforced.UNKNOWN: "warning"}.get(enforced, "error")
    first = next(refuted, None)
    request = answer_details(first, _counterexample_message, language()) if first else ()
    return kind, ENFORCED_SENTENCES[enforced], tuple(request)


@dataclass(frozen=True, slots=True)
class ShownActions:
    """Actions: all of them where they are few, else the first of each service.

    Attributes:
        services: how many of each service, the most first, and the first of them.
        more: how many services are left out.
    """

    names: tuple[str, ...] = ()
    services: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    more: int = 0


def _shown_actions(actions: Sequence[str]) -> ShownActions:
    if len(actions) <= _ACTIONS:
        return ShownActions(tuple(actions))
    by_service: dict[str, list[str]] = {}
    for each in actions:
        by_service.setdefault(each.partition(":")[0], []).append(each)
    services = sorted(by_service.items(), key=lambda each: -len(each[1]))
    few = _ACTIONS if len(services) == 1 else _FIRST
    first = tuple((name, len(those), tuple(those[:few])) for name, those in services[:_SERVICES])
    return ShownActions((), first, max(0, len(services) - _SERVICES))


def _with_actions_folded(said: Message) -> tuple[Message, ShownActions | None]:
    """Return a sentence about a policy; a long list of actions is a count, and comes beside it."""
    values = dict(said.values or ())
    names = values.get("names")
    actions = names.en.split(", ") if isinstance(names, Message) else []
    if len(actions) <= _ACTIONS:
        return said, None
    values["names"] = text("workbench.policy.actions", count=f"{len(actions):,}")
    return replace(said, values=None).filled(**values), _shown_actions(actions)


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer of a proof: what it is said of, the answer, and what shows it."""

    title: Message
    word: Message
    kind: str
    counts: bool
    details: tuple[str, ...]


def _answers(report: PolicyReport) -> list[ShownAnswer]:
    spoken = language()

    def shown_answer(each: QuestionAnswer) -> ShownAnswer:
        match each.conclusion.verdict:
            case Refuted():
                kind = "bad" if each.counts else "none"
            case Unknown():
                kind = "open"
            case _:
                kind = "good"
        details = answer_details(each, _counterexample_message, spoken)
        return ShownAnswer(answer_title(each), answer_word(each), kind, each.counts, tuple(details))

    return [shown_answer(each) for each in report.answers]


def _counterexample_message(found: Counterexample, refused: bool) -> Message:
    return counterexample_text(found, refused=refused)


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Actions that are alike: which, to whom, on what, and a request."""

    actions: ShownActions
    credentials: Message
    resources: tuple[str, ...]
    conditions: tuple[Message, ...]
    such_as: Message | None = None


def _group(each: ActionGroup, *, such_as: bool) -> ShownGroup:
    return ShownGroup(
        _shown_actions(each.actions),
        listed(CALLER_CREDENTIALS[one] for one in each.credentials),
        tuple(each.resources),
        tuple(condition_text(one) for one in each.conditions),
        counterexample_text(each.counterexample) if such_as else None,
    )


def _exempt(report: PolicyReport) -> list[ShownGroup]:
    if not isinstance(report.exempt, tuple):
        return []
    return [_group(each, such_as=False) for each in report.exempt]


@dataclass(frozen=True, slots=True)
class ComparedPolicies:
    """Two policies, and what only one of them allows, each way.

    Attributes:
        faults: why one of them is no policy, each with the field that it is in.
        found: None if it was not compared.
        whose: who was asked about.
        only_deny: whether neither of them allows anything by itself.
        undecided: whether the time was not enough.
        working: whether the answer is yet to come.
    """

    faults: tuple[tuple[str, Fault], ...] = ()
    found: PolicyDifference | None = None
    whose: Callers | None = None
    only_deny: bool = False
    undecided: bool = False
    working: bool = False


def compare(old: str, new: str, beside: str) -> ComparedPolicies:
    """Return the permissions that only one of two policies has, as in `policy diff`.

    Args:
        old: the one.
        new: the other.
        beside: a policy that both sides have besides, as with `--with-both`; "" for none.
    """
    faults: list[tuple[str, Fault]] = []
    documents: dict[str, Document] = {}
    for field, written in (("old", old), ("new", new)):
        try:
            documents[field] = policy.parse(written, source=field, kind=PolicyKind.IDENTITY)
        except FaultyPolicy as error:
            faults += [(field, each) for each in error.faults]
    if faults:
        return ComparedPolicies(tuple(faults))
    more = {"everything": policy.parse(beside, source="everything")} if beside else {}
    before, after = (
        Policies(identity=tuple(starmap(AttachedPolicy, {field: document, **more}.items())))
        for field, document in documents.items()
    )
    try:
        whose = callers_of_difference(before, after)
        found = difference_for_any(before, after, whose, datetime.now(UTC))
    except FaultyPolicy as error:
        return ComparedPolicies(tuple(("new", each) for each in error.faults))
    allows = any(
        statement.effect is policy.Effect.ALLOW
        for document in (*documents.values(), *more.values())
        for statement in document.statements
    )
    return ComparedPolicies((), found, whose, only_deny=not allows)


def _compared_in_time(old: str, new: str, beside: str) -> ComparedPolicies:
    try:
        return answer_for_page((compare, old, new, beside), compare, old, new, beside)
    except NotDecided:
        return ComparedPolicies(undecided=True)
    except StillWorking:
        return ComparedPolicies(working=True)


@dataclass(frozen=True, slots=True)
class ShownSide:
    """The requests that one side alone allows.

    Attributes:
        nothing: whether that is proved to be nothing.
        example: a request, where there is no list.
        note: why it is not known, or not listed.
    """

    nothing: bool
    groups: tuple[ShownGroup, ...] = ()
    example: Message | None = None
    note: Message | None = None


def _side(side: Side | Unknown) -> ShownSide:
    if isinstance(side, Unknown):
        return ShownSide(nothing=False, note=verdict_text(side))
    example = None
    if side.counterexample is not None and not side.items:
        example = counterexample_text(side.counterexample)
    return ShownSide(
        nothing=side.counterexample is None,
        groups=tuple(_group(each, such_as=True) for each in side.items),
        example=example,
        note=side.unlisted,
    )


@VIEW.route("/difference", methods=["GET", "POST"])
def difference_view() -> ResponseReturnValue:
    """Show what only one of two policies allows, side by side."""
    if request.method == "POST":
        return keep_form()
    old, new, status = form_text("old"), form_text("new"), say_if_gone()
    asked = bool(old.strip() and new.strip())
    missing = shows_form() and not asked and status is HTTPStatus.OK
    beside = _EVERYTHING if form_text("beside") else ""
    result = _compared_in_time(old, new, beside) if asked else ComparedPolicies()
    found = result.found
    if wants_json():
        if found is None or result.whose is None:
            return json_response(None)
        return json_response(difference_to_json(found, result.whose, Assumptions()))
    page = render_template(
        "difference.html",
        view="/difference",
        old=old,
        new=new,
        beside=bool(beside),
        result=result,
        seconds=SECONDS,
        gained=_side(found.only_in_new) if found else None,
        lost=_side(found.only_in_old) if found else None,
        missing=missing,
    )
    wrong = result.faults or missing
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if wrong else status
