"""Asks MiniStack's evaluator, in its own environment: ask_ministack.py WORKLOAD REPETITIONS."""

import json
import sys
from pathlib import Path

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
from timing import report

workload = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
parsed = {name: parse_policy_document(value) for name, value in workload["policies"].items()}
sets = [[parsed[name] for name in names] for names in workload["sets"]]
asked = [
    (
        EvalContext(
            principal,
            "User",
            principal.split(":")[4],
            action,
            resource,
            "ap-northeast-1",
            principal_keys={key.lower(): value for key, value in context.items()},
        ),
        sets[number],
    )
    for number, principal, action, resource, context in workload["requests"]
]
report(lambda one: evaluate(*one).decision, asked)
