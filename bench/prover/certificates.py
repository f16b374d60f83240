"""`python -m bench.prover.certificates`: what a certificate costs beside the search's verdict.

Each policy that AWS manages, with Force_MFA and alone: the search for a request that passes (the
floor, in the same run), the search for a certificate, the check of it, and its size. `enforced` is
asked, whatever is attached later, and that nothing is allowed as the policies are.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from bench.prover.__main__ import MANAGED, NOW, USER, attached
from sekisho import check_proof
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Preset, choices_of, force_mfa
from sekisho.prover import enforcement_question, expected_exempt, prove_none
from sekisho.prover.certificates import Certificate, certify, claim_of

T = TypeVar("T")


def main() -> int:
    """Print the table."""
    enforcement = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
    print(
        "| claim | certified | search, ms | certificate, ms (of the search) | check, ms | bytes |\n"
        "|---|---|---:|---:|---:|---:|"
    )
    for title, later, more in (
        ("enforced, with Force_MFA", True, (enforcement,)),
        ("nothing allowed, with Force_MFA", False, (enforcement,)),
        ("nothing allowed, alone", False, ()),
    ):
        _row(
            title,
            [Policies(identity=(attached(*each), *more)) for each in MANAGED.items()],
            later=later,
        )
    return 0


def _row(title: str, sets: Sequence[Policies], *, later: bool) -> None:
    kind = check_proof.ENFORCED if later else check_proof.NOTHING_ALLOWED
    searched: list[float] = []
    found_in: list[float] = []
    checked: list[float] = []
    sizes: list[int] = []
    for policies in sets:
        question = enforcement_question(policies, USER, NOW, later=later)
        searched.append(_timed(lambda question=question: prove_none(question))[0])  # type: ignore[misc]  # a default binds the loop's value
        took, found = _timed(
            lambda policies=policies: certify(claim_of(policies, None, kind, expected_exempt()))  # type: ignore[misc]  # as above
        )
        found_in.append(took)
        if isinstance(found, Certificate):
            claim, document = found.claim, found.document
            checked.append(_timed(lambda: check_proof.check(claim, document))[0])  # noqa: B023 - called at once
            sizes.append(len(json.dumps(document)))
    ratio = sum(found_in) / sum(searched)
    print(
        f"| {title} | {len(sizes):,} of {len(sets):,} | {_spread(searched)} | "
        f"{_spread(found_in)} ({ratio:.2f}) | {_spread(checked)} | {max(sizes, default=0):,} |",
        flush=True,
    )


def _timed(ask: Callable[[], T]) -> tuple[float, T]:
    begin = time.thread_time()
    found = ask()
    return (time.thread_time() - begin) * 1_000, found


def _spread(times: Sequence[float]) -> str:
    """Return the median, the 95th percentile and the largest, in milliseconds."""
    ordered = sorted(times) or [0.0]
    high = ordered[int(len(ordered) * 0.95)]
    return f"{statistics.median(ordered):.1f}, {high:.1f}, {ordered[-1]:.1f}"


if __name__ == "__main__":
    sys.exit(main())
