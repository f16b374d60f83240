#!/usr/bin/env python3
"""Install sekisho into `.venv` beside this file, then run it or its tests.

    python3 start.py tour [OPTIONS]     any sekisho command: tour, guide, policy, decide, local
    python3 start.py test [OPTIONS]     every check that CI runs; options go to pytest

Needs Python 3.11 or newer and nothing else: only the standard library is used here. Packages come
from the index that pip is set up with, pinned by hash in requirements/.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCKS = {"run": HERE / "requirements" / "run.lock", "dev": HERE / "requirements" / "dev.lock"}
CHECKS = (
    ("format", ("ruff", "format", "--check", "--quiet")),
    ("lint", ("ruff", "check", "--quiet")),
    ("walls", ("lint-imports",)),
    ("types", ("mypy",)),
)


def say(text):
    """Print progress, on stderr."""
    print(f"start.py: {text}", file=sys.stderr, flush=True)


def run(*command):
    """Run a command here and return its exit code."""
    return subprocess.call([str(part) for part in command], cwd=HERE)


def ensure_pip():
    """Return whether the environment's Python has pip, after trying each way to give it one."""
    if run(PYTHON, "-c", "import pip") == 0:
        return True
    # Debian splits ensurepip off; a pip of the system can serve the environment all the same
    if run(sys.executable, "-m", "pip", "--version") == 0:
        return True
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say("this Python has no pip; installing Debian's python3-venv")
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "python3-venv")
        return run(sys.executable, "-m", "venv", "--clear", VENV) == 0
    return False


def make_environment():
    """Create `.venv` if it is not there; exit with the cure if it cannot be made."""
    if PYTHON.exists():
        return
    say("creating .venv")
    if run(sys.executable, "-m", "venv", VENV) != 0:
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
    if not ensure_pip():
        sys.exit(
            "start.py: this Python can make no environment with pip; install pip and venv first "
            "(Debian, Ubuntu: apt-get install python3-venv), then run this command again"
        )


def pip(*arguments):
    """Run pip for the environment, quietly; exit if it fails."""
    own = subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0
    head = [PYTHON, "-m", "pip"] if own else [sys.executable, "-m", "pip", "--python", PYTHON]
    code = run(*head, "install", "--quiet", "--disable-pip-version-check", *arguments)
    if code != 0:
        sys.exit(f"start.py: pip could not install what sekisho needs (exit {code}); see above")


def install(kind):
    """Install the locked packages and sekisho itself, unless that has been done already."""
    parts = [LOCKS[kind].read_bytes(), (HERE / "pyproject.toml").read_bytes()]
    wanted = hashlib.sha256(b"".join(parts)).hexdigest()
    done = VENV / f"sekisho-{kind}.installed"
    if done.exists() and done.read_text(encoding="ascii") == wanted:
        return
    say(f"installing the packages of requirements/{LOCKS[kind].name} (once)")
    pip("--require-hashes", "-r", LOCKS[kind])
    pip("--no-deps", "--no-build-isolation", "--editable", HERE)
    done.write_text(wanted, encoding="ascii")


def test(arguments):
    """Run every check; pytest last, so that its summary closes the output."""
    failed = []
    for name, command in CHECKS:
        say(name)
        if run(SCRIPTS / command[0], *command[1:]) != 0:
            failed.append(name)
    say("tests")
    if run(SCRIPTS / "pytest", "-n", "2", *arguments) != 0:
        failed.append("tests")
    if failed:
        say("failed: " + ", ".join(failed))
    return 1 if failed else 0


def main():
    """Install what the command needs, then run it."""
    if sys.version_info < (3, 11):
        sys.exit(f"start.py: sekisho needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    command, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    make_environment()
    if command == "test":
        install("dev")
        return test(arguments)
    install("run")
    # in the caller's own folder: file names on the command line are theirs
    return subprocess.call([str(PYTHON), "-m", "sekisho", command, *arguments])


if __name__ == "__main__":
    sys.exit(main())
