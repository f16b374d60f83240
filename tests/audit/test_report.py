"""The forms of an audit: each holds every user and finding, and nothing that could do harm."""

import csv
import json
import re
from dataclasses import replace
from html import unescape
from io import StringIO

import pytest
from click.testing import CliRunner

from audit.small_accounts import as_json, snapshot_of, to_csv, to_html, to_text
from click_commands import command_of
from gaps import gap_at
from pages import Page
from rollout.staging import NOW, user
from sekisho.account import Password, Snapshot, save_snapshot
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.report import (
    AccountReport,
    account_document,
    as_of,
    audit_account,
    headline,
    to_json,
    to_sarif,
)
from sekisho.cli import Exit
from sekisho.documents.report import TextLayout, report_text
from sekisho.messages import Language, cell_width

command = command_of("audit")

EVIL = '=cmd|"/c calc"!A0 <script>alert(1)</script>\x1b[31m'
READ = [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]
TWO = ["virtual", "second"]


def company() -> Snapshot:
    """Return an account with one enforced user, one open, one exception and one unknown."""
    return snapshot_of(
        {
            "users": {
                "enforced": {"has": ["Force_MFA"], "password": {"used": 1}, "devices": TWO},
                "open": {"has": ["Read"], "password": {}},
                "machine": {"has": ["Read"], "keys": [{"used": 1}]},
                "lost": {"has": ["Force_MFA", "Lost"], "password": {}, "devices": TWO},
            },
            "policies": {"Force_MFA": "Force_MFA", "Read": READ},
            "gaps": [["GetPolicy", "managedPolicy arn:aws:iam::123456789012:policy/Lost", EVIL]],
        }
    )


def test_all_is_not_said_of_an_account_that_was_not_read_whole() -> None:
    value = {
        "users": {"ken": {"has": ["Force_MFA"], "password": {}, "devices": TWO}},
        "policies": {"Force_MFA": "Force_MFA"},
    }
    whole = headline(audit_account(snapshot_of(value), Exceptions(), version="1"))
    assert whole.en == "MFA is proved to be enforced for all users (1)."
    value["gaps"] = [["GetAccountAuthorizationDetails", "user eva", "not in the export"]]
    found = headline(audit_account(snapshot_of(value), Exceptions(), version="1"))
    assert found.en.endswith("but parts of the account were not read.")
    assert "一部は読み取れていません" in found.ja


def test_csv_says_why_there_are_no_users() -> None:
    gaps = [["GetAccountAuthorizationDetails", "", "AccessDenied: no"]]
    for value, told in (({"gaps": gaps}, [gaps[0]]), ({}, [])):
        text = to_csv(audit_account(snapshot_of(value), Exceptions(), version="1"))
        reader = csv.DictReader(StringIO(text))
        found = [*reader]
        assert {"account", "as_of", "user", "enforced", "unknown"} <= {*(reader.fieldnames or ())}
        assert [row["unknown"] for row in found] == [f"{what}: {why}" for what, _, why in told]
        assert all(row["as_of"] and row["user"] == "" for row in found)


def test_many_of_whom_something_is_unknown_are_told_as_one_in_every_language() -> None:
    names = [f"user{number:02}" for number in range(12)]
    value = {
        "users": {name: {} for name in names},
        "gaps": [["GetLoginProfile", f"user {name}", "AccessDenied: no"] for name in names],
    }
    report = audit_account(snapshot_of(value), Exceptions(), version="1")
    for lang in Language:
        text = to_text(report, lang)
        assert re.search(
            r"GetLoginProfile: AccessDenied: no\n    \S+ user00, user01, user02 \(\+9\)", text
        )
        assert "in all" not in text


def test_what_is_unknown_for_two_reasons_is_told_as_two() -> None:
    names = [f"user{number:02}" for number in range(22)]
    value = {
        "users": {name: {} for name in names},
        "gaps": [
            ["GetLoginProfile", f"user {name}", "Throttling" if name > "user10" else "AccessDenied"]
            for name in names
        ],
    }
    text = to_text(audit_account(snapshot_of(value), Exceptions(), version="1"), Language.EN)
    assert "GetLoginProfile: AccessDenied\n    about: user00, user01, user02 (+8)" in text
    assert "GetLoginProfile: Throttling\n    about: user11, user12, user13 (+8)" in text


def exceptions() -> Exceptions:
    """Return an exceptions file whose texts are nobody's friends."""
    return load_exceptions(
        "schema: sekisho.exceptions/1\nexceptions:\n - {user: machine, kind: machine, why: "
        "'=HYPERLINK(1) <img src=x>', owner: '@ops', approvedBy: '+ciso', expires: 2027-01-31, "
        "ticket: '-1'}\n"
    )


def report() -> AccountReport:
    return audit_account(company(), exceptions(), version="1.2.3")


def test_the_headline_counts_and_says_why() -> None:
    said = headline(report())
    assert said.en == (
        "MFA is proved to be enforced for 1 of 4 users: 1 not enforced, 1 excepted, 1 unknown."
    )
    assert said.ja.startswith("4 ユーザー中 1 ユーザーで MFA の強制を証明できました")
    assert headline(audit_account(snapshot_of({}), Exceptions(), version="1")).en == (
        "The account has no users."
    )


def test_a_bracket_in_japanese_stands_apart() -> None:
    found = report()
    named = replace(found, snapshot=replace(found.snapshot, alias="reidai-shoji"))
    for text in (as_of(named).ja, headline(named).ja):
        assert " (" in text
        assert not re.search(r"[^\s(]\(", text)


def test_many_users_have_commas() -> None:
    users = {f"u{number:04}": {"has": ["Force_MFA"]} for number in range(1000)}
    users |= {"open": {"has": ["Read"]}}
    policies = {"Force_MFA": "Force_MFA", "Read": READ}
    found = audit_account(
        snapshot_of({"users": users, "policies": policies}), Exceptions(), version="1"
    )
    assert "for 1,000 of 1,001 users: 1 not enforced" in headline(found).en


def test_users_that_could_not_be_listed_are_not_none() -> None:
    gap = gap_at("GetAccountAuthorizationDetails")
    found = audit_account(replace(snapshot_of({}), gaps=(gap,)), Exceptions(), version="1")
    assert headline(found).en == "The users could not be read."
    assert as_json(found)["users"] is None
    assert set(as_json(found)["coverage"].values()) == {None}
    for lang, said in ((Language.EN, "not read"), (Language.JA, "読み取れ")):
        for text in (to_text(found, lang), to_html(found, lang)):
            assert said in text
            assert "0 of 0" not in text
            assert "0 ユーザー" not in text
    assert found.unknown


@pytest.mark.parametrize("lang", list(Language))
def test_every_page_is_dated(lang: Language) -> None:
    dated = as_of(report()).into(lang)
    assert f"{NOW:%Y-%m-%d %H:%M} UTC" in dated
    assert dated in to_text(report(), lang)
    assert dated in to_html(report(), lang)
    assert dated in json.dumps(to_sarif(report(), "x.json", lang), ensure_ascii=False)
    assert as_json(report())["asOf"] == NOW.isoformat(timespec="seconds")
    assert NOW.isoformat(timespec="seconds") in to_csv(report())


def test_no_cell_is_a_formula() -> None:
    text = to_csv(report(), bom=True)
    assert text.startswith("\ufeff")
    lines = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
    assert [line["user"] for line in lines] == ["enforced", "lost", "machine", "open"]
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values()
    )
    assert lines[2]["exception_owner"] == "'@ops"
    assert lines[1]["enforced"] == "unknown"
    assert lines[3]["counterexample"]


def test_what_csv_says_of_credentials_and_why() -> None:
    users = {
        "both": {"has": ["Read"], "password": {"used": 2}, "keys": [{"used": 1}, {"used": 3}]},
        "idle": {"has": ["Read"], "keys": [{"used": 9999}, {"used": 1, "active": False}]},
        "nothing": {"has": ["Read"], "devices": ["virtual", "passkey"]},
        "temporary": {"has": ["Read"], "password": {"must_change": True}},
        "unread": {"has": ["Read"]},
    }
    gaps = [["GetLoginProfile", "user unread", "no"], ["ListMFADevices", "user unread", "no"]]
    account = snapshot_of({"users": users, "policies": {"Read": READ}, "gaps": gaps})
    text = to_csv(audit_account(account, Exceptions(), version="1"))
    columns = ("kind", "password", "must_change", "enrolled", "devices", "active_keys")
    found = {line["user"]: line for line in csv.DictReader(StringIO(text))}
    assert {user: [line[name] for name in columns] for user, line in found.items()} == {
        "both": ["person", "true", "false", "false", "", "2"],
        "idle": ["unsure", "false", "false", "false", "", "1"],
        "nothing": ["person", "false", "false", "true", "virtual fido", "0"],
        "temporary": ["person", "true", "true", "false", "", "0"],
        "unread": ["unsure", "unknown", "unknown", "unknown", "", "0"],
    }
    assert {user: line["because"].split("; ") for user, line in found.items()} == {
        "both": ["has a console password", "has no MFA device", "has an access key in use"],
        "idle": [
            "has no console password",
            "has no MFA device",
            "has an active access key, unused for 90 days",
        ],
        "nothing": ["has no console password", "has an MFA device", "has no active access key"],
        "temporary": [
            "has a console password",
            "not known: GetCredentialReport",
            "has no MFA device",
            "has no active access key",
        ],
        "unread": [
            "has no active access key",
            "not known: GetLoginProfile",
            "not known: ListMFADevices",
        ],
    }
    assert found["both"]["impact"] == "keys-stop; enrols-first"
    times = [found["both"][name] for name in ("password_last_used", "key_last_used")]
    assert times == ["2026-11-24T07:00:00+00:00", "2026-11-24T08:00:00+00:00"]


def test_csv_says_all_of_an_exception_and_nothing_where_there_is_none() -> None:
    lines = {line["user"]: line for line in csv.DictReader(StringIO(to_csv(report())))}
    names = [name for name in lines["open"] if name.startswith("exception")]
    assert [lines["open"][name] for name in names] == [""] * 7
    told = {name.removeprefix("exception_"): lines["machine"][name] for name in names}
    assert told == {
        "exception": "machine",
        "why": "'=HYPERLINK(1) <img src=x>",
        "owner": "'@ops",
        "approved_by": "'+ciso",
        "expires": "2027-01-31",
        "ticket": "-1",
        "force": "",
    }


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\t=", "\r="])
def test_a_user_named_like_a_formula(tmp_path_factory: pytest.TempPathFactory, first: str) -> None:
    name = f"{first}1+1"
    folder = tmp_path_factory.mktemp("formula")
    snapshot = replace(company(), users=(user(name, password=Password()),))
    save_snapshot(snapshot, folder / "snapshot.json")
    out = folder / "audit.csv"
    asked = ["--snapshot", str(folder / "snapshot.json"), "--format", "csv", "--out", str(out)]
    assert CliRunner().invoke(command, asked, standalone_mode=False).exception is None
    with out.open(encoding="utf-8", newline="") as file:
        (line,) = csv.DictReader(file)
    assert line["user"] == f"'{name}"


@pytest.mark.parametrize(
    "name", ["007", "1-2", "1e5", "MAR1", "true", "12345678901234567890", "1.5", "12/11"]
)
def test_a_user_whose_name_a_spreadsheet_would_change(name: str) -> None:
    snapshot = replace(company(), account="012345678901", users=(user(name, password=Password()),))
    report = audit_account(snapshot, Exceptions(), version="1")
    # programs read it as it is; who asks for Excel's form gets what Excel leaves alone
    (line,) = csv.DictReader(StringIO(to_csv(report)))
    assert (line["user"], line["account"]) == (name, "012345678901")
    (line,) = csv.DictReader(StringIO(to_csv(report, bom=True).removeprefix("\ufeff")))
    assert (line["user"], line["account"]) == (f"'{name}", "'012345678901")
    # what has a form of our own stays as it is
    assert not line["active_keys"].startswith("'")
    assert not line["as_of"].startswith("'")


@pytest.mark.parametrize("name", ["hanako", "deploy-bot", "marko", "a1", "yui.nakamura", "u-2026"])
def test_a_usual_name_stays_as_it_is_in_csv(name: str) -> None:
    snapshot = replace(company(), users=(user(name, password=Password()),))
    (line,) = csv.DictReader(StringIO(to_csv(audit_account(snapshot, Exceptions(), version="1"))))
    assert line["user"] == name


@pytest.mark.parametrize("lang", list(Language))
def test_the_page_is_whole_and_escaped(lang: Language) -> None:
    text = to_html(report(), lang)
    page = Page(text)
    assert page.lang == lang.value
    assert "&lt;script&gt;" in text
    assert "<script>alert(1)" in page.text
    assert "@media print" in text
    assert not page.outside
    assert not re.search(r"https?://", text)


def test_a_user_named_like_markup_stays_text() -> None:
    name = "</th><script>x()</script>\"'"
    snapshot = replace(company(), users=(user(name, password=Password()),))
    page = Page(to_html(audit_account(snapshot, Exceptions(), version="1"), Language.EN))
    # in the row of the user, and in each finding that is about them
    assert page.text.count(name) > 2


@pytest.mark.parametrize("lang", list(Language))
def test_findings_come_first_grouped_and_counted(lang: Language) -> None:
    found = report()
    page = Page(to_html(found, lang))
    order = ["findings", "undecided", "users", "exceptions", "not-read"]
    assert [each for each in page.ids if each in order] == order
    assert page.links[:5] == [f"#{each}" for each in order]
    known = {each.id.value for each in found.findings if each.known}
    unknown = {f"{each.id.value}.unknown" for each in found.findings if not each.known}
    assert known
    assert unknown
    assert known | unknown <= set(page.ids)
    for name in known:
        assert f"#{name}" in page.links
    # every user who has a finding is linked to the row of theirs
    users = {row.user.name: f"#u{place}" for place, row in enumerate(found.rows)}
    assert {users[each.subject] for each in found.findings if each.subject in users} <= set(
        page.links
    )


def test_what_was_seen_of_many_alike_is_said_once() -> None:
    names = [f"user{number:03}" for number in range(200)]
    users = {name: {"has": ["Read"], "password": {}} for name in names}
    account = snapshot_of({"users": users, "policies": {"Read": READ}})
    found = audit_account(account, Exceptions(), version="1")
    text = to_html(found, Language.EN)
    assert text.count("console password; no device") == 1
    assert all(text.count(f">{name}<") >= 2 for name in names)
    # a long list is folded by the script, and there without it
    assert "<details open data-long>" in text
    assert "(200)" in text


def test_words_are_not_broken_and_code_is_code() -> None:
    page = to_html(report(), Language.EN)
    assert '<td class="short">proved</td>' in page
    assert '<th scope="col" class="short" data-choices>enforced</th>' in page
    # only what has no space where it could be broken is broken anywhere
    for cell in re.findall(r'<td class="long">(.*?)</td>', page):
        assert max(map(len, unescape(re.sub(r"</?code>", "`", cell)).split())) > 30
    assert re.search(r"<code>arn:aws:iam::\d+:policy/Lost</code>", page)
    assert "`" not in Page(page).text


def test_a_terminal_obeys_nothing() -> None:
    text = to_text(report(), Language.EN)
    assert "\x1b" not in text
    assert "\\u001b[31m" in text


@pytest.mark.parametrize("lang", list(Language))
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_screen_has_every_user_and_finding_the_worst_first(
    lang: Language, columns: int
) -> None:
    """Fails if a name is lost where it is folded, or if order or width is not kept."""
    long_name = "somebody.with.a.name.of.more.than.sixty.characters@example.com-x"
    users = {
        "ready": {"has": ["Read"], "password": {"used": 1}, "devices": TWO},
        "covered": {"has": ["Force_MFA"], "password": {"used": 1}, "devices": TWO},
        "excepted": {"has": ["Read"], "keys": [{"used": 1}]},
        long_name: {"has": ["Read"], "password": {}},
        "zz-machine": {"has": ["Read"], "keys": [{"used": 1}]},
    }
    account = snapshot_of({"users": users, "policies": {"Force_MFA": "Force_MFA", "Read": READ}})
    entry = "{user: excepted, kind: machine, why: w, owner: o, approvedBy: a, "
    file = (
        f"schema: sekisho.exceptions/1\nexceptions:\n - {entry}expires: 2027-01-01, ticket: t}}\n"
    )
    found = audit_account(account, load_exceptions(file), version="1")
    layout = TextLayout(columns, verbose=False)
    text = report_text(account_document(found), lang, layout)
    assert max(map(cell_width, text.splitlines())) <= columns
    # what is folded is whole once the spaces of other columns are taken away
    assert long_name[:20] in text
    assert [each in text for each in ("zz-machine", "ready", "covered", "excepted")] == [True] * 4
    places = [text.index(each) for each in ("zz-machine", long_name[:20], "ready", "covered")]
    assert sorted(places) == places
    assert {f"[{each.id.value}]" for each in found.findings if each.known} <= {
        *re.findall(r"\[account\.[a-z-]+\]", text)
    }


def test_a_screen_of_twelve_users_and_six_findings_is_short() -> None:
    users = {f"user{number}": {"has": ["Read"], "password": {}} for number in range(12)}
    account = snapshot_of({"users": users, "policies": {"Read": READ}})
    found = audit_account(account, Exceptions(), version="1")
    for lang in Language:
        layout = TextLayout(80, verbose=False)
        lines = report_text(account_document(found), lang, layout).splitlines()
        kinds = len({each.id for each in found.findings if each.known})
        assert len(lines) <= 21 + 2 * kinds
        assert sum(line.startswith("  user") for line in lines) in (12, 13)


def test_columns_stand_in_line_beside_wide_and_spelled_out_characters() -> None:
    named = {"users": {"mika": {}, "ユーザー\x1b": {}}}
    text = to_text(audit_account(snapshot_of(named), Exceptions(), version="1"), Language.JA)
    begin = [*text.splitlines()].index("ユーザー") + 1
    heading, *rows = text.splitlines()[begin : begin + 3]
    assert [row.split()[0] for row in rows] == ["mika", "ユーザー\\u001b"]
    place = cell_width(heading[: heading.index("種別")])
    for row in rows:
        name, kind = row.split()[:2]
        assert cell_width(row[: row.index(kind, row.index(name) + len(name))]) == place


def test_json_has_everybody_and_every_status() -> None:
    found = as_json(report())
    assert found["schema"] == "sekisho.audit/1"
    assert {each["user"]: each["enforced"] for each in found["users"]} == {
        "enforced": "proved",
        "open": "refuted",
        "machine": "refuted",
        "lost": "unknown",
    }
    assert found["users"][3]["counterexample"]["decisions"]["allowed"]["decision"] == "Allowed"
    assert {each["status"] for each in found["findings"]} == {"found", "unknown"}
    assert {each["id"] for each in found["findings"]} == set(found["words"])
    coverage = found["coverage"]
    assert (coverage["users"], coverage["enabled"], coverage["enforced"], coverage["used"]) == (
        *(4, 2),
        *(1, 1),
    )


def test_who_cannot_be_phished_is_counted_and_who_still_can_is_not() -> None:
    """An app's code can be asked for even where there is a passkey beside it."""
    force = {"has": ["Force_MFA"], "password": {}}
    value = {
        "users": {
            "app": {**force, "devices": ["virtual"]},
            "both": {**force, "devices": ["virtual", "passkey"]},
            "passkey": {"has": ["Read"], "password": {}, "devices": ["passkey"]},
            "nothing": force,
            "unread": force,
        },
        "policies": {"Force_MFA": "Force_MFA", "Read": READ},
        "gaps": [["ListMFADevices", "user unread", "AccessDenied"]],
    }
    found = audit_account(snapshot_of(value), Exceptions(), version="1")
    said = as_json(found)
    assert {each["user"]: each["phishingResistant"] for each in said["users"]} == {
        "app": False,
        "both": True,
        "passkey": True,
        "nothing": False,
        "unread": None,
    }
    about = {name: count for name, count in said["coverage"].items() if "phishing" in name}
    assert about == {
        "phishing_resistant": 2,
        "phishing_resistant_unknown": 1,
        "phishing_resistant_enforced": 1,
        "phishing_resistant_only": 1,
    }
    figure = "Phishing-resistant: 2 of 5 users have a passkey or security key (1 of them"
    for text in ("".join(to_html(found, Language.EN)), "".join(to_text(found, Language.EN))):
        assert figure in " ".join(unescape(text).split())
    cells = {
        row["user"]: row["phishing_resistant"] for row in csv.DictReader(StringIO(to_csv(found)))
    }
    assert cells == {
        "app": "false",
        "both": "true",
        "passkey": "true",
        "nothing": "false",
        "unread": "unknown",
    }


def test_sarif_has_results_and_notifications() -> None:
    log = to_sarif(report(), "a b/snap.json", Language.JA)
    (run,) = log["runs"]  # type: ignore[misc, union-attr] - JSON values
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        where = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert where == "a%20b/snap.json"
        needed = {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}
        assert needed <= set(result) <= needed | {"suppressions"}
        for each in result.get("suppressions", ()):
            assert (each["kind"], each["status"]) == ("external", "accepted")
            assert set(each) == {"kind", "status", "justification"}
    excused = [each for each in run["results"] if "suppressions" in each]
    assert {each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for each in excused}
    said = run["invocations"][0]["toolExecutionNotifications"]
    assert any("account.not-enforced: lost" in each["message"]["text"] for each in said)


@pytest.fixture
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("audit") / "snapshot.json"
    save_snapshot(company(), path)
    return str(path)


@pytest.mark.parametrize("form", ["text", "json", "csv", "html", "sarif"])
def test_the_command_from_a_snapshot(saved: str, form: str) -> None:
    asked = ["--snapshot", saved, "--format", form, "--lang", "en"]
    result = CliRunner().invoke(command, asked, standalone_mode=False)
    assert result.exception is None
    assert result.return_value is Exit.UNKNOWN
    assert "machine" in result.stdout
    zero = CliRunner().invoke(command, [*asked, "--exit-zero"], standalone_mode=False)
    assert zero.return_value is Exit.CLEAN
    assert zero.stdout == result.stdout


def test_exit_codes_and_the_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("audit")
    users = {"open": {"has": ["Read"], "devices": TWO, "password": {}}}
    save_snapshot(snapshot_of({"users": users, "policies": {"Read": READ}}), folder / "open.json")
    users = {"shut": {"has": ["Force_MFA"], "devices": TWO, "password": {}}}
    shut = snapshot_of({"users": users, "policies": {"Force_MFA": "Force_MFA"}})
    save_snapshot(shut, folder / "shut.json")
    for name, code in (("open", Exit.FINDINGS), ("shut", Exit.CLEAN)):
        result = CliRunner().invoke(
            command, ["--snapshot", str(folder / f"{name}.json")], standalone_mode=False
        )
        assert result.return_value is code
    out = folder / "out.html"
    asked = ["--snapshot", str(folder / "shut.json"), "--format", "html", "--out", str(out)]
    assert CliRunner().invoke(command, asked, standalone_mode=False).stdout == ""
    assert out.stat().st_mode & 0o777 == 0o600
    again = CliRunner().invoke(command, asked, standalone_mode=False)
    assert "already exists" in str(again.exception)
    assert CliRunner().invoke(command, [*asked, "--force"], standalone_mode=False).exception is None


@pytest.mark.parametrize(
    "asked",
    [
        ["--bom"],
        ["--force"],
        ["--snapshot", "x.json", "--profile", "p"],
        ["--snapshot", "x.json", "--endpoint-url", "http://localhost"],
    ],
)
def test_options_that_do_not_go_together(asked: list[str]) -> None:
    result = CliRunner().invoke(command, asked, standalone_mode=False)
    assert type(result.exception).__name__ == "UsageError"


def test_a_counterexample_says_where_the_user_has_no_such_credential() -> None:
    users = {
        "key": {"has": ["Read"], "keys": [{"used": 1}]},
        "password": {"has": ["Read"], "password": {}},
        "nothing": {"has": ["Read"]},
        "unread": {"has": ["Read"]},
    }
    gaps = [["ListAccessKeys", "user unread", "AccessDenied"]]
    sessions = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    keys_alone = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": sessions}
    policies = {"Read": [*READ, keys_alone]}
    account = snapshot_of({"users": users, "policies": policies, "gaps": gaps})
    report = audit_account(account, Exceptions(), version="1")
    told = {row["user"]: row for row in csv.DictReader(StringIO(to_csv(report)))}
    made = "no active access key now; it applies to a new one"
    assert all("access key" in each["counterexample"] for each in told.values())
    assert "(" not in told["key"]["counterexample"].partition("is allowed")[2]
    assert told["password"]["counterexample"].endswith(f"(the user has {made})")
    assert made in told["nothing"]["counterexample"]
    assert told["unread"]["counterexample"].endswith("was not read)")
    assert made in "".join(to_json(report))
    facts = [each.fact.ja for each in report.findings if made in each.fact.en]
    assert facts
    assert all("有効なアクセスキーはありません" in fact for fact in facts)


def test_a_sign_in_is_shown_before_a_key_that_the_user_has_not() -> None:
    users = {"password": {"has": ["Read"], "password": {}}, "key": {"has": ["Read"], "keys": [{}]}}
    account = snapshot_of({"users": users, "policies": {"Read": READ}})
    report = audit_account(account, Exceptions(), version="1")
    for row in csv.DictReader(StringIO(to_csv(report))):
        assert "console session or session token without MFA" in row["counterexample"]
        assert row["counterexample"].endswith("is allowed")


def test_who_is_enforced_by_an_undocumented_point_is_told_so() -> None:
    no_mfa = {"ForAnyValue:StringNotEqualsIfExists": {"aws:MultiFactorAuthPresent": "true"}}
    shut = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": no_mfa}
    value = {"users": {"ken": {"has": ["Enforcement"]}}, "policies": {"Enforcement": [*READ, shut]}}
    found = audit_account(snapshot_of(value), Exceptions(), version="1")
    said = "Verdicts on MFA enforcement rest on a point that AWS does not document, the assumption"
    assert said in to_text(found, Language.EN)
    assert said in unescape(to_html(found, Language.EN))
    assert said in json.dumps(to_sarif(found, lang=Language.EN, source="account.json"))
    assert [each["assumed"] for each in as_json(found)["users"]] == [
        ["any_value_if_exists_when_missing"]
    ]
    assert "rest on a point" not in to_text(report(), Language.EN)
