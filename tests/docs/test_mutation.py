"""The list of what is mutated names packages, modules and tests that exist."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = tomllib.loads((ROOT / "bench" / "mutation.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_pattern_finds_something(package: str) -> None:
    wanted = PACKAGES[package]
    source = ROOT / "src" / "sekisho"
    missing = [each for each in wanted["modules"] if not [*(source / package).glob(f"{each}.py")]]
    missing += [each for each in wanted["tests"] if not [*(ROOT / "tests").glob(each)]]
    for name in wanted["below"]:
        parts = name.split(".")[1:]
        missing += [] if (source.joinpath(*parts) / "__init__.py").exists() else [name]
    assert not missing
