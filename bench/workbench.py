"""`python -m bench.workbench`: how long the pages of the workbench take in a generated account.

How a campaign of three waves stands, by a goal that names each user, and one that names groups.
Every page, and its JSON, as it is asked for the first time after the start; then the pages that
examine what somebody puts in, for each preset of Force_MFA. Processor time: on a busy machine the
clock on the wall says little.
"""

import argparse
import gc
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from flask.testing import FlaskClient

from bench.account.audit import account
from sekisho import policy
from sekisho.account import Group, Snapshot, SnapshotApi, User
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.campaign import Campaign, CampaignInputs, campaign_of
from sekisho.documents import yaml_shape
from sekisho.notices.reminders import Told
from sekisho.policy import Preset
from sekisho.rollout import Goal, GroupGoal, PlanCaller, PolicyGoal, goal_of, plan, read_plan
from sekisho.web.workbench import Material, PlanInView, workbench_site

_LIMIT_MS = 500
_BASE = {"base_url": "http://localhost:1"}
_ERROR = (
    "User: arn:aws:iam::111122223333:user/hanako is not authorized to perform: iam:ChangePassword "
    "on resource: user hanako with an explicit deny in an identity-based policy"
)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5_000)
    given = parser.parse_args()
    snapshot = account(given.users)
    begin = time.process_time()
    report = audit_account(snapshot, Exceptions(), version="0")
    print(f"the audit takes {time.process_time() - begin:.1f} s")
    viewed = _viewed(snapshot)
    for called, goal in (("name", "user"), ("group", "group")):
        begin = time.process_time()
        _campaign(snapshot, goal)
        print(f"a campaign by {called} is known after {time.process_time() - begin:.1f} s more")
    begin = time.process_time()
    site = workbench_site(Material(report, "", viewed))
    site.bind("localhost:1", "127.0.0.1:1")
    gc.freeze()  # as `WebServer` does
    print(f"the site is ready after {time.process_time() - begin:.1f} s more")
    client = site.app.test_client()
    name = report.rows[len(report.rows) // 2].user.name
    slow = [path for path in _addresses(name) if _get(client, path) > _LIMIT_MS]
    print(f"over {_LIMIT_MS} ms: {', '.join(slow) or 'none'}\n")
    _put_in(client)
    return 0


def _viewed(snapshot: Snapshot) -> PlanInView:
    """Return a plan for everybody, and how it stands."""
    names = tuple(user.name for user in snapshot.users)
    document = policy.force_mfa(policy.choices_of(Preset.RECOMMENDED))
    goal = Goal(PolicyGoal("MFA_first", document), group=GroupGoal("MFA-required", names))
    home = f"arn:{snapshot.partition}:iam::{snapshot.account}"
    made = plan(goal, snapshot, PlanCaller(f"{home}:root", mfa=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(made.to_json(), encoding="utf-8")
        begin = time.process_time()
        viewed = PlanInView.of("plan.json", read_plan(path), SnapshotApi(snapshot))
    print(f"how the plan stands is known after {time.process_time() - begin:.1f} s more")
    return viewed


def _campaign(snapshot: Snapshot, selector: str) -> Campaign:
    """Return how a campaign of three waves stands, the first of which is due, by its goal file."""
    named: tuple[User, ...] | tuple[Group, ...] = snapshot.users
    if selector == "group":
        named = snapshot.groups
    third = len(named) // 3
    waves = (named[:third], named[third : 2 * third], named[2 * third :])
    today = snapshot.taken_at.date()
    lines = ["group: MFA-required", "waves:"]
    for number, members in enumerate(waves):
        lines += [
            f"- name: wave {number}",
            f"  from: {today + timedelta(weeks=4 * number - 1)}",
            f"  enrolFrom: {today + timedelta(weeks=4 * number - 4)}",
            "  who: [" + ", ".join(f"{{{selector}: {each.name}}}" for each in members) + "]",
        ]
    shape = yaml_shape("\n".join(lines) + "\n", "goal.yaml")
    goal = goal_of(shape, "goal.yaml", snapshot, Exceptions())
    caller = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root")
    return campaign_of(goal, snapshot, caller, CampaignInputs(told=Told()))


def _addresses(name: str) -> list[str]:
    pages: list[tuple[str, Mapping[str, str]]] = [
        *(("/", {}), ("/users", {}), ("/users", {"outcome": "must-enrol"})),
        *(("/users", {"q": "1"}), ("/findings", {}), ("/plan", {}), ("/sheet", {})),
        *(("/user", {"name": name}), ("/scenarios", {"user": name}), ("/policy", {})),
        *(("/difference", {}), ("/error", {}), ("/notices", {})),
    ]
    forms: tuple[Mapping[str, str], ...] = ({}, {"format": "json"})
    asked = [(path, {**query, **form}) for form in forms for path, query in pages]
    return [f"{path}?{urlencode(query)}" if query else path for path, query in asked]


def _get(client: FlaskClient, path: str, name: str = "") -> float:
    return _timed(name or path, lambda: client.get(path, **_BASE).data)


def _put_in(client: FlaskClient) -> None:
    """Time what is put in, the first time."""
    page = client.get("/policy", **_BASE).get_data(as_text=True)
    (csrf,) = {*re.findall(r'name="csrf" value="([^"]+)"', page)}
    documents = {each: policy.render(policy.force_mfa(policy.choices_of(each))) for each in Preset}
    asked = [
        (f"{path}, {preset.value}", path, {"document": document})
        for preset, document in documents.items()
        for path in ("/policy", "/scenarios")
    ]
    both = {"old": documents[Preset.RECOMMENDED], "new": documents[Preset.AWS]}
    asked += [("/difference", "/difference", both), ("/error", "/error", {"text": _ERROR})]
    headers = {"Origin": "http://localhost:1"}
    for name, path, fields in asked:
        sent = {**fields, "csrf": csrf}
        led = client.post(path, data=sent, headers=headers, **_BASE).headers["Location"]
        _get(client, led, name)


def _timed(name: str, ask: Callable[[], bytes]) -> float:
    begin = time.process_time()
    answer = ask()
    spent = 1000 * (time.process_time() - begin)
    print(f"{name:50}{spent:8.0f} ms{len(answer) / 1024:9.0f} KB", flush=True)
    return spent


if __name__ == "__main__":
    sys.exit(main())
