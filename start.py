#!/usr/bin/env python3
"""Install sekisho into `.venv` beside this file, then run it or its tests.

    python3 start.py tour [OPTIONS]     any sekisho command: tour, guide, policy, decide, local
    python3 start.py test [OPTIONS]     every check that CI runs; options go to pytest
    python3 start.py docs [OPTIONS]     the documentation site, into build/site

Needs Python 3.11 or newer and nothing else: only the standard library is used here. Packages come
from the index that pip is set up with, pinned by hash in requirements/.
"""

import contextlib
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

if os.name == "nt":
    import msvcrt
else:
    import fcntl

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
LOCKS = {"run": HERE / "requirements" / "run.lock", "dev": HERE / "requirements" / "dev.lock"}
MESSAGES = tuple(HERE.glob("src/sekisho/messages/*/LC_MESSAGES/*.po"))
LOCK = HERE / ".start.lock"
LOOK_SECONDS = 0.2
"""How often it is looked whether another start.py has installed what it installs."""

BROWSERS = ("chromium", "google-chrome")
BROWSER_PACKAGES = ("chromium", "fonts-noto-cjk")
BROWSER_SECONDS = 60
"""How long their download may take; without them the tests in a browser are skipped."""

QUIET_APT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
CHECKS = (
    ("format", ("ruff", "format", "--check", "--quiet")),
    ("lint", ("ruff", "check", "--quiet")),
)
BESIDE = (("walls", ("lint-imports",)), ("types", ("mypy",)))
"""Checks that take a minute or two: the tests, which often wait for a program, do not wait."""


def say(text):
    """Print progress, on stderr."""
    print(f"start.py: {text}", file=sys.stderr, flush=True)


def run(*command, out=None):
    """Run a command here and return its exit code; `out`: where its output goes instead."""
    return subprocess.call([str(part) for part in command], cwd=HERE, stdout=out)


def hand_over(*command, env):
    """Run a command in the caller's own folder and return its exit code; it answers Ctrl-C."""
    with subprocess.Popen([str(part) for part in command], env=env) as process:
        while True:
            # the terminal sends it to both
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def quiet(*command):
    """Return whether a command succeeds, without showing what it says."""
    return (
        subprocess.call(
            [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        == 0
    )


def started(*command):
    """Start a command here, and return it; what it says is kept."""
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=HERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def has_locked(file):
    """Lock an open file for this process, as long as it lives, and return whether that worked."""
    try:
        if os.name == "nt":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


@contextlib.contextmanager
def alone():
    """Wait until no other start.py installs anything here, and let none do so meanwhile."""
    with contextlib.ExitStack() as undo:
        try:
            file = undo.enter_context(LOCK.open("ab"))
            if not has_locked(file):
                say("another start.py is installing here; waiting for it")
                while not has_locked(file):
                    time.sleep(LOOK_SECONDS)
        except OSError as error:
            # a file system without locks, or one to read only
            say(f"{LOCK.name}: {error.strerror}; it is not known whether another one installs")
        yield


def is_root_with_apt():
    """Tell whether Debian's packages may be installed here."""
    return bool(shutil.which("apt-get")) and hasattr(os, "geteuid") and os.geteuid() == 0


def install_browser():
    """Install Debian's Chromium, and a font for Japanese; where that fails, tests are skipped."""
    there = os.environ.get("SEKISHO_CHROMIUM") or any(map(shutil.which, BROWSERS))
    if there or not is_root_with_apt():
        return
    say("installing Debian's chromium and fonts-noto-cjk for the tests in a browser (once)")
    apt = ("apt-get", "-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10")
    packages = ("install", "-y", "--no-install-recommends", *BROWSER_PACKAGES)
    deadline = time.monotonic() + BROWSER_SECONDS
    # a download may be broken off at any time, an installation may not
    for step in (("update",), (*packages, "--download-only"), (*packages, "--no-download")):
        left = None if "--no-download" in step else max(1.0, deadline - time.monotonic())
        try:
            code = subprocess.call([*apt, *step], stdout=sys.stderr, env=QUIET_APT, timeout=left)
        except (OSError, subprocess.TimeoutExpired):
            code = 1
        if code != 0:
            say("that failed; the tests in a browser are skipped")
            return


def make_environment():
    """Create `.venv` if it is not whole, with Debian's python3-venv if that may be installed."""
    # without pip it is whole where pip has nevertheless installed something
    done = any(VENV.glob("sekisho-*.installed"))
    if PYTHON.exists() and (done or quiet(PYTHON, "-c", "import pip")):
        return
    say("creating .venv")
    try:
        if quiet(sys.executable, "-m", "venv", "--clear", VENV):
            return
        # Debian splits off the half of venv that brings pip
        if is_root_with_apt():
            say("this Python has no pip of its own; installing Debian's python3-venv")
            # stdout is the command's own: it may go into a file
            run("apt-get", "update", "-qq", out=sys.stderr)
            run("apt-get", "install", "-y", "-qq", "python3-venv", out=sys.stderr)
            if quiet(sys.executable, "-m", "venv", "--clear", VENV):
                return
        quiet(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV)
    except KeyboardInterrupt:
        # the next run takes what is there for whole
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def pip(*arguments):
    """Run pip for the environment, its own or the system's; exit with the cure if that fails."""
    if quiet(PYTHON, "-c", "import pip"):
        head = [PYTHON, "-m", "pip"]
    elif quiet(sys.executable, "-m", "pip", "--version"):
        head = [sys.executable, "-m", "pip", "--python", PYTHON]
    else:
        sys.exit(
            "start.py: this Python has no pip and can make no environment that has; install both "
            "(Debian, Ubuntu: apt-get install python3-venv), delete .venv, then run this again"
        )
    install = ("install", "--quiet", "--disable-pip-version-check", *arguments)
    code = run(*head, *install, out=sys.stderr)
    if code != 0:
        sys.exit(f"start.py: pip could not install what sekisho needs (exit {code}); see above")


def wanted(kind):
    """Return the digest of what says which packages are to be there."""
    # the messages are compiled when sekisho itself is installed
    parts = [LOCKS[kind], HERE / "pyproject.toml", HERE / "hatch_build.py", *sorted(MESSAGES)]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()


def is_installed(kind):
    """Tell whether the packages are there, as an earlier run has noted."""
    done = VENV / f"sekisho-{kind}.installed"
    return PYTHON.exists() and done.exists() and done.read_text(encoding="ascii") == wanted(kind)


def install(kind):
    """Install the locked packages and sekisho itself, unless that has been done already."""
    if is_installed(kind):
        return
    with alone():
        # another one may have done it meanwhile
        if is_installed(kind):
            return
        make_environment()
        say(f"installing the packages of requirements/{LOCKS[kind].name} (once)")
        pip("--require-hashes", "-r", LOCKS[kind])
        pip("--no-deps", "--no-build-isolation", "--editable", HERE)
        done = VENV / f"sekisho-{kind}.installed"
        done.write_text(wanted(kind), encoding="ascii")


def test(arguments):
    """Run every check; of those beside the tests only what fails is shown, and at the end."""
    with alone():
        install_browser()
    # many tests start a process, which would compile all of sekisho anew without its .pyc files
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = []
    for name, command in CHECKS:
        say(name)
        if run(SCRIPTS / command[0], *command[1:]) != 0:
            failed.append(name)
    say(", ".join(["tests", *(name for name, _ in BESIDE)]))
    beside = {name: started(SCRIPTS / program, *rest) for name, (program, *rest) in BESIDE}
    # each worker begins with a half in one piece, so that what a module shares is made once
    if run(SCRIPTS / "pytest", "-n", "2", "--dist", "worksteal", *arguments) != 0:
        failed.append("tests")
    for name, process in beside.items():
        said, _ = process.communicate()
        if process.returncode != 0:
            say(name)
            print(said, end="", flush=True)
            failed.append(name)
    if failed:
        say("failed: " + ", ".join(failed))
    return 1 if failed else 0


def main():
    """Install what the command needs, then run it."""
    if sys.version_info < (3, 11):
        sys.exit(f"start.py: sekisho needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    command, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if command == "test":
        install("dev")
        return test(arguments)
    if command == "docs":
        install("dev")
        return run(PYTHON, HERE / "tools" / "documentation.py", *arguments)
    install("run")
    # what sekisho names to type next is to be typed as this was
    program = shlex.join(["py" if os.name == "nt" else "python3", sys.argv[0]])
    env = {**os.environ, "SEKISHO_PROGRAM": program}
    return hand_over(PYTHON, "-m", "sekisho", command, *arguments, env=env)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("interrupted; run it again, and it goes on where it was")
        sys.exit(130)
