"""A roll-out as its people see it, at the local AWS: announced, enforced, a phone that is lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from administered import session_keys
from cli_login import CliLogin
from in_process import sekisho
from notices.test_remind_command import _names
from sekisho.account import open_account
from sekisho.audit.impact import MayLogin
from sekisho.errors import AwsRefused
from sekisho.localaws import ADMINISTRATOR, MACHINE, ConsoleClient, LocalAws, example_company
from sekisho.signin import totp

BREAK_GLASS = "break-glass"
HALF, OTHER_HALF = "hanako.sato", "mei.takahashi"
LOST = "yui.nakamura"


@dataclass(frozen=True)
class _Company:
    """The example company at a local AWS, with a goal whose wave begins today."""

    local: LocalAws
    folder: Path

    @property
    def iam(self) -> Any:
        keys = session_keys(self.local, ADMINISTRATOR, mfa=True)
        return boto3.client(
            "iam",
            endpoint_url=self.local.url,
            region_name="us-east-1",
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )

    def run(self, *words: str) -> Any:
        keys = session_keys(self.local, ADMINISTRATOR, mfa=True)
        env = {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token or "",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        done = sekisho(*words, "--endpoint-url", self.local.url, "--lang", "en", **env)
        assert done.returncode not in (1, 64), done.stderr
        return done

    def due(self, days: int, *more: str) -> Any:
        """Return who is to hear something so many days before the wave."""
        day = (datetime.now(UTC) - timedelta(days=days)).date().isoformat()
        goal = str(self.folder / "goal.yaml")
        return self.run("remind", goal, "--today", day, *more)

    def enrol(self, user: str) -> None:
        iam = self.iam
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-new")
        device = made["VirtualMFADevice"]
        seed, step = device["Base32StringSeed"].decode(), totp.step_of(self.local.clock.now())
        codes = {f"AuthenticationCode{n + 1}": totp.code_at(seed, step + n) for n in range(2)}
        iam.enable_mfa_device(UserName=user, SerialNumber=device["SerialNumber"], **codes)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Company]:
    folder = tmp_path_factory.mktemp("company")
    today = datetime.now(UTC).date()
    who = ", ".join(f"{{user: {name}}}" for name in (HALF, OTHER_HALF, MACHINE))
    (folder / "goal.yaml").write_text(
        f"breakGlass: [{BREAK_GLASS}]\nwaves:\n  - {{name: first, from: {today}, who: [{who}]}}\n",
        encoding="utf-8",
    )
    with LocalAws(example_company()) as local:
        found = _Company(local, folder)
        found.iam.tag_user(UserName=MACHINE, Tags=[{"Key": "Owner", "Value": "ops@example.com"}])
        yield found


def test_the_card_says_of_aws_login_what_the_local_aws_does(company: _Company) -> None:
    saved = company.folder / "account.json"
    company.run("collect", "--out", str(saved))
    snapshot, answers = open_account(saved), set()
    for user in snapshot.users:
        login = CliLogin(company.local.url)
        keys = session_keys(company.local, user.name, mfa=True)
        console = ConsoleClient(company.local.url, snapshot.account)
        try:
            code = login.code_in(console.let_in(keys, login.query()))
            passed = login.exchange(code).status == 200
        except AwsRefused:
            passed = False
        shown = sekisho("card", user.name, "--snapshot", str(saved), "--format", "json")
        answer = json.loads(shown.stdout)["awsLogin"]["allowed"]
        assert answer == (MayLogin.ALLOWED if passed else MayLogin.DENIED).value, user.name
        answers.add(passed)
    assert answers == {True, False}


def test_a_wave_from_its_announcement_to_its_enforcement(company: _Company) -> None:
    slack = ("--format", "slack")
    announced = company.due(14, "--format", "json")
    found = {each["user"]: each for each in json.loads(announced.stdout)["people"]}
    assert set(found) == {HALF, OTHER_HALF, MACHINE}
    # the owner of the program hears of it before the key stops
    assert found[MACHINE]["owner"] == "ops@example.com"
    assert _names(company.due(14, *slack)) == []
    company.enrol(HALF)
    assert _names(company.due(7, *slack)) == [MACHINE, OTHER_HALF]
    plan = str(company.folder / "plan.json")
    goal = str(company.folder / "goal.yaml")
    company.run("plan", goal, "--out", plan, "--accept", f"everyone-gets-in:{MACHINE}=switched")
    company.run("apply", plan, "--yes")
    assert OTHER_HALF in _names(company.due(-1, *slack))
    company.enrol(OTHER_HALF)
    assert OTHER_HALF not in _names(company.due(-2, *slack, "--again", OTHER_HALF))


def test_a_lost_phone_and_the_card_after_it(company: _Company) -> None:
    before = company.run("card", LOST).stdout
    assert "--serial-number" in before or "aws login --profile login" in before
    plan = str(company.folder / "reset.json")
    company.run("reset", LOST, "--out", plan)
    company.run("apply", plan, "--yes", "--password-file", str(company.folder / "passwords"))
    assert "You have no MFA device yet" in " ".join(company.run("card", LOST).stdout.split())
    company.enrol(LOST)
    found = json.loads(company.run("card", LOST, "--format", "json").stdout)
    assert [each["serial"].rpartition("/")[2] for each in found["devices"]] == [f"{LOST}-new"]
    password = (company.folder / "passwords").read_text("utf-8").split()[-1]
    assert password not in json.dumps(found)
