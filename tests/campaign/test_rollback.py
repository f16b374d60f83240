"""A campaign of some days is taken back: for one person, or whole, to the byte."""

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, iam_of
from checkpoint import Checkpoint
from disk import not_waited_for
from hashing import cheap_hashes
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ENFORCEMENT, company, enforcement
from sekisho.cli import Exit
from sekisho.errors import PlanRefused
from sekisho.localaws import LocalAws
from sekisho.policy import Preset, enrolment_policy, to_json

GOAL = """\
policy: {{preset: first-login, tags: {{team: security}}}}
group: Enforced
untold: enforce
replaces: [{old}]
{more}
waves:
  - name: first
    enrolFrom: {first}
    from: {second}
    who: [{{user: hanako}}, {{user: yuki}}]
  - name: everybody
    enrolFrom: {first}
    from: {third}
    who: [{{all: true, with: [password]}}]
breakGlass: [glass]
"""
OLD = f"arn:aws:iam::{ACCOUNT}:policy/Old_MFA"
OTHER = f"arn:aws:iam::{ACCOUNT}:policy/Other"
SECRET = "Fuji-2026-x-temporary"


@pytest.fixture(scope="module")
def start() -> Iterator[Checkpoint]:
    """There is an older Force_MFA, and an older policy in whose place it comes."""
    with not_waited_for(), cheap_hashes(), company() as running:
        iam = iam_of(running)
        text = json.dumps(to_json(enforcement(Preset.RECOMMENDED)))
        iam.create_policy(
            PolicyName="Force_MFA",
            PolicyDocument=text,
            Tags=[{"Key": "team", "Value": "network"}, {"Key": "cost", "Value": "0"}],
        )
        iam.create_policy(PolicyName="Old_MFA", PolicyDocument=text)
        iam.create_policy(
            PolicyName="Other", PolicyDocument=json.dumps(to_json(enrolment_policy()))
        )
        for name in ("taro", "yuki"):
            iam.create_user(UserName=name, Tags=[{"Key": "desk", "Value": "4"}])
        iam.attach_user_policy(UserName="yuki", PolicyArn=OLD)
        for name in ("hanako", "taro", "yuki"):
            iam.create_login_profile(
                UserName=name, Password=SECRET, PasswordResetRequired=name == "taro"
            )
        yield Checkpoint(running)


@pytest.fixture
def local(start: Checkpoint) -> LocalAws:
    return start.restore()


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, environment(local, "admin"))


def day(terminal: Terminal, number: int, more: str = "") -> None:
    """Run a day of the campaign, of which 0 is that before the first."""
    today = datetime.now(UTC).date()
    first, second, third = (today + timedelta(days=at - number) for at in (1, 2, 3))
    text = GOAL.format(old=OLD, first=first, second=second, third=third, more=more)
    path = terminal.write("goal.yaml", text)
    done = terminal.run("campaign", path, "--mfa", "--apply", "--yes")
    assert done.return_value in (Exit.CLEAN, Exit.FINDINGS), done.output


def described(local: LocalAws) -> Mapping[str, Any]:
    """Return all that AWS says of users, groups and policies, but when something was changed."""
    pages = iam_of(local).get_paginator("get_account_authorization_details").paginate()
    found: dict[str, list[Any]] = {}
    for page in pages:
        for key in ("UserDetailList", "GroupDetailList", "Policies"):
            found.setdefault(key, []).extend(page[key])
    own = [each for each in found["Policies"] if not each["Arn"].startswith("arn:aws:iam::aws:")]
    tags = {
        each["Arn"]: iam_of(local).list_policy_tags(PolicyArn=each["Arn"])["Tags"] for each in own
    }
    for each in own:
        del each["UpdateDate"]
    return {**found, "Policies": own, "Tags": tags}


def of_user(account: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    (found,) = [each for each in account["UserDetailList"] if each["UserName"] == name]
    return dict(found)


def roll_back(terminal: Terminal, *words: str) -> Any:
    return terminal.run("rollback", terminal.path("goal.yaml.campaign"), "--yes", *words)


def test_a_campaign_of_some_days_is_taken_back_to_the_byte(
    local: LocalAws, terminal: Terminal
) -> None:
    before = described(local)
    for number in range(4):
        day(terminal, number)
    changed = described(local)
    assert len({str(changed[key]) for key in changed} & {str(before[key]) for key in before}) == 0
    for name in ("hanako", "taro", "yuki"):
        assert of_user(changed, name)["GroupList"][-1] == "Enforced"
    done = roll_back(terminal)
    assert done.return_value == Exit.CLEAN, done.output
    assert described(local) == before
    assert roll_back(terminal).return_value == Exit.CLEAN, "once more, and nothing is left to do"


def test_what_others_have_done_in_between_stays_and_is_named(
    local: LocalAws, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sekisho.rollout.applying.retry.WAITS", (0.0,) * 5)
    before, iam = described(local), iam_of(local)
    for number in range(3):
        day(terminal, number)
    # a colleague gives taro something, and relies on the policy for a person of their own
    iam.attach_user_policy(UserName="taro", PolicyArn=OTHER)
    iam.create_user(UserName="jiro")
    iam.attach_user_policy(UserName="jiro", PolicyArn=ENFORCEMENT)
    iam.tag_policy(PolicyArn=ENFORCEMENT, Tags=[{"Key": "team", "Value": "audit"}])
    day(terminal, 3)
    done = roll_back(terminal)
    assert done.return_value == Exit.FINDINGS, done.output
    for name in (f"policy-tag {ENFORCEMENT} team", f"policy {ENFORCEMENT}"):
        assert name in done.output
    after = described(local)
    for name in ("admin", "glass", "hanako", "machine", "yuki"):
        assert of_user(after, name) == of_user(before, name)
    taro, was = of_user(after, "taro"), of_user(before, "taro")
    (added,) = taro.pop("AttachedManagedPolicies")
    assert added["PolicyArn"] == OTHER
    assert taro == {key: value for key, value in was.items() if key != "AttachedManagedPolicies"}
    assert after["GroupDetailList"] == before["GroupDetailList"]


def test_one_person_is_taken_back_and_nobody_else(local: LocalAws, terminal: Terminal) -> None:
    before = described(local)
    for number in range(4):
        day(terminal, number)
    changed = described(local)
    done = roll_back(terminal, "--user", "hanako")
    assert done.return_value == Exit.CLEAN, done.output
    assert 'except:\n  - user: "hanako"' in done.output
    after = described(local)
    assert of_user(after, "hanako") == of_user(before, "hanako")
    for name in ("taro", "yuki", "admin"):
        assert of_user(after, name) == of_user(changed, name)
    for key in ("GroupDetailList", "Tags"):
        assert after[key] == changed[key]

    # as it says, the next run would do it again, unless they are excepted
    day(terminal, 4, 'except:\n  - user: "hanako"')
    assert described(local) == after
    day(terminal, 4)
    assert of_user(described(local), "hanako") == of_user(changed, "hanako")

    done = roll_back(terminal)
    assert done.return_value == Exit.CLEAN, done.output
    assert described(local) == before


def plans_of(terminal: Terminal) -> list[Path]:
    return sorted(Path(terminal.path("goal.yaml.campaign"), "plans").glob("*.json"))


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_plan_whose_journal_is_lost_is_named_and_earlier_ones_wait_for_it(
    local: LocalAws, terminal: Terminal, lost: int
) -> None:
    before = described(local)
    for number in range(4):
        day(terminal, number)
    changed, plan = described(local), plans_of(terminal)[lost]
    plan.with_name(f"{plan.name}.journal").unlink()
    done = roll_back(terminal)
    assert done.return_value == Exit.FINDINGS, done.output
    # before somebody is asked, and at the end
    assert done.output.count(f"There is no journal `{plan}.journal`") == 2
    assert (described(local) == changed) is (lost == 3), "later plans are undone"

    again = shlex.split(done.output.rpartition("Next: sekisho ")[2].replace("\\\n", " "))
    assert again[1:3] == [str(plan), "--by-account"], "not by the account where a journal is there"
    done = terminal.run(*again)
    assert done.return_value == Exit.CLEAN, done.output
    assert roll_back(terminal).return_value == Exit.CLEAN
    assert described(local) == before


def test_a_lost_journal_is_in_the_way_of_the_people_of_its_plan_alone(
    local: LocalAws, terminal: Terminal
) -> None:
    for number in range(4):
        day(terminal, number)
    *_, last = plans_of(terminal)
    last.with_name(f"{last.name}.journal").unlink()
    for user, code in (("taro", Exit.FINDINGS), ("hanako", Exit.CLEAN)):
        done = roll_back(terminal, "--user", user)
        assert done.return_value == code, done.output
        assert ("membership Enforced taro" in done.output) is (user == "taro")
        assert ("no journal" in done.output) is (user == "taro")


@pytest.mark.parametrize("lost", ["journal", "plan"])
def test_what_was_never_applied_or_is_in_its_journal_is_missed_by_nobody(
    local: LocalAws, terminal: Terminal, lost: str
) -> None:
    """A run that is refused leaves a plan without a journal, and the next one makes it again."""
    before = described(local)
    for number in range(4):
        day(terminal, number)
    first, second, *_ = plans_of(terminal)
    if lost == "journal":
        # the same plan again, as if it had been refused the day before
        first.with_name(first.name.replace("-01.", "-00.")).write_text(first.read_text("utf-8"))
        second.with_name(second.name.replace("-02.", "-01a.")).write_text(second.read_text("utf-8"))
    else:
        second.unlink()
        # in a folder of one's own there are other files, too
        Path(terminal.path("goal.yaml.campaign"), "policy.json").write_text("{}", "utf-8")
    done = roll_back(terminal)
    assert done.return_value == Exit.CLEAN, done.output
    assert described(local) == before


def test_a_journal_that_made_room_is_taken_back_after_the_one_that_came(
    local: LocalAws, terminal: Terminal
) -> None:
    before = described(local)
    goal = "policy: {preset: first-login}\nwho: [{user: %s}]\nbreakGlass: [glass]\n"
    path = terminal.path("plans/plan.json")
    Path(path).parent.mkdir()
    for name in ("hanako", "yuki"):
        terminal.run(
            "plan", terminal.write("g.yaml", goal % name), "--mfa", "--out", path, "--force"
        )
        done = terminal.run("apply", path, "--yes")
        assert done.return_value == Exit.CLEAN, done.output
    assert len([*Path(path).parent.glob("*.journal.*Z")]) == 1
    assert described(local) != before
    done = terminal.run("rollback", str(Path(path).parent), "--yes")
    assert done.return_value == Exit.CLEAN, done.output
    assert described(local) == before


@pytest.mark.parametrize("applied", [True, False])
def test_a_plan_of_another_account_is_named_if_it_was_applied(
    local: LocalAws, terminal: Terminal, applied: bool
) -> None:
    """And one that was only saved is in nobody's way, nor is what cannot be read."""
    before = described(local)
    day(terminal, 1)
    (plan,) = plans_of(terminal)
    changed = described(local)
    content = json.loads(plan.read_text("utf-8").replace(ACCOUNT, "999900001111"))
    del content["digest"]
    other = plan.with_name("0000-00-00-01.json")
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode("ascii")).hexdigest()
    other.write_text(json.dumps({**content, "digest": digest}), "utf-8")
    if applied:
        journal = plan.with_name(f"{plan.name}.journal").read_text("utf-8")
        own = json.loads(plan.read_text("utf-8"))["digest"]
        other.with_name(f"{other.name}.journal").write_text(journal.replace(own, digest), "utf-8")
        refused = roll_back(terminal).exception
        assert isinstance(refused, PlanRefused)
        assert refused.at == str(other)
        assert "999900001111" in str(refused)
        assert described(local) == changed
        return
    torn = plan.with_name("9999-00-00-01.json")
    torn.write_text(plan.read_text("utf-8")[:-9], "utf-8")
    done = roll_back(terminal)
    assert done.return_value == Exit.FINDINGS, done.output
    assert f"There is no journal `{torn}.journal`, and its plan cannot be read" in done.output
    assert described(local) == before


def test_a_draft_is_not_the_reason_for_what_somebody_else_has_done(
    local: LocalAws, terminal: Terminal
) -> None:
    """The plan in the way is shown with what it may have changed; other plans keep to journals."""
    folder = Path(terminal.path("mine"))
    folder.mkdir()
    goal = "policy: {preset: first-login}\nwho: [%s]\nbreakGlass: [glass]\n"
    for name, who in (("a", "{user: hanako}"), ("z", "{user: hanako}, {user: yuki}")):
        path = terminal.write("g.yaml", goal % who)
        done = terminal.run("plan", path, "--mfa", "--out", str(folder / f"{name}.json"))
        assert done.exception is None, done.output
    assert terminal.run("apply", str(folder / "a.json"), "--yes").return_value == Exit.CLEAN
    enforcing = of_user(described(local), "hanako")["AttachedManagedPolicies"][-1]["PolicyArn"]
    iam_of(local).attach_user_policy(UserName="yuki", PolicyArn=enforcing)
    changed = described(local)
    done = terminal.run("rollback", str(folder), "--yes")
    assert done.return_value == Exit.FINDINGS, done.output
    assert "Changes that the plan may have made: 1" in done.output
    assert "If that plan was never applied, move its file out of the folder." in done.output
    assert f"Next: sekisho rollback {folder}/z.json --by-account" in " ".join(
        done.output.replace("\\\n", " ").split()
    )
    assert described(local) == changed
    (folder / "z.json").rename(terminal.path("z.json"))
    done = terminal.run("rollback", str(folder), "--yes", "--by-account")
    assert enforcing in str(of_user(described(local), "yuki")), "by hand, and the journal is whole"


def test_a_lost_journal_of_a_reset_is_not_called_unapplied(
    local: LocalAws, terminal: Terminal
) -> None:
    """The account does not show that a password was replaced, or that sessions were ended."""
    path = terminal.path("reset.json")
    done = terminal.run("reset", "yuki", "--mfa", "--out", path)
    assert done.exception is None, done.output
    for words in ((), ("--by-account",)):
        done = terminal.run("rollback", path, "--yes", *words)
        assert done.return_value == Exit.FINDINGS, done.output
        assert "has not been applied" not in done.output
        assert "password yuki" in done.output


def test_a_person_of_whom_no_plan_knows_is_an_error(local: LocalAws, terminal: Terminal) -> None:
    day(terminal, 1)
    refused = roll_back(terminal, "--user", "hanoko")
    assert refused.exception is not None
    assert "`hanoko`" in str(refused.exception)


@pytest.mark.parametrize("words", [(), ("--user", "hana")], ids=str)
def test_who_was_renamed_is_taken_back_as_well(
    local: LocalAws, terminal: Terminal, words: tuple[str, ...]
) -> None:
    """Plans have the names of their day: AWS knows the user by the present one alone."""
    before, iam = described(local), iam_of(local)
    for number in range(2):
        day(terminal, number)
    iam.update_user(UserName="hanako", NewUserName="hana")
    day(terminal, 3)
    done = roll_back(terminal, *words)
    assert done.return_value == Exit.CLEAN, done.output
    assert "hanako → hana" in done.output
    # as it was before, but for what it is called
    after = described(local)
    hana = {**of_user(after, "hana"), "UserName": "hanako"}
    was = of_user(before, "hanako")
    assert {**hana, "Arn": was["Arn"]} == was
    if not words:
        assert after["Policies"] == before["Policies"]
    again = roll_back(terminal, *words)
    assert again.return_value == Exit.CLEAN, again.output
