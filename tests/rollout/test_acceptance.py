"""What is accepted is accepted of whom it names, and of nobody else."""

from datetime import timedelta

import pytest

from rollout.staging import ADMIN, FULL, NOW, account, policy_goal, user, with_user
from rollout.test_goal_file import read
from sekisho.account import AccessKey, Snapshot
from sekisho.errors import FaultyInput, UsageError
from sekisho.rollout import Goal, Plan, plan

WHO = ("bot", "robot")
GOAL = Goal(policy_goal(), users=WHO)
ACCEPT = """\
who: [{user: bot}]
accept:
  - {id: keys-in-use, user: bot, why: a role from December}
  - {id: keys-in-use, user: gone, why: of the first wave}
"""


def bots() -> Snapshot:
    """Return the account with two users whose keys are in use."""
    start = account()
    for name in WHO:
        key = AccessKey(f"AKIA{name.upper()}", active=True, last_used=NOW - timedelta(days=2))
        start = with_user(start, user(name, attached=(FULL,), keys=(key,)))
    return start


def made(**accepted: str) -> Plan:
    words = {key.replace("_", "-").replace("--", ":"): why for key, why in accepted.items()}
    return plan(GOAL, bots(), ADMIN, words)


def test_one_users_acceptance_covers_nobody_else() -> None:
    assert made().open_problems == {"keys-in-use": WHO}
    one = made(keys_in_use__bot="a role from December")
    assert (one.applicable, one.open_problems) == (False, {"keys-in-use": ("robot",)})
    both = made(keys_in_use__bot="a role from December", keys_in_use__robot="switched off")
    assert both.applicable
    assert Plan.from_json(both.to_json()) == both


def test_what_is_about_users_is_not_accepted_as_a_whole() -> None:
    with pytest.raises(UsageError, match="for each by name") as caught:
        made(keys_in_use="we know them")
    assert caught.value.fix is not None
    assert caught.value.fix.en.endswith("for each of: bot, robot")


def test_what_applies_to_nobody_is_a_warning_and_no_failure() -> None:
    found = made(keys_in_use__gone="of the first wave", enforcement__bot="x", gap="nothing unread")
    (warning,) = [note for note in found.warnings if note.id == "accepted-in-vain"]
    assert warning.names == ("keys-in-use:gone", "enforcement:bot", "gap")
    assert found.open_problems == {"keys-in-use": WHO}


def test_a_goal_file_keeps_what_is_accepted() -> None:
    goal = read(ACCEPT, bots())
    found = plan(goal, bots(), ADMIN)
    assert found.applicable, found.problem_ids
    assert found.accepted == {
        "keys-in-use:bot": "a role from December",
        "keys-in-use:gone": "of the first wave",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{id: keys-in-use, user: bot}", "`why` is missing"),
        ("{id: keys-in-use, user: eva, why: ' '}", "must not be empty"),
        ("{id: quota, why: x}", "must be one of"),
        ("{id: nonsense, why: x}", "must be one of"),
        ("{id: keys-in-use, user: gone, why: again}", "accepts the same twice"),
    ],
)
def test_a_faulty_acceptance_is_named_with_its_line(line: str, message: str) -> None:
    with pytest.raises(FaultyInput, match=message) as caught:
        read(f"{ACCEPT}  - {line}\n", bots())
    assert {fault.line for fault in caught.value.faults} == {5}


@pytest.mark.parametrize(
    "identity",
    ["break-glass-untouched", "caller-unknown", "oneself", "other-account", "quota"],
)
def test_nobody_accepts_what_cannot_be_accepted(identity: str) -> None:
    with pytest.raises(UsageError, match="cannot be accepted"):
        plan(GOAL, bots(), ADMIN, {identity: "because"})
