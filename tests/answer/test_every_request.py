"""Every request is answered, or refused in one sentence: each action on each form of resource.

The forms are `*`, an ARN of each kind of resource, patterns, and what people write by mistake; the
policies allow all, deny all, or enforce MFA. The quick profile takes a sample, another one each
day; `SEKISHO_ROTATION=N` takes the one that a failure names. The deep profile takes all.
"""

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

import localaws_people as people
import sekisho
from profiles import DEEP
from sekisho.answer import additions, answer_to_json, heading, oddities
from sekisho.catalogue import load
from sekisho.engine import Policies, Request, explain
from sekisho.engine.exchange import reasons
from sekisho.errors import SekishoError
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.authorize import authorize_signin_step
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import VerifiedCaller
from sekisho.localaws.wire.errors import Refusal
from sekisho.policy import from_json, summarise

NOW = datetime(2026, 12, 7, 9, tzinfo=UTC)
ROTATION = int(os.environ.get("SEKISHO_ROTATION", datetime.now(UTC).date().toordinal()))
DECIDED, PROVED = 400, 40
"""How many requests of the quick profile are decided under each set, and asked of the prover."""
PROVED_IN = 16
"""In how many days the deep profile asks the prover about all; a proof takes some milliseconds."""

ALICE = "arn:aws:iam::111122223333:user/alice"
_PLACE = re.compile(r"\$\{[^}]*\}")
_VALUES = {"${Partition}": "aws", "${Region}": "eu-west-1", "${Account}": "111122223333"}
MALFORMED = (
    "",
    "x",
    "photos",
    "arn",
    "arn:",
    "arn:aws:s3",
    "arn:aws:s3:::",
    "arn:aws:s3:::*",
    "arn:aws:iam::111122223333",
    "arn:aws:iam::111122223333:",
    "arn:::::",
    "arn:aws:kms:::key/",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:sts::111122223333:assumed-role/x",
    "arn:*:*:*:*:*",
    "arn:aws:*",
    "?",
    "**",
    "arn:aws:lambda:eu-west-1:111122223333:function:f:${x}",
    "arn:aws:ec2:eu-west-1:12:instance/i-1",
    "\u685c",
    "arn:aws:s3:::\u685c/\n",
)
"""Forms that a user can give and that no template has."""

_ALL = {"Action": "*", "Resource": "*"}
ATTACHED = {
    "allow": sekisho.policies(from_json({"Statement": {"Effect": "Allow", **_ALL}})),
    "deny": sekisho.policies(from_json({"Statement": {"Effect": "Deny", **_ALL}})),
    "force-mfa": sekisho.policies(
        from_json({"Statement": {"Effect": "Allow", **_ALL}}), sekisho.force_mfa()
    ),
}


def _arn(template: str, other: str) -> str:
    return _PLACE.sub(lambda place: _VALUES.get(place[0], other), template)


def requests() -> Iterator[tuple[str, str]]:
    """Yield each action with each form of resource; those of mistakes in turn."""
    number = 0
    for service in load().services():
        for action in load().actions(service):
            yield str(action), "*"
            for template in dict.fromkeys(one.arn for one in action.resource_types):
                yield str(action), _arn(template, "x")
                yield str(action), _arn(template, "*")
                yield str(action), template
            # each action with some of them, each of them with a thousand actions
            for _ in range(2):
                yield str(action), MALFORMED[number % len(MALFORMED)]
                number += 1


_EVERY_REQUEST = list(dict.fromkeys(requests()))


def _sample(few: int) -> list[tuple[str, str]]:
    """Return all requests in the deep profile, and a rotating sample in the quick one."""
    if DEEP:
        return (
            _EVERY_REQUEST[ROTATION % PROVED_IN :: PROVED_IN] if few == PROVED else _EVERY_REQUEST
        )
    chance = random.Random(ROTATION)  # noqa: S311 - no secret
    return chance.sample(_EVERY_REQUEST, few)


def _unanswered(
    ask: Callable[[str, str], object], few: int, *refusals: type[Exception]
) -> list[str]:
    """Return the requests of which a question is neither answered nor refused in one sentence."""
    found = []
    for action, resource in _sample(few):
        try:
            ask(action, resource)
        except (SekishoError, *refusals) as error:
            if not str(error).strip():
                found.append(f"{action} on {resource!r}: refused without a sentence")
        except Exception as error:
            found.append(f"SEKISHO_ROTATION={ROTATION} {action} on {resource!r}: {error!r}")
    return found


@pytest.mark.parametrize("attached", ATTACHED.values(), ids=ATTACHED)
def test_decide_and_explain(attached: Policies) -> None:
    def ask(action: str, resource: str) -> None:
        answer = sekisho.decide(Request(ALICE, action, resource), attached, now=NOW)
        json.dumps(answer_to_json(answer))
        lines = [*heading(answer), *additions(answer), *oddities(answer)]
        lines += reasons(explain(answer.request, answer.policies))
        assert all(line.en for line in lines)

    assert _unanswered(ask, DECIDED) == []


@pytest.mark.parametrize("attached", ATTACHED.values(), ids=ATTACHED)
def test_prove(attached: Policies) -> None:
    def ask(action: str, resource: str) -> None:
        sekisho.not_granted(attached, action, on=[resource], user_arn=ALICE)

    assert _unanswered(ask, PROVED) == []


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_the_summary_of_a_policy(effect: str) -> None:
    def ask(action: str, resource: str) -> None:
        statement = {"Effect": effect, "Action": action, "Resource": resource}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        summarise(sekisho.parse_policy(text), load())

    assert _unanswered(ask, DECIDED) == []


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


_WRITTEN = {
    "allow": people.ALL,
    "deny": {**people.ALL, "Effect": "Deny"},
    "force-mfa": people.ENFORCEMENT,
}


@pytest.mark.parametrize("kind", _WRITTEN)
def test_the_local_authorizer(aws: LocalAws, kind: str) -> None:
    iam, whose = people.client(aws, "iam"), {"UserName": kind}
    document = json.dumps(people.policy(people.ALL, _WRITTEN[kind]))
    iam.create_user(**whose)
    iam.put_user_policy(**whose, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(**whose)["AccessKey"]["AccessKeyId"]
    stored = moto_iam.stored_key(aws.world, key)
    assert stored is not None
    caller = VerifiedCaller(stored.credential, key)

    def ask(action: str, resource: str) -> None:
        authorize_signin_step(aws.world, caller, action, resource, {})

    assert _unanswered(ask, DECIDED, Refusal) == []
