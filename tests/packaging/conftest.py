"""A wheel and an sdist, built once, and an environment in which only the core is installed.

No network is needed: the environment sees the packages of this one that the core requires, and no
other. `tools/installs.py` does the same from the index, on every Python.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

import pytest
from filelock import FileLock
from packaging.requirements import Requirement

from golden.harness import Runner, furnished, runner

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Built:
    """What was built, and of it once more what the sdist builds, a day and an hour later."""

    wheel: Path
    sdist: Path
    wheel_of_sdist: Path

    def members(self) -> dict[str, bytes]:
        """Return the files of the wheel."""
        with zipfile.ZipFile(self.wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


@dataclass(frozen=True)
class Core:
    """An environment with the core alone.

    Attributes:
        scripts: its folder of programs.
        packages: what is installed in it, by name, without sekisho.
    """

    scripts: Path
    packages: frozenset[str]

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.scripts / ("python.exe" if os.name == "nt" else "python"))

    def run(self, *arguments: str, program: str = "sekisho") -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, with nothing of this one."""
        hidden = ("PYTHONPATH", "VIRTUAL_ENV")
        return subprocess.run(  # noqa: S603 - a program that was just installed
            [str(self.scripts / program), *arguments],
            env={name: value for name, value in os.environ.items() if name not in hidden},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


LATER = str(25 * 3600)
"""Seconds: another minute, another hour and another day."""


def _hatchling(source: Path, target: Path, kind: str, clock: str = "0") -> Path:
    builder = [sys.executable, str(Path(__file__).with_name("other_clock.py")), clock, "hatchling"]
    subprocess.run(  # noqa: S603 - the builder of this environment
        [*builder, "build", "-t", kind, "-d", str(target)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers share: whoever comes first builds in it, the others wait."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "built"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session")
def built(once: Path) -> Built:
    """The wheel, the sdist, and the wheel that is built of the sdist."""
    folders = [once / name for name in ("wheel", "sdist", "again")]
    with FileLock(once / "lock"):
        if not folders[-1].exists():
            _hatchling(ROOT, folders[0], "wheel")
            sdist = _hatchling(ROOT, folders[1], "sdist")
            with tarfile.open(sdist) as archive:
                archive.extractall(once / "source", filter="data")
            (source,) = (once / "source").iterdir()
            _hatchling(source, folders[2], "wheel", clock=LATER)
    return Built(*(next(folder.iterdir()) for folder in folders))


def _required(names: Iterator[Requirement] | list[Requirement]) -> Iterator[str]:
    """Yield the packages that are needed here, and what they need."""
    for each in names:
        if each.marker is not None and not each.marker.evaluate({"extra": ""}):
            continue
        yield each.name.lower()
        inner = [Requirement(text) for text in distribution(each.name).requires or ()]
        yield from _required(inner)


@pytest.fixture(scope="session")
def core(built: Built, once: Path) -> Core:
    """The wheel installed without its extras."""
    metadata = next(
        content.decode() for name, content in built.members().items() if name.endswith("/METADATA")
    )
    needed = [
        Requirement(line.partition(": ")[2])
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist: ")
    ]
    packages = frozenset(_required(needed))
    if shutil.which("pip", path=sysconfig.get_path("scripts")) is None:
        pytest.skip("this environment has no pip of its own")
    place = once / "core"
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    with FileLock(once / "lock"):
        if not place.exists():
            seen = once / "seen"
            seen.mkdir()
            for name in packages:
                _show(name, seen)
            _install(place, built.wheel, seen)
    return Core(scripts, packages)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the inputs of the golden tests, for who writes nothing into it."""
    return furnished(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="session")
def commands(core: Core, inputs: Path) -> Iterator[Runner]:
    """A process of the core alone that runs one command after the other."""
    with runner(inputs, source=None, python=core.python) as started:
        yield started


def _show(name: str, seen: Path) -> None:
    """Let a package of this environment be found in `seen`."""
    for file in distribution(name).files or ():
        top = file.parts[0]
        if top not in ("..", "__pycache__") and not (seen / top).exists():
            (seen / top).symlink_to(distribution(name).locate_file(top))


def _install(place: Path, wheel: Path, seen: Path) -> None:
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    commands = (
        [sys.executable, "-m", "venv", "--without-pip", str(place)],
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-compile",
            "--disable-pip-version-check",
            str(wheel),
        ],
    )
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run(  # noqa: S603 - as above
        [str(python), "-c", asked], check=True, capture_output=True, text=True
    )
    pth = Path(found.stdout.strip()) / "seen.pth"
    pth.write_text(f"{seen}\n", encoding="utf-8")
