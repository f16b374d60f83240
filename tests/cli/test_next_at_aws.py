"""At a local AWS, what is printed next is typed as it is printed, to its end.

The account is the example company's. Whoever follows answers yes where it is asked, and thinks of
nothing else. No command is refused, none comes twice in one state of the account, and nobody is let
in or locked out by it.
"""

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import boto3
import pytest

from administered import REGION, session_keys, signed_in
from disk import not_waited_for
from in_process import sekisho
from rollout.at_the_terminal import environment
from sekisho.account import collect, unread_credentials
from sekisho.account.aws import Boto3Api
from sekisho.audit.enforcement import enforcements_of
from sekisho.audit.impact import SignInOutcomes
from sekisho.cli import Exit
from sekisho.errors import AwsRefused
from sekisho.localaws import ADMINISTRATOR, LocalAws, example_company
from socketless import socketless

NEXT = "\nNext: "
REFUSED = "This plan is refused"
POLICY = "arn:aws:iam::111122223333:policy/Force_MFA"
PILOT = "plan --user ken.suzuki --user yui.nakamura --out plan.json"
GOAL = """\
waves: [{name: all, from: 2026-01-01, who: [{all: true, with: [device]}]}]
breakGlass: [break-glass]
"""


@dataclass
class Follower:
    """Somebody who types what is printed.

    Attributes:
        local: the account.
        variables: the environment of their session.
        changed: how often the account was changed.
        enforced: who is enforced.
        said: what the last command has printed.
    """

    local: LocalAws
    variables: dict[str, str]
    changed: int = 0
    enforced: frozenset[str] = frozenset()
    said: str = ""

    def run(self, command: str) -> CompletedProcess[str]:
        """Run a command, answering yes."""
        words = shlex.split(command)
        changes = words[0] in ("apply", "rollback") or "--apply" in words
        sure = ["--yes"] if changes else []
        done = sekisho(*words, *sure, **{**self.variables, "COLUMNS": "1000", "LC_ALL": "C"})
        self.changed += changes
        return done

    def _look(self, *, lowers: bool) -> None:
        """See that nobody is locked out, or let in."""
        snapshot = collect(signed_in(self.local, ADMINISTRATOR, mfa=True), now=datetime.now(UTC))
        found = enforcements_of(snapshot)
        users = [user for user in snapshot.users if found[user.name].enforced_directly]
        enforced = frozenset(user.name for user in users)
        assert lowers or self.enforced <= enforced
        self.enforced = enforced
        outcomes = SignInOutcomes(snapshot, unread_credentials(snapshot)).outcomes(users)
        assert all(each.gets_in for each in outcomes.values())

    def follow(self, command: str, until: str = "", *, stops: bool = False) -> list[str]:
        """Run a command and what it prints next, until nothing is printed, or what `until` is.

        Args:
            command: the first.
            until: the last, which is not run.
            stops: whether AWS stops a command, which is printed again.

        Returns:
            What was printed and run, without `sekisho`.
        """
        typed, standing, before = list[str](), set[tuple[str, int]](), self.changed
        while command and command != until:
            assert (command, self.changed) not in standing, f"a circle: {typed}"
            standing.add((command, self.changed))
            typed.append(command)
            done = self.run(command)
            said = done.stdout + done.stderr
            assert done.returncode not in (Exit.ERROR, Exit.USAGE) or stops, (command, said)
            assert REFUSED not in said, command
            self.said = said
            command = said.partition(NEXT)[2].partition("\n")[0].removeprefix("sekisho ")
            if stops and command == typed[-1]:
                break
        if self.changed > before:
            self._look(lowers=typed[0].startswith("rollback"))
        return [*typed, until] if until and command == until else typed

    def by_hand(self) -> Any:
        """Return a client of IAM, by which somebody else changes the account."""
        keys = session_keys(self.local, ADMINISTRATOR, mfa=True)
        self.changed, self.enforced = self.changed + 1, frozenset()
        return boto3.client(
            "iam",
            endpoint_url=self.local.url,
            region_name=REGION,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )


@pytest.fixture
def follower(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Follower]:
    """The administrator of the example company's account, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with socketless(), not_waited_for(), LocalAws(example_company()) as local:
        yield Follower(local, environment(local, ADMINISTRATOR))


def test_from_the_first_audit_to_everybody(follower: Follower) -> None:
    # whoever plans for a pilot is not led to everybody: that is another audit's question
    pilot = ["audit", PILOT, "apply plan.json", "status plan.json"]
    assert follower.follow("audit") == pilot
    assert follower.follow("audit", until="collect --out account.json") == [
        "audit",
        "plan --all-users --except deploy-bot --break-glass break-glass --mfa --out plan-2.json",
        "apply plan-2.json",
        "status plan-2.json",
    ]
    assert follower.follow("audit", until="collect --out account.json") == [
        "audit",
        "collect --out account.json",
    ]
    assert "10 of 12 users: 2 not enforced" in follower.said
    assert "Not enforced: break-glass, deploy-bot. If that is intended," in follower.said


def test_where_something_is_in_the_way(follower: Follower) -> None:
    # whoever may read nothing is told what is to be allowed
    poor = Follower(follower.local, environment(follower.local, "ken.suzuki"))
    assert poor.follow("collect --out poor.json")[1:] == ["collect --print-policy"]
    assert poor.follow("audit") == ["audit", "collect --print-policy"]

    # AWS stops a plan in the middle
    follower.follow(PILOT, until="apply plan.json")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Boto3Api, "call", _refusing("AttachUserPolicy"))
        assert follower.follow("apply plan.json", stops=True) == ["apply plan.json"]
    assert "Applied in part: 1 of 3 changes are made." in follower.said
    assert follower.follow("status plan.json", until="apply plan.json")[1:] == ["apply plan.json"]
    assert follower.follow("apply plan.json")[1:] == ["status plan.json"]

    # a plan that enforces the owner of an access key without MFA would be refused
    key = follower.by_hand().create_access_key(UserName=ADMINISTRATOR)["AccessKey"]
    long_term = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": "",
    }
    keyed = Follower(follower.local, {**follower.variables, **long_term})
    assert keyed.follow("audit") == ["audit"]
    assert "\nSign in with MFA first, then run this command again: these credentials" in keyed.said
    Path("goal.yaml").write_text(GOAL, encoding="utf-8")
    assert keyed.follow("status goal.yaml") == ["status goal.yaml"]
    assert f"and with them a plan that enforces {ADMINISTRATOR} is refused." in keyed.said
    # a campaign leaves them out, and a plan would show why
    assert keyed.follow("campaign goal.yaml --apply", until="plan goal.yaml")[1:]
    assert keyed.follow("rollback goal.yaml.campaign")[1:] == []
    assert keyed.said.startswith("Nothing to roll back: no plan in this folder has been applied.")
    follower.by_hand().delete_access_key(UserName=ADMINISTRATOR, AccessKeyId=key["AccessKeyId"])

    # somebody undoes a part of it by hand
    follower.by_hand().detach_user_policy(UserName="ken.suzuki", PolicyArn=POLICY)
    assert follower.follow("status plan.json")[1:] == ["status plan.json --who"]
    follower.by_hand().attach_user_policy(UserName="ken.suzuki", PolicyArn=POLICY)

    # it is rolled back, and then again
    assert follower.follow("rollback plan.json") == ["rollback plan.json"]
    assert follower.follow("rollback plan.json") == ["rollback plan.json"]
    assert follower.follow("status plan.json") == ["status plan.json"]
    assert follower.said.startswith("This plan was rolled back on 20")

    # another was never applied
    follower.follow(PILOT.replace("plan.json", "other.json"), until="apply other.json")
    assert follower.follow("rollback other.json") == ["rollback other.json"]
    assert follower.said.startswith("Nothing to roll back: this plan has not been applied.\n")

    # a goal, and its campaign
    assert follower.follow("status goal.yaml", until="apply plan-2.json")[1:] == [
        "plan goal.yaml --mfa --out plan-2.json",
        "apply plan-2.json",
    ]
    assert follower.follow("campaign goal.yaml", until="campaign goal.yaml --mfa --apply")[1:] == [
        "campaign goal.yaml --mfa",
        "campaign goal.yaml --mfa --apply",
    ]
    assert follower.follow("campaign goal.yaml --apply")[1:] == [
        "campaign goal.yaml --apply --yes --mfa"
    ]
    assert follower.follow("status goal.yaml") == ["status goal.yaml"]
    assert follower.said.startswith("MFA is enforced for all users whose day has come (3).")
    assert follower.follow("rollback goal.yaml.campaign") == ["rollback goal.yaml.campaign"]


EXCEPTIONS = """\
schema: sekisho.exceptions/1
exceptions:
  - {{user: ken.suzuki, kind: exception, why: w, owner: o, approvedBy: a, expires: {until},
     ticket: T-1, force: f}}
"""


def test_the_goal_and_its_exceptions_go_along(follower: Follower) -> None:
    """Nobody who is excepted is enforced by what is printed, nor made again what was undone."""
    Path("goal.yaml").write_text(GOAL, encoding="utf-8")
    Path("exceptions.yaml").write_text(
        EXCEPTIONS.format(until=datetime.now(UTC).date() + timedelta(60)), encoding="utf-8"
    )
    goal = "goal.yaml --exceptions exceptions.yaml"
    assert follower.follow(f"status {goal}") == [
        f"status {goal}",
        f"plan {goal} --mfa --out plan.json",
        "apply plan.json",
        "status plan.json",
        f"status {goal}",
    ]
    assert follower.enforced
    assert "ken.suzuki" not in follower.enforced
    assert follower.follow("rollback plan.json") == ["rollback plan.json"]
    assert follower.follow("status plan.json") == ["status plan.json"]
    campaign = f"campaign {goal} --mfa --apply"
    assert follower.follow(campaign)[:1] == [campaign]
    undone = "rollback goal.yaml.campaign --user yui.nakamura"
    assert follower.follow(undone) == [undone]


def _refusing(refused: str) -> Callable[..., Any]:
    """Return a call of AWS that refuses one operation."""
    call = Boto3Api.call

    def refusing(self: Boto3Api, service: str, operation: str, **parameters: Any) -> Any:
        if operation == refused:
            raise AwsRefused(operation, "LimitExceeded", "too many", 409)
        return call(self, service, operation, **parameters)

    return refusing
