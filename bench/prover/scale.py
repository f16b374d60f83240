"""`python -m bench.prover.scale`: the difference of two large policies, and what they grant.

Each family has one thing per statement: a bucket, a role, an action, a value. Compared are a policy
and the same without one statement, and a policy and the same in another order. The floor, in the
same run: to read both documents, as JSON and as policies.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import from_json
from sekisho.prover import (
    CallingUser,
    Side,
    Unknown,
    callers_of_difference,
    difference_for_any,
    new_access,
    prove_enforcement,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
USER = CallingUser.of("arn:aws:iam::111122223333:user/alice")
T = TypeVar("T")
Make = Callable[[int], dict[str, Any]]


def one(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    """Return a statement."""
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **parts}


def _bucket(number: int) -> str:
    return f"arn:aws:s3:::bucket-{number}/*"


FAMILIES: Mapping[str, Make] = {
    "one bucket": lambda n: one(Resource=_bucket(n)),
    "one role": lambda n: one(
        Action="sts:AssumeRole", Resource=f"arn:aws:iam::111122223333:role/app-{n}"
    ),
    "one action": lambda n: one(Action=f"ec2:Made{n}"),
    "one value of a tag": lambda n: one(
        Condition={"StringEquals": {"aws:PrincipalTag/team": f"team-{n}"}}
    ),
    "one user name": lambda n: one(Condition={"StringEquals": {"aws:username": f"user-{n}"}}),
    "one bucket from one network": lambda n: one(
        Resource=_bucket(n),
        Condition={"IpAddress": {"aws:SourceIp": f"10.{n // 256}.{n % 256}.0/24"}},
    ),
    "one action on one pattern": lambda n: one(
        Action=f"ec2:Made{n}", Resource=f"arn:aws:*:*:*:*thing-{n}*"
    ),
    "Allow * and one bucket denied": lambda n: (
        one("Deny", Resource=_bucket(n)) if n else one(Action="*")
    ),
    "the same Deny": lambda n: one("Deny", Action="*") if n else one(Action="*"),
    "one bucket, and a * for all": lambda n: one(Resource=_bucket(n) if n else "*"),
}
"""What the statements have one of each."""


def measured(ask: Callable[[], T]) -> tuple[float, T]:
    """Return the processor time of asking once, in milliseconds, and the answer."""
    begin = time.thread_time()
    found = ask()
    return (time.thread_time() - begin) * 1_000, found


def _text(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _policies(text: str) -> Policies:
    # not `parse`: a document of this size is longer than IAM takes as one
    return Policies(identity=(AttachedPolicy("policy", from_json(json.loads(text))),))


def _said(found: object) -> str:
    match found:
        case Side(None):
            return "nothing"
        case Side(_, items):
            return f"{len(items)} items"
        case Unknown(reason):
            return f"Unknown: {reason.en}"
        case _:
            return type(found).__name__


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=1_000)
    count = parser.parse_args().statements
    print("| one statement each | question | ms | floor, ms | ratio | answer |")
    print("|---|---|---:|---:|---:|---|")
    for name, make in FAMILIES.items():
        statements = [make(number) for number in range(count)]
        dropped = [*statements[: count // 2], *statements[count // 2 + 1 :]]
        texts = tuple(map(_text, (statements, dropped)))
        floor, both = measured(lambda texts=texts: tuple(map(_policies, texts)))  # type: ignore[misc]  # a default binds the loop's value
        old, new = both
        again = _policies(_text(statements[::-1]))
        asked: dict[str, Callable[[], object]] = {
            "one dropped": lambda old=old, new=new: (
                difference_for_any(  # type: ignore[misc]  # as above
                    old, new, callers_of_difference(old, new), NOW
                ).only_in_old
            ),
            "in another order": lambda old=old, new=again: (
                difference_for_any(  # type: ignore[misc]  # as above
                    old, new, callers_of_difference(old, new), NOW
                ).only_in_new
            ),
            "no new access": lambda old=old, new=new: new_access(  # type: ignore[misc]  # as above
                old, new, callers_of_difference(old, new), NOW
            ),
            "enforcement": lambda old=old: prove_enforcement(old, USER, NOW).direct,  # type: ignore[misc]  # as above
        }
        for question, ask in asked.items():
            took, found = measured(ask)
            times = f"{took:.0f} | {floor:.0f} | {took / floor:.1f}"
            print(f"| {name} | {question} | {times} | {_said(found)} |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
