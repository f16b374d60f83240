"""What a user may do to enforcement does not depend on who else is asked about.

Or in which order. Reads `impact.questions` itself: which two answers are put together is in no
report.
"""

from dataclasses import replace
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from audit.small_accounts import HOME, snapshot_of
from audit.test_lint_laws import DEEP
from sekisho.audit.impact import powers_of
from sekisho.audit.impact.questions import refuted_if_both
from sekisho.messages import Message
from sekisho.prover import Proved, Unknown

NAMES = ("ann", "bob", "eve")
WHOSE = (
    *("*", "bob", "${aws:username}", "*/${aws:username}", "b*", "bob/*", "${aws:username}/*"),
    *("bob/${aws:username}", "${aws:PrincipalTag/team}/*"),
)
POLICY = "iam:PolicyARN"
KINDS = {
    "iam:AddUserToGroup": ("group",),
    "sts:AssumeRole": ("role", "*"),
    "iam:PutRolePolicy": ("role",),
    "iam:UpdateAssumeRolePolicy": ("role",),
    "iam:CreatePolicyVersion": ("policy",),
    "iam:PutUserPolicy": ("user",),
    "iam:DeleteUserPolicy": ("user",),
    "iam:PutGroupPolicy": ("group",),
    "iam:AttachUserPolicy": ("user",),
}


def allowed(action: str, resource: str, condition: Any = None) -> dict[str, Any]:
    """Return a statement."""
    more = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    action = draw(st.sampled_from(sorted(KINDS)))
    kind, whose = draw(st.sampled_from(KINDS[action])), draw(st.sampled_from(WHOSE))
    condition = None
    if action == "iam:AttachUserPolicy":
        operator = draw(st.sampled_from(["StringEquals", "StringLike", "ArnLike"]))
        condition = {operator: {POLICY: f"{HOME}:policy/{draw(st.sampled_from(WHOSE))}"}}
    return allowed(action, f"{HOME}:{kind}/{whose}", condition)


PEOPLE = st.fixed_dictionaries(
    {"path": st.sampled_from(["/", "/bob/"])},
    optional={"tags": st.sampled_from([{"team": "bob"}, {"team": "ann"}])},
)
ALL, LITTLE = [allowed("*", "*")], [allowed("s3:Get*", "*")]
TRUST = [
    {"Effect": effect, "Principal": {"AWS": f"{HOME}:{whose}"}, "Action": "sts:AssumeRole"}
    for effect, whose in (("Allow", "root"), ("Allow", "user/bob"), ("Deny", "user/ann"))
]


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, Any]:
    rights = st.sampled_from(
        [ALL, LITTLE, [allowed("iam:DeleteUserPolicy", f"{HOME}:user/${{aws:username}}")]]
    )
    groups = {
        name: {"has": [name] if name == "bob" else [], "inline": {"p": draw(rights)}}
        for name in NAMES
    }
    trust = st.lists(st.sampled_from(TRUST), min_size=1, max_size=2)
    roles = {name: {"trust": draw(trust), "inline": {"p": draw(rights)}} for name in NAMES}
    policies = {name: draw(rights) for name in NAMES}
    own = draw(st.lists(statements(), min_size=1, max_size=2))
    users = {name: {"has": ["Own"], **draw(PEOPLE)} for name in NAMES}
    return {"users": users, "groups": groups, "roles": roles, "policies": {**policies, "Own": own}}


def shared(*own: Any, **people: Any) -> dict[str, Any]:
    """Return an account of users who all have one policy."""
    users = {name: {"has": ["Own"], **people.get(name, {})} for name in NAMES}
    return {"users": users, "policies": {"Own": list(own)}}


ON_ONESELF = shared(
    allowed("iam:AttachUserPolicy", f"{HOME}:user/${{aws:username}}"), ann={"path": "/dev/"}
)
NAMED_OTHERWISE = {
    **shared(allowed("s3:*", "*")),
    "roles": {
        "Admin": {
            "trust": [{**TRUST[1], "Principal": {"AWS": f"{HOME}:user/ann"}}, *TRUST[1:]],
            "inline": {"p": ALL},
        }
    },
}


@example(account=ON_ONESELF, order=["ann", "bob", "eve"])
@example(account=ON_ONESELF, order=["eve", "bob", "ann"])
@example(account=NAMED_OTHERWISE, order=["ann", "bob", "eve"])
@example(account=NAMED_OTHERWISE, order=["bob", "ann", "eve"])
@given(account=accounts(), order=st.permutations(NAMES))
@settings(max_examples=2_000 if DEEP else 60, deadline=None)
def test_users_together_are_told_what_each_is_told_alone(
    account: dict[str, Any], order: list[str]
) -> None:
    together = snapshot_of(account)
    users = tuple(together.user_named[name] for name in order)
    told = {
        name: (power.administers, power.unknown, power.edits)
        for name, power in powers_of(replace(together, users=users)).items()
    }
    for user in users:
        alone = powers_of(replace(together, users=(user,)))[user.name]
        assert told[user.name] == (alone.administers, alone.unknown, alone.edits)
    event(f"{len({each[0] for each in told.values()})} answers")


def test_one_step_that_nobody_can_take_settles_both() -> None:
    unknown = Unknown(Message.both("not read", "読み取れていません"))
    assert (
        refuted_if_both(unknown, Proved) == refuted_if_both(Proved(), lambda: unknown) == Proved()
    )
    assert refuted_if_both(unknown, lambda: unknown) is unknown
