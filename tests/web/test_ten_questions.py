"""What an administrator asks on a Monday: each answer is two clicks from the overview, or fewer.

Links are followed and forms are sent without a browser, so that it costs no more than the pages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from rollout.staging import ADMIN, FULL, NOW, account, device, user, with_user
from sekisho.account import AccessKey, Password, SnapshotApi
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.messages import Language
from sekisho.policy import Preset, choices_of, force_mfa, render
from sekisho.rollout import goal_of, plan, read_goal, read_plan, waves_of
from sekisho.web.site import text
from sekisho.web.workbench import Material, PlanInView, workbench_site
from web.test_workbench import BASE, OPEN

GOAL = """\
group: Enforced
waves:
  - name: pilot
    who: [{user: admin}]
  - name: everybody
    from: 2099-02-01
    who: [{user: hanako}]
breakGlass: [glass]
"""
ADMIN_WITH_KEY = user(
    "admin",
    attached=(FULL,),
    devices=(device("admin"),),
    password=Password(),
    keys=(AccessKey("AKIAADMIN", active=True),),
)
KEY = AccessKey("AKIAMACHINE", active=True, last_used=NOW - timedelta(days=1), last_service="s3")
MACHINE = user("machine", attached=(FULL,), keys=(KEY,))
FORCE_MFA = render(force_mfa(choices_of(Preset.RECOMMENDED)))
DENIED = (
    "User: arn:aws:iam::123456789012:user/dev/hanako is not authorized to perform: iam:ListUsers "
    "on resource: * with an explicit deny in an identity-based policy"
)
NEXT = "sekisho apply plan.json"


@dataclass
class Visitor:
    """Somebody who begins at the overview, and counts the clicks.

    Attributes:
        shown: the page that is before them.
    """

    client: FlaskClient
    language: Language
    shown: str = ""
    clicks: int = 0
    _headers: Mapping[str, str] = field(default_factory=lambda: {"Origin": BASE["base_url"]})

    def __post_init__(self) -> None:
        self._open("/")

    def _open(self, path: str) -> None:
        answer = self.client.get(path, **BASE)
        assert answer.status_code == 200, path
        self.shown = answer.get_data(as_text=True)
        # what the script fetches costs no click
        if waits := re.search(r'data-waits="([^"]+)"', self.shown):
            self._open(unescape(waits[1]))

    def click(self, words: str) -> None:
        """Follow the first link with these words, a word of the table `web` or a name."""
        said = words if " " in words or "." not in words else text(words).into(self.language)
        links = re.findall(r'<a [^>]*?href="([^"#]+)"[^>]*>(.*?)</a>', self.shown, re.DOTALL)
        found = [path for path, inner in links if plain(inner) == said]
        assert found, (said, [plain(inner) for _, inner in links])
        self.clicks += 1
        self._open(unescape(found[0]))

    def search(self, words: str) -> None:
        """Look for something with the form that is on top of every page."""
        assert re.search(
            r'<form [^>]*action="/users"[^>]*>\s*<input type="search" name="q"', self.shown
        )
        self.clicks += 1
        self._open(f"/users?{urlencode({'q': words})}")

    def send(self, path: str, **fields: str) -> None:
        """Fill in the form of this address, and send it."""
        form = next(
            each
            for each in re.findall(r"<form.*?</form>", self.shown, re.DOTALL)
            if f'action="{path}"' in each and "method" in each
        )
        hidden = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', form))
        assert all(f'name="{name}"' in form for name in fields)
        led = self.client.post(path, data={**hidden, **fields}, headers=self._headers, **BASE)
        self.clicks += 1
        self._open(led.headers["Location"])

    def reads(self, *sentences: str) -> bool:
        """Tell whether that is on the page, and it took two clicks at most."""
        page = plain(self.shown)
        return self.clicks <= 2 and all(each in page for each in sentences)


def plain(markup: str) -> str:
    """Return what a piece of a page says."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", markup)).split())


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("questions")
    snapshot = with_user(with_user(account(), ADMIN_WITH_KEY), MACHINE)
    (folder / "goal.yaml").write_text(GOAL, encoding="utf-8")
    goal = goal_of(read_goal(str(folder / "goal.yaml")), "goal.yaml", snapshot, Exceptions())
    (folder / "plan.json").write_text(plan(goal, snapshot, ADMIN).to_json(), encoding="utf-8")
    waves = tuple(waves_of(goal, snapshot))
    file = read_plan(folder / "plan.json")
    viewed = PlanInView.of("plan.json", file, SnapshotApi(snapshot), waves, "goal.yaml")
    report = audit_account(snapshot, Exceptions(), version="1")
    return Material(report, "--snapshot account.json", viewed, next_step=NEXT)


@pytest.fixture(params=list(Language))
def visitor(material: Material, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    site = workbench_site(material, request.param)
    site.bind("localhost:1", "127.0.0.1:1")
    return Visitor(site.app.test_client(), request.param)


EN, JA = Language.EN, Language.JA


def said(visitor: Visitor, en: str, ja: str) -> str:
    return {EN: en, JA: ja}[visitor.language]


def test_who_is_not_enforced_and_why(visitor: Visitor) -> None:
    # the number on the overview is the link
    visitor.click(said(visitor, "no 4", "いいえ 4"))
    assert visitor.reads("hanako", said(visitor, "MFA enforced from", "2099-02-01 から MFA 必須"))
    why = said(visitor, "A break-glass user: no policy of theirs changes.", "緊急用ユーザーのため")
    assert visitor.reads("glass", why)


def test_which_machine_uses_this_key(visitor: Visitor) -> None:
    visitor.search(KEY.id)
    assert visitor.reads(
        f"machine {said(visitor, 'not affected', '影響なし')}", KEY.id, "2026-11-23"
    )
    assert not visitor.reads("hanako")


def test_who_breaks_if_i_apply(visitor: Visitor) -> None:
    visitor.click("workbench.plan.title")
    stops = said(
        visitor, "Access keys of these users work without MFA", "アクセスキーは、今は MFA なし"
    )
    assert visitor.reads(stops, "admin")


def test_what_next(visitor: Visitor) -> None:
    assert visitor.reads(said(visitor, "Next command", "次のコマンド"), NEXT)


def test_is_this_policy_right(visitor: Visitor) -> None:
    visitor.click("workbench.policy.title")
    visitor.send("/policy", document=FORCE_MFA)
    proved = said(
        visitor,
        "MFA is enforced. This is proved for every request.",
        "MFA は強制されています。すべてのリクエストについて証明済みです。",
    )
    assert visitor.reads(proved)


def test_is_this_policy_of_the_account_right(visitor: Visitor) -> None:
    visitor.click("workbench.policy.title")
    visitor.click(FULL.rpartition("/")[2])
    refuted = said(
        visitor, "This request passes without MFA:", "次のリクエストが MFA なしで通ります:"
    )
    assert visitor.reads(refuted)


def test_what_is_different_between_these_two(visitor: Visitor) -> None:
    visitor.click("workbench.difference.title")
    visitor.send("/difference", old=OPEN, new=OPEN.replace("s3:*", "s3:GetObject"))
    only = said(visitor, "Only A allows", "A だけが許可するもの")
    assert visitor.reads(
        only, said(visitor, "Only B allows nothing", "B だけが許可するもの ありません")
    )


def test_when_is_wave_2(visitor: Visitor) -> None:
    visitor.click("workbench.plan.title")
    assert visitor.reads(said(visitor, "everybody from 2099-02-01", "everybody 2099-02-01 から"))


def test_what_did_this_error_mean(visitor: Visitor) -> None:
    visitor.click("workbench.error.title")
    visitor.send("/error", text=DENIED)
    about = said(visitor, "The user of this account: hanako", "このアカウントのユーザー: hanako")
    cause = said(visitor, "there is no MFA in this session", "このセッションに MFA がありません")
    assert visitor.reads(about, cause)


def test_what_do_i_tell_this_user(visitor: Visitor) -> None:
    visitor.click("workbench.notices.title")
    assert visitor.reads(said(visitor, "Hello hanako,", "hanako さん"))


def test_what_do_i_show_the_auditor(visitor: Visitor) -> None:
    visitor.click("workbench.sheet.title")
    assert visitor.reads(
        said(visitor, "MFA audit of account 123456789012", "アカウント 123456789012 の MFA 監査"),
        said(visitor, "Files that were read (SHA-256)", "読み取ったファイル (SHA-256)"),
    )
