"""`python -m bench.replay.cached`: a new policy over groups that are in the cache already.

The first reading of the logs makes the cache, and is not measured. Then, as often as is asked: the
groups are loaded, judged under Force_MFA for every user, summed by outcome; the whole report is
made; and it is written as the text that `sekisho impact` prints. Each time a `Judge` of its own
decides. The first time also loads the catalogue and what else a fresh process lacks. The policy is
AWS's sample, or that of another preset: the recommended one names the caller's own user, so that
calls of IAM are apart by their resources.

The report is held against the one that is made of each group by itself.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import pyarrow as pa
from tests.replay.plainly import Counted, report_of

from bench.replay.events import write_logs
from sekisho.documents.report import TextLayout, report_text
from sekisho.engine import AttachedPolicy
from sekisho.messages import Language, verbatim
from sekisho.policy import Preset, choices_of, force_mfa
from sekisho.replay import (
    Binding,
    Column,
    Judge,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    binding_of_policies,
    columns_of,
)
from sekisho.replay.reading import GroupCache, LogFile, TrailGroups, local_logs
from sekisho.replay.report import (
    JudgedGroup,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    figures_of,
    replay_document,
    report_on,
)
from sekisho.replay.tables import outcomes_of

T = TypeVar("T")
_LAYOUT = TextLayout(verbose=False)
_QUESTION, _MADE = ReplayQuestion(("Force_MFA",), verbatim("Force_MFA")), MadeBy("bench", "bench")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A policy for every user."""

    binding: Binding
    columns: frozenset[Column]

    @classmethod
    def of(cls, preset: Preset) -> Self:
        policy = AttachedPolicy("Force_MFA", force_mfa(choices_of(preset)))
        every_user = PolicyAttachment(policy, Target(TargetKind.EVERY_USER))
        binding = binding_of_policies(PolicyChanges((every_user,)))
        return cls(binding, columns_of(binding))

    def judge(self) -> Judge:
        return Judge(self.binding, self.columns)


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.replay.cached", description=__doc__)
    parser.add_argument("--events", type=int, default=1_500_000)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="where the events are, or are written")
    parser.add_argument("--preset", type=Preset, choices=list(Preset), default=Preset.AWS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.folder or Path(spare) / "logs"
        if not any(folder.rglob("*.json.gz")):
            write_logs(folder, asked.events)
        files = local_logs([str(folder)]).files
        measured(files, Path(spare) / "cache", _Asked.of(asked.preset), asked.repetitions)
    return 0


def _text(report: ReplayReport) -> str:
    return report_text(replay_document(report), Language.EN, _LAYOUT)


def measured(files: Sequence[LogFile], cache: Path, asked: _Asked, repetitions: int) -> None:
    """Print what each step takes: of the first time, and the least and the median of all others."""
    GroupCache(cache).read(files, asked.columns)
    took: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repetitions + 1):
        groups = _timed(took, "load", lambda: GroupCache(cache).read(files, asked.columns))
        _timed(took, "judge, and sum by outcome", lambda groups=groups: _judged(groups, asked))
        report = _timed(
            took, "judge, and make the report", lambda groups=groups: _report(groups, asked)
        )
        _timed(took, "write the text", lambda report=report: _text(report))
    print("| step | first, ms | least, ms | median, ms (processor, wall) |\n|---|---:|---:|---:|")
    for step, times in took.items():
        first, *others = [tuple(1000 * each for each in pair) for pair in times]
        middle = [sorted(column)[len(column) // 2] for column in zip(*others, strict=True)]
        print(
            f"| {step} | {first[0]:.0f}, {first[1]:.0f} "
            f"| {min(each[0] for each in others):.0f}, {min(each[1] for each in others):.0f} "
            f"| {middle[0]:.0f}, {middle[1]:.0f} |"
        )
    print(f"\n{groups.groups.num_rows:,} groups; load {os.getloadavg()[0]:.1f}")
    if report != _plain(groups, asked, report):
        raise SystemExit("the report is not that of each group by itself")
    print(f"the report is that of each group by itself: {len(report.rows):,} rows")


def _timed(took: dict[str, list[tuple[float, float]]], step: str, work: Callable[[], T]) -> T:
    used, begin = time.process_time(), time.perf_counter()
    made = work()
    times = time.process_time() - used, time.perf_counter() - begin
    took.setdefault(step, []).append(times)
    return made


def _judged(groups: TrailGroups, asked: _Asked) -> dict[object, int]:
    outcomes = outcomes_of(groups, asked.judge())
    names = ["place", "events"]
    counted = pa.table([outcomes.places, groups.groups.column("events")], names=names)
    sums = counted.group_by("place").aggregate([("events", "sum")])
    found: Counter[object] = Counter()
    for place, events in zip(*(each.to_pylist() for each in sums.columns), strict=True):
        found[outcomes.judgements[place].outcome] += events
    return dict(found)


def _report(groups: TrailGroups, asked: _Asked) -> ReplayReport:
    figures = figures_of(groups.reading, {})
    return report_on(groups, asked.judge(), figures, _QUESTION, _MADE)


def _plain(groups: TrailGroups, asked: _Asked, report: ReplayReport) -> ReplayReport:
    judge = asked.judge()
    judged = [JudgedGroup(each, judge.judge(each.event)) for each in groups.call_groups()]
    counted = Counted(report.days, groups.caller_details())
    return report_of(_QUESTION, report.log, judged, counted, _MADE)


if __name__ == "__main__":
    sys.exit(main())
