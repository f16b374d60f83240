"""Every surface says the same word of the same policies: enforced, not yet, not, or unknown.

Reads `web.workbench.policies` itself, which has the word without the page around it.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sekisho
from cases import cases
from in_process import sekisho as run
from profiles import sampled
from rollout.staging import (
    ACCOUNT,
    ADMIN,
    ENFORCEMENT,
    account,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import Snapshot, save_snapshot
from sekisho.cli import Exit
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import from_json
from sekisho.prover import Enforced, Proved, Refuted, Unknown
from sekisho.rollout import Goal, SafetyVerdict, plan
from sekisho.web.workbench.policies import prove, read

CASES = cases("prover/enforced", ["policies", "expected"])
OWN, BOUND = ENFORCEMENT, f"arn:aws:iam::{ACCOUNT}:policy/bound"
EXITS = {
    Enforced.PROVED: Exit.CLEAN,
    Enforced.NOTHING_ALLOWED: Exit.NOT_YET,
    Enforced.REFUTED: Exit.FINDINGS,
    Enforced.TODAY_UNKNOWN: Exit.UNKNOWN,
}
SAID = {
    Enforced.PROVED: "MFA is enforced. ",
    Enforced.NOTHING_ALLOWED: "MFA is not enforced: the policies allow nothing",
    Enforced.REFUTED: "MFA is not enforced. ",
    Enforced.TODAY_UNKNOWN: "MFA is not enforced. Whether the policies allow anything",
}


LEVELS: dict[Enforced, set[str]] = {
    Enforced.PROVED: set(),
    Enforced.NOTHING_ALLOWED: {"warning"},
    Enforced.REFUTED: {"error"},
    Enforced.TODAY_UNKNOWN: {"warning"},
}


def whole(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def staged(given: dict[str, Any]) -> Snapshot:
    """Return an account in which alice has these policies."""
    documents = {OWN: whole(given["identity"])}
    if "boundary" in given:
        documents[BOUND] = whole(given["boundary"])
    alice = user("alice", attached=(OWN,), boundary=BOUND if "boundary" in given else None)
    snapshot = with_user(account(), alice)
    policies = {arn: managed(arn, document) for arn, document in documents.items()}
    return replace(snapshot, policies={**snapshot.policies, **policies})


def written(folder: Path, given: dict[str, Any]) -> list[str]:
    """Write the policies; return the arguments of `prove`."""
    words = []
    for kind, option in (("identity", []), ("boundary", ["--boundary"])):
        if kind in given:
            path = folder / f"{kind}.json"
            path.write_text(json.dumps(whole(given[kind])), encoding="utf-8")
            words += [*option, str(path)]
    return words


@pytest.mark.parametrize("case", sampled(CASES, every=2))
def test_prove_says_the_word_in_every_form(case: dict[str, Any], tmp_path: Path) -> None:
    word = Enforced(case["expected"]["enforced"])
    words = ["prove", "policy", *written(tmp_path, case["policies"]), "--only", "enforcement"]
    text = run(*words)
    assert text.returncode == EXITS[word]
    assert " ".join(text.stdout.split()).startswith(SAID[word])
    form = run(*words, "--format", "json")
    assert (form.returncode, json.loads(form.stdout)["enforced"]) == (EXITS[word], word.value)
    log = json.loads(run(*words, "--format", "sarif").stdout)
    levels = {
        each["level"] for each in log["runs"][0]["results"] if each["ruleId"] == "enforcement"
    }
    assert levels == LEVELS[word]


@pytest.mark.parametrize("case", sampled(CASES, every=2, first=1))
def test_an_account_says_the_word(case: dict[str, Any], tmp_path: Path) -> None:
    word = Enforced(case["expected"]["enforced"])
    snapshot, path = staged(case["policies"]), tmp_path / "account.json"
    rows = {row.user.name: row.enforcement for row in sekisho.audit_account(snapshot).rows}
    assert rows["alice"].enforced is word
    save_snapshot(snapshot, path)
    one = run("prove", "user", "alice", "--snapshot", str(path), "--only", "enforcement")
    assert one.returncode == EXITS[word]
    found = json.loads(run("prove", "account", "--snapshot", str(path), "--format", "json").stdout)
    assert {each["user"]: each["enforced"] for each in found["users"]}["alice"] == word.value
    whole_log = json.loads(
        run("prove", "account", "--snapshot", str(path), "--format", "sarif").stdout
    )
    texts = {each["message"]["text"]: each["level"] for each in whole_log["runs"][0]["results"]}
    levels = {level for said, level in texts.items() if said.startswith("alice: ")}
    assert levels == LEVELS[word]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_not_enforced_is_said_where_today_is_unknown(tmp_path: Path, lang: str) -> None:
    (given,) = (each.values[0] for each in CASES if "does-not-know" in str(each.id))
    path = tmp_path / "account.json"
    save_snapshot(staged(given["policies"]), path)
    word = {"en": "not enforced (what is", "ja": "強制されていない (今"}[lang]
    once = {"en": "(if some policy allows it", "ja": "許可するポリシーがアタッチ"}[lang]
    text = run("prove", "account", "--snapshot", str(path), "--lang", lang, "-v").stdout
    assert f"alice: {word}" in text
    assert once in text
    found = json.loads(run("audit", "--snapshot", str(path), "--format", "json").stdout)
    (row,) = (each for each in found["users"] if each["user"] == "alice")
    assert row["enforced"] == "not enforced, today unknown"
    said = [each for each in found["findings"] if "alice" in str(each) and "if some" in str(each)]
    assert [each["status"] for each in said] == ["unknown"]
    assert found["coverage"]["enforced_unknown"] == 0


@pytest.mark.parametrize("case", CASES)
def test_a_plan_calls_enforced_what_is_proved_alone(case: dict[str, Any]) -> None:
    snapshot = staged(case["policies"])
    document = snapshot.policies[OWN].document
    goal = Goal(policy_goal(document=document), users=("alice",))
    (proof,) = (each for each in plan(goal, snapshot, ADMIN).proofs if each.id == "enforcement")
    proved = case["expected"]["enforced"] == Enforced.PROVED
    assert proof.verdict is (SafetyVerdict.PROVED if proved else SafetyVerdict.REFUTED)


@pytest.mark.parametrize("case", CASES)
def test_the_api_and_the_workbench_say_the_word(case: dict[str, Any]) -> None:
    word, given = Enforced(case["expected"]["enforced"]), case["policies"]
    attached = {
        kind: (AttachedPolicy(kind, from_json(whole(statements))),)
        for kind, statements in given.items()
    }
    policies = Policies(attached["identity"], boundaries=attached.get("boundary"))
    found = sekisho.prove(policies), sekisho.nothing_allowed(policies)
    verdicts = {
        Enforced.PROVED: (Proved, Proved),
        Enforced.NOTHING_ALLOWED: (Refuted, Proved),
        Enforced.REFUTED: (Refuted, Refuted),
        Enforced.TODAY_UNKNOWN: (Refuted, Unknown),
    }
    assert tuple(map(type, found)) == verdicts[word]
    if "boundary" not in given:
        text = json.dumps(whole(given["identity"]))
        answer = json.loads(json.dumps(replace(read(text), proved=prove(text)).to_json()))
        assert answer["prove"]["enforced"] == word.value
