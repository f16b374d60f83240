"""People: one answer for each user on every page, found, filtered and counted.

Reads `web.workbench` itself, as that one answer is made in there.
"""

import json
import re
import shlex
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

import hand_made_replays
from administered import EVERYTHING
from audit.small_accounts import snapshot_of
from cases import document
from hand_made_replays import KEY, UNCHANGED, detail, event, judged
from in_process import sekisho
from rollout.staging import NOW, account, device, managed, policy_goal, user, with_user
from sekisho.account import AccessKey, Password, Snapshot, SnapshotApi, open_account, save_snapshot
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.impact import ImpactKind
from sekisho.audit.report import audit_account
from sekisho.cli.next_action import CampaignShown, PlanStanding, RunContext, next_action
from sekisho.messages import Language, table
from sekisho.notices.reminders import (
    LEDGER_NAME,
    LedgerEntry,
    NoticeEvent,
    ReminderStep,
    open_ledger,
)
from sekisho.policy import parse
from sekisho.replay import DetailKind
from sekisho.replay.report import ReplayReport
from sekisho.rollout import (
    Deferral,
    DeferralReason,
    Event,
    Goal,
    JournalEntry,
    Plan,
    PlanCaller,
    Wave,
    forecast,
    plan,
    read_plan,
)
from sekisho.web.site import Site, text
from sekisho.web.workbench import Material, PlanInView, workbench_site
from sekisho.web.workbench.people import OUTCOME_BY_IMPACT, PersonOutcome
from sekisho.web.workbench.people_pages import FIGURES
from web.test_workbench import BASE, harmless

INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
EXAMPLE = INPUTS / "accounts" / "company.json"
GOAL = INPUTS / "goals" / "first.yaml"
LOGS = INPUTS / "logs" / "company.json"
ADMINISTRATOR = "arn:aws:iam::111122223333:user/yuki.tanaka"


def client_of(material: Material, language: Language = Language.EN) -> FlaskClient:
    site = workbench_site(material, language)
    site.bind("localhost:1", "127.0.0.1:1")
    return site.app.test_client()


def page(client: FlaskClient, path: str) -> str:
    return client.get(path, **BASE).get_data(as_text=True)


MARK = r'<strong class="mark \w+">([^<]+)</strong>'


def name_in(html: str) -> str:
    """Return the user of the first link in a piece of a page."""
    (address, *_) = re.findall(r'href="(/user\?[^"]+)"', html)
    return parse_qs(urlsplit(unescape(address)).query)["name"][0]


def said(client: FlaskClient, material: Material) -> Mapping[str, Mapping[str, str]]:
    """Return what each page calls the outcome of each user, by page."""
    everybody = "".join(page(client, f"/users?page={number}") for number in (1, 2))
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', everybody, re.DOTALL)
    found = {"/users": {name_in(row): re.findall(MARK, row)[0] for row in rows}}
    found["/user"] = {
        name: re.findall(MARK, client.get("/user", query_string={"name": name}, **BASE).text)[0]
        for name in material.person_of
    }
    if material.plan is not None:
        groups = re.findall(
            r"<details[^>]*>\s*<summary>(.*?)</summary>(.*?)</details>",
            page(client, "/plan").partition('id="people"')[2].partition("</section>")[0],
            re.DOTALL,
        )
        found["/plan"] = {
            name_in(link): re.findall(MARK, head)[0].partition(" ")[2]
            for head, names in groups
            for link in re.findall(r"<a [^>]+>", names)
        }
    if material.report.usage is not None:
        rows = re.findall(r'<tr><th scope="row"><a.*?</tr>', page(client, "/impact"), re.DOTALL)
        found["/impact"] = {name_in(row): re.findall(MARK, row)[0] for row in rows}
        keys = re.findall(
            r'<article class="scenario.*?</article>', page(client, "/impact"), re.DOTALL
        )
        found["/impact, keys"] = {name_in(each): re.findall(MARK, each)[0] for each in keys}
    return found


def assert_agreed(material: Material) -> Mapping[str, str]:
    """Assert that every page has the same word for each user; return the words."""
    found = said(client_of(material), material)
    (everybody, *others) = found.values()
    assert everybody.keys() == material.person_of.keys()
    for each in others:
        known = {name: word for name, word in each.items() if name in everybody}
        assert known.items() <= everybody.items()
    # who stops on the page of calls is nobody who is "ready" elsewhere
    stopping = material.replay.stopping if material.replay is not None else ()
    losing = {key.caller.arn for key in stopping}
    fine = {PersonOutcome.READY, PersonOutcome.ENFORCED, PersonOutcome.UNTOUCHED}
    assert not [p.name for p in material.people if p.row.user.arn in losing and p.outcome in fine]
    return everybody


def started(whole: Path, *options: str) -> Material:
    """Return what `sekisho web` shows with some options."""
    seen: list[Material] = []

    def site(material: Material, language: Language) -> Site:
        seen.append(material)
        return workbench_site(material, language)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sekisho.web.workbench.workbench_site", site)
        patch.setattr("sekisho.cli.progress.time.sleep", stop)
        done = sekisho("web", "--snapshot", str(whole), *options)
    assert done.returncode == 0, done.stderr
    return seen[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of the example company with the texts of AWS's policies, which plans need."""
    found = open_account(EXAMPLE)
    arns = {arn for each in (*found.users, *found.groups) for arn in each.attached}
    texts = {arn: managed(arn, EVERYTHING, aws_managed=True) for arn in arns - {*found.policies}}
    path = tmp_path_factory.mktemp("people") / "account.json"
    save_snapshot(replace(found, policies={**found.policies, **texts}, gaps=()), path)
    return path


@pytest.fixture(scope="module")
def plan_file(whole: Path) -> Path:
    """Return the plan of the example company's goal, in a file."""
    path = whole.with_name("plan.json")
    caller = ("--caller", ADMINISTRATOR, "--mfa")
    made = sekisho("plan", str(GOAL), "--snapshot", str(whole), *caller, "--out", str(path))
    assert made.returncode == 2, made.stdout
    return path


def test_all_pages_agree_about_the_example_company(whole: Path, plan_file: Path) -> None:
    logs, planned = ("--logs", str(LOGS)), ("--plan", str(plan_file))
    words = assert_agreed(started(whole, *logs))
    # calls of a key stop, whatever else is said of its user
    assert words["ken.suzuki"] == words["deploy-bot"] == "calls stop"
    with_plan = started(whole, *planned, *logs)
    words = assert_agreed(with_plan)
    assert words["ken.suzuki"] == "calls stop"
    # the goal leaves the program out, so that nothing of it stops
    assert words["deploy-bot"] != "calls stop"
    words = assert_agreed(started(whole, *planned, "--goal", str(GOAL)))
    assert words["break-glass"] == "excepted"


def combined() -> Snapshot:
    """Return an account with users of every combination of credentials."""
    found = account()
    for number, held in enumerate(product((False, True), repeat=4)):
        password, enrolled, key, reset = held
        name = f"user-{number}"
        used = NOW - timedelta(days=3) if number % 3 else None
        about = {
            "password": Password(reset_required=reset) if password else None,
            "devices": (device(name),) if enrolled else (),
            "keys": (AccessKey(f"AKIA{number}", active=True, last_used=used),) if key else (),
        }
        found = with_user(found, user(name, **about))
    return found


def plan_of(snapshot: Snapshot, users: Sequence[str], **policy: Any) -> Plan:
    root = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root", mfa=True)
    return plan(Goal(policy_goal(**policy), users=tuple(users)), snapshot, root)


def material_of(
    snapshot: Snapshot, made: Plan | None = None, replay: ReplayReport | None = None
) -> Material:
    viewed = None
    if made is not None:
        viewed = PlanInView("plan.json", made, None)
    report = audit_account(snapshot, Exceptions(), version="1")
    return Material(report, "--snapshot account.json", viewed, replay)


def replay_of(snapshot: Snapshot, name: str, key: str = KEY) -> ReplayReport:
    call = event(name, account=snapshot.account, key_id=key)
    call = replace(call, principal=snapshot.user_named[name].arn)
    groups = [judged(call, events=64), judged(replace(call, key_id="ASIA"), UNCHANGED, events=2)]
    places = [
        detail(call, DetailKind.ADDRESS, "192.0.2.7", 64),
        detail(call, DetailKind.AGENT, "Boto3", 64),
    ]
    return hand_made_replays.report(groups, places, [(0, NOW.date(), 64)])


def test_all_pages_agree_about_an_account_of_every_combination_of_credentials() -> None:
    start = combined()
    replay = replay_of(start, "user-7", "AKIA7")
    names = [each.name for each in start.users if each.name.startswith("user-")]
    half = plan_of(start, names[::2])
    # without and with a plan, without and with calls
    for made, calls in ((None, None), (half, replay)):
        found = material_of(start, made, calls)
        assert_agreed(found)
        assert (found.person_of["user-7"].outcome is PersonOutcome.CALLS_STOP) or calls is None


EXPORTS = (
    *("passkey-only", "path-locked-out", "temporary-password", "machine-under-boundary"),
    *("devices-not-read", "gaps", "users-not-listed"),
)


@pytest.mark.parametrize("name", EXPORTS)
def test_all_pages_agree_about_exports(name: str) -> None:
    snapshot = open_account(INPUTS / "accounts" / f"{name}.json")
    assert_agreed(material_of(snapshot, plan_of(snapshot, [each.name for each in snapshot.users])))


PEOPLE = [
    (case["id"], case["account"])
    for case in document("audit/accounts/people")["cases"]
    # these differ in what the console asks, and take longest
    if "console authorization" not in case["id"]
]


@pytest.mark.parametrize("about", [each for _, each in PEOPLE], ids=[name for name, _ in PEOPLE])
def test_an_answer_is_never_better_than_the_audit_s(about: Any) -> None:
    """Whoever is locked out, stopped or unknown for the audit is no better off on a page."""
    found = material_of(snapshot_of(about))
    for person in found.people:
        kinds = {kind.value for kind in person.row.impact.kinds}
        if kinds & {"locked-out", "dead-lock", "keys-stop", "unknown", "keys-may-stop"}:
            assert person.outcome.rank <= PersonOutcome.UNKNOWN.rank
        assert person.why.en
        assert person.why.ja != person.why.en


def searched(client: FlaskClient, **query: str) -> list[str]:
    answer = client.get("/users", query_string={**query, "format": "json"}, **BASE)
    return [each["user"] for each in answer.get_json()["users"]]


@pytest.fixture(scope="module")
def company(whole: Path) -> Material:
    return started(whole, "--logs", str(LOGS))


def test_one_search_finds_names_keys_policies_and_addresses(company: Material) -> None:
    client = client_of(company)
    assert searched(client, q="KEN.suz") == ["ken.suzuki"]
    assert searched(client, q="AKIAKEN") == ["ken.suzuki"]
    (bot,) = (each for each in company.people if each.name == "deploy-bot")
    (call, *_) = bot.calls.values()
    assert call.address
    assert call.agent
    assert "deploy-bot" in searched(client, q=call.address)
    shown = page(client, "/users?q=deploy-bot")
    assert call.address in shown
    assert call.agent.partition(" ")[0] in unescape(shown)
    # a policy leads to its page, and to whoever holds it
    policy = next(each for each in company.report.snapshot.policies.values())
    shown = page(client, f"/users?q={policy.name}")
    (holders,) = {*re.findall(r'href="(/users\?policy=[^"]+)"', shown)}
    assert 'href="/policy?arn=' in shown
    arn = parse_qs(urlsplit(unescape(holders)).query)["policy"][0]
    assert len(searched(client, policy=arn)) == int(re.findall(r"held by (\d+)", shown)[0])


def test_every_figure_of_the_overview_leads_to_those_whom_it_counts(company: Material) -> None:
    client = client_of(company)
    shown = page(client, "/")
    parts = re.findall(r'href="(/users\?\w+=[\w-]+)">(.*?)</a>', shown)
    assert len(parts) >= len(FIGURES) + 3
    for address, words in parts:
        (count,) = re.findall(r"[\d,]+", re.sub("<[^>]+>", " ", words))
        ((name, (value,)),) = parse_qs(urlsplit(address).query).items()
        assert len(searched(client, **{name: value})) == int(count.replace(",", "")), address
    for address in re.findall(r'href="(/findings\?[^"]+)"', shown):
        assert client.get(address, **BASE).status_code == 200


def test_filters_are_addresses_and_the_worst_comes_first(company: Material) -> None:
    client = client_of(company)
    names = searched(client)
    ranks = [company.person_of[name].outcome.rank for name in names]
    assert ranks == sorted(ranks)
    assert names == [each.name for each in company.people]
    outcomes = Counter(each.outcome for each in company.people)
    for outcome, count in outcomes.items():
        assert len(searched(client, outcome=outcome.value)) == count
        assert f"({count})" in page(client, f"/users?outcome={outcome.value}")
    assert "No user matches" in page(client, "/users?q=nobody-is-called-so")
    assert "deploy-bot" in searched(client, key="in-use", kind="machine")
    # a number that is none is the first page
    assert "deploy-bot" in page(client, "/users?page=9999999999")


def test_columns_without_data_are_left_out(whole: Path, plan_file: Path) -> None:
    bare = page(client_of(started(whole)), "/users")
    for word in ("Stage", "When", "Notified on", "last call"):
        assert word not in bare
    staged = page(
        client_of(started(whole, "--plan", str(plan_file), "--goal", str(GOAL))), "/users"
    )
    # nobody has been told, and the column is about what has changed for them
    for word in ("Stage", "When", "pilot", "not started, ", "MFA enforced from"):
        assert word in staged
    planned = page(client_of(started(whole, "--plan", str(plan_file))), "/users")
    assert ('data-label="Wave"' in planned, 'data-label="Stage"' in planned) == (True, False)


def test_a_large_account_is_a_hundred_a_page_and_quick_to_search() -> None:
    found = account()
    many = tuple(user(f"user-{number:04}", password=Password()) for number in range(296))
    material = material_of(replace(found, users=(*found.users, *many)))
    client = client_of(material)
    assert page(client, "/users").count('<tr><th scope="row">') == 100
    assert page(client, "/users?page=3").count('<tr><th scope="row">') == 100
    assert searched(client, q="user-0277") == ["user-0277"]


def test_the_next_command_is_that_of_what_was_given(
    whole: Path, plan_file: Path, tmp_path: Path
) -> None:
    assert started(whole, "--plan", str(plan_file)).next_step == f"sekisho apply {plan_file}"
    planned = started(whole, "--goal", str(GOAL)).next_step
    assert planned.startswith(f"sekisho plan {GOAL} ")
    shown = page(client_of(started(whole, "--plan", str(plan_file))), "/")
    assert f"sekisho apply {plan_file}" in unescape(shown)
    assert 'data-copies="next-command"' in shown
    refused = sekisho("web", "--snapshot", str(whole), "--state", str(tmp_path))
    assert refused.returncode == 64
    assert "`--state`" in refused.stderr


def test_the_next_command_is_typed_anew_where_it_was_not_typed() -> None:
    shown = CampaignShown(
        RunContext(goal="goal.yaml"), due=True, stuck=False, typed="sekisho campaign g"
    )
    assert next_action(shown) == "sekisho campaign g --apply"
    standing = PlanStanding(
        RunContext(), "p", waits=False, unexplained=True, typed="sekisho status p"
    )
    assert next_action(standing) == "sekisho status p --who"


def test_a_person_s_page_is_a_ticket(whole: Path, plan_file: Path) -> None:
    client = client_of(started(whole, "--plan", str(plan_file), "--logs", str(LOGS)))
    ken = page(client, "/user?name=ken.suzuki")
    assert harmless(ken)
    # the answer, what to tell them, what they type, in this order; the rest is folded
    parts = ("who", "way-out", "notice", "card", "credentials")
    places = [ken.index(f'id="{each}"') for each in parts]
    assert places == sorted(places)
    assert ken.index('<details class="more">') < ken.index('id="credentials"')
    notified = sekisho(
        *("notify", str(plan_file), "--snapshot", str(whole), "--user", "ken.suzuki"),
        *("--logs", str(LOGS), "--lang", "en"),
    ).stdout
    subject, _, body = notified.partition("Subject: ")[2].partition("\n\n")
    assert subject in unescape(ken)
    assert body.partition("\nNext: ")[0].strip() in unescape(ken)
    assert "your access keys stop working without MFA" in subject
    typed = sekisho("card", "ken.suzuki", "--snapshot", str(whole), "--lang", "en", COLUMNS="88")
    assert typed.stdout.strip() in unescape(ken)
    bot = page(client_of(started(whole, "--logs", str(LOGS))), "/user?name=deploy-bot")
    # a machine has the way out ready to copy, and a file that is read again
    lines = unescape(re.findall(r'<pre[^>]* id="exception">(.*?)</pre>', bot, re.DOTALL)[0])
    filled = re.sub(r"(why|owner|approvedBy|ticket):$", r"\1: x", lines, flags=re.MULTILINE)
    assert [each.user for each in load_exceptions(filled).entries] == ["deploy-bot"]
    assert "give it a role instead of the key" in bot


def test_what_was_told_and_done_is_on_the_page_of_whom_it_is_about(
    whole: Path, plan_file: Path, tmp_path: Path
) -> None:
    told = LedgerEntry(
        *(NOW, NoticeEvent.DONE, "hanako.sato", "developers", None, ReminderStep.WEEK),
        about="goal",
        channel="list",
    )
    with open_ledger(tmp_path / LEDGER_NAME, "111122223333") as ledger:
        ledger.record([told])
    material = started(whole, "--goal", str(GOAL), "--state", str(tmp_path))
    client = client_of(material)
    people = page(client, "/users")
    assert "Notified on" in people
    assert "not notified" in people
    assert NOW.date().isoformat() in people
    assert "A notice was delivered." in page(client, "/user?name=hanako.sato")
    assert "A notice was delivered." not in page(client, "/user?name=ken.suzuki")
    # and what a plan has done to somebody, by its journal
    file, before = read_plan(plan_file, tmp_path / "journal"), open_account(whole)
    (joined,) = (each for each in file.plan.changes if each.person == "ken.suzuki")
    file.journal.open(file.plan.digest, file.plan.to_json())
    file.journal.record(JournalEntry(NOW, Event.DONE, joined.address))
    viewed = PlanInView.of(
        "plan.json", file, SnapshotApi(forecast(before, file.plan.changes)), (), ""
    )
    report = audit_account(before, Exceptions(), version="1")
    client = client_of(Material(report, "", viewed))
    assert f"{joined.address}: done" in page(client, "/user?name=ken.suzuki")
    assert "done" not in page(client, "/user?name=sora.ito").partition("history")[2]


def test_a_key_that_was_never_used_is_not_said_to_be_idle() -> None:
    new = AccessKey("AKIANEW", active=True, created_at=NOW)
    found = with_user(account(), user("new", password=Password(), keys=(new,)))
    shown = page(client_of(material_of(found)), "/user?name=new")
    assert "has an active access key that was never used" in shown
    assert "unused for 90 days" not in shown


def test_whatever_the_audit_says_of_a_user_has_an_outcome() -> None:
    said_of = table("impacts")
    audited = [kind for kind in ImpactKind if "audit" in said_of.get(kind, ())]
    assert {*audited} <= OUTCOME_BY_IMPACT.keys()


def test_calls_that_services_made_for_somebody_have_a_last_day_too() -> None:
    start = combined()
    call = replace(event("user-7", account=start.account), invoked_by="athena.amazonaws.com")
    call = replace(call, principal=start.user_named["user-7"].arn)
    (person,) = (
        each
        for each in material_of(start, replay=hand_made_replays.report([judged(call)])).people
        if each.stops
    )
    assert not person.stops[0].denied
    assert (person.name, person.outcome) == ("user-7", PersonOutcome.CALLS_STOP)
    assert "the last on 2026-08-01" in person.why.en


def waiting_plan_of(snapshot: Snapshot, **policy: Any) -> Plan:
    """Return a plan of today for people whose wave begins years later."""
    root = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root", mfa=True)
    names = tuple(each.name for each in snapshot.users)
    wave = Wave("later", names, date(2099, 1, 1), due=False)
    deferred = dict.fromkeys(names, Deferral(DeferralReason.WAVE, wave.starts))
    return plan(Goal(policy_goal(**policy), waves=(wave,), deferred=deferred), snapshot, root)


@pytest.mark.parametrize("waits", [False, True])
def test_locked_out_is_said_once(waits: bool) -> None:
    snapshot = open_account(INPUTS / "accounts" / "path-locked-out.json")
    names = [each.name for each in snapshot.users]
    made = waiting_plan_of(snapshot) if waits else plan_of(snapshot, names)
    found = material_of(snapshot, made)
    (person,) = (each for each in found.people if each.outcome is PersonOutcome.LOCKED_OUT)
    for language in Language:
        word = PersonOutcome.LOCKED_OUT.word.into(language)
        said_why = person.why.into(language)
        assert word.casefold() not in said_why.casefold()
        ticket = page(client_of(found, language), f"/user?name={person.name}")
        verdict = re.findall(r'<p class="verdict">(.*?)</p>', ticket, re.DOTALL)[0]
        assert verdict.casefold().count(word.casefold()) == 1


@pytest.mark.parametrize("waits", [False, True])
def test_locked_out_is_said_once_of_whom_the_plan_s_policy_alone_locks_out(waits: bool) -> None:
    start = replace(account(), users=(user("ken", password=Password()),))
    when = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    said = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": when}
    everything = parse(json.dumps({"Version": "2012-10-17", "Statement": said}))
    made = plan_of(start, ["ken"], document=everything)
    if waits:
        made = waiting_plan_of(start, document=everything)
    (person,) = material_of(start).people
    assert person.outcome is PersonOutcome.MUST_ENROL
    (person,) = material_of(start, made).people
    assert person.outcome is PersonOutcome.LOCKED_OUT
    for language in Language:
        word = PersonOutcome.LOCKED_OUT.word.into(language)
        assert word.casefold() not in person.why.into(language).casefold()


def test_a_problem_of_a_plan_is_a_sentence_first_and_its_id_after(tmp_path: Path) -> None:
    start, path = combined(), tmp_path / "plan.json"
    made = plan_of(start, [each.name for each in start.users if each.name.startswith("user-")])
    (note, *_) = made.reasons
    path.write_text(made.to_json(), encoding="utf-8")
    viewed = PlanInView.of("plan.json", read_plan(path), SnapshotApi(start))
    report = audit_account(start, Exceptions(), version="1")
    shown = page(client_of(Material(report, "", viewed)), "/plan")
    assert re.search(rf'<li>[^<]+(?:<code>[^<]+</code>[^<]+)*<code class="quiet">{note.id}<', shown)
    assert not re.search(r"<li>\s*<code", shown)


EXCEPTED_BOT = """\
schema: sekisho.exceptions/1
exceptions:
  - user: deploy-bot
    kind: machine
    why: the deployment cannot assume a role
    owner: Infrastructure
    approvedBy: A. Tanaka
    expires: 2027-01-31
    ticket: SEC-102
"""


@pytest.fixture(scope="module")
def exceptions_file(whole: Path) -> Path:
    path = whole.with_name("exceptions.yaml")
    path.write_text(EXCEPTED_BOT, encoding="utf-8")
    return path


def commands_on(html: str) -> list[list[str]]:
    """Return the words of each command that is offered to go on with, but for the next one."""
    found = re.findall(r'<pre tabindex="0" id="command-\d+">(.*?)</pre>', html, re.DOTALL)
    return [shlex.split(unescape(each))[1:] for each in found]


@pytest.fixture(params=["", "logs", "exceptions", "plan"])
def given(
    request: pytest.FixtureRequest, plan_file: Path, exceptions_file: Path
) -> tuple[str, ...]:
    """Return what `sekisho web` is given besides the account."""
    files = {"logs": LOGS, "exceptions": exceptions_file, "plan": plan_file}
    return (f"--{request.param}", str(files[request.param])) if request.param else ()


def test_no_command_on_a_person_s_page_is_refused(
    given: tuple[str, ...], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = started(whole, *given)
    client, offered = client_of(found), Counter[str]()
    monkeypatch.chdir(tmp_path)
    for name in found.person_of:
        for words in commands_on(page(client, f"/user?name={name}")):
            done = sekisho(*words)
            offered[words[0]] += 1
            proves = words[0] == "prove"
            assert done.returncode in ((0, 3, 4, 5) if proves else (0, 2)), (words, done.stdout)
            assert proves or Path(words[words.index("--out") + 1]).exists() or not done.returncode
    assert offered["prove"] == len(found.people)
    assert offered["reset"] >= 3
    # a plan that was given is what enforces them
    assert bool(offered["plan"]) == ("--plan" not in given)


def test_an_excepted_machine_is_offered_a_role_and_no_plan(
    whole: Path, exceptions_file: Path
) -> None:
    before = page(client_of(started(whole)), "/user?name=deploy-bot")
    assert "plan --user deploy-bot" not in before
    assert "give it a role instead of the key" in before
    assert "kind: machine" in before
    found = started(whole, "--exceptions", str(exceptions_file))
    after = page(client_of(found), "/user?name=deploy-bot")
    assert "Excepted until 2027-01-31" in after
    assert "plan --user deploy-bot" not in after
    assert "give it a role instead of the key" in after
    assert "kind: machine" not in after
    assert "except the user in the exceptions file" not in after


@pytest.mark.parametrize("language", list(Language))
def test_without_logs_the_overview_says_that_calls_are_not_known(
    language: Language, whole: Path, plan_file: Path
) -> None:
    def sentence(key: str) -> str:
        return text(f"workbench.overview.{key}").into(language).partition("`")[0]

    fine = replace(account(), users=(user("ken", password=Password(), devices=(device("ken"),)),))
    shown = page(client_of(material_of(fine), language), "/")
    assert sentence("no_lockout") in shown
    assert sentence("nobody") not in shown
    assert sentence("calls_unknown") in shown
    with_logs = material_of(fine, replay=hand_made_replays.report([]))
    shown = page(client_of(with_logs, language), "/")
    assert sentence("nobody") in shown
    assert sentence("calls_unknown") not in shown
    planned = page(client_of(started(whole, "--plan", str(plan_file)), language), "/")
    assert f"sekisho impact --lookup --plan {plan_file} --snapshot {whole}" in planned
    by_goal = page(client_of(started(whole, "--goal", str(GOAL)), language), "/")
    assert f"sekisho impact --lookup --goal {GOAL} --snapshot {whole}" in by_goal


def test_the_notices_of_a_goal_are_written_by_the_command_on_their_page(
    whole: Path, exceptions_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("--goal", str(GOAL), "--exceptions", str(exceptions_file), "--logs", str(LOGS))
    found = started(whole, *given)
    monkeypatch.chdir(tmp_path)
    (words,) = commands_on(page(client_of(found), "/notices"))
    assert words[:2] == ["notify", str(GOAL)]
    assert sekisho(*words).returncode == 3
    written = {each.stem: each.read_text("utf-8") for each in (tmp_path / "notices").iterdir()}
    shown = json.loads(page(client_of(found), "/notices?format=json"))["notices"]
    assert written.keys() == {name for name, each in shown.items() if each}
    for name, notice in written.items():
        assert shown[name]["text"].strip() in notice
    # a folder that is there is not written into
    (words,) = commands_on(page(client_of(found), "/notices"))
    assert words[-1] == "notices-2"


def test_the_notices_of_each_of_two_goals_have_a_folder_of_their_own(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / GOAL.name
    shutil.copy(GOAL, other)
    found = started(whole, "--goal", str(GOAL), "--goal", str(other))
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        commands = commands_on(page(client_of(found), "/notices"))
        assert [words[1] for words in commands] == [str(GOAL), str(other)]
        assert len({words[-1] for words in commands}) == 2
        for words in commands:
            assert sekisho(*words).returncode == 3


def test_the_next_plan_of_a_goal_is_made_by_the_command_on_the_plan_s_page(
    whole: Path, plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = started(whole, "--plan", str(plan_file), "--goal", str(GOAL))
    monkeypatch.chdir(tmp_path)
    *_, words = commands_on(page(client_of(found), "/plan"))
    assert words[:2] == ["plan", str(GOAL)]
    assert sekisho(*words).returncode == 2
    # the same name is not proposed twice
    *_, words = commands_on(page(client_of(found), "/plan"))
    assert words[-1] == "plan-2.json"


def test_the_plan_of_a_goal_without_waves_goes_by_the_logs(whole: Path) -> None:
    goal = INPUTS / "goals" / "direct.yaml"
    (made,) = started(whole, "--goal", str(goal), "--logs", str(LOGS)).plans
    assert made.logs is not None
    assert "ken.suzuki" in made.open_problems["keys-in-use"]


def test_the_notices_of_all_people_are_reached() -> None:
    found = account()
    many = tuple(user(f"user-{number:03}", password=Password()) for number in range(120))
    start = replace(found, users=(*found.users, *many))
    client = client_of(material_of(start, plan_of(start, [each.name for each in many])))
    address, names = "/notices", set[str]()
    while address:
        shown = page(client, address)
        names |= {*re.findall(r'href="/user\?name=(user-\d+)"', shown)}
        (*_, last) = ("", *re.findall(r'href="(/notices\?page=\d+)">Next', shown))
        address = last
    assert names == {each.name for each in many}
    sheets = [json.loads(page(client, f"/notices?format=json&page={at}")) for at in (2, 3, 99)]
    assert [len(each["notices"]) for each in sheets[:2]] == [50, 20]
    assert sheets[2] == sheets[1]


def test_a_person_s_page_does_not_contradict_itself(whole: Path, plan_file: Path) -> None:
    """As five pages of the example company were read."""
    planned = ("--plan", str(plan_file))
    for found in (started(whole), started(whole, *planned), started(whole, "--goal", str(GOAL))):
        client = client_of(found)
        # the password is a temporary one: that comes first, on every page
        daiki = found.person_of["daiki.kobayashi"]
        assert daiki.row.credentials.must_change
        assert daiki.why.en == "Must change the password at the next sign-in, then sets up MFA."
        # a day that has passed is not to come, as long as MFA is not enforced
        days = {
            "hanako.sato": "due since 2026-11-25",
            "haruka.kato": "MFA enforced from 2027-01-11",
        }
        for name, when in days.items():
            assert (when in page(client, f"/user?name={name}")) == bool(found.plans)
        # with a plan nobody is asked to make one, whomever it is about
        bot = page(client, "/user?name=deploy-bot")
        assert ("Notices are based on a plan" in bot) != bool(found.plans)
        assert ("There is nothing to tell this user." in bot) == bool(found.plans)


def test_a_day_is_not_due_before_it_has_come_where_the_plan_is_made() -> None:
    start = combined()
    made = replace(waiting_plan_of(start), timezone="Asia/Tokyo")
    person = material_of(start, made).people[0]
    assert person.today == (NOW + timedelta(hours=9)).date()
    assert person.when is not None
    assert "2099-01-01" in person.when.en
    assert "due" not in person.when.en
