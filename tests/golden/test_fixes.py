"""Every fix that an output prints is followed as it is printed, on the state that it is for.

`fixes.yaml` says what somebody writes who follows a sentence. The finding is gone then, and there
is no new one but notes, or what a policy has that says at last what was meant. A fix that is an
option or a command is typed.
"""

import json
import re
import shlex
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from golden.cases import CASES, HERE, Case
from golden.harness import OUTPUTS, Runner, furnished, write_all
from golden.test_next import PASTED, needs_aws, parsed
from sekisho.cli import Exit
from sekisho.messages import table

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the outputs have the paths and the shell of POSIX"
)
TRUST = "policies/trust.json"
CHOICES = re.compile(r"(?:as options of |修正案 \()`policy new`(?: のオプション\))?: ([^\n\"]+)")
"""How a proof says which choices a policy lacks."""
WAYS = re.compile(r"--[a-z-]+(?: --[a-z-]+)*")
WHOLE = re.compile(r"(?:Fix: the policy of|修正案:) `sekisho policy new( [^`]*|)`")
"""How it says which policy is to be written in place of one that is none of sekisho's."""
SCENARIO = re.compile(r"([a-z]+(?:-[a-z]+)+): ")
HINTED = re.compile(
    r"^(?:sekisho: )?([a-z][\w.-]*): (.*?)((?: \([^()]*(?:\([^()]*\)[^()]*)*\))+)$", re.MULTILINE
)
"""A fault and its fix, in brackets."""
REMEDY = re.compile(r"^    (?:Fix|対処): [^`\n]*`(--[^`]+)`", re.MULTILINE)
"""How a plan says which option it lacks."""
COPIED = re.compile(
    r"^( +schema: sekisho.exceptions/1\n(?: +\S.*\n)+? +expires: .*)$", re.MULTILINE
)
"""The exceptions that it says to copy."""
TO_DO = re.compile(r"What to do(?: for [^:]+)?: (.*)")
PLACE = re.compile(r" \d+:\d+( \S+)?:")
FIXES: Mapping[str, Any] = yaml.safe_load((HERE / "fixes.yaml").read_text("utf-8"))
Found = dict[tuple[str, str], str]
"""Findings with their severity, by id and by whom or what they are about."""


def _put(tree: Any, path: str, value: Any = None, *, drop: bool = False) -> None:
    """Write or delete what is at a path; behind the end of a list it is added."""
    *above, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in above:
        tree = tree[step]
    if drop:
        del tree[last]
    elif isinstance(tree, list) and last == len(tree):
        tree.append(value)
    else:
        tree[last] = value


class Follower:
    """Somebody who writes what a finding says, in a folder with the inputs."""

    def __init__(self, sekisho: Runner, folder: Path) -> None:
        self.sekisho, self.folder = sekisho, folder

    def run(self, command: str) -> Any:
        """Run a command that prints JSON."""
        ran = self.sekisho.typed(shlex.split(command), self.folder)
        assert ran.stdout, (command, ran.stderr.decode())
        return json.loads(ran.stdout)

    def found(self, file: str, options: str, *, account: bool) -> Found:
        """Return what audit finds in an account, or lint in a policy."""
        if account:
            findings = self.run(f"audit --format json --snapshot {file} {options}")["findings"]
        else:
            findings = self.run(f"policy lint --format json {options} {file}")["reports"][0][
                "findings"
            ]
        return {(each["id"], each.get("subject", "")): each["severity"] for each in findings}

    def file(self, name: str, fix: Mapping[str, Any]) -> tuple[str, str]:
        """Return the file with a finding, and the options by which it is examined."""
        if "example" not in fix:
            return fix["file"], _options(fix["file"])
        statements = table("entries")["examples"][name].strip().splitlines()
        policy = {"Version": "2012-10-17", "Statement": [json.loads(each) for each in statements]}
        (self.folder / "example.json").write_text(json.dumps(policy), "utf-8")
        return "example.json", f"--kind {fix['example']}"

    def follow(self, file: str, fix: Mapping[str, Any], options: str) -> str:
        """Write what a fix says to `edited.json`, and return the options that it leaves."""
        text = (self.folder / file).read_text("utf-8")
        if "text" in fix:
            assert fix["text"][0] in text, fix
            text = text.replace(*fix["text"])
        if fix.keys() & {"set", "drop", "command"}:
            tree = {"": json.loads(text)}
            if "command" in fix:
                written = self.run(fix["command"].removeprefix("sekisho "))
                (self.folder / "policy.json").write_text(json.dumps(written), "utf-8")
                _put(tree, f".{fix['at']}" if "at" in fix else "", written)
            for path in fix.get("drop", ()):
                _put(tree, f".{path}", drop=True)
            for path, value in fix.get("set", {}).items():
                _put(tree, f".{path}", value)
            text = json.dumps(tree[""])
        (self.folder / "edited.json").write_text(text, "utf-8")
        if "exceptions" in fix:
            path = self.folder / options.removeprefix("--exceptions ")
            path.write_text(path.read_text("utf-8").replace(*fix["exceptions"]), "utf-8")
        return str(fix.get("instead", options))


def _options(file: str) -> str:
    """Return the options of the case that examines a file."""
    for case in CASES:
        if file in case.argv and case.argv[0] in ("audit", "policy"):
            options = zip(case.argv, case.argv[1:], strict=False)
            kept = [pair for pair in options if pair[0] in ("--kind", "--exceptions")]
            return " ".join(word for pair in kept for word in pair)
    raise AssertionError(file)


def test_what_a_finding_says_to_write_ends_it(sekisho: Runner, tmp_path: Path) -> None:
    follower = Follower(sekisho, furnished(tmp_path))
    for way, fix in FIXES["edits"].items():
        name = way.partition(" ")[0]
        account = name.startswith("account.")
        file, options = follower.file(name, fix)
        before = follower.found(file, options, account=account)
        assert name in {found for found, _ in before}, name
        left = follower.follow(file, fix, options)
        after = follower.found("edited.json", left, account=account)
        new = {found for found in after.keys() - before.keys() if after[found] != "note"}
        assert name not in {found for found, _ in after}, name
        assert {found for found, _ in new} == {*fix.get("then", ())}, (name, new)


def _scenario_fixes() -> dict[tuple[str, tuple[str, ...], tuple[str, ...]], None]:
    """Return the options of `policy new`, the text before it, and the proof, of each fix."""
    fixes: dict[tuple[str, tuple[str, ...], tuple[str, ...]], None] = {}
    for case in CASES:
        if case.argv[:1] != ("prove",) or case.form not in ("text", "sarif"):
            continue
        text = (OUTPUTS / case.stdout).read_text("utf-8")
        for found in [*CHOICES.finditer(text), *WHOLE.finditer(text)]:
            named = tuple(SCENARIO.findall(text[: found.start()])[-3:])
            proof = case.argv[: case.argv.index("--format")]
            for way in [found[1]] if found.re is WHOLE else WAYS.findall(found[1]):
                fixes[way, named, proof] = None
    return fixes


def _failed(report: Any) -> set[str]:
    """Return the scenarios of a proof that end otherwise than they must."""
    return {
        each["id"]
        for each in report["people"]
        if each["outcome"] != each["must"] and each["counts"] and not each["acceptedFor"]
    }


def test_what_a_proof_says_to_write_mends_the_scenario(sekisho: Runner, tmp_path: Path) -> None:
    follower = Follower(sekisho, write_all(furnished(tmp_path)))
    failed = cache(lambda *proof: _failed(follower.run(shlex.join([*proof, "--format", "json"]))))
    followed = set[tuple[str, ...]]()
    for options, named, proof in _scenario_fixes():
        before = failed(*proof)
        scenario = [name for name in named if name in before][-1]
        if (options, scenario, *proof) in followed:
            continue
        followed.add((options, scenario, *proof))
        ran = sekisho.typed(["policy", "new", *options.split()], follower.folder)
        written = follower.folder / f"written{options.replace(' ', '')}.json"
        written.write_bytes(ran.stdout)
        others = proof[3:] if proof[1] == "policy" else ()
        after = failed("prove", "policy", written.name, *others)
        traded = {*FIXES["traded"]} if "--strict" in proof else set[str]()
        assert scenario not in after, (options, proof)
        assert after <= before | traded, (options, proof)


def _hinted() -> dict[str, Case]:
    """Return the cases that end with an error which says what to do, in English."""
    cases = {}
    for case in CASES:
        if (
            case.language != "ja"
            and not case.id.endswith(".ja")
            and case.exit in (Exit.ERROR, Exit.USAGE)
        ):
            path = OUTPUTS / case.stderr
            if path.exists() and HINTED.search(path.read_text("utf-8")):
                cases[case.id.removesuffix(".en")] = case
    return cases


def _faults(text: str) -> set[str]:
    """Return the faults of an output, without their places."""
    return {PLACE.sub("", line) for line in text.splitlines() if ": " in line}


def test_what_an_error_says_to_do_is_followed_or_named() -> None:
    kinds = [{*FIXES[kind]} for kind in ("faults", "typed", "said")]
    assert set[str]().union(*kinds) == {*_hinted()}
    assert sum(map(len, kinds)) == len(_hinted())


def test_what_a_fault_says_to_write_mends_it(sekisho: Runner, tmp_path: Path) -> None:
    folder = write_all(furnished(tmp_path))
    for name, edits in FIXES["faults"].items():
        case = _hinted()[name]
        [file] = (word for word in case.argv if word.startswith("faulty/") or word == TRUST)
        before = _faults(sekisho.run(case, folder).stderr.decode())
        hints = {PLACE.sub("", found[0]) for found in HINTED.finditer("\n".join(before))}
        text = (folder / file).read_text("utf-8")
        for old, new in edits:
            assert old in text, (name, old)
            text = text.replace(old, new)
        (folder / file).write_text(text, "utf-8")
        after = _faults(sekisho.run(case, folder).stderr.decode())
        assert not after & hints, name
        assert after <= before or name in FIXES["hidden"], (name, after)


def test_what_an_error_says_to_type_is_no_wrong_use(sekisho: Runner, tmp_path: Path) -> None:
    folder = write_all(furnished(tmp_path))
    sekisho.typed(shlex.split("logs usage logs/company.json --out usage.json"), folder)
    for name, command in FIXES["typed"].items():
        words = shlex.split(command)
        if needs_aws(words) or words[0] == "session" or "s3://" in command:
            parsed(words, whole=True)
            continue
        ran = sekisho.typed(words, folder, PASTED)
        errors = ran.stderr.decode()
        assert ran.exit not in (Exit.ERROR, Exit.USAGE), (name, errors)
        assert not _faults(errors) & _faults((OUTPUTS / _hinted()[name].stderr).read_text("utf-8"))


def _printed_remedies() -> set[str]:
    """Return the findings that say what to do, in SARIF, JSON or text."""
    names = set[str]()
    for path in OUTPUTS.rglob("*.sarif"):
        for run in json.loads(path.read_text("utf-8"))["runs"]:
            rules = run["tool"]["driver"].get("rules", ())
            names |= {each["id"] for each in rules if each.get("help")}
    for path in [*OUTPUTS.rglob("audit-*.txt"), *OUTPUTS.rglob("lint-*.txt")]:
        names |= set(re.findall(r"^  \S+ \[([a-z.-]+)\]", path.read_text("utf-8"), re.MULTILINE))
    return names


def test_what_a_finding_says_to_do_is_followed_or_in_words() -> None:
    edited = {way.partition(" ")[0] for way in FIXES["edits"]}
    words = {name for names in FIXES["words"].values() for name in names}
    assert edited | words == _printed_remedies()
    assert not edited & words


def _plans() -> dict[tuple[str, ...], list[str]]:
    """Return the options that fix a plan, and exceptions ready to copy, by the plan's command."""
    fixes: dict[tuple[str, ...], list[str]] = {}
    for case in CASES:
        path = OUTPUTS / case.stdout
        if case.form == "text" and case.argv[0] in ("plan", "onboard", "reset", "offboard"):
            text = path.read_text("utf-8")
            found = [*REMEDY.findall(text), *map(dedent, COPIED.findall(text))]
            command = [*case.argv[: case.argv.index("--format")]]
            if "--out" in command:
                del command[command.index("--out") :]
            fixes.setdefault(tuple(command), []).extend(found)
    return {command: options for command, options in fixes.items() if options}


def _problems(plan: Any) -> set[tuple[str, str]]:
    """Return what speaks against a plan, and about whom."""
    failed = {(each["id"], user) for each in plan["proofs"] for user in each["failed"]}
    return failed | {(each["id"], user) for each in plan["reasons"] for user in each["about"]}


def test_what_a_plan_says_to_add_ends_a_problem(sekisho: Runner, tmp_path: Path) -> None:
    follower = Follower(sekisho, write_all(furnished(tmp_path)))
    sekisho.typed(shlex.split("logs usage logs/company.json --out usage.json"), follower.folder)
    for command, fixes in _plans().items():
        as_given = shlex.join([*command, "--format", "json"])
        for fix in dict.fromkeys(fixes):
            typed, options, user = as_given, fix, fix.removeprefix("--except ")
            if fix.startswith("schema"):
                # what is empty is filled in, and the goal means the user without naming them
                filled = re.sub(r"^(    .*:)$", r"\1 x", fix, flags=re.MULTILINE)
                (follower.folder / "copied.yaml").write_text(filled, "utf-8")
                options, user = "--exceptions copied.yaml", "deploy-bot"
                goal = (follower.folder / "goals/open.yaml").read_text("utf-8")
                meant = goal.replace("{user: deploy-bot}", "{all: true, with: [key]}")
                (follower.folder / "goals/meant.yaml").write_text(meant, "utf-8")
                typed = typed.replace("goals/open.yaml", "goals/meant.yaml")
            before = _problems(follower.run(typed))
            assert user.startswith("--") or user in {about for _, about in before}, command
            after = _problems(follower.run(f"{typed} {options}"))
            assert after < before, (command, options)
            assert user not in {about for _, about in after}, (command, options)


def test_what_is_said_in_words_alone_is_counted() -> None:
    for kind, (count, _) in FIXES["counted"].items():
        texts = (path.read_text("utf-8") for path in OUTPUTS.glob(f"{kind}/*.en.txt"))
        said = (TO_DO.findall(re.sub(r"\n +", " ", text)) for text in texts)
        assert len({sentence for each in said for sentence in each}) == count, kind
