"""Which action on which resource a call has to be allowed.

Reads `localaws.decision` itself, because what a call needs is seen from no answer that allows it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from moto.core.utils import get_service_model

import localaws_people as people
from cases import cases
from sekisho.catalogue import iam_actions
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.resources import required_permissions
from sekisho.localaws.decision.second_permissions import second_permissions
from sekisho.localaws.state import moto_iam
from sekisho.localaws.wire.errors import WireProtocol

KNOWN = ("who", "service", "operation", "params", "targets")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.mark.parametrize("case", cases("localaws/resources", KNOWN))
def test_targets(aws: LocalAws, case: dict[str, Any]) -> None:
    key = moto_iam.stored_key(aws.world, people.key_id(case["who"]))
    assert key is not None
    model = get_service_model(case["service"])
    actions = iam_actions(model.signing_name, case["operation"])
    assert actions
    call = ApiCall(
        case["service"], "us-east-1", case["operation"], actions, WireProtocol(), case["params"]
    )
    own = required_permissions(aws.world, key.credential, call)
    found = (*own, *second_permissions(aws.world, call, own))
    assert [[target.action, target.resource] for target in found] == case["targets"]
