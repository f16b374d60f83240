"""Scenarios as messages, and as JSON with English keys: outcomes, steps, refusals, fixes."""

from collections.abc import Iterator, Mapping

from sekisho.engine import Cause
from sekisho.engine.exchange import cause_to_json
from sekisho.messages import Language, Message
from sekisho.policy import KINDS, PolicyKind, Preset
from sekisho.prover.questions.forms import report_to_json
from sekisho.prover.questions.report import PolicyReport, Subject
from sekisho.prover.scenarios.answers import ScenarioAnswer, ScenarioOutcome, required_of
from sekisho.prover.scenarios.definitions import Actor
from sekisho.prover.scenarios.evaluator import OK
from sekisho.prover.scenarios.model import Access, DeviceHolder, MoveKind, ScenarioPrincipal
from sekisho.prover.scenarios.report import ASSUMED, ScenarioReport
from sekisho.prover.scenarios.search import Reachable, ScenarioStep, Unexplored, Unreachable
from sekisho.signin import LoginClient

_OUTCOMES = {
    ScenarioOutcome.GETS_IN: Message("gets in"),
    ScenarioOutcome.LOCKED_OUT: Message("locked out"),
    ScenarioOutcome.KEPT_OUT: Message("kept out"),
    ScenarioOutcome.UNKNOWN: Message("unknown"),
}
_ENTERS = Message("gets in", "attacker")
_IN_EXCHANGE = Message("accepted, because this and {other} cannot both be right: {why}")
_ONE_OF_TWO = Message("this and {other} cannot both be right: {why}")
_REVERSED = Message("To choose the other one: {option}")
_STATES = Message("searched all {count} {count:state|states}")
_DEADLOCK = Message("searched all {count} {count:state|states}; every way ends here:")
_BECAUSE = Message("because of {what}")
_NOTHING_ALLOWS = Message("no statement of the {kind} allows it")
_DENIED_BY = Message("because of {what} in the {kind}")
_STATEMENT = Message("statement {name} of {policy}")
_FIXED = Message("Fix, as options of `policy new`: {what}")
_RIGHT = Message("Fix: the policy of `{command}`")
_VARIANTS = {"hardened": ("recommended", "--enrolment-needs-session")}
"""The variants that are not presets."""
_NONE_RIGHT = Message("no Force_MFA of sekisho fixes this")
_IN_THE_WAY = Message("no Force_MFA of sekisho fixes this, because of {what}")
_EVEN_SO = Message("Force_MFA stops these steps, but not this attack.")
_OR = Message("; or ")
_OTHER_USER = Message("another user: one like {arn}")


_PRINCIPALS: Mapping[ScenarioPrincipal, Message] = {
    ScenarioPrincipal.USER: Message("the user"),
    ScenarioPrincipal.COLLEAGUE: Message("another user"),
    ScenarioPrincipal.ADMINISTRATOR: Message("the administrator"),
}

_CREDENTIALS: Mapping[Access, Message] = {
    Access.PASSWORD: Message("password"),
    Access.KEY: Message("access key"),
    Access.CONSOLE: Message("console session without MFA"),
    Access.CONSOLE_MFA: Message("console session with MFA"),
    Access.TOKEN: Message("session token without MFA"),
    Access.TOKEN_MFA: Message("session token with MFA", "kind"),
    Access.LOGIN_CACHE: Message("cache of aws login"),
    Access.LOGIN: Message("aws login session without MFA"),
    Access.LOGIN_MFA: Message("aws login session with MFA"),
    Access.AGENT: Message("agent's session without MFA"),
    Access.ROLE: Message("role session"),
}

_MOVES: Mapping[MoveKind, Message] = {
    MoveKind.SIGN_IN: Message("sign in as {on} with the password"),
    MoveKind.GIVE_CODE: Message("enter the MFA code"),
    MoveKind.NEW_PASSWORD: Message("set a new password, as the sign-in page asks"),
    MoveKind.RESYNC_AT_SIGN_IN: Message("resynchronise the device, as the sign-in page asks"),
    MoveKind.OPEN_CONSOLE: Message(
        "open the console, where console authorization evaluates the policies"
    ),
    MoveKind.CREATE_DEVICE: Message("create a virtual MFA device {device}"),
    MoveKind.ENABLE_DEVICE: Message("enable the device for {on}"),
    MoveKind.REGISTER_PASSKEY: Message("register a passkey for {on}"),
    MoveKind.DEACTIVATE_DEVICE: Message("deactivate the device of {on}"),
    MoveKind.RESYNC_DEVICE: Message("resynchronise the device of {on}"),
    MoveKind.DELETE_DEVICE: Message("delete the unassigned device named like {on}"),
    MoveKind.CHANGE_PASSWORD: Message("change the password"),
    MoveKind.CREATE_LOGIN: Message("give {on} a password"),
    MoveKind.UPDATE_LOGIN: Message("reset the password of {on}"),
    MoveKind.CREATE_KEY: Message("make an access key of {on}"),
    MoveKind.ATTACH_POLICY: Message("attach a policy to {on}"),
    MoveKind.DETACH_POLICY: Message("detach a policy from {on}"),
    MoveKind.ADD_TO_GROUP: Message("add {on} to a group"),
    MoveKind.REMOVE_FROM_GROUP: Message("remove {on} from a group"),
    MoveKind.UPDATE_TRUST: Message("change a role's trust policy"),
    MoveKind.LOG_IN: Message("authorize {client}"),
    MoveKind.AGENT_TOKEN: Message("get a token for an agent, without a browser"),
    MoveKind.RENEW_LOGIN: Message("renew the session of `aws login`"),
    MoveKind.SESSION_TOKEN: Message("get a session token as {on} {code}"),
    MoveKind.ASSUME_ROLE: Message("assume the role {code}"),
    MoveKind.WORK: Message("do other work, such as listing buckets"),
    MoveKind.SERVICE: Message("let an AWS service act for {on}"),
}
_CLIENTS = {
    LoginClient.SAME_DEVICE: Message("`aws login`"),
    LoginClient.CROSS_DEVICE: Message("`aws login --remote`"),
    None: Message("an agent"),
}
_NAMED = Message("with the name of {name}")
_OTHER_NAME = Message("with another name")
_WITH_CODE = Message("with an MFA code")
_WITHOUT_CODE = Message("without a code")
_GUESS = Message("enter an MFA code without having the device")
_PASSKEY = Message("sign in with the passkey")
_HOLDER = Message("{who}: {credential}")
_ASKED = Message("{what}, with {credential}")
_REFUSED = Message("{what}: refused, {answer}")
_READ_REFUSED = Message(
    "{what}: refused, {answer} (`{read}`, which the console's page calls as well)"
)
_FROM = Message("{what}, from {address}")


def step_text(step: ScenarioStep) -> Message:
    """Return the message on a step: the act, the credential, and the answer if it is refused."""
    move = step.move
    act, device = _MOVES[move.kind], move.device
    if move.kind is MoveKind.GIVE_CODE and device is None:
        act = _GUESS
    elif move.kind is MoveKind.GIVE_CODE and device and device.hand is DeviceHolder.ACTOR_PASSKEY:
        act = _PASSKEY
    named = device.name if device is not None and device.hand is DeviceHolder.ACTOR else ""
    name = (
        _NAMED.filled(name=_PRINCIPALS[named])
        if isinstance(named, ScenarioPrincipal)
        else _OTHER_NAME
    )
    code = _WITH_CODE if move.code else _WITHOUT_CODE
    client = _CLIENTS[move.client]
    text = act.filled(on=_PRINCIPALS[move.target], device=name, code=code, client=client)
    if move.kind is not MoveKind.SIGN_IN:
        # the sign-in page itself asks for the password, and the text says so
        text = _ASKED.filled(what=text, credential=_holder(step))
    if step.outcome.address:
        text = _FROM.filled(what=text, address=step.outcome.address)
    if step.outcome.answer == OK:
        return text
    if read := step.outcome.read:
        return _READ_REFUSED.filled(what=text, answer=step.outcome.answer, read=read)
    return _REFUSED.filled(what=text, answer=step.outcome.answer)


def _holder(step: ScenarioStep) -> Message:
    """Return the credential, with its owner if that is not the user."""
    by = step.move.holding
    if by.owner is ScenarioPrincipal.USER:
        return _CREDENTIALS[by.access]
    return _HOLDER.filled(who=_PRINCIPALS[by.owner], credential=_CREDENTIALS[by.access])


def outcome_text(answer: ScenarioAnswer) -> Message:
    """Return the word for the outcome of a scenario."""
    attacker = answer.scenario.actor is Actor.ATTACKER
    enters = attacker and answer.outcome is ScenarioOutcome.GETS_IN
    return _ENTERS if enters else _OUTCOMES[answer.outcome]


def evidence_lines(answer: ScenarioAnswer, lang: Language) -> Iterator[str]:
    """Yield the evidence of an answer: the steps, or the number of states examined."""
    match answer.result:
        case Unexplored(reason):
            yield reason.into(lang)
            return
        case Unreachable(states, _, deadlock) if answer.scenario.actor is Actor.PERSON:
            yield (_DEADLOCK if deadlock else _STATES).filled(count=states).into(lang)
        case Unreachable(states):
            yield _STATES.filled(count=states).into(lang)
        case Reachable():
            pass
    yield from (
        f"{place}. {step_text(step).into(lang)}" for place, step in enumerate(steps_of(answer), 1)
    )
    if answer.other:
        yield _OTHER_USER.filled(arn=answer.other).into(lang)
    refused = [step for step in steps_of(answer) if not step.outcome.carried_out]
    for step in refused:
        yield f"   {refusal_text(step, lang)}"


def steps_of(answer: ScenarioAnswer) -> tuple[ScenarioStep, ...]:
    """Return the path that shows an answer: to the goal, or to the step where a person is stuck."""
    match answer.result:
        case Reachable(path):
            return path
        case Unreachable(_, _, deadlock) if deadlock and answer.scenario.actor is Actor.PERSON:
            return (*deadlock.path, deadlock.refused_step)
        case _:
            return ()


def where_stuck(answer: ScenarioAnswer, lang: Language) -> Iterator[str]:
    """Yield the refused step with the reason; for an attacker who gets in, the last step."""
    for step in steps_of(answer)[-1:]:
        yield step_text(step).into(lang)
        if not step.outcome.carried_out:
            yield refusal_text(step, lang)


def refusal_text(step: ScenarioStep, lang: Language) -> str:
    """Return the reason for a refusal: a rule of sign-in, a statement, or a missing Allow."""
    outcome = step.outcome
    if outcome.rule is not None:
        return outcome.rule.text.into(lang)
    kind = KINDS[outcome.layer or PolicyKind.IDENTITY]
    if not outcome.because:
        return _NOTHING_ALLOWS.filled(kind=kind).into(lang)
    what = _causes(outcome.because, lang)
    if outcome.layer in (None, PolicyKind.IDENTITY):
        return _BECAUSE.filled(what=what).into(lang)
    return _DENIED_BY.filled(what=what, kind=kind).into(lang)


def _causes(causes: tuple[Cause, ...], lang: Language) -> str:
    return ", ".join(_cause(each).into(lang) for each in causes)


def _cause(cause: Cause) -> Message:
    return _STATEMENT.filled(name=cause.sid or f"{cause.index + 1}", policy=cause.policy)


def change_lines(report: ScenarioReport, lang: Language) -> Iterator[str]:
    """Yield the changes that fix a scenario that goes wrong, or why none does or is needed."""
    if report.unstoppable and report.answer.scenario.beyond is not None:
        yield report.answer.scenario.beyond.into(lang)
    elif report.trade_off:
        other, choice = report.trade_off.other(report.answer.scenario.id), report.trade_off.choice
        text = _IN_EXCHANGE if report.accepted else _ONE_OF_TWO
        yield text.filled(other=other, why=report.trade_off.why).into(lang)
        if (choice,) in report.fixed_by:
            yield _REVERSED.filled(option=_option(choice, report)).into(lang)
    elif report.answer.goes_wrong:
        if report.not_accepted:
            yield report.not_accepted.into(lang)
        yield from _fixes_of(report, lang)


def _fixes_of(report: ScenarioReport, lang: Language) -> Iterator[str]:
    if report.fixed_by:
        ways = (" ".join(_option(name, report) for name in names) for names in report.fixed_by)
        yield _FIXED.filled(what=_OR.into(lang).join(ways)).into(lang)
    elif report.working_variants:
        best = min(report.working_variants, key=lambda each: each != Preset.RECOMMENDED)
        yield _RIGHT.filled(command=_command(best)).into(lang)
    elif report.blocking_statements:
        yield _IN_THE_WAY.filled(what=_causes(report.blocking_statements, lang)).into(lang)
    elif report.answer.scenario.beyond is not None:
        yield _EVEN_SO.into(lang)
        yield report.answer.scenario.beyond.into(lang)
    else:
        yield _NONE_RIGHT.into(lang)


def _option(choice: str, report: ScenarioReport) -> str:
    """Return the option of `policy new` for a changed choice."""
    is_on = report.choices is not None and getattr(report.choices, choice)
    return f"--{'no-' if is_on else ''}{choice.replace('_', '-')}"


def _command(variant: str) -> str:
    """Return the command that writes a variant; without a preset it is the recommended one."""
    preset, *choices = _VARIANTS.get(variant, (variant,))
    named = [] if preset == Preset.RECOMMENDED else [f"--preset {preset}"]
    return " ".join(["sekisho policy new", *named, *choices])


def sections_of(
    scenarios: tuple[ScenarioReport, ...],
) -> Iterator[tuple[Actor | None, tuple[ScenarioReport, ...]]]:
    """Yield the people, the attackers and, under None, the attackers no policy can stop."""
    for actor in Actor:
        yield (
            actor,
            tuple(
                one
                for one in scenarios
                if one.answer.scenario.actor is actor and not one.unstoppable
            ),
        )
    yield None, tuple(one for one in scenarios if one.unstoppable)


def proof_to_json(
    report: PolicyReport, scenarios: tuple[ScenarioReport, ...], subject: Subject
) -> dict[str, object]:
    """Return the result of `prove` for one subject as JSON values."""
    return {
        **report_to_json(report),
        "asOf": subject.now.isoformat(timespec="seconds"),
        "serviceControlPoliciesUnknown": subject.scps_unread_reason.en
        if subject.scps_unread_reason
        else None,
        "people": scenarios_to_json(scenarios),
        "peopleAssume": [text.en for text in ASSUMED] if scenarios else [],
    }


def scenarios_to_json(scenarios: tuple[ScenarioReport, ...]) -> list[dict[str, object]]:
    """Return the scenarios as JSON values."""
    return [_scenario_as_json(one) for one in scenarios]


def _scenario_as_json(report: ScenarioReport) -> dict[str, object]:
    scenario, result = report.answer.scenario, report.answer.result
    return {
        "id": scenario.id,
        "must": required_of(scenario.actor).value,
        "text": scenario.title.en,
        "outcome": report.answer.outcome.value,
        "counts": report.counts,
        "acceptedFor": report.trade_off.other(scenario.id)
        if report.trade_off and report.accepted
        else None,
        "notAccepted": report.not_accepted.en if report.not_accepted else None,
        "noPolicyCanStop": scenario.beyond.en if report.unstoppable and scenario.beyond else None,
        "otherUser": report.answer.other or None,
        "steps": [_step_as_json(step) for step in steps_of(report.answer)],
        "states": result.states if isinstance(result, Unreachable) else None,
        "reason": result.reason.en if isinstance(result, Unexplored) else None,
        "fixedBy": [list(names) for names in report.fixed_by],
        "rightWith": list(report.working_variants),
        "inTheWay": [cause_to_json(cause) for cause in report.blocking_statements],
        "assumed": list(report.assumed),
    }


def _step_as_json(step: ScenarioStep) -> dict[str, object]:
    move, outcome = step.move, step.outcome
    return {
        "act": move.kind.value,
        "by": {"who": move.holding.owner.value, "holding": move.holding.access.value},
        "on": move.target.value,
        "code": move.code,
        "answer": outcome.answer,
        "because": [cause_to_json(cause) for cause in outcome.because],
        "refusedBy": outcome.layer.value if outcome.layer else None,
        "pageReads": outcome.read or None,
        "from": outcome.address or None,
        "rule": outcome.rule.value if outcome.rule else None,
        "text": step_text(step).en,
    }
