"""Run tests with the lowest versions that pyproject.toml allows.

    python tools/lowest.py                  the tests of what uses other packages: half an hour
    python tools/lowest.py tests/account    these; any arguments of pytest

Into a new environment go the packages of requirements/lowest.lock, and beside them, from dev.lock,
what tests need: both are pinned by hash. It needs the index that pip is set up with, and leaves
nothing behind. To be run after a floor or the lock has changed, and before a release.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "requirements"
TESTS = (
    "account", "answer", "api", "audit", "campaign", "cli", "documents", "localaws", "messages",
    "notices", "policy", "replay", "rollout", "session", "tour", "web",
)  # fmt: skip
"""The folders of tests of what uses other packages; the rest is Python's own, or documents."""


def entries(lock: str) -> Iterator[tuple[str, str]]:
    """Yield the packages of a lock, each with its lines."""
    text = (LOCKS / lock).read_text(encoding="utf-8")
    for entry in re.split(r"(?m)^(?=[a-z0-9])", text):
        if name := re.match(r"[a-z0-9.-]+(?===)", entry):
            yield name[0], entry


def main(arguments: list[str]) -> int:
    """Install, and return the exit code of pytest."""
    lowest = dict(entries("lowest.lock"))
    beside = [entry for name, entry in entries("dev.lock") if name not in lowest]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "lock.txt").write_text("".join([*lowest.values(), *beside]), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*install, "--require-hashes", "-r", folder / "lock.txt"], check=True)
        subprocess.run([*install, "--no-build-isolation", "--editable", ROOT], check=True)
        given = arguments or [f"tests/{each}" for each in TESTS]
        return subprocess.call([python, "-m", "pytest", *given], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
