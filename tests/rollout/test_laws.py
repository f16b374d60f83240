"""The laws of a roll-out, with real boto3 clients: it can be undone, repeated, and killed."""

import stat
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from administered import signed_in
from profiles import DEEP, sampled
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    NOW,
    Killed,
    Killing,
    Refusing,
    company,
    enforcement,
    one_of_each,
    policy_goal,
)
from sekisho.account import AwsApi, collect
from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.policy import Preset
from sekisho.rollout import (
    CreateLoginProfile,
    Goal,
    GroupGoal,
    Journal,
    NewUser,
    Plan,
    PlanFile,
    TemporaryPassword,
    acceptance_key,
    execute,
    facts_at_addresses,
    plan,
    roll_back,
    settle_passwords,
)

SECRET = "Fuji-2026-temporary-x"
ACCEPTED = {"everyone-gets-in", "not-meant"}
"""AWS's sample dead-locks a new user; a group that stands has members whom no goal names."""


def password(user: str) -> str:
    return SECRET


def made(api: AwsApi, goal: Goal, now: datetime = NOW) -> Plan:
    """Return a plan for the account as it is now, through a file and back."""
    snapshot = collect(api, now=now)
    fresh = plan(goal, snapshot, ADMIN)
    if {*fresh.problem_ids} & ACCEPTED:
        # that it can be undone holds all the same
        words = {
            acceptance_key(identity, user): "the law is about the way back"
            for identity in ACCEPTED
            for user in fresh.problems.get(identity, ())
        }
        fresh = plan(goal, snapshot, ADMIN, words)
    assert fresh.applicable, (fresh.reasons, fresh.proofs)
    return Plan.from_json(fresh.to_json())


@pytest.fixture(scope="module")
def api() -> Iterator[Boto3Api]:
    """One account for all: every test puts it back as it was, which is the law itself."""
    with company() as local:
        administrator = signed_in(local, "admin", mfa=True)
        before = collect(administrator, now=NOW)
        yield administrator
        assert collect(administrator, now=NOW) == before


def goals(*people: str) -> st.SearchStrategy[Goal]:
    """Return goals that name some of these people, and taro, whom nobody knows yet."""
    some = st.lists(st.sampled_from(people), unique=True).map(tuple)
    new = st.builds(
        NewUser,
        name=st.just("taro"),
        path=st.sampled_from(["/", "/dev/"]),
        password=st.none() | st.builds(TemporaryPassword, st.booleans(), st.booleans()),
        groups=st.sampled_from([(), ("Developers",)]),
        attach_policy=st.booleans(),
    )
    return st.builds(
        Goal,
        policy=st.builds(
            policy_goal,
            document=st.sampled_from([enforcement(preset) for preset in Preset]),
            tags=st.dictionaries(st.sampled_from(["team", "cost"]), st.text("abc ", max_size=5)),
        ),
        users=some,
        group=st.none() | st.builds(GroupGoal, st.sampled_from(["Enforced", "Developers"]), some),
        new_users=st.just(()) | new.map(lambda user: (user,)),
        break_glass=st.just(("glass",)),
    )


@settings(max_examples=100 if DEEP else 6, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(goal=goals("admin", "machine", "hanako"), existing=st.booleans())
def test_rollback_after_apply_is_identity(
    api: Boto3Api, tmp_path_factory: pytest.TempPathFactory, goal: Goal, existing: bool
) -> None:
    folder = tmp_path_factory.mktemp("law")
    if existing:
        # a policy of this name stands already, in another version and with other tags
        older = Goal(policy_goal(document=enforcement(Preset.AWS), tags={"team": "it", "old": "1"}))
        first = made(api, older)
        execute(first, api, Journal(folder / "first"), passwords=password, now=lambda: NOW)
    snapshot = collect(api, now=NOW)
    second = made(api, goal)
    before = facts_at_addresses(second, api)
    journal = folder / "second"
    report = execute(second, api, Journal(journal), passwords=password, now=lambda: NOW)
    assert report.complete
    assert list(report.done) == [change.address for change in second.changes]

    again = execute(second, api, Journal(journal), passwords=password, now=lambda: NOW)
    assert again == report
    settled = plan(goal, collect(api, now=NOW), ADMIN)
    assert settled.changes == (), "what is planned after an apply must be nothing"

    undone = roll_back(second, Journal(journal), api, now=lambda: NOW)
    assert undone.complete
    assert undone.left == ()
    assert facts_at_addresses(second, api) == before
    assert collect(api, now=NOW) == snapshot
    if existing:
        roll_back(first, Journal(folder / "first"), api, now=lambda: NOW)


def has_password(api: AwsApi, user: str) -> bool:
    try:
        return bool(api.call("iam", "GetLoginProfile", UserName=user))
    except AwsRefused as error:
        if error.aws_code != "NoSuchEntity":
            raise
        return False


def known(whole: Plan, path: Path, api: Boto3Api) -> Journal:
    """Return the journal, in which somebody has said that a password in doubt is the run's own."""
    journal = Journal(path)
    journal.open(whole.digest, whole.to_json())
    made = [change for change in whole.changes if isinstance(change, CreateLoginProfile)]
    begun = [each.user for each in made if journal.begun_elsewhere(each.address)]
    users = [user for user in begun if has_password(api, user)]
    settle_passwords(PlanFile(whole, journal), users, (), api, NOW)
    return journal


@pytest.fixture(scope="module")
def whole(api: Boto3Api) -> Plan:
    """A plan with a change of each kind that a first roll-out has; every test takes it back."""
    return made(api, one_of_each())


@pytest.fixture(scope="module")
def before(api: Boto3Api, whole: Plan) -> str:
    """What is at the plan's addresses before it is applied."""
    return facts_at_addresses(whole, api)


@pytest.mark.parametrize("after", [False, True], ids=["before-the-call", "after-the-call"])
def test_an_apply_killed_at_any_call_is_resumed(
    api: Boto3Api, whole: Plan, before: str, tmp_path: Path, after: bool
) -> None:
    count = len(whole.changes)
    for number in sampled(range(count), every=3, first=after):
        journal = tmp_path / f"resumed-{number}"
        with pytest.raises(Killed):
            execute(
                whole,
                Killing(api, number, after=after),
                Journal(journal),
                passwords=password,
                now=lambda: NOW,
            )
        report = execute(
            whole, api, known(whole, journal, api), passwords=password, now=lambda: NOW
        )
        assert report.complete
        assert len(report.done) == count, "what a killed run did is the plan's own doing"
        assert roll_back(whole, Journal(journal), api, now=lambda: NOW).left == ()
        assert facts_at_addresses(whole, api) == before


@pytest.mark.parametrize("after", [False, True], ids=["before-the-call", "after-the-call"])
def test_an_apply_killed_at_any_call_is_undone(
    api: Boto3Api, whole: Plan, before: str, tmp_path: Path, after: bool
) -> None:
    # crosswise: where one is killed before the call, the other law is after it
    for number in sampled(range(len(whole.changes)), every=3, first=not after):
        journal = tmp_path / f"undone-{number}"
        with pytest.raises(Killed):
            execute(
                whole,
                Killing(api, number, after=after),
                Journal(journal),
                passwords=password,
                now=lambda: NOW,
            )
        report = roll_back(whole, known(whole, journal, api), api, now=lambda: NOW)
        assert report.complete
        assert report.left == ()
        assert facts_at_addresses(whole, api) == before


@pytest.mark.parametrize("after", [False, True], ids=["before-the-call", "after-the-call"])
def test_a_rollback_killed_at_any_call_is_resumed(
    api: Boto3Api, tmp_path: Path, after: bool
) -> None:
    older = made(api, Goal(policy_goal(document=enforcement(Preset.AWS))))
    execute(older, api, Journal(tmp_path / "older"), passwords=password, now=lambda: NOW)
    whole = made(api, one_of_each())
    before = facts_at_addresses(whole, api)
    number = 0 if DEEP else int(after)
    while True:
        journal = tmp_path / f"rollback-{number}"
        execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW)
        try:
            roll_back(whole, Journal(journal), Killing(api, number, after=after), now=lambda: NOW)
        except Killed:
            report = roll_back(whole, known(whole, journal, api), api, now=lambda: NOW)
            assert report.left == ()
            assert report.complete
            assert facts_at_addresses(whole, api) == before
            number += 1 if DEEP else 2
        else:
            assert facts_at_addresses(whole, api) == before
            break
    assert number > len(whole.changes), "the new version alone takes two calls to undo"
    roll_back(older, Journal(tmp_path / "older"), api, now=lambda: NOW)


def test_a_password_set_by_a_killed_run_is_set_anew(
    api: Boto3Api, whole: Plan, tmp_path: Path
) -> None:
    position = [change.address for change in whole.changes].index("login-profile taro")
    told: list[str] = []

    def telling(user: str) -> str:
        told.append(f"Fuji-2026-{len(told)}")
        return told[-1]

    journal = tmp_path / "journal"
    killing = Killing(api, position, after=True)
    with pytest.raises(Killed):
        execute(whole, killing, Journal(journal), passwords=telling, now=lambda: NOW)
    sent: list[object] = []

    class Listening(Killing):
        def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
            if "Password" in params:
                sent.append((operation, params["Password"]))
            return super().call(service, operation, **params)

    listening = Listening(api, len(whole.changes), after=False)
    execute(whole, listening, known(whole, journal, api), passwords=telling, now=lambda: NOW)
    assert sent == [("UpdateLoginProfile", told[-1])]
    roll_back(whole, Journal(journal), api, now=lambda: NOW)


def test_no_secret_is_ever_kept(api: Boto3Api, whole: Plan, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    report = execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW)
    assert report.complete
    kept = (
        journal.read_text("utf-8") + whole.to_json() + repr(report) + facts_at_addresses(whole, api)
    )
    assert SECRET not in kept
    assert SECRET not in repr(roll_back(whole, Journal(journal), api, now=lambda: NOW))
    if sys.platform != "win32":
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600


CREATING = [
    "CreatePolicy",
    "CreateGroup",
    "AttachGroupPolicy",
    "CreateUser",
    "AttachUserPolicy",
    "AddUserToGroup",
    "CreateLoginProfile",
]


@pytest.mark.parametrize(
    ("operation", "status"),
    # 403: refused; 0: no answer. What is refused for one person leaves out that person
    [
        *((each, 403) for each in CREATING),
        *((each, 0) for each in sampled(CREATING, every=3)),
    ],
)
def test_a_refusal_stops_cleanly(
    api: Boto3Api, whole: Plan, before: str, tmp_path: Path, *, operation: str, status: int
) -> None:
    journal = tmp_path / "journal"
    refusing = Refusing(api, operation, status)
    report = execute(whole, refusing, Journal(journal), passwords=password, now=lambda: NOW)
    assert not report.complete
    addresses = [change.address for change in whole.changes]
    assert {*report.done, *report.remaining} == {*addresses}
    refused = [each for each in whole.changes if each.operation == operation]
    if status and refused[0].person:
        # AWS refuses it for some people: they are left out
        assert report.stopped is None
        assert {*report.left_out} == {each.person for each in refused}
        left = [each for each in whole.changes if each.person in report.left_out]
        assert {*report.remaining} <= {each.address for each in left}
        assert {*report.remaining} >= {each.address for each in refused}
    else:
        assert report.stopped is not None
        assert report.stopped.operation == operation
        assert [*report.done, *report.remaining] == addresses
        assert report.remaining[0] == report.stopped.address

    assert execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW).complete
    assert roll_back(whole, Journal(journal), api, now=lambda: NOW).left == ()
    assert facts_at_addresses(whole, api) == before


@pytest.mark.parametrize("operation", ["DetachUserPolicy", "DeleteUser", "DeletePolicy"])
def test_a_refused_rollback_stops_cleanly(
    api: Boto3Api, whole: Plan, before: str, tmp_path: Path, operation: str
) -> None:
    journal = tmp_path / "journal"
    execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW)
    report = roll_back(whole, Journal(journal), Refusing(api, operation), now=lambda: NOW)
    assert not report.complete
    assert report.stopped is not None
    assert report.stopped.aws_code == "AccessDenied"
    assert len(report.undone) + len(report.remaining) == len(whole.changes)
    assert roll_back(whole, Journal(journal), api, now=lambda: NOW).complete
    assert facts_at_addresses(whole, api) == before


def test_a_user_is_enforced_before_the_password_exists(whole: Plan) -> None:
    addresses = [change.address for change in whole.changes]
    assert addresses.index(f"user-attachment taro {ENFORCEMENT}") < addresses.index(
        "login-profile taro"
    )
