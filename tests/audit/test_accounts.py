"""Small accounts, and everything that the audit finds in them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.small_accounts import HOME, snapshot_of
from cases import cases, document
from sekisho.audit import Family, Finding, FindingId
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.impact import powers_of
from sekisho.audit.report import AccountReport, audit_account

DOCS = Path(__file__).parents[2] / "docs"
FILES = ("people", "enforcement", "administrators", "roles", "estate", "times")
OPTIONAL = ("rows", "admins", "exceptions", "passkeys")
CASES = [
    case
    for name in FILES
    for case in cases(f"audit/accounts/{name}", ["account", "findings"], OPTIONAL)
]
FOUND = {
    (identity, severity == "unknown")
    for name in FILES
    for case in document(f"audit/accounts/{name}")["cases"]
    for severity, identity, _ in case["findings"]
}


def audited(case: dict[str, Any]) -> AccountReport:
    """Return the audit of a case's account."""
    lines = [
        "{" + ", ".join(f"{key}: '{value}'" for key, value in entry.items()) + "}"
        for entry in case.get("exceptions", ())
    ]
    text = "schema: sekisho.exceptions/1\nexceptions:\n" + "".join(f" - {each}\n" for each in lines)
    exceptions = load_exceptions(text) if lines else Exceptions()
    exceptions = replace(exceptions, passkeys=frozenset(case.get("passkeys", ())))
    return audit_account(snapshot_of(case["account"]), exceptions, version="1")


def _told(finding: Finding) -> list[str]:
    subject = finding.subject
    if subject.startswith("arn:"):
        kind, _, name = subject.rpartition(":")[2].partition("/")
        subject = f"{kind} {name}"
    severity = finding.severity.value if finding.known else "unknown"
    return [severity, finding.id.value, subject]


@pytest.mark.parametrize("case", CASES)
def test_findings(case: dict[str, Any]) -> None:
    report = audited(case)
    found = [_told(each) for each in report.findings]
    assert [list(each) for each in dict.fromkeys(map(tuple, found))] == case["findings"]
    assert all(each.fact.en and each.fact.ja for each in report.findings)
    severities = [each.severity for each in report.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)


@pytest.mark.parametrize("case", [each for each in CASES if "rows" in each.values[0]])
def test_rows(case: dict[str, Any]) -> None:
    report = audited(case)
    told = {
        row.user.name: [
            *(row.nature.value, row.enforcement.enforced.value),
            [each.value for each in row.impact.kinds],
            None if row.power.unknown else row.power.administers,
        ]
        for row in report.rows
    }
    assert told == case["rows"]


@pytest.mark.parametrize("case", [each for each in CASES if "admins" in each.values[0]])
def test_administrators(case: dict[str, Any]) -> None:
    powers = {row.user.name: row.power for row in audited(case).rows}
    told = {
        name: "unknown" if powers[name].unknown else powers[name].request or None
        for name in case["admins"]
    }
    assert told == case["admins"]
    assert all(powers[name].administers is bool(powers[name].request) for name in told)


def test_users_whose_policies_are_equal_are_told_apart_where_it_matters() -> None:
    def may(action: str, resource: str = f"{HOME}:user/bob") -> dict[str, Any]:
        return {"Effect": "Allow", "Action": action, "Resource": resource}

    def requests(own: dict[str, Any], **account: Any) -> list[str]:
        users = {name: {"has": ["Own"]} for name in ("ann", "bob", "eve")}
        powers = powers_of(snapshot_of({"users": users, "policies": {"Own": [own]}, **account}))
        return [powers[name].request for name in users]

    on_themselves = may("iam:PutUserPolicy", f"{HOME}:user/${{aws:username}}")
    each = [f"iam:PutUserPolicy on {HOME}:user/{name}" for name in ("ann", "bob", "eve")]
    assert requests(on_themselves) == each
    # what takes from bob alone takes nothing from others in bob's hands
    taken = f"iam:DeleteUserPolicy on {HOME}:user/bob"
    assert requests(may("iam:DeleteUserPolicy")) == [taken, "", taken]
    joined = f"iam:AddUserToGroup on {HOME}:group/Ops"
    groups = {"Ops": {"inline": {"p": [may("iam:DeleteUserPolicy")]}}}
    assert requests(may("iam:AddUserToGroup", "*"), groups=groups) == [joined, "", joined]
    # a group, role or policy that is named like a user is another one for each of them
    everything = {"inline": {"p": [may("*", "*")]}}
    named = {"ann": {"inline": {"p": [may("s3:*", "*")]}}, "bob": everything}
    mine = may("iam:AddUserToGroup", f"{HOME}:group/${{aws:username}}")
    joins = ["", f"iam:AddUserToGroup on {HOME}:group/bob", ""]
    assert requests(mine, groups=named) == joins
    mine = may("iam:CreatePolicyVersion", f"{HOME}:policy/${{aws:username}}")
    changes = ["", f"iam:CreatePolicyVersion on {HOME}:policy/bob", ""]
    assert requests(mine, groups={"Ops": {"has": ["bob"]}}) == changes
    root = {"Effect": "Allow", "Principal": {"AWS": f"{HOME}:root"}, "Action": "sts:AssumeRole"}
    mine = may("sts:AssumeRole", f"{HOME}:role/${{aws:username}}")
    enters = ["", f"sts:AssumeRole on {HOME}:role/bob", ""]
    assert requests(mine, roles={"bob": {**everything, "trust": [root]}}) == enters
    principal = {"AWS": f"{HOME}:user/bob"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    roles = {"Admin": {"trust": [trust], "inline": {"p": [may("*", "*")]}}}
    assumed = f"sts:AssumeRole on {HOME}:role/Admin"
    assert requests(may("s3:*", "*"), roles=roles) == ["", assumed, ""]


OF_ACCOUNTS = [finding for finding in FindingId if finding.family is Family.ACCOUNT]


def test_every_finding_is_explained_in_order_of_risk() -> None:
    page = (DOCS / "reference" / "findings.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^### `(account\.\S+)`\n\nFinding \(usually: (\w+)\): (.*)$", page)
    assert rows == [
        (finding.value, finding.text.severity.value, finding.text.title.en)
        for finding in OF_ACCOUNTS
    ]


def test_every_control_is_on_the_page() -> None:
    page = (DOCS / "audit.md").read_text(encoding="utf-8").replace("`", "")
    page = page.partition("## Published controls")[2]
    for finding in OF_ACCOUNTS:
        controls = finding.text.controls
        if not controls:
            continue
        row = next(line for line in page.splitlines() if line.startswith("|") and finding in line)
        for control in controls:
            words = control.name.replace("(", "").replace(")", "").split()
            assert set(words) <= set(re.split(r"[ ,;:|]+", row))


def test_every_finding_is_found_somewhere() -> None:
    ids = {identity for identity, _ in FOUND}
    assert {each.value for each in OF_ACCOUNTS} - ids == set()
