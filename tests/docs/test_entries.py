"""Every id that sekisho prints has an entry in both languages, with an example that yields it.

The pages of the reference are made of the entries, which `test_translation` compares.
"""

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, fields
from enum import Enum
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest

from cases import document
from sekisho.audit import Family, FindingId
from sekisho.audit.explain import (
    entries,
    explain,
    explained_ids,
    explained_scenario,
    id_by_words,
    id_in,
)
from sekisho.audit.sarif import findings_log
from sekisho.cli.main import root
from sekisho.engine import Assumptions
from sekisho.errors import Code, FaultyPolicy
from sekisho.messages import CATALOGUES, IdKind, Language, Message, address_of, table
from sekisho.messages.site import project_site
from sekisho.policy import PolicyKind, parse
from sekisho.prover import InvariantKind
from sekisho.prover.scenarios import SCENARIOS
from sekisho.rollout.goal.acceptance import PROBLEMS
from sekisho.rollout.planning.plan import LOCKED_OUT, STUCK
from sekisho.signin import SigninAssumptions

ALL = explained_ids()
# what can be accepted, in a goal, and is a warning all the same
NEVER_AGAINST = {"irreversible", "overwrites", "unread"}
# the ids of notes that have a name in the source, and the variable of those that stand in tables
NOTES = {"LOCKED_OUT": LOCKED_OUT, "STUCK": STUCK, "identity": "identity"}
ASSUMPTIONS = {
    field.name: field for kind in (Assumptions, SigninAssumptions) for field in fields(kind)
}


def _japanese(text: str) -> bool:
    return any("\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text)


def test_every_id_has_an_entry_and_no_other() -> None:
    kinds = {
        IdKind.FINDING: {each.value for each in FindingId},
        IdKind.ERROR: {each.value for each in Code},
        # that somebody was not told is said by a campaign alone
        IdKind.PROBLEM: {*PROBLEMS, "not-told"} - NEVER_AGAINST,
        IdKind.WARNING: (_ids_of_notes() - PROBLEMS) | NEVER_AGAINST,
        IdKind.ASSUMPTION: set(ASSUMPTIONS),
        # whether MFA is enforced is asked of plans as well
        IdKind.QUESTION: _ids_of_questions() - PROBLEMS,
    }
    for kind, ids in kinds.items():
        assert {each.id for each in ALL.values() if each.kind is kind} == ids
    assert not {each.id for each in entries()} & set(ALL)
    scenarios = [each.id for each in SCENARIOS]
    assert [each.id for each in filter(None, map(explained_scenario, scenarios))] == scenarios
    assert not {*scenarios} & {*ALL, *(each.id for each in entries())}
    assert explained_scenario("no-such-scenario") is None


def _ids_of_questions() -> set[str]:
    """Return the ids of the questions of `prove` in the source, those of options among them."""
    folder = CATALOGUES.parent / "prover" / "questions"
    source = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    constants = dict(re.findall(r'^([A-Z_]+) = "([a-z-]+)"$', source, re.MULTILINE))
    first = re.findall(r'QuestionAnswer\(\s*(?:"([\w-]+)"|([A-Z_]+))', source)
    rule = (CATALOGUES.parent / "cli" / "prove" / "account.py").read_text(encoding="utf-8")
    named = {literal or constants[name] for literal, name in first}
    return {*named, *InvariantKind, *re.findall(r'^_RULE = "([\w-]+)"$', rule, re.MULTILINE)}


def test_a_question_is_explained_as_it_is_asked() -> None:
    asked = {}
    for path in (Path(__file__).parents[1] / "golden" / "outputs").rglob("*.json"):
        report = json.loads(path.read_text(encoding="utf-8"))
        questions = report.get("questions", []) if isinstance(report, dict) else []
        asked |= {each["id"]: each["text"] for each in questions if each["id"] in ALL}
    assert {"nothing-lost", "own-things", "assumed-with-mfa"} <= {*asked}
    for name in {*asked} - {*InvariantKind, *PROBLEMS}:
        # there may be more behind it in parentheses
        assert asked[name].startswith(ALL[name].title.en)


def _ids_of_notes() -> set[str]:
    """Return the ids of all notes of plans in the source.

    A note is made with its id, or with that of a row of a table: there it stands before a message,
    which is a constant.
    """
    found: set[str] = set()
    for path in (CATALOGUES.parent / "rollout").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "PlanNote(" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "PlanNote":
                found |= {_id_of(node.args[0])} - {"identity"}
            elif isinstance(node, ast.Tuple):
                pairs = pairwise(node.elts)
                found |= {_id_of(one) for one, text in pairs if _is_id(one) and _is_constant(text)}
    return found


def _is_id(node: ast.expr) -> bool:
    known = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return known or ast.unparse(node) in NOTES


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.isupper()


def _id_of(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else NOTES[ast.unparse(node)]


def test_every_entry_is_whole_in_both_languages() -> None:
    for each in ALL.values():
        texts = [each.title, each.about, each.fix, each.sure]
        texts += [text for text in (each.cause,) if text is not None]
        texts += [] if each.example.en == each.example.ja else [each.example]
        for text in texts:
            assert not _japanese(text.en), each.id
            assert _japanese(text.ja), each.id


def test_the_example_of_a_finding_is_of_a_policy_that_has_it() -> None:
    """What the corpus says of a policy, `test_lint` holds lint to."""
    cases: dict[str, list[dict[str, Any]]] = {}
    for family in ("save", "analyzer", "policy", "mfa"):
        for case in document(f"lint/{family}")["cases"]:
            if case["found"]:
                cases.setdefault(case["about"], []).append(case)
    for each in FindingId:
        example = table("entries")["examples"][each.value]
        if each.family is not Family.ACCOUNT and not isinstance(example, Message):
            assert any(_is_of(example, case) for case in cases[each.value]), each


def _is_of(example: str, case: dict[str, Any]) -> bool:
    if "text" in case:
        return example == case["text"].strip()
    statements = case["policy"].get("Statement")
    parts = [json.loads(line) for line in example.splitlines()]
    return parts == [case["policy"]] or all(part in statements for part in parts)


def test_the_example_of_an_error_yields_it() -> None:
    for code, entry in table("entries")["errors"].items():
        example = entry["example"]
        if code.startswith("policy.") and isinstance(example, str) and example[0] in "{[":
            assert code in {*_codes(example)}, code


def test_an_example_that_is_a_command_has_the_options_of_one() -> None:
    wrong = set()
    for each in ALL.values():
        line = each.example.en.splitlines()[0]
        words = shlex.split(line, comments=True) if line.startswith("sekisho ") else []
        if words:
            try:
                _read(words[1:])
            except click.UsageError:
                wrong.add(each.id)
    # this one is about wrong use
    assert wrong == {"usage"}


def _read(words: list[str]) -> None:
    command: click.Command = root
    context = click.Context(root)
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    command.make_parser(context).parse_args(words)


def _codes(text: str) -> Iterator[str]:
    for kind in PolicyKind:
        try:
            parse(text, kind=kind)
        except FaultyPolicy as error:
            yield from (fault.code.value for fault in error.faults)


def test_the_settings_of_an_assumption_are_its_own() -> None:
    for name, entry in table("entries")["assumptions"].items():
        default = ASSUMPTIONS[name].default
        assert default is not MISSING
        assert (
            entry["default"] == str(default.value if isinstance(default, Enum) else default).lower()
        )
        assert entry["default"] not in entry["example"].partition(name)[2]


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("keys-in-use", "keys-in-use"),
        ("enforcement-other-values", "enforcement-other-values"),
        ("`arn_span`", "arn_span"),
        ("arn_span=whole-string", "arn_span"),
        ("keys-in-use:deploy-bot", "keys-in-use"),
        ("sekisho: plan.stale: the account has changed", "plan.stale"),
        ("error [account.not-enforced] MFA is not enforced for a user (2)", "account.not-enforced"),
        ("order by name", None),
        ("internal error", None),
    ],
)
def test_an_id_is_found_in_what_was_printed(pasted: str, name: str | None) -> None:
    assert id_in(pasted) == name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ターミナルから使えなくなった", "keys-stop"),
        ("ターミナルからAWSが使えなくなりました", "keys-stop"),
        ("AWS CLI が使えなくなりました", "keys-stop"),
        ("It stopped working in the  Terminal!", "keys-stop"),
        ("git push できなくなった", "credentials-stop"),
        ("初回にパスワードが変更できない", "dead-lock"),
        ("ターミナル", None),
        ("internal error", None),
    ],
)
def test_a_warning_is_found_by_what_people_say(said: str, name: str | None) -> None:
    assert id_by_words(said) == name
    assert explain(said).answers == (), "an error text is an answer, and comes first"


def test_the_entry_of_an_aws_error_is_found_by_its_id() -> None:
    for each in entries():
        assert [answer.entry for answer in explain(each.id).answers] == [each]


def test_no_message_names_a_file_of_the_repository() -> None:
    """Whoever installed a wheel has none of them; `sekisho explain ID` is there."""
    po = (CATALOGUES / "ja" / "LC_MESSAGES" / "sekisho.po").read_text(encoding="utf-8")
    said = [line for line in po.splitlines() if not line.startswith("#")]
    for path in CATALOGUES.glob("*.toml"):
        said += _texts(tomllib.loads(path.read_text(encoding="utf-8")))
    paths = re.compile(r"(?<![\w/.-])(?:docs|src|tests|tools|bench)/|[\w-]+\.md\b")
    assert [line for line in said if paths.search(line)] == []


def _texts(value: object) -> list[str]:
    if isinstance(value, dict | list):
        values = value.values() if isinstance(value, dict) else value
        return [text for each in values for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def test_an_address_is_known_where_the_project_has_a_site(monkeypatch: pytest.MonkeyPatch) -> None:
    assert address_of("mfa.decoy-key", IdKind.FINDING, Language.EN) == ""

    class Published:
        def get_all(self, name: str) -> list[str]:
            return ["Source, https://example.com/s", "Documentation, https://example.com/docs/"]

    monkeypatch.setattr(metadata, "metadata", lambda name: Published())
    project_site.cache_clear()
    page = "https://example.com/docs/ja/reference/findings.html#mfa-decoy-key"
    assert address_of("mfa.decoy-key", IdKind.FINDING, Language.JA) == page
    page_of_scenarios = "https://example.com/docs/scenarios.html"
    assert address_of("new-user", IdKind.SCENARIO, Language.EN) == page_of_scenarios
    [run] = findings_log([], [], version="1", lang=Language.JA)["runs"]
    assert page in [rule["helpUri"] for rule in run["tool"]["driver"]["rules"]]
    project_site.cache_clear()
