"""`python -m bench.engine.account`: what it takes to compile a large account.

5,000 users, 500 distinct sets of policies, each of five documents out of some 120: the sets share
documents. Every user then makes 20 requests, so that the plans that they need are made.
"""

import gc
import random
import sys
import time
import tracemalloc
from pathlib import Path

from bench.engine.workload import ACCOUNT, distinct, questions, some_policies
from sekisho.engine import AttachedPolicy, Context, Policies, Request
from sekisho.engine.compiled import Compiler
from sekisho.policy import Document, from_json

USERS, SETS, REQUESTS = 5_000, 500, 20


def main() -> int:
    """Print the figures."""
    chance = random.Random(1)  # noqa: S311 - the same account in every run
    documents = {name: from_json(value) for name, value in some_policies().items()}
    sets = [_some_set(documents, chance) for _ in range(SETS)]
    requests = _requests(chance)
    gc.collect()
    tracemalloc.start()
    begin = time.thread_time()
    compiler = Compiler()
    compiled = [compiler.compiled(one) for one in sets]
    made = time.thread_time() - begin
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    print(f"{len(documents)} documents, {SETS} sets, {USERS:,} users")
    print(f"compile: {made:.2f} s (memory traced), {held / 2**20:.1f} MiB")
    before = _resident_mebibytes()
    begin = time.thread_time()
    for number, request in requests:
        compiled[number](request)
    first = time.thread_time() - begin
    grown = _resident_mebibytes() - before
    begin = time.thread_time()
    for number, request in requests:
        compiled[number](request)
    again = time.thread_time() - begin
    print(f"first {len(requests):,} requests: {first:.1f} s, {grown:.1f} MiB more")
    print(f"the same once more: {again:.2f} s, {len(requests) / again:,.0f} decisions/s")
    return 0


def _resident_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def _some_set(documents: dict[str, Document], chance: random.Random) -> Policies:
    names = ["Force_MFA", *chance.sample(sorted(set(documents) - {"Force_MFA"}), 4)]
    return Policies(tuple(AttachedPolicy(name, documents[name]) for name in names))


def _requests(chance: random.Random) -> list[tuple[int, Request]]:
    """Return the requests of the other bench, made by this account's users by turns."""
    _, asked = questions(distinct(USERS * REQUESTS))
    found = []
    for place, (_, request) in enumerate(asked):
        number = place % USERS
        name = f"user-{number}"
        context = Context({**request.context, "aws:username": name})
        principal = f"arn:aws:iam::{ACCOUNT}:user/{name}"
        found.append((number % SETS, Request(principal, request.action, request.resource, context)))
    chance.shuffle(found)
    return found


if __name__ == "__main__":
    sys.exit(main())
