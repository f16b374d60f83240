"""The workbench: every view as a page and as JSON, with names that want to break out of it.

Reads `web.workbench` itself, to make its process for long proofs fail, and its limits small.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from accessibility import axe_faults, typing_faults
from in_process import sekisho
from rollout.staging import (
    ADMIN,
    NOW,
    account,
    device,
    enforcement,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho import policy
from sekisho.account import (
    NOT_READ,
    AccessKey,
    Gap,
    Password,
    Snapshot,
    SnapshotApi,
    save_snapshot,
    user_ref,
)
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.impact import ImpactKind
from sekisho.audit.report import account_document, audit_account, headline
from sekisho.errors import AwsRefused, InternalError, PlanRefused, UsageError
from sekisho.messages import Language, Message, verbatim
from sekisho.policy import Preset, to_json
from sekisho.rollout import (
    ChangeStatus,
    Goal,
    GroupGoal,
    PlanFile,
    PlannedImpact,
    forecast,
    plan,
    read_plan,
)
from sekisho.web import WebServer
from sekisho.web.site import text
from sekisho.web.workbench import (
    Material,
    PlanInView,
    findings,
    policies,
    subprocess_worker,
    workbench_site,
)
from sekisho.web.workbench.plan import Moment, placed_moments, ticks
from web_people import press

SCRIPT = "<script>alert(1)</script>"
TURNED = "abc\u202egnp.exe"
LONG = "n" * 64
HOSTILE = (SCRIPT, TURNED, LONG, "{{ 7*7 }}", '"><img src=x onerror=alert(1)>')
FORCE_MFA = policy.render(policy.force_mfa(policy.choices_of(Preset.RECOMMENDED)))
SAMPLE = policy.render(policy.force_mfa(policy.choices_of(Preset.AWS)))
OPEN = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
)
ALLOWED = OPEN.replace("s3:*", "*")
DENIES = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "NotAction": "iam:GetUser", '
    '"Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}}'
)
EXCEPTED = """\
schema: sekisho.exceptions/1
exceptions:
  - user: machine
    kind: machine
    why: no role yet
    owner: Operations
    approvedBy: A. Approver
    expires: 2027-03-31
    ticket: SEC-9
"""
SEARCHED = 120_000
"""Milliseconds for a proof, or the search of scenarios, on a busy machine."""
BASE = {"base_url": "http://localhost:1"}


def hostile_account() -> Snapshot:
    """Return an account whose users are called what no page must obey."""
    found = account()
    for number, name in enumerate(HOSTILE):
        key = AccessKey(f"AKIA{SCRIPT}{number}", active=True)
        about: dict[str, Any] = {"tags": {SCRIPT: TURNED}, "groups": ("Developers",)}
        if number % 2:
            about["password"] = Password(created_at=NOW)
        found = with_user(found, user(name, keys=(key,), **about))
    gap = Gap("ListMFADevices", user_ref("hanako"), verbatim(SCRIPT), "AccessDenied")
    return replace(found, gaps=(gap,), alias=SCRIPT)


@dataclass(frozen=True)
class Bench:
    """A workbench, its files, and a client with a cookie."""

    material: Material
    client: FlaskClient
    snapshot: Path
    plan: Path

    def get(self, path: str, **query: str) -> tuple[int, str]:
        asked = f"{path}?{urlencode(query)}" if query else path
        answer = self.client.get(asked, **BASE)
        return answer.status_code, answer.get_data(as_text=True)

    def json(self, path: str, **query: str) -> Any:
        status, text = self.get(path, **query, format="json")
        assert status == 200
        return json.loads(text)

    def send(self, path: str, **fields: str) -> tuple[int, str]:
        _, page = self.get(path)
        (csrf,) = {*re.findall(r'name="csrf" value="([^"]+)"', page)}
        headers = {"Origin": "http://localhost:1"}
        sent = {"csrf": csrf, "once": "", **fields}
        led = self.client.post(path, data=sent, headers=headers, **BASE)
        assert led.status_code == 303
        return self.get(led.headers["Location"])


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages wait for their answers, as they do when they are asked to."""
    monkeypatch.setattr(subprocess_worker, "PATIENCE", 60)


def goal() -> Goal:
    return Goal(policy_goal(), group=GroupGoal("Enforced", ("hanako", "machine", *HOSTILE)))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("workbench")
    snapshot = hostile_account()
    made = plan(goal(), snapshot, ADMIN)
    (folder / "plan.json").write_text(made.to_json(), encoding="utf-8")
    save_snapshot(snapshot, folder / "account.json")
    file = read_plan(folder / "plan.json")
    viewed = PlanInView.of("plan.json", file, SnapshotApi(snapshot))
    report = audit_account(snapshot, Exceptions(), version="0.1.0")
    after = "sekisho plan --all-users --snapshot account.json --out plan.json"
    material = Material(report, "--snapshot account.json", viewed, next_step=after)
    site = workbench_site(material)
    site.bind("localhost:1", "127.0.0.1:1")
    client = site.app.test_client()
    return Bench(material, client, folder / "account.json", folder / "plan.json")


PAGES = [
    "/",
    "/users",
    "/findings",
    "/plan",
    "/sheet",
    "/policy",
    "/difference",
    "/scenarios",
    "/error",
]


def harmless(page: str) -> bool:
    """Tell whether nothing of the account has become markup, or turns text round."""
    scripts = re.findall(r"<script\b[^>]*>", page)
    return (
        all(re.search(r'\bsrc="/static/', each) for each in scripts)
        and "<img" not in page
        and "\u202e" not in page
        and "49" not in re.findall(r"<h1>(.*?)</h1>", page)
        and not re.search(r"\sstyle=|\son[a-z]+=\"", re.sub(r"&[a-z#0-9]+;", "", page))
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_view_obeys_no_name_and_is_json_as_well(bench: Bench, path: str) -> None:
    status, page = bench.get(path)
    assert status == 200
    assert harmless(page)
    assert "never changes an account" in page
    bench.json(path)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_user_of_any_name_has_a_page_and_scenarios(bench: Bench, name: str) -> None:
    shown = name.replace("\u202e", "\\u202e")
    # the scenarios of one take a second
    for path in ("/user", "/scenarios") if name == TURNED else ("/user",):
        status, page = bench.get(path, **{"name" if path == "/user" else "user": name})
        assert status == 200
        assert harmless(page)
        assert shown in unescape(page)
    assert bench.json("/user", name=name)["user"] == name
    assert urlencode({"name": name}) in unescape(bench.get("/users", q=name)[1])


def test_every_text_of_a_template_is_there() -> None:
    """A text that is missing would show only where the template comes to it."""
    asked = re.compile(r"\bt\(\s*'([a-z_.]+)'(?!\s*~)")
    folder = Path(policies.__file__).parents[1]
    for path in folder.rglob("*.html"):
        for key in asked.findall(path.read_text(encoding="utf-8")):
            text(key)


def test_who_is_not_there_has_no_page(bench: Bench) -> None:
    for path, query in (
        ("/user", {"name": "nobody"}),
        ("/scenarios", {"user": "nobody"}),
        ("/policy", {"arn": "arn:aws:iam::aws:policy/None"}),
    ):
        assert bench.get(path, **query)[0] == 404


def command(*arguments: str, cwd: Path) -> Any:
    """Return what a command prints as JSON, run where the files are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        done = sekisho(*arguments, "--format", "json")
    return json.loads(done.stdout)


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: each for key, each in value.items() if key not in keys}


def test_the_account_is_what_audit_prints(bench: Bench) -> None:
    printed = command("audit", "--snapshot", "account.json", cwd=bench.snapshot.parent)
    people = {each["user"]: each for each in bench.json("/users")["users"]}
    audited = {
        each["user"]: without(people[each["user"]], "outcome", "why") for each in printed["users"]
    }
    assert [*audited.values()] == printed["users"]
    assert len(people) == len(audited)
    assert bench.json("/findings")["findings"] == printed["findings"]
    assert bench.json("/")["coverage"] == printed["coverage"]


def test_a_page_that_is_not_there_is_said_in_the_reader_s_language(bench: Bench) -> None:
    site = workbench_site(bench.material, Language.JA)
    site.bind("localhost:1", "127.0.0.1:1")
    page = site.app.test_client().get("/nowhere", **BASE).get_data(as_text=True)
    title = text("refused.title").into(Language.JA)
    assert f"<title>{title} - " in page


@pytest.mark.parametrize("text", [FORCE_MFA, SAMPLE.replace("BoolIfExists", "Bool"), OPEN])
def test_a_policy_is_examined_as_the_commands_do(bench: Bench, text: str, tmp_path: Path) -> None:
    (tmp_path / "policy").write_text(text, encoding="utf-8")
    status, found = bench.send("/policy", document=text, format="json")
    assert status == 200
    answer = json.loads(found)
    assert answer["lint"] == command("policy", "lint", "policy", cwd=tmp_path)
    assert answer["summary"] == command("policy", "summary", "policy", cwd=tmp_path)
    parts = ("enforcement", "nothing-lost", "own-things")
    only = [each for part in parts for each in ("--only", part)]
    proved = command("prove", "policy", "policy", *only, cwd=tmp_path)
    # each is asked about its own present
    assert strip_times(without(answer["prove"], "asOf")) == strip_times(without(proved, "asOf"))
    status, page = bench.send("/policy", document=text)
    assert status == 200
    refuted = any(each["verdict"] == "Refuted" for each in proved["questions"] if each["counts"])
    assert ('class="mark bad"' in page) == refuted


def strip_times(value: Any) -> Any:
    """Return JSON without points in time: two runs are not at the same one."""
    text = json.dumps(value)
    return json.loads(re.sub(r"20\d\d-\d\d-\d\dT[0-9:.+Z]+|\b1[78]\d{8}\b", "TIME", text))


def test_two_policies_are_compared_as_the_command_does(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "old").write_text(FORCE_MFA, encoding="utf-8")
    (tmp_path / "new").write_text(SAMPLE, encoding="utf-8")
    printed = command("policy", "diff", "old", "new", cwd=tmp_path)
    _, found = bench.send("/difference", old=FORCE_MFA, new=SAMPLE, format="json")
    assert strip_times(json.loads(found)) == strip_times(printed)
    _, page = bench.send("/difference", old=FORCE_MFA, new=SAMPLE)
    assert "iam:GetAccountPasswordPolicy" in page
    _, same = bench.send("/difference", old=SAMPLE, new=SAMPLE)
    assert same.count('class="mark good">nothing') == 2
    # policies that only deny differ for who may do everything else
    lax, strict = (DENIES.replace("BoolIfExists", each) for each in ("Bool", "BoolIfExists"))
    for name, document in (("old", strict), ("new", lax), ("everything", ALLOWED)):
        (tmp_path / name).write_text(document, encoding="utf-8")
    _, alone = bench.send("/difference", old=strict, new=lax)
    assert "Neither policy allows anything" in alone
    asked = {"old": strict, "new": lax, "beside": "yes"}
    printed = command("policy", "diff", "old", "new", "--with-both", "everything", cwd=tmp_path)
    _, found = bench.send("/difference", **asked, format="json")
    assert strip_times(json.loads(found)) == strip_times(printed)
    _, page = bench.send("/difference", **asked)
    assert "Neither policy" not in page
    assert page.count('class="mark good">nothing') == 1


def test_scenarios_are_what_prove_prints(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "policy").write_text(SAMPLE, encoding="utf-8")
    printed = command("prove", "policy", "policy", "--only", "people", cwd=tmp_path)
    _, found = bench.send("/scenarios", document=SAMPLE, format="json")
    assert json.loads(found)["people"] == printed["people"]
    of_user = ("prove", "user", "hanako", "--snapshot", "account.json", "--only", "people")
    printed = command(*of_user, cwd=bench.snapshot.parent)
    assert bench.json("/scenarios", user="hanako") == printed
    # the sample locks a new user out at the page that asks for a new password
    _, page = bench.send("/scenarios", document=SAMPLE)
    first = page.partition('class="scenario bad"')[2].partition("</article>")[0]
    assert "new-user" in first
    assert first.count("<li") == 3
    assert 'class="refused"' in first


def test_what_was_put_in_is_kept_for_this_browser_and_no_other(bench: Bench) -> None:
    _, found = bench.send("/error", text=SCRIPT, format="json")
    assert json.loads(found) is not None
    _, page = bench.get("/error")
    (csrf,) = {*re.findall(r'name="csrf" value="([^"]+)"', page)}
    sent = {"csrf": csrf, "once": "", "text": "AccessDenied"}
    headers = {"Origin": "http://localhost:1"}
    led = bench.client.post("/error", data=sent, headers=headers, **BASE).headers["Location"]
    assert "AccessDenied" not in led
    # another language shows the same
    assert f'value="{led}"' in bench.get(led)[1]
    stranger = Bench(bench.material, bench.client.application.test_client(), Path(), Path())
    status, empty = stranger.get(led)
    assert status == 404
    assert "no longer kept" in empty
    assert "AccessDenied</textarea>" not in empty


def test_a_form_that_one_came_back_to_is_about_what_is_in_it_now(bench: Bench) -> None:
    _, page = bench.get("/error")
    secrets = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', page))
    headers = {"Origin": "http://localhost:1"}
    led = [
        bench.client.post("/error", data={**secrets, "text": each}, headers=headers, **BASE)
        for each in ("AccessDenied", "MalformedPolicyDocument", "AccessDenied")
    ]
    first, second, again = (each.headers["Location"] for each in led)
    assert first == again != second


def test_an_error_is_explained_as_the_command_does(bench: Bench, tmp_path: Path) -> None:
    text = "エンティティは既に存在しています"
    _, found = bench.send("/error", text=text, format="json")
    assert json.loads(found) == command("explain", "--lang", "en", text, cwd=tmp_path)
    status, page = bench.send("/error", text=f"{SCRIPT} {TURNED} no such thing at all")
    assert status == 200
    assert "This error is not known here." in page
    status, page = bench.send("/error", text="x" * 140_000)
    assert status == 422
    assert "131,072" in page


FAULTY = [
    ("/policy", {"document": "{"}, 422),
    ("/policy", {"document": "[]"}, 422),
    ("/policy", {"document": SCRIPT}, 422),
    ("/policy", {"document": " "}, 200),
    ("/scenarios", {"document": "{"}, 422),
    ("/difference", {"old": "{", "new": OPEN}, 422),
    ("/difference", {"old": OPEN, "new": ""}, 422),
]


@pytest.mark.parametrize(("path", "fields", "wanted"), FAULTY)
def test_what_is_no_policy_is_said_and_not_lost(
    bench: Bench, path: str, fields: dict[str, str], wanted: int
) -> None:
    status, page = bench.send(path, **fields)
    assert status == wanted
    assert ('role="alert"' in page) == (wanted == 422)
    for typed in fields.values():
        assert typed.strip() in unescape(page)
    assert harmless(page)


def long_policy() -> str:
    """Return a policy of more characters than a managed one may have."""
    document = json.loads(FORCE_MFA)
    actions = [f"s3:Get{number:05}*" for number in range(450)]
    document["Statement"].append({"Effect": "Allow", "Action": actions, "Resource": "*"})
    return json.dumps(document)


def test_a_long_policy_is_proved_apart_and_the_same(bench: Bench) -> None:
    text = long_policy()
    assert policy.size(text) > 6144
    _, found = bench.send("/policy", document=text, format="json")
    here = replace(policies.read(text), proved=policies.prove(text)).to_json()
    assert json.loads(found)["prove"]["questions"]
    assert strip_times(json.loads(found)) == strip_times(json.loads(json.dumps(here)))


def test_a_short_policy_has_the_same_limit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """33 statements of 6,000 characters kept every page waiting for a minute."""
    condition = {"StringLike": {"aws:PrincipalTag/x": ["a*1?b*", "a*2?b*"]}}
    statements = [
        {
            "Effect": "Allow" if number % 2 else "Deny",
            "NotAction": f"s3:Get*Object{number}*",
            "Resource": f"arn:aws:s3:::bucket{number}/*",
            "Condition": condition,
        }
        for number in range(30)
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    assert policy.size(text) < 6144
    monkeypatch.setattr(subprocess_worker, "SECONDS", 0.05)
    assert "Not decided within" in bench.send("/policy", document=text)[1]


def test_what_takes_too_long_is_ended_and_left_to_the_command(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(json.loads(long_policy()), indent=1)
    monkeypatch.setattr(subprocess_worker, "SECONDS", 0.05)
    for path, fields, command in (
        ("/policy", {"document": text}, "sekisho prove policy policy.json"),
        ("/scenarios", {"document": text}, "sekisho prove policy policy.json --only people"),
        ("/difference", {"old": text, "new": OPEN}, "sekisho policy diff"),
    ):
        status, page = bench.send(path, **fields)
        assert status == 200
        assert "Not decided within" in page
        assert command in page
    # what needs no proof is there
    assert 'id="lint"' in bench.send("/policy", document=text)[1]


def test_a_page_does_not_wait_for_a_proof_and_has_it_when_asked_to(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = OPEN.replace("s3:*", "sqs:*")
    with monkeypatch.context() as patch:
        patch.setattr(subprocess_worker, "PATIENCE", 0)
        for path, fields in (
            ("/policy", {"document": text}),
            ("/scenarios", {"document": text}),
            ("/difference", {"old": text, "new": OPEN}),
        ):
            status, page = bench.send(path, **fields)
            assert status == 200
            (link,) = re.findall(r'data-waits="([^"]+)"', page)
            assert 'src="/static/waiting.js"' in page
            assert f'href="{link}"' in page
            if path == "/policy":
                assert "MFA is not enforced." not in page
                # what needs no proof is there
                assert 'id="lint"' in page
                _, whole = bench.get(unescape(link))
                assert "MFA is not enforced." in whole
                assert "data-waits" not in whole


def test_who_waits_for_a_proof_keeps_no_other_page_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser's pages are answered one at a time; one that only waits is not among them."""
    others = []

    def worked(*_: object) -> policies.ProvedPolicy:
        others.append(bench.get("/error")[0])
        return policies.ProvedPolicy()

    monkeypatch.setattr(subprocess_worker, "run_in_worker", worked)
    assert bench.send("/policy", document=OPEN.replace("s3:*", "sns:*"))[0] == 200
    assert others == [200]


def test_a_policy_of_aws_is_long_and_still_right(bench: Bench) -> None:
    of_aws, own = (f"arn:aws:iam::{owner}:policy/Long" for owner in ("aws", "111122223333"))
    document, found = json.loads(long_policy()), account()
    long = {
        of_aws: managed(of_aws, document, aws_managed=True),
        own: managed(own, document),
    }
    found = replace(found, policies={**found.policies, **long})
    site = workbench_site(Material(audit_account(found, Exceptions(), version="1"), ""))
    site.bind("localhost:1", "127.0.0.1:1")
    other = Bench(bench.material, site.app.test_client(), Path(), Path())
    _, page = other.get("/policy", arn=of_aws)
    assert "save.size" not in page
    assert "an AWS managed policy" in page
    # the verdict is first
    assert page.index("MFA is enforced.") < page.index('id="refused"') < page.index('id="lint"')
    _, page = other.get("/policy", arn=own)
    refused = page.partition('id="refused"')[2].partition("</section>")[0]
    assert "save.size" in refused


def test_one_process_at_a_time_and_no_fault_is_an_answer() -> None:
    with pytest.raises(InternalError):
        subprocess_worker.run_in_worker(policies.prove, "{")
    with subprocess_worker._PROCESS.lock, pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess_worker, "SECONDS", 0.05)
        with pytest.raises(subprocess_worker.NotDecided):
            subprocess_worker.run_in_worker(policies.prove, OPEN)


def test_the_plan_is_what_its_file_says_and_how_it_stands(bench: Bench) -> None:
    found = bench.json("/plan")
    assert found["plan"] == json.loads(bench.plan.read_text(encoding="utf-8"))
    assert {each["status"] for each in found["status"]["changes"]} == {"waits"}
    _, page = bench.get("/plan")
    # whose devices were not read is neither with nor without one
    unread = page.partition("Unknown:")[2].partition("</p>")[0]
    assert ">hanako<" in unread
    assert escape(SCRIPT) in unread
    assert "sekisho status plan.json" in page
    # changes of one kind are counted, and folded where they are many
    assert "<details>\n<summary><code>AddUserToGroup</code> (7)" in page
    assert "<details open>\n<summary><code>CreateGroup</code> (1)" in page
    # what is checked comes before what becomes of whom, and that before what is done
    assert page.index('id="checks"') < page.index('id="people"') < page.index('id="changes"')
    assert "sekisho rollback" not in page


def test_a_plan_stands_in_a_snapshot_as_in_the_account(bench: Bench, tmp_path: Path) -> None:
    """Applied it is done; changed by somebody else it has drifted."""
    start = account()
    made = plan(goal_of_two(), start, ADMIN)
    (tmp_path / "plan.json").write_text(made.to_json(), encoding="utf-8")
    file = read_plan(tmp_path / "plan.json")
    done = forecast(start, made.changes)
    standing = PlanInView.of("plan.json", file, SnapshotApi(done)).standing
    assert standing is not None
    assert {fact.status for fact in standing.facts} == {ChangeStatus.DONE}
    arn = "arn:aws:iam::111122223333:policy/Force_MFA".replace("111122223333", start.account)
    other = {**done.policies, arn: managed(arn, to_json(enforcement(Preset.AWS)))}
    drifted = PlanInView.of("plan.json", file, SnapshotApi(replace(done, policies=other))).standing
    assert drifted is not None
    assert drifted.addresses(ChangeStatus.DRIFTED) == (f"policy {arn}",)


def waves_on_page(plan_file: PlanFile) -> tuple[list[str], str]:
    """Return what the time line says of each wave, and the page."""
    viewed = PlanInView.of("plan.json", plan_file, SnapshotApi(account()))
    site = workbench_site(Material(audit_account(account(), Exceptions(), version="1"), "", viewed))
    site.bind("localhost:1", "127.0.0.1:1")
    page = site.app.test_client().get("/plan", **BASE).get_data(as_text=True)
    lines = re.findall(r'class="bar line">\s*<figcaption>(.*?)</figcaption>', page)
    return [re.sub(r"<[^>]+>", "", each).strip() for each in lines], page


def test_without_a_goal_the_time_line_has_the_days_of_the_plan(tmp_path: Path) -> None:
    """A wave that the plan acts on has no day in it; one that all are left out of has no bar."""
    made = plan(goal_of_two(), account(), ADMIN)
    told = ImpactKind.WAITS_FOR_WAVE
    day = Message("Waits for {until}.")

    def shown(*people: PlannedImpact) -> tuple[list[str], str]:
        path = tmp_path / "plan.json"
        path.write_text(replace(made, people=people).to_json(), encoding="utf-8")
        return waves_on_page(read_plan(path))

    enrolled = PlannedImpact("hanako", ImpactKind.MUST_ENROL, Message("Enrols."), "pilot")
    late = PlannedImpact("machine", told, day.filled(until="2027-03-01"), "late")
    soon = PlannedImpact("other", told, day.filled(until="2027-02-01"), SCRIPT)
    out = PlannedImpact("out", ImpactKind.LEFT_OUT, Message("Left out."), "none")
    lines, page = shown(enrolled, late, soon, out)
    assert [line.partition(":")[0] for line in lines] == [
        f"pilot in this plan of {made.snapshot_at.date()}",
        f"{escape(SCRIPT)} from 2027-02-01",
        "late from 2027-03-01",
    ]
    assert '<span class="option">--goal</span> FILE' in page
    assert harmless(page)
    lines, page = shown(replace(late, text=Message("Waits for 2027-99-99.")))
    assert lines == []
    assert "has no dates of its waves" in page


def test_the_days_of_the_axis_have_room_for_their_texts() -> None:
    days = [date(2027, 1, 1), date(2027, 1, 3), date(2027, 3, 1)]
    moments = [Moment(each.isoformat(), each, "waits", 1) for each in days]
    found = [*ticks(placed_moments(moments, date(2027, 1, 2)), date(2027, 1, 2))]
    assert [(each.day, each.anchor) for each in found] == [(days[0], "start"), (days[2], "middle")]
    assert found[1].place == pytest.approx(80)


def goal_of_two() -> Goal:
    return Goal(policy_goal(), group=GroupGoal("Enforced", ("hanako", "machine")))


def test_what_a_snapshot_does_not_have_is_never_none() -> None:
    unread = Gap("ListMFADevices", user_ref("hanako"), Message("not read"), "AccessDenied")
    api = SnapshotApi(replace(account(), gaps=(unread,)))
    asked: list[tuple[str, dict[str, str], str]] = [
        ("ListMFADevices", {"UserName": "hanako"}, "AccessDenied"),
        ("GetUser", {"UserName": "nobody"}, "NoSuchEntity"),
        ("GetLoginProfile", {"UserName": "machine"}, "NoSuchEntity"),
        ("GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, NOT_READ),
        ("DeleteUser", {"UserName": "hanako"}, NOT_READ),
    ]
    for operation, params, code in asked:
        with pytest.raises(AwsRefused) as refused:
            api.call("iam", operation, **params)
        assert refused.value.aws_code == code


def test_the_way_in_is_shown_step_by_step(bench: Bench) -> None:
    """Who has no device enrols first; a temporary password is in the way of AWS's sample."""
    start = with_user(account(), user("new", password=Password(reset_required=True)))
    start = with_user(start, user("ready", password=Password(), devices=(device("ready"),)))
    site = workbench_site(Material(audit_account(start, Exceptions(), version="1"), ""))
    site.bind("localhost:1", "127.0.0.1:1")
    client = site.app.test_client()

    def steps(name: str) -> list[str]:
        page = client.get(f"/user?name={name}", **BASE).get_data(as_text=True)
        path = page.partition('<ol class="path">')[2].partition("</ol>")[0]
        return re.findall(r"<(?:span|strong)>(.*?)</", path)

    assert [each.partition(",")[0] for each in steps("ready")] == [
        "sign in as the user with the password",
        "enter the MFA code",
        "gets in",
    ]
    new = steps("new")
    assert "set a new password" in new[1]
    assert any("create a virtual MFA device" in each for each in new)
    assert new[-1] == "gets in"
    page = client.get("/user?name=glass", **BASE).get_data(as_text=True)
    assert "and does not sign in" in page


WRONG = [
    (["--port", "70000"], 64, "--port"),
    (["--port", "x"], 64, "--port"),
    (["--plan", "none.json"], 1, "none.json"),
    (["--plan", "account.json"], 1, "account.json"),
    (["--goal", "goal.yaml"], 1, "goal.yaml"),
    (["--exceptions", "none.yaml"], 1, "none.yaml"),
    (["--snapshot", "none.json"], 1, "none.json"),
    (["--profile", "x"], 64, "--snapshot"),
]


@pytest.mark.parametrize(("options", "code", "named"), WRONG)
def test_bad_input_is_refused_before_anything_listens(
    bench: Bench, options: list[str], code: int, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bench.snapshot.parent)
    monkeypatch.setattr(WebServer, "__enter__", lambda _: pytest.fail("it listens"))
    done = sekisho("web", "--snapshot", "account.json", *options)
    assert done.returncode == code
    assert named in done.stderr
    assert len(done.stderr.splitlines()) <= 4


def test_the_overview_has_the_command_that_the_audit_ends_with(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted(material: Material, _: Language) -> None:
        shown.append(material.next_step)
        raise UsageError(verbatim("enough"))

    shown: list[str] = []
    monkeypatch.chdir(bench.snapshot.parent)
    monkeypatch.setattr("sekisho.web.workbench.workbench_site", noted)
    sekisho("web", "--snapshot", "account.json")
    ended = sekisho("audit", "--snapshot", "account.json", COLUMNS="1000").stdout
    assert ended.endswith(f"\nNext: {shown[0]}\n")
    assert bench.material.next_step in unescape(bench.get("/")[1])


def test_a_plan_of_another_account_is_refused(bench: Bench, tmp_path: Path) -> None:
    other = replace(account(), account="999999999999")
    with pytest.raises(PlanRefused):
        PlanInView.of("plan.json", read_plan(bench.plan), SnapshotApi(other))


@pytest.fixture(scope="module")
def address(bench: Bench) -> Iterator[str]:
    taken = replace(bench.material.report.snapshot, taken_at=NOW + timedelta(days=1))
    report = audit_account(taken, Exceptions(), version="0.1.0")
    material = Material(report, "--snapshot account.json", bench.material.plan)
    with WebServer(workbench_site(material)) as server:
        yield server.url


def look_at_people_on_a_wide_screen(page: Page, address: str) -> None:
    """See that people are a table there, and that a command is copied, which is said."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}users?q=hanako")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert axe_faults(page) == []
    page.get_by_role("link", name="hanako").click()
    expect(page.locator(".verdict")).to_be_visible()
    command = page.locator("#command-1").inner_text()
    page.get_by_role("button", name="Copy").last.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").strip() == command.strip()
    page.set_viewport_size({"width": 390, "height": 800})
    assert sizes_on_paper(page, f"{address}sheet?wait=1") == {(b"594", b"841")}


def sizes_on_paper(page: Page, address: str) -> set[Any]:
    """Return the sizes of the sheets that a page prints, in points."""
    page.goto(address)
    printed = page.pdf(prefer_css_page_size=True)
    return {*re.findall(rb"/MediaBox \[0 0 (\d+)[.\d]* (\d+)", printed)}


def test_a_walk_through_every_view_in_both_languages(
    browser: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the keyboard's labels and roles, at 390 pixels; axe finds nothing in light or dark."""
    # the proofs come by the script
    monkeypatch.setattr(subprocess_worker, "PATIENCE", 0)
    page = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    # the other language has the same structure, and the other scheme other colours
    rules: list[str] = []

    def fits() -> None:
        # until its style sheet is there, a page is wider; a function, as the page lets no text run
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
        assert [*axe_faults(page, *rules), *typing_faults(page)] == []
        # not even after its hyphens
        assert page.locator(".option:visible").evaluate_all(
            "options => options.every(each => each.getClientRects().length === 1)"
        )

    def walk(words: dict[str, str]) -> None:
        for path in ("", "findings", "difference", "sheet", "notices", "users"):
            page.goto(f"{address}{path}")
            fits()
        page.get_by_role("link", name="hanako").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("hanako")
        fits()
        press(page.get_by_role("link", name=words["plan"], exact=True))
        expect(page.get_by_role("heading", level=1)).to_have_text(words["plan"])
        fits()
        # on paper nothing can be opened
        folded = page.locator("main details:not([open])")
        before = folded.count()
        assert before
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        expect(folded).to_have_count(0)
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        expect(folded).to_have_count(before)
        page.get_by_role("link", name=words["policy"]).click()
        page.get_by_label(words["document"]).fill(SAMPLE)
        page.get_by_role("button", name=words["examine"], exact=True).click()
        proof = page.get_by_role("heading", name=words["proof"])
        expect(proof).to_be_visible(timeout=SEARCHED)
        # the second time it is there at once
        expect(page.get_by_text("The proof is finished.")).to_have_count(0 if rules else 1)
        fits()
        page.get_by_role("button", name=words["scenarios"], exact=True).click()
        expect(page.get_by_text(words["locked_out"]).first).to_be_visible(timeout=SEARCHED)
        fits()
        # back to what was asked, without sending it again
        page.go_back()
        expect(proof).to_be_visible(timeout=SEARCHED)
        page.get_by_role("link", name=words["error"], exact=True).click()
        page.get_by_role("textbox", name=words["text"]).fill("AccessDenied")
        page.get_by_role("button", name=words["explain"], exact=True).click()
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        fits()
        expect(page.get_by_role("textbox", name=words["text"])).to_have_value("AccessDenied")

    look_at_people_on_a_wide_screen(page, address)
    walk(
        {
            "users": "People",
            "plan": "Plan",
            "policy": "Examine a policy",
            "document": "Policy (JSON)",
            "examine": "Examine",
            "proof": "Proof",
            "scenarios": "Scenarios",
            "locked_out": "locked out",
            "error": "Explain an error",
            "text": "The error text",
            "explain": "Explain",
        },
    )
    page.get_by_role("button", name="日本語").click()
    page.emulate_media(color_scheme="dark")
    rules += ["color-contrast", "html-has-lang", "valid-lang"]
    walk(
        {
            "users": "ユーザー",
            "plan": "計画",
            "policy": "ポリシーを調べる",
            "document": "ポリシー (JSON)",
            "examine": "調べる",
            "proof": "証明",
            "scenarios": "シナリオ",
            "locked_out": "締め出される",
            "error": "エラーを調べる",
            "text": "表示されたエラーメッセージ",
            "explain": "調べる",
        },
    )
    page.context.close()


def test_findings_are_grouped_and_filtered_by_severity_and_person(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "_FIRST", 2)
    every = bench.json("/findings")["findings"]
    severity = next(each["severity"] for each in every if each["status"] == "found")
    for query in ({"severity": severity}, {"person": "hanako"}, {"severity": "unknown"}):
        found = bench.json("/findings", **query)["findings"]
        assert 0 < len(found) < len(every)
        _, page = bench.get("/findings", **query)
        assert f'<span class="quiet">({len(found)})</span></h1>' in page
    overview = bench.get("/")[1]
    audited = sekisho("audit", "--snapshot", str(bench.snapshot), COLUMNS="1000").stdout
    for word, value in (("error", "error"), ("warning", "warning"), ("note", "note")):
        listed = bench.json("/findings", severity=value)["findings"]
        kinds = len(re.findall("<article", bench.get("/findings", severity=value)[1]))
        said = re.findall(rf"severity={value}\">([^<]+)</a>", overview)
        s = "" if kinds == 1 else "s"
        assert said == [f"{kinds} kind{s}, {len(listed)} finding{'' if len(listed) == 1 else 's'}"]
        assert f"{word}: {kinds}" in audited
    found = bench.json("/findings", person="hanako")["findings"]
    assert {each["subject"] for each in found} == {"hanako"}
    assert "None." in bench.get("/findings", person="nobody-is-called-so")[1]
    _, page = bench.get("/findings")
    # one of each kind, with where more is said of it
    kinds = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert all("sekisho explain account." in each for each in kinds)
    several = next(each for each in kinds if "<details>" in each)
    assert several.partition("<details>")[0].count("<li>") == 2


def test_the_sheet_has_what_an_auditor_asks_for(tmp_path: Path) -> None:
    """And each certificate is the one that the command saves."""
    after = forecast(account(), plan(goal_of_two(), account(), ADMIN).changes)
    gap = Gap("ListMFADevices", user_ref("hanako"), verbatim("not so"), "AccessDenied")
    after = replace(after, gaps=(gap,))
    save_snapshot(after, tmp_path / "account.json")
    (tmp_path / "exceptions.yaml").write_text(EXCEPTED, encoding="utf-8")
    excepted = load_exceptions(tmp_path / "exceptions.yaml")
    report = audit_account(after, excepted, version="1")
    material = Material(report, "--snapshot account.json", files=(("account.json", "f" * 64),))
    site = workbench_site(material)
    site.bind("localhost:1", "127.0.0.1:1")
    other = Bench(material, site.app.test_client(), Path(), Path())
    page = other.get("/sheet")[1]
    for shown in (
        headline(report).en,
        f"{after.taken_at:%Y-%m-%d %H:%M} UTC",
        *("SEC-9", "2027-03-31", "A. Approver", "ListMFADevices", "f" * 64),
        *(each.en for each in account_document(report).facts),
    ):
        assert shown in unescape(page)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        sekisho("prove", "account", "--snapshot", "account.json", "--certificate", "proofs")
    saved = {
        hashlib.sha256(each.read_bytes()).hexdigest()
        for each in (tmp_path / "proofs").glob("certificate-?.json")
    }
    found = other.json("/sheet")
    assert {each for group in found["certificates"] for each in group["sha256"]} == saved != set()
    assert all(each in page for each in saved)
    assert not re.search(r"\d{2}T\d{2}:", unescape(page) + other.get("/")[1])
    assert found["coverage"] == other.json("/")["coverage"]
    assert found["files"] == {"account.json": "f" * 64}
    assert '<span class="option">--certificate</span> proofs</code>' in page
