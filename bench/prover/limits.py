"""`python -m bench.prover.limits`: MFA enforcement under service control policies and boundaries.

Two tables. The account of `bench.prover.account` under twenty service control policies, with a
boundary for everybody, and with both, beside the same account without them (the floor, in the same
run). And users with ten of the largest policies that AWS manages, under one service control policy
that alone denies everything without MFA: by a certificate, and by the search.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from bench.account.organisation import organisation
from bench.engine.workload import ACCOUNT
from bench.prover.__main__ import ALL, MANAGED, NOW, USER, attached
from bench.prover.account import account
from sekisho.account import ManagedPolicy, Snapshot
from sekisho.audit.enforcement import enforcements_of
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import Preset, choices_of, force_mfa, from_json
from sekisho.prover import conclude, enforcement_question, prove_enforcement

T = TypeVar("T")
_BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
_LARGE = range(5_000, 6_145)
"""Characters without white space: AWS lets a managed policy have 6,144."""
_EACH, _A_STATEMENT = 10, 200
_SHUT = ("organizations:*", "account:*")


def main() -> int:
    """Print the tables."""
    accounts()
    large_policies(8)
    return 0


def accounts() -> None:
    """Print how long every user's enforcement takes, and how often as long as without limits."""
    plain = account()
    bounded = _bounded(plain)
    variants = {
        "nothing": plain,
        "twenty service control policies": replace(plain, scps=organisation()),
        "a boundary": bounded,
        "both": replace(bounded, scps=organisation()),
    }
    enforcements_of(plain)
    floor = 0.0
    print("| over the policies | s | of the first | enforced | verdicts |\n|---|---:|---:|---|---|")
    for name, snapshot in variants.items():
        took, found = _measured(lambda snapshot=snapshot: enforcements_of(snapshot))  # type: ignore[misc]  # a default binds the loop's value
        floor = floor or took
        enforced = Counter(each.enforced.value for each in found.values())
        verdicts = Counter(
            type(one).__name__ for each in found.values() for one in each.verdicts.values()
        )
        counts = f"{_said(enforced)} | {_said(verdicts)}"
        print(f"| {name} | {took:.2f} | {took / floor:.1f} | {counts} |", flush=True)


def _bounded(snapshot: Snapshot) -> Snapshot:
    """Return the account in which everybody has a boundary: all but what administers."""
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": [*_SHUT], "Resource": "*"},
    ]
    document = from_json({"Version": "2012-10-17", "Statement": statements})
    boundary = ManagedPolicy(_BOUNDARY, "boundary", "/", "v1", document)
    users = tuple(replace(user, boundary=_BOUNDARY) for user in snapshot.users)
    return replace(snapshot, users=users, policies={**snapshot.policies, _BOUNDARY: boundary})


def large_policies(count: int) -> None:
    """Print how long a certificate for users with ten large policies takes, and the search."""
    print("\n| user | statements | certificate, ms | search, ms | verdicts |")
    print("|---|---:|---:|---:|---|")
    # the first ten are made up, the others AWS's
    for number, (policies, statements) in enumerate(_users(count)):
        question = enforcement_question(policies, USER, NOW)
        took, one = _measured(lambda policies=policies: prove_enforcement(policies, USER, NOW))  # type: ignore[misc]  # as above
        longer, all_ = _measured(lambda question=question: conclude([question]))  # type: ignore[misc]  # as above
        verdicts = ", ".join(type(each).__name__ for each in (one.direct, all_.verdict))
        times = f"{took * 1_000:.1f} | {longer * 1_000:.0f}"
        print(f"| {number} | {statements} | {times} | {verdicts} |", flush=True)


_HARD = (
    ("StringLike", "aws:PrincipalOrgID", "o-*{}{}*{}*"),
    ("ForAnyValue:StringLike", "aws:TagKeys", "*{}{}*{}*"),
    ("StringLike", "aws:SourceVpc", "vpc-*{}{}*{}*"),
    ("StringLike", "aws:RequestedRegion", "*{}*-{}{}*"),
    ("StringLike", "aws:ResourceOrgID", "o-*{}{}*{}*"),
)
"""Patterns of keys whose values have a form, so that all of them are read side by side."""


def _made() -> Iterator[AttachedPolicy]:
    """Yield ten policies, each as long as AWS takes it, on five keys."""
    for place in range(_EACH):
        operator, key, pattern = _HARD[place % len(_HARD)]
        statements: list[dict[str, Any]] = []
        while _size(statements) < _LARGE.stop - _A_STATEMENT:
            n = len(statements)
            value = pattern.format(chr(97 + n % 26), n % 7, place)
            statements.append(
                {
                    "Effect": "Allow" if n % 2 else "Deny",
                    "Action": "s3:GetObject" if n % 2 else "s3:PutObject",
                    "Resource": "*",
                    "Condition": {operator: {key: value}},
                }
            )
        yield attached(f"made-{place}", {"Version": "2012-10-17", "Statement": statements})


def _users(count: int) -> Iterator[tuple[Policies, int]]:
    large = sorted(name for name, document in MANAGED.items() if _size(document) in _LARGE)
    shut = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
    enforcing = Level("root", (attached("FullAWSAccess", ALL), shut))
    chance = random.Random(1)  # noqa: S311 - the same policies in every run
    own = tuple(_made())
    yield Policies(identity=own, scps=(enforcing,)), _statements(own)
    for _ in range(count):
        own = tuple(attached(name, MANAGED[name]) for name in chance.sample(large, _EACH))
        yield Policies(identity=own, scps=(enforcing,)), _statements(own)


def _statements(own: tuple[AttachedPolicy, ...]) -> int:
    return sum(len(each.document.statements) for each in own)


def _size(document: Any) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def _said(counted: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counted.most_common())


def _measured(ask: Callable[[], T]) -> tuple[float, T]:
    begin = time.thread_time()
    found = ask()
    return time.thread_time() - begin, found


if __name__ == "__main__":
    sys.exit(main())
