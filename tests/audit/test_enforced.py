"""A user's enforcement in an account.

The same as asked about alone, and every counterexample is the user's. Reads `cache` and
`equivalence` themselves: who is asked together with whom is in no answer, or it would be wrong.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gaps import gap_at
from rollout.staging import (
    ACCOUNT,
    ENFORCEMENT,
    EVERYTHING,
    FULL,
    account,
    enforcement,
    managed,
    user,
)
from sekisho.account import Snapshot, readings_of
from sekisho.audit.enforcement import enforcements_of
from sekisho.audit.enforcement.cache import EnforcementCache, layers
from sekisho.audit.enforcement.equivalence import Traits, traits_of
from sekisho.engine import Assumptions, AttachedPolicy, DecisionEffect, Policies, decide
from sekisho.policy import Preset, from_json
from sekisho.prover import CallingUser, Enforced, Proved, Refuted, prove_enforcement
from sekisho.signin import PasswordPolicy

OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"
MAY_CHANGE = st.builds(PasswordPolicy, users_may_change=st.booleans())
ELSEWHERE = "arn:aws:iam::999999999999:role/admin"
NAMES = ("alice", "al", "user", "dev-bob", "carol")


def told(documents: dict[str, Any], *names: str, **about: Any) -> Snapshot:
    """Return an account in which everybody has these policies."""
    policies = {arn: managed(arn, document) for arn, document in documents.items()}
    users = tuple(user(name, attached=tuple(documents), **about) for name in sorted(names))
    return replace(account(), users=users, policies=policies)


def test_who_has_force_mfa_is_enforced_and_who_has_little_is_not() -> None:
    enforced = told({ENFORCEMENT: enforcement(), FULL: EVERYTHING}, "alice")
    assert enforcements_of(enforced)["alice"].enforced is Enforced.PROVED
    nothing = enforcements_of(told({}, "alice"))["alice"]
    assert nothing.enforced is Enforced.NOTHING_ALLOWED
    assert nothing.counterexample is None
    opened = enforcements_of(told({FULL: EVERYTHING}, "alice"))["alice"]
    assert opened.enforced is Enforced.REFUTED
    assert opened.counterexample is not None


def test_what_was_not_read_is_unknown_for_that_user_alone() -> None:
    snapshot = told({ENFORCEMENT: enforcement()}, "alice", "bob")
    lost = replace(snapshot.users[0], attached=(OWN,))
    gap = gap_at("GetUserPolicy", "userPolicy x of alice", "AccessDenied")
    for broken in (
        replace(snapshot, users=(lost, snapshot.users[1])),
        replace(snapshot, gaps=(gap,)),
    ):
        found = enforcements_of(broken)
        assert found["alice"].enforced is Enforced.UNKNOWN
        assert found["alice"].gap
        assert found["bob"].enforced is Enforced.PROVED


def exempted_by_tag() -> Snapshot:
    """Return an account where the tag `t` = `b` exempts from MFA enforcement."""
    exempt = {
        "Effect": "Deny",
        "NotAction": "iam:GetUser",
        "Resource": "*",
        "Condition": {
            "StringNotEquals": {"aws:PrincipalTag/t": "b"},
            "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
        },
    }
    document = from_json({"Version": "2012-10-17", "Statement": [exempt]})
    return told({ENFORCEMENT: document, FULL: EVERYTHING}, "alan", "bob")


def test_a_tag_that_a_user_does_not_have_is_not_invented() -> None:
    snapshot = exempted_by_tag()
    alan, bob = snapshot.users
    for tags in ({}, {"t": "c"}, {"other": "b"}):
        found = enforcements_of(replace(snapshot, users=(alan, replace(bob, tags=tags))))
        assert {each.enforced for each in found.values()} == {Enforced.PROVED}


def test_a_tag_is_the_same_in_other_letters() -> None:
    snapshot = exempted_by_tag()
    alan, bob = snapshot.users
    users = (replace(alan, tags={"t": "b"}), replace(bob, tags={"T": "b"}))
    found = enforcements_of(replace(snapshot, users=users))
    for name, tag in (("alan", "aws:PrincipalTag/t"), ("bob", "aws:PrincipalTag/T")):
        counterexample = found[name].counterexample
        assert counterexample is not None
        assert counterexample.request.context[tag] == "b"
    assert (
        enforcements_of(replace(snapshot, users=(alan, users[1])))["alan"].enforced
        is Enforced.PROVED
    )


def test_what_a_tag_says_of_a_name_is_not_said_of_another() -> None:
    own = {
        "StringEquals": {"aws:PrincipalTag/owner": "${aws:username}"},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
    }
    shut = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": own}
    document = from_json({"Version": "2012-10-17", "Statement": shut})
    found = enforcements_of(
        told({ENFORCEMENT: document, FULL: EVERYTHING}, "al", "bob", tags={"owner": "al"})
    )
    assert found["al"].enforced is Enforced.PROVED
    assert found["bob"].enforced is Enforced.REFUTED


def test_the_presets_are_asked_once_for_everybody() -> None:
    for preset in Preset:
        attached = AttachedPolicy("enforcement", enforcement(preset))
        traits = traits_of(Policies(identity=(attached,)))
        assert not traits.one_by_one
        assert "alice" not in traits.words


def test_a_pattern_that_cuts_into_names_is_asked_one_by_one() -> None:
    for resource in ("user/dev-*", "user/*${aws:username}", "user/?*"):
        assert traits_beside_the_enforcement(resource).one_by_one


def test_whom_a_pattern_names_is_asked_alone() -> None:
    for resource in ("user/alice", "*/alice", "*/alice/*", "user/dev/alice"):
        traits = traits_beside_the_enforcement(resource)
        assert not traits.one_by_one
        assert "alice" in traits.words
        assert "bob" not in traits.words


def traits_beside_the_enforcement(resource: str) -> Traits:
    allow = {"Effect": "Allow", "Action": "iam:*", "Resource": f"arn:aws:iam::*:{resource}"}
    document = from_json({"Version": "2012-10-17", "Statement": [allow]})
    both = (AttachedPolicy("enforcement", enforcement()), AttachedPolicy("own", document))
    return traits_of(Policies(identity=both))


TAILS = (
    *("user/${aws:username}", "user/*/${aws:username}", "mfa/${aws:username}", "mfa/*", "*"),
    *("user/dev-*", "user/alice", "user/*", "user/a?*", "user/${aws:username}*", "*/alice"),
    *("user/${aws:PrincipalTag/team}", "user/${aws:userid}", "*/user/${aws:username}"),
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"StringLike": {"aws:username": "al*"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringEquals": {"s3:prefix": "home/${aws:username}"}},
    {"StringNotLike": {"s3:prefix": "home/a*"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*o*"}},
    {"Bool": {"aws:ViaAWSService": "true"}},
    {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}},
)
NO_MFA = {"aws:MultiFactorAuthPresent": "false"}
DIRECT = {"aws:ViaAWSService": "false"}
ENFORCEMENTS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"BoolIfExists": NO_MFA},
    {"BoolIfExists": {**NO_MFA, **DIRECT}},
    {"BoolIfExists": NO_MFA, "Bool": DIRECT},
)


SELF_UPDATE: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "iam:UpdateUser",
    "Resource": "arn:aws:iam::*:user/${aws:username}",
}


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """Return a statement in which a user's name may matter."""
    resource = draw(st.sampled_from(("Resource", "NotResource")))
    found: dict[str, Any] = {
        "Effect": draw(st.sampled_from(("Allow", "Deny"))),
        "Action": draw(st.sampled_from(("iam:UpdateUser", "iam:*LoginProfile", "s3:ListBucket"))),
        resource: f"arn:aws:iam::*:{draw(st.sampled_from(TAILS))}",
    }
    if draw(st.booleans()):
        found |= {"Resource": "*"} if resource == "Resource" else {}
    if condition := draw(st.sampled_from(CONDITIONS)):
        found["Condition"] = condition
    return found


# each example proves a whole account several times
@settings(max_examples=settings().max_examples // 5)
@given(
    st.lists(statements(), min_size=1, max_size=3),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=2, unique=True),
    st.sampled_from(("2012-10-17", "2008-10-17")),
    st.tuples(st.sampled_from(ENFORCEMENTS), MAY_CHANGE),
)
@example([SELF_UPDATE], ["al", "alice"], "2012-10-17", (ENFORCEMENTS[2], PasswordPolicy()))
def test_asked_together_is_asked_alone(
    found: list[dict[str, Any]],
    names: list[str],
    version: str,
    around: tuple[dict[str, Any] | None, PasswordPolicy],
) -> None:
    when, rules = around
    shut = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": when}
    document = {"Version": version, "Statement": [*found, *([shut] if when else [])]}
    snapshot = told({OWN: document}, *names, tags={"team": "red"})
    snapshot = replace(snapshot, password_policy=rules)
    for name, each in enforcements_of(snapshot).items():
        about = next(user for user in snapshot.users if user.name == name)
        (policies,) = readings_of(snapshot, about)
        known = {"aws:userid": about.id, "aws:PrincipalTag/team": "red"}
        named = CallingUser.of(about.arn, known, all_tags=True)
        alone, later = (
            prove_enforcement(policies, named, snapshot.taken_at, later=later)
            for later in (False, True)
        )
        assert type(alone.direct) is type(each.now)
        assert type(later.direct) is type(each.later)
        assert type(alone.via_service) is type(each.via_service)
        assert type(later.via_service) is type(each.later_via_service)
        if isinstance(each.now, Refuted):
            request = each.now.counterexample.request
            assert request.principal == about.arn
            assert decide(request, policies).effect is DecisionEffect.ALLOWED


def test_what_refutes_for_one_is_tried_on_others_whatever_their_policies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    original = EnforcementCache._ask

    def counted(cache: EnforcementCache, *args: Any, **options: Any) -> Any:
        asked.append(args)
        return original(cache, *args, **options)

    monkeypatch.setattr(EnforcementCache, "_ask", counted)
    some = [allowing_reads_of(number) for number in range(6)]
    policies = {f"{OWN}{number}": managed(f"{OWN}{number}", each) for number, each in some}
    users = tuple(user(f"u{number}", attached=(f"{OWN}{number}",)) for number, _ in some)
    found = enforcements_of(replace(account(), users=users, policies=policies))
    assert len(asked) == 1
    for each in users:
        shown = found[each.name].counterexample
        assert shown is not None
        assert shown.request.principal == each.arn
        (own,) = readings_of(replace(account(), users=users, policies=policies), each)
        assert decide(shown.request, own).effect is DecisionEffect.ALLOWED


def allowing_reads_of(number: int) -> tuple[int, dict[str, Any]]:
    """Return a policy for a bucket of its own, and for what every one of these allows."""
    own = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::b{number}/*"}
    common = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    return number, {"Version": "2012-10-17", "Statement": [common, own]}


def test_what_may_be_attached_later_is_shown_by_the_users_own_request() -> None:
    """Nothing is allowed yet; the request that would pass is not another one's."""
    own = "arn:aws:iam::*:user/${aws:username}"
    limited = {"Effect": "Deny", "Action": "*", "NotResource": own}
    document = from_json({"Version": "2012-10-17", "Statement": limited})
    snapshot = told({OWN: document}, *NAMES)
    for name, found in enforcements_of(snapshot).items():
        assert found.enforced is Enforced.NOTHING_ALLOWED
        assert isinstance(found.later, Refuted)
        request = found.later.counterexample.request
        assert request.principal.endswith(f"/{name}")
        assert request.context["aws:username"] == name
        assert request.resource.endswith(f"/{name}")
        assert found.later.counterexample.decisions["allowed"].effect is DecisionEffect.ALLOWED


def test_a_role_of_another_account_is_a_way_out_for_everybody() -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ELSEWHERE}
    document = from_json({"Version": "2012-10-17", "Statement": statement})
    for name, found in enforcements_of(told({OWN: document}, *NAMES)).items():
        assert found.enforced is Enforced.REFUTED
        assert found.counterexample is not None
        assert found.counterexample.request.principal.endswith(f"/{name}")
        assert found.counterexample.request.resource == ELSEWHERE


def test_what_services_may_do_once_more_is_attached_is_a_verdict_of_its_own() -> None:
    shut = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*"}
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {**shut, "Condition": {"BoolIfExists": {**NO_MFA, **DIRECT}}},
            {**own, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
        ],
    }
    each = enforcements_of(told({OWN: document}, "alice"))["alice"]
    assert isinstance(each.now, Proved)
    assert isinstance(each.later, Proved)
    assert isinstance(each.via_service, Proved)
    assert isinstance(each.later_via_service, Refuted)
    assert each.enforced_directly
    assert each.enforced is Enforced.NOTHING_ALLOWED


def test_the_assumption_that_a_enforcement_rests_on_is_named_for_everybody() -> None:
    values = {"ForAnyValue:StringNotEqualsIfExists": {"aws:MultiFactorAuthPresent": "true"}}
    shut = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": values}
    document = {
        "Version": "2012-10-17",
        "Statement": [shut, {"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    rested = "any_value_if_exists_when_missing"
    for name, each in enforcements_of(told({OWN: document}, "alice", "bob")).items():
        assert isinstance(each.now, Proved), name
        assert each.assumed == (rested,)
    other = enforcements_of(
        told({OWN: document}, "alice", "bob"),
        assumptions=Assumptions(any_value_if_exists_when_missing=False),
    )
    for name, each in other.items():
        assert isinstance(each.now, Refuted), name
        assert each.assumed == (rested,)


def test_each_layer_that_says_something_of_mfa_is_asked_alone() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    no_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    of_names = {"Null": {"aws:username": "false"}}
    for condition, count in ((no_mfa, 2), (of_names, 0)):
        deny = {**everything, "Effect": "Deny", "Condition": condition}
        document = from_json({"Version": "2012-10-17", "Statement": [everything, deny]})
        limited = (AttachedPolicy("p", document),)
        assert len([*layers(Policies(identity=limited, boundaries=limited))]) == count
