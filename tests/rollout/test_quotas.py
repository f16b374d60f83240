"""A policy with five versions: the plan refuses, names them, and says how to make room."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from administered import ACCOUNT, administered, iam_of, signed_in
from rollout.staging import ADMIN, GATE, MACHINE, NOW, account, gate, managed, policy_goal
from sekisho.account import collect
from sekisho.policy import Preset, to_json
from sekisho.rollout import Goal, plan

DELETE = re.compile(r"`aws iam delete-policy-version --policy-arn (\S+) --version-id (v\d+)`")


def test_the_versions_are_named_with_their_dates_and_the_default() -> None:
    names = ("v9", "v12", "v10", "v8", "v11")
    dates = {name: NOW - timedelta(days=30 - int(name[1:])) for name in names[:4]}
    about = {"versions": names, "made_at": dates, "description": ""}
    old = replace(managed(GATE, gate(Preset.AWS), **about), default_version="v8")
    start = account()
    made = plan(MACHINE, replace(start, policies={**start.policies, GATE: old}), ADMIN)
    (note,) = made.reasons
    assert (note.id, note.about) == ("quota", (GATE,))
    for text in (note.text.en, note.text.ja):
        assert "v8 2026-11-02, v9 2026-11-03, v10 2026-11-04, v11, v12 2026-11-06" in text
        # the oldest is the default, which cannot be deleted
        assert DELETE.findall(text) == [(GATE, "v9")]
    assert "the default is v8" in note.text.en
    assert "デフォルトは v8" in note.text.ja


def test_what_the_plan_says_makes_room() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Force_MFA"
    goal = Goal(policy_goal(tags={}, description=""), users=("admin",))
    with administered() as local:
        iam, api = iam_of(local), signed_in(local, "admin", mfa=True)
        text = json.dumps(to_json(gate(Preset.AWS)))
        iam.create_policy(PolicyName="Force_MFA", PolicyDocument=text)
        for _ in range(4):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        snapshot = collect(api, now=datetime.now(UTC))
        (note,) = [note for note in plan(goal, snapshot, ADMIN).reasons if note.id == "quota"]
        assert set(snapshot.policies[arn].made_at) == {"v1", "v2", "v3", "v4", "v5"}
        ((_, version),) = DELETE.findall(note.text.en)
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
        after = plan(goal, collect(api, now=datetime.now(UTC)), ADMIN)
        assert "quota" not in [note.id for note in after.reasons]
