"""Who is taken to ask about a policy: partition, account, and when they signed in.

Reads `meaning.credentials` itself: in a table of many requests a wrong account would be one cell.
"""

from datetime import timedelta
from typing import Any

import pytest

from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import (
    ACCOUNT,
    NOW,
    ActionOnResource,
    Home,
    home_of,
    request_of,
)
from sekisho.policy import PolicyKind, from_json

DEVICE = "arn:aws-cn:iam::444455556666:mfa/"
OTHER = "arn:aws:iam::123456789012:user/mika"


def allowing(*resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "iam:*", "Resource": list(resources)}


def trusting(*principals: str) -> dict[str, Any]:
    principal = {"AWS": list(principals)}
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("statements", "partition", "home"),
    [
        ([allowing("*")], None, Home("aws", ACCOUNT)),
        ([allowing(f"{DEVICE}*")], None, Home("aws-cn", "444455556666")),
        # a name that has colons is one part, and an ARN with fewer parts is none
        ([allowing("arn:aws-cn:a:b:444455556666:c:d")], None, Home("aws-cn", "444455556666")),
        ([allowing("arn:aws-cn:iam::444455556666")], None, Home("aws", ACCOUNT)),
        # what is no account is not counted, however often it is there
        ([allowing("arn:aws:s3:::a", "arn:aws:s3:::b", OTHER)], None, Home("aws", "123456789012")),
        ([allowing("arn:aws-cn:iam::*:mfa/*")], None, Home("aws-cn", ACCOUNT)),
        ([allowing("arn:aws:iam::12345678901:mfa/*")], None, Home("aws", ACCOUNT)),
        # the most often named decides; in another statement too
        ([allowing(OTHER, f"{DEVICE}a", f"{DEVICE}b")], None, Home("aws-cn", "444455556666")),
        (
            [allowing(OTHER, f"{DEVICE}a"), allowing(f"{DEVICE}b")],
            None,
            Home("aws-cn", "444455556666"),
        ),
        # between equals: the catalogue's first partition, the lowest account
        ([allowing(f"{DEVICE}a", OTHER)], None, Home("aws", "123456789012")),
        ([allowing(OTHER, f"{DEVICE}a")], None, Home("aws", "123456789012")),
        # the partition that is given
        ([allowing(f"{DEVICE}*")], "aws-us-gov", Home("aws-us-gov", "444455556666")),
        # a trust policy names accounts as well
        ([trusting("444455556666")], None, Home("aws", "444455556666")),
        ([trusting(OTHER)], None, Home("aws", "123456789012")),
        (
            [trusting("444455556666", "444455556666", OTHER)],
            None,
            Home("aws", "444455556666"),
        ),
    ],
)
def test_where_the_people_live_is_what_the_policy_names_most(
    statements: list[dict[str, Any]], partition: str | None, home: Home
) -> None:
    kind = PolicyKind.TRUST if "Principal" in statements[0] else PolicyKind.IDENTITY
    document = from_json({"Version": "2012-10-17", "Statement": statements}, kind=kind)
    assert home_of(document, partition) == home


def test_temporary_credentials_were_issued_a_minute_ago() -> None:
    ask, home = ActionOnResource("iam:GetUser", "*"), Home("aws", ACCOUNT)
    contexts = {state: request_of(state, ask, home).context for state in CredentialState}
    ages = {state: context.get("aws:MultiFactorAuthAge") for state, context in contexts.items()}
    asked = [
        CredentialState.CONSOLE_MFA,
        CredentialState.LOGIN_MFA,
        CredentialState.TOKEN_MFA,
        CredentialState.SERVICE_FOR_MFA,
    ]
    assert ages == {state: "60" if state in asked else None for state in CredentialState}
    minute_ago = (NOW - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    lasting = {CredentialState.KEY, CredentialState.SERVICE_FOR_KEY}
    for state, context in contexts.items():
        issued = context.get("aws:TokenIssueTime")
        assert issued == (None if state in lasting else minute_ago), state
