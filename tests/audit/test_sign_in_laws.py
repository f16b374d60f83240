"""Whether a user gets in does not depend on who else is asked about, or in which order."""

from dataclasses import replace
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from audit.small_accounts import HOME, snapshot_of
from audit.test_lint_laws import DEEP
from audit.test_powers_laws import NAMES, PEOPLE, allowed
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import SignInOutcomes, rows_of

OWN = (
    *("user/*", "user/bob", "user/b*", "user/bob/*", "user/${aws:username}"),
    *("user/*/${aws:username}", "user/${aws:username}/*", "user/bob/${aws:username}"),
    "user/${aws:PrincipalTag/team}/*",
)
DEVICES = ("mfa/*", "mfa/bob", "mfa/b*", "mfa/${aws:username}")
OWN_TAG = {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}}


def account(enable: str, device: str, condition: Any, people: Any) -> dict[str, Any]:
    """Return an account of users under one enforcement, by which they may enable a device there."""
    create = allowed("iam:CreateVirtualMFADevice", f"{HOME}:{device}")
    no_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    acts = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "sts:GetSessionToken"]
    enforcement = {"Effect": "Deny", "NotAction": acts, "Resource": "*", "Condition": no_mfa}
    own = [create, allowed("iam:EnableMFADevice", f"{HOME}:{enable}", condition), enforcement]
    users = {name: {"has": ["Own"], "password": {}, **people.get(name, {})} for name in NAMES}
    return {"users": users, "policies": {"Own": own}}


WHO = st.fixed_dictionaries(dict.fromkeys(NAMES, PEOPLE))
ACCOUNTS = st.builds(
    account, st.sampled_from(OWN), st.sampled_from(DEVICES), st.sampled_from([None, OWN_TAG]), WHO
)
AT_BOB = {name: {"path": "/bob/", "tags": {"team": "ann"}} for name in NAMES}
TEAMS = {**AT_BOB, "ann": {"path": "/bob/", "tags": {"team": "bob"}}}
LITERAL = account("user/bob", "mfa/*", None, {})
BY_TAG = account("user/${aws:PrincipalTag/team}/*", "mfa/*", None, TEAMS)
BY_NAME = account("user/${aws:username}/*", "mfa/*", None, AT_BOB)
TAGGED = account("user/*", "mfa/*", OWN_TAG, AT_BOB)


@example(made=LITERAL, order=["bob", "ann", "eve"])
@example(made=BY_TAG, order=["ann", "bob", "eve"])
@example(made=BY_NAME, order=["bob", "ann", "eve"])
@example(made=TAGGED, order=["ann", "bob", "eve"])
@given(made=ACCOUNTS, order=st.permutations(NAMES))
@settings(max_examples=1_000 if DEEP else 30, deadline=None)
def test_users_together_get_in_as_each_does_alone(made: dict[str, Any], order: list[str]) -> None:
    together = snapshot_of(made)
    users = tuple(together.user_named[name] for name in order)
    fates = {
        row.user.name: row.impact for row in rows_of(replace(together, users=users), Exceptions())
    }
    entries = SignInOutcomes(together, {}).outcomes(users)
    for user in users:
        (alone,) = rows_of(replace(together, users=(user,)), Exceptions())
        assert fates[user.name] == alone.impact
        assert entries[user.name] == SignInOutcomes(together, {}).outcomes((user,))[user.name]
    event(f"{len({each.verdict for each in entries.values()})} answers")
