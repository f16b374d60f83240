"""The exceptions file: what it takes, and every fault at its place."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.small_accounts import snapshot_of
from cases import cases
from rollout.staging import NOW, account
from sekisho.account import CredentialReport, CredentialRow
from sekisho.audit import Severity
from sekisho.audit.exceptions import ExceptionKind, load_exceptions
from sekisho.audit.report import audit_account
from sekisho.errors import Code, FaultyInput

PAGE = Path(__file__).parents[2] / "docs" / "exceptions.md"


@pytest.mark.parametrize("case", cases("audit/exceptions", ["text"], ["entries", "faults"]))
def test_files(case: dict[str, Any]) -> None:
    if "faults" in case:
        with pytest.raises(FaultyInput) as caught:
            load_exceptions(case["text"], account())
        assert [str(fault) for fault in caught.value.faults] == case["faults"]
        return
    found = load_exceptions(case["text"], account())
    assert [[each.user, each.kind.value, each.force] for each in found.entries] == case["entries"]


def test_without_an_account_the_form_alone_is_checked(tmp_path: Path) -> None:
    entry = "user: nobody, kind: machine, why: a, owner: b, approvedBy: c, ticket: d"
    path = tmp_path / "exceptions.yaml"
    path.write_text(
        f"schema: sekisho.exceptions/1\nexceptions: [{{{entry}, expires: 2026-11-24}}]\n"
    )
    found = load_exceptions(path)
    (only,) = found.entries
    assert found.of("nobody") is only
    assert found.of("glass") is None
    with pytest.raises(FaultyInput) as caught:
        found.check(account())
    assert caught.value.faults[0].code is Code.ACCOUNT_BAD_REFERENCE


@pytest.mark.parametrize(("enabled", "fits"), [(True, False), (False, True), (None, True)])
def test_a_password_that_only_the_report_tells_of_asks_for_a_reason(
    enabled: bool | None, fits: bool
) -> None:
    entry = "user: ken, kind: exception, why: a, owner: b, approvedBy: c, ticket: d"
    text = f"schema: sekisho.exceptions/1\nexceptions: [{{{entry}, expires: 2027-03-31}}]\n"
    snapshot = snapshot_of(
        {"users": {"ken": {}}, "gaps": [["GetLoginProfile", "user ken", "AccessDenied: no"]]}
    )
    row = CredentialRow("ken", snapshot.users[0].arn, password_enabled=enabled)
    reported = replace(snapshot, report=CredentialReport(NOW, {"ken": row}))
    if not fits:
        with pytest.raises(FaultyInput) as caught:
            load_exceptions(text, reported)
        assert caught.value.faults[0].code is Code.EXCEPTION_PASSWORD
        return
    report = audit_account(reported, load_exceptions(text, reported), version="1")
    told = [each.known for each in report.findings if each.id.value == "account.exception-forced"]
    # where nothing tells of a password, it is unknown whether there had to be a reason
    assert told == ([False] if enabled is None else [])


@pytest.mark.parametrize(("about", "refused"), [("userPolicy p of ken", True), ("", False)])
def test_who_is_not_there_is_refused_where_everybody_was_listed(about: str, refused: bool) -> None:
    entry = "user: kem, kind: exception, why: a, owner: b, approvedBy: c, ticket: d"
    text = f"schema: sekisho.exceptions/1\nexceptions: [{{{entry}, expires: 2027-03-31}}]\n"
    gap = [
        "GetAccountAuthorizationDetails",
        about,
        "policy.bad-effect: `Maybe` is not a valid Effect",
    ]
    snapshot = snapshot_of({"users": {"ken": {}}, "gaps": [gap]})
    if refused:
        with pytest.raises(FaultyInput) as caught:
            load_exceptions(text, snapshot)
        assert caught.value.faults[0].fix.en == "did you mean `ken`?"
    else:
        assert load_exceptions(text, snapshot).of("kem") is not None


def test_the_last_day_is_a_whole_day_in_utc() -> None:
    found = load_exceptions(
        "schema: sekisho.exceptions/1\nexceptions:\n - {user: glass, kind: break-glass, why: a,"
        " owner: b, approvedBy: c, expires: 2026-11-24, ticket: d}\n"
    )
    (entry,) = found.entries
    assert not entry.expired(datetime(2026, 11, 24, 23, 59, tzinfo=UTC))
    assert entry.expired(datetime(2026, 11, 25, tzinfo=UTC))
    # whom nobody may touch stays so
    assert found.break_glass == ("glass",)


def test_the_example_of_the_page_loads() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    assert {each.kind for each in load_exceptions(example[1]).entries} == set(ExceptionKind)


def test_a_goals_break_glass_user_is_left_out_and_an_expired_exception_still_said() -> None:
    entry = "user: ken, kind: break-glass, why: a, owner: b, approvedBy: c, ticket: d, force: e"
    text = f"schema: sekisho.exceptions/1\nexceptions: [{{{entry}, expires: 2026-01-31}}]\n"
    policies = {"Read": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    user = {"has": ["Read"], "password": {}}
    snapshot = snapshot_of({"users": {"ken": user, "yui": user}, "policies": policies})
    exceptions = load_exceptions(text, snapshot)
    before = audit_account(snapshot, exceptions, version="1")
    after = audit_account(snapshot, replace(exceptions, goals={"ken": "g.yaml"}), version="1")
    of_ken = {each.id.value: each for each in after.findings_of["ken"]}
    assert {each.id.value for each in before.findings_of["ken"]} == {*of_ken}
    for name in ("account.not-enforced", "account.console-without-device"):
        assert of_ken[name].severity is Severity.NOTE
        assert of_ken[name].goal == "g.yaml"
        assert of_ken[name].exemption is None
    # no day ends what a goal says, but the entry has still to be renewed
    assert of_ken["account.exception-expired"].severity is Severity.ERROR
    assert after.findings_of["yui"] == before.findings_of["yui"]
    assert (before.coverage.exempt, after.coverage.exempt) == (0, 1)
