"""Unused passwords and keys are taken away from real clients, and from nobody who came back."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from administered import ACCOUNT, REGION, iam_of, signed_in
from checkpoint import Checkpoint
from rollout.staging import (
    ADMIN,
    Killed,
    Killing,
    account,
    company,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import AccessKey, Password, collect
from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused, FaultyInput
from sekisho.localaws import LocalAws
from sekisho.localaws.console.client import ConsoleClient
from sekisho.rollout import (
    ApplyReport,
    Dormant,
    DormantAction,
    Goal,
    Journal,
    KeyOfUser,
    Plan,
    PlanCaller,
    RollbackReport,
    execute,
    plan,
    plan_sentences,
    planning_context,
    reset,
    roll_back,
)

SECRET = "Fuji-2026-x-temporary"


class Company:
    """An account where hanako and kei have a password and a key, a hundred days ago."""

    def __init__(self, local: LocalAws, folder: Path) -> None:
        self.local, self.journal = local, Journal(folder / "journal")
        self.keys = {name: self._hired(name) for name in ("hanako", "kei")}
        local.clock.advance(timedelta(days=100))
        self.api = signed_in(local, "admin", mfa=True)

    def _hired(self, name: str) -> Keys:
        iam = iam_of(self.local)
        if name != "hanako":
            iam.create_user(UserName=name)
        iam.create_login_profile(UserName=name, Password=SECRET)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"], None)

    def key_of(self, name: str) -> KeyOfUser:
        return KeyOfUser(name, self.keys[name].access_key_id)

    def planned(self, **lost: Any) -> Plan:
        goal = replace(Goal(policy_goal(), break_glass=("glass",)), **lost)
        made = plan(goal, collect(self.api, now=self.local.clock.now()), ADMIN)
        assert made.applicable, made.open_problems
        return Plan.from_json(made.to_json())

    def apply(self, made: Plan) -> ApplyReport:
        now = self.local.clock.now
        return execute(made, self.api, self.journal, passwords=lambda _: "", now=now)

    def roll_back(self, made: Plan) -> RollbackReport:
        return roll_back(made, self.journal, self.api, now=self.local.clock.now)

    def calls(self, name: str) -> str:
        """Let a program call with the key of somebody, and return what it gets."""
        key = self.keys[name]
        sts = boto3.client(
            "sts",
            endpoint_url=self.local.url,
            region_name=REGION,
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )
        try:
            return str(sts.get_caller_identity()["Arn"].rpartition("/")[2])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    def signs_in(self, name: str) -> bool:
        try:
            ConsoleClient(self.local.url, ACCOUNT).sign_in(name, SECRET)
        except AwsRefused:
            return False
        return True


@pytest.fixture(scope="module")
def hired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Company]]:
    with company() as local:
        made = Company(local, tmp_path_factory.mktemp("company"))
        at = Checkpoint(local)

        def again(folder: Path) -> Company:
            at.restore()
            made.journal = Journal(folder / "journal")
            return made

        yield again


@pytest.fixture
def people(hired: Callable[[Path], Company], tmp_path: Path) -> Company:
    return hired(tmp_path)


def test_an_inactive_key_is_refused_and_works_again_once_rolled_back(people: Company) -> None:
    made = people.planned(keys_to_disable=(people.key_of("hanako"), people.key_of("kei")))
    assert [note.names for note in made.warnings if note.id == "keys-deactivated"] == [
        ("hanako", "kei")
    ]
    assert people.apply(made).complete
    assert people.calls("kei") == "InvalidClientTokenId"
    assert people.apply(made).complete
    undone = people.roll_back(made)
    assert undone.complete
    assert not undone.left
    assert people.calls("kei") == "kei"


def test_a_key_that_was_used_since_stays_and_nobody_else_is_stopped(people: Company) -> None:
    made = people.planned(keys_to_disable=(people.key_of("hanako"), people.key_of("kei")))
    assert people.calls("kei") == "kei"
    report = people.apply(made)
    assert [*report.left_out] == ["kei"]
    assert people.calls("kei") == "kei"
    assert people.calls("hanako") == "InvalidClientTokenId"


def test_a_key_is_deleted_only_while_it_is_inactive(people: Company) -> None:
    iam = iam_of(people.local)
    for name in ("hanako", "kei"):
        key = people.keys[name].access_key_id
        iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
    made = people.planned(keys_to_delete=(people.key_of("hanako"), people.key_of("kei")))
    iam.update_access_key(
        UserName="kei", AccessKeyId=people.keys["kei"].access_key_id, Status="Active"
    )
    assert [*people.apply(made).left_out] == ["kei"]
    assert people.calls("kei") == "kei"
    assert not iam.list_access_keys(UserName="hanako")["AccessKeyMetadata"]
    left = [each.address for each in people.roll_back(made).left]
    assert left == [f"access-key hanako {people.keys['hanako'].access_key_id}"]


def test_a_deleted_password_signs_in_nowhere_and_a_roll_back_lists_it(people: Company) -> None:
    made = people.planned(passwords_to_disable=("hanako", "kei"))
    (named,) = (note for note in made.warnings if note.id == "passwords-deleted")
    assert named.names == ("hanako", "kei")
    assert "sekisho reset NAME --new-password" in named.text.en
    assert people.signs_in("kei")
    report = people.apply(made)
    assert [*report.left_out] == ["kei"]
    assert people.signs_in("kei")
    assert not people.signs_in("hanako")
    assert [each.address for each in people.roll_back(made).left] == ["login-profile hanako"]


def test_whoever_applies_it_never_loses_anything_and_no_break_glass_user() -> None:
    key = AccessKey("AKIAADMIN", active=True)
    start = with_user(account(), user("admin", password=Password(), keys=(key,)))
    goal = Goal(policy_goal(), break_glass=("glass",))
    for lost in (
        {"passwords_to_disable": ("admin",)},
        {"keys_to_disable": (KeyOfUser("admin", "AKIAADMIN"),)},
        {"keys_to_delete": (KeyOfUser("admin", "AKIAADMIN"),)},
    ):
        made = plan(replace(goal, **lost), start, ADMIN)  # type: ignore[arg-type]  # one of three
        assert "oneself" in made.open_problems
    with pytest.raises(FaultyInput, match="break-glass"):
        plan(replace(goal, passwords_to_disable=("glass",)), start, ADMIN)


def test_a_plan_without_a_campaign_says_that_it_does_nothing_of_the_rules() -> None:
    goal = Goal(policy_goal(), dormant=Dormant(90, DormantAction.DISABLE_PASSWORD))
    made = plan(goal, account(), ADMIN)
    (note,) = (note for note in made.warnings if note.id == "rules-over-time")
    assert "`dormant`" in note.text.en
    assert [*plan_sentences(made)]


def test_whoever_comes_back_gets_in_by_a_reset(people: Company) -> None:
    made = people.planned(passwords_to_disable=("hanako",))
    assert people.apply(made).complete
    snapshot = collect(people.api, now=people.local.clock.now())
    standpoint = planning_context(snapshot, ADMIN, ("glass",), {})
    assert not [
        each for each in reset(standpoint, "hanako").changes if each.operation.startswith("Create")
    ]
    back = reset(replace(standpoint, new_password=True, keep_sessions=True), "hanako")
    assert back.applicable, back.open_problems
    now = people.local.clock.now
    journal = Journal(people.journal.path.with_name("back"))
    assert execute(back, people.api, journal, passwords=lambda _: SECRET, now=now).complete
    assert people.signs_in("hanako")


def test_the_least_policy_is_enough_for_the_way_there_and_back(people: Company) -> None:
    iam = iam_of(people.local)
    iam.create_user(UserName="operator")
    kei, hanako = people.key_of("kei"), people.key_of("hanako")
    iam.update_access_key(UserName="hanako", AccessKeyId=hanako.key_id, Status="Inactive")
    goal = replace(
        Goal(policy_goal(tags={}), break_glass=("glass",)),
        keys_to_disable=(kei,),
        keys_to_delete=(hanako,),
        passwords_to_disable=("hanako",),
    )
    caller = PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/operator")
    snapshot = collect(people.api, now=people.local.clock.now())
    needs = json.dumps(plan(goal, snapshot, caller).needs)
    iam.put_user_policy(UserName="operator", PolicyName="own", PolicyDocument=needs)
    made = plan(goal, collect(people.api, now=people.local.clock.now()), caller)
    assert made.applicable, made.open_problems
    people.api = signed_in(people.local, "operator", mfa=False)
    assert people.apply(made).complete
    assert people.calls("kei") == "InvalidClientTokenId"
    undone = people.roll_back(made)
    assert undone.complete
    assert len(undone.left) == 2
    people.api = signed_in(people.local, "admin", mfa=True)
    assert people.calls("kei") == "kei"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(3))
def test_a_run_that_dies_is_gone_on_with(people: Company, at: int, after: bool) -> None:
    lost = {
        "keys_to_disable": (people.key_of("hanako"), people.key_of("kei")),
        "passwords_to_disable": ("kei",),
    }
    made, now = people.planned(**lost), people.local.clock.now
    # the first call makes the policy
    dying = Killing(people.api, at + 1, after=after)
    with pytest.raises(Killed):
        execute(made, dying, people.journal, passwords=lambda _: "", now=now)
    people.journal = Journal(people.journal.path)
    assert people.apply(made).complete
    assert people.calls("hanako") == people.calls("kei") == "InvalidClientTokenId"
    assert not people.signs_in("kei")
    assert [each.address for each in people.roll_back(made).left] == ["login-profile kei"]
