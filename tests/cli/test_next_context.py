"""What is printed next is about no more than the run that it stands under.

The users that it can touch are users of that run, less the exceptions, and it says all that the run
was told: the goal, the exceptions, the logs, the account's options. Of plans that are applied
and taken back: `test_next_at_aws.py`.
"""

import dataclasses
import json
import shlex
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from in_process import sekisho
from profiles import examples
from sekisho.account import Snapshot, open_account
from sekisho.cli import next_action
from sekisho.cli.audit import AccountAudited, AuditOptions
from sekisho.cli.main import root
from sekisho.cli.next_action import PlanStanding, RunContext, State
from sekisho.rollout import Plan

ACCOUNTS = Path(__file__).parents[1] / "golden" / "inputs" / "accounts"
SEVERAL = tuple(ACCOUNTS / f"{name}.json" for name in ("company", "outside-the-group", "role-open"))
NEXT = "\nNext: sekisho "

CONTEXT = RunContext(
    aws=" --profile p --region eu-west-1 --endpoint-url http://localhost:1",
    mfa=True,
    goal="goal.yaml",
    exceptions="exceptions.yaml",
    logs=("usage.json",),
)
GIVEN: dict[str, Any] = {
    "plan": "plan.json",
    "policy": "",
    "file": "plan.json",
    "given": AuditOptions((), "exceptions.yaml", ("goal.yaml",), None, ("usage.json",)),
    "users_read": True,
}
"""What states are told besides; each of their flags is both."""


def _states() -> Iterator[State]:
    """Yield every state that has a context, with each of its flags set and not set."""
    kinds = [kind for kind in vars(next_action).values() if dataclasses.is_dataclass(kind)]
    for kind in (*kinds, AccountAudited):
        names = {each.name: each for each in dataclasses.fields(kind)}
        if "context" not in names or not hasattr(kind, "words"):
            continue
        flags = [name for name, each in names.items() if each.type in ("bool", bool)]
        fixed = {name: GIVEN[name] for name in names if name in GIVEN and name not in flags}
        for bits in range(2 ** len(flags)):
            flagged = {name: bool(bits >> place & 1) for place, name in enumerate(flags)}
            yield kind(**{"context": CONTEXT, **fixed, **flagged})
    yield PlanStanding(CONTEXT, "p", waits=False, unexplained=True, typed="sekisho status p")


def _parsed(typed: str) -> tuple[click.Command, dict[str, Any]]:
    command: click.Command = root
    words, context = shlex.split(typed)[1:], click.Context(root)
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    values, _, _ = command.make_parser(context).parse_args([*words])
    return command, values


def test_a_next_command_has_what_the_run_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever option a command has for what the run was told is there, with the same value."""
    monkeypatch.setattr(next_action, "typed_again", lambda *more, **_: "")
    commands = set()
    for state in _states():
        if not (typed := next_action.next_action(state)) or "--print-policy" in typed:
            continue
        command, values = _parsed(typed)
        if command.name == "new":  # it writes a policy, and reads no account
            continue
        assert (values["profile"], values["region"]) == ("p", "eu-west-1"), typed
        assert values["endpoint_url"] == "http://localhost:1", typed
        commands.add(command.name)
        if command.name == "plan" and "--user" not in typed:
            assert values["goal"] == "goal.yaml", typed
            assert values["exceptions"] == "exceptions.yaml", typed
            assert [*values["logs"]] == ["usage.json"], typed
            assert values["mfa"], typed
        if command.name == "status" and "goal.yaml" in typed:
            assert values["exceptions"] == "exceptions.yaml", typed
    assert commands >= {"plan", "apply", "status", "audit", "collect"}


@st.composite
def _runs(draw: st.DrawFn) -> tuple[Path, frozenset[str], list[tuple[Set[str], str]]]:
    """Draw an account, its exceptions, and goals: the users of each and its break-glass user."""
    path = draw(st.sampled_from(SEVERAL))
    names = sorted(user.name for user in open_account(path).users)
    some = st.frozensets(st.sampled_from(names), max_size=3)
    goals = st.tuples(st.frozensets(st.sampled_from(names), min_size=1), st.sampled_from(names))
    return path, draw(some), draw(st.lists(goals, max_size=2))


def _exceptions(users: Set[str]) -> str:
    terms = {"kind": "exception", "why": "w", "owner": "o", "approvedBy": "a", "ticket": "T-1"}
    ends = {"expires": "2027-01-31", "force": "f"}
    entries = [{"user": each, **terms, **ends} for each in sorted(users)]
    return json.dumps({"schema": "sekisho.exceptions/1", "exceptions": entries})


def _touched(plan: Plan) -> set[str]:
    """Return the users whom a plan changes, by name or by a group of theirs."""
    affected = {
        each.removeprefix("user ") for several in plan.affected.values() for each in several
    }
    return {change.person for change in plan.changes} - {""} | affected


@given(_runs())
@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_follows_an_audit_touches_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    drawn: tuple[Path, frozenset[str], list[tuple[Set[str], str]]],
) -> None:
    path, excepted, goals = drawn
    monkeypatch.chdir(tmp_path)
    for each in tmp_path.glob("*.json"):
        each.unlink()
    words = ["--snapshot", str(path)]
    if excepted:
        Path("exceptions.yaml").write_text(_exceptions(excepted), "utf-8")
        words += ["--exceptions", "exceptions.yaml"]
    for number, (users, spare) in enumerate(goals):
        who = [{"user": name} for name in sorted(users)]
        text = json.dumps({"who": who, "breakGlass": [spare]})
        Path(f"goal-{number}.yaml").write_text(text, "utf-8")
        words += ["--goal", f"goal-{number}.yaml"]
    snapshot: Snapshot = open_account(path)
    about = goals[0][0] if goals else {user.name for user in snapshot.users}
    about = about - excepted - {spare for _, spare in goals}

    command, typed = shlex.join(["audit", *words]), list[str]()
    while command:
        assert command not in typed, typed
        typed.append(command)
        words = shlex.split(command)
        if words[0] in ("apply", "status"):
            break
        done = sekisho(*words, COLUMNS="1000", LC_ALL="C")
        if done.returncode == 1:  # a goal that does not fit the account
            break
        if words[0] == "plan":
            made = sekisho(*words, "--force", "--format", "json", LC_ALL="C")
            assert _touched(Plan.from_json(made.stdout)) <= about, typed
        command = (done.stdout + done.stderr).partition(NEXT)[2].partition("\n")[0]
