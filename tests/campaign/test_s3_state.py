"""The state of a campaign in S3, with real clients at the local AWS: two runs, a kill, a take-over.

Reads `rollout.applying.s3_state` itself, because when a lock is taken over shows only in time.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import iam_of, signed_in
from checkpoint import Checkpoint
from disk import not_waited_for
from hashing import cheap_hashes
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import MACHINE, NOW, Killed, Killing, company
from rollout.test_laws import SECRET, made, password
from sekisho.account.aws import Boto3Api
from sekisho.campaign import StateFolder
from sekisho.cli import Exit
from sekisho.errors import AwsRefused, Code, FaultyInput, PlanRefused, SekishoError, UsageError
from sekisho.localaws import LocalAws
from sekisho.rollout import (
    Event,
    OpenFolder,
    Plan,
    S3State,
    execute,
    facts_at_addresses,
    read_plan,
    roll_back,
)
from sekisho.rollout.applying.s3_state import RENEWED_AFTER, TAKEN_OVER_AFTER

BUCKET = "campaigns"


@pytest.fixture(scope="module")
def start() -> Iterator[Checkpoint]:
    with not_waited_for(), cheap_hashes(), company() as running:
        iam_of(running).create_login_profile(UserName="hanako", Password=SECRET)
        signed_in(running, "admin", mfa=True).call("s3", "CreateBucket", Bucket=BUCKET)
        yield Checkpoint(running)


@pytest.fixture
def local(start: Checkpoint) -> LocalAws:
    return start.restore()


@pytest.fixture
def api(local: LocalAws) -> Boto3Api:
    return signed_in(local, "admin", mfa=True)


@pytest.fixture
def address(request: pytest.FixtureRequest, api: Boto3Api) -> str:
    """A prefix for each test: a checkpoint leaves S3 as it is."""
    return f"s3://{BUCKET}/{request.node.name.replace('[', '-').replace(']', '')}"


class S3:
    """An S3 in whose answers a test has a hand."""

    def __init__(self, api: Boto3Api, *hands: Callable[[str, str, str], None]) -> None:
        self._api, self._hands = api, hands
        self.older = timedelta()
        self.asked: list[tuple[str, str]] = []

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        key = str(params.get("Key", ""))
        self.asked.append((operation, key))
        for hand in self._hands:
            hand("before", operation, key)
        answer = self._api.call(service, operation, **params)
        for hand in self._hands:
            hand("after", operation, key)
        return answer

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        return self._api.pages(service, operation, key, **params)

    def object(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, Any]]:
        content, about = self._api.object(bucket, key)
        return content, {**about, "LastModified": about["LastModified"] - self.older}

    def puts(self) -> list[str]:
        return [key.rsplit("/", 1)[-1] for operation, key in self.asked if operation == "PutObject"]


def failing(at: str, code: str, status: int, name: str, times: int = 1) -> Any:
    """Return what happens to the first writings of an object: before S3 has it, or after."""
    left = [times]

    def hand(when: str, operation: str, key: str) -> None:
        if (when, operation) == (at, "PutObject") and name in key and left[0]:
            left[0] -= 1
            raise AwsRefused(operation, code, "bad weather", status)

    return hand


def state(address: str, api: Any, **about: Any) -> S3State:
    return S3State(address, api, sleep=lambda _: None, **about)


def objects(api: Boto3Api, address: str) -> dict[str, bytes]:
    prefix = address.removeprefix(f"s3://{BUCKET}/") + "/"
    items = api.pages("s3", "ListObjectsV2", "Contents", Bucket=BUCKET, Prefix=prefix)
    return {each["Key"].removeprefix(prefix): api.content(BUCKET, each["Key"]) for each in [*items]}


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_a_run_leaves_the_next_one_finds(api: Boto3Api, address: str) -> None:
    with state(address, api).locked() as opened:
        (opened.path / "told").mkdir()
        (opened.path / "told" / "ledger").write_text("one\n")
        (opened.path / "joined.json").write_text("{}")
        (opened.path / "x.journal.lock").write_text("")
        before = opened.path
    assert not before.exists()
    with state(address, api).read() as read:
        assert files(read) == {"told/ledger": b"one\n", "joined.json": b"{}"}
        assert read.stat().st_mode & 0o077 == 0
    with state(address, api).locked() as opened:
        (opened.path / "told" / "ledger").write_text("another")
        assert opened.shown(opened.path / "told" / "ledger") == f"{address}/told/ledger"
    found = objects(api, address)
    assert (found["told/ledger"], found["joined.json"]) == (b"another", b"{}")
    assert json.loads(found["lock"])["free"] is True


def test_nothing_is_written_that_has_not_changed(api: Boto3Api, address: str) -> None:
    with state(address, api).locked() as opened:
        (opened.path / "joined.json").write_text("{}")
    watched = S3(api)
    with state(address, watched).locked():
        pass
    assert set(watched.puts()) == {"lock"}


def test_two_runs_do_not_work_at_once_and_the_other_is_named(api: Boto3Api, address: str) -> None:
    with state(address, api).locked() as opened:
        with pytest.raises(PlanRefused) as refused, state(address, api).locked():
            pass
        assert refused.value.code is Code.PLAN_BUSY
        by = json.loads(objects(api, address)["lock"])["by"]
        assert by in str(refused.value)
        assert "--take-over" in str(refused.value.fix)
        (opened.path / "joined.json").write_text("{}")
    with state(address, api).locked() as again:
        assert (again.path / "joined.json").exists()


def test_of_two_that_take_the_lock_at_the_same_moment_one_has_it(
    api: Boto3Api, address: str
) -> None:
    """The other comes in after the first has looked, for a new lock and for one that is free."""
    for _ in range(2):
        inner = state(address, api).locked()

        def quicker(when: str, operation: str, key: str, inner: Any = inner) -> None:
            if when == "before" and operation == "PutObject":
                inner.__enter__()

        with pytest.raises(PlanRefused), state(address, S3(api, quicker)).locked():
            pass
        inner.__exit__(None, None, None)


def test_a_killed_runs_lock_is_taken_over_by_one_only_and_the_killed_does_no_more(
    api: Boto3Api, address: str
) -> None:
    now = [0.0]
    dead = state(address, api, monotonic=lambda: now[0]).locked()
    opened = dead.__enter__()
    (opened.path / "joined.json").write_text("{}")
    later = S3(api)
    later.older = TAKEN_OVER_AFTER - timedelta(minutes=1)
    with pytest.raises(PlanRefused), state(address, later).locked():
        pass
    later.older = TAKEN_OVER_AFTER + timedelta(minutes=1)
    taking = state(address, later).locked()
    taking.__enter__()
    with pytest.raises(PlanRefused), state(address, api).locked():
        pass  # by S3's clock, the one that took over is at work
    # the first was not dead: it sees so before it does anything more
    opened.keep()
    now[0] = RENEWED_AFTER + 1
    with pytest.raises(SekishoError, match="taken over"):
        opened.keep()
    with pytest.raises(SekishoError, match="taken over") as ended:
        dead.__exit__(None, None, None)
    kept = Path(str(ended.value).rsplit("`", 2)[1])
    assert files(kept) == {"joined.json": b"{}"}, "nothing is lost"
    taking.__exit__(None, None, None)
    with state(address, api, take_over=True).locked():
        pass


def plan_in(opened: Any, api: Boto3Api) -> Plan:
    plan = made(api, MACHINE)
    plans = opened.path / "plans"
    plans.mkdir()
    (plans / "2027-01-11-01.json").write_text(plan.to_json())
    opened.keep()
    return plan


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_loses_no_call_that_may_have_been_made(
    api: Boto3Api, address: str, after: bool
) -> None:
    """At every call: what S3 has of the journal takes all of it back."""
    before: str | None = None
    for at in range(2):
        one = f"{address}/{at}"
        dying = state(one, api).locked()
        opened = dying.__enter__()
        plan = plan_in(opened, api)
        before = before or facts_at_addresses(plan, api)
        file = read_plan(opened.path / "plans" / "2027-01-11-01.json")
        with pytest.raises(Killed), opened.following(file.journal):
            execute(
                plan,
                Killing(api, at, after=after),
                file.journal,
                passwords=password,
                now=lambda: NOW,
            )
        # the process is gone, and its folder with it
        with state(one, api, take_over=True).locked() as next_run:
            found = read_plan(next_run.path / "plans" / "2027-01-11-01.json")
            found.journal.open(plan.digest)
            calls = [found.journal.last_event(each.address) for each in plan.changes]
            assert calls[at] is Event.BEGUN
            with next_run.following(found.journal):
                report = roll_back(plan, found.journal, api, now=lambda: NOW)
            assert report.left == ()
        assert facts_at_addresses(plan, api) == before
        assert not [name for name in objects(api, one) if "@" in name], "put together at the end"
        with state(one, api).read() as read:
            again = read_plan(read / "plans" / "2027-01-11-01.json")
            again.journal.open(plan.digest)
            assert Event.BEGUN not in [again.journal.last_event(e.address) for e in plan.changes]


def test_a_run_that_dies_while_it_puts_together_leaves_what_can_be_read(
    api: Boto3Api, address: str
) -> None:
    def dies(when: str, operation: str, key: str) -> None:
        if when == "before" and operation == "DeleteObjects":
            raise Killed

    dying = state(address, S3(api, dies)).locked()
    opened = dying.__enter__()
    journal = opened.path / "a.journal"
    for line in ("1\n", "2\n", "3\n"):
        with journal.open("a") as file:
            file.write(line)
        opened.keep_added(journal)
    with pytest.raises(Killed):
        dying.__exit__(None, None, None)
    assert {"a.journal", "a.journal@000000000002"} <= objects(api, address).keys()
    with state(address, api, take_over=True).locked() as opened:
        assert files(opened.path) == {"a.journal": b"1\n2\n3\n"}
    assert objects(api, address).keys() == {"lock", "a.journal"}


def test_what_is_faulty_there_is_called_by_its_address(api: Boto3Api, address: str) -> None:
    with state(address, api).locked() as opened:
        (opened.path / "progress.jsonl").write_text("{}\n")
    with pytest.raises(FaultyInput) as faulty, state(address, api).read() as read:
        StateFolder(OpenFolder(read, address)).progress()
    assert str(faulty.value).startswith(f"{address}/progress.jsonl: ")


def test_parts_that_may_not_be_deleted_are_an_error_and_do_no_harm(
    api: Boto3Api, address: str
) -> None:
    class Undeleted(S3):
        def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
            if operation == "DeleteObjects":
                return {"Errors": [{"Code": "AccessDenied", "Message": "no", "Key": "k"}]}
            return super().call(service, operation, **params)

    run = state(address, Undeleted(api)).locked()
    opened = run.__enter__()
    for line in ("1\n", "2\n"):
        with (opened.path / "a.journal").open("a") as file:
            file.write(line)
        opened.keep_added(opened.path / "a.journal")
    with pytest.raises(SekishoError, match="DeleteObjects: AccessDenied"):
        run.__exit__(None, None, None)
    with state(address, api).locked() as again:
        assert files(again.path) == {"a.journal": b"1\n2\n"}


@pytest.mark.parametrize(
    "fault",
    [
        ("before", "ServiceUnavailable", 503),
        ("after", "InternalError", 500),
        ("before", "ConnectionClosedError", 0),
        ("after", "ReadTimeoutError", 0),
        ("before", "ConditionalRequestConflict", 409),
    ],
)
@pytest.mark.parametrize("name", ["lock", "joined.json"])
def test_what_was_not_answered_is_written_once(
    api: Boto3Api, address: str, name: str, fault: tuple[str, str, int]
) -> None:
    with state(address, S3(api, failing(*fault, name, 2))).locked() as opened:
        (opened.path / "joined.json").write_text("{}")
    found = objects(api, address)
    assert found["joined.json"] == b"{}"
    assert json.loads(found["lock"])["free"] is True


def test_what_cannot_be_written_is_one_error_and_kept_on_this_computer(
    api: Boto3Api, address: str
) -> None:
    broken = S3(api, failing("before", "ConnectionClosedError", 0, "joined.json", 99))
    with pytest.raises(SekishoError) as failed, state(address, broken).locked() as opened:
        (opened.path / "joined.json").write_text("{}")
    assert failed.value.code is Code.OUTPUT_UNWRITABLE
    assert not isinstance(failed.value, AwsRefused)
    assert f"{address}/joined.json" in str(failed.value)
    assert files(Path(str(failed.value).rsplit("`", 2)[1])) == {"joined.json": b"{}"}
    with state(address, api).locked() as opened:
        assert files(opened.path) == {}, "the lock was given back"


def test_an_object_that_somebody_else_has_changed_is_not_overwritten(
    api: Boto3Api, address: str
) -> None:
    with state(address, api).locked() as opened:
        (opened.path / "joined.json").write_text("{}")
    key = f"{address.removeprefix(f's3://{BUCKET}/')}/joined.json"
    run = state(address, api).locked()
    opened = run.__enter__()
    api.call("s3", "PutObject", Bucket=BUCKET, Key=key, Body=b"theirs")
    (opened.path / "joined.json").write_text("ours")
    with pytest.raises(SekishoError, match="somebody else"):
        run.__exit__(None, None, None)
    assert objects(api, address)["joined.json"] == b"theirs"


def test_no_change_is_made_that_is_not_written_ahead(
    local: LocalAws, api: Boto3Api, address: str
) -> None:
    broken = S3(api, failing("before", "AccessDenied", 403, ".journal@", 99))
    run = state(address, broken).locked()
    opened = run.__enter__()
    plan = plan_in(opened, api)
    before = facts_at_addresses(plan, api)
    file = read_plan(opened.path / "plans" / "2027-01-11-01.json")
    with (
        pytest.raises(SekishoError, match="AccessDenied") as failed,
        opened.following(file.journal),
    ):
        execute(plan, api, file.journal, passwords=password, now=lambda: NOW)
    run.__exit__(None, None, None)
    assert "s3:PutObject" in str(failed.value.fix)
    made_then = json.loads(facts_at_addresses(plan, api)), json.loads(before)
    changed = [key for key, value in made_then[0].items() if made_then[1][key] != value]
    assert changed == [plan.changes[0].address], "the first was written with the plan"


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("s3://no-such-bucket/p", "NoSuchBucket"),
        (f"s3://{BUCKET}/other", "no state of a campaign"),
    ],
)
def test_a_place_that_cannot_be_used_is_one_clear_error(api: Boto3Api, at: str, why: str) -> None:
    api.call("s3", "PutObject", Bucket=BUCKET, Key="other/logs.txt", Body=b"")
    for use in (lambda: state(at, api).locked(), lambda: state(at, api).read()):
        with pytest.raises(SekishoError, match=why) as failed, use():
            pass
        assert failed.value.fix is not None
    assert api.content(BUCKET, "other/logs.txt") == b""


@pytest.mark.parametrize("address", ["s3://", "s3://B/p", "s3://b?x"])
def test_what_is_no_address_is_refused(api: Boto3Api, address: str) -> None:
    with pytest.raises(UsageError):
        S3State(address, api)


class Named(S3):
    """An S3 in which a name leads out of the folder."""

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        yield {"Key": f"{params['Prefix']}../joined.json", "ETag": "1"}


def test_a_name_that_leaves_the_folder_is_refused(api: Boto3Api, address: str) -> None:
    with (
        pytest.raises(SekishoError, match="not a valid file name"),
        state(address, Named(api)).read(),
    ):
        pass


GOAL = """\
policy: {{preset: first-login}}
untold: enforce
waves:
  - name: everybody
    enrolFrom: {first}
    from: {last}
    who: [{{all: true, with: [password]}}]
breakGlass: [glass]
"""


@pytest.mark.parametrize("lost", [False, True])
def test_a_campaign_in_s3_from_its_first_day_to_the_roll_back(
    local: LocalAws, api: Boto3Api, address: str, tmp_path: Path, lost: bool
) -> None:
    terminal, iam = Terminal(tmp_path, environment(local, "admin")), iam_of(local)

    def attached() -> set[str]:
        found = iam.list_attached_user_policies(UserName="hanako")["AttachedPolicies"]
        return {each["PolicyName"] for each in found}

    today = datetime.now(UTC).date()
    text = GOAL.format(first=today, last=today + timedelta(days=9))
    words = ("campaign", terminal.write("goal.yaml", text), "--mfa", "--state", address)
    assert terminal.run(*words).return_value == Exit.CHANGES
    assert objects(api, address) == {}, "who only looks writes nothing"
    done = terminal.run(*words, "--apply", "--yes")
    assert done.return_value == Exit.CLEAN, done.output
    assert f"sekisho rollback {address}" in done.output
    assert "keeps no earlier versions" in done.output
    assert "Force_MFA_enrol" in attached()
    found = objects(api, address)
    assert {"users.json", "lock", "progress.jsonl", "told"} <= found.keys()
    assert {name.partition("/")[0] for name in found} >= {"plans", "notices"}
    assert not list(tmp_path.glob("goal.yaml.campaign"))
    shown = terminal.run(*words, "--format", "json")
    assert json.loads(shown.stdout)["dueToday"] == {}, "it knows that people were told"

    remind = ("remind", words[1], "--state", address)
    ledger = objects(api, address)["told"]
    assert "Already notified: hanako" in terminal.run(*remind, "--preview").output
    assert objects(api, address)["told"] == ledger
    assert "hanako" in terminal.run(*remind, "--again", "hanako").output
    assert len(objects(api, address)["told"]) > len(ledger)

    with state(address, api).locked():
        busy = terminal.run(*words, "--apply", "--yes")
        assert isinstance(busy.exception, PlanRefused)
    by_account = ("--by-account",) if lost else ()
    if lost:
        (journal,) = (name for name in found if name.endswith(".json.journal"))
        key = f"{address.removeprefix(f's3://{BUCKET}/')}/{journal}"
        api.call("s3", "DeleteObject", Bucket=BUCKET, Key=key)
        done = terminal.run("rollback", address, "--yes")
        assert done.return_value == Exit.FINDINGS, done.output
        assert f"There is no journal `{address}/{journal}`" in done.output
        assert "Force_MFA_enrol" in attached()
    done = terminal.run("rollback", address, "--yes", *by_account)
    assert done.return_value == Exit.CLEAN, done.output
    assert attached() == set()
    local_only = terminal.run("rollback", str(tmp_path), "--yes", "--take-over")
    assert isinstance(local_only.exception, UsageError)
