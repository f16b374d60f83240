"""What lint is told about several statements is what the engine decides.

Reads `lint.engine_queries` and the requests of `meaning` themselves: what lint asks shows in its
findings only in part.
"""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from audit.test_lint_laws import POLICIES
from sekisho.audit.lint.engine_queries import Asker
from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import ActionOnResource, home_of, request_of
from sekisho.audit.meaning.truth import policies_with
from sekisho.engine import decide
from sekisho.policy import PolicyKind, from_json

ASKS = (
    ActionOnResource(
        "iam:EnableMFADevice", "arn:aws:iam::111122223333:user/staff/hanako", "/staff/"
    ),
    ActionOnResource("iam:CreateVirtualMFADevice", "arn:aws:iam::111122223333:mfa/hanako"),
    ActionOnResource("iam:GetUser", "arn:aws:iam::444455556666:user/hanako"),
    ActionOnResource("s3:GetObject", "arn:aws:s3:::b/any"),
    ActionOnResource("s3:GetObject", "arn:aws-cn:s3:::b"),
    ActionOnResource("sts:GetSessionToken", "*"),
)
OWN = tuple(state for state in CredentialState if state is not CredentialState.FEDERATED)
"""A federated user session may do nothing without a session policy, which is beside the point."""


@given(POLICIES, st.sampled_from(ASKS), st.sampled_from(OWN))
def test_the_effect_is_the_engines(
    value: dict[str, Any], ask: ActionOnResource, state: CredentialState
) -> None:
    document = from_json(value)
    home = home_of(document)
    policies = policies_with(document, PolicyKind.IDENTITY)
    # the ARN tells the account, which need not be that of the people
    request = replace(request_of(state, ask, home), resource_account=None)
    effect = decide(request, policies).effect
    assert Asker(home, document).effect(document.statements, ask, state) is effect
