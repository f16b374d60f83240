"""What `sekisho prove` says first: the verdict, what needs the reader, and what to type next."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

from sekisho.cli.exits import Exit
from sekisho.cli.group import words_of
from sekisho.cli.next_action import (
    AccountToAudit,
    PolicyLacking,
    ProofFailed,
    RunContext,
    next_action,
)
from sekisho.cli.prove.output import (
    UNREAD,
    exit_of,
    settings_text,
    which_actions,
)
from sekisho.cli.prove.scenarios import exit_of_scenario
from sekisho.cli.prove.trust import ways_lines
from sekisho.cli.terminal import BAD, GOOD, OPEN, LabelledLine, labelled
from sekisho.lazy import dataclass
from sekisho.messages import (
    Language,
    Message,
    hanging,
    joined_messages,
    listed,
    printable,
    verbatim,
)
from sekisho.policy import Choices, Preset, SelfService, choices_of, render
from sekisho.prover import ActionGroup, Enforced, Unknown, more_callers_text
from sekisho.prover.questions import (
    ENFORCED_SENTENCES,
    Describe,
    PolicyReport,
    Subject,
    answer_details,
    answer_title,
    answer_word,
)
from sekisho.prover.scenarios import (
    Actor,
    ScenarioReport,
    Unexplored,
    change_lines,
    changed_choices,
    enforcement_in,
    outcome_text,
    where_stuck,
)

_MOST_ROWS = 9
"""So many answers the summary shows: with its verdict and the counts, twelve lines."""
_MOST_ACTIONS = 3
_OF_AWS = ":iam::aws:policy/"
"""What the ARN of a policy has in it that AWS has made."""
_LOOKS = {Exit.CLEAN: GOOD, Exit.FINDINGS: BAD, Exit.UNKNOWN: OPEN}

_BUT_LOCKED_OUT = Message(
    "MFA is enforced, but {count} of {all} kinds of user cannot sign in with MFA."
)
_ALL_PASSED = Message("All {all} checks passed.")
_ONE_PASSED = Message("1 check passed.")
_PASSED = Message("{right} of {all} checks passed")
_FAILED = Message("{count} failed")
_UNDECIDED = Message("{count} undecided")
_WERE_ACCEPTED = Message("{count} accepted")
_ENDED = Message("{counts}.", "checks")
_OF = Message("{count} of {all}")
_PEOPLE = Message("kinds of user can sign in with MFA")
_ATTACKERS = Message("kinds of attack are stopped")
_WITH_REST = Message("{text} ({rest})")
_COUNTED = Message("{outcome}: {count}")
_ACTIONS = Message("{count} {count:action|actions}")
_UNENFORCED = Message("work without MFA: {which}")
_OF_ROLE = Message("work in a session of the role: {which}")
_UNENFORCED_DIRECT = Message("work without MFA in direct calls: {which}")
_KNOWN_AT_LEAST = Message("known to work without MFA: {which}; what else does is undecided")
_NONE = Message("nothing")
_NOT_COUNTED = Message("{title} (informational)")
_MORE_ANSWERS = Message("and {count} more: run with `-v`")

_NEEDED = {
    frozenset({Exit.FINDINGS}): Message("Failed:"),
    frozenset({Exit.UNKNOWN}): Message("Undecided:"),
    frozenset({Exit.FINDINGS, Exit.UNKNOWN}): Message("Failed or undecided:"),
}
_ACCEPTED = Message("Accepted:")
_IS_ACCEPTED = Message("accepted")
_TITLED = verbatim("{id}: {title}")
_SEVERAL = verbatim("{word} ({count}): {ids}: {reason}")
_NO_POLICY = Message(
    "Not counted, because no IAM policy can stop these attacks: {names}. Run with `-v` for the "
    "reasons."
)
_HYPOTHETICAL = Message(
    "Hypothetical cases that fail: {count}. AWS is not known to produce them, so they do not "
    "affect the result. Run with `-v` to see them."
)
_MENDED = Message("The next command writes this policy anew, with the fixes.")
_RESTS = Message(
    "This rests on points that AWS does not document: {names}. `sekisho explain {first}` says more."
)
_MORE = Message("Run with `-v` for steps, requests and assumptions.")


@dataclass(frozen=True, slots=True)
class SubjectProof:
    """All that was asked of one subject's policies.

    Attributes:
        report: the answers about requests.
        scenarios: those about sign-ins; none if they were not asked.
        subject: whose policies they are.
        describe: says a counterexample in words.
        source: the file that they are from, as it was given.
        snapshots: the files of the account, if they are from one.
    """

    report: PolicyReport
    scenarios: tuple[ScenarioReport, ...]
    subject: Subject
    describe: Describe
    source: str
    snapshots: tuple[str, ...] = ()


def summary_lines(proof: SubjectProof, lang: Language, width: int) -> Iterator[str]:
    """Yield the verdict and the answers, one row each."""
    yield from verdict_lines(proof, lang, width)
    yield ""
    yield from labelled(_rows(proof, lang), width)


def verdict_lines(proof: SubjectProof, lang: Language, width: int) -> list[str]:
    """Return whether MFA is enforced, and how many answers are as required."""
    return hanging(printable(_verdict(proof).into(lang)), width)


def _verdict(proof: SubjectProof) -> Message:
    verdict = _passed(_exits(proof), len(_accepted(proof.scenarios)))
    enforced = proof.report.enforced
    if enforced is None:
        return verdict
    first = ENFORCED_SENTENCES[enforced]
    people = [one for one in proof.scenarios if one.answer.scenario.actor is Actor.PERSON]
    stuck = [one for one in people if exit_of_scenario(one) is Exit.FINDINGS]
    if enforced is Enforced.PROVED and stuck:
        first = _BUT_LOCKED_OUT.filled(count=len(stuck), all=len(people))
    return Message("{first} {then}").filled(first=first, then=verdict)


def _passed(exits: list[Exit], accepted: int) -> Message:
    """Say how many checks passed, and of the others only what there is."""
    right, count = exits.count(Exit.CLEAN), len(exits) + accepted
    if right == count:
        return _ONE_PASSED if count == 1 else _ALL_PASSED.filled(all=count)
    others = (
        (_FAILED, exits.count(Exit.FINDINGS)),
        (_UNDECIDED, exits.count(Exit.UNKNOWN)),
        (_WERE_ACCEPTED, accepted),
    )
    parts = [_PASSED.filled(right=right, all=count)]
    parts += [text.filled(count=number) for text, number in others if number]
    return _ENDED.filled(counts=joined_messages(parts, en=", ", ja="、"))


def _accepted(scenarios: Iterable[ScenarioReport]) -> list[ScenarioReport]:
    return [one for one in scenarios if one.accepted]


def _exits(proof: SubjectProof) -> list[Exit]:
    return [
        *(exit_of(line.conclusion.verdict) for line in proof.report.answers if line.counts),
        *(exit_of_scenario(one) for one in proof.scenarios if one.counts),
    ]


def _rows(proof: SubjectProof, lang: Language) -> Iterator[LabelledLine]:
    answers = [line for line in proof.report.answers if line.counts or not line.hypothetical]
    if len(answers) > _MOST_ROWS:
        # what needs the reader is not to be cut off
        answers.sort(key=lambda line: exit_of(line.conclusion.verdict) is Exit.CLEAN)
    for line in answers[:_MOST_ROWS]:
        title = answer_title(line)
        said = title if line.counts else _NOT_COUNTED.filled(title=title)
        style = _LOOKS[exit_of(line.conclusion.verdict)] if line.counts else ""
        yield LabelledLine(answer_word(line).into(lang), said.into(lang), style)
    if len(answers) > _MOST_ROWS:
        yield LabelledLine("", _MORE_ANSWERS.filled(count=len(answers) - _MOST_ROWS).into(lang))
    for actor, text in ((Actor.PERSON, _PEOPLE), (Actor.ATTACKER, _ATTACKERS)):
        reports = [
            one
            for one in proof.scenarios
            if one.answer.scenario.actor is actor and (one.counts or not one.unstoppable)
        ]
        yield from _tally(reports, text, lang)
    if isinstance(proof.report.exempt, tuple):
        yield _exempt(proof.report, proof.report.exempt, lang)


def _tally(reports: list[ScenarioReport], text: Message, lang: Language) -> Iterator[LabelledLine]:
    """Yield how many end as they must, and how the others do."""
    if not reports:
        return
    others = [one for one in reports if not one.answer.as_required]
    others.sort(key=lambda one: one.accepted)
    texts = (_IS_ACCEPTED if one.accepted else outcome_text(one.answer) for one in others)
    outcomes = Counter(each.into(lang) for each in texts)
    sentence = text.into(lang)
    if outcomes:
        counted = (_COUNTED.filled(outcome=each, count=count) for each, count in outcomes.items())
        sentence = _WITH_REST.filled(text=sentence, rest=listed(counted)).into(lang)
    exits = {exit_of_scenario(one) for one in others}
    style = BAD if Exit.FINDINGS in exits else OPEN if Exit.UNKNOWN in exits else GOOD
    label = _OF.filled(count=len(reports) - len(others), all=len(reports)).into(lang)
    yield LabelledLine(label, sentence, style)


def _exempt(report: PolicyReport, groups: tuple[ActionGroup, ...], lang: Language) -> LabelledLine:
    actions = sorted({action for each in groups for action in each.actions})
    which = which_actions(actions, _MOST_ACTIONS, counted=True) if actions else _NONE
    text = _OF_ROLE if report.user.is_role else _UNENFORCED
    if report.enforced is not None and any(each.calls == "service" for each in report.answers):
        # what services call is asked about, and not listed
        text = text if report.user.is_role else _UNENFORCED_DIRECT
    # beside a verdict that is open, what is listed is not said to be all
    text = _KNOWN_AT_LEAST if report.exempt_unknown is not None else text
    label = _ACTIONS.filled(count=len(actions)).into(lang)
    return LabelledLine(label, text.filled(which=which).into(lang))


def needed_lines(proof: SubjectProof, lang: Language, *, verbose: bool) -> list[str]:
    """Return the checks that failed, with the reasons, and the information that was not read.

    With `verbose` the other checks follow, so the hint at `-v` is left out.
    """
    wrong = [one for one in proof.scenarios if exit_of_scenario(one) is not Exit.CLEAN]
    found = [*_of_answers(proof, lang), *_of_scenarios(wrong, lang)]
    kinds = frozenset(_exits(proof)) - {Exit.CLEAN}
    lines = ["", _NEEDED[kinds].into(lang), *found] if found else []
    if accepted := _accepted(proof.scenarios):
        lines += ["", _ACCEPTED.into(lang), *_of_scenarios(accepted, lang)]
    if proof.report.trust is not None:
        lines += ["", *ways_lines(proof.report.trust, lang)]
    more = () if verbose else (_MORE,)
    if _changed_choices(proof) is not None:
        more = (_MENDED, *more)
    notes = [note.into(lang) for note in (*_notes(proof), *more)]
    return [*lines, "", *notes] if notes else lines


def _of_answers(proof: SubjectProof, lang: Language) -> Iterator[str]:
    for line in proof.report.answers:
        if line.counts and exit_of(line.conclusion.verdict) is not Exit.CLEAN:
            word = answer_word(line).into(lang)
            yield f"  {word}: {answer_title(line).into(lang)}"
            yield from (f"    {text}" for text in answer_details(line, proof.describe, lang))


def _of_scenarios(scenarios: Iterable[ScenarioReport], lang: Language) -> Iterator[str]:
    """Yield users who are locked out and attackers who get in, grouped by the same fix."""
    alike: dict[tuple[str, ...], list[ScenarioReport]] = {}
    for one in scenarios:
        alike.setdefault(tuple(change_lines(one, lang)), []).append(one)
    for changes, those in alike.items():
        yield from _together(those, lang)
        yield from (f"    {text}" for text in changes)


def _together(those: list[ScenarioReport], lang: Language) -> Iterator[str]:
    unknown: dict[str, list[ScenarioReport]] = {}
    for one in those:
        result = one.answer.result
        if isinstance(result, Unexplored):
            unknown.setdefault(result.reason.into(lang), []).append(one)
            continue
        word, scenario = outcome_text(one.answer).into(lang), one.answer.scenario
        titled = _TITLED.filled(id=scenario.id, title=scenario.title).into(lang)
        yield f"  {word}: {titled}"
        yield from (f"    {text}" for text in where_stuck(one.answer, lang))
    for reason_text, of_it in unknown.items():
        ids = ", ".join(one.answer.scenario.id for one in of_it)
        word = outcome_text(of_it[0].answer).into(lang)
        said = _SEVERAL.filled(word=word, count=len(of_it), ids=ids, reason=reason_text)
        yield f"  {said.into(lang)}"


def _notes(proof: SubjectProof) -> Iterator[Message]:
    """Yield the notes that a verdict needs."""
    report, subject = proof.report, proof.subject
    if subject.scps_unread_reason:
        yield UNREAD.filled(reason=subject.scps_unread_reason)
    yield from subject.assumed_attachments
    if report.callers.indistinct_keys and Exit.UNKNOWN not in _exits(proof):
        yield more_callers_text(report.callers.indistinct_keys)
    if isinstance(report.exempt, Unknown):
        yield report.exempt.reason
    if settings := settings_text(report.inquiry.changed_settings):
        yield settings
    informational = [
        one.answer.scenario.id for one in proof.scenarios if one.unstoppable and not one.counts
    ]
    if informational:
        yield _NO_POLICY.filled(names=", ".join(informational))
    hypothetical = sum(
        line.hypothetical and not line.counts and exit_of(line.conclusion.verdict) is not Exit.CLEAN
        for line in report.answers
    )
    if hypothetical:
        yield _HYPOTHETICAL.filled(count=hypothetical)
    counted = [
        *(line.conclusion.assumed for line in report.answers if line.counts),
        *(one.assumed for one in proof.scenarios if one.counts),
    ]
    if names := sorted({name for assumed in counted for name in assumed}):
        yield _RESTS.filled(names=", ".join(names), first=names[0])


def next_of(proof: SubjectProof, *, verbose: bool) -> str:
    """Return the command that helps next: a policy that is right, or the account that gets it."""
    return next_action(_standing(proof, verbose=verbose))


def _standing(
    proof: SubjectProof, *, verbose: bool
) -> AccountToAudit | PolicyLacking | ProofFailed:
    choices, subject, enforced = _changed_choices(proof), proof.subject, proof.report.enforced
    if choices is not None:
        return PolicyLacking(tuple(_options(choices)))
    if subject.of_account:
        return AccountToAudit(RunContext(snapshots=proof.snapshots))
    holds = all(each is Exit.CLEAN for each in _exits(proof))
    of_role, identity = proof.report.user.is_role, subject.policies.identity
    lacking = enforced not in (None, Enforced.PROVED, Enforced.UNKNOWN)
    if lacking and not of_role:
        # the author of a condition on MFA learns its fault
        wrong = _to_be_corrected(proof) if _has_condition_on_mfa(proof) else ""
        return ProofFailed(wrong) if wrong else PolicyLacking()
    if holds and (enforced is Enforced.PROVED or proof.scenarios) and not of_role:
        return AccountToAudit(policy=identity[0].name if len(identity) == 1 else "")
    if of_role and not holds:
        return ProofFailed(proof.source, kind="role" if identity else "trust")
    # standard input cannot be read again; and where all holds, nothing more need be known
    again = not (verbose or holds or proof.source in ("", "-"))
    return ProofFailed("" if holds else _to_be_corrected(proof), repeatable=again)


def _has_condition_on_mfa(proof: SubjectProof) -> bool:
    documents = (each.document for each in proof.subject.policies.identity)
    return any("aws:multifactorauth" in render(each).lower() for each in documents)


def _to_be_corrected(proof: SubjectProof) -> str:
    """Return the name of the first policy that lint would correct; "" if a question was given."""
    from sekisho.audit.lint import Attachment, lint  # noqa: PLC0415 - only what is not as required needs it

    if proof.report.enforced is None and not proof.scenarios:
        return ""
    attached = proof.subject.policies.identity
    for each in attached:
        use = Attachment.AWS_MANAGED if _OF_AWS in each.name else Attachment.USER
        if not lint(render(each.document), use).clean:
            return each.name
    return ""


def _changed_choices(proof: SubjectProof) -> Choices | None:
    """Return the choices of a Force_MFA that is as required, where there is one that is not."""
    changed = changed_choices(proof.scenarios)
    choices, _ = enforcement_in(proof.subject.policies, proof.subject.user.partition)
    if choices is None or proof.report.enforced is not Enforced.REFUTED:
        return changed
    # no other choice lets through more than is exempt
    return (
        replace(changed or choices, via_aws_service=False) if choices.via_aws_service else changed
    )


def _options(choices: Choices) -> Iterator[str]:
    """Yield the options of `policy new` that differ from the preset."""
    usual: Choices = choices_of(Preset.RECOMMENDED)
    managed = {part.choice: part.value for part in SelfService}
    named = [value for choice, value in managed.items() if getattr(choices, choice)]
    if len(named) < len(managed):
        yield from words_of("--manage", *(named or ["none"]))
    for field in fields(choices):
        if field.name in managed:
            continue
        value = getattr(choices, field.name)
        dashed = field.name.replace("_", "-")
        if value == getattr(usual, field.name):
            continue
        if isinstance(value, bool):
            yield f"--{dashed}" if value else f"--no-{dashed}"
        else:
            yield f"--{dashed} {value}"
