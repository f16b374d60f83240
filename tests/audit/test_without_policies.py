"""A file without what AWS's policies say: said once, and passed by nobody whom it is about.

Reads `cli.rollout.plan_text` itself: the plan of this account is made of a snapshot and not by the
command.
"""

import re
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from audit.small_accounts import to_html, to_text
from sekisho.account import Snapshot, open_account, unread_policies
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import AccountReport, audit_account
from sekisho.documents.report import report_text
from sekisho.messages import Language
from sekisho.policy import Preset, choices_of, force_mfa
from sekisho.prover import Enforced
from sekisho.rollout import Goal, PlanCaller, PolicyGoal, SafetyVerdict, plan, plan_report

AWS = "arn:aws:iam::aws:policy/"
COUNTS = {"AdministratorAccess": 2, "PowerUserAccess": 4, "ReadOnlyAccess": 5}


@pytest.fixture(scope="module")
def company() -> Snapshot:
    path = str(files("sekisho.localaws") / "data" / "company.json")
    return open_account(path, as_of=datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture(scope="module")
def report(company: Snapshot) -> AccountReport:
    return audit_account(company, Exceptions(), version="0")


def test_it_is_known_which_policies_of_how_many_users(company: Snapshot) -> None:
    unread = unread_policies(company)
    assert {arn: len(users) for arn, users in unread.items()} == {
        AWS + name: count for name, count in COUNTS.items()
    }
    assert not {"deploy-bot"} & {name for names in unread.values() for name in names}


@pytest.mark.parametrize("lang", list(Language))
def test_it_is_said_once_with_the_fix(report: AccountReport, lang: Language) -> None:
    page = re.sub(r"</?code>", "`", to_html(report, lang))
    for text in (to_text(report, lang), page):
        (line,) = [each for each in text.splitlines() if f"{AWS}ReadOnlyAccess` (5)" in each]
        assert "11" in line
        assert "sekisho collect" in line
    names = "aoi.watanabe, haruka.kato, ren.yamamoto, sora.ito, yui.nakamura"
    assert to_text(report, lang).count(names) >= 1


def test_each_user_stays_unknown(report: AccountReport) -> None:
    enforcements = {row.user.name: row.enforcement.enforced for row in report.rows}
    assert enforcements.pop("deploy-bot") is Enforced.REFUTED
    assert set(enforcements.values()) == {Enforced.UNKNOWN}


def test_a_plan_says_it_once_and_proves_nothing_by_it(
    company: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    users = tuple(user.name for user in company.users if user.password)
    goal = Goal(PolicyGoal("Force_MFA", force_mfa(choices_of(Preset.RECOMMENDED))), users=users)
    caller = PlanCaller("arn:aws:iam::111122223333:user/yuki.tanaka", mfa=True)
    made = plan(goal, company, caller)
    (note,) = [note for note in made.reasons if note.text.en.count("GetPolicy ")]
    assert {*note.names} == {name for names in unread_policies(company).values() for name in names}
    verdicts = {proof.id: proof.verdict for proof in made.proofs}
    assert verdicts.pop("break-glass-untouched") is SafetyVerdict.NOBODY
    assert set(verdicts.values()) == {SafetyVerdict.UNKNOWN}
    lines = [
        line
        for line in report_text(plan_report(made), Language.EN).splitlines()
        if "ReadOnlyAccess` was not" in line
    ]
    proofs = [line for line in lines if "aoi.watanabe, haruka.kato" in line]
    assert len(proofs) == len(["enforcement", "everyone-gets-in"])
