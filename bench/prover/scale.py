"""`python -m bench.prover.scale`: the difference of two large policies, and what they grant.

Each family has one thing per statement: a bucket, a role, an action, a value. Compared are a policy
and the same without one statement, and a policy and the same in another order. The floor, in the
same run: to read both documents, as JSON and as policies. With `--families`, the harder families of
`bench.prover.families`, in every layer of policies, and of those of a user all that `prove` asks.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from bench.prover.families import ENFORCING, LAYERS, attached, one
from bench.prover.families import FAMILIES as LAYERED
from sekisho.engine import Policies
from sekisho.prover import (
    CallingUser,
    Invariant,
    InvariantKind,
    PolicyDifference,
    Side,
    Unknown,
    callers_of_difference,
    difference_for_any,
    new_access,
    prove_enforcement,
)
from sekisho.prover.questions import (
    Inquiry,
    PolicyReport,
    QuestionGroup,
    Subject,
    report_on_policies,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
USER = CallingUser.of("arn:aws:iam::111122223333:user/alice")
T = TypeVar("T")
Make = Callable[[int], dict[str, Any]]


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
    return Policies(identity=(attached(*json.loads(text)["Statement"]),))


def _said(found: object) -> str:
    match found:
        case PolicyDifference(old, new):
            return f"{_said(old)}; {_said(new)}"
        case Side(_, items, unlisted) if unlisted is not None:
            return f"{len(items)} items, and unlisted: {unlisted.en}"
        case PolicyReport(answers=answers, exempt=exempt):
            verdicts = (_said(answer.conclusion.verdict) for answer in answers)
            without = f"{len(exempt)} exempt" if isinstance(exempt, tuple) else _said(exempt)
            return ", ".join([*verdicts, *([] if exempt is None else [without])])
        case Side(None):
            return "nothing"
        case Side(_, items):
            return f"{len(items)} items"
        case Unknown(reason):
            return f"Unknown: {reason.en}"
        case _:
            return type(found).__name__


def _asked(old: Policies, new: Policies) -> dict[str, Callable[[], object]]:
    """Return what is asked of a pair of policies."""

    def difference() -> object:
        return difference_for_any(old, new, callers_of_difference(old, new), NOW)

    def one_way(before: Policies, after: Policies) -> object:
        return new_access(before, after, callers_of_difference(before, after), NOW)

    return {
        "diff": difference,
        "no new access": lambda: one_way(old, new),
        "the reverse": lambda: one_way(new, old),
    }


def _verdicts(policies: Policies) -> dict[str, Callable[[], object]]:
    """Return what is asked of policies alone, without a list."""
    return {
        "--granted": lambda: _report(policies, QuestionGroup.INVARIANTS),
        "enforcement alone": lambda: prove_enforcement(policies, USER, NOW).direct,
    }


def _report(policies: Policies, *groups: QuestionGroup) -> PolicyReport:
    inquiry = Inquiry(groups=frozenset(groups), invariants=(_GRANTED,))
    subject = Subject.of_files(policies, USER.arn, NOW, users_may_change=False)
    return report_on_policies(subject, inquiry)


_GRANTED = Invariant(
    "granted", InvariantKind.NOT_GRANTED, ("s3:GetObject",), on=("arn:aws:s3:::payroll/*",)
)


_LISTED = "user"
"""The layer of which all is asked, with the lists: in the others they are the same."""


def families(count: int) -> None:
    """Print how long each question takes of each family in each layer."""
    print("| one of each | in | question | ms | ratio | answer |\n|---|---|---|---:|---:|---|")
    for name, family in LAYERED.items():
        statements = family.sizes(count)
        texts = tuple(map(_text, statements))
        floor, _ = measured(lambda texts=texts[:2]: tuple(map(_policies, texts)))  # type: ignore[misc]  # a default binds the loop's value
        for layer, of in LAYERS.items():
            whole, dropped, changed = map(of, statements)
            asked = {f"dropped, {what}": ask for what, ask in _asked(whole, dropped).items()}
            enforced = of([*statements[0], ENFORCING])
            asked |= _verdicts(whole)
            asked |= {f"enforced, {what}": ask for what, ask in _verdicts(enforced).items()}
            if layer == _LISTED:
                asked |= {f"changed, {what}": ask for what, ask in _asked(whole, changed).items()}
                asked["prove"] = partial(_report, whole, *QuestionGroup)
                asked["enforced, prove"] = partial(_report, enforced, *QuestionGroup)
            for question, ask in asked.items():
                took, found = measured(ask)
                times = f"{took:.0f} | {took / floor:.1f}"
                print(f"| {name} | {layer} | {question} | {times} | {_said(found)} |", flush=True)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=1_000)
    parser.add_argument("--families", action="store_true", help="the harder families")
    options = parser.parse_args()
    count = options.statements
    if options.families:
        families(count)
        return 0
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
