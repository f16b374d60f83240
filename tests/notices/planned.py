"""Plans to notify people of, made of small accounts and goals as files have them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.small_accounts import snapshot_of
from sekisho.account import Snapshot
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.documents import yaml_shape
from sekisho.rollout import Plan, PlanCaller, goal_of, plan

__all__ = ["exceptions_of", "plan_of", "snapshot_of"]


def exceptions_of(case: Mapping[str, Any]) -> Exceptions:
    """Return the exceptions of a case of the corpus; none if it names none."""
    entries = case.get("exceptions", ())
    lines = "".join(f" - {json.dumps(entry)}\n" for entry in entries)
    text = f"schema: sekisho.exceptions/1\nexceptions:\n{lines}"
    return load_exceptions(text) if entries else Exceptions()


def plan_of(case: Mapping[str, Any], snapshot: Snapshot, folder: Path) -> Plan:
    """Return the plan of a case's goal; a policy of the case's own is written beside it."""
    wanted = dict(case["goal"])
    if "document" in case:
        text = json.dumps({"Version": "2012-10-17", "Statement": case["document"]})
        (folder / "own.json").write_text(text, encoding="utf-8")
        wanted["policy"] = {"file": "own.json"}
    shape = yaml_shape(json.dumps(wanted), "goal.yaml")
    goal = goal_of(shape, str(folder / "goal.yaml"), snapshot, exceptions_of(case))
    caller = PlanCaller(f"arn:aws:iam::{snapshot.account}:root", mfa=True)
    return plan(goal, snapshot, caller)
