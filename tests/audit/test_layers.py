"""What one layer of policies enforces alone needs no look at the others."""

from dataclasses import replace
from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, NOW, attached, limit_steps
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.prover import (
    Proved,
    Refuted,
    Unknown,
    conclude,
    enforcement_question,
    prove_enforcement,
)

NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
SHUT = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": NO_MFA}
WITH_MFA = {**ALLOW_ALL, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
FEW_STEPS = 50_000


def hard() -> AttachedPolicy:
    """Return a policy that it takes many steps to read."""
    put = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    some = ((chr(97 + n % 26), n % 7, n % 5) for n in range(40))
    keys = ({"aws:PrincipalOrgID": "o-*{}{}*{}*".format(*each)} for each in some)
    return attached(*({**put, "Condition": {"StringLike": each}} for each in keys))


def whole(**parts: Any) -> Policies:
    return replace(Policies(identity=(hard(), attached(ALLOW_ALL))), **parts)


ENFORCED = {
    "service control policies": whole(scps=(Level("root", (attached(ALLOW_ALL), attached(SHUT))),)),
    "a level that allows with MFA alone": whole(scps=(Level("root", (attached(WITH_MFA),)),)),
    "the boundary": whole(boundaries=(attached(ALLOW_ALL, SHUT),)),
    "session policies": whole(session=(attached(WITH_MFA),)),
    "one policy": whole(identity=(hard(), attached(ALLOW_ALL, SHUT))),
}


@pytest.mark.parametrize("policies", ENFORCED.values(), ids=list(ENFORCED))
def test_one_layer_is_enough_however_hard_the_others_are(
    policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_steps(monkeypatch, FEW_STEPS)
    question = enforcement_question(policies, ALICE, NOW)
    assert isinstance(conclude([question]).verdict, Unknown)
    for later in (False, True):
        found = prove_enforcement(policies, ALICE, NOW, later=later)
        assert all(isinstance(each, Proved) for each in found.verdicts)


def test_two_layers_enforce_together_what_neither_does_alone() -> None:
    parts = [{**SHUT, "Action": "s3:*"}, {**SHUT, "NotAction": "s3:*"}]
    del parts[1]["Action"]
    one, other = map(attached, parts)
    both = Policies(identity=(attached(ALLOW_ALL), one), boundaries=(attached(ALLOW_ALL), other))
    assert isinstance(prove_enforcement(both, ALICE, NOW).direct, Proved)
    alone = replace(both, boundaries=None)
    assert isinstance(prove_enforcement(alone, ALICE, NOW).direct, Refuted)
