"""Asks PMapper's local check, in its own environment: ask_pmapper.py WORKLOAD REPETITIONS."""

import collections
import collections.abc
import json
import sys
from pathlib import Path

from timing import report

# PMapper 1.1.5 still looks for these where Python had them until 3.9
for name in ("Mapping", "MutableMapping"):
    setattr(collections, name, getattr(collections.abc, name))

from principalmapper.common import Node, Policy  # noqa: E402 - after the names are there
from principalmapper.querying.query_interface import local_check_authorization  # noqa: E402

workload = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def node(principal: str, names: list[str]) -> Node:
    """Return the user as PMapper has it."""
    account = principal.split(":")[4]
    attached = [
        Policy(f"arn:aws:iam::{account}:policy/{number}", name, workload["policies"][name])
        for number, name in enumerate(names)
    ]
    return Node(
        principal, "AIDAEXAMPLE", attached, [], None, None, 0, True, False, None, True, None
    )


nodes = {}
asked = []
for number, principal, action, resource, context in workload["requests"]:
    if (number, principal) not in nodes:
        nodes[number, principal] = node(principal, workload["sets"][number])
    asked.append((nodes[number, principal], action, resource, context))
report(lambda one: local_check_authorization(*one), asked)
