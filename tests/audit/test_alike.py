"""Users who are asked about together get the answer that each of them gets alone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profiles import DEEP
from prover.aws_requests import faults_of
from prover.questions import UNCERTIFIED, limit_steps
from rollout.staging import ACCOUNT, EVERYTHING, FULL, account, enforcement, managed, user
from sekisho.account import Snapshot, User, readings_of
from sekisho.audit.enforcement import (
    DocumentNumbers,
    EquivalenceKeys,
    UserEnforcement,
    enforcements_of,
    named_of,
)
from sekisho.engine import AttachedPolicy, DecisionEffect, Level, Policies, decide
from sekisho.policy import Document, from_json
from sekisho.prover import (
    Conclusion,
    Proved,
    Refuted,
    Unknown,
    conclude,
    distinguishes_services,
    enforcement_question,
    via_service,
    with_federation,
)

OWN, LIMIT = (f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in ("own", "limit"))
NAMES = ("alice", "al", "bob", "carol", "red")
FEW_STEPS = 400_000
"""Of each question in the quick profile: one that is drawn took half a minute, to be unknown."""
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
TEAM = "aws:PrincipalTag/team"

ON_REQUEST: tuple[dict[str, Any], ...] = (
    {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}},
    {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    {"Bool": {"aws:ViaAWSService": "false"}},
    {"Null": {"aws:SourceVpce": "true"}},
)
ON_CALLER: tuple[dict[str, Any], ...] = (
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/org-*"}},
    {"ArnLike": {"aws:PrincipalARN": ["arn:aws:iam::*:user/ci/*", "arn:aws:iam::*:user/al*"]}},
    {"StringNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"}},
    {"StringNotEquals": {"aws:username": ["alice", "bob"]}},
    {"StringLike": {"aws:userid": "AIDAAL*"}},
    {"StringEquals": {TEAM: "red"}},
    {"StringNotEqualsIgnoreCase": {"aws:principaltag/Team": "RED"}},
    {"Null": {TEAM: "true"}},
    {"StringEquals": {TEAM: "${aws:username}"}},
    {"StringNotEquals": {"aws:username": "${aws:PrincipalTag/team, 'bob'}"}},
    {"ForAnyValue:StringNotEqualsIfExists": {TEAM: "red"}},
    {"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}},
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/r-ab12/*"}},
    {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    {"StringNotEquals": {TEAM: "${aws:ResourceTag/team}"}},
    {"StringLikeIfExists": {TEAM: "${aws:username}${aws:ResourceTag/team}"}},
    {"StringLike": {TEAM: ["${aws:PrincipalTag/team}", "${aws:ResourceTag/team}"]}},
    {"StringLike": {"s3:prefix": "home/${aws:PrincipalTag/team}/${aws:username}/*"}},
)
RESOURCES = (
    "*",
    "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::${aws:PrincipalTag/team, 'none'}",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:user/${aws:PrincipalTag/team}",
    "arn:aws:iam::*:user/*/${aws:username}",
    "arn:aws:iam::*:user/al*",
    "arn:aws:iam::*:user/alice",
)
ACTIONS = ("*", "iam:UpdateUser", "s3:ListBucket")


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """Return a statement that tells callers apart."""
    about = draw(st.sampled_from(("Resource", "Resource", "NotResource")))
    operators = [
        draw(st.sampled_from(ON_CALLER + ON_REQUEST)) for _ in range(draw(st.integers(0, 2)))
    ]
    operators += [NO_MFA] if draw(st.booleans()) else []
    conditions: dict[str, dict[str, Any]] = {}
    for each in operators:
        for operator, keys in each.items():
            conditions.setdefault(operator, {}).update(keys)
    return {
        "Effect": draw(st.sampled_from(("Allow", "Deny", "Deny"))),
        "Action": draw(st.sampled_from(ACTIONS)),
        about: draw(st.sampled_from(RESOURCES)),
        **({"Condition": conditions} if conditions else {}),
    }


DOCUMENTS = st.lists(statements(), min_size=1, max_size=2).map(
    lambda found: from_json({"Version": "2012-10-17", "Statement": found})
)
EVERY = from_json(EVERYTHING)


@st.composite
def users(draw: st.DrawFn) -> User:
    """Return a user; several may have one name, and then the first counts."""
    tags = draw(st.sampled_from(({}, {"team": "red"}, {"Team": "alice"}, {"team": "a*"})))
    path = draw(st.sampled_from(("/", "/", "/ci/")))
    found = user(draw(st.sampled_from(NAMES)), path=path, tags=tags, attached=(FULL, OWN))
    unknown = draw(st.sampled_from((False, False, False, True)))
    return replace(
        found, id="" if unknown else found.id, boundary=draw(st.sampled_from((None, LIMIT)))
    )


def of(some: list[User], own: Document, limit: Document, scps: tuple[Level, ...]) -> Snapshot:
    """Return an account of these users."""
    named = {each.name: each for each in some[::-1]}
    documents = {FULL: EVERY, OWN: own, LIMIT: limit}
    policies = {arn: managed(arn, document) for arn, document in documents.items()}
    return replace(
        account(),
        users=tuple(named[name] for name in sorted(named)),
        policies=policies,
        groups=(),
        roles=(),
        scps=scps,
    )


def level(*documents: Document) -> Level:
    attached = (AttachedPolicy(str(n), each) for n, each in enumerate((EVERY, *documents)))
    return Level("root", tuple(attached))


def alone(snapshot: Snapshot, one: User) -> dict[str, Conclusion]:
    """Return what is concluded of a user, of all the policies, each question by itself."""
    (policies,) = readings_of(snapshot, one)
    found = {}
    for name, later in (("now", False), ("later", True)):
        question = enforcement_question(policies, named_of(one), snapshot.taken_at, later=later)
        found[name] = conclude(with_federation(question))
        if distinguishes_services(policies):
            served = "via_service" if name == "now" else "later_via_service"
            found[served] = conclude([via_service(question)])
    return found


def check(snapshot: Snapshot, one: User, together: UserEnforcement) -> None:
    """Check what was found of a user together with others."""
    by_name = alone(snapshot, one)
    verdicts = together.verdicts
    assert verdicts.keys() == by_name.keys()
    if any(isinstance(each.verdict, Unknown) for each in by_name.values()):
        # one layer, or another user's request, may tell what all at once do not
        known = {name: each.verdict for name, each in by_name.items()}
        for name, verdict in known.items():
            assert isinstance(verdict, Unknown) or type(verdict) is type(verdicts[name])
        return
    # a search finds no request, and what is said to be proved has a certificate, too
    searched = {
        name: Unknown if verdicts[name] == UNCERTIFIED else type(each.verdict)
        for name, each in by_name.items()
    }
    assert {name: type(each) for name, each in verdicts.items()} == searched
    assert all(
        isinstance(by_name[name].verdict, Proved)
        for name, each in verdicts.items()
        if each == UNCERTIFIED
    )
    assert {*together.assumed} == {name for each in by_name.values() for name in each.assumed}
    (policies,) = readings_of(snapshot, one)
    for name in ("now", "via_service"):
        if isinstance(refuted := verdicts.get(name), Refuted):
            request = refuted.counterexample.request
            assert request.principal == one.arn
            assert decide(request, policies).effect is DecisionEffect.ALLOWED
            assert not faults_of(request, direct=name == "now")


def denied(condition: Mapping[str, Any], **about: Any) -> Document:
    where = about or {"Resource": "*"}
    shut = {"Effect": "Deny", "Action": "*", **where, "Condition": condition}
    return from_json({"Version": "2012-10-17", "Statement": shut})


def having(name: str, **about: Any) -> User:
    return user(name, attached=(FULL, OWN), **about)


SPARED = denied({**NO_MFA, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ci/*"}})
RED = denied({**NO_MFA, "StringNotEquals": {TEAM: "red"}})
OWNED = denied({**NO_MFA, "StringNotEquals": {TEAM: "${aws:username}"}})
ALWAYS = {"Null": {"aws:username": "false"}}
SHUT = denied(ALWAYS, Resource="arn:aws:s3:::b/*")
ALICE = denied(NO_MFA, NotResource="arn:aws:iam::*:user/alice")
OWN_SHUT = denied(ALWAYS, Resource="arn:aws:iam::*:user/${aws:username}")
TAGGED = from_json(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {TEAM: "${aws:username}"}},
        },
    }
)
HOME = denied(NO_MFA, NotResource="arn:aws:s3:::${aws:PrincipalTag/team}/*")


@settings(max_examples=settings().max_examples // 2)
@given(
    st.lists(users(), min_size=3, max_size=4),
    DOCUMENTS,
    DOCUMENTS,
    st.lists(st.lists(DOCUMENTS, max_size=2).map(lambda found: level(*found)), max_size=2),
)
@example([having("al", path="/ci/"), having("bob")], SPARED, EVERY, [])
@example([having("al"), having("bob", path="/ci/")], SPARED, EVERY, [])
@example([having("al", tags={"team": "red"}), having("bob")], EVERY, EVERY, [level(RED)])
@example([having("al"), having("bob", tags={"team": "red"})], EVERY, EVERY, [level(RED)])
@example(
    [having("al", tags={"team": "bob"}), having("bob", tags={"team": "bob"})], OWNED, EVERY, []
)
@example(
    [having("al", tags={"team": "b"}), having("bob", tags={"team": "c"})],
    HOME,
    EVERY,
    [level(SHUT)],
)
@example([having("alice"), having("bob")], ALICE, EVERY, [level(OWN_SHUT)])
@example([having("alice", boundary=LIMIT)], EVERY, TAGGED, [])
def test_asked_together_is_asked_alone(
    some: list[User], own: Document, limit: Document, scps: list[Level]
) -> None:
    snapshot = of(some, own, limit, tuple(scps))
    with pytest.MonkeyPatch.context() as patch:
        if not DEEP:
            limit_steps(patch, FEW_STEPS)
        found = enforcements_of(snapshot)
        for each in snapshot.users:
            check(snapshot, each, found[each.name])


def keys(policies: Policies, *some: User) -> list[tuple[object, ...]]:
    equivalence = EquivalenceKeys(DocumentNumbers())
    return [equivalence.of_requests(each, policies) for each in some]


def limited(condition: Mapping[str, Any]) -> Policies:
    enforced = AttachedPolicy("enforcement", enforcement())
    return Policies(identity=(enforced,), scps=(level(denied(condition)),))


def test_whom_no_condition_on_the_caller_tells_apart_is_asked_once() -> None:
    """Whatever it asks of them, but for the unique id."""
    asked = [each for each in ON_CALLER if "aws:userid" not in str(each)]
    asked.remove({"StringLike": {TEAM: ["${aws:PrincipalTag/team}", "${aws:ResourceTag/team}"]}})
    for condition in asked:
        for tags in ({}, {"team": "red"}):
            first, second = keys(
                limited(condition), user("carol", tags=tags), user("dave", tags=tags)
            )
            assert first == second, condition


def test_whom_a_condition_tells_apart_is_asked_for_themselves() -> None:
    spared = limited({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ci/*"}})
    carol, dave, eve = keys(spared, user("carol"), user("dave"), user("eve", path="/ci/"))
    assert carol == dave != eve
    named = limited({"StringNotEquals": {TEAM: "${aws:ResourceTag/team}"}})
    own, other = keys(named, *(user(name, tags={"team": "x-carol"}) for name in ("carol", "dave")))
    assert own != other
    owned = limited({"StringEquals": {TEAM: "${aws:username}"}})
    own, other = keys(owned, user("carol", tags={"team": "carol"}), user("dave"))
    assert own != other


def test_what_one_layer_alone_proves_is_asked_without_the_others() -> None:
    """However hard it would be to tell what the other policies say."""
    hard = denied(
        {
            "StringNotEquals": {
                f"aws:PrincipalTag/t{n}": f"${{aws:ResourceTag/t{n}}}" for n in range(9)
            },
            "StringEquals": {
                f"aws:ResourceTag/t{n}": f"${{aws:RequestTag/t{n}}}" for n in range(9)
            },
        }
    )
    snapshot = of([user("carol", attached=(FULL, OWN))], hard, EVERY, (level(denied(NO_MFA)),))
    assert isinstance(enforcements_of(snapshot)["carol"].later, Proved)
