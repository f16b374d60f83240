"""What a stranger hands to the API: taken as meant, or one error that names the parameter."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import sekisho
from rollout.staging import ADMIN, account
from sekisho.account import save_snapshot
from sekisho.cli.main import root
from sekisho.engine import Context
from sekisho.engine.exchange.questions import Documents, read_question
from sekisho.errors import FaultyRequest

USER = "arn:aws:iam::111122223333:user/hanako"
POLICY = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
)
ATTACHED = sekisho.policies(sekisho.force_mfa())
WRONG: Any = {"Version": "2012-10-17"}
NOWHERE = "no-such.json"


def asked(context: Any) -> sekisho.Request:
    return sekisho.Request(USER, "s3:ListAllMyBuckets", "*", context)


def test_a_context_is_a_plain_mapping() -> None:
    plain = {"aws:MultiFactorAuthPresent": True, "aws:MultiFactorAuthAge": 10, "aws:TagKeys": ["a"]}
    texts = {
        "aws:MultiFactorAuthPresent": "true",
        "aws:MultiFactorAuthAge": "10",
        "aws:TagKeys": ("a",),
    }
    assert asked(plain) == asked(Context(texts))
    answer = sekisho.decide(asked(plain), sekisho.policies(sekisho.parse_policy(POLICY)))
    assert answer.effect is sekisho.AnswerEffect.ALLOWED


VALUES = st.one_of(st.text(max_size=3), st.booleans(), st.integers())


@given(st.dictionaries(st.sampled_from(["a:b", "c:d", "e:f"]), st.one_of(VALUES, st.lists(VALUES))))
def test_a_mapping_means_what_json_means(context: dict[str, Any]) -> None:
    """The command reads the same context as JSON; the two must not differ."""
    request = {"principal": USER, "action": "s3:ListAllMyBuckets", "resource": "*"}
    value = json.loads(json.dumps({"id": "", "request": {**request, "context": context}}))
    question = {**value, "policies": {"identity": []}}
    assert read_question(question, Documents()).request == asked(context)


@pytest.mark.parametrize(
    "context", [{"a:b": None}, {"a:b": {}}, {"a:b": "1", "A:B": "2"}, {1: "x"}, {"a:b": [None]}]
)
def test_a_context_that_is_none_names_its_key(context: Any) -> None:
    with pytest.raises(FaultyRequest, match=r"request\.context\.(a:b|A:B|1): "):
        asked(context)


WRONG_CALLS = {
    "documents[0]": [
        lambda: sekisho.policies(WRONG),
        lambda: sekisho.policies(POLICY),
        lambda: sekisho.policies(NOWHERE),
    ],
    "documents[1]": [lambda: sekisho.policies(sekisho.force_mfa(), WRONG)],
    "document": [
        lambda: sekisho.no_public_access(WRONG),
        lambda: sekisho.no_public_access(NOWHERE),
    ],
    "attached": [
        lambda: sekisho.prove(WRONG),
        lambda: sekisho.nothing_allowed(WRONG),
        lambda: sekisho.not_granted(WRONG, "s3:*"),
        lambda: sekisho.decide(asked({}), WRONG),
    ],
    "request": [lambda: sekisho.decide(WRONG, ATTACHED)],
    "request.context": [lambda: asked(3)],
    "request.principal": [lambda: sekisho.decide(sekisho.Request(*[WRONG] * 3), ATTACHED)],
    "now": [
        lambda: sekisho.decide(asked({}), ATTACHED, now=WRONG),
        lambda: sekisho.decide(asked({}), ATTACHED, now=datetime.now(UTC).replace(tzinfo=None)),
    ],
    "old": [
        lambda: sekisho.diff(WRONG, ATTACHED),
        lambda: sekisho.no_new_access(WRONG, ATTACHED),
        lambda: sekisho.diff_grants(WRONG, WRONG),
        lambda: sekisho.no_new_grants(NOWHERE, WRONG),
    ],
    "trust": [
        lambda: sekisho.prove(ATTACHED, trust=WRONG),
        lambda: sekisho.ways_into(WRONG, "arn:aws:iam::111122223333:role/r"),
    ],
    "role_arn": [lambda: sekisho.prove(ATTACHED, role_arn=WRONG)],
    "user_arn": [lambda: sekisho.prove(ATTACHED, user_arn=WRONG)],
    "actions": [lambda: sekisho.not_granted(ATTACHED, WRONG)],
    "on": [lambda: sekisho.not_granted(ATTACHED, "s3:GetObject", on=WRONG)],
    "text": [lambda: sekisho.lint(WRONG), lambda: sekisho.parse_policy(WRONG)],
    "kind": [lambda: sekisho.parse_policy(POLICY, kind=WRONG)],
    "preset": [lambda: sekisho.force_mfa("recomended")],
    "choices": [lambda: sekisho.force_mfa(mfa_agee=1)],
    "snapshot": [
        lambda: sekisho.audit_account(WRONG),
        lambda: sekisho.plan("goal.yaml", WRONG, caller=USER, mfa=True),
    ],
    "exceptions": [lambda: sekisho.audit_account(account(), exceptions=WRONG)],
    "goal": [lambda: sekisho.plan(WRONG, account(), caller=ADMIN.arn, mfa=True)],
    "caller": [lambda: sekisho.plan("goal.yaml", account(), caller=WRONG, mfa=True)],
    "mfa": [lambda: sekisho.plan("goal.yaml", account(), caller=ADMIN.arn, mfa=WRONG)],
    "paths": [sekisho.load_snapshot, lambda: sekisho.load_snapshot(WRONG)],
}


@pytest.mark.parametrize("parameter", WRONG_CALLS)
def test_a_wrong_argument_is_named(parameter: str) -> None:
    for call in WRONG_CALLS[parameter]:
        with pytest.raises(sekisho.SekishoError) as caught:
            call()
        assert caught.value.at == parameter
        assert parameter in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["goal.yaml", "exceptions.yaml", "snapshot.json"])
def test_a_missing_file_is_named(name: str) -> None:
    calls = {
        "goal.yaml": lambda: sekisho.plan(name, account(), caller=ADMIN.arn, mfa=True),
        "exceptions.yaml": lambda: sekisho.audit_account(account(), exceptions=name),
        "snapshot.json": lambda: sekisho.load_snapshot(name),
    }
    with pytest.raises(sekisho.SekishoError, match=f"{name}: cannot be read"):
        calls[name]()


@pytest.mark.parametrize("mfa", [True, False])
def test_a_plan_is_the_command_s(mfa: bool, tmp_path: Path, monkeypatch: Any) -> None:
    """What the two assume may never differ: the whole plan is compared, digest and all."""
    monkeypatch.chdir(tmp_path)
    Path("goal.yaml").write_text("who: [{all: true}]\nbreakGlass: [glass]\n", encoding="utf-8")
    save_snapshot(account(), "snapshot.json")
    words = ["plan", "goal.yaml", "--snapshot", "snapshot.json", "--caller", ADMIN.arn]
    done = CliRunner().invoke(root, [*words, *["--mfa"] * mfa, "--format", "json"])
    made = sekisho.plan(
        "goal.yaml", sekisho.load_snapshot("snapshot.json"), caller=ADMIN.arn, mfa=mfa
    )
    assert done.stdout == made.to_json()
    with pytest.raises(TypeError, match="mfa"):
        sekisho.plan("goal.yaml", account(), caller=ADMIN.arn)  # type: ignore[call-arg]  # tried


def test_a_caller_of_another_account_is_refused_as_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "goal.yaml").write_text("who: [{all: true}]\n", encoding="utf-8")
    with pytest.raises(sekisho.SekishoError, match="is not in account"):
        sekisho.plan(tmp_path / "goal.yaml", account(), caller=USER, mfa=True)
