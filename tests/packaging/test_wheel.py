"""What is built: everything that runs is in the wheel, and the sdist builds the same."""

import tarfile
import tomllib
from email.message import Message as Headers
from email.parser import Parser
from pathlib import Path

import pytest
from trove_classifiers import classifiers

import sekisho

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sekisho"
EDITED = (".po",)
"""What people edit and nobody reads at run time."""


@pytest.fixture(scope="module")
def members(built) -> dict[str, bytes]:
    return built.members()


@pytest.fixture(scope="module")
def metadata(members: dict[str, bytes]) -> Headers:
    (text,) = (content for name, content in members.items() if name.endswith("/METADATA"))
    return Parser().parsestr(text.decode())


def test_the_wheel_has_the_whole_package_and_nothing_else(members: dict[str, bytes]) -> None:
    there = {
        path.relative_to(SOURCE.parent).as_posix(): path.read_bytes()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in EDITED
    }
    assert {name: members[name] for name in members if name.startswith("sekisho/")} == there
    others = {name.partition("/")[2] for name in members if not name.startswith("sekisho/")}
    assert others == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "data/share/man/man1/sekisho.1",
    }
    for name in ("py.typed", "messages/ja/LC_MESSAGES/sekisho.mo", "cli/completion.json"):
        assert f"sekisho/{name}" in members


def test_the_sdist_has_what_builds_and_tests_and_nothing_else(built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in (
        "hatch_build.py",
        "urls.toml",
        "start.py",
        "tools/manual.py",
        "requirements/run.lock",
    ):
        assert name in names
    assert "tests/packaging/test_wheel.py" in names
    assert not {name for name in names if name.startswith((".venv", "build/", "dist/"))}
    assert not {name for name in names if "__pycache__" in name}


def test_the_sdist_builds_the_same_wheel(built) -> None:
    assert built.wheel.name == built.wheel_of_sdist.name
    assert built.wheel.read_bytes() == built.wheel_of_sdist.read_bytes()


def test_the_metadata_are_complete(metadata: Headers) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata["Name"] == "sekisho"
    assert metadata["Version"] == project["version"] == sekisho.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    extras = {"all", "local", "login", "replay", "session", "spark"}
    assert set(metadata.get_all("Provides-Extra")) == extras
    found = metadata.get_all("Classifier")
    assert set(found) <= classifiers
    assert len(set(found)) == len(found)
    for kind in (
        "Development Status",
        "Environment",
        "Intended Audience",
        "Natural Language",
        "Operating System",
        "Programming Language",
        "Topic",
        "Typing",
    ):
        assert any(each.startswith(f"{kind} ::") for each in found), kind
    assert "mfa" in metadata["Keywords"].split(",")


def test_the_urls_are_those_of_one_file(metadata: Headers) -> None:
    urls = tomllib.loads((ROOT / "urls.toml").read_text(encoding="utf-8"))
    given = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL") or ())
    assert given == urls
    assert "urls" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
