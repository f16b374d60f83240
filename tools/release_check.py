"""Check what is about to be published.

    python tools/release_check.py TAG DIST

The tag is `v` and the version, the wheel and the sdist are there and have that version, the change
log has an entry with a date, and `urls.toml` is filled in.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def faults(root: Path, tag: str, dist: Path) -> Iterator[str]:
    """Yield what is wrong, a sentence each."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    if tag != f"v{version}":
        yield f"the tag is {tag}, the version {version}: the tag must be v{version}"
    expected = {f"sekisho-{version}-py3-none-any.whl", f"sekisho-{version}.tar.gz"}
    there = {path.name for path in dist.glob("*")}
    if there != expected:
        yield f"{dist} has {sorted(there)}, and must have {sorted(expected)}"
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"(?m)^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changes):
        yield f"CHANGELOG.md has no entry `## {version} (YEAR-MONTH-DAY)`"
    urls = tomllib.loads((root / "urls.toml").read_text(encoding="utf-8"))
    missing = {"Homepage", "Source", "Issues"} - urls.keys()
    if missing:
        yield f"urls.toml lacks {sorted(missing)}"
    wrong = [url for url in urls.values() if not re.fullmatch(r"https://\S+\.\S+", url)]
    if wrong:
        yield f"urls.toml has what is no https:// address: {wrong}"


def main() -> int:
    """Print what is wrong; the exit code says whether anything is."""
    found = list(faults(ROOT, sys.argv[1], Path(sys.argv[2])))
    for each in found:
        print(each, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
