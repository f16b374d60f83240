"""Asks iamprover, in its own environment: ask_iamprover.py WORKLOAD."""

import json
import sys
import tempfile
import time
from pathlib import Path

from iamprover.engine.solver import check_invariant
from iamprover.invariants import parse_invariants
from iamprover.parsers.iam import load_account

workload = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
answers, seconds = [], []
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "account.json"
    for policies, action in workload["questions"]:
        named = [{"name": str(n), "document": each} for n, each in enumerate(policies)]
        principal = {"arn": workload["user"], "policies": named}
        path.write_text(json.dumps({"principals": [principal]}), encoding="utf-8")
        account = load_account(path)
        forbid = {"action": action, "resource": "*"}
        where = {"aws:MultiFactorAuthPresent": "false"}
        (invariant,) = parse_invariants(
            {"invariants": [{"id": "q", "forbid": forbid, "where": where}]}
        )
        begin = time.thread_time()
        found = check_invariant(account, invariant)
        seconds.append(time.thread_time() - begin)
        answers.append(found.passed)
json.dump({"answers": answers, "seconds": seconds}, sys.stdout)
