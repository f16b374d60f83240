"""`python -m bench.workbench`: how long the pages of the workbench take in a generated account.

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
from pathlib import Path
from urllib.parse import urlencode

from flask.testing import FlaskClient

from bench.account.audit import account
from sekisho import policy
from sekisho.account import Snapshot, SnapshotApi
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.policy import Preset
from sekisho.rollout import Goal, GroupGoal, PlanCaller, PolicyGoal, plan, read_plan
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
