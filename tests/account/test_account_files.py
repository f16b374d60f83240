"""Accounts out of files: what is told is there, and what is not told is a gap, never "none".

Reads `account.credential_report` itself, because a report with a byte order mark comes from no
client.
"""

import base64
import json
from copy import deepcopy
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import cases, document
from gaps import resource
from sekisho.account import (
    Snapshot,
    load_account,
    open_account,
    policies_of,
    save_snapshot,
    snapshot_of,
    user_ref,
)
from sekisho.account.credential_report import ROOT, read_credential_report
from sekisho.errors import FaultyAccount

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SOUND = document("account/faulty")["sound"]
EXPORT = SOUND["authorizationDetails"]
HEADING = ",".join(document("account/reports")["heading"])


def report_of(lines: list[list[str]], heading: str = HEADING) -> str:
    return "\n".join([heading, *(",".join(cells) for cells in lines)]) + "\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return an export and a report of the same account."""
    lines = document("account/reports")["company"]
    written = {
        "export": ("details.json", json.dumps(EXPORT)),
        "account": ("account.json", json.dumps(SOUND)),
        "report": ("report.csv", report_of(lines)),
    }
    for name, text in written.values():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {key: tmp_path / name for key, (name, _) in written.items()}


def what(snapshot: Snapshot, who: str) -> set[str]:
    return {gap.operation for gap in snapshot.gaps if gap.resource.label == who}


def test_a_bare_export_says_nothing_of_credentials(files: dict[str, Path]) -> None:
    snapshot = open_account(files["export"], as_of=AT)
    assert [user.name for user in snapshot.users] == ["alice", "bob"]
    assert snapshot.taken_at == AT
    whole = snapshot_of(load_account(files["account"]), AT)
    assert policies_of(snapshot, "bob") == policies_of(whole, "bob")
    # AWS's own policies are not in this export: they are named, and nobody is judged without them
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert snapshot.gap_of("GetPolicy", resource(f"managedPolicy {read_only}")) is not None
    with pytest.raises(FaultyAccount, match="ReadOnlyAccess"):
        policies_of(snapshot, "alice")
    for call in ("GetLoginProfile", "ListMFADevices", "ListAccessKeys"):
        gap = snapshot.gap_of(call, user_ref("alice"))
        assert gap is not None
        assert gap.reason.en == "the file does not say"
    assert snapshot.gap_of("GetAccountSummary") is not None
    assert snapshot.root.mfa is None
    assert snapshot.report is None


def test_an_account_file_knows_what_users_hold(files: dict[str, Path]) -> None:
    snapshot = open_account(files["account"], as_of=AT)
    alice = snapshot.user_named["alice"]
    assert alice.password is not None
    assert alice.devices[0].serial == "arn:aws:iam::111122223333:mfa/phone"
    assert alice.keys[0].active
    assert snapshot.alias == "example"
    assert snapshot.password_policy is not None
    assert snapshot.gap_of("ListMFADevices", user_ref("alice")) is None
    assert snapshot.gap_of("GetAccessKeyLastUsed", user_ref("alice")) is not None
    assert "Top-Secret-Pass-1" not in repr(snapshot)


STRANGE = {"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Action": "*"}]}


def test_what_aws_adds_to_its_export_is_passed_over(tmp_path: Path) -> None:
    export = deepcopy(EXPORT)
    export["ResponseMetadata"] = {"HTTPStatusCode": 200}
    for section in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        export[section][0]["NewsOfAws"] = {"any": "thing"}
    path = tmp_path / "details.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    assert [user.name for user in open_account(path, as_of=AT).users] == ["alice", "bob"]
    # what people write has no such keys
    path.write_text(json.dumps({**SOUND, "authorizationDetails": export}), encoding="utf-8")
    with pytest.raises(FaultyAccount, match=r"`ResponseMetadata` is not allowed .* 4 more\)"):
        open_account(path, as_of=AT)


@pytest.mark.parametrize(
    ("place", "name", "unjudged"),
    [
        (("RoleDetailList", 0, "AssumeRolePolicyDocument"), "trust policy of role Ops", ()),
        (
            ("UserDetailList", 1, "UserPolicyList", 0, "PolicyDocument"),
            "inline Inline of user bob",
            ("bob",),
        ),
        (
            ("Policies", 0, "PolicyVersionList", 0, "Document"),
            "arn:aws:iam::111122223333:policy/Own",
            ("alice", "bob"),
        ),
        (("Policies", 0, "PolicyVersionList", 1, "Document"), "", ()),
    ],
)
def test_a_document_of_an_export_that_cannot_be_read_is_a_gap(
    place: tuple[str | int, ...], name: str, unjudged: tuple[str, ...], tmp_path: Path
) -> None:
    export: Any = deepcopy(EXPORT)
    *outer, last = place
    reduce(lambda part, key: part[key], outer, export)[last] = STRANGE
    path = tmp_path / "details.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    snapshot = open_account(path, as_of=AT)
    gaps = [gap for gap in snapshot.gaps if gap.operation == "GetAccountAuthorizationDetails"]
    assert [gap.resource.label for gap in gaps] == ([name] if name else [])
    assert all("Perhaps" in gap.reason.en for gap in gaps)
    # whom a document decides for is not judged without it
    for user in unjudged:
        with pytest.raises(FaultyAccount, match=r"could not be read|was not read"):
            policies_of(snapshot, user)
    # the local AWS is loaded whole or not at all
    with pytest.raises(FaultyAccount, match="Perhaps"):
        load_account(path)
    # null is no document, wherever it stands
    reduce(lambda part, key: part[key], outer, export)[last] = None
    path.write_text(json.dumps(export), encoding="utf-8")
    with pytest.raises(FaultyAccount, match="must not be null"):
        open_account(path)


def test_export_and_report_together(files: dict[str, Path]) -> None:
    snapshot = open_account(files["report"], files["export"], as_of=AT)
    alice, bob, carol = snapshot.users
    assert alice.password is not None
    assert alice.password.last_used == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    assert [(key.id, key.active, key.last_service) for key in alice.keys] == [
        ("access_key_1", True, "s3"),
        ("access_key_2", False, ""),
    ]
    assert what(snapshot, "alice") == {"GetLoginProfile", "ListMFADevices", "ListAccessKeys"}
    # a report that says "no" is an answer, not a gap
    assert (bob.password, bob.keys, what(snapshot, "bob")) == (None, (), set())
    assert snapshot.gap_of("ListMFADevices", user_ref("bob")) is None
    assert snapshot.root.mfa is True
    assert snapshot.root.password is None
    assert snapshot.report is not None
    assert snapshot.report.rows["alice"].mfa_active is True
    assert policies_of(snapshot, "bob").identity
    # she came after the export: what she holds is known, and what she may do is not
    row = snapshot.report.rows["carol"]
    assert (carol.arn, len(carol.keys)) == (row.arn, row.keys_active.count(True))
    assert "GetAccountAuthorizationDetails" in what(snapshot, "carol")
    assert not snapshot.identities_complete
    with pytest.raises(FaultyAccount, match="in the credential report, and not in the export"):
        policies_of(snapshot, "carol")


def test_a_report_alone_tells_nobody_s_policies(files: dict[str, Path]) -> None:
    snapshot = open_account(files["report"], as_of=AT)
    assert (snapshot.account, snapshot.partition) == ("111122223333", "aws")
    assert [user.name for user in snapshot.users] == ["alice", "bob", "carol"]
    assert snapshot.user_named["bob"].path == "/dev/"
    for user in snapshot.users:
        with pytest.raises(FaultyAccount, match="are not in it"):
            policies_of(snapshot, user.name)


def test_a_user_who_is_not_in_the_report_stays_open(files: dict[str, Path], tmp_path: Path) -> None:
    lines = [cells for cells in document("account/reports")["company"] if cells[0] != "bob"]
    report = tmp_path / "short.csv"
    report.write_text(report_of(lines), encoding="utf-8")
    snapshot = open_account(files["export"], report, as_of=AT)
    assert what(snapshot, "bob") == {"GetLoginProfile", "ListMFADevices", "ListAccessKeys"}


def test_the_report_as_the_cli_prints_it(files: dict[str, Path], tmp_path: Path) -> None:
    printed = {
        "Content": base64.b64encode(files["report"].read_bytes()).decode(),
        "ReportFormat": "text/csv",
        "GeneratedTime": "2026-11-24T08:00:00+00:00",
    }
    path = tmp_path / "printed.json"
    path.write_text(json.dumps(printed), encoding="utf-8")
    snapshot = open_account(path)
    assert snapshot.report is not None
    assert (
        snapshot.taken_at == snapshot.report.generated_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    )
    path.write_text(json.dumps(printed | {"Content": "%"}), encoding="utf-8")
    with pytest.raises(FaultyAccount, match="base64"):
        open_account(path)


def test_a_snapshot_opens(files: dict[str, Path], tmp_path: Path) -> None:
    snapshot = open_account(files["export"], files["report"], as_of=AT)
    save_snapshot(snapshot, tmp_path / "snapshot.json")
    assert open_account(tmp_path / "snapshot.json") == snapshot


def test_the_date_of_a_file_is_its_own(files: dict[str, Path]) -> None:
    written = files["export"].stat().st_mtime
    assert open_account(files["export"]).taken_at == datetime.fromtimestamp(written, UTC)


def test_files_that_do_not_belong_together(files: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(files["report"].read_text().replace("111122223333", "999999999999"))
    with pytest.raises(FaultyAccount, match="is not of the account"):
        open_account(files["export"], other)
    for both in (("export", "export"), ("report", "report"), ("account", "report")):
        with pytest.raises(FaultyAccount, match="do not make one account together"):
            open_account(*(files[name] for name in both))
    with pytest.raises(FaultyAccount, match="no file"):
        open_account()


@pytest.mark.parametrize("case", cases("account/reports", ["line"], ["expect", "faults"]))
def test_reports(case: dict[str, Any]) -> None:
    text = report_of([case["line"]])
    if "faults" in case:
        with pytest.raises(FaultyAccount) as caught:
            read_credential_report(text)
        assert [fault.message.en for fault in caught.value.faults] == case["faults"]
        assert {fault.line for fault in caught.value.faults} == {2}
        return
    (row,) = read_credential_report(text).rows.values()
    found = json.loads(json.dumps({key: getattr(row, key) for key in case["expect"]}, default=str))
    assert found == case["expect"]


def test_a_report_without_its_columns_names_them_all() -> None:
    with pytest.raises(FaultyAccount) as caught:
        read_credential_report("user;arn;mfa_active\nalice;x;true\n")
    assert len(caught.value.faults) == 9
    assert caught.value.fix.en


def test_a_column_twice_is_a_fault() -> None:
    with pytest.raises(FaultyAccount, match="`mfa_active` twice"):
        read_credential_report(report_of([], HEADING + ",mfa_active"))


cells = st.sampled_from(["", "true", "N/A", "alice", "arn:aws:iam::1:user/alice", '"', "\x00", "é"])


@given(st.text() | st.lists(st.lists(cells, max_size=25)).map(report_of))
def test_no_text_is_anything_but_a_report_or_a_fault(text: str) -> None:
    rows: dict[str, Any] = {}
    told: list[str] = []
    try:
        rows = dict(read_credential_report(text).rows)
    except FaultyAccount as error:
        told = [str(fault) for fault in error.faults]
    assert not any("\n" in line for line in told)
    assert all(row.user == name for name, row in rows.items())


def test_columns_that_are_not_known_are_passed_over() -> None:
    line = next(cells for cells in document("account/reports")["company"] if cells[0] == ROOT)
    text = report_of([[*line, "later"]], HEADING + ",additional_column")
    assert read_credential_report("\ufeff" + text).rows[ROOT].mfa_active is True


@pytest.mark.parametrize(("text", "said"), [("", "is empty"), ("hello\n", "neither JSON nor")])
def test_what_is_no_account_at_all_is_one_fault(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "account"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaultyAccount, match=said) as caught:
        open_account(path)
    assert len(caught.value.faults) == 1
    assert "sekisho collect" in caught.value.fix.en


def test_a_policy_is_not_taken_for_an_account(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text('{"Version": "2012-10-17", "Statement": []}', encoding="utf-8")
    with pytest.raises(FaultyAccount) as caught:
        open_account(path)
    (fault,) = caught.value.faults
    assert "is a policy" in fault.message.en
