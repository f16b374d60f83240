"""A console password that a run may have made before it died, or a colleague: nobody guesses.

Reads `rollout.applying` itself, because whose a password is taken to be shows at the face only in
what is refused or left.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from administered import iam_of, signed_in
from checkpoint import Checkpoint
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ADMIN, Killed, Killing, one_of_each
from rollout.test_laws import made
from sekisho.account import AwsApi, collect
from sekisho.account.aws import Boto3Api
from sekisho.cli import Exit
from sekisho.errors import Code, PlanRefused, UsageError
from sekisho.localaws import LocalAws
from sekisho.rollout import (
    ChangeStatus,
    CreateLoginProfile,
    Event,
    Journal,
    Plan,
    PlanFile,
    PlanningContext,
    RollbackChoices,
    execute,
    plan_status,
    reset,
    roll_back,
    settle_passwords,
)
from sekisho.rollout.applying.change_status import SKEW, PasswordOwner, password_owner
from sekisho.rollout.applying.rollback import CHANGED_SINCE, IN_DOUBT, NOT_OURS
from sekisho.rollout.changes.observer import Observer

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

    def __init__(self, local: LocalAws, folder: Path, plan: Plan) -> None:
        self.local = local
        self.folder = folder
        self.api = signed_in(local, "admin", mfa=True)
        self.now = local.clock.now()
        self.plan = plan

    def die(self, *, after: bool, now: datetime | None = None) -> None:
        position = [change.address for change in self.plan.changes].index(ADDRESS)
        with pytest.raises(Killed):
            self.run(Listening(self.api, position, after=after), now)

    def run(self, api: AwsApi, now: datetime | None = None) -> tuple[str, ...]:
        """Apply, as another process would; return what was found to be somebody else's."""
        done = execute(
            self.plan, api, self.journal, passwords=lambda user: OURS, now=lambda: now or self.now
        )
        assert done.complete
        return done.already

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal")

    def say(self, *, ours: tuple[str, ...] = (), theirs: tuple[str, ...] = ()) -> Journal:
        journal = self.journal
        settle_passwords(PlanFile(self.plan, journal), ours, theirs, self.api, self.now)
        return journal

    def stands(self) -> ChangeStatus:
        plan_file = PlanFile(self.plan, self.journal)
        (fact,) = (
            each for each in plan_status(plan_file, self.api).facts if each.address == ADDRESS
        )
        return fact.status

    def dies_taking_back(self, *, after: bool) -> None:
        backwards = [change.address for change in reversed(self.plan.changes)]
        dying = Killing(self.api, backwards.index(ADDRESS), after=after)
        with pytest.raises(Killed):
            roll_back(self.plan, self.journal, dying, now=lambda: self.now)

    def colleague_sets_a_password(self) -> None:
        self.local.clock.advance(timedelta(seconds=2))  # IAM dates to the second
        iam_of(self.local).create_login_profile(
            UserName="taro", Password=THEIRS, PasswordResetRequired=True
        )

    def in_doubt(self, journal: Journal) -> bool:
        (change,) = (each for each in self.plan.changes if each.address == ADDRESS)
        assert isinstance(change, CreateLoginProfile)
        there = change.read(Observer(self.api)) is not None
        return there and password_owner(change, journal, self.api) is PasswordOwner.UNKNOWN

    def taken_back(self, journal: Journal) -> list[str]:
        """Return the addresses that a roll-back leaves; MFA enforcement goes, whoever stays."""
        report = roll_back(
            self.plan,
            journal,
            self.api,
            now=lambda: self.now,
            choices=RollbackChoices(leave_unenforced=True),
        )
        assert report.complete
        doubted = [each.address for each in report.left if each.reason is IN_DOUBT]
        assert set(doubted) == ({ADDRESS} if self.in_doubt(journal) else set())
        return [each.address for each in report.left]


@pytest.fixture(scope="module")
def plan_of_taro(fresh: Checkpoint, api: Boto3Api) -> Plan:
    return made(api, one_of_each(), fresh.restore().clock.now())


@pytest.fixture
def stage(local: LocalAws, tmp_path: Path, plan_of_taro: Plan) -> Stage:
    return Stage(local, tmp_path, plan_of_taro)


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
    assert all(word in caught.value.fix.en for word in ("--ours taro", "--theirs taro"))
    assert listening.sent == []
    # neither does a roll-back, however often
    for _ in range(2):
        assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]
    assert stage.api.call("iam", "GetLoginProfile", UserName="taro")
    journal = stage.say(**{"theirs" if theirs else "ours": ("taro",)})
    assert stage.taken_back(journal) == ([ADDRESS, "user taro"] if theirs else [])


@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "theirs"])
def test_who_knows_says_so_and_apply_goes_on(stage: Stage, theirs: bool) -> None:
    stage.die(after=not theirs)
    if theirs:
        stage.colleague_sets_a_password()
    journal = stage.say(**{"theirs" if theirs else "ours": ("taro",)})
    listening = Listening(stage.api)
    done = execute(
        stage.plan, listening, journal, passwords=lambda user: OURS, now=lambda: stage.now
    )
    assert done.complete
    assert done.already == ((ADDRESS,) if theirs else ())
    assert listening.sent == ([] if theirs else [("UpdateLoginProfile", OURS)])
    left = stage.taken_back(stage.journal)
    assert left == ([ADDRESS, "user taro"] if theirs else [])


def test_a_password_that_is_older_than_the_run_is_somebody_elses(stage: Stage) -> None:
    later = stage.now + SKEW + timedelta(minutes=1)
    stage.die(after=False, now=later)
    stage.colleague_sets_a_password()
    listening = Listening(stage.api)
    assert stage.run(listening, later) == (ADDRESS,)
    assert listening.sent == []
    assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]


def test_who_dies_before_the_call_and_finds_nothing_goes_on(stage: Stage) -> None:
    stage.die(after=False)
    listening = Listening(stage.api)
    assert stage.run(listening) == ()
    assert listening.sent == [("CreateLoginProfile", OURS)]
    assert stage.taken_back(stage.journal) == []


def test_only_a_password_of_unknown_ownership_can_be_settled(stage: Stage) -> None:
    for said in ({"ours": ("taro",)}, {"theirs": ("nobody",)}):
        with pytest.raises(UsageError, match="it is clear"):
            stage.say(**said)
    stage.die(after=True)
    with pytest.raises(UsageError, match="it is clear"):
        stage.say(ours=("taro",), theirs=("taro",))
    journal = stage.journal
    journal.open(stage.plan.digest)
    assert journal.last_event(ADDRESS) is Event.BEGUN
    assert stage.taken_back(stage.say(ours=("taro",))) == []


@pytest.mark.parametrize("again", [False, True], ids=["said", "died-again"])
def test_what_was_said_to_be_ours_stays_so_however_late(stage: Stage, again: bool) -> None:
    stage.die(after=True)
    stage.now += SKEW + timedelta(minutes=1)
    journal = stage.say(ours=("taro",))
    if again:
        with pytest.raises(Killed):
            execute(
                stage.plan,
                Killing(stage.api, 0, after=True),
                journal,
                passwords=lambda user: OURS,
                now=lambda: stage.now,
            )
        stage.now += SKEW + timedelta(minutes=1)
    with pytest.raises(PlanRefused) as caught:
        stage.run(stage.api)
    assert caught.value.code is Code.PLAN_DOUBTFUL
    journal = stage.say(ours=("taro",))
    done = execute(
        stage.plan, stage.api, journal, passwords=lambda user: OURS, now=lambda: stage.now
    )
    assert (done.complete, done.already) == (True, ())
    assert stage.taken_back(stage.journal) == []


def test_a_password_made_after_ours_was_taken_back_is_somebody_elses(stage: Stage) -> None:
    stage.run(stage.api)
    stage.dies_taking_back(after=True)
    stage.colleague_sets_a_password()
    for _ in range(2):
        assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]
    assert ADDRESS in stage.run(stage.api)
    assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]


def test_where_the_date_does_not_tell_whoever_knows_says_it(stage: Stage) -> None:
    stage.run(stage.api)
    stage.dies_taking_back(after=False)
    assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]
    assert stage.stands() is ChangeStatus.IN_DOUBT
    with pytest.raises(PlanRefused) as caught:
        stage.run(stage.api)
    assert caught.value.code is Code.PLAN_DOUBTFUL
    assert stage.taken_back(stage.say(ours=("taro",))) == []


def test_a_password_that_somebody_made_anew_is_theirs(stage: Stage) -> None:
    stage.run(stage.api)
    assert stage.stands() is ChangeStatus.DONE
    iam_of(stage.local).delete_login_profile(UserName="taro")
    stage.colleague_sets_a_password()
    assert stage.stands() is ChangeStatus.DRIFTED
    with pytest.raises(PlanRefused, match=ADDRESS) as caught:
        stage.run(stage.api)
    assert caught.value.code is Code.PLAN_STALE
    report = roll_back(stage.plan, stage.journal, stage.api, now=lambda: stage.now)
    assert {each.address: each.reason for each in report.left}[ADDRESS] is CHANGED_SINCE
    assert stage.taken_back(stage.journal) == [ADDRESS, "user taro"]


def test_a_password_that_is_not_there_is_nobodys(stage: Stage) -> None:
    stage.die(after=False)
    for said in ({"ours": ("taro",)}, {"theirs": ("taro",)}):
        with pytest.raises(UsageError, match="`taro` has no console password"):
            stage.say(**said)
    assert stage.taken_back(stage.journal) == []


class Lost(Stage):
    """A lost phone of mika, and a run that dies as it replaces her password."""

    def __init__(self, local: LocalAws, folder: Path, api: Boto3Api) -> None:
        iam = iam_of(local)
        iam.create_user(UserName="mika")
        iam.add_user_to_group(GroupName="Developers", UserName="mika")
        iam.create_login_profile(UserName="mika", Password="Fuji-2026-before-x")
        at = PlanningContext(collect(api, now=local.clock.now()), ADMIN)
        super().__init__(local, folder, Plan.from_json(reset(at, "mika").to_json()))
        with pytest.raises(Killed):
            self.run(Killing(self.api, 0, after=False))


@pytest.fixture
def lost(local: LocalAws, api: Boto3Api, tmp_path: Path) -> Lost:
    return Lost(local, tmp_path, api)


@pytest.mark.parametrize("theirs", [False, True], ids=["ours", "theirs"])
def test_nobody_guesses_whose_a_replaced_password_is(lost: Lost, theirs: bool) -> None:
    if theirs:
        iam_of(lost.local).update_login_profile(UserName="mika", Password=THEIRS)
    listening = Listening(lost.api)
    with pytest.raises(PlanRefused, match="of `mika`") as caught:
        lost.run(listening)
    assert caught.value.code is Code.PLAN_DOUBTFUL
    plan_file = PlanFile(lost.plan, lost.journal)
    assert plan_status(plan_file, lost.api).addresses(ChangeStatus.IN_DOUBT) == ("password mika",)
    (left,) = roll_back(lost.plan, lost.journal, lost.api, now=lambda: lost.now).left
    assert left.reason is IN_DOUBT
    journal = lost.say(**{"theirs" if theirs else "ours": ("mika",)})
    assert execute(
        lost.plan, listening, journal, passwords=lambda user: OURS, now=lambda: lost.now
    ).already == (("password mika",) if theirs else ())
    lost.run(listening)
    assert listening.sent == ([] if theirs else [("UpdateLoginProfile", OURS)])
    done = ("password mika", "sign-in-sessions mika")
    assert plan_status(plan_file, lost.api).addresses(ChangeStatus.DONE) == done
    ended, left = roll_back(lost.plan, lost.journal, lost.api, now=lambda: lost.now).left
    assert ended.address == "sign-in-sessions mika"
    assert (left.reason is NOT_OURS) is theirs


def test_the_commands_take_the_answer(stage: Stage) -> None:
    terminal = Terminal(stage.folder, environment(stage.local, "admin"))
    path, passwords = terminal.path("plan"), terminal.path("passwords")
    terminal.write("plan", stage.plan.to_json())
    stage.die(after=True)
    stage.folder.joinpath("journal").replace(stage.folder / "plan.journal")
    words = ("apply", path, "--yes", "--password-file", passwords)
    stopped = terminal.run(*words)
    with pytest.raises(PlanRefused, match="made at") as caught:
        raise_(stopped.exception)
    assert f"Not done: 2\n  {ADDRESS}" in stopped.stdout
    assert "Done: " in stopped.stdout
    assert caught.value.code is Code.PLAN_DOUBTFUL
    status = terminal.run("status", path, "--format", "json")
    assert status.return_value == Exit.UNKNOWN
    assert "Unclear who set it" in terminal.run("status", path).stdout
    stands = {each["address"]: each["status"] for each in json.loads(status.stdout)["changes"]}
    assert (stands["user taro"], stands[ADDRESS]) == ("done", "in-doubt")
    back = terminal.run("rollback", path, "--yes", "--ours", "taro")
    assert back.return_value == Exit.CLEAN, back.output


def test_whose_password_stays_needs_no_terminal(stage: Stage) -> None:
    terminal = Terminal(stage.folder, environment(stage.local, "admin"))
    terminal.write("plan", stage.plan.to_json())
    stage.die(after=True)
    stage.folder.joinpath("journal").replace(stage.folder / "plan.journal")
    words = ("apply", terminal.path("plan"), "--yes", "--theirs")
    assert isinstance(terminal.run(*words, "hanako").exception, UsageError)
    done = terminal.run(*words, "taro")
    assert done.return_value == Exit.CLEAN, done.output
    iam = iam_of(stage.local)
    iam.delete_login_profile(UserName="taro")
    back = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert back.return_value == Exit.FINDINGS, back.output


def raise_(error: BaseException | None) -> None:
    assert error is not None
    raise error
