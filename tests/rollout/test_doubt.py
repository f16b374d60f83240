"""A console password that a run may have made before it died, or a colleague: nobody guesses."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from administered import iam_of, signed_in
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import Killed, Killing, company, one_of_each
from rollout.test_laws import made
from sekisho.account import AwsApi
from sekisho.cli.exits import Exit
from sekisho.endpoint import LocalAws
from sekisho.errors import Code, PlanRefused, UsageError
from sekisho.rollout import Journal, execute, roll_back
from sekisho.rollout.doubt import SKEW, settle
from sekisho.rollout.journal import Event
from sekisho.rollout.kept import Kept
from sekisho.rollout.texts import IN_DOUBT

ADDRESS = "login-profile taro"
OURS, THEIRS = "Fuji-2026-ours-x", "Fuji-2026-theirs-x"


class Listening(Killing):
    """An `AwsApi` that dies at the n-th changing call, and tells who was given which password."""

    def __init__(self, api: AwsApi, at: int = 99, *, after: bool = False) -> None:
        super().__init__(api, at, after=after)
        self.sent: list[tuple[str, object]] = []

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, object]:
        if operation.endswith("LoginProfile") and not operation.startswith("Get"):
            self.sent.append((operation, params.get("Password")))
        return super().call(service, operation, **params)


class Stage:
    """One account, a plan that makes a password for taro, and a run that dies at that call."""

    def __init__(self, local: LocalAws, folder: Path) -> None:
        self.local = local
        self.folder = folder
        self.api = signed_in(local, "admin", mfa=True)
        self.now = local.clock.now()
        self.plan = made(self.api, one_of_each())

    def die(self, *, after: bool, now: datetime | None = None) -> None:
        position = [change.address for change in self.plan.changes].index(ADDRESS)
        with pytest.raises(Killed):
            self.run(Listening(self.api, position, after=after), now)

    def run(self, api: AwsApi, now: datetime | None = None) -> tuple[str, ...]:
        """Apply, as another process would; return what was found to be somebody else's."""
        done = execute(
            self.plan, api, self.journal, passwords=lambda user: OURS, now=now or self.now
        )
        assert done.complete
        return done.already

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal")

    def say(self, *, ours: tuple[str, ...] = (), theirs: tuple[str, ...] = ()) -> Journal:
        journal = self.journal
        settle(Kept(self.plan, journal), ours, theirs, self.now)
        return journal

    def colleague_sets_a_password(self) -> None:
        iam_of(self.local).create_login_profile(
            UserName="taro", Password=THEIRS, PasswordResetRequired=True
        )

    def taken_back(self, journal: Journal) -> list[str]:
        """Return the addresses that a roll-back leaves."""
        report = roll_back(self.plan, journal, self.api, now=self.now)
        assert report.complete
        doubted = [each.address for each in report.left if each.reason is IN_DOUBT]
        assert doubted == ([ADDRESS] if journal.begun_elsewhere(ADDRESS) else [])
        return [each.address for each in report.left]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with company() as running:
        yield running


@pytest.fixture
def stage(local: LocalAws, tmp_path: Path) -> Iterator[Stage]:
    yield Stage(local, tmp_path)
    # nothing of it may stand in the way of the next
    names = [user["UserName"] for user in iam_of(local).list_users()["Users"]]
    assert "taro" not in names


@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "theirs"])
def test_nobody_guesses_whose_a_password_is(stage: Stage, theirs: bool) -> None:
    stage.die(after=not theirs)
    if theirs:
        stage.colleague_sets_a_password()
    listening = Listening(stage.api)
    with pytest.raises(PlanRefused, match="taro") as caught:
        stage.run(listening)
    assert caught.value.code is Code.PLAN_DOUBTFUL
    assert caught.value.at == ADDRESS
    assert all(word in caught.value.cure for word in ("--ours taro", "--theirs taro"))
    assert listening.sent == []
    # neither does a roll-back, however often
    for _ in range(2):
        assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]
    assert stage.api.call("iam", "GetLoginProfile", UserName="taro")
    journal = stage.say(**{"theirs" if theirs else "ours": ("taro",)})
    if theirs:
        assert stage.taken_back(journal) == [ADDRESS, "user taro"]
        iam_of(stage.local).delete_login_profile(UserName="taro")
        iam_of(stage.local).delete_user(UserName="taro")
    else:
        assert stage.taken_back(journal) == []


@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "theirs"])
def test_who_knows_says_so_and_apply_goes_on(stage: Stage, theirs: bool) -> None:
    stage.die(after=not theirs)
    if theirs:
        stage.colleague_sets_a_password()
    journal = stage.say(**{"theirs" if theirs else "ours": ("taro",)})
    listening = Listening(stage.api)
    done = execute(stage.plan, listening, journal, passwords=lambda user: OURS, now=stage.now)
    assert done.complete
    assert done.already == ((ADDRESS,) if theirs else ())
    assert listening.sent == ([] if theirs else [("UpdateLoginProfile", OURS)])
    left = stage.taken_back(stage.journal)
    assert left == ([ADDRESS, "user taro"] if theirs else [])
    if theirs:
        iam_of(stage.local).delete_login_profile(UserName="taro")
        iam_of(stage.local).delete_user(UserName="taro")


def test_a_password_that_is_older_than_the_run_is_somebody_elses(stage: Stage) -> None:
    later = stage.now + SKEW + timedelta(minutes=1)
    stage.die(after=False, now=later)
    stage.colleague_sets_a_password()
    listening = Listening(stage.api)
    assert stage.run(listening, later) == (ADDRESS,)
    assert listening.sent == []
    assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]
    iam_of(stage.local).delete_login_profile(UserName="taro")
    iam_of(stage.local).delete_user(UserName="taro")


def test_who_dies_before_the_call_and_finds_nothing_goes_on(stage: Stage) -> None:
    stage.die(after=False)
    listening = Listening(stage.api)
    assert stage.run(listening) == ()
    assert listening.sent == [("CreateLoginProfile", OURS)]
    assert stage.taken_back(stage.journal) == []


def test_only_what_is_in_doubt_can_be_settled(stage: Stage) -> None:
    for said in ({"ours": ("taro",)}, {"theirs": ("nobody",)}):
        with pytest.raises(UsageError, match="not in doubt"):
            stage.say(**said)
    stage.die(after=True)
    with pytest.raises(UsageError, match="not in doubt"):
        stage.say(ours=("taro",), theirs=("taro",))
    journal = stage.journal
    journal.open(stage.plan.digest)
    assert journal.standing(ADDRESS) is Event.BEGUN
    assert stage.taken_back(stage.say(ours=("taro",))) == []


def test_the_commands_take_the_answer(stage: Stage) -> None:
    terminal = Terminal(stage.folder, environment(stage.local, "admin"))
    path, passwords = terminal.path("plan"), terminal.path("passwords")
    terminal.write("plan", stage.plan.to_json())
    stage.die(after=True)
    stage.folder.joinpath("journal").replace(stage.folder / "plan.journal")
    words = ("apply", path, "--yes", "--password-file", passwords)
    with pytest.raises(PlanRefused, match="made at") as caught:
        raise_(terminal.run(*words).exception)
    assert caught.value.code is Code.PLAN_DOUBTFUL
    status = terminal.run("status", path, "--format", "json")
    assert status.return_value == Exit.CHANGES
    stands = {each["address"]: each["stands"] for each in json.loads(status.stdout)["changes"]}
    assert (stands["user taro"], stands[ADDRESS]) == ("done", "waits")
    back = terminal.run("rollback", path, "--yes", "--ours", "taro")
    assert back.return_value == Exit.CLEAN, back.output


def raise_(error: BaseException | None) -> None:
    assert error is not None
    raise error
