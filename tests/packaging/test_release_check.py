"""What is asked before a release: each fault is found, and what is right passes."""

from pathlib import Path

import pytest
from tools.release_check import faults

GOOD = {
    "pyproject.toml": '[project]\nversion = "1.2.3"\n',
    "CHANGELOG.md": "# Changelog\n\n## 1.2.3 (2027-01-31)\n\nMore.\n",
    "urls.toml": "".join(
        f'{name} = "https://example.org/{name}"\n' for name in ("Homepage", "Source", "Issues")
    ),
    "dist/sekisho-1.2.3-py3-none-any.whl": "",
    "dist/sekisho-1.2.3.tar.gz": "",
}


def _found(folder: Path, tag: str = "v1.2.3", **changed: str) -> list[str]:
    for name, text in {**GOOD, **changed}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(faults(folder, tag, folder / "dist"))


def test_what_is_right_passes(tmp_path: Path) -> None:
    assert _found(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("CHANGELOG.md", "## 1.2.3 (not yet released)\n", "CHANGELOG.md has no entry"),
        ("urls.toml", "", "urls.toml lacks"),
        ("urls.toml", GOOD["urls.toml"] + 'Funding = ""\n', "no https:// address"),
        ("dist/sekisho-1.2.2.tar.gz", "", "must have"),
    ],
)
def test_what_is_wrong_is_named(name: str, text: str, said: str, tmp_path: Path) -> None:
    (found,) = _found(tmp_path, **{name: text})
    assert said in found


def test_the_tag_is_the_version(tmp_path: Path) -> None:
    (found,) = _found(tmp_path, tag="v1.2.4")
    assert "must be v1.2.3" in found
