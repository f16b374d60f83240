"""Lint, case by case; the corpus says where each expectation comes from."""

import json
import re
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cases import CORPUS, cases
from sekisho import policy
from sekisho.audit import Family, Finding, FindingId, Severity
from sekisho.audit.lint import Attachment, LintReport, lint
from sekisho.errors import Code, FaultyPolicy
from sekisho.messages import part_of_table, table

FAMILIES = ("save", "analyzer", "policy", "mfa")
KEYS = ("about", "found", "findings", "gaps")
ALL = [
    case for family in FAMILIES for case in cases(f"lint/{family}", KEYS, ("as", "policy", "text"))
]
RECORDED = CORPUS.parent / "data" / "aws-recorded"
PUBLISHED = CORPUS / "lint" / "published"
FINDINGS = Path(__file__).parents[2] / "docs" / "reference" / "findings.md"


def linted(case: dict[str, Any]) -> LintReport:
    text = case.get("text") or json.dumps(case["policy"], indent=1)
    return _linted(text, Attachment.of(case.get("as", "user")), case["id"])


@cache
def _linted(text: str, attachment: Attachment, name: str) -> LintReport:
    """Lint each case once, which two tests ask for."""
    return lint(text, attachment, source=name)


def test_no_quota_is_for_a_policy_of_aws() -> None:
    """ReadOnlyAccess has 87,000 characters; its meaning is examined, too."""
    actions = [f"s3:GetSome{number:05}*" for number in range(1_000)]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    own, of_aws = lint(text), lint(text, Attachment.AWS_MANAGED)
    assert FindingId.SAVE_SIZE in {each.id for each in own.findings}
    assert {each.id.family for each in of_aws.findings} & {Family.SAVE} == set()
    assert own.table is None
    assert of_aws.table is not None


def _recorded_documents() -> list[Any]:
    lines = (RECORDED / "identities.jsonl").read_text(encoding="utf-8").splitlines()
    found = [case for case in map(json.loads, lines) if "-document-" in case["id"]]
    return [pytest.param(case, id=case["id"]) for case in found]


@pytest.mark.parametrize("case", _recorded_documents())
def test_lint_says_refused_of_what_aws_refused(case: dict[str, Any]) -> None:
    written = case["call"]["params"]["PolicyDocument"]
    if isinstance(written, str):
        with pytest.raises(FaultyPolicy):
            lint(written, Attachment.USER, table=False)
        return
    report = lint(json.dumps(written["$json"]), Attachment.USER, table=False)
    refusals = [each.fact.en for each in report.findings if each.id.startswith("save.")]
    if "error" not in case["expect"]:
        assert refusals == []
    elif len(refusals) == 1 and case["id"] not in _TWO_FAULTS:
        # of several faults AWS names one, lint all
        assert case["expect"]["error"]["Message"] in refusals[0]
    else:
        assert refusals


_TWO_FAULTS = {"policies/bad-document-37", "policies/bad-document-66"}
"""Documents whose second fault is only looked for when the first is corrected."""

_VERBATIM = re.compile(r"`[^`]*`|AWS: .*", re.DOTALL)
_NAMES = {"Allow", "ARN", "AWS", "Deny", "Effect", "GetSessionToken", "IAM", "MFA", "NUL", "Sid"}


def _says_nothing_in_english(finding: Finding) -> bool:
    """Tell whether a Japanese fact is Japanese but for names, paths and what is quoted."""
    words = set(re.findall(r"[A-Za-z]{2,}", _VERBATIM.sub("", finding.fact.ja)))
    return words <= {
        *_NAMES,
        "VPC",
        "true",
        "false",
        *re.findall(r"[A-Za-z]{2,}", finding.place.path),
    }


@pytest.mark.parametrize("case", ALL)
def test_the_corpus(case: dict[str, Any]) -> None:
    report = linted(case)
    ids = {finding.id for finding in report.findings}
    assert (case["about"] in ids) is case["found"]
    assert sorted(ids) == case["findings"]
    assert len(report.gaps) == case["gaps"]
    for finding in report.findings:
        assert not _japanese(_VERBATIM.sub("", finding.fact.en))
        assert _says_nothing_in_english(finding), finding.fact.ja


OF_POLICIES = [finding for finding in FindingId if finding.family is not Family.ACCOUNT]


@pytest.mark.parametrize("finding", OF_POLICIES, ids=str)
def test_every_finding_has_a_case_that_has_it_and_one_that_nearly_has(finding: FindingId) -> None:
    found = {case.values[0]["found"] for case in ALL if case.values[0]["about"] == finding.value}
    assert found == {True, False}


def test_a_case_stands_in_the_file_of_its_family() -> None:
    for family in FAMILIES:
        for case in cases(f"lint/{family}", KEYS, ("as", "policy", "text")):
            assert case.values[0]["about"].startswith(f"{family}.")


@pytest.mark.parametrize("case", cases("lint/published", ("findings",)))
def test_published_policies(case: dict[str, Any]) -> None:
    text = (PUBLISHED / f"{case['id']}.json").read_text(encoding="utf-8")
    report = lint(text, source=case["id"])
    found = [
        {
            "id": finding.id,
            "severity": finding.severity.value,
            "statement": finding.place.statement,
            "line": finding.place.position.line,
        }
        for finding in report.findings
    ]
    assert found == case["findings"]
    assert not report.gaps


def test_every_published_policy_is_looked_at() -> None:
    files = {path.stem for path in PUBLISHED.glob("*.json")}
    assert files == {case.values[0]["id"] for case in cases("lint/published", ("findings",))}
    page = (FINDINGS.parents[1] / "published-policies.md").read_text(encoding="utf-8")
    for case in cases("lint/published", ("findings",)):
        section = page.partition(f"`{case.values[0]['id']}`")[2].partition("\n## ")[0]
        worse = {
            finding["id"]
            for finding in case.values[0]["findings"]
            if finding["severity"] != Severity.NOTE
        }
        named = set(re.findall(r"`([a-z]+\.[a-z-]+)`", section))
        assert worse <= named, case.values[0]["id"]
        assert named <= {finding["id"] for finding in case.values[0]["findings"]}


def test_the_table_of_findings_has_every_finding_and_no_other() -> None:
    families = {name: set(entries) for name, entries in table("findings").items()}
    del families["limits"]
    named = {f"{family}.{name}" for family, names in families.items() for name in names}
    assert named == {finding.value for finding in FindingId}
    for name in named:
        family, _, own = name.partition(".")
        assert part_of_table("findings", name) == table("findings")[family][own]
    assert part_of_table("findings", "limits") == table("findings")["limits"]


def _japanese(text: str) -> bool:
    return any("\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text)


@pytest.mark.parametrize("finding", list(FindingId), ids=str)
def test_what_is_said_is_there_in_both_languages_and_does_not_mix(finding: FindingId) -> None:
    said = finding.text
    limits = (control.limits for control in said.controls)
    for text in (said.title, said.cause, said.fix, *limits):
        assert text.en
        assert not _japanese(text.en)
        assert _japanese(text.ja)


def test_what_the_parser_says_is_said_in_japanese() -> None:
    for case in json.loads((CORPUS / "policy" / "faults.json").read_text(encoding="utf-8")):
        with suppress(FaultyPolicy):
            for finding in lint(case["text"], Attachment.of("user")).findings:
                assert _says_nothing_in_english(finding), finding.fact.ja


ENFORCEMENT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "enforcement", "Effect": "Deny", "NotAction": "iam:EnableMFADevice",
     "Resource": "*",
     "Condition": {"Bool": {"aws:MultiFactorAuthPresnt": "false"}}}
  ]
}"""


def test_a_finding_says_where_it_is() -> None:
    report = lint(ENFORCEMENT, source="enforcement.json")
    [decoy] = [each for each in report.findings if each.id == FindingId.DECOY_KEY]
    place = decoy.place
    assert (place.subject, place.statement, place.sid) == ("enforcement.json", 0, "enforcement")
    assert place.path == "Statement[0].Condition.Bool.aws:MultiFactorAuthPresnt"
    assert (place.position.line, place.position.column) == (6, 29)


def test_findings_come_in_the_order_of_the_text() -> None:
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": f"s3:Get{name}", "Resource": "*"}
                for name in ("Objekt", "Object", "Buckett")
            ],
        },
        indent=1,
    )
    places = [each.place.position for each in lint(document).findings]
    assert places == sorted(places)
    assert len(places) > 2


def test_a_near_action_is_suggested() -> None:
    report = lint(ENFORCEMENT.replace("iam:EnableMFADevice", "iam:EnableMFADevise"))
    [wrong] = [each for each in report.findings if each.id == FindingId.INVALID_ACTION]
    assert "`iam:EnableMFADevice`" in wrong.fix.en
    assert "`iam:EnableMFADevice`" in wrong.fix.ja


def test_every_statement_that_denies_an_allow_is_named() -> None:
    deny = {"Effect": "Deny", "Resource": "*"}
    statements = [
        {"Effect": "Allow", "Action": ["sqs:ListQueues", "sns:ListTopics"], "Resource": "*"},
        {**deny, "Action": "sqs:ListQueues"},
        {**deny, "Action": "sns:ListTopics"},
    ]
    report = lint(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    [denied] = [each for each in report.findings if each.id == "policy.allow-always-denied"]
    assert denied.fact.en == "`sqs:ListQueues`, `sns:ListTopics`: denied by statement 2, 3"


@pytest.mark.parametrize("part", ["", "Not"])
def test_the_place_of_a_finding_names_the_element(part: str) -> None:
    statement = {
        "Effect": "Deny",
        f"{part}Action": ["s3:*", "s3:GetObject"],
        f"{part}Resource": ["arn:aws-cn:s3:::a*", "arn:aws-cn:s3:::ax"],
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    report = lint(text, partition="aws")
    places = {each.id.value: each.place.path for each in report.findings}
    facts = {each.fact.en for each in report.findings}
    assert {
        "`s3:getobject` in addition to `s3:*`",
        "`arn:aws-cn:s3:::ax` in addition to `arn:aws-cn:s3:::a*`",
    } <= facts
    assert places["analyzer.redundant-action"] == f"Statement[0].{part}Action"
    assert places["analyzer.redundant-resource"] == f"Statement[0].{part}Resource"
    assert places["policy.wrong-partition"] == f"Statement[0].{part}Resource"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.POLICY_NOT_JSON),
        ("{", Code.POLICY_NOT_JSON),
        ("[]", Code.POLICY_NOT_A_POLICY),
        ("[" * 10_000, Code.POLICY_TOO_DEEP),
        (" " * 600_000, Code.POLICY_TOO_LONG),
    ],
)
def test_what_is_no_policy_is_an_error_and_no_finding(text: str, code: Code) -> None:
    with pytest.raises(FaultyPolicy) as caught:
        lint(text)
    assert code in {fault.code for fault in caught.value.faults}


def test_what_iam_refuses_is_told_in_its_words_and_the_rest_is_a_gap() -> None:
    report = lint(ENFORCEMENT.replace('"Effect": "Deny"', '"Effect": "deny"'))
    [refused] = report.findings
    assert refused.id == FindingId.SAVE_LEGACY_PARSING
    assert "The policy failed legacy parsing" in refused.fact.en
    assert report.gaps
    assert report.table is None
    assert not report.clean


def _many(count: int, action: str) -> str:
    statement = {
        "Effect": "Deny",
        "Action": action,
        "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement] * count})


def test_a_document_longer_than_any_policy_is_not_taken_for_clean() -> None:
    report = lint(_many(120, "s3:GetObject"))
    assert report.gaps
    assert report.table is None
    assert not report.clean


def test_more_work_than_a_policy_deserves_is_a_gap() -> None:
    statements = [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"NumericGreaterThan": {"aws:MultiFactorAuthAge": str(age)}},
        }
        for age in range(85)
    ]
    report = lint(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert report.gaps
    assert not report.clean


def test_statements_that_say_the_same_are_looked_at_once_and_all_reported() -> None:
    report = lint(_many(60, "*"))
    assert not report.gaps
    leaks = [each for each in report.findings if each.id == FindingId.DENY_MISSES_KEYS]
    assert [each.place.statement for each in leaks] == list(range(60))


def test_the_quota_is_that_of_the_attachment() -> None:
    text = policy.render(policy.force_mfa(policy.choices_of(policy.Preset.RECOMMENDED)))
    ids = {
        each: {finding.id for finding in lint(text, each).findings}
        for each in (Attachment.USER, Attachment.INLINE, Attachment.GROUP_INLINE)
    }
    assert FindingId.SAVE_SIZE in ids[Attachment.INLINE]
    assert FindingId.SAVE_SIZE not in ids[Attachment.GROUP_INLINE]
    assert FindingId.SAVE_SIZE not in ids[Attachment.USER]


SWITCHED = " (if `role_session_mfa` is set the other way, it "


@pytest.mark.parametrize(
    ("operator", "key", "value", "fact"),
    [
        ("Bool", "Present", "true", "never"),
        ("Bool", "Present", "false", f"always applies{SWITCHED}never applies)"),
        ("BoolIfExists", "Present", "true", f"never applies{SWITCHED}always applies)"),
        ("BoolIfExists", "Present", "false", "always"),
        ("StringEquals", "Present", "true", "never"),
        ("StringEqualsIfExists", "Present", "false", "always"),
        ("ForAllValues:Bool", "Present", "true", f"never applies{SWITCHED}always applies)"),
        ("Null", "Present", "true", f"never applies{SWITCHED}always applies)"),
        ("Null", "Present", "false", f"always applies{SWITCHED}never applies)"),
        ("Null", "Age", "true", "always"),
        ("Null", "Age", "false", "never"),
        ("NumericLessThan", "Age", "3600", "never"),
        ("NumericLessThanIfExists", "Age", "3600", "always"),
        ("NumericGreaterThan", "Age", "3600", "never"),
        ("NumericGreaterThanIfExists", "Age", "3600", "always"),
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_any_mfa_condition_on_a_session_is_found(
    effect: str, operator: str, key: str, value: str, fact: str
) -> None:
    statement = {
        "Effect": effect,
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {f"aws:MultiFactorAuth{key}": value}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    for attachment in (Attachment.ROLE, Attachment.SESSION):
        ids = {each.id: each.fact.en for each in lint(text, attachment).findings}
        says = ids[FindingId.ON_ROLE.value].partition("role session: ")[2]
        assert says == (fact if "applies" in fact else f"{fact} applies")


def test_another_partition_is_wrong_where_the_account_is_not_in_it() -> None:
    text = ENFORCEMENT.replace('"Resource": "*"', '"Resource": "arn:aws-cn:s3:::b/*"')
    assert FindingId.WRONG_PARTITION not in {each.id for each in lint(text).findings}
    found = {each.id for each in lint(text, partition="aws").findings}
    assert FindingId.WRONG_PARTITION in found


@pytest.mark.parametrize(
    ("principal", "operator", "fact"),
    [
        ({"AWS": "arn:aws:iam::111122223333:role/r"}, "Bool", "never applies"),
        (
            {"AWS": "arn:aws:iam::111122223333:role/r"},
            "BoolIfExists",
            "never applies (if `role_session_mfa` is set the other way, it always applies)",
        ),
        ({"Service": "ec2.amazonaws.com"}, "Bool", "never applies"),
        (
            {"Service": "ec2.amazonaws.com"},
            "BoolIfExists",
            "always applies (if `service_shows_mfa` is set the other way, it never applies)",
        ),
        ({"Federated": "accounts.google.com"}, "BoolIfExists", "always applies"),
    ],
)
def test_mfa_asked_of_who_never_has_it_says_what_comes_of_it(
    principal: dict[str, str], operator: str, fact: str
) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:*",
        "Condition": {operator: {"aws:MultiFactorAuthPresent": "true"}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    findings = lint(text, Attachment.TRUST).findings
    [found] = [each for each in findings if each.id is FindingId.TRUSTED_NEVER_HAS]
    [name] = principal.values()
    assert found.fact.en == f"`{name}`: {fact}"


def test_the_table_is_left_out_where_nobody_wants_it() -> None:
    text = policy.render(policy.force_mfa(policy.choices_of(policy.Preset.AWS)))
    whole, short = lint(text), lint(text, table=False)
    assert whole.table is not None
    assert short == replace(whole, table=None)


def test_the_statement_that_denies_enrolment_is_the_one_that_is_named() -> None:
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    exempt = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices"]
    wide = {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": without}
    narrow = {"Effect": "Deny", "Action": "iam:EnableMFADevice", "Resource": "*"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for action in ("iam:EnableMFADevice", "iam:CreateVirtualMFADevice"):
        text = json.dumps(
            {"Version": "2012-10-17", "Statement": [everything, wide, {**narrow, "Action": action}]}
        )
        places = {
            each.place.statement
            for each in lint(text).findings
            if each.id in (FindingId.ENROLMENT_DENIED, FindingId.VIRTUAL_DEVICE_DENIED)
        }
        assert places == {2}


NEXT_TO_QUOTA = [
    ("s3:GetObject", "arn:aws:s3:::b/", 20_480),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/", 32_768),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:s", 20_480),
    ("sns:Publish", "arn:aws:sns:eu-west-1:111122223333:", 30_720),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:", 8_192),
    ("glue:GetTable", "arn:aws:glue:eu-west-1:111122223333:table/", None),
]


@pytest.mark.parametrize(("action", "resource", "quota"), NEXT_TO_QUOTA)
def test_the_quota_of_a_resource_based_policy_is_its_service_s(
    action: str, resource: str, quota: int | None
) -> None:
    """Amazon S3 User Guide, "Bucket policies"; the quotas of other services."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:user/a"},
        "Action": action,
        "Resource": f"{resource}0",
    }
    empty = len(json.dumps({"Statement": statement}, separators=(",", ":")))
    for more in (0, 1):
        statement["Resource"] = resource + "0" * (1 + (quota or 32_768) - empty + more)
        text = json.dumps({"Statement": statement}, separators=(",", ":"))
        report = lint(text, Attachment.RESOURCE, table=False)
        over = [each for each in report.findings if each.id is FindingId.SAVE_SIZE]
        assert bool(over) is (quota is not None and more == 1)


@pytest.mark.parametrize(
    ("given", "statement", "other"),
    [
        ("resource", {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, "user"),
        ("trust", {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, "user"),
        ("user", {"Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, "resource"),
        ("scp", {"Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, "resource"),
        ("role", {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}, "trust"),
        ("resource", {"Principal": {"AWS": "*"}, "Action": "s3:GetObject"}, None),
        ("user", {"Action": "s3:GetObject"}, None),
    ],
)
def test_what_the_policy_reads_as_is_the_fix(
    given: str, statement: dict[str, Any], other: str | None
) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})
    report = lint(text, Attachment.of(given))
    assert report.findings
    for finding in report.findings:
        assert (f"`--kind {other}`" in finding.fix.en) is (other is not None)


_LETS_THROUGH = {
    FindingId.DENY_MISSES_KEYS,
    FindingId.DENY_MISSES_CONSOLE,
    FindingId.AGE_WITHOUT_IF_EXISTS,
    FindingId.ALLOW_ADMITS_KEYS,
    FindingId.ALLOW_ADMITS_SESSIONS,
    FindingId.ALLOW_FOR_ALL_VALUES,
    FindingId.ALLOW_INVERTED,
    FindingId.IAM_EXEMPT,
    FindingId.PASSWORD_WITHOUT_MFA,
    FindingId.OTHERS_WITHOUT_MFA,
    FindingId.OTHERS_DEVICES,
    FindingId.ENROLMENT_BY_KEY,
}
"""What says that something works without MFA."""


def test_what_works_without_mfa_is_shown_by_a_decision_that_allows() -> None:
    shown = {
        (finding.id, finding.fact.en)
        for case in (each.values[0] for each in ALL)
        for finding in linted(case).findings
        if finding.id in _LETS_THROUGH
    }
    assert len({name for name, _ in shown}) == len(_LETS_THROUGH)
    for _, fact in sorted(shown):
        assert fact.endswith(
            (
                ": Allowed",
                ": Allowed, together with a policy that allows everything",
                " is not denied",
            )
        )
