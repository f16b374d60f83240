"""What an ARN tells: its account, and whether it is a KMS key."""

import pytest

from sekisho.engine.matching import arns

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234"


@pytest.mark.parametrize(
    ("arn", "account"),
    [
        ("arn:aws:iam::111122223333:user/alice", "111122223333"),
        ("arn:aws:iam::11112222333:user/alice", None),
        ("arn:aws:iam::aaaabbbbcccc:user/alice", None),
        ("arn:aws:iam::１１１１２２２２３３３３:user/alice", None),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
        ("arn:aws:s3:::bucket", None),
        ("*", None),
    ],
)
def test_the_account_is_twelve_ascii_digits(arn: str, account: str | None) -> None:
    assert arns.account_of(arn) == account


@pytest.mark.parametrize(
    ("arn", "is_key"),
    [
        (KEY, True),
        (KEY.replace(":key/", ":alias/"), False),
        (KEY.replace(":kms:", ":payment-cryptography:"), False),
        ("arn:aws:kms", False),
    ],
)
def test_a_kms_key_is_a_key_of_kms(arn: str, is_key: bool) -> None:
    assert arns.is_kms_key(arn) is is_key


@pytest.mark.parametrize(
    ("arn", "is_role"),
    [
        ("arn:aws:iam::111122223333:role/Dev", True),
        ("arn:aws:iam::111122223333:role/x/Dev", True),
        ("arn:aws:iam::111122223333:user/role/", False),
        ("arn:aws:batch:eu-west-1:111122223333:role/Dev", False),
        ("*", False),
    ],
)
def test_a_role_is_a_role_of_iam(arn: str, is_role: bool) -> None:
    assert arns.is_role(arn) is is_role
