"""Goes on after what passes by itself: throttling, a lost answer, a thing AWS has yet to know.

Each try looks at the account anew and does only what is not done, so that none of them does
anything twice.
"""

from collections.abc import Callable
from typing import TypeVar

from sekisho.errors import Code, PlanRefused
from sekisho.rollout.applying.execute import ApplyReport
from sekisho.rollout.applying.rollback import IN_DOUBT, IRREVERSIBLE, NOT_OURS, RollbackReport
from sekisho.rollout.applying.stop import Stop

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between the tries, until something more is done; IAM is consistent within these."""

Report = TypeVar("Report", ApplyReport, RollbackReport)


def retried(
    run: Callable[[], Report], sleep: Callable[[float], None], report_stop: Callable[[Stop], None]
) -> Report:
    """Return the report of `run`, which is repeated after a wait while its stop may be temporary.

    Args:
        run: a run of `execute` or `roll_back`, always of the same plan and journal.
        sleep: waits so many seconds.
        report_stop: is told of each stop before a wait.

    Raises:
        PlanRefused: as `run` does; what looks like drift after a stop gets time to pass, too.
    """
    report = run()
    waits, fewest = list(WAITS), len(report.remaining)
    while (stop := report.stopped) is not None and stop.passes and waits:
        report_stop(stop)
        sleep(waits.pop(0))
        report = _again(run, sleep, waits)
        if len(report.remaining) < fewest:
            waits, fewest = list(WAITS), len(report.remaining)
    return report


def retried_until_visible(
    run: Callable[[], RollbackReport],
    sleep: Callable[[float], None],
    report_stop: Callable[[Stop], None],
) -> RollbackReport:
    """Return the report of a roll-back, once AWS shows the changes that were made before it.

    What the plan made and is not there may have been taken back by somebody else, or not be visible
    yet; what is in use may only seem to be. Both are looked at again after a wait, as long as that
    brings something up.

    Raises:
        PlanRefused: as `retried` does.
    """
    report = retried(run, sleep, report_stop)
    for seconds in WAITS[-3:]:
        doubtful = _doubtful(report)
        if not doubtful:
            break
        sleep(seconds)
        report = retried(run, sleep, report_stop)
        if _doubtful(report) == doubtful:
            break
    return report


def _doubtful(report: RollbackReport) -> tuple[str, ...]:
    """Return the addresses at which AWS may not show yet what was done there."""
    certain = (IN_DOUBT, IRREVERSIBLE, NOT_OURS)
    left = (each.address for each in report.left if each.reason not in certain)
    return (*report.gone, *left)


def _again(run: Callable[[], Report], sleep: Callable[[float], None], waits: list[float]) -> Report:
    """Run once more; what was just done may not be visible yet, and then looks like drift."""
    while True:
        try:
            return run()
        except PlanRefused as refused:
            if refused.code is not Code.PLAN_STALE or not waits:
                raise
            sleep(waits.pop(0))
