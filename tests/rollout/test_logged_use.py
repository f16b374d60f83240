"""A plan that goes by logs: it says whose keys made which calls, and never that a key is idle."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollout.staging import ADMIN, FULL, NOW, account, policy_goal, user, with_user
from sekisho.account import AccessKey, KeyUse, Usage, UserUse
from sekisho.errors import PlanRefused
from sekisho.messages import Language
from sekisho.rollout import Goal, Plan, plan

LONG_AGO = NOW - timedelta(days=200)
WHO = ("bot", "idle", "robot")
GOAL = Goal(policy_goal(), users=WHO)
START = account()
for _name, _used in (("bot", LONG_AGO), ("idle", LONG_AGO), ("robot", NOW - timedelta(days=2))):
    _key = AccessKey(f"AKIA{_name.upper()}", active=True, last_used=_used)
    START = with_user(START, user(_name, attached=(FULL,), keys=(_key,)))


def use(name: str, calls: int, without_mfa: int, *services: str) -> UserUse:
    key = KeyUse(
        f"AKIA{name.upper()}",
        calls,
        without_mfa,
        failed=0,
        first=NOW - timedelta(days=100),
        last=NOW - timedelta(hours=1),
        services=dict.fromkeys(services, 1),
        addresses_count=2,
    )
    return UserUse(START.user_named[name].arn, (key,))


def usage(*users: UserUse) -> Usage:
    return Usage(None, None, NOW - timedelta(days=100), NOW, 12, 20_000, users=users)


def made(logs: Usage | None, goal: Goal = GOAL) -> Plan:
    return plan(goal, START, ADMIN, usage=logs)


def keys_in_use(plan: Plan) -> tuple[tuple[str, ...], str]:
    (note,) = (note for note in plan.reasons if note.id == "keys-in-use")
    return note.names, note.text.into(Language.EN)


def test_a_key_that_calls_is_in_use_whatever_iam_says_of_its_last_use() -> None:
    assert keys_in_use(made(None))[0] == ("robot",)
    found = made(usage(use("bot", 14_302, 14_302, "s3", "ecr")))
    about, text = keys_in_use(found)
    assert about == ("bot", "robot")
    assert "bot: key AKIABOT made 14,302 calls without MFA from 2 addresses" in text
    assert "(ecr, s3)" in text
    # what logs have not is no proof: IAM says that this one was used two days ago
    assert "No call in the logs with the keys of: robot." in text
    said = {person.user: person.text.into(Language.EN) for person in found.people}
    assert "AKIABOT made 14,302 calls without MFA" in said["bot"]
    assert "AKIAIDLE made no call in the logs." in said["idle"]


def test_calls_with_a_code_each_do_not_stop() -> None:
    found = made(usage(use("bot", 30, 0, "sts")))
    assert keys_in_use(found)[0] == ("robot",)
    said = {person.user: person.text.into(Language.EN) for person in found.people}
    assert "AKIABOT made 30 calls, each with an MFA code." in said["bot"]


def test_of_many_those_of_most_calls_are_named() -> None:
    start, names = account(), tuple(f"bot{number}" for number in range(8))
    for name in names:
        key = AccessKey(f"AKIA{name.upper()}", active=True, last_used=NOW)
        start = with_user(start, user(name, attached=(FULL,), keys=(key,)))
    uses = tuple(
        replace(use("bot", 10 + at, 10 + at), arn=start.user_named[name].arn)
        for at, name in enumerate(names)
    )
    uses = tuple(
        replace(each, keys=(replace(each.keys[0], key_id=f"AKIA{each.name.upper()}"),))
        for each in uses
    )
    found = plan(Goal(policy_goal(), users=names), start, ADMIN, usage=usage(*uses))
    about, text = keys_in_use(found)
    assert about == names
    assert text.index("bot7:") < text.index("bot3:")
    assert "bot2:" not in text
    assert "The keys of 3 more users made calls without MFA." in text


def test_a_plan_keeps_which_logs_it_goes_by_and_nothing_else_of_them() -> None:
    logs = usage(use("bot", 5, 5, "s3"))
    found = made(logs)
    assert found.logs is not None
    assert (found.logs.digest, found.logs.files) == (logs.digest, 12)
    assert Plan.from_json(found.to_json()) == found
    assert "events: 20,000, files: 12" in found.logs.text.into(Language.EN)
    with_faults = replace(logs, faults=3).logs.text.into(Language.EN)
    assert "3 places could not be read" in with_faults
    without_events = made(replace(logs, first=None, last=None, events=0, users=())).logs
    assert without_events is not None
    assert "without an event" in without_events.text.into(Language.EN)
    with pytest.raises(PlanRefused):
        Plan.from_json(found.to_json().replace('"files": 12', '"files": 13'))


def test_without_logs_a_plan_says_nothing_of_any() -> None:
    found = made(None)
    assert found.logs is None
    assert '"logs"' not in found.to_json()
    assert Plan.from_json(found.to_json()) == found


def test_the_callers_own_key_is_not_for_sessions_alone_if_logs_say_so() -> None:
    key = AccessKey("AKIAOWN", active=True, last_used=NOW, last_service="sts")
    own = ADMIN.arn.rsplit("/", 1)[-1]
    start = replace(
        START,
        users=tuple(
            replace(each, keys=(key,)) if each.name == own else each for each in START.users
        ),
    )
    goal, caller = Goal(policy_goal(), users=(own,)), replace(ADMIN, mfa=True)

    def warned(*services: str) -> bool:
        key_use = replace(use("bot", 5, 5, *services).keys[0], key_id="AKIAOWN")
        logs = usage(UserUse(start.user_named[own].arn, (key_use,)))
        notes = plan(goal, start, caller, usage=logs).warnings
        return any(note.id == "own-key-for-sts" for note in notes)

    assert warned("sts")
    assert not warned("sts", "s3")
