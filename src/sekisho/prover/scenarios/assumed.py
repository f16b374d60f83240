"""On which assumptions of sign-in the outcome of a scenario rests: it is searched again without.

Only those are turned that can change it, by the steps that were taken or refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sekisho.engine import Policies
from sekisho.engine.matching import with_other_setting
from sekisho.prover.scenarios.answers import ScenarioAnswer, outcome_of
from sekisho.prover.scenarios.model import PAGE_READS, Access, Act, Move
from sekisho.prover.scenarios.search import Reachable, Unexplored, Unreachable
from sekisho.prover.scenarios.setting import Setting
from sekisho.signin import ConsoleAuthorization, Rule, SigninAssumptions

SIGNIN_ASSUMPTIONS: Mapping[str, Any] = {
    name: getattr(SigninAssumptions(), name)
    for name in (
        *("order", "device_holder_needs_mfa"),
        *("get_session_token_heeds_deny", "assume_role_sees_mfa"),
        *("console_authorization", "console_authorization_asks_identity", "aws_login_mfa"),
        *("mfa_page_needs_reads", "resync_at_sign_in"),
    )
}
"""The assumptions of sign-in that scenarios ask, with their defaults."""


def assumptions_that_matter(
    found: ScenarioAnswer, policies: Policies, around: Setting | None = None
) -> tuple[str, ...]:
    """Return the assumptions of sign-in with which, turned, the verdict would be another one.

    `found` is the answer about a scenario under these policies, in this account.
    """
    base = around or Setting()
    turned = _turned(found, base)
    return tuple(
        sorted(
            name
            for name, setting in turned.items()
            if outcome_of(found.scenario, policies, setting) is not found.outcome
        )
    )


def _turned(found: ScenarioAnswer, base: Setting) -> Mapping[str, Setting]:
    now, settings = base.signin, {}
    for name in _may_matter(found, base):
        settings[name] = replace(base, signin=with_other_setting(now, name))
    return settings


def _may_matter(found: ScenarioAnswer, base: Setting) -> Iterator[str]:
    """Yield the assumptions that can change the verdict.

    What lets more through changes nothing where the goal is reached, and what lets less through
    nothing where it is not, or where no step on the way to it is of the kind.
    """
    if isinstance(found.result, Unexplored):
        return
    if found.scenario.question.start.user.must_change:
        yield "order"
    match found.result:
        case Reachable():
            yield from _of_path(found.result, base.signin)
        case Unreachable():
            yield from _of_refusals(found.result, base)


def _of_path(result: Reachable, now: SigninAssumptions) -> Iterator[str]:
    moves = [step.move for step in result.path]
    if not now.get_session_token_heeds_deny and any(m.act is Act.SESSION_TOKEN for m in moves):
        yield "get_session_token_heeds_deny"
    if now.assume_role_sees_mfa and any(m.act is Act.ASSUME_ROLE and m.code for m in moves):
        yield "assume_role_sees_mfa"
    if not now.device_holder_needs_mfa:
        yield "device_holder_needs_mfa"
    if any(map(_by_login, moves)):
        yield "aws_login_mfa"
    if not now.mfa_page_needs_reads and any(move.act in PAGE_READS for move in moves):
        yield "mfa_page_needs_reads"
    if any(move.act is Act.RESYNC_AT_SIGN_IN for move in moves):
        yield "resync_at_sign_in"
    enabled = now.console_authorization is ConsoleAuthorization.ENABLED
    if enabled and any(move.act in _PAGES for move in moves):
        yield "console_authorization_asks_identity"


def _of_refusals(result: Unreachable, base: Setting) -> Iterator[str]:
    now, rules = base.signin, {each.refused.outcome.rule for each in result.tried}
    if any(each.refused.move.act is Act.OPEN_CONSOLE for each in result.tried):
        yield "console_authorization_asks_identity"
    # of a move that a member's policies refuse as well only one refusal is kept
    if now.device_holder_needs_mfa and (base.enrolled or Rule.DEVICE_HOLDER in rules):
        yield "device_holder_needs_mfa"
    if any(_by_login(each.refused.move) for each in result.tried):
        yield "aws_login_mfa"
    if any(each.refused.outcome.read for each in result.tried):
        yield "mfa_page_needs_reads"
    if not now.resync_at_sign_in and Rule.OUT_OF_STEP in rules:
        yield "resync_at_sign_in"
    if now.get_session_token_heeds_deny:
        yield "get_session_token_heeds_deny"
    if not now.assume_role_sees_mfa:
        yield "assume_role_sees_mfa"


def _by_login(move: Move) -> bool:
    return move.by.access in (Access.LOGIN, Access.LOGIN_MFA, Access.AGENT)


_PAGES = (Act.SIGN_IN, Act.GIVE_CODE, Act.NEW_PASSWORD)
"""What a sign-in may end with where no policy is asked about the session."""
