"""`python -m bench.engine`: decisions per second, ours and other evaluators', in the same run."""

import argparse
import gc
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.engine.peers import PEERS, PeerResult, install
from bench.engine.peers.timing import rates
from bench.engine.workload import Workload, distinct, questions, twelve
from sekisho.engine import DecisionEffect, Request, decide
from sekisho.engine.compiled import Compiler

_FEW = 300
"""How many requests those are asked that are too slow for many."""

Asked = list[tuple[int, Request]]


def main() -> int:
    """Run everything and print two tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.engine", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install the peers first")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--distinct", type=int, default=200_000, help="how many distinct requests")
    given = parser.parse_args()
    if given.install:
        install()
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    print(f"load {os.getloadavg()[0]:.1f} at the start\n")
    table("The twelve requests", twelve(), given.repetitions)
    table(f"{given.distinct:,} distinct requests", distinct(given.distinct), given.repetitions)
    return 0


def table(title: str, workload: Workload, repetitions: int) -> None:
    """Print the rates of one workload; slow subjects are asked a part of it."""
    sets, asked = questions(workload)
    compiler = Compiler()
    compiled = [compiler.compiled(one) for one in sets]
    gc.collect()
    gc.freeze()
    ours = _compiled_rates(compiled, asked, repetitions)
    few = asked[:_FEW]
    plain = rates(lambda one: decide(one[1], sets[one[0]]), few, repetitions)
    rows = [
        ("sekisho, compiled", len(asked), ours, ""),
        ("sekisho, the plain engine", len(few), plain, ""),
    ]
    sample = workload.sample(_FEW)
    truth = [_allowed(decide(one, sets[number]).effect) for number, one in asked[:_FEW]]
    for name, result in _peers(sample, repetitions):
        note = result.error or _agreement(result.allowed, truth)
        rows.append((name, len(sample.requests), result.rates, note))
    _print(title, rows)


def _compiled_rates(
    compiled: Sequence[Callable[[Request], object]], asked: Asked, repetitions: int
) -> list[float]:
    if len(compiled) == 1:
        return list(rates(compiled[0], [request for _, request in asked], repetitions))
    pairs = [(compiled[number], request) for number, request in asked]
    return list(rates(_all_of, [pairs], repetitions, each=len(pairs)))


def _all_of(pairs: Iterable[tuple[Callable[[Request], object], Request]]) -> None:
    for compiled, request in pairs:
        compiled(request)


def _peers(workload: Workload, repetitions: int) -> Iterable[tuple[str, PeerResult]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workload.json"
        workload.write(path)
        for peer in PEERS:
            yield peer.name, peer.ask(path, repetitions)


def _allowed(effect: DecisionEffect) -> bool:
    return effect is DecisionEffect.ALLOWED


def _agreement(allowed: Sequence[bool], truth: Sequence[bool]) -> str:
    same = sum(one == other for one, other in zip(allowed, truth, strict=True))
    return f"allows as we do in {same:,} of {len(truth):,}"


def _print(title: str, rows: Sequence[tuple[str, int, Sequence[float], str]]) -> None:
    print(
        f"## {title}\n\n| who | requests | decisions/s (median) | best | compiled is | plain is | |"
    )
    print("|---|---:|---:|---:|---:|---:|---|")
    compiled, plain = (statistics.median(found) for _, _, found, _ in rows[:2])
    for name, count, found, note in rows:
        if not found:
            print(f"| {name} | {count:,} | did not start | | | | {note} |")
            continue
        middle = statistics.median(found)
        ratios = f"{compiled / middle:,.1f}× | {plain / middle:,.2f}×"
        print(f"| {name} | {count:,} | {middle:,.0f} | {max(found):,.0f} | {ratios} | {note} |")
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
