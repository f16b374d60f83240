"""At a local AWS, what is printed next is typed as it is printed, to its end.

The account is the example company's. Whoever follows answers yes where it is asked, and thinks of
nothing else. No command is refused, none comes twice in one state of the account, and nobody is let
in or locked out by it.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from administered import signed_in
from disk import not_waited_for
from in_process import sekisho
from rollout.at_the_terminal import environment
from sekisho.account import collect
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import ImpactKind, rows_of
from sekisho.cli import Exit
from sekisho.localaws import ADMINISTRATOR, LocalAws, example_company
from socketless import socketless

NEXT = "\nNext: "
CHANGING = ("apply", "rollback")
REFUSED = "This plan is refused"


@dataclass
class Follower:
    """Somebody who types what is printed.

    Attributes:
        local: the account.
        commands: what was typed so far, with how often the account had been changed by then.
        enforced: who is enforced.
    """

    local: LocalAws
    commands: list[tuple[str, int]] = field(default_factory=list)
    changed: int = 0
    enforced: frozenset[str] = frozenset()

    def run(self, command: str) -> CompletedProcess[str]:
        """Run a command, answering yes, and see that nobody is let in or locked out."""
        words = shlex.split(command)[1:]
        sure = ["--yes"] if words[0] in CHANGING and "--yes" not in words else []
        more = environment(self.local, ADMINISTRATOR)
        done = sekisho(*words, *sure, **{**more, "COLUMNS": "1000", "LC_ALL": "C"})
        if sure:
            self.changed += 1
            self._look()
        return done

    def _look(self) -> None:
        snapshot = collect(signed_in(self.local, ADMINISTRATOR, mfa=True), now=datetime.now(UTC))
        rows = [row for row in rows_of(snapshot, Exceptions()) if row.enforcement.enforced_directly]
        enforced = frozenset(row.user.name for row in rows)
        assert self.enforced <= enforced
        self.enforced = enforced
        stuck = {ImpactKind.LOCKED_OUT, ImpactKind.DEAD_LOCK}
        assert not [row.user.name for row in rows if not stuck.isdisjoint(row.impact.kinds)]

    def follow(self, command: str) -> Iterator[CompletedProcess[str]]:
        """Run a command and what it prints next, until nothing is printed."""
        while command:
            assert (command, self.changed) not in self.commands, self.commands
            self.commands.append((command, self.changed))
            done = self.run(command)
            said = done.stdout + done.stderr
            assert done.returncode not in (Exit.ERROR, Exit.USAGE), (command, said)
            assert REFUSED not in said, command
            yield done
            command = said.partition(NEXT)[2].partition("\n")[0]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def company() -> Iterator[Follower]:
    """Run the example company's account."""
    with socketless(), not_waited_for(), LocalAws(example_company()) as local:
        yield Follower(local)


def test_from_the_first_audit_to_everybody(folder: Path) -> None:
    with company() as follower:
        *_, last = follower.follow("sekisho audit")
    typed = [command.removeprefix("sekisho ") for command, _ in follower.commands]
    assert typed == [
        "audit",
        "plan --user ken.suzuki --user yui.nakamura --out plan.json",
        "apply plan.json",
        "status plan.json",
        "audit",
        "plan --all-users --except deploy-bot --break-glass break-glass --mfa --out plan-2.json",
        "apply plan-2.json",
        "status plan-2.json",
        "audit",
        "collect --out account.json",
        "audit --snapshot account.json",
    ]
    assert "10 of 12 users: 2 not enforced" in last.stdout
    assert "Not enforced: break-glass, deploy-bot. If that is intended," in last.stdout
