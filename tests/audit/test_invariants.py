"""An invariant found of everybody is the one found alone.

And its counterexample is the user's own.
"""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.test_enforced import MAY_CHANGE, NAMES, OWN, statements, told
from sekisho.account import readings_of
from sekisho.audit.enforcement import invariants_of, named_of
from sekisho.engine import Assumptions
from sekisho.prover import Invariant, InvariantKind, Refuted, invariant_holds
from sekisho.signin import PasswordPolicy

ON = ("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/al*", "arn:aws:s3:::b/*")
INVARIANTS = st.builds(
    Invariant,
    id=st.just("own"),
    demand=st.sampled_from(InvariantKind),
    actions=st.sampled_from((("iam:*Password",), ("iam:UpdateUser",), ("s3:GetObject",))),
    on=st.lists(st.sampled_from(ON), max_size=1).map(tuple),
    with_mfa=st.booleans(),
)


# each example asks the same of every user, together and alone
@settings(max_examples=settings().max_examples // 5)
@given(
    st.lists(statements(), min_size=1, max_size=3),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True),
    INVARIANTS,
    MAY_CHANGE,
)
def test_asked_together_is_asked_alone(
    found: list[dict[str, Any]], names: list[str], invariant: Invariant, rules: PasswordPolicy
) -> None:
    snapshot = told({OWN: {"Version": "2012-10-17", "Statement": found}}, *names)
    snapshot = replace(snapshot, password_policy=rules)
    together = invariants_of(snapshot, [invariant])
    for user in snapshot.users:
        (answer,) = together[user.name]
        (policies,) = readings_of(snapshot, user)
        alone = invariant_holds(
            invariant, policies, named_of(user), snapshot.taken_at, Assumptions()
        )
        assert type(answer.verdict) is type(alone.verdict)
        if isinstance(answer.verdict, Refuted):
            assert answer.verdict.counterexample.request.principal == user.arn
