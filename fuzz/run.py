"""Coverage-guided fuzzing with atheris: `python fuzz/run.py TARGET FINDINGS [libFuzzer options]`.

atheris is no dependency of sekisho; install it into an environment of its own. An input that
breaks a promise, or takes longer than 50 ms and 2 µs per character of process time, is written to
the folder FINDINGS, one for each place in the code, and the run goes on. `python fuzz/run.py
--again TARGET FILE…` tries such inputs without instrumentation, `python fuzz/run.py --shapes`
measures lint on dense policies, `python fuzz/run.py --pairs COUNT [FIRST]` tries the difference of
pairs of policies, by number.
"""

import hashlib
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ALLOWED_SECONDS, SECONDS_A_CHARACTER = 0.050, 0.000_002
TRIES = 3
"""How often a slow input is tried again: the least time counts, since others use the machine."""


def _seconds(target: Callable[[bytes], None], data: bytes) -> float:
    start = time.process_time()
    target(data)
    return time.process_time() - start


def too_slow(target: Callable[[bytes], None], data: bytes) -> float:
    """Return by how many seconds `data` takes too long; 0 if it does not."""
    allowed = ALLOWED_SECONDS + SECONDS_A_CHARACTER * len(data)
    over = 0.0
    for _ in range(1 + TRIES):
        over = _seconds(target, data) - allowed
        if over <= 0:
            return 0.0
    return over


def _note(folder: Path, place: str, data: bytes, text: str) -> None:
    name = hashlib.sha256(place.encode()).hexdigest()[:12]
    if not (folder / f"{name}.input").exists():
        (folder / f"{name}.input").write_bytes(data)
        (folder / f"{name}.txt").write_text(f"{place}\n{text}", encoding="utf-8")


def fuzz(name: str, folder: Path, options: list[str]) -> None:
    """Fuzz one target until libFuzzer's options end it."""
    import atheris  # noqa: PLC0415 - only this way of running needs it

    with atheris.instrument_imports(include=["sekisho"]):
        from targets import TARGETS  # noqa: PLC0415 - instrumented when it is imported

    target = TARGETS[name]
    folder.mkdir(parents=True, exist_ok=True)

    def once(data: bytes) -> None:
        try:
            if over := too_slow(target, data):
                _note(folder, f"slow {name} {len(data).bit_length()}", data, f"{over:.3f} s over")
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} {last.filename}:{last.name}"
            _note(folder, place, data, traceback.format_exc())

    atheris.Setup([sys.argv[0], *options], once)
    atheris.Fuzz()


def again(name: str, files: list[str]) -> int:
    """Try inputs without instrumentation; return how many still fail."""
    from targets import TARGETS  # noqa: PLC0415 - not instrumented here

    failed = 0
    for file in files:
        data = Path(file).read_bytes()
        try:
            over = too_slow(TARGETS[name], data)
            print(f"{file}: {f'{over:.3f} s over' if over else 'well'}")  # noqa: T201 - a script
            failed += bool(over)
        except Exception:
            traceback.print_exc()
            failed += 1
    return failed


def measured() -> int:
    """Print how long lint takes for dense policies; return how many take too long."""
    from shapes import SHAPES  # noqa: PLC0415 - only this way of running needs it
    from targets import TARGETS  # noqa: PLC0415 - not instrumented here

    slow = 0
    for name, text in SHAPES.items():
        data = text.encode()
        least = min(_seconds(TARGETS["lint"], data) for _ in range(1 + TRIES))
        over = least > ALLOWED_SECONDS + SECONDS_A_CHARACTER * len(data)
        slow += over
        print(f"{least * 1000:6.1f} ms{' TOO LONG' if over else ''}, {len(data):6} bytes: {name}")  # noqa: T201 - a script
    return slow


def paired(count: int, first: int = 0) -> int:
    """Try pairs of policies; print what breaks a promise, and return how many do."""
    from pairs import broken, pair  # noqa: PLC0415 - only this way of running needs it

    failed = 0
    for number in range(first, first + count):
        try:
            promise = broken(*pair(number), both_ways=number % _BOTH_WAYS == 0)
        except Exception:
            promise = traceback.format_exc()
        if promise:
            print(f"pair {number}: {promise}", flush=True)  # noqa: T201 - a script
            failed += 1
    print(f"{count} pairs from {first}: {failed} break a promise")  # noqa: T201 - a script
    return failed


_BOTH_WAYS = 10
"""Each so many-th pair is asked the other way round as well, which takes three times as long."""


if __name__ == "__main__":
    if sys.argv[1] == "--pairs":
        sys.exit(min(1, paired(*map(int, sys.argv[2:4]))))
    if sys.argv[1] == "--shapes":
        sys.exit(min(1, measured()))
    if sys.argv[1] == "--again":
        sys.exit(min(1, again(sys.argv[2], sys.argv[3:])))
    fuzz(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
