"""`python -m bench.notices`: telling many people, in processor time, and an outage of a webhook.

First who hears what, with texts and the work list, for 5,000 and 10,000 people of one plan (or
`--users` and twice as many): the ratio says whether it is linear. Then `sekisho remind` for 2,000
people whose webhook answers 500 to everything, and the one command that resolves that.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

from sekisho.account import Password, Snapshot, User, save_snapshot
from sekisho.audit.impact import ImpactKind
from sekisho.cli.main import root
from sekisho.messages import Language, verbatim
from sekisho.notices import (
    NoticeForm,
    NoticeSetting,
    Templates,
    WorkList,
    context_of,
    notices_of,
    people_of,
    to_merge_csv,
)
from sekisho.policy import Choices, force_mfa
from sekisho.rollout import (
    AttachUserPolicy,
    Goal,
    Plan,
    PlanCaller,
    PlannedImpact,
    PolicyGoal,
    plan,
    policy_arn,
)

_ACCOUNT = "111122223333"
_NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
_OUTAGE = 2_000


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5_000)
    users = parser.parse_args().users
    once, twice = (_told(count) for count in (users, 2 * users))
    print(f"{users} people: {once:.1f} s of the processor")
    print(f"{2 * users} people: {twice:.1f} s of the processor, {twice / once:.1f} times as much")
    with tempfile.TemporaryDirectory() as folder:
        _outage(Path(folder))
    return 0


def _account_of(count: int) -> Snapshot:
    home = f"arn:aws:iam::{_ACCOUNT}"
    users = (
        User(
            f"p{number}",
            "/",
            f"{home}:user/p{number}",
            f"AIDA{number:016}",
            tags={"Owner": f"team-{number % 50}"},
            password=Password(reset_required=number % 5 == 0),
        )
        for number in range(count)
    )
    return Snapshot(_ACCOUNT, "aws", _NOW, tuple(users), (), (), {})


def _plan_for(snapshot: Snapshot, starts: date) -> Plan:
    """Return a plan that names all users; made for one of them, as making it is not measured."""
    goal = Goal(PolicyGoal("Force_MFA", force_mfa(Choices())), users=("p1",))
    caller = PlanCaller(f"arn:aws:iam::{_ACCOUNT}:root", mfa=True)
    small = replace(snapshot, users=snapshot.users[:2])
    made = plan(goal, small, caller)
    arn = policy_arn(snapshot, goal.policy)
    attached = (AttachUserPolicy(user.name, arn) for user in snapshot.users)
    people = (
        PlannedImpact(user.name, ImpactKind.MUST_ENROL, verbatim("x"), "everybody", starts)
        for user in snapshot.users
    )
    return replace(made, changes=(*made.changes, *attached), people=tuple(people))


def _told(count: int) -> float:
    """Return how long it takes to say who hears what, in which words."""
    snapshot = _account_of(count)
    made = _plan_for(snapshot, _NOW.date() + timedelta(days=7))
    started = time.process_time()
    people = people_of(made, snapshot)
    WorkList(snapshot.account, people).to_csv()
    setting = NoticeSetting.of(snapshot, ZoneInfo("UTC"), "the help desk")
    templates, lines = Templates(None, (NoticeForm.TEXT,)), []
    for each in notices_of(people, made, snapshot, setting):
        context = context_of(each, setting, Language.EN)
        lines.append((context, templates.written(each, NoticeForm.TEXT, context)))
    to_merge_csv(lines)
    return time.process_time() - started


def _outage(folder: Path) -> None:
    """Remind 2,000 people by a webhook that is down, then once more when it is back."""
    snapshot = _account_of(_OUTAGE)
    save_snapshot(snapshot, folder / "account.json")
    made = _plan_for(snapshot, _NOW.date() + timedelta(days=7))
    (folder / "plan.json").write_text(made.to_json(), encoding="utf-8")
    words = ["remind", str(folder / "plan.json"), "--snapshot", str(folder / "account.json")]
    words += ["--today", str(_NOW.date()), "--format", "slack", "--send", "env:HOOK"]
    with _serving() as server:
        os.environ["HOOK"] = f"http://127.0.0.1:{server.server_port}/hook"
        for status, more in ((500, []), (200, ["--in-doubt", "repeat"])):
            server.status, server.posts = status, 0
            started = time.process_time()
            code = _run([*words, *more])
            taken = time.process_time() - started
            size = (folder / "plan.json.notified").stat().st_size / 1_000_000
            print(
                f"remind {' '.join(more)} with {_OUTAGE} people, answered {status}: {taken:.1f} s, "
                f"{server.posts} posts, exit {code}, record {size:.1f} MB"
            )


class _Server(ThreadingHTTPServer):
    status = 200
    posts = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts += 1
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _serving() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _run(words: list[str]) -> int:
    """Run a command and return its exit code."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return int(root.main(words, standalone_mode=False) or 0)


if __name__ == "__main__":
    sys.exit(main())
