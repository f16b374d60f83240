"""What a new version overwrites: roles and boundaries nobody meant, and somebody's document."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from administered import EVERYTHING
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    MACHINE,
    account,
    enforcement,
    managed,
    user,
    with_user,
)
from sekisho.account import Snapshot
from sekisho.policy import Document, Preset
from sekisho.rollout import Plan, acceptance_key, plan

THEIRS = {**EVERYTHING, "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
USES = {
    "role app-server": "role-attached",
    "boundary of role app-server": "role-boundary",
    "boundary of user ken": "user-boundary",
}


def used(use: str, document: Mapping[str, Any] | Document) -> Snapshot:
    """Return an account in which a policy of the goal's name is there, and is used so."""
    start = account()
    (deploy,) = start.roles
    role = replace(deploy, name="app-server", attached=())
    match use:
        case "role-attached":
            start = replace(start, roles=(deploy, replace(role, attached=(ENFORCEMENT,))))
        case "role-boundary":
            start = replace(start, roles=(deploy, replace(role, boundary=ENFORCEMENT)))
        case "user-boundary":
            start = with_user(start, user("ken", boundary=ENFORCEMENT))
    policies = {**start.policies, ENFORCEMENT: managed(ENFORCEMENT, document)}
    return replace(start, policies=policies)


def said(made: Plan, identity: str) -> list[tuple[str, ...]]:
    return [note.names for note in (*made.reasons, *made.warnings) if note.id == identity]


@pytest.mark.parametrize("name", USES)
def test_a_role_or_a_boundary_that_a_new_version_changes_speaks_against_it(name: str) -> None:
    start = used(USES[name], enforcement(Preset.AWS))
    made = plan(MACHINE, start, ADMIN)
    assert not made.applicable
    assert said(made, "used-elsewhere") == [(name,)]
    found = made.problems.items()
    keys = [acceptance_key(each, user) for each, users in found for user in users]
    words = dict.fromkeys(keys, "they were told, SEC-9")
    assert plan(MACHINE, start, ADMIN, words).applicable


@pytest.mark.parametrize("name", USES)
def test_what_is_not_overwritten_is_used_by_whom_it_likes(name: str) -> None:
    made = plan(MACHINE, used(USES[name], MACHINE.policy.document), ADMIN)
    assert said(made, "used-elsewhere") == said(made, "overwrites") == []


@pytest.mark.parametrize(
    ("document", "overwrites"),
    [
        (THEIRS, [(ENFORCEMENT,)]),
        (EVERYTHING, [(ENFORCEMENT,)]),
        (enforcement(Preset.AWS), []),
        (enforcement(Preset.RECOMMENDED), []),
    ],
    ids=["theirs", "everything", "aws", "ours"],
)
def test_somebody_elses_document_is_not_overwritten_in_silence(
    document: Mapping[str, Any] | Document, overwrites: list[tuple[str, ...]]
) -> None:
    assert said(plan(MACHINE, used("", document), ADMIN), "overwrites") == overwrites
