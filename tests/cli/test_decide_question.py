"""What the options of `sekisho decide` mean, and that all their faults are told at once.

Reads `sekisho.cli.decide` itself, because each field of the question is compared, and no output
has them all.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sekisho.cli import Exit
from sekisho.cli.decide import RequestOptions, command, question_of
from sekisho.cli.main import main, root
from sekisho.errors import SeveralErrors, UsageError

ALICE = "arn:aws:iam::111122223333:user/alice"
REQUEST = ("--principal", ALICE, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k")
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALLOW = {"Version": "2012-10-17", "Statement": EVERYTHING}


def context(*texts: str) -> dict[str, Any]:
    asked = RequestOptions(ALICE, "s3:GetObject", ("*",), contexts=texts)
    return dict(question_of(asked).request.context.items())


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (["k=a"], "a"),
        (["k="], ""),
        (["k=a=b"], "a=b"),
        (['k=["a"]'], ("a",)),
        (['k=["a", "b"]'], ("a", "b")),
        (["k=[]"], ()),
        (['k="[S3Console/0.4]"'], "[S3Console/0.4]"),
        (['k="\\"a\\""'], '"a"'),
        (["k=a", "K=b"], ("a", "b")),
        (['k=["a"]', "k=b", 'k="c"'], ("a", "b", "c")),
    ],
    ids=str,
)
def test_a_context_key_has_one_value_or_a_list(texts: list[str], value: object) -> None:
    assert context(*texts) == {"k": value}


@pytest.mark.parametrize(
    "text", ["[a]", '["a"', "[1]", "[true]", '[["a"]]', '"a', "[S3Console/0.4]"]
)
def test_what_begins_as_json_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither a list of texts nor a text") as caught:
        context(f"k={text}")
    assert text in caught.value.message.en
    assert 'KEY="[a"' in caught.value.fix.en


@given(st.lists(st.text()), st.text())
def test_every_value_can_be_said(values: list[str], value: str) -> None:
    assert context(f"k={json.dumps(values)}") == {"k": tuple(values)}
    assert context(f"k={json.dumps(value)}") == {"k": value}
    if not value.startswith(("[", '"')):
        assert context(f"k={value}") == {"k": value}


@pytest.mark.parametrize(
    ("text", "decision"), [("aws:TagKeys=a", "Allowed"), ('aws:TagKeys=["a"]', "ImplicitlyDenied")]
)
def test_a_list_of_one_is_not_a_single_value(text: str, decision: str, tmp_path: Path) -> None:
    """Under an operator without a set prefix a multivalued key never matches (semantics.md, 5)."""
    condition = {"StringEquals": {"aws:TagKeys": "a"}}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({**ALLOW, "Statement": {**EVERYTHING, "Condition": condition}}))
    words = (*REQUEST, "--policy", str(policy), "--context", text, "--format", "json")
    done = CliRunner().invoke(command, words, standalone_mode=False)
    assert done.exception is None
    assert json.loads(done.stdout)["decision"] == decision


def exits_with(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    monkeypatch.setattr(sys, "argv", ["sekisho", "decide", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_all_faults_are_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, wrong = tmp_path / "broken.json", tmp_path / "wrong.json"
    broken.write_text('{"Statement": {"Effect": "Alow", "Resource": "*"}}', encoding="utf-8")
    variable = {**EVERYTHING, "Resource": "arn:aws:s3:::${}/*"}
    wrong.write_text(json.dumps({**ALLOW, "Statement": variable}), encoding="utf-8")
    files = ("--policy", str(broken), "--boundary", str(wrong), "--trust", "nowhere.json")
    request = ("--principal", "alice", "--action", "s3:*", "--resource", "b")
    assumptions = ("--assume", "no=1", "--assume", "arn_span=x")
    assert exits_with(monkeypatch, *files, *request, *assumptions) == Exit.ERROR
    lines = capfd.readouterr().err.splitlines()
    codes = [line.split(": ")[1] for line in lines]
    assert sorted(codes) == [
        "file.unreadable",
        "policy.bad-effect",
        "policy.bad-value",
        "policy.no-action",
        *["request.bad-value"] * 3,
        *["unsupported.option"] * 2,
    ]
    # wrong usage goes before errors, and hides none
    more = ("--context", "alice", "--scp", "root", "--scp", f"root={wrong}")
    asked = (*files, *request[:-2], *assumptions, *more)
    assert exits_with(monkeypatch, *asked) == Exit.USAGE
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == len(codes) - 1 + 4
    assert len([line for line in lines if line.startswith("sekisho: usage: ")]) == 3


def test_a_policy_that_cannot_apply_hides_no_other_fault(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(ALLOW), encoding="utf-8")
    root_user = ("--principal", "arn:aws:iam::111122223333:root", *REQUEST[2:])
    words = (*root_user, "--policy", str(policy), "--assume", "no=1")
    done = CliRunner().invoke(command, words, standalone_mode=False)
    assert isinstance(done.exception, SeveralErrors)
    assert [error.code.value for error in done.exception.errors] == [
        "request.bad-value",
        "unsupported.option",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("decide", *REQUEST, "--policy", "-", "--boundary", "-"),
        ("decide", *REQUEST, "--policy", "-", "--scp", "root=-"),
        ("prove", "policy", "-", "-"),
        ("prove", "policy", "-", "--after-enrolment", "-"),
        ("policy", "diff", "-", "-"),
        ("policy", "diff", "-", str(Path(__file__)), "--with-both", "-"),
    ],
    ids=" ".join,
)
def test_standard_input_is_read_once(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(root, words, input=json.dumps(ALLOW), standalone_mode=False)
    assert isinstance(done.exception, UsageError), done.exception
    assert "can be read once" in done.exception.message.en
    assert done.exception.fix
    assert done.stdout == ""


def test_what_both_sides_have_may_come_from_standard_input(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(ALLOW), encoding="utf-8")
    words = ("policy", "diff", str(policy), str(policy), "--with-both", "-")
    done = CliRunner().invoke(root, words, input=json.dumps(ALLOW), standalone_mode=False)
    assert done.return_value is Exit.CLEAN, done.exception


@pytest.mark.parametrize(
    ("action", "resource", "effect", "kind"),
    [
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/Ops", "Allow", "role trust policy"),
        (
            "kms:Decrypt",
            "arn:aws:kms:eu-west-1:111122223333:key/1",
            "Allow",
            "resource-based policy",
        ),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1", "Deny", None),
        ("s3:GetObject", "arn:aws:s3:::b/k", "Allow", None),
    ],
)
def test_a_batch_says_what_was_not_given_as_one_request_does(
    action: str, resource: str, effect: str, kind: str | None, tmp_path: Path
) -> None:
    document = {**ALLOW, "Statement": {**EVERYTHING, "Effect": effect}}
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(document), encoding="utf-8")
    request = {"principal": ALICE, "action": action, "resource": resource}
    line = json.dumps({"id": 1, "request": request, "policies": {"identity": [document]}})
    words = [part for name, value in request.items() for part in (f"--{name}", value)]
    one, batch = (
        json.loads(CliRunner().invoke(command, arguments, input=line).stdout)
        for arguments in ([*words, "--policy", str(policy), "--format", "json"], ["--batch", "-"])
    )
    assert one.get("notGiven") == batch.get("notGiven") == kind
